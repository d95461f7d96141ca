//! The contract of the store for alerts, their pages and the queue.

use harborline::store::Untaken;

use super::*;

both! {
    async fn alerts_opened_at_once_have_codes_of_their_own(world: World) {
        let other = world.another_app().await;
        let units = (0..40_u32).map(|n| {
            let store = if n % 2 == 0 { &world.app.store } else { &other.store };
            store.write(move |tx| Box::pin(async move {
                let code = tx.free_code().await?;
                alarm(tx, &format!("+1555{n:04}"), &code, Tier::High, NOW, 0).await
            }))
        });
        let alerts = join_all(units).await;
        assert!(alerts.iter().all(Result::is_ok), "{alerts:?}");
        assert_eq!(world.count("SELECT COUNT(DISTINCT code) FROM alerts").await, 40);
    }

    async fn a_free_code_is_found_behind_many_that_are_taken(world: World) {
        let mut codes = harborline::oncall::codes(Some("A3"), 0);
        let taken: Vec<String> = codes.by_ref().take(40).collect();
        for (n, code) in (0..).zip(taken.into_iter().chain(["A3".to_owned()])) {
            let unit = world.app.store.write(move |tx| {
                let code = code.clone();
                Box::pin(async move {
                    alarm(tx, &format!("+1555{n:04}"), &code, Tier::High, later(n), 0).await
                })
            });
            unit.await.unwrap();
        }
        let free = unit!(world, |tx| { tx.free_code().await? });
        assert_eq!(Some(free), codes.next());
    }

    async fn an_alert_reads_back_as_it_was_saved(world: World) {
        let alert = unit!(world, |tx| {
            let mut alert = alarm(tx, NUMBER, "A3", Tier::Concern, NOW, 60).await?;
            assert_eq!(tx.open_alert(alert.conversation_id).await?, Some(alert.clone()));
            let request = AlertRequest { reason: Reason::OptedOutInCrisis, tier: Tier::Imminent, page_after: seconds(0) };
            alert.raise(request, later(1), &CLOCKS);
            let step = Step {
                rung: Some(1),
                exhausted: true,
                next: Place { rung: 1, round: 7 },
                delay: seconds(60),
            };
            alert.paged(Uuid::from_u128(9), &step, later(1));
            let exhausted = alert.clone();
            tx.save_alert(&exhausted).await?;
            assert_eq!(tx.open_alert(alert.conversation_id).await?, Some(exhausted));
            alert.taken(Taken { by: "Duty phone".to_owned(), at: later(2) }, &CLOCKS);
            alert.claim(Uuid::from_u128(7), later(3), &CLOCKS);
            alert.answered(later(4));
            tx.save_alert(&alert).await?;
            alert
        });
        let mut tx = view!(world);
        assert_eq!(tx.open_alert_of(alert.texter_id).await.unwrap(), Some(alert.clone()));
        assert_eq!(tx.open_alert_of(Uuid::from_u128(1)).await.unwrap(), None);
        assert_eq!(tx.alerts_open().await.unwrap(), (1, 0));
        drop(tx);
        let open = unit!(world, |tx| {
            assert_eq!(tx.free_code().await?, "A4");
            let open = tx.open_alerts().await?;
            let mut closed = open[0].clone();
            closed.close(Closed::ByStaff, later(5));
            tx.save_alert(&closed).await?;
            assert_eq!(tx.open_alert(closed.conversation_id).await?, None);
            assert_eq!(tx.open_alerts().await?, []);
            assert_eq!(tx.free_code().await?, "A4", "the round goes on");
            open
        });
        assert_eq!(open, [alert]);
        // Closed, its code and its conversation are free again.
        unit!(world, |tx| { alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?; });
    }

    async fn alerts_are_due_in_order_and_never_once_closed(world: World) {
        unit!(world, |tx| {
            alarm(tx, "+15550121", "A3", Tier::High, NOW, 30).await?;
            alarm(tx, "+15550122", "A4", Tier::High, NOW, 10).await?;
            alarm(tx, "+15550123", "A6", Tier::High, NOW, 300).await?;
            let mut closed = alarm(tx, "+15550124", "A7", Tier::High, NOW, 0).await?;
            closed.close(Closed::AnsweredNo, NOW);
            tx.save_alert(&closed).await?;
        });
        let codes = unit!(world, |tx| {
            let mut codes = Vec::new();
            for (now, limit) in [(NOW, 9), (later(29), 9), (later(30), 9), (later(30), 1), (later(999), 9)] {
                let due = tx.alerts_due(now, now, limit).await?;
                codes.push(due.into_iter().map(|alert| alert.code).collect::<Vec<_>>().join(" "));
            }
            codes
        });
        assert_eq!(codes, ["", "A4", "A4 A3", "A4", "A4 A3 A6"]);
    }

    async fn a_page_reaches_its_contact_sealed_with_the_house_key(world: World) {
        unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let second = Contact::texted("Second", &PhoneNumber::of_sender("+15550198"));
            let contact = contact();
            for contact in [&contact, &second] {
                let words = page(&alert, 0, NOW);
                let page = NewPage { alert: Some(alert.id), kind: PageKind::Page, contact, words: &words };
                let id = tx.send_to_responder("main", &page, NOW).await?;
                let paged = tx.paged(id).await?.unwrap();
                assert_eq!((paged.alert, &paged.contact, paged.staff_id), (Some(alert.id), &contact.name, None));
            }
            let notice = NewPage { alert: None, kind: PageKind::Notice, contact: &contact, words: "thank you" };
            let id = tx.send_to_responder("main", &notice, NOW).await?;
            assert_eq!(tx.paged(id).await?, None, "a notice is not answered");
            tx.send_notice("main", Some(alert.id), &[second, contact], "thank you", NOW).await?;
        });
        let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Page, NOW, 10)).await?.due });
        let sent: Vec<_> = due.iter().map(|due| (due.to.address.reveal(), due.body.reveal().contains("A3"))).collect();
        assert_eq!(sent, [("+15550199", true), ("+15550198", true), ("+15550199", false), ("+15550198", false), ("+15550199", false)]);
        assert!(due.iter().all(|due| matches!(due.receiver, Receiver::Responder { .. }) && due.attempts == 0));
    }

    async fn an_alert_knows_when_the_team_was_told_and_the_texter_excused(world: World) {
        let alert = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let request = AlertRequest { reason: Reason::Crisis, tier: Tier::High, page_after: seconds(0) };
            let mut alert = Alert::open(tx.id(NOW), conversation.id, texter.id, "A3".to_owned(), request, NOW);
            tx.insert_alert(&alert).await?;
            alert.pages = 1;
            tx.save_alert(&alert).await?;
            let (contact, words) = (contact(), "a page");
            for kind in [PageKind::Notice, PageKind::Page] {
                tx.send_to_responder("main", &NewPage { alert: Some(alert.id), kind, contact: &contact, words }, NOW).await?;
                let due = tx.claim_due(&claim_of(Lane::Page, NOW, 1)).await?.due;
                let Receiver::Responder { page_id } = due[0].receiver else { panic!("a page") };
                tx.page_accepted(page_id, later(7)).await?;
                assert_eq!(tx.open_alert(conversation.id).await?.unwrap().told_at.is_some(), kind == PageKind::Page);
            }
            alert
        });
        let told = unit!(world, |tx| {
            assert!(tx.alerts_to_excuse(At(NOW.0 - 1), 8).await?.is_empty());
            let due = tx.alerts_to_excuse(NOW, 8).await?;
            tx.excused(due[0].id, later(9)).await?;
            assert!(tx.alerts_to_excuse(NOW, 8).await?.is_empty(), "once");
            (due[0].id, due[0].told_at)
        });
        assert_eq!(told, (alert.id, Some(later(7))));
    }

    async fn the_queue_lists_who_waits_first_by_tier_then_by_waiting_time(world: World) {
        unit!(world, |tx| {
            for (number, code, tier, opened) in [
                ("+15550121", "A3", Tier::High, 20), ("+15550122", "A4", Tier::Imminent, 30),
                ("+15550123", "A6", Tier::High, 10), ("+15550124", "A7", Tier::Concern, 0),
            ] {
                alarm(tx, number, code, tier, later(opened), 0).await?;
            }
            let quiet = someone(tx, "+15550125").await?.1;
            tx.touch_conversation(quiet.id, (Tier::Imminent, Locale::En), later(99)).await?;
            let gone = someone(tx, "+15550126").await?.1;
            tx.close_conversation(gone.id, NOW).await?;
        });
        let me = Uuid::from_u128(7);
        let codes = |rows: &[QueueRow]| rows.iter().map(|row| row.code.clone()).collect::<Vec<_>>();
        let queue = view!(world).queue(me, Hands::Nobody, None, None, 10).await.unwrap();
        assert_eq!(codes(&queue), ["A4", "A6", "A3", "A7"]);
        assert_eq!((queue[0].reason, queue[0].waiting_since), (Reason::Crisis, later(30)));
        let high = view!(world).queue(me, Hands::Nobody, Some(Tier::High), None, 1).await.unwrap();
        assert_eq!(codes(&high), ["A6"]);
        let place = CasePlace { tier: Tier::High, opened_at: high[0].waiting_since, id: high[0].alert_id };
        let rest = view!(world).queue(me, Hands::Nobody, None, Some(place), 10).await.unwrap();
        assert_eq!(codes(&rest), ["A3", "A7"]);
        unit!(world, |tx| {
            for (code, owner) in [("A4", me), ("A6", Uuid::nil())] {
                let mut open = tx.open_alerts().await?;
                let alert = open.iter_mut().find(|alert| alert.code == code).unwrap();
                alert.claim(owner, NOW, &CLOCKS);
                tx.save_alert(alert).await?;
            }
        });
        assert_eq!(codes(&view!(world).queue(me, Hands::Mine, None, None, 9).await.unwrap()), ["A4"]);
        assert_eq!(codes(&view!(world).queue(me, Hands::Others, None, None, 9).await.unwrap()), ["A6"]);
        assert_eq!(view!(world).case_counts(me).await.unwrap(), (1, 2, 1));
        let untaken = |cases, tier| Untaken { cases, tier: Some(tier) };
        assert_eq!(view!(world).untaken(Uuid::nil()).await.unwrap(), untaken(2, Tier::High));
        let but = rest[0].conversation_id;
        assert_eq!(view!(world).untaken(but).await.unwrap(), untaken(1, Tier::Concern), "but for A3");
        unit!(world, |tx| {
            for alert in &mut tx.open_alerts().await? {
                alert.claim(me, NOW, &CLOCKS);
                tx.save_alert(alert).await?;
            }
        });
        assert_eq!(view!(world).untaken(Uuid::nil()).await.unwrap(), Untaken::default());
        let automated = view!(world).automated(TimePlace::FIRST, 9).await.unwrap();
        assert_eq!((automated.len(), automated[0].tier, automated[0].last_inbound_at), (1, Tier::Imminent, later(99)));
        let after = TimePlace { at: automated[0].last_inbound_at, id: automated[0].id };
        assert!(view!(world).automated(after, 9).await.unwrap().is_empty());
        assert_eq!(view!(world).alerts_open().await.unwrap(), (4, 4));
    }
}
