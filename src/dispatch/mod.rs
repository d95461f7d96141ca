//! Dispatch: what is in the outbox leaves, and receipts come home. Floor 3.
//!
//! A row is claimed under a lease, sent without any transaction open, then settled. A crash in
//! between leaves the lease to run out: the text is sent again rather than never.

mod alarm;
mod calls;
mod flight;
mod journal;
mod pages;
mod policy;
mod polls;
mod receipts;
mod rehearsal;
mod unreachable;

pub use alarm::{Apart, LastAlarm};
pub use flight::InFlight;
pub use journal::{Heard, HookAnswer, Journal};

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::content::{Fill, Key, Packs};
use crate::conversation::Line;
use crate::feed::{Feed, Signal};
use crate::gateway::client::{Answer, send};
use crate::gateway::{
    ApiRequest, Gateway, Gateways, Outgoing, SendOutcome, receipts_url, redact, send_key,
};
use crate::id::{IdSource, random};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::meter;
use crate::oncall::{Channel, Desk, Operator};
use crate::pager::Pagers;
use crate::route::Routes;
use crate::store::{
    Claim, Claimed, Due, ExchangeKind, NewExchange, OutboxState, Receiver, Settled, Store,
    StoreError, Tx, Unreached,
};
use crate::text::MessageBody;
use crate::trail::{self, Trails};

/// Longer than the slowest send can take, 15 s.
const LEASE: Duration = Duration::from_mins(1);
const BATCH: u16 = 16;
/// A mail server gets so many mails at once: many of them refuse more connections.
const MAILS: u16 = 4;

/// The channels of a lane: what goes to texters is always a text.
#[must_use]
pub const fn channels(lane: Lane) -> &'static [Channel] {
    match lane {
        Lane::Page => &Channel::ALL,
        Lane::Crisis | Lane::Conversation | Lane::Content => &[Channel::Sms],
    }
}

const fn batch(channel: Channel) -> u16 {
    match channel {
        Channel::Email => MAILS,
        Channel::Sms | Channel::Voice | Channel::Webhook => BATCH,
    }
}
/// The code of a text whose gateway is configured no more.
const NO_GATEWAY: &str = "no such gateway";

/// Sends what is due.
pub struct Dispatch {
    /// Where the outbox is.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for the jitter of retries.
    pub ids: Arc<dyn IdSource>,
    /// The gateways.
    pub gateways: Gateways,
    /// How fast they may send, and which stand in.
    pub routes: Arc<Routes>,
    /// The client that carries requests out.
    pub client: reqwest::Client,
    /// Who hears that a texter cannot be reached.
    pub desk: Arc<Desk>,
    /// The words before a text that comes from another number.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// Wakes open pages.
    pub feed: Feed,
    /// When everyone was last paged without the store.
    pub last_alarm: LastAlarm,
    /// The channels that need no gateway.
    pub pagers: Arc<Pagers>,
    /// Who hears that a responder cannot be reached.
    pub operator: Arc<Operator>,
    /// What is on its way.
    pub in_flight: Arc<InFlight>,
    /// What gateways were asked and answered, on its way to the gateway log.
    pub journal: Journal,
    /// Where the texts came from that are answered.
    pub trails: Arc<Trails>,
}

/// What a look at a lane came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// How many texts were sent or tried.
    pub done: usize,
    /// More is due that waits for its sender: for how long.
    pub again: Option<Duration>,
    /// There may be more that can leave at once.
    pub full: bool,
}

impl Dispatch {
    /// Sends what is due in a lane by any channel, a batch of each at most, and says how much that was.
    ///
    /// # Errors
    /// [`StoreError`]: what was not settled is sent again when its lease runs out.
    pub async fn run_once(self: &Arc<Self>, lane: Lane) -> Result<usize, StoreError> {
        let mut done = 0;
        for channel in channels(lane) {
            done += self.look(lane, *channel).await?.done;
        }
        Ok(done)
    }

