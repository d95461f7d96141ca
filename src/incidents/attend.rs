//! Looking after an incident: somebody says that they do, notes what they found, and closes it where nothing
//! else would. Part of `incidents`: floor 3.

use std::sync::Arc;

use uuid::Uuid;

use super::Incidents;
use crate::clock::At;
use crate::feed::Signal;
use crate::store::{Account, StoreError, Tx};
use crate::text::MessageBody;

/// The longest note, in characters.
pub const LONGEST_INCIDENT_NOTE: usize = 2000;

/// What somebody does with an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attend {
    /// Looks after it: the operator is told more rarely from now on.
    Acknowledge,
    /// Only notes something.
    Note,
    /// Closes it.
    Close,
}

/// Why nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such incident.
    #[error("There is no such incident.")]
    Unknown,
    /// It is over.
    #[error("This incident is over.")]
    Over,
    /// Somebody else does.
    #[error("Somebody looks after it already.")]
    LookedAfter,
    /// Who found it finds it again: it would be open at once.
    #[error("It is over by itself as soon as its cause is. Mend that first.")]
    ClosesItself,
    /// A note, or an end, without words.
    #[error("Write a short note: what was it, and what was done?")]
    Empty,
    /// A note that is too long.
    #[error("The note has {0} characters. Write {LONGEST_INCIDENT_NOTE} at most.")]
    TooLong(usize),
}

impl Incidents {
    /// Carries out what somebody does with an incident. An end needs a note; the others may have one.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn attend(
        &self,
        staff: &Account,
        id: Uuid,
        (act, note): (Attend, MessageBody),
    ) -> Result<Result<(), Refused>, StoreError> {
        let length = note.reveal().chars().count();
        if length > LONGEST_INCIDENT_NOTE {
            return Ok(Err(Refused::TooLong(length)));
        }
        if act != Attend::Acknowledge && note.reveal().trim().is_empty() {
            return Ok(Err(Refused::Empty));
        }
        let now = self.clock.now();
        let work = Arc::new((Arc::clone(&self.operator), staff.clone(), note));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (operator, staff, note) = &*work;
                carry_out(tx, operator, staff, id, (act, note), now).await
            })
        });
        let done = unit.await?;
        if done.is_ok() {
            self.feed.wake_outbox();
            self.feed.signal(Signal::OnCall);
        }
        Ok(done)
    }
}

async fn carry_out(
    tx: &mut Tx,
    operator: &crate::oncall::Operator,
    staff: &Account,
    id: Uuid,
    (act, note): (Attend, &MessageBody),
    now: At,
) -> Result<Result<(), Refused>, StoreError> {
    let Some(found) = tx.incident(id).await? else {
        return Ok(Err(Refused::Unknown));
    };
    let who = (staff.id, staff.login.as_str());
    match act {
        Attend::Note => {}
        _ if found.closed_at.is_some() => return Ok(Err(Refused::Over)),
        Attend::Close if !found.incident.kind.is_event() => {
            return Ok(Err(Refused::ClosesItself));
        }
        Attend::Acknowledge => {
            if !tx.acknowledge_incident(id, who, now).await? {
                return Ok(Err(Refused::LookedAfter));
            }
        }
        Attend::Close => {
            if !tx.close_incident(operator, id, &staff.login, now).await? {
                return Ok(Err(Refused::Over));
            }
        }
    }
    if !note.reveal().trim().is_empty() {
        tx.note_incident(id, who, note, now).await?;
    }
    Ok(Ok(()))
}
