//! Schedules, whole: with their rotations, fixed shifts and overrides.

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::Schedule;

#[derive(sqlx::FromRow)]
struct ScheduleRow {
    id: Uuid,
    name: String,
    time_zone: String,
}

impl ScheduleRow {
    /// The zone. It was checked when it was written, and the table of zones is linked in; a row that is
    /// damaged all the same must not keep the people of other schedules from being paged.
    fn zone(&self) -> Option<TimeZone> {
        let zone = TimeZone::get(&self.time_zone);
        if zone.is_err() {
            tracing::error!(schedule = %self.id, "the time zone of a schedule is not known; it is passed over");
        }
        zone.ok()
    }
}

impl Tx {
    /// Every schedule, by name. Shifts and overrides that were over at `since` are left out: who asks
    /// for people on call from some moment on hands in that moment.
    pub async fn schedules(&mut self, since: At) -> Result<Vec<Schedule>, StoreError> {
        let rows: Vec<ScheduleRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, name, time_zone FROM schedules WHERE removed_at IS NULL ORDER BY name, id"
        )
        .fetch_all(c)
        .await?
        });
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut rotations = self.rotations().await?;
        let mut shifts = self.shifts(since).await?;
        let mut overrides = self.overrides(since).await?;
        let whole = rows.into_iter().filter_map(|row| {
            Some(Schedule {
                id: row.id,
                zone: row.zone()?,
                name: row.name,
                rotations: rotations.remove(&row.id).unwrap_or_default(),
                shifts: shifts.remove(&row.id).unwrap_or_default(),
                overrides: overrides.remove(&row.id).unwrap_or_default(),
            })
        });
        Ok(whole.collect())
    }

    /// One schedule, locked until the commit, so that what is checked against it still holds then.
    pub async fn schedule_to_change(
        &mut self,
        id: Uuid,
        since: At,
    ) -> Result<Option<Schedule>, StoreError> {
        let there: Option<Uuid> = on!(self,
            sqlite: "SELECT id FROM schedules WHERE id = $1 AND removed_at IS NULL",
            postgres: "SELECT id FROM schedules WHERE id = $1 AND removed_at IS NULL FOR UPDATE",
            |sql, c| sqlx::query_scalar(sql).bind(id).fetch_optional(c).await?);
        if there.is_none() {
            return Ok(None);
        }
        let all = self.schedules(since).await?;
        Ok(all.into_iter().find(|schedule| schedule.id == id))
    }

    /// Makes an empty schedule. `None` when another one has this name.
    pub async fn add_schedule(
        &mut self,
        name: &str,
        zone: &TimeZone,
        now: At,
    ) -> Result<Option<Uuid>, StoreError> {
        let id = self.id(now);
        let made = on!(self, |c| sqlx::query(
            "INSERT INTO schedules (id, name, time_zone, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) WHERE removed_at IS NULL DO NOTHING"
        )
        .bind(id)
        .bind(name)
        .bind(zone.iana_name().unwrap_or("UTC"))
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok((made == 1).then_some(id))
    }

    /// Gives a schedule another name and zone. `false` when another one has this name.
    pub async fn save_schedule(
        &mut self,
        id: Uuid,
        name: &str,
        zone: &TimeZone,
    ) -> Result<bool, StoreError> {
        let saved = on!(self, |c| sqlx::query(
            "UPDATE schedules SET name = $2, time_zone = $3
              WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM schedules
                    WHERE name = $2 AND id <> $1 AND removed_at IS NULL)"
        )
        .bind(id)
        .bind(name)
        .bind(zone.iana_name().unwrap_or("UTC"))
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(saved == 1)
    }

    /// Takes a schedule out of use; its rows stay for those who look back.
    pub async fn remove_schedule(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE schedules SET removed_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }
}
