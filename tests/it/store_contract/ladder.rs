//! The contract of the store for the ladder: acknowledgements, who has to do with a case, what is due,
//! and links.

use harborline::oncall::{Acknowledgement, Address, Policy, Rung, Target, Urgency, Uses};
use harborline::store::NewMethod;

use super::*;

/// A person with one phone that is texted and one that is called, verified.
async fn person(
    tx: &mut Tx,
    login: &str,
    name: &str,
    number: &str,
) -> Result<[Uuid; 3], StoreError> {
    let new = NewStaff {
        login,
        name,
        role: Role::Responder,
        password_hash: "no password",
    };
    let staff_id = tx.add_staff(&new, NOW).await?.unwrap();
    let address = Address::new(number);
    let mut methods = Vec::new();
    for channel in [Channel::Sms, Channel::Voice] {
        let method = NewMethod {
            staff_id,
            channel,
            label: "my phone",
            gateway: None,
            preset: None,
            address: &address,
            secret: None,
            uses: Uses::All,
        };
        let id = tx.add_method(&method, NOW).await?.unwrap();
        tx.method_verified(id, NOW).await?;
        methods.push(id);
    }
    Ok([staff_id, methods[0], methods[1]])
}

fn by(staff_id: Option<Uuid>, name: &str, at: At) -> Acknowledgement {
    Acknowledgement {
        staff_id,
        name: name.to_owned(),
        at,
    }
}

/// Pages a contact for an alert.
async fn paged(tx: &mut Tx, alert: Uuid, contact: &Contact) -> Result<Uuid, StoreError> {
    paged_at(tx, alert, contact, NOW).await
}

/// The same at this time.
async fn paged_at(
    tx: &mut Tx,
    alert: Uuid,
    contact: &Contact,
    now: At,
) -> Result<Uuid, StoreError> {
    let page = NewPage {
        alert: Some(alert),
        kind: PageKind::Page,
        contact,
        words: "words",
    };
    tx.send_to_responder("main", &page, now).await
}

/// The pages by text that wait to leave; nobody else gets them for a minute.
async fn leave(tx: &mut Tx, now: At) -> Result<Vec<Uuid>, StoreError> {
    let claimed = tx.claim_due(&claim_of(Lane::Page, now, 99)).await?;
    let pages = claimed.due.iter().filter_map(|due| match due.receiver {
        Receiver::Responder { page_id } => Some(page_id),
        Receiver::Texter { .. } => None,
    });
    Ok(pages.collect())
}

fn names(contacts: &[Contact]) -> Vec<&str> {
    contacts
        .iter()
        .map(|contact| contact.name.as_str())
        .collect()
}

