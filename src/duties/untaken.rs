//! The incident of a shift that nobody takes: open while nobody on call on a schedule has said that they
//! are there, and somebody was waited for in vain.

use std::collections::BTreeMap;

use serde_json::json;

use super::Found;
use crate::clock::At;
use crate::oncall::{IncidentKind, Operator};
use crate::store::{StoreError, Tally, Tx};

const KIND: IncidentKind = IncidentKind::ShiftNotTaken;

impl Found {
    /// How many did not take their shift, by the name of a schedule on which nobody else has.
    fn untaken(&self) -> BTreeMap<&str, i64> {
        let of = |schedule: &crate::oncall::Schedule| {
            let begun = || {
                let here = self
                    .open
                    .iter()
                    .filter(|duty| duty.schedule_id == schedule.id);
                here.filter(|duty| duty.asked_at.is_some())
            };
            if begun().any(|duty| duty.taken_at.is_some()) {
                return 0;
            }
            let waited = begun().filter(|duty| duty.escalated_at.is_some()).count();
            i64::try_from(waited).unwrap_or(i64::MAX)
        };
        let all = self.schedules.iter();
        let counted = all.map(|schedule| (schedule.name.as_str(), of(schedule)));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

/// The schedules with an open incident, each with its count.
async fn told(tx: &mut Tx) -> Result<BTreeMap<String, i64>, StoreError> {
    let open = tx.incidents_open().await?.into_iter();
    let ours = open.filter(|incident| incident.kind == KIND);
    Ok(ours.map(|one| (one.subject, one.count)).collect())
}

/// Whether what the operator was told is not what is the case.
pub(super) async fn changed(tx: &mut Tx, found: &Found) -> Result<bool, StoreError> {
    let told = told(tx).await?;
    let told: BTreeMap<&str, i64> = told
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    Ok(told != found.untaken())
}

/// Opens and closes incidents, and says how many.
pub(super) async fn tell(
    tx: &mut Tx,
    operator: &Operator,
    found: &Found,
    now: At,
) -> Result<usize, StoreError> {
    let (told, untaken) = (told(tx).await?, found.untaken());
    let mut done = 0;
    for (name, count) in &untaken {
        if told.get(*name) != Some(count) {
            tx.raise(operator, (KIND, name), Tally::Now(*count), &json!({}), now)
                .await?;
            done += 1;
        }
    }
    for name in told
        .keys()
        .filter(|name| !untaken.contains_key(name.as_str()))
    {
        tx.over(operator, KIND, name, now).await?;
        done += 1;
    }
    Ok(done)
}
