//! Call-outs: a supervisor who sees more people wait than can be answered calls for help, and whoever is asked
//! hears of it by whatever reaches them. Floor 3.
//!
//! It pages nobody for a case: that is the ladder's work, and goes on. Nobody is called by phone for it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::feed::{Feed, Signal};
use crate::oncall::{Audience, Channel, Contact, Desk, Person, help_needed, once_each};
use crate::store::{Account, Store, StoreError, Tx};

/// From one call to the next, whoever makes it: people who were just called are on their way.
pub const PAUSE: Duration = Duration::from_mins(5);

/// Calls the team for help.
pub struct CallOuts {
    /// Where calls are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The gateway of notices, the contacts of the configuration, and where people sign in.
    pub desk: Arc<Desk>,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

/// Why nobody was called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Somebody has just called.
    #[error(
        "{by} called for help less than five minutes ago. Wait for those who were told, or page the cases again."
    )]
    JustCalled {
        /// Who did.
        by: String,
    },
    /// There is nobody who could be told.
    #[error("Nobody can be told: no method of theirs works now. Call them yourself.")]
    NobodyReached,
}

impl CallOuts {
    /// Calls for help; how many could be told. `urgent`: quiet hours do not count.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why nobody was called.
    pub async fn call(
        &self,
        staff: &Account,
        audience: Audience,
        urgent: bool,
    ) -> Result<Result<usize, Refused>, StoreError> {
        let now = self.clock.now();
        let work = Arc::new((Arc::clone(&self.desk), staff.clone()));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (desk, staff) = &*work;
                carry_out(tx, desk, staff, (audience, urgent), now).await
            })
        });
        let done = unit.await?;
        if done.is_ok() {
            self.feed.wake_outbox();
            self.feed.signal(Signal::Queue);
        }
        Ok(done)
    }
}

async fn carry_out(
    tx: &mut Tx,
    desk: &Desk,
    staff: &Account,
    (audience, urgent): (Audience, bool),
    now: At,
) -> Result<Result<usize, Refused>, StoreError> {
    tx.lock_call_outs().await?;
    if let Some(last) = tx.last_call_out(now.minus(PAUSE)).await? {
        return Ok(Err(Refused::JustCalled { by: last.by }));
    }
    let asked = asked(tx, audience, now).await?;
    let others = asked.iter().filter(|person| person.id != staff.id);
    let mut contacts: Vec<Contact> = Vec::new();
    let mut reached = BTreeSet::new();
    for person in others {
        for method in person.reached_by(urgent, now) {
            if method.channel != Channel::Voice {
                contacts.push(Contact::of(person, method));
                reached.insert(person.name.clone());
            }
        }
    }
    for contact in &desk.roster.fallback {
        if contact.to.channel != Channel::Voice {
            contacts.push(contact.clone());
            reached.insert(contact.name.clone());
        }
    }
    if reached.is_empty() {
        return Ok(Err(Refused::NobodyReached));
    }
    let (open, unclaimed) = tx.alerts_open().await?;
    let waiting = usize::try_from(unclaimed.min(open)).unwrap_or(0);
    let words = help_needed(&staff.name, waiting, &desk.public_url);
    let contacts = once_each(contacts);
    tx.send_notice(&desk.gateway, None, &contacts, &words, now)
        .await?;
    let count = reached.len();
    let id = tx
        .add_call_out(staff.id, (audience, urgent), count, now)
        .await?;
    let detail = json!({ "audience": audience.word(), "urgent": urgent, "reached": count });
    tx.audit(now, &staff.login, "team.called", Some(id), &detail)
        .await?;
    Ok(Ok(count))
}

/// Who is asked to come.
async fn asked(tx: &mut Tx, audience: Audience, now: At) -> Result<Vec<Person>, StoreError> {
    let people = tx.people().await?;
    if audience == Audience::Everyone {
        return Ok(people);
    }
    let schedules = tx.schedules(now).await?;
    let there: BTreeSet<Uuid> = schedules.iter().flat_map(|one| one.on_call(now)).collect();
    let there = people.into_iter().filter(|one| there.contains(&one.id));
    Ok(there.collect())
}
