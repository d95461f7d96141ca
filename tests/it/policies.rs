//! Policies are edited whole: what could not page is refused with the reason, and the old one stays.

use harborline::oncall::{Rung, Target, Urgency};
use harborline::policies::{PolicyDraft, Refused};
use uuid::Uuid;

use crate::support::world::seconds;
use crate::support::{World, both};

fn rung(delay: u64, targets: &[Target]) -> Rung {
    Rung {
        delay: seconds(delay),
        repeat: 1,
        targets: targets.to_vec(),
    }
}

fn draft(id: Option<Uuid>, name: &str, rungs: Vec<Rung>) -> PolicyDraft {
    PolicyDraft {
        id,
        name: name.to_owned(),
        acks: 1,
        rungs,
    }
}

async fn policies(world: &World) -> Vec<harborline::oncall::Policy> {
    let mut tx = world.app.store.read().await.unwrap();
    tx.policies().await.unwrap()
}

both! {
    async fn a_policy_is_made_replaced_assigned_and_removed_and_the_log_says_by_whom(world: World) {
        let staff = world.a_member_of_staff("first@example.org").await;
        let service = &world.app.policies;
        let wanted = draft(None, " Nights ", vec![rung(30, &[Target::Person(staff.id), Target::Everyone, Target::Everyone])]);
        let id = service.save(&staff, wanted).await.unwrap().unwrap();
        let made = &policies(&world).await[0];
        assert_eq!((made.name.as_str(), &made.rungs[0].targets), ("Nights", &vec![Target::Person(staff.id), Target::Everyone]));
        let wanted = draft(Some(id), "Nights", vec![rung(15, &[Target::Fallback])]);
        assert_eq!(service.save(&staff, wanted).await.unwrap(), Ok(id));
        assert_eq!(policies(&world).await[0].rungs, [rung(15, &[Target::Fallback])]);
        service.assign(&staff, Urgency::Imminent, Some(id)).await.unwrap().unwrap();
        let refused = service.remove(&staff, id).await.unwrap().unwrap_err();
        assert_eq!(refused.to_string(), "This policy pages for imminent danger. Choose another policy for it first.");
        service.assign(&staff, Urgency::Imminent, None).await.unwrap().unwrap();
        service.remove(&staff, id).await.unwrap().unwrap();
        assert_eq!(policies(&world).await, []);
        let log = world.app.store.read().await.unwrap().audit_of(id).await.unwrap();
        let actions: Vec<&str> = log.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["policy.saved", "policy.saved", "policy.assigned", "policy.removed"]);
    }

    async fn what_could_not_page_is_refused_and_the_old_policy_stays(world: World) {
        let staff = world.a_member_of_staff("first@example.org").await;
        let service = &world.app.policies;
        let good = vec![rung(30, &[Target::Everyone, Target::Fallback])];
        let id = service.save(&staff, draft(None, "Nights", good.clone())).await.unwrap().unwrap();
        let before = policies(&world).await;
        let nobody = Uuid::from_u128(1);
        let many = |acks| PolicyDraft { acks, ..draft(Some(id), "Nights", good.clone()) };
        for (wanted, words) in [
            (draft(Some(id), "Nights", Vec::new()), "A policy needs a rung"),
            (draft(Some(id), "Nights", vec![rung(30, &[])]), "Rung 1 pages nobody"),
            (draft(Some(id), "Nights", vec![rung(14, &[Target::Everyone])]), "write a number from 15 to 3600"),
            (draft(Some(id), "", good.clone()), "Give the policy a name"),
            (draft(Some(id), "Nights", vec![good[0].clone(), rung(30, &[Target::Person(nobody)])]), "Rung 2 names a schedule, rotation or person that is not there"),
            (draft(Some(id), "Nights", vec![rung(30, &[Target::Schedule(nobody)])]), "Rung 1 names"),
            (draft(None, "Nights", good.clone()), "There is a policy “Nights” already"),
            (draft(Some(nobody), "Days", good.clone()), "This policy does not exist any more"),
            (many(0), "write 1 or more"),
            (many(4), "4 people must acknowledge, and its rungs can page 3 at most"),
        ] {
            let refused = service.save(&staff, wanted).await.unwrap().unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
        let unknown = service.assign(&staff, Urgency::High, Some(nobody)).await.unwrap();
        assert_eq!(unknown, Err(Refused::Unknown));
        assert_eq!(service.remove(&staff, nobody).await.unwrap(), Err(Refused::Unknown));
        assert_eq!(policies(&world).await, before);
        // Both contacts of the configuration and one account.
        service.save(&staff, many(3)).await.unwrap().unwrap();
    }

    async fn two_who_make_the_same_policy_at_once_make_one(world: World) {
        let staff = world.a_member_of_staff("first@example.org").await;
        let other = world.another_app().await;
        let wanted = || draft(None, "Nights", vec![rung(30, &[Target::Everyone])]);
        let (one, two) = tokio::join!(
            world.app.policies.save(&staff, wanted()),
            other.policies.save(&staff, wanted()),
        );
        let made = [one.unwrap().is_ok(), two.unwrap().is_ok()];
        assert_eq!(made.iter().filter(|made| **made).count(), 1);
        assert_eq!(policies(&world).await.len(), 1);
    }
}
