//! Incidents: what the operator must know of, one open for each kind and place, told with its count.

use std::time::Duration;

use serde_json::Value;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Type};
use uuid::Uuid;

use super::pages::NewPage;
use super::tx::{later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Incident, IncidentKind, Operator, PageKind, incident, incident_over};
use crate::text::MessageBody;

/// How often the operator hears of an incident that somebody looks after.
const LOOKED_AFTER: Duration = Duration::from_hours(1);

/// How an incident counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// It happened so many times more.
    More(i64),
    /// There are so many now.
    Now(i64),
}

#[derive(sqlx::FromRow)]
struct IncidentRow {
    id: Uuid,
    kind: KnownKind,
    subject: String,
    opened_at: At,
    last_at: At,
    count: i64,
    told_at: Option<At>,
    detail: String,
    closed_at: Option<At>,
    acknowledged_at: Option<At>,
}

/// A kind, if this version knows it. During an upgrade a newer replica may raise what this one has no words
/// for: that one tells of it, and this one goes on with all others.
struct KnownKind(Option<IncidentKind>);

impl<DB: Database> Type<DB> for KnownKind
where
    IncidentKind: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        IncidentKind::type_info()
    }

    fn compatible(found: &DB::TypeInfo) -> bool {
        IncidentKind::compatible(found)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for KnownKind
where
    IncidentKind: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(IncidentKind::decode(value).ok()))
    }
}

/// An incident, open or over, as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentEntry {
    /// What it is.
    pub incident: Incident,
    /// When it was over.
    pub closed_at: Option<At>,
    /// Who looks after it, and since when.
    pub acknowledged: Option<(String, At)>,
}

/// What somebody of the team noted on an incident.
#[derive(Clone, Debug)]
pub struct IncidentNote {
    /// The row.
    pub id: Uuid,
    /// Who wrote it.
    pub by: String,
    /// The words.
    pub body: MessageBody,
    /// When.
    pub at: At,
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    #[sqlx(flatten)]
    row: IncidentRow,
    by_name: Option<String>,
}

impl EntryRow {
    fn known(self) -> Option<IncidentEntry> {
        let Self { row, by_name } = self;
        Some(IncidentEntry {
            closed_at: row.closed_at,
            acknowledged: by_name.zip(row.acknowledged_at),
            incident: row.known()?,
        })
    }
}

/// Selects incidents with who looks after them; `rest` says which.
macro_rules! entries {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.kind, i.subject, i.opened_at, i.last_at, i.count, i.told_at, i.detail,
                    i.closed_at, i.acknowledged_at, s.name AS by_name
               FROM incidents i LEFT JOIN staff s ON s.id = i.acknowledged_by WHERE ",
            $rest
        )
    };
}

impl IncidentRow {
    fn known(self) -> Option<Incident> {
        Some(Incident {
            id: self.id,
            kind: self.kind.0?,
            subject: self.subject,
            opened_at: self.opened_at,
            last_at: self.last_at,
            count: self.count,
            told_at: self.told_at,
            // Written by this file: it is JSON.
            detail: serde_json::from_str(&self.detail).unwrap_or_default(),
        })
    }
}

impl Tx {
    /// Opens an incident, or counts it if it is open already. The operator is told at once, and again
    /// after a while ([`Tx::tend_incidents`]): a storm makes one text with a count. `detail` is what
    /// was first found, without personal data; of a [`Tally::Now`] it is what was found last.
    pub async fn raise(
        &mut self,
        operator: &Operator,
        (kind, subject): (IncidentKind, &str),
        tally: Tally,
        detail: &Value,
        now: At,
    ) -> Result<(), StoreError> {
        let (id, words) = (self.id(now), detail.to_string());
        let (more, latest) = match tally {
            Tally::More(count) => (count, None),
            Tally::Now(count) => (count, Some(count)),
        };
        let row: IncidentRow = on!(self, |c| sqlx::query_as(
            "INSERT INTO incidents (id, kind, subject, opened_at, last_at, count, detail)
             VALUES ($1, $2, $3, $4, $4, $5, $7)
             ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO UPDATE
                SET count = COALESCE($6, incidents.count + excluded.count),
                    last_at = excluded.last_at,
                    detail = CASE WHEN $6 IS NULL THEN incidents.detail ELSE excluded.detail END
             RETURNING id, kind, subject, opened_at, last_at, count, told_at, detail,
                       closed_at, acknowledged_at"
        )
        .bind(id)
        .bind(kind)
        .bind(subject)
        .bind(now)
        .bind(more)
        .bind(latest)
        .bind(&words)
        .fetch_one(c)
        .await?);
        let Some(open) = row.known() else {
            return Ok(());
        };
        if open.told_at.is_none() {
            self.audit(now, "line", "incident.opened", Some(open.id), &named(&open))
                .await?;
            self.tell_of(operator, &open, now).await?;
        }
        Ok(())
    }

