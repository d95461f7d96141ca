//! Why an act was refused. Part of `handoff`: floor 3.

use super::{LONGEST_DRAFT, LONGEST_NOTE, LONGEST_TEXT};

/// Why an act was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such conversation.
    #[error("This conversation does not exist.")]
    Unknown,
    /// It was closed before.
    #[error("This conversation was closed. A new text from the person opens another.")]
    AlreadyClosed,
    /// Another one has it.
    #[error("{0} has this conversation. Take it over first if they are gone.")]
    ClaimedBy(String),
    /// It changed hands since the page was made.
    #[error("{0} has this conversation now, not who had it when you looked. Nothing was changed.")]
    Changed(String),
    /// Only its owner may do this.
    #[error("This conversation is not yours any more. Claim it first.")]
    NotYours,
    /// There is no case to claim.
    #[error("Nobody waits for a person here: just write to them.")]
    NobodyWaits,
    /// There is no offer any more.
    #[error("This offer is over. The queue shows who has the case.")]
    OfferOver,
    /// The other one cannot take it.
    #[error("This person cannot take a case: choose somebody else of the team.")]
    CannotTake,
    /// Nobody asks for help any more.
    #[error("Nobody asks for help here any more.")]
    NoHelpWanted,
    /// Only supervisors come to help.
    #[error("Supervisors come to who asks for help. You can write a note.")]
    NotSupervisor,
    /// No code of the list.
    #[error("Choose one of the reasons.")]
    NoReason,
    /// It is as urgent already.
    #[error("It has this tier already.")]
    SameTier,
    /// The texter wrote since the page was made.
    #[error(
        "New messages came since you looked: {0}. Nothing was sent or changed. Read on, and do it again if it still fits."
    )]
    NewTexts(i64),
    /// No outcome.
    #[error("Choose how it ended.")]
    NoOutcome,
    /// An outcome that leaves a danger open.
    #[error(
        "There was danger in this conversation: choose an outcome that says what became of it."
    )]
    DangerOpen,
    /// Its form was sent before, with other words.
    #[error(
        "This page had sent a text before, and the words are others now. Look at the thread, and send again if this text is still to go."
    )]
    SentBefore,
    /// Nothing to send or keep.
    #[error("Write something first.")]
    Empty,
    /// More than a gateway takes.
    #[error("This text has {0} characters; a text may have {LONGEST_TEXT}.")]
    TooLong(usize),
    /// More than a draft holds.
    #[error("This draft has {0} characters; {LONGEST_DRAFT} are kept.")]
    DraftTooLong(usize),
    /// More than a note holds.
    #[error("This note has {0} characters; a note may have {LONGEST_NOTE}.")]
    NoteTooLong(usize),
    /// The person has asked not to be texted.
    #[error("This person has opted out (STOP). They must text START before you can write to them.")]
    OptedOut,
    /// The carrier blocks our texts to this person.
    #[error(
        "The carrier blocks our texts to this person. Call them, or wait until they text START."
    )]
    Blocked,
}
