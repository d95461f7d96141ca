//! Schedules are edited: what is made is in force at once, what cannot be is refused with the reason and
//! nothing is changed, and people hear of what others did with their time.

use harborline::clock::{At, Clock};
use harborline::oncall::{Change, Hours, Schedule, Target, Unit};
use harborline::policies::PolicyDraft;
use harborline::rota::{
    Edit, OverrideDraft, Refused, RotationDraft, ScheduleDraft, ShiftDraft, SwapAct, SwapDraft,
    When,
};
use harborline::store::Account;
use harborline::text::name::OddName;
use jiff::civil::{DateTime, date};
use uuid::Uuid;

use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const SECOND: &str = "+15550172";

/// The day on which every world begins, in UTC.
fn clock(hour: i8) -> When {
    When::Wall(wall(hour))
}

fn wall(hour: i8) -> DateTime {
    date(2026, 1, 1).at(hour, 0, 0, 0)
}

fn at(hour: i64) -> At {
    At(1_767_225_600_000 + hour * 3_600_000)
}

async fn edit(world: &World, by: &Account, edit: Edit) -> Result<Uuid, Refused> {
    world.app.rota.edit(by, edit).await.unwrap()
}

async fn swap(world: &World, by: &Account, act: SwapAct) -> Result<Uuid, Refused> {
    world.app.rota.swap(by, act).await.unwrap()
}

async fn schedules(world: &World) -> Vec<Schedule> {
    let mut tx = world.app.store.read().await.unwrap();
    tx.schedules(At(0)).await.unwrap()
}

/// Who is on call on the only schedule at a time of the first day.
async fn on_call(world: &World, hour: i64) -> Vec<Uuid> {
    let all = schedules(world).await;
    all[0].on_call(at(hour)).into_iter().collect()
}

async fn a_schedule(world: &World, by: &Account, name: &str) -> Uuid {
    let draft = ScheduleDraft {
        id: None,
        name: name.to_owned(),
        zone: "UTC".to_owned(),
    };
    edit(world, by, Edit::Schedule(draft)).await.unwrap()
}

fn rotation(schedule: Uuid, members: &[Uuid]) -> RotationDraft {
    RotationDraft {
        id: None,
        schedule,
        name: "Days".to_owned(),
        unit: Unit::Daily,
        every: 1,
        starts_on: wall(0),
        weekdays: 0b111_1111,
        hours: None,
        members: members.to_vec(),
    }
}

fn shift(schedule: Uuid, staff: Uuid, from: i8, until: i8) -> ShiftDraft {
    ShiftDraft {
        id: None,
        schedule,
        staff,
        starts: clock(from),
        ends: clock(until),
    }
}

fn change(schedule: Uuid, change: Change, from: i8, until: i8) -> OverrideDraft {
    OverrideDraft {
        id: None,
        schedule,
        change,
        starts: clock(from),
        ends: clock(until),
        reason: "ill".to_owned(),
    }
}

/// Two people, and a schedule on which the first has 8 to 12 and the second 12 to 16.
async fn two_with_shifts(world: &World) -> (Account, Account, Uuid) {
    let first = world.a_person("First", FIRST).await;
    let second = world.a_person("Second", SECOND).await;
    let schedule = a_schedule(world, &first, "Day").await;
    let one = shift(schedule, first.id, 8, 12);
    edit(world, &first, Edit::Shift(one)).await.unwrap();
    let other = shift(schedule, second.id, 12, 16);
    edit(world, &second, Edit::Shift(other)).await.unwrap();
    (first, second, schedule)
}

