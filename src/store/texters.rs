//! Texters: found by the blind index of their number, each with a data key of their own.

use uuid::Uuid;

use super::conversations::Conversation;
use super::tx::{Inner, later, on, open, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::conversation::State;
use crate::crypto::{CryptoError, SealingKey};
use crate::phone::PhoneNumber;
use crate::triage::Tier;

/// A texter, unsealed, with the open conversation if there is one.
pub struct Texter {
    /// The row.
    pub id: Uuid,
    /// Where the conversation stands.
    pub state: State,
    /// The open conversation.
    pub conversation: Option<Conversation>,
    pub(super) key: SealingKey,
}

fn unreadable_key(id: Uuid, error: CryptoError) -> StoreError {
    StoreError::Corrupt {
        table: "texters",
        id,
        why: format!("texters.wrapped_key: {error}"),
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct TexterRow {
    id: Uuid,
    wrapped_key: Vec<u8>,
    state_sealed: Vec<u8>,
    conversation_id: Option<Uuid>,
    tier: Option<Tier>,
    human_joined_at: Option<At>,
    drill_id: Option<Uuid>,
}

// Found by their number, by a conversation, or by their id. One who was erased is not there any
// more: no index leads to them, and the other two leave them out.

const BY_INDEX: &str = "SELECT t.id, t.wrapped_key, t.state_sealed,
        c.id AS conversation_id, c.tier, c.human_joined_at, c.drill_id
   FROM texters t LEFT JOIN conversations c ON c.texter_id = t.id AND c.closed_at IS NULL
  WHERE t.number_index = $1";

const BY_ID: &str = "SELECT t.id, t.wrapped_key, t.state_sealed,
        c.id AS conversation_id, c.tier, c.human_joined_at, c.drill_id
   FROM texters t LEFT JOIN conversations c ON c.texter_id = t.id AND c.closed_at IS NULL
  WHERE t.id = $1 AND t.erased_at IS NULL";

impl Tx {
    /// The texter of a number, locked against a concurrent text; made in the `fresh` state if there
    /// is none.
    pub async fn texter(
        &mut self,
        number: &PhoneNumber,
        fresh: &State,
        now: At,
    ) -> Result<Texter, StoreError> {
        if let Some(texter) = self.known_texter(number, now).await? {
            return Ok(texter);
        }
        let index = self.keys.number_index(number);
        let id = self.id(now);
        let (key, wrapped) = self.keys.new_texter_key(&*self.ids, id);
        let number = self.seal(&key, "texters.number", id, number.reveal().as_bytes());
        let state = fresh.clone();
        let sealed_state = self.sealed_state(&key, id, &state);
        let made = on!(self, |c| {
            sqlx::query(
            "INSERT INTO texters (id, number_index, number_sealed, wrapped_key, state_sealed, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number_index) DO NOTHING"
        )
        .bind(id)
        .bind(&index)
        .bind(&number)
        .bind(&wrapped)
        .bind(&sealed_state)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected())
        })?;
        if made == 1 {
            return Ok(Texter {
                id,
                state,
                conversation: None,
                key,
            });
        }
        // Another replica made it between our look and our insert.
        let row = self
            .texter_row(&index)
            .await?
            .ok_or(sqlx::Error::RowNotFound)?;
        self.texter_from(&row)
    }

    /// The texter of a number, locked against a concurrent text; none if there is none, or none any more.
    pub(super) async fn known_texter(
        &mut self,
        number: &PhoneNumber,
        now: At,
    ) -> Result<Option<Texter>, StoreError> {
        let index = self.keys.number_index(number);
        let Some(row) = self.texter_row(&index).await? else {
            return Ok(None);
        };
        let texter = self.texter_unless_erased(&row)?;
        if texter.is_none() {
            // The row came back with a backup: what it holds cannot be opened by anybody.
            self.erase_again(row.id, now).await?;
        }
        Ok(texter)
    }

    async fn texter_row(&mut self, index: &[u8]) -> Result<Option<TexterRow>, StoreError> {
        // Locked first and read after: a statement that waits for a lock and then reads would see
        // the conversation as it was before the wait, and lower the tier that another text raised.
        if let Inner::Postgres(t) = &mut self.inner {
            let lock = "SELECT 1 FROM texters WHERE number_index = $1 FOR UPDATE";
            let locked = sqlx::query(lock).bind(index).execute(&mut **t).await?;
            if locked.rows_affected() == 0 {
                // One that is made between the two statements must not be read without its lock.
                return Ok(None);
            }
        }
        Ok(on!(self, |c| sqlx::query_as(BY_INDEX)
            .bind(index)
            .fetch_optional(c)
            .await?))
    }

    /// The texter of a row; none when the seed of their key was destroyed.
    pub(super) fn texter_unless_erased(
        &self,
        row: &TexterRow,
    ) -> Result<Option<Texter>, StoreError> {
        match self.keys.texter_key(row.id, &row.wrapped_key) {
            Ok(key) => Self::with_key(row, key).map(Some),
            Err(CryptoError::Erased) => Ok(None),
            Err(error) => Err(unreadable_key(row.id, error)),
        }
    }

    pub(super) fn texter_from(&self, row: &TexterRow) -> Result<Texter, StoreError> {
        let key = self.unwrap_key(row.id, &row.wrapped_key)?;
        Self::with_key(row, key)
    }

    fn with_key(row: &TexterRow, key: SealingKey) -> Result<Texter, StoreError> {
        let state = open(&key, "texters.state", row.id, &row.state_sealed)?;
        let state = State::read(&state);
        let conversation = row.conversation_id.map(|id| Conversation {
            id,
            texter_id: row.id,
            tier: row.tier.unwrap_or_default(),
            human_joined: row.human_joined_at.is_some(),
            drill: row.drill_id,
        });
        Ok(Texter {
            id: row.id,
            state,
            conversation,
            key,
        })
    }

    /// Keeps the state of a texter.
    pub async fn save_state(&mut self, texter: &Texter, state: &State) -> Result<(), StoreError> {
        let sealed = self.sealed_state(&texter.key, texter.id, state);
        later!(
            self,
            "UPDATE texters SET state_sealed = $2 WHERE id = $1",
            texter.id,
            &sealed,
        );
        Ok(())
    }

    /// The texter of a conversation.
    pub async fn texter_of(&mut self, conversation: Uuid) -> Result<Option<Texter>, StoreError> {
        let row: Option<TexterRow> = on!(self, |c| sqlx::query_as(
            "SELECT t.id, t.wrapped_key, t.state_sealed,
                    c.id AS conversation_id, c.tier, c.human_joined_at, c.drill_id
               FROM conversations c JOIN texters t ON t.id = c.texter_id
              WHERE c.id = $1 AND t.erased_at IS NULL"
        )
        .bind(conversation)
        .fetch_optional(c)
        .await?);
        row.map(|row| self.texter_from(&row)).transpose()
    }

    /// The texter of a conversation, locked against a concurrent text: for who will save a state.
    pub async fn texter_to_change(
        &mut self,
        conversation: Uuid,
    ) -> Result<Option<Texter>, StoreError> {
        if let Inner::Postgres(t) = &mut self.inner {
            let lock = "SELECT 1 FROM texters
                WHERE id = (SELECT texter_id FROM conversations WHERE id = $1) FOR UPDATE";
            sqlx::query(lock)
                .bind(conversation)
                .execute(&mut **t)
                .await?;
        }
        self.texter_of(conversation).await
    }

    /// A texter by their row, locked against a concurrent text.
    pub async fn texter_with_id(&mut self, id: Uuid) -> Result<Option<Texter>, StoreError> {
        if let Inner::Postgres(t) = &mut self.inner {
            let lock = "SELECT 1 FROM texters WHERE id = $1 FOR UPDATE";
            sqlx::query(lock).bind(id).execute(&mut **t).await?;
        }
        let row: Option<TexterRow> = on!(self, |c| sqlx::query_as(BY_ID)
            .bind(id)
            .fetch_optional(c)
            .await?);
        row.map(|row| self.texter_from(&row)).transpose()
    }

    /// The number of a texter.
    pub async fn number_of(&mut self, texter: &Texter) -> Result<PhoneNumber, StoreError> {
        let sealed: Vec<u8> = on!(self, |c| sqlx::query_scalar(
            "SELECT number_sealed FROM texters WHERE id = $1"
        )
        .bind(texter.id)
        .fetch_one(c)
        .await?);
        let number = open_text(&texter.key, "texters.number", texter.id, &sealed)?;
        Ok(PhoneNumber::of_sender(&number))
    }

    pub(super) fn unwrap_key(&self, id: Uuid, wrapped: &[u8]) -> Result<SealingKey, StoreError> {
        self.keys
            .texter_key(id, wrapped)
            .map_err(|error| unreadable_key(id, error))
    }

    fn sealed_state(&self, key: &SealingKey, id: Uuid, state: &State) -> Vec<u8> {
        // Plain data with string keys: serialising it cannot fail.
        let json = serde_json::to_vec(state).unwrap_or_default();
        self.seal(key, "texters.state", id, &json)
    }
}
