//! The timeline of a conversation: what came in, what went out and arrived, who was paged and what was
//! decided. Never a word of anybody, never a number.

use uuid::Uuid;

use super::outbox::OutboxState;
use super::tx::on;
use super::{Author, Happened, StoreError, Tx};
use crate::clock::At;
use crate::delivery::Delivery;
use crate::lane::Lane;
use crate::oncall::{Channel, PageKind};
use crate::triage::Tier;

/// A text of a conversation, as its timeline tells it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TimelineText {
    /// The row.
    pub id: Uuid,
    /// Who wrote it.
    pub author: Author,
    /// The name of the member of staff who did.
    pub by: Option<String>,
    /// When.
    pub at: At,
    /// What triage found in it.
    pub tier: Option<Tier>,
    /// Which of our texts it is.
    pub lane: Option<Lane>,
    /// Where ours stands.
    pub state: Option<OutboxState>,
    /// How far it has come.
    pub delivery: Option<Delivery>,
    /// When a gateway took it, or it was given up.
    pub done_at: Option<At>,
}

/// A page or a notice for its cases, as the timeline tells it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TimelinePage {
    /// The row.
    pub id: Uuid,
    /// What it is.
    pub kind: PageKind,
    /// The name of whom it went to.
    pub contact: String,
    /// When it was made.
    pub at: At,
    /// How it leaves; without one it was not sent.
    pub channel: Option<Channel>,
    /// Where it stands.
    pub state: Option<OutboxState>,
    /// When a gateway took it, or it was given up.
    pub done_at: Option<At>,
}

/// Everything that a timeline tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// How urgent the conversation is, or was at last.
    pub tier: Tier,
    /// Whether it belongs to a drill.
    pub drill: bool,
    /// Its cases, by code, with when they were opened and closed, oldest first.
    pub cases: Vec<(String, At, Option<At>)>,
    /// The texts.
    pub texts: Vec<TimelineText>,
    /// The pages.
    pub pages: Vec<TimelinePage>,
    /// What was decided and done.
    pub happened: Vec<Happened>,
}

impl Tx {
    /// The timeline of a conversation: the first entries of each kind, up to a limit. It needs no key of the
    /// texter, so that it is there after their erasure, too.
    pub async fn timeline_of(
        &mut self,
        conversation: Uuid,
        limit: u16,
    ) -> Result<Option<Timeline>, StoreError> {
        let found: Option<(Tier, bool)> = on!(self, |c| sqlx::query_as(
            "SELECT tier, drill_id IS NOT NULL FROM conversations WHERE id = $1"
        )
        .bind(conversation)
        .fetch_optional(c)
        .await?);
        let Some((tier, drill)) = found else {
            return Ok(None);
        };
        let cases = on!(self, |c| {
            sqlx::query_as(
            "SELECT code, opened_at, closed_at FROM alerts WHERE conversation_id = $1 ORDER BY id"
        )
        .bind(conversation)
        .fetch_all(c)
        .await?
        });
        let texts = on!(self, |c| {
            sqlx::query_as(
            "SELECT m.id, m.author, s.name AS by, m.at, m.tier, o.lane, o.state, o.delivery, o.done_at
               FROM messages m LEFT JOIN outbox o ON o.message_id = m.id
               LEFT JOIN staff s ON s.id = m.staff_id
              WHERE m.conversation_id = $1 ORDER BY m.id LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        // A page of a storm speaks of several cases, and belongs to the first of them.
        let pages = on!(self, |c| {
            sqlx::query_as(
            "SELECT p.id, p.kind, p.contact, p.at, o.channel, o.state, o.done_at
               FROM pages p LEFT JOIN outbox o ON o.page_id = p.id
              WHERE p.alert_id IN (SELECT id FROM alerts WHERE conversation_id = $1)
                 OR p.id IN (SELECT pc.page_id FROM paged_cases pc JOIN alerts a ON a.id = pc.alert_id
                              WHERE a.conversation_id = $1)
              ORDER BY p.id LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        let happened = on!(self, |c| {
            sqlx::query_as(
            "SELECT l.id, l.at, COALESCE(s.name, l.actor) AS by, l.action, l.detail
               FROM audit_log l LEFT JOIN staff s ON s.login = l.actor
              WHERE l.subject IN (SELECT id FROM alerts WHERE conversation_id = $1 UNION ALL SELECT $1)
              ORDER BY l.id LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        Ok(Some(Timeline {
            tier,
            drill,
            cases,
            texts,
            pages,
            happened,
        }))
    }
}
