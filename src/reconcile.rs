//! Reconciliation: asks the providers which texts came in, and takes in those that no hook brought
//! (promises P1 and P5). Floor 3.
//!
//! It deliberately leaves the last minute alone, because a hook may still be on its way, and it never
//! moves its checkpoint past a text that was not taken in. One replica looks at a time, by a lease.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::feed::Feed;
use crate::gateway::client::send_up_to;
use crate::gateway::{Gateway, Gateways, Listed, Named};
use crate::intake::Intake;
use crate::oncall::{IncidentKind, Operator};
use crate::store::{Store, StoreError, Tally, Tx};

/// A text that is younger may still come by its hook: Twilio alone tries for 15 s, and its fallback after.
const SETTLED: Duration = Duration::from_mins(1);
/// The most pages of a list that one look reads. What is beyond is read by the next looks: the
/// checkpoint stays.
const MOST_PAGES: usize = 50;
/// The most of one page that is read, in bytes: a hundred texts of Twilio have some 200 KiB.
const MOST_OF_A_PAGE: usize = 4 * 1024 * 1024;
/// After so many texts that could not be fetched a look ends: the provider may be away, and each may
/// have taken its time.
const UNFETCHED: usize = 3;
/// After so many looks in a row that failed, the operator is told.
const FAILURES: i64 = 3;

/// Finds what was missed.
pub struct Reconcile {
    /// Where checkpoints are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is asked.
    pub gateways: Gateways,
    /// The client that carries requests out.
    pub client: reqwest::Client,
    /// Takes in what was missed.
    pub intake: Arc<Intake>,
    /// Who is told.
    pub operator: Arc<Operator>,
    /// Wakes the outbox.
    pub feed: Feed,
    /// This process, for the lease.
    pub holder: Uuid,
    /// From one look to the next.
    pub every: Duration,
    /// How far each look goes back behind the one before.
    pub look_back: Duration,
    /// When this process looks next.
    pub next: NextLook,
}

/// Where a gateway stands, as it is kept in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Checkpoint {
    /// Everything that came in before is taken in; none before the first look.
    up_to: Option<At>,
    /// How many looks in a row have failed.
    failures: i64,
}

impl Checkpoint {
    async fn read(tx: &mut Tx, gateway: &str) -> Result<Self, StoreError> {
        let kept = tx.setting(&setting(gateway)).await?;
        // One that cannot be read is as good as none: the look goes back as far as the first one.
        Ok(kept
            .and_then(|kept| serde_json::from_slice(&kept).ok())
            .unwrap_or_default())
    }

    async fn keep(&self, tx: &mut Tx, gateway: &str) -> Result<(), StoreError> {
        let kept = serde_json::to_vec(self).unwrap_or_default();
        tx.set_setting(&setting(gateway), &kept).await
    }
}

fn setting(gateway: &str) -> String {
    format!("reconcile.{gateway}")
}

/// Why a look came to no end; what it had taken in stays.
enum Broken {
    /// The provider cannot be asked, or its answer cannot be read.
    Provider,
    /// A text was not taken in, or a checkpoint not kept.
    Store(StoreError),
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Reconcile {
    /// Looks, if it is time and no other replica does, and says how many texts it took in. A worker
    /// may call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: the next look begins where this one did.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.next.is_due(now) {
            return Ok(0);
        }
        self.next.set(now.plus(self.every));
        let lists = |gateway: &&Arc<dyn Gateway>| gateway.build_list(now, None).is_some();
        let listing: Vec<Arc<dyn Gateway>> = self.gateways.all().filter(lists).cloned().collect();
        if listing.is_empty() {
            return Ok(0);
        }
        let (holder, every) = (self.holder, self.every);
        let lease = self.store.write(move |tx| {
            Box::pin(async move { tx.take_lease("reconcile", holder, now, every).await })
        });
        if !lease.await? {
            return Ok(0);
        }
        let (mut taken, mut failed) = (0, None);
        for gateway in listing {
            // One gateway that fails must not keep the others from being looked at.
            match self.look(gateway.as_ref(), now).await {
                Ok(count) => taken += count,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(taken), Err)
    }

    async fn look(&self, gateway: &dyn Gateway, now: At) -> Result<usize, StoreError> {
        let name = gateway.name();
        let before = Checkpoint::read(&mut self.store.read().await?, name).await?;
        let since = before.up_to.unwrap_or(now).minus(self.look_back);
        let mut missed = 0;
        let ended = self.take_in(gateway, since, now, &mut missed).await;
        let after = match &ended {
            Ok(()) => Checkpoint {
                up_to: Some(now),
                failures: 0,
            },
            Err(Broken::Provider) => Checkpoint {
                failures: before.failures + 1,
                // The first look counts from here on, however long it takes to succeed.
                up_to: before.up_to.or(Some(now)),
            },
            Err(Broken::Store(_)) => before,
        };
        let operator = Arc::clone(&self.operator);
        let (name, found) = (name.to_owned(), missed);
        let kept = self.store.write(move |tx| {
            let (operator, name, after) = (Arc::clone(&operator), name.clone(), after.clone());
            Box::pin(async move { note(tx, &operator, &name, &after, found, now).await })
        });
        kept.await?;
        self.feed.wake_outbox();
        match ended {
            Err(Broken::Store(error)) => Err(error),
            _ => Ok(usize::try_from(missed).unwrap_or(0)),
        }
    }

