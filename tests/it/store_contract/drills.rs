//! The contract of the store for drills, on both engines.

use harborline::clock::At;
use harborline::conversation::{AlertRequest, Reason, State};
use harborline::oncall::drill::{Asked, Report};
use harborline::oncall::{Alert, Contact, DrillOutcome, Until, Variant};
use harborline::phone::PhoneNumber;
use harborline::store::{NewDrill, NewPage, PageKind, StoreError, Tx};
use harborline::triage::Tier;
use uuid::Uuid;

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

/// The report of a drill that was asked for.
fn report() -> Report {
    Report::new(&Asked {
        variant: Variant::Plain,
        until: Until::Answered,
        dry_run: false,
        limit: minutes(15),
        climb: minutes(20),
    })
}

/// Asks for a drill; whether it was kept.
async fn ask(tx: &mut Tx, id: u128, at: At) -> Result<bool, StoreError> {
    let new = NewDrill {
        id: Uuid::from_u128(id),
        variant: Variant::DbDown,
        dry_run: true,
        asked_by: "cli",
        report: &report(),
        at,
    };
    tx.ask_drill(&new).await
}

both! {
    async fn one_drill_is_open_at_a_time_and_each_is_kept(world: World) {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let later = NOW.plus(seconds(5));
        unit!(world, |tx| {
            assert!(ask(tx, 1, NOW).await?);
            assert!(!ask(tx, 2, NOW).await?, "one at a time");
            assert_eq!((tx.take_drill(one, later).await?, tx.take_drill(one, later).await?), (true, false));
            let mut so_far = tx.drill_to_change(one).await?.unwrap().report;
            so_far.text_at = Some(NOW);
            tx.save_drill(one, &so_far).await?;
        });
        let open = world.app.store.read().await.unwrap().open_drill().await.unwrap().unwrap();
        assert_eq!((open.id, open.variant, open.dry_run, open.asked_by.as_str()), (one, Variant::DbDown, true, "cli"));
        assert_eq!((open.taken_at, open.report.text_at), (Some(later), Some(NOW)));
        unit!(world, |tx| {
            assert!(tx.drill_held_since("cli", NOW).await?, "while it goes on, too");
            tx.end_drill(one, later, DrillOutcome::CalledOff, &report()).await?;
            // Over is over.
            tx.end_drill(one, later, DrillOutcome::Passed, &report()).await?;
            tx.save_drill(one, &Report::default()).await?;
            assert!(tx.drill_to_change(one).await?.is_none() && tx.open_drill().await?.is_none());
            assert!(!tx.take_drill(one, later).await?);
            assert!(!tx.drill_held_since("cli", NOW).await?, "called off is not held");
            assert!(ask(tx, 2, later).await?);
            tx.end_drill(two, later, DrillOutcome::Passed, &report()).await?;
            assert!(tx.drill_held_since("cli", NOW).await? && !tx.drill_held_since("another", NOW).await?);
            assert!(!tx.drill_held_since("cli", later.plus(seconds(1))).await?);
        });
        let mut tx = world.app.store.read().await.unwrap();
        let kept: Vec<_> = tx.drills(9).await.unwrap().iter().map(|drill| (drill.id, drill.outcome)).collect();
        assert_eq!(kept, [(two, Some(DrillOutcome::Passed)), (one, Some(DrillOutcome::CalledOff))]);
        let ended = tx.drill(one).await.unwrap().unwrap();
        assert_eq!((ended.ended_at, ended.report), (Some(later), report()));
        assert!(tx.drill(Uuid::from_u128(9)).await.unwrap().is_none());
    }

    async fn the_case_of_a_drill_has_a_timeline_and_its_pages_can_be_taken_back(world: World) {
        let drill = Uuid::from_u128(7);
        unit!(world, |tx| {
            assert_eq!(tx.conversation_of_drill(drill).await?, None);
            let number = PhoneNumber::of_sender("+15555550107");
            let texter = tx.texter(&number, &State::default(), NOW).await?;
            let conversation = tx.open_conversation(texter.id, NOW).await?;
            tx.mark_drill(conversation.id, drill).await?;
            assert_eq!(tx.conversation_of_drill(drill).await?, Some(conversation.id));
            assert!(tx.alert_of(conversation.id).await?.is_none());
            let request = AlertRequest { reason: Reason::Crisis, tier: Tier::High, page_after: seconds(0) };
            let mut alert = Alert::open(tx.id(NOW), conversation.id, texter.id, "A3".to_owned(), request, NOW);
            alert.drill = Some(drill);
            tx.insert_alert(&alert).await?;
            assert_eq!(tx.alert_of(conversation.id).await?.unwrap().drill, Some(drill));
            let contact = Contact::texted("Duty phone", &PhoneNumber::of_sender("+15550199"));
            let page = NewPage { alert: Some(alert.id), kind: PageKind::Page, contact: &contact, words: "words" };
            tx.send_to_responder("main", &page, NOW).await?;
            tx.audit(NOW.plus(seconds(1)), "line", "alert.paged", Some(alert.id), &serde_json::json!({})).await?;
            assert_eq!(tx.pages_refused(alert.id).await?, 0);
            tx.withdraw_pages(alert.id, NOW.plus(seconds(2))).await?;
            let told: Vec<_> = tx.timeline(&alert, false).await?.into_iter().map(|event| (event.at, event.what)).collect();
            assert_eq!(told, [
                (NOW, "page to Duty phone by sms".to_owned()),
                (NOW.plus(seconds(1)), "a round of pages".to_owned()),
                (NOW.plus(seconds(2)), "page to Duty phone by sms: withdrawn (main)".to_owned()),
            ]);
            let dry = tx.timeline(&alert, true).await?;
            assert_eq!(dry[2].what, "page to Duty phone by sms: held back (main)");
        });
        world.damage("UPDATE outbox SET code = 'drill'").await;
        unit!(world, |tx| {
            let conversation = tx.conversation_of_drill(drill).await?.unwrap();
            let alert = tx.alert_of(conversation).await?.unwrap();
            assert_eq!(tx.pages_refused(alert.id).await?, 1);
        });
    }

    async fn crises_that_are_open_are_counted_and_drills_are_not(world: World) {
        world.phone("+15550123").texts("i want to die").await;
        world.phone("+15550124").texts("HUMAN").await;
        let crises = async || world.app.store.read().await.unwrap().crises_open().await.unwrap();
        assert_eq!((crises().await, world.count("SELECT COUNT(*) FROM alerts").await), (1, 2));
        world.damage("UPDATE alerts SET drill_id = texter_id").await;
        assert_eq!(crises().await, 0);
    }

    async fn a_store_that_is_unplugged_refuses_all_work_and_the_other_goes_on(world: World) {
        let away = world.app.store.unplugged();
        assert!(matches!(away.read().await, Err(StoreError::NotFoundYet)));
        assert!(!away.is_well().await && world.app.store.is_well().await);
    }

    async fn a_conversation_is_one_of_a_drill_open_and_closed(world: World) {
        let drill = Uuid::from_u128(7);
        let (drilled, other) = unit!(world, |tx| {
            let number = PhoneNumber::of_sender("+15555550107");
            let texter = tx.texter(&number, &State::default(), NOW).await?;
            let conversation = tx.open_conversation(texter.id, NOW).await?;
            assert_eq!(conversation.drill, None);
            tx.mark_drill(conversation.id, drill).await?;
            let someone = tx.texter(&PhoneNumber::of_sender("+15550123"), &State::default(), NOW).await?;
            let other = tx.open_conversation(someone.id, NOW).await?.id;
            let again = tx.texter(&number, &State::default(), NOW).await?;
            assert_eq!(again.conversation.unwrap().drill, Some(drill));
            (conversation.id, other)
        });
        unit!(world, |tx| { tx.close_conversation(drilled, NOW).await?; });
        let mut tx = world.app.store.read().await.unwrap();
        assert_eq!(tx.drill_of(drilled).await.unwrap(), Some(drill));
        for none in [other, Uuid::from_u128(1)] {
            assert_eq!(tx.drill_of(none).await.unwrap(), None);
        }
    }
}
