//! Who may open what: every route of the staff, called by every role and by nobody.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use harborline::config::Config;
use harborline::http::{Access, Declared, declared};
use harborline::staff::Role;

use crate::support::world::{PUBLIC_URL, minutes};
use crate::support::{Engine, World};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The cookie of a new session of an account of this role.
async fn session(world: &World, role: Role) -> String {
    let login = format!("{}@example.org", role.word());
    let account = world.an_account(&login, role).await;
    world.session_of(&account).await
}

/// What a call comes to: let in (whatever the page then says), sent to the door, or refused.
async fn outcome(
    world: &World,
    method: &Method,
    path: &str,
    cookie: Option<String>,
) -> &'static str {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL);
    if *method == Method::POST {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = world.call(request.body(Body::empty()).unwrap()).await;
    let leads_to = response.headers().get(header::LOCATION);
    let leads_to = leads_to.map_or("", |place| place.to_str().unwrap());
    match response.status() {
        StatusCode::FORBIDDEN => "refused",
        StatusCode::SEE_OTHER if leads_to.starts_with("/sign-in") => "door",
        StatusCode::SEE_OTHER if leads_to.starts_with("/confirm") => "asked",
        StatusCode::SEE_OTHER
            if leads_to == "/me/second-factor" && path != "/me/second-factor/start" =>
        {
            "factor"
        }
        status => {
            assert!(!status.is_server_error(), "{method} {path}: {status}");
            "in"
        }
    }
}

#[tokio::test]
async fn every_route_is_open_to_whom_it_is_declared_for_and_to_nobody_else() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let mut table = format!(
        "{:6}{:40}{:12}{:12}{:12}{:15}{:12}{}\n",
        "", "", "signed out", "responder", "supervisor", "administrator", "asks again", "pace"
    );
    for route in declared() {
        let path = path_of(&route);
        let mut row = vec![outcome(&world, &route.method, &path, None).await];
        for role in Role::ALL {
            let cookie = session(&world, role).await;
            row.push(outcome(&world, &route.method, &path, Some(cookie)).await);
        }
        let expected = match route.access {
            // Signing out leads to the door by itself.
            Access::Open => row.clone(),
            Access::Session | Access::SignedIn => vec!["door", "in", "in", "in"],
            Access::May(permission) => [Some("door")]
                .into_iter()
                .chain(Role::ALL.map(|role| {
                    Some(if role.may(permission) {
                        "in"
                    } else {
                        "refused"
                    })
                }))
                .flatten()
                .collect(),
        };
        assert_eq!(row, expected, "{} {}", route.method, route.path);
        writeln!(
            table,
            "{:6}{:40}{:12}{:12}{:12}{:15}{:12}{}",
            route.method.as_str(),
            route.path,
            row[0],
            row[1],
            row[2],
            row[3],
            if route.confirmed { "yes" } else { "" },
            route.pace.word()
        )
        .unwrap();
    }
    let table: String = table
        .lines()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect();
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_route_takes_no_other_method_than_the_declared_ones() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let routes = declared();
    let cookie = session(&world, Role::Administrator).await;
    for route in &routes {
        let path = path_of(route);
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            if routes
                .iter()
                .any(|other| other.path == route.path && other.method == method)
            {
                continue;
            }
            let request = Request::builder()
                .method(&method)
                .uri(&path)
                .header(header::COOKIE, &cookie)
                .header(header::HOST, "line.example.org")
                .header(header::ORIGIN, PUBLIC_URL)
                .body(Body::empty())
                .unwrap();
            let status = world.call(request).await.status();
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {}", route.path);
        }
    }
}

#[tokio::test]
async fn what_is_sensitive_asks_again_who_it_is() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    for route in declared() {
        let path = path_of(&route);
        let cookie = session(&world, Role::Administrator).await;
        world.clock.advance(minutes(10));
        let came_to = outcome(&world, &route.method, &path, Some(cookie)).await;
        let asked = if route.confirmed { "asked" } else { "in" };
        let leads_there = ["/sign-out", "/sign-in/code"].contains(&route.path);
        let expected = if leads_there && came_to == "door" {
            "door"
        } else {
            asked
        };
        assert_eq!(came_to, expected, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn without_the_second_factor_that_a_role_needs_only_setting_it_up_opens() {
    let needed = |config: &mut Config| config.staff.require_totp = None;
    let world = World::with(Engine::Sqlite, needed).await.unwrap();
    for route in declared() {
        let path = path_of(&route);
        let cookie = session(&world, Role::Administrator).await;
        let came_to = outcome(&world, &route.method, &path, Some(cookie)).await;
        let expected = match route.access {
            Access::Open => continue,
            Access::Session => "in",
            Access::SignedIn | Access::May(_) => "factor",
        };
        assert_eq!(came_to, expected, "{} {}", route.method, route.path);
        let cookie = session(&world, Role::Responder).await;
        let came_to = outcome(&world, &route.method, &path, Some(cookie)).await;
        assert_ne!(came_to, "factor", "{} {}", route.method, route.path);
    }
}

/// An address of a route, with ids that nothing has.
fn path_of(route: &Declared) -> String {
    let parts = route.path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { NOBODY } else { part });
    parts.collect::<Vec<_>>().join("/")
}
