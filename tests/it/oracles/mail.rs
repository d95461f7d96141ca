//! Pages by e-mail against a mail server that nobody here wrote: `aiosmtpd`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout};

use harborline::gateway::SendOutcome;
use harborline::oncall::{Address, Case, Channel, Destination, PageKind};
use harborline::pager::Page;
use harborline::pager::email::{Security, Smtp, SmtpConfig};
use harborline::triage::Tier;
use uuid::Uuid;

use super::*;

/// A mail server that runs until it is dropped.
struct Server {
    process: Child,
    said: BufReader<ChildStdout>,
    port: u16,
    authority: String,
}

impl Server {
    /// Starts one with these rules; `None` (said loudly) when it is not there.
    fn start(rules: &Value) -> Option<Self> {
        let mut process = python("mail.py")?;
        writeln!(process.stdin.as_mut().unwrap(), "{rules}").unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let ready = next(&mut said);
        Some(Self {
            process,
            said,
            port: u16::try_from(ready["port"].as_u64().unwrap()).unwrap(),
            authority: ready["authority"].as_str().unwrap().to_owned(),
        })
    }

    /// The next mail that it took.
    fn mail(&mut self) -> Value {
        next(&mut self.said)
    }

    fn config(&self) -> SmtpConfig {
        SmtpConfig {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            security: Security::None,
            credentials: None,
            from: "Línea de Ejemplo <pages@line.example.org>".to_owned(),
            authority: None,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn next(said: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    serde_json::from_str(&line).expect("the mail server says what came")
}

/// Sends a page to this address.
async fn sent(config: &SmtpConfig, address: &str) -> SendOutcome {
    let to = Destination {
        channel: Channel::Email,
        address: Address::new(address),
        preset: None,
        secret: None,
    };
    let case = Case {
        alert: Uuid::from_u128(7),
        code: "K7".to_owned(),
        tier: Tier::High,
        opened_at: At(1_767_225_580_000),
        again: 0,
    };
    let page = Page {
        id: Uuid::from_u128(9),
        kind: PageKind::Page,
        to: &to,
        method: None,
        words: "CRISIS: case K7, waiting 0:20. Reply K7 to take it. Or open https://line.example.org/take/x",
        case: Some(&case),
        cases: 0,
        line: "Línea de Ejemplo",
        sign_in: "https://line.example.org/",
        at: At(1_767_225_600_000),
    };
    Smtp::new(config).unwrap().send(&page).await.outcome
}

fn was_taken(outcome: &SendOutcome) -> bool {
    matches!(outcome, SendOutcome::Accepted { .. })
}

fn misconfigured(code: &str) -> SendOutcome {
    SendOutcome::Misconfigured {
        code: code.to_owned(),
    }
}

#[tokio::test]
async fn a_mail_server_reads_the_page_as_it_was_meant() {
    let Some(mut server) = Server::start(&json!({})) else {
        return;
    };
    let outcome = sent(&server.config(), "first@example.org").await;
    assert!(was_taken(&outcome), "{outcome:?}");
    let mail = server.mail();
    assert_eq!(mail["from"], "pages@line.example.org");
    assert_eq!(mail["to"], json!(["first@example.org"]));
    assert_eq!(mail["subject"], "CRISIS: case K7, waiting 0:20.");
    let headers = &mail["headers"];
    for (name, value) in [
        ("from", "Línea de Ejemplo <pages@line.example.org>"),
        ("to", "first@example.org"),
        ("auto-submitted", "auto-generated"),
        ("x-priority", "1"),
        (
            "references",
            "<00000000-0000-0000-0000-000000000007@line.example.org>",
        ),
        (
            "message-id",
            "<00000000-0000-0000-0000-000000000009.page@line.example.org>",
        ),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let body = mail["body"].as_str().unwrap();
    assert!(
        body.contains("Sign in to take it: https://line.example.org/take/x"),
        "{body}"
    );
    assert!(
        body.contains("Línea de Ejemplo, sent automatically."),
        "{body}"
    );
}

#[tokio::test]
async fn mail_leaves_encrypted_or_not_at_all() {
    for (tls, security) in [("starttls", Security::Starttls), ("wrapper", Security::Tls)] {
        let Some(mut server) = Server::start(&json!({ "tls": tls })) else {
            return;
        };
        let mut config = server.config();
        config.security = security;
        // The authority is made for this run: nobody has a reason to trust it.
        assert_eq!(
            sent(&config, "first@example.org").await,
            misconfigured("tls"),
            "{tls}"
        );
        config.authority = Some(server.authority.clone().into_bytes());
        let outcome = sent(&config, "first@example.org").await;
        assert!(was_taken(&outcome), "{tls}: {outcome:?}");
        assert_eq!(server.mail()["tls"], true, "{tls}");
        let smtp = Smtp::new(&config).unwrap();
        assert_eq!(smtp.try_out().await, Ok(()), "{tls}");
    }
    // A server that offers no encryption gets neither password nor page.
    let Some(server) = Server::start(&json!({})) else {
        return;
    };
    let mut config = server.config();
    config.security = Security::Starttls;
    assert_eq!(
        sent(&config, "first@example.org").await,
        misconfigured("refused by ourselves")
    );
}

#[tokio::test]
async fn who_we_are_to_the_mail_server_is_said_where_it_asks() {
    let rules = json!({"tls": "starttls", "user": "pages", "password": "a password"});
    let Some(mut server) = Server::start(&rules) else {
        return;
    };
    let mut config = server.config();
    config.authority = Some(server.authority.clone().into_bytes());
    config.security = Security::Starttls;
    assert_eq!(
        sent(&config, "first@example.org").await,
        misconfigured("smtp-530")
    );
    config.credentials = Some(("pages".to_owned(), "another".into()));
    assert_eq!(
        sent(&config, "first@example.org").await,
        misconfigured("smtp-535")
    );
    let why = Smtp::new(&config).unwrap().try_out().await.unwrap_err();
    assert!(why.contains("535"), "{why}");
    config.credentials = Some(("pages".to_owned(), "a password".into()));
    let outcome = sent(&config, "first@example.org").await;
    assert!(was_taken(&outcome), "{outcome:?}");
    assert_eq!(server.mail()["user"], "pages");
}

#[tokio::test]
async fn who_does_not_exist_is_given_up_and_who_is_greylisted_is_tried_again() {
    let rules = json!({"refused": ["gone@example.org"], "greylisted": 1});
    let Some(mut server) = Server::start(&rules) else {
        return;
    };
    let config = server.config();
    let code = "smtp-550".to_owned();
    assert_eq!(
        sent(&config, "gone@example.org").await,
        SendOutcome::Permanent { code }
    );
    let (after_s, code) = (None, "smtp-451".to_owned());
    let later = SendOutcome::Retry { after_s, code };
    assert_eq!(sent(&config, "first@example.org").await, later);
    assert!(was_taken(&sent(&config, "first@example.org").await));
    assert_eq!(server.mail()["to"], json!(["first@example.org"]));
}
