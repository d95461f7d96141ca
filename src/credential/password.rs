//! Passwords: hashed with argon2id, a few at once, so that a flood of sign-ins leaves the machine to
//! those who text; and refused when they are easy to guess.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zxcvbn::{Score, zxcvbn};

use crate::id::{IdSource, random};

/// The shortest password that is taken, in characters. NIST SP 800-63B asks for 8 at least, and for
/// 15 where there is no second factor; its rules on kinds of characters are none, like ours.
pub const SHORTEST_PASSWORD: usize = 12;
/// The longest, so that hashing cannot be made to work for nothing.
pub const LONGEST_PASSWORD: usize = 256;

/// How many wait for their turn in one queue before the next is sent away.
const WAITING: usize = 32;

/// Memory in KiB, rounds and lanes: OWASP, Password Storage Cheat Sheet (m=19 MiB, t=2, p=1).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Who waits for a turn. Each queue has one turn of its own: strangers who flood the door do not stand
/// in the way of those who were here before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Someone with a session, a link, or a browser that is known.
    Known,
    /// Anyone else.
    Strangers,
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too few characters.
    #[error(
        "Please choose a password of {SHORTEST_PASSWORD} characters or more. A few words are good."
    )]
    TooShort,
    /// Too many characters.
    #[error("Please choose a password of at most {LONGEST_PASSWORD} characters.")]
    TooLong,
    /// Among the first that somebody would try.
    #[error(
        "This password is easy to guess: it is common, follows a pattern, or holds your name or ours. A few words that have nothing to do with each other are good."
    )]
    Guessable,
}

/// A password that was checked, and what else is to be done.
#[derive(Debug, PartialEq, Eq)]
pub struct Hashed {
    /// Whether it fits.
    pub fits: bool,
    /// The new hash to keep when it fits, and the old one was made with less work than ours takes now.
    pub stronger: Option<String>,
}

/// Hashes and checks passwords with argon2id, one at a time in each queue.
#[derive(Clone)]
pub struct Passwords {
    known: Arc<Turns>,
    strangers: Arc<Turns>,
    ids: Arc<dyn IdSource>,
    argon2: Argon2<'static>,
}

struct Turns {
    waiting: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(WAITING)),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

/// The right to hash now: 19 MiB and a core.
pub struct Turn {
    passwords: Passwords,
    /// Kept by the work itself: a caller who hangs up does not make room while it still goes on.
    held: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Passwords {
    /// With the cost of today.
    #[must_use]
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        let (memory, rounds, lanes) = COST;
        // These are within the bounds of the algorithm; were they not, its own defaults are the same.
        let params = Params::new(memory, rounds, lanes, None).unwrap_or_default();
        Self {
            known: Arc::default(),
            strangers: Arc::default(),
            ids,
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
        }
    }

    /// Waits for a turn. `None` when too many wait already: they are to try again in a moment.
    pub async fn turn(&self, queue: Queue) -> Option<Turn> {
        let turns = match queue {
            Queue::Known => &self.known,
            Queue::Strangers => &self.strangers,
        };
        let waiting = Arc::clone(&turns.waiting).try_acquire_owned().ok()?;
        let turn = Arc::clone(&turns.turn).acquire_owned().await.ok()?;
        Some(Turn {
            passwords: self.clone(),
            held: (waiting, turn),
        })
    }

    /// The hash of a password, in PHC string form, for who is known. `None` when the machine could not
    /// make one just now.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.turn(Queue::Known).await?.hash(password).await
    }
}

impl Turn {
    /// The hash of a password, in PHC string form. `None` if the machine could not make one.
    pub async fn hash(self, password: String) -> Option<String> {
        let salt: [u8; 16] = random(&*self.passwords.ids);
        let argon2 = self.passwords.argon2.clone();
        self.work(move || hash(&argon2, &password, &salt))
            .await
            .flatten()
    }

    /// Whether a password is the one of a hash. Without a hash it takes as long and does not fit, so
    /// that a stopwatch does not tell which accounts exist.
    pub async fn check(self, password: String, kept: Option<String>) -> Hashed {
        let salt: [u8; 16] = random(&*self.passwords.ids);
        let argon2 = self.passwords.argon2.clone();
        let wrong = Hashed {
            fits: false,
            stronger: None,
        };
        let checked = self.work(move || {
            let known = kept
                .as_deref()
                .and_then(|kept| PasswordHash::new(kept).ok());
            let Some(kept) = known else {
                let _ = hash(&argon2, &password, &salt);
                return false.into();
            };
            let fits = argon2.verify_password(password.as_bytes(), &kept).is_ok();
            let weak = fits && is_weaker(&kept, argon2.params());
            Hashed {
                fits,
                stronger: weak.then(|| hash(&argon2, &password, &salt)).flatten(),
            }
        });
        checked.await.unwrap_or(wrong)
    }

    async fn work<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let held = self.held;
        let work = move || {
            let done = work();
            drop(held);
            done
        };
        tokio::task::spawn_blocking(work).await.ok()
    }
}

