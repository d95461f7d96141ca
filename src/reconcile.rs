//! Reconciliation: asks the providers which texts came in, and takes in those that no hook brought
//! (promises P1 and P5). Floor 3.
//!
//! It deliberately leaves the last minute alone, because a hook may still be on its way. Its checkpoint
//! says up to when all was listed, where a long list goes on, and which texts are still owed: so no
//! list is read twice to its end, and a restart leaves no gap. One replica looks at a time, by a lease.

mod checkpoint;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::feed::Feed;
use crate::gateway::client::send_up_to;
use crate::gateway::{Fetched, Gateway, Gateways, Listed, Listing, Named};
use crate::intake::Intake;
use crate::oncall::{IncidentKind, Operator, REFUSED};
use crate::store::{Store, StoreError, Tally, Tx};
use checkpoint::{Checkpoint, Going, Owed};

/// A text that is younger may still come by its hook: Twilio alone tries for 15 s, and its fallback after.
const SETTLED: Duration = Duration::from_mins(1);
/// The most pages of a list that one look reads. The next one goes on from there.
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

/// What a look found.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// Texts that no hook had brought, and that were taken in.
    missed: i64,
    /// Texts that the provider names and does not hand out.
    lost: i64,
    /// Texts that a database which is well does not take.
    refused: i64,
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
        let (mut after, mut found) = (before.clone(), Found::default());
        let ended = self.take_in(gateway, &mut after, now, &mut found).await;
        let failures = before.failures + 1;
        match &ended {
            Ok(()) => after.failures = 0,
            Err(Broken::Provider) => after.failures = failures,
            Err(Broken::Store(_)) => after = Checkpoint { failures, ..before },
        }
        // The first look counts from here on, however long it takes to succeed.
        after.up_to = after.up_to.or(Some(now));
        let operator = Arc::clone(&self.operator);
        let name = name.to_owned();
        let kept = self.store.write(move |tx| {
            let (operator, name, after) = (Arc::clone(&operator), name.clone(), after.clone());
            Box::pin(async move { note(tx, &operator, &name, &after, found, now).await })
        });
        kept.await?;
        self.feed.wake_outbox();
        match ended {
            Err(Broken::Store(error)) => Err(error),
            _ => Ok(usize::try_from(found.missed).unwrap_or(0)),
        }
    }

    /// Asks for what is owed, then reads the list from where it stands and takes in what is unknown.
    async fn take_in(
        &self,
        gateway: &dyn Gateway,
        checkpoint: &mut Checkpoint,
        now: At,
        found: &mut Found,
    ) -> Result<(), Broken> {
        let mut well = self.settle_owed(gateway, checkpoint, now, found).await?;
        let mut going = checkpoint.next(now, self.look_back);
        let begun_before = checkpoint.going.is_some();
        for pages in 0..MOST_PAGES {
            let Some(listing) = self.page(gateway, &going).await else {
                // A place in a list does not last for ever: found again in vain, it begins anew.
                checkpoint.going = (pages > 0 || !begun_before).then_some(going);
                return Err(Broken::Provider);
            };
            checkpoint.going = Some(going.clone());
            let mut listed = listing.inbound;
            // Providers list the latest first; a conversation reads the other way.
            listed.sort_by_key(|listed| listed.at);
            for text in listed {
                let name = Named {
                    gateway_ref: text.inbound.gateway_ref.clone(),
                    at: text.at,
                };
                if !self.takes(gateway.name(), text, now, found).await? {
                    found.refused += i64::from(checkpoint.refuse(&name, now));
                }
            }
            let mut named = listing.named;
            named.sort_by_key(|named| named.at);
            well &= self
                .fetch_all(gateway, named, checkpoint, now, found)
                .await?;
            going.page = listing.next;
            if going.page.is_none() {
                checkpoint.going = None;
                checkpoint.up_to = Some(going.until);
                return if well { Ok(()) } else { Err(Broken::Provider) };
            }
            checkpoint.going = Some(going.clone());
        }
        tracing::info!(gateway = %gateway.name(), "the list of inbound texts is longer than one look reads: the next one goes on");
        if well { Ok(()) } else { Err(Broken::Provider) }
    }

    /// A page of the list; none when it cannot be read.
    async fn page(&self, gateway: &dyn Gateway, going: &Going) -> Option<Listing> {
        let request = gateway.build_list(going.since, going.page.as_deref())?;
        let answer = send_up_to(&self.client, request, MOST_OF_A_PAGE).await;
        let listing = gateway.read_list(going.since, answer.as_result());
        if listing.is_none() {
            tracing::warn!(gateway = %gateway.name(), "the list of inbound texts could not be read");
        }
        listing
    }

    /// Fetches the texts of a page that are unknown, and says whether the provider handed them out.
    /// Those that it did not are owed: the list goes on without them.
    async fn fetch_all(
        &self,
        gateway: &dyn Gateway,
        named: Vec<Named>,
        checkpoint: &mut Checkpoint,
        now: At,
        found: &mut Found,
    ) -> Result<bool, Broken> {
        let mut refused = 0;
        for text in named {
            let owed = checkpoint.owes(&text.gateway_ref);
            if owed || !self.is_missing(gateway.name(), &text, now).await? {
                continue;
            }
            match self.fetch(gateway, &text.gateway_ref).await {
                Fetched::Text(inbound) => {
                    let at = text.at;
                    let whole = Listed { inbound, at };
                    if !self.takes(gateway.name(), whole, now, found).await? {
                        found.refused += i64::from(checkpoint.refuse(&text, now));
                    }
                    continue;
                }
                Fetched::NotNow => refused += 1,
                Fetched::Nothing => {}
            }
            if !checkpoint.owe(&text, now) || refused >= UNFETCHED {
                // The rest of this page is for the next look.
                return Err(Broken::Provider);
            }
        }
        Ok(refused == 0)
    }

    /// Asks once more for what is owed, and says whether the provider could be asked. What is known by
    /// now is owed no longer; what is given up is remembered for as long as lists name it.
    async fn settle_owed(
        &self,
        gateway: &dyn Gateway,
        checkpoint: &mut Checkpoint,
        now: At,
        found: &mut Found,
    ) -> Result<bool, Broken> {
        let name = gateway.name();
        let (mut refused, mut still) = (0, Vec::new());
        for owed in std::mem::take(&mut checkpoint.owed) {
            let mut tx = self.store.read().await?;
            if tx.knows_inbound(name, &owed.gateway_ref).await? {
                continue;
            }
            drop(tx);
            // After so many in vain the others wait for the next look.
            if owed.given_up || refused >= UNFETCHED {
                still.push(owed);
                continue;
            }
            let there = match self.fetch(gateway, &owed.gateway_ref).await {
                Fetched::Text(inbound) => {
                    let at = owed.at;
                    let text = Listed { inbound, at };
                    if !self.takes(name, text, now, found).await? {
                        found.refused += 1;
                        still.push(Owed {
                            given_up: true,
                            ..owed
                        });
                    }
                    continue;
                }
                Fetched::NotNow => true,
                Fetched::Nothing => false,
            };
            refused += usize::from(there);
            let given_up = owed.is_too_late(there, now);
            if given_up {
                tracing::error!(gateway = %name, "the provider names a text that it does not hand out: look for it in its own message log");
                found.lost += 1;
            }
            still.push(Owed { given_up, ..owed });
        }
        still.retain(|owed| !owed.is_forgotten(now, self.look_back));
        checkpoint.owed = still;
        Ok(refused == 0)
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
    async fn fetch(&self, gateway: &dyn Gateway, gateway_ref: &str) -> Fetched {
        // An id that cannot be asked for leads to nothing.
        let Some(request) = gateway.build_fetch(gateway_ref) else {
            return Fetched::Nothing;
        };
        let answer = send_up_to(&self.client, request, MOST_OF_A_PAGE).await;
        let fetched = gateway.read_fetch(answer.as_result());
        if !matches!(fetched, Fetched::Text(_)) {
            tracing::warn!(gateway = %gateway.name(), "an inbound text of the list could not be fetched");
        }
        fetched
    }

    /// Takes in one listed text, and counts it if it had been missed. `false` when the database does not take
    /// this very text: that must not hold up those after it.
    async fn takes(
        &self,
        gateway: &str,
        text: Listed,
        now: At,
        found: &mut Found,
    ) -> Result<bool, StoreError> {
        match self.one(gateway, text, now).await {
            Ok(missed) => {
                found.missed += i64::from(missed);
                Ok(true)
            }
            Err(error) if error.is_of_the_work() => {
                tracing::error!(%gateway, %error, "a text of the list was refused by the database: look for it in the provider's own message log");
                Ok(false)
            }
            Err(error) => Err(error),
        }
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
    found: Found,
    now: At,
) -> Result<(), StoreError> {
    after.keep(tx, gateway).await?;
    let kinds = [
        (IncidentKind::MissedHook, found.missed, json!({})),
        (IncidentKind::Unfetched, found.lost, json!({})),
        (
            IncidentKind::Unfetched,
            found.refused,
            json!({ "why": REFUSED }),
        ),
    ];
    for (kind, count, detail) in kinds {
        if count > 0 {
            let count = Tally::More(count);
            tx.raise(operator, (kind, gateway), count, &detail, now)
                .await?;
        }
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
