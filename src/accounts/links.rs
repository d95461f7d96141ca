//! Links that make an account one's own: the first administrator's, invitations, new passwords.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Accounts, By, Caller, OneTime, Opened, Refused, checked};
use crate::clock::At;
use crate::credential::{Token, token_fits, token_hash};
use crate::staff::Role;
use crate::store::{Account, Link, LinkKind, NewLink, NewStaff, StoreError};
use crate::text::name::look_alike;

/// The setting that holds the hash of the set-up link's token.
const SETUP_TOKEN: &str = "setup_token";

/// How long a link works.
const WORKS: Duration = Duration::from_hours(72);

impl Accounts {
    /// While there is no account: a new set-up link. Earlier ones stop working.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn setup_link(&self) -> Result<Option<String>, StoreError> {
        if self.store.read().await?.staff_count().await? > 0 {
            return Ok(None);
        }
        let token = Token::new(&*self.ids);
        let hash = token.hash.clone();
        self.store
            .write(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { tx.set_setting(SETUP_TOKEN, &hash).await })
            })
            .await?;
        Ok(Some(format!("{}/setup/{}", self.public_url, token.shown)))
    }

    /// Whether a set-up link works: while there is no account, however it was made.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_setup_link(&self, token: &str) -> Result<bool, StoreError> {
        let mut tx = self.store.read().await?;
        let kept = tx.setting(SETUP_TOKEN).await?;
        Ok(kept.is_some_and(|kept| token_fits(token, &kept)) && tx.staff_count().await? == 0)
    }

    /// Makes the first administrator.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says what is wrong.
    pub async fn set_up(
        &self,
        caller: &Caller,
        token: &str,
        (login, name): (&str, &str),
        password: String,
    ) -> Result<Result<Opened, Refused>, StoreError> {
        if !self.is_setup_link(token).await? {
            return Ok(Err(Refused::LinkGone));
        }
        let (login, name) = match checked(login, name) {
            Ok(fine) => fine,
            Err(refused) => return Ok(Err(refused)),
        };
        let hash = match self.new_password(password, &login, &name).await {
            Ok(hash) => hash,
            Err(refused) => return Ok(Err(refused)),
        };
        let (tokens, now) = (self.tokens(caller), self.clock.now());
        let work = Arc::new((login, name, hash, token.to_owned(), Arc::clone(&tokens)));
        let made = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (login, name, hash, token, tokens) = &*work;
                // Checked again inside the transaction, and used up: the link works once.
                let kept = tx.setting(SETUP_TOKEN).await?;
                let fits = kept.is_some_and(|kept| token_fits(token, &kept));
                if !fits || tx.staff_count().await? > 0 || !tx.remove_setting(SETUP_TOKEN).await? {
                    return Ok(Err(Refused::LinkGone));
                }
                let role = Role::Administrator;
                let new = NewStaff {
                    login,
                    name,
                    role,
                    password_hash: hash,
                };
                let Some(id) = tx.add_staff(&new, now).await? else {
                    return Ok(Err(Refused::LoginTaken));
                };
                let detail = json!({ "role": role });
                tx.audit(now, login, "staff.first_administrator", Some(id), &detail)
                    .await?;
                let account = Account {
                    id,
                    login: login.clone(),
                    name: name.clone(),
                    role,
                };
                tokens.start(tx, &account, false, now).await?;
                Ok(Ok(()))
            })
        });
        Ok(made.await?.map(|()| tokens.opened(false)))
    }

    /// Invites somebody: an account without a password, and a link with which they choose one. Who has
    /// left and comes back gets their old account.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says what is wrong.
    pub async fn invite(
        &self,
        by: &By,
        login: &str,
        name: &str,
        role: Role,
    ) -> Result<Result<OneTime, Refused>, StoreError> {
        let (login, name) = match checked(login, name) {
            Ok(fine) => fine,
            Err(refused) => return Ok(Err(refused)),
        };
        let (token, now) = (Token::new(&*self.ids), self.clock.now());
        let expires_at = now.plus(WORKS);
        let work = Arc::new((by.clone(), login, name, token.hash));
        let invited = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, login, name, token_hash) = &*work;
                let new = NewStaff {
                    login,
                    name,
                    role,
                    password_hash: "",
                };
                let mut others = tx.members().await?.into_iter();
                if others.any(|one| look_alike(name, &one.account.name)) {
                    return Ok(Err(Refused::LooksAlike));
                }
                let back = tx.bring_back(login, name, role).await?;
                let id = match back {
                    Some(id) => Some(id),
                    None => tx.add_staff(&new, now).await?,
                };
                let Some(id) = id else {
                    return Ok(Err(Refused::LoginTaken));
                };
                let link = NewLink {
                    token_hash,
                    staff_id: id,
                    kind: LinkKind::Invitation,
                    made_by: &by.name,
                    expires_at,
                };
                tx.add_link(&link, now).await?;
                let detail = json!({ "role": role });
                tx.audit(now, &by.name, "account.invited", Some(id), &detail)
                    .await?;
                let (login, name) = (login.clone(), name.clone());
                Ok(Ok(Account {
                    id,
                    login,
                    name,
                    role,
                }))
            })
        });
        Ok(invited
            .await?
            .map(|account| self.one_time(account, &token.shown, expires_at)))
    }

    /// Makes a link for a new password; for who has not chosen one yet, another invitation.
    /// `factor_too` takes their second factor away when they use it.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why there is none.
    pub async fn password_link(
        &self,
        by: &By,
        staff: Uuid,
        factor_too: bool,
    ) -> Result<Result<OneTime, Refused>, StoreError> {
        let (token, now) = (Token::new(&*self.ids), self.clock.now());
        let expires_at = now.plus(WORKS);
        let work = Arc::new((by.clone(), token.hash));
        let made = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, token_hash) = &*work;
                let Some(member) = tx.member(staff).await? else {
                    return Ok(Err(Refused::Unknown));
                };
                let kind = match (member.password_at, factor_too) {
                    (None, _) => LinkKind::Invitation,
                    (Some(_), false) => LinkKind::Password,
                    (Some(_), true) => LinkKind::PasswordAndFactor,
                };
                let link = NewLink {
                    token_hash,
                    staff_id: staff,
                    kind,
                    made_by: &by.name,
                    expires_at,
                };
                tx.add_link(&link, now).await?;
                let detail = json!({ "factor_too": kind == LinkKind::PasswordAndFactor });
                tx.audit(now, &by.name, "account.link_made", Some(staff), &detail)
                    .await?;
                Ok(Ok(member.account))
            })
        });
        Ok(made
            .await?
            .map(|account| self.one_time(account, &token.shown, expires_at)))
    }

    /// The link of a token, while it works.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn link(&self, token: &str) -> Result<Option<Link>, StoreError> {
        let (hash, now) = (token_hash(token), self.clock.now());
        self.store.read().await?.link(&hash, now).await
    }

    /// Uses a link: keeps the password, ends all sessions, and lets the person in; who has a second
    /// factor still gives its code.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says what is wrong.
    pub async fn use_link(
        &self,
        caller: &Caller,
        token: &str,
        password: String,
    ) -> Result<Result<Opened, Refused>, StoreError> {
        let Some(link) = self.link(token).await? else {
            return Ok(Err(Refused::LinkGone));
        };
        let (login, name) = (&link.account.login, &link.account.name);
        let hash = match self.new_password(password, login, name).await {
            Ok(hash) => hash,
            Err(refused) => return Ok(Err(refused)),
        };
        let (tokens, now) = (self.tokens(caller), self.clock.now());
        let work = Arc::new((hash, token_hash(token), Arc::clone(&tokens)));
        let used = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (hash, token_hash, tokens) = &*work;
                // Read again inside the transaction: the link works once.
                let link = tx.link(token_hash, now).await?;
                let (Some(link), true) = (link, tx.use_link(token_hash).await?) else {
                    return Ok(Err(Refused::LinkGone));
                };
                let account = &link.account;
                tx.end_sessions(account.id, None).await?;
                tx.set_password(account.id, hash, now).await?;
                if link.kind == LinkKind::PasswordAndFactor {
                    tx.drop_totp(account.id).await?;
                }
                let action = match link.kind {
                    LinkKind::Invitation => "account.joined",
                    LinkKind::Password | LinkKind::PasswordAndFactor => "password.reset",
                };
                tx.audit(now, &account.login, action, Some(account.id), &json!({}))
                    .await?;
                let credentials = tx.credentials(account.id).await?;
                let code_due = credentials.is_some_and(|credentials| credentials.totp.is_some());
                tokens.start(tx, account, code_due, now).await?;
                Ok(Ok(code_due))
            })
        });
        Ok(used.await?.map(|code_due| tokens.opened(code_due)))
    }

    fn one_time(&self, account: Account, token: &str, expires_at: At) -> OneTime {
        OneTime {
            account,
            url: format!("{}/link/{token}", self.public_url),
            expires_at,
        }
    }
}
