//! The names of everything that can be said.
//!
//! A name that is here must be in every pack, and a name that is not here can be in none. The
//! words themselves are in the packs. Floor 1.

use serde::{Deserialize, Serialize};

/// Declares an enum of names, each with its spelling in a pack.
macro_rules! names {
    ($(#[$outer:meta])* $kind:ident { $($(#[$inner:meta])* $name:ident = $word:literal,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $kind {
            $($(#[$inner])* #[serde(rename = $word)] $name,)+
        }

        impl $kind {
            /// Every name, in a fixed order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The spelling in a pack.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The position in [`Self::ALL`].
            pub(super) const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

names! {
    /// A single message.
    Key {
        /// The first text that anybody gets.
        Welcome = "welcome",
        /// The numbered topics.
        Menu = "menu",
        /// Ends every page: 988, and the ways on.
        PageEnd = "page_end",
        /// Ends a part of a page that another part follows.
        PageMore = "page_more",
        /// MORE, when there is no more.
        NoMore = "no_more",
        /// An act under way, or a medical emergency.
        CrisisImminent = "crisis_imminent",
        /// Thoughts of suicide, self-harm or harm.
        CrisisHigh = "crisis_high",
        /// Somebody else is at risk.
        CrisisThirdParty = "crisis_third_party",
        /// Abuse.
        CrisisAbuse = "crisis_abuse",
        /// Sexual assault.
        CrisisSexualAssault = "crisis_sexual_assault",
        /// A child in danger.
        CrisisChild = "crisis_child",
        /// Somebody took too much of something.
        CrisisOverdose = "crisis_overdose",
        /// Thoughts of hurting somebody else.
        CrisisHarmToOthers = "crisis_harm_to_others",
        /// Voices, or a world that has turned against them.
        CrisisPsychosis = "crisis_psychosis",
        /// Eating or not eating, so that it is dangerous.
        CrisisEating = "crisis_eating",
        /// An act under way, from somebody who has opted out.
        CrisisImminentOptedOut = "crisis_imminent_opted_out",
        /// Any other crisis text from somebody who has opted out.
        CrisisOptedOut = "crisis_opted_out",
        /// A crisis text soon after one that was answered in full.
        CrisisAgain = "crisis_again",
        /// The same, where a person of the team has joined.
        CrisisJoined = "crisis_joined",
        /// Any other text while a crisis is open and nobody has joined.
        CrisisWaiting = "crisis_waiting",
        /// The same, once a page was accepted: the team was told.
        CrisisWaitingTold = "crisis_waiting_told",
        /// The same, once somebody of the team said that they take it.
        CrisisWaitingTaken = "crisis_waiting_taken",
        /// Nobody has come for a while; sent once, by itself.
        StillWaiting = "still_waiting",
        /// A question about us and privacy while a crisis is open and nobody has joined.
        CrisisPrivacy = "crisis_privacy",
        /// The one direct question.
        Ask = "ask",
        /// It was answered with yes.
        AskedYes = "asked_yes",
        /// It was answered with a clear no.
        AskedNo = "asked_no",
        /// It was answered with something else.
        AskedUnclear = "asked_unclear",
        /// A person was asked for.
        HumanAsked = "human_asked",
        /// The reply to the carrier keyword HELP.
        Help = "help",
        /// The one confirmation of an opt-out.
        StopConfirm = "stop_confirm",
        /// The confirmation that texts are on again.
        StartConfirm = "start_confirm",
        /// A text was not understood.
        NotUnderstood = "not_understood",
        /// A second one in a row.
        NotUnderstoodTwice = "not_understood_twice",
        /// A text without words, or with a picture.
        Picture = "picture",
        /// 988 or 911 was texted to this line.
        DialDirect = "dial_direct",
        /// A thank-you, or a goodbye.
        Thanks = "thanks",
        /// An angry word, at us or at everything.
        Away = "away",
        /// Before the page where they were, when they come back after a while.
        Resumed = "resumed",
        /// DELETE: the question back.
        DeleteAsk = "delete_ask",
        /// It was confirmed.
        DeleteDone = "delete_done",
        /// It was confirmed, but the team is called: it is done when the case is closed.
        DeleteLater = "delete_later",
        /// It was confirmed, but a legal hold keeps what they sent: it is done when that is lifted.
        DeleteHeld = "delete_held",
        /// It was taken back.
        DeleteNot = "delete_not",
        /// A person of the team asks whether we may check in.
        CheckInAsk = "check_in_ask",
        /// We may.
        CheckInYes = "check_in_yes",
        /// We may not.
        CheckInNo = "check_in_no",
        /// The check-in.
        CheckIn = "check_in",
        /// What a provider answers by itself while this server is down.
        Fallback = "fallback",
        /// The database is away: their text is kept, and is answered later.
        LineTrouble = "line_trouble",
        /// The database is away, and their text could not be kept either.
        LineTroubleLost = "line_trouble_lost",
        /// The language was changed to the one of this pack.
        Language = "language",
        /// `{rates}` where texts cost what the plan says.
        RatesPlan = "rates_plan",
        /// `{rates}` where texts are free.
        RatesFree = "rates_free",
        /// `{own_care}` where the operator offers care of their own.
        OwnCare = "own_care",
        /// Before a text that comes from another number than the one they know.
        OtherNumber = "other_number",
        /// What the chooser found: the therapies stand for `{choices}`.
        Chosen = "chosen",
    }
}

impl Key {
    /// Whether the message must name 988: a pack in which it does not is refused.
    #[must_use]
    pub const fn must_name_988(self) -> bool {
        !self.is_insert() && !matches!(self, Self::Language | Self::Resumed)
    }

    /// Whether the message only ever stands inside another one.
    #[must_use]
    pub const fn is_insert(self) -> bool {
        matches!(
            self,
            Self::RatesPlan | Self::RatesFree | Self::OwnCare | Self::OtherNumber
        )
    }
}

names! {
    /// A page about one topic.
    PageId {
        /// What self-harm is, with figures.
        WhatItIs = "what_it_is",
        /// How therapy helps.
        HowTherapyHelps = "how_therapy_helps",
        /// The list of therapies.
        Therapies = "therapies",
        /// Questions to ask a therapist.
        Questions = "questions",
        /// How to open up.
        OpeningUp = "opening_up",
        /// Finding care.
        FindingCare = "finding_care",
        /// For a friend or a parent.
        ForOthers = "for_others",
        /// What this line is, and privacy.
        About = "about",
        /// For teens.
        ForTeens = "for_teens",
        /// The guided chooser: its introduction.
        Chooser = "chooser",
        /// Cognitive behavioral therapy.
        Cbt = "cbt",
        /// Dialectical behavioral therapy.
        Dbt = "dbt",
        /// Mindfulness-based cognitive therapy.
        Mbct = "mbct",
        /// LGBTQIA+ affirming therapy.
        Affirmative = "affirmative",
        /// Compassion-focused therapy.
        Compassion = "compassion",
        /// Psychodynamic therapy.
        Psychodynamic = "psychodynamic",
        /// Mentalization-based treatment for adolescents.
        MbtA = "mbt_a",
        /// Interpersonal psychotherapy for depressed adolescents.
        IptA = "ipt_a",
        /// Trauma-informed therapy.
        Trauma = "trauma",
        /// Group-based therapy.
        Group = "group",
    }
}

impl PageId {
    /// The number that opens the page. A number means the same page everywhere, so that a text
    /// that comes late or twice never opens another one: 1 to 10 for topics, 11 to 20 for therapies.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::WhatItIs => 1,
            Self::HowTherapyHelps => 2,
            Self::Therapies => 3,
            Self::Questions => 4,
            Self::OpeningUp => 5,
            Self::FindingCare => 6,
            Self::ForOthers => 7,
            Self::About => 8,
            Self::ForTeens => 9,
            Self::Chooser => 10,
            Self::Cbt => 11,
            Self::Dbt => 12,
            Self::Mbct => 13,
            Self::Affirmative => 14,
            Self::Compassion => 15,
            Self::Psychodynamic => 16,
            Self::MbtA => 17,
            Self::IptA => 18,
            Self::Trauma => 19,
            Self::Group => 20,
        }
    }

    /// Whether the page is one of the ten therapies, and so in their list instead of the menu.
    #[must_use]
    pub const fn is_therapy(self) -> bool {
        self.number() > 10
    }
}
