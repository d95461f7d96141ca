//! Fail-safe: what came in is answered and kept even when the store cannot take it (promises P3
//! and P5). Floor 3.
//!
//! A text that could not be stored in time goes into the spool, and only then is it acknowledged. A
//! crisis is answered with 988 in the response to the hook, or by a request of its own where the
//! gateway carries no reply there; who is on call is paged from the roster in memory, and so they are
//! for who asks for a person or may not be safe. Other texts get a holding line. When the store is back, [`replay`](FailSafe::replay) hands everything to the
//! normal decision.

mod held;
mod limits;
mod rehearse;
mod replay;
mod told;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::OptionFuture;
use serde_json::json;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::dispatch::{Apart, Dispatch};
use crate::gateway::{Caps, Inbound, Receipt};
use crate::incidents::Incidents;
use crate::intake::{Arrival, Intake, NotStored, Taken};
use crate::lane::Lane;
use crate::meter::{self, Fate};
use crate::oncall::IncidentKind;
use crate::phone::PhoneNumber;
use crate::roster::LastRoster;
use crate::spool::{Entry, Kept, KeptText, Spool};
use crate::store::Store;
use crate::text::MessageBody;
use held::Spent;
use limits::Limits;
pub use rehearse::Rehearsed;
use replay::Tries;
use told::Told;
use watch::Watch;

/// How much longer than the texter a late commit may take before everyone on call is paged without
/// it: a busy disk is no outage.
const PAGE_WAIT: Duration = Duration::from_secs(2);

/// Takes in what the hooks bring, whatever the store does.
pub struct FailSafe {
    /// Decides texts.
    pub intake: Arc<Intake>,
    /// Where everything goes that the store cannot take.
    pub spool: Arc<Spool>,
    /// Takes receipts in, and sends what must leave without the store.
    pub dispatch: Arc<Dispatch>,
    /// Asked whether it is well.
    store: Store,
    /// Who is paged.
    roster: Arc<LastRoster>,
    /// Tells the operator what could not be kept.
    incidents: Arc<Incidents>,
    told: Told,
    spent: Spent,
    tries: Tries,
    watch: Watch,
}

/// What goes back in the response to the hook.
#[derive(Debug)]
pub struct Answer {
    /// Who texted.
    pub to: PhoneNumber,
    /// The words.
    pub body: MessageBody,
    /// The outbox row that receipts should name; none for a holding line, which is no answer.
    pub outbox_id: Option<Uuid>,
}

/// It was kept nowhere: the gateway must not count it as taken.
#[derive(Debug)]
pub struct NotKept;

impl FailSafe {
    /// Stands around these services and this store.
    #[must_use]
    pub fn new(
        (intake, dispatch): (Arc<Intake>, Arc<Dispatch>),
        store: Store,
        spool: Arc<Spool>,
        roster: Arc<LastRoster>,
        incidents: Arc<Incidents>,
    ) -> Self {
        Self {
            intake,
            spool,
            dispatch,
            store,
            roster,
            incidents,
            told: Told::default(),
            spent: Spent::default(),
            tries: Tries::default(),
            watch: Watch::default(),
        }
    }

    /// How many wait in the spool of this process's folder.
    #[must_use]
    pub fn spooled(&self) -> usize {
        self.spool.counts().entries
    }

