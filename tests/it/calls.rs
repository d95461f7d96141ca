//! Pages by call: placed through a gateway that can, taken by a key and by nothing else.

use axum::http::StatusCode;
use harborline::doctor;
use harborline::gateway::client::loopback_client;
use harborline::oncall::Channel;
use harborline::page_tests::Tested;
use harborline::store::Account;

use crate::support::gateway::{Called, Fault};
use crate::support::world::{DUTY, PUBLIC_URL, SECOND_LINE, minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const NIGHT: &str = "+15550172";
const TEXTER: &str = "+15550123";

/// Somebody who is called, and not texted.
async fn called(world: &World, name: &str, number: &str) -> Account {
    let staff = world.a_person(name, number).await;
    let (id, now) = (staff.id, world.now());
    let remove = world.app.store.write(move |tx| {
        Box::pin(async move {
            for method in tx.person(id).await?.unwrap().methods {
                tx.remove_method(method.id, now).await?;
            }
            Ok(())
        })
    });
    remove.await.unwrap();
    world.a_method(&staff, Channel::Voice, None, number).await;
    staff
}

/// The calls to a number so far.
fn calls_to(world: &World, number: &str) -> Vec<Called> {
    let called = world.twilio.called();
    called
        .into_iter()
        .filter(|call| call.to == number)
        .collect()
}

/// Picks up, or presses keys, and hears what is said.
async fn hears(world: &World, call: &Called, more: &[(&str, &str)]) -> String {
    let path = call.url.strip_prefix(PUBLIC_URL).unwrap();
    let fields = [
        &[
            ("CallSid", call.sid.as_str()),
            ("CallStatus", "in-progress"),
        ][..],
        more,
    ];
    let (status, said) = world.hook(path, &fields.concat()).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    world.settle().await;
    said
}

/// The gateway tells how a call ended.
async fn ends(world: &World, call: &Called, fields: &[(&str, &str)]) {
    let path = call.status_callback.strip_prefix(PUBLIC_URL).unwrap();
    let fields = [&[("CallSid", call.sid.as_str())][..], fields].concat();
    assert_eq!(world.hook(path, &fields).await.0, StatusCode::OK);
    world.settle().await;
}

both! {
    async fn a_crisis_calls_who_is_called_and_the_key_takes_the_case(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).texts("i want to die").await;
        let calls = calls_to(&world, FIRST);
        let [call] = &calls[..] else { panic!("{calls:?}") };
        assert!(world.twilio.sent_to(FIRST).is_empty(), "a phone that is called gets no text");
        let said = hears(&world, call, &[]).await;
        assert_eq!(said.matches("Crisis: case A, 3 waits for a person. Press 1 to take case A, 3.").count(), 3, "{said}");
        assert!(!said.contains("5550123") && !said.contains("die"), "{said}");
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0, "nobody has it because somebody picked up");
        let said = hears(&world, call, &[("Digits", "1")]).await;
        assert!(said.contains("Thank you. Case A, 3 is yours.") && said.contains("<Hangup/>"), "{said}");
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_by = 'First'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'alert.acknowledged' AND detail LIKE '%\"how\":\"key\"%'").await, 1);
        world.advance(minutes(1)).await;
        assert_eq!(calls_to(&world, FIRST).len(), 1, "who has it is called no more");
    }

    async fn another_key_and_no_key_take_nothing(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).texts("i want to die").await;
        let call = calls_to(&world, FIRST).remove(0);
        for key in ["2", "#", "0"] {
            let said = hears(&world, &call, &[("Digits", key)]).await;
            assert!(said.contains("Press 1 to take case A, 3.") && said.contains("still waits"), "{said}");
        }
        ends(&world, &call, &[("CallStatus", "completed")]).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0);
        world.advance(minutes(3)).await;
        assert!(calls_to(&world, FIRST).len() > 1, "they are called again");
    }

    async fn a_voicemail_takes_no_case_and_is_told(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).texts("i want to die").await;
        let call = calls_to(&world, FIRST).remove(0);
        let said = hears(&world, &call, &[("AnsweredBy", "machine_start")]).await;
        assert!(!said.contains("<Gather"), "{said}");
        ends(&world, &call, &[("AnsweredBy", "machine_start")]).await;
        ends(&world, &call, &[("CallStatus", "completed")]).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE channel = 'voice' AND state = 'failed' AND code = 'voicemail'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM incidents WHERE kind = 'page_failed'").await, 1);
    }

    async fn calls_that_nobody_takes_reach_the_operator_while_the_case_waits(world: World) {
        for (nth, ended) in ["no-answer", "busy", "failed"].into_iter().enumerate() {
            let number = format!("+1555018{nth}");
            called(&world, ended, &number).await;
        }
        world.phone(TEXTER).texts("i want to die").await;
        world.phone(DUTY).inbox();
        for (nth, ended) in ["no-answer", "busy", "failed"].into_iter().enumerate() {
            let call = calls_to(&world, &format!("+1555018{nth}")).remove(0);
            ends(&world, &call, &[("CallStatus", ended)]).await;
            ends(&world, &call, &[("CallStatus", ended)]).await;
        }
        let told = world.phone(DUTY).inbox().join("\n");
        assert!(told.contains("1 call(s) to no-answer found nobody (no-answer), and the case waits"), "{told}");
        assert!(told.contains("1 call(s) to busy found nobody (busy)"), "{told}");
        assert!(told.contains("1 page(s) to failed by voice did NOT arrive (failed)"), "{told}");
    }

    async fn nobody_has_to_pick_up_when_the_case_is_taken(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).texts("i want to die").await;
        let call = calls_to(&world, FIRST).remove(0);
        world.responder().texts("A3").await;
        ends(&world, &call, &[("CallStatus", "no-answer")]).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM incidents WHERE kind = 'page_failed'").await, 0);
    }

    async fn who_picks_up_later_hears_who_has_it_and_when(world: World) {
        called(&world, "First", FIRST).await;
        called(&world, "Night", NIGHT).await;
        world.phone(TEXTER).texts("i want to die").await;
        let (first, night) = (calls_to(&world, FIRST).remove(0), calls_to(&world, NIGHT).remove(0));
        hears(&world, &night, &[]).await;
        hears(&world, &first, &[("Digits", "1")]).await;
        for fields in [&[][..], &[("Digits", "1")]] {
            let said = hears(&world, &night, fields).await;
            assert!(said.contains("Case A, 3 was already taken by First at 00:00 UTC."), "{said}");
        }
        let said = hears(&world, &first, &[]).await;
        assert!(said.contains("Case A, 3 is yours"), "{said}");
        assert!(calls_to(&world, NIGHT).len() == 1, "news is never called");
    }

    async fn the_key_in_a_call_about_many_cases_takes_one_that_waits(world: World) {
        called(&world, "First", FIRST).await;
        for nth in 0..5 {
            let texter = world.phone(&format!("+1555012{nth}"));
            let _ = texter.delivers(&format!("SM{nth}"), "i want to die").await;
        }
        world.settle().await;
        let call = calls_to(&world, FIRST).remove(0);
        assert!(hears(&world, &call, &[]).await.contains("5 cases wait for a person. Press 1 to take case A, 3."));
        world.responder().texts("A3").await.expect_reply("A3 is yours");
        // The gateway tells of a key twice when it did not hear us: one case is taken.
        for _ in 0..2 {
            let said = hears(&world, &call, &[("Digits", "1")]).await;
            assert!(said.contains("Thank you. Case A, 4 is yours."), "{said}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_by = 'First'").await, 1);
    }

    async fn a_call_that_waits_is_not_placed_when_the_case_is_taken(world: World) {
        called(&world, "First", FIRST).await;
        world.twilio.fail_always(Some(Fault::ServerError));
        world.phone(TEXTER).delivers("SM1", "i want to die").await;
        world.app.paging.tick().await.unwrap();
        world.settle_outbox().await;
        world.twilio.calm();
        world.phone(DUTY).delivers("SM2", "A3").await;
        world.advance(seconds(30)).await;
        assert!(calls_to(&world, FIRST).is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE channel = 'voice' AND state = 'withdrawn' AND code = 'over'").await, 1);
    }

    async fn a_key_that_nobody_signed_takes_nothing(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).texts("i want to die").await;
        let call = calls_to(&world, FIRST).remove(0);
        let path = call.url.strip_prefix(PUBLIC_URL).unwrap();
        let key = [("CallSid", call.sid.as_str()), ("Digits", "1")];
        assert_eq!(world.signed("wrong", path, &key).await.0, StatusCode::FORBIDDEN);
        // Signed, and about nothing that waits.
        let nothing = "/hooks/main/call?ref=01900000-0000-7000-8000-000000000001";
        let (status, said) = world.hook(nothing, &key).await;
        assert!(status == StatusCode::OK && said.contains("nothing that waits"), "{said}");
        assert_eq!(world.hook(path, &[("From", FIRST)]).await.0, StatusCode::BAD_REQUEST);
        assert_eq!(world.count("SELECT COUNT(*) FROM acknowledgements").await, 0);
    }

    async fn a_number_that_cannot_be_called_is_told_at_once(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).delivers("SM1", "i want to die").await;
        world.app.paging.tick().await.unwrap();
        let lane = harborline::lane::Lane::Page;
        world.twilio.fail_next(&[Fault::NoSuchNumber]);
        world.app.dispatch.look(lane, Channel::Voice).await.unwrap();
        world.settle().await;
        assert_eq!(world.count("SELECT COUNT(*) FROM incidents WHERE kind = 'page_failed'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE channel = 'voice' AND code = '21211'").await, 1);
    }

    async fn the_key_answers_a_test_and_takes_nothing(world: World) {
        let first = called(&world, "First", FIRST).await;
        let tests = &world.app.page_tests;
        tests.send(&first, Tested::Person(first.id), true).await.unwrap().unwrap();
        world.settle().await;
        let call = calls_to(&world, FIRST).remove(0);
        let said = hears(&world, &call, &[]).await;
        assert!(said.contains("This is a test, nothing is wrong. Press 1"), "{said}");
        let said = hears(&world, &call, &[("Digits", "1")]).await;
        assert!(said.contains("Thank you. Calls reach you."), "{said}");
        assert_eq!(world.count("SELECT COUNT(*) FROM page_tests WHERE answered_how = 'key'").await, 1);
    }

    async fn the_doctor_names_methods_by_which_nothing_leaves(world: World) {
        let staff = world.a_person("First", FIRST).await;
        world.a_method(&staff, Channel::Email, None, "first@example.org").await;
        world.a_method(&staff, Channel::Voice, None, FIRST).await;
        let client = loopback_client(seconds(2)).unwrap();
        let found = doctor::examine(&world.config, &client, world.now()).await;
        let of = |id: &str| found.iter().find(|finding| finding.id == id);
        let mail = of("oncall.email").unwrap();
        assert!(mail.finding.contains("1 contact method(s) by e-mail") && mail.fix.contains("[smtp]"), "{mail:?}");
        assert!(of("oncall.voice").is_none(), "Twilio calls");
        assert!(of("oncall.gateway").is_none(), "by that of all pages");
        assert_eq!(world.damage("UPDATE contact_methods SET gateway = 'gone' WHERE kind = 'sms'").await, 1);
        let found = doctor::examine(&world.config, &client, world.now()).await;
        let gone = found.iter().find(|finding| finding.id == "oncall.gateway").unwrap();
        assert!(gone.finding.contains("1 contact method(s)") && gone.finding.contains("(gone)"), "{gone:?}");
    }
}

/// Pages leave by a gateway that cannot call; another one can.
async fn with_a_deaf_gateway(engine: crate::support::Engine) -> Option<World> {
    let (_provider, api_url) = crate::support::gateway::FakeTwilio::start().await;
    let settings = |config: &mut harborline::config::Config| {
        let section = format!(
            "kind = \"telnyx\"\napi_key = \"KEY1\"\npublic_key = \"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\"\nsender = \"{SECOND_LINE}\"\nsegments_per_second = 0\napi_url = \"{api_url}\""
        );
        let section = toml::from_str(&section).unwrap();
        config.gateways.insert("alone".to_owned(), section);
        config.oncall.gateway = Some("alone".to_owned());
    };
    World::with(engine, settings).await
}

both! {
    in with_a_deaf_gateway;

    async fn a_call_leaves_by_the_gateway_that_can(world: World) {
        called(&world, "First", FIRST).await;
        world.phone(TEXTER).texts("i want to die").await;
        let call = calls_to(&world, FIRST).remove(0);
        assert!(call.url.contains("/hooks/main/call"), "{}", call.url);
        let said = hears(&world, &call, &[("Digits", "1")]).await;
        assert!(said.contains("is yours"), "{said}");
    }
}
