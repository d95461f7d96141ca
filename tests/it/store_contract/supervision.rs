//! The contract of the store, part: what the board reads, calls for help to the team, incidents that people
//! look after, timelines, and the rows of reports.

use harborline::oncall::{Audience, IncidentKind, Operator};
use harborline::reports::{CaseRow, ConversationRow};
use harborline::store::{NewWrapUp, Tally};
use serde_json::json;

use super::*;

fn operator() -> Operator {
    Operator {
        contacts: vec![contact()],
        repeat: minutes(15),
        gateway: "main".to_owned(),
        public_url: "https://line.example.org".to_owned(),
    }
}

/// An open crisis of a texter.
async fn a_crisis(tx: &mut Tx, number: &str, at: At) -> Result<Alert, StoreError> {
    let (texter, conversation) = someone(tx, number).await?;
    let request = AlertRequest {
        reason: Reason::Crisis,
        tier: Tier::High,
        page_after: Duration::ZERO,
    };
    let (id, code) = (tx.id(at), tx.free_code().await?);
    let alert = Alert::open(id, conversation.id, texter.id, code, request, at);
    tx.insert_alert(&alert).await?;
    Ok(alert)
}

both! {
    async fn somebody_looks_after_an_incident_and_closes_it_with_a_note(world: World) {
        let night = world.an_account("night", Role::Supervisor).await;
        let by = night.id;
        let texts = "SELECT COUNT(*) FROM outbox WHERE lane = 'page'";
        unit!(world, |tx| {
            tx.raise(&operator(), (IncidentKind::Signature, "main"), Tally::More(2), &json!({}), NOW).await?;
            tx.raise(&operator(), (IncidentKind::Overdue, "main"), Tally::Now(1), &json!({}), later(1)).await?;
        });
        let open = view!(world).open_entries().await.unwrap();
        assert_eq!(open.len(), 2);
        assert!(open.iter().all(|one| one.acknowledged.is_none() && one.closed_at.is_none()));
        let (signature, overdue) = (open[0].incident.id, open[1].incident.id);
        assert!(view!(world).past_incidents(Uuid::max(), 9).await.unwrap().is_empty());
        unit!(world, |tx| {
            assert!(tx.acknowledge_incident(overdue, (by, "night"), later(60)).await?);
            assert!(!tx.acknowledge_incident(overdue, (by, "night"), later(61)).await?, "somebody does");
            tx.note_incident(overdue, (by, "night"), &MessageBody::new("the gateway is slow"), later(62)).await?;
        });
        let entry = view!(world).incident(overdue).await.unwrap().unwrap();
        assert_eq!(entry.acknowledged, Some(("Second".to_owned(), later(60))));
        let notes = view!(world).incident_notes(overdue).await.unwrap();
        let words: Vec<_> = notes.iter().map(|note| (note.by.as_str(), note.body.reveal(), note.at)).collect();
        assert_eq!(words, [("Second", "the gateway is slow", later(62))]);
        assert!(view!(world).incident_notes(signature).await.unwrap().is_empty());

        // Who hears of what: of the one that is looked after no more often than once an hour.
        assert_eq!(world.count(texts).await, 2);
        unit!(world, |tx| { tx.tend_incidents(&operator(), later(20 * 60)).await? });
        assert_eq!(world.count(texts).await, 3, "the other is over");
        unit!(world, |tx| { tx.tend_incidents(&operator(), later(62 * 60)).await? });
        assert_eq!(world.count(texts).await, 4, "and the first is still open");
        assert_eq!(view!(world).past_incidents(Uuid::max(), 9).await.unwrap().len(), 1);
        assert!(view!(world).past_incidents(signature, 9).await.unwrap().is_empty(), "none before it");
        unit!(world, |tx| {
            assert!(!tx.acknowledge_incident(signature, (by, "night"), later(4000)).await?, "it is over");
            assert!(!tx.close_incident(&operator(), signature, "night", later(4000)).await?);
            assert!(tx.close_incident(&operator(), overdue, "night", later(4000)).await?);
        });
        assert_eq!(world.count(texts).await, 5);
        let done = view!(world).happened_to(overdue, 9).await.unwrap();
        let done: Vec<_> = done.iter().map(|one| (one.action.as_str(), one.by.as_str())).collect();
        assert_eq!(done, [
            ("incident.opened", "line"), ("incident.acknowledged", "Second"),
            ("incident.noted", "Second"), ("incident.over", "Second"),
        ]);
        assert!(view!(world).incident(Uuid::from_u128(9)).await.unwrap().is_none());
    }

    async fn the_latest_call_for_help_is_found_while_it_is_recent(world: World) {
        let night = world.an_account("night", Role::Supervisor).await;
        let by = night.id;
        unit!(world, |tx| {
            tx.lock_call_outs().await?;
            assert_eq!(tx.last_call_out(NOW).await?, None);
            tx.add_call_out(by, (Audience::OnCall, true), 3, NOW).await?;
            tx.add_call_out(by, (Audience::Everyone, false), 7, later(600)).await?;
        });
        let call = view!(world).last_call_out(NOW).await.unwrap().unwrap();
        assert_eq!(
            (call.by.as_str(), call.audience, call.urgent, call.reached, call.at),
            ("Second", Audience::Everyone, false, 7, later(600))
        );
        assert_eq!(view!(world).last_call_out(later(601)).await.unwrap(), None);
    }

    async fn the_board_reads_everything_at_once(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let (me, now) = (first.id, later(30));
        unit!(world, |tx| {
            let message = hears(tx, NUMBER, "SM1", "one").await?.unwrap();
            let (texter, _) = someone(tx, NUMBER).await?;
            tx.owe_reply(message, texter.id, later(10), None).await?;
            let mut taken = a_crisis(tx, NUMBER, NOW).await?;
            taken.claim(me, later(5), &CLOCKS);
            tx.save_alert(&taken).await?;
            a_crisis(tx, "+15550124", later(1)).await?;
            tx.call_help(taken.id, taken.conversation_id, me, NOW, later(120)).await?;
            tx.raise(&operator(), (IncidentKind::Overdue, "main"), Tally::Now(1), &json!({}), NOW).await?;
            tx.add_call_out(me, (Audience::OnCall, true), 3, NOW).await?;
        });
        let board = view!(world).board(9, NOW, now).await.unwrap();
        let cases: Vec<_> = board.cases.iter().map(|case| (case.claimed_by, case.claimed_at, case.lease_until)).collect();
        assert_eq!(cases, [(Some(me), Some(later(5)), Some(later(5).plus(CLOCKS.high.lease))), (None, None, None)]);
        assert!(!board.more);
        assert_eq!(board.owed, (1, 1));
        assert_eq!((board.help.len(), board.incidents.len()), (1, 1));
        assert!(board.members.iter().any(|one| one.account.id == me && one.seen_at.is_none()));
        assert!(board.people.iter().any(|one| one.id == me));
        assert_eq!(board.call_out.unwrap().reached, 3);
        let few = view!(world).board(1, later(1), now).await.unwrap();
        assert!(few.more && few.cases.len() == 1 && few.call_out.is_none());
        unit!(world, |tx| { tx.leave(me, later(9)).await? });
        assert!(view!(world).board(9, NOW, now).await.unwrap().members.iter().all(|one| one.account.id != me));
    }

    async fn a_timeline_has_every_step_and_no_words(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let by = first.id;
        let conversation = unit!(world, |tx| {
            hears(tx, NUMBER, "SM1", "i want to die").await?;
            says(tx, NUMBER, Lane::Crisis, "call 988", None).await?;
            let mut alert = a_crisis(tx, NUMBER, later(1)).await?;
            let new = NewPage { alert: Some(alert.id), kind: PageKind::Page, contact: &contact(), words: "CRISIS" };
            tx.send_to_responder("main", &new, later(2)).await?;
            tx.audit(later(3), "first", "conversation.claimed", Some(alert.conversation_id), &json!({})).await?;
            alert.claim(by, later(3), &CLOCKS);
            alert.close(Closed::ByStaff, later(9));
            tx.save_alert(&alert).await?;
            alert.conversation_id
        });
        let found = view!(world).timeline_of(conversation, 9).await.unwrap().unwrap();
        assert_eq!((found.tier, found.drill), (Tier::None, false));
        assert_eq!(found.cases.len(), 1);
        assert_eq!((found.cases[0].1, found.cases[0].2), (later(1), Some(later(9))));
        let texts: Vec<_> = found.texts.iter().map(|text| (text.author, text.tier, text.lane, text.state)).collect();
        assert_eq!(texts, [
            (Author::Texter, Some(Tier::High), None, None),
            (Author::Line, None, Some(Lane::Crisis), Some(OutboxState::Queued)),
        ]);
        let pages: Vec<_> = found.pages.iter().map(|page| (page.kind, page.contact.as_str(), page.channel)).collect();
        assert_eq!(pages, [(PageKind::Page, "Duty phone", Some(Channel::Sms))]);
        let done: Vec<_> = found.happened.iter().map(|one| (one.action.as_str(), one.by.as_str())).collect();
        assert_eq!(done, [("conversation.claimed", "Second")]);
        assert!(view!(world).timeline_of(conversation, 1).await.unwrap().unwrap().texts.len() == 1);
        assert_eq!(view!(world).timeline_of(Uuid::from_u128(9), 9).await.unwrap(), None);
    }

    async fn rows_of_a_report_are_those_of_its_time(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let by = first.id;
        unit!(world, |tx| {
            let message = hears(tx, NUMBER, "SM1", "one").await?.unwrap();
            let (texter, conversation) = someone(tx, NUMBER).await?;
            tx.owe_reply(message, texter.id, later(10), None).await?;
            tx.reply_settled(message, later(4), "replied").await?;
            tx.touch_conversation(conversation.id, (Tier::High, Locale::Es), NOW).await?;
            tx.opted_out(conversation.id, later(20)).await?;
            tx.opted_out(conversation.id, later(30)).await?;
            let mut alert = a_crisis(tx, NUMBER, NOW).await?;
            let taken = |at| Taken { by: "First".to_owned(), at };
            alert.paged_at = Some(later(1));
            alert.taken(taken(later(5)), &CLOCKS);
            tx.save_alert(&alert).await?;
            // Opened again, and taken once more: the first times count.
            alert.reopen();
            tx.save_alert(&alert).await?;
            alert.paged_at = Some(later(100));
            alert.taken(taken(later(105)), &CLOCKS);
            alert.claim(by, later(106), &CLOCKS);
            alert.answered(later(110));
            alert.close(Closed::ByStaff, later(200));
            tx.save_alert(&alert).await?;
            tx.close_conversation(conversation.id, later(200)).await?;
            tx.wrap_up(&NewWrapUp {
                conversation_id: conversation.id,
                staff_id: by,
                outcome: "talked",
                tier: Tier::High,
                check_in: false,
                debrief: false,
                at: later(200),
            }).await?;
            // A text that only takes a case, and one that waits.
            let code = hears(tx, "+15550199", "SM2", "A3").await?.unwrap();
            let (responder, _) = someone(tx, "+15550199").await?;
            tx.owe_reply(code, responder.id, NOW, Some((NOW, "responder"))).await?;
            let waits = hears(tx, "+15550124", "SM3", "two").await?.unwrap();
            let (other, _) = someone(tx, "+15550124").await?;
            tx.owe_reply(waits, other.id, later(10), None).await?;
        });
        let day = (NOW, NOW.plus(Duration::from_hours(24)));
        let rows = view!(world).report_rows(day, later(300)).await.unwrap();
        assert_eq!(rows.conversations.len(), 3);
        let of = |locale: Option<&str>, first| {
            let mut all = rows.conversations.iter();
            all.find(|row| row.locale.as_deref() == locale && row.first_text_at == first).unwrap()
        };
        assert_eq!(*of(Some("es"), Some(NOW)), ConversationRow {
            opened_at: NOW,
            tier: Tier::High,
            locale: Some("es".to_owned()),
            opted_out_at: Some(later(20)),
            closed_at: Some(later(200)),
            outcome: Some("talked".to_owned()),
            drill: false,
            first_text_at: Some(NOW),
            first_replied_at: Some(later(4)),
        });
        assert_eq!(of(None, None).first_replied_at, None, "a responder's code is no text of a texter");
        assert_eq!(rows.cases, [CaseRow {
            tier: Tier::High,
            reason: Reason::Crisis,
            opened_at: NOW,
            first_paged_at: Some(later(1)),
            first_acknowledged_at: Some(later(5)),
            first_claimed_at: Some(later(106)),
            first_answered_at: Some(later(110)),
            closed_at: Some(later(200)),
            closed_because: Some(Closed::ByStaff),
            drill: false,
        }]);
        let mut texts: Vec<_> = rows.texts.iter()
            .map(|row| (row.outcome.as_deref().unwrap_or(""), row.open, row.late, row.count)).collect();
        texts.sort_unstable();
        assert_eq!(texts, [("", true, true, 1), ("replied", false, false, 1), ("responder", false, false, 1)]);
        assert!(rows.drills.is_empty());
        let before = (NOW.minus(seconds(10)), NOW);
        assert_eq!(view!(world).report_rows(before, later(300)).await.unwrap(), <_>::default());
    }
}
