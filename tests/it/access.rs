//! Who may open what: every route of the staff, called by every role and by nobody.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use harborline::clock::Clock;
use harborline::credential::Token;
use harborline::http::{Access, declared};
use harborline::id::SeededIds;
use harborline::staff::Role;
use harborline::store::NewStaff;

use crate::support::world::PUBLIC_URL;
use crate::support::{Engine, World};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The cookie of a new session of an account of this role.
async fn session(world: &World, role: Role, nth: u64) -> String {
    let (token, now) = (Token::new(&SeededIds::new(1000 + nth)), world.clock.now());
    let hash = token.hash.clone();
    let start = world.app.store.write(move |tx| {
        let hash = hash.clone();
        Box::pin(async move {
            let login = format!("{}@example.org", role.word());
            let new = NewStaff {
                login: &login,
                name: role.word(),
                role,
                password_hash: "no password",
            };
            tx.add_staff(&new, now).await?;
            let account = tx.staff_by_login(&login).await?.unwrap();
            tx.start_session(&hash, account.id, now).await
        })
    });
    start.await.unwrap();
    format!("harborline_session={}", token.shown)
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
        "{:6}{:40}{:14}{:12}{:12}{:12}\n",
        "", "", "signed out", "responder", "supervisor", "administrator"
    );
    let mut nth = 0;
    for route in declared() {
        let path: String = route
            .path
            .split('/')
            .map(|part| if part.starts_with('{') { NOBODY } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let mut row = vec![outcome(&world, &route.method, &path, None).await];
        for role in Role::ALL {
            nth += 1;
            let cookie = session(&world, role, nth).await;
            row.push(outcome(&world, &route.method, &path, Some(cookie)).await);
        }
        let expected = match route.access {
            // Signing out leads to the door by itself.
            Access::Open => row.clone(),
            Access::SignedIn => vec!["door", "in", "in", "in"],
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
            "{:6}{:40}{:14}{:12}{:12}{:12}",
            route.method.as_str(),
            route.path,
            row[0],
            row[1],
            row[2],
            row[3]
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
    let cookie = session(&world, Role::Administrator, 1).await;
    for route in &routes {
        let path = route
            .path
            .replace("{id}", NOBODY)
            .replace("{token}", "another");
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
