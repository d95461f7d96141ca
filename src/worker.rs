//! Workers: loops around a service call that says how much it did. Floor 5.
//!
//! Each is woken by the feed at once and looks by itself every second: a signal that was missed
//! costs a second and no text. What is not urgent is looked for in small groups when much of it comes: a look
//! at the database for each text, by every replica, would leave less of it for the texts.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::clock::Clock;
use crate::dispatch::{Looked, channels};
use crate::heartbeat::Pulses;
use crate::lane::Lane;
use crate::meter;
use crate::store::{Store, StoreError};

const LOOK: Duration = Duration::from_secs(1);
/// A sender that is almost ready is not looked at again and again.
const SOONEST: Duration = Duration::from_millis(20);
/// From one look for what is not urgent to the next, unless there is certainly more to do: nobody who texts notices.
const GROUPED: Duration = Duration::from_millis(20);
/// After a failed look: the database is not helped by being asked at once again.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// From one look for a database that was not found to the next.
const BETWEEN_SEARCHES: Duration = Duration::from_secs(3);

/// What the outbox needs besides sending.
#[derive(Clone, Copy)]
enum Work {
    Polls,
    Journal,
}

/// What every worker is handed: when to stop, and where it leaves its pulse.
#[derive(Clone)]
struct Shared {
    stopping: CancellationToken,
    pulses: Arc<Pulses>,
    clock: Arc<dyn Clock>,
}

/// How long a worker may take from the end of one look to the end of the next before the audit finds
/// that it does not work, and the look is given up: a server that went without a word is not waited for. Some
/// of them may have much to do at once: the lists of the providers, the
/// whole spool, the whole audit log, what has grown old in a year.
fn patience(name: &str) -> Duration {
    match name {
        "reconcile" | "replay" | "audit_log" | "keys" | "retention" => Duration::from_mins(30),
        _ => Duration::from_mins(2),
    }
}

/// What a look came to.
struct Look {
    done: usize,
    /// When it looks again that nobody wakes, if there was nothing to do.
    again: Duration,
    /// How long it does not look again, whoever wakes it.
    rest: Duration,
}

impl From<usize> for Look {
    fn from(done: usize) -> Self {
        Self {
            done,
            again: LOOK,
            rest: Duration::ZERO,
        }
    }
}

impl Look {
    /// A look at the outbox.
    fn at(lane: Lane, looked: Looked) -> Self {
        let rests = !lane.prefers_twice() && !looked.full;
        Self {
            done: looked.done,
            again: looked.again.unwrap_or(LOOK).clamp(SOONEST, LOOK),
            rest: if rests { GROUPED } else { Duration::ZERO },
        }
    }
}

