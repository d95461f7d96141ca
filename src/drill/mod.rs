//! Drills: a made-up texter goes through the real loop, from the text to the first words of a person, and
//! what happens is measured. Floor 3.
//!
//! A drill is a row. Whoever asks for one (the command line, the dashboard, the schedule) only writes it; a
//! server takes it up, sends the text by the way of every hook, and looks each second how far it has come. It
//! deliberately reaches no texter, and stands back when a real case waits.

mod door;
mod end;
mod marker;
mod send;
mod timetable;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::failsafe::FailSafe;
use crate::feed::{Feed, Signal};
use crate::oncall::drill::{Asked, Facts, Report, Step};
use crate::oncall::{
    Desk, DrillOutcome, Incident, IncidentKind, Operator, Until, Urgency, Variant, built_in,
    climbed_within, nobody_came,
};
use crate::store::{Drill, NewDrill, Store, StoreError, Tx};

pub use door::Door;
pub use marker::Marker;
pub use timetable::Timetable;

/// Holds drills.
pub struct Drills {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Takes the text in, like every hook.
    pub failsafe: Arc<FailSafe>,
    /// Who is paged.
    pub desk: Arc<Desk>,
    /// Who is told of what failed.
    pub operator: Arc<Operator>,
    /// Marks their hooks.
    pub marker: Marker,
    /// The door at which they knock; none where no gateway's hooks can be made here.
    pub door: Option<Door>,
    /// Wakes workers and pages.
    pub feed: Feed,
    /// How long people have, unless the asker says otherwise.
    pub limit: Duration,
    /// When drills are held by themselves.
    pub timetable: Vec<Timetable>,
}

/// How urgent the text of a drill is.
const URGENCY: Urgency = Urgency::High;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What it shows.
    pub variant: Variant,
    /// How far people must come.
    pub until: Until,
    /// No page leaves the program.
    pub dry_run: bool,
    /// How long people have; none for what is configured.
    pub limit: Option<Duration>,
    /// Even while a crisis is open, if somebody has it.
    pub anyway: bool,
    /// Who asks.
    pub by: String,
}

/// How it stands with drills.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The latest, the last first.
    pub drills: Vec<Drill>,
    /// Those that are held by themselves.
    pub planned: Vec<Planned>,
    /// What failed last time, and has not passed since: an open incident each.
    pub failing: Vec<Variant>,
    /// How many real cases wait for a person, if any do: until then no drill begins.
    pub waiting: Option<i64>,
}

/// A drill with what came of it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The drill.
    pub drill: Drill,
    /// It failed, and no drill of its variant has passed since.
    pub incident: bool,
}

/// A drill that is held by itself.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The entry of the timetable.
    pub entry: Timetable,
    /// When it is due next.
    pub next: Option<At>,
    /// It was not held the last time.
    pub missed: bool,
}

/// Why a drill was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// One at a time.
    #[error("A drill is running. Wait until it is over, or call it off")]
    Running,
    /// People in need come first: nothing goes round this.
    #[error("{0} real case(s) wait for a person. Hold the drill when nobody waits")]
    CasesWait(i64),
    /// Whoever has a crisis may need the others.
    #[error(
        "{0} real crisis case(s) are open. Hold the drill when they are closed, or say that it is to be held anyway"
    )]
    CrisesOpen(i64),
}

