//! The contract of the store for texters, conversations and what they say.

use super::*;

/// A text of two pieces.
fn long_text(texter_id: Uuid) -> LongText {
    LongText {
        texter_id,
        gateway: "main".to_owned(),
        reference: "1\0".to_owned(),
        total: 2,
    }
}

both! {
    async fn a_texter_is_found_again_by_number_with_their_state(world: World) {
        let made = unit!(world, |tx| {
            let texter = tx.texter(&number(), &State::new(Locale::Es), NOW).await?;
            assert_eq!((texter.state.locale, texter.conversation), (Locale::Es, None));
            let state = State { greeted: true, misses: 3, ..texter.state.clone() };
            tx.save_state(&texter, &state).await?;
            texter.id
        });
        unit!(world, |tx| {
            // Another spelling of the same number.
            let spelled = PhoneNumber::parse("+1 555-0123").unwrap();
            let texter = tx.texter(&spelled, &State::default(), NOW).await?;
            assert_eq!(texter.id, made);
            assert!(texter.state.greeted && texter.state.misses == 3 && texter.state.locale == Locale::Es);
            assert_eq!(tx.number_of(&texter).await?, number());
            let other = tx.texter(&PhoneNumber::of_sender("+15550124"), &State::default(), NOW).await?;
            assert_ne!(other.id, made);
        });
    }

    async fn a_conversation_is_open_until_it_is_closed(world: World) {
        let (first, texter_id) = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            assert_eq!((conversation.tier, conversation.human_joined), (Tier::None, false));
            tx.touch_conversation(conversation.id, (Tier::High, Locale::Es), later(5)).await?;
            tx.human_joined(conversation.id, later(6)).await?;
            (conversation.id, texter.id)
        });
        let texter = view!(world).texter_of(first).await.unwrap().unwrap();
        let open = Conversation { id: first, texter_id, tier: Tier::High, human_joined: true, drill: None };
        assert_eq!(texter.conversation, Some(open));
        let same = unit!(world, |tx| { tx.texter_to_change(first).await?.unwrap().id });
        assert_eq!(same, texter_id);
        assert!(!view!(world).is_closed(first).await.unwrap());
        unit!(world, |tx| { tx.close_conversation(first, later(7)).await?; });
        assert!(view!(world).is_closed(first).await.unwrap());
        let second = unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            assert_eq!((texter.id, conversation.tier, conversation.human_joined), (texter_id, Tier::None, false));
            conversation.id
        });
        assert_ne!(first, second);
        assert!(view!(world).texter_of(Uuid::from_u128(1)).await.unwrap().is_none());
    }

    async fn a_thread_reads_back_as_it_was_written(world: World) {
        const WORDS: &str = "hola \u{1f600} \0 '; -- \u{202e}";
        let conversation = unit!(world, |tx| {
            assert!(hears(tx, NUMBER, "SM1", WORDS).await?.is_some());
            let id = says(tx, NUMBER, Lane::Content, "first answer", None).await?;
            tx.settle(id, later(1), &settled(OutboxState::Accepted, NOW)).await?;
            says(tx, NUMBER, Lane::Content, "second answer", None).await?;
            someone(tx, NUMBER).await?.1.id
        });
        let mut tx = view!(world);
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let thread = tx.thread(&texter, conversation, 10).await.unwrap();
        let words: Vec<_> = thread.iter().map(|message| message.body.reveal()).collect();
        assert_eq!(words, [WORDS, "first answer", "second answer"]);
        assert_eq!(thread[0].verdict, Some(verdict(Tier::High)));
        assert_eq!((thread[0].author, thread[0].media, thread[0].at), (Author::Texter, 2, NOW));
        assert_eq!((thread[1].author, thread[1].verdict.is_none()), (Author::Line, true));
        let sending: Vec<_> = thread.iter().map(|message| message.sending).collect();
        assert_eq!(sending, [None, Some((OutboxState::Accepted, None)), Some((OutboxState::Queued, None))]);
        let latest = tx.thread(&texter, conversation, 1).await.unwrap();
        assert_eq!(latest[0].body.reveal(), "second answer");
        let before = tx.thread_until(&texter, conversation, thread[1].id, 1).await.unwrap();
        assert_eq!((before.len(), before[0].id), (1, thread[1].id));
        let alone = tx.words_of(&texter, conversation, 2).await.unwrap();
        assert_eq!(alone.iter().map(MessageBody::reveal).collect::<Vec<_>>(), ["second answer", "first answer"]);
        assert_eq!(tx.gateway_of(conversation).await.unwrap().as_deref(), Some("main"));
        assert_eq!(tx.gateway_of(Uuid::from_u128(1)).await.unwrap(), None);
    }

    async fn an_inbound_text_is_recorded_once_for_each_gateway_id(world: World) {
        let made = unit!(world, |tx| {
            let first = hears(tx, NUMBER, "SM1", "words").await?;
            let again = hears(tx, NUMBER, "SM1", "other words").await?;
            let second = hears(tx, NUMBER, "SM2", "words").await?;
            [first.is_some(), again.is_some(), second.is_some()]
        });
        assert_eq!(made, [true, false, true]);
        assert!(!unit!(world, |tx| { hears(tx, "+15550124", "SM1", "words").await?.is_some() }), "whoever it is from");
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 2);
    }

    async fn first_texts_at_once_make_one_texter_with_one_conversation(world: World) {
        let other = world.another_app().await;
        let units = (0..20_u32).map(|n| {
            let store = if n % 2 == 0 { &world.app.store } else { &other.store };
            store.write(move |tx| Box::pin(async move { hears(tx, NUMBER, &format!("SM{n}"), "words").await }))
        });
        let made = join_all(units).await;
        assert!(made.iter().all(|row| row.as_ref().is_ok_and(Option::is_some)), "{made:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM texters").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM conversations").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 20);
    }

    async fn a_second_open_conversation_or_alert_is_refused(world: World) {
        let texter = unit!(world, |tx| {
            alarm(tx, NUMBER, "A3", Tier::High, NOW, 0).await?;
            someone(tx, NUMBER).await?.0.id
        });
        let again = world.app.store.write(move |tx| Box::pin(tx.open_conversation(texter, NOW))).await;
        assert!(matches!(again, Err(StoreError::Driver(_))), "{again:?}");
        for (number, code) in [(NUMBER, "A4"), ("+15550124", "A3")] {
            let again = world.app.store
                .write(move |tx| Box::pin(alarm(tx, number, code, Tier::High, NOW, 0))).await;
            assert!(matches!(again, Err(StoreError::Driver(_))), "{code}: {again:?}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM alerts").await, 1);
    }

    async fn the_texts_before_are_read_oldest_first_and_only_the_latest(world: World) {
        unit!(world, |tx| {
            for (n, words) in ["one", "two", "three"].into_iter().enumerate() {
                hears(tx, NUMBER, &format!("SM{n}"), words).await?;
            }
            says(tx, NUMBER, Lane::Content, "ours", None).await?;
            hears(tx, "+15550124", "SM9", "somebody else's").await?;
        });
        let read = async |since, limit| unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let earlier = tx.earlier(&texter, conversation.id, since, limit).await?;
            earlier.iter().map(|text| (text.at, text.tier, text.body.reveal().to_owned())).collect::<Vec<_>>()
        });
        let text = |words: &str| (NOW, Tier::High, words.to_owned());
        let before = At(NOW.0 - 1);
        assert_eq!(read(before, 2).await, [text("two"), text("three")]);
        assert_eq!(read(before, 8).await.len(), 3);
        assert!(read(NOW, 8).await.is_empty());
    }

    async fn pieces_wait_until_they_are_taken_and_are_known_after_that(world: World) {
        unit!(world, |tx| {
            let (texter, _) = someone(tx, NUMBER).await?;
            let text = long_text(texter.id);
            for (gateway_ref, number, new) in [("P2", 2, true), ("P1", 1, true), ("P2", 2, false)] {
                let part = NewPart { id: tx.id(NOW), text: &text, gateway_ref, number, body: &MessageBody::new("w\0rds"), media: 1, at: NOW };
                assert_eq!(tx.record_part(&texter, &part).await?, new, "{gateway_ref}");
            }
            let parts = tx.parts_of(&texter, &text).await?;
            let read: Vec<_> = parts.iter().map(|p| (p.gateway_ref.as_str(), p.number, p.media, p.body.reveal(), p.message_id)).collect();
            assert_eq!(read, [("P1", 1, 1, "w\0rds", None), ("P2", 2, 1, "w\0rds", None)]);
            let other = LongText { total: 3, ..text.clone() };
            assert!(tx.parts_of(&texter, &other).await?.is_empty());
            assert!(tx.long_texts_waiting(NOW.minus(seconds(1)), 8).await?.is_empty());
            assert_eq!(tx.long_texts_waiting(NOW, 8).await?.len(), 1);
        });
        let message = unit!(world, |tx| { hears(tx, NUMBER, "P1", "w\0rds").await?.unwrap() });
        unit!(world, |tx| {
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let known = long_text(texter.id);
            tx.parts_taken(&known, Some(message), None).await?;
            assert_eq!(tx.parts_of(&texter, &known).await?[1].message_id, Some(message));
            let words = MessageBody::new("more words");
            assert_eq!(tx.extend_inbound(&texter, message, &words, &verdict(Tier::Concern)).await?, Tier::High);
            assert_eq!(tx.extend_inbound(&texter, message, &words, &verdict(Tier::Imminent)).await?, Tier::High);
            let thread = tx.thread(&texter, conversation.id, 10).await?;
            assert_eq!(thread[0].body.reveal(), "more words");
            assert_eq!(thread[0].verdict.as_ref().unwrap().tier, Tier::Imminent);
            tx.parts_taken(&known, None, Some(later(1))).await?;
            assert!(tx.parts_of(&texter, &known).await?.is_empty());
            assert!(tx.long_texts_waiting(later(99), 8).await?.is_empty());
            tx.forget_parts(NOW).await?;
        });
        let kept = "SELECT COUNT(*) FROM parts WHERE length(body_sealed) = 0 AND message_id IS NOT NULL";
        assert_eq!(world.count(kept).await, 2);
        unit!(world, |tx| { tx.forget_parts(later(1)).await? });
        assert_eq!(world.count("SELECT COUNT(*) FROM parts").await, 0);
    }

    async fn a_check_in_needs_a_yes_and_goes_out_once(world: World) {
        let texter = unit!(world, |tx| {
            let new = NewStaff { login: "night", name: "Second", role: Role::Responder, password_hash: "hash" };
            let asked_by = tx.add_staff(&new, NOW).await?.unwrap();
            let (texter, conversation) = someone(tx, NUMBER).await?;
            let new = NewCheckIn { texter_id: texter.id, conversation_id: conversation.id, gateway: "main", asked_by, at: NOW };
            tx.ask_check_in(&new).await?;
            assert!(tx.check_ins_due(later(1_000_000), 8).await?.is_empty(), "asked is not agreed");
            tx.ask_check_in(&new).await?;
            tx.agree_check_in(texter.id, NOW, later(60)).await?;
            assert!(tx.check_ins_due(later(59), 8).await?.is_empty());
            let due = tx.check_ins_due(later(60), 8).await?;
            assert_eq!((due.len(), due[0].texter_id, due[0].conversation_id, due[0].gateway.as_str()), (1, texter.id, conversation.id, "main"));
            tx.end_check_in(texter.id, later(60), "sent").await?;
            assert!(tx.check_ins_due(later(61), 8).await?.is_empty());
            texter.id
        });
        let found = unit!(world, |tx| { tx.texter_with_id(texter).await?.map(|texter| texter.id) });
        assert_eq!(found, Some(texter));
        assert_eq!(world.count("SELECT COUNT(*) FROM check_ins WHERE outcome = 'asked_again'").await, 1);
    }

    async fn who_is_erased_leaves_rows_that_count_and_nothing_else(world: World) {
        let (texter, conversation) = unit!(world, |tx| {
            hears(tx, NUMBER, "SM1", "a word to forget").await?;
            let waits = says(tx, NUMBER, Lane::Content, "an answer to forget", None).await?;
            let (texter, conversation) = someone(tx, NUMBER).await?;
            tx.ask_erasure(texter.id, NOW).await?;
            assert!(tx.erasures_due(later(1), NOW.minus(seconds(1)), 8).await?.is_empty(), "its answer has not left");
            assert_eq!(tx.erasures_due(later(1), NOW, 8).await?, [texter.id], "but not for ever");
            let left = Settled { gateway_ref: Some("SM5".to_owned()), ..Settled::new(OutboxState::Accepted, NOW) };
            tx.settle(waits, NOW, &left).await?;
            assert_eq!(tx.erasures_due(later(1), NOW.minus(seconds(1)), 8).await?, [texter.id]);
            tx.erase(texter.id, later(2)).await?;
            assert!(tx.erasures_due(later(3), later(3), 8).await?.is_empty());
            (texter.id, conversation.id)
        });
        assert!(world.app.store.scrub().await.unwrap());
        unit!(world, |tx| {
            assert!(tx.texter_with_id(texter).await?.is_none());
            assert!(tx.texter_of(conversation).await?.is_none());
            let (stranger, _) = someone(tx, NUMBER).await?;
            assert_ne!(stranger.id, texter);
            assert_eq!(stranger.state, State::default());
        });
        assert_eq!(world.count("SELECT COUNT(*) FROM messages WHERE length(body_sealed) > 0 OR gateway_ref IS NOT NULL").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM texters WHERE length(wrapped_key) > 0").await, 1);
    }
}
