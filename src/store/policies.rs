//! Policies: rungs and their targets, and which policy pages for what.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Policy, Rung, Target, Urgency};

#[derive(sqlx::FromRow)]
struct PolicyRow {
    id: Uuid,
    name: String,
    acks: i32,
}

#[derive(sqlx::FromRow)]
struct RungRow {
    policy_id: Uuid,
    position: i32,
    delay_s: i32,
    repeat: i32,
}

#[derive(sqlx::FromRow)]
struct TargetRow {
    policy_id: Uuid,
    rung: i32,
    kind: String,
    target_id: Option<Uuid>,
}

impl TargetRow {
    /// The target; none for a row that cannot be understood, which must not keep the others from
    /// being paged.
    fn read(&self) -> Option<Target> {
        let target = match (self.kind.as_str(), self.target_id) {
            ("schedule", Some(id)) => Target::Schedule(id),
            ("rotation", Some(id)) => Target::Rotation(id),
            ("person", Some(id)) => Target::Person(id),
            ("everyone", _) => Target::Everyone,
            ("fallback", _) => Target::Fallback,
            (kind, _) => {
                let (policy, rung) = (self.policy_id, self.rung);
                tracing::error!(%policy, rung, kind, "a target of a policy cannot be read; it is passed over");
                return None;
            }
        };
        Some(target)
    }
}

/// The words of a target in the table.
const fn columns(target: &Target) -> (&'static str, Option<Uuid>) {
    match target {
        Target::Schedule(id) => ("schedule", Some(*id)),
        Target::Rotation(id) => ("rotation", Some(*id)),
        Target::Person(id) => ("person", Some(*id)),
        Target::Everyone => ("everyone", None),
        Target::Fallback => ("fallback", None),
    }
}

