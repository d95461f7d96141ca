//! Accounts: who belongs to the staff, how they sign in, and what they prove themselves with.
//!
//! Whoever guesses is slowed down, and never in a way that keeps out the person who is guessed at. It
//! knows no page and no cookie: see `http/staff`. Floor 3.

mod address;
mod links;
mod members;
mod security;
mod session;
mod sign_in;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::credential::{Passwords, Secret, Weak};
use crate::feed::Feed;
use crate::id::IdSource;
use crate::staff::{Device, Role};
use crate::store::{Account, Store};
use crate::text::name::{self, OddName, is_unseen};

pub use address::Addresses;
pub use members::Change;
pub use security::Security;

/// Looks after accounts and sessions.
pub struct Accounts {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tokens and codes.
    pub ids: Arc<dyn IdSource>,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// How often an address may try.
    pub addresses: Addresses,
    /// The roles that do nothing without a second factor.
    pub require_totp: Vec<Role>,
    /// The name of the line: authenticator apps show it, and a password may not be it.
    pub line: String,
    /// Where people reach this server.
    pub public_url: Arc<str>,
    /// Wakes the ladder when somebody leaves who has a case.
    pub feed: Feed,
}

/// Who calls, as far as a request says. No `Debug`: it holds tokens.
#[derive(Default)]
pub struct Caller {
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// The token of the browser, if it was given one.
    pub browser: Option<String>,
    /// The token of the session that the browser has.
    pub session: Option<String>,
    /// What the browser runs on.
    pub device: Option<Device>,
}

/// A session that was started. No `Debug`: it holds tokens.
pub struct Opened {
    /// The token of the session.
    pub session: String,
    /// The token that this browser is known by from now on.
    pub browser: Option<String>,
    /// Whether the code of the second factor is still to come.
    pub code_due: bool,
}

/// Who does something with an account.
#[derive(Clone, Debug)]
pub struct By {
    /// As the audit log names them.
    pub name: String,
    /// Their account; without one, the operator at the command line.
    pub staff: Option<Uuid>,
}

impl By {
    /// The operator, at the command line.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            name: "operator".to_owned(),
            staff: None,
        }
    }

    /// As it stands in the audit log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<&Account> for By {
    fn from(account: &Account) -> Self {
        Self {
            name: account.login.clone(),
            staff: Some(account.id),
        }
    }
}

/// A link that is shown once. No `Debug`: it holds a token.
pub struct OneTime {
    /// The account that it is for.
    pub account: Account,
    /// The link.
    pub url: String,
    /// When it stops working.
    pub expires_at: At,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotIn {
    /// Login and password do not fit. It deliberately does not say which.
    #[error("This e-mail address and password do not belong together.")]
    Wrong,
    /// The password of the account behind the session is another one, or it was no code of now.
    #[error(
        "This is not right. A code works once and for half a minute: wait for the next one, or check the time of your phone."
    )]
    WrongCode,
    /// Not the password that the account has.
    #[error("This is not the password that you sign in with now.")]
    WrongPassword,
    /// An administrator has locked the account.
    #[error("This account is locked. Please ask an administrator of your line.")]
    Locked,
    /// Too many tries.
    #[error(
        "Too many tries. Please wait {} and try again. Where you have signed in before, with the same browser, you need not wait; an administrator can also make you a link for a new password.", words(*.0)
    )]
    Wait(Duration),
    /// Too many others at once.
    #[error("Many people are signing in just now. Please try again in a moment.")]
    Busy,
    /// The password was given too long ago.
    #[error("Please begin again: too much time has passed.")]
    Ended,
}