    /// Closes an incident, if it is open, and tells the operator so once.
    pub async fn over(
        &mut self,
        operator: &Operator,
        kind: IncidentKind,
        subject: &str,
        now: At,
    ) -> Result<(), StoreError> {
        let closed: Option<IncidentRow> = on!(self, |c| sqlx::query_as(
            "UPDATE incidents SET closed_at = $3
              WHERE kind = $1 AND subject = $2 AND closed_at IS NULL
             RETURNING id, kind, subject, opened_at, last_at, count, told_at, detail,
                       closed_at, acknowledged_at"
        )
        .bind(kind)
        .bind(subject)
        .bind(now)
        .fetch_optional(c)
        .await?);
        match closed.and_then(IncidentRow::known) {
            Some(closed) => self.is_over(operator, &closed, "line", now).await,
            None => Ok(()),
        }
    }

    async fn is_over(
        &mut self,
        operator: &Operator,
        closed: &Incident,
        by: &str,
        now: At,
    ) -> Result<(), StoreError> {
        self.audit(now, by, "incident.over", Some(closed.id), &named(closed))
            .await?;
        self.tell_operator(operator, &incident_over(closed, operator.repeat), now)
            .await
    }

    /// Notes that somebody looks after an open incident: the operator is told more rarely. `false` when it
    /// is over, or somebody does already.
    pub async fn acknowledge_incident(
        &mut self,
        id: Uuid,
        (staff, login): (Uuid, &str),
        now: At,
    ) -> Result<bool, StoreError> {
        let done = on!(self, |c| sqlx::query(
            "UPDATE incidents SET acknowledged_at = $2, acknowledged_by = $3
              WHERE id = $1 AND closed_at IS NULL AND acknowledged_at IS NULL"
        )
        .bind(id)
        .bind(now)
        .bind(staff)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        if done == 1 {
            let detail = serde_json::json!({});
            self.audit(now, login, "incident.acknowledged", Some(id), &detail)
                .await?;
        }
        Ok(done == 1)
    }

    /// Closes an incident because somebody says that it is over; the operator is told. `false` when it was
    /// over before.
    pub async fn close_incident(
        &mut self,
        operator: &Operator,
        id: Uuid,
        login: &str,
        now: At,
    ) -> Result<bool, StoreError> {
        let closed: Option<IncidentRow> = on!(self, |c| sqlx::query_as(
            "UPDATE incidents SET closed_at = $2 WHERE id = $1 AND closed_at IS NULL
             RETURNING id, kind, subject, opened_at, last_at, count, told_at, detail,
                       closed_at, acknowledged_at"
        )
        .bind(id)
        .bind(now)
        .fetch_optional(c)
        .await?);
        let Some(closed) = closed.and_then(IncidentRow::known) else {
            return Ok(false);
        };
        self.is_over(operator, &closed, login, now).await?;
        Ok(true)
    }

    /// Keeps a note on an incident, sealed with the house key: nobody can know what a person writes.
    pub async fn note_incident(
        &mut self,
        id: Uuid,
        (staff, login): (Uuid, &str),
        body: &MessageBody,
        now: At,
    ) -> Result<(), StoreError> {
        let (note, keys) = (self.id(now), std::sync::Arc::clone(&self.keys));
        let words = body.reveal().as_bytes();
        let body = self.seal(keys.house(), "incident_notes.body", note, words);
        later!(
            self,
            "INSERT INTO incident_notes (id, incident_id, staff_id, body_sealed, at)
             VALUES ($1, $2, $3, $4, $5)",
            note,
            id,
            staff,
            &body,
            now,
        );
        let detail = serde_json::json!({});
        self.audit(now, login, "incident.noted", Some(id), &detail)
            .await
    }

    /// The notes on an incident, oldest first.
    pub async fn incident_notes(&mut self, id: Uuid) -> Result<Vec<IncidentNote>, StoreError> {
        let rows: Vec<(Uuid, String, Vec<u8>, At)> = on!(self, |c| sqlx::query_as(
            "SELECT n.id, s.name, n.body_sealed, n.at
               FROM incident_notes n JOIN staff s ON s.id = n.staff_id
              WHERE n.incident_id = $1 ORDER BY n.id"
        )
        .bind(id)
        .fetch_all(c)
        .await?);
        let house = self.keys.house();
        let read = rows.into_iter().map(|(id, by, sealed, at)| {
            let body = open_text(house, "incident_notes.body", id, &sealed)?;
            let body = MessageBody::new(body);
            Ok(IncidentNote { id, by, body, at })
        });
        read.collect()
    }

    /// An incident, open or over.
    pub async fn incident(&mut self, id: Uuid) -> Result<Option<IncidentEntry>, StoreError> {
        let row: Option<EntryRow> = on!(self, |c| sqlx::query_as(entries!("i.id = $1"))
            .bind(id)
            .fetch_optional(c)
            .await?);
        Ok(row.and_then(EntryRow::known))
    }

    /// The open incidents with who looks after them, oldest first.
    pub async fn open_entries(&mut self) -> Result<Vec<IncidentEntry>, StoreError> {
        let rows: Vec<EntryRow> = on!(self, |c| sqlx::query_as(entries!(
            "i.closed_at IS NULL ORDER BY i.id"
        ))
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().filter_map(EntryRow::known).collect())
    }

    /// Incidents that are over and were opened before one of them, the latest first.
    pub async fn past_incidents(
        &mut self,
        before: Uuid,
        limit: u16,
    ) -> Result<Vec<IncidentEntry>, StoreError> {
        let rows: Vec<EntryRow> = on!(self, |c| sqlx::query_as(entries!(
            "i.closed_at IS NOT NULL AND i.id < $1 ORDER BY i.id DESC LIMIT $2"
        ))
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().filter_map(EntryRow::known).collect())
    }

    /// What was noted in the audit log about one thing, with who did it by the name that others see.
    pub async fn happened_to(
        &mut self,
        subject: Uuid,
        limit: u16,
    ) -> Result<Vec<super::Happened>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT l.id, l.at, COALESCE(s.name, l.actor) AS by, l.action, l.detail
               FROM audit_log l LEFT JOIN staff s ON s.login = l.actor
              WHERE l.subject = $1 ORDER BY l.id LIMIT $2"
        )
        .bind(subject)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Tells the operator again of what is still open, closes what has not happened again for as
    /// long, and says how many incidents that were. Those that another replica is at are passed over.
    pub async fn tend_incidents(
        &mut self,
        operator: &Operator,
        now: At,
    ) -> Result<usize, StoreError> {
        let told_by = now.minus(operator.repeat);
        let due: Vec<IncidentRow> = on!(self,
            sqlite: "SELECT id, kind, subject, opened_at, last_at, count, told_at, detail,
                       closed_at, acknowledged_at
                       FROM incidents WHERE closed_at IS NULL AND told_at <= $1 ORDER BY id",
            postgres: "SELECT id, kind, subject, opened_at, last_at, count, told_at, detail,
                       closed_at, acknowledged_at
                       FROM incidents WHERE closed_at IS NULL AND told_at <= $1 ORDER BY id
                        FOR UPDATE SKIP LOCKED",
            |sql, c| sqlx::query_as(sql).bind(told_by).fetch_all(c).await?);
        let mut count = 0;
        for row in due {
            let looked_after = row.acknowledged_at.is_some();
            let Some(open) = row.known() else {
                continue;
            };
            let pace = open.kind.pace(operator.repeat);
            if open.told_at.is_some_and(|told| told > now.minus(pace)) {
                continue;
            }
            if open.kind.is_event() && open.last_at <= now.minus(pace) {
                self.over(operator, open.kind, &open.subject, now).await?;
            } else if looked_after && open.told_at > Some(now.minus(pace.max(LOOKED_AFTER))) {
                continue;
            } else {
                self.tell_of(operator, &open, now).await?;
            }
            count += 1;
        }
        Ok(count)
    }

    /// The open incidents, oldest first.
    pub async fn incidents_open(&mut self) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<IncidentRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, kind, subject, opened_at, last_at, count, told_at, detail,
                       closed_at, acknowledged_at
               FROM incidents WHERE closed_at IS NULL ORDER BY id"
        )
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().filter_map(IncidentRow::known).collect())
    }

    async fn tell_of(
        &mut self,
        operator: &Operator,
        open: &Incident,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE incidents SET told_at = $2 WHERE id = $1",
            open.id,
            now,
        );
        let words = incident(open, &operator.public_url, now);
        self.tell_operator(operator, &words, now).await
    }

    async fn tell_operator(
        &mut self,
        operator: &Operator,
        words: &str,
        now: At,
    ) -> Result<(), StoreError> {
        for contact in &operator.contacts {
            let notice = NewPage {
                alert: None,
                kind: PageKind::Notice,
                contact,
                words,
            };
            self.send_to_responder(&operator.gateway, &notice, now)
                .await?;
        }
        Ok(())
    }
}

fn named(incident: &Incident) -> Value {
    serde_json::json!({
        "kind": incident.kind.word(), "subject": incident.subject, "count": incident.count,
    })
}
