//! `harborline serve` with no configuration at all: the first command of the README.

use std::os::unix::fs::PermissionsExt;

use harborline::gateway::client::loopback_client;

use crate::support::binary::Serving;
use crate::support::world::seconds;

#[tokio::test]
async fn a_fresh_machine_serves_with_one_command() {
    let serving = Serving::start();
    let client = loopback_client(seconds(10)).unwrap();
    let get = async |path: &str| {
        client
            .get(format!("{}{path}", serving.url))
            .send()
            .await
            .unwrap()
    };
    assert_eq!(get("/healthz").await.text().await.unwrap(), "ok\n");
    assert_eq!(get("/readyz").await.status(), 200);
    assert_eq!(get("/simulator").await.status(), 200);
    assert_eq!(get("/").await.headers()["location"], "/sign-in");
    let link = serving.setup_link.clone().expect("a set-up link");
    assert!(
        link.starts_with(&format!("{}/setup/", serving.url)),
        "{link}"
    );
    assert_eq!(client.get(&link).send().await.unwrap().status(), 200);
    let data = serving.folder.path().join("data");
    let mode = |name: &str| {
        std::fs::metadata(data.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (mode(""), mode("master.key"), mode("harborline.db")),
        (0o700, 0o600, 0o600)
    );
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let serving = Serving::start();
    let client = loopback_client(seconds(10)).unwrap();
    for path in [
        "/healthz",
        "/sign-in",
        "/simulator",
        "/assets/style.css",
        "/nothing",
        "/hooks/x/inbound",
    ] {
        let response = client
            .get(format!("{}{path}", serving.url))
            .send()
            .await
            .unwrap();
        let headers = response.headers();
        let csp = headers["content-security-policy"].to_str().unwrap();
        assert!(
            csp.starts_with("default-src 'none'") && !csp.contains("unsafe"),
            "{path}: {csp}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn a_restart_keeps_the_administrator_and_the_texts() {
    let serving = Serving::start();
    let client = loopback_client(seconds(10)).unwrap();
    let form = [
        ("name", "First"),
        ("login", "first@example.org"),
        ("password", "a long enough password"),
    ];
    let made = client
        .post(serving.setup_link.clone().unwrap())
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 303);
    let used = client
        .get(serving.setup_link.clone().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(used.status(), 404, "the link works once");
    let (code, folder) = serving.stop();
    assert_eq!(code, Some(0));
    let again = Serving::start_in(folder, &[]);
    assert_eq!(again.setup_link, None);
    let form = [
        ("login", "First@Example.org"),
        ("password", "a long enough password"),
    ];
    let signed_in = client
        .post(format!("{}/sign-in", again.url))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (
            signed_in.status().as_u16(),
            &signed_in.headers()["location"]
        ),
        (303, &"/".parse().unwrap())
    );
}
