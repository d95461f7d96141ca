//! How often anybody may ask for what: whoever does it too often waits, the others do not, and whoever texts
//! in a crisis never does.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::Response;
use harborline::http::{Access, Declared, Pace, declared};
use harborline::staff::Role;

use crate::support::world::{PUBLIC_URL, read, seconds};
use crate::support::{Engine, World, both};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const TEXTER: &str = "+15550123";

fn path_of(route: &Declared) -> String {
    let parts = route.path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { NOBODY } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn asks(world: &World, route: &Declared, cookie: &str, body: Vec<u8>) -> Response {
    let request = Request::builder()
        .method(&route.method)
        .uri(path_of(route))
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie);
    world.call(request.body(Body::from(body)).unwrap()).await
}

fn burst(pace: Pace) -> u32 {
    pace.rate().burst.get()
}

#[tokio::test]
async fn each_pace_holds_for_one_person_and_ends_with_a_wait() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let one = world
        .an_account("one@example.org", Role::Administrator)
        .await;
    let other = world
        .an_account("other@example.org", Role::Administrator)
        .await;
    let routes = declared();
    for pace in Pace::ALL {
        // Reading and streams are no different, and the longest; monitors are not of the staff.
        if matches!(pace, Pace::Probe | Pace::Open) {
            continue;
        }
        let (cookie, others) = (world.session_of(&one).await, world.session_of(&other).await);
        // The last one: it asks for no password, whose tries have limits of their own.
        let route = routes.iter().rfind(|route| route.pace == pace);
        let route = route.unwrap_or_else(|| panic!("nothing has the pace {pace:?}"));
        for nth in 0..burst(pace) {
            let status = asks(&world, route, &cookie, Vec::new()).await.status();
            assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{pace:?} {nth}");
        }
        let refused = asks(&world, route, &cookie, Vec::new()).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "{pace:?}");
        let wait = refused.headers()[header::RETRY_AFTER].to_str().unwrap();
        assert!(wait.parse::<NonZeroU32>().is_ok(), "{wait}");
        let (_, page) = read(refused).await;
        assert!(
            page.contains("very often") && page.contains("Nothing was changed"),
            "{page}"
        );
        let status = asks(&world, route, &others, Vec::new()).await.status();
        assert_ne!(
            status,
            StatusCode::TOO_MANY_REQUESTS,
            "{pace:?}: somebody else"
        );
        world.clock.advance(pace.rate().refill);
        let status = asks(&world, route, &cookie, Vec::new()).await.status();
        assert_ne!(status, StatusCode::TOO_MANY_REQUESTS, "{pace:?}: later");
    }
}

#[tokio::test]
async fn what_costs_most_has_a_pace_of_its_own() {
    for (method, path, pace) in [
        (Method::POST, "/search", Pace::Search),
        (Method::POST, "/conversations/{id}/number", Pace::Reveal),
        (Method::POST, "/audit/export", Pace::Export),
        (Method::GET, "/reports/{table}", Pace::Export),
        (Method::POST, "/people/invite", Pace::Invite),
        (Method::POST, "/people/{id}/link", Pace::Invite),
        (Method::POST, "/me/methods/{method}/send-code", Pace::Send),
        (Method::POST, "/me/methods/{method}/test", Pace::Send),
        (Method::POST, "/me/push", Pace::Send),
        (Method::POST, "/board/call", Pace::Send),
        (Method::POST, "/triage-lab", Pace::Try),
        (Method::POST, "/content/phone", Pace::Try),
        (Method::GET, "/system/checks", Pace::Try),
        (Method::GET, "/live", Pace::Stream),
    ] {
        let routes = declared();
        let found = routes
            .iter()
            .find(|route| route.method == method && route.path == path);
        assert_eq!(found.map(|route| route.pace), Some(pace), "{method} {path}");
    }
    for route in declared() {
        assert_eq!(
            route.access == Access::Open,
            route.pace == Pace::Open,
            "{}",
            route.path
        );
    }
}

