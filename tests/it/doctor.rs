//! `harborline doctor` says what is wrong at home and at the provider, and what to do about it.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use harborline::clock::At;
use harborline::config;
use harborline::doctor::{examine, fails};
use harborline::gateway::check::{Finding, State};
use harborline::gateway::client::loopback_client;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::binary::{Serving, run};
use crate::support::world::seconds;

const OURS: &str = "https://line.example.org/hooks/main/inbound";
const SPARE: &str = "https://pages.example.net/main.xml";
const ACCOUNT: &str = "/2010-04-01/Accounts/AC1";

/// A provider that answers these paths with this JSON.
async fn provider(answers: &[(&str, u16, Value)]) -> MockServer {
    let server = MockServer::start().await;
    for (at, status, body) in answers {
        let answer = ResponseTemplate::new(*status).set_body_json(body);
        Mock::given(method("GET"))
            .and(path(*at))
            .respond_with(answer)
            .mount(&server)
            .await;
    }
    server
}

/// What the doctor finds with this gateway: state, finding and fix by id.
async fn findings(section: &str) -> BTreeMap<String, Finding> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("harborline.toml");
    let text = format!(
        r#"
        public_url = "https://line.example.org"
        [keys]
        file = "{folder}/master.key"
        [database]
        url = "sqlite://{folder}/harborline.db"
        [gateways.main]
        {section}
        [[oncall.fallback]]
        name = "Duty phone"
        number = "+15550199"
        [[oncall.fallback]]
        name = "Second phone"
        number = "+15550198"
        "#,
        folder = folder.path().display(),
    );
    std::fs::write(&file, text).unwrap();
    let config = config::load(Some(&file)).unwrap();
    let client = loopback_client(seconds(2)).unwrap();
    let found = examine(&config, &client, At(1_767_225_600_000)).await;
    for finding in &found {
        let said = format!("{}{}", finding.finding, finding.fix);
        assert!(!said.contains("secret-token"), "{finding:?}");
        assert!(
            matches!(finding.state, State::Ok | State::Skipped) || !finding.fix.is_empty(),
            "{finding:?}"
        );
    }
    assert!(
        std::fs::read_dir(folder.path()).unwrap().count() == 1,
        "nothing was made"
    );
    found
        .into_iter()
        .map(|finding| (finding.id.clone(), finding))
        .collect()
}

fn twilio(server: &MockServer, sender: &str) -> String {
    format!(
        "kind = \"twilio\"\naccount_sid = \"AC1\"\nauth_token = \"secret-token\"\nsender = \"{sender}\"\napi_url = \"{}\"",
        server.uri()
    )
}

fn number(url: &str, fallback: &str) -> Value {
    json!({"incoming_phone_numbers": [{
        "phone_number": "+15550100", "sms_url": url, "sms_method": "POST",
        "sms_fallback_url": fallback, "sms_fallback_method": "GET", "sms_application_sid": "", "capabilities": {"voice": true},
    }]})
}

fn states(found: &BTreeMap<String, Finding>) -> Vec<(&str, State)> {
    let of_gateway = |id: &str| id.strip_prefix("gateways.main.").is_some();
    let all = found.iter().filter(|(id, _)| of_gateway(id));
    all.map(|(id, finding)| (&id["gateways.main.".len()..], finding.state))
        .collect()
}

#[tokio::test]
async fn a_twilio_number_that_is_set_up_has_one_warning_opt_out_words() {
    let numbers = format!("{ACCOUNT}/IncomingPhoneNumbers.json");
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path(format!("{ACCOUNT}.json")))
        .and(header("authorization", "Basic QUMxOnNlY3JldC10b2tlbg=="))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"status": "active"})))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path(numbers))
        .and(query_param("PhoneNumber", "+15550100"))
        .respond_with(ResponseTemplate::new(200).set_body_json(number(OURS, SPARE)))
        .mount(&server)
        .await;
    let found = findings(&twilio(&server, "+15550100")).await;
    let expected = [
        ("calls", State::Ok),
        ("credentials", State::Ok),
        ("fallback", State::Ok),
        ("opt_out", State::Warn),
        ("signature", State::Ok),
        ("webhook", State::Ok),
    ];
    assert_eq!(states(&found), expected, "{found:#?}");
    assert_eq!(found["calls"].state, State::Ok);
    assert_eq!(found["smtp"].state, State::Skipped);
    assert!(found.len() >= 30, "{} checks", found.len());
    assert!(found["gateways.main.opt_out"].fix.contains("988"));
    for (id, state) in [
        ("public_url", State::Ok),
        ("roster", State::Ok),
        ("content", State::Ok),
        ("triage", State::Ok),
    ] {
        assert_eq!(found[id].state, state, "{id}");
    }
    assert!(!fails(&found.into_values().collect::<Vec<_>>()));
}

