//! The contract of the store for schedules and swaps, on both engines.

use std::sync::Arc;

use harborline::clock::At;
use harborline::crypto::Keyring;
use harborline::id::SeededIds;
use harborline::oncall::{
    Change, Hours, Override, Rotation, Schedule, Shift, Swap, SwapState, Unit,
};
use harborline::store::{NewOverride, OpenError, StoreError, Tx};
use jiff::civil::date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::support::world::minutes;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

fn later(by: u64) -> At {
    NOW.plus(minutes(by))
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

/// A schedule that has everything, as it was kept.
async fn filled(tx: &mut Tx, staff: [Uuid; 2]) -> Result<Schedule, StoreError> {
    let [first, second] = staff;
    let id = tx.add_schedule("Night", &berlin(), NOW).await?.unwrap();
    let schedule = Schedule {
        id,
        name: "Night".to_owned(),
        zone: berlin(),
        rotations: vec![
            Rotation {
                id: tx.id(NOW),
                name: "Weekend".to_owned(),
                unit: Unit::Weekly,
                every: 2,
                starts_on: date(2026, 1, 3).at(8, 30, 0, 0),
                weekdays: 0b110_0000,
                hours: Some(Hours {
                    from: 20 * 60,
                    until: 8 * 60,
                }),
                // Twice: somebody may have two turns in a round.
                members: vec![second, first, second],
            },
            Rotation {
                id: tx.id(NOW),
                name: "All day".to_owned(),
                unit: Unit::Hourly,
                every: 12,
                starts_on: date(2026, 1, 1).at(0, 0, 0, 0),
                weekdays: 0b111_1111,
                hours: None,
                members: vec![first],
            },
        ],
        shifts: vec![Shift {
            id: tx.id(NOW),
            staff_id: first,
            starts_at: later(1),
            ends_at: later(60),
        }],
        overrides: vec![
            change(tx.id(NOW), Change::Replace(first, second)),
            change(tx.id(NOW), Change::Add(first)),
            change(tx.id(NOW), Change::Remove(second)),
        ],
    };
    for rotation in &schedule.rotations {
        tx.add_rotation(id, rotation).await?;
    }
    tx.add_shift(id, &schedule.shifts[0]).await?;
    for made in &schedule.overrides {
        let new = NewOverride {
            schedule: id,
            made,
            by: first,
            swap: None,
        };
        tx.add_override(&new, NOW).await?;
    }
    Ok(schedule)
}

fn change(id: Uuid, change: Change) -> Override {
    Override {
        id,
        change,
        starts_at: later(10),
        ends_at: later(20),
        reason: "ill".to_owned(),
    }
}

fn swap(id: Uuid, schedule_id: Uuid, [asked_by, asked_of]: [Uuid; 2]) -> Swap {
    Swap {
        id,
        schedule_id,
        asked_by,
        asked_of,
        gives: (later(1), later(2)),
        takes: None,
        state: SwapState::Offered,
        made_at: NOW,
        done_at: None,
    }
}

async fn two(world: &World) -> [Uuid; 2] {
    let first = world.a_member_of_staff("first").await.id;
    [first, world.a_member_of_staff("second").await.id]
}

/// Runs a unit of work that must succeed.
macro_rules! unit {
    ($world:expr, |$tx:ident $(, $kept:ident)*| $body:block) => {{
        $(let $kept = $kept.clone();)*
        $world
            .app
            .store
            .write(move |$tx: &mut Tx| {
                $(let $kept = $kept.clone();)*
                Box::pin(async move { Ok::<_, StoreError>($body) })
            })
            .await
            .unwrap()
    }};
}

both! {
    async fn what_will_go_wrong_is_read_from_everything_together(world: World) {
        let mut tx = world.app.store.read().await.unwrap();
        let with_contacts = tx.preflight(2, NOW).await.unwrap();
        let with_nobody = tx.preflight(0, NOW).await.unwrap();
        assert_ne!(with_contacts, with_nobody, "nobody at all can be paged");
    }

    async fn a_schedule_comes_back_whole(world: World) {
        let staff = two(&world).await;
        assert_eq!(unit!(world, |tx| { tx.schedules(NOW).await? }), []);
        let kept = unit!(world, |tx| { filled(tx, staff).await? });
        let found = unit!(world, |tx| { tx.schedules(NOW).await? });
        assert_eq!(found, [kept]);
        let id = found[0].id;
        let one = unit!(world, |tx| { tx.schedule_to_change(id, NOW).await? });
        assert_eq!(one.as_ref(), Some(&found[0]));
        assert_eq!(unit!(world, |tx| { tx.schedule_to_change(Uuid::nil(), NOW).await? }), None);
    }

    async fn what_is_over_is_not_read_again(world: World) {
        let staff = two(&world).await;
        unit!(world, |tx| { filled(tx, staff).await? });
        let at = |since: At| {
            let world = &world;
            async move {
                let found = unit!(world, |tx| { tx.schedules(since).await? });
                (found[0].shifts.len(), found[0].overrides.len())
            }
        };
        assert_eq!(at(later(19)).await, (1, 3));
        assert_eq!(at(later(20)).await, (1, 0));
        assert_eq!(at(later(60)).await, (0, 0));
    }

    async fn the_parts_of_a_schedule_are_changed_and_removed(world: World) {
        let [first, second] = two(&world).await;
        let kept = unit!(world, |tx| { filled(tx, [first, second]).await? });
        let id = kept.id;
        let mut after = kept.clone();
        after.rotations[0] = Rotation {
            name: "Weekends".to_owned(),
            unit: Unit::Daily,
            every: 3,
            starts_on: date(2026, 2, 1).at(0, 0, 0, 0),
            weekdays: 1,
            hours: None,
            members: vec![first],
            ..after.rotations[0].clone()
        };
        after.shifts[0] = Shift {
            staff_id: second,
            starts_at: later(2),
            ends_at: later(30),
            ..after.shifts[0].clone()
        };
        after.overrides[0].ends_at = later(12);
        let found = unit!(world, |tx, after| {
            tx.save_rotation(&after.rotations[0]).await?;
            tx.save_shift(&after.shifts[0]).await?;
            tx.end_override(after.overrides[0].id, later(12)).await?;
            tx.schedules(NOW).await?
        });
        assert_eq!(found, [after.clone()]);

        let found = unit!(world, |tx, kept| {
            tx.remove_rotation(kept.rotations[0].id, NOW).await?;
            tx.remove_shift(kept.shifts[0].id, NOW).await?;
            tx.remove_override(kept.overrides[1].id, NOW).await?;
            tx.schedules(NOW).await?
        });
        after.rotations.remove(0);
        after.shifts.clear();
        after.overrides.remove(1);
        assert_eq!(found, [after]);

        unit!(world, |tx| { tx.remove_schedule(id, NOW).await? });
        assert_eq!(unit!(world, |tx| { tx.schedules(NOW).await? }), []);
        // Nothing is gone: who looks back finds it.
        assert_eq!(world.count("SELECT COUNT(*) FROM rotations").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM shifts").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM overrides").await, 3);
        assert_eq!(world.count("SELECT COUNT(*) FROM schedules").await, 1);
    }

    async fn what_is_damaged_is_passed_over_and_the_rest_stays_on_call(world: World) {
        let staff = two(&world).await;
        let kept = unit!(world, |tx| { filled(tx, staff).await? });
        unit!(world, |tx| { tx.add_schedule("Day", &berlin(), NOW).await? });
        world.damage("UPDATE schedules SET time_zone = 'Europe/Atlantis' WHERE name = 'Day'").await;
        world.damage("UPDATE rotations SET starts_on = 'someday' WHERE every = 2").await;
        world.damage("UPDATE overrides SET kind = 'perhaps' WHERE kind = 'add'").await;
        let found = unit!(world, |tx| { tx.schedules(NOW).await? });
        let rest = Schedule {
            rotations: vec![kept.rotations[1].clone()],
            overrides: vec![kept.overrides[0].clone(), kept.overrides[2].clone()],
            ..kept
        };
        assert_eq!(found, [rest]);
    }

    async fn a_name_is_taken_until_its_schedule_is_removed(world: World) {
        let utc = || TimeZone::get("UTC").unwrap();
        let night = unit!(world, |tx| { tx.add_schedule("Night", &berlin(), NOW).await? }).unwrap();
        assert_eq!(unit!(world, |tx| { tx.add_schedule("Night", &utc(), NOW).await? }), None);
        let day = unit!(world, |tx| { tx.add_schedule("Day", &utc(), NOW).await? }).unwrap();
        assert!(!unit!(world, |tx| { tx.save_schedule(day, "Night", &utc()).await? }));
        assert!(unit!(world, |tx| { tx.save_schedule(day, "Day", &berlin()).await? }));
        unit!(world, |tx| { tx.remove_schedule(night, NOW).await? });
        assert!(unit!(world, |tx| { tx.save_schedule(day, "Night", &utc()).await? }));
        let found = unit!(world, |tx| { tx.schedules(NOW).await? });
        assert_eq!((found.len(), found[0].name.as_str()), (1, "Night"));
        assert_eq!(found[0].zone.iana_name(), Some("UTC"));
    }

    async fn a_swap_is_kept_and_comes_to_an_end(world: World) {
        let staff = two(&world).await;
        let schedule = unit!(world, |tx| { filled(tx, staff).await? }).id;
        let (plain, both) = unit!(world, |tx| {
            let plain = swap(tx.id(NOW), schedule, staff);
            let both = Swap { takes: Some((later(5), later(6))), ..swap(tx.id(NOW), schedule, staff) };
            tx.add_swap(&plain).await?;
            tx.add_swap(&both).await?;
            (plain, both)
        });
        assert_eq!(unit!(world, |tx| { tx.swaps_open().await? }), [plain, both]);
        assert_eq!(unit!(world, |tx| { tx.swap_to_change(both.id).await? }), Some(both));
        assert_eq!(unit!(world, |tx| { tx.swap_to_change(Uuid::nil()).await? }), None);
        unit!(world, |tx| { tx.end_swap(plain.id, SwapState::Declined, later(1)).await? });
        assert_eq!(unit!(world, |tx| { tx.swaps_open().await? }), [both]);
        let ended = Swap { state: SwapState::Declined, done_at: Some(later(1)), ..plain };
        assert_eq!(unit!(world, |tx| { tx.swap_to_change(plain.id).await? }), Some(ended));
    }
}

#[tokio::test]
async fn a_look_at_what_is_no_database_is_refused() {
    let keys = Arc::new(Keyring::new(&[7; 32]));
    let look = harborline::store::look("mysql://line", keys, Arc::new(SeededIds::new(1)));
    assert!(matches!(look.await, Err(OpenError::Unreadable(_))));
}
