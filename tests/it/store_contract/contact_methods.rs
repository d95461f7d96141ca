//! The contract of people and their contact methods, and of pages on every channel.

use harborline::oncall::{Address, Destination, Method, Person, Quiet, Secret, Uses};
use harborline::store::{Due, NewMethod, Proof};

use super::*;

const PHONE: &str = "+15550170";

async fn member(tx: &mut Tx, login: &str, name: &str) -> Result<Uuid, StoreError> {
    let new = NewStaff {
        login,
        name,
        role: Role::Responder,
        password_hash: "no password",
    };
    Ok(tx.add_staff(&new, NOW).await?.unwrap())
}

fn phone(staff_id: Uuid, channel: Channel, address: &Address) -> NewMethod<'_> {
    NewMethod {
        staff_id,
        channel,
        label: "my phone",
        gateway: Some("second"),
        preset: None,
        address,
        secret: None,
        uses: Uses::All,
    }
}

/// One person with a phone that is texted and called.
async fn with_a_phone(world: &World) -> (Uuid, Uuid, Uuid) {
    unit!(world, |tx| {
        let night = member(tx, "night", "Night").await?;
        let address = Address::new(PHONE);
        let texted = tx
            .add_method(&phone(night, Channel::Sms, &address), NOW)
            .await?
            .unwrap();
        let called = tx
            .add_method(&phone(night, Channel::Voice, &address), later(1))
            .await?
            .unwrap();
        (night, texted, called)
    })
}

