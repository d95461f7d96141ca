//! What each receiver is sent, word for word, and what its answer means.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::id::SeededIds;
use crate::oncall::{Case, Channel, Destination, PageKind};
use crate::pager::tests::{NOW, case, page, to};

fn at(preset: Preset, url: &str, secret: Option<&str>) -> Destination {
    Destination {
        preset: Some(preset.word().to_owned()),
        secret: secret.map(Secret::new),
        ..to(Channel::Webhook, url)
    }
}

/// The request that carries a page, and its body.
fn sent(page: &Page<'_>) -> (ApiRequest, Value) {
    let request = build(page, NOW).unwrap();
    let body = serde_json::from_slice(&request.body).unwrap();
    (request, body)
}

fn header<'a>(request: &'a ApiRequest, name: &str) -> Option<&'a str> {
    request
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}

const ALERT: &str = "00000000-0000-0000-0000-000000000007";
const METHOD: &str = "00000000-0000-0000-0000-000000000005";

#[test]
fn our_own_json_is_signed_and_says_nothing_of_the_texter() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let (to, case) = (
        at(
            Preset::Json,
            "https://pages.example.org/in?x=1",
            Some(secret),
        ),
        case(),
    );
    let (request, body) = sent(&page(&to, Some(&case)));
    assert_eq!(
        (request.method.as_str(), request.url.as_str()),
        ("POST", "https://pages.example.org/in?x=1")
    );
    assert_eq!(
        body,
        json!({
            "type": "page",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {
                "line": "Example Line",
                "text": "CRISIS: case K7, waiting 0:20.",
                "url": "https://line.example.org/",
                "case": {
                    "id": ALERT, "code": "K7", "tier": "high", "opened_at": "2025-12-31T23:59:40Z",
                },
            },
        })
    );
    let id = "msg_00000000000000000000000000000009";
    assert_eq!(header(&request, "webhook-id"), Some(id));
    assert_eq!(header(&request, "webhook-timestamp"), Some("1767225600"));
    let expected = signature(secret, id, "1767225600", &request.body);
    assert_eq!(
        header(&request, "webhook-signature"),
        Some(expected.as_str())
    );
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    let (request, body) = sent(&Page {
        kind: PageKind::Over,
        ..page(&to, None)
    });
    assert_eq!(
        (&body["type"], &body["data"]["case"]),
        (&json!("over"), &Value::Null)
    );
    assert!(header(&request, "authorization").is_none());
}

/// The example of the specification's libraries.
#[test]
fn the_signature_is_the_one_of_the_specification() {
    let signed = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        br#"{"test": 2432232314}"#,
    );
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_new_secret_is_long_and_differs() {
    let ids = SeededIds::new(1);
    let (first, second) = (new_secret(&ids), new_secret(&ids));
    assert_ne!(first, second);
    let key = first.reveal().strip_prefix("whsec_").unwrap().to_owned();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 32);
}

#[test]
fn ntfy_gets_its_topic_and_a_priority_that_rings() {
    let (to, case) = (
        at(
            Preset::Ntfy,
            "https://ntfy.example.org/base/my-topic",
            Some("tk_1"),
        ),
        case(),
    );
    let (request, body) = sent(&page(&to, Some(&case)));
    assert_eq!(request.url, "https://ntfy.example.org/base/");
    assert_eq!(header(&request, "authorization"), Some("Bearer tk_1"));
    assert_eq!(
        body,
        json!({
            "topic": "my-topic",
            "title": "Example Line",
            "message": "CRISIS: case K7, waiting 0:20.",
            "priority": 5,
            "tags": ["rotating_light"],
            "click": "https://line.example.org/",
        })
    );
    let (_, news) = sent(&Page {
        kind: PageKind::Taken,
        ..page(&to, Some(&case))
    });
    assert_eq!(news["priority"], 3);
    let bare = at(Preset::Ntfy, "https://ntfy.example.org/", None);
    assert!(build(&page(&bare, None), NOW).is_none(), "no topic");
}

#[test]
fn slack_gets_text_in_which_nothing_is_markup_but_ours() {
    let (to, case) = (
        at(
            Preset::Slack,
            "https://hooks.example.org/services/T/B/x",
            None,
        ),
        case(),
    );
    let (_, body) = sent(&page(&to, Some(&case)));
    assert_eq!(
        body,
        json!({
            "text": "<!channel> *Example Line: CRISIS: case K7, waiting 0:20.*\n<https://line.example.org/|Sign in to take it>",
            "unfurl_links": false,
        })
    );
    let odd = Page {
        line: "A & <B>",
        kind: PageKind::Notice,
        ..page(&to, Some(&case))
    };
    let (_, body) = sent(&odd);
    assert_eq!(
        body["text"],
        "A &amp; &lt;B&gt;: CRISIS: case K7, waiting 0:20.\n<https://line.example.org/|Sign in>"
    );
}

