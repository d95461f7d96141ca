//! People: their own rules, and who takes a case with which phone.

use harborline::oncall::{Address, Channel, Quiet, Target, Urgency, Uses};
use harborline::store::{Account, NewMethod};

use crate::support::world::{DUTY, SECOND, minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const NIGHT: &str = "+15550172";
const OTHER: &str = "+15550173";

/// A second phone of a person.
async fn another_phone(world: &World, of: &Account, uses: Uses, verified: bool) {
    let (staff_id, now) = (of.id, world.now());
    let add = world.app.store.write(move |tx| {
        Box::pin(async move {
            let phone = NewMethod {
                staff_id,
                channel: Channel::Sms,
                label: "another phone",
                gateway: None,
                preset: None,
                address: &Address::new(OTHER),
                secret: None,
                uses,
            };
            let method = tx.add_method(&phone, now).await?.unwrap();
            if verified {
                tx.method_verified(method, now).await?;
            }
            Ok(())
        })
    });
    add.await.unwrap();
}

/// Sets the hours in which a person is not woken, and where they are.
async fn hours(world: &World, of: &Account, zone: &'static str, quiet: Option<Quiet>) {
    let id = of.id;
    let set = world
        .app
        .store
        .write(move |tx| Box::pin(async move { tx.set_person_hours(id, Some(zone), quiet).await }));
    set.await.unwrap();
}

both! {
    async fn a_crisis_starts_all_of_a_persons_methods_whatever_the_hour(world: World) {
        let first = world.a_person("First", FIRST).await;
        another_phone(&world, &first, Uses::Crisis, true).await;
        // It is midnight.
        hours(&world, &first, "UTC", Some(Quiet { from: 22 * 60, until: 7 * 60 })).await;
        for urgency in [Urgency::High, Urgency::WantsHuman] {
            world.pages_by(&first, urgency, 1, &[(60, 9, &[Target::Person(first.id)])]).await;
        }
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!((world.phone(FIRST).inbox().len(), world.phone(OTHER).inbox().len()), (1, 1));
        world.phone("+15550124").texts("HUMAN").await;
        let (first, other) = (world.phone(FIRST).inbox(), world.phone(OTHER).inbox());
        assert!(first.is_empty() && other.is_empty(), "nobody is woken for it: {first:?} {other:?}");
        assert_eq!(world.responder().inbox().len(), 1, "but somebody is there: the contacts of the configuration");
    }

    async fn a_phone_that_is_not_proved_or_was_stopped_is_not_paged(world: World) {
        let first = world.a_person("First", FIRST).await;
        another_phone(&world, &first, Uses::All, false).await;
        world.pages_by(&first, Urgency::High, 1, &[(60, 9, &[Target::Person(first.id)])]).await;
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!((world.phone(FIRST).inbox().len(), world.phone(OTHER).inbox().len()), (1, 0));
        world.damage("UPDATE contact_methods SET stopped_at = 1 WHERE verified_at IS NOT NULL").await;
        world.advance(minutes(1)).await;
        assert!(world.phone(FIRST).inbox().is_empty());
        let heard = world.responder().inbox();
        assert!(heard.iter().any(|text| text.starts_with("CRISIS: case A3")), "nobody can be reached: all hands: {heard:?}");
    }

    async fn a_person_takes_a_case_from_any_phone_that_is_proved_to_be_theirs(world: World) {
        let first = world.a_person("First", FIRST).await;
        another_phone(&world, &first, Uses::Other, true).await;
        world.a_person("Night", NIGHT).await;
        world.phone("+15550123").texts("i want to die").await;
        world.phone(NIGHT).inbox();
        world.phone(OTHER).texts("\"k9\"").await.expect_reply("There is no open case K9");
        world.phone(OTHER).texts("tomo A3 por favor").await.expect_reply("A3 is yours");
        assert_eq!(world.phone(NIGHT).inbox(), ["Case A3 was taken by First. Thank you for being there."]);
        assert!(world.phone(SECOND).inbox().is_empty(), "who was not paged is not told");
        let row = world.cases().await.remove(0);
        assert_eq!(row.acknowledged_by.as_deref(), Some("First"));
        let tested = "SELECT COUNT(*) FROM contact_methods WHERE tested_at IS NOT NULL";
        assert_eq!(world.count(tested).await, 3);
    }

    async fn thanks_for_news_takes_no_case_that_somebody_was_not_paged_for(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person("Night", NIGHT).await;
        let rungs: &[(u64, u16, &[Target])] = &[(30, 1, &[Target::Person(first.id)]), (600, 9, &[Target::Person(night.id)])];
        world.pages_by(&first, Urgency::High, 1, rungs).await;
        world.phone("+15550123").texts("i want to die").await;
        world.advance(seconds(30)).await;
        world.phone(FIRST).texts("a3").await.expect_reply("A3 is yours");
        assert_eq!(world.phone(NIGHT).inbox().last().unwrap(), "Case A3 was taken by First. Thank you for being there.");
        world.phone("+15550124").texts("i want to die").await;
        world.phone(NIGHT).texts("Got it, thanks").await.expect_reply("Please reply with the code of the case.");
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_at IS NULL").await, 1, "First is still paged for it");
        world.phone(NIGHT).texts("A4").await.expect_reply("A4 is yours");
    }

    async fn a_phone_that_is_not_proved_is_a_strangers(world: World) {
        let first = world.a_person("First", FIRST).await;
        another_phone(&world, &first, Uses::All, false).await;
        world.phone("+15550123").texts("i want to die").await;
        let heard = world.phone(OTHER).texts("A3").await;
        assert!(heard.all().iter().all(|text| !text.contains("A3")), "{heard:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE acknowledged_at IS NOT NULL").await, 0);
    }

    async fn who_comes_later_hears_who_has_it_at_the_time_where_they_are(world: World) {
        world.a_person("First", FIRST).await;
        let night = world.a_person("Night", NIGHT).await;
        hours(&world, &night, "America/New_York", None).await;
        world.phone("+15550123").texts("i want to die").await;
        world.phone(FIRST).texts("a3").await.expect_reply("A3 is yours");
        // Midnight in London, New Year's Eve in New York.
        world.phone(NIGHT).texts("a3").await.expect_reply("A3 was already taken by First at 19:00 EST.");
        world.phone(DUTY).texts("a3").await.expect_reply("A3 was already taken by First at 00:00 UTC.");
        world.phone(FIRST).texts("a3").await.expect_reply("A3 is yours");
    }
}
