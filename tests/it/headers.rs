//! What every answer carries, whoever asks and whatever comes of it: the headers that the OWASP Secure Headers
//! Project recommends, and none that tells what runs here.

use std::collections::BTreeMap;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use harborline::config::Config;
use harborline::http::{declared, served};
use harborline::staff::Role;

use crate::oracles::ask;
use crate::support::world::{PUBLIC_URL, read};
use crate::support::{Engine, World};
use serde_json::{Value, json};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// What each answer says, word for word.
const SAID: [(&str, &str); 9] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-dns-prefetch-control", "off"),
    ("x-xss-protection", "0"),
];
/// What tells an attacker what runs here: from the list "headers to remove" of the same project.
const TOLD: [&str; 12] = [
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-runtime",
    "x-version",
    "via",
    "x-server",
    "x-backend-server",
    "pragma",
    "expires",
];

/// An answer: where it came from, how, and its headers.
struct Answer {
    place: String,
    status: StatusCode,
    headers: HeaderMap,
}

impl Answer {
    fn says(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Whether it is one of the files that everybody may see, or the calendar, which a program keeps.
    fn may_be_kept(&self) -> bool {
        self.status == StatusCode::OK && !self.says("cache-control").contains("no-store")
    }
}

async fn call(world: &World, method: &Method, path: &str, cookie: &str, body: Body) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL);
    if *method == Method::POST {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    let response = world.call(request.body(body).unwrap()).await;
    Answer {
        place: format!("{method} {path} ({})", response.status()),
        status: response.status(),
        headers: response.headers().clone(),
    }
}

/// The files that are served, by where they are.
fn assets() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/assets");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .map(|name| match name.as_str() {
            "sw.js" | "manifest.webmanifest" => format!("/{name}"),
            _ => format!("/assets/{name}"),
        })
        .collect()
}

fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{gateway}" => "main",
        part if part.starts_with('{') => NOBODY,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// An answer of every route, to nobody and to an administrator, and of what goes wrong.
async fn every_answer(world: &World) -> Vec<Answer> {
    let mut all = Vec::new();
    let nothing = Body::empty;
    let boss = world
        .an_account("boss@example.org", Role::Administrator)
        .await;
    for route in declared() {
        let path = filled(route.path);
        // A stream of signals goes on for as long as it is read; its headers are there at once.
        for cookie in ["", &world.session_of(&boss).await] {
            all.push(call(world, &route.method, &path, cookie, nothing()).await);
        }
    }
    for route in served() {
        for method in route.methods {
            all.push(call(world, &method, &filled(route.path), "", nothing()).await);
        }
    }
    for path in assets() {
        let got = call(world, &Method::GET, &path, "", nothing()).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        all.push(got);
    }
    for (method, path, expected) in [
        (Method::GET, "/nothing", StatusCode::NOT_FOUND),
        (
            Method::POST,
            "/assets/style.css",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            Method::PUT,
            "/hooks/main/inbound",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (Method::GET, "/hooks/nobody/inbound", StatusCode::NOT_FOUND),
        (Method::POST, "/hooks/main/inbound", StatusCode::FORBIDDEN),
    ] {
        let got = call(world, &method, path, "", nothing()).await;
        assert_eq!(got.status, expected, "{}", got.place);
        all.push(got);
    }
    for path in ["/hooks/main/inbound", "/sign-in"] {
        let large = Body::from(vec![b'a'; 200 * 1024]);
        let got = call(world, &Method::POST, path, "", large).await;
        assert_eq!(got.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        all.push(got);
    }
    // What the program cannot do: a row is damaged, then the whole store is away.
    world.phone("+15550123").texts("i want to die").await;
    let conversation = world.first_in_the_queue().await;
    world
        .damage("UPDATE messages SET body_sealed = x'00'")
        .await;
    let cookie = world.session_of(&boss).await;
    let path = format!("/conversations/{conversation}");
    let got = call(world, &Method::GET, &path, &cookie, nothing()).await;
    assert_eq!(
        got.status,
        StatusCode::INTERNAL_SERVER_ERROR,
        "{}",
        got.place
    );
    all.push(got);
    world.app.store.close().await;
    for path in ["/", "/readyz", "/heartbeat"] {
        let got = call(world, &Method::GET, path, &cookie, nothing()).await;
        assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE, "{}", got.place);
        all.push(got);
    }
    all
}

/// The directives of a policy.
fn directives(policy: &str) -> BTreeMap<&str, &str> {
    let each = policy.split(';').map(str::trim);
    each.map(|one| one.split_once(' ').unwrap_or((one, "")))
        .collect()
}

fn check(answer: &Answer) {
    let place = &answer.place;
    for (name, value) in SAID {
        assert_eq!(answer.says(name), value, "{place}: {name}");
    }
    for name in TOLD {
        assert!(!answer.headers.contains_key(name), "{place} tells {name}");
    }
    let policy = answer.says("content-security-policy");
    let directives = directives(policy);
    for (name, value) in [
        ("default-src", "'none'"),
        ("frame-ancestors", "'none'"),
        ("base-uri", "'none'"),
        ("form-action", "'self'"),
        ("script-src", "'self'"),
        ("style-src", "'self'"),
        ("connect-src", "'self'"),
    ] {
        assert_eq!(directives.get(name), Some(&value), "{place}: {policy}");
    }
    for open in ["unsafe", "*", "data:", "blob:", "http:", "https:"] {
        assert!(!policy.contains(open), "{place}: {policy}");
    }
    let permissions = answer.says("permissions-policy");
    for feature in [
        "camera",
        "geolocation",
        "microphone",
        "payment",
        "usb",
        "display-capture",
    ] {
        assert!(
            permissions.contains(&format!("{feature}=()")),
            "{place}: {permissions}"
        );
    }
    let hsts = answer.says("strict-transport-security");
    assert_eq!(hsts, "max-age=31536000", "{place}");
    let all = answer.headers.keys();
    let once = all.map(|name| answer.headers.get_all(name).iter().count());
    let twice = once
        .zip(answer.headers.keys())
        .find(|(n, name)| *n > 1 && *name != header::SET_COOKIE && *name != header::VARY);
    assert_eq!(twice, None, "{place}");
    // The files of the interface; and the stream of signals, in which there is nothing of anybody.
    let kept = place.contains("/live")
        || place.contains("/assets/")
        || place.contains("/sw.js")
        || place.contains("/manifest");
    assert!(
        kept || !answer.may_be_kept(),
        "{place} may be kept: {}",
        answer.says("cache-control")
    );
}

#[tokio::test]
async fn every_answer_of_every_route_carries_them() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let all = every_answer(&world).await;
    assert!(all.len() > 200, "{}", all.len());
    for status in [200, 303, 403, 404, 405, 413, 500, 503] {
        let found = all.iter().any(|answer| answer.status.as_u16() == status);
        assert!(found, "no answer is {status}");
    }
    all.iter().for_each(check);
    judged_by_drheader(&all);
}

