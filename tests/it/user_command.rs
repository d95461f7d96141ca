//! `harborline user`, beside a running server.

use std::process::Output;

use harborline::gateway::client::loopback_client;

use crate::support::binary::{Serving, run, said};
use crate::support::browser::PASSWORD;
use crate::support::postgres;
use crate::support::world::seconds;

/// The command beside a server.
fn user(serving: &Serving, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    serving.beside(settings, &[&["user"][..], arguments].concat())
}

/// The link that it printed.
fn link(output: &Output) -> String {
    let said = said(output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let line = said.lines().find(|line| line.contains("http://"));
    line.unwrap().trim().to_owned()
}

/// Posts a form, as a browser without a session; the status and where it leads.
async fn post(url: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let client = loopback_client(seconds(20)).unwrap();
    let response = client.post(url).form(fields).send().await.unwrap();
    let place = response.headers().get("location");
    let place = place.map_or("", |place| place.to_str().unwrap()).to_owned();
    (response.status().as_u16(), place)
}

async fn invites_lists_and_locks(settings: &[(&str, &str)]) {
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), settings);
    let user = |arguments: &[&str]| user(&serving, settings, arguments);
    assert!(said(&user(&["list"])).contains("nobody yet"));
    let invited = user(&[
        "add",
        "Boss@example.org",
        "--name",
        "Boss",
        "--role",
        "administrator",
    ]);
    let first = link(&invited);
    assert!(first.starts_with(&serving.url), "{first}");
    let text = said(&user(&["list"]));
    assert!(
        text.contains(
            "boss@example.org  Boss  administrator  invited  no second factor  last here: never"
        ),
        "{text}"
    );
    let sign_in = format!("{}/sign-in", serving.url);
    let right = [("login", "boss@example.org"), ("password", PASSWORD)];
    assert_eq!(post(&sign_in, &right).await.0, 422);
    assert_eq!(
        post(&first, &[("password", PASSWORD)]).await,
        (303, "/".to_owned())
    );
    assert_eq!(
        post(&first, &[("password", PASSWORD)]).await.0,
        404,
        "it works once"
    );
    assert_eq!(post(&sign_in, &right).await.0, 303);
    let refused = user(&["lock", "boss@example.org"]);
    assert!(refused.status.code() == Some(1) && said(&refused).contains("last administrator"));

    link(&user(&["add", "second@example.org", "--name", "Second"]));
    let again = user(&["add", "second@example.org", "--name", "Second"]);
    assert!(
        again.status.code() == Some(2) && said(&again).contains("already"),
        "{}",
        said(&again)
    );
    let reset = link(&user(&["reset", "second@example.org", "--second-factor"]));
    assert_eq!(post(&reset, &[("password", PASSWORD)]).await.0, 303);
    let right = [("login", "second@example.org"), ("password", PASSWORD)];
    assert_eq!(user(&["lock", "second@example.org"]).status.code(), Some(0));
    assert_eq!(post(&sign_in, &right).await.0, 403);
    let text = said(&user(&["list"]));
    assert!(
        text.contains("second@example.org  Second  responder  locked"),
        "{text}"
    );
    assert_eq!(
        user(&["unlock", "second@example.org"]).status.code(),
        Some(0)
    );
    assert_eq!(post(&sign_in, &right).await.0, 303);
    let missing = user(&["reset", "nobody@example.org"]);
    assert!(
        missing.status.code() == Some(1) && said(&missing).contains("user list"),
        "{}",
        said(&missing)
    );
    let log = serving.log();
    for secret in [&first, &reset] {
        let token = secret.rsplit('/').next().unwrap();
        assert!(!log.contains(token), "a link in the log");
    }
}

#[tokio::test]
async fn users_are_invited_listed_and_locked_beside_a_server_on_sqlite() {
    invites_lists_and_locks(&[]).await;
}

#[tokio::test]
async fn users_are_invited_listed_and_locked_beside_a_server_on_postgresql() {
    if let Some(url) = postgres::database().await {
        invites_lists_and_locks(&[("HARBORLINE__DATABASE__URL", &url)]).await;
    }
}

