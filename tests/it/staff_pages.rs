//! The pages of staff: who gets in, and what they can do there.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use harborline::clock::Clock;
use harborline::credential::Passwords;
use harborline::id::SeededIds;
use harborline::staff::Role;
use harborline::store::NewStaff;

use crate::support::visitor::hidden;
use crate::support::world::{PUBLIC_URL, minutes, read};
use crate::support::{World, both};

const PASSWORD: &str = "a long enough password";

fn form(path: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Request<Body> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "line.example.org")
        .header(header::ORIGIN, PUBLIC_URL);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request.body(Body::from(body)).unwrap()
}

async fn get(world: &World, path: &str, cookie: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    read(world.call(request.body(Body::empty()).unwrap()).await).await
}

/// Makes the first administrator and returns their cookie.
async fn administrator(world: &World) -> String {
    let link = world.app.setup_link().await.unwrap().unwrap();
    let path = link.strip_prefix(PUBLIC_URL).unwrap();
    let fields = [
        ("name", "First"),
        ("login", "first@example.org"),
        ("password", PASSWORD),
    ];
    let response = world.call(form(path, None, &fields)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let cookie = response.headers()[header::SET_COOKIE]
        .to_str()
        .unwrap()
        .to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

/// Makes a second account and returns their cookie.
async fn colleague(world: &World) -> String {
    let passwords = Passwords::new(Arc::new(SeededIds::new(3)));
    let hash = passwords.hash(PASSWORD.to_owned()).await.unwrap();
    let (now, role) = (world.clock.now(), Role::Responder);
    let add = world.app.store.write(move |tx| {
        let hash = hash.clone();
        Box::pin(async move {
            let (login, name) = ("second@example.org", "Second");
            tx.add_staff(
                &NewStaff {
                    login,
                    name,
                    role,
                    password_hash: &hash,
                },
                now,
            )
            .await
        })
    });
    add.await.unwrap().unwrap();
    let fields = [("login", "second@example.org"), ("password", PASSWORD)];
    let response = world.call(form("/sign-in", None, &fields)).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The address of the first conversation in the queue.
async fn first_conversation(world: &World, cookie: &str) -> String {
    let (_, queue) = get(world, "/", Some(cookie)).await;
    let start = queue
        .find("/conversations/")
        .expect("a conversation in the queue");
    queue[start..].split('"').next().unwrap().to_owned()
}

both! {
    async fn the_set_up_link_makes_one_administrator_and_then_is_gone(world: World) {
        let link = world.app.setup_link().await.unwrap().unwrap();
        let path = link.strip_prefix(PUBLIC_URL).unwrap();
        for (name, login, password, problem) in [
            ("First", "first@example.org", "short", "12 characters"),
            ("First", "first", PASSWORD, "e-mail address"),
            ("", "first@example.org", PASSWORD, "name"),
        ] {
            let fields = [("name", name), ("login", login), ("password", password)];
            let (status, page) = read(world.call(form(path, None, &fields)).await).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(page.contains(problem) && !page.contains(PASSWORD), "{page}");
        }
        assert_eq!(get(&world, "/setup/another", None).await.0, StatusCode::NOT_FOUND);
        administrator(&world).await;
        assert_eq!(get(&world, path, None).await.0, StatusCode::NOT_FOUND);
        assert_eq!(world.app.setup_link().await.unwrap(), None);
    }

    async fn the_set_up_link_is_gone_once_there_is_an_account_however_it_was_made(world: World) {
        let link = world.app.setup_link().await.unwrap().unwrap();
        let path = link.strip_prefix(PUBLIC_URL).unwrap();
        world.a_member_of_staff("first@example.org").await;
        assert_eq!(get(&world, path, None).await.0, StatusCode::NOT_FOUND);
        let fields = [("name", "Second"), ("login", "second@example.org"), ("password", PASSWORD)];
        let (status, _) = read(world.call(form(path, None, &fields)).await).await;
        assert!(!status.is_success() && !status.is_redirection(), "{status}");
        assert_eq!(world.count("SELECT COUNT(*) FROM staff").await, 1);
    }

    async fn without_a_session_every_page_leads_to_the_door(world: World) {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        for path in ["/", "/queue", "/live", &format!("/conversations/{id}"), &format!("/conversations/{id}/thread")] {
            assert_eq!(get(&world, path, None).await.0, StatusCode::SEE_OTHER, "{path}");
            let forged = get(&world, path, Some("__Host-harborline_session=forged")).await.0;
            assert_eq!(forged, StatusCode::SEE_OTHER, "{path}");
        }
        for act in ["claim", "reply", "close"] {
            let request = form(&format!("/conversations/{id}/{act}"), None, &[("body", "hello")]);
            assert_eq!(world.call(request).await.status(), StatusCode::SEE_OTHER, "{act}");
        }
    }

    async fn after_sign_in_a_person_goes_on_to_what_they_asked_for_and_to_no_other_site(world: World) {
        administrator(&world).await;
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let page = format!("/conversations/{id}?x=1&y=2");
        let asked = [
            (Request::get(&page).body(Body::empty()).unwrap(), page.clone()),
            (form(&format!("/conversations/{id}/reply"), None, &[("body", "hello")]), format!("/conversations/{id}")),
            (Request::get("/").body(Body::empty()).unwrap(), "/".to_owned()),
        ];
        let place = |response: axum::response::Response| {
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            response.headers()[header::LOCATION].to_str().unwrap().to_owned()
        };
        let fields = [("login", "first@example.org"), ("password", PASSWORD)];
        for (request, page) in asked {
            let door = place(world.call(request).await);
            assert_eq!(place(world.call(form(&door, None, &fields)).await), page);
        }
        for other in ["https://evil.example", "//evil.example", "/\\evil.example", "/%09/evil.example"] {
            let door = format!("/sign-in?then={}", other.replace(':', "%3A").replace('\\', "%5C"));
            assert_eq!(place(world.call(form(&door, None, &fields)).await), "/", "{other}");
        }
    }

    async fn a_form_from_another_site_is_refused(world: World) {
        let cookie = administrator(&world).await;
        let mut request = form("/sign-out", Some(&cookie), &[]);
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        request.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
        assert_eq!(world.call(request).await.status(), StatusCode::FORBIDDEN);
        assert_eq!(get(&world, "/", Some(&cookie)).await.0, StatusCode::OK);
    }

    async fn a_session_ends_with_sign_out_idleness_and_age(world: World) {
        let cookie = administrator(&world).await;
        assert_eq!(world.call(form("/sign-out", Some(&cookie), &[])).await.status(), StatusCode::SEE_OTHER);
        assert_eq!(get(&world, "/", Some(&cookie)).await.0, StatusCode::SEE_OTHER);
        let sign_in = || form("/sign-in", None, &[("login", "first@example.org"), ("password", PASSWORD)]);
        let cookie_of = |response: axum::response::Response| {
            response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
        };
        let idle = cookie_of(world.call(sign_in()).await);
        world.clock.advance(minutes(4 * 60 + 1));
        assert_eq!(get(&world, "/", Some(&idle)).await.0, StatusCode::SEE_OTHER);
        let busy = cookie_of(world.call(sign_in()).await);
        for _ in 0..4 {
            world.clock.advance(minutes(175));
            assert_eq!(get(&world, "/", Some(&busy)).await.0, StatusCode::OK);
        }
        world.clock.advance(minutes(30));
        assert_eq!(get(&world, "/", Some(&busy)).await.0, StatusCode::SEE_OTHER);
    }

    async fn a_wrong_password_and_an_unknown_account_look_the_same(world: World) {
        administrator(&world).await;
        let mut pages = Vec::new();
        for login in ["first@example.org", "nobody@example.org"] {
            let fields = [("login", login), ("password", "not the password")];
            let (status, page) = read(world.call(form("/sign-in", None, &fields)).await).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            pages.push(page.replace(login, ""));
        }
        assert_eq!(pages[0], pages[1]);
    }

    async fn a_responder_claims_writes_and_closes(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        world.responder().texts("A3").await.expect_reply(PUBLIC_URL);
        let cookie = administrator(&world).await;
        let (_, queue) = get(&world, "/", Some(&cookie)).await;
        for part in ["Case A3", "acknowledged by Duty phone", "high"] {
            assert!(queue.contains(part), "{part}: {queue}");
        }
        assert!(!queue.contains("5550123") && !queue.contains("want to die"));
        let path = first_conversation(&world, &cookie).await;
        let (_, page) = get(&world, &path, Some(&cookie)).await;
        assert!(page.contains("<mark>want to die</mark>"), "the span that fired: {page}");
        assert!(page.contains("number ending in 23") && !page.contains("5550123"), "{page}");

        let claim = world.call(form(&format!("{path}/claim"), Some(&cookie), &[])).await;
        assert_eq!(claim.status(), StatusCode::SEE_OTHER);
        world.advance(minutes(4)).await;
        assert!(world.responder().inbox().is_empty());
        world.advance(minutes(2)).await;
        let heard = world.responder().inbox();
        assert_eq!(heard.len(), 2, "claimed and not answered: {heard:?}");
        assert!(heard[0].contains("opened again: nobody wrote") && heard[1].starts_with("CRISIS"), "{heard:?}");

        texter.inbox();
        let fields = [("body", "Hi, I\u{2019}m here with you")];
        world.call(form(&format!("{path}/reply"), Some(&cookie), &fields)).await;
        world.settle().await;
        assert_eq!(texter.inbox(), ["Hi, I'm here with you"]);
        assert_eq!(world.responder().inbox(), ["Case A3 was taken by First. Thank you for being there."]);
        world.advance(minutes(30)).await;
        assert!(world.responder().inbox().is_empty(), "a human is there");
        // What is no crisis is now the human's to answer; a crisis text still gets 988 at once.
        texter.texts("thank you").await.expect_silence();
        texter.texts("i want to die").await.expect_inline("988");

        let outcome = [("outcome", "safe_for_now")];
        world.call(form(&format!("{path}/close"), Some(&cookie), &outcome)).await;
        let (_, queue) = get(&world, "/", Some(&cookie)).await;
        assert!(queue.contains("<p class=\"calm\">Nobody is waiting.</p>"), "{queue}");
        texter.texts("menu").await.expect_reply("Reply with a number");
    }

    async fn a_responder_who_falls_silent_is_replaced(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        let cookie = administrator(&world).await;
        let path = first_conversation(&world, &cookie).await;
        world.call(form(&format!("{path}/reply"), Some(&cookie), &[("body", "Hi, I am here.")])).await;
        world.settle().await;
        world.responder().inbox();
        world.advance(minutes(20)).await;
        texter.inbox();
        assert!(world.responder().inbox().is_empty(), "the texter has not answered yet");
        texter.texts("are you still there").await.expect_silence();
        world.advance(minutes(4)).await;
        assert!(world.responder().inbox().is_empty(), "they have their time to answer");
        world.advance(minutes(2)).await;
        let pages = world.responder().inbox();
        assert_eq!(pages.len(), 1, "{pages:?}");
        assert!(pages[0].contains("case A3"), "{pages:?}");
        world.call(form(&format!("{path}/reply"), Some(&cookie), &[("body", "Yes.")])).await;
        world.advance(minutes(20)).await;
        assert_eq!(world.responder().inbox(), ["Case A3 was taken by First. Thank you for being there."]);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL").await, 0);
    }

    async fn a_conversation_is_taken_over_on_purpose_and_in_no_other_way(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        let first = administrator(&world).await;
        let second = colleague(&world).await;
        let path = first_conversation(&world, &first).await;
        world.call(form(&format!("{path}/claim"), Some(&first), &[])).await;
        world.settle().await;
        let told = world.responder().inbox();
        assert!(told.iter().any(|text| text.contains("Case A3 was taken by First")), "{told:?}");
        for act in ["reply", "close"] {
            let request = form(&format!("{path}/{act}"), Some(&second), &[("body", "hello")]);
            let (status, page) = read(world.call(request).await).await;
            let refused = [StatusCode::CONFLICT, StatusCode::NOT_FOUND].contains(&status);
            assert!(refused && !page.contains("want to die"), "{act}: {status} {page}");
        }
        let (_, page) = get(&world, &format!("{path}/take-over"), Some(&second)).await;
        let owner = hidden(&page, "owner");
        let take_over = form(&format!("{path}/take-over"), Some(&second), &[("owner", &owner)]);
        assert_eq!(world.call(take_over).await.status(), StatusCode::SEE_OTHER);
        let reply = form(&format!("{path}/reply"), Some(&second), &[("body", "hello")]);
        assert_eq!(world.call(reply).await.status(), StatusCode::SEE_OTHER);
        let taken = "SELECT COUNT(*) FROM audit_log WHERE action = 'conversation.taken_over'";
        assert_eq!(world.count(taken).await, 1);
    }

    async fn nothing_that_was_written_is_lost_when_it_is_refused(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        let cookie = administrator(&world).await;
        let path = first_conversation(&world, &cookie).await;
        for (body, problem) in [("   ".to_owned(), "Write something"), ("x".repeat(1601), "1601 characters")] {
            let request = form(&format!("{path}/reply"), Some(&cookie), &[("body", &body)]);
            let (status, page) = read(world.call(request).await).await;
            assert_eq!(status, StatusCode::CONFLICT);
            assert!(page.contains(problem) && page.contains(&format!(">{body}</textarea>")), "{problem}");
        }
    }

    async fn someone_who_opted_out_is_not_written_to(world: World) {
        let texter = world.phone("+15550123");
        texter.texts("i want to die").await;
        texter.texts("STOP").await;
        let cookie = administrator(&world).await;
        let path = first_conversation(&world, &cookie).await;
        let request = form(&format!("{path}/reply"), Some(&cookie), &[("body", "hello")]);
        let (status, page) = read(world.call(request).await).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(page.contains("opted out"), "{page}");
    }

    async fn what_a_texter_writes_is_shown_as_text_only(world: World) {
        world.phone("+15550123").texts("i want to die <script>alert(1)</script> \"'&").await;
        let cookie = administrator(&world).await;
        let path = first_conversation(&world, &cookie).await;
        let (_, page) = get(&world, &path, Some(&cookie)).await;
        assert!(!page.contains("<script>alert"), "{page}");
    }
}