impl Drills {
    /// Asks for a drill; a server takes it up within a second or two.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was not begun.
    pub async fn ask(&self, wish: Wish) -> Result<Result<Uuid, NotBegun>, StoreError> {
        let now = self.clock.now();
        let limit = wish.limit.unwrap_or(self.limit);
        let work = Arc::new((Arc::clone(&self.desk), wish));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { begin(tx, &work.0, &work.1, limit, now).await })
        });
        unit.await
    }

    /// The latest drills, those that are held by themselves, and what keeps a drill from being begun.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn overview(&self, latest: u16) -> Result<Overview, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.read().await?;
        let open = tx.incidents_open().await?;
        let is_open = |kind, subject: &str| {
            let mut open = open.iter();
            open.any(|one| one.kind == kind && one.subject == subject)
        };
        let planned = self.timetable.iter().map(|entry| Planned {
            missed: is_open(IncidentKind::DrillMissed, &entry.name),
            next: entry.time.next(now),
            entry: entry.clone(),
        });
        let failing = Variant::ALL.into_iter();
        let failing = failing.filter(|one| is_open(IncidentKind::Drill, one.word()));
        Ok(Overview {
            planned: planned.collect(),
            failing: failing.collect(),
            waiting: waiting(&mut tx).await?,
            drills: tx.drills(latest).await?,
        })
    }

    /// One drill, and whether its failure is an open incident.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn report(&self, id: Uuid) -> Result<Option<Kept>, StoreError> {
        let mut tx = self.store.read().await?;
        let Some(drill) = tx.drill(id).await? else {
            return Ok(None);
        };
        let open = tx.incidents_open().await?;
        let about =
            |one: &Incident| one.kind == IncidentKind::Drill && one.subject == drill.variant.word();
        let failed = drill.outcome == Some(DrillOutcome::Failed);
        Ok(Some(Kept {
            incident: failed && open.iter().any(about),
            drill,
        }))
    }

    /// Ends a drill that is open. `false` when it was over already.
    ///
    /// # Errors
    /// [`StoreError`]: it goes on.
    pub async fn call_off(self: &Arc<Self>, drill: Uuid, why: &str) -> Result<bool, StoreError> {
        let (now, work) = (
            self.clock.now(),
            Arc::new((Arc::clone(self), why.to_owned())),
        );
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let Some(open) = tx.drill_to_change(drill).await? else {
                    return Ok(false);
                };
                let verdict = (DrillOutcome::CalledOff, Some(work.1.clone()));
                work.0.end(tx, open, verdict, now).await?;
                Ok(true)
            })
        });
        let ended = unit.await?;
        self.wake();
        Ok(ended)
    }

    /// Begins what is scheduled, takes up what was asked for, looks how far the open drill has come, and
    /// says whether anything of that was to be done.
    ///
    /// # Errors
    /// [`StoreError`]: the next call goes on from here.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let open = self.store.read().await?.open_drill().await?;
        let Some(open) = open else {
            return self.keep_to_the_timetable().await;
        };
        if open.taken_at.is_none() {
            return self.take_up(open).await;
        }
        self.look(open.id).await
    }

    /// Looks how far a drill has come, and ends it when it is over.
    async fn look(self: &Arc<Self>, drill: Uuid) -> Result<usize, StoreError> {
        let (now, drills) = (self.clock.now(), Arc::clone(self));
        let unit = self.store.write(move |tx| {
            let drills = Arc::clone(&drills);
            Box::pin(async move { drills.measure(tx, drill, now).await })
        });
        let changed = unit.await?;
        if changed {
            self.wake();
        }
        Ok(usize::from(changed))
    }

    async fn measure(&self, tx: &mut Tx, id: Uuid, now: At) -> Result<bool, StoreError> {
        let Some(mut drill) = tx.drill_to_change(id).await? else {
            return Ok(false);
        };
        let mut facts = facts(tx, id).await?;
        if drill.variant == Variant::ResponderSilent && !drill.report.has(Step::OperatorTold) {
            self.tell_that_nobody_came(tx, &mut facts, drill.dry_run, now)
                .await?;
        }
        let before = drill.report.clone();
        drill.report.observe(&facts, now);
        let taken_at = drill.taken_at.unwrap_or(drill.started_at);
        let verdict = drill.report.verdict(drill.variant, &facts, taken_at, now);
        if let Some(verdict) = verdict {
            self.end(tx, drill, verdict, now).await?;
            return Ok(true);
        }
        let changed = drill.report != before;
        if changed {
            tx.save_drill(id, &drill.report).await?;
        }
        Ok(changed)
    }

    /// Tells the operator of a ladder that was climbed in vain, as in a real case.
    async fn tell_that_nobody_came(
        &self,
        tx: &mut Tx,
        facts: &mut Facts,
        dry_run: bool,
        now: At,
    ) -> Result<(), StoreError> {
        let (Some(code), Some(_)) = (&facts.case, facts.exhausted_at) else {
            return Ok(());
        };
        let words = nobody_came(code);
        if !dry_run {
            let Operator {
                gateway, contacts, ..
            } = &*self.operator;
            tx.send_notice(gateway, facts.alert, contacts, &words, now)
                .await?;
        }
        facts.operator_told_at = Some(now);
        Ok(())
    }

    /// Workers and open pages look again.
    fn wake(&self) {
        self.feed.wake_outbox();
        self.feed.wake_ladder();
        self.feed.signal(Signal::Queue);
    }
}

