//! Signing in: password, then code; and proving again who one is.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::session::Tokens;
use super::{Accounts, Caller, NotIn, Opened, normal_login};
use crate::clock::At;
use crate::credential::{Hashed, KNOWN, LONGEST_PASSWORD, Queue, STRANGERS, normal, token_hash};
use crate::staff::Device;
use crate::store::{Account, Credentials, Session, StoreError, Trier, Tx};

/// Somebody who tries: whose tries are counted, and how patient we are.
struct Attempt {
    account: Option<Account>,
    credentials: Option<Credentials>,
    trier: Trier,
    device: Device,
}

impl Attempt {
    fn is_known(&self) -> bool {
        matches!(self.trier, Trier::Known(..))
    }

    fn queue(&self) -> Queue {
        if self.is_known() {
            Queue::Known
        } else {
            Queue::Strangers
        }
    }
}

/// How long this one has to wait before the next try.
async fn wait(tx: &mut Tx, trier: &Trier, now: At) -> Result<Duration, StoreError> {
    let patience = match trier {
        Trier::Known(..) => &KNOWN,
        Trier::Stranger(_) => &STRANGERS,
    };
    let so_far = tx.tries(trier).await?;
    Ok(so_far.map_or(Duration::ZERO, |so_far| {
        let failures = u32::try_from(so_far.failures).unwrap_or(0);
        patience.wait(failures, so_far.last_at, now)
    }))
}

