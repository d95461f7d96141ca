//! Heartbeats: signs of life, ours and those that we expect of others; and what the audit counts.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::audit::{self, Vitals};
use crate::oncall::{Incident, IncidentKind};

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Heartbeat {
    /// Whose.
    pub name: String,
    /// When it last came.
    pub at: At,
    /// More about it, as JSON; nothing of a person.
    pub detail: String,
}

#[derive(sqlx::FromRow)]
struct AlertCounts {
    unscheduled: i64,
    late: i64,
}

impl Tx {
    /// Notes a sign of life.
    pub async fn heard_of(&mut self, name: &str, now: At, detail: &str) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO heartbeats (name, at, detail) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET at = excluded.at, detail = excluded.detail",
            name,
            now,
            detail,
        );
        Ok(())
    }

    /// Notes since when a sign of life is waited for, unless one came before.
    pub async fn expect_to_hear(&mut self, name: &str, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO heartbeats (name, at, detail) VALUES ($1, $2, 'null')
             ON CONFLICT (name) DO NOTHING",
            name,
            now,
        );
        Ok(())
    }

    /// All signs of life, by name.
    pub async fn heartbeats(&mut self) -> Result<Vec<Heartbeat>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT name, at, detail FROM heartbeats ORDER BY name"
        )
        .fetch_all(c)
        .await?))
    }

    /// Forgets the signs of life whose names begin so and that came before this moment.
    pub async fn forget_heartbeats(&mut self, prefix: &str, before: At) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM heartbeats WHERE SUBSTR(name, 1, LENGTH($1)) = $1 AND at < $2",
            prefix,
            before,
        );
        Ok(())
    }

    /// What the audit looks at. Whether somebody is on call is what the last preflight found.
    pub async fn vitals(&mut self, now: At) -> Result<Vitals, StoreError> {
        let alerts: AlertCounts = on!(self, |c| {
            sqlx::query_as(
            "SELECT COUNT(CASE WHEN next_page_at IS NULL AND answered_at IS NULL THEN 1 END) AS unscheduled,
                    COUNT(CASE WHEN next_page_at <= $1 THEN 1 END) AS late
               FROM alerts WHERE closed_at IS NULL"
        )
        .bind(now.minus(audit::LATE_PAGE))
        .fetch_one(c)
        .await?
        });
        let stuck = on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM outbox
              WHERE done_at IS NULL AND (lease_until IS NULL OR lease_until <= $1)
                AND due_at <= CASE WHEN lane IN ('crisis', 'page') THEN $1
                                   WHEN lane = 'conversation' THEN $2 ELSE $3 END"
        )
        .bind(now.minus(audit::STUCK_URGENT))
        .bind(now.minus(audit::STUCK_CONVERSATION))
        .bind(now.minus(audit::STUCK_CONTENT))
        .fetch_one(c)
        .await?);
        // The alarm comes a day ahead; a monitor outside is for what is wrong now.
        let began = |one: &Incident| one.detail["from"].as_i64().is_none_or(|from| from <= now.0);
        let empty = |one: &Incident| one.kind == IncidentKind::NobodyOnCall && began(one);
        let nobody_on_call = self.incidents_open().await?.iter().any(empty);
        let mut overdue = self.overdue(now.minus(audit::OVERDUE), false).await?;
        let with_human = now.minus(audit::OVERDUE_WITH_HUMAN);
        overdue.extend(self.overdue(with_human, true).await?);
        Ok(Vitals {
            unscheduled: alerts.unscheduled,
            late_pages: alerts.late,
            overdue: overdue.iter().map(|overdue| overdue.count).sum(),
            stuck,
            nobody_on_call,
        })
    }
}
