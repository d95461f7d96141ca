//! What reports are made from: rows of the ledger and of cases, of a period. Reads only.

use super::arrivals::first_id;
use super::tx::on;
use super::{Author, StoreError, Tx};
use crate::clock::At;
use crate::reports::{CaseRow, ConversationRow, DrillRow, Rows, TextsRow};

impl Tx {
    /// The rows of a report: what was opened, came in or was held from a moment on, and before another.
    /// Each is found by an index on its time; whatever else the tables hold costs nothing.
    pub async fn report_rows(
        &mut self,
        (from, until): (At, At),
        now: At,
    ) -> Result<Rows, StoreError> {
        Ok(Rows {
            conversations: self.report_conversations(from, until).await?,
            cases: self.report_cases(from, until).await?,
            texts: self.report_texts(from, until, now).await?,
            drills: self.report_drills(from, until).await?,
        })
    }

    async fn report_conversations(
        &mut self,
        from: At,
        until: At,
    ) -> Result<Vec<ConversationRow>, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT c.opened_at, c.tier, c.locale, c.opted_out_at, c.closed_at, w.outcome,
                    c.drill_id IS NOT NULL AS drill,
                    (SELECT MIN(m.at) FROM messages m LEFT JOIN obligations o ON o.message_id = m.id
                      WHERE m.conversation_id = c.id AND m.author = $3
                        AND (o.outcome IS NULL OR o.outcome <> 'responder')) AS first_text_at,
                    (SELECT MIN(o.closed_at) FROM messages m JOIN obligations o ON o.message_id = m.id
                      WHERE m.conversation_id = c.id AND o.outcome = 'replied') AS first_replied_at
               FROM conversations c LEFT JOIN wrap_ups w ON w.conversation_id = c.id
              WHERE c.opened_at >= $1 AND c.opened_at < $2"
        )
        .bind(from)
        .bind(until)
        .bind(Author::Texter)
        .fetch_all(c)
        .await?
        }))
    }

    async fn report_cases(&mut self, from: At, until: At) -> Result<Vec<CaseRow>, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT tier, reason, opened_at, first_paged_at, first_acknowledged_at, first_claimed_at,
                    first_answered_at, closed_at, closed_because, drill_id IS NOT NULL AS drill
               FROM alerts WHERE opened_at >= $1 AND opened_at < $2"
        )
        .bind(from)
        .bind(until)
        .fetch_all(c)
        .await?
        }))
    }

    /// Ids begin with the time of arrival: no index on times is needed.
    async fn report_texts(
        &mut self,
        from: At,
        until: At,
        now: At,
    ) -> Result<Vec<TextsRow>, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT o.outcome, o.closed_at IS NULL AS open, COALESCE(o.closed_at, $3) > o.due_at AS late,
                    COUNT(*) AS count
               FROM messages m JOIN obligations o ON o.message_id = m.id
               JOIN conversations c ON c.id = m.conversation_id
              WHERE m.id >= $1 AND m.id < $2 AND m.author = $4 AND c.drill_id IS NULL
              GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        )
        .bind(first_id(from))
        .bind(first_id(until))
        .bind(now)
        .bind(Author::Texter)
        .fetch_all(c)
        .await?
        }))
    }

    async fn report_drills(&mut self, from: At, until: At) -> Result<Vec<DrillRow>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT variant, outcome FROM drills WHERE started_at >= $1 AND started_at < $2"
        )
        .bind(from)
        .bind(until)
        .fetch_all(c)
        .await?))
    }
}
