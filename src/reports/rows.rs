//! What a report is computed from: rows of the ledger, of cases and of drills, as far as they count. Part of
//! `reports`: floor 1.

use crate::clock::At;
use crate::conversation::Reason;
use crate::oncall::{Closed, DrillOutcome, Variant};
use crate::triage::Tier;

/// A conversation that was opened in the period, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ConversationRow {
    /// When it was opened.
    pub opened_at: At,
    /// Its tier: what triage found at most, or a person decided.
    pub tier: Tier,
    /// The tag of the language that it is answered in.
    pub locale: Option<String>,
    /// When its texter opted out in it.
    pub opted_out_at: Option<At>,
    /// When it was closed.
    pub closed_at: Option<At>,
    /// The code of its outcome, if a person closed it.
    pub outcome: Option<String>,
    /// Whether it belongs to a drill.
    pub drill: bool,
    /// When its first text was sent; without one it holds nothing but texts of a responder.
    pub first_text_at: Option<At>,
    /// When a gateway first took a reply, or a receipt said so of one in the response to a hook.
    pub first_replied_at: Option<At>,
}

/// A case that was opened in the period, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CaseRow {
    /// Its tier.
    pub tier: Tier,
    /// Why it was opened.
    pub reason: Reason,
    /// When.
    pub opened_at: At,
    /// When it was first paged.
    pub first_paged_at: Option<At>,
    /// When enough people had first acknowledged it.
    pub first_acknowledged_at: Option<At>,
    /// When it was first claimed.
    pub first_claimed_at: Option<At>,
    /// When a person first wrote.
    pub first_answered_at: Option<At>,
    /// When it was closed.
    pub closed_at: Option<At>,
    /// Why.
    pub closed_because: Option<Closed>,
    /// Whether it belongs to a drill.
    pub drill: bool,
}

/// Texts of the period that came to the same end.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TextsRow {
    /// How the obligation ended.
    pub outcome: Option<String>,
    /// Whether nothing has become of it yet.
    pub open: bool,
    /// Whether its time was over when it ended, or is over now.
    pub late: bool,
    /// How many.
    pub count: i64,
}

/// A drill of the period.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DrillRow {
    /// What it showed.
    pub variant: Variant,
    /// How it ended; none while it goes on.
    pub outcome: Option<DrillOutcome>,
}

/// Everything that a report is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The conversations.
    pub conversations: Vec<ConversationRow>,
    /// The cases.
    pub cases: Vec<CaseRow>,
    /// The texts, counted. Those of drills are left out.
    pub texts: Vec<TextsRow>,
    /// The drills.
    pub drills: Vec<DrillRow>,
}