#[tokio::test]
async fn what_is_wrong_at_twilio_is_named_with_its_fix() {
    let numbers = format!("{ACCOUNT}/IncomingPhoneNumbers.json");
    let account = format!("{ACCOUNT}.json");
    for (status, body, id, part) in [
        (
            200,
            number("https://demo.twilio.example.net/welcome", SPARE),
            "webhook",
            "not us",
        ),
        (200, number("", SPARE), "webhook", "no webhook"),
        (200, number(OURS, ""), "fallback", "fallback export"),
        (
            200,
            number(OURS, "https://line.example.org/static.xml"),
            "fallback",
            "own host",
        ),
        (
            200,
            json!({"incoming_phone_numbers": []}),
            "webhook",
            "sender",
        ),
        (401, json!({"code": 20003}), "credentials", "Copy"),
    ] {
        let account_body = json!({"status": "active"});
        let server = provider(&[(&account, status, account_body), (&numbers, status, body)]).await;
        let found = findings(&twilio(&server, "+15550100")).await;
        let finding = &found[&format!("gateways.main.{id}")];
        assert_eq!(finding.state, State::Fail, "{finding:?}");
        assert!(
            format!("{} {}", finding.finding, finding.fix).contains(part),
            "{finding:?}"
        );
    }
    let suspended = provider(&[(&account, 200, json!({"status": "suspended"}))]).await;
    let found = findings(&twilio(&suspended, "+15550100")).await;
    assert!(
        found["gateways.main.credentials"]
            .finding
            .contains("suspended")
    );
}

#[tokio::test]
async fn whether_the_number_can_call_is_asked() {
    let voice = |can: Value| json!({"incoming_phone_numbers": [{"sms_url": OURS, "sms_method": "POST", "capabilities": can}]});
    for (number, state) in [
        (voice(json!({"voice": true})), State::Ok),
        (voice(json!({"voice": false})), State::Warn),
        (voice(json!({})), State::Skipped),
        (json!({"incoming_phone_numbers": []}), State::Warn),
    ] {
        let at = format!("{ACCOUNT}/IncomingPhoneNumbers.json");
        let server = provider(&[(&at, 200, number)]).await;
        let section = format!("{}\ncalls_from = \"+15550102\"", twilio(&server, "MG1"));
        let found = findings(&section).await;
        assert_eq!(found["gateways.main.calls"].state, state, "{found:#?}");
        assert!(found["calls"].finding.contains("gateways.main"));
    }
    let none = provider(&[]).await;
    let found = findings(&twilio(&none, "74700")).await;
    assert_eq!(
        found["calls"].state,
        State::Skipped,
        "a short code cannot call"
    );
}

#[tokio::test]
async fn a_messaging_service_and_a_short_code_are_looked_at_where_their_hooks_are_set() {
    let account = format!("{ACCOUNT}.json");
    let good = json!({"inbound_request_url": OURS, "inbound_method": "POST", "fallback_url": SPARE, "fallback_method": "GET", "use_inbound_webhook_on_number": false});
    let on_number = json!({"inbound_request_url": OURS, "fallback_url": SPARE, "use_inbound_webhook_on_number": true});
    let mut posted = good.clone();
    posted["fallback_method"] = json!("POST");
    for (service, state, fallback) in [
        (good, State::Ok, State::Ok),
        (on_number, State::Warn, State::Ok),
        (posted, State::Ok, State::Warn),
    ] {
        let server = provider(&[
            (&account, 200, json!({"status": "active"})),
            ("/v1/Services/MG1", 200, service),
        ])
        .await;
        let found = findings(&twilio(&server, "MG1")).await;
        assert_eq!(found["gateways.main.webhook"].state, state);
        assert_eq!(found["gateways.main.fallback"].state, fallback);
    }
    let codes = json!({"short_codes": [{"sms_url": OURS, "sms_method": "POST", "sms_fallback_url": SPARE, "sms_fallback_method": "POST"}]});
    let at = format!("{ACCOUNT}/SMS/ShortCodes.json");
    let server = provider(&[
        (&account, 200, json!({"status": "active"})),
        (&at, 200, codes),
    ])
    .await;
    let found = findings(&twilio(&server, "74700")).await;
    assert_eq!(found["gateways.main.webhook"].state, State::Ok);
    let fallback = &found["gateways.main.fallback"];
    let asked_wrongly = fallback.state == State::Warn && fallback.fix.contains("GET");
    assert!(asked_wrongly, "{fallback:?}");
}

