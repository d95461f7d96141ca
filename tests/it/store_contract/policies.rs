//! The contract of the store for policies, on both engines.

use std::collections::BTreeSet;

use harborline::clock::At;
use harborline::oncall::{Policy, Rung, Target, Urgency};
use harborline::staff::Role;
use harborline::store::{NewStaff, StoreError, Tx};
use uuid::Uuid;

use crate::support::world::seconds;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

fn policy(n: u128, name: &str) -> Policy {
    let rung = |delay, repeat, targets: &[Target]| Rung {
        delay: seconds(delay),
        repeat,
        targets: targets.to_vec(),
    };
    Policy {
        id: Uuid::from_u128(n),
        name: name.to_owned(),
        acks: 2,
        rungs: vec![
            rung(
                15,
                3,
                &[
                    Target::Person(Uuid::from_u128(7)),
                    Target::Schedule(Uuid::from_u128(8)),
                ],
            ),
            rung(
                60,
                1,
                &[
                    Target::Rotation(Uuid::from_u128(9)),
                    Target::Everyone,
                    Target::Fallback,
                ],
            ),
        ],
    }
}

async fn member(tx: &mut Tx, login: &str) -> Result<Uuid, StoreError> {
    let new = NewStaff {
        login,
        name: "Second",
        role: Role::Responder,
        password_hash: "no password",
    };
    Ok(tx.add_staff(&new, NOW).await?.unwrap())
}

both! {
    async fn a_policy_reads_back_whole_is_replaced_whole_and_is_gone_once_removed(world: World) {
        let shorter = || {
            let long = policy(1, "Nights and days");
            Policy { acks: 1, rungs: long.rungs[..1].to_vec(), ..long }
        };
        let (nights, days) = (policy(1, "Nights"), policy(2, "Days"));
        let read = unit!(world, |tx| {
            let (first, second, other) = (policy(1, "Nights"), shorter(), policy(2, "Days"));
            assert_eq!(tx.policies().await?, []);
            tx.save_policy(&first, NOW).await?;
            tx.save_policy(&other, NOW).await?;
            let both = tx.policies().await?;
            tx.save_policy(&second, NOW).await?;
            let replaced = tx.policies().await?;
            tx.assign_policy(Urgency::High, Some(first.id)).await?;
            tx.remove_policy(first.id, NOW).await?;
            assert!(tx.assigned_policies().await?.is_empty());
            let left = tx.policies().await?;
            // Its name is free again.
            tx.save_policy(&Policy { id: Uuid::from_u128(3), ..second.clone() }, NOW).await?;
            [both, replaced, left]
        });
        assert_eq!(read, [vec![days.clone(), nights], vec![days.clone(), shorter()], vec![days]]);
    }

    async fn two_policies_never_have_one_name(world: World) {
        let saved = world.app.store.write(|tx| Box::pin(async move {
            tx.save_policy(&policy(1, "Nights"), NOW).await?;
            tx.save_policy(&policy(2, "Nights"), NOW).await
        })).await;
        assert!(matches!(saved, Err(StoreError::Driver(_))), "{saved:?}");
    }

    async fn each_urgency_has_one_policy_or_the_built_in_one(world: World) {
        let assigned = unit!(world, |tx| {
            for (n, name) in [(1, "Nights"), (2, "Days")] {
                tx.save_policy(&policy(n, name), NOW).await?;
            }
            for (urgency, n) in [(Urgency::Imminent, 1), (Urgency::WantsHuman, 1), (Urgency::Imminent, 2)] {
                tx.assign_policy(urgency, Some(Uuid::from_u128(n))).await?;
            }
            tx.assign_policy(Urgency::High, Some(Uuid::from_u128(1))).await?;
            tx.assign_policy(Urgency::High, None).await?;
            tx.assigned_policies().await?
        });
        let expected = [(Urgency::Imminent, Uuid::from_u128(2)), (Urgency::WantsHuman, Uuid::from_u128(1))];
        assert_eq!(assigned.into_iter().collect::<Vec<_>>(), expected);
    }

    async fn a_target_that_cannot_be_read_leaves_the_others(world: World) {
        unit!(world, |tx| { tx.save_policy(&policy(1, "Nights"), NOW).await?; });
        world.damage("UPDATE rung_targets SET kind = 'moon' WHERE kind = 'rotation'").await;
        world.damage("UPDATE rung_targets SET target_id = NULL WHERE kind = 'person'").await;
        let read = unit!(world, |tx| { tx.policies().await? });
        assert_eq!(read[0].rungs[0].targets, [Target::Schedule(Uuid::from_u128(8))]);
        assert_eq!(read[0].rungs[1].targets, [Target::Everyone, Target::Fallback]);
    }

    async fn the_people_of_a_target_are_known_and_a_target_that_is_not_there_is_told_apart(world: World) {
        let (one, two) = unit!(world, |tx| {
            (member(tx, "one@example.org").await?, member(tx, "two@example.org").await?)
        });
        let nobody = Uuid::from_u128(1);
        let (person, everyone) = (BTreeSet::from([one]), BTreeSet::from([one, two]));
        let found = unit!(world, |tx| {
            let mut found = Vec::new();
            for target in [
                Target::Person(one), Target::Person(nobody), Target::Everyone, Target::Fallback,
                Target::Schedule(nobody), Target::Rotation(nobody),
            ] {
                found.push(tx.people_of_target(&target).await?);
            }
            found
        });
        assert_eq!(found, [Some(person), None, Some(everyone), Some(BTreeSet::new()), None, None]);
        // A schedule is there, whoever is on it.
        world.damage("INSERT INTO schedules (id, name, time_zone, created_at)
                      SELECT id, 'Nights', 'UTC', 0 FROM staff WHERE login = 'one@example.org'").await;
        world.damage("INSERT INTO rotations (id, schedule_id, name, unit, every, starts_on, weekdays)
                      SELECT id, id, 'Week', 'weekly', 1, '2026-01-05T08:00:00', 127 FROM schedules").await;
        let both = unit!(world, |tx| {
            [tx.people_of_target(&Target::Schedule(one)).await?, tx.people_of_target(&Target::Rotation(one)).await?]
        });
        assert_eq!(both, [Some(BTreeSet::new()), Some(BTreeSet::new())]);
        world.damage("INSERT INTO rotation_members (rotation_id, position, staff_id)
                      SELECT r.id, 0, s.id FROM rotations r, staff s WHERE s.login = 'two@example.org'").await;
        world.damage("INSERT INTO shifts (id, schedule_id, staff_id, starts_at, ends_at)
                      SELECT id, id, id, 0, 1 FROM schedules").await;
        let both = unit!(world, |tx| {
            [tx.people_of_target(&Target::Schedule(one)).await?, tx.people_of_target(&Target::Rotation(one)).await?]
        });
        assert_eq!(both, [Some(BTreeSet::from([one, two])), Some(BTreeSet::from([two]))]);
        world.damage("UPDATE schedules SET removed_at = 1").await;
        world.damage("UPDATE staff SET left_at = 1 WHERE login = 'two@example.org'").await;
        let gone = unit!(world, |tx| {
            [Target::Schedule(one), Target::Rotation(one), Target::Person(two)]
                .map(|target| (target, tx.id(NOW)))
        });
        for (target, _) in gone {
            assert_eq!(unit!(world, |tx| { tx.people_of_target(&target).await? }), None, "{target:?}");
        }
    }
}
