//! Facts with dates: every phone number comes from a resource, and no resource is stale (promise P12).
//! Floor 1.

use std::collections::BTreeSet;

use super::{Finding, Sent, Strictness, Weight};
use crate::content::{Key, Packs, PageId};
use crate::locale::Locale;

/// Numbers that every text may write out.
const KNOWN: [&str; 2] = ["988", "911"];

/// A phone number or short code in a text that no resource vouches for.
pub(super) fn numbers(sent: &Sent<'_>, findings: &mut Vec<Finding>) {
    let Some(outside) = sent.unvouched() else {
        return;
    };
    let problem = format!("writes out the number {outside}");
    let fix = "give it an entry in resources.toml and write {@id} in the text";
    findings.push(sent.finding(problem, fix));
}

impl Sent<'_> {
    /// Digits and hyphens that look like a phone number: five digits or more.
    fn unvouched(&self) -> Option<&str> {
        let runs = self
            .text
            .split(|c: char| !c.is_ascii_digit() && c != '-')
            .map(|run| run.trim_matches('-'));
        let mut numbers = runs.filter(|run| run.bytes().filter(u8::is_ascii_digit).count() >= 5);
        numbers.find(|number| !self.vouched.contains(*number) && !KNOWN.contains(number))
    }
}

/// Stale and unverified entries: a warning for those that serve, an error for a release.
pub(super) fn dates(packs: &Packs, how: Strictness, findings: &mut Vec<Finding>) {
    let used = used(packs);
    let weight = if how.release {
        Weight::Error
    } else {
        Weight::Warning
    };
    for (id, resource) in packs.resources().iter().filter(|(id, _)| used.contains(id)) {
        let mut add = |field: &str, problem: String, fix| {
            findings.push(Finding {
                weight,
                file: packs.resources().file().to_owned(),
                key: format!("resources.{id}.{field}"),
                problem,
                fix,
            });
        };
        if resource.expires_on <= how.today {
            let problem = format!("was {}: the fact may be stale", resource.expires_on);
            let fix = "look at the source, then set verified_on and expires_on anew";
            add("expires_on", problem, fix);
        }
        if !resource.unverified.is_empty() {
            let problem = format!("is not empty: {}", resource.unverified);
            let fix = "look at the source; when it is sure, take the line out";
            add("unverified", problem, fix);
        }
    }
}

/// The resources that texts name; 988 and 911 are written out in all of them.
fn used(packs: &Packs) -> BTreeSet<&str> {
    let mut used = BTreeSet::from(KNOWN);
    for locale in Locale::ALL {
        used.extend(
            Key::ALL
                .into_iter()
                .flat_map(|key| packs.resources_of(locale, key)),
        );
        let pages = PageId::ALL.into_iter();
        used.extend(pages.flat_map(|id| packs.resources_of_page(locale, id)));
    }
    used
}