#[test]
fn teams_gets_an_adaptive_card() {
    let (to, case) = (
        at(Preset::Teams, "https://flow.example.org/x?sig=1", None),
        case(),
    );
    let (request, body) = sent(&page(&to, Some(&case)));
    assert_eq!(request.url, "https://flow.example.org/x?sig=1");
    assert_eq!(
        body,
        json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        {"type": "TextBlock", "text": "Example Line", "isSubtle": true, "wrap": true},
                        {
                            "type": "TextBlock", "text": "CRISIS: case K7, waiting 0:20.",
                            "size": "Large", "weight": "Bolder", "color": "Attention", "wrap": true,
                        },
                    ],
                    "actions": [{
                        "type": "Action.OpenUrl", "title": "Sign in to take it",
                        "url": "https://line.example.org/",
                    }],
                },
            }],
        })
    );
}

#[test]
fn pagerduty_is_told_when_a_case_is_taken_and_when_it_is_over() {
    let (to, case) = (
        at(Preset::Pagerduty, PAGERDUTY_URL, Some("R0UTINGKEY")),
        case(),
    );
    let (request, body) = sent(&page(&to, Some(&case)));
    assert_eq!(request.url, "https://events.pagerduty.com/v2/enqueue");
    assert_eq!(
        body,
        json!({
            "routing_key": "R0UTINGKEY",
            "event_action": "trigger",
            "dedup_key": ALERT,
            "payload": {
                "summary": "CRISIS: case K7, waiting 0:20.",
                "source": "Example Line",
                "severity": "critical",
                "timestamp": "2026-01-01T00:00:00Z",
            },
            "client": "Harborline",
            "client_url": "https://line.example.org/",
            "links": [{"href": "https://line.example.org/", "text": "Sign in to take it"}],
        })
    );
    for (kind, action) in [
        (PageKind::Taken, "acknowledge"),
        (PageKind::Over, "resolve"),
    ] {
        let (_, body) = sent(&Page {
            kind,
            ..page(&to, Some(&case))
        });
        assert_eq!(
            body,
            json!({"routing_key": "R0UTINGKEY", "event_action": action, "dedup_key": ALERT})
        );
    }
    let (_, test) = sent(&Page {
        kind: PageKind::Test,
        ..page(&to, None)
    });
    assert_eq!(
        (&test["dedup_key"], &test["payload"]["severity"]),
        (&json!(METHOD), &json!("warning"))
    );
    let anew = Case {
        again: 2,
        ..case.clone()
    };
    for kind in [PageKind::Page, PageKind::Taken, PageKind::Over] {
        let (_, body) = sent(&Page {
            kind,
            ..page(&to, Some(&anew))
        });
        let key = format!("{ALERT}-2");
        assert_eq!(
            body["dedup_key"], key,
            "an incident of its own, which rings"
        );
    }
    let without = at(Preset::Pagerduty, PAGERDUTY_URL, None);
    assert!(
        build(&page(&without, None), NOW).is_none(),
        "no routing key"
    );
}

fn labels() -> Value {
    json!({
        "alertname": "HarborlineCase", "line": "Example Line", "id": ALERT, "severity": "critical", "case": "K7",
    })
}

#[test]
fn an_alertmanager_is_sent_an_alert_that_ends_with_the_case() {
    let (to, mut case) = (
        at(
            Preset::Alertmanager,
            "https://am.example.org/api/v2/alerts",
            None,
        ),
        case(),
    );
    let (request, body) = sent(&page(&to, Some(&case)));
    assert_eq!(request.url, "https://am.example.org/api/v2/alerts");
    assert_eq!(
        body,
        json!([{
            "labels": labels(),
            "annotations": {"summary": "CRISIS: case K7, waiting 0:20."},
            "startsAt": "2025-12-31T23:59:40Z",
            "endsAt": "2026-01-02T00:00:00Z",
            "generatorURL": "https://line.example.org/",
        }])
    );
    case.tier = crate::triage::Tier::Imminent;
    let (_, over) = sent(&Page {
        kind: PageKind::Over,
        ..page(&to, Some(&case))
    });
    assert_eq!(
        over[0]["labels"],
        labels(),
        "the same alert, whatever its tier has become"
    );
    assert_eq!(over[0]["endsAt"], "2026-01-01T00:00:00Z");
}

