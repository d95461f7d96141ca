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
    /// When something happens next. Always set while it is open, unless a human has answered the
    /// last call.
    pub next_page_at: Option<At>,
    /// How many rounds of pages went out.
    pub pages: u32,
    /// Who acknowledged, and when.
    pub acknowledged: Option<Taken>,
    /// Which member of staff claimed it, and when.
    pub claimed: Option<(Uuid, At)>,
    /// When a human last wrote.
    pub answered_at: Option<At>,
    /// When and why it was closed.
    pub closed: Option<(At, Closed)>,
    /// When a gateway first accepted a page of it: before that, nobody was told. Kept by the store.
    pub told_at: Option<At>,
    /// The drill that it belongs to: everything that responders are told says so.
    pub drill: Option<Uuid>,
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
    /// The drill that it belonged to is over.
    DrillOver,
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
            told_at: None,
            drill: None,
        }
    }

    /// Takes in another call for the same conversation. It never becomes less urgent, and what was
    /// paged keeps its rhythm. A higher tier, or an opt-out in the middle of it, pages anew even
    /// when someone has it; a new call after a human had answered starts the last clock again.
    pub fn raise(&mut self, request: AlertRequest, now: At, timing: &Timing) {
        let opted_out = request.reason == Reason::OptedOutInCrisis && self.reason != request.reason;
        let rises = request.tier > self.tier || opted_out;
        self.tier = self.tier.max(request.tier);
        if !matches!(request.reason, Reason::Question | Reason::AwaitsHuman) {
            self.reason = request.reason;
        }
        let due = if rises || self.pages == 0 {
            now.plus(request.page_after)
        } else if let Some(answered_at) = self.answered_at {
            // Whoever is writing with them gets their time; whoever wrote long ago may be gone.
            let there = now.since(answered_at) < timing.answer;
            now.plus(if there {
                timing.answer
            } else {
                request.page_after
            })
        } else {
            return;
        };
        if rises {
            self.acknowledged = None;
            self.claimed = None;
        }
        self.next_page_at = Some(self.next_page_at.map_or(due, |sooner| sooner.min(due)));
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

    /// Whoever has it is gone: the ladder is due at once. `false` when it was closed before.
    pub fn release(&mut self, now: At) -> bool {
        if self.closed.is_some() {
            return false;
        }
        self.acknowledged = None;
        self.claimed = None;
        self.next_page_at = Some(now);
        true
    }

    /// A human has written: the last clock stops, until the texter writes again.
    pub fn answered(&mut self, now: At) {
        self.answered_at = Some(now);
        self.next_page_at = None;
    }

    /// Closes the alert.
    pub fn close(&mut self, because: Closed, now: At) {
        self.closed.get_or_insert((now, because));
        self.next_page_at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        repage: Duration::from_mins(2),
        claim: Duration::from_mins(5),
        answer: Duration::from_mins(5),
    };

    fn request(reason: Reason, tier: Tier, seconds: u64) -> AlertRequest {
        AlertRequest {
            reason,
            tier,
            page_after: Duration::from_secs(seconds),
        }
    }

    fn alert(seconds: u64) -> Alert {
        let (id, reason) = (Uuid::nil(), Reason::Question);
        Alert::open(
            id,
            id,
            id,
            "K7".to_owned(),
            request(reason, Tier::Concern, seconds),
            At(0),
        )
    }

    #[test]
    fn an_open_alert_is_paged_again_and_again() {
        let mut alert = alert(0);
        for round in 0..50 {
            let now = At(round * 120_000);
            assert!(alert.page_is_due(now), "round {round}");
            alert.paged(now, &TIMING);
            assert!(!alert.page_is_due(now));
        }
        assert_eq!(alert.pages, 50);
    }

    #[test]
    fn each_clock_that_runs_out_opens_the_ladder_again() {
        let mut alert = alert(0);
        alert.paged(At(0), &TIMING);
        alert.acknowledge("Duty phone", At(1_000), &TIMING).unwrap();
        assert!(!alert.page_is_due(At(300_999)));
        assert!(alert.page_is_due(At(301_000)), "acknowledged and forgotten");
        alert.claim(Uuid::from_u128(1), "Duty", At(2_000), &TIMING);
        assert!(alert.page_is_due(At(302_000)), "claimed and not answered");
        alert.paged(At(302_000), &TIMING);
        assert_eq!((&alert.acknowledged, alert.claimed), (&None, None));
        alert.answered(At(303_000));
        assert!(!alert.page_is_due(At(i64::MAX)));
    }

    #[test]
    fn a_case_of_somebody_who_leaves_is_paged_at_once() {
        let mut alert = alert(0);
        alert.paged(At(0), &TIMING);
        alert.claim(Uuid::from_u128(1), "one", At(1_000), &TIMING);
        alert.answered(At(2_000));
        assert!(alert.release(At(3_000)) && alert.page_is_due(At(3_000)));
        assert_eq!((&alert.acknowledged, alert.claimed), (&None, None));
        alert.close(Closed::ByStaff, At(4_000));
        assert!(!alert.release(At(5_000)) && !alert.page_is_due(At(5_000)));
    }

    #[test]
    fn the_first_to_take_it_has_it() {
        let mut alert = alert(0);
        alert.acknowledge("one", At(1), &TIMING).unwrap();
        alert.acknowledge("one", At(2), &TIMING).unwrap();
        let taken = alert.acknowledge("two", At(3), &TIMING).unwrap_err();
        assert_eq!((taken.by.as_str(), taken.at), ("one", At(1)));
    }

    #[test]
    fn a_crisis_pages_now_while_a_question_waits_for_its_answer() {
        let mut alert = alert(300);
        assert!(!alert.page_is_due(At(299_999)));
        alert.raise(request(Reason::Crisis, Tier::High, 0), At(1_000), &TIMING);
        assert!(alert.page_is_due(At(1_000)));
        alert.raise(
            request(Reason::Question, Tier::Concern, 300),
            At(2_000),
            &TIMING,
        );
        assert_eq!((alert.tier, alert.reason), (Tier::High, Reason::Crisis));
        assert!(alert.page_is_due(At(2_000)));
    }

    #[test]
    fn more_texts_keep_the_rhythm_and_a_higher_tier_pages_anew() {
        let mut alert = alert(0);
        alert.raise(request(Reason::Crisis, Tier::High, 0), At(0), &TIMING);
        alert.paged(At(0), &TIMING);
        alert.acknowledge("one", At(1), &TIMING).unwrap();
        alert.raise(request(Reason::Crisis, Tier::High, 0), At(5_000), &TIMING);
        assert!(alert.acknowledged.is_some());
        alert.raise(
            request(Reason::Crisis, Tier::Imminent, 0),
            At(6_000),
            &TIMING,
        );
        assert!(alert.page_is_due(At(6_000)) && alert.acknowledged.is_none());
    }

    #[test]
    fn a_new_call_after_an_answer_starts_the_last_clock_again() {
        let mut alert = alert(0);
        alert.paged(At(0), &TIMING);
        alert.claim(Uuid::from_u128(1), "one", At(1_000), &TIMING);
        alert.answered(At(2_000));
        alert.raise(
            request(Reason::Crisis, Tier::Concern, 0),
            At(10_000),
            &TIMING,
        );
        assert!(!alert.page_is_due(At(309_999)) && alert.page_is_due(At(310_000)));
        alert.answered(At(310_000));
        alert.raise(
            request(Reason::Crisis, Tier::Concern, 0),
            At(700_000),
            &TIMING,
        );
        assert!(
            alert.page_is_due(At(700_000)),
            "whoever wrote long ago may be gone"
        );
    }

    #[test]
    fn an_opt_out_in_a_crisis_pages_anew_once() {
        let mut alert = alert(0);
        alert.paged(At(0), &TIMING);
        alert.acknowledge("one", At(1), &TIMING).unwrap();
        let opt_out = request(Reason::OptedOutInCrisis, Tier::Concern, 0);
        alert.raise(opt_out, At(2), &TIMING);
        assert!(alert.page_is_due(At(2)) && alert.acknowledged.is_none());
        alert.paged(At(2), &TIMING);
        alert.acknowledge("one", At(3), &TIMING).unwrap();
        alert.raise(opt_out, At(4), &TIMING);
        assert!(alert.acknowledged.is_some() && !alert.page_is_due(At(4)));
    }
}
