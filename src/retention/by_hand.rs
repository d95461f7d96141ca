//! What people decide about one texter: a legal hold, its end, and erasure on the operator's word.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::Retention;
use crate::phone::PhoneNumber;
use crate::store::{Hold, Named, NewHold, StoreError, Tx};
use crate::text::name::is_unseen;

/// The longest reason that is kept.
const LONGEST_REASON: usize = 500;

/// A texter, as people name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By the code of a case, such as `K7`.
    Code(String),
    /// By the id of a conversation, or of the texter.
    Id(Uuid),
    /// By their number.
    Number(PhoneNumber),
}

impl Who {
    /// What was typed as a reference: a code, or an id. A number is no reference: it is not to stand in a
    /// command line or an address.
    #[must_use]
    pub fn reference(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if let Ok(id) = Uuid::parse_str(typed) {
            return Some(Self::Id(id));
        }
        let code = typed.to_ascii_uppercase();
        let (letter, digits) = code.split_at_checked(1)?;
        let is_code = letter.chars().all(|c| c.is_ascii_uppercase())
            && (1..=8).contains(&digits.len())
            && digits.chars().all(|c| c.is_ascii_digit());
        is_code.then_some(Self::Code(code))
    }

    /// What was typed into a form, which nobody sees on the way: a reference, or a number.
    #[must_use]
    pub fn typed(typed: &str) -> Option<Self> {
        let number = || PhoneNumber::parse(typed.trim()).ok().map(Self::Number);
        Self::reference(typed).or_else(number)
    }

    async fn find(&self, tx: &mut Tx) -> Result<Option<Named>, StoreError> {
        match self {
            Self::Code(code) => tx.named_by_code(code).await,
            Self::Id(id) => tx.named_by_id(*id).await,
            Self::Number(number) => tx.named_by_number(number).await,
        }
    }
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// Nothing that names anybody.
    #[error("This is no case like K7, no id of a conversation and no number like +15550123456")]
    NoName,
    /// Nobody is known by this name.
    #[error("Nobody is known here by this: they were erased, or never wrote")]
    Unknown,
    /// A case is open.
    #[error("A case of theirs is open: a person may need help now. Close it first")]
    OpenCase,
    /// It is under a legal hold.
    #[error("They are under a legal hold. Lift it first")]
    Held,
    /// No reason was given, or too long a one.
    #[error("Write why, in 1 to 500 characters that can be seen, on one line")]
    NoReason,
    /// The hold is not there, or was lifted before.
    #[error("There is no such hold, or it was lifted before")]
    NoHold,
}

impl Retention {
    /// Puts a legal hold on a conversation, or on all of a texter when `all` is true or no conversation was
    /// named. Returns its row.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was not set.
    pub async fn hold(
        &self,
        who: &Who,
        all: bool,
        reason: &str,
        by: &str,
    ) -> Result<Result<Uuid, NotDone>, StoreError> {
        let reason = reason.trim().to_owned();
        let length = reason.chars().count();
        if !(1..=LONGEST_REASON).contains(&length) || reason.contains(is_unseen) {
            return Ok(Err(NotDone::NoReason));
        }
        let now = self.clock.now();
        let work = Arc::new((who.clone(), reason, by.to_owned()));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (who, reason, by) = &*work;
                let Some(named) = who.find(tx).await? else {
                    return Ok(Err(NotDone::Unknown));
                };
                let conversation_id = named.conversation_id.filter(|_| !all);
                let id = tx
                    .set_hold(&NewHold {
                        texter_id: named.texter_id,
                        conversation_id,
                        reason,
                        by,
                        at: now,
                    })
                    .await?;
                let subject = Some(conversation_id.unwrap_or(named.texter_id));
                let detail = json!({ "hold": id, "all": conversation_id.is_none() });
                tx.audit(now, by, "hold.set", subject, &detail).await?;
                Ok(Ok(id))
            })
        });
        unit.await
    }

    /// Lifts a legal hold. What was to be erased, or is too old, goes from then on.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says that there is none.
    pub async fn lift(&self, hold: Uuid, by: &str) -> Result<Result<(), NotDone>, StoreError> {
        let (now, by) = (self.clock.now(), by.to_owned());
        let unit = self.store.write(move |tx| {
            let by = by.clone();
            Box::pin(async move {
                if !tx.lift_hold(hold, &by, now).await? {
                    return Ok(Err(NotDone::NoHold));
                }
                tx.audit(now, &by, "hold.lifted", Some(hold), &json!({}))
                    .await?;
                Ok(Ok(()))
            })
        });
        unit.await
    }

    /// A hold that stands.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hold_of_id(&self, id: Uuid) -> Result<Option<Hold>, StoreError> {
        let mut all = self.holds().await?.into_iter();
        Ok(all.find(|hold| hold.id == id))
    }

    /// The holds that stand, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.store.read().await?.holds().await
    }

    /// Erases a texter now: their key, number, words and state are destroyed, as when they ask for it
    /// themselves.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was not done.
    pub async fn erase(
        &self,
        who: &Who,
        by: &str,
        dry_run: bool,
    ) -> Result<Result<Uuid, NotDone>, StoreError> {
        let now = self.clock.now();
        let work = Arc::new((who.clone(), by.to_owned()));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (who, by) = &*work;
                let Some(named) = who.find(tx).await? else {
                    return Ok(Err(NotDone::Unknown));
                };
                // Locked against a text that comes in just now.
                tx.lock_texter(named.texter_id).await?;
                let needed = tx.needed(named.texter_id).await?;
                if needed.held {
                    return Ok(Err(NotDone::Held));
                }
                if needed.open_case {
                    return Ok(Err(NotDone::OpenCase));
                }
                if dry_run {
                    return Ok(Ok(named.texter_id));
                }
                tx.erase(named.texter_id, now).await?;
                let detail = json!({ "why": "operator" });
                let subject = Some(named.texter_id);
                tx.audit(now, by, "texter.erased", subject, &detail).await?;
                Ok(Ok(named.texter_id))
            })
        });
        let done = unit.await?;
        if done.is_ok() && !dry_run {
            self.scrub.want();
            self.scrub.run(&self.store).await?;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_code_or_an_id_and_never_a_number() {
        assert_eq!(Who::reference(" k7 "), Some(Who::Code("K7".to_owned())));
        let id = Uuid::from_u128(7);
        assert_eq!(Who::reference(&id.to_string()), Some(Who::Id(id)));
        for wrong in ["", "K", "+15550123", "15550123", "KK7", "7", "K7x", "é7"] {
            assert_eq!(Who::reference(wrong), None, "{wrong}");
        }
        let number = PhoneNumber::parse("+15550123456").unwrap();
        assert_eq!(Who::typed(" +1 555 0123456 "), Some(Who::Number(number)));
        assert_eq!(Who::typed("K7"), Who::reference("K7"));
        assert_eq!(Who::typed("somebody"), None);
    }
}
