//! Crisis texts that no signature vouches for: people on call are paged for them, too.
//! Part of `paging`: floor 3.

use super::duty::Duty;
use super::tell;
use crate::clock::At;
use crate::oncall::{Desk, Target, Urgency, once_each, unconfirmed};
use crate::store::{NewPage, PageKind, StoreError, Tx};

/// The gateways that hold some, with how many.
pub(super) async fn due(
    tx: &mut Tx,
    desk: &Desk,
    now: At,
) -> Result<Vec<(String, i64)>, StoreError> {
    tx.held_to_page(now, desk.clocks.high.repage).await
}

/// Pages for them, once each: nobody vouches for who sent them, so there is no ladder to climb. Who is on
/// the first rung of a crisis hears of it, and the contacts of the configuration.
pub(super) async fn page(
    tx: &mut Tx,
    desk: &Desk,
    duty: &Duty,
    held: &[(String, i64)],
    now: At,
) -> Result<(), StoreError> {
    if held.is_empty() {
        return Ok(());
    }
    let urgency = Urgency::High;
    let rungs = duty.policy_for(urgency).rungs;
    let reached = rungs
        .iter()
        .map(|rung| duty.reached(&rung.targets, urgency));
    let mut contacts = reached
        .into_iter()
        .find(|contacts| !contacts.is_empty())
        .unwrap_or_default();
    contacts.extend(duty.reached(&[Target::Fallback], urgency));
    let contacts = once_each(contacts);
    for (gateway, count) in held {
        let words = unconfirmed(gateway, *count);
        for contact in &contacts {
            let page = NewPage {
                alert: None,
                kind: PageKind::Page,
                contact,
                words: &words,
            };
            tell(tx, desk, &page, now).await?;
        }
    }
    Ok(())
}