#[tokio::test]
async fn signalwire_is_asked_in_its_dialect() {
    let account = "/api/laml/2010-04-01/Accounts/P1";
    let server = provider(&[
        (&format!("{account}.json"), 200, json!({"status": "active"})),
        (
            &format!("{account}/IncomingPhoneNumbers.json"),
            200,
            number(OURS, SPARE),
        ),
    ])
    .await;
    let found = findings(&format!(
        "kind = \"signalwire\"\nproject_id = \"P1\"\napi_token = \"secret-token\"\nsigning_key = \"secret-token\"\nsender = \"+15550100\"\napi_url = \"{}\"",
        server.uri()
    ))
    .await;
    for id in ["credentials", "webhook", "fallback"] {
        assert_eq!(
            found[&format!("gateways.main.{id}")].state,
            State::Ok,
            "{found:#?}"
        );
    }
}

#[tokio::test]
async fn telnyx_is_asked_what_it_answers_to_stop() {
    let profiles = |hook: &str| json!({"data": [{"id": "p0", "webhook_url": ""}, {"id": "p1", "webhook_url": hook, "webhook_failover_url": "https://spare.example.net/hooks/main/inbound"}]});
    let stop = |text: &str| json!({"data": [{"op": "start", "resp_text": "Hi"}, {"op": "stop", "resp_text": text}]});
    for (hook, answers, webhook, opt_out) in [
        (
            OURS,
            stop("You are out. In need? 988"),
            State::Ok,
            Some(State::Ok),
        ),
        (OURS, stop("You are out."), State::Ok, Some(State::Warn)),
        (OURS, json!({"data": []}), State::Ok, Some(State::Warn)),
        (
            "https://elsewhere.example.net/",
            json!({"data": []}),
            State::Fail,
            Some(State::Warn),
        ),
    ] {
        let server = provider(&[
            ("/v2/balance", 200, json!({"data": {"balance": "1.0"}})),
            ("/v2/messaging_profiles", 200, profiles(hook)),
            ("/v2/messaging_profiles/p1/autoresp_configs", 200, answers),
        ])
        .await;
        let found = findings(&format!(
            "kind = \"telnyx\"\napi_key = \"secret-token\"\npublic_key = \"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\"\nsender = \"+15550100\"\napi_url = \"{}\"",
            server.uri()
        ))
        .await;
        assert_eq!(found["gateways.main.credentials"].state, State::Ok);
        assert_eq!(found["gateways.main.webhook"].state, webhook, "{found:#?}");
        let state = found
            .get("gateways.main.opt_out")
            .map(|finding| finding.state);
        assert_eq!(state, opt_out, "{found:#?}");
    }
}

fn vonage(server: &MockServer) -> String {
    format!(
        "kind = \"vonage\"\napi_key = \"abcd1234\"\napi_secret = \"secret-token\"\nsignature_secret = \"secret-token-2\"\nsignature_method = \"sha256\"\nsender = \"+15550100\"\napi_url = \"{}\"",
        server.uri()
    )
}

#[tokio::test]
async fn vonage_is_asked_for_its_credit_and_where_the_texts_of_the_number_go() {
    let numbers = |url: &str| {
        json!({"count": 2, "numbers": [
        {"msisdn": "155501009", "moHttpUrl": "https://elsewhere.example.net/"},
        {"msisdn": "15550100", "moHttpUrl": url, "features": ["SMS"]}]})
    };
    for (credit, numbers, credentials, webhook) in [
        (10.28, numbers(OURS), State::Ok, State::Ok),
        (0.0, numbers(OURS), State::Fail, State::Ok),
        (
            1.0,
            numbers("https://elsewhere.example.net/"),
            State::Ok,
            State::Fail,
        ),
        (1.0, numbers(""), State::Ok, State::Warn),
        (1.0, json!({"count": 0}), State::Ok, State::Fail),
    ] {
        let server = provider(&[
            (
                "/account/get-balance",
                200,
                json!({"value": credit, "autoReload": false}),
            ),
            ("/account/numbers", 200, numbers),
        ])
        .await;
        let found = findings(&vonage(&server)).await;
        assert_eq!(
            found["gateways.main.credentials"].state, credentials,
            "{found:#?}"
        );
        assert_eq!(found["gateways.main.webhook"].state, webhook, "{found:#?}");
        assert_eq!(found["gateways.main.receipts"].state, State::Skipped);
        let asked = server.received_requests().await.unwrap();
        let login = "Basic YWJjZDEyMzQ6c2VjcmV0LXRva2Vu";
        assert!(
            asked
                .iter()
                .all(|request| request.headers["authorization"] == login)
        );
        assert!(
            asked.iter().all(|request| request.method == "GET"),
            "nothing is changed"
        );
    }
    let server = provider(&[("/account/get-balance", 401, json!({"error-code": "401"}))]).await;
    let found = findings(&vonage(&server)).await;
    assert_eq!(found["gateways.main.credentials"].state, State::Fail);
    assert_eq!(
        found["gateways.main.webhook"].state,
        State::Warn,
        "{found:#?}"
    );
}

