//! The contract of conversations by phone: who follows them, and words of a texter on their way to the staff.

use harborline::oncall::{Address, Uses};
use harborline::store::{Follower, NewMethod};

use super::*;
use crate::support::both;

/// Somebody of the staff, and two phones of theirs.
async fn with_phones(tx: &mut Tx, login: &str) -> Result<(Uuid, [Uuid; 2]), StoreError> {
    let new = NewStaff {
        login,
        name: "First",
        role: Role::Responder,
        password_hash: "no password",
    };
    let staff_id = tx.add_staff(&new, NOW).await?.unwrap();
    let mut phones = [Uuid::nil(); 2];
    for (phone, number) in phones.iter_mut().zip(["+15550171", "+15550172"]) {
        let address = Address::new(number);
        let new = NewMethod {
            staff_id,
            channel: Channel::Sms,
            label: number,
            gateway: None,
            preset: None,
            address: &address,
            secret: None,
            uses: Uses::All,
        };
        *phone = tx.add_method(&new, NOW).await?.unwrap();
    }
    Ok((staff_id, phones))
}

both! {
    async fn a_conversation_is_followed_on_one_phone_until_it_is_not(world: World) {
        unit!(world, |tx| {
            let alert = alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            let (staff_id, phones) = with_phones(tx, "first").await?;
            assert_eq!(tx.followers(alert.conversation_id).await?, []);
            assert_eq!(tx.follows_any(staff_id).await?, None);
            for method_id in phones {
                tx.follow(alert.conversation_id, Follower { staff_id, method_id }, NOW).await?;
            }
            let last = Follower { staff_id, method_id: phones[1] };
            assert_eq!(tx.followers(alert.conversation_id).await?, [last]);
            assert_eq!(tx.follows_any(staff_id).await?.as_deref(), Some("A3"));
            tx.unfollow(alert.conversation_id, staff_id).await?;
            assert_eq!(tx.followers(alert.conversation_id).await?, []);
            tx.follow(alert.conversation_id, last, NOW).await?;
            let mut over = alert;
            over.close(Closed::ByStaff, NOW);
            tx.save_alert(&over).await?;
            assert_eq!(tx.follows_any(staff_id).await?, None, "what is closed is not followed");
            assert_eq!(tx.staff(staff_id).await?.unwrap().login, "first");
            assert_eq!(tx.staff(Uuid::nil()).await?, None);
        });
    }

    async fn words_of_a_texter_on_their_way_to_the_staff_go_with_the_texters_key(world: World) {
        let texter = unit!(world, |tx| {
            let (texter, _) = someone(tx, NUMBER).await?;
            let contact = contact();
            for (n, words) in ["one", "two"].into_iter().enumerate() {
                let quote = NewPage { alert: None, kind: PageKind::Notice, contact: &contact, words };
                tx.quote_to_responder("main", &quote, &texter, later(n as u64)).await?;
            }
            texter
        });
        let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Page, NOW, 1)).await?.due });
        assert_eq!(due[0].body.reveal(), "one");
        let id = texter.id;
        unit!(world, |tx| { tx.erase(id, later(5)).await?; });
        let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Page, later(9_999), 9)).await?.due });
        assert!(due.is_empty(), "what had not left is withdrawn");
    }

    async fn the_words_of_a_text_can_be_forgotten(world: World) {
        unit!(world, |tx| {
            let message = hears(tx, NUMBER, "SM1", "K7: hello").await?.unwrap();
            let (texter, conversation) = someone(tx, NUMBER).await?;
            tx.forget_body(&texter, message).await?;
            let thread = tx.thread(&texter, conversation.id, 9).await?;
            assert_eq!((thread.len(), thread[0].body.reveal()), (1, ""));
            assert!(thread[0].verdict.is_none());
        });
    }
}
