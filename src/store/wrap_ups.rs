//! Wrap-ups: how a conversation ended, and what a texter's earlier ones came to.

use uuid::Uuid;

use super::queue::TimePlace;
use super::staff::Account;
use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::staff::Permission;
use crate::triage::Tier;

/// How a conversation ended.
#[derive(Clone, Copy, Debug)]
pub struct NewWrapUp<'a> {
    /// The conversation.
    pub conversation_id: Uuid,
    /// Who ended it.
    pub staff_id: Uuid,
    /// The code of its outcome.
    pub outcome: &'a str,
    /// The tier that it had then.
    pub tier: Tier,
    /// Whether the texter was asked for a check-in.
    pub check_in: bool,
    /// Whether who ended it wants to talk about it.
    pub debrief: bool,
    /// When.
    pub at: At,
}

/// A conversation that is over, as a page lists it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Ended {
    /// The conversation.
    pub id: Uuid,
    /// Its tier.
    pub tier: Tier,
    /// When it was opened.
    pub opened_at: At,
    /// When it was closed.
    pub closed_at: At,
    /// The code of its outcome, if a person closed it.
    pub outcome: Option<String>,
    /// Who closed it.
    pub closed_by: Option<String>,
}

/// Selects conversations that are over; `rest` says which.
macro_rules! ended {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.tier, c.opened_at, c.closed_at, w.outcome, s.name AS closed_by
               FROM conversations c
               LEFT JOIN wrap_ups w ON w.conversation_id = c.id
               LEFT JOIN staff s ON s.id = w.staff_id
              WHERE c.closed_at IS NOT NULL AND ",
            $rest
        )
    };
}

impl Tx {
    /// Keeps how a conversation ended.
    pub async fn wrap_up(&mut self, new: &NewWrapUp<'_>) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO wrap_ups (conversation_id, staff_id, outcome, tier, check_in, debrief, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            new.conversation_id,
            new.staff_id,
            new.outcome,
            new.tier,
            new.check_in,
            new.debrief,
            new.at,
        );
        Ok(())
    }

    /// How a conversation ended; `None` while it is open.
    pub async fn ended(&mut self, conversation: Uuid) -> Result<Option<Ended>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(ended!("c.id = $1"))
            .bind(conversation)
            .fetch_optional(c)
            .await?))
    }

    /// The other conversations of a texter that are over, the latest first.
    pub async fn ended_of(
        &mut self,
        texter: Uuid,
        but: Uuid,
        limit: u16,
    ) -> Result<Vec<Ended>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(ended!(
            "c.texter_id = $1 AND c.id <> $2 ORDER BY c.opened_at DESC LIMIT $3"
        ))
        .bind(texter)
        .bind(but)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// What is over, the latest first, after a place: everybody's for who may observe, else what the person
    /// closed themselves; with one outcome, if one is given.
    pub async fn closed(
        &mut self,
        staff: &Account,
        outcome: Option<&str>,
        after: TimePlace,
        limit: u16,
    ) -> Result<Vec<Ended>, StoreError> {
        macro_rules! closed {
            ($whose:literal) => {
                concat!(
                    "SELECT c.id, c.tier, c.opened_at, c.closed_at, w.outcome, s.name AS closed_by
                       FROM wrap_ups w
                       JOIN conversations c ON c.id = w.conversation_id
                       JOIN texters t ON t.id = c.texter_id
                       JOIN staff s ON s.id = w.staff_id
                      WHERE (w.at, w.conversation_id) < ($2, $3) AND t.erased_at IS NULL
                        AND ($4 = '' OR w.outcome = $4) AND ",
                    $whose,
                    " ORDER BY w.at DESC, w.conversation_id DESC LIMIT $5"
                )
            };
        }
        let all = staff.role.may(Permission::ObserveConversations);
        // Two texts, so that each finds its index.
        let sql = if all {
            closed!("$1 = $1")
        } else {
            closed!("w.staff_id = $1")
        };
        Ok(on!(self, |c| sqlx::query_as(sql)
            .bind(staff.id)
            .bind(after.at)
            .bind(after.id)
            .bind(outcome.unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(c)
            .await?))
    }
}
