//! The contract of the store, part: transfers, calls for help, notes, wrap-ups, and who may read what.

use harborline::store::{NewReveal, NewTransfer, NewWrapUp, TransferEnd};

use super::*;
use crate::support::both;

/// An account of the staff.
async fn staff(world: &World, login: &str, role: Role) -> Account {
    world.an_account(login, role).await
}

/// An open case of a texter.
async fn a_case(tx: &mut Tx, number: &str) -> Result<(Texter, Alert), StoreError> {
    let (texter, conversation) = someone(tx, number).await?;
    let request = AlertRequest {
        reason: Reason::Crisis,
        tier: Tier::High,
        page_after: Duration::ZERO,
    };
    let (id, code) = (tx.id(NOW), tx.free_code().await?);
    let alert = Alert::open(id, conversation.id, texter.id, code, request, NOW);
    tx.insert_alert(&alert).await?;
    Ok((texter, alert))
}

both! {
    async fn a_case_has_one_open_offer_that_ends_once(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let second = staff(&world, "second", Role::Responder).await;
        let (from, to) = (first.id, second.id);
        let alert = unit!(world, |tx| {
            let (_, mut alert) = a_case(tx, NUMBER).await?;
            alert.claim(from, NOW, &CLOCKS);
            tx.save_alert(&alert).await?;
            let kept = tx.case(alert.id).await?.unwrap();
            assert_eq!(kept.lease_until, Some(NOW.plus(minutes(60))));
            let offer = NewTransfer {
                alert_id: alert.id,
                conversation_id: alert.conversation_id,
                from_id: from,
                to_id: to,
                at: NOW,
                until: later(300),
            };
            tx.offer_transfer(&offer).await?;
            alert
        });
        let mut tx = view!(world);
        let open = tx.open_transfer(alert.id).await.unwrap().unwrap();
        assert_eq!((open.from_id, open.to_id, open.from_name.as_str()), (from, to, "Second"));
        assert_eq!(tx.transfers_to(to, later(299)).await.unwrap(), std::slice::from_ref(&open));
        assert!(tx.transfers_to(to, later(300)).await.unwrap().is_empty(), "too late");
        assert!(tx.transfers_to(from, NOW).await.unwrap().is_empty());
        assert!(tx.transfers_lapsed(later(299), 9).await.unwrap().is_empty());
        assert_eq!(tx.transfers_lapsed(later(300), 9).await.unwrap(), std::slice::from_ref(&open));
        drop(tx);
        let id = open.id;
        assert!(unit!(world, |tx| { tx.end_transfer(id, later(1), TransferEnd::Accepted).await? }));
        assert!(!unit!(world, |tx| { tx.end_transfer(id, later(2), TransferEnd::Lapsed).await? }));
        assert_eq!(world.count("SELECT COUNT(*) FROM transfers WHERE outcome = 'accepted'").await, 1);
        assert_eq!(view!(world).open_transfer(alert.id).await.unwrap(), None);
    }

    async fn a_call_for_help_is_made_once_and_counted(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let by = first.id;
        let alert = unit!(world, |tx| {
            let (_, alert) = a_case(tx, NUMBER).await?;
            assert!(tx.call_help(alert.id, alert.conversation_id, by, NOW, later(120)).await?);
            assert!(!tx.call_help(alert.id, alert.conversation_id, by, NOW, later(120)).await?);
            alert
        });
        assert!(view!(world).help_due(later(119), 9).await.unwrap().is_empty());
        let due = view!(world).help_due(later(120), 9).await.unwrap();
        assert_eq!((due.len(), due[0].calls, due[0].asked_by), (1, 1, by));
        let call = due[0].clone();
        let called = async |call: &harborline::store::HelpCall| {
            let call = call.clone();
            let unit = world.app.store.write(move |tx: &mut Tx| {
                let call = call.clone();
                Box::pin(async move { tx.help_called(&call, later(240)).await })
            });
            unit.await.unwrap()
        };
        assert!(called(&call).await);
        assert!(!called(&call).await, "another replica did");
        assert_eq!(view!(world).open_help(alert.id).await.unwrap().unwrap().calls, 2);
        assert_eq!(view!(world).open_help_calls().await.unwrap().len(), 1);
        let id = call.id;
        unit!(world, |tx| { tx.end_help(id, later(200), Some(by)).await? });
        assert_eq!(view!(world).open_help(alert.id).await.unwrap(), None);
        assert!(view!(world).help_due(later(999), 9).await.unwrap().is_empty());
    }

    async fn notes_are_sealed_and_a_wrap_up_says_how_it_ended(world: World) {
        let first = staff(&world, "first", Role::Supervisor).await;
        let by = first.id;
        let (texter_id, conversation) = unit!(world, |tx| {
            let (texter, alert) = a_case(tx, NUMBER).await?;
            tx.add_note(&texter, alert.conversation_id, by, &MessageBody::new("one"), NOW).await?;
            tx.add_note(&texter, alert.conversation_id, by, &MessageBody::new("two"), later(1)).await?;
            (texter.id, alert.conversation_id)
        });
        let mut tx = view!(world);
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let notes = tx.notes(&texter, conversation, 9).await.unwrap();
        let words: Vec<&str> = notes.iter().map(|note| note.body.reveal()).collect();
        assert_eq!((words, notes[0].role), (vec!["one", "two"], Role::Supervisor));
        assert_eq!(tx.notes(&texter, conversation, 1).await.unwrap()[0].body.reveal(), "two");
        assert_eq!(tx.ended(conversation).await.unwrap(), None);
        drop(tx);
        unit!(world, |tx| {
            tx.close_conversation(conversation, later(9)).await?;
            tx.wrap_up(&NewWrapUp {
                conversation_id: conversation,
                staff_id: by,
                outcome: "talked",
                tier: Tier::High,
                check_in: true,
                debrief: false,
                at: later(9),
            })
            .await?;
        });
        let mut tx = view!(world);
        let ended = tx.ended(conversation).await.unwrap().unwrap();
        assert_eq!((ended.outcome.as_deref(), ended.closed_by.as_deref()), (Some("talked"), Some("Second")));
        assert_eq!(tx.ended_of(texter_id, Uuid::nil(), 9).await.unwrap(), [ended]);
        assert!(tx.ended_of(texter_id, conversation, 9).await.unwrap().is_empty());
        drop(tx);
        unit!(world, |tx| { tx.erase(texter_id, later(20)).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM notes").await, 0);
    }

    async fn who_may_read_a_conversation(world: World) {
        let mut people = Vec::new();
        for login in ["owner", "asked", "other"] {
            people.push(staff(&world, login, Role::Responder).await);
        }
        let above = staff(&world, "above", Role::Supervisor).await;
        let (owner, asked) = (people[0].id, people[1].id);
        people.push(above);
        let conversation = unit!(world, |tx| { a_case(tx, NUMBER).await?.1.conversation_id });
        let readers = async |world: &World| {
            let mut may = Vec::new();
            for one in &people {
                if view!(world).may_read(one, conversation).await.unwrap() {
                    may.push(one.login.as_str());
                }
            }
            may
        };
        assert_eq!(readers(&world).await, ["owner", "asked", "other", "above"], "nobody has it");
        unit!(world, |tx| {
            let mut alert = tx.open_alert(conversation).await?.unwrap();
            alert.claim(owner, NOW, &CLOCKS);
            tx.save_alert(&alert).await?;
        });
        assert_eq!(readers(&world).await, ["owner", "above"]);
        unit!(world, |tx| {
            let alert = tx.open_alert(conversation).await?.unwrap();
            let offer = NewTransfer {
                alert_id: alert.id,
                conversation_id: conversation,
                from_id: owner,
                to_id: asked,
                at: NOW,
                until: later(300),
            };
            tx.offer_transfer(&offer).await?;
        });
        assert_eq!(readers(&world).await, ["owner", "asked", "above"]);
        unit!(world, |tx| {
            let mut alert = tx.open_alert(conversation).await?.unwrap();
            alert.close(Closed::ByStaff, NOW);
            tx.save_alert(&alert).await?;
            tx.close_conversation(conversation, NOW).await?;
            tx.wrap_up(&NewWrapUp {
                conversation_id: conversation,
                staff_id: owner,
                outcome: "talked",
                tier: Tier::High,
                check_in: false,
                debrief: false,
                at: NOW,
            })
            .await?;
        });
        assert_eq!(readers(&world).await, ["owner", "above"]);
        let nobody = Uuid::nil();
        assert!(!view!(world).may_read(&people[3], nobody).await.unwrap());
    }

    async fn a_conversation_tells_what_was_done_with_it_and_its_cases(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let conversation = unit!(world, |tx| {
            let (_, alert) = a_case(tx, NUMBER).await?;
            let nothing = serde_json::json!({});
            tx.audit(NOW, "line", "alert.reopened", Some(alert.id), &nothing).await?;
            tx.audit(later(1), "first", "conversation.claimed", Some(alert.conversation_id), &nothing).await?;
            tx.audit(later(2), "first", "conversation.claimed", Some(Uuid::nil()), &nothing).await?;
            alert.conversation_id
        });
        let told = view!(world).history(conversation, 9).await.unwrap();
        let told: Vec<(&str, &str)> = told.iter().map(|one| (one.by.as_str(), one.action.as_str())).collect();
        assert_eq!(told, [("line", "alert.reopened"), (first.name.as_str(), "conversation.claimed")]);
        let last = view!(world).history(conversation, 1).await.unwrap();
        assert_eq!(last[0].action, "conversation.claimed");
    }

    async fn an_acknowledgement_is_taken_from_one_person_and_left_to_the_others(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let second = staff(&world, "second", Role::Responder).await;
        let (one, two) = (first.id, second.id);
        let left = unit!(world, |tx| {
            let (_, alert) = a_case(tx, NUMBER).await?;
            for staff_id in [Some(one), Some(two), None] {
                let name = "Duty phone".to_owned();
                let new = harborline::oncall::Acknowledgement { staff_id, name, at: NOW };
                tx.acknowledge(alert.id, &new).await?;
            }
            tx.forget_acknowledgement(alert.id, one).await?;
            tx.acknowledgements(alert.id).await?
        });
        let left: Vec<Option<Uuid>> = left.iter().map(|one| one.staff_id).collect();
        assert_eq!(left, [Some(two)]);
    }

    async fn a_number_is_shown_to_one_person_until_a_time(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let by = first.id;
        let conversation = unit!(world, |tx| {
            let conversation = a_case(tx, NUMBER).await?.1.conversation_id;
            tx.reveal(&NewReveal {
                conversation_id: conversation,
                staff_id: by,
                reason: "call_them",
                at: NOW,
                until: later(600),
            })
            .await?;
            conversation
        });
        assert_eq!(view!(world).revealed_until(conversation, by, later(599)).await.unwrap(), Some(later(600)));
        assert_eq!(view!(world).revealed_until(conversation, by, later(600)).await.unwrap(), None);
        assert_eq!(view!(world).revealed_until(conversation, Uuid::nil(), NOW).await.unwrap(), None);
    }

    async fn conversations_are_found_by_code_and_number_where_they_may_be_read(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let second = staff(&world, "second", Role::Responder).await;
        let owner = first.id;
        let (texter, alert) = unit!(world, |tx| {
            let (texter, mut alert) = a_case(tx, NUMBER).await?;
            alert.claim(owner, NOW, &CLOCKS);
            tx.save_alert(&alert).await?;
            (texter.id, alert)
        });
        let code = alert.code.as_str();
        let found = view!(world).find_by_code(&first, code, 9).await.unwrap();
        assert_eq!((found.len(), found[0].id, found[0].code.as_deref()), (1, alert.conversation_id, Some(code)));
        assert!(view!(world).find_by_code(&second, code, 9).await.unwrap().is_empty());
        assert!(view!(world).find_by_code(&first, "Z9", 9).await.unwrap().is_empty());
        assert_eq!(view!(world).find_by_number(&first, &number(), 9).await.unwrap(), found);
        assert!(view!(world).find_by_number(&second, &number(), 9).await.unwrap().is_empty());
        assert_eq!(view!(world).searchable(&first, 9).await.unwrap(), found);
        assert!(view!(world).searchable(&second, 9).await.unwrap().is_empty());
        unit!(world, |tx| { tx.erase(texter, later(20)).await? });
        assert!(view!(world).find_by_code(&first, code, 9).await.unwrap().is_empty());
    }

    async fn what_is_over_is_listed_for_who_closed_it_and_for_supervisors(world: World) {
        let first = staff(&world, "first", Role::Responder).await;
        let second = staff(&world, "second", Role::Responder).await;
        let above = staff(&world, "above", Role::Supervisor).await;
        let by = first.id;
        unit!(world, |tx| {
            for (number, at, outcome) in [("+15550131", 1, "talked"), ("+15550132", 2, "silent"), ("+15550133", 3, "talked")] {
                let conversation = a_case(tx, number).await?.1.conversation_id;
                tx.close_conversation(conversation, later(at)).await?;
                tx.wrap_up(&NewWrapUp {
                    conversation_id: conversation,
                    staff_id: by,
                    outcome,
                    tier: Tier::High,
                    check_in: false,
                    debrief: false,
                    at: later(at),
                })
                .await?;
            }
        });
        for (who, outcome, count) in [(&first, None, 3), (&second, None, 0), (&above, None, 3), (&above, Some("talked"), 2), (&first, Some("silent"), 1)] {
            let found = view!(world).closed(who, outcome, TimePlace::FIRST, 9).await.unwrap();
            assert_eq!(found.len(), count, "{} {outcome:?}", who.login);
            assert!(found.is_sorted_by_key(|one| std::cmp::Reverse(one.closed_at)));
        }
        let first_page = view!(world).closed(&above, None, TimePlace::FIRST, 2).await.unwrap();
        let after = TimePlace { at: first_page[1].closed_at, id: first_page[1].id };
        assert_eq!(view!(world).closed(&above, None, after, 9).await.unwrap().len(), 1);
    }

    async fn a_tier_is_decided_and_newer_texts_are_counted(world: World) {
        let (first, second) = (hears_one(&world, "one").await, hears_one(&world, "two").await);
        let conversation = world.first_in_the_queue().await;
        for (seen, newer) in [(Uuid::nil(), 2), (first, 1), (second, 0)] {
            assert_eq!(view!(world).texts_after(conversation, seen).await.unwrap(), newer);
        }
        unit!(world, |tx| { tx.set_tier(conversation, Tier::Topic).await? });
        let open = view!(world).texter_of(conversation).await.unwrap().unwrap().conversation.unwrap();
        assert_eq!(open.tier, Tier::Topic);
    }
}

/// Takes in a text; its row.
async fn hears_one(world: &World, reference: &'static str) -> Uuid {
    unit!(world, |tx| {
        hears(tx, NUMBER, reference, "hello").await?.unwrap()
    })
}
