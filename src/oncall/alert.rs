//! An alert and its three clocks: acknowledged, claimed, first human message.

use std::time::Duration;

use uuid::Uuid;

use super::ladder::{Place, Step};
use super::urgency::Urgency;
use crate::clock::At;
use crate::conversation::{AlertRequest, Reason};
use crate::triage::Tier;

/// How long each clock may run before the ladder is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From one page to the next while nobody acknowledges, where no policy says otherwise.
    pub repage: Duration,
    /// From the acknowledgement to the claim.
    pub claim: Duration,
    /// From the claim to the first human message.
    pub answer: Duration,
    /// From the last that somebody did in a conversation that they have to the end of their claim.
    pub lease: Duration,
}

/// How long whoever has a case is left alone after they said that they are on it, where texts do not reach the
/// person: long enough for a call, short enough for who fell silent themselves.
const ELSEWHERE: Duration = Duration::from_mins(10);

/// How fast the clocks run for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// For danger now.
    pub imminent: Timing,
    /// For a crisis.
    pub high: Timing,
    /// For a question without a clear answer.
    pub concern: Timing,
    /// For who asks for a person.
    pub wants_human: Timing,
}

impl Clocks {
    /// The same for everything.
    #[must_use]
    pub const fn all(timing: Timing) -> Self {
        Self {
            imminent: timing,
            high: timing,
            concern: timing,
            wants_human: timing,
        }
    }

    /// The clocks of an urgency.
    #[must_use]
    pub const fn of(&self, urgency: Urgency) -> &Timing {
        match urgency {
            Urgency::Imminent => &self.imminent,
            Urgency::High => &self.high,
            Urgency::Concern => &self.concern,
            Urgency::WantsHuman => &self.wants_human,
        }
    }
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
    /// When something happens next. Always set while it is open: once a human has answered the last
    /// call, it is the end of their lease.
    pub next_page_at: Option<At>,
    /// How many rounds of pages went out.
    pub pages: u32,
    /// When the last of them went out.
    pub paged_at: Option<At>,
    /// The policy that pages for it; none before the first page. The built-in one has no row.
    pub policy_id: Option<Uuid>,
    /// Where it stands on that policy.
    pub place: Place,
    /// Since when its ladder has been climbed to the end in vain.
    pub exhausted_at: Option<At>,
    /// Who acknowledged, and when; where a policy asks for several, all of them, once they are enough.
    pub acknowledged: Option<Taken>,
    /// Which member of staff claimed it, and when.
    pub claimed: Option<(Uuid, At)>,
    /// Until when the claim holds if nothing is done in the conversation.
    pub lease_until: Option<At>,
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
    /// The contact or member of staff; several as in "one and two".
    pub by: String,
    /// When.
    pub at: At,
}

/// One person's acknowledgement, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The account; none for a contact of the configuration.
    pub staff_id: Option<Uuid>,
    /// How others see them.
    pub name: String,
    /// When.
    pub at: At,
}

impl Acknowledgement {
    /// Whether it is this person's: one account, or one contact of the configuration.
    #[must_use]
    pub fn is_of(&self, staff_id: Option<Uuid>, name: &str) -> bool {
        match (self.staff_id, staff_id) {
            (None, None) => self.name == name,
            (theirs, this) => theirs == this,
        }
    }
}

/// What one acknowledgement comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// The case is theirs, now or since before.
    Yours,
    /// They are in, and the policy asks for so many more.
    More(u16),
    /// Others had it.
    Already(Taken),
}

/// Which clock ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// It was acknowledged, and nobody opened the conversation.
    Claim,
    /// It was claimed, and nobody wrote.
    Answer,
    /// Somebody wrote, and then did nothing in it until their lease ended.
    Lease,
}

