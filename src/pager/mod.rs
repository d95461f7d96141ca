//! The ways by which pages leave that are no texts: e-mail and webhooks, and what a call says. Pure
//! translation from a page to a provider's bytes and back, but for the two clients that carry it out.
//! It keeps nothing and decides nothing: when to try again is a column of the outbox. Floor 2.

pub mod email;
pub mod guard;
pub mod push;
pub mod spoken;
pub mod webhook;

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::At;
use crate::gateway::SendOutcome;
use crate::oncall::{Case, Channel, Destination, PageKind};
use crate::triage::Tier;
use email::Smtp;
use webhook::Webhooks;

/// A page on its way out. `Debug` hides its words: they may hold the link that takes a case.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// The outbox row: the same at every try, so that a receiver knows a repetition.
    pub id: Uuid,
    /// What it is.
    pub kind: PageKind,
    /// Where it goes.
    pub to: &'a Destination,
    /// The contact method that it goes to; none for a contact of the configuration.
    pub method: Option<Uuid>,
    /// The words, as a text would have them.
    pub words: &'a str,
    /// The case that it is about.
    pub case: Option<&'a Case>,
    /// How many cases it speaks of, where that is more than one.
    pub cases: i64,
    /// The name of the line.
    pub line: &'a str,
    /// Where its receiver signs in, where the words have no link of their own.
    pub sign_in: &'a str,
    /// When it was made.
    pub at: At,
}

impl fmt::Debug for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl<'a> Page<'a> {
    /// The words without how a text is answered: a mail or a push is not.
    #[must_use]
    pub fn headline(&self) -> &'a str {
        let (words, _) = self.parted();
        words.split(" Reply ").next().unwrap_or_default().trim_end()
    }

    /// Where its receiver takes the case, or signs in.
    #[must_use]
    pub fn url(&self) -> &'a str {
        self.parted().1.unwrap_or(self.sign_in)
    }

    /// The words, and the link that they end in, if they do.
    fn parted(&self) -> (&'a str, Option<&'a str>) {
        match self.words.rsplit_once(" Or open ") {
            Some((words, link)) if link.starts_with("http") && !link.contains(' ') => {
                (words, Some(link))
            }
            _ => (self.words, None),
        }
    }

    /// What its receiver is to do at [`Page::url`].
    #[must_use]
    pub const fn invitation(&self) -> &'static str {
        match self.kind {
            PageKind::Page => "Sign in to take it",
            PageKind::Test => "Sign in to say that it arrived",
            PageKind::Code => "Sign in to enter it",
            PageKind::Notice | PageKind::Taken | PageKind::Over => "Sign in",
        }
    }

    /// What it is about, as a receiver knows it again: the case, else the contact method that is tried
    /// out, else the page itself.
    #[must_use]
    pub fn subject(&self) -> Uuid {
        let tried = || {
            self.method
                .filter(|_| matches!(self.kind, PageKind::Test | PageKind::Code))
        };
        self.case
            .map(|case| case.alert)
            .or_else(tried)
            .unwrap_or(self.id)
    }

    /// What a receiver that rings once for what it knows keeps it under: each call for a case is new to it.
    #[must_use]
    pub fn incident(&self) -> String {
        match self.case {
            Some(case) if case.again > 0 => format!("{}-{}", case.alert, case.again),
            _ => self.subject().to_string(),
        }
    }

    /// How much it must disturb.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        let crisis = self.case.is_none_or(|case| case.tier >= Tier::High);
        match self.kind {
            PageKind::Page if crisis => Urgency::Now,
            PageKind::Page | PageKind::Test | PageKind::Code => Urgency::Soon,
            PageKind::Notice | PageKind::Taken | PageKind::Over => Urgency::News,
        }
    }
}

/// How much a page must disturb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Wake whoever it is for.
    Now,
    /// Make a sound.
    Soon,
    /// Be there to be read.
    News,
}

/// How carrying a page out ended, and what the gateway log keeps of it.
#[derive(Debug)]
pub struct Carried {
    /// What the answer means.
    pub outcome: SendOutcome,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What was asked, redacted.
    pub asked: String,
    /// What was answered, redacted.
    pub answered: String,
}

impl Carried {
    fn not_tried(code: &str) -> Self {
        Self {
            outcome: SendOutcome::Misconfigured {
                code: code.to_owned(),
            },
            status: None,
            asked: String::new(),
            answered: String::new(),
        }
    }
}