/// Starts all workers. They finish what they are at when `stopping` is cancelled.
#[expect(
    clippy::too_many_lines,
    reason = "one list of the workers, in no order that matters"
)]
pub fn start(app: &App, tasks: &TaskTracker, stopping: &CancellationToken) {
    let shared = Shared {
        stopping: stopping.clone(),
        pulses: Arc::clone(&app.heartbeat.pulses),
        clock: Arc::clone(&app.clock),
    };
    for lane in Lane::ALL {
        for &channel in channels(lane) {
            let dispatch = Arc::clone(&app.dispatch);
            let (wake, sends) = (app.feed.outbox(lane, channel), tasks.clone());
            tasks.spawn(run("dispatch", shared.clone(), wake, move || {
                let (dispatch, sends) = (Arc::clone(&dispatch), sends.clone());
                async move {
                    let looked = dispatch.start(lane, channel, &sends).await?;
                    Ok(Look::at(lane, looked))
                }
            }));
        }
    }
    let handoff = Arc::clone(&app.handoff);
    tasks.spawn(run("handoff", shared.clone(), Arc::default(), move || {
        let handoff = Arc::clone(&handoff);
        async move { Ok(Look::from(handoff.tick().await?)) }
    }));
    for (name, work) in [("polls", Work::Polls), ("journal", Work::Journal)] {
        let dispatch = Arc::clone(&app.dispatch);
        // Nothing wakes them: what they do is never wanted sooner than a second later.
        tasks.spawn(run(name, shared.clone(), Arc::default(), move || {
            let dispatch = Arc::clone(&dispatch);
            async move {
                let done = match work {
                    Work::Polls => dispatch.poll_once().await,
                    Work::Journal => dispatch.write_journal().await,
                };
                done.map(Look::from)
            }
        }));
    }
    tasks.spawn(find_database(app.store.clone(), stopping.clone()));
    let (neighbours, end) = (Arc::clone(&app.neighbours), stopping.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = neighbours.carry() => {}
            () = end.cancelled() => {}
        }
    });
    let failsafe = Arc::clone(&app.failsafe);
    // Nothing wakes it: the database does not say when it is back.
    tasks.spawn(run("replay", shared.clone(), Arc::default(), move || {
        let failsafe = Arc::clone(&failsafe);
        async move { failsafe.replay().await.map(Look::from) }
    }));
    let failsafe = Arc::clone(&app.failsafe);
    // A hook that brings one answers it itself: here is only what no gateway took.
    tasks.spawn(run("held", shared.clone(), Arc::default(), move || {
        let failsafe = Arc::clone(&failsafe);
        async move { failsafe.answer_held().await.map(Look::from) }
    }));
    let followup = Arc::clone(&app.followup);
    // Nothing wakes it: what it does is never wanted sooner than a second later.
    tasks.spawn(run("followup", shared.clone(), Arc::default(), move || {
        let followup = Arc::clone(&followup);
        async move { followup.tick().await.map(Look::from) }
    }));
    let intake = Arc::clone(app.intake());
    // A hook that brings the last piece does the work itself: here is only what was waited for in vain.
    tasks.spawn(run("intake", shared.clone(), Arc::default(), move || {
        let intake = Arc::clone(&intake);
        async move { intake.tick().await.map(Look::from) }
    }));
    let incidents = Arc::clone(&app.incidents);
    tasks.spawn(run(
        "incidents",
        shared.clone(),
        Arc::default(),
        move || {
            let incidents = Arc::clone(&incidents);
            async move { incidents.tick().await.map(Look::from) }
        },
    ));
    let ledger = Arc::clone(&app.ledger);
    tasks.spawn(run("ledger", shared.clone(), Arc::default(), move || {
        let ledger = Arc::clone(&ledger);
        async move { ledger.tick().await.map(Look::from) }
    }));
    let reconcile = Arc::clone(&app.reconcile);
    tasks.spawn(run(
        "reconcile",
        shared.clone(),
        Arc::default(),
        move || {
            let reconcile = Arc::clone(&reconcile);
            async move { reconcile.tick().await.map(Look::from) }
        },
    ));
    let duties = Arc::clone(&app.duties);
    tasks.spawn(run("duties", shared.clone(), Arc::default(), move || {
        let duties = Arc::clone(&duties);
        async move { duties.tick().await.map(Look::from) }
    }));
    let preflight = Arc::clone(&app.preflight);
    tasks.spawn(run(
        "preflight",
        shared.clone(),
        Arc::default(),
        move || {
            let preflight = Arc::clone(&preflight);
            async move { preflight.tick().await.map(Look::from) }
        },
    ));
    let paging = Arc::clone(&app.paging);
    // It looks once a minute, by itself.
    tasks.spawn(run("roster", shared.clone(), Arc::default(), move || {
        let paging = Arc::clone(&paging);
        async move { paging.keep_roster().await.map(Look::from) }
    }));
    let paging = Arc::clone(&app.paging);
    tasks.spawn(run(
        "paging",
        shared.clone(),
        app.feed.ladder(),
        move || {
            let paging = Arc::clone(&paging);
            async move { paging.tick().await.map(Look::from) }
        },
    ));
    let audit_log = Arc::clone(&app.audit_log);
    tasks.spawn(run(
        "audit_log",
        shared.clone(),
        Arc::default(),
        move || {
            let audit_log = Arc::clone(&audit_log);
            // Once a second is enough, however much there was.
            async move { audit_log.tick().await.map(|_| Look::from(0)) }
        },
    ));
    let keys = Arc::clone(&app.keys);
    tasks.spawn(run("keys", shared.clone(), Arc::default(), move || {
        let keys = Arc::clone(&keys);
        async move { keys.tick().await.map(Look::from) }
    }));
    let retention = Arc::clone(&app.retention);
    tasks.spawn(run(
        "retention",
        shared.clone(),
        Arc::default(),
        move || {
            let retention = Arc::clone(&retention);
            async move { retention.tick().await.map(Look::from) }
        },
    ));
    let pushes = Arc::clone(&app.pushes);
    // Nothing wakes it: pages are what must not be late.
    tasks.spawn(run("push", shared.clone(), Arc::default(), move || {
        let pushes = Arc::clone(&pushes);
        async move { pushes.tick().await.map(Look::from) }
    }));
    let drills = Arc::clone(&app.drills);
    // Nothing wakes it: who asks for a drill may be another process.
    tasks.spawn(run("drills", shared.clone(), Arc::default(), move || {
        let drills = Arc::clone(&drills);
        async move { drills.tick().await.map(Look::from) }
    }));
    let heartbeat = Arc::clone(&app.heartbeat);
    tasks.spawn(run(
        "heartbeat",
        shared.clone(),
        Arc::default(),
        move || {
            let heartbeat = Arc::clone(&heartbeat);
            async move { heartbeat.tick().await.map(Look::from) }
        },
    ));
}