#[test]
fn a_user_that_cannot_be_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (
            &["user", "add", "second", "--name", "Second"][..],
            "e-mail address",
        ),
        (
            &["user", "add", "second@example.org", "--name", "  "],
            "name",
        ),
        (
            &[
                "user",
                "add",
                "second@example.org",
                "--name",
                "S",
                "--role",
                "boss",
            ],
            "responder, supervisor or administrator",
        ),
        (&["user", "add", "second@example.org"], "--name"),
    ] {
        let output = run(folder.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(part), "{}", said(&output));
    }
}

fn mistakes_are_named(user: &impl Fn(&[&str]) -> Output) {
    // What cannot be a method is held in src/people/draft.rs: starting the program takes its time.
    for (arguments, code, part) in [
        (
            &["method", "verify", "first@example.org", "1", "--code", "12"][..],
            1,
            "Tries that are left: 4",
        ),
        (
            &["method", "verify", "first@example.org", "9"],
            1,
            "there is no method “9”",
        ),
        (
            &["method", "add", "first@example.org", "--sms", "5550171"],
            2,
            "international form",
        ),
        (&["method", "add", "first@example.org"], 2, "--sms"),
        (
            &["hours", "first@example.org", "--quiet", "22-7"],
            2,
            "22:00 and 07:00",
        ),
    ] {
        let output = user(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            said(&output)
        );
        assert!(
            said(&output).contains(part),
            "{arguments:?}: {}",
            said(&output)
        );
    }
}

fn ways_are_added_verified_and_removed(settings: &[(&str, &str)]) {
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), settings);
    let user = |arguments: &[&str]| user(&serving, settings, arguments);
    link(&user(&["add", "first@example.org", "--name", "First"]));
    let list = || said(&user(&["method", "list", "first@example.org"]));
    assert!(
        list().contains("nobody can page first@example.org"),
        "{}",
        list()
    );
    let added = user(&[
        "method",
        "add",
        "first@example.org",
        "--sms",
        "+1 555 0171",
        "--label",
        "my phone",
    ]);
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    assert!(said(&added).contains("harborline user method verify first@example.org 1"));
    assert!(
        list().contains("1  sms  my phone  number ending in 71  for all  not verified"),
        "{}",
        list()
    );
    let hook = user(&[
        "method",
        "add",
        "First@Example.org",
        "--webhook",
        "https://push.example.org/canary",
        "--for",
        "crisis",
    ]);
    assert!(
        said(&hook).contains("whsec_") && said(&hook).contains("shown this once"),
        "{}",
        said(&hook)
    );
    assert!(
        list().contains("2  webhook  webhook  push.example.org/…  for crisis  not verified"),
        "{}",
        list()
    );
    let sent = user(&["method", "verify", "first@example.org", "my phone"]);
    assert!(said(&sent).contains("--code CODE"), "{}", said(&sent));
    mistakes_are_named(&user);
    let hours = user(&[
        "hours",
        "first@example.org",
        "--zone",
        "Europe/Berlin",
        "--quiet",
        "22:00-07:00",
    ]);
    assert!(
        said(&hours).contains("Europe/Berlin, quiet hours 22:00 – 07:00"),
        "{}",
        said(&hours)
    );
    let hours = user(&["hours", "first@example.org", "--zone", ""]);
    assert!(
        said(&hours).contains("UTC, where the line is, quiet hours 22:00 – 07:00"),
        "{}",
        said(&hours)
    );
    assert!(
        said(&user(&["method", "remove", "first@example.org", "webhook"])).contains("is removed")
    );
    for text in [list(), serving.log()] {
        assert!(
            !text.contains("5550171") && !text.contains("canary"),
            "{text}"
        );
    }
}

#[test]
fn ways_to_reach_people_are_looked_after_beside_a_server_on_sqlite() {
    ways_are_added_verified_and_removed(&[]);
}

#[tokio::test]
async fn ways_to_reach_people_are_looked_after_beside_a_server_on_postgresql() {
    if let Some(url) = postgres::database().await {
        ways_are_added_verified_and_removed(&[("HARBORLINE__DATABASE__URL", &url)]);
    }
}