impl Tx {
    /// Every policy, by name, with its rungs and targets in order.
    pub async fn policies(&mut self) -> Result<Vec<Policy>, StoreError> {
        let policies: Vec<PolicyRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, name, acks FROM policies WHERE removed_at IS NULL ORDER BY name, id"
        )
        .fetch_all(c)
        .await?);
        let rungs: Vec<RungRow> = on!(self, |c| sqlx::query_as(
            "SELECT r.policy_id, r.position, r.delay_s, r.repeat
               FROM rungs r JOIN policies p ON p.id = r.policy_id
              WHERE p.removed_at IS NULL ORDER BY r.policy_id, r.position"
        )
        .fetch_all(c)
        .await?);
        let targets: Vec<TargetRow> = on!(self, |c| sqlx::query_as(
            "SELECT t.policy_id, t.rung, t.kind, t.target_id
               FROM rung_targets t JOIN policies p ON p.id = t.policy_id
              WHERE p.removed_at IS NULL ORDER BY t.policy_id, t.rung, t.position"
        )
        .fetch_all(c)
        .await?);
        let mut on_rung: BTreeMap<(Uuid, i32), Vec<Target>> = BTreeMap::new();
        for row in &targets {
            let place = on_rung.entry((row.policy_id, row.rung)).or_default();
            place.extend(row.read());
        }
        let mut of_policy: BTreeMap<Uuid, Vec<Rung>> = BTreeMap::new();
        for row in rungs {
            let place = (row.policy_id, row.position);
            of_policy.entry(row.policy_id).or_default().push(Rung {
                delay: Duration::from_secs(u64::try_from(row.delay_s).unwrap_or(0)),
                repeat: u16::try_from(row.repeat).unwrap_or(1),
                targets: on_rung.remove(&place).unwrap_or_default(),
            });
        }
        let with_rungs = policies.into_iter().map(|row| Policy {
            id: row.id,
            name: row.name,
            acks: u16::try_from(row.acks).unwrap_or(1),
            rungs: of_policy.remove(&row.id).unwrap_or_default(),
        });
        Ok(with_rungs.collect())
    }

    /// Keeps a policy whole: a new one, or in place of what the row held before.
    pub async fn save_policy(&mut self, policy: &Policy, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO policies (id, name, acks, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, acks = excluded.acks",
            policy.id,
            &policy.name,
            i32::from(policy.acks),
            now,
        );
        later!(
            self,
            "DELETE FROM rung_targets WHERE policy_id = $1",
            policy.id
        );
        later!(self, "DELETE FROM rungs WHERE policy_id = $1", policy.id);
        for (position, rung) in (0_i32..).zip(&policy.rungs) {
            later!(
                self,
                "INSERT INTO rungs (policy_id, position, delay_s, repeat) VALUES ($1, $2, $3, $4)",
                policy.id,
                position,
                i32::try_from(rung.delay.as_secs()).unwrap_or(i32::MAX),
                i32::from(rung.repeat),
            );
            for (place, target) in (0_i32..).zip(&rung.targets) {
                let (kind, target_id) = columns(target);
                later!(
                    self,
                    "INSERT INTO rung_targets (policy_id, rung, position, kind, target_id)
                     VALUES ($1, $2, $3, $4, $5)",
                    policy.id,
                    position,
                    place,
                    kind,
                    target_id,
                );
            }
        }
        // A constraint that does not hold must fail here, where it is known what it is about.
        self.flush().await
    }

    /// Removes a policy: nothing is paged by it any more, and its name is free.
    pub async fn remove_policy(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(self, "DELETE FROM policy_tiers WHERE policy_id = $1", id);
        later!(
            self,
            "UPDATE policies SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL",
            id,
            now,
        );
        Ok(())
    }

    /// Which policy pages for what; what is not there is paged by the built-in one.
    pub async fn assigned_policies(&mut self) -> Result<BTreeMap<Urgency, Uuid>, StoreError> {
        let rows: Vec<(String, Uuid)> = on!(self, |c| {
            sqlx::query_as(
            "SELECT t.tier, t.policy_id FROM policy_tiers t JOIN policies p ON p.id = t.policy_id
              WHERE p.removed_at IS NULL"
        )
        .fetch_all(c)
        .await?
        });
        let known = |word: &str| Urgency::ALL.into_iter().find(|known| known.word() == word);
        let assigned = rows
            .into_iter()
            .filter_map(|(word, policy)| Some((known(&word)?, policy)));
        Ok(assigned.collect())
    }

    /// Lets a policy page for this, or the built-in one.
    pub async fn assign_policy(
        &mut self,
        urgency: Urgency,
        policy: Option<Uuid>,
    ) -> Result<(), StoreError> {
        match policy {
            Some(policy) => later!(
                self,
                "INSERT INTO policy_tiers (tier, policy_id) VALUES ($1, $2)
                 ON CONFLICT (tier) DO UPDATE SET policy_id = excluded.policy_id",
                urgency,
                policy,
            ),
            None => later!(self, "DELETE FROM policy_tiers WHERE tier = $1", urgency),
        }
        Ok(())
    }

    /// Everybody who may be on call at a target, at any time; `None` when there is no such target (any
    /// more). The contacts of the configuration are nobody's account.
    pub async fn people_of_target(
        &mut self,
        target: &Target,
    ) -> Result<Option<BTreeSet<Uuid>>, StoreError> {
        let people: Vec<Option<Uuid>> = match *target {
            Target::Fallback => return Ok(Some(BTreeSet::new())),
            Target::Everyone => on!(self, |c| sqlx::query_scalar(
                "SELECT id FROM staff WHERE left_at IS NULL UNION ALL SELECT NULL"
            )
            .fetch_all(c)
            .await?),
            Target::Person(id) => on!(self, |c| sqlx::query_scalar(
                "SELECT id FROM staff WHERE id = $1 AND left_at IS NULL"
            )
            .bind(id)
            .fetch_all(c)
            .await?),
            // The row of nobody tells that the target is there, whoever is on it.
            Target::Rotation(id) => on!(self, |c| sqlx::query_scalar(
                "SELECT m.staff_id FROM rotations r JOIN schedules s ON s.id = r.schedule_id
                   LEFT JOIN rotation_members m ON m.rotation_id = r.id
                  WHERE r.id = $1 AND r.removed_at IS NULL AND s.removed_at IS NULL"
            )
            .bind(id)
            .fetch_all(c)
            .await?),
            Target::Schedule(id) => on!(self, |c| sqlx::query_scalar(
                "SELECT m.staff_id FROM schedules s
                   JOIN rotations r ON r.schedule_id = s.id AND r.removed_at IS NULL
                   JOIN rotation_members m ON m.rotation_id = r.id
                  WHERE s.id = $1 AND s.removed_at IS NULL
                 UNION ALL
                 SELECT f.staff_id FROM schedules s
                   JOIN shifts f ON f.schedule_id = s.id AND f.removed_at IS NULL
                  WHERE s.id = $1 AND s.removed_at IS NULL
                 UNION ALL
                 SELECT NULL FROM schedules s WHERE s.id = $1 AND s.removed_at IS NULL"
            )
            .bind(id)
            .fetch_all(c)
            .await?),
        };
        Ok((!people.is_empty()).then(|| people.into_iter().flatten().collect()))
    }
}