#[tokio::test]
async fn a_stranger_waits_and_the_staff_do_not() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    for _ in 0..burst(Pace::Open) {
        assert_eq!(world.get("/sign-in").await.0, StatusCode::OK);
    }
    let (status, page) = world.get("/sign-in").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{page}");
    let one = world.a_member_of_staff("one@example.org").await;
    world.visitor(&one).await.reads("/queue").await;
    world.clock.advance(seconds(1));
    assert_eq!(world.get("/sign-in").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_monitor_that_asks_without_end_waits() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let asked = async |path: &str| world.get(path).await.0;
    for _ in 0..burst(Pace::Probe) {
        assert_eq!(asked("/readyz").await, StatusCode::OK);
    }
    assert_eq!(asked("/readyz").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(asked("/heartbeat").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        asked("/healthz").await,
        StatusCode::OK,
        "whether it is alive costs nothing"
    );
    world.clock.advance(seconds(1));
    assert_eq!(asked("/readyz").await, StatusCode::OK);
}

both! {
    async fn a_crisis_is_answered_however_often_and_whatever_else_is_limited(world: World) {
        // From this address everything is used up that strangers have.
        for _ in 0..=burst(Pace::Open) {
            world.get("/sign-in").await;
        }
        for _ in 0..=burst(Pace::Probe) {
            world.get("/readyz").await;
        }
        let phone = world.phone(TEXTER);
        let mut silent = 0;
        for n in 0..60 {
            silent += usize::from(phone.texts("MENU").await.all().is_empty());
            if n % 2 == 0 {
                // No time passes: this is as often as it can be.
                let crisis = phone.texts("i want to die").await;
                crisis.expect_inline("988");
            }
        }
        assert!(silent > 10, "menus to one number have an end: {silent}");
        world.responder().expect("CRISIS");
    }
}

#[tokio::test]
async fn an_account_has_so_many_streams_and_one_more_when_one_ends() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let account = world.a_member_of_staff("one@example.org").await;
    let cookie = world.session_of(&account).await;
    let live = async || {
        let request = Request::get("/live").header(header::COOKIE, &cookie);
        world.call(request.body(Body::empty()).unwrap()).await
    };
    let mut streams = Vec::new();
    for nth in 0..24 {
        let stream = live().await;
        assert_eq!(stream.status(), StatusCode::OK, "{nth}");
        streams.push(stream);
    }
    assert_eq!(live().await.status(), StatusCode::TOO_MANY_REQUESTS);
    let other = world.a_member_of_staff("other@example.org").await;
    let request = Request::get("/live").header(header::COOKIE, world.session_of(&other).await);
    let others = world.call(request.body(Body::empty()).unwrap()).await;
    assert_eq!(others.status(), StatusCode::OK);
    streams.pop();
    assert_eq!(live().await.status(), StatusCode::OK);
}

/// More than any form may have.
const TOO_LARGE: usize = 1024 * 1024 + 1;

#[tokio::test]
async fn every_act_refuses_a_body_that_is_too_large_and_says_so() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let mut read_it = 0;
    for route in declared() {
        if route.method != Method::POST {
            continue;
        }
        let account = world
            .an_account("one@example.org", Role::Administrator)
            .await;
        let cookie = world.session_of(&account).await;
        let large = [b"body=".to_vec(), vec![b'a'; TOO_LARGE]].concat();
        let response = asks(&world, &route, &cookie, large).await;
        let (status, page) = read(response).await;
        // An act without a form reads no body at all.
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            assert!(page.contains("at most 128 KiB"), "{}: {page}", route.path);
            read_it += 1;
        } else {
            assert!(!status.is_server_error(), "{}: {status}", route.path);
            assert!(!page.contains("aaaaaaaa"), "{} took it in", route.path);
        }
    }
    assert!(read_it > 30, "{read_it}");
    for path in [
        "/hooks/main/inbound",
        "/hooks/main/status",
        "/hooks/main/call",
    ] {
        let request = Request::post(path)
            .body(Body::from(vec![b'a'; TOO_LARGE]))
            .unwrap();
        let (status, said) = read(world.call(request).await).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert!(said.contains("at most 128 KiB"), "{said}");
    }
}