    /// Takes a text in that came by this gateway, of which the hook can still do so much. `since` is when
    /// the hook came: all that it brings shares the gateway's patience. `Ok` means that the text is safe,
    /// or that an answer in the response is all that can be done for it.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn text(
        self: &Arc<Self>,
        (gateway, caps): (&str, &Caps),
        since: Instant,
        inbound: Inbound,
    ) -> Result<Option<Answer>, NotKept> {
        let patience = Limits::of(caps).commit.saturating_sub(since.elapsed());
        let to = inbound.from.clone();
        let intake = &self.intake;
        let taken = intake.text(gateway, caps.inline_reply, inbound, patience);
        match taken.await {
            Ok(taken) => Ok(taken.inline.map(|(outbox_id, body)| Answer {
                to,
                body,
                outbox_id: Some(outbox_id),
            })),
            Err(not_stored) => self.without_store(caps, not_stored).await,
        }
    }

    async fn without_store(
        self: &Arc<Self>,
        caps: &Caps,
        not_stored: NotStored,
    ) -> Result<Option<Answer>, NotKept> {
        let NotStored { arrival, why, late } = not_stored;
        let crisis = arrival.is_crisis();
        tracing::warn!(gateway = %arrival.gateway, crisis, %why, "a text could not be stored in time");
        // A decision that still runs must not send this reply again; nor wait for a receipt of one
        // that goes out to nobody.
        if crisis {
            arrival.set_left();
        } else {
            arrival.set_carried(false);
        }
        let mut entry = entry_of(&arrival);
        let kept = self.keep(caps, crisis, &entry).await;
        let fate = kept.as_ref().map_or(Fate::Lost, |_| Fate::Spooled);
        meter::text(arrival.verdict.tier, fate);
        let answers_inline = caps.inline_reply && (kept.is_some() || !caps.repeats_hooks);
        let service = Arc::clone(self);
        let (text, reply_apart) = (Arc::clone(&arrival), crisis && !answers_inline);
        // Not awaited: the texter must not wait for the pager.
        tokio::spawn(async move {
            let apart = async {
                if reply_apart && !service.reply_apart(&text).await {
                    service.amend(kept, &text, &mut entry).await;
                }
            };
            let page = async {
                let mut unit = OptionFuture::from(late);
                let in_time = timeout(PAGE_WAIT, &mut unit).await;
                let committed = matches!(in_time, Ok(Some(Ok(Ok(_)))));
                if !committed && (crisis || service.intake.calls_a_person(&text)) {
                    service.page(crisis, kept.is_some()).await;
                }
                let done = match in_time {
                    Ok(done) => done,
                    Err(_) => unit.await,
                };
                if let Some(Ok(Ok(taken))) = done {
                    service.catch_up(&text, &taken).await;
                    service.forget(kept).await;
                }
            };
            tokio::join!(apart, page);
        });
        if !answers_inline {
            return kept.map(|_| None).ok_or(NotKept);
        }
        if crisis {
            return Ok(Some(Answer {
                to: arrival.inbound.from.clone(),
                body: self.intake.crisis_reply(&arrival),
                outbox_id: Some(arrival.reply_id),
            }));
        }
        let first = self
            .told
            .is_due(&arrival.inbound.from, self.intake.clock.now());
        let line = || self.intake.holding_line(&arrival, kept.is_some());
        let line = first.then(line).flatten();
        Ok(line.map(|body| Answer {
            to: arrival.inbound.from.clone(),
            body,
            outbox_id: None,
        }))
    }

    /// Takes a receipt in, as [`FailSafe::text`] does a text.
    ///
    /// # Errors
    /// [`NotKept`]: the gateway should send it again.
    pub async fn receipt(
        &self,
        (gateway, caps): (&str, &Caps),
        since: Instant,
        receipt: Receipt,
    ) -> Result<(), NotKept> {
        let patience = Limits::of(caps).commit.saturating_sub(since.elapsed());
        let taken = self.dispatch.receipt(gateway, receipt.clone());
        let why = match timeout(patience, taken).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(%gateway, %why, "a receipt could not be stored in time");
        let entry = Entry {
            gateway: gateway.to_owned(),
            arrived: self.intake.clock.now(),
            kept: Kept::Receipt(receipt),
        };
        self.keep(caps, false, &entry)
            .await
            .map(|_| ())
            .ok_or(NotKept)
    }

    /// Puts an entry into the spool; `None`, said loudly, when it is not there in time.
    async fn keep(&self, caps: &Caps, crisis: bool, entry: &Entry) -> Option<Uuid> {
        let limit = Limits::of(caps).spool(crisis);
        let why = match timeout(limit, self.spool.keep(entry)).await {
            Ok(Ok(id)) => return Some(id),
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::error!(
            gateway = %entry.gateway, crisis, %why,
            "NOT KEPT: neither the database nor the spool took what a hook brought; look at the gateway's own message log"
        );
        let what = IncidentKind::NotKept;
        self.incidents.raise(what, &entry.gateway, json!({}));
        None
    }

    /// Sends the crisis reply of a gateway that carries none in the response to its hook.
    async fn reply_apart(&self, arrival: &Arrival) -> bool {
        let body = self.intake.crisis_reply(arrival);
        let reply = Apart {
            gateway: &arrival.gateway,
            outbox_id: arrival.reply_id,
            to: &arrival.inbound.from,
            body: &body,
            lane: Lane::Crisis,
            locale: Some(self.intake.language(arrival)),
        };
        self.dispatch.send_without_store(&reply).await
    }

    /// The crisis reply did not go out after all: the outbox is to send it as soon as it can.
    async fn amend(&self, kept: Option<Uuid>, arrival: &Arrival, entry: &mut Entry) {
        arrival.set_carried(false);
        if let (Some(id), Kept::Text(text)) = (kept, &mut entry.kept) {
            text.answered = false;
            if let Err(error) = self.spool.amend(id, entry).await {
                tracing::error!(entry = %id, %error, "a spooled entry could not be amended");
            }
        }
    }

    /// A decision that came late took its reply for the one that left. That is not so when the text is worse
    /// after those before it, or when nothing left: its reply goes out by the outbox.
    async fn catch_up(&self, arrival: &Arrival, taken: &Taken) {
        let said = arrival.left_as().is_some_and(|left| left >= taken.tier);
        let Some((row, _)) = taken.inline.as_ref().filter(|_| !said) else {
            return;
        };
        let (row, now) = (*row, self.intake.clock.now());
        let unit = self
            .store
            .write(move |tx| Box::pin(async move { tx.did_not_leave(row, now).await }));
        match unit.await {
            Ok(()) => self.intake.feed.wake_outbox(),
            Err(error) => {
                tracing::error!(outbox = %row, %error, "a crisis reply that did not leave could not be sent; without a receipt it goes out by itself");
            }
        }
    }

    /// Pages who is on call as far as it is known, past the store. `kept`: the text is in the spool.
    pub async fn page(&self, crisis: bool, kept: bool) {
        let roster = self.roster.current();
        self.dispatch
            .page_without_store(&roster, crisis, kept)
            .await;
    }

    /// Removes an entry whose text was stored after all; `false` when it is still there.
    async fn forget(&self, kept: Option<Uuid>) -> bool {
        let Some(id) = kept else {
            return true;
        };
        let removed = self.spool.remove(id).await;
        if let Err(error) = &removed {
            tracing::error!(entry = %id, %error, "a spooled entry could not be removed");
        }
        removed.is_ok()
    }
}

fn entry_of(arrival: &Arrival) -> Entry {
    Entry {
        gateway: arrival.gateway.clone(),
        arrived: arrival.arrived,
        kept: Kept::Text(Box::new(KeptText {
            inbound: arrival.inbound.clone(),
            verdict: arrival.verdict.clone(),
            reply_id: arrival.reply_id,
            answered: arrival.is_carried(),
        })),
    }
}
