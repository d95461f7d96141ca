//! The contract of the outbox: senders, fail-over, polls, blocks and the gateway log.

use harborline::route::{Circuit, Rate, Route, Routes};
use harborline::store::{Claimed, Due, ExchangeKind, NewExchange, Unreached};

use super::*;

/// One gateway of ten segments a second, eight at once, with a stand-in that has no limit.
fn routes() -> Arc<Routes> {
    let main = Route {
        rate: Rate::new(10.0, Some(8)),
        failover: Some("second".to_owned()),
    };
    Arc::new(Routes::new([
        ("main".to_owned(), main),
        ("second".to_owned(), Route::default()),
    ]))
}

async fn claims(store: &Store, lane: Lane, now: At, routes: Arc<Routes>) -> Claimed {
    claims_of(
        store,
        Claim {
            routes,
            ..claim_of(lane, now, 100)
        },
    )
    .await
}

async fn claims_of(store: &Store, claim: Claim) -> Claimed {
    let unit = store.write(move |tx| {
        let claim = claim.clone();
        Box::pin(async move { tx.claim_due(&claim).await })
    });
    unit.await.unwrap()
}

/// Puts a text into the outbox for each of so many texters.
async fn queues(world: &World, lane: Lane, count: u32) {
    unit!(world, |tx| {
        for n in 0..count {
            says(tx, &format!("+1555{n:07}"), lane, "one segment", None).await?;
        }
    });
}

fn exchange(kind: ExchangeKind, outbox_id: Option<Uuid>, gateway_ref: &str, at: At) -> NewExchange {
    NewExchange {
        at,
        gateway: "main".to_owned(),
        kind,
        outbox_id,
        gateway_ref: Some(gateway_ref.to_owned()),
        status: Some(201),
        outcome: "accepted".to_owned(),
        duration_ms: 12,
        asked: "POST canary question".to_owned(),
        answered: "201 canary answer".to_owned(),
    }
}

