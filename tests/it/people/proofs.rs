//! Methods: added, proved, tried out, changed and removed, by whom it may be.

use harborline::oncall::{Channel, Quiet, Target, Urgency, Uses};
use harborline::people::{Act, MethodChange, MethodDraft, Refused};
use harborline::staff::Role;
use harborline::text::name::OddName;
use uuid::Uuid;

use super::{FIRST, LEAD, NIGHT, act, audit, by, code_in, draft, methods};
use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const NEW: &str = "+15550175";

both! {
    async fn a_phone_is_paged_once_the_code_that_arrived_there_is_entered(world: World) {
        let second = world.a_member_of_staff("second@example.org").await;
        let added = act(&world, &second, Act::Add(draft(Channel::Sms, "+1 555 0175"))).await.unwrap();
        assert_eq!((added.secret, methods(&world, &second).await.len()), (None, 1));
        world.pages_by(&second, Urgency::High, 1, &[(60, 9, &[Target::Person(second.id)])]).await;
        world.phone("+15550123").texts("i want to die").await;
        assert!(world.phone(NEW).inbox().is_empty(), "nobody has proved that it is theirs");
        act(&world, &second, Act::SendCode(added.id)).await.unwrap();
        let heard = world.phone(NEW).inbox();
        assert!(heard[0].starts_with("Example Line: ") && heard[0].ends_with("It works for 15 minutes."), "{heard:?}");
        let code = code_in(&heard[0]);
        act(&world, &second, Act::GiveCode(added.id, format!(" {} {} ", &code[..3], &code[3..]))).await.unwrap();
        assert!(methods(&world, &second).await[0].works());
        world.advance(minutes(2)).await;
        let paged = world.phone(NEW).inbox();
        assert!(paged.iter().any(|text| text.starts_with("CRISIS: case A3")), "{paged:?}");
        assert_eq!(audit(&world, added.id).await, ["method.added", "method.code_sent", "method.verified"]);
        let shown = world.count("SELECT COUNT(*) FROM audit_log WHERE detail LIKE '%5550175%' OR detail LIKE '%my phone%'").await;
        assert_eq!(shown, 0, "the log says what was done, not where it leads");
        assert_eq!(act(&world, &second, Act::SendCode(added.id)).await, Err(Refused::Verified));
    }

    async fn a_code_works_once_for_a_while_and_is_not_guessed(world: World) {
        let second = world.a_member_of_staff("second@example.org").await;
        let id = act(&world, &second, Act::Add(draft(Channel::Sms, NEW))).await.unwrap().id;
        let give = async |code: &str| act(&world, &second, Act::GiveCode(id, code.to_owned())).await;
        assert_eq!(give("123456").await, Err(Refused::NoCode));
        act(&world, &second, Act::SendCode(id)).await.unwrap();
        let first = code_in(&world.phone(NEW).inbox()[0]);
        assert_eq!(act(&world, &second, Act::SendCode(id)).await, Err(Refused::TooSoon));
        world.advance(minutes(1)).await;
        act(&world, &second, Act::SendCode(id)).await.unwrap();
        let code = code_in(&world.phone(NEW).inbox()[0]);
        assert_ne!(first, code);
        assert_eq!(give(&first).await, Err(Refused::WrongCode(4)), "a new code takes the place of the one before");
        for left in [3, 2, 1] {
            assert_eq!(give("").await, Err(Refused::WrongCode(left)));
        }
        assert_eq!(give("000000").await, Err(Refused::CodeSpent));
        assert_eq!(give(&code).await, Err(Refused::CodeSpent), "after five tries the right one comes too late");
        world.advance(minutes(1)).await;
        act(&world, &second, Act::SendCode(id)).await.unwrap();
        let code = code_in(&world.phone(NEW).inbox()[0]);
        world.clock.advance(minutes(15) + seconds(1));
        assert_eq!(give(&code).await, Err(Refused::NoCode));
        assert!(!methods(&world, &second).await[0].works());
        let kept = world.count("SELECT COUNT(*) FROM contact_methods WHERE code_hash IS NOT NULL AND length(code_hash) = 32").await;
        assert_eq!(kept, 1, "only a hash is kept");
    }

    async fn nobody_is_flooded_with_codes(world: World) {
        let second = world.a_member_of_staff("second@example.org").await;
        for nth in 0..20 {
            // A new method each time, as somebody would who sends codes to strangers.
            let id = act(&world, &second, Act::Add(draft(Channel::Sms, NEW))).await.unwrap().id;
            act(&world, &second, Act::SendCode(id)).await.unwrap_or_else(|why| panic!("{nth}: {why}"));
            act(&world, &second, Act::Remove(id)).await.unwrap();
        }
        let id = act(&world, &second, Act::Add(draft(Channel::Sms, NEW))).await.unwrap().id;
        assert_eq!(act(&world, &second, Act::SendCode(id)).await, Err(Refused::TooOften));
        assert_eq!(world.phone(NEW).inbox().len(), 20);
        world.jump(minutes(24 * 60)).await;
        act(&world, &second, Act::SendCode(id)).await.unwrap();
    }

    async fn a_test_is_answered_by_an_ok_or_confirmed_and_counts_for_the_preflight(world: World) {
        let first = world.a_person("First", FIRST).await;
        let id = methods(&world, &first).await[0].id;
        world.jump(minutes(31 * 24 * 60)).await;
        assert_eq!(act(&world, &first, Act::Arrived(id)).await, Err(Refused::NoTest));
        world.phone(FIRST).texts("ok").await;
        assert!(methods(&world, &first).await[0].tested_at < Some(world.now().minus(minutes(30 * 24 * 60))), "an OK to nothing is no answer");
        act(&world, &first, Act::SendTest(id)).await.unwrap();
        let heard = world.phone(FIRST).inbox();
        assert!(heard.last().unwrap().contains("this is a test page, nothing is wrong. Reply OK"), "{heard:?}");
        world.advance(seconds(30)).await;
        world.phone("+15550124").texts("ok").await;
        world.phone(FIRST).texts("Ok!").await.expect_reply("Thank you: pages reach you here.");
        assert_eq!(methods(&world, &first).await[0].tested_at, Some(world.now()));
        let before = audit(&world, id).await;
        assert_eq!(before.last().map(String::as_str), Some("method.tested"));
        world.advance(minutes(2)).await;
        act(&world, &first, Act::SendTest(id)).await.unwrap();
        world.advance(minutes(2)).await;
        act(&world, &first, Act::Arrived(id)).await.unwrap();
        assert_eq!(methods(&world, &first).await[0].tested_at, Some(world.now()));
        assert_eq!(audit(&world, id).await.len(), before.len() + 2);
    }

    async fn an_ok_to_a_page_takes_no_case_and_whoever_sends_it_is_told_so(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.pages_by(&first, Urgency::High, 1, &[(600, 9, &[Target::Person(first.id)])]).await;
        let id = methods(&world, &first).await[0].id;
        world.advance(minutes(2)).await;
        act(&world, &first, Act::SendTest(id)).await.unwrap();
        world.phone("+15550123").texts("i want to die").await;
        world.phone(FIRST).inbox();
        for words in ["ok", "Ok, thanks"] {
            let heard = world.phone(FIRST).texts(words).await;
            assert_eq!(heard.all(), ["A3 still waits for a person. Reply A3 to take it."]);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_at IS NOT NULL").await, 0);
        assert_eq!(methods(&world, &first).await[0].tested_at, Some(world.now()), "the phone works all the same");
        world.phone(FIRST).texts("A3").await.expect_reply("A3 is yours");
        let heard = world.phone(FIRST).texts("ok").await;
        assert!(heard.all().iter().all(|text| !text.contains("still waits")), "{heard:?}");
    }

    async fn who_is_in_need_and_says_ok_is_answered_as_a_texter(world: World) {
        let first = world.a_person("First", FIRST).await;
        let id = methods(&world, &first).await[0].id;
        world.advance(minutes(2)).await;
        act(&world, &first, Act::SendTest(id)).await.unwrap();
        world.phone(FIRST).texts("i want to die").await.expect_reply("988");
        let heard = world.phone(FIRST).texts("ok").await;
        assert!(heard.all().iter().all(|text| !text.contains("pages reach you")), "{heard:?}");
    }

    async fn a_person_changes_their_own_and_administrators_those_of_others(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let lead = world.a_person_as("Lead", LEAD, Role::Administrator).await;
        let id = methods(&world, &first).await[0].id;
        for refused in [
            by(&world, &night, first.id, Act::Remove(id)).await,
            by(&world, &night, first.id, Act::Add(draft(Channel::Sms, NEW))).await,
            by(&world, &first, night.id, Act::Hours(String::new(), None)).await,
        ] {
            assert_eq!(refused, Err(Refused::NotYours));
        }
        assert_eq!(act(&world, &night, Act::Remove(id)).await, Err(Refused::UnknownMethod), "it is not among theirs");
        by(&world, &lead, first.id, Act::Add(draft(Channel::Sms, NEW))).await.unwrap();
        let told = world.phone(FIRST).inbox();
        assert!(told[0].starts_with("Lead added a way to page you to your account."), "{told:?}");
        by(&world, &lead, first.id, Act::Switch(id, false)).await.unwrap();
        assert!(world.phone(FIRST).inbox().is_empty());
        by(&world, &lead, first.id, Act::Switch(id, true)).await.unwrap();
        assert!(world.phone(FIRST).inbox()[0].starts_with("Lead switched on “my phone”"));
        act(&world, &first, Act::Switch(id, false)).await.unwrap();
        act(&world, &first, Act::Switch(id, true)).await.unwrap();
        assert!(world.phone(FIRST).inbox().is_empty(), "what one does oneself is no news");
        assert_eq!(by(&world, &lead, Uuid::nil(), Act::Remove(id)).await, Err(Refused::UnknownPerson));
    }

    async fn what_cannot_be_is_refused_and_nothing_changes(world: World) {
        let first = world.a_person("First", FIRST).await;
        let id = methods(&world, &first).await[0].id;
        let before = methods(&world, &first).await;
        let another = |label: &str, address: &str| Act::Add(MethodDraft { label: label.to_owned(), ..draft(Channel::Sms, address) });
        let quiet = |from, until| Act::Hours(String::new(), Some(Quiet { from, until }));
        for (wanted, refused) in [
            (another("  ", NEW), Refused::Label),
            (another("x", "5550175"), Refused::Number),
            (another("x", "+15550100"), Refused::OwnNumber),
            (another("x", FIRST), Refused::Known),
            (Act::Add(draft(Channel::Email, "first@example.org")), Refused::NoMail),
            (Act::Change(id, MethodChange { label: "a\nb".to_owned(), gateway: String::new(), uses: Uses::All }), Refused::OddName(OddName::Unseen)),
            (Act::Hours("Mars/Base".to_owned(), None), Refused::Zone("Mars/Base".to_owned())),
            (quiet(60, 60), Refused::QuietSame),
            (quiet(0, 24 * 60), Refused::QuietSame),
            (quiet(24 * 60, 60), Refused::Quiet),
            (Act::SendTest(Uuid::nil()), Refused::UnknownMethod),
        ] {
            assert_eq!(act(&world, &first, wanted).await, Err(refused));
        }
        assert_eq!(methods(&world, &first).await, before);
        act(&world, &first, Act::Switch(id, false)).await.unwrap();
        assert_eq!(act(&world, &first, Act::SendTest(id)).await, Err(Refused::Off));
        for nth in 0..9 {
            act(&world, &first, another("x", &format!("+1555018{nth}"))).await.unwrap();
        }
        assert_eq!(act(&world, &first, another("x", NEW)).await, Err(Refused::TooMany));
    }

    async fn a_webhook_of_our_own_kind_gets_a_secret_that_is_shown_once(world: World) {
        let first = world.a_person("First", FIRST).await;
        let hook = |preset: &str, secret: &str| MethodDraft { preset: preset.to_owned(), secret: secret.to_owned(), ..draft(Channel::Webhook, "https://push.example.org/topic") };
        let made = act(&world, &first, Act::Add(hook("", ""))).await.unwrap();
        assert!(made.secret.is_some_and(|secret| secret.reveal().starts_with("whsec_")));
        assert_eq!(act(&world, &first, Act::Add(hook("ntfy", "tk_1"))).await, Err(Refused::Known), "one address is one method");
        act(&world, &first, Act::Remove(made.id)).await.unwrap();
        let ntfy = act(&world, &first, Act::Add(hook("ntfy", "tk_1"))).await.unwrap();
        assert_eq!(ntfy.secret, None, "what was typed is known");
        let kept = methods(&world, &first).await.pop().unwrap();
        assert_eq!((kept.preset.as_deref(), kept.secret.map(|secret| secret.reveal().to_owned())), (Some("ntfy"), Some("tk_1".to_owned())));
    }

    async fn hours_are_kept_with_the_zone_of_the_line_where_none_is_named(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = Quiet { from: 22 * 60, until: 24 * 60 };
        act(&world, &first, Act::Hours("europe/berlin".to_owned(), Some(night))).await.unwrap();
        let profile = world.app.people.profile(first.id).await.unwrap().unwrap();
        assert_eq!((profile.zone.as_deref(), profile.person.quiet), (Some("Europe/Berlin"), Some(Quiet { until: 0, ..night })));
        act(&world, &first, Act::Hours(String::new(), None)).await.unwrap();
        let profile = world.app.people.profile(first.id).await.unwrap().unwrap();
        assert_eq!((profile.zone, profile.person.zone.iana_name(), profile.person.quiet), (None, Some("UTC"), None));
        assert_eq!(audit(&world, first.id).await, ["person.hours", "person.hours"]);
    }
}