both! {
    async fn a_schedule_with_a_rotation_is_made_changed_and_removed_and_the_log_says_by_whom(world: World) {
        let first = world.a_person("First", FIRST).await;
        let second = world.a_person("Second", SECOND).await;
        let schedule = a_schedule(&world, &first, " Day ").await;
        let id = edit(&world, &first, Edit::Rotation(rotation(schedule, &[first.id, second.id]))).await.unwrap();
        assert_eq!(on_call(&world, 1).await, [first.id]);
        assert_eq!(on_call(&world, 25).await, [second.id]);
        let turned = RotationDraft { id: Some(id), members: vec![second.id], ..rotation(schedule, &[]) };
        assert_eq!(edit(&world, &first, Edit::Rotation(turned)).await, Ok(id));
        assert_eq!(on_call(&world, 1).await, [second.id]);
        let renamed = ScheduleDraft { id: Some(schedule), name: "Night".to_owned(), zone: "europe/berlin".to_owned() };
        assert_eq!(edit(&world, &first, Edit::Schedule(renamed)).await, Ok(schedule));
        let found = &schedules(&world).await[0];
        assert_eq!((found.name.as_str(), found.zone.iana_name()), ("Night", Some("Europe/Berlin")));
        edit(&world, &first, Edit::RemoveRotation { schedule, rotation: id }).await.unwrap();
        assert!(on_call(&world, 1).await.is_empty());
        edit(&world, &first, Edit::RemoveSchedule(schedule)).await.unwrap();
        assert_eq!(schedules(&world).await, []);
        let mut tx = world.app.store.read().await.unwrap();
        let actions = |log: Vec<(String, String)>| -> Vec<String> { log.into_iter().map(|(action, _)| action).collect() };
        assert_eq!(actions(tx.audit_of(schedule).await.unwrap()), ["schedule.made", "schedule.changed", "schedule.removed"]);
        assert_eq!(actions(tx.audit_of(id).await.unwrap()), ["rotation.made", "rotation.changed", "rotation.removed"]);
    }

    async fn a_schedule_that_could_not_work_is_refused_and_the_old_state_stays(world: World) {
        let first = world.a_person("First", FIRST).await;
        let schedule = a_schedule(&world, &first, "Day").await;
        let good = rotation(schedule, &[first.id]);
        let id = edit(&world, &first, Edit::Rotation(good.clone())).await.unwrap();
        let before = schedules(&world).await;
        let named = |name: &str, zone: &str| Edit::Schedule(ScheduleDraft {
            id: None, name: name.to_owned(), zone: zone.to_owned(),
        });
        let turns = |change: &dyn Fn(&mut RotationDraft)| {
            let mut draft = good.clone();
            "Other".clone_into(&mut draft.name);
            change(&mut draft);
            Edit::Rotation(draft)
        };
        let nobody = Uuid::from_u128(1);
        for (wanted, why) in [
            (named("Night", "Europe/Atlantis"), Refused::Zone("Europe/Atlantis".to_owned())),
            (named("Night", ""), Refused::Zone(String::new())),
            (named(" ", "UTC"), Refused::Name("schedule")),
            (named("Day\nNight", "UTC"), Refused::OddName(OddName::Unseen)),
            (named("Day", "UTC"), Refused::NameTaken("schedule", "Day".to_owned())),
            (turns(&|draft| draft.members.clear()), Refused::NoMembers),
            (turns(&|draft| draft.members = vec![nobody]), Refused::UnknownPerson),
            (turns(&|draft| draft.members = vec![draft.members[0]; 101]), Refused::ManyMembers),
            (turns(&|draft| draft.every = 0), Refused::Every),
            (turns(&|draft| draft.every = 367), Refused::Every),
            (turns(&|draft| draft.weekdays = 0), Refused::NoDay),
            (turns(&|draft| draft.weekdays = 0b1000_0001), Refused::NoDay),
            (turns(&|draft| draft.hours = Some(Hours { from: 24 * 60, until: 60 })), Refused::Hours),
            (turns(&|draft| draft.hours = Some(Hours { from: 0, until: 24 * 60 + 1 })), Refused::Hours),
            (turns(&|draft| draft.starts_on = date(9999, 1, 1).at(0, 0, 0, 0)), Refused::TooFar),
            (turns(&|draft| draft.name = String::new()), Refused::Name("rotation")),
            (turns(&|draft| "Days".clone_into(&mut draft.name)), Refused::NameTaken("rotation", "Days".to_owned())),
            (turns(&|draft| draft.id = Some(nobody)), Refused::UnknownPart("rotation")),
            (turns(&|draft| draft.schedule = nobody), Refused::UnknownSchedule),
            (Edit::RemoveSchedule(nobody), Refused::UnknownSchedule),
            (Edit::RemoveRotation { schedule, rotation: nobody }, Refused::UnknownPart("rotation")),
        ] {
            assert_eq!(edit(&world, &first, wanted.clone()).await, Err(why), "{wanted:?}");
        }
        assert_eq!(schedules(&world).await, before);
        assert_eq!(before[0].rotations[0].id, id);
    }

    async fn what_a_policy_pages_is_not_removed(world: World) {
        let first = world.a_person("First", FIRST).await;
        let schedule = a_schedule(&world, &first, "Day").await;
        let id = edit(&world, &first, Edit::Rotation(rotation(schedule, &[first.id]))).await.unwrap();
        let draft = PolicyDraft {
            id: None,
            name: "Nights".to_owned(),
            acks: 1,
            rungs: vec![harborline::oncall::Rung { delay: seconds(30), repeat: 1, targets: vec![Target::Rotation(id)] }],
        };
        world.app.policies.save(&first, draft).await.unwrap().unwrap();
        let refused = edit(&world, &first, Edit::RemoveRotation { schedule, rotation: id }).await.unwrap_err();
        assert_eq!(refused.to_string(), "The policy “Nights” pages this rotation. Choose another target there first.");
        let refused = edit(&world, &first, Edit::RemoveSchedule(schedule)).await.unwrap_err();
        assert_eq!(refused.to_string(), "The policy “Nights” pages this schedule. Choose another target there first.");
    }

    async fn a_shift_that_has_begun_is_changed_from_now_on(world: World) {
        let (first, second, schedule) = two_with_shifts(&world).await;
        world.jump(minutes(9 * 60)).await;
        let shifts = &schedules(&world).await[0].shifts;
        let id = shifts[0].id;
        let handed = ShiftDraft { id: Some(id), ..shift(schedule, second.id, 8, 11) };
        edit(&world, &first, Edit::Shift(handed)).await.unwrap();
        assert_eq!(on_call(&world, 8).await, [first.id]);
        assert_eq!(on_call(&world, 9).await, [second.id]);
        assert!(on_call(&world, 11).await.is_empty());
        // The same person for longer is the same shift.
        let (now, rest) = (world.clock.now(), schedules(&world).await[0].shifts[1].id);
        let longer = ShiftDraft { id: Some(rest), starts: When::At(now), ..shift(schedule, second.id, 0, 12) };
        assert_eq!(edit(&world, &first, Edit::Shift(longer)).await, Ok(rest));
        assert_eq!(on_call(&world, 11).await, [second.id]);
        edit(&world, &first, Edit::RemoveShift { schedule, shift: rest }).await.unwrap();
        assert!(on_call(&world, 9).await.is_empty());
        assert_eq!(on_call(&world, 8).await, [first.id]);
        // What is over cannot be changed.
        let over = ShiftDraft { id: Some(id), ..shift(schedule, first.id, 8, 12) };
        assert_eq!(edit(&world, &first, Edit::Shift(over)).await, Err(Refused::UnknownPart("shift")));
    }

    async fn shifts_and_overrides_that_make_no_sense_are_refused(world: World) {
        let (first, second, schedule) = two_with_shifts(&world).await;
        world.jump(minutes(60)).await;
        let before = schedules(&world).await;
        let nobody = Uuid::from_u128(1);
        let far = |draft: ShiftDraft, days: i64| ShiftDraft { starts: When::At(at(days * 24)), ends: When::At(at(days * 24 + 1)), ..draft };
        let long = ShiftDraft { ends: When::At(at(367 * 24 + 17)), ..shift(schedule, first.id, 16, 17) };
        let overlaps = Refused::Overlaps { name: "First".to_owned(), when: "Thu 1 Jan 08:00 to 12:00 UTC".to_owned() };
        let reason = OverrideDraft { reason: "a\nb".to_owned(), ..change(schedule, Change::Add(second.id), 8, 9) };
        for (wanted, why) in [
            (Edit::Shift(shift(schedule, first.id, 18, 17)), Refused::Backwards),
            (Edit::Shift(shift(schedule, first.id, 17, 17)), Refused::Backwards),
            (Edit::Shift(shift(schedule, first.id, 0, 1)), Refused::Over),
            (Edit::Shift(shift(schedule, first.id, 11, 13)), overlaps),
            (Edit::Shift(shift(schedule, nobody, 17, 18)), Refused::UnknownPerson),
            (Edit::Shift(shift(nobody, first.id, 17, 18)), Refused::UnknownSchedule),
            (Edit::Shift(far(shift(schedule, first.id, 0, 1), 800)), Refused::TooFar),
            (Edit::Shift(long), Refused::TooLong),
            (Edit::RemoveShift { schedule, shift: nobody }, Refused::UnknownPart("shift")),
            (Edit::Override(change(schedule, Change::Add(second.id), 9, 8)), Refused::Backwards),
            (Edit::Override(change(schedule, Change::Add(first.id), 8, 10)), Refused::NothingChanges),
            (Edit::Override(change(schedule, Change::Remove(second.id), 8, 10)), Refused::NothingChanges),
            (Edit::Override(change(schedule, Change::Replace(second.id, first.id), 8, 10)), Refused::NothingChanges),
            (Edit::Override(change(schedule, Change::Replace(first.id, first.id), 8, 10)), Refused::SamePerson),
            (Edit::Override(change(schedule, Change::Add(nobody), 8, 10)), Refused::UnknownPerson),
            (Edit::Override(reason), Refused::Reason),
            (Edit::RemoveOverride { schedule, id: nobody }, Refused::UnknownPart("override")),
        ] {
            assert_eq!(edit(&world, &first, wanted.clone()).await, Err(why), "{wanted:?}");
        }
        assert_eq!(schedules(&world).await, before);
    }

    async fn an_override_is_made_changed_and_taken_back_and_who_is_meant_hears_of_it(world: World) {
        let (first, second, schedule) = two_with_shifts(&world).await;
        world.settle().await;
        world.twilio.unread(SECOND);
        let instead = Change::Replace(first.id, second.id);
        let id = edit(&world, &first, Edit::Override(change(schedule, instead, 9, 10))).await.unwrap();
        world.settle().await;
        assert_eq!(on_call(&world, 9).await, [second.id]);
        assert_eq!(world.twilio.unread(SECOND), ["First put you on call on Day: Thu 1 Jan 09:00 to 10:00 UTC."]);
        let later = OverrideDraft { id: Some(id), ..change(schedule, instead, 10, 11) };
        let id = edit(&world, &first, Edit::Override(later)).await.unwrap();
        assert_eq!((on_call(&world, 9).await, on_call(&world, 10).await), (vec![first.id], vec![second.id]));
        world.jump(minutes(10 * 60 + 30)).await;
        edit(&world, &second, Edit::RemoveOverride { schedule, id }).await.unwrap();
        // It ends now; that the second one was there for half an hour stays known.
        assert_eq!(on_call(&world, 10).await, [second.id]);
        let all = schedules(&world).await;
        let holders: Vec<Uuid> = all[0].on_call(world.clock.now()).into_iter().collect();
        assert_eq!(holders, [first.id]);
    }

    async fn a_swap_that_is_accepted_is_carried_out(world: World) {
        let (first, second, schedule) = two_with_shifts(&world).await;
        let draft = SwapDraft {
            schedule,
            asked_of: second.id,
            gives: (clock(8), clock(12)),
            takes: Some((clock(12), clock(16))),
        };
        world.settle().await;
        world.twilio.unread(SECOND);
        let id = swap(&world, &first, SwapAct::Offer(draft)).await.unwrap();
        world.settle().await;
        assert_eq!(
            world.twilio.unread(SECOND),
            ["First asks you to take their shift on Day: Thu 1 Jan 08:00 to 12:00 UTC. In return they take Thu 1 Jan 12:00 to 16:00 UTC. Answer: https://line.example.org/me"]
        );
        // Nothing has changed until they say yes, and only they can.
        assert_eq!(on_call(&world, 9).await, [first.id]);
        assert_eq!(swap(&world, &first, SwapAct::Accept(id)).await, Err(Refused::NotYourSwap));
        let third = world.a_member_of_staff("third").await;
        assert_eq!(swap(&world, &third, SwapAct::Decline(id)).await, Err(Refused::NotYourSwap));
        swap(&world, &second, SwapAct::Accept(id)).await.unwrap();
        assert_eq!((on_call(&world, 9).await, on_call(&world, 13).await), (vec![second.id], vec![first.id]));
        assert_eq!(world.count("SELECT COUNT(*) FROM overrides WHERE swap_id IS NOT NULL").await, 2);
        assert_eq!(world.count("SELECT COUNT(*) FROM swaps WHERE state = 'accepted'").await, 1);
        world.settle().await;
        assert!(world.twilio.unread(FIRST).iter().any(|text| text.starts_with("Second said yes to your swap on Day")));
        for act in [SwapAct::Accept(id), SwapAct::Decline(id)] {
            assert_eq!(swap(&world, &second, act).await, Err(Refused::SwapDone));
        }
        let log = world.app.store.read().await.unwrap().audit_of(id).await.unwrap();
        let actions: Vec<&str> = log.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["swap.offered", "swap.accepted"]);
    }

    async fn a_swap_of_what_people_do_not_have_is_refused(world: World) {
        let (first, second, schedule) = two_with_shifts(&world).await;
        let offer = |gives: (i8, i8), takes: Option<(i8, i8)>| SwapAct::Offer(SwapDraft {
            schedule,
            asked_of: second.id,
            gives: (clock(gives.0), clock(gives.1)),
            takes: takes.map(|(from, until)| (clock(from), clock(until))),
        });
        let itself = SwapAct::Offer(SwapDraft {
            schedule, asked_of: first.id, gives: (clock(8), clock(9)), takes: None,
        });
        for (act, why) in [
            (offer((7, 9), None), Refused::NotTheirs("First".to_owned())),
            (offer((8, 12), Some((15, 17))), Refused::NotTheirs("Second".to_owned())),
            (offer((8, 12), Some((11, 13))), Refused::SwapOverlaps),
            (offer((9, 8), None), Refused::Backwards),
            (itself, Refused::SamePerson),
            (SwapAct::Accept(Uuid::nil()), Refused::UnknownSwap),
        ] {
            assert_eq!(swap(&world, &first, act).await, Err(why), "{act:?}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM swaps").await, 0);

        // What was theirs when it was offered must be theirs when it is accepted.
        let id = swap(&world, &first, offer((8, 12), None)).await.unwrap();
        let gone = change(schedule, Change::Remove(first.id), 9, 10);
        edit(&world, &first, Edit::Override(gone)).await.unwrap();
        assert_eq!(swap(&world, &second, SwapAct::Accept(id)).await, Err(Refused::NotTheirs("First".to_owned())));
        assert_eq!(swap(&world, &second, SwapAct::Withdraw(id)).await, Err(Refused::NotYourSwap));
        swap(&world, &first, SwapAct::Withdraw(id)).await.unwrap();
        let id = swap(&world, &first, offer((10, 12), None)).await.unwrap();
        let joins = change(schedule, Change::Add(second.id), 11, 12);
        edit(&world, &first, Edit::Override(joins)).await.unwrap();
        assert_eq!(swap(&world, &second, SwapAct::Accept(id)).await, Err(Refused::AlreadyOn("Second".to_owned())));
        swap(&world, &second, SwapAct::Decline(id)).await.unwrap();
        assert_eq!(world.count("SELECT COUNT(*) FROM swaps WHERE state = 'declined'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM swaps WHERE state = 'withdrawn'").await, 1);
    }

    async fn a_swap_that_is_accepted_late_is_of_what_is_left(world: World) {
        let (first, second, schedule) = two_with_shifts(&world).await;
        let draft = SwapDraft { schedule, asked_of: second.id, gives: (clock(8), clock(12)), takes: None };
        let id = swap(&world, &first, SwapAct::Offer(draft)).await.unwrap();
        let other = swap(&world, &first, SwapAct::Offer(draft)).await.unwrap();
        world.jump(minutes(10 * 60)).await;
        swap(&world, &second, SwapAct::Accept(id)).await.unwrap();
        assert_eq!((on_call(&world, 9).await, on_call(&world, 10).await), (vec![first.id], vec![second.id]));
        world.jump(minutes(2 * 60)).await;
        assert_eq!(swap(&world, &second, SwapAct::Accept(other)).await, Err(Refused::SwapDone));
    }

    async fn the_address_of_a_calendar_is_renewed_and_taken_back(world: World) {
        let first = world.a_person("First", FIRST).await;
        let whose = async |token: &str| {
            let hash = harborline::credential::token_hash(token);
            world.app.store.read().await.unwrap().staff_of_feed(&hash).await.unwrap()
        };
        let token = world.app.rota.renew_feed(&first).await.unwrap();
        assert_eq!(whose(&token).await, Some(first.id));
        let again = world.app.rota.renew_feed(&first).await.unwrap();
        assert_eq!((whose(&token).await, whose(&again).await), (None, Some(first.id)));
        world.app.rota.revoke_feed(&first).await.unwrap();
        assert_eq!(whose(&again).await, None);
        assert!(!world.app.store.read().await.unwrap().has_feed(first.id).await.unwrap());
    }
}
