//! Whether a page would reach a person, in words: a word, a shape and a colour, and what is missing.
//! Floor 4.

use std::time::Duration;

use super::when::Wall;
use crate::clock::At;
use crate::http::words::{phrase, said, tr};
use crate::oncall::{Channel, Method, Person, Uses};

/// A method that was not answered for so long may no longer work (issue of the on-call part).
const UNTESTED: Duration = Duration::from_hours(30 * 24);

/// How a thing is: the class of its shape and colour, and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) class: &'static str,
    pub(super) word: &'static str,
}

const READY: Mark = Mark {
    class: "good",
    word: phrase!("ready"),
};

const fn care(word: &'static str) -> Mark {
    Mark {
        class: "care",
        word,
    }
}

const fn bad(word: &'static str) -> Mark {
    Mark { class: "bad", word }
}

fn stale(method: &Method, now: At) -> bool {
    let tested = method.tested_at.max(method.verified_at);
    tested.is_none_or(|at| now.since(at) > UNTESTED)
}

/// How a contact method is.
pub(super) fn of_method(method: &Method, now: At) -> Mark {
    match method {
        Method {
            stopped_at: Some(_),
            ..
        } => bad(phrase!("texted STOP")),
        Method {
            disabled_at: Some(_),
            ..
        } => Mark {
            class: "plain",
            word: phrase!("switched off"),
        },
        Method {
            verified_at: None, ..
        } => care(phrase!("not verified yet")),
        method if stale(method, now) => care(phrase!("not tested for 30 days")),
        _ => Mark {
            class: "good",
            word: phrase!("works"),
        },
    }
}

/// How a person is.
pub(super) fn of_person(person: &Person, now: At) -> Mark {
    let working: Vec<&Method> = person.methods.iter().filter(|one| one.works()).collect();
    if working.is_empty() {
        return if person.methods.iter().any(|one| one.stopped_at.is_some()) {
            bad(phrase!("cannot be paged: texted STOP"))
        } else {
            bad(phrase!("cannot be paged"))
        };
    }
    if person.methods.iter().any(|one| one.stopped_at.is_some()) {
        care(phrase!("a method is stopped"))
    } else if working.iter().all(|one| stale(one, now)) {
        care(phrase!("not tested for 30 days"))
    } else if working.len() < 2 {
        care(phrase!("one method only"))
    } else {
        READY
    }
}

/// A person, as the table of who can be paged shows them.
pub(super) struct Row {
    pub(super) id: uuid::Uuid,
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) methods: String,
    pub(super) tested: String,
    pub(super) quiet: String,
    /// Whether there are quiet hours.
    pub(super) has_quiet: bool,
}

impl Row {
    pub(super) fn new(person: &Person, wall: &Wall, now: At) -> Self {
        let working = person.methods.iter().filter(|one| one.works());
        let tested = working.filter_map(|one| one.tested_at).max();
        Self {
            id: person.id,
            name: person.name.clone(),
            mark: of_person(person, now),
            methods: methods(person),
            tested: tested.map_or_else(|| tr!("never"), |at| wall.day(at)),
            quiet: hours(person, wall),
            has_quiet: person.quiet.is_some(),
        }
    }
}

/// The methods that work, as in "text, call (crisis only)".
fn methods(person: &Person) -> String {
    let words: Vec<String> = person
        .methods
        .iter()
        .filter(|one| one.works())
        .map(|one| (one.uses, said(channel(one.channel))))
        .map(|(uses, way)| match uses {
            Uses::All => way,
            Uses::Crisis => tr!("{way} (crisis only)", way),
            Uses::Other => tr!("{way} (no crisis)", way),
        })
        .collect();
    if words.is_empty() {
        tr!("none that works")
    } else {
        words.join(", ")
    }
}

/// Quiet hours on their own wall, with its zone where it is another than that of who looks.
pub(super) fn hours(person: &Person, wall: &Wall) -> String {
    match person.quiet {
        None => tr!("none"),
        Some(hours) => {
            let theirs = Wall::new(person.zone.clone(), wall.now()).name();
            if theirs == wall.name() {
                hours.words()
            } else {
                format!("{}, {theirs}", hours.words())
            }
        }
    }
}

/// What people call a channel.
pub(super) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => phrase!("text"),
        Channel::Voice => phrase!("call"),
        Channel::Email => phrase!("e-mail"),
        Channel::Webhook => phrase!("app"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::oncall::Address;

    const NOW: At = At(1_767_225_600_000);

    fn method(channel: Channel, address: &str) -> Method {
        Method {
            id: Uuid::nil(),
            staff_id: Uuid::nil(),
            channel,
            label: "phone".to_owned(),
            gateway: None,
            preset: None,
            secret: None,
            address: Address::new(address),
            uses: Uses::All,
            verified_at: Some(NOW),
            tested_at: Some(NOW),
            stopped_at: None,
            disabled_at: None,
        }
    }

    fn person(methods: Vec<Method>) -> Person {
        Person {
            id: Uuid::nil(),
            name: "Night".to_owned(),
            zone: TimeZone::UTC,
            quiet: None,
            methods,
        }
    }

    #[test]
    fn what_keeps_a_page_from_a_person_is_said_worst_first() {
        let text = || method(Channel::Sms, "+15550170");
        let call = || method(Channel::Voice, "+15550170");
        let stopped = || Method {
            stopped_at: Some(NOW),
            ..text()
        };
        let later = NOW.plus(Duration::from_hours(31 * 24));
        for (methods, at, word) in [
            (vec![], NOW, "cannot be paged"),
            (vec![stopped()], NOW, "cannot be paged: texted STOP"),
            (vec![stopped(), call()], NOW, "a method is stopped"),
            (vec![text()], NOW, "one method only"),
            (vec![text(), call()], later, "not tested for 30 days"),
            (vec![text(), call()], NOW, "ready"),
        ] {
            assert_eq!(of_person(&person(methods), at).word, word);
        }
    }
}
