//! Preflight: every hour, what will go wrong with being on call; a day before a gap the operator and
//! those who steer the work are alarmed, and told when it is mended. Floor 3.
//!
//! One replica looks at a time, by a lease. What is found is not kept: whoever shows it looks again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{At, Clock, NextLook};
use crate::feed::{Feed, Signal};
use crate::oncall::preflight::{ALARM, Finding, Trouble};
use crate::oncall::{Desk, Incident, IncidentKind, Operator, incident};
use crate::store::{Store, StoreError, Tally, Tx};

/// From one look to the next.
const EVERY: Duration = Duration::from_hours(1);
/// The same while an alarm is open: who mends it should hear so.
const AGAIN: Duration = Duration::from_mins(5);

/// Looks ahead.
pub struct Preflight {
    /// Where schedules and people are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The contacts of the configuration, and the gateway of notices.
    pub desk: Arc<Desk>,
    /// Who is alarmed.
    pub operator: Arc<Operator>,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
    /// This process, for the lease.
    pub holder: Uuid,
    /// When this process looks next.
    pub next: NextLook,
}

/// An alarm: how many such times there are, and when the first one is.
type Alarms = BTreeMap<(IncidentKind, String), (i64, Value)>;

impl Preflight {
    /// Looks, if it is time and no other replica does, and says how many alarms it opened or closed. A
    /// worker may call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: the next look finds the same.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        if !self.next.is_due(now) {
            return Ok(0);
        }
        let holder = self.holder;
        let lease = self.store.write(move |tx| {
            Box::pin(async move { tx.take_lease("preflight", holder, now, AGAIN).await })
        });
        if !lease.await? {
            self.next.set(now.plus(AGAIN));
            return Ok(0);
        }
        let (wanted, open) = {
            let mut tx = self.store.read().await?;
            let findings = tx.preflight(self.desk.roster.fallback.len(), now).await?;
            (alarms(&findings, now), told(&mut tx).await?)
        };
        let calm = wanted.is_empty();
        self.next.set(now.plus(if calm { EVERY } else { AGAIN }));
        let changed = differences(&wanted, &open);
        if changed == 0 {
            return Ok(0);
        }
        let work = Arc::new((Arc::clone(&self.operator), Arc::clone(&self.desk), wanted));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { tell(tx, &work.0, &work.1, &work.2, now).await })
        });
        unit.await?;
        self.feed.wake_outbox();
        self.feed.signal(Signal::OnCall);
        Ok(changed)
    }
}

/// What somebody must hear of now. A gap in which nobody at all is there is told as that alone.
fn alarms(findings: &[Finding], now: At) -> Alarms {
    let soon = |finding: &&Finding| {
        finding
            .when
            .is_some_and(|(from, _)| from <= now.plus(ALARM))
    };
    let of = |trouble: Trouble| {
        let those = findings.iter().filter(move |one| one.trouble == trouble);
        those.filter(soon)
    };
    let overlaps = |one: &Finding, other: &Finding| {
        let times = one.when.zip(other.when);
        times.is_some_and(|(one, other)| one.0 < other.1 && other.0 < one.1)
    };
    let nobody = of(Trouble::NobodyOnCall).map(|one| (IncidentKind::NobodyOnCall, one));
    let gaps = of(Trouble::Gap)
        .filter(|gap| !of(Trouble::NobodyOnCall).any(|nobody| overlaps(nobody, gap)))
        .map(|one| (IncidentKind::Uncovered, one));
    let alarm = |(kind, one): (IncidentKind, &Finding)| {
        let count = i64::try_from(one.times).unwrap_or(i64::MAX);
        let from = one.when.map(|(from, _)| from.0);
        let detail = json!({"when": one.shown, "from": from});
        ((kind, one.place.clone()), (count, detail))
    };
    nobody.chain(gaps).map(alarm).collect()
}

/// The alarms that are open.
async fn told(tx: &mut Tx) -> Result<Alarms, StoreError> {
    let ours = |one: &Incident| {
        matches!(
            one.kind,
            IncidentKind::NobodyOnCall | IncidentKind::Uncovered
        )
    };
    let open = tx.incidents_open().await?.into_iter().filter(ours);
    Ok(open
        .map(|one| ((one.kind, one.subject), (one.count, one.detail)))
        .collect())
}

fn differences(wanted: &Alarms, open: &Alarms) -> usize {
    let news = wanted
        .iter()
        .filter(|(key, alarm)| open.get(key) != Some(alarm));
    let over = open.keys().filter(|key| !wanted.contains_key(key));
    news.count() + over.count()
}

/// Opens, changes and closes alarms.
async fn tell(
    tx: &mut Tx,
    operator: &Operator,
    desk: &Desk,
    wanted: &Alarms,
    now: At,
) -> Result<(), StoreError> {
    let open = told(tx).await?;
    for (key, alarm) in wanted
        .iter()
        .filter(|(key, alarm)| open.get(key) != Some(alarm))
    {
        let ((kind, place), (count, detail)) = (key, alarm);
        tx.raise(operator, (*kind, place), Tally::Now(*count), detail, now)
            .await?;
        if !open.contains_key(key) {
            let words = incident(
                &Incident {
                    id: Uuid::nil(),
                    kind: *kind,
                    subject: place.clone(),
                    opened_at: now,
                    last_at: now,
                    count: *count,
                    told_at: None,
                    detail: detail.clone(),
                },
                &operator.public_url,
                now,
            );
            tell_supervisors(tx, desk, &words, now).await?;
        }
    }
    for (kind, place) in open.keys().filter(|key| !wanted.contains_key(key)) {
        tx.over(operator, *kind, place, now).await?;
    }
    Ok(())
}

/// Those who can mend it hear of it, too; in their quiet hours, at their end: there is a day left.
async fn tell_supervisors(
    tx: &mut Tx,
    desk: &Desk,
    words: &str,
    now: At,
) -> Result<(), StoreError> {
    let steering = tx.supervisors().await?;
    let people = tx.people().await?;
    for person in people.iter().filter(|person| steering.contains(&person.id)) {
        tx.tell_person(&desk.gateway, person, words, now).await?;
    }
    Ok(())
}
