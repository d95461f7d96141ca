//! Many cases at once: nobody's phone gets one text for each. A case never waits longer than
//! [`WINDOW`] for the others, and keeps its own clocks. Part of `paging`: floor 3.

use std::time::Duration;

use super::round::Round;
use super::tell;
use crate::clock::At;
use crate::oncall::{Alert, Channel, Contact, Desk, SHORTEST_DELAY, storm, with_link};
use crate::store::{NewPage, PageKind, StoreError, Tx};

/// Up to so many cases are paged one by one.
const FEW: usize = 3;
/// How long the cases of a storm are gathered: not longer than the shortest rung.
pub(super) const WINDOW: Duration = SHORTEST_DELAY;
/// How long ago a case that nobody took may have been paged to count as part of a storm.
const LATELY: Duration = Duration::from_hours(1);

/// The alerts whose page is due. In a storm, those that come right after a page wait for the end of the
/// window, and those that would be paged soon are paged with the others.
pub(super) async fn due(tx: &mut Tx, now: At, limit: u16) -> Result<Vec<Alert>, StoreError> {
    let due = tx.alerts_due(now, now, limit).await?;
    if due.is_empty() {
        return Ok(due);
    }
    let few = i64::try_from(FEW).unwrap_or(i64::MAX);
    let (just_now, last) = tx.paged_since(now.minus(WINDOW)).await?;
    if let Some(last) = last
        && just_now >= few
    {
        // A drill is measured: it waits for nobody, as nobody waits for it.
        let (drills, cases): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|alert| alert.drill.is_some());
        for alert in &cases {
            tx.put_off(alert.id, last.plus(WINDOW)).await?;
        }
        return Ok(drills);
    }
    let (lately, _) = tx.paged_since(now.minus(LATELY)).await?;
    if lately <= few {
        return Ok(due);
    }
    tx.alerts_due(now, now.plus(WINDOW), limit).await
}

/// Sends the rounds: to each contact a page for each case, or one for all of them when they are many. What
/// could not leave since the round before is taken back: after an outage a phone rings once, not for each round.
pub(super) async fn send(
    tx: &mut Tx,
    desk: &Desk,
    rounds: &[Round],
    now: At,
) -> Result<(), StoreError> {
    for (contact, theirs) in by_contact(rounds) {
        let (drills, cases): (Vec<&Round>, Vec<&Round>) = theirs
            .into_iter()
            .partition(|round| round.alert.drill.is_some());
        // A machine that keeps track of cases must hear of each.
        let (alone, cases) = if cases.len() <= FEW || contact.to.tracks_cases() {
            ([drills, cases].concat(), Vec::new())
        } else {
            (drills, cases)
        };
        for round in alone {
            let words = for_channel(tx, desk, contact, round, now);
            let page = NewPage {
                alert: Some(round.alert.id),
                kind: PageKind::Page,
                contact,
                words: &words,
            };
            let id = tell(tx, desk, &page, now).await?;
            tx.withdraw_overtaken(id, now).await?;
        }
        if cases.is_empty() {
            continue;
        }
        let alerts: Vec<&Alert> = cases.iter().map(|round| &round.alert).collect();
        let page = NewPage {
            alert: alerts.first().map(|alert| alert.id),
            kind: PageKind::Page,
            contact,
            words: &storm(&alerts, &desk.public_url, now),
        };
        let id = tell(tx, desk, &page, now).await?;
        for alert in alerts {
            tx.page_speaks_of(id, alert.id).await?;
        }
        tx.withdraw_overtaken(id, now).await?;
    }
    Ok(())
}

/// The words of a page where it is read: with a link where one can be opened.
fn for_channel(tx: &Tx, desk: &Desk, contact: &Contact, round: &Round, now: At) -> String {
    match contact.to.channel {
        Channel::Sms | Channel::Voice => round.words.clone(),
        Channel::Email | Channel::Webhook => {
            let end = tx.link_to_case(round.alert.id, now);
            with_link(&round.words, &format!("{}/take/{end}", desk.public_url))
        }
    }
}

/// The rounds of each contact, the most urgent and oldest case first.
fn by_contact(rounds: &[Round]) -> Vec<(&Contact, Vec<&Round>)> {
    let mut sorted: Vec<&Round> = rounds.iter().collect();
    sorted.sort_by_key(|round| (round.alert.urgency(), round.alert.opened_at));
    let mut all: Vec<(&Contact, Vec<&Round>)> = Vec::new();
    for round in sorted {
        for contact in &round.contacts {
            let known = all.iter_mut().find(|(one, _)| one.to == contact.to);
            match known {
                Some((_, theirs)) => theirs.push(round),
                None => all.push((contact, vec![round])),
            }
        }
    }
    all
}
