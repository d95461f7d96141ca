//! Intake: one inbound text becomes one decision, committed whole. Floor 3.
//!
//! Triage runs first, outside the transaction and before anything that could fail: whatever
//! happens after it, a crisis text is answered (promises P2 and P3). No network call is made here.

mod calls;
mod decision;
mod parts;
mod quarantine;
mod responder;

pub use quarantine::{Holding, NotReleased, Shown};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::content::{Fill, Key, Packs};
use crate::conversation::{self, Call, Earlier, Line, State, Turn};
use crate::feed::{Feed, Signal};
use crate::gateway::{Inbound, KeywordHandled};
use crate::lane::Lane;
use crate::locale::Locale;
use crate::oncall::Desk;
use crate::rulebook::Rulebook;
use crate::store::{Store, StoreError};
use crate::text::MessageBody;
use crate::triage::{Action, RuleSet, Verdict};

/// How long a commit may take before the texter is answered without it. Twilio waits 15 s.
const BUDGET: Duration = Duration::from_secs(8);

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
    /// The crisis rules.
    pub rulebook: Arc<Rulebook>,
    /// Judges a text by them.
    pub assess: Assess,
    /// The words.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// The language of the first answer.
    pub locale: Locale,
    /// Who is paged.
    pub desk: Arc<Desk>,
    /// Wakes the workers and open pages.
    pub feed: Feed,
}

/// What came of an inbound text.
#[derive(Debug, Default)]
pub struct Taken {
    /// A crisis reply to hand back in the response to the hook, with the id of its outbox row.
    pub inline: Option<(Uuid, MessageBody)>,
}

/// The text could not be kept in time.
#[derive(Debug, thiserror::Error)]
#[error("the text could not be stored: {why}")]
pub struct NotStored {
    /// The crisis reply that goes out all the same.
    pub crisis_reply: Option<MessageBody>,
    /// What went wrong.
    pub why: StoreError,
}

/// What the store adds to a text: what came before it, and who is there.
struct Context<'a> {
    verdict: &'a Verdict,
    earlier: &'a [Earlier],
    human_joined: bool,
    call: Option<Call>,
}

impl<'a> Context<'a> {
    /// A text of which nothing else is known.
    const fn alone(verdict: &'a Verdict) -> Self {
        Self {
            verdict,
            earlier: &[],
            human_joined: false,
            call: None,
        }
    }
}

/// One text with what is known before the transaction.
struct Arrival {
    gateway: String,
    inline_reply: bool,
    inbound: Inbound,
    verdict: Verdict,
    now: At,
    /// When it was sent, if that was not just now: the thread shows it there.
    sent_at: Option<At>,
}

impl Intake {
    /// Takes a text in. `inline_reply`: the gateway can carry a reply in the hook's response.
    ///
    /// # Errors
    /// [`NotStored`], with the crisis reply if the text is a crisis.
    pub async fn text(
        self: &Arc<Self>,
        gateway: &str,
        inline_reply: bool,
        inbound: Inbound,
    ) -> Result<Taken, NotStored> {
        self.take(gateway, inline_reply, inbound, None).await
    }

    /// Takes in a text that was sent earlier and only now came to light. It is answered through the
    /// outbox, and keeps its own time.
    ///
    /// # Errors
    /// [`NotStored`].
    pub async fn late(
        self: &Arc<Self>,
        gateway: &str,
        inbound: Inbound,
        sent_at: At,
    ) -> Result<(), NotStored> {
        self.take(gateway, false, inbound, Some(sent_at)).await?;
        Ok(())
    }

    async fn take(
        self: &Arc<Self>,
        gateway: &str,
        inline_reply: bool,
        inbound: Inbound,
        sent_at: Option<At>,
    ) -> Result<Taken, NotStored> {
        let verdict = self.assess(inbound.body.reveal()).await;
        let now = self.clock.now();
        let arrival = Arc::new(Arrival {
            gateway: gateway.to_owned(),
            inline_reply,
            inbound,
            verdict,
            now,
            sent_at,
        });
        let unit = {
            let (intake, arrival) = (Arc::clone(self), Arc::clone(&arrival));
            self.store.write(move |tx| {
                let (intake, arrival) = (Arc::clone(&intake), Arc::clone(&arrival));
                Box::pin(async move {
                    match &arrival.inbound.part {
                        Some(part) => parts::take(tx, &intake, &arrival, part).await,
                        None => decision::decide(tx, &intake, &arrival).await,
                    }
                })
            })
        };
        let outcome = tokio::time::timeout(BUDGET, unit).await;
        match outcome.unwrap_or(Err(StoreError::Late)) {
            Ok(decided) => {
                self.wake(&decided);
                Ok(decided.taken)
            }
            Err(why) => Err(NotStored {
                crisis_reply: self.crisis_reply(&arrival),
                why,
            }),
        }
    }

    /// Wakes the workers and open pages for what was decided.
    fn wake(&self, decided: &decision::Decided) {
        self.feed.wake_outbox();
        self.feed.wake_ladder();
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

    /// The crisis reply that needs no store.
    fn crisis_reply(&self, arrival: &Arrival) -> Option<MessageBody> {
        if arrival.verdict.action() != Action::Page {
            return None;
        }
        let fresh = State::new(self.locale);
        let alone = Context::alone(&arrival.verdict);
        let step = || conversation::step(&fresh, &self.turn(arrival, &alone));
        let replies = catch_unwind(AssertUnwindSafe(step)).map(|step| step.replies);
        let reply = replies
            .unwrap_or_default()
            .into_iter()
            .find(|reply| reply.lane == Lane::Crisis);
        Some(MessageBody::new(match reply {
            Some(reply) => reply.text,
            None => self
                .packs
                .message(self.locale, Key::CrisisHigh, &Fill::from(&self.line)),
        }))
    }

    fn turn<'a>(&'a self, arrival: &'a Arrival, context: &'a Context<'a>) -> Turn<'a> {
        Turn {
            now: arrival.now,
            // A gateway can be told to take other words for STOP; it has acted on this one.
            text: match arrival.inbound.keyword_handled {
                Some(KeywordHandled::OptOut) => "STOP",
                _ => arrival.inbound.body.reveal(),
            },
            has_media: arrival.inbound.media > 0,
            verdict: context.verdict,
            earlier: context.earlier,
            human_joined: context.human_joined,
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
