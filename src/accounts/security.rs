//! A person's own password, second factor and recovery codes.

use std::sync::Arc;

use serde_json::json;

use super::{Accounts, Caller, NotIn, Opened, Refused, Stays};
use crate::credential::{Secret, normal, recovery_codes};
use crate::store::{Session, StoreError};

/// What a person sees of the security of their account.
pub struct Security {
    /// Whether there is a second factor.
    pub has_factor: bool,
    /// How many recovery codes are left.
    pub codes_left: i64,
    /// A secret that is to be confirmed with its code.
    pub offered: Option<Secret>,
}

impl Accounts {
    /// How the account of a session is secured.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn security(&self, me: &Session) -> Result<Security, StoreError> {
        let mut tx = self.store.read().await?;
        let kept = tx.credentials(me.account.id).await?;
        let offered = kept
            .as_ref()
            .and_then(|kept| kept.totp_next.as_ref())
            .map(|bytes| self.secret(bytes, &me.account));
        Ok(Security {
            has_factor: kept.is_some_and(|kept| kept.totp.is_some()),
            codes_left: tx.recovery_codes_left(me.account.id).await?,
            offered,
        })
    }

    /// Changes the password, for whoever knows the one of now (OWASP ASVS 5, 6.2.3); every session ends, and this
    /// browser gets a new one.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it stays.
    pub async fn change_password(
        &self,
        caller: &Caller,
        me: &Session,
        current: String,
        password: String,
    ) -> Result<Result<Opened, Stays>, StoreError> {
        let (login, name) = (&me.account.login, &me.account.name);
        // First: whoever looks for a good one has not tried in vain.
        if let Some(weak) = self.weak(&password, login, name) {
            return Ok(Err(Refused::Password(weak).into()));
        }
        let kept = match self.knows_password(caller, &me.account, current).await? {
            Ok(kept) => kept,
            Err(not_in) => return Ok(Err(not_in.into())),
        };
        let hash = match self.new_password(password, login, name).await {
            Ok(hash) => hash,
            Err(refused) => return Ok(Err(refused.into())),
        };
        let (tokens, now) = (self.tokens(caller), self.clock.now());
        let work = Arc::new((me.account.clone(), kept, hash, Arc::clone(&tokens)));
        let changed = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (account, kept, hash, tokens) = &*work;
                // Read again: hashing takes its time, and a link may have been used in it.
                let credentials = tx.credentials(account.id).await?;
                if credentials.and_then(|credentials| credentials.password_hash) != *kept {
                    return Ok(Err(NotIn::WrongPassword));
                }
                tx.set_password(account.id, hash, now).await?;
                tx.drop_links(account.id).await?;
                tx.end_sessions(account.id, None).await?;
                let action = "password.changed";
                tx.audit(now, &account.login, action, Some(account.id), &json!({}))
                    .await?;
                tokens.start(tx, account, false, now).await?;
                Ok(Ok(()))
            })
        });
        let changed = changed.await?;
        Ok(changed.map(|()| tokens.opened(false)).map_err(Stays::from))
    }

    /// Makes a secret for a new second factor; the one in use stays until it is confirmed.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn offer_factor(&self, me: &Session) -> Result<(), StoreError> {
        let (staff, secret) = (me.account.id, Arc::new(Secret::new_bytes(&*self.ids)));
        self.store
            .write(move |tx| {
                let secret = Arc::clone(&secret);
                Box::pin(async move { tx.propose_totp(staff, secret.as_slice()).await })
            })
            .await
    }

    /// Confirms the secret that was offered with its code; the recovery codes, shown this once. All
    /// other sessions end.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it is not in use.
    pub async fn confirm_factor(
        self: &Arc<Self>,
        me: &Session,
        code: &str,
    ) -> Result<Result<Vec<String>, Refused>, StoreError> {
        let codes = recovery_codes(&*self.ids);
        let work = Arc::new((Arc::clone(self), me.clone(), code.to_owned(), codes.clone()));
        let now = self.clock.now();
        let done = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (accounts, me, code, codes) = &*work;
                let account = &me.account;
                let kept = tx.credentials(account.id).await?;
                let Some(bytes) = kept.and_then(|kept| kept.totp_next) else {
                    return Ok(Err(Refused::NothingToConfirm));
                };
                let secret = accounts.secret(&bytes, account);
                let Some(step) = secret.step_of(code, now) else {
                    return Ok(Err(Refused::Code));
                };
                tx.confirm_totp(account.id, step, now).await?;
                tx.set_recovery_codes(account.id, &plain(codes)).await?;
                tx.end_sessions(account.id, Some(me.id)).await?;
                let action = "second_factor.set_up";
                tx.audit(now, &account.login, action, Some(account.id), &json!({}))
                    .await?;
                Ok(Ok(()))
            })
        });
        Ok(done.await?.map(|()| codes))
    }

    /// Takes the second factor away, where the role does not ask for one. All other sessions end.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it stays.
    pub async fn drop_factor(&self, me: &Session) -> Result<Result<(), Refused>, StoreError> {
        if self.require_totp.contains(&me.account.role) {
            return Ok(Err(Refused::FactorRequired));
        }
        let (me, now) = (Arc::new(me.clone()), self.clock.now());
        let done = self.store.write(move |tx| {
            let me = Arc::clone(&me);
            Box::pin(async move {
                let account = &me.account;
                tx.drop_totp(account.id).await?;
                tx.end_sessions(account.id, Some(me.id)).await?;
                let action = "second_factor.removed";
                tx.audit(now, &account.login, action, Some(account.id), &json!({}))
                    .await
            })
        });
        done.await.map(Ok)
    }

    /// New recovery codes, shown this once; earlier ones stop working. None without a second factor.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn new_recovery_codes(
        &self,
        me: &Session,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let codes = recovery_codes(&*self.ids);
        let (work, now) = (
            Arc::new((me.account.clone(), plain(&codes))),
            self.clock.now(),
        );
        let done = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (account, codes) = &*work;
                let kept = tx.credentials(account.id).await?;
                if kept.is_none_or(|kept| kept.totp.is_none()) {
                    return Ok(false);
                }
                tx.set_recovery_codes(account.id, codes).await?;
                let action = "recovery_codes.made";
                tx.audit(now, &account.login, action, Some(account.id), &json!({}))
                    .await?;
                Ok(true)
            })
        });
        Ok(done.await?.then_some(codes))
    }
}

/// Codes as they are kept.
fn plain(codes: &[String]) -> Vec<String> {
    codes.iter().map(|code| normal(code)).collect()
}
