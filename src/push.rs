//! Push: tells browsers that a case waits, as long as their session lasts. Floor 3.
//!
//! What is said is the same for every case and names nobody. It comes on top of pages, never in their place:
//! no ladder waits for it, and nothing is acknowledged by it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::id::IdSource;
use crate::locale::Locale;
use crate::pager::Pagers;
use crate::pager::push::{PushKey, Pushed, Subscription};
use crate::store::{DuePush, Session, Store, StoreError};

/// What is said.
const fn words(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "A case waits. Open Harborline to take it.",
        Locale::Es => "Espera un caso. Abra Harborline para tomarlo.",
    }
}
/// How long a case waits until it is said again.
const AGAIN: Duration = Duration::from_mins(2);
/// How long one try may take before another may begin: longer than a request.
const TRY: Duration = Duration::from_secs(30);
/// After a failure, and after each further one as long again.
const PAUSE: Duration = Duration::from_secs(30);
/// As often in a row, and the browser is taken for gone.
const MOST_FAILURES: i32 = 20;
/// How many are told at once.
const AT_ONCE: u16 = 50;

/// Tells browsers that a case waits.
pub struct Pushes {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// For the key that signs.
    pub ids: Arc<dyn IdSource>,
    /// Carries them out, under the rules of webhooks.
    pub pagers: Arc<Pagers>,
    /// Whom a push service asks when something is wrong: an `https:` or `mailto:` address.
    pub contact: String,
    /// How long a session holds: from its start, and from its last use.
    pub sessions: (Duration, Duration),
}

/// Why a browser cannot be told; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It named no place that a push can go to.
    #[error("This browser named a place that cannot be told: {0}. Try another browser.")]
    Place(&'static str),
}

impl Pushes {
    /// The public key that a browser subscribes to; made when it is first asked for.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept.
    pub async fn key(&self) -> Result<PushKey, StoreError> {
        let known = self.store.read().await?.push_key().await?;
        if let Some(key) = known.as_deref().and_then(PushKey::of) {
            return Ok(key);
        }
        let fresh = PushKey::new_bytes(&*self.ids);
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                // Two who ask at once get the same.
                if let Some(key) = tx.push_key().await?
                    && PushKey::of(&key).is_some()
                {
                    return Ok(key);
                }
                tx.keep_push_key(&fresh).await?;
                Ok(fresh.to_vec())
            })
        });
        let kept = unit.await?;
        PushKey::of(&kept).ok_or_else(|| StoreError::Corrupt {
            table: "settings",
            id: Uuid::nil(),
            why: "push_key is no key".to_owned(),
        })
    }

    /// Lets the browser of a session be told.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn subscribe(
        &self,
        session: &Session,
        to: Subscription,
    ) -> Result<Result<(), Refused>, StoreError> {
        if let Err(why) = to.check(self.pagers.webhooks.allow_private) {
            return Ok(Err(Refused::Place(why)));
        }
        // Plain data with string keys: serialising it cannot fail.
        let endpoint = Arc::new(serde_json::to_vec(&to).unwrap_or_default());
        let (session, now) = (session.id, self.clock.now());
        let unit = self.store.write(move |tx| {
            let endpoint = Arc::clone(&endpoint);
            Box::pin(async move { tx.subscribe_push(session, &endpoint, now).await })
        });
        unit.await.map(Ok)
    }

    /// The browser of a session is told nothing any more.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be kept.
    pub async fn unsubscribe(&self, session: &Session) -> Result<(), StoreError> {
        let session = session.id;
        let unit = self
            .store
            .write(move |tx| Box::pin(async move { tx.unsubscribe_push(session).await }));
        unit.await
    }

    /// Tells every browser that is to be told now. Returns how many were tried.
    ///
    /// # Errors
    /// [`StoreError`]; who was taken is tried again after a while.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mine = self.taken(now).await?;
        if mine.is_empty() {
            return Ok(0);
        }
        let key = self.key().await?;
        let told = join_all(mine.into_iter().map(|due| self.told(due, &key, now))).await;
        let count = told.len();
        let told = Arc::new(told);
        let unit = self.store.write(move |tx| {
            let told = Arc::clone(&told);
            Box::pin(async move {
                for (due, outcome) in told.iter() {
                    match outcome {
                        Pushed::Taken => tx.push_taken(due.id, now).await?,
                        Pushed::Later if due.failures < MOST_FAILURES => {
                            let failures = u32::try_from(due.failures + 1).unwrap_or(1);
                            tx.push_failed(due.id, now.plus(PAUSE * failures)).await?;
                        }
                        Pushed::Gone | Pushed::Later => tx.drop_push(due.id).await?,
                    }
                }
                Ok(())
            })
        });
        unit.await?;
        Ok(count)
    }

    /// Who is to be told now, taken for one try.
    async fn taken(&self, now: At) -> Result<Vec<DuePush>, StoreError> {
        let (longest, idle) = self.sessions;
        let good = (now.minus(longest), now.minus(idle));
        let again = now.minus(AGAIN);
        // Most looks find nothing, and a read keeps nobody from writing.
        let mut tx = self.store.read().await?;
        let due = tx.pushes_due(now, again, good, AT_ONCE).await?;
        drop(tx);
        if due.is_empty() {
            return Ok(due);
        }
        let due = Arc::new(due);
        let unit = self.store.write(move |tx| {
            let due = Arc::clone(&due);
            Box::pin(async move {
                let mut mine = Vec::new();
                for one in due.iter() {
                    if tx.claim_push(one.id, now, now.plus(TRY)).await? {
                        mine.push(one.clone());
                    }
                }
                Ok(mine)
            })
        });
        unit.await
    }

    async fn told(&self, due: DuePush, key: &PushKey, now: At) -> (DuePush, Pushed) {
        let outcome = match serde_json::from_slice::<Subscription>(&due.endpoint) {
            Ok(to) => {
                let webhooks = &self.pagers.webhooks;
                let words = words(due.locale.unwrap_or_default());
                webhooks.push(&to, key, &self.contact, words, now).await
            }
            Err(_) => Pushed::Gone,
        };
        (due, outcome)
    }
}
