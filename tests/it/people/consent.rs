//! STOP, START and HELP from a phone that is paged.

use harborline::oncall::{Channel, Quiet, Target, Urgency};
use harborline::people::{Act, Refused};
use harborline::rota::{Edit, ScheduleDraft, ShiftDraft, When};
use harborline::staff::Role;

use super::{FIRST, LEAD, NIGHT, act, by, draft, methods};
use crate::support::world::{DUTY, SECOND, minutes};
use crate::support::{World, both};

async fn incidents(world: &World) -> Vec<(&'static str, String)> {
    let mut tx = world.app.store.read().await.unwrap();
    let open = tx.incidents_open().await.unwrap().into_iter();
    let ours = open.filter(|one| one.kind.word() == "responder_unreachable");
    ours.map(|one| (one.kind.word(), one.subject)).collect()
}

/// Everyone's texts so far are read.
fn read(world: &World) {
    for number in [FIRST, NIGHT, LEAD, DUTY, SECOND] {
        world.phone(number).inbox();
    }
}

both! {
    async fn stop_from_a_responder_ends_pages_there_and_raises_the_alarm(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.a_person("Night", NIGHT).await;
        world.a_person_as("Lead", LEAD, Role::Supervisor).await;
        world.pages_by(&first, Urgency::High, 1, &[(60, 9, &[Target::Person(first.id)])]).await;
        let heard = world.phone(FIRST).texts("STOP").await;
        assert_eq!(heard.all().len(), 1, "one confirmation, as carriers want it: {heard:?}");
        heard.expect_reply("START");
        assert!(methods(&world, &first).await[0].stopped_at.is_some());
        assert_eq!(incidents(&world).await, [("responder_unreachable", "First".to_owned())]);
        let operator = world.phone(DUTY).inbox();
        assert!(operator[0].contains("STOP came from the phone of First: NO PAGE reaches it"), "{operator:?}");
        let lead = world.phone(LEAD).inbox();
        assert!(lead[0].starts_with("STOP came from a phone of First") && lead[0].contains("NOTHING else reaches them"), "{lead:?}");
        assert!(world.phone(NIGHT).inbox().is_empty(), "who is not on call and steers nothing is not bothered");
        world.phone("+15550123").texts("i want to die").await;
        assert!(world.phone(FIRST).inbox().is_empty());
        assert!(!world.phone(DUTY).inbox().is_empty(), "the next rung is paged in the same moment");
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'method.stopped'").await, 1);
        world.phone(FIRST).texts("stop").await.expect_silence();
    }

    async fn start_opens_the_phone_again_and_the_alarm_is_over(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone(FIRST).texts("STOP").await;
        read(&world);
        let id = methods(&world, &first).await[0].id;
        assert_eq!(act(&world, &first, Act::SendTest(id)).await, Err(Refused::Stopped));
        let heard = world.phone(FIRST).texts("START").await;
        heard.expect_reply("pages and notices come to this phone again");
        assert!(methods(&world, &first).await[0].works());
        assert!(incidents(&world).await.is_empty());
        assert!(world.phone(DUTY).inbox()[0].contains("texts reach First again"));
        world.phone("+15550123").texts("i want to die").await;
        assert!(world.phone(FIRST).inbox().iter().any(|text| text.starts_with("CRISIS")));
        world.phone("+15550124").texts("START").await;
        assert_eq!(world.count("SELECT COUNT(*) FROM audit_log WHERE action = 'method.started'").await, 1);
    }

    async fn who_is_on_call_with_them_hears_of_it_whatever_the_hour(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person("Night", NIGHT).await;
        let lead = world.a_person_as("Lead", LEAD, Role::Supervisor).await;
        let schedule = ScheduleDraft { id: None, name: "Night".to_owned(), zone: "UTC".to_owned() };
        let schedule = world.app.rota.edit(&lead, Edit::Schedule(schedule)).await.unwrap().unwrap();
        for staff in [first.id, night.id] {
            let (starts, ends) = (When::At(world.now()), When::At(world.now().plus(minutes(480))));
            let shift = Edit::Shift(ShiftDraft { id: None, schedule, staff, starts, ends });
            world.app.rota.edit(&lead, shift).await.unwrap().unwrap();
        }
        for staff in [&night, &lead] {
            act(&world, staff, Act::Hours(String::new(), Some(Quiet { from: 0, until: 7 * 60 }))).await.unwrap();
        }
        world.settle().await;
        read(&world);
        world.phone(FIRST).texts("Stop").await;
        for number in [NIGHT, LEAD] {
            let heard = world.phone(number).inbox();
            assert!(heard.iter().any(|text| text.starts_with("STOP came from a phone of First")), "{number}: {heard:?}");
        }
    }

    async fn nothing_that_waits_goes_to_a_phone_that_texted_stop(world: World) {
        let first = world.a_person("First", FIRST).await;
        let lead = world.a_person_as("Lead", LEAD, Role::Administrator).await;
        act(&world, &first, Act::Hours(String::new(), Some(Quiet { from: 0, until: 7 * 60 }))).await.unwrap();
        by(&world, &lead, first.id, Act::Add(draft(Channel::Sms, "+15550175"))).await.unwrap();
        assert!(world.phone(FIRST).inbox().is_empty(), "news waits for the morning");
        world.phone(FIRST).texts("STOP").await;
        world.jump(minutes(8 * 60)).await;
        assert!(world.phone(FIRST).inbox().is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'withdrawn'").await, 1);
    }

    async fn a_stop_outlives_the_method(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone(FIRST).texts("STOP").await;
        let id = methods(&world, &first).await[0].id;
        act(&world, &first, Act::Remove(id)).await.unwrap();
        assert!(incidents(&world).await.is_empty(), "nobody counts on that phone any more");
        let id = act(&world, &first, Act::Add(draft(Channel::Sms, FIRST))).await.unwrap().id;
        assert_eq!(act(&world, &first, Act::SendCode(id)).await, Err(Refused::Stopped));
        world.phone(FIRST).texts("start").await;
        act(&world, &first, Act::SendCode(id)).await.unwrap();
    }

    async fn a_contact_of_the_configuration_can_stop_and_start(world: World) {
        world.phone(DUTY).texts("STOP").await;
        assert_eq!(incidents(&world).await, [("responder_unreachable", "Duty phone".to_owned())]);
        let told = world.phone(SECOND).inbox();
        assert!(told[0].contains("STOP came from the phone of Duty phone"), "{told:?}");
        world.phone("+15550123").texts("i want to die").await;
        assert!(world.phone(DUTY).inbox().is_empty());
        assert!(world.phone(SECOND).inbox().iter().any(|text| text.starts_with("CRISIS")));
        world.phone(DUTY).texts("START").await.expect_reply("come to this phone again");
        assert!(incidents(&world).await.is_empty());
        world.advance(minutes(2)).await;
        assert!(world.phone(DUTY).inbox().iter().any(|text| text.starts_with("CRISIS")));
    }

    async fn help_tells_a_responder_what_they_can_text_and_nobody_else(world: World) {
        world.a_person("First", FIRST).await;
        let heard = world.phone(FIRST).texts("HELP").await;
        heard.expect_reply("988").expect_reply("For responders: reply with the code of a case");
        let stranger = world.phone("+15550124").texts("HELP").await;
        assert!(stranger.all().iter().all(|text| !text.contains("For responders")), "{stranger:?}");
    }

    async fn stop_from_a_texter_is_no_alarm(world: World) {
        world.a_person("First", FIRST).await;
        world.phone("+15550124").texts("STOP").await;
        assert!(incidents(&world).await.is_empty());
        assert_eq!(world.count("SELECT COUNT(*) FROM stopped_numbers").await, 0);
    }
}