impl From<bool> for Hashed {
    fn from(fits: bool) -> Self {
        Self {
            fits,
            stronger: None,
        }
    }
}

fn hash(argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Option<String> {
    let hash = argon2.hash_password_with_salt(password.as_bytes(), salt);
    hash.ok().map(|hash| hash.to_string())
}

/// Whether a hash took less work than we ask for now.
fn is_weaker(hash: &PasswordHash, now: &Params) -> bool {
    let then = Params::try_from(hash);
    let less = |then: &Params| {
        then.m_cost() < now.m_cost() || then.t_cost() < now.t_cost() || then.p_cost() < now.p_cost()
    };
    hash.algorithm.as_str() != "argon2id" || then.is_ok_and(|then| less(&then))
}

impl Weak {
    /// Why a password is not taken, if so. `names` are words that its owner is known by: login, name,
    /// line.
    #[must_use]
    pub fn in_password(password: &str, names: &[&str]) -> Option<Self> {
        let length = password.chars().count();
        if length < SHORTEST_PASSWORD {
            return Some(Self::TooShort);
        }
        if length > LONGEST_PASSWORD {
            return Some(Self::TooLong);
        }
        let joined: Vec<String> = names
            .iter()
            .map(|name| name.chars().filter(|c| c.is_alphanumeric()).collect())
            .collect();
        let names: Vec<&str> = names
            .iter()
            .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()).chain([*name]))
            .chain(joined.iter().map(String::as_str))
            .filter(|word| word.len() > 2)
            .chain(["harborline", "helpline", "crisis", "responder"])
            .collect();
        // Three: more than a hundred million guesses (USENIX Security 2016, Wheeler).
        (zxcvbn(password, &names).score() < Score::Three).then_some(Self::Guessable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SeededIds;

    const PASSWORD: &str = "correct horse battery";

    fn passwords() -> Passwords {
        Passwords::new(Arc::new(SeededIds::new(1)))
    }

    async fn check(password: &str, hash: Option<String>) -> Hashed {
        let passwords = passwords();
        let turn = passwords.turn(Queue::Strangers).await.unwrap();
        turn.check(password.to_owned(), hash).await
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hash = passwords().hash(PASSWORD.to_owned()).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert_eq!(check(PASSWORD, Some(hash.clone())).await, true.into());
        assert_eq!(check("incorrect horse", Some(hash)).await, false.into());
        assert_eq!(check(PASSWORD, None).await, false.into());
        assert_eq!(
            check(PASSWORD, Some("no password".to_owned())).await,
            false.into()
        );
    }

    #[tokio::test]
    async fn a_hash_of_less_work_is_replaced_when_its_password_comes() {
        let params = Params::new(8 * 1024, 1, 1, None).unwrap();
        let earlier = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let weak = hash(&earlier, PASSWORD, &[7; 16]).unwrap();
        let checked = check(PASSWORD, Some(weak.clone())).await;
        let stronger = checked.stronger.unwrap();
        assert!(
            checked.fits && stronger.contains("m=19456,t=2"),
            "{stronger}"
        );
        assert_eq!(check(PASSWORD, Some(stronger)).await, true.into());
        assert_eq!(check("incorrect horse", Some(weak)).await, false.into());
    }

    #[tokio::test]
    async fn a_flood_of_strangers_waits_in_a_queue_of_its_own_and_it_ends() {
        let passwords = passwords();
        let first = passwords.turn(Queue::Strangers).await.unwrap();
        let mut waiting: Vec<_> = (1..WAITING)
            .map(|_| Box::pin(passwords.turn(Queue::Strangers)))
            .collect();
        for turn in &mut waiting {
            assert!(futures_util::poll!(turn).is_pending());
        }
        assert!(
            passwords.turn(Queue::Strangers).await.is_none(),
            "sent away at once"
        );
        let known = passwords.turn(Queue::Known).await.unwrap();
        assert!(known.check(PASSWORD.to_owned(), None).await == false.into());
        drop(first);
        assert!(
            waiting.remove(0).await.is_some(),
            "the next one in the queue"
        );
        drop(waiting);
        assert!(passwords.turn(Queue::Strangers).await.is_some());
    }

    #[test]
    fn common_passwords_patterns_and_names_are_refused() {
        let names = ["second.person@example.org", "Second", "Example Line"];
        for weak in [
            "password1234",
            "123456789012",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "Password2026!",
            "Harborline2026",
            "exampleline!!",
            "second.person@example.org",
            "letmeinletmein",
        ] {
            assert_eq!(
                Weak::in_password(weak, &names),
                Some(Weak::Guessable),
                "{weak}"
            );
        }
        assert_eq!(Weak::in_password("short", &names), Some(Weak::TooShort));
        assert_eq!(
            Weak::in_password(&"ü".repeat(257), &names),
            Some(Weak::TooLong)
        );
        for good in [
            PASSWORD,
            "a long enough password",
            "лодка камень восемь",
            "k9 Wd!q3 Zp?v8 Lx",
        ] {
            assert_eq!(Weak::in_password(good, &names), None, "{good}");
        }
    }
}
