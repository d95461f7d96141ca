//! The contract of the store, part: canned replies, drafts, forms, and browsers that are told.

use harborline::store::{NewSession, Present};

use super::*;
use crate::support::both;

both! {
    async fn a_canned_reply_is_kept_changed_and_removed(world: World) {
        let first = world.an_account("first", Role::Supervisor).await;
        let by = first.id;
        let before = view!(world).canned_replies().await.unwrap().len();
        let id = unit!(world, |tx| {
            let id = tx.id(NOW);
            tx.keep_canned(id, (Locale::Es, "Uno", "Hola {me}"), Some(by), NOW).await?;
            tx.keep_canned(id, (Locale::En, "One", "Hello {me}"), Some(by), later(1)).await?;
            id
        });
        let all = view!(world).canned_replies().await.unwrap();
        assert_eq!(all.len(), before + 1);
        let one = all.iter().find(|one| one.id == id).unwrap();
        assert_eq!((one.locale, one.title.as_str(), one.body.as_str()), (Locale::En, "One", "Hello {me}"));
        assert_eq!((one.changed_by.as_deref(), one.changed_at), (Some(first.name.as_str()), later(1)));
        unit!(world, |tx| { tx.remove_canned(id).await? });
        assert_eq!(view!(world).canned_replies().await.unwrap().len(), before);
    }

    async fn a_draft_is_one_of_each_person_and_sealed(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let second = world.an_account("second", Role::Responder).await;
        let (one, other) = (first.id, second.id);
        let conversation = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            for (staff, words, at) in [(one, "a", NOW), (other, "b", later(1)), (one, "c", later(2))] {
                tx.keep_draft(&texter, conversation.id, staff, &MessageBody::new(words), at).await?;
            }
            conversation.id
        });
        let mut tx = view!(world);
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let drafts = tx.drafts(&texter, conversation).await.unwrap();
        assert_eq!(drafts[0].by, first.name);
        let seen: Vec<_> = drafts.iter().map(|draft| (draft.staff_id, draft.body.reveal(), draft.at)).collect();
        assert_eq!(seen, [(one, "c", later(2)), (other, "b", later(1))]);
        drop(tx);
        unit!(world, |tx| { tx.forget_draft(conversation, one).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM drafts").await, 1);
        unit!(world, |tx| { tx.close_conversation(conversation, later(3)).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM drafts").await, 0);
    }

    async fn who_has_a_conversation_open_is_kept_until_it_ends(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let second = world.an_account("second", Role::Responder).await;
        let (one, other) = (first.id, second.id);
        let conversation = unit!(world, |tx| { someone(tx, NUMBER).await?.1.id });
        assert_eq!(view!(world).presence_of(conversation, one).await.unwrap(), None);
        unit!(world, |tx| {
            tx.is_present(conversation, one, true, NOW).await?;
            tx.is_present(conversation, one, false, later(9)).await?;
            tx.is_present(conversation, other, false, later(5)).await?;
        });
        assert_eq!(view!(world).presence_of(conversation, one).await.unwrap(), Some((later(9), Some(NOW))));
        let seen = view!(world).present(conversation, other, NOW).await.unwrap();
        let expected = Present { name: first.name.clone(), seen_at: later(9), wrote_at: Some(NOW) };
        assert_eq!(seen, [expected]);
        let seen = view!(world).present(conversation, Uuid::nil(), later(5)).await.unwrap();
        assert_eq!(seen.len(), 1, "who was there later than that");
        unit!(world, |tx| { tx.close_conversation(conversation, later(10)).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM presence").await, 0);
    }

    async fn a_form_finds_the_text_that_it_sent(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let by = first.id;
        unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let (message, form) = (tx.id(NOW), tx.id(NOW));
            assert_eq!(tx.sent_with(&texter, conversation.id, form).await?.map(|(by, _)| by), None);
            let new = NewOutbound {
                id: message,
                gateway: "main",
                author: Author::Staff,
                staff_id: Some(by),
                body: &MessageBody::new("Hello"),
                at: NOW,
            };
            tx.record_outbound(&texter, &conversation, &new).await?;
            tx.note_form(message, form).await?;
            let (sent_by, words) = tx.sent_with(&texter, conversation.id, form).await?.unwrap();
            assert_eq!((sent_by, words.reveal()), (Some(by), "Hello"));
            let another = tx.sent_with(&texter, texter.id, form).await?;
            assert!(another.is_none(), "of another conversation");
        });
    }

    async fn a_browser_is_told_once_in_a_while_and_goes_with_its_session(world: World) {
        let first = world.an_account("first", Role::Responder).await;
        let by = first.id;
        let session = unit!(world, |tx| {
            tx.keep_push_key(&[1; 32]).await?;
            assert_eq!(tx.push_key().await?.as_deref(), Some(&[1; 32][..]));
            let new = NewSession {
                token_hash: b"hash",
                staff_id: by,
                device: harborline::staff::Device::Phone,
                code_due: false,
            };
            let session = tx.start_session(&new, NOW).await?;
            tx.subscribe_push(session, b"old", NOW).await?;
            tx.subscribe_push(session, b"there", NOW).await?;
            assert!(tx.has_push(session).await?);
            session
        });
        let good = (NOW.minus(minutes(1)), NOW.minus(minutes(1)));
        let due = async |now: At, again: At| view!(world).pushes_due(now, again, good, 9).await.unwrap();
        assert!(due(later(9), later(0)).await.is_empty(), "nobody waits");
        unit!(world, |tx| { alarm(tx, NUMBER, "A3", Tier::High, later(1), 0).await?; });
        let one = due(later(9), NOW.minus(minutes(1))).await.remove(0);
        assert_eq!((one.endpoint.as_slice(), one.failures), (&b"there"[..], 0));
        let unseen = view!(world).pushes_due(later(9), NOW, (NOW, NOW), 9).await.unwrap();
        assert!(unseen.is_empty(), "its session is over");
        let id = one.id;
        unit!(world, |tx| {
            assert!(tx.claim_push(id, later(9), later(39)).await?);
            assert!(!tx.claim_push(id, later(9), later(39)).await?, "another has it");
        });
        assert!(due(later(20), NOW).await.is_empty());
        unit!(world, |tx| { tx.push_failed(id, later(50)).await? });
        assert!(due(later(49), NOW).await.is_empty());
        assert_eq!(due(later(50), NOW).await[0].failures, 1);
        unit!(world, |tx| { tx.push_taken(id, later(50)).await? });
        assert!(due(later(60), later(49)).await.is_empty());
        assert_eq!(due(later(60), later(50)).await[0].failures, 0, "again, after a while");
        unit!(world, |tx| { tx.end_session_of(by, session).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM push_subscriptions").await, 0);
        unit!(world, |tx| { tx.drop_push(id).await?; tx.unsubscribe_push(session).await? });
    }
}
