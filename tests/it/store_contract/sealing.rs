//! The contract of the store for what is sealed: keys, damage, and that nothing is there in clear.

use super::*;

both! {
    async fn a_database_is_opened_with_its_own_key_only_and_keeps_its_data(world: World) {
        world.phone(NUMBER).texts("hello").await;
        let before = world.count("SELECT COUNT(*) FROM messages").await;
        world.app.store.close().await;
        let closed = world.app.store.write(|tx| Box::pin(tx.outbox_waiting())).await;
        assert!(closed.is_err(), "a closed store takes nothing");
        let url = &world.config.database.url;
        let wrong = Arc::new(Keyring::new(&[9; 32]));
        let refused = Store::open(url, wrong, Arc::new(SeededIds::new(9)), TimeZone::UTC).await.err().unwrap();
        assert!(matches!(refused, OpenError::WrongKey), "{refused}");
        assert!(refused.to_string().contains("keys.file"), "{refused}");
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(9));
        let right = keyring(&world.config, &ids).unwrap();
        let store = Store::open(url, right, ids, TimeZone::UTC).await.unwrap();
        assert!(before > 1 && store.is_whole());
        store.make_whole().await.unwrap();
        store.found().await;
        assert!(store.is_well().await && !world.app.store.is_well().await);
        let number = store.write(|tx| Box::pin(async move {
            let texter = tx.texter(&number(), &State::default(), NOW).await?;
            assert!(texter.state.greeted && texter.conversation.is_some());
            tx.number_of(&texter).await
        })).await.unwrap();
        assert_eq!(number.reveal(), NUMBER);
        assert_eq!(world.count("SELECT COUNT(*) FROM messages").await, before);
    }

    async fn damage_names_the_row_and_never_the_words(world: World) {
        world.phone(NUMBER).texts("purple elephants").await;
        let conversation = world.first_in_the_queue().await;
        damage(&world, if world.config.database.url.starts_with("sqlite") {
            "UPDATE messages SET body_sealed = CAST(substr(body_sealed, 1, length(body_sealed) - 1) || x'00' AS BLOB) WHERE author = 'texter'"
        } else {
            "UPDATE messages SET body_sealed = set_byte(body_sealed, length(body_sealed) - 1, get_byte(body_sealed, length(body_sealed) - 1) # 1) WHERE author = 'texter'"
        }).await;
        let mut tx = view!(world);
        let texter = tx.texter_of(conversation).await.unwrap().unwrap();
        let error = tx.thread(&texter, conversation, 10).await.unwrap_err();
        let StoreError::Corrupt { table, id, .. } = &error else { panic!("{error}") };
        assert_eq!((*table, id.is_nil()), ("messages", false));
        let said = format!("{error} {error:?}");
        assert!(said.contains(&id.to_string()) && said.contains("messages.body"), "{said}");
        assert!(!said.contains("purple") && !said.contains("0123"), "{said}");
    }

    async fn bytes_that_were_moved_to_another_row_do_not_open(world: World) {
        for number in [NUMBER, "+15550124"] {
            world.phone(number).texts("hello").await;
        }
        damage(&world, "UPDATE texters SET wrapped_key = (SELECT wrapped_key FROM texters ORDER BY id DESC LIMIT 1),
            state_sealed = (SELECT state_sealed FROM texters ORDER BY id DESC LIMIT 1)").await;
        let moved = world.app.store.write(|tx| Box::pin(async move {
            tx.texter(&number(), &State::default(), NOW).await.map(|_| ())
        })).await;
        let Err(StoreError::Corrupt { table: "texters", why, .. }) = moved else { panic!("{moved:?}") };
        assert!(why.contains("wrapped_key"), "{why}");
    }

    async fn one_damaged_text_does_not_hold_up_those_behind_it(world: World) {
        unit!(world, |tx| {
            says(tx, NUMBER, Lane::Content, "damaged", None).await?;
            says(tx, "+15550124", Lane::Content, "whole", None).await?;
        });
        damage(&world, "UPDATE messages SET body_sealed = wrapped_key FROM texters
            WHERE texters.id = messages.texter_id AND messages.id = (SELECT id FROM messages ORDER BY id LIMIT 1)").await;
        let due = unit!(world, |tx| { tx.claim_due(&claim_of(Lane::Content, NOW, 10)).await?.due });
        let words: Vec<_> = due.iter().map(|due| due.body.reveal()).collect();
        assert_eq!(words, ["whole"]);
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND code = 'unreadable'").await, 1);
    }

    async fn the_database_holds_no_number_and_no_word_in_clear(world: World) {
        let texter = world.phone("+15557654321");
        for words in ["purple elephants", "i want to die", "A3", "HUMAN"] {
            texter.texts(words).await;
        }
        world.responder().texts("A3").await;
        world.advance(minutes(2)).await;
        let planted = ["5557654321", "purple", "elephants", "want to die", "5550199", "We are asking our on-call team", "Reply A3"];
        let stored = everything(&world).await;
        assert!(find(&stored, "text.decided") && find(&stored, "Duty phone"), "the search finds what is in clear");
        for word in planted {
            assert!(!find(&stored, word), "{word} is in the database in clear");
        }
    }
}
