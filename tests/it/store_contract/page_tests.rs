//! The contract of the store for test pages, on both engines.

use harborline::clock::At;
use harborline::oncall::{Channel, Contact, PageTest, TestAnswer};
use harborline::phone::PhoneNumber;
use harborline::store::{NewPage, OutboxState, PageKind, StoreError, Tx};
use uuid::Uuid;

use crate::support::world::minutes;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

fn later(by: u64) -> At {
    NOW.plus(minutes(by))
}

fn test(id: u128, code: &str, staff: Uuid, asked_at: At) -> PageTest {
    PageTest {
        id: Uuid::from_u128(id),
        code: code.to_owned(),
        staff_id: staff,
        asked_by: staff,
        asked_at,
        answered: None,
    }
}

both! {
    async fn a_test_is_kept_with_its_first_answer_and_found_by_its_code(world: World) {
        let first = world.a_member_of_staff("first").await.id;
        let other = world.a_member_of_staff("other").await.id;
        let old = move || test(1, "Q33", first, NOW);
        let new = move || test(2, "Q34", first, later(10));
        let theirs = move || test(3, "Q33", other, later(10));
        unit!(world, |tx| {
            for one in [old(), new(), theirs()] {
                tx.add_page_test(&one).await?;
            }
        });
        let all = unit!(world, |tx| { tx.page_tests(9).await? });
        assert_eq!(all, [theirs(), new(), old()]);
        assert_eq!(unit!(world, |tx| { tx.page_tests(1).await? }), [theirs()]);
        let sent = |code: Option<&'static str>, since| {
            let world = &world;
            async move { unit!(world, |tx| { tx.page_test_sent(first, code, since).await? }) }
        };
        assert_eq!(sent(None, NOW).await, Some(new()));
        assert_eq!(sent(Some("Q33"), NOW).await, Some(old()));
        assert_eq!(sent(Some("Q33"), later(1)).await, None, "that is too long ago");
        assert_eq!(sent(Some("Q99"), NOW).await, None);
        let id = new().id;
        unit!(world, |tx| {
            tx.answer_page_test(id, TestAnswer::Text, None, later(11)).await?;
            tx.answer_page_test(id, TestAnswer::Page, None, later(12)).await?;
        });
        let answered = PageTest { answered: Some((later(11), TestAnswer::Text)), ..new() };
        assert_eq!(unit!(world, |tx| { tx.page_test(id).await? }), Some(answered));
        assert_eq!(unit!(world, |tx| { tx.page_test(Uuid::nil()).await? }), None);
    }

    async fn the_pages_of_a_test_lead_to_it_and_an_answer_tests_their_method(world: World) {
        let first = world.a_person("First", "+15550171").await.id;
        let one = test(1, "Q33", first, NOW);
        let id = one.id;
        let (page, method) = unit!(world, |tx| {
            tx.add_page_test(&test(1, "Q33", first, NOW)).await?;
            let person = tx.person(first).await?.unwrap();
            let contact = Contact::of(&person, &person.methods[0]);
            let new = NewPage { alert: None, kind: PageKind::Page, contact: &contact, words: "TEST" };
            let page = tx.send_to_responder("main", &new, NOW).await?;
            tx.page_is_of_test(page, id).await?;
            let alone = Contact::texted("Duty phone", &PhoneNumber::of_sender("+15550199"));
            let new = NewPage { contact: &alone, ..new };
            let other = tx.send_to_responder("main", &new, NOW).await?;
            assert!(tx.page_test_of_page(other).await?.is_none());
            (page, person.methods[0].id)
        });
        let found = unit!(world, |tx| { tx.page_test_of_page(page).await? });
        assert_eq!(found, Some((one, Some(method))));
        let methods = unit!(world, |tx| { tx.tested_methods(NOW).await? });
        assert_eq!(methods.len(), 1);
        let tested = &methods[0];
        assert_eq!((tested.test_id, tested.method_id), (id, Some(method)));
        assert_eq!((tested.channel, tested.state, tested.delivery), (Channel::Sms, OutboxState::Queued, None));
        assert_eq!(unit!(world, |tx| { tx.tested_methods(later(1)).await? }), []);
        unit!(world, |tx| { tx.answer_page_test(id, TestAnswer::Key, Some(method), later(2)).await? });
        let tested_at = unit!(world, |tx| { tx.method(method).await?.unwrap().tested_at });
        assert_eq!(tested_at, Some(later(2)));
    }
}