#[test]
fn a_receiver_of_alertmanagers_webhooks_is_sent_what_one_would_send() {
    let (to, case) = (
        at(
            Preset::Alertmanager,
            "https://oncall.example.org/integrations/x/",
            Some("token"),
        ),
        case(),
    );
    let (request, body) = sent(&page(&to, Some(&case)));
    assert_eq!(header(&request, "authorization"), Some("Bearer token"));
    let expected = |status: &str, ends_at: &str| {
        let annotations = json!({"summary": "CRISIS: case K7, waiting 0:20."});
        json!({
            "version": "4",
            "groupKey": ALERT,
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "harborline",
            "groupLabels": {"id": ALERT},
            "commonLabels": labels(),
            "commonAnnotations": annotations,
            "externalURL": "https://line.example.org/",
            "alerts": [{
                "status": status,
                "labels": labels(),
                "annotations": annotations,
                "startsAt": "2025-12-31T23:59:40Z",
                "endsAt": ends_at,
                "generatorURL": "https://line.example.org/",
                "fingerprint": "00000000000000000000000000000007",
            }],
        })
    };
    assert_eq!(body, expected("firing", "0001-01-01T00:00:00Z"));
    let (_, over) = sent(&Page {
        kind: PageKind::Over,
        ..page(&to, Some(&case))
    });
    assert_eq!(over, expected("resolved", "2026-01-01T00:00:00Z"));
}

#[test]
fn every_preset_makes_one_request_for_every_kind_and_never_asks_for_a_reply() {
    let case: Case = case();
    for preset in Preset::ALL {
        let to = at(preset, "https://x.example.org/topic", Some("secret"));
        for kind in [
            PageKind::Page,
            PageKind::Notice,
            PageKind::Taken,
            PageKind::Over,
            PageKind::Code,
            PageKind::Test,
        ] {
            for case in [None, Some(&case)] {
                let (_, body) = sent(&Page {
                    kind,
                    ..page(&to, case)
                });
                assert!(!body.to_string().contains("Reply"), "{preset:?} {kind:?}");
            }
        }
    }
    let odd = Destination {
        preset: Some("discord".to_owned()),
        ..to(Channel::Webhook, "https://x.example.org/")
    };
    assert!(build(&page(&odd, None), NOW).is_none());
}

#[test]
fn the_log_keeps_the_host_and_no_secret() {
    let (to, case) = (
        at(
            Preset::Pagerduty,
            "https://hooks.example.org/services/TCANARY/BCANARY?sig=canary",
            Some("canarykey"),
        ),
        case(),
    );
    let kept = redacted(&sent(&page(&to, Some(&case))).0);
    assert!(kept.contains("https://hooks.example.org/"), "{kept}");
    assert!(!kept.to_lowercase().contains("canary"), "{kept}");
    let token = at(
        Preset::Ntfy,
        "https://ntfy.example.org/canary",
        Some("tk_canary"),
    );
    let kept = redacted(&sent(&page(&token, Some(&case))).0);
    assert!(!kept.contains("canary"), "{kept}");
}

#[test]
fn the_status_of_an_answer_says_what_to_do() {
    let (to, id) = (
        to(Channel::Webhook, "https://x.example.org/"),
        Uuid::from_u128(9).to_string(),
    );
    let of = |status| {
        let answered = ApiResult::Answered {
            status,
            retry_after_s: Some(7),
            body: b"ignored",
        };
        read(&page(&to, None), answered)
    };
    for status in [200, 201, 202, 204] {
        assert_eq!(
            of(status),
            SendOutcome::Accepted {
                gateway_ref: id.clone()
            }
        );
    }
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let code = format!("http-{status}");
        assert_eq!(
            of(status),
            SendOutcome::Retry {
                after_s: Some(7),
                code
            }
        );
    }
    for status in [400, 404, 410, 413, 422] {
        assert_eq!(
            of(status),
            SendOutcome::Permanent {
                code: format!("http-{status}")
            }
        );
    }
    for status in [301, 302, 307, 401, 403, 405] {
        assert_eq!(
            of(status),
            SendOutcome::Misconfigured {
                code: format!("http-{status}")
            }
        );
    }
    assert_eq!(
        read(&page(&to, None), ApiResult::Unanswered),
        SendOutcome::Ambiguous
    );
    let not = read(&page(&to, None), ApiResult::NotConnected);
    assert_eq!(
        not,
        SendOutcome::Retry {
            after_s: None,
            code: "not-connected".to_owned()
        }
    );
}