/// The clients of the channels that need no gateway.
pub struct Pagers {
    /// The mail server; none when it is not configured.
    pub smtp: Option<Smtp>,
    /// Webhooks.
    pub webhooks: Webhooks,
}

impl Pagers {
    /// Carries a page out, once. `now` is signed with it.
    pub async fn send(&self, page: &Page<'_>, now: At) -> Carried {
        match (page.to.channel, &self.smtp) {
            (Channel::Email, Some(smtp)) => smtp.send(page).await,
            (Channel::Email, None) => Carried::not_tried("smtp-not-configured"),
            (Channel::Webhook, _) => self.webhooks.send(page, now).await,
            // They leave by a gateway.
            (Channel::Sms | Channel::Voice, _) => Carried::not_tried("no-such-channel"),
        }
    }
}

/// A time as RFC 3339 has it, in UTC.
fn rfc3339(at: At) -> String {
    Timestamp::from_millisecond(at.0).map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oncall::Address;

    pub(super) const NOW: At = At(1_767_225_600_000);

    pub(super) fn to(channel: Channel, address: &str) -> Destination {
        Destination {
            channel,
            address: Address::new(address),
            preset: None,
            secret: None,
        }
    }

    pub(super) fn case() -> Case {
        Case {
            alert: Uuid::from_u128(7),
            code: "K7".to_owned(),
            tier: Tier::High,
            opened_at: At(NOW.0 - 20_000),
            again: 0,
        }
    }

    pub(super) fn page<'a>(to: &'a Destination, case: Option<&'a Case>) -> Page<'a> {
        Page {
            id: Uuid::from_u128(9),
            kind: PageKind::Page,
            to,
            method: Some(Uuid::from_u128(5)),
            words: "CRISIS: case K7, waiting 0:20. Reply K7 to take it.",
            case,
            cases: 0,
            line: "Example Line",
            sign_in: "https://line.example.org/",
            at: NOW,
        }
    }

    #[test]
    fn a_mail_does_not_ask_for_a_reply() {
        let to = to(Channel::Email, "first@example.org");
        let mut page = page(&to, None);
        assert_eq!(page.headline(), "CRISIS: case K7, waiting 0:20.");
        assert_eq!(page.url(), "https://line.example.org/");
        page.words = "Case K7 was taken by Night.";
        assert_eq!(page.headline(), page.words);
        page.words = "CRISIS: case K7, waiting 0:20. Reply K7 to take it. Or open https://line.example.org/take/x";
        assert_eq!(page.headline(), "CRISIS: case K7, waiting 0:20.");
        assert_eq!(page.url(), "https://line.example.org/take/x");
        page.words = "Answer it. Or open your door.";
        assert_eq!((page.headline(), page.url()), (page.words, page.sign_in));
    }

    #[test]
    fn neither_words_nor_address_are_shown() {
        let to = to(Channel::Email, "first@example.org");
        let shown = format!("{:?}", page(&to, None));
        assert!(
            !shown.contains("CRISIS") && !shown.contains("first@"),
            "{shown}"
        );
    }

    #[test]
    fn what_is_about_one_case_or_one_method_is_known_again() {
        let (to, case) = (to(Channel::Webhook, "https://x.example.org"), case());
        let mut page = page(&to, Some(&case));
        for kind in [
            PageKind::Page,
            PageKind::Notice,
            PageKind::Taken,
            PageKind::Over,
        ] {
            page.kind = kind;
            assert_eq!(page.subject(), case.alert);
        }
        page.case = None;
        page.kind = PageKind::Code;
        assert_eq!(page.subject(), Uuid::from_u128(5));
        for kind in [PageKind::Notice, PageKind::Page] {
            page.kind = kind;
            assert_eq!(page.subject(), page.id, "two of them are two: each rings");
        }
    }

    #[test]
    fn only_a_call_to_a_crisis_wakes_people() {
        let (to, mut case) = (to(Channel::Email, "a@example.org"), case());
        assert_eq!(page(&to, Some(&case)).urgency(), Urgency::Now);
        assert_eq!(
            page(&to, None).urgency(),
            Urgency::Now,
            "many cases, or none that is stored"
        );
        case.tier = Tier::Concern;
        assert_eq!(page(&to, Some(&case)).urgency(), Urgency::Soon);
        let notice = Page {
            kind: PageKind::Notice,
            ..page(&to, None)
        };
        assert_eq!(notice.urgency(), Urgency::News);
    }
}
