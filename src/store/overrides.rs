//! Overrides of schedules.

use std::collections::HashMap;

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Change, Override};

#[derive(sqlx::FromRow)]
struct OverrideRow {
    id: Uuid,
    schedule_id: Uuid,
    kind: String,
    staff_id: Uuid,
    by_id: Option<Uuid>,
    starts_at: At,
    ends_at: At,
    reason: String,
}

impl OverrideRow {
    /// What it changes; none for a row that cannot be understood, which must not keep the others from
    /// being on call.
    fn change(&self) -> Option<Change> {
        match (self.kind.as_str(), self.by_id) {
            ("add", _) => Some(Change::Add(self.staff_id)),
            ("remove", _) => Some(Change::Remove(self.staff_id)),
            ("replace", Some(by)) => Some(Change::Replace(self.staff_id, by)),
            (kind, _) => {
                tracing::error!(id = %self.id, kind, "an override cannot be read; it is passed over");
                None
            }
        }
    }
}

/// An override as it is made.
#[derive(Clone, Copy, Debug)]
pub struct NewOverride<'a> {
    /// The schedule that it changes.
    pub schedule: Uuid,
    /// What it changes.
    pub made: &'a Override,
    /// Who made it.
    pub by: Uuid,
    /// The swap that it is part of.
    pub swap: Option<Uuid>,
}

impl Tx {
    /// The overrides that are not over at `since`, by schedule, in the order in which they were made.
    pub(super) async fn overrides(
        &mut self,
        since: At,
    ) -> Result<HashMap<Uuid, Vec<Override>>, StoreError> {
        let rows: Vec<OverrideRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, schedule_id, kind, staff_id, by_id, starts_at, ends_at, reason FROM overrides
              WHERE removed_at IS NULL AND ends_at > $1 ORDER BY made_at, id"
        )
        .bind(since)
        .fetch_all(c)
        .await?
        });
        let mut found: HashMap<Uuid, Vec<Override>> = HashMap::new();
        for row in rows {
            let Some(change) = row.change() else {
                continue;
            };
            let one = Override {
                id: row.id,
                change,
                starts_at: row.starts_at,
                ends_at: row.ends_at,
                reason: row.reason,
            };
            found.entry(row.schedule_id).or_default().push(one);
        }
        Ok(found)
    }

    /// Adds an override to a schedule.
    pub async fn add_override(&mut self, new: &NewOverride<'_>, now: At) -> Result<(), StoreError> {
        let (kind, staff, by) = match new.made.change {
            Change::Add(staff) => ("add", staff, None),
            Change::Remove(staff) => ("remove", staff, None),
            Change::Replace(staff, by) => ("replace", staff, Some(by)),
        };
        later!(
            self,
            "INSERT INTO overrides (id, schedule_id, kind, staff_id, by_id, starts_at, ends_at, reason,
                                    swap_id, made_by, made_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            new.made.id,
            new.schedule,
            kind,
            staff,
            by,
            new.made.starts_at,
            new.made.ends_at,
            &new.made.reason,
            new.swap,
            new.by,
            now,
        );
        Ok(())
    }

    /// Ends an override at another moment than was said.
    pub async fn end_override(&mut self, id: Uuid, at: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE overrides SET ends_at = $2 WHERE id = $1",
            id,
            at,
        );
        Ok(())
    }

    /// Takes an override out of its schedule; its row stays for those who look back.
    pub async fn remove_override(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE overrides SET removed_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }
}
