//! What a mail says, and what a mail server's answers mean, played by a server that follows a script.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::oncall::{Channel, PageKind};
use crate::pager::tests::{case, page, to};

fn config(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        credentials: None,
        from: "Example Line <pages@line.example.org>".to_owned(),
        authority: None,
    }
}

fn from() -> Mailbox {
    config(25).from.parse().unwrap()
}

/// A mail server that answers each command whose first letters it knows, and everything else with 250.
async fn server(answers: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 ready\r\n").await.unwrap();
        let (mut line, mut in_data) = (String::new(), false);
        while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
            let command = line.trim_end().to_owned();
            line.clear();
            if in_data && command != "." {
                continue;
            }
            in_data = command == "DATA";
            let known = answers.iter().find(|(first, _)| command.starts_with(first));
            let usual = match command.as_str() {
                "DATA" => "354 go on",
                hello if hello.starts_with("EHLO") => "250-here\r\n250 AUTH PLAIN",
                _ => "250 fine",
            };
            let answer = known.map_or(usual, |(_, answer)| *answer);
            if answer.is_empty() {
                return;
            }
            let _ = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
    });
    port
}

async fn outcome(answers: &'static [(&'static str, &'static str)]) -> SendOutcome {
    let mut config = config(server(answers).await);
    config.credentials = Some(("pages".to_owned(), "a password".into()));
    let (to, case) = (to(Channel::Email, "first@example.org"), case());
    let smtp = Smtp::new(&config).unwrap();
    smtp.send(&page(&to, Some(&case))).await.outcome
}

#[test]
fn a_mail_holds_the_case_the_wait_and_where_to_sign_in() {
    let (to, case) = (to(Channel::Email, "first@example.org"), case());
    let mail = build(&page(&to, Some(&case)), &from()).unwrap();
    let mail = String::from_utf8(mail.formatted()).unwrap();
    let (headers, body) = mail.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        body,
        "CRISIS: case K7, waiting 0:20.\r\n\r\nSign in to take it: https://line.example.org/\r\n\r\n\
         -- \r\nExample Line, sent automatically. Nobody reads replies to this address.\r\n"
    );
    for expected in [
        "From: \"Example Line\" <pages@line.example.org>",
        "To: first@example.org",
        "Date: Thu, 01 Jan 2026 00:00:00 +0000",
        "Subject: CRISIS: case K7, waiting 0:20.",
        "Message-ID: <00000000-0000-0000-0000-000000000009.page@line.example.org>",
        "References: <00000000-0000-0000-0000-000000000007@line.example.org>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Priority: 1",
        "Importance: high",
        "Priority: urgent",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(
            headers.lines().any(|line| line == expected),
            "{expected} is not in\n{headers}"
        );
    }
}

#[test]
fn news_does_not_pretend_to_be_urgent() {
    let to = to(Channel::Email, "first@example.org");
    let news = Page {
        kind: PageKind::Notice,
        words: "Case K7 was taken by Night.",
        ..page(&to, None)
    };
    let mail = String::from_utf8(build(&news, &from()).unwrap().formatted()).unwrap();
    assert!(
        mail.contains("Importance: normal") && mail.contains("X-Priority: 3"),
        "{mail}"
    );
}

#[test]
fn a_line_break_in_the_words_makes_no_header() {
    let to = to(Channel::Email, "first@example.org");
    let odd = Page {
        words: "news\r\nBcc: other@example.org",
        ..page(&to, None)
    };
    let mail = String::from_utf8(build(&odd, &from()).unwrap().formatted()).unwrap();
    let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(
        !headers.lines().any(|line| line.starts_with("Bcc")),
        "{headers}"
    );
}

#[tokio::test]
async fn what_the_server_answers_decides_what_follows() {
    let taken = outcome(&[("AUTH", "235 welcome")]).await;
    let accepted = SendOutcome::Accepted {
        gateway_ref: "00000000-0000-0000-0000-000000000009".to_owned(),
    };
    assert_eq!(taken, accepted);
    let retry = |code: &str| SendOutcome::Retry {
        after_s: None,
        code: code.to_owned(),
    };
    let busy = outcome(&[
        ("AUTH", "235 welcome"),
        ("RCPT", "450 4.2.1 try again later"),
    ])
    .await;
    assert_eq!(busy, retry("smtp-450"));
    let closing = outcome(&[("AUTH", "235 welcome"), (".", "421 closing")]).await;
    assert_eq!(closing, retry("smtp-421"));
    let unknown = outcome(&[
        ("AUTH", "235 welcome"),
        ("RCPT", "550 5.1.1 nobody of this name"),
    ])
    .await;
    assert_eq!(
        unknown,
        SendOutcome::Permanent {
            code: "smtp-550".to_owned()
        }
    );
    let refused = outcome(&[("AUTH", "535 5.7.8 no")]).await;
    assert_eq!(
        refused,
        SendOutcome::Misconfigured {
            code: "smtp-535".to_owned()
        }
    );
    let open = outcome(&[("AUTH", "235 welcome"), ("MAIL", "530 5.7.0 sign in first")]).await;
    assert_eq!(
        open,
        SendOutcome::Misconfigured {
            code: "smtp-530".to_owned()
        }
    );
    let broken = outcome(&[("AUTH", "235 welcome"), (".", "")]).await;
    assert_eq!(broken, SendOutcome::Ambiguous, "it may have been taken");
}

#[tokio::test]
async fn nobody_there_is_tried_again_and_a_way_in_clear_is_not_taken() {
    let (to, case) = (to(Channel::Email, "first@example.org"), case());
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let carried = Smtp::new(&config(port))
        .unwrap()
        .send(&page(&to, Some(&case)))
        .await;
    assert_eq!(
        carried.outcome,
        SendOutcome::Retry {
            after_s: None,
            code: "no connection".to_owned()
        }
    );
    let mut config = config(server(&[]).await);
    config.security = Security::Starttls;
    let carried = Smtp::new(&config)
        .unwrap()
        .send(&page(&to, Some(&case)))
        .await;
    assert!(
        matches!(carried.outcome, SendOutcome::Misconfigured { .. }),
        "{carried:?}"
    );
}

#[tokio::test]
async fn the_log_keeps_no_address_and_no_word() {
    let to = to(Channel::Email, "canary@example.org");
    let config = config(server(&[("RCPT", "550 canary@example.org is not here")]).await);
    let carried = Smtp::new(&config).unwrap().send(&page(&to, None)).await;
    let kept = format!("{carried:?}");
    assert!(!kept.contains("canary") && !kept.contains("K7"), "{kept}");
    assert_eq!(carried.status, Some(550));
}

#[test]
fn settings_that_cannot_work_name_their_key() {
    let bad = SmtpConfig {
        from: "nobody".to_owned(),
        ..config(25)
    };
    assert_eq!(Smtp::new(&bad).err().map(|not| not.key), Some("from"));
    let bad = SmtpConfig {
        security: Security::Tls,
        authority: Some(b"no certificate".to_vec()),
        ..config(465)
    };
    assert_eq!(Smtp::new(&bad).err().map(|not| not.key), Some("ca_file"));
}