    /// The same by one channel, and says when to look again for what waits for its sender.
    ///
    /// # Errors
    /// As [`Dispatch::run_once`].
    pub async fn look(
        self: &Arc<Self>,
        lane: Lane,
        channel: Channel,
    ) -> Result<Looked, StoreError> {
        let (claimed, until) = self.claim(lane, channel).await?;
        let done = claimed.due.len();
        // All of them to their end: a send whose outcome is not kept would go out twice.
        let sends = claimed.due.into_iter().map(|due| self.send(due, until));
        let outcomes = join_all(sends).await;
        if done > 0 {
            self.feed.signal(Signal::Queue);
        }
        outcomes.into_iter().collect::<Result<(), StoreError>>()?;
        Ok(Looked {
            done,
            again: claimed.again,
            full: claimed.full,
        })
    }

    /// Claims what is due in a lane by one channel, a batch at most, and no more than may be on its way. Says
    /// until when it may be sent from here.
    async fn claim(&self, lane: Lane, channel: Channel) -> Result<(Claimed, At), StoreError> {
        let now = self.clock.now();
        let claim = Arc::new(Claim {
            lane,
            channel,
            now,
            lease: LEASE,
            limit: batch(channel),
            most: flight::most(channel),
            underway: self.in_flight.of(lane, channel),
            fresh_since: policy::fresh_since(lane, now),
            routes: Arc::clone(&self.routes),
        });
        let claimed = self.store.write(move |tx| {
            let claim = Arc::clone(&claim);
            Box::pin(async move { tx.claim_due(&claim).await })
        });
        Ok((claimed.await?, now.plus(LEASE)))
    }

    /// Sends on the trail of the text that it answers.
    async fn send(self: &Arc<Self>, due: Due, until: At) -> Result<(), StoreError> {
        let text = match due.receiver {
            Receiver::Texter { answers, .. } => answers,
            Receiver::Responder { .. } => None,
        };
        let (lane, gateway) = (due.lane, due.gateway.clone());
        let sending = self.send_now(due, until);
        self.trails.follow(text, (lane, &gateway), sending).await
    }

    async fn send_now(self: &Arc<Self>, due: Due, until: At) -> Result<(), StoreError> {
        let at = self.clock.now();
        if at >= until {
            // This process stood still for as long: by now another one sends it.
            return Ok(());
        }
        let not_sent = policy::not_sent(&due, at)
            .or_else(|| self.calls_elsewhere(&due, at))
            .or_else(|| self.pages_elsewhere(&due, at));
        let (outcome, settled) = if let Some(settled) = not_sent {
            tracing::warn!(outbox = %due.id, lane = ?due.lane, code = ?settled.code, "text not sent");
            meter::sent(due.lane, due.to.channel, "not_tried", None);
            (None, settled)
        } else {
            let rehearsed = rehearsal::outcome(&due, &self.desk.gateway);
            let began = Instant::now();
            let outcome = match &rehearsed {
                Some(outcome) => outcome.clone(),
                None => self.carry_out(&due).await,
            };
            let (now, chance) = (self.clock.now(), random::<1>(&*self.ids)[0]);
            if rehearsed.is_none() {
                let word = journal::word(&outcome);
                meter::sent(due.lane, due.to.channel, word, Some(began.elapsed()));
                if matches!(outcome, SendOutcome::Accepted { .. }) {
                    meter::left(due.lane, now.since(due.created_at));
                }
            }
            let settled = policy::after(&outcome, &due, &self.way(&due, &outcome), now, chance);
            log(&due, &outcome, &settled);
            (Some(outcome), settled)
        };
        let now = self.clock.now();
        let conversation = due.conversation;
        let (dispatch, work) = (Arc::clone(self), Arc::new((due, outcome, settled)));
        let settle = self.store.write(move |tx| {
            let (dispatch, work) = (Arc::clone(&dispatch), Arc::clone(&work));
            Box::pin(async move {
                let (due, outcome, settled) = &*work;
                dispatch
                    .settle(tx, due, outcome.as_ref(), settled, now)
                    .await
            })
        });
        settle.await?;
        if let Some(conversation) = conversation {
            self.feed.signal(Signal::Conversation(conversation));
        }
        Ok(())
    }