async fn begin(
    tx: &mut Tx,
    desk: &Desk,
    wish: &Wish,
    limit: Duration,
    now: At,
) -> Result<Result<Uuid, NotBegun>, StoreError> {
    if let Some(cases) = waiting(tx).await? {
        return Ok(Err(NotBegun::CasesWait(cases)));
    }
    let crises = tx.crises_open().await?;
    if crises > 0 && !wish.anyway {
        return Ok(Err(NotBegun::CrisesOpen(crises)));
    }
    let report = &Report::new(&Asked {
        variant: wish.variant,
        until: wish.until,
        dry_run: wish.dry_run,
        limit,
        climb: climb(tx, desk, now).await?,
    });
    let new = NewDrill {
        id: tx.id(now),
        variant: wish.variant,
        dry_run: wish.dry_run,
        asked_by: &wish.by,
        report,
        at: now,
    };
    if !tx.ask_drill(&new).await? {
        return Ok(Err(NotBegun::Running));
    }
    let detail = json!({"variant": wish.variant, "dry_run": wish.dry_run});
    tx.audit(now, &wish.by, "drill.asked", Some(new.id), &detail)
        .await?;
    Ok(Ok(new.id))
}

/// How long the ladder of a crisis takes.
async fn climb(tx: &mut Tx, desk: &Desk, now: At) -> Result<Duration, StoreError> {
    let assigned = tx.assigned_policies().await?.remove(&URGENCY);
    let kept = tx.policies().await?.into_iter();
    let mut kept = kept.filter(|one| Some(one.id) == assigned && !one.rungs.is_empty());
    if let Some(policy) = kept.next() {
        return Ok(climbed_within(&policy));
    }
    let schedules = tx.schedules(now).await?;
    let ids = schedules.iter().map(|schedule| schedule.id);
    Ok(climbed_within(&built_in(ids, desk.clocks.of(URGENCY))))
}

/// How many real cases nobody has answered; none if nobody waits. While many are paged at once, some wait.
async fn waiting(tx: &mut Tx) -> Result<Option<i64>, StoreError> {
    let (_, unacknowledged) = tx.alerts_open().await?;
    Ok((unacknowledged > 0).then_some(unacknowledged))
}

/// What the store says of a drill.
async fn facts(tx: &mut Tx, drill: Uuid) -> Result<Facts, StoreError> {
    let real_cases = waiting(tx).await?.unwrap_or(0);
    let Some(conversation) = tx.conversation_of_drill(drill).await? else {
        return Ok(Facts {
            real_cases,
            ..Facts::default()
        });
    };
    let is_closed = tx.is_closed(conversation).await?;
    let Some(alert) = tx.alert_of(conversation).await? else {
        return Ok(Facts {
            is_closed,
            real_cases,
            ..Facts::default()
        });
    };
    Ok(Facts {
        alert: Some(alert.id),
        case: Some(alert.code.clone()),
        stored_at: Some(alert.opened_at),
        told_at: alert.told_at,
        refused: tx.pages_refused(alert.id).await?,
        acknowledged: alert.acknowledged.map(|taken| (taken.by, taken.at)),
        claimed_at: alert.claimed.map(|(_, at)| at),
        answered_at: alert.answered_at,
        exhausted_at: alert.exhausted_at,
        operator_told_at: None,
        is_closed,
        real_cases,
    })
}

/// A step of a report that was just made happens now.
fn happened(drill: &mut Drill, step: Step, now: At, what: Option<String>) {
    drill.report.note(step, now, what);
}
