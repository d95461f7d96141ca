//! Drills that are held by themselves.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{Drills, Wish};
use crate::clock::At;
use crate::oncall::{DrillTime, Incident, IncidentKind, Until, Variant};
use crate::store::{StoreError, Tally, Tx};

/// How long after its time a drill is still begun: it waits while real cases do. Then it was missed.
const STARTED_WITHIN: Duration = Duration::from_hours(6);

/// A drill that is held regularly.
#[derive(Clone, Debug)]
pub struct Timetable {
    /// When, as the configuration says it: what the drill is asked for by, and what a missed one is called.
    pub name: String,
    /// When.
    pub time: DrillTime,
    /// What it shows.
    pub variant: Variant,
    /// No page leaves the program.
    pub dry_run: bool,
}

/// How an entry stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Nobody has seen it before: what was due until now was not missed.
    New,
    /// It was held, or has not been due since it was set up.
    Done,
    /// It is to be begun.
    Due,
    /// It was not begun in time.
    Missed,
}

impl Drills {
    /// Begins what is due, and tells of what was missed.
    pub(super) async fn keep_to_the_timetable(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut begun = 0;
        for entry in &self.timetable {
            let Some(due) = entry.time.last(now) else {
                continue;
            };
            let (stands, is_told) = stands(&mut self.store.read().await?, entry, due, now).await?;
            // Most looks find that nothing changed: they must not write.
            match (stands, is_told) {
                (Stands::Done, false) | (Stands::Missed, true) => {}
                (Stands::New, _) => self.get_to_know(entry, now).await?,
                (Stands::Done, true) => self.tell(entry, None, now).await?,
                (Stands::Missed, false) => self.tell(entry, Some(due), now).await?,
                (Stands::Due, _) => {
                    let wish = Wish {
                        variant: entry.variant,
                        until: Until::default(),
                        dry_run: entry.dry_run,
                        limit: None,
                        anyway: false,
                        by: entry.name.clone(),
                    };
                    begun += usize::from(self.ask(wish).await?.is_ok());
                }
            }
        }
        Ok(begun)
    }

    async fn get_to_know(&self, entry: &Timetable, now: At) -> Result<(), StoreError> {
        let name = first_seen(&entry.name);
        let kept = serde_json::to_vec(&now).unwrap_or_default();
        let unit = self.store.write(move |tx| {
            let (name, kept) = (name.clone(), kept.clone());
            Box::pin(async move { tx.set_setting(&name, &kept).await })
        });
        unit.await
    }

    /// Tells the operator what was missed, or that it was not after all.
    async fn tell(&self, entry: &Timetable, missed: Option<At>, now: At) -> Result<(), StoreError> {
        let (name, operator) = (entry.name.clone(), Arc::clone(&self.operator));
        let unit = self.store.write(move |tx| {
            let (name, operator) = (name.clone(), Arc::clone(&operator));
            Box::pin(async move {
                let kind = IncidentKind::DrillMissed;
                match missed {
                    Some(due) => {
                        let detail = json!({ "due": due });
                        let about = (kind, name.as_str());
                        tx.raise(&operator, about, Tally::Now(1), &detail, now)
                            .await
                    }
                    None => tx.over(&operator, kind, &name, now).await,
                }
            })
        });
        unit.await
    }
}

/// Where it is kept since when an entry is known.
fn first_seen(name: &str) -> String {
    format!("drill.since.{name}")
}

/// How an entry that was last due then stands, and whether the operator was told that it was missed.
async fn stands(
    tx: &mut Tx,
    entry: &Timetable,
    due: At,
    now: At,
) -> Result<(Stands, bool), StoreError> {
    let told =
        |open: &Incident| open.kind == IncidentKind::DrillMissed && open.subject == entry.name;
    let is_told = tx.incidents_open().await?.iter().any(told);
    let kept = tx.setting(&first_seen(&entry.name)).await?;
    let since: Option<At> = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
    let stands = match since {
        None => Stands::New,
        Some(since) if due < since => Stands::Done,
        Some(_) if tx.drill_held_since(&entry.name, due).await? => Stands::Done,
        Some(_) if now.since(due) > STARTED_WITHIN => Stands::Missed,
        Some(_) => Stands::Due,
    };
    Ok((stands, is_told))
}
