//! What belongs to one person or one conversation is not there for others, however they guess its address:
//! object-level checks, besides those of roles (access.rs).

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use harborline::handoff::Act;
use harborline::http::declared;
use harborline::staff::Role;
use harborline::text::MessageBody;

use crate::support::world::{PUBLIC_URL, read};
use crate::support::{Engine, World};

/// An id that nothing has.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
/// All that an act could change of a conversation.
const CHANGES: [&str; 7] = [
    "SELECT COUNT(*) FROM messages",
    "SELECT COUNT(*) FROM notes",
    "SELECT COUNT(*) FROM transfers",
    "SELECT COUNT(*) FROM help_calls",
    "SELECT COUNT(*) FROM reveals",
    "SELECT COUNT(*) FROM wrap_ups",
    "SELECT COUNT(*) FROM alerts WHERE closed_at IS NOT NULL",
];
/// What every form of a conversation might ask for.
const FORM: &str = "body=umbrella&note=umbrella&reason=they_asked&tier=none&outcome=safe_for_now&owner=&to=01890a5d-ac96-774b-bcce-b302099a8057";

async fn calls(world: &World, method: &Method, path: &str, cookie: &str) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL)
        .header(header::COOKIE, cookie);
    let mut body = Body::empty();
    if *method == Method::POST {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        body = Body::from(FORM);
    }
    read(world.call(request.body(body).unwrap()).await).await
}

async fn counts(world: &World) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in CHANGES {
        all.push(world.count(sql).await);
    }
    all
}

#[tokio::test]
async fn the_conversation_of_another_responder_is_neither_shown_nor_changed() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world
        .phone("+15550123")
        .texts("i want to die, pomegranate")
        .await;
    let owner = world.a_member_of_staff("first@example.org").await;
    let conversation = world.first_in_the_queue().await;
    world.acts(&owner, conversation, Act::Claim).await.unwrap();
    let words = MessageBody::new("I am here.");
    world
        .acts(&owner, conversation, Act::Write(words))
        .await
        .unwrap();
    let other = world
        .an_account("second@example.org", Role::Responder)
        .await;
    let before = counts(&world).await;
    let mut called = 0;
    for route in declared() {
        let Some(rest) = route.path.strip_prefix("/conversations/{id}") else {
            continue;
        };
        // Taking over is the one way in: it is asked for, told, and in the audit log.
        if rest == "/take-over" {
            continue;
        }
        let rest: Vec<_> = rest
            .split('/')
            .map(|part| if part.starts_with('{') { NOBODY } else { part })
            .collect();
        let path = format!("/conversations/{conversation}{}", rest.join("/"));
        let cookie = world.session_of(&other).await;
        let (status, page) = calls(&world, &route.method, &path, &cookie).await;
        let place = format!("{} {path}: {status} {page}", route.method);
        assert!(
            !page.contains("pomegranate") && !page.contains("I am here."),
            "{place}"
        );
        assert!(!page.contains("5550123"), "{place}");
        assert!(!status.is_server_error(), "{place}");
        called += 1;
    }
    assert!(called > 15);
    assert_eq!(counts(&world).await, before);
    let holder = world
        .app
        .store
        .read()
        .await
        .unwrap()
        .open_alert(conversation)
        .await
        .unwrap();
    assert_eq!(holder.unwrap().claimed.map(|(who, _)| who), Some(owner.id));
}

#[tokio::test]
async fn what_belongs_to_an_account_is_not_there_for_another() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let owner = world.a_person("First", "+15550188").await;
    let other = world.a_person("Second", "+15550187").await;
    let cookie = world.session_of(&other).await;
    let methods = world
        .app
        .store
        .read()
        .await
        .unwrap()
        .methods_of(owner.id)
        .await
        .unwrap();
    let method = methods[0].id.to_string();
    let state = "SELECT COUNT(*) FROM contact_methods WHERE removed_at IS NULL AND disabled_at IS NULL AND code_hash IS NULL";
    let before = world.count(state).await;
    for route in declared() {
        if !route.path.starts_with("/me/methods/{method}") {
            continue;
        }
        let path = route.path.replace("{method}", &method);
        let (status, page) = calls(&world, &route.method, &path, &cookie).await;
        assert_eq!(
            status,
            StatusCode::NOT_FOUND,
            "{} {path}: {page}",
            route.method
        );
    }
    assert_eq!(world.count(state).await, before);
}
