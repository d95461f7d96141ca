//! Who would be paged now, and when, if nobody took the case: a policy that is climbed on paper.

use std::fmt::Write as _;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::frame::{Frame, Section, Visit};
use super::super::readiness::channel;
use super::super::when::{Wall, length_s};
use super::{VIEW, urgency_of};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::words::{filters, said, tr};
use crate::oncall::{Contact, Policy, Urgency};
use crate::paging::{Rehearsed, rehearse};
use crate::store::Tx;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/policies/try/{urgency}", VIEW, page)
        .at(Pace::Try)
}

/// A rehearsal in words.
pub(super) struct Trial {
    /// What it is for, as in "a crisis".
    pub(super) label: String,
    /// The policy.
    pub(super) policy: String,
    /// When the case would come.
    pub(super) from: String,
    pub(super) lines: Vec<TrialLine>,
}

/// One round of pages, or several alike.
pub(super) struct TrialLine {
    /// As in "at once" or "after 2 min".
    pub(super) when: String,
    /// As in "Rung 2", or that it was climbed in vain.
    pub(super) rung: String,
    /// Whether this is where it was climbed in vain.
    pub(super) exhausted: bool,
    /// Who, with their methods.
    pub(super) whom: Vec<String>,
    /// How it goes on.
    pub(super) then: String,
}

/// Climbs a policy on paper: this one, or the one in force.
pub(super) async fn climbed(
    tx: &mut Tx,
    doors: &Doors,
    visit: &Visit,
    (policy, urgency): (Option<Policy>, Urgency),
) -> Result<Trial, PageError> {
    let now = doors.clock.now();
    let wall = Wall::of(tx, &visit.me, now).await?;
    let rehearsal = rehearse(tx, &doors.policies.desk, (policy, urgency), now).await?;
    let last = rehearsal.pages.len();
    let pages = (1..).zip(&rehearsal.pages);
    Ok(Trial {
        label: said(urgency.label()),
        policy: rehearsal.policy.name,
        from: format!("{}, {}", wall.moment(now), wall.name()),
        lines: pages.map(|(nth, page)| line(page, nth == last)).collect(),
    })
}

fn line(page: &Rehearsed, is_last: bool) -> TrialLine {
    let every = length_s(page.every);
    let skipped: Vec<String> = page
        .skipped
        .iter()
        .map(|rung| (rung + 1).to_string())
        .collect();
    let mut rung = match page.rung {
        _ if page.exhausted => tr!("Climbed in vain: everyone, and the operator is told"),
        Some(rung) => tr!("Rung {n}", n = rung + 1),
        None => tr!("No rung reaches anybody"),
    };
    if !skipped.is_empty() {
        let skipped = skipped.join(", ");
        let _ = write!(rung, " ({})", tr!("passed over: {skipped}", skipped));
    }
    TrialLine {
        when: if page.after.is_zero() {
            tr!("at once")
        } else {
            tr!("after {wait}", wait = length_s(page.after))
        },
        rung,
        exhausted: page.exhausted,
        whom: by_name(&page.contacts),
        then: match page.times {
            _ if is_last => tr!("again every {every} until somebody is there", every),
            1 => String::new(),
            times => tr!("{times} times, every {every}", times, every),
        },
    }
}

/// Each person once, as in "First (text, call)".
fn by_name(contacts: &[Contact]) -> Vec<String> {
    let mut names: Vec<(&Contact, Vec<String>)> = Vec::new();
    for contact in contacts {
        let how = said(channel(contact.to.channel));
        let same = |(other, _): &&mut (&Contact, Vec<String>)| {
            other.staff_id == contact.staff_id && other.name == contact.name
        };
        match names.iter_mut().find(same) {
            Some((_, ways)) => ways.push(how),
            None => names.push((contact, vec![how])),
        }
    }
    names
        .into_iter()
        .map(|(contact, ways)| format!("{} ({})", contact.name, ways.join(", ")))
        .collect()
}

#[derive(Template)]
#[template(path = "pages/policy_trial.html")]
struct TrialPage {
    frame: Frame,
    trial: Trial,
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(urgency): Path<String>,
) -> Result<Response, PageError> {
    let urgency = urgency_of(&urgency).ok_or(PageError::NotFound)?;
    let mut tx = doors.store.read().await?;
    let page = TrialPage {
        frame: visit.frame(&doors, Section::OnCall),
        trial: climbed(&mut tx, &doors, &visit, (None, urgency)).await?,
    };
    drop(tx);
    visit.show(&doors, &page)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::phone::PhoneNumber;

    fn page(rung: Option<usize>, exhausted: bool) -> Rehearsed {
        Rehearsed {
            after: Duration::from_secs(90),
            rung,
            skipped: vec![0, 1],
            contacts: vec![Contact::texted(
                "Duty phone",
                &PhoneNumber::of_sender("+15550170"),
            )],
            times: 3,
            every: Duration::from_mins(1),
            exhausted,
        }
    }

    #[test]
    fn a_round_of_pages_is_said_in_words() {
        let said = line(&page(Some(2), false), false);
        assert_eq!(
            (said.when.as_str(), said.rung.as_str()),
            ("after 1 min 30 s", "Rung 3 (passed over: 1, 2)")
        );
        assert_eq!(
            (said.whom, said.then),
            (
                vec!["Duty phone (text)".to_owned()],
                "3 times, every 1 min".to_owned()
            )
        );
        let last = line(&page(None, true), true);
        assert!(last.rung.starts_with("Climbed in vain"), "{}", last.rung);
        assert_eq!(last.then, "again every 1 min until somebody is there");
    }
}