impl Accounts {
    /// Signs in with a password. Whoever has a second factor gets a session that opens nothing until
    /// their code has come.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why nobody came in.
    pub async fn sign_in(
        self: &Arc<Self>,
        caller: &Caller,
        login: &str,
        password: String,
    ) -> Result<Result<Opened, NotIn>, StoreError> {
        if password.chars().count() > LONGEST_PASSWORD {
            return Ok(Err(NotIn::Wrong));
        }
        let attempt = self.attempt(caller, &normal_login(login)).await?;
        // Who was here before is not held up by others at the same address.
        if !attempt.is_known()
            && let Err(wait) = self.addresses.count(caller.address)
        {
            return Ok(Err(NotIn::Wait(wait)));
        }
        let kept = attempt
            .credentials
            .as_ref()
            .and_then(|credentials| credentials.password_hash.clone());
        let checked = match self.check(&attempt, password, kept.clone()).await? {
            Ok(checked) => checked,
            Err(refused) => return Ok(Err(refused)),
        };
        let (tokens, now) = (self.tokens(caller), self.clock.now());
        let work = Arc::new((attempt, checked, kept, Arc::clone(&tokens)));
        self.store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (attempt, checked, kept, tokens) = &*work;
                    let checked = (kept.as_deref(), checked);
                    come_in(tx, attempt, checked, tokens, now).await
                })
            })
            .await
            .map(|done| done.map(|code_due| tokens.opened(code_due)))
    }

    /// Gives the code that was still to come: of the app, or for recovery.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why nobody came in.
    pub async fn give_code(
        self: &Arc<Self>,
        caller: &Caller,
        code: &str,
    ) -> Result<Result<Opened, NotIn>, StoreError> {
        let token = caller.session.clone().unwrap_or_default();
        let Some(session) = self.half_session(&token).await? else {
            return Ok(Err(NotIn::Ended));
        };
        let attempt = self.attempt(caller, &session.account.login).await?;
        let (tokens, now) = (self.tokens(caller), self.clock.now());
        let (me, code) = (Arc::clone(self), normal(code));
        let work = Arc::new((me, attempt, session, token, code, Arc::clone(&tokens)));
        self.store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (me, attempt, session, token, code, tokens) = &*work;
                    let waits = wait(tx, &attempt.trier, now).await?;
                    if !waits.is_zero() {
                        return Ok(Err(NotIn::Wait(waits)));
                    }
                    tx.count_try(&attempt.trier, now).await?;
                    let account = &session.account;
                    // A new password or a lock may have come in between, and has ended it.
                    if tx
                        .session(&token_hash(token), At(0), At(0))
                        .await?
                        .is_none()
                    {
                        return Ok(Err(NotIn::Ended));
                    }
                    let recovered = tx.use_recovery_code(account.id, code, now).await?;
                    if !recovered && !me.code_fits(tx, account, attempt, code, now).await? {
                        failed(tx, attempt, "code", now).await?;
                        return Ok(Err(NotIn::WrongCode));
                    }
                    if recovered {
                        let left = tx.recovery_codes_left(account.id).await?;
                        let detail = json!({ "left": left });
                        let action = "recovery_code.used";
                        tx.audit(now, &account.login, action, Some(account.id), &detail)
                            .await?;
                    }
                    tx.forget_tries(&attempt.trier).await?;
                    tokens.start(tx, account, false, now).await?;
                    Ok(Ok(()))
                })
            })
            .await
            .map(|done| done.map(|()| tokens.opened(false)))
    }

    /// Whether a session waits for its code.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn awaits_code(&self, caller: &Caller) -> Result<bool, StoreError> {
        match &caller.session {
            Some(token) => Ok(self.half_session(token).await?.is_some()),
            None => Ok(false),
        }
    }

    /// Proves again, with the password or a code of the app, that it is the person of this session.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was not believed.
    pub async fn confirm(
        self: &Arc<Self>,
        caller: &Caller,
        session: &Session,
        proof: String,
    ) -> Result<Result<(), NotIn>, StoreError> {
        let account = &session.account;
        let attempt = self.attempt(caller, &account.login).await?;
        let code = normal(&proof);
        let is_code = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
        // No password is as short as a code.
        let password_fits = if is_code || proof.chars().count() > LONGEST_PASSWORD {
            None
        } else {
            let kept = attempt
                .credentials
                .as_ref()
                .and_then(|credentials| credentials.password_hash.clone());
            match self.check(&attempt, proof, kept).await? {
                Ok(checked) => Some(checked.fits),
                Err(refused) => return Ok(Err(refused)),
            }
        };
        let now = self.clock.now();
        let work = Arc::new((Arc::clone(self), attempt, session.clone(), code));
        self.store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (me, attempt, session, code) = &*work;
                    let account = &session.account;
                    let fits = if let Some(fits) = password_fits {
                        fits
                    } else {
                        let waits = wait(tx, &attempt.trier, now).await?;
                        if !waits.is_zero() {
                            return Ok(Err(NotIn::Wait(waits)));
                        }
                        tx.count_try(&attempt.trier, now).await?;
                        me.code_fits(tx, account, attempt, code, now).await?
                    };
                    if !fits {
                        failed(tx, attempt, "confirmation", now).await?;
                        return Ok(Err(NotIn::WrongCode));
                    }
                    tx.forget_tries(&attempt.trier).await?;
                    tx.confirm_session(session.id, now).await?;
                    Ok(Ok(()))
                })
            })
            .await
    }

    /// Whether this is the password that an account has: a try like any other. The hash that it was held
    /// against.
    pub(super) async fn knows_password(
        &self,
        caller: &Caller,
        account: &Account,
        password: String,
    ) -> Result<Result<Option<String>, NotIn>, StoreError> {
        if password.chars().count() > LONGEST_PASSWORD {
            return Ok(Err(NotIn::WrongPassword));
        }
        let attempt = self.attempt(caller, &account.login).await?;
        let kept = attempt
            .credentials
            .as_ref()
            .and_then(|credentials| credentials.password_hash.clone());
        let fits = match self.check(&attempt, password, kept.clone()).await? {
            Ok(checked) => checked.fits,
            Err(refused) => return Ok(Err(refused)),
        };
        let (work, now) = (Arc::new((attempt, kept)), self.clock.now());
        self.store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    let (attempt, kept) = &*work;
                    if !fits {
                        failed(tx, attempt, "new_password", now).await?;
                        return Ok(Err(NotIn::WrongPassword));
                    }
                    tx.forget_tries(&attempt.trier).await?;
                    Ok(Ok(kept.clone()))
                })
            })
            .await
    }

    /// Whether a code of the app fits; then it is used up.
    async fn code_fits(
        &self,
        tx: &mut Tx,
        account: &Account,
        attempt: &Attempt,
        code: &str,
        now: At,
    ) -> Result<bool, StoreError> {
        let kept = attempt.credentials.as_ref();
        let Some(bytes) = kept.and_then(|credentials| credentials.totp.as_ref()) else {
            return Ok(false);
        };
        match self.secret(bytes, account).step_of(code, now) {
            Some(step) => tx.use_totp_step(account.id, step).await,
            None => Ok(false),
        }
    }

    /// Who it is that tries, for a login in its kept form.
    async fn attempt(&self, caller: &Caller, login: &str) -> Result<Attempt, StoreError> {
        let mut tx = self.store.read().await?;
        let possible = login.len() <= 200 && !login.contains(char::is_control);
        let account = if possible {
            tx.staff_by_login(login).await?
        } else {
            None
        };
        let (mut credentials, mut known) = (None, None);
        if let Some(account) = &account {
            credentials = tx.credentials(account.id).await?;
            if let Some(browser) = caller.browser.as_deref().map(token_hash) {
                let since = self.clock.now().minus(Self::KNOWN);
                let is_known = tx.knows_browser(&browser, account.id, since).await?;
                known = is_known.then_some(browser);
            }
        }
        let login = login.to_owned();
        Ok(Attempt {
            account,
            credentials,
            trier: match known {
                Some(browser) => Trier::Known(browser, login),
                None => Trier::Stranger(login),
            },
            device: caller.device.unwrap_or(Device::Other),
        })
    }

    /// Counts a try and checks a password, in turn.
    async fn check(
        &self,
        attempt: &Attempt,
        password: String,
        kept: Option<String>,
    ) -> Result<Result<Hashed, NotIn>, StoreError> {
        let now = self.clock.now();
        // Before the queue, so that who has to wait takes no turn.
        let waits = wait(&mut self.store.read().await?, &attempt.trier, now).await?;
        if !waits.is_zero() {
            return Ok(Err(NotIn::Wait(waits)));
        }
        let Some(turn) = self.passwords.turn(attempt.queue()).await else {
            return Ok(Err(NotIn::Busy));
        };
        let trier = attempt.trier.clone();
        let counted = self.store.write(move |tx| {
            let trier = trier.clone();
            Box::pin(async move {
                // Again: those who waited in the queue together must not all have seen the same count.
                let waits = wait(tx, &trier, now).await?;
                if waits.is_zero() {
                    tx.count_try(&trier, now).await?;
                }
                Ok(waits)
            })
        });
        let waits = counted.await?;
        if !waits.is_zero() {
            return Ok(Err(NotIn::Wait(waits)));
        }
        Ok(Ok(turn.check(password, kept).await))
    }
}

