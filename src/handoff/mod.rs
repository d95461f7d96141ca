//! Handoff: a person of the team takes a conversation, writes in it, hands it on and closes it. Floor 3.
//!
//! Who has a conversation is decided here, in the unit of work that locks its texter: of any number who
//! claim at once one has it, and a page that shows an older owner takes nothing from anybody.

mod carry_out;
mod draft;
mod end;
mod help;
mod own;
mod presence;
mod refused;
mod tick;
mod tier;
mod transfer;
mod write;

use std::sync::Arc;

use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::content::Packs;
use crate::conversation::Line;
use crate::feed::{Feed, Signal};
use crate::oncall::Desk;
use crate::store::{Account, Store, StoreError, Tx};
use crate::text::MessageBody;
use crate::triage::Tier;
pub use draft::LONGEST_DRAFT;
pub use end::danger;
pub use presence::{STAYS, WRITES};
pub use refused::Refused;
pub use write::as_sent;

/// The longest text that a gateway takes.
pub const LONGEST_TEXT: usize = 1600;
/// The longest note.
pub const LONGEST_NOTE: usize = 4000;

/// Hands conversations to people.
pub struct Handoff {
    /// Where conversations are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The clocks of an alert.
    pub desk: Arc<Desk>,
    /// The words that are not the staff's own, and what they choose from.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

/// What a member of staff does with a conversation.
#[derive(Clone, Debug)]
pub enum Act {
    /// Makes it theirs, if nobody has it.
    Claim,
    /// Makes it theirs although somebody has it, who hears of it: only if that is still who the page
    /// showed.
    TakeOver {
        /// Who had it when the page was made.
        from: Uuid,
    },
    /// Says that they are there: their lease begins again.
    Here,
    /// Gives it back, with the code of the reason; others are paged at once.
    Release {
        /// The code.
        reason: String,
    },
    /// Offers it to somebody. It stays theirs until that is accepted.
    Offer {
        /// To whom.
        to: Uuid,
    },
    /// Takes the offered conversation.
    AcceptOffer,
    /// Refuses it.
    DeclineOffer,
    /// Takes the offer back.
    WithdrawOffer,
    /// Calls a supervisor, again and again until one comes.
    AskHelp,
    /// A supervisor comes to who asked.
    AnswerHelp,
    /// Writes for the team only.
    Note(MessageBody),
    /// Decides how urgent it is, with the code of the reason.
    Tier {
        /// What was decided.
        tier: Tier,
        /// The code.
        reason: String,
        /// The last text of theirs that the page showed: nobody makes less urgent what they have not read.
        seen: Option<Uuid>,
    },
    /// Writes to the texter.
    Write(MessageBody),
    /// Writes to the texter, unless they have written since: nobody answers what they have not read.
    Reply {
        /// The words.
        body: MessageBody,
        /// The last text of theirs that the page showed.
        seen: Uuid,
        /// The form that it was sent with: the same form again is the same text.
        form: Option<Uuid>,
    },
    /// Asks the texter whether the line may check in with them the day after. Nothing is sent
    /// without their yes.
    OfferCheckIn,
    /// Ends it; a new text opens another.
    WrapUp(WrapUp),
}

/// How a conversation ends.
#[derive(Clone, Debug, Default)]
pub struct WrapUp {
    /// The code of the outcome.
    pub outcome: String,
    /// A last note for the team; none if it is empty.
    pub note: MessageBody,
    /// Whether the texter is asked for a check-in the day after.
    pub check_in: bool,
    /// Whether who ends it would like to talk about it with a supervisor.
    pub debrief: bool,
    /// The last text of theirs that the page showed: nobody ends what they have not read.
    pub seen: Option<Uuid>,
}

impl WrapUp {
    /// An outcome, and nothing else.
    #[must_use]
    pub fn with(outcome: &str) -> Self {
        Self {
            outcome: outcome.to_owned(),
            ..Self::default()
        }
    }
}

impl Handoff {
    /// Carries out an act of a member of staff.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why the act was refused.
    pub async fn act(
        self: &Arc<Self>,
        staff: &Account,
        conversation: Uuid,
        act: Act,
    ) -> Result<Result<(), Refused>, StoreError> {
        if let Err(refused) = written(&act) {
            return Ok(Err(refused));
        }
        let now = self.clock.now();
        let words = match &act {
            Act::Write(body) | Act::Reply { body, .. } => Some(body.clone()),
            _ => None,
        };
        let work = Arc::new((Arc::clone(self), staff.clone(), act));
        let done = self
            .store
            .write(move |tx| {
                let work = Arc::clone(&work);
                Box::pin(async move {
                    work.0
                        .carry_out(tx, &work.1, conversation, &work.2, now)
                        .await
                })
            })
            .await?;
        if done.is_ok() {
            self.feed.wake_outbox();
            self.feed.wake_ladder();
            self.feed.signal(Signal::Queue);
            self.feed.signal(Signal::Conversation(conversation));
        } else if let Some(words) = words {
            // What could not be sent is not lost with the page that shows it.
            self.keep_draft(staff, conversation, words).await?.ok();
        }
        Ok(done)
    }
}

impl Handoff {
    /// The same within a unit of work that is under way. The outbox and open pages are to be woken after it.
    pub(crate) async fn in_unit(
        &self,
        tx: &mut Tx,
        staff: &Account,
        conversation: Uuid,
        act: &Act,
        now: At,
    ) -> Result<Result<(), Refused>, StoreError> {
        match written(act) {
            Ok(()) => self.carry_out(tx, staff, conversation, act, now).await,
            Err(refused) => Ok(Err(refused)),
        }
    }
}

/// Whether what somebody wrote can be taken.
fn written(act: &Act) -> Result<(), Refused> {
    let length = |body: &MessageBody| body.reveal().chars().count();
    match act {
        Act::Write(body) | Act::Reply { body, .. } | Act::Note(body)
            if body.reveal().trim().is_empty() =>
        {
            Err(Refused::Empty)
        }
        Act::Write(body) | Act::Reply { body, .. } if length(body) > LONGEST_TEXT => {
            Err(Refused::TooLong(length(body)))
        }
        Act::Note(body) | Act::WrapUp(WrapUp { note: body, .. }) if length(body) > LONGEST_NOTE => {
            Err(Refused::NoteTooLong(length(body)))
        }
        _ => Ok(()),
    }
}