#[tokio::test]
async fn the_phone_is_asked_which_webhooks_it_calls() {
    let hook =
        |event: &str, url: &str| json!({"id": event, "event": event, "url": url, "deviceId": "d"});
    let status = "https://line.example.org/hooks/main/status";
    let all = json!([
        hook("sms:received", "https://elsewhere.example.net/"),
        hook("sms:received", OURS),
        hook("mms:downloaded", OURS),
        hook("sms:sent", status),
        hook("sms:delivered", status),
        hook("sms:failed", OURS),
    ]);
    let twice = json!([
        hook("sms:received", OURS),
        hook("mms:received", OURS),
        hook("mms:downloaded", OURS)
    ]);
    let without_words = json!([hook("sms:received", OURS), hook("mms:received", OURS)]);
    let elsewhere = json!([
        hook("sms:received", "https://elsewhere.example.net/"),
        hook("sms:sent", status)
    ]);
    for (path, hooks, webhook, receipts, pictures) in [
        ("/message", all.clone(), State::Ok, State::Ok, "come to us"),
        (
            "/3rdparty/v1/messages",
            all,
            State::Ok,
            State::Ok,
            "come to us",
        ),
        (
            "/message",
            elsewhere,
            State::Fail,
            State::Warn,
            "not reach us",
        ),
        (
            "/message",
            json!([]),
            State::Fail,
            State::Warn,
            "not reach us",
        ),
        ("/message", twice, State::Ok, State::Warn, "twice"),
        (
            "/message",
            without_words,
            State::Ok,
            State::Warn,
            "without their words",
        ),
    ] {
        let at = format!("{}/webhooks", path.rsplit_once('/').unwrap().0);
        let server = provider(&[(&at, 200, hooks)]).await;
        let section = format!(
            "kind = \"android\"\nusername = \"user\"\npassword = \"secret-token\"\nsigning_key = \"secret-token-of-length\"\nmessages_url = \"{}{path}\"",
            server.uri()
        );
        let found = findings(&section).await;
        assert_eq!(
            found["gateways.main.credentials"].state,
            State::Ok,
            "{found:#?}"
        );
        assert_eq!(found["gateways.main.webhook"].state, webhook, "{found:#?}");
        assert_eq!(
            found["gateways.main.receipts"].state, receipts,
            "{found:#?}"
        );
        assert!(receipts == State::Ok || found["gateways.main.receipts"].fix.contains(status));
        let said = &found["gateways.main.pictures"];
        assert!(said.finding.contains(pictures), "{found:#?}");
        let well = pictures == "come to us";
        assert_eq!(said.state == State::Ok, well, "{found:#?}");
    }
}

#[tokio::test]
async fn plivo_is_asked_by_way_of_the_application_of_the_number() {
    let section = |server: &MockServer| {
        format!(
            "kind = \"plivo\"\nauth_id = \"MA1\"\nauth_token = \"secret-token\"\nsender = \"+15550100\"\napi_url = \"{}\"",
            server.uri()
        )
    };
    let server = provider(&[
        ("/v1/Account/MA1/", 200, json!({"auth_id": "MA1"})),
        (
            "/v1/Account/MA1/Number/15550100/",
            200,
            json!({"application": "/v1/Account/MA1/Application/77/"}),
        ),
        (
            "/v1/Account/MA1/Application/77/",
            200,
            json!({"message_url": OURS, "message_method": "POST"}),
        ),
    ])
    .await;
    let found = findings(&section(&server)).await;
    assert_eq!(
        found["gateways.main.webhook"].state,
        State::Ok,
        "{found:#?}"
    );
    assert_eq!(found["gateways.main.fallback"].state, State::Skipped);
    let server = provider(&[
        ("/v1/Account/MA1/", 200, json!({})),
        (
            "/v1/Account/MA1/Number/15550100/",
            200,
            json!({"application": null}),
        ),
    ])
    .await;
    assert_eq!(
        findings(&section(&server)).await["gateways.main.webhook"].state,
        State::Fail
    );
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_a_failure_and_the_rest_is_still_said() {
    let section = "kind = \"twilio\"\naccount_sid = \"AC1\"\nauth_token = \"secret-token\"\nsender = \"+15550100\"\nsignature = \"observe\"\napi_url = \"http://127.0.0.1:9\"";
    let found = findings(section).await;
    assert_eq!(found["gateways.main.credentials"].state, State::Fail);
    assert_eq!(found["gateways.main.webhook"].state, State::Warn);
    assert_eq!(found["gateways.main.signature"].state, State::Warn);
}

fn doctor(folder: &Path, arguments: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let output = run(folder, &[&["doctor", "--json"], arguments].concat(), "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let findings = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), findings, said)
}

fn state_of<'a>(findings: &'a [Value], id: &str) -> &'a Value {
    &findings.iter().find(|finding| finding["id"] == id).unwrap()["state"]
}

