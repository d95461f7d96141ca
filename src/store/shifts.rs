//! Fixed shifts of schedules.

use std::collections::HashMap;

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::Shift;

#[derive(sqlx::FromRow)]
struct ShiftRow {
    id: Uuid,
    schedule_id: Uuid,
    staff_id: Uuid,
    starts_at: At,
    ends_at: At,
}

impl Tx {
    /// The shifts that are not over at `since`, by schedule, in order of time.
    pub(super) async fn shifts(
        &mut self,
        since: At,
    ) -> Result<HashMap<Uuid, Vec<Shift>>, StoreError> {
        let rows: Vec<ShiftRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, schedule_id, staff_id, starts_at, ends_at FROM shifts
              WHERE removed_at IS NULL AND ends_at > $1 ORDER BY starts_at, id"
        )
        .bind(since)
        .fetch_all(c)
        .await?);
        let mut found: HashMap<Uuid, Vec<Shift>> = HashMap::new();
        for row in rows {
            found.entry(row.schedule_id).or_default().push(Shift {
                id: row.id,
                staff_id: row.staff_id,
                starts_at: row.starts_at,
                ends_at: row.ends_at,
            });
        }
        Ok(found)
    }

    /// Adds a shift to a schedule.
    pub async fn add_shift(&mut self, schedule: Uuid, shift: &Shift) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO shifts (id, schedule_id, staff_id, starts_at, ends_at)
             VALUES ($1, $2, $3, $4, $5)",
            shift.id,
            schedule,
            shift.staff_id,
            shift.starts_at,
            shift.ends_at,
        );
        Ok(())
    }

    /// Writes a shift as it is now.
    pub async fn save_shift(&mut self, shift: &Shift) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE shifts SET staff_id = $2, starts_at = $3, ends_at = $4 WHERE id = $1",
            shift.id,
            shift.staff_id,
            shift.starts_at,
            shift.ends_at,
        );
        Ok(())
    }

    /// Takes a shift out of its schedule; its row stays for those who look back.
    pub async fn remove_shift(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE shifts SET removed_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }
}
