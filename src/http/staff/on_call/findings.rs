//! What preflight found, with the place where it is mended.

use super::super::readiness::Mark;
use super::super::when::Wall;
use crate::http::words::{phrase, said};
use crate::oncall::Schedule;
use crate::oncall::preflight::{Finding, Level, Trouble};
use crate::staff::Permission;
use crate::store::Account;

/// A finding, in words.
pub(super) struct Part {
    pub(super) mark: Mark,
    pub(super) what: String,
    pub(super) fix: String,
    /// Where it is mended, and what the link says; empty for who may not.
    pub(super) link: String,
    pub(super) link_words: &'static str,
}

/// The findings, the worst first.
pub(super) fn parts(
    findings: &[Finding],
    schedules: &[Schedule],
    (me, wall): (&Account, &Wall),
) -> Vec<Part> {
    let part = |finding: &Finding| {
        let (link, link_words) = place(finding, schedules, me).unwrap_or_default();
        Part {
            mark: match finding.level {
                Level::Alarm => Mark {
                    class: "bad",
                    word: phrase!("mend it now"),
                },
                Level::Warn => Mark {
                    class: "care",
                    word: phrase!("mend it soon"),
                },
                Level::Note => Mark {
                    class: "plain",
                    word: phrase!("good to know"),
                },
            },
            what: sentence(&told(finding, wall)),
            fix: sentence(&finding.fix),
            link,
            link_words,
        }
    };
    findings.iter().map(part).collect()
}

/// What is found of right now: nobody who is on call can be reached, although somebody is.
pub(super) fn unreached(findings: &[Finding], wall: &Wall) -> Option<String> {
    let mut nobody = findings
        .iter()
        .filter(|one| one.trouble == Trouble::NobodyOnCall);
    let found = nobody.find(|one| one.when.is_some_and(|(from, _)| from <= wall.now()))?;
    Some(sentence(&told(found, wall)))
}

/// What was found, with its time on the wall of who looks.
fn told(finding: &Finding, wall: &Wall) -> String {
    let said = said(&finding.what);
    match finding.when {
        Some((from, until)) if !finding.shown.is_empty() => {
            said.replace(&finding.shown, &wall.span(from, until))
        }
        _ => said,
    }
}

fn sentence(words: &str) -> String {
    let words = said(words);
    if words.is_empty() || words.ends_with('.') {
        words
    } else {
        format!("{words}.")
    }
}

/// Where a finding is mended, for who may do it.
fn place(
    finding: &Finding,
    schedules: &[Schedule],
    me: &Account,
) -> Option<(String, &'static str)> {
    let may = |permission| me.role.may(permission);
    match finding.trouble {
        Trouble::NobodyOnCall | Trouble::Gap | Trouble::DoubleBooked => {
            let schedule = schedules.iter().find(|one| one.name == finding.place);
            let path = schedule.map_or_else(
                || "/schedules".to_owned(),
                |one| format!("/schedules/{}", one.id),
            );
            may(Permission::OverrideOnCall).then_some((path, phrase!("To the schedule")))
        }
        Trouble::EmptyRung | Trouble::NotPaged | Trouble::NoPolicy => may(Permission::EditPolicies)
            .then(|| ("/policies".to_owned(), phrase!("To the policies"))),
        Trouble::Untested => Some(("/on-call/tests".to_owned(), phrase!("Send a test page"))),
        Trouble::OnlyFallback => may(Permission::EditSchedules)
            .then(|| ("/schedules".to_owned(), phrase!("To the schedules"))),
        Trouble::Left | Trouble::Unreachable | Trouble::Stopped | Trouble::OneMethod => {
            let who = finding.who?;
            if who == me.id {
                return Some(("/me".to_owned(), phrase!("To your own methods")));
            }
            may(Permission::ViewPeople)
                .then(|| (format!("/people/{who}"), phrase!("To the person")))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::clock::At;
    use crate::http::words::within;
    use crate::locale::Locale;
    use crate::staff::Role;

    fn finding(trouble: Trouble, who: Option<Uuid>) -> Finding {
        Finding {
            level: Level::Warn,
            trouble,
            place: "Nights".to_owned(),
            what: "Something is wrong".to_owned(),
            when: Some((At(10), At(20))),
            shown: String::new(),
            times: 1,
            who,
            fix: String::new(),
        }
    }

    fn wall(now: At) -> Wall {
        Wall::new(TimeZone::UTC, now)
    }

    fn me(role: Role) -> Account {
        Account {
            id: Uuid::from_u128(1),
            login: "me".to_owned(),
            name: "Me".to_owned(),
            role,
        }
    }

    #[test]
    fn a_finding_leads_to_where_it_is_mended_for_who_may_mend_it() {
        let (one, other) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        for (trouble, who, responder, supervisor) in [
            (Trouble::Gap, None, "", "/schedules"),
            (Trouble::EmptyRung, None, "", "/policies"),
            (Trouble::OneMethod, one, "/me", "/me"),
            (
                Trouble::Unreachable,
                other,
                "",
                "/people/00000000-0000-0000-0000-000000000002",
            ),
            (Trouble::Untested, other, "/on-call/tests", "/on-call/tests"),
        ] {
            let found = [finding(trouble, who)];
            for (role, link) in [(Role::Responder, responder), (Role::Supervisor, supervisor)] {
                let parts = parts(&found, &[], (&me(role), &wall(At(0))));
                assert_eq!(parts[0].link, link, "{trouble:?} {role:?}");
                assert_eq!(parts[0].what, "Something is wrong.");
            }
        }
    }

    #[test]
    fn only_what_has_begun_is_said_of_right_now() {
        let found = [finding(Trouble::NobodyOnCall, None)];
        assert_eq!(unreached(&found, &wall(At(9))), None);
        assert!(unreached(&found, &wall(At(10))).is_some());
        assert_eq!(
            unreached(&[finding(Trouble::Gap, None)], &wall(At(10))),
            None
        );
    }

    #[test]
    fn a_finding_is_told_in_the_language_and_at_the_time_of_who_looks() {
        let found = Finding {
            what: "Nobody is on call on Nights: Thu 1 Jan 00:00 to 01:00 UTC, and once more within two weeks"
                .to_owned(),
            when: Some((At(0), At(3_600_000))),
            shown: "Thu 1 Jan 00:00 to 01:00 UTC".to_owned(),
            ..finding(Trouble::Gap, None)
        };
        let told = |locale| within(locale, || told(&found, &wall(At(0))));
        assert_eq!(
            told(Locale::En),
            "Nobody is on call on Nights: today 00:00 – 01:00, and once more within two weeks"
        );
        assert_eq!(
            told(Locale::Es),
            "No hay nadie de guardia en Nights: hoy 00:00 – 01:00, y una vez más en dos semanas"
        );
    }
}
