//! What the dashboard lists. Reads only.

use uuid::Uuid;

use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::Reason;
use crate::triage::Tier;

/// An open conversation with its alert, as the queue shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct QueueRow {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Its tier.
    pub tier: Tier,
    /// When it was opened.
    pub opened_at: At,
    /// When the texter last wrote.
    pub last_inbound_at: At,
    /// The code of its open alert.
    pub code: Option<String>,
    /// Why the alert was opened.
    pub reason: Option<Reason>,
    /// When the alert was opened.
    pub waiting_since: Option<At>,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// Who claimed it.
    pub claimed_by: Option<Uuid>,
    /// The name of who claimed it.
    pub claimed_name: Option<String>,
    /// When a human last wrote.
    pub answered_at: Option<At>,
    /// Since when the carrier blocks our texts to them.
    pub blocked_at: Option<At>,
    /// The drill that it belongs to.
    pub drill_id: Option<Uuid>,
}

impl Tx {
    /// Open conversations: those that wait for a human first, by tier, then by waiting time.
    pub async fn queue(&mut self, limit: u16) -> Result<Vec<QueueRow>, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_as(
            "SELECT c.id AS conversation_id, c.tier, c.opened_at, c.last_inbound_at, a.code, a.reason,
                    a.opened_at AS waiting_since, a.acknowledged_by, a.claimed_by,
                    s.name AS claimed_name, a.answered_at, t.blocked_at, c.drill_id
               FROM conversations c
               JOIN texters t ON t.id = c.texter_id
               LEFT JOIN alerts a ON a.conversation_id = c.id AND a.closed_at IS NULL
               LEFT JOIN staff s ON s.id = a.claimed_by
              WHERE c.closed_at IS NULL
              ORDER BY CASE WHEN a.id IS NULL THEN 1 ELSE 0 END,
                       CASE COALESCE(a.tier, c.tier) WHEN 'imminent' THEN 0 WHEN 'high' THEN 1
                            WHEN 'concern' THEN 2 WHEN 'topic' THEN 3 ELSE 4 END,
                       a.opened_at, c.last_inbound_at DESC
              LIMIT $1"
        )
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        }))
    }

    /// How many crises are open, whoever has them. Drills do not count.
    pub async fn crises_open(&mut self) -> Result<i64, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM alerts
              WHERE closed_at IS NULL AND drill_id IS NULL AND tier IN ('high', 'imminent')"
        )
        .fetch_one(c)
        .await?))
    }

    /// How many alerts are open, and how many of them nobody has acknowledged. Drills do not count.
    pub async fn alerts_open(&mut self) -> Result<(i64, i64), StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT COUNT(*), COUNT(CASE WHEN acknowledged_at IS NULL THEN 1 END)
               FROM alerts WHERE closed_at IS NULL AND drill_id IS NULL"
        )
        .fetch_one(c)
        .await?))
    }
}