/// Looks for a database that was away when the program started, until it is found.
async fn find_database(store: Store, stopping: CancellationToken) {
    while !store.is_whole() && !stopping.is_cancelled() {
        match store.make_whole().await {
            Ok(()) => tracing::info!("the database was found; everything works from now on"),
            Err(error) => {
                tracing::error!(%error, "still without the database: texts are kept in the spool, crisis texts answered and paged for");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_SEARCHES) => {}
            () = stopping.cancelled() => {}
        }
    }
}

async fn run<F>(name: &'static str, shared: Shared, wake: Arc<Notify>, work: impl Fn() -> F)
where
    F: Future<Output = Result<Look, StoreError>>,
{
    let Shared {
        stopping,
        pulses,
        clock,
    } = shared;
    let patience = patience(name);
    let pulse = pulses.of(name, patience, clock.now());
    while !stopping.is_cancelled() {
        // Armed before the look, so that a wake-up in between is not lost.
        let woken = wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        // A panic must not end a worker: nobody would be paged, and nothing would say so.
        let look = AssertUnwindSafe(async { work().await }).catch_unwind();
        // Given up, it is as after a crash: what it had not finished is due again.
        let done = match timeout(patience, look).await {
            Ok(done) => done.unwrap_or(Err(StoreError::Panicked)),
            Err(_) => Err(StoreError::Late),
        };
        if done.is_ok() {
            pulse.beat(clock.now());
        }
        if let Ok(Look { rest, .. }) = done
            && !rest.is_zero()
        {
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stopping.cancelled() => {}
            }
        }
        let pause = match done {
            Ok(Look {
                done: 0,
                again,
                rest,
            }) => again.saturating_sub(rest),
            Ok(_) => continue,
            // Said by who looks for it.
            Err(StoreError::NotFoundYet) => AFTER_FAILURE,
            Err(error) => {
                meter::worker_failed(name);
                tracing::error!(%error, worker = name, "a worker could not do its work; it tries again");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(pause) => {}
            () = stopping.cancelled() => {}
        }
    }
}