    /// What the policy must know of the gateway that was tried.
    fn way<'a>(&'a self, due: &'a Due, outcome: &SendOutcome) -> policy::Way<'a> {
        match due.to.channel {
            Channel::Sms => {}
            Channel::Voice => {
                return policy::Way {
                    other: self.other_caller(due),
                    ..policy::Way::only()
                };
            }
            Channel::Email | Channel::Webhook => return policy::Way::only(),
        }
        let gateway = self.gateways.get(&due.gateway);
        let pollable = match (gateway, outcome) {
            (Some(gateway), SendOutcome::Accepted { gateway_ref }) if due.rehearsal.is_none() => {
                gateway.build_poll(gateway_ref).is_some()
            }
            _ => false,
        };
        policy::Way {
            idempotent: gateway.is_some_and(|gateway| gateway.caps().idempotent_send),
            other: self.routes.other(&due.gateway, due.moved_from.as_deref()),
            pollable,
        }
    }

    async fn carry_out(&self, due: &Due) -> SendOutcome {
        match due.to.channel {
            Channel::Email | Channel::Webhook => return self.carry_page(due).await,
            Channel::Voice => return self.carry_call(due).await,
            Channel::Sms => {}
        }
        let Some(gateway) = self.gateways.get(&due.gateway) else {
            return SendOutcome::Misconfigured {
                code: NO_GATEWAY.to_owned(),
            };
        };
        let receipts = receipts_url(&self.desk.public_url, &due.gateway, due.id);
        let introduced = due
            .introduce
            .map(|locale| self.introduced(locale, &due.body));
        let number = due.to.address.number();
        // Elsewhere the id is only a reference by which receipts find home.
        let key = if gateway.caps().idempotent_send {
            send_key(due.id, due.undelivered.as_deref())
        } else {
            due.id
        };
        let text = Outgoing {
            outbox_id: due.id,
            key,
            to: &number,
            body: introduced.as_ref().unwrap_or(&due.body),
            lane: due.lane,
            validity: policy::validity(due.lane),
            receipts_url: &receipts,
        };
        self.carry(gateway.as_ref(), &text).await
    }

    /// A text that comes from another number than the texter knows: it says whose it is.
    fn introduced(&self, locale: Locale, body: &MessageBody) -> MessageBody {
        let whose = self
            .packs
            .message(locale, Key::OtherNumber, &Fill::from(&self.line));
        MessageBody::new(format!("{whose} {}", body.reveal()))
    }

    /// Sends a text once.
    async fn carry(&self, gateway: &dyn Gateway, text: &Outgoing<'_>) -> SendOutcome {
        if let Some(outcome) = gateway.take(text) {
            return outcome;
        }
        let request = gateway.build_send(text);
        self.exchange(gateway, (text.outbox_id, text.key), request)
            .await
    }

    /// Carries out the request that sends a text or places a call, and notes that in the gateway log.
    async fn exchange(
        &self,
        gateway: &dyn Gateway,
        (outbox_id, key): (Uuid, Uuid),
        request: ApiRequest,
    ) -> SendOutcome {
        let (at, asked) = (self.clock.now(), redact::request(&request));
        let asking = send(&self.client, request);
        let answer: Answer = asking.instrument(trail::gateway(gateway.name())).await;
        let outcome = gateway.read_send(key, answer.as_result());
        self.journal.note(NewExchange {
            at,
            gateway: gateway.name().to_owned(),
            kind: ExchangeKind::Send,
            outbox_id: Some(outbox_id),
            gateway_ref: None,
            status: answer.status(),
            outcome: journal::outcome(&outcome),
            duration_ms: self.clock.now().0 - at.0,
            asked,
            answered: redact::answer(answer.as_result()),
        });
        outcome
    }

