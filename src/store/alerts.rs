//! Alerts: one open for a conversation at a time.

use std::time::Duration;

use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::outbox::OutboxState;
use super::tx::{Inner, later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::Reason;
use crate::oncall::{Alert, Closed, Place, Taken, codes};
use crate::triage::Tier;

/// Codes looked up at a time.
const CODES: usize = 32;
/// How long an alert that cannot be read waits for the next look.
const PUT_OFF: Duration = Duration::from_mins(1);

#[derive(sqlx::FromRow)]
pub(super) struct AlertRow {
    id: Uuid,
    conversation_id: Uuid,
    texter_id: Uuid,
    code: String,
    reason: Reason,
    tier: Tier,
    opened_at: At,
    next_page_at: Option<At>,
    pages: i32,
    acknowledged_at: Option<At>,
    acknowledged_by: Option<String>,
    claimed_at: Option<At>,
    claimed_by: Option<Uuid>,
    lease_until: Option<At>,
    answered_at: Option<At>,
    closed_at: Option<At>,
    closed_because: Option<Closed>,
    told_at: Option<At>,
    drill_id: Option<Uuid>,
    paged_at: Option<At>,
    policy_id: Option<Uuid>,
    rung: i32,
    round: i32,
    exhausted_at: Option<At>,
}

impl From<AlertRow> for Alert {
    fn from(row: AlertRow) -> Self {
        Self {
            id: row.id,
            conversation_id: row.conversation_id,
            texter_id: row.texter_id,
            code: row.code,
            reason: row.reason,
            tier: row.tier,
            opened_at: row.opened_at,
            next_page_at: row.next_page_at,
            pages: u32::try_from(row.pages).unwrap_or(0),
            paged_at: row.paged_at,
            policy_id: row.policy_id,
            place: Place {
                rung: u16::try_from(row.rung).unwrap_or(u16::MAX),
                round: u16::try_from(row.round).unwrap_or(u16::MAX),
            },
            exhausted_at: row.exhausted_at,
            acknowledged: row
                .acknowledged_by
                .zip(row.acknowledged_at)
                .map(|(by, at)| Taken { by, at }),
            claimed: row.claimed_by.zip(row.claimed_at),
            lease_until: row.lease_until,
            answered_at: row.answered_at,
            closed: row.closed_at.zip(row.closed_because),
            told_at: row.told_at,
            drill: row.drill_id,
        }
    }
}

/// Selects alerts, column by column: with `*` PostgreSQL refuses the prepared statements of a running program as
/// soon as the next version adds a column. `rest` says which.
macro_rules! select_alerts {
    ($($rest:expr),+) => {
        concat!(
            "SELECT id, conversation_id, texter_id, code, reason, tier, opened_at, next_page_at, pages,
                    acknowledged_at, acknowledged_by, claimed_at, claimed_by, lease_until, answered_at,
                    closed_at, closed_because, told_at, drill_id, paged_at, policy_id, rung, round,
                    exhausted_at
               FROM alerts ",
            $($rest),+
        )
    };
}
pub(super) use select_alerts;

/// Loads alerts, locked on PostgreSQL so that two replicas never advance one at once.
macro_rules! alerts {
    ($tx:expr, $rest:literal, $fetch:ident $(, $bind:expr)*) => {
        on!($tx,
            sqlite: select_alerts!("WHERE ", $rest),
            postgres: select_alerts!("WHERE ", $rest, " FOR UPDATE SKIP LOCKED"),
            |sql, c| sqlx::query_as::<_, AlertRow>(sql)$(.bind($bind))*.$fetch(c).await?)
    };
}

/// Loads what is due; what is paged again soon, only where nobody has it.
macro_rules! due {
    ($lock:literal) => {
        select_alerts!(
            "WHERE closed_at IS NULL AND next_page_at IS NOT NULL
                AND (next_page_at <= $1 OR (next_page_at <= $2 AND pages > 0
                     AND acknowledged_at IS NULL AND claimed_at IS NULL
                     AND paged_at <= $1 + $1 - $2))
              ORDER BY next_page_at LIMIT $3",
            $lock
        )
    };
}

macro_rules! ahead {
    ($lock:literal) => {
        select_alerts!(
            "WHERE closed_at IS NULL AND next_page_at IS NOT NULL
                AND (opened_at > $1 OR paged_at > $1 OR acknowledged_at > $1 OR claimed_at > $1)",
            $lock
        )
    };
}

/// Which open alerts a page speaks of.
macro_rules! of_page {
    () => {
        "WHERE closed_at IS NULL
           AND id IN (SELECT alert_id FROM pages WHERE id = $1 AND kind = 'page'
                      UNION ALL SELECT alert_id FROM paged_cases WHERE page_id = $1)"
    };
}

impl Tx {
    /// The open alert of a conversation.
    pub async fn open_alert(&mut self, conversation: Uuid) -> Result<Option<Alert>, StoreError> {
        let row: Option<AlertRow> = on!(self,
            sqlite: select_alerts!("WHERE conversation_id = $1 AND closed_at IS NULL"),
            postgres: select_alerts!("WHERE conversation_id = $1 AND closed_at IS NULL FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).bind(conversation).fetch_optional(c).await?);
        Ok(row.map(Alert::from))
    }

    /// The last alert of a conversation, open or closed, locked for a change.
    pub async fn alert_of(&mut self, conversation: Uuid) -> Result<Option<Alert>, StoreError> {
        let row: Option<AlertRow> = on!(self,
            sqlite: select_alerts!("WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1"),
            postgres: select_alerts!("WHERE conversation_id = $1 ORDER BY id DESC LIMIT 1 FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).bind(conversation).fetch_optional(c).await?);
        Ok(row.map(Alert::from))
    }

    /// The open alert of a texter.
    pub async fn open_alert_of(&mut self, texter: Uuid) -> Result<Option<Alert>, StoreError> {
        let row: Option<AlertRow> = on!(self, |c| sqlx::query_as(select_alerts!(
            "WHERE texter_id = $1 AND closed_at IS NULL LIMIT 1"
        ))
        .bind(texter)
        .fetch_optional(c)
        .await?);
        Ok(row.map(Alert::from))
    }

    /// All open alerts that have been paged or are due, oldest first, locked for a change.
    pub async fn open_alerts(&mut self) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<AlertRow> = on!(self,
            sqlite: select_alerts!("WHERE closed_at IS NULL ORDER BY id"),
            postgres: select_alerts!("WHERE closed_at IS NULL ORDER BY id FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).fetch_all(c).await?);
        Ok(rows.into_iter().map(Alert::from).collect())
    }

    /// The open alerts whose next page is due, locked; those that another replica is at are passed over.
    /// With a `soon` after now, also those that would be paged again by then: nobody has taken them, and
    /// their last page is as long ago as that is ahead. One that cannot be
    /// read must not hold up the others: it is put off for a while, and said loudly.
    pub async fn alerts_due(
        &mut self,
        now: At,
        soon: At,
        limit: u16,
    ) -> Result<Vec<Alert>, StoreError> {
        let rows = on!(self,
        sqlite: due!(""),
        postgres: due!(" FOR UPDATE SKIP LOCKED"),
        |sql, c| {
            let rows = sqlx::query(sql)
                .bind(now)
                .bind(soon)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?;
            let read = rows.iter().map(|row| (row.try_get("id"), AlertRow::from_row(row)));
            read.collect::<Vec<(Result<Uuid, _>, _)>>()
        });
        let mut due = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            match row {
                Ok(row) => due.push(Alert::from(row)),
                Err(error) => {
                    let id = id?;
                    tracing::error!(alert = %id, %error, "NOT PAGED: an open case cannot be read; look at the queue");
                    later!(
                        self,
                        "UPDATE alerts SET next_page_at = $2 WHERE id = $1",
                        id,
                        now.plus(PUT_OFF),
                    );
                }
            }
        }
        Ok(due)
    }

    /// The open alerts that wait for something and have a time later than this, locked: somebody's clock
    /// was wrong.
    pub async fn alerts_of_the_future(&mut self, later: At) -> Result<Vec<Alert>, StoreError> {
        let rows = on!(self,
        sqlite: ahead!(""),
        postgres: ahead!(" FOR UPDATE SKIP LOCKED"),
        |sql, c| {
            let rows = sqlx::query(sql).bind(later).fetch_all(c).await?;
            rows.iter().map(AlertRow::from_row).collect::<Vec<_>>()
        });
        // One that cannot be read must not keep the others waiting; it is told of when its page is due.
        Ok(rows.into_iter().flatten().map(Alert::from).collect())
    }

    /// The open alerts whose next page is due, by their ids alone.
    pub async fn alerts_due_ids(&mut self, now: At, limit: u16) -> Result<Vec<Uuid>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM alerts WHERE closed_at IS NULL AND next_page_at <= $1
              ORDER BY next_page_at LIMIT $2"
        )
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Puts the next page of an alert off; nothing else of it changes.
    pub async fn put_off(&mut self, alert: Uuid, until: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE alerts SET next_page_at = $2 WHERE id = $1 AND closed_at IS NULL",
            alert,
            until,
        );
        Ok(())
    }

    /// How many open cases nobody has taken were paged after a moment, and when the last of them was. Drills
    /// do not count.
    pub async fn paged_since(&mut self, since: At) -> Result<(i64, Option<At>), StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT COUNT(*), MAX(paged_at) FROM alerts
              WHERE closed_at IS NULL AND acknowledged_at IS NULL AND paged_at > $1
                AND drill_id IS NULL"
        )
        .bind(since)
        .fetch_one(c)
        .await?))
    }

    /// The open cases whose ladder was climbed to the end in vain and which nobody has taken: how many,
    /// and when the first of them was opened. Drills do not count.
    pub async fn exhausted(&mut self) -> Result<Option<(i64, At)>, StoreError> {
        let (count, first): (i64, Option<At>) = on!(self, |c| sqlx::query_as(
            "SELECT COUNT(*), MIN(opened_at) FROM alerts
              WHERE closed_at IS NULL AND acknowledged_at IS NULL AND exhausted_at IS NOT NULL
                AND drill_id IS NULL"
        )
        .fetch_one(c)
        .await?);
        Ok(first.map(|first| (count, first)))
    }

    /// The open alerts to look at, the most urgent first, then by their age.
    pub async fn cases_by_urgency(&mut self, limit: u16) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<AlertRow> = on!(self, |c| sqlx::query_as(select_alerts!(
            "WHERE closed_at IS NULL
              ORDER BY CASE tier WHEN 'imminent' THEN 0 WHEN 'high' THEN 1 WHEN 'concern' THEN 2
                                 WHEN 'topic' THEN 3 ELSE 4 END, id LIMIT $1"
        ))
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().map(Alert::from).collect())
    }

    /// The open alert with this id, to look at.
    pub async fn case(&mut self, id: Uuid) -> Result<Option<Alert>, StoreError> {
        let row: Option<AlertRow> = on!(self, |c| sqlx::query_as(select_alerts!(
            "WHERE id = $1 AND closed_at IS NULL"
        ))
        .bind(id)
        .fetch_optional(c)
        .await?);
        Ok(row.map(Alert::from))
    }

    /// The open alert with this id, locked for a change.
    pub async fn alert_to_change(&mut self, id: Uuid) -> Result<Option<Alert>, StoreError> {
        let row: Option<AlertRow> = on!(self,
            sqlite: select_alerts!("WHERE id = $1 AND closed_at IS NULL"),
            postgres: select_alerts!("WHERE id = $1 AND closed_at IS NULL FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).bind(id).fetch_optional(c).await?);
        Ok(row.map(Alert::from))
    }

    /// The open alerts that a page speaks of, locked for a change.
    pub async fn alerts_of_page(&mut self, page: Uuid) -> Result<Vec<Alert>, StoreError> {
        let rows: Vec<AlertRow> = on!(self,
            sqlite: select_alerts!(of_page!(), " ORDER BY id"),
            postgres: select_alerts!(of_page!(), " ORDER BY id FOR UPDATE"),
            |sql, c| sqlx::query_as(sql).bind(page).fetch_all(c).await?);
        Ok(rows.into_iter().map(Alert::from).collect())
    }

    /// The open alerts that wait for nothing, and for which no person has come, locked. The rules of an
    /// alert do not lead there: what is here was left by a fault.
    pub async fn alerts_stalled(&mut self, limit: u16) -> Result<Vec<Alert>, StoreError> {
        let rows = alerts!(
            self,
            "closed_at IS NULL AND next_page_at IS NULL AND answered_at IS NULL
             ORDER BY opened_at LIMIT $1",
            fetch_all,
            i64::from(limit)
        );
        Ok(rows.into_iter().map(Alert::from).collect())
    }

    /// Notes that a gateway accepted a page: from now on it is true that the team was told.
    pub async fn page_accepted(&mut self, page: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE alerts SET told_at = $2 WHERE told_at IS NULL
                AND id IN (SELECT alert_id FROM pages WHERE id = $1 AND kind = 'page'
                           UNION ALL SELECT alert_id FROM paged_cases WHERE page_id = $1)",
            page,
            now,
        );
        Ok(())
    }

    /// The open alerts for which nobody has come since `opened_by` and whose texter has not been
    /// told so, locked. Only those where the texter waits for somebody.
    pub async fn alerts_to_excuse(
        &mut self,
        opened_by: At,
        limit: u16,
    ) -> Result<Vec<Alert>, StoreError> {
        let rows = alerts!(
            self,
            "closed_at IS NULL AND excused_at IS NULL AND answered_at IS NULL AND pages > 0
               AND opened_at <= $1 AND reason IN ('crisis', 'wants_human', 'opted_out_in_crisis')
             ORDER BY opened_at LIMIT $2",
            fetch_all,
            opened_by,
            i64::from(limit)
        );
        Ok(rows.into_iter().map(Alert::from).collect())
    }

    /// Notes that the texter was told that nobody has come yet, or need not be.
    pub async fn excused(&mut self, alert: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE alerts SET excused_at = $2 WHERE id = $1",
            alert,
            now,
        );
        Ok(())
    }

    /// A code that no open case has, for a new one.
    pub async fn free_code(&mut self) -> Result<String, StoreError> {
        // One at a time until the commit: alerts that open at once would all take the same code, and
        // all but one would fail. SQLite has one writer anyway.
        if let Inner::Postgres(t) = &mut self.inner {
            sqlx::query("SELECT 1 FROM settings WHERE name = 'key_check' FOR UPDATE")
                .execute(&mut **t)
                .await?;
        }
        let (last, open): (Option<String>, i64) = on!(self, |c| sqlx::query_as(
            "SELECT (SELECT code FROM alerts ORDER BY id DESC LIMIT 1),
                    (SELECT COUNT(*) FROM alerts WHERE closed_at IS NULL)"
        )
        .fetch_one(c)
        .await?);
        let mut codes = codes(last.as_deref(), usize::try_from(open).unwrap_or(0));
        loop {
            let some: Vec<String> = codes.by_ref().take(CODES).collect();
            if some.is_empty() {
                break;
            }
            let searched = serde_json::to_string(&some).unwrap_or_default();
            let taken: Vec<String> = on!(self,
                sqlite: "SELECT code FROM alerts WHERE closed_at IS NULL
                            AND code IN (SELECT value FROM json_each($1))",
                postgres: "SELECT code FROM alerts WHERE closed_at IS NULL
                              AND code IN (SELECT json_array_elements_text(CAST($1 AS JSON)))",
                |sql, c| sqlx::query_scalar(sql).bind(&searched).fetch_all(c).await?);
            if let Some(free) = some.into_iter().find(|code| !taken.contains(code)) {
                return Ok(free);
            }
        }
        // Only reached with more open cases than codes of eight digits.
        Ok(self.id(At(0)).to_string())
    }

    /// Keeps a new alert.
    pub async fn insert_alert(&mut self, alert: &Alert) -> Result<(), StoreError> {
        on!(self, |c| {
            sqlx::query(
            "INSERT INTO alerts (id, conversation_id, texter_id, code, reason, tier, opened_at, pages,
                                 drill_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)"
        )
        .bind(alert.id)
        .bind(alert.conversation_id)
        .bind(alert.texter_id)
        .bind(&alert.code)
        .bind(alert.reason)
        .bind(alert.tier)
        .bind(alert.opened_at)
        .bind(alert.drill)
        .execute(c)
        .await
        .map(|_| ())
        })?;
        self.save_alert(alert).await
    }

    /// Keeps the changes of an alert. When each of its clocks first stopped is kept apart, and never undone:
    /// that is what reports count.
    pub async fn save_alert(&mut self, alert: &Alert) -> Result<(), StoreError> {
        let taken = alert.acknowledged.as_ref();
        later!(
            self,
            "UPDATE alerts SET reason = $2, tier = $3, next_page_at = $4, pages = $5,
                    acknowledged_at = $6, acknowledged_by = $7, claimed_at = $8, claimed_by = $9,
                    answered_at = $10, closed_at = $11, closed_because = $12, paged_at = $13,
                    policy_id = $14, rung = $15, round = $16, exhausted_at = $17, opened_at = $18,
                    lease_until = $19, first_paged_at = COALESCE(first_paged_at, $13),
                    first_acknowledged_at = COALESCE(first_acknowledged_at, $6),
                    first_claimed_at = COALESCE(first_claimed_at, $8),
                    first_answered_at = COALESCE(first_answered_at, $10)
              WHERE id = $1",
            alert.id,
            alert.reason,
            alert.tier,
            alert.next_page_at,
            i32::try_from(alert.pages).unwrap_or(i32::MAX),
            taken.map(|taken| taken.at),
            taken.map(|taken| taken.by.as_str()),
            alert.claimed.map(|(_, at)| at),
            alert.claimed.map(|(by, _)| by),
            alert.answered_at,
            alert.closed.map(|(at, _)| at),
            alert.closed.map(|(_, because)| because),
            alert.paged_at,
            alert.policy_id,
            i32::from(alert.place.rung),
            i32::from(alert.place.round),
            alert.exhausted_at,
            alert.opened_at,
            alert.lease_until,
        );
        let over = alert.closed.map(|(at, _)| at);
        if let Some(at) = over.or(alert.acknowledged.as_ref().map(|taken| taken.at)) {
            self.withdraw_pages(alert.id, at).await?;
        }
        Ok(())
    }

    /// Takes back the pages of a case that wait to leave: somebody has it, or it is over. One that speaks
    /// of other cases, too, is for those. Notices still go out.
    pub async fn withdraw_pages(&mut self, alert: Uuid, at: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET state = $2, code = 'over', done_at = $3
              WHERE done_at IS NULL AND (lease_until IS NULL OR lease_until <= $3)
                AND page_id IN (SELECT p.id FROM pages p WHERE p.alert_id = $1 AND p.kind = 'page'
                    AND NOT EXISTS (SELECT 1 FROM paged_cases c WHERE c.page_id = p.id AND c.alert_id <> $1))",
            alert,
            OutboxState::Withdrawn,
            at,
        );
        Ok(())
    }
}
