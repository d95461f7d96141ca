//! Searches in conversations: by the code of a case, by a number, by words. Each finds only what the person
//! may read. Words are sealed: they are opened one conversation after the other, up to a limit.

use uuid::Uuid;

use super::reading::readable;
use super::staff::Account;
use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;
use crate::phone::PhoneNumber;
use crate::staff::Permission;
use crate::triage::Tier;

/// A conversation that was found.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Found {
    /// The conversation.
    pub id: Uuid,
    /// Its tier.
    pub tier: Tier,
    /// The code of its latest case.
    pub code: Option<String>,
    /// When the texter last wrote.
    pub last_inbound_at: At,
    /// When it was closed.
    pub closed_at: Option<At>,
}

/// Selects readable conversations of texters who are not erased; `rest` says which.
macro_rules! found {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.tier, c.last_inbound_at, c.closed_at,
                    (SELECT a.code FROM alerts a WHERE a.conversation_id = c.id
                      ORDER BY a.id DESC LIMIT 1) AS code
               FROM conversations c JOIN texters x ON x.id = c.texter_id
              WHERE x.erased_at IS NULL AND ",
            readable!(),
            $rest
        )
    };
}

impl Tx {
    /// Conversations with a case of this code, the latest first.
    pub async fn find_by_code(
        &mut self,
        staff: &Account,
        code: &str,
        limit: u16,
    ) -> Result<Vec<Found>, StoreError> {
        let observes = staff.role.may(Permission::ObserveConversations);
        Ok(on!(self, |c| sqlx::query_as(found!(
            " AND c.id IN (SELECT a.conversation_id FROM alerts a WHERE a.code = $3)
              ORDER BY c.last_inbound_at DESC, c.id DESC LIMIT $4"
        ))
        .bind(staff.id)
        .bind(observes)
        .bind(code)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Conversations with the texter of this number, the latest first. The number is looked up by its blind
    /// index and stands nowhere.
    pub async fn find_by_number(
        &mut self,
        staff: &Account,
        number: &PhoneNumber,
        limit: u16,
    ) -> Result<Vec<Found>, StoreError> {
        let observes = staff.role.may(Permission::ObserveConversations);
        let index = self.keys.number_index(number);
        Ok(on!(self, |c| sqlx::query_as(found!(
            " AND x.number_index = $3 ORDER BY c.last_inbound_at DESC, c.id DESC LIMIT $4"
        ))
        .bind(staff.id)
        .bind(observes)
        .bind(&index)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// The conversations in which a person may look for words, the latest first.
    pub async fn searchable(
        &mut self,
        staff: &Account,
        limit: u16,
    ) -> Result<Vec<Found>, StoreError> {
        let observes = staff.role.may(Permission::ObserveConversations);
        Ok(on!(self, |c| sqlx::query_as(found!(
            " ORDER BY c.last_inbound_at DESC, c.id DESC LIMIT $3"
        ))
        .bind(staff.id)
        .bind(observes)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }
}