impl Missed {
    /// The word for the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Answer => "answer",
            Self::Lease => "lease",
        }
    }
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
            paged_at: None,
            policy_id: None,
            place: Place::default(),
            exhausted_at: None,
            acknowledged: None,
            claimed: None,
            lease_until: None,
            answered_at: None,
            closed: None,
            told_at: None,
            drill: None,
        }
    }

    /// How urgent it is: which policy pages for it, how fast its clocks run, and whom it may wake.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        Urgency::of(self.tier, self.reason)
    }

    /// Takes in another call for the same conversation. It never becomes less urgent, and what was
    /// paged keeps its rhythm. A higher tier, or an opt-out in the middle of it, pages anew from the
    /// first rung even when someone has it; a new call after a human had answered starts the last clock
    /// again. `true` when somebody had it and has it no longer.
    pub fn raise(&mut self, request: AlertRequest, now: At, clocks: &Clocks) -> bool {
        let opted_out = request.reason == Reason::OptedOutInCrisis && self.reason != request.reason;
        let rises = request.tier > self.tier || opted_out;
        self.tier = self.tier.max(request.tier);
        // Who has sent STOP in it has, whatever they write next: it is news once.
        let lesser = matches!(request.reason, Reason::Question | Reason::AwaitsHuman);
        if !lesser && self.reason != Reason::OptedOutInCrisis {
            self.reason = request.reason;
        }
        let answer = clocks.of(self.urgency()).answer;
        let free = self.acknowledged.is_none() && self.claimed.is_none();
        // What somebody before them wrote says nothing of who has it now: their own clock runs.
        let theirs = |answered: &At| self.claimed.is_some_and(|(_, since)| *answered >= since);
        let due = if rises || (self.pages == 0 && free) {
            now.plus(request.page_after)
        } else if let Some(answered_at) = self.answered_at.filter(theirs) {
            // Whoever is writing with them gets their time; whoever wrote long ago may be gone.
            let there = now.since(answered_at) < answer;
            now.plus(if there { answer } else { request.page_after })
        } else {
            return false;
        };
        let had = self.acknowledged.is_some() || self.claimed.is_some();
        if rises {
            self.starts_over();
        }
        self.next_page_at = Some(self.next_page_at.map_or(due, |sooner| sooner.min(due)));
        rises && had
    }

    /// Who of the staff has it, as one of them sees it: who claimed it, else who has said that they take
    /// it. `there` are those who have.
    #[must_use]
    pub fn holder(&self, there: &[Acknowledgement], me: Uuid) -> Option<Uuid> {
        if let Some((owner, _)) = self.claimed {
            return Some(owner);
        }
        self.acknowledged.as_ref()?;
        let accounts = || there.iter().filter_map(|one| one.staff_id);
        // Where several are on it, any of them may be the one who writes.
        if accounts().any(|one| one == me) {
            return Some(me);
        }
        accounts().next()
    }

    /// Whether a round of pages is due.
    #[must_use]
    pub fn page_is_due(&self, now: At) -> bool {
        self.closed.is_none() && self.next_page_at.is_some_and(|due| due <= now)
    }

    /// After the computer's clock went back, nothing may wait until it is as late again: what waits for
    /// something is due at once, and whoever had the case is asked again.
    pub fn clock_went_back(&mut self, now: At) {
        self.next_page_at = self.next_page_at.map(|due| due.min(now));
        self.opened_at = self.opened_at.min(now);
        self.paged_at = self.paged_at.map(|at| at.min(now));
        self.lease_until = self.lease_until.map(|until| until.min(now));
    }

    /// Opens the ladder again, from its first rung, if a clock ran out: an acknowledgement or a claim
    /// that led nowhere is undone. Says which clock that was; `None` where nobody had it.
    pub fn reopen(&mut self) -> Option<Missed> {
        // While more acknowledgements are waited for, a claim has no clock yet.
        self.acknowledged.as_ref()?;
        let leased_out = self.lease_until.is_some() && self.next_page_at >= self.lease_until;
        let missed = match self.claimed {
            None => Missed::Claim,
            Some(_) if leased_out => Missed::Lease,
            Some(_) => Missed::Answer,
        };
        self.starts_over();
        Some(missed)
    }

    fn starts_over(&mut self) {
        self.acknowledged = None;
        self.claimed = None;
        self.lease_until = None;
        self.policy_id = None;
        self.place = Place::default();
        self.exhausted_at = None;
    }

    /// Notes a round of pages by a policy, and when the next one is due.
    pub fn paged(&mut self, policy: Uuid, step: &Step, now: At) {
        self.policy_id = Some(policy);
        self.place = step.next;
        self.pages = self.pages.saturating_add(1);
        self.paged_at = Some(now);
        self.next_page_at = Some(now.plus(step.delay));
        if step.exhausted {
            self.exhausted_at.get_or_insert(now);
        }
    }

    /// Notes that enough people have acknowledged: the next clock starts, and pages stop.
    pub fn taken(&mut self, taken: Taken, clocks: &Clocks) {
        let timing = clocks.of(self.urgency());
        self.next_page_at = match (self.claimed, self.answered_at) {
            (Some((_, claimed)), Some(answered)) if answered >= claimed => {
                // Whoever wrote before enough people were there gets time to be heard of again.
                let soonest = taken.at.plus(timing.answer);
                self.lease_until = self.lease_until.map(|until| until.max(soonest));
                self.lease_until
            }
            (Some(_), _) => Some(taken.at.plus(timing.answer)),
            (None, _) => Some(taken.at.plus(timing.claim)),
        };
        self.acknowledged = Some(taken);
        self.exhausted_at = None;
    }

    /// A member of staff makes the conversation theirs, for as long as their lease. Their acknowledgement
    /// is noted apart. Whoever has it already only does something in it: the clocks of a claim start once.
    pub fn claim(&mut self, staff: Uuid, now: At, clocks: &Clocks) {
        if self.claimed.is_some_and(|(owner, _)| owner == staff) {
            return self.seen(now, clocks);
        }
        let timing = clocks.of(self.urgency());
        self.claimed = Some((staff, now));
        self.lease_until = Some(now.plus(timing.lease));
        if self.acknowledged.is_some() {
            self.next_page_at = Some(now.plus(timing.answer));
        }
    }

    /// Whoever has it did something in it: the lease begins again. It holds up no other clock.
    pub fn seen(&mut self, now: At, clocks: &Clocks) {
        if self.claimed.is_none() || self.closed.is_some() {
            return;
        }
        let until = Some(now.plus(clocks.of(self.urgency()).lease));
        if self.acknowledged.is_some() && self.next_page_at == self.lease_until {
            self.next_page_at = until;
        }
        self.lease_until = until;
    }

    /// Whoever has it has it no longer, because somebody else takes it from them now.
    pub fn given_up(&mut self) {
        self.acknowledged = None;
        self.claimed = None;
        self.lease_until = None;
    }

    /// Whoever has it is on it without texts, which do not reach the person (an opt-out, a carrier that
    /// blocks). The last clock gives them [`ELSEWHERE`] and goes on: nobody has written.
    pub fn elsewhere(&mut self, now: At) {
        if self.acknowledged.is_none() || self.claimed.is_none() || self.closed.is_some() {
            return;
        }
        let until = now.plus(ELSEWHERE);
        let until = self.lease_until.map_or(until, |lease| until.min(lease));
        self.next_page_at = Some(self.next_page_at.map_or(until, |due| due.max(until)));
    }

    /// Whoever has it is gone: the ladder is due at once, from its first rung. `false` when it was closed
    /// before.
    pub fn release(&mut self, now: At) -> bool {
        if self.closed.is_some() {
            return false;
        }
        self.starts_over();
        self.next_page_at = Some(now);
        true
    }

    /// A human has written: the last clock stops, until the texter writes again or the lease ends. Where
    /// a policy asks for more people, they are still paged.
    pub fn answered(&mut self, now: At) {
        self.answered_at = Some(now);
        if self.acknowledged.is_some() {
            self.next_page_at = self.lease_until;
        }
    }

    /// Closes the alert.
    pub fn close(&mut self, because: Closed, now: At) {
        self.closed.get_or_insert((now, because));
        self.next_page_at = None;
    }
}

#[cfg(test)]
mod tests;
