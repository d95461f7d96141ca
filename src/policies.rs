//! Policies: who edits the ladders that pages climb, and what is refused. Floor 3.
//!
//! A policy is replaced whole or not at all: what is refused leaves the one before in force. Who may
//! do it is asked where the request comes in.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::feed::Feed;
use crate::oncall::{Desk, Policy, PolicyProblem, Rung, Target, Urgency};
use crate::store::{Account, Store, StoreError, Tx};

/// Edits policies.
pub struct Policies {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The contacts of the configuration.
    pub desk: Arc<Desk>,
    /// Wakes the ladder: what waits may be paged by another policy now.
    pub feed: Feed,
}

/// A policy as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDraft {
    /// The one that it replaces; none for a new one.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// How many people must acknowledge before it stops paging.
    pub acks: u16,
    /// From the first to the last.
    pub rungs: Vec<Rung>,
}

/// Why an edit was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such policy.
    #[error("This policy does not exist any more. Look at the list of policies again.")]
    Unknown,
    /// It could not page.
    #[error(transparent)]
    Problem(#[from] PolicyProblem),
    /// Another policy is called that.
    #[error("There is a policy “{0}” already. Give this one another name.")]
    NameTaken(String),
    /// A rung names what is not there.
    #[error(
        "Rung {0} names a schedule, rotation or person that is not there any more. Choose another target."
    )]
    UnknownTarget(usize),
    /// It would page for ever.
    #[error(
        "{acks} people must acknowledge, and its rungs can page {people} at most. Write a smaller number, or add people."
    )]
    TooManyAcks {
        /// How many must.
        acks: u16,
        /// How many can.
        people: usize,
    },
    /// Cases are paged by it.
    #[error("This policy pages for {0}. Choose another policy for it first.")]
    InUse(String),
}

impl Policies {
    /// Makes a policy, or replaces one whole. What is being paged goes on by its new rungs.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn save(
        &self,
        by: &Account,
        draft: PolicyDraft,
    ) -> Result<Result<Uuid, Refused>, StoreError> {
        let now = self.clock.now();
        let work = Arc::new((by.login.clone(), draft, Arc::clone(&self.desk)));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { save(tx, &work.0, &work.1, &work.2, now).await })
        });
        let saved = unit.await?;
        self.feed.wake_ladder();
        Ok(saved)
    }

    /// Removes a policy that nothing is paged by.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn remove(&self, by: &Account, id: Uuid) -> Result<Result<(), Refused>, StoreError> {
        let (now, login) = (self.clock.now(), Arc::new(by.login.clone()));
        let unit = self.store.write(move |tx| {
            let login = Arc::clone(&login);
            Box::pin(async move {
                let Some(policy) = known(tx, id).await? else {
                    return Ok(Err(Refused::Unknown));
                };
                let assigned = tx.assigned_policies().await?.into_iter();
                let pages_for: Vec<&str> = assigned
                    .filter(|(_, policy)| *policy == id)
                    .map(|(urgency, _)| urgency.label())
                    .collect();
                if !pages_for.is_empty() {
                    return Ok(Err(Refused::InUse(pages_for.join(", "))));
                }
                tx.remove_policy(id, now).await?;
                let detail = json!({"name": policy.name});
                tx.audit(now, &login, "policy.removed", Some(id), &detail)
                    .await?;
                Ok(Ok(()))
            })
        });
        unit.await
    }

    /// Lets a policy page for cases of this urgency; `None` is the built-in one.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn assign(
        &self,
        by: &Account,
        urgency: Urgency,
        policy: Option<Uuid>,
    ) -> Result<Result<(), Refused>, StoreError> {
        let (now, login) = (self.clock.now(), Arc::new(by.login.clone()));
        let unit = self.store.write(move |tx| {
            let login = Arc::clone(&login);
            Box::pin(async move {
                let name = match policy {
                    None => None,
                    Some(id) => match known(tx, id).await? {
                        Some(policy) => Some(policy.name),
                        None => return Ok(Err(Refused::Unknown)),
                    },
                };
                tx.assign_policy(urgency, policy).await?;
                let detail = json!({"for": urgency.word(), "name": name});
                tx.audit(now, &login, "policy.assigned", policy, &detail)
                    .await?;
                Ok(Ok(()))
            })
        });
        let assigned = unit.await?;
        self.feed.wake_ladder();
        Ok(assigned)
    }
}

async fn known(tx: &mut Tx, id: Uuid) -> Result<Option<Policy>, StoreError> {
    let policies = tx.policies().await?;
    Ok(policies.into_iter().find(|policy| policy.id == id))
}

async fn save(
    tx: &mut Tx,
    login: &str,
    draft: &PolicyDraft,
    desk: &Desk,
    now: At,
) -> Result<Result<Uuid, Refused>, StoreError> {
    let policies = tx.policies().await?;
    let before = policies.iter().find(|policy| Some(policy.id) == draft.id);
    if draft.id.is_some() && before.is_none() {
        return Ok(Err(Refused::Unknown));
    }
    let policy = Policy {
        id: draft.id.unwrap_or_else(|| tx.id(now)),
        name: draft.name.trim().to_owned(),
        acks: draft.acks,
        rungs: draft.rungs.iter().map(without_repetitions).collect(),
    };
    if let Err(problem) = policy.check() {
        return Ok(Err(problem.into()));
    }
    let same_name = |other: &&Policy| other.id != policy.id && other.name == policy.name;
    if policies.iter().any(|other| same_name(&other)) {
        return Ok(Err(Refused::NameTaken(policy.name)));
    }
    let (mut people, mut fallback) = (BTreeSet::new(), 0);
    for (rung, wanted) in (1..).zip(&policy.rungs) {
        for target in &wanted.targets {
            if *target == Target::Fallback {
                fallback = desk.roster.fallback.len();
            }
            match tx.people_of_target(target).await? {
                Some(some) => people.extend(some),
                None => return Ok(Err(Refused::UnknownTarget(rung))),
            }
        }
    }
    let people = people.len() + fallback;
    // One is always waited for: who is there may change, and the ladder never ends.
    if policy.acks > 1 && usize::from(policy.acks) > people {
        let acks = policy.acks;
        return Ok(Err(Refused::TooManyAcks { acks, people }));
    }
    tx.save_policy(&policy, now).await?;
    let detail = json!({
        "name": policy.name,
        "acks": policy.acks,
        "rungs": policy.rungs.iter().map(|rung| json!({
            "delay_s": rung.delay.as_secs(),
            "repeat": rung.repeat,
            "targets": rung.targets.iter().map(Target::to_string).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    tx.audit(now, login, "policy.saved", Some(policy.id), &detail)
        .await?;
    Ok(Ok(policy.id))
}

/// A rung that names each target once, with whole seconds.
fn without_repetitions(rung: &Rung) -> Rung {
    let mut seen = HashSet::new();
    Rung {
        delay: Duration::from_secs(rung.delay.as_secs()),
        repeat: rung.repeat,
        targets: rung
            .targets
            .iter()
            .filter(|target| seen.insert(**target))
            .copied()
            .collect(),
    }
}
