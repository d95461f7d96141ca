//! Signing in: who gets in, who does not, and that nobody is kept out by others.

use axum::http::{StatusCode, header};
use futures_util::future::join_all;
use harborline::clock::Clock;
use harborline::config::Config;

use crate::support::browser::PASSWORD;
use crate::support::world::{PUBLIC_URL, minutes, seconds};
use crate::support::{Browser, Engine, World, both};

const OTHER: &str = "another good enough password";

/// A world in which administrators need a second factor, as by default.
async fn strict(engine: Engine) -> Option<World> {
    let default = |config: &mut Config| config.staff.require_totp = None;
    World::with(engine, default).await
}

/// Another person with a password, and a browser that they have signed in with.
async fn second<'w>(admin: &Browser<'_>, world: &'w World) -> Browser<'w> {
    let link = admin
        .invite("second@example.org", "Second", "responder")
        .await;
    let browser = Browser::at(world, "198.51.100.2");
    browser
        .post(&link, &[("password", PASSWORD)])
        .await
        .goes_to("/");
    browser
}

async fn id_of(world: &World, login: &str) -> String {
    let mut tx = world.app.store.read().await.unwrap();
    tx.staff_by_login(login)
        .await
        .unwrap()
        .unwrap()
        .id
        .to_string()
}