both! {
    async fn ordinary_lanes_wait_for_tokens_and_urgent_ones_do_not(world: World) {
        for lane in Lane::ALL.into_iter().filter(|lane| *lane != Lane::Conversation) {
            queues(&world, lane, 20).await;
        }
        let store = &world.app.store;
        let menus = claims(store, Lane::Content, NOW, routes()).await;
        assert_eq!(menus.due.len(), 4, "half a bucket is left for the others");
        assert!(menus.again.is_some_and(|again| again <= seconds(1)), "{:?}", menus.again);
        queues(&world, Lane::Conversation, 20).await;
        let words = claims(store, Lane::Conversation, NOW, routes()).await;
        assert_eq!(words.due.len(), 2, "a quarter is left");
        let behind = claims(store, Lane::Content, later(9), routes()).await;
        assert_eq!(behind.due.len(), 0, "menus wait while people wait");
        assert!(behind.again.is_some());
        assert_eq!(claims(store, Lane::Crisis, NOW, routes()).await.due.len(), 20);
        assert_eq!(claims(store, Lane::Conversation, NOW.plus(Duration::from_millis(2_100)), routes()).await.due.len(), 1, "the overdraft comes first");
    }

    async fn menus_wait_for_no_words_that_cannot_leave_yet(world: World) {
        let [first, second] = unit!(world, |tx| {
            let first = says(tx, NUMBER, Lane::Conversation, "tried again later", None).await?;
            let second = says(tx, NUMBER, Lane::Conversation, "behind it", None).await?;
            tx.settle(first, NOW, &Settled::new(OutboxState::Queued, later(30))).await?;
            says(tx, "+15550124", Lane::Content, "a menu", None).await?;
            [first, second]
        });
        let claim = async |lane, now| claims(&world.app.store, lane, now, routes()).await;
        assert_eq!(claim(Lane::Conversation, later(1)).await.due.len(), 0);
        assert_eq!(claim(Lane::Content, later(1)).await.due.len(), 1);
        unit!(world, |tx| { says(tx, "+15550124", Lane::Content, "another", None).await?; });
        let behind = claim(Lane::Content, later(61)).await;
        assert_eq!((behind.due.len(), behind.again.is_some()), (0, true), "now the words can leave");
        for row in [first, second] {
            assert_eq!(claim(Lane::Conversation, later(61)).await.due[0].id, row);
            unit!(world, |tx| { tx.settle(row, later(61), &settled(OutboxState::Accepted, NOW)).await?; });
        }
        assert_eq!(claim(Lane::Content, later(62)).await.due.len(), 1);
    }

    async fn replicas_share_one_bucket(world: World) {
        let other = world.another_app().await.store;
        queues(&world, Lane::Content, 60).await;
        let mut sent = 0;
        for second in 0..5 {
            let now = later(second);
            let (a, b) = tokio::join!(
                claims(&world.app.store, Lane::Content, now, routes()),
                claims(&other, Lane::Content, now, routes()),
            );
            sent += a.due.len() + b.due.len();
        }
        assert_eq!(sent, 4 * 5, "what one bucket gives away, however many look");
    }

    async fn a_sender_without_tokens_holds_up_no_other(world: World) {
        queues(&world, Lane::Content, 30).await;
        unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let new = NewOutbound { id: tx.id(NOW), gateway: "second", author: Author::Line, staff_id: None, body: &MessageBody::new("x"), at: NOW };
            tx.record_outbound(&texter, &conversation, &new).await?;
            let receiver = Receiver::Texter { texter_id: texter.id, message_id: new.id, answers: None };
            let row = NewOutbox { id: tx.id(NOW), lane: Lane::Content, channel: Channel::Sms, gateway: "second", receiver, body: new.body, state: OutboxState::Queued, due_at: later(1), now: NOW };
            tx.enqueue(&row).await?;
        });
        claims(&world.app.store, Lane::Content, NOW, routes()).await;
        let due = claims(&world.app.store, Lane::Content, later(1), routes()).await.due;
        assert!(due.iter().any(|due| due.gateway == "second"), "behind 26 of another sender");
    }

    async fn what_is_on_its_way_by_a_gateway_leaves_so_much_room(world: World) {
        queues(&world, Lane::Content, 30).await;
        let claim = |underway: u16, gateway: &str| Claim {
            most: 32, underway: [(gateway.to_owned(), underway)].into(), ..claim_of(Lane::Content, NOW, 16)
        };
        for (underway, gateway, expected) in [(32, "main", 0), (40, "main", 0), (30, "main", 2), (32, "other", 16), (0, "main", 12)] {
            let due = claims_of(&world.app.store, claim(underway, gateway)).await.due;
            assert_eq!(due.len(), expected, "{underway} by {gateway}");
        }
    }

    async fn what_is_too_late_costs_no_tokens(world: World) {
        queues(&world, Lane::Content, 30).await;
        let claim = Claim { fresh_since: Some(later(1)), routes: routes(), ..claim_of(Lane::Content, later(2), 100) };
        assert_eq!(claims_of(&world.app.store, claim).await.due.len(), 30);
        let full = unit!(world, |tx| { tx.sender("main", routes().rate("main"), later(2)).await?.bucket });
        assert_eq!(full.tokens, 8_000_000);
    }

    async fn urgent_texts_go_round_a_gateway_that_only_fails(world: World) {
        let rows = unit!(world, |tx| {
            let crisis = says(tx, NUMBER, Lane::Crisis, "crisis", None).await?;
            let words = says(tx, NUMBER, Lane::Conversation, "words", None).await?;
            for n in 0..3 {
                tx.sender_failed("main", None, later(n)).await?;
            }
            [crisis, words]
        });
        let circuit = view!(world).circuit("main").await.unwrap();
        assert_eq!(circuit, Circuit { failures: 3, failed_at: Some(later(2)) });
        let due = claims(&world.app.store, Lane::Crisis, later(3), routes()).await.due;
        let Due { id, gateway, moved_from, introduce, .. } = &due[0];
        assert_eq!((*id, gateway.as_str(), moved_from.as_deref()), (rows[0], "second", Some("main")));
        assert_eq!(*introduce, Some(Locale::default()), "they do not know this number");
        let due = claims(&world.app.store, Lane::Conversation, later(3), routes()).await.due;
        assert_eq!((due[0].id, due[0].gateway.as_str(), due[0].introduce), (rows[1], "main", None));
        unit!(world, |tx| { tx.sender_works("main").await?; });
        assert_eq!(view!(world).circuit("main").await.unwrap().failures, 0);
        assert_eq!(view!(world).circuit("never").await.unwrap(), Circuit::default());
    }

    async fn after_its_rest_one_urgent_text_tries_a_gateway_again_and_the_others_go_round_it(world: World) {
        unit!(world, |tx| {
            for n in 0..3 {
                tx.sender_failed("main", None, later(n)).await?;
            }
        });
        let claim = async |now| {
            // What leaves does not come back meanwhile.
            let claim = Claim { lease: minutes(9), routes: routes(), ..claim_of(Lane::Crisis, now, 100) };
            let claimed = claims_of(&world.app.store, claim).await;
            let by = claimed.due.into_iter().map(|due| due.gateway).collect::<Vec<_>>();
            (by, claimed.full)
        };
        assert_eq!(claim(later(62)).await, (vec![], false));
        let circuit = view!(world).circuit("main").await.unwrap();
        assert_eq!(circuit.failed_at, Some(later(2)), "nothing tried it");
        queues(&world, Lane::Crisis, 3).await;
        assert_eq!(claim(later(62)).await, (vec!["main".to_owned()], true), "and the others are looked at again at once");
        assert_eq!(claim(later(62)).await.0, ["second", "second"]);
        // It has failed once more: it rests again.
        unit!(world, |tx| { tx.sender_failed("main", None, later(77)).await?; });
        assert_eq!(view!(world).circuit("main").await.unwrap(), Circuit { failures: 4, failed_at: Some(later(77)) });
        unit!(world, |tx| {
            for n in 0..3 {
                says(tx, &format!("+1556{n:07}"), Lane::Crisis, "later", None).await?;
            }
        });
        assert_eq!(claim(later(137)).await.0, ["main"]);
        unit!(world, |tx| { tx.sender_works("main").await?; });
        assert_eq!(claim(later(137)).await.0, ["main", "main"]);
    }

    async fn a_moved_text_remembers_where_it_came_from_and_whom_it_knows(world: World) {
        let id = unit!(world, |tx| {
            let id = says(tx, NUMBER, Lane::Crisis, "first", None).await?;
            let moves = Settled { moves_to: Some("second".to_owned()), ..Settled::new(OutboxState::Queued, NOW) };
            tx.settle(id, NOW, &moves).await?;
            id
        });
        let claim = async || claims(&world.app.store, Lane::Crisis, later(1), Arc::default()).await.due;
        let due = claim().await;
        assert_eq!((due[0].gateway.as_str(), due[0].moved_from.as_deref()), ("second", Some("main")));
        assert!(due[0].introduce.is_some());
        unit!(world, |tx| {
            tx.settle(id, NOW, &settled(OutboxState::Accepted, NOW)).await?;
            let id = says(tx, NUMBER, Lane::Crisis, "second", None).await?;
            tx.send_again(id, NOW, "second", "SMold").await?;
        });
        let due = claim().await;
        assert_eq!((due[0].gateway.as_str(), due[0].introduce), ("second", None), "once is enough");
        let row = view!(world).outbox_row_of("main", Some(due[0].id), "").await.unwrap().unwrap();
        assert_eq!((row.gateway.as_str(), row.moved_from.as_deref()), ("second", Some("main")), "found by our id");
    }

    async fn a_receipt_that_is_faster_than_the_answer_counts_for_its_own_try(world: World) {
        for (early, expected) in [("SMout", true), ("SMother", false)] {
            let id = unit!(world, |tx| { says(tx, NUMBER, Lane::Crisis, "words", None).await? });
            unit!(world, |tx| { tx.failed_early(id, early, Some("30008")).await?; });
            let failed = unit!(world, |tx| { tx.settle(id, NOW, &settled(OutboxState::Accepted, NOW)).await? });
            assert_eq!(failed, expected, "{early}");
            let row = view!(world).outbox_row_of("main", Some(id), "").await.unwrap().unwrap();
            assert_eq!(row.gateway_ref.as_deref(), Some("SMout"));
            assert_eq!(row.delivery.is_some(), expected);
            let why = if expected { "30008" } else { "20429" };
            assert_eq!(row.code.as_deref(), Some(why));
        }
    }

    async fn a_row_knows_its_tries_in_doubt_and_the_one_that_did_not_arrive(world: World) {
        let id = unit!(world, |tx| {
            let id = says(tx, NUMBER, Lane::Crisis, "words", None).await?;
            for state in [OutboxState::Queued, OutboxState::Awaiting] {
                let doubt = Settled { in_doubt: true, ..Settled::new(state, NOW) };
                tx.settle(id, NOW, &doubt).await?;
            }
            tx.settle(id, NOW, &Settled::new(OutboxState::Queued, NOW)).await?;
            id
        });
        let due = async |now| claims(&world.app.store, Lane::Crisis, now, Arc::default()).await.due.remove(0);
        let first = due(NOW).await;
        assert_eq!((first.attempts, first.doubts, first.undelivered), (3, 2, None));
        unit!(world, |tx| { tx.send_again(id, NOW, "main", "SMold").await?; });
        let again = due(later(1)).await;
        assert_eq!((again.doubts, again.undelivered.as_deref()), (2, Some("SMold")));
        unit!(world, |tx| { tx.settle(id, NOW, &settled(OutboxState::Accepted, NOW)).await?; });
        let row = view!(world).outbox_row_of("main", Some(id), "").await.unwrap().unwrap();
        assert_eq!((row.doubts, row.delivery, row.gateway_ref.as_deref()), (2, None, Some("SMout")));
    }

    async fn nothing_is_kept_of_a_text_once_its_texter_was_erased(world: World) {
        let row = unit!(world, |tx| {
            let row = says(tx, NUMBER, Lane::Content, "answer", None).await?;
            tx.settle(row, NOW, &settled(OutboxState::Accepted, NOW)).await?;
            let texter = someone(tx, NUMBER).await?.0.id;
            tx.erase(texter, later(1)).await?;
            row
        });
        assert!(view!(world).outbox_row_of("main", Some(row), "SMout").await.unwrap().is_none());
        unit!(world, |tx| {
            for kind in [ExchangeKind::Send, ExchangeKind::Receipt, ExchangeKind::Poll] {
                tx.log_exchange(&exchange(kind, Some(row), "SMout", later(2))).await?;
            }
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM gateway_log").await, 0);
    }

    async fn a_text_is_asked_for_until_its_receipt_is_final(world: World) {
        let id = unit!(world, |tx| {
            let id = says(tx, NUMBER, Lane::Crisis, "words", None).await?;
            let taken = Settled { poll_at: Some(later(60)), ..settled(OutboxState::Accepted, NOW) };
            tx.settle(id, NOW, &taken).await?;
            id
        });
        let due = async |now| unit!(world, |tx| { tx.polls_due(now, 10).await? });
        assert!(due(later(59)).await.is_empty());
        let poll = due(later(60)).await.remove(0);
        assert_eq!((poll.id, poll.lane, poll.gateway.as_str(), poll.gateway_ref.as_str(), poll.polls), (id, Lane::Crisis, "main", "SMout", 0));
        unit!(world, |tx| { tx.polled(id, Some(later(120))).await?; });
        assert!(due(later(119)).await.is_empty());
        assert_eq!(due(later(120)).await[0].polls, 1);
        let said = |delivery| Delivered { state: OutboxState::Accepted, delivery, gateway_ref: "SMout", code: None, now: later(121), poll_at: Some(later(999)) };
        unit!(world, |tx| { tx.record_delivery(id, &said(Delivery::Sent)).await?; });
        assert_eq!(due(later(120)).await.len(), 1, "not final, and the earlier time stays");
        unit!(world, |tx| { tx.record_delivery(id, &said(Delivery::Delivered)).await?; });
        assert!(due(later(9_999)).await.is_empty());
    }

    async fn a_block_is_known_until_a_later_text_gets_through(world: World) {
        let texter = unit!(world, |tx| { someone(tx, NUMBER).await?.0.id });
        unit!(world, |tx| {
            tx.texter_blocked(texter, later(5)).await?;
            tx.texter_blocked(texter, later(9)).await?;
            tx.texter_unblocked(texter, later(5)).await?;
        });
        assert_eq!(view!(world).blocked_since(texter).await.unwrap(), Some(later(5)), "an older text says nothing");
        unit!(world, |tx| { says(tx, NUMBER, Lane::Content, "words", None).await?; });
        assert!(claims(&world.app.store, Lane::Content, NOW, Arc::default()).await.due[0].blocked);
        unit!(world, |tx| { tx.texter_unblocked(texter, later(6)).await?; });
        assert_eq!(view!(world).blocked_since(texter).await.unwrap(), None);
        assert_eq!(view!(world).blocked_since(Uuid::from_u128(1)).await.unwrap(), None);
    }

    async fn the_team_is_told_once_for_each_case_and_again_when_it_is_worse(world: World) {
        let alert = unit!(world, |tx| { alarm(tx, NUMBER, "A3", Tier::High, NOW, 1).await?.id });
        let texter = unit!(world, |tx| { someone(tx, NUMBER).await?.0.id });
        let untold = async |why| {
            let cases = unit!(world, |tx| { tx.untold_cases(texter, why).await? });
            cases.into_iter().map(|case| case.id).collect::<Vec<_>>()
        };
        assert_eq!(untold(Unreached::Failed).await, [alert]);
        unit!(world, |tx| { tx.told_unreached(alert, Unreached::Failed).await?; });
        assert!(untold(Unreached::Failed).await.is_empty());
        assert_eq!(untold(Unreached::OptedOut).await, [alert]);
        unit!(world, |tx| { tx.reached(texter).await?; });
        assert_eq!(untold(Unreached::Failed).await, [alert], "a text had arrived in between");
        unit!(world, |tx| {
            tx.texter_blocked(texter, NOW).await?;
            tx.told_unreached(alert, Unreached::OptedOut).await?;
            tx.reached(texter).await?;
        });
        assert!(untold(Unreached::OptedOut).await.is_empty());
        unit!(world, |tx| { tx.texter_unblocked(texter, later(1)).await?; });
        assert_eq!(untold(Unreached::OptedOut).await, [alert], "START, and then STOP again");
    }

    async fn exchanges_stand_beside_their_message_for_days_and_go_with_the_texter(world: World) {
        let (heard, row, texter, conversation) = unit!(world, |tx| {
            let heard = hears(tx, NUMBER, "SM1", "words").await?.unwrap();
            let row = says(tx, NUMBER, Lane::Content, "answer", None).await?;
            tx.settle(row, NOW, &settled(OutboxState::Accepted, NOW)).await?;
            let (texter, conversation) = someone(tx, NUMBER).await?;
            (heard, row, texter.id, conversation.id)
        });
        unit!(world, |tx| {
            tx.log_exchange(&exchange(ExchangeKind::Inbound, None, "SM1", NOW)).await?;
            tx.log_exchange(&exchange(ExchangeKind::Send, Some(row), "", later(1))).await?;
            tx.log_exchange(&exchange(ExchangeKind::Receipt, None, "SMout", later(2))).await?;
            tx.log_exchange(&exchange(ExchangeKind::Receipt, None, "SMnobody", later(3))).await?;
        });
        let mut tx = view!(world);
        let of = async |tx: &mut Tx, message| -> Vec<_> {
            let log = tx.exchanges(message, 10).await.unwrap();
            log.iter().map(|exchange| exchange.kind).collect()
        };
        assert_eq!(of(&mut tx, heard).await, [ExchangeKind::Inbound]);
        let texter_now = tx.texter_of(conversation).await.unwrap().unwrap();
        let said = tx.thread(&texter_now, conversation, 9).await.unwrap().pop().unwrap().id;
        assert_eq!(of(&mut tx, said).await, [ExchangeKind::Send, ExchangeKind::Receipt]);
        let log = tx.exchanges(said, 10).await.unwrap();
        assert_eq!((log[0].asked.as_str(), log[0].answered.as_str()), ("POST canary question", "201 canary answer"));
        assert_eq!((log[0].status, log[0].duration_ms, log[0].at), (Some(201), 12, later(1)));
        assert_eq!(tx.exchanges(said, 1).await.unwrap()[0].kind, ExchangeKind::Receipt);
        drop(tx);
        let stored = everything(&world).await;
        assert!(!stored.windows(6).any(|window| window == b"canary"), "sealed");
        assert_eq!(unit!(world, |tx| { tx.retain(Class::GatewayLog, later(2), later(9), 1).await? }), 1);
        assert_eq!(unit!(world, |tx| { tx.retain(Class::GatewayLog, later(2), later(9), 9).await? }), 1);
        unit!(world, |tx| { tx.erase(texter, later(9)).await?; });
        assert_eq!(world.count("SELECT COUNT(*) FROM gateway_log").await, 1, "what is about nobody stays");
    }

    async fn a_claim_reads_no_more_of_a_long_queue_than_it_takes(world: World) {
        for _ in 0..20 {
            unit!(world, |tx| {
                let (texter, conversation) = someone(tx, NUMBER).await?;
                let new = NewOutbound { id: tx.id(NOW), gateway: "main", author: Author::Line, staff_id: None, body: &MessageBody::new("x"), at: NOW };
                tx.record_outbound(&texter, &conversation, &new).await?;
                for n in 0..500 {
                    let receiver = Receiver::Texter { texter_id: texter.id, message_id: new.id, answers: None };
                    let (id, lane) = (tx.id(NOW), Lane::Content);
                    let row = NewOutbox { id, lane, channel: Channel::Sms, gateway: "main", receiver, body: new.body, state: OutboxState::Queued, due_at: later(n), now: NOW };
                    tx.enqueue(&row).await?;
                    if n % 100 == 99 {
                        // SQLite takes so many values in one statement.
                        tx.outbox_waiting().await?;
                    }
                }
            });
        }
        assert_eq!(view!(world).outbox_waiting().await.unwrap(), 10_000);
        let plan = plan_of_a_claim(&world).await;
        assert!(plan.contains("outbox_due"), "{plan}");
        assert!(!plan.contains("SCAN") && !plan.contains("Seq Scan") && !plan.contains("Sort"), "{plan}");
    }
}

/// How the engine looks for the rows of a claim.
async fn plan_of_a_claim(world: &World) -> String {
    let wanted = "SELECT o.id FROM outbox o
        WHERE o.done_at IS NULL AND o.lane = 'content' AND o.channel = 'sms' AND o.gateway = 'main' AND o.due_at <= 9000000000000
          AND (o.lease_until IS NULL OR o.lease_until <= 9000000000000)
          AND o.id <= COALESCE((SELECT e.id FROM outbox e
                                       WHERE e.texter_id = o.texter_id AND e.done_at IS NULL
                                         AND e.lane = o.lane AND e.state = 'queued'
                                         AND COALESCE(e.moved_from, e.gateway) = COALESCE(o.moved_from, o.gateway)
                                       ORDER BY e.id LIMIT 1), o.id)
        ORDER BY o.due_at, o.id LIMIT 16";
    let url = &world.config.database.url;
    if url.starts_with("sqlite") {
        let mut c = sqlx::SqliteConnection::connect(url).await.unwrap();
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {wanted}")));
        let rows = plan.fetch_all(&mut c).await.unwrap();
        let lines = rows.iter().map(|row| row.get::<String, _>(3));
        return lines.collect::<Vec<_>>().join("\n");
    }
    let mut c = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("ANALYZE outbox")
        .execute(&mut c)
        .await
        .unwrap();
    let plan = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("EXPLAIN {wanted}")));
    let lines: Vec<String> = plan.fetch_all(&mut c).await.unwrap();
    lines.join("\n")
}
