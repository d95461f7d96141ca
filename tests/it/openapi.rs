//! `docs/openapi.yaml` and the routes say the same: what machines call is described, and what is described is
//! there. Whether it is valid, and whether the program keeps to it, is judged in oracles/api.rs.

use std::collections::BTreeSet;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use harborline::http::{declared, served};
use harborline::staff::Role;

use crate::support::{Engine, World};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// On a listener of its own: see src/telemetry/scrape.rs.
const METRICS: (&str, &str) = ("GET", "/metrics");
/// What our own scripts call, besides what a test below finds by its type.
const SCRIPTS: [(&str, &str); 3] = [
    ("POST", "/me/push"),
    ("POST", "/me/push/off"),
    ("POST", "/conversations/{id}/draft"),
];

/// A route: its method and its path.
type Route = (String, String);

/// The operations of the description. It is read by its indentation, which is ours; that it is YAML, and `OpenAPI`,
/// others judge.
fn described() -> BTreeSet<Route> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().skip_while(|line| *line != "paths:");
    let mut path = "";
    let mut all = BTreeSet::new();
    for line in lines.take_while(|line| *line != "components:") {
        let Some(key) = line.strip_suffix(':') else {
            continue;
        };
        if let Some(found) = key.strip_prefix("  ").filter(|key| key.starts_with('/')) {
            path = found;
        } else if let Some(method) = key.strip_prefix("    ")
            && matches!(method, "get" | "post" | "put" | "patch" | "delete")
        {
            let new = all.insert((method.to_uppercase(), path.to_owned()));
            assert!(new, "{method} {path} is there twice");
        }
    }
    all
}

/// What machines call outside of the staff.
fn of_machines() -> BTreeSet<Route> {
    let each = served().into_iter().flat_map(|route| {
        let methods = route.methods.into_iter();
        methods.map(move |method| (method.to_string(), route.path.to_owned()))
    });
    let metrics = (METRICS.0.to_owned(), METRICS.1.to_owned());
    each.chain([metrics]).collect()
}

fn of_staff() -> BTreeSet<Route> {
    let routes = declared().into_iter();
    routes
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect()
}

#[test]
fn every_route_that_machines_call_is_described() {
    let described = described();
    let scripts = SCRIPTS.map(|(method, path)| (method.to_owned(), path.to_owned()));
    let all = of_machines().into_iter().chain(scripts);
    let missing: Vec<Route> = all.filter(|route| !described.contains(route)).collect();
    assert!(missing.is_empty(), "not in docs/openapi.yaml: {missing:?}");
}

#[test]
fn nothing_is_described_that_is_not_there() {
    let there = &of_machines() | &of_staff();
    let gone: Vec<Route> = described().difference(&there).cloned().collect();
    assert!(gone.is_empty(), "in docs/openapi.yaml alone: {gone:?}");
}

/// A route of the staff that answers with something else than a page is read by a program or a script.
#[tokio::test]
async fn what_is_no_page_is_described() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let boss = world
        .an_account("boss@example.org", Role::Administrator)
        .await;
    let described = described();
    let mut found = 0;
    for route in declared() {
        if route.method != Method::GET {
            continue;
        }
        let values = match route.path {
            "/reports/{table}" => "waits",
            "/triage-lab/rules/{file}" => "en.toml",
            _ => NOBODY,
        };
        let parts = route.path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { values } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let cookie = world.session_of(&boss).await;
        let request = Request::get(&path).header(header::COOKIE, cookie);
        let response = world.call(request.body(Body::empty()).unwrap()).await;
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        if response.status() == StatusCode::OK && !kind.starts_with("text/html") {
            let key = ("GET".to_owned(), route.path.to_owned());
            assert!(described.contains(&key), "{path} answers with {kind}");
            found += 1;
        }
    }
    assert!(found >= 4, "{found}");
}
