//! The contract of keys: what is sealed is gone through, a rotation is noted, and the seeds of who was erased
//! are told until they are destroyed.

use harborline::phone::PhoneNumber;
use harborline::store::Cursor;

use super::*;

both! {
    async fn a_rotation_is_noted_until_it_ends(world: World) {
        assert!(!view!(world).is_rotating().await.unwrap());
        unit!(world, |tx| { tx.begin_rotation().await? });
        assert!(view!(world).is_rotating().await.unwrap());
        unit!(world, |tx| { tx.end_rotation().await? });
        assert!(!view!(world).is_rotating().await.unwrap());
        assert!(view!(world).marks_are_current().await.unwrap());
    }

    async fn what_is_sealed_with_the_key_that_seals_now_is_gone_through_and_stays(world: World) {
        world.phone(NUMBER).texts("hello").await;
        assert!(view!(world).sealed_rows().await.unwrap() > 0);
        let (mut next, mut seen, mut changed) = (Some(Cursor::default()), 0, 0);
        while let Some(from) = next {
            let done = unit!(world, |tx| { tx.reseal(from, 5).await? });
            (next, seen, changed) = (done.next, seen + done.seen, changed + done.changed);
        }
        assert!(seen > 0);
        assert_eq!(changed, 0);
    }

    async fn the_seed_of_who_was_erased_is_told_until_it_is_destroyed(world: World) {
        world.phone(NUMBER).texts("hello").await;
        let texter = view!(world).named_by_number(&PhoneNumber::of_sender(NUMBER)).await.unwrap().unwrap().texter_id;
        assert_eq!(unit!(world, |tx| { tx.erase_restored(None, 9, NOW, false).await? }), (0, 0, Some(texter)));
        unit!(world, |tx| { tx.erase_again(texter, NOW).await? });
        let left = view!(world).seeds_left(9).await.unwrap();
        assert_eq!(left.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [texter]);
        unit!(world, |tx| { tx.seed_destroyed(texter).await? });
        assert!(view!(world).seeds_left(9).await.unwrap().is_empty());
        assert_eq!(unit!(world, |tx| { tx.erase_restored(None, 9, NOW, false).await? }), (0, 0, None));
    }

    async fn a_lease_that_is_not_needed_any_more_is_shortened(world: World) {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(unit!(world, |tx| { tx.take_lease("keys", one, NOW, seconds(60)).await? }));
        assert!(!unit!(world, |tx| { tx.take_lease("keys", other, NOW, seconds(60)).await? }));
        unit!(world, |tx| { tx.shorten_lease("keys", NOW).await? });
        assert!(unit!(world, |tx| { tx.take_lease("keys", other, NOW, seconds(60)).await? }));
    }
}