#[test]
fn before_the_first_start_nothing_fails_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (code, findings, said) = doctor(folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(state_of(&findings, "keys"), "warn");
    assert_eq!(state_of(&findings, "gateways.sandbox.provider"), "skipped");
    assert!(!folder.path().join("data").exists());
    let output = run(folder.path(), &["doctor"], "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("WARN     keys") && said.contains("fix: "),
        "{said}"
    );
}

#[test]
fn a_database_that_other_keys_sealed_is_a_failure() {
    let (_, folder) = Serving::start().stop();
    let (code, findings, said) = doctor(folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        (state_of(&findings, "keys"), state_of(&findings, "database")),
        (&json!("ok"), &json!("ok"))
    );
    std::fs::write(folder.path().join("data/master.key"), "00".repeat(32)).unwrap();
    let (code, findings, said) = doctor(folder.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(state_of(&findings, "database"), "fail");
    std::fs::write(folder.path().join("data/master.key"), "no key").unwrap();
    let (_, findings, _) = doctor(folder.path(), &[]);
    assert_eq!(
        (state_of(&findings, "keys"), state_of(&findings, "database")),
        (&json!("fail"), &json!("skipped"))
    );
}

#[test]
fn a_configuration_that_cannot_work_is_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), "[listn]\n").unwrap();
    let (code, findings, said) = doctor(folder.path(), &[]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(findings.len(), 1);
    assert!(findings[0]["finding"].as_str().unwrap().contains("listn"));
    assert!(findings[0]["fix"].as_str().unwrap().contains("listen"));
}

#[test]
fn the_spool_is_private_and_what_lies_in_it_is_told_with_what_to_do() {
    let (_, folder) = Serving::start().stop();
    let spool = folder.path().join("data/spool");
    let (code, findings, said) = doctor(folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(state_of(&findings, "spool"), "ok");
    assert_eq!(state_of(&findings, "spool.waiting"), "ok");
    let mode = |mode| std::fs::set_permissions(&spool, Permissions::from_mode(mode)).unwrap();
    mode(0o755);
    let id = "01900000-0000-7000-8000-000000000001";
    std::fs::write(spool.join(format!("{id}.text")), "sealed").unwrap();
    std::fs::write(spool.join("not-ours"), "").unwrap();
    let (code, findings, said) = doctor(folder.path(), &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(state_of(&findings, "spool"), "warn");
    let waiting = findings
        .iter()
        .find(|one| one["id"] == "spool.waiting")
        .unwrap();
    assert_eq!(waiting["state"], "warn");
    assert!(
        waiting["finding"].as_str().unwrap().starts_with("1 wait"),
        "{waiting}"
    );
    for aside in ["corrupt", "refused"] {
        std::fs::create_dir_all(spool.join(aside)).unwrap();
        std::fs::write(spool.join(aside).join(format!("{id}.text")), "sealed").unwrap();
        let (code, findings, _) = doctor(folder.path(), &[]);
        assert_eq!(code, Some(1));
        let aside = format!("spool.{aside}");
        let found = findings
            .iter()
            .find(|one| one["id"] == aside.as_str())
            .unwrap();
        assert_eq!(found["state"], "fail");
        assert!(
            found["fix"].as_str().unwrap().contains("start again"),
            "{found}"
        );
    }
    mode(0o700);
    assert_eq!(state_of(&doctor(folder.path(), &[]).1, "spool"), "ok");
    assert!(
        spool.join(format!("{id}.text")).exists(),
        "nothing was changed"
    );
    std::fs::remove_dir_all(&spool).unwrap();
    std::fs::write(&spool, "a file").unwrap();
    let (code, findings, _) = doctor(folder.path(), &[]);
    assert_eq!(
        (code, state_of(&findings, "spool")),
        (Some(1), &json!("fail"))
    );
}
