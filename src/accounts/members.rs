//! Looking after the accounts of others: role, lock, leaving.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::{Accounts, By, Refused};
use crate::clock::At;
use crate::feed::Signal;
use crate::staff::Role;
use crate::store::{Member, StoreError, Tx};

/// What is done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Gives another role.
    Role(Role),
    /// Keeps the person out, and their account as it is.
    Lock,
    /// Lets them in again.
    Unlock,
    /// The person has left: everything that they could sign in with is forgotten.
    Remove,
}

impl Accounts {
    /// Everyone who has not left, by name.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn members(&self) -> Result<Vec<Member>, StoreError> {
        self.store.read().await?.members().await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn member(&self, id: Uuid) -> Result<Option<Member>, StoreError> {
        self.store.read().await?.member(id).await
    }

    /// The account of a login.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn member_by_login(&self, login: &str) -> Result<Option<Member>, StoreError> {
        let login = super::normal_login(login);
        let mut tx = self.store.read().await?;
        match tx.staff_by_login(&login).await? {
            Some(account) => tx.member(account.id).await,
            None => Ok(None),
        }
    }

    /// Changes an account of somebody else. All their sessions end, but where an account is opened
    /// again; what they had claimed goes back to the ladder when they cannot answer any more.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why nothing was changed.
    pub async fn change(
        &self,
        by: &By,
        staff: Uuid,
        change: Change,
    ) -> Result<Result<(), Refused>, StoreError> {
        if by.staff == Some(staff) {
            return Ok(Err(Refused::Yourself));
        }
        let (now, by) = (self.clock.now(), Arc::new(by.clone()));
        let done = self.store.write(move |tx| {
            let by = Arc::clone(&by);
            Box::pin(async move { carry_out(tx, &by, staff, change, now).await })
        });
        let done = done.await?;
        if done.is_ok() {
            self.feed.wake_ladder();
            self.feed.signal(Signal::Queue);
        }
        Ok(done)
    }
}

async fn carry_out(
    tx: &mut Tx,
    by: &By,
    staff: Uuid,
    change: Change,
    now: At,
) -> Result<Result<(), Refused>, StoreError> {
    let administrators = tx.administrators().await?;
    let Some(member) = tx.member(staff).await? else {
        return Ok(Err(Refused::Unknown));
    };
    let stays = matches!(change, Change::Unlock | Change::Role(Role::Administrator));
    if !stays && administrators == [staff] {
        return Ok(Err(Refused::LastAdministrator));
    }
    let was = member.account.role;
    let (action, detail) = match change {
        Change::Role(role) => {
            if role == was {
                return Ok(Ok(()));
            }
            tx.set_role(staff, role).await?;
            tx.end_sessions(staff, None).await?;
            ("account.role", json!({ "from": was, "to": role }))
        }
        Change::Lock => {
            tx.set_locked(staff, Some(now)).await?;
            tx.end_sessions(staff, None).await?;
            release(tx, by, staff, now).await?;
            ("account.locked", json!({}))
        }
        Change::Unlock => {
            tx.set_locked(staff, None).await?;
            ("account.unlocked", json!({}))
        }
        Change::Remove => {
            tx.leave(staff, now).await?;
            release(tx, by, staff, now).await?;
            ("account.removed", json!({ "role": was }))
        }
    };
    tx.audit(now, &by.name, action, Some(staff), &detail)
        .await?;
    Ok(Ok(()))
}

/// Gives the open cases of somebody who cannot answer any more back to the ladder.
async fn release(tx: &mut Tx, by: &By, staff: Uuid, now: At) -> Result<(), StoreError> {
    for mut alert in tx.open_alerts().await? {
        let there = tx.acknowledgements(alert.id).await?;
        let theirs = alert.claimed.is_some_and(|(owner, _)| owner == staff)
            || there.iter().any(|one| one.staff_id == Some(staff));
        if theirs && alert.release(now) {
            tx.forget_acknowledgements(alert.id).await?;
            tx.save_alert(&alert).await?;
            let detail = json!({ "code": alert.code });
            let subject = Some(alert.conversation_id);
            tx.audit(now, &by.name, "conversation.released", subject, &detail)
                .await?;
        }
    }
    Ok(())
}