both! {
    async fn people_come_with_their_methods_and_their_hours(world: World) {
        let (night, texted, called) = with_a_phone(&world).await;
        unit!(world, |tx| {
            member(tx, "day", "Day").await?;
            let quiet = Quiet { from: 22 * 60, until: 7 * 60 };
            tx.set_person_hours(night, Some("America/New_York"), Some(quiet)).await?;
        });
        let people = view!(world).people().await.unwrap();
        let named: Vec<(&str, usize)> = people.iter().map(|person| (person.name.as_str(), person.methods.len())).collect();
        assert_eq!(named, [("Day", 0), ("Night", 2)]);
        let Person { zone, quiet, methods, .. } = &people[1];
        assert_eq!((zone.iana_name(), *quiet), (Some("America/New_York"), Some(Quiet { from: 1320, until: 420 })));
        assert_eq!((methods[0].id, methods[1].id), (texted, called));
        let Person { zone, quiet, .. } = &people[0];
        assert_eq!((zone.iana_name(), *quiet), (Some("UTC"), None));
        assert_eq!(view!(world).person(night).await.unwrap().as_ref(), Some(&people[1]));
        assert_eq!(view!(world).zone_of(night).await.unwrap().iana_name(), Some("America/New_York"));
        assert_eq!(view!(world).zone_of(texted).await.unwrap().iana_name(), Some("UTC"));
        assert_eq!(view!(world).person(texted).await.unwrap(), None, "that is no person");
        damage(&world, "UPDATE staff SET left_at = 1 WHERE login = 'night'").await;
        assert_eq!(view!(world).people().await.unwrap().len(), 1);
        assert_eq!(view!(world).person(night).await.unwrap(), None);
    }

    async fn a_method_keeps_all_that_it_needs_and_nothing_in_clear(world: World) {
        let (night, texted, _) = with_a_phone(&world).await;
        let hook = unit!(world, |tx| {
            let address = Address::new("https://push.example.org/canary");
            let secret = Secret::new("whsec_canary");
            let new = NewMethod { channel: Channel::Webhook, gateway: None, preset: Some("ntfy"), secret: Some(&secret), uses: Uses::Crisis, ..phone(night, Channel::Sms, &address) };
            assert_eq!(tx.add_method(&phone(night, Channel::Sms, &Address::new(PHONE)), NOW).await?, None, "they have it already");
            tx.add_method(&new, later(2)).await?.unwrap()
        });
        let method = view!(world).method(hook).await.unwrap().unwrap();
        assert_eq!((method.staff_id, method.channel, method.label.as_str()), (night, Channel::Webhook, "my phone"));
        assert_eq!((method.gateway.as_deref(), method.preset.as_deref(), method.uses), (None, Some("ntfy"), Uses::Crisis));
        assert_eq!(method.address.reveal(), "https://push.example.org/canary");
        assert_eq!(method.secret, Some(Secret::new("whsec_canary")));
        assert!(!method.works(), "nobody has verified it");
        let clear = world.count("SELECT COUNT(*) FROM contact_methods WHERE label LIKE '%canary%' OR preset LIKE '%canary%'").await;
        assert_eq!(clear, 0);
        unit!(world, |tx| { tx.change_method(texted, "old phone", None, Uses::Other).await?; });
        let changed = view!(world).method(texted).await.unwrap().unwrap();
        assert_eq!((changed.label.as_str(), changed.gateway, changed.uses), ("old phone", None, Uses::Other));
        assert_eq!(view!(world).methods_of(night).await.unwrap().len(), 3);
    }

    async fn a_number_leads_to_everyone_who_has_it(world: World) {
        let (_, texted, called) = with_a_phone(&world).await;
        let shared = unit!(world, |tx| {
            let day = member(tx, "day", "Day").await?;
            tx.add_method(&phone(day, Channel::Sms, &Address::new(PHONE)), later(3)).await?.unwrap()
        });
        let number = PhoneNumber::of_sender(PHONE);
        let found = view!(world).methods_at(&number).await.unwrap();
        assert_eq!(found.iter().map(|method| method.id).collect::<Vec<_>>(), [texted, called, shared]);
        assert!(view!(world).methods_at(&PhoneNumber::of_sender("+15550171")).await.unwrap().is_empty());
        unit!(world, |tx| { tx.remove_method(called, NOW).await?; });
        assert_eq!(view!(world).methods_at(&number).await.unwrap().len(), 2);
    }

    async fn a_method_is_verified_tested_and_switched_off(world: World) {
        let (_, texted, _) = with_a_phone(&world).await;
        unit!(world, |tx| { tx.method_verified(texted, NOW).await?; });
        let verified = view!(world).method(texted).await.unwrap().unwrap();
        assert_eq!((verified.verified_at, verified.tested_at), (Some(NOW), Some(NOW)));
        assert!(verified.works());
        unit!(world, |tx| {
            tx.method_tested(texted, later(9)).await?;
            tx.method_disabled(texted, Some(later(10))).await?;
        });
        let off = view!(world).method(texted).await.unwrap().unwrap();
        assert_eq!((off.tested_at, off.disabled_at, off.works()), (Some(later(9)), Some(later(10)), false));
        unit!(world, |tx| { tx.method_disabled(texted, None).await?; });
        assert!(view!(world).method(texted).await.unwrap().unwrap().works());
    }

    async fn who_stops_is_neither_texted_nor_called_until_they_start(world: World) {
        let (_, texted, called) = with_a_phone(&world).await;
        let number = PhoneNumber::of_sender(PHONE);
        let ids = |methods: Vec<Method>| methods.iter().map(|method| method.id).collect::<Vec<Uuid>>();
        let blocked = unit!(world, |tx| { tx.methods_stopped(&PhoneNumber::of_sender(PHONE), true, NOW).await? });
        assert_eq!(ids(blocked), [texted], "a carrier blocks texts only");
        let stopped = unit!(world, |tx| { tx.methods_stopped(&PhoneNumber::of_sender(PHONE), false, later(1)).await? });
        assert_eq!(ids(stopped), [called]);
        let found = view!(world).methods_at(&number).await.unwrap();
        assert_eq!(found.iter().map(|method| method.stopped_at).collect::<Vec<_>>(), [Some(NOW), Some(later(1))]);
        let again = unit!(world, |tx| { tx.methods_started(&PhoneNumber::of_sender(PHONE)).await? });
        assert_eq!(ids(again), [texted, called]);
        let again = unit!(world, |tx| { tx.methods_started(&PhoneNumber::of_sender(PHONE)).await? });
        assert!(again.is_empty());
        assert!(view!(world).methods_at(&number).await.unwrap().iter().all(|method| method.stopped_at.is_none()));
    }

    async fn what_is_removed_is_gone_and_may_be_added_again(world: World) {
        let (night, texted, _) = with_a_phone(&world).await;
        let again = unit!(world, |tx| {
            tx.remove_method(texted, NOW).await?;
            tx.add_method(&phone(night, Channel::Sms, &Address::new(PHONE)), later(1)).await?
        });
        assert!(again.is_some_and(|again| again != texted));
        assert_eq!(view!(world).method(texted).await.unwrap(), None);
        let kept = world.count("SELECT COUNT(*) FROM contact_methods WHERE removed_at IS NOT NULL AND length(address_sealed) > 0").await;
        assert_eq!(kept, 0, "where it led is overwritten");
    }

    async fn a_damaged_method_does_not_take_the_others_with_it(world: World) {
        let (night, texted, called) = with_a_phone(&world).await;
        damage(&world, "UPDATE contact_methods SET address_sealed = address_index WHERE kind = 'sms'").await;
        let left = view!(world).person(night).await.unwrap().unwrap().methods;
        assert_eq!(left.iter().map(|method| method.id).collect::<Vec<_>>(), [called]);
        assert!(matches!(view!(world).method(texted).await, Err(StoreError::Corrupt { table: "contact_methods", .. })));
    }

    async fn only_machines_that_were_paged_hear_that_a_case_is_over(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let person = tx.person(night).await?.unwrap();
            let phone = Contact::of(&person, &person.methods[0]);
            let hook = |preset: &str, address: &str| {
                let mut hook = phone.clone();
                hook.to = Destination {
                    channel: Channel::Webhook,
                    address: Address::new(address),
                    preset: Some(preset.to_owned()),
                    secret: Some(Secret::new("key")),
                };
                hook
            };
            let pagerduty = hook("pagerduty", "https://events.example.org/");
            for contact in [&phone, &pagerduty, &pagerduty, &hook("ntfy", "https://push.example.org/x")] {
                let page = NewPage { alert: Some(alert.id), kind: PageKind::Page, contact, words: "words" };
                tx.send_to_responder("main", &page, NOW).await?;
            }
            tx.claim_due(&Claim { channel: Channel::Webhook, ..claim_of(Lane::Page, NOW, 9) }).await?;
            tx.tell_over("main", &alert, later(1)).await?;
        });
        let claimed = unit!(world, |tx| { tx.claim_due(&Claim { channel: Channel::Webhook, ..claim_of(Lane::Page, later(1), 9) }).await? });
        let [due] = &claimed.due[..] else { panic!("{}", claimed.due.len()) };
        let page = due.page.as_ref().unwrap();
        assert_eq!((page.kind, page.contact.as_str()), (PageKind::Over, "Night"));
        assert_eq!(page.case.as_ref().map(|case| case.code.as_str()), Some("A3"));
        assert_eq!(due.to.secret, Some(Secret::new("key")));
    }

    async fn each_call_for_a_case_is_new_to_receivers_that_ring_once(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        let sent = unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let person = tx.person(night).await?.unwrap();
            let hook = |preset: &str, address: &str| {
                let mut hook = Contact::of(&person, &person.methods[0]);
                hook.to = Destination {
                    channel: Channel::Webhook,
                    address: Address::new(address),
                    preset: Some(preset.to_owned()),
                    secret: Some(Secret::new("key")),
                };
                hook
            };
            let hooks = [
                hook("pagerduty", "https://events.example.org/"), hook("alertmanager", "https://am.example.org/api/v2/alerts"),
                hook("json", "https://hooks.example.org/"), hook("ntfy", "https://push.example.org/x"),
            ];
            let send = |kind, contact| NewPage { alert: Some(alert.id), kind, contact, words: "words" };
            for contact in &hooks {
                tx.send_to_responder("main", &send(PageKind::Page, contact), NOW).await?;
            }
            tx.tell_anew("main", &alert, later(1)).await?;
            for kind in [PageKind::Page, PageKind::Taken] {
                tx.send_to_responder("main", &send(kind, &hooks[0]), later(2)).await?;
            }
            tx.tell_anew("main", &alert, later(3)).await?;
            let all = Claim { channel: Channel::Webhook, ..claim_of(Lane::Page, later(3), 20) };
            let due = tx.claim_due(&all).await?.due;
            let of = |due: &Due| due.page.clone().map(|page| (page.kind, page.case.unwrap().again));
            due.iter().filter_map(of).collect::<Vec<_>>()
        });
        // A page that left late belongs to the call that is open, the news of a call to that one.
        let page = (PageKind::Page, 2);
        let over = |call| (PageKind::Over, call);
        assert_eq!(sent, [page, page, page, page, over(0), over(0), page, (PageKind::Taken, 1), over(1), over(1)]);
    }

    async fn a_page_is_known_after_it_has_left_with_how_its_case_stands(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        let (alert, page) = unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let person = tx.person(night).await?.unwrap();
            let called = Contact { gateway: None, ..Contact::of(&person, &person.methods[1]) };
            let page = NewPage { alert: Some(alert.id), kind: PageKind::Page, contact: &called, words: "words" };
            let page = tx.send_to_responder("main", &page, NOW).await?;
            (alert.id, page)
        });
        let claimed = unit!(world, |tx| { tx.claim_due(&Claim { channel: Channel::Voice, ..claim_of(Lane::Page, NOW, 9) }).await? });
        let id = claimed.due[0].id;
        unit!(world, |tx| { tx.settle(id, NOW, &settled(OutboxState::Accepted, NOW)).await?; });
        let due = view!(world).outgoing(id).await.unwrap().unwrap();
        let known = due.page.unwrap();
        assert_eq!((due.to.channel, known.staff, known.cases, known.is_over()), (Channel::Voice, Some(night), 0, false));
        unit!(world, |tx| {
            let mut taken = tx.alert_to_change(alert).await?.unwrap();
            taken.acknowledged = Some(Taken { by: "Day".to_owned(), at: later(1) });
            tx.save_alert(&taken).await?;
        });
        let known = view!(world).outgoing(id).await.unwrap().unwrap().page.unwrap();
        assert_eq!((known.taken.as_ref().map(|taken| taken.by.as_str()), known.closed, known.is_over()), (Some("Day"), false, true));
        unit!(world, |tx| {
            let mut closed = tx.alert_to_change(alert).await?.unwrap();
            closed.close(Closed::ByStaff, later(2));
            tx.save_alert(&closed).await?;
            let other = alarm(tx, "+15550124", "A4", Tier::High, NOW, 0).await?;
            tx.page_speaks_of(page, alert).await?;
            tx.page_speaks_of(page, other.id).await?;
        });
        let known = view!(world).outgoing(id).await.unwrap().unwrap().page.unwrap();
        assert_eq!((known.closed, known.cases, known.is_over()), (true, 2, false), "another case may wait");
        assert!(view!(world).outgoing(night).await.unwrap().is_none());
    }

    async fn a_page_leaves_by_the_channel_of_its_method(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        unit!(world, |tx| {
            let person = tx.person(night).await?.unwrap();
            let text = Contact::of(&person, &person.methods[0]);
            let call = Contact { gateway: None, ..Contact::of(&person, &person.methods[1]) };
            let mut hook = Contact::of(&person, &person.methods[0]);
            hook.to = Destination {
                channel: Channel::Webhook,
                address: Address::new("https://push.example.org/x"),
                preset: Some("ntfy".to_owned()),
                secret: Some(Secret::new("tk_1")),
            };
            for contact in [&text, &call, &hook] {
                let page = NewPage { alert: None, kind: PageKind::Notice, contact, words: "words" };
                tx.send_to_responder("main", &page, NOW).await?;
            }
        });
        let rows = "SELECT COUNT(*) FROM pages p JOIN staff s ON s.id = p.staff_id
                      JOIN contact_methods c ON c.id = p.method_id WHERE s.login = 'night'";
        assert_eq!(world.count(rows).await, 3);
        for (channel, gateway) in [(Channel::Sms, "second"), (Channel::Voice, "main"), (Channel::Webhook, "webhook")] {
            let claimed = unit!(world, |tx| { tx.claim_due(&Claim { channel, ..claim_of(Lane::Page, NOW, 9) }).await? });
            let [due] = &claimed.due[..] else { panic!("{channel:?}: {}", claimed.due.len()) };
            assert_eq!((due.to.channel, due.gateway.as_str(), due.body.reveal()), (channel, gateway, "words"));
            let webhook = channel == Channel::Webhook;
            assert_eq!(due.to.address.reveal(), if webhook { "https://push.example.org/x" } else { PHONE });
            assert_eq!(due.to.preset.as_deref(), webhook.then_some("ntfy"));
            assert_eq!(due.to.secret, webhook.then(|| Secret::new("tk_1")));
        }
        let none = unit!(world, |tx| { tx.claim_due(&Claim { channel: Channel::Email, ..claim_of(Lane::Page, NOW, 9) }).await? });
        assert!(none.due.is_empty());
    }

    async fn a_code_is_kept_as_a_hash_of_one_method_and_wrong_ones_are_counted(world: World) {
        let (_, texted, called) = with_a_phone(&world).await;
        assert_eq!(view!(world).proof_of(texted).await.unwrap(), Some(Proof::default()));
        unit!(world, |tx| { tx.method_code_sent(texted, "012345", NOW).await?; });
        let proof = view!(world).proof_of(texted).await.unwrap().unwrap();
        assert_eq!((proof.code_sent_at, proof.code_tries, proof.test_sent_at), (Some(NOW), 0, None));
        let tx = view!(world);
        assert!(tx.code_fits(texted, "012345", &proof));
        assert!(!tx.code_fits(texted, "012346", &proof) && !tx.code_fits(texted, "", &proof));
        assert!(!tx.code_fits(called, "012345", &proof), "a code is of one method");
        assert!(!tx.code_fits(texted, "", &Proof::default()), "no code fits none");
        drop(tx);
        let locked = unit!(world, |tx| {
            tx.method_code_wrong(texted).await?;
            tx.method_test_sent(texted, later(1)).await?;
            tx.proof_to_change(texted).await?
        });
        let locked = locked.unwrap();
        assert_eq!((locked.code_tries, locked.test_sent_at), (1, Some(later(1))));
        unit!(world, |tx| { tx.method_code_sent(texted, "999999", later(2)).await?; });
        let proof = view!(world).proof_of(texted).await.unwrap().unwrap();
        assert_eq!((proof.code_sent_at, proof.code_tries), (Some(later(2)), 0));
        unit!(world, |tx| { tx.method_verified(texted, later(3)).await?; });
        assert_eq!(view!(world).proof_of(texted).await.unwrap().unwrap().code_hash, None, "it is spent");
        unit!(world, |tx| { tx.remove_method(texted, later(4)).await?; });
        assert_eq!(view!(world).proof_of(texted).await.unwrap(), None);
        let gone = unit!(world, |tx| { tx.proof_to_change(texted).await? });
        assert_eq!(gone, None);
    }

    async fn codes_and_tests_to_a_person_are_counted_also_those_to_removed_methods(world: World) {
        let (night, texted, _) = with_a_phone(&world).await;
        let day = unit!(world, |tx| {
            let person = tx.person(night).await?.unwrap();
            let contact = Contact::of(&person, &person.methods[0]);
            for (kind, at) in [(PageKind::Code, 1), (PageKind::Test, 2), (PageKind::Notice, 3), (PageKind::Page, 3)] {
                let page = NewPage { alert: None, kind, contact: &contact, words: "words" };
                tx.send_to_responder("main", &page, later(at)).await?;
            }
            tx.remove_method(texted, later(4)).await?;
            member(tx, "day", "Day").await?
        });
        assert_eq!(view!(world).proofs_sent(night, NOW).await.unwrap(), 2);
        assert_eq!(view!(world).proofs_sent(night, later(1)).await.unwrap(), 1);
        assert_eq!(view!(world).proofs_sent(day, NOW).await.unwrap(), 0);
    }

    async fn nothing_goes_to_a_number_that_stopped_and_what_waits_is_withdrawn(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        let number = PhoneNumber::of_sender(PHONE);
        assert_eq!(view!(world).stopped_since(&number).await.unwrap(), None);
        let told = unit!(world, |tx| {
            tx.set_person_hours(night, Some("UTC"), Some(Quiet { from: 0, until: 60 })).await?;
            let person = tx.person(night).await?.unwrap();
            assert_eq!(tx.tell_person("main", &person, "news", NOW).await?, None, "nothing is verified");
            for method in &person.methods {
                tx.method_verified(method.id, NOW).await?;
            }
            let person = tx.person(night).await?.unwrap();
            tx.tell_person("main", &person, "news", NOW).await?
        });
        assert_eq!(told, Some(later(3600)), "at the end of quiet hours");
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'queued'").await, 2);
        unit!(world, |tx| {
            let number = PhoneNumber::of_sender(PHONE);
            tx.number_stopped(&number, later(1)).await?;
            tx.number_stopped(&number, later(9)).await?;
            tx.methods_stopped(&number, false, later(1)).await?;
            let person = tx.person(night).await?.unwrap();
            let mut mail = Contact::of(&person, &person.methods[0]);
            mail.to.channel = Channel::Email;
            let all = [Contact::of(&person, &person.methods[0]), Contact::of(&person, &person.methods[1]), mail];
            let left = tx.without_stopped(&all).await?;
            assert!(matches!(&left[..], [left] if left.to.channel == Channel::Email));
            for contact in &all {
                let page = NewPage { alert: None, kind: PageKind::Page, contact, words: "words" };
                tx.send_to_responder("main", &page, later(2)).await?;
            }
        });
        assert_eq!(view!(world).stopped_since(&number).await.unwrap(), Some(later(1)));
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'withdrawn'").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'queued'").await, 1, "only the mail");
        let (again, stopped) = unit!(world, |tx| {
            let person = tx.person(night).await?.unwrap();
            tx.remove_method(person.methods[0].id, later(3)).await?;
            let again = tx.add_method(&phone(night, Channel::Sms, &Address::new(PHONE)), later(4)).await?.unwrap();
            (again, tx.method(again).await?.unwrap().stopped_at)
        });
        assert_eq!(stopped, Some(later(1)), "a number that is added again stays stopped");
        unit!(world, |tx| {
            tx.number_started(&PhoneNumber::of_sender(PHONE)).await?;
            tx.methods_started(&PhoneNumber::of_sender(PHONE)).await?;
        });
        assert_eq!(view!(world).stopped_since(&number).await.unwrap(), None);
        assert_eq!(view!(world).method(again).await.unwrap().unwrap().stopped_at, None);
    }

    async fn who_leaves_is_not_reached_and_nothing_of_where_they_were_stays(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        damage(&world, "UPDATE contact_methods SET address_sealed = address_index WHERE kind = 'sms'").await;
        unit!(world, |tx| { tx.leave(night, NOW).await?; });
        assert!(view!(world).methods_at(&PhoneNumber::of_sender(PHONE)).await.unwrap().is_empty());
        let kept = world.count("SELECT COUNT(*) FROM contact_methods WHERE removed_at IS NULL OR length(address_sealed) > 0").await;
        assert_eq!(kept, 0, "also of a method that could not be read");
    }

    async fn hours_are_read_as_they_were_set(world: World) {
        let (night, ..) = with_a_phone(&world).await;
        assert_eq!(view!(world).person_hours(night).await.unwrap(), (None, None));
        let quiet = Some(Quiet { from: 1320, until: 0 });
        unit!(world, |tx| { tx.set_person_hours(night, Some("Europe/Berlin"), quiet).await?; });
        assert_eq!(view!(world).person_hours(night).await.unwrap(), (Some("Europe/Berlin".to_owned()), quiet));
        assert_eq!(view!(world).person_hours(Uuid::nil()).await.unwrap(), (None, None));
    }
}
