//! An alert and its three clocks: acknowledged, claimed, first human message.

use std::time::Duration;

use uuid::Uuid;

use crate::clock::At;
use crate::conversation::{AlertRequest, Reason};
use crate::triage::Tier;

/// How long each clock may run before the ladder is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From one page to the next while nobody acknowledges.
    pub repage: Duration,
    /// From the acknowledgement to the claim.
    pub claim: Duration,
    /// From the claim to the first human message.
    pub answer: Duration,
}

/// A call for a human, open until it is closed with a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The row.
    pub id: Uuid,
    /// The conversation that needs a human.
    pub conversation_id: Uuid,
    /// Whose it is.
    pub texter_id: Uuid,
    /// The short code that a responder answers with.
    pub code: String,
    /// Why it was opened, or last raised.
    pub reason: Reason,
    /// How urgent; it only rises.
    pub tier: Tier,
    /// When it was opened.
    pub opened_at: At,
    /// When something happens next. Always set while it is open, unless a human has answered.
    pub next_page_at: Option<At>,
    /// How many rounds of pages went out.
    pub pages: u32,
    /// Who acknowledged, and when.
    pub acknowledged: Option<Taken>,
    /// Which member of staff claimed it, and when.
    pub claimed: Option<(Uuid, At)>,
    /// When a human first wrote.
    pub answered_at: Option<At>,
    /// When and why it was closed.
    pub closed: Option<(At, Closed)>,
}

/// An acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The contact or member of staff.
    pub by: String,
    /// When.
    pub at: At,
}

/// Why an alert was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Closed {
    /// A human closed the conversation.
    ByStaff,
    /// The texter answered our question with a clear no before anyone was paged.
    AnsweredNo,
}

impl Alert {
    /// Opens an alert.
    #[must_use]
    pub fn open(
        id: Uuid,
        conversation_id: Uuid,
        texter_id: Uuid,
        code: String,
        request: AlertRequest,
        now: At,
    ) -> Self {
        Self {
            id,
            conversation_id,
            texter_id,
            code,
            reason: request.reason,
            tier: request.tier,
            opened_at: now,
            next_page_at: Some(now.plus(request.page_after)),
            pages: 0,
            acknowledged: None,
            claimed: None,
            answered_at: None,
            closed: None,
        }
    }

    /// Takes in another call for the same conversation. It never becomes less urgent and never
    /// pages later. Once someone has it, only a higher tier, an opt-out in the middle of it, or a
    /// crisis after the talk had begun pages anew.
    pub fn raise(&mut self, request: AlertRequest, now: At) {
        let rises = request.tier > self.tier || request.reason == Reason::OptedOutInCrisis;
        self.tier = self.tier.max(request.tier);
        if request.reason != Reason::Question {
            self.reason = request.reason;
        }
        if rises && self.acknowledged.is_some() {
            self.acknowledged = None;
            self.next_page_at = Some(now.plus(request.page_after));
        } else if self.acknowledged.is_none() {
            let asked = now.plus(request.page_after);
            // What was already paged keeps its rhythm; a question that waited is paged now.
            self.next_page_at = Some(self.next_page_at.map_or(asked, |due| due.min(asked)));
            if self.pages > 0 && !rises {
                self.next_page_at = self
                    .next_page_at
                    .max(Some(now.plus(Duration::from_millis(1))));
            }
        }
    }

    /// Whether a round of pages is due.
    #[must_use]
    pub fn page_is_due(&self, now: At) -> bool {
        self.closed.is_none() && self.next_page_at.is_some_and(|due| due <= now)
    }

    /// Notes a round of pages. A clock that ran out opens the ladder again: an acknowledgement or
    /// a claim that led nowhere is undone.
    pub fn paged(&mut self, now: At, timing: &Timing) {
        self.acknowledged = None;
        self.claimed = None;
        self.pages = self.pages.saturating_add(1);
        self.next_page_at = Some(now.plus(timing.repage));
    }

    /// Someone takes the alert.
    ///
    /// # Errors
    /// Who has it already.
    pub fn acknowledge(&mut self, by: &str, now: At, timing: &Timing) -> Result<(), Taken> {
        if let Some(taken) = &self.acknowledged
            && taken.by != by
        {
            return Err(taken.clone());
        }
        if self.acknowledged.is_none() {
            self.acknowledged = Some(Taken {
                by: by.to_owned(),
                at: now,
            });
            self.next_page_at = Some(now.plus(timing.claim));
        }
        Ok(())
    }

    /// A member of staff makes the conversation theirs.
    pub fn claim(&mut self, staff: Uuid, name: &str, now: At, timing: &Timing) {
        if self.acknowledged.is_none() {
            self.acknowledged = Some(Taken {
                by: name.to_owned(),
                at: now,
            });
        }
        self.claimed = Some((staff, now));
        self.next_page_at = Some(now.plus(timing.answer));
    }

    /// A human has written: the last clock stops.
    pub fn answered(&mut self, now: At) {
        self.answered_at.get_or_insert(now);
        self.next_page_at = None;
    }

    /// Closes the alert.
    pub fn close(&mut self, because: Closed, now: At) {
        self.closed.get_or_insert((now, because));
        self.next_page_at = None;
    }
}
