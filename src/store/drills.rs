//! Drills: one open at a time, each kept with its report.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::drill::{Event, Report, moment};
use crate::oncall::{Alert, DrillOutcome, Variant};

/// A drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// The row.
    pub id: Uuid,
    /// What it shows.
    pub variant: Variant,
    /// No page leaves the program.
    pub dry_run: bool,
    /// Who asked for it: a login, `cli`, or a scheduled time.
    pub asked_by: String,
    /// When it was asked for.
    pub started_at: At,
    /// When a server took it up.
    pub taken_at: Option<At>,
    /// When it ended.
    pub ended_at: Option<At>,
    /// How it ended.
    pub outcome: Option<DrillOutcome>,
    /// What was measured.
    pub report: Report,
}

/// A drill that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct NewDrill<'a> {
    /// The row.
    pub id: Uuid,
    /// What it shows.
    pub variant: Variant,
    /// No page leaves the program.
    pub dry_run: bool,
    /// Who asks for it.
    pub asked_by: &'a str,
    /// What is expected.
    pub report: &'a Report,
    /// When.
    pub at: At,
}

#[derive(sqlx::FromRow)]
struct DrillRow {
    id: Uuid,
    variant: Variant,
    dry_run: i32,
    asked_by: String,
    started_at: At,
    taken_at: Option<At>,
    ended_at: Option<At>,
    outcome: Option<DrillOutcome>,
    report: String,
}

