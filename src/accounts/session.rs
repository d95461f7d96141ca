//! Sessions: started after a sign-in, found again by their token, listed and ended.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Accounts, Caller, Opened};
use crate::clock::At;
use crate::credential::{Patience, Token, token_hash};
use crate::locale::Locale;
use crate::staff::Device;
use crate::store::{Account, NewSession, Session, StoreError, Tx};

impl Accounts {
    /// A session ends after this long, used or not.
    pub const LONGEST: Duration = Duration::from_hours(12);
    /// And after this long without use: a shift with a quiet hour is no reason to sign in again.
    pub const IDLE: Duration = Duration::from_hours(4);
    /// A browser is known for this long after the last sign-in.
    pub const KNOWN: Duration = Duration::from_hours(24 * 400);
    /// What is sensitive asks again who it is after this long.
    pub const CONFIRMED: Duration = Duration::from_mins(10);
}

/// How often use is noted.
const NOTED: Duration = Duration::from_mins(1);
/// From the password to the code.
const CODE_WITHIN: Duration = Duration::from_mins(10);

impl Accounts {
    /// The session of a token, if it opens anything.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let found = self.any_session(token).await?;
        let Some(session) = found.filter(|session| !session.code_due) else {
            return Ok(None);
        };
        let now = self.clock.now();
        if now.since(session.seen_at) > NOTED {
            let (id, staff) = (session.id, session.account.id);
            self.store
                .write(move |tx| Box::pin(tx.touch_session(id, staff, now)))
                .await?;
        }
        Ok(Some(session))
    }

    /// The session of a token for which the code is still to come.
    pub(super) async fn half_session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let found = self.any_session(token).await?;
        let now = self.clock.now();
        let waits =
            |session: &Session| session.code_due && now.since(session.created_at) < CODE_WITHIN;
        Ok(found.filter(waits))
    }

    async fn any_session(&self, token: &str) -> Result<Option<Session>, StoreError> {
        let (hash, now) = (token_hash(token), self.clock.now());
        let (created_after, seen_after) = good_since(now);
        let mut tx = self.store.read().await?;
        tx.session(&hash, created_after, seen_after).await
    }

    /// Whether the person has to set up a second factor before anything else.
    #[must_use]
    pub fn lacks_factor(&self, session: &Session) -> bool {
        session.totp_at.is_none() && self.require_totp.contains(&session.account.role)
    }

    /// Whether the person has proved who they are just now.
    #[must_use]
    pub fn is_confirmed(&self, session: &Session) -> bool {
        self.clock.now().since(session.confirmed_at) < Self::CONFIRMED
    }

    /// The sessions of a person, the last used first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn sessions(&self, account: &Account) -> Result<Vec<Session>, StoreError> {
        let (created_after, seen_after) = good_since(self.clock.now());
        let mut tx = self.store.read().await?;
        tx.sessions_of(account.id, created_after, seen_after).await
    }

    /// Ends one session of a person, or all but the one that they are in.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn end_sessions(&self, me: &Session, one: Option<Uuid>) -> Result<(), StoreError> {
        let (me, now) = (me.clone(), self.clock.now());
        self.store
            .write(move |tx| {
                let me = me.clone();
                Box::pin(async move {
                    let staff = me.account.id;
                    let ended = match one {
                        None => tx.end_sessions(staff, Some(me.id)).await.map(|()| true)?,
                        Some(id) => tx.end_session_of(staff, id).await?,
                    };
                    if ended {
                        let detail = json!({ "all_others": one.is_none() });
                        tx.audit(
                            now,
                            &me.account.login,
                            "session.ended",
                            Some(staff),
                            &detail,
                        )
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Keeps the language in which a person reads the pages; without one, their browser says it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn choose_locale(
        &self,
        account: &Account,
        locale: Option<Locale>,
    ) -> Result<(), StoreError> {
        let staff = account.id;
        self.store
            .write(move |tx| Box::pin(tx.set_locale(staff, locale)))
            .await
    }

    /// Ends the session of a token.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn sign_out(&self, token: &str) -> Result<(), StoreError> {
        let hash = token_hash(token);
        self.store
            .write(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { tx.end_session(&hash).await })
            })
            .await
    }

    /// The tokens of a session that a unit of work is going to start.
    pub(super) fn tokens(&self, caller: &Caller) -> Arc<Tokens> {
        // What is no token of ours cannot be one that we know.
        let kept = caller.browser.clone().filter(|token| token.len() == 43);
        let browser = kept.unwrap_or_else(|| Token::new(&*self.ids).shown);
        Arc::new(Tokens {
            session: Token::new(&*self.ids),
            browser_hash: token_hash(&browser),
            browser,
            before: caller.session.as_deref().map(token_hash),
            device: caller.device.unwrap_or(Device::Other),
        })
    }
}

/// The tokens of a session. No `Debug`.
pub(super) struct Tokens {
    session: Token,
    browser: String,
    browser_hash: Vec<u8>,
    before: Option<Vec<u8>>,
    device: Device,
}

impl Tokens {
    /// Starts the session, with a new token whatever the browser had before.
    pub(super) async fn start(
        &self,
        tx: &mut Tx,
        account: &Account,
        code_due: bool,
        now: At,
    ) -> Result<(), StoreError> {
        if let Some(before) = &self.before {
            tx.end_session(before).await?;
        }
        let new = NewSession {
            token_hash: &self.session.hash,
            staff_id: account.id,
            device: self.device,
            code_due,
        };
        let id = tx.start_session(&new, now).await?;
        if code_due {
            return Ok(());
        }
        tx.touch_session(id, account.id, now).await?;
        tx.keep_browser(&self.browser_hash, account.id, now).await?;
        let detail = json!({ "device": self.device.words() });
        tx.audit(
            now,
            &account.login,
            "session.started",
            Some(account.id),
            &detail,
        )
        .await?;
        // Whoever comes in takes out what is no longer good.
        let (created_before, seen_before) = good_since(now);
        tx.drop_old_sessions(created_before, seen_before).await?;
        tx.drop_old_browsers(now.minus(Accounts::KNOWN)).await?;
        tx.drop_old_links(now).await?;
        tx.forget_tries_before(now.minus(Patience::MEMORY)).await
    }

    /// What the browser gets.
    pub(super) fn opened(&self, code_due: bool) -> Opened {
        Opened {
            session: self.session.shown.clone(),
            browser: (!code_due).then(|| self.browser.clone()),
            code_due,
        }
    }
}

/// When a session must have begun, and been used, to be good now.
fn good_since(now: At) -> (At, At) {
    (now.minus(Accounts::LONGEST), now.minus(Accounts::IDLE))
}
