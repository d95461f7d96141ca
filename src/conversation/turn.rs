//! What goes into one step of a conversation, and what comes out.

use std::time::Duration;

use crate::clock::At;
use crate::content::Packs;
use crate::lane::Lane;
use crate::triage::{Tier, Verdict};

use super::{Earlier, State};

/// Everything that a step depends on.
#[derive(Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the turn, and none excludes another"
)]
pub struct Turn<'a> {
    /// When the text came in.
    pub now: At,
    /// When it was sent: long before it came, where its hook was lost.
    pub said_at: At,
    /// When it is answered: long after it came, where it waited for the store.
    pub decided: At,
    /// The words, as they came.
    pub text: &'a str,
    /// Whether pictures or files came with it.
    pub has_media: bool,
    /// What triage says of it, in the light of the texts before.
    pub verdict: &'a Verdict,
    /// The texts just before it, oldest first; empty if there were none in the last minutes.
    pub earlier: &'a [Earlier],
    /// Whether a human has written to this person in the open conversation.
    pub human_joined: bool,
    /// How far the call for a human has come; `None` when nobody is called.
    pub call: Option<Call>,
    /// Whether a legal hold keeps what they sent: it cannot be deleted now. Known when they have asked for it.
    pub held: bool,
    /// Whether the gateway has already answered the text as a carrier keyword.
    pub keyword_handled: bool,
    /// The line, as its operator describes it.
    pub line: &'a Line,
    /// The words that can be sent.
    pub packs: &'a Packs,
}

/// How far an open call for a human has come: no text may say more than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// Pages are on their way, or will be.
    Made,
    /// A gateway accepted a page: the team was told.
    Told,
    /// Somebody of the team has said that they take it.
    Taken,
}

/// The line, as its operator describes it to texters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name, as in "Example Line".
    pub name: String,
    /// An e-mail address or phone number for questions about the line.
    pub contact: String,
    /// Whether texts cost the sender nothing (an FTEU short code).
    pub free_to_end_user: bool,
    /// Where the operator offers care of their own, as an address; empty if nowhere.
    pub care: String,
}

/// What happens because of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state afterwards.
    pub state: State,
    /// What is sent, in order.
    pub replies: Vec<Reply>,
    /// Why nothing is sent; `None` exactly when there is a reply.
    pub silence: Option<Silence>,
    /// Whether a human must come.
    pub alert: Option<AlertRequest>,
    /// The texter answered our question with a clear no: the page that waits for it is called off.
    pub question_answered_no: bool,
    /// An answer still waited for more words, and these are they: it is taken back.
    pub takes_back_waiting: bool,
    /// The texter wants everything deleted, and has said so twice.
    pub erase: bool,
    /// The texter answered whether we may check in with them.
    pub check_in: Option<CheckIn>,
    /// The word of carriers and the law that the text was, whatever the state: a START is one from who
    /// had never opted out with us, too.
    pub carrier_word: Option<CarrierWord>,
}

/// A word that carriers and the law give a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierWord {
    /// No more texts.
    Stop,
    /// Texts again.
    Start,
    /// Who is this?
    Help,
}

/// The answer to the question whether we may check in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckIn {
    /// Yes: at this time.
    At(At),
    /// No.
    Declined,
}

/// One text to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The words, ready to send.
    pub text: String,
    /// Its lane. A reply in [`Lane::Crisis`] that does not wait also goes back in the response to
    /// the hook.
    pub lane: Lane,
    /// How long it waits for more words; zero goes out now. Never the answer to a crisis text.
    pub wait: Duration,
}

/// Why a text gets no automatic reply: the recorded reasons that promise P1 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// The person has opted out, and this was confirmed.
    OptedOut,
    /// The gateway has answered this carrier keyword itself.
    KeywordHandled,
    /// A person of the team is writing with them; the answer is theirs to give.
    WithHuman,
    /// Two robots talk to each other.
    LoopGuard,
    /// A STOP or START that came late: one that was sent after it is known already.
    Overtaken,
}

/// A call for a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRequest {
    /// Why.
    pub reason: Reason,
    /// How urgent.
    pub tier: Tier,
    /// How long to wait for the texter's answer before the first page; zero pages now.
    pub page_after: Duration,
}

/// Why a human must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Reason {
    /// A crisis verdict.
    Crisis,
    /// Our question was asked; it pages when the answer is yes, unclear, or missing.
    Question,
    /// The texter asked for a person.
    WantsHuman,
    /// The texter opted out in the middle of a crisis.
    OptedOutInCrisis,
    /// The texter wrote to the human who writes with them, and waits for the answer.
    AwaitsHuman,
}
