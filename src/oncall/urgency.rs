//! How urgent a call for a human is: which policy pages for it, and how fast its clocks run.

use crate::conversation::Reason;
use crate::triage::Tier;

/// How urgent a call is, from the most urgent one. The words are those of the table `policy_tiers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Urgency {
    /// Danger now.
    Imminent,
    /// A crisis.
    High,
    /// Our question has no clear answer.
    Concern,
    /// Who asks for a person, without a sign of danger.
    WantsHuman,
}

impl Urgency {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Imminent, Self::High, Self::Concern, Self::WantsHuman];

    /// The urgency of a call. Who sends STOP in the middle of a crisis is still in it.
    #[must_use]
    pub fn of(tier: Tier, reason: Reason) -> Self {
        match tier {
            Tier::Imminent => Self::Imminent,
            Tier::High => Self::High,
            _ if reason == Reason::OptedOutInCrisis => Self::High,
            Tier::Concern => Self::Concern,
            Tier::Topic | Tier::None => Self::WantsHuman,
        }
    }

    /// Whether it is a crisis: all of a person's methods at once, whatever the hour.
    #[must_use]
    pub const fn is_crisis(self) -> bool {
        matches!(self, Self::Imminent | Self::High)
    }

    /// What people call it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Imminent => "imminent danger",
            Self::High => "a crisis",
            Self::Concern => "a concern",
            Self::WantsHuman => "a wish for a person",
        }
    }

    /// The word for settings, tables and the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Imminent => "imminent",
            Self::High => "high",
            Self::Concern => "concern",
            Self::WantsHuman => "wants_human",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_as_urgent_as_its_tier_and_a_stop_in_a_crisis_is_a_crisis() {
        for (tier, reason, urgency) in [
            (Tier::Imminent, Reason::Crisis, Urgency::Imminent),
            (Tier::High, Reason::WantsHuman, Urgency::High),
            (Tier::Concern, Reason::Question, Urgency::Concern),
            (Tier::Concern, Reason::OptedOutInCrisis, Urgency::High),
            (Tier::None, Reason::OptedOutInCrisis, Urgency::High),
            (Tier::Topic, Reason::WantsHuman, Urgency::WantsHuman),
            (Tier::None, Reason::AwaitsHuman, Urgency::WantsHuman),
        ] {
            assert_eq!(Urgency::of(tier, reason), urgency, "{tier:?} {reason:?}");
        }
        assert!(Urgency::High.is_crisis() && !Urgency::Concern.is_crisis());
    }
}
