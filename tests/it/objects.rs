//! What belongs to one person or one conversation is not there for others, however they guess its address:
//! object-level checks, besides those of roles (access.rs).

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use harborline::handoff::Act;
use harborline::http::declared;
use harborline::staff::Role;
use harborline::text::MessageBody;

use crate::support::log::Log;
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

#[tokio::test]
async fn a_draft_is_of_who_writes_it() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world.phone("+15550123").texts("i want to die").await;
    let first = world.an_account("first@example.org", Role::Responder).await;
    let second = world
        .an_account("second@example.org", Role::Responder)
        .await;
    let conversation = world.first_in_the_queue().await;
    let draft = format!("/conversations/{conversation}/draft");
    let (one, other) = (world.visitor(&first).await, world.visitor(&second).await);
    // Nobody has it yet: both may read it, and each has a draft of their own.
    one.sends(&draft, &[("body", "quince")]).await;
    other.sends(&draft, &[("body", "medlar")]).await;
    other.sends(&draft, &[("body", "")]).await;
    let kept = "SELECT COUNT(*) FROM drafts";
    assert_eq!(
        world.count(kept).await,
        1,
        "the other's is emptied, and theirs alone"
    );
    world.acts(&first, conversation, Act::Claim).await.unwrap();
    let words = MessageBody::new("I am here.");
    world
        .acts(&first, conversation, Act::Write(words))
        .await
        .unwrap();
    one.sends(&draft, &[("body", "quince")]).await;
    let before = world.count(kept).await;
    // Now it is the first one's: the other one neither sees the draft nor writes one.
    for quietly in ["", "yes"] {
        let sent = other
            .sends(&draft, &[("body", "medlar"), ("quietly", quietly)])
            .await;
        assert!(
            sent.status.is_client_error() && !sent.page.contains("quince"),
            "{sent:?}"
        );
    }
    for path in ["", "/thread", "/canned", "/hand-on", "/close"] {
        let (_, page) = other
            .opens(&format!("/conversations/{conversation}{path}"))
            .await;
        assert!(!page.contains("quince"), "{path}: {page}");
    }
    assert_eq!(world.count(kept).await, before);
    assert!(
        one.reads(&format!("/conversations/{conversation}"))
            .await
            .contains("quince")
    );
}

#[tokio::test]
async fn an_offer_is_answered_by_who_was_asked_and_taken_back_by_who_asked() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world.phone("+15550123").texts("i want to die").await;
    let owner = world.a_person("First", "+15550188").await;
    let asked = world.a_person("Second", "+15550187").await;
    let third = world.a_person("Night", "+15550186").await;
    let conversation = world.first_in_the_queue().await;
    world.acts(&owner, conversation, Act::Claim).await.unwrap();
    world
        .acts(&owner, conversation, Act::Offer { to: asked.id })
        .await
        .unwrap();
    let open = "SELECT COUNT(*) FROM transfers WHERE ended_at IS NULL";
    assert_eq!(world.count(open).await, 1);
    for (who, acts) in [
        (&third, ["accept", "decline", "withdraw"].as_slice()),
        (&owner, ["accept", "decline"].as_slice()),
        (&asked, ["withdraw"].as_slice()),
    ] {
        let visitor = world.visitor(who).await;
        for act in acts {
            let sent = visitor
                .sends(&format!("/conversations/{conversation}/offer/{act}"), &[])
                .await;
            assert!(
                sent.status.is_client_error(),
                "{act} by {}: {sent:?}",
                who.name
            );
            assert_eq!(world.count(open).await, 1, "{act} by {}", who.name);
        }
    }
    world
        .acts(&asked, conversation, Act::AcceptOffer)
        .await
        .unwrap();
    assert_eq!(world.count(open).await, 0);
}

#[tokio::test]
async fn a_number_that_was_shown_to_one_person_is_shown_to_nobody_else() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world.phone("+15550123456").texts("i want to die").await;
    let first = world
        .an_account("first@example.org", Role::Supervisor)
        .await;
    let second = world
        .an_account("second@example.org", Role::Supervisor)
        .await;
    let conversation = world.first_in_the_queue().await;
    let packs = harborline::content::Packs::builtin().unwrap();
    let reason = packs.codes().reveals[0].code.clone();
    let page = format!("/conversations/{conversation}");
    let one = world.visitor(&first).await;
    one.sends(&format!("{page}/number"), &[("reason", &reason)])
        .await
        .expect_done("You see the number now");
    assert!(one.reads(&page).await.contains("+15550123456"));
    let other = world.visitor(&second).await;
    for path in [
        page.clone(),
        format!("{page}/timeline"),
        format!("{page}/number"),
    ] {
        assert!(!other.reads(&path).await.contains("0123456"), "{path}");
    }
}