    /// Keeps how a try ended, and what follows from it. No outcome: it was not tried.
    async fn settle(
        &self,
        tx: &mut Tx,
        due: &Due,
        outcome: Option<&SendOutcome>,
        settled: &Settled,
        now: At,
    ) -> Result<(), StoreError> {
        let failed_since = tx.settle(due.id, now, settled).await?;
        if let Some(outcome) = outcome {
            self.note_sender(tx, due, outcome, now).await?;
        }
        if failed_since {
            // The receipt came before the answer to the send.
            if let Some(row) = tx.outbox_row_of(&due.gateway, Some(due.id), "").await? {
                let gateway_ref = row.gateway_ref.clone().unwrap_or_default();
                self.not_delivered(tx, &row, &gateway_ref, row.code.as_deref(), false, now)
                    .await?;
            }
            return Ok(());
        }
        let (texter_id, answers) = match due.receiver {
            Receiver::Texter {
                texter_id, answers, ..
            } => (texter_id, answers),
            Receiver::Responder { page_id } => {
                return match settled.state {
                    OutboxState::Accepted => tx.page_accepted(page_id, now).await,
                    OutboxState::OptedOut => self.responder_blocked(tx, due, now).await,
                    OutboxState::Failed => self.page_failed(tx, due, settled, now).await,
                    OutboxState::Queued | OutboxState::Awaiting | OutboxState::Withdrawn => Ok(()),
                };
            }
        };
        let reason = match settled.state {
            OutboxState::Accepted => "replied",
            OutboxState::Failed => policy::why_failed(settled.code.as_deref()),
            OutboxState::OptedOut => "carrier_opt_out",
            OutboxState::Queued | OutboxState::Awaiting | OutboxState::Withdrawn => return Ok(()),
        };
        if let Some(inbound) = answers {
            tx.reply_settled(inbound, now, reason).await?;
        } else if settled.state == OutboxState::Accepted {
            tx.human_replied(due.id, now).await?;
        }
        match settled.state {
            OutboxState::Accepted if due.blocked && self.refuses_opted_out(&due.gateway) => {
                tx.texter_unblocked(texter_id, due.created_at).await
            }
            OutboxState::OptedOut => {
                tx.texter_blocked(texter_id, now).await?;
                self.tell_unreachable(tx, texter_id, Unreached::OptedOut, now)
                    .await
            }
            // A menu that came too late, or perhaps arrived, is no loss worth a call.
            OutboxState::Failed if due.lane != Lane::Content || reason == policy::UNDELIVERABLE => {
                self.tell_unreachable(tx, texter_id, Unreached::Failed, now)
                    .await
            }
            _ => Ok(()),
        }
    }

    /// Whether a text that this gateway took shows that nothing blocks its person any more.
    fn refuses_opted_out(&self, gateway: &str) -> bool {
        let gateway = self.gateways.get(gateway);
        gateway.is_some_and(|gateway| gateway.refuses_opted_out())
    }

    /// Keeps whether the gateway works, where another one could stand in.
    async fn note_sender(
        &self,
        tx: &mut Tx,
        due: &Due,
        outcome: &SendOutcome,
        now: At,
    ) -> Result<(), StoreError> {
        let gateway = &due.gateway;
        // What a drill makes of a gateway says nothing of it.
        let rehearsed = rehearsal::outcome(due, &self.desk.gateway).is_some();
        if rehearsed
            || due.to.channel != Channel::Sms
            || self
                .routes
                .other(gateway, due.moved_from.as_deref())
                .is_none()
        {
            return Ok(());
        }
        match outcome {
            SendOutcome::Retry { .. }
            | SendOutcome::Ambiguous
            | SendOutcome::Misconfigured { .. } => {
                tx.sender_failed(gateway, self.routes.rate(gateway), now)
                    .await
            }
            SendOutcome::Accepted { .. }
            | SendOutcome::Permanent { .. }
            | SendOutcome::OptedOut { .. } => tx.sender_works(gateway).await,
        }
    }
}

fn log(due: &Due, outcome: &SendOutcome, settled: &Settled) {
    let (outbox, gateway, lane, attempt) = (due.id, &due.gateway, due.lane, due.attempts + 1);
    let (state, moves_to) = (settled.state, settled.moves_to.as_deref());
    match outcome {
        SendOutcome::Accepted { .. } => {
            tracing::info!(%outbox, %gateway, ?lane, attempt, "text accepted by the gateway");
        }
        SendOutcome::Misconfigured { code } if due.to.channel == Channel::Email => tracing::error!(
            %outbox, attempt, %code,
            "the mail server refuses us: check [smtp] in the configuration; the page waits"
        ),
        SendOutcome::Misconfigured { code } if due.to.channel == Channel::Webhook => {
            tracing::error!(
                %outbox, attempt, %code,
                "a webhook refuses us, or may not be called: its owner must check its address and key; the page waits"
            );
        }
        SendOutcome::Misconfigured { code } => tracing::error!(
            %outbox, %gateway, ?lane, attempt, %code, moves_to,
            "the gateway refuses our credentials, sender or account: check gateways.{gateway} in the configuration; the text waits"
        ),
        other => {
            tracing::warn!(%outbox, %gateway, ?lane, attempt, ?other, ?state, moves_to, "text not accepted");
        }
    }
}
