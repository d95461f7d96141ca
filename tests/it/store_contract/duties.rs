//! The contract of the store for duties and calendars, on both engines.

use harborline::clock::At;
use harborline::oncall::Duty;
use harborline::staff::Role;
use harborline::store::{StoreError, Tx};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::support::world::minutes;
use crate::support::{World, both};

const NOW: At = At(1_767_225_600_000);

fn later(by: u64) -> At {
    NOW.plus(minutes(by))
}

/// A person, and a schedule.
async fn ready(world: &World) -> (Uuid, Uuid) {
    let staff = world.a_member_of_staff("first").await.id;
    let schedule = unit!(world, |tx| {
        tx.add_schedule("Night", &TimeZone::UTC, NOW).await?
    });
    (staff, schedule.unwrap())
}

both! {
    async fn a_duty_goes_from_planned_to_ended_and_may_come_back(world: World) {
        let (staff, schedule) = ready(&world).await;
        let planned = unit!(world, |tx| {
            tx.lock_duties().await?;
            tx.plan_duty(schedule, staff, (later(10), later(20)), NOW).await?;
            tx.duties_open().await?
        });
        let id = planned[0].id;
        let plain = Duty {
            id,
            schedule_id: schedule,
            staff_id: staff,
            starts_at: later(10),
            ends_at: later(20),
            noticed_at: None,
            asked_at: None,
            taken_at: None,
            escalated_at: None,
            ended_at: None,
        };
        assert_eq!(planned, [plain]);
        assert!(!plain.is_waiting());
        let all = unit!(world, |tx| {
            tx.duty_noticed(id, later(1)).await?;
            tx.move_duty(id, later(30)).await?;
            tx.duty_asked(id, later(10)).await?;
            tx.duty_escalated(id, later(15)).await?;
            tx.duties_open().await?
        });
        let asked = Duty {
            ends_at: later(30),
            noticed_at: Some(later(1)),
            asked_at: Some(later(10)),
            escalated_at: Some(later(15)),
            ..plain
        };
        assert_eq!(all, [asked]);
        assert!(asked.is_waiting());
        assert_eq!(unit!(world, |tx| {
            tx.end_duty(id, later(30)).await?;
            tx.duties_open().await?
        }), []);
        // The same time on call is the same duty; who was told that it is over is asked anew.
        let again = unit!(world, |tx| {
            tx.plan_duty(schedule, staff, (later(10), later(40)), later(31)).await?;
            tx.duties_open().await?
        });
        assert_eq!(again, [Duty { ends_at: later(40), ..plain }]);
        let twice = unit!(world, |tx| {
            tx.duty_asked(id, later(32)).await?;
            tx.plan_duty(schedule, staff, (later(10), later(50)), later(33)).await?;
            tx.duties_open().await?
        });
        // Planned again while it is open, it keeps them.
        assert_eq!(twice, [Duty { ends_at: later(50), asked_at: Some(later(32)), ..plain }]);
    }

    async fn only_who_is_asked_takes_a_shift(world: World) {
        let (staff, schedule) = ready(&world).await;
        let taken = unit!(world, |tx| {
            tx.plan_duty(schedule, staff, (later(10), later(20)), NOW).await?;
            tx.take_duties((staff, "first"), "text", later(10)).await?
        });
        assert_eq!(taken, []);
        let [taken, twice, theirs] = unit!(world, |tx| {
            let id = tx.duties_open().await?[0].id;
            tx.duty_asked(id, later(10)).await?;
            let theirs = tx.take_duties((Uuid::nil(), "other"), "text", later(11)).await?;
            let taken = tx.take_duties((staff, "first"), "text", later(11)).await?;
            let twice = tx.take_duties((staff, "first"), "text", later(12)).await?;
            [taken, twice, theirs]
        });
        assert_eq!((taken.len(), twice.len(), theirs.len()), (1, 0, 0));
        assert_eq!(taken[0].taken_at, Some(later(11)));
        let id = taken[0].id;
        let log = unit!(world, |tx| { tx.audit_of(id).await? });
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].0, "duty.taken");
        unit!(world, |tx| { tx.end_duty(id, later(20)).await? });
        assert_eq!(unit!(world, |tx| { tx.take_duties((staff, "first"), "text", later(21)).await? }), []);
    }

    async fn the_address_of_a_calendar_is_one_persons_and_ends_with_their_leaving(world: World) {
        let (staff, _) = ready(&world).await;
        let whose = |hash: &'static [u8]| {
            let world = &world;
            async move { unit!(world, |tx| { tx.staff_of_feed(hash).await? }) }
        };
        assert!(!unit!(world, |tx| { tx.has_feed(staff).await? }));
        unit!(world, |tx| { tx.set_feed(staff, Some(b"one")).await? });
        assert!(unit!(world, |tx| { tx.has_feed(staff).await? }));
        assert_eq!((whose(b"one").await, whose(b"two").await), (Some(staff), None));
        unit!(world, |tx| { tx.set_feed(staff, Some(b"two")).await? });
        assert_eq!((whose(b"one").await, whose(b"two").await), (None, Some(staff)));
        world.damage("UPDATE staff SET left_at = 1").await;
        assert_eq!(whose(b"two").await, None);
        unit!(world, |tx| { tx.set_feed(staff, None).await? });
        assert!(!unit!(world, |tx| { tx.has_feed(staff).await? }));
    }

    async fn who_steers_the_work_is_known(world: World) {
        world.a_person("First", "+15550171").await;
        let lead = world.a_person_as("Lead", "+15550172", Role::Supervisor).await.id;
        let admin = world.a_person_as("Admin", "+15550173", Role::Administrator).await.id;
        let found = unit!(world, |tx| { tx.supervisors().await? });
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [lead, admin]);
        world.damage("UPDATE staff SET left_at = 1 WHERE name = 'Lead'").await;
        assert_eq!(unit!(world, |tx| { tx.supervisors().await? }).len(), 1);
    }
}
