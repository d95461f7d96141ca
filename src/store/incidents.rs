//! Incidents: what the operator must know of, one open for each kind and place, told with its count.

use serde_json::Value;
use uuid::Uuid;

use super::pages::NewPage;
use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Incident, IncidentKind, Operator, PageKind, incident, incident_over};

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
    kind: IncidentKind,
    subject: String,
    opened_at: At,
    last_at: At,
    count: i64,
    told_at: Option<At>,
    detail: String,
}

impl From<IncidentRow> for Incident {
    fn from(row: IncidentRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            subject: row.subject,
            opened_at: row.opened_at,
            last_at: row.last_at,
            count: row.count,
            told_at: row.told_at,
            // Written by this file: it is JSON.
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        }
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
             RETURNING id, kind, subject, opened_at, last_at, count, told_at, detail"
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
        let open = Incident::from(row);
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
             RETURNING id, kind, subject, opened_at, last_at, count, told_at, detail"
        )
        .bind(kind)
        .bind(subject)
        .bind(now)
        .fetch_optional(c)
        .await?);
        let Some(closed) = closed.map(Incident::from) else {
            return Ok(());
        };
        self.audit(
            now,
            "line",
            "incident.over",
            Some(closed.id),
            &named(&closed),
        )
        .await?;
        self.tell_operator(operator, &incident_over(&closed, operator.repeat), now)
            .await
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
            sqlite: "SELECT id, kind, subject, opened_at, last_at, count, told_at, detail
                       FROM incidents WHERE closed_at IS NULL AND told_at <= $1 ORDER BY id",
            postgres: "SELECT id, kind, subject, opened_at, last_at, count, told_at, detail
                       FROM incidents WHERE closed_at IS NULL AND told_at <= $1 ORDER BY id
                        FOR UPDATE SKIP LOCKED",
            |sql, c| sqlx::query_as(sql).bind(told_by).fetch_all(c).await?);
        let mut count = 0;
        for open in due.into_iter().map(Incident::from) {
            let told_by = now.minus(open.kind.pace(operator.repeat));
            if open.told_at.is_some_and(|told| told > told_by) {
                continue;
            }
            count += 1;
            if open.kind.is_event() && open.last_at <= told_by {
                self.over(operator, open.kind, &open.subject, now).await?;
            } else {
                self.tell_of(operator, &open, now).await?;
            }
        }
        Ok(count)
    }

    /// The open incidents, oldest first.
    pub async fn incidents_open(&mut self) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<IncidentRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, kind, subject, opened_at, last_at, count, told_at, detail
               FROM incidents WHERE closed_at IS NULL ORDER BY id"
        )
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().map(Incident::from).collect())
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