    /// Reads the list page by page and takes in what is unknown.
    async fn take_in(
        &self,
        gateway: &dyn Gateway,
        since: At,
        now: At,
        missed: &mut i64,
    ) -> Result<(), Broken> {
        let (mut page, mut unfetched) = (None, 0);
        for _ in 0..MOST_PAGES {
            let request = gateway
                .build_list(since, page.as_deref())
                .ok_or(Broken::Provider)?;
            let answer = send_up_to(&self.client, request, MOST_OF_A_PAGE).await;
            let Some(listing) = gateway.read_list(since, answer.as_result()) else {
                tracing::warn!(gateway = %gateway.name(), "the list of inbound texts could not be read");
                return Err(Broken::Provider);
            };
            let mut listed = listing.inbound;
            // Providers list the latest first; a conversation reads the other way.
            listed.sort_by_key(|listed| listed.at);
            for text in listed {
                *missed += i64::from(self.one(gateway.name(), text, now).await?);
            }
            let mut named = listing.named;
            named.sort_by_key(|named| named.at);
            for text in named {
                if !self.is_missing(gateway.name(), &text, now).await? {
                    continue;
                }
                // One that cannot be fetched must not keep the others from being taken in.
                match self.fetch(gateway, text).await {
                    Some(text) => *missed += i64::from(self.one(gateway.name(), text, now).await?),
                    None => unfetched += 1,
                }
                if unfetched >= UNFETCHED {
                    return Err(Broken::Provider);
                }
            }
            page = listing.next;
            if page.is_none() {
                return if unfetched == 0 {
                    Ok(())
                } else {
                    Err(Broken::Provider)
                };
            }
        }
        tracing::warn!(gateway = %gateway.name(), "the list of inbound texts is longer than one look reads");
        Err(Broken::Provider)
    }

    /// Whether a text that a list names is to be fetched: old enough, and unknown.
    async fn is_missing(&self, gateway: &str, text: &Named, now: At) -> Result<bool, StoreError> {
        if is_young(text.at, now) {
            return Ok(false);
        }
        let mut tx = self.store.read().await?;
        Ok(!tx.knows_inbound(gateway, &text.gateway_ref).await?)
    }

    /// The text behind a name, words and all.
    async fn fetch(&self, gateway: &dyn Gateway, text: Named) -> Option<Listed> {
        let request = gateway.build_fetch(&text.gateway_ref)?;
        let answer = send_up_to(&self.client, request, MOST_OF_A_PAGE).await;
        let inbound = gateway.read_fetch(answer.as_result());
        if inbound.is_none() {
            tracing::warn!(gateway = %gateway.name(), "an inbound text of the list could not be fetched");
        }
        let at = text.at;
        inbound.map(|inbound| Listed { inbound, at })
    }

    /// Takes in one listed text, and says whether it had been missed.
    async fn one(&self, gateway: &str, text: Listed, now: At) -> Result<bool, StoreError> {
        let Listed { inbound, at } = text;
        if is_young(at, now) {
            return Ok(false);
        }
        let reference = inbound.gateway_ref.clone();
        let mut tx = self.store.read().await?;
        if tx.knows_inbound(gateway, &reference).await? {
            return Ok(false);
        }
        let held = tx.held_as(gateway, &reference).await?;
        drop(tx);
        let sent_at = at.unwrap_or(now);
        self.intake.late(gateway, inbound, sent_at).await?;
        tracing::warn!(%gateway, "a text that no hook had brought was found at the provider");
        let Some(held) = held else {
            return Ok(true);
        };
        // The provider vouches for it: no signature was needed.
        self.store
            .write(move |tx| {
                Box::pin(async move { tx.held_done(held, now, "confirmed_by_provider").await })
            })
            .await?;
        Ok(false)
    }
}

/// Whether the hook of a text may still be on its way.
fn is_young(at: Option<At>, now: At) -> bool {
    at.is_some_and(|at| at > now.minus(SETTLED))
}

/// Keeps the checkpoint and tells the operator what it means.
async fn note(
    tx: &mut Tx,
    operator: &Operator,
    gateway: &str,
    after: &Checkpoint,
    missed: i64,
    now: At,
) -> Result<(), StoreError> {
    after.keep(tx, gateway).await?;
    if missed > 0 {
        let what = (IncidentKind::MissedHook, gateway);
        tx.raise(operator, what, Tally::More(missed), &json!({}), now)
            .await?;
    }
    match after.failures {
        0 => tx.over(operator, IncidentKind::Listing, gateway, now).await,
        failures if failures >= FAILURES => {
            let what = (IncidentKind::Listing, gateway);
            tx.raise(operator, what, Tally::Now(failures), &json!({}), now)
                .await
        }
        _ => Ok(()),
    }
}
