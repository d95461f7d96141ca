//! The contract of the store for what is due in the outbox, and what is owed to texters.

use super::*;

both! {
    async fn a_claim_is_exclusive_until_its_lease_runs_out_or_is_given_back(world: World) {
        let other = world.another_app().await.store;
        unit!(world, |tx| {
            for n in 0..50 {
                says(tx, &format!("+1555{n:04}"), Lane::Content, "words", None).await?;
            }
        });
        let claim = async |store: &Store, now: At| {
            let due = store.write(move |tx| Box::pin(async move { Ok(tx.claim_due(&claim_of(Lane::Content, now, 7)).await?.due) })).await.unwrap();
            due.into_iter().map(|due| due.id).collect::<Vec<_>>()
        };
        let mut claimed = join_all((0..10).map(|n| {
            claim(if n % 2 == 0 { &world.app.store } else { &other }, NOW)
        })).await.concat();
        claimed.sort_unstable();
        let all = claimed.len();
        claimed.dedup();
        assert_eq!((claimed.len(), all), (50, 50), "each row went to one of them");
        assert!(claim(&other, later(59)).await.is_empty());
        let back = claimed[9];
        unit!(world, |tx| { tx.release(back).await?; });
        assert_eq!(claim(&other, later(1)).await, [back]);
        assert_eq!(claim(&other, later(60)).await.len(), 7, "the first leases have run out");
    }

    async fn what_a_clock_put_off_that_was_wrong_is_due(world: World) {
        let ahead = 6 * 3_600;
        let [queued, leased, awaiting, soon] = unit!(world, |tx| {
            let mut rows = Vec::new();
            for (n, state, due) in [
                (0, OutboxState::Queued, later(ahead + 30)),
                (1, OutboxState::Queued, later(ahead)),
                (2, OutboxState::Awaiting, later(ahead + 30)),
                (3, OutboxState::Queued, later(50)),
            ] {
                let row = says(tx, &format!("+1555{n:04}"), Lane::Crisis, "words", None).await?;
                tx.settle(row, NOW, &settled(state, due)).await?;
                rows.push(row);
            }
            let claimed = tx.claim_due(&claim_of(Lane::Crisis, later(ahead), 2)).await?;
            assert!(claimed.due.iter().any(|due| due.id == rows[1]));
            tx.release(rows[3]).await?;
            <[Uuid; 4]>::try_from(rows).unwrap()
        });
        let claims = async |now: At| {
            let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Crisis, now, 10)).await?.due });
            due.into_iter().map(|due| due.id).collect::<Vec<_>>()
        };
        unit!(world, |tx| { tx.outbox_of_the_future(later(60), NOW).await? });
        assert_eq!(claims(NOW).await, [queued], "what is on its way may have an answer on its way");
        assert_eq!(claims(later(50)).await, [soon], "a right clock put it off");
        let before = claims(later(119)).await;
        assert!(!before.contains(&leased) && !before.contains(&awaiting), "{before:?}");
        let due = claims(later(120)).await;
        assert!(due.contains(&leased) && due.contains(&awaiting), "{due:?}");
    }

    async fn a_reply_in_whose_place_other_words_left_is_sent_under_an_id_of_its_own(world: World) {
        let row = unit!(world, |tx| {
            let row = says(tx, NUMBER, Lane::Crisis, "call 911", None).await?;
            tx.did_not_leave(row, NOW).await?;
            let due = tx.claim_due(&claim_of(Lane::Crisis, NOW, 10)).await?.due;
            assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), [row], "it waited for no receipt");
            tx.release(row).await?;
            row
        });
        damage(&world, "UPDATE outbox SET state = 'awaiting'").await;
        unit!(world, |tx| {
            tx.did_not_leave(row, later(1)).await?;
            assert!(tx.outbox_row_of("main", Some(row), "SMother").await?.is_none(), "a receipt of the other words");
            let due = tx.claim_due(&claim_of(Lane::Crisis, later(1), 10)).await?.due;
            assert_eq!(due.len(), 1);
            assert_eq!(due[0].body.reveal(), "call 911");
        });
    }

    async fn lanes_are_claimed_apart_and_parts_in_order(world: World) {
        let rows = unit!(world, |tx| {
            let first = says(tx, NUMBER, Lane::Content, "part 1", None).await?;
            let second = says(tx, NUMBER, Lane::Content, "part 2", None).await?;
            let crisis = says(tx, NUMBER, Lane::Crisis, "crisis", None).await?;
            [first, second, crisis]
        });
        let claim = async |lane: Lane, now: At| {
            let due = unit!(world, |tx| { tx.claim_due(&claim_of(lane, now, 10)).await?.due });
            due.into_iter().map(|due| due.id).collect::<Vec<_>>()
        };
        let [first, second, crisis] = rows;
        assert_eq!(claim(Lane::Crisis, NOW).await, [crisis], "it waits for no other lane");
        assert_eq!(claim(Lane::Content, NOW).await, [first]);
        assert!(claim(Lane::Content, NOW).await.is_empty(), "the second part waits for the first");
        unit!(world, |tx| { tx.settle(first, NOW, &settled(OutboxState::Queued, later(30))).await?; });
        assert!(claim(Lane::Content, later(29)).await.is_empty());
        assert_eq!(claim(Lane::Content, later(30)).await, [first]);
        unit!(world, |tx| { tx.settle(first, later(30), &settled(OutboxState::Accepted, NOW)).await?; });
        assert_eq!(claim(Lane::Content, later(30)).await, [second]);
        assert!(claim(Lane::Conversation, later(30)).await.is_empty());
    }

    async fn a_gateway_that_fails_holds_up_no_answer_by_another_and_parts_stay_in_order_when_they_move(world: World) {
        for lane in [Lane::Crisis, Lane::Conversation, Lane::Content] {
            let [first, second, other] = unit!(world, |tx| {
                let first = says(tx, NUMBER, lane, "part 1", None).await?;
                let second = says(tx, NUMBER, lane, "part 2", None).await?;
                let other = says_by(tx, "other", NUMBER, lane, "to the other number", None).await?;
                tx.settle(first, NOW, &Settled::new(OutboxState::Queued, later(99))).await?;
                [first, second, other]
            });
            let claim = async |now: At| {
                let due = unit!(world, |tx| { tx.claim_due(&claim_of(lane, now, 10)).await?.due });
                due.into_iter().map(|due| due.id).collect::<Vec<_>>()
            };
            assert_eq!(claim(NOW).await, [other], "{lane:?}");
            unit!(world, |tx| {
                tx.settle(other, NOW, &settled(OutboxState::Accepted, NOW)).await?;
                let moves = Settled { moves_to: Some("other".to_owned()), ..Settled::new(OutboxState::Queued, later(99)) };
                tx.settle(first, NOW, &moves).await?;
            });
            assert!(claim(later(98)).await.is_empty(), "{lane:?}: the first part has only moved");
            assert_eq!(claim(later(99)).await, [first], "{lane:?}");
            unit!(world, |tx| { tx.settle(first, NOW, &settled(OutboxState::Accepted, NOW)).await?; });
            assert_eq!(claim(later(99)).await, [second], "{lane:?}");
        }
    }

    async fn what_is_done_stays_done(world: World) {
        let id = unit!(world, |tx| {
            let id = says(tx, NUMBER, Lane::Content, "words", None).await?;
            assert_eq!(tx.outbox_waiting().await?, 1);
            let due = |count| vec![LaneDue { lane: Lane::Content, count, oldest: NOW }];
            assert_eq!(tx.outbox_due(later(5)).await?, due(1));
            assert!(tx.outbox_due(NOW.minus(seconds(1))).await?.is_empty(), "not yet");
            tx.settle(id, later(1), &settled(OutboxState::Awaiting, later(30))).await?;
            assert_eq!(tx.outbox_waiting().await?, 1);
            assert!(tx.outbox_due(later(60)).await?.is_empty(), "it has left, perhaps");
            tx.settle(id, later(2), &settled(OutboxState::Accepted, NOW)).await?;
            tx.settle(id, later(3), &settled(OutboxState::Queued, NOW)).await?;
            tx.settle(id, later(4), &settled(OutboxState::Failed, NOW)).await?;
            id
        });
        let row = view!(world).outbox_row_of("main", Some(id), "").await.unwrap().unwrap();
        assert_eq!(row.id, id);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'accepted'").await, 1);
        assert_eq!(view!(world).outbox_waiting().await.unwrap(), 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE attempts = 2 AND lease_until IS NULL").await, 1);
        assert!(unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Content, later(9_999), 10)).await?.due }).is_empty());
        // Only a receipt that says "not delivered" puts it back.
        unit!(world, |tx| { tx.send_again(id, later(10_000), "main", "SMout").await?; });
        assert_eq!(unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Content, later(10_000), 10)).await?.due }).len(), 1);
    }

    async fn a_receipt_finds_its_row_by_our_id_or_by_the_gateways(world: World) {
        let (id, answers) = unit!(world, |tx| {
            let heard = hears(tx, NUMBER, "SM1", "words").await?.unwrap();
            let id = says(tx, NUMBER, Lane::Content, "words", Some(heard)).await?;
            tx.settle(id, NOW, &settled(OutboxState::Accepted, NOW)).await?;
            (id, heard)
        });
        let mut tx = view!(world);
        for (outbox_id, gateway_ref) in [(Some(id), "SMother"), (None, "SMout"), (Some(Uuid::from_u128(1)), "SMout")] {
            let row = tx.outbox_row_of("main", outbox_id, gateway_ref).await.unwrap().unwrap();
            assert_eq!((row.id, row.lane, row.delivery, row.answers), (id, Lane::Content, None, Some(answers)));
        }
        for (gateway, outbox_id, gateway_ref) in [("other", None, "SMout"), ("main", None, "SMother"), ("main", Some(Uuid::from_u128(1)), "")] {
            assert!(tx.outbox_row_of(gateway, outbox_id, gateway_ref).await.unwrap().is_none());
        }
        drop(tx);
        unit!(world, |tx| {
            let (state, delivery) = (OutboxState::Accepted, Delivery::Delivered);
            let new = Delivered { state, delivery, gateway_ref: "SMlate", code: Some("0"), now: later(9), poll_at: None };
            tx.record_delivery(id, &new).await?;
        });
        let row = view!(world).outbox_row_of("main", None, "SMout").await.unwrap().unwrap();
        assert_eq!(row.delivery, Some(Delivery::Delivered), "the first id of the gateway stays");
    }

    async fn an_obligation_is_open_until_it_is_settled_once(world: World) {
        let rows = unit!(world, |tx| {
            let mut rows = Vec::new();
            for (n, closed) in [(1, None), (2, None), (3, Some((NOW, "loop_guard")))] {
                let id = hears(tx, NUMBER, &format!("SM{n}"), "words").await?.unwrap();
                let texter = someone(tx, NUMBER).await?.0.id;
                tx.owe_reply(id, texter, later(60 * n), closed).await?;
                rows.push((id, texter));
            }
            rows
        });
        for (now, expected) in [(NOW, (2, 0)), (later(61), (2, 1)), (later(999), (2, 2))] {
            assert_eq!(view!(world).obligations_open(now).await.unwrap(), expected);
        }
        let (first, texter) = rows[0];
        unit!(world, |tx| {
            tx.reply_settled(first, later(1), "replied").await?;
            tx.reply_settled(first, later(2), "undeliverable").await?;
            tx.replies_settled(texter, later(3), "closed_by_staff").await?;
        });
        assert_eq!(view!(world).obligations_open(later(999)).await.unwrap(), (0, 0));
        for outcome in ["replied", "closed_by_staff", "loop_guard"] {
            let sql = sqlx_count(outcome);
            assert_eq!(world.count(sql).await, 1, "{outcome}");
        }
    }

    async fn the_words_of_a_human_answer_what_had_come_when_they_were_written(world: World) {
        unit!(world, |tx| {
            for (n, at) in [(1, NOW), (2, later(5)), (3, later(6))] {
                let (texter, conversation) = someone(tx, NUMBER).await?;
                let new = NewInbound {
                    id: tx.id(at), gateway: "main", gateway_ref: &format!("SM{n}"), body: &MessageBody::new("words"),
                    media: 0, verdict: &verdict(Tier::None), at, came_before: None,
                };
                tx.record_inbound(&texter, &conversation, &new).await?;
                tx.owe_reply(new.id, texter.id, later(60), None).await?;
            }
        });
        for (author, left) in [(Author::Line, 3), (Author::Staff, 1)] {
            unit!(world, |tx| {
                let (texter, conversation) = someone(tx, NUMBER).await?;
                let at = later(5);
                let new = NewOutbound { id: tx.id(at), gateway: "main", author, staff_id: None, body: &MessageBody::new("here"), at };
                tx.record_outbound(&texter, &conversation, &new).await?;
                let receiver = Receiver::Texter { texter_id: texter.id, message_id: new.id, answers: None };
                let row = NewOutbox {
                    id: tx.id(at), lane: Lane::Conversation, channel: Channel::Sms, gateway: "main", receiver,
                    body: new.body, state: OutboxState::Queued, due_at: at, now: at,
                };
                tx.enqueue(&row).await?;
                tx.human_replied(row.id, later(9)).await?;
            });
            assert_eq!(view!(world).obligations_open(later(999)).await.unwrap().0, left, "{author:?}");
        }
        assert_eq!(world.count(sqlx_count("replied")).await, 2);
    }

    async fn an_answer_that_waits_is_taken_back_and_what_has_left_is_not(world: World) {
        unit!(world, |tx| {
            let inbound = hears(tx, NUMBER, "SM1", "how do i").await?.unwrap();
            let (texter, _) = someone(tx, NUMBER).await?;
            tx.owe_reply(inbound, texter.id, later(60), None).await?;
            let tried = says(tx, NUMBER, Lane::Content, "tried", None).await?;
            tx.settle(tried, NOW, &Settled::new(OutboxState::Queued, later(9))).await?;
            says(tx, NUMBER, Lane::Content, "waits", Some(inbound)).await?;
            says(tx, "+15550124", Lane::Content, "of another", None).await?;
            tx.withdraw_waiting(texter.id, NOW).await?;
            assert_eq!(tx.outbox_waiting().await?, 3, "what is due leaves");
            tx.withdraw_waiting(texter.id, At(NOW.0 - 1)).await?;
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'withdrawn'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL").await, 2);
        assert_eq!(world.count(sqlx_count("answered_together")).await, 1);
    }

    async fn who_opts_out_gets_nothing_of_what_still_waits_but_the_answer_to_a_crisis(world: World) {
        unit!(world, |tx| {
            let inbound = hears(tx, NUMBER, "SM1", "what is dbt").await?.unwrap();
            let (texter, _) = someone(tx, NUMBER).await?;
            tx.owe_reply(inbound, texter.id, later(60), None).await?;
            says(tx, NUMBER, Lane::Content, "leaves just now", None).await?;
            tx.claim_due(&claim_of(Lane::Content, NOW, 10)).await?;
            says(tx, NUMBER, Lane::Content, "a page", Some(inbound)).await?;
            says(tx, NUMBER, Lane::Conversation, "a person's words", None).await?;
            let perhaps = says(tx, NUMBER, Lane::Conversation, "has left, perhaps", None).await?;
            tx.settle(perhaps, NOW, &settled(OutboxState::Awaiting, later(30))).await?;
            says(tx, NUMBER, Lane::Crisis, "the answer to a crisis", None).await?;
            says(tx, "+15550124", Lane::Content, "of another", None).await?;
            tx.withdraw_from_opted_out(texter.id, later(1)).await?;
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'opted_out' AND done_at IS NOT NULL").await, 3);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND lane = 'crisis'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND lane = 'content'").await, 2);
        assert_eq!(world.count(sqlx_count("opted_out")).await, 1);
    }
}

/// A query that counts obligations with an outcome.
fn sqlx_count(outcome: &str) -> &'static str {
    format!("SELECT COUNT(*) FROM obligations WHERE outcome = '{outcome}'").leak()
}