/// Lets somebody in whose password was checked, or writes down that it did not fit. Whether a code is
/// still due.
async fn come_in(
    tx: &mut Tx,
    attempt: &Attempt,
    (kept, checked): (Option<&str>, &Hashed),
    tokens: &Tokens,
    now: At,
) -> Result<Result<bool, NotIn>, StoreError> {
    // Read again: hashing takes its time, and the password may have been changed in it.
    let now_kept = match &attempt.account {
        Some(account) if checked.fits => tx.credentials(account.id).await?,
        _ => None,
    };
    let same = now_kept.filter(|now| now.password_hash.as_deref() == kept);
    let (Some(account), Some(credentials)) = (&attempt.account, same) else {
        failed(tx, attempt, "password", now).await?;
        return Ok(Err(NotIn::Wrong));
    };
    if credentials.locked_at.is_some() {
        failed(tx, attempt, "locked", now).await?;
        return Ok(Err(NotIn::Locked));
    }
    if let Some((old, new)) = kept.zip(checked.stronger.as_deref()) {
        tx.rehash_password(account.id, old, new).await?;
    }
    let code_due = credentials.totp.is_some();
    if code_due {
        // Not in vain, and not yet in: a wrong code counts on.
        tx.take_back_try(&attempt.trier).await?;
    } else {
        tx.forget_tries(&attempt.trier).await?;
    }
    tokens.start(tx, account, code_due, now).await?;
    Ok(Ok(code_due))
}

/// Writes a sign-in in vain down: for which account, if there is one. What was typed is not kept: it
/// may be a password in the wrong field.
async fn failed(
    tx: &mut Tx,
    attempt: &Attempt,
    why: &'static str,
    now: At,
) -> Result<(), StoreError> {
    let detail = json!({
        "why": why,
        "known_browser": attempt.is_known(),
        "device": attempt.device.words(),
    });
    let subject = attempt.account.as_ref().map(|account| account.id);
    tx.audit(now, "unknown", "sign_in.failed", subject, &detail)
        .await
}
