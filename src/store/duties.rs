//! Duties: who was told of their shift, asked to take it, and took it.

use serde_json::json;
use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::Duty;

#[derive(sqlx::FromRow)]
struct DutyRow {
    id: Uuid,
    schedule_id: Uuid,
    staff_id: Uuid,
    starts_at: At,
    ends_at: At,
    noticed_at: Option<At>,
    asked_at: Option<At>,
    taken_at: Option<At>,
    escalated_at: Option<At>,
    ended_at: Option<At>,
}

impl From<DutyRow> for Duty {
    fn from(row: DutyRow) -> Self {
        Self {
            id: row.id,
            schedule_id: row.schedule_id,
            staff_id: row.staff_id,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            noticed_at: row.noticed_at,
            asked_at: row.asked_at,
            taken_at: row.taken_at,
            escalated_at: row.escalated_at,
            ended_at: row.ended_at,
        }
    }
}

impl Tx {
    /// Makes this unit the only one that tends duties until its commit: two replicas that looked at the
    /// same moment must not ask somebody twice.
    pub async fn lock_duties(&mut self) -> Result<(), StoreError> {
        let _: Vec<Uuid> = on!(self,
            // Every unit that writes is alone there.
            sqlite: "SELECT id FROM schedules WHERE FALSE",
            postgres: "SELECT id FROM schedules WHERE removed_at IS NULL ORDER BY id FOR UPDATE",
            |sql, c| sqlx::query_scalar(sql).fetch_all(c).await?);
        Ok(())
    }

    /// The duties that have not ended, in the order in which they begin.
    pub async fn duties_open(&mut self) -> Result<Vec<Duty>, StoreError> {
        let rows: Vec<DutyRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, schedule_id, staff_id, starts_at, ends_at, noticed_at, asked_at, taken_at,
                    escalated_at, ended_at
               FROM duties WHERE ended_at IS NULL ORDER BY starts_at, id"
        )
        .fetch_all(c)
        .await?
        });
        Ok(rows.into_iter().map(Duty::from).collect())
    }

    /// Makes a duty, or opens it again if it had ended. Whoever was told that it is over is told, asked
    /// and waited for anew: what they said before was about a shift that was taken from them since.
    pub async fn plan_duty(
        &mut self,
        schedule: Uuid,
        staff: Uuid,
        (starts_at, ends_at): (At, At),
        now: At,
    ) -> Result<(), StoreError> {
        let id = self.id(now);
        later!(
            self,
            "INSERT INTO duties (id, schedule_id, staff_id, starts_at, ends_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (schedule_id, staff_id, starts_at)
             DO UPDATE SET ended_at = NULL, ends_at = excluded.ends_at,
                    noticed_at = CASE WHEN duties.ended_at IS NULL THEN duties.noticed_at END,
                    asked_at = CASE WHEN duties.ended_at IS NULL THEN duties.asked_at END,
                    taken_at = CASE WHEN duties.ended_at IS NULL THEN duties.taken_at END,
                    escalated_at = CASE WHEN duties.ended_at IS NULL THEN duties.escalated_at END",
            id,
            schedule,
            staff,
            starts_at,
            ends_at,
        );
        Ok(())
    }

    /// Notes that somebody was told that their shift comes.
    pub async fn duty_noticed(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE duties SET noticed_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Notes that somebody was asked to take their shift.
    pub async fn duty_asked(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE duties SET asked_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Notes that others were told that nobody took it.
    pub async fn duty_escalated(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE duties SET escalated_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Lets a duty end at another moment than was known.
    pub async fn move_duty(&mut self, id: Uuid, ends_at: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE duties SET ends_at = $2 WHERE id = $1",
            id,
            ends_at,
        );
        Ok(())
    }

    /// Ends a duty: it is over, or not theirs any more.
    pub async fn end_duty(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE duties SET ended_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Takes every shift that somebody is asked about, and returns them; none when they are not asked.
    /// `how` is the way by which they said so, for the audit log.
    pub async fn take_duties(
        &mut self,
        (staff, actor): (Uuid, &str),
        how: &str,
        now: At,
    ) -> Result<Vec<Duty>, StoreError> {
        let rows: Vec<DutyRow> = on!(self, |c| {
            sqlx::query_as(
            "UPDATE duties SET taken_at = $2
              WHERE staff_id = $1 AND asked_at IS NOT NULL AND taken_at IS NULL AND ended_at IS NULL
             RETURNING id, schedule_id, staff_id, starts_at, ends_at, noticed_at, asked_at, taken_at,
                       escalated_at, ended_at"
        )
        .bind(staff)
        .bind(now)
        .fetch_all(c)
        .await?
        });
        let taken: Vec<Duty> = rows.into_iter().map(Duty::from).collect();
        for duty in &taken {
            let detail = json!({"schedule": duty.schedule_id, "staff": staff, "how": how});
            self.audit(now, actor, "duty.taken", Some(duty.id), &detail)
                .await?;
        }
        Ok(taken)
    }
}