/// What a checker that nobody here wrote says of them. What it has against us stands here, with why it stays.
fn judged_by_drheader(all: &[Answer]) {
    const STAYS: [(&str, &str); 4] = [
        // `no-store` says it all (RFC 9111); `max-age=0` beside it and `Pragma` are for caches of HTTP/1.0.
        ("Cache-Control", "no-store alone"),
        ("Pragma", "of HTTP/1.0"),
        // A form would then say `Origin: null`: see src/http/security.rs.
        ("Referrer-Policy", "no-referrer breaks the guard of forms"),
        // Hosts below this one are not ours to speak for.
        ("Strict-Transport-Security", "without includeSubDomains"),
    ];
    let questions: Vec<Value> = all
        .iter()
        .map(|answer| {
            let headers = answer.headers.iter();
            let mut headers: serde_json::Map<String, Value> = headers
                .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap())))
                .collect();
            // It reads cookies as a list of them.
            let cookies = answer.headers.get_all("set-cookie").iter();
            let cookies: Vec<&str> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
            headers.insert("set-cookie".to_owned(), json!(cookies));
            json!({"headers": headers, "kept": answer.may_be_kept()})
        })
        .collect();
    let Some(judged) = ask("headers.py", &questions) else {
        return;
    };
    for (answer, found) in all.iter().zip(judged) {
        let found = found.as_array().unwrap().iter();
        let left: Vec<&Value> = found
            .filter(|one| {
                let rule = one["rule"].as_str().unwrap();
                !STAYS.iter().any(|(stays, _)| *stays == rule)
            })
            .collect();
        assert!(left.is_empty(), "{}: {left:?}", answer.place);
    }
}

#[tokio::test]
async fn hosts_below_are_kept_to_tls_when_the_operator_says_so() {
    let settings = |config: &mut Config| config.listen.hsts_subdomains = true;
    let world = World::with(Engine::Sqlite, settings).await.unwrap();
    let answer = call(&world, &Method::GET, "/sign-in", "", Body::empty()).await;
    let said = answer.says("strict-transport-security");
    assert_eq!(said, "max-age=31536000; includeSubDomains");
}

#[tokio::test]
async fn without_tls_a_browser_is_not_told_to_insist_on_it() {
    let plain = |config: &mut Config| config.public_url = Some("http://127.0.0.1:8080".to_owned());
    let world = World::with(Engine::Sqlite, plain).await.unwrap();
    let got = call(&world, &Method::GET, "/sign-in", "", Body::empty()).await;
    assert_eq!(got.says("strict-transport-security"), "");
}

#[tokio::test]
async fn signing_out_empties_what_a_browser_has_kept() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let staff = world.a_member_of_staff("first@example.org").await;
    let cookie = world.session_of(&staff).await;
    let got = call(&world, &Method::POST, "/sign-out", &cookie, Body::empty()).await;
    assert_eq!(got.says("clear-site-data"), "\"cache\"");
    let (status, _) = read(
        world
            .call(
                Request::get("/")
                    .header(header::COOKIE, cookie)
                    .body(Body::empty())
                    .unwrap(),
            )
            .await,
    )
    .await;
    assert_eq!(status, StatusCode::SEE_OTHER, "the session is over");
}
