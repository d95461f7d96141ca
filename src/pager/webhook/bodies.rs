//! The bodies of webhooks, each in the shape that its receiver documents.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::At;
use crate::oncall::{Case, PageKind};
use crate::pager::{Page, Urgency, rfc3339};
use crate::triage::Tier;

/// How long a case stays open at an Alertmanager that we do not write to again. A case that is closed
/// is taken back at once; this is for one that is never.
const OPEN_FOR: Duration = Duration::from_hours(24);
/// The time that Alertmanager writes for "not over".
const NOT_OVER: &str = "0001-01-01T00:00:00Z";

/// Our own: `type`, `timestamp` and `data`, as Standard Webhooks recommends.
#[derive(Serialize)]
pub(super) struct Json<'a> {
    r#type: &'static str,
    timestamp: String,
    data: JsonData<'a>,
}

#[derive(Serialize)]
struct JsonData<'a> {
    line: &'a str,
    text: &'a str,
    url: &'a str,
    case: Option<JsonCase<'a>>,
}

#[derive(Serialize)]
struct JsonCase<'a> {
    id: String,
    code: &'a str,
    tier: Tier,
    opened_at: String,
}

impl<'a> From<&'a Case> for JsonCase<'a> {
    fn from(case: &'a Case) -> Self {
        Self {
            id: case.alert.to_string(),
            code: &case.code,
            tier: case.tier,
            opened_at: rfc3339(case.opened_at),
        }
    }
}

pub(super) fn json<'a>(page: &Page<'a>) -> Json<'a> {
    Json {
        r#type: page.kind.word(),
        timestamp: rfc3339(page.at),
        data: JsonData {
            line: page.line,
            text: page.headline(),
            url: page.url(),
            case: page.case.map(JsonCase::from),
        },
    }
}

#[derive(Serialize)]
pub(super) struct Ntfy<'a> {
    topic: String,
    title: &'a str,
    message: &'a str,
    /// From 1 to 5: 5 rings through, 3 is the usual.
    priority: u8,
    tags: [&'static str; 1],
    click: &'a str,
}

pub(super) fn ntfy<'a>(page: &Page<'a>, topic: String) -> Ntfy<'a> {
    let (priority, tag) = match page.urgency() {
        Urgency::Now => (5, "rotating_light"),
        Urgency::Soon => (4, "bell"),
        Urgency::News => (3, "information_source"),
    };
    Ntfy {
        topic,
        title: page.line,
        message: page.headline(),
        priority,
        tags: [tag],
        click: page.url(),
    }
}

#[derive(Serialize)]
pub(super) struct Slack {
    text: String,
    unfurl_links: bool,
}

pub(super) fn slack(page: &Page<'_>) -> Slack {
    let said = format!("{}: {}", page.line, page.headline());
    let said = escape_slack(&said);
    let said = match page.urgency() {
        // Whoever follows the channel is called by it.
        Urgency::Now => format!("<!channel> *{said}*"),
        Urgency::Soon | Urgency::News => said,
    };
    Slack {
        text: format!("{said}\n<{}|{}>", page.url(), page.invitation()),
        unfurl_links: false,
    }
}

/// The three characters that Slack reads as control (docs.slack.dev, "Formatting message text").
fn escape_slack(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An Adaptive Card in the envelope of a workflow.
pub(super) fn teams(page: &Page<'_>) -> Value {
    let color = match page.urgency() {
        Urgency::Now => "Attention",
        Urgency::Soon => "Warning",
        Urgency::News => "Default",
    };
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
                    {"type": "TextBlock", "text": page.line, "isSubtle": true, "wrap": true},
                    {
                        "type": "TextBlock", "text": page.headline(), "size": "Large",
                        "weight": "Bolder", "color": color, "wrap": true,
                    },
                ],
                "actions": [
                    {"type": "Action.OpenUrl", "title": page.invitation(), "url": page.url()},
                ],
            },
        }],
    })
}

#[derive(Serialize)]
pub(super) struct PagerDuty<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<PagerDutyPayload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<PagerDutyLink<'a>>,
}

#[derive(Serialize)]
struct PagerDutyPayload<'a> {
    summary: &'a str,
    source: &'a str,
    severity: &'static str,
    timestamp: String,
}

#[derive(Serialize)]
struct PagerDutyLink<'a> {
    href: &'a str,
    text: &'static str,
}

pub(super) fn pagerduty<'a>(page: &Page<'a>, routing_key: &'a str) -> PagerDuty<'a> {
    let (event_action, triggers) = match page.kind {
        PageKind::Taken => ("acknowledge", false),
        PageKind::Over => ("resolve", false),
        PageKind::Page | PageKind::Notice | PageKind::Code | PageKind::Test => ("trigger", true),
    };
    PagerDuty {
        routing_key,
        event_action,
        dedup_key: page.incident(),
        payload: triggers.then(|| PagerDutyPayload {
            summary: page.headline(),
            source: page.line,
            severity: severity(page),
            timestamp: rfc3339(page.at),
        }),
        client: triggers.then_some("Harborline"),
        client_url: triggers.then_some(page.url()),
        links: if triggers {
            vec![PagerDutyLink {
                href: page.url(),
                text: page.invitation(),
            }]
        } else {
            Vec::new()
        },
    }
}

/// The words that `PagerDuty` and Alertmanager share.
fn severity(page: &Page<'_>) -> &'static str {
    match page.urgency() {
        Urgency::Now => "critical",
        Urgency::Soon => "warning",
        Urgency::News => "info",
    }
}

/// What Alertmanager knows an alert by: the same from the first page of a call to its end, so no tier.
fn labels(page: &Page<'_>) -> Value {
    let name = match page.kind {
        PageKind::Test => "HarborlineTest",
        PageKind::Code => "HarborlineCode",
        _ if page.case.is_some() => "HarborlineCase",
        _ => "HarborlineNotice",
    };
    let mut labels = json!({
        "alertname": name,
        "line": page.line,
        "id": page.incident(),
        "severity": if page.case.is_some() { "critical" } else { severity(page) },
    });
    if let Some(case) = page.case {
        labels["case"] = case.code.as_str().into();
    }
    labels
}

fn starts_at(page: &Page<'_>) -> At {
    page.case.map_or(page.at, |case| case.opened_at)
}

/// What an Alertmanager is sent (`POST /api/v2/alerts`).
pub(super) fn alerts(page: &Page<'_>) -> Value {
    let ends_at = match page.kind {
        PageKind::Over => page.at,
        _ => page.at.plus(OPEN_FOR),
    };
    json!([{
        "labels": labels(page),
        "annotations": {"summary": page.headline()},
        "startsAt": rfc3339(starts_at(page)),
        "endsAt": rfc3339(ends_at),
        "generatorURL": page.url(),
    }])
}

/// What an Alertmanager sends to its receivers (version 4).
pub(super) fn alertmanager(page: &Page<'_>) -> Value {
    let (status, ends_at) = match page.kind {
        PageKind::Over => ("resolved", rfc3339(page.at)),
        _ => ("firing", NOT_OVER.to_owned()),
    };
    let (labels, annotations) = (labels(page), json!({"summary": page.headline()}));
    json!({
        "version": "4",
        "groupKey": page.incident(),
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "harborline",
        "groupLabels": {"id": labels["id"]},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": page.url(),
        "alerts": [{
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": rfc3339(starts_at(page)),
            "endsAt": ends_at,
            "generatorURL": page.url(),
            "fingerprint": page.incident().replace('-', ""),
        }],
    })
}