both! {
    async fn open_cases_are_looked_at_the_most_urgent_first(world: World) {
        let opened = unit!(world, |tx| {
            let old = alarm(tx, "+15550123", "K3", Tier::Concern, NOW, 0).await?;
            let high = alarm(tx, "+15550124", "K4", Tier::High, later(1), 0).await?;
            let worst = alarm(tx, "+15550125", "K6", Tier::Imminent, later(2), 0).await?;
            let mut closed = alarm(tx, "+15550126", "K7", Tier::Imminent, NOW, 0).await?;
            closed.close(Closed::ByStaff, later(3));
            tx.save_alert(&closed).await?;
            [worst, high, old]
        });
        assert_eq!(unit!(world, |tx| { tx.cases_by_urgency(9).await? }), opened);
        assert_eq!(unit!(world, |tx| { tx.cases_by_urgency(1).await? }), opened[..1]);
    }

    async fn acknowledgements_are_kept_once_a_person_in_order_and_forgotten(world: World) {
        unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?.id;
            // Two people may have one name, and a contact of the configuration that of a person.
            let [one, ..] = person(tx, "one", "Night", "+15550171").await?;
            let [two, ..] = person(tx, "two", "Night", "+15550172").await?;
            for new in [
                by(Some(two), "Night", later(1)), by(Some(one), "Night", later(2)), by(None, "Night", later(3)),
                by(Some(two), "Night", later(4)), by(None, "Night", later(5)),
            ] {
                tx.acknowledge(alert, &new).await?;
            }
            let kept = tx.acknowledgements(alert).await?;
            assert_eq!(kept, [by(Some(two), "Night", later(1)), by(Some(one), "Night", later(2)), by(None, "Night", later(3))]);
            tx.forget_acknowledgements(alert).await?;
            assert_eq!(tx.acknowledgements(alert).await?, []);
        });
    }

    async fn how_many_must_acknowledge_is_what_the_policy_says(world: World) {
        unit!(world, |tx| {
            let mut alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            assert_eq!(tx.acknowledgements_needed(&alert).await?, 1);
            for (n, acks) in [(1, 2), (2, 3)] {
                let rung = Rung { delay: seconds(60), repeat: 1, targets: vec![Target::Everyone] };
                let policy = Policy { id: Uuid::from_u128(n), name: format!("policy {n}"), acks, rungs: vec![rung] };
                tx.save_policy(&policy, NOW).await?;
            }
            tx.assign_policy(Urgency::High, Some(Uuid::from_u128(1))).await?;
            assert_eq!(tx.acknowledgements_needed(&alert).await?, 2, "not paged yet: the one that would");
            alert.policy_id = Some(Uuid::from_u128(2));
            assert_eq!(tx.acknowledgements_needed(&alert).await?, 3);
            alert.policy_id = Some(Uuid::nil());
            assert_eq!(tx.acknowledgements_needed(&alert).await?, 1, "the built-in one");
        });
    }

    async fn a_page_takes_the_place_of_those_that_wait_for_the_same_phone_and_say_no_more(world: World) {
        let (first, other) = unit!(world, |tx| {
            let first = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?.id;
            (first, alarm(tx, "+15550124", "A4", Tier::High, NOW, 0).await?.id)
        });
        let (latest, others) = unit!(world, |tx| {
            let [_, texted, called] = person(tx, "one", "First", "+15550171").await?;
            let people = tx.people().await?;
            let by_method = |id: Uuid| people[0].methods.iter().find(|method| method.id == id).unwrap();
            let (text, call) = (Contact::of(&people[0], by_method(texted)), Contact::of(&people[0], by_method(called)));
            paged(tx, first, &text).await?;
            paged(tx, first, &call).await?;
            let to_another = paged(tx, first, &contact()).await?;
            let for_another = paged(tx, other, &text).await?;
            let of_both = paged(tx, first, &text).await?;
            for case in [first, other] {
                tx.page_speaks_of(of_both, case).await?;
            }
            let same_time = paged_at(tx, first, &text, later(60)).await?;
            let page = paged_at(tx, first, &text, later(60)).await?;
            tx.withdraw_overtaken(page, later(60)).await?;
            let waiting = leave(tx, later(60)).await?;
            assert_eq!(waiting, [to_another, for_another, of_both, same_time, page]);
            let latest = paged_at(tx, first, &text, later(100)).await?;
            for case in [first, other] {
                tx.page_speaks_of(latest, case).await?;
            }
            tx.withdraw_overtaken(latest, later(119)).await?;
            (latest, [to_another])
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'withdrawn'").await, 1, "what is being sent is left alone");
        unit!(world, |tx| {
            tx.withdraw_overtaken(latest, later(120)).await?;
            assert_eq!(leave(tx, later(120)).await?, [&others[..], &[latest]].concat(), "one that speaks of both cases");
            tx.number_stopped(&PhoneNumber::of_sender("+15550199"), later(130)).await?;
            let unsent = paged_at(tx, first, &contact(), later(180)).await?;
            tx.withdraw_overtaken(unsent, later(180)).await?;
            assert_eq!(leave(tx, later(180)).await?, [others[0], latest], "nothing comes in its place");
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE channel = 'voice' AND done_at IS NULL").await, 1);
    }

    async fn who_was_paged_for_a_case_or_has_it_is_known_and_nobody_is_called_for_news(world: World) {
        unit!(world, |tx| {
            let mut alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let other = alarm(tx, "+15550124", "A4", Tier::High, NOW, 0).await?;
            let fallback = [contact()];
            let all = tx.contacts_of_case(&fallback, &alert, NOW).await?;
            assert_eq!(names(&all), ["Duty phone"], "nobody was paged yet");
            let [one, texted, called] = person(tx, "one", "First", "+15550171").await?;
            let [two, ..] = person(tx, "two", "Night", "+15550172").await?;
            let duty = (None, "Duty phone");
            assert!(!tx.was_paged(alert.id, (Some(one), "First")).await? && !tx.was_paged(alert.id, duty).await?);
            let people = tx.people().await?;
            let first = &people[0];
            let by_method = |id: Uuid| first.methods.iter().find(|method| method.id == id).unwrap();
            let (text, call) = (Contact::of(first, by_method(texted)), Contact::of(first, by_method(called)));
            paged(tx, alert.id, &call).await?;
            assert_eq!(tx.contacts_of_case(&fallback, &alert, NOW).await?, [], "only called: heard it there");
            assert!(tx.was_paged(alert.id, (Some(one), "First")).await? && !tx.was_paged(other.id, (Some(one), "First")).await?);
            assert!(!tx.was_paged(alert.id, (None, "First")).await?, "a contact of the configuration with the same name");
            paged(tx, alert.id, &text).await?;
            paged(tx, alert.id, &text).await?;
            assert_eq!(tx.contacts_of_case(&fallback, &alert, NOW).await?, std::slice::from_ref(&text));
            let both = paged(tx, other.id, &fallback[0]).await?;
            tx.page_speaks_of(both, alert.id).await?;
            let all = tx.contacts_of_case(&fallback, &alert, NOW).await?;
            assert_eq!(names(&all), ["Duty phone", "First"], "by one page for both cases");
            assert!(tx.was_paged(alert.id, duty).await? && tx.was_paged(other.id, duty).await?);
            alert.claim(two, NOW, &CLOCKS);
            tx.acknowledge(alert.id, &by(Some(one), "First", NOW)).await?;
            let all = tx.contacts_of_case(&fallback, &alert, NOW).await?;
            assert_eq!(names(&all), ["Duty phone", "First", "Night"], "who has it, paged or not");
            assert_eq!(all[2].staff_id, Some(two));
        });
    }

    async fn a_page_for_several_cases_tells_the_texters_of_each(world: World) {
        let page = unit!(world, |tx| {
            let one = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let two = alarm(tx, "+15550124", "A4", Tier::High, NOW, 0).await?;
            alarm(tx, "+15550125", "A6", Tier::High, NOW, 0).await?;
            let page = paged(tx, one.id, &contact()).await?;
            tx.page_speaks_of(page, one.id).await?;
            tx.page_speaks_of(page, two.id).await?;
            let mut closed = alarm(tx, "+15550126", "A7", Tier::High, NOW, 0).await?;
            closed.close(Closed::ByStaff, NOW);
            tx.save_alert(&closed).await?;
            tx.page_speaks_of(page, closed.id).await?;
            assert_eq!(tx.alerts_of_page(page).await?, [one.clone(), two]);
            let alone = paged(tx, one.id, &contact()).await?;
            assert_eq!(tx.alerts_of_page(alone).await?, [one]);
            page
        });
        unit!(world, |tx| { tx.page_accepted(page, later(5)).await?; });
        let told = unit!(world, |tx| {
            let open = tx.open_alerts().await?;
            open.into_iter().map(|alert| alert.told_at).collect::<Vec<_>>()
        });
        assert_eq!(told, [Some(later(5)), Some(later(5)), None]);
    }

    async fn open_cases_with_a_time_that_has_not_come_are_found(world: World) {
        unit!(world, |tx| {
            alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let mut ahead = alarm(tx, "+15550124", "A4", Tier::High, NOW, 0).await?;
            ahead.acknowledged = Some(Taken { by: "Night".to_owned(), at: later(90) });
            tx.save_alert(&ahead).await?;
            let mut idle = ahead.clone();
            idle.id = alarm(tx, "+15550125", "A6", Tier::High, NOW, 0).await?.id;
            idle.next_page_at = None;
            tx.save_alert(&idle).await?;
            let found = tx.alerts_of_the_future(later(60)).await?;
            assert_eq!(found.iter().map(|alert| alert.code.as_str()).collect::<Vec<_>>(), ["A4"]);
            assert_eq!(tx.alerts_of_the_future(later(90)).await?.len(), 0);
            ahead.opened_at = later(5);
            tx.save_alert(&ahead).await?;
            assert_eq!(tx.alerts_of_the_future(later(89)).await?[0].opened_at, later(5));
        });
    }

    async fn what_is_paged_again_soon_comes_with_what_is_due_while_nobody_has_it(world: World) {
        let step = |delay| Step { rung: Some(0), exhausted: false, next: Place::default(), delay };
        unit!(world, |tx| {
            // First pages at different times; each waits 40 seconds for the next one.
            for (n, code, paged_at) in [(1, "A3", 0), (2, "A4", 5), (3, "A6", 20)] {
                let mut alert = alarm(tx, &format!("+1555012{n}"), code, Tier::High, NOW, 0).await?;
                alert.paged(Uuid::nil(), &step(seconds(40)), later(paged_at));
                tx.save_alert(&alert).await?;
            }
            // Taken, and not paged yet.
            let mut taken = alarm(tx, "+15550127", "A7", Tier::High, NOW, 0).await?;
            taken.paged(Uuid::nil(), &step(seconds(45)), NOW);
            taken.taken(Taken { by: "Night".to_owned(), at: NOW }, &CLOCKS);
            taken.next_page_at = Some(later(45));
            tx.save_alert(&taken).await?;
            alarm(tx, "+15550128", "A9", Tier::High, NOW, 45).await?;
        });
        let codes = unit!(world, |tx| {
            let mut codes = Vec::new();
            for (now, soon) in [(later(40), later(40)), (later(40), later(55)), (later(45), later(60))] {
                let due = tx.alerts_due(now, soon, 9).await?;
                codes.push(due.into_iter().map(|alert| alert.code).collect::<Vec<_>>().join(" "));
            }
            assert_eq!(tx.paged_since(later(4)).await?, (2, Some(later(20))), "two that nobody has");
            assert_eq!(tx.paged_since(later(20)).await?, (0, None));
            codes
        });
        assert_eq!(codes, ["A3", "A3 A4", "A3 A4 A7 A9 A6"]);
    }

    async fn an_alert_that_cannot_be_read_waits_and_holds_up_nobody(world: World) {
        unit!(world, |tx| {
            alarm(tx, "+15550121", "A3", Tier::High, NOW, 0).await?;
            alarm(tx, "+15550122", "A4", Tier::High, NOW, 1).await?;
        });
        damage(&world, "UPDATE alerts SET tier = 'moon' WHERE code = 'A3'").await;
        let (due, ids, then) = unit!(world, |tx| {
            let ids = tx.alerts_due_ids(later(1), 9).await?.len();
            let due = tx.alerts_due(later(1), later(1), 9).await?;
            let one = due[0].id;
            tx.put_off(one, later(10)).await?;
            let codes: Vec<String> = due.into_iter().map(|alert| alert.code).collect();
            (codes, ids, [tx.alerts_due_ids(later(9), 9).await?, tx.alerts_due_ids(later(10), 9).await?, vec![one]])
        });
        assert_eq!((due, ids), (vec!["A4".to_owned()], 2));
        let [before, after, one] = then;
        assert_eq!((before, after), (Vec::new(), one));
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts WHERE code = 'A3' AND next_page_at IS NOT NULL").await, 1);
    }

    async fn cases_whose_ladder_is_at_its_end_count_until_somebody_takes_them(world: World) {
        unit!(world, |tx| {
            assert_eq!(tx.exhausted().await?, None);
            let step = |exhausted| Step { rung: None, exhausted, next: Place::default(), delay: seconds(60) };
            let mut alerts = Vec::new();
            for (n, code, exhausted) in [(1, "A3", true), (2, "A4", true), (3, "A6", false)] {
                let mut alert = alarm(tx, &format!("+1555012{n}"), code, Tier::High, later(10 - n), 0).await?;
                alert.paged(Uuid::nil(), &step(exhausted), later(20));
                tx.save_alert(&alert).await?;
                alerts.push(alert);
            }
            assert_eq!(tx.exhausted().await?, Some((2, later(8))));
            alerts[1].taken(Taken { by: "Night".to_owned(), at: later(30) }, &CLOCKS);
            alerts[0].close(Closed::ByStaff, later(30));
            tx.save_alert(&alerts[0]).await?;
            tx.save_alert(&alerts[1]).await?;
            assert_eq!(tx.exhausted().await?, None);
        });
    }

    async fn a_case_is_found_by_its_id_while_it_is_open(world: World) {
        unit!(world, |tx| {
            let mut alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            assert_eq!(tx.case(alert.id).await?, Some(alert.clone()));
            assert_eq!(tx.alert_to_change(alert.id).await?, Some(alert.clone()));
            alert.close(Closed::ByStaff, later(1));
            tx.save_alert(&alert).await?;
            assert_eq!(tx.case(alert.id).await?, None);
            assert_eq!(tx.alert_to_change(alert.id).await?, None);
        });
    }

    async fn a_link_leads_to_its_case_for_a_day_and_tells_nothing(world: World) {
        let alert = Uuid::from_u128(0x1234_5678);
        let links = unit!(world, |tx| { [tx.link_to_case(alert, NOW), tx.link_to_case(alert, NOW)] });
        let store = &world.app.store;
        let day = minutes(24 * 60);
        for link in &links {
            assert_eq!(store.case_of_link(link, NOW), Some(alert));
            assert_eq!(store.case_of_link(link, NOW.plus(day).minus(seconds(1))), Some(alert));
            assert_eq!(store.case_of_link(link, NOW.plus(day)), None);
            assert!(link.len() < 120 && link.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{link}");
            let mut other = link.clone().into_bytes();
            let last = other.len() - 5;
            other[last] = if other[last] == b'A' { b'B' } else { b'A' };
            assert_eq!(store.case_of_link(&String::from_utf8(other).unwrap(), NOW), None, "another one");
        }
        assert_ne!(links[0], links[1], "two links to one case look like two cases");
        for wrong in ["", "A", "%%", "QUJD", "🌙"] {
            assert_eq!(store.case_of_link(wrong, NOW), None, "{wrong}");
        }
    }
}