impl From<DrillRow> for Drill {
    fn from(row: DrillRow) -> Self {
        Self {
            id: row.id,
            variant: row.variant,
            dry_run: row.dry_run != 0,
            asked_by: row.asked_by,
            started_at: row.started_at,
            taken_at: row.taken_at,
            ended_at: row.ended_at,
            outcome: row.outcome,
            // Written by this file; one of another version that cannot be read shows nothing.
            report: serde_json::from_str(&row.report).unwrap_or_default(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct PageRow {
    at: At,
    kind: String,
    contact: String,
    channel: String,
    gateway: String,
    state: String,
    done_at: Option<At>,
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    at: At,
    actor: String,
    action: String,
}

impl Tx {
    /// Keeps a drill that is asked for. `false` while another one is open: nothing was kept.
    pub async fn ask_drill(&mut self, new: &NewDrill<'_>) -> Result<bool, StoreError> {
        let report = written(new.report);
        let made = on!(self, |c| {
            sqlx::query(
                "INSERT INTO drills (id, variant, dry_run, asked_by, started_at, report)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            )
            .bind(new.id)
            .bind(new.variant)
            .bind(i32::from(new.dry_run))
            .bind(new.asked_by)
            .bind(new.at)
            .bind(&report)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(made == 1)
    }

    /// A drill.
    pub async fn drill(&mut self, id: Uuid) -> Result<Option<Drill>, StoreError> {
        let row: Option<DrillRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, variant, dry_run, asked_by, started_at, taken_at, ended_at, outcome, report
               FROM drills WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?
        });
        Ok(row.map(Drill::from))
    }

    /// The drill that is open, if one is.
    pub async fn open_drill(&mut self) -> Result<Option<Drill>, StoreError> {
        let row: Option<DrillRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, variant, dry_run, asked_by, started_at, taken_at, ended_at, outcome, report
               FROM drills WHERE ended_at IS NULL"
        )
        .fetch_optional(c)
        .await?
        });
        Ok(row.map(Drill::from))
    }

    /// The same, locked for a change.
    pub async fn drill_to_change(&mut self, id: Uuid) -> Result<Option<Drill>, StoreError> {
        let row: Option<DrillRow> = on!(self,
            sqlite: "SELECT id, variant, dry_run, asked_by, started_at, taken_at, ended_at, outcome, report
                       FROM drills WHERE id = $1 AND ended_at IS NULL",
            postgres: "SELECT id, variant, dry_run, asked_by, started_at, taken_at, ended_at, outcome, report
                         FROM drills WHERE id = $1 AND ended_at IS NULL FOR UPDATE",
            |sql, c| sqlx::query_as(sql).bind(id).fetch_optional(c).await?);
        Ok(row.map(Drill::from))
    }

    /// The latest drills, the last first.
    pub async fn drills(&mut self, limit: u16) -> Result<Vec<Drill>, StoreError> {
        let rows: Vec<DrillRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, variant, dry_run, asked_by, started_at, taken_at, ended_at, outcome, report
               FROM drills ORDER BY started_at DESC, id DESC LIMIT $1"
        )
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        Ok(rows.into_iter().map(Drill::from).collect())
    }

    /// Whether a drill that this one asked for since then was held, or is: one that was called off was not.
    pub async fn drill_held_since(
        &mut self,
        asked_by: &str,
        since: At,
    ) -> Result<bool, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM drills WHERE asked_by = $1 AND started_at >= $2
                               AND (outcome IS NULL OR outcome <> 'called_off'))"
        )
        .bind(asked_by)
        .bind(since)
        .fetch_one(c)
        .await?))
    }

    /// Takes a drill up. `false` when another server has, or it is over.
    pub async fn take_drill(&mut self, id: Uuid, now: At) -> Result<bool, StoreError> {
        let taken = on!(self, |c| {
            sqlx::query(
                "UPDATE drills SET taken_at = $2
                  WHERE id = $1 AND taken_at IS NULL AND ended_at IS NULL",
            )
            .bind(id)
            .bind(now)
            .execute(c)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(taken == 1)
    }

    /// Keeps what was measured so far.
    pub async fn save_drill(&mut self, id: Uuid, report: &Report) -> Result<(), StoreError> {
        let report = written(report);
        later!(
            self,
            "UPDATE drills SET report = $2 WHERE id = $1 AND ended_at IS NULL",
            id,
            &report,
        );
        Ok(())
    }

    /// Ends a drill.
    pub async fn end_drill(
        &mut self,
        id: Uuid,
        now: At,
        outcome: DrillOutcome,
        report: &Report,
    ) -> Result<(), StoreError> {
        let report = written(report);
        later!(
            self,
            "UPDATE drills SET report = $2, ended_at = $3, outcome = $4
              WHERE id = $1 AND ended_at IS NULL",
            id,
            &report,
            now,
            outcome,
        );
        Ok(())
    }

    /// The conversation of a drill, once its text is stored.
    pub async fn conversation_of_drill(&mut self, drill: Uuid) -> Result<Option<Uuid>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM conversations WHERE drill_id = $1 ORDER BY id DESC LIMIT 1"
        )
        .bind(drill)
        .fetch_optional(c)
        .await?))
    }

    /// How many pages of a case the gateway of the pages refused because a drill made it.
    pub async fn pages_refused(&mut self, alert: Uuid) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM outbox o JOIN pages p ON p.id = o.page_id
              WHERE p.alert_id = $1 AND (o.code = 'drill' OR o.moved_from IS NOT NULL)"
        )
        .bind(alert)
        .fetch_one(c)
        .await?))
    }

    /// What happened to a case, in order: who was paged how, and what was decided. In a dry run, what would
    /// have been sent was held back.
    pub async fn timeline(
        &mut self,
        alert: &Alert,
        dry_run: bool,
    ) -> Result<Vec<Event>, StoreError> {
        self.enter().await?;
        let pages: Vec<PageRow> = on!(self, |c| sqlx::query_as(
            "SELECT p.at, p.kind, p.contact, o.channel, o.gateway, o.state, o.done_at
               FROM pages p JOIN outbox o ON o.page_id = p.id WHERE p.alert_id = $1 ORDER BY p.id"
        )
        .bind(alert.id)
        .fetch_all(c)
        .await?);
        let decided: Vec<AuditRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT at, actor, action FROM audit_log WHERE subject = $1 OR subject = $2 ORDER BY id"
        )
        .bind(alert.id)
        .bind(alert.conversation_id)
        .fetch_all(c)
        .await?
        });
        let mut events: Vec<Event> = Vec::new();
        for page in pages {
            let PageRow {
                at,
                kind,
                contact,
                channel,
                gateway,
                state,
                done_at,
            } = page;
            let what = format!("{kind} to {contact} by {channel}");
            events.push(Event { at, what });
            if let Some(at) = done_at {
                let state = if dry_run { "held back" } else { &state };
                let what = format!("{kind} to {contact} by {channel}: {state} ({gateway})");
                events.push(Event { at, what });
            }
        }
        events.extend(decided.into_iter().map(|row| Event {
            at: row.at,
            what: moment(&row.action, &row.actor),
        }));
        events.sort_by_key(|event| event.at);
        Ok(events)
    }
}

fn written(report: &Report) -> String {
    // Plain data: serialising it cannot fail.
    serde_json::to_string(report).unwrap_or_default()
}
