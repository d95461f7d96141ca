//! What a caller writes into a request leads nobody elsewhere and comes back in no header: addresses to go on
//! to, hosts, names of files, cookies.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use harborline::http::{Declared, declared};
use harborline::staff::Role;

use crate::support::binary::Serving;
use crate::support::world::PUBLIC_URL;
use crate::support::{Engine, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// Addresses of another site, as a browser may read them.
const ELSEWHERE: [&str; 8] = [
    "https%3A%2F%2Fevil.example",
    "%2F%2Fevil.example",
    "%2F%5Cevil.example",
    "%5C%5Cevil.example",
    "%2F%09%2Fevil.example",
    "%2F%0A%2Fevil.example",
    "javascript%3Aalert(1)",
    "%2Fa%0D%0Aset-cookie%3A%20evil%3D1",
];

fn path_of(route: &Declared, then: &str) -> String {
    let parts = route.path.split('/');
    let parts = parts.map(|part| match part {
        "{file}" | "{table}" => "%22%0D%0Aevil%3A%201%2F..%2F..",
        part if part.starts_with('{') => NOBODY,
        part => part,
    });
    let path = parts.collect::<Vec<_>>().join("/");
    format!("{path}?then={then}&next={then}&url={then}&return_to={then}")
}

/// Nothing in these headers is somebody else's.
fn are_ours(place: &str, headers: &HeaderMap) {
    if let Some(leads_to) = headers.get(header::LOCATION) {
        let leads_to = leads_to.to_str().unwrap();
        let is_local = leads_to.starts_with('/')
            && !leads_to.starts_with("//")
            && !leads_to.starts_with("/\\");
        assert!(is_local, "{place} leads to {leads_to}");
        // Only behind the question mark, encoded, and judged again when it is followed.
        let path = leads_to.split('?').next().unwrap();
        assert!(!path.contains("evil"), "{place} leads to {leads_to}");
    }
    for cookie in headers.get_all(header::SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.starts_with("__Host-harborline_"),
            "{place}: {cookie}"
        );
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(part), "{place}: {part} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{place}: {cookie}");
    }
    if let Some(name) = headers.get(header::CONTENT_DISPOSITION) {
        let name = name.to_str().unwrap();
        let name = name.strip_prefix("attachment; filename=\"").unwrap();
        let name = name.strip_suffix('"').unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(name.chars().all(is_plain), "{place}: {name}");
    }
    assert!(!headers.contains_key("evil"), "{place}");
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let may = name == header::LOCATION;
        assert!(may || !value.contains("evil"), "{place}: {name}: {value}");
    }
}

async fn calls(world: &World, route: &Declared, then: &str, cookie: Option<&str>) {
    let mut request = Request::builder()
        .method(&route.method)
        .uri(path_of(route, then))
        .header(header::HOST, "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header("x-forwarded-for", "evil.example")
        .header(header::REFERER, "https://evil.example//evil.example")
        .header(header::USER_AGENT, "evil \u{202e}agent")
        .header("sec-fetch-site", "same-origin")
        .header(header::ORIGIN, PUBLIC_URL)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let form = format!("then={then}&next={then}&theme=evil&language=evil&login=evil&password=evil");
    let response = world.call(request.body(Body::from(form)).unwrap()).await;
    let place = format!("{} {}", route.method, route.path);
    assert!(
        !response.status().is_server_error(),
        "{place}: {}",
        response.status()
    );
    are_ours(&place, response.headers());
}

#[tokio::test]
async fn no_answer_leads_elsewhere_or_carries_what_a_caller_wrote() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    for (n, route) in declared().iter().enumerate() {
        let account = world
            .an_account("one@example.org", Role::Administrator)
            .await;
        let cookie = world.session_of(&account).await;
        let then = ELSEWHERE[n % ELSEWHERE.len()];
        calls(&world, route, then, Some(&cookie)).await;
        calls(&world, route, then, None).await;
    }
    // Where a place to go on to is read, each of them.
    let reads = |route: &&Declared| {
        ["/sign-in", "/sign-in/code", "/confirm", "/language"].contains(&route.path)
    };
    for route in declared().iter().filter(reads) {
        for then in ELSEWHERE {
            let account = world
                .an_account("one@example.org", Role::Administrator)
                .await;
            let cookie = world.session_of(&account).await;
            calls(&world, route, then, Some(&cookie)).await;
        }
    }
}

#[tokio::test]
async fn files_that_are_handed_out_have_plain_names() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let account = world
        .an_account("one@example.org", Role::Administrator)
        .await;
    let mut handed_out = 0;
    for (method, path) in [
        (Method::GET, "/triage-lab/rules/en.toml"),
        (
            Method::GET,
            "/reports/waits?from=2025-12-01&until=2025-12-31",
        ),
        (
            Method::GET,
            "/reports/drills?from=2025-12-01&until=2025-12-31",
        ),
        (Method::POST, "/audit/export"),
    ] {
        let cookie = world.session_of(&account).await;
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .header(header::HOST, "line.example.org")
            .header(header::ORIGIN, PUBLIC_URL)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &cookie)
            .body(Body::empty())
            .unwrap();
        let response = world.call(request).await;
        are_ours(path, response.headers());
        let named = response.headers().contains_key(header::CONTENT_DISPOSITION);
        handed_out += usize::from(named && response.status() == StatusCode::OK);
    }
    assert!(handed_out >= 2, "{handed_out}");
}

#[tokio::test]
async fn what_a_caller_writes_is_in_no_line_of_the_log() {
    let serving = Serving::start_in(tempfile::tempdir().unwrap(), &[("HARBORLINE_LOG", "trace")]);
    let address = serving.url.trim_start_matches("http://").to_owned();
    for head in [
        "GET /canarybird%0aERROR%20forged HTTP/1.1\r\nhost: a\r\n",
        "GET /conversations/%1b%5b31mcanarybird HTTP/1.1\r\nhost: a\r\n",
        "GET /\u{202e}canarybird HTTP/1.1\r\nhost: a\r\n",
        "GET / HTTP/1.1\r\nhost: canarybird\r\nuser-agent: canarybird \u{1b}[31m\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nuser-agent: canarybird\u{202e}\r\nreferer: canarybird\r\ncookie: canarybird\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nx-request-id: canarybird\r\nx-forwarded-for: canarybird\r\naccept-language: canarybird\r\n",
        "POST /hooks/canarybird/inbound HTTP/1.1\r\nhost: a\r\nx-sandbox-signature: canarybird\r\n",
        "CANARYBIRD / HTTP/1.1\r\nhost: a\r\n",
        "GET / canarybird\r\n",
        "\u{1b}]0;canarybird\u{7}\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let head = format!("{head}connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
    let log = serving.log().to_lowercase();
    assert!(log.len() > 1_000, "the log at trace level is not empty");
    for found in ["canarybird", "\u{1b}", "\u{202e}"] {
        let line = log.lines().find(|line| line.contains(found));
        assert_eq!(line, None, "{found:?}");
    }
}