fn words(wait: Duration) -> String {
    match wait.as_secs().max(1) {
        seconds @ 1..60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// Why a password stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stays {
    /// Whoever asks has not shown that they know it.
    #[error(transparent)]
    Unproved(#[from] NotIn),
    /// The new one is not taken.
    #[error(transparent)]
    NotTaken(#[from] Refused),
}

/// Why something is not done to an account; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No login.
    #[error("Please give an e-mail address: it is what they sign in with.")]
    Login,
    /// Somebody has it.
    #[error("There is an account with this e-mail address already.")]
    LoginTaken,
    /// No name.
    #[error("Please give the name that colleagues see, up to 80 characters.")]
    Name,
    /// A name that is not what it looks like.
    #[error(transparent)]
    OddName(#[from] OddName),
    /// A name that can be taken for that of somebody else.
    #[error(
        "Somebody on the team has a name that looks the same and is written with other letters. Add something that tells them apart."
    )]
    LooksAlike,
    /// A password that is not taken.
    #[error(transparent)]
    Password(#[from] Weak),
    /// Nobody has this account, or they have left.
    #[error("There is no such account, or the person has left.")]
    Unknown,
    /// What nobody may do to themselves.
    #[error("You cannot do this to your own account. Ask another administrator.")]
    Yourself,
    /// Nobody would be left to look after accounts.
    #[error(
        "This is the last administrator who can sign in. Make somebody else an administrator first."
    )]
    LastAdministrator,
    /// The link was used, is too old, or was replaced.
    #[error("This link does not work any more. Ask for a new one.")]
    LinkGone,
    /// The code of a new second factor is not right.
    #[error(
        "This code is not right. Enter the one that the app shows now, and check that the time of your phone is right."
    )]
    Code,
    /// No secret was shown, or it was replaced by another.
    #[error("Please begin again: there is nothing to confirm.")]
    NothingToConfirm,
    /// The role asks for a second factor.
    #[error("Your role asks for a second factor. You can replace it, but not take it away.")]
    FactorRequired,
    /// The machine could not do the work just now.
    #[error("Many people are signing in just now. Please try again in a moment.")]
    Busy,
}

impl Accounts {
    /// A secret, as an authenticator app of this account would know it.
    fn secret(&self, bytes: &[u8], account: &Account) -> Secret {
        Secret::new(bytes, &self.line, &account.login)
    }

    /// Whether a new password is weak for this person.
    fn weak(&self, password: &str, login: &str, name: &str) -> Option<Weak> {
        Weak::in_password(password, &[login, name, &self.line])
    }

    /// The hash of a new password, unless it is weak for this person.
    async fn new_password(
        &self,
        password: String,
        login: &str,
        name: &str,
    ) -> Result<String, Refused> {
        if let Some(weak) = self.weak(&password, login, name) {
            return Err(weak.into());
        }
        self.passwords.hash(password).await.ok_or(Refused::Busy)
    }
}

/// A login as it is kept: people do not remember how they wrote their address.
fn normal_login(login: &str) -> String {
    login.trim().to_lowercase()
}

/// A login and a name that an account can have.
fn checked(login: &str, name: &str) -> Result<(String, String), Refused> {
    let (login, name) = (normal_login(login), name.trim().to_owned());
    let odd = |c: char| c.is_whitespace() || is_unseen(c);
    if !login.contains('@') || login.len() > 200 || login.contains(odd) {
        return Err(Refused::Login);
    }
    if name.is_empty() || name.chars().count() > 80 {
        return Err(Refused::Name);
    }
    name::check(&name)?;
    Ok((login, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_an_address_and_a_name_is_short() {
        let fine = checked(" Second@Example.ORG ", " Second ");
        assert_eq!(
            fine,
            Ok(("second@example.org".to_owned(), "Second".to_owned()))
        );
        for login in ["second", "", "second @example.org", "second@example.org\0"] {
            assert_eq!(checked(login, "Second"), Err(Refused::Login), "{login}");
        }
        let long = "x".repeat(81);
        for name in ["", "  ", &long] {
            assert_eq!(
                checked("second@example.org", name),
                Err(Refused::Name),
                "{name}"
            );
        }
        for (name, odd) in [
            ("Se\ncond", OddName::Unseen),
            ("Second\u{202e}tsriF", OddName::Unseen),
            ("Se\u{200b}cond", OddName::Unseen),
            ("S\u{435}cond", OddName::Mixed),
        ] {
            let refused = checked("second@example.org", name);
            assert_eq!(refused, Err(Refused::OddName(odd)), "{name}");
        }
    }

    #[test]
    fn a_wait_is_said_in_words() {
        let said = |seconds| words(Duration::from_secs(seconds));
        assert_eq!(
            [0, 59, 60, 61, 900].map(said),
            ["1 s", "59 s", "1 min", "2 min", "15 min"]
        );
    }
}
