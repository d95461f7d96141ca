//! Intake: one inbound text becomes one decision, committed whole. Floor 3.
//!
//! Triage runs first, outside the transaction and before anything that could fail: whatever
//! happens after it, a crisis text is answered (promises P2 and P3). No network call is made here.

mod alone;
mod arrival;
mod by_phone;
mod calls;
mod consent;
mod decision;
mod page_test;
mod parts;
mod quarantine;
mod responder;
mod shift;
mod tested;

pub use quarantine::{Holding, NotReleased, Shown};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument as _;
use uuid::Uuid;

pub use arrival::{Arrival, NotStored};

use crate::clock::{At, Clock};
use crate::content::Packs;
use crate::conversation::{Call, Earlier, Line, Turn};
use crate::feed::{Feed, Signal};
use crate::gateway::{Inbound, KeywordHandled};
use crate::handoff::Handoff;
use crate::id::IdSource;
use crate::locale::Locale;
use crate::meter::{self, Fate};
use crate::oncall::{Desk, Operator};
use crate::rulebook::Rulebook;
use crate::spool::KeptText;
use crate::store::{Store, StoreError};
use crate::text::MessageBody;
use crate::trail::{self, Trails};
use crate::triage::{RuleSet, Tier, Verdict};

/// How long a commit may take before somebody in crisis is answered without it.
pub const CRISIS_WAIT: Duration = Duration::from_millis(200);

/// How long triage may take. It takes microseconds: what takes this long is broken.
const TRIAGE_LIMIT: Duration = Duration::from_millis(500);

/// Up to so many bytes a text is judged where it is. The time grows with the length, so a longer
/// one, which no phone sends, is judged on a thread of its own that can be given up.
const JUDGED_AT_ONCE: usize = 4096;

/// Judges one text: [`crate::triage::assess`], or what a test puts in its place.
pub type Assess = fn(&RuleSet, &str) -> Verdict;

/// Takes inbound texts in.
pub struct Intake {
    /// Where decisions are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of replies that are made before the decision.
    pub ids: Arc<dyn IdSource>,
    /// The crisis rules.
    pub rulebook: Arc<Rulebook>,
    /// Judges a text by them.
    pub assess: Assess,
    /// How long somebody in crisis waits for the commit.
    pub crisis_wait: Duration,
    /// The words.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// The language of the first answer.
    pub locale: Locale,
    /// Who is paged.
    pub desk: Arc<Desk>,
    /// Who hears that a responder cannot be texted.
    pub operator: Arc<Operator>,
    /// Where responders write from their phones.
    pub handoff: Arc<Handoff>,
    /// Wakes the workers and open pages.
    pub feed: Feed,
    /// Where texts came from.
    pub trails: Arc<Trails>,
}

/// What came of an inbound text.
#[derive(Debug, Default)]
pub struct Taken {
    /// A crisis reply to hand back in the response to the hook, with the id of its outbox row.
    pub inline: Option<(Uuid, MessageBody)>,
    /// How urgent the text is after those before it.
    pub tier: Tier,
}

/// What the store adds to a text: what came before it, and who is there.
struct Context<'a> {
    verdict: &'a Verdict,
    earlier: &'a [Earlier],
    human_joined: bool,
    held: bool,
    call: Option<Call>,
}

impl<'a> Context<'a> {
    /// A text of which nothing else is known.
    const fn alone(verdict: &'a Verdict) -> Self {
        Self {
            verdict,
            earlier: &[],
            human_joined: false,
            held: false,
            call: None,
        }
    }
}

impl Intake {
    /// Takes a text in. `inline_reply`: the gateway can carry a reply in the hook's response.
    /// `patience`: how long a text that is no crisis may wait for its commit. One in crisis never
    /// waits longer than the texter can.
    ///
    /// # Errors
    /// [`NotStored`]: the store failed, or is late. What is late goes on, and may still commit.
    pub async fn text(
        self: &Arc<Self>,
        gateway: &str,
        inline_reply: bool,
        inbound: Inbound,
        patience: Duration,
    ) -> Result<Taken, NotStored> {
        let arrival = self.arrival(gateway, inbound).await;
        arrival.set_carried(inline_reply);
        let arrival = Arc::new(arrival);
        let wait = if arrival.is_crisis() {
            patience.min(self.crisis_wait)
        } else {
            patience
        };
        // On a task of its own: given up, a transaction would be undone that may be about to commit.
        let began = Instant::now();
        let unit = Arc::clone(self).decide(Arc::clone(&arrival));
        let mut unit = tokio::spawn(trail::carried(unit).in_current_span());
        let (why, late) = match tokio::time::timeout(wait, &mut unit).await {
            Ok(Ok(Ok(taken))) => {
                meter::decided(began.elapsed());
                meter::text(arrival.verdict.tier, Fate::Stored);
                return Ok(taken);
            }
            Ok(Ok(Err(why))) => (why, None),
            Ok(Err(_)) => (StoreError::Panicked, None),
            Err(_) => (StoreError::Late, Some(unit)),
        };
        Err(NotStored { arrival, why, late })
    }

    /// Takes in a text that was sent earlier and only now came to light. It is answered through the
    /// outbox, and keeps its own time.
    ///
    /// # Errors
    /// [`StoreError`]: it was not taken in.
    pub async fn late(
        self: &Arc<Self>,
        gateway: &str,
        inbound: Inbound,
        sent_at: At,
    ) -> Result<(), StoreError> {
        let mut arrival = self.arrival(gateway, inbound).await;
        arrival.sent_at = Some(sent_at);
        Arc::clone(self).decide(Arc::new(arrival)).await.map(|_| ())
    }