both! {
    async fn who_is_invited_chooses_a_password_once(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let link = admin.invite("second@example.org", "Second", "responder").await;
        let invited = Browser::new(&world);
        invited.sign_in("second@example.org", "").await.expect(422, "do not belong together");
        let page = invited.get(&link).await;
        page.expect(200, "Welcome, Second").expect(200, "second@example.org");
        for (weak, problem) in [("short", "12 characters"), ("second@example.org", "easy to guess"), ("password1234", "easy to guess")] {
            invited.post(&link, &[("password", weak)]).await.expect(422, problem);
        }
        invited.post(&link, &[("password", PASSWORD)]).await.goes_to("/");
        invited.get("/").await.expect(200, "Nobody is waiting");
        invited.get("/people").await.expect(403, "Not part of your role");
        for used in [&link, "/link/another"] {
            invited.get(used).await.expect(404, "does not work any more");
            invited.post(used, &[("password", OTHER)]).await.expect(404, "does not work any more");
        }
        let again = Browser::new(&world);
        again.sign_in(" Second@Example.ORG ", PASSWORD).await.goes_to("/");
        admin.post("/people/invite", &[("login", "second@example.org"), ("name", "X"), ("role", "responder")]).await
            .expect(422, "There is an account with this e-mail address already");
        let people = admin.get("/people").await;
        people.expect(200, "second@example.org").expect(200, "can sign in");
    }

    async fn an_invitation_ends_after_three_days_and_when_it_is_replaced(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let first = admin.invite("second@example.org", "Second", "responder").await;
        let id = id_of(&world, "second@example.org").await;
        let page = admin.post(&format!("/people/{id}/link"), &[]).await;
        page.expect(200, "shown this once");
        let replaced = page.between(PUBLIC_URL, "</textarea>");
        Browser::new(&world).get(&first).await.expect(404, "does not work any more");
        world.clock.advance(minutes(72 * 60 - 1));
        Browser::new(&world).get(&replaced).await.expect(200, "Welcome");
        world.clock.advance(minutes(1));
        Browser::new(&world).get(&replaced).await.expect(404, "does not work any more");
        Browser::new(&world).post(&replaced, &[("password", PASSWORD)]).await.expect(404, "does not work");
    }

    async fn strangers_who_guess_do_not_keep_the_owner_out(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        owner.post("/sign-out", &[]).await.goes_to("/sign-in");
        // From many addresses, so that no address is slowed down.
        for n in 0..10 {
            let stranger = Browser::at(&world, &format!("203.0.113.{n}"));
            stranger.sign_in("first@example.org", "a wrong password").await.expect(422, "do not belong together");
        }
        let stranger = Browser::at(&world, "203.0.113.99");
        let refused = stranger.sign_in("first@example.org", PASSWORD).await;
        refused.expect(429, "Please wait 30 s");
        assert_eq!(refused.headers[header::RETRY_AFTER], "30");
        // It looks the same for an account that does not exist.
        for n in 0..10 {
            let stranger = Browser::at(&world, &format!("203.0.113.{n}"));
            stranger.sign_in("nobody@example.org", "a wrong password").await.expect(422, "do not belong together");
        }
        Browser::at(&world, "203.0.113.98").sign_in("nobody@example.org", "x").await.expect(429, "Please wait 30 s");
        // The browser that was here before has tries of its own.
        owner.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        // And whoever waits gets in, with the right password.
        stranger.sign_in("first@example.org", PASSWORD).await.expect(429, "Please wait");
        world.clock.advance(seconds(31));
        stranger.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        Browser::new(&world).sign_in("first@example.org", "wrong again").await.expect(422, "do not belong");
    }

    async fn a_known_browser_is_slowed_down_by_its_own_tries_only(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        owner.post("/sign-out", &[]).await.goes_to("/sign-in");
        let thief = owner.copied();
        for _ in 0..10 {
            thief.sign_in("first@example.org", "a wrong password").await.expect(422, "do not belong together");
        }
        thief.sign_in("first@example.org", PASSWORD).await.expect(429, "Please wait 15 s");
        // Being known to one account is nothing to another one.
        let second = second_account(&world).await;
        for _ in 0..10 {
            thief.sign_in(&second, "a wrong password").await.expect(422, "do not belong together");
        }
        Browser::at(&world, "203.0.113.5").sign_in(&second, "x").await.expect(429, "Please wait 30 s");
        Browser::at(&world, "203.0.113.5").sign_in("first@example.org", PASSWORD).await.goes_to("/");
    }

    async fn an_address_that_tries_many_logins_waits_and_others_do_not(world: World) {
        let owner = Browser::at(&world, "198.51.100.1");
        owner.set_up().await;
        owner.post("/sign-out", &[]).await.goes_to("/sign-in");
        let stranger = Browser::at(&world, "198.51.100.1");
        for n in 0..30 {
            stranger.sign_in(&format!("{n}@example.org"), "a wrong password").await.expect(422, "do not belong together");
        }
        stranger.sign_in("31@example.org", "a wrong password").await.expect(429, "Please wait");
        owner.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        Browser::at(&world, "198.51.100.9").sign_in("first@example.org", PASSWORD).await.goes_to("/");
    }

    async fn what_was_typed_in_vain_is_kept_nowhere(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        let stranger = Browser::new(&world);
        stranger.sign_in("first@example.org", "canary password").await.expect(422, "");
        // A password in the wrong field.
        stranger.sign_in("canary hunter2", "first@example.org").await.expect(422, "");
        let known = "SELECT COUNT(*) FROM audit_log WHERE action = 'sign_in.failed' AND subject IS NOT NULL";
        let unknown = "SELECT COUNT(*) FROM audit_log WHERE action = 'sign_in.failed' AND subject IS NULL";
        assert_eq!((world.count(known).await, world.count(unknown).await), (1, 1));
        let canaries = "SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%canary%' OR actor LIKE '%canary%'";
        assert_eq!(world.count(canaries).await, 0);
        let blind = "SELECT COUNT(*) FROM tries WHERE length(whose) = 32";
        assert_eq!(world.count(blind).await, 2);
    }

    async fn a_new_session_has_a_new_token_and_the_one_before_ends(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        let before = owner.copied();
        owner.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        let session = "__Host-harborline_session";
        assert_ne!(before.cookie(session), owner.cookie(session));
        assert_eq!(before.get("/").await.status, StatusCode::SEE_OTHER);
        assert_eq!(owner.get("/").await.status, StatusCode::OK);
        let browser = "__Host-harborline_browser";
        assert_eq!(before.cookie(browser), owner.cookie(browser), "it is the same browser");
    }

    async fn cookies_are_closed_to_scripts_and_other_hosts_and_nothing_is_cached(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        let answer = owner.sign_in("first@example.org", PASSWORD).await;
        let cookies: Vec<_> = answer.headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(cookies.len(), 2);
        for cookie in cookies {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.starts_with("__Host-harborline_"), "{cookie}");
            for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
                assert!(cookie.contains(part), "{part} in {cookie}");
            }
            assert!(!cookie.contains("Domain"), "{cookie}");
        }
        for path in ["/", "/people", "/me/security", "/me/sessions", "/sign-in"] {
            assert_eq!(owner.get(path).await.headers[header::CACHE_CONTROL], "no-store", "{path}");
        }
        let out = owner.post("/sign-out", &[]).await;
        assert_eq!(out.headers["clear-site-data"], "\"cache\"");
        assert_eq!(owner.cookie("__Host-harborline_session"), None);
        assert!(owner.cookie("__Host-harborline_browser").is_some(), "it stays known");
    }

    async fn sessions_are_listed_and_one_that_is_ended_is_out_at_once(world: World) {
        let here = Browser::new(&world);
        here.set_up().await;
        let there = Browser::new(&world);
        there.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        let elsewhere = Browser::new(&world);
        elsewhere.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        let page = here.get("/me/sessions").await;
        assert_eq!(page.page.matches("<h2>a computer").count(), 3, "{page:#?}");
        assert_eq!(page.page.matches("this one").count(), 1);
        assert!(!page.page.contains("Firefox"), "only what kind of thing it is");
        let theirs = there.get("/me/sessions").await;
        let own = theirs.page.split("<li class=\"card\">").find(|card| card.contains("this one")).unwrap();
        let id = own.split("/me/sessions/").nth(1).unwrap().split("/end").next().unwrap();
        let other = second(&here, &world).await;
        other.post(&format!("/me/sessions/{id}/end"), &[]).await;
        assert_eq!(there.get("/").await.status, StatusCode::OK, "nobody ends another's");
        here.post(&format!("/me/sessions/{id}/end"), &[]).await.goes_to("/me/sessions");
        assert_eq!(there.get("/").await.status, StatusCode::SEE_OTHER);
        assert_eq!(elsewhere.get("/").await.status, StatusCode::OK);
        here.post("/me/sessions/end-others", &[]).await.goes_to("/me/sessions");
        assert_eq!(elsewhere.get("/").await.status, StatusCode::SEE_OTHER);
        assert_eq!(here.get("/").await.status, StatusCode::OK);
        assert_eq!(other.get("/").await.status, StatusCode::OK);
    }

    async fn a_new_password_ends_every_other_session(world: World) {
        let here = Browser::new(&world);
        here.set_up().await;
        let there = Browser::new(&world);
        there.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        let stolen = here.copied();
        let changes = async |current: &str, password: &str| {
            here.post("/me/password", &[("current", current), ("password", password)]).await
        };
        changes(PASSWORD, "first@example.org").await.expect(422, "easy to guess");
        changes(PASSWORD, OTHER).await.goes_to("/me/security");
        here.get("/me/security").await.expect(200, "The password is changed");
        for out in [&there, &stolen] {
            assert_eq!(out.get("/").await.status, StatusCode::SEE_OTHER);
        }
        there.sign_in("first@example.org", PASSWORD).await.expect(422, "do not belong together");
        there.sign_in("first@example.org", OTHER).await.goes_to("/");
    }

    async fn what_is_sensitive_asks_again_and_then_goes_on(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        world.clock.advance(minutes(10));
        owner.get("/").await.expect(200, "Nobody is waiting");
        let asked = owner.post("/me/sessions/end-others", &[]).await;
        asked.goes_to("/confirm?then=%2Fme%2Fsessions");
        owner.get(asked.leads_to()).await.expect(200, "Is it you?");
        owner.post(asked.leads_to(), &[("proof", "a wrong password")]).await.expect(422, "not right");
        owner.post("/me/sessions/end-others", &[]).await.expect(303, "/confirm");
        owner.post(asked.leads_to(), &[("proof", PASSWORD)]).await.goes_to("/me/sessions");
        owner.post("/me/sessions/end-others", &[]).await.goes_to("/me/sessions");
        let elsewhere = "/confirm?then=https%3A%2F%2Fevil.example";
        owner.post(elsewhere, &[("proof", PASSWORD)]).await.goes_to("/");
        // Guessing there is slowed down like anywhere else.
        for _ in 0..10 {
            owner.post("/confirm", &[("proof", "a wrong password")]).await.expect(422, "not right");
        }
        owner.post("/confirm", &[("proof", PASSWORD)]).await.expect(429, "Please wait");
        assert_eq!(owner.get("/").await.status, StatusCode::OK, "and nobody is signed out by it");
    }

    async fn a_session_that_was_left_open_gives_nobody_a_new_password(world: World) {
        let owner = Browser::new(&world);
        owner.set_up().await;
        let left_open = owner.copied();
        let changes = async |current: &str| {
            left_open.post("/me/password", &[("current", current), ("password", OTHER)]).await
        };
        // Not even just after the sign-in, and not by guessing.
        for _ in 0..10 {
            changes("a wrong password").await.expect(422, "not the password that you sign in with now");
        }
        changes(PASSWORD).await.expect(429, "Please wait");
        assert_eq!(owner.get("/").await.status, StatusCode::OK, "nobody is signed out by it");
        let in_the_log = "SELECT COUNT(*) FROM audit_log WHERE action = 'password.changed'";
        assert_eq!(world.count(in_the_log).await, 0);
        let failed = "SELECT COUNT(*) FROM audit_log WHERE action = 'sign_in.failed'";
        assert_eq!(world.count(failed).await, 10, "each is written down");
        world.clock.advance(minutes(1));
        changes(PASSWORD).await.goes_to("/me/security");
        assert_eq!(owner.get("/").await.status, StatusCode::SEE_OTHER, "the owner signs in anew");
    }

    async fn a_link_for_a_new_password_ends_sessions_and_leaves_the_second_factor(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let second = second(&admin, &world).await;
        let (app, _) = second.set_up_factor().await;
        let id = id_of(&world, "second@example.org").await;
        let link = admin.post(&format!("/people/{id}/link"), &[]).await.between(PUBLIC_URL, "</textarea>");
        assert_eq!(second.get("/").await.status, StatusCode::OK, "a link that is not used changes nothing");
        let other = Browser::new(&world);
        other.get(&link).await.expect(200, "A new password");
        other.post(&link, &[("password", OTHER)]).await.goes_to("/sign-in/code");
        assert_eq!(other.get("/").await.status, StatusCode::SEE_OTHER, "not without the code");
        assert_eq!(second.get("/").await.status, StatusCode::SEE_OTHER);
        world.clock.advance(seconds(60));
        let code = app.code(world.clock.now());
        other.post("/sign-in/code", &[("code", &code)]).await.goes_to("/");
        let fields = [("factor_too", "true")];
        let link = admin.post(&format!("/people/{id}/link"), &fields).await.between(PUBLIC_URL, "</textarea>");
        let third = Browser::new(&world);
        third.get(&link).await.expect(200, "Your second factor is taken away");
        third.post(&link, &[("password", PASSWORD)]).await.goes_to("/");
        assert_eq!(third.get("/").await.status, StatusCode::OK);
        let left = "SELECT COUNT(*) FROM recovery_codes";
        assert_eq!(world.count(left).await, 0);
    }

    async fn a_role_that_changes_ends_the_sessions(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let second = second(&admin, &world).await;
        let id = id_of(&world, "second@example.org").await;
        admin.post(&format!("/people/{id}/role"), &[("role", "supervisor")]).await.goes_to(&format!("/people/{id}"));
        assert_eq!(second.get("/").await.status, StatusCode::SEE_OTHER);
        second.sign_in("second@example.org", PASSWORD).await.goes_to("/");
        second.get("/people").await.expect(200, "first@example.org");
        let refused = second.post(&format!("/people/{id}/role"), &[("role", "administrator")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let changed = "SELECT COUNT(*) FROM audit_log WHERE action = 'account.role'";
        assert_eq!(world.count(changed).await, 1);
    }

    async fn the_last_administrator_stays(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let first = id_of(&world, "first@example.org").await;
        for act in ["remove", "lock"] {
            admin.post(&format!("/people/{first}/{act}"), &[]).await.expect(409, "your own account");
        }
        let link = admin.invite("second@example.org", "Second", "administrator").await;
        let by = harborline::accounts::By::operator();
        let lock = || world.app.accounts.change(&by, first.parse().unwrap(), harborline::accounts::Change::Lock);
        let refused = lock().await.unwrap().unwrap_err();
        assert!(refused.to_string().contains("last administrator"), "who is invited cannot sign in yet");
        let second = Browser::new(&world);
        second.post(&link, &[("password", PASSWORD)]).await.goes_to("/");
        lock().await.unwrap().unwrap();
        assert_eq!(admin.get("/").await.status, StatusCode::SEE_OTHER);
        admin.sign_in("first@example.org", PASSWORD).await.expect(403, "This account is locked");
        admin.sign_in("first@example.org", OTHER).await.expect(422, "do not belong together");
        second.post(&format!("/people/{first}/unlock"), &[]).await.goes_to(&format!("/people/{first}"));
        admin.sign_in("first@example.org", PASSWORD).await.goes_to("/");
        second.post(&format!("/people/{first}/role"), &[("role", "responder")]).await.goes_to(&format!("/people/{first}"));
        let id = id_of(&world, "second@example.org").await;
        let role = world.app.accounts.change(&by, id.parse().unwrap(), harborline::accounts::Change::Remove);
        assert!(role.await.unwrap().is_err());
    }

    async fn who_is_removed_is_out_and_their_cases_are_paged_again(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let second = second(&admin, &world).await;
        world.phone("+15550123").texts("i want to die").await;
        let queue = second.get("/").await;
        let case = format!("/conversations/{}", queue.between("/conversations/", "\""));
        second.post(&format!("{case}/reply"), &[("body", "Hi, I am here.")]).await.goes_to(&case);
        world.settle().await;
        world.responder().inbox();
        world.advance(minutes(10)).await;
        assert!(world.responder().inbox().is_empty(), "a human is there");
        let id = id_of(&world, "second@example.org").await;
        admin.post("/confirm", &[("proof", PASSWORD)]).await.goes_to("/");
        admin.post(&format!("/people/{id}/remove"), &[]).await.goes_to("/people");
        world.settle().await;
        assert_eq!(second.get("/").await.status, StatusCode::SEE_OTHER);
        second.sign_in("second@example.org", PASSWORD).await.expect(422, "do not belong together");
        let pages = world.responder().inbox();
        assert!(pages.len() == 1 && pages[0].contains("case A3"), "{pages:?}");
        admin.get(&format!("/people/{id}")).await.expect(404, "");
        // They come back to their old account, without the old password.
        let link = admin.invite("second@example.org", "Second", "responder").await;
        assert_eq!(id_of(&world, "second@example.org").await, id);
        second.sign_in("second@example.org", PASSWORD).await.expect(422, "do not belong together");
        second.post(&link, &[("password", OTHER)]).await.goes_to("/");
    }
}

both! {
    in strict;

    async fn an_administrator_sets_a_second_factor_up_before_anything_else(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        for path in ["/", "/people", "/me/security", "/me/sessions"] {
            admin.get(path).await.goes_to("/me/second-factor");
        }
        let page = admin.get("/me/second-factor").await;
        page.expect(200, "Your role asks for one");
        admin.post("/me/second-factor/finish", &[("code", "123456")]).await.expect(422, "nothing to confirm");
        admin.post("/me/second-factor/start", &[]).await.goes_to("/me/second-factor");
        admin.post("/me/second-factor/finish", &[("code", "123456")]).await.expect(422, "This code is not right");
        let (_, codes) = admin.set_up_factor().await;
        assert_eq!(codes.len(), 10);
        admin.get("/").await.expect(200, "Nobody is waiting");
        admin.get("/me/security").await.expect(200, "10 of your recovery codes are left");
        admin.post("/me/security/remove-factor", &[]).await.expect(422, "asks for a second factor");
        // Responders need none.
        let second = second(&admin, &world).await;
        second.get("/").await.expect(200, "Nobody is waiting");
    }

    async fn after_the_password_comes_the_code_and_no_code_counts_twice(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let (app, _) = admin.set_up_factor().await;
        let used = app.code(world.clock.now());
        let other = Browser::new(&world);
        other.get("/sign-in/code").await.goes_to("/sign-in");
        let asked = other.post("/sign-in?then=%2Fpeople", &[("login", "first@example.org"), ("password", PASSWORD)]).await;
        asked.goes_to("/sign-in/code?then=%2Fpeople");
        assert_eq!(other.get("/people").await.status, StatusCode::SEE_OTHER, "not yet");
        assert_eq!(other.cookie("__Host-harborline_browser"), None, "not known before it is in");
        other.get(asked.leads_to()).await.expect(200, "Your code");
        other.post(asked.leads_to(), &[("code", &used)]).await.expect(422, "works once");
        other.post(asked.leads_to(), &[("code", "000000")]).await.expect(422, "not right");
        world.clock.advance(seconds(30));
        let fresh = app.code(world.clock.now());
        other.post(asked.leads_to(), &[("code", &fresh)]).await.goes_to("/people");
        other.get("/people").await.expect(200, "first@example.org");
        let third = Browser::new(&world);
        third.sign_in("first@example.org", PASSWORD).await.goes_to("/sign-in/code");
        third.post("/sign-in/code", &[("code", &fresh)]).await.expect(422, "works once");
        world.clock.advance(minutes(10));
        let late = app.code(world.clock.now());
        third.post("/sign-in/code", &[("code", &late)]).await.goes_to("/sign-in");
    }

    async fn a_recovery_code_works_once_in_place_of_the_app(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let (_, codes) = admin.set_up_factor().await;
        let other = Browser::new(&world);
        other.sign_in("first@example.org", PASSWORD).await.goes_to("/sign-in/code");
        let spoken = codes[3].to_uppercase().replace('-', " ");
        other.post("/sign-in/code", &[("code", &spoken)]).await.goes_to("/");
        other.get("/me/security").await.expect(200, "9 of your recovery codes are left");
        let third = Browser::new(&world);
        third.sign_in("first@example.org", PASSWORD).await.goes_to("/sign-in/code");
        third.post("/sign-in/code", &[("code", &codes[3])]).await.expect(422, "not right");
        let page = other.post("/me/security/codes", &[]).await;
        page.expect(200, "shown this once");
        third.post("/sign-in/code", &[("code", &codes[4])]).await.expect(422, "not right");
        let again = page.between("<li><code>", "</code>");
        third.post("/sign-in/code", &[("code", &again)]).await.goes_to("/");
    }

    async fn whoever_has_the_password_cannot_guess_the_code(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let (app, _) = admin.set_up_factor().await;
        admin.post("/sign-out", &[]).await.goes_to("/sign-in");
        let thief = Browser::at(&world, "203.0.113.1");
        for _ in 0..10 {
            thief.sign_in("first@example.org", PASSWORD).await.goes_to("/sign-in/code");
            thief.post("/sign-in/code", &[("code", "000000")]).await.expect(422, "not right");
        }
        thief.sign_in("first@example.org", PASSWORD).await.expect(429, "Please wait");
        thief.post("/sign-in/code", &[("code", "000000")]).await.expect(429, "Please wait");
        world.clock.advance(seconds(30));
        admin.sign_in("first@example.org", PASSWORD).await.goes_to("/sign-in/code");
        let code = app.code(world.clock.now());
        admin.post("/sign-in/code", &[("code", &code)]).await.goes_to("/");
    }

    async fn a_code_of_the_app_confirms_who_it_is(world: World) {
        let admin = Browser::new(&world);
        admin.set_up().await;
        let (app, _) = admin.set_up_factor().await;
        world.clock.advance(minutes(11));
        admin.get("/people/invite").await.goes_to("/confirm?then=%2Fpeople%2Finvite");
        let code = app.code(world.clock.now());
        admin.post("/confirm?then=%2Fpeople%2Finvite", &[("proof", &code)]).await.goes_to("/people/invite");
        world.clock.advance(minutes(11));
        admin.post("/confirm", &[("proof", &code)]).await.expect(422, "not right");
        admin.post("/confirm", &[("proof", PASSWORD)]).await.goes_to("/");
    }
}

/// An account with a password, made past the pages.
async fn second_account(world: &World) -> String {
    let by = harborline::accounts::By::operator();
    let accounts = &world.app.accounts;
    let login = "third@example.org";
    let invited = accounts
        .invite(&by, login, "Third", harborline::staff::Role::Responder)
        .await;
    let link = invited.unwrap().unwrap().url;
    let path = link.strip_prefix(PUBLIC_URL).unwrap();
    Browser::at(world, "198.51.100.77")
        .post(path, &[("password", PASSWORD)])
        .await
        .goes_to("/");
    login.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_does_not_hold_up_a_crisis() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let owner = Browser::new(&world);
    owner.set_up().await;
    let browsers: Vec<Browser<'_>> = (0..200)
        .map(|n| Browser::at(&world, &format!("203.0.{}.{}", n / 100, n % 100)))
        .collect();
    let flood = join_all(browsers.iter().enumerate().map(async |(n, browser)| {
        browser
            .sign_in(&format!("{n}@example.org"), "a wrong password")
            .await
            .status
    }));
    let texts = async {
        for n in 0..20 {
            let texter = world.phone(&format!("+155501{n:05}"));
            let inline = texter.delivers(&world.new_sid(), "i want to die").await;
            assert!(inline.unwrap().contains("988"));
        }
        owner
            .sign_in("first@example.org", PASSWORD)
            .await
            .goes_to("/");
    };
    let (tried, ()) = tokio::join!(flood, texts);
    let busy = tried
        .iter()
        .filter(|status| **status == StatusCode::SERVICE_UNAVAILABLE)
        .count();
    assert!(busy > 100, "most are sent away at once: {busy}");
}
