//! `harborline user`, beside a running server.

use std::process::Output;

use harborline::gateway::client::loopback_client;

use crate::support::binary::{Serving, command, run};
use crate::support::browser::PASSWORD;
use crate::support::postgres;
use crate::support::world::seconds;

/// The command in the folder of a server, with its settings.
fn user(serving: &Serving, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let address = serving.url.strip_prefix("http://").unwrap();
    command(serving.folder.path())
        .arg("user")
        .args(arguments)
        .env("HARBORLINE__LISTEN__ADDRESS", address)
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
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