    /// The same intake in front of a store that refuses all work: for drills.
    #[must_use]
    pub fn unplugged(&self) -> Arc<Self> {
        Arc::new(Self {
            store: self.store.unplugged(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            rulebook: Arc::clone(&self.rulebook),
            packs: Arc::clone(&self.packs),
            line: self.line.clone(),
            desk: Arc::clone(&self.desk),
            feed: self.feed.clone(),
            operator: Arc::clone(&self.operator),
            handoff: Arc::clone(&self.handoff),
            trails: Arc::clone(&self.trails),
            ..*self
        })
    }

    /// A text that came in just now, judged.
    async fn arrival(&self, gateway: &str, inbound: Inbound) -> Arrival {
        let began = Instant::now();
        let judging = self.assess(inbound.body.reveal());
        let verdict = judging.instrument(trail::triage()).await;
        meter::judged(began.elapsed());
        let now = self.clock.now();
        Arrival::new(gateway.to_owned(), inbound, verdict, now, self.ids.id(now))
    }

    /// Takes a text in that came earlier and could not be stored then. `answered`: its crisis reply
    /// went out at that time, as this outbox row. One that was stored after all changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]: it is still not stored.
    pub async fn again(
        self: &Arc<Self>,
        gateway: String,
        arrived: At,
        text: KeptText,
    ) -> Result<(), StoreError> {
        let KeptText {
            inbound,
            verdict,
            reply_id,
            answered,
        } = text;
        let arrival = Arrival::new(gateway, inbound, verdict, arrived, reply_id);
        if answered {
            arrival.set_left();
        }
        Arc::clone(self).decide(Arc::new(arrival)).await.map(|_| ())
    }

    /// The unit of work, and the wake-ups that follow from it.
    async fn decide(self: Arc<Self>, arrival: Arc<Arrival>) -> Result<Taken, StoreError> {
        let intake = Arc::clone(&self);
        let commit = trail::commit();
        let (around, request) = (commit.clone(), trail::id());
        let unit = self.store.write(move |tx| {
            let (intake, arrival) = (Arc::clone(&intake), Arc::clone(&arrival));
            // It may run on the task of the writer, and more than once.
            let step = trail::conversation(&around, request.as_deref());
            let unit = async move {
                match &arrival.inbound.part {
                    Some(part) => parts::take(tx, &intake, &arrival, part).await,
                    None => decision::decide(tx, &intake, &arrival).await,
                }
            };
            Box::pin(unit.instrument(step))
        });
        let decided = unit.instrument(commit).await?;
        if let Some(text) = decided.message {
            // Before anybody is woken who sends its answer.
            self.trails.begin(text);
            tracing::debug!(%text, "text taken in");
        }
        self.wake(&decided);
        Ok(decided.taken)
    }

    /// Wakes the workers and open pages for what was decided.
    fn wake(&self, decided: &decision::Decided) {
        if let Some(lanes) = &decided.only_replies {
            self.feed.wake_lanes(lanes.iter().copied());
        } else {
            self.feed.wake_outbox();
            self.feed.wake_ladder();
        }
        self.feed.signal(Signal::Queue);
        if let Some(conversation) = decided.conversation {
            self.feed.signal(Signal::Conversation(conversation));
        }
    }

    /// Triage that never fails: a panic, or a text that takes too long, counts as a crisis.
    async fn assess(&self, text: &str) -> Verdict {
        if text.len() <= JUDGED_AT_ONCE {
            return self.assess_here(text);
        }
        let (rules, assess) = (self.rulebook.current(), self.assess);
        let (on_trial, words) = (Arc::clone(&rules), text.to_owned());
        let apart = tokio::task::spawn_blocking(move || assess(&on_trial, &words));
        let in_time = tokio::time::timeout(TRIAGE_LIMIT, apart).await;
        in_time
            .ok()
            .and_then(Result::ok)
            .unwrap_or_else(|| broken(&rules))
    }

    /// The same for words that are short enough to be judged where they are.
    fn assess_here(&self, words: &str) -> Verdict {
        let (rules, assess) = (self.rulebook.current(), self.assess);
        catch_unwind(AssertUnwindSafe(|| assess(&rules, words))).unwrap_or_else(|_| broken(&rules))
    }

    fn turn<'a>(&'a self, arrival: &'a Arrival, context: &'a Context<'a>) -> Turn<'a> {
        Turn {
            now: arrival.arrived,
            said_at: arrival.said_at(),
            decided: self.clock.now(),
            // A gateway can be told to take other words for STOP; it has acted on this one.
            text: match arrival.inbound.keyword_handled {
                Some(KeywordHandled::OptOut) => "STOP",
                _ => arrival.inbound.body.reveal(),
            },
            has_media: arrival.inbound.media > 0,
            verdict: context.verdict,
            earlier: context.earlier,
            human_joined: context.human_joined,
            held: context.held,
            call: context.call,
            keyword_handled: arrival.inbound.keyword_handled.is_some(),
            line: &self.line,
            packs: &self.packs,
        }
    }
}

fn broken(rules: &RuleSet) -> Verdict {
    tracing::error!("triage panicked or took too long; the text counts as a crisis");
    Verdict::unreadable(rules.hash())
}
