//! What the queue lists: cases by need, and what the line answers alone. Reads only; every list is paged by
//! the place of its last row, so that page one thousand costs what page one does.

use uuid::Uuid;

use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::Reason;
use crate::triage::Tier;

/// Whose cases are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hands {
    /// Of the person who looks.
    Mine,
    /// Of nobody: they wait.
    Nobody,
    /// Of colleagues.
    Others,
}

impl Hands {
    const fn place(self) -> i64 {
        match self {
            Self::Mine => 0,
            Self::Nobody => 1,
            Self::Others => 2,
        }
    }
}

/// An open case, as the queue shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct QueueRow {
    /// The alert.
    pub alert_id: Uuid,
    /// The conversation.
    pub conversation_id: Uuid,
    /// How urgent: what triage found, or a person decided.
    pub tier: Tier,
    /// When the texter last wrote.
    pub last_inbound_at: At,
    /// Its code.
    pub code: String,
    /// Why it was opened.
    pub reason: Reason,
    /// When it was opened.
    pub waiting_since: At,
    /// When something happens next by itself.
    pub next_page_at: Option<At>,
    /// How often it was paged.
    pub pages: i32,
    /// When it was acknowledged.
    pub acknowledged_at: Option<At>,
    /// By whom.
    pub acknowledged_by: Option<String>,
    /// When it was claimed.
    pub claimed_at: Option<At>,
    /// By whom.
    pub claimed_by: Option<Uuid>,
    /// Their name.
    pub claimed_name: Option<String>,
    /// When a human last wrote.
    pub answered_at: Option<At>,
    /// Since when the carrier blocks our texts to them.
    pub blocked_at: Option<At>,
    /// The drill that it belongs to.
    pub drill_id: Option<Uuid>,
}

/// Where a page of cases begins: after the case in this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CasePlace {
    /// Its tier.
    pub tier: Tier,
    /// When it was opened.
    pub opened_at: At,
    /// Its alert.
    pub id: Uuid,
}

/// Where a page of conversations begins: after the one that was last touched then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimePlace {
    /// When.
    pub at: At,
    /// Which.
    pub id: Uuid,
}

impl TimePlace {
    /// Before all rows: the first page.
    pub const FIRST: Self = Self {
        at: At(i64::MAX),
        id: Uuid::max(),
    };
}

/// A conversation that the line answers alone, as the queue shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AutomatedRow {
    /// The conversation.
    pub id: Uuid,
    /// Its tier.
    pub tier: Tier,
    /// When the texter last wrote.
    pub last_inbound_at: At,
    /// Since when the carrier blocks our texts to them.
    pub blocked_at: Option<At>,
    /// The drill that it belongs to.
    pub drill_id: Option<Uuid>,
}

/// Cases that nobody has taken: neither acknowledged nor claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Untaken {
    /// How many.
    pub cases: i64,
    /// The most urgent tier of them; none where there are none.
    pub tier: Option<Tier>,
}

/// The place of a tier in the queue: danger first.
macro_rules! rank {
    () => {
        "CASE a.tier WHEN 'imminent' THEN 0 WHEN 'high' THEN 1 WHEN 'concern' THEN 2 WHEN 'topic' THEN 3
              ELSE 4 END"
    };
}

const fn rank(tier: Tier) -> i64 {
    match tier {
        Tier::Imminent => 0,
        Tier::High => 1,
        Tier::Concern => 2,
        Tier::Topic => 3,
        Tier::None => 4,
    }
}

impl Tx {
    /// Open cases by tier, then by waiting time: of a tier, if one is given, and after a place.
    pub async fn queue(
        &mut self,
        me: Uuid,
        hands: Hands,
        tier: Option<Tier>,
        after: Option<CasePlace>,
        limit: u16,
    ) -> Result<Vec<QueueRow>, StoreError> {
        let (rank_after, at, id) = after.map_or((-1, At(0), Uuid::nil()), |place| {
            (rank(place.tier), place.opened_at, place.id)
        });
        Ok(on!(self, |c| {
            sqlx::query_as(concat!(
            "SELECT a.id AS alert_id, c.id AS conversation_id, a.tier, c.last_inbound_at, a.code, a.reason,
                    a.opened_at AS waiting_since, a.next_page_at, a.pages, a.acknowledged_at,
                    a.acknowledged_by, a.claimed_at, a.claimed_by, s.name AS claimed_name, a.answered_at,
                    t.blocked_at, c.drill_id
               FROM alerts a
               JOIN conversations c ON c.id = a.conversation_id
               JOIN texters t ON t.id = c.texter_id
               LEFT JOIN staff s ON s.id = a.claimed_by
              WHERE a.closed_at IS NULL
                AND CASE WHEN a.claimed_by IS NULL THEN 1 WHEN a.claimed_by = $1 THEN 0 ELSE 2 END = $2
                AND ($3 = 9 OR ",
            rank!(),
            " = $3)
                AND (",
            rank!(),
            ", a.opened_at, a.id) > ($4, $5, $6)
              ORDER BY ",
            rank!(),
            ", a.opened_at, a.id LIMIT $7"
        ))
        .bind(me)
        .bind(hands.place())
        .bind(tier.map_or(9, rank))
        .bind(rank_after)
        .bind(at)
        .bind(id)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        }))
    }

    /// How many open cases there are: of a person, of nobody, of others.
    pub async fn case_counts(&mut self, me: Uuid) -> Result<(i64, i64, i64), StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT COUNT(CASE WHEN claimed_by = $1 THEN 1 END),
                    COUNT(CASE WHEN claimed_by IS NULL THEN 1 END),
                    COUNT(CASE WHEN claimed_by <> $1 THEN 1 END)
               FROM alerts WHERE closed_at IS NULL"
        )
        .bind(me)
        .fetch_one(c)
        .await?))
    }

    /// Who waits for anyone, but for one conversation: that of who looks, or [`Uuid::nil`].
    pub async fn untaken(&mut self, except: Uuid) -> Result<Untaken, StoreError> {
        let (cases, first): (i64, Option<i64>) = on!(self, |c| sqlx::query_as(concat!(
            "SELECT COUNT(*), CAST(MIN(",
            rank!(),
            ") AS BIGINT) FROM alerts a
              WHERE a.closed_at IS NULL AND a.claimed_by IS NULL AND a.acknowledged_by IS NULL
                AND a.conversation_id <> $1"
        ))
        .bind(except)
        .fetch_one(c)
        .await?);
        let tier = first.and_then(|first| Tier::ALL.into_iter().find(|tier| rank(*tier) == first));
        Ok(Untaken { cases, tier })
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

    /// Open conversations without a case, the latest text first, after a place.
    pub async fn automated(
        &mut self,
        after: TimePlace,
        limit: u16,
    ) -> Result<Vec<AutomatedRow>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT c.id, c.tier, c.last_inbound_at, t.blocked_at, c.drill_id
               FROM conversations c JOIN texters t ON t.id = c.texter_id
              WHERE c.closed_at IS NULL AND (c.last_inbound_at, c.id) < ($1, $2)
                AND NOT EXISTS (SELECT 1 FROM alerts a
                                 WHERE a.conversation_id = c.id AND a.closed_at IS NULL)
              ORDER BY c.last_inbound_at DESC, c.id DESC LIMIT $3"
        )
        .bind(after.at)
        .bind(after.id)
        .bind(i64::from(limit))
        .fetch_all(c)
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