#[tokio::test]
async fn sessions_calendar_and_push_of_another_stay_as_they_are() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let owner = world.a_person("First", "+15550188").await;
    let other = world.a_person("Second", "+15550187").await;
    let theirs = world.visitor(&owner).await;
    let mine = world.visitor(&other).await;
    let token = world.app.rota.renew_feed(&owner).await.unwrap();
    let feed = format!("/on-call/feed/{token}.ics");
    let sessions = world.app.accounts.sessions(&owner).await.unwrap();
    for session in &sessions {
        mine.sends(&format!("/me/sessions/{}/end", session.id), &[])
            .await;
    }
    mine.sends("/me/sessions/end-others", &[]).await;
    theirs.reads("/").await;
    mine.sends("/me/calendar/renew", &[]).await;
    mine.sends("/me/calendar/revoke", &[]).await;
    assert_eq!(
        world.get(&feed).await.0,
        StatusCode::OK,
        "their calendar is where it was"
    );
    assert!(!world.get(&feed).await.1.contains("Second"));
    for wrong in [
        token.to_uppercase(),
        token[1..].to_owned(),
        format!("{token}0"),
        NOBODY.to_owned(),
    ] {
        let (status, _) = world.get(&format!("/on-call/feed/{wrong}.ics")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{wrong}");
    }
    let place = [
        ("endpoint", "https://push.example.org/send/one"),
        (
            "p256dh",
            "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        ("auth", "AAAAAAAAAAAAAAAAAAAAAA"),
    ];
    let rows = "SELECT COUNT(*) FROM push_subscriptions";
    theirs.sends("/me/push", &place).await;
    let before = world.count(rows).await;
    mine.sends("/me/push/off", &[]).await;
    assert_eq!(
        world.count(rows).await,
        before,
        "only the browser that asks is switched off"
    );
}

#[tokio::test]
async fn who_asks_for_what_is_not_theirs_stands_in_the_log_without_what_was_asked() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world
        .phone("+15550123")
        .texts("i want to die, pomegranate")
        .await;
    let owner = world.a_person("First", "+15550188").await;
    let other = world.a_person("Second", "+15550187").await;
    let conversation = world.first_in_the_queue().await;
    world.acts(&owner, conversation, Act::Claim).await.unwrap();
    let visitor = world.visitor(&other).await;
    let log = Log::default();
    let listening = log.listen();
    let page = format!("/conversations/{conversation}");
    assert_eq!(visitor.opens(&page).await.0, StatusCode::FORBIDDEN);
    let refused = visitor.sends("/people/invite", &[("name", "pomegranate")]);
    assert_eq!(refused.await.status, StatusCode::FORBIDDEN);
    let forged = Request::post("/sign-in")
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::empty())
        .unwrap();
    let (status, said) = read(world.call(forged).await).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(said.contains("may have come from another site"), "{said}");
    let mut waits = 0;
    for _ in 0..620 {
        let (status, _) = visitor.opens("/me/push/key").await;
        waits += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    drop(listening);
    assert!(waits > 10, "{waits}");
    let log = log.text();
    let lines = |words: &str| {
        let of_them = log.lines().filter(|line| line.contains(words));
        of_them.map(str::to_owned).collect::<Vec<_>>()
    };
    let account = other.id.to_string();
    for (words, route) in [
        (
            "asked for what is not there, or not theirs",
            "/conversations/{id}",
        ),
        ("asked for what is not part of their role", "/people/invite"),
    ] {
        let found = lines(words);
        assert_eq!(found.len(), 1, "{words}: {found:?}");
        assert!(
            found[0].contains("WARN") && found[0].contains(route),
            "{found:?}"
        );
        assert!(found[0].contains(&account), "{found:?}");
    }
    assert_eq!(lines("a form that another site may have made").len(), 1);
    // Once a minute, however often.
    let often = lines("asks too often, and has to wait");
    assert!(often.len() == 1 && often[0].contains(&account), "{often:?}");
    assert!(
        !log.contains("pomegranate") && !log.contains("evil"),
        "{log}"
    );
}

/// Every page of an object, asked for by an id that nothing has, and by the id of something else.
#[tokio::test]
async fn a_guessed_id_finds_nothing() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    world
        .phone("+15550123")
        .texts("i want to die, pomegranate")
        .await;
    let conversation = world.first_in_the_queue().await.to_string();
    let boss = world
        .an_account("boss@example.org", Role::Administrator)
        .await;
    let mut called = 0;
    for route in declared() {
        if !route.path.contains('{') {
            continue;
        }
        let of_conversation = route.path.starts_with("/conversations/");
        let guesses = [
            NOBODY,
            conversation.as_str(),
            "1",
            "..%2f..%2fetc%2fpasswd",
            "%00",
        ];
        for guess in guesses {
            if of_conversation && guess == conversation {
                continue;
            }
            let parts = route.path.split('/');
            let parts = parts.map(|part| if part.starts_with('{') { guess } else { part });
            let path = parts.collect::<Vec<_>>().join("/");
            let cookie = world.session_of(&boss).await;
            let (status, page) = calls(&world, &route.method, &path, &cookie).await;
            let place = format!("{} {path}: {status}", route.method);
            // A form that is not finished comes back as it was sent: nothing was looked for yet.
            let is_form = route.method == Method::POST && route.path == "/policies/{id}";
            assert!(
                (is_form || !status.is_success()) && !status.is_server_error(),
                "{place} {page}"
            );
            assert!(!page.contains("pomegranate"), "{place} {page}");
            called += 1;
        }
    }
    assert!(called > 200, "{called}");
}
