//! The metrics listener: `GET /metrics` in the text form of Prometheus, on an address of its own
//! (`listen.metrics`). It answers nobody else, and holds nothing of a person.

use std::sync::OnceLock;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::http::guarded;
use crate::lane::Lane;
use crate::listener::{self, Limits};
use crate::meter::{self, Kind, SERIES, now};
use crate::oncall::IncidentKind;
use crate::oncall::audit::Finding;
use crate::store::StoreError;

/// How long the store may take to count before it counts as away: less than a scrape waits (10 s).
const PATIENCE: Duration = Duration::from_secs(5);
/// How often what was timed is put into its buckets, so that it does not pile up when nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);
/// The most connections for metrics at once.
const MOST_SCRAPES: usize = 64;
/// The text form of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The recorder of this process: there can be one only.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

#[derive(Clone)]
struct Scraped {
    app: App,
    recorder: PrometheusHandle,
}

/// Answers scrapes on this listener until the program stops.
///
/// # Errors
/// [`BuildError`] when what counts cannot be set up.
pub fn serve(
    app: &App,
    listener: TcpListener,
    limits: &Limits,
    tasks: &TaskTracker,
    stopping: &CancellationToken,
) -> Result<(), BuildError> {
    let recorder = recorder()?;
    meter::begin();
    let upkeep = (recorder.clone(), stopping.clone());
    tasks.spawn(async move {
        let (recorder, stopping) = upkeep;
        while tokio::time::timeout(UPKEEP, stopping.cancelled())
            .await
            .is_err()
        {
            recorder.run_upkeep();
        }
    });
    let app = app.clone();
    let router = Router::new().route("/metrics", get(scrape));
    let router = guarded(router).with_state(Scraped { app, recorder });
    // Whoever scrapes needs few; nobody in front of it speaks for others.
    let limits = Limits {
        most: limits.most.min(MOST_SCRAPES),
        ..limits.clone()
    };
    let (of_each, stopping) = (tasks.clone(), stopping.clone());
    tasks.spawn(listener::serve(listener, router, limits, of_each, stopping));
    Ok(())
}

/// The recorder; made, and put where everything counts, on the first call.
fn recorder() -> Result<PrometheusHandle, BuildError> {
    if let Some(recorder) = RECORDER.get() {
        return Ok(recorder.clone());
    }
    let mut builder = PrometheusBuilder::new();
    for series in SERIES {
        if let Kind::Histogram(bounds) = series.kind {
            let name = Matcher::Full(series.name.to_owned());
            builder = builder.set_buckets_for_metric(name, bounds)?;
        }
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    // Refused when a test or an embedding program has put another one there: then that one counts.
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!(
            "another recorder counts already; /metrics holds only what it is at the moment"
        );
    }
    for series in SERIES {
        match series.kind {
            Kind::Counter => metrics::describe_counter!(series.name, series.help),
            Kind::Gauge => metrics::describe_gauge!(series.name, series.help),
            Kind::Histogram(_) => metrics::describe_histogram!(series.name, series.help),
        }
    }
    Ok(RECORDER.get_or_init(|| handle).clone())
}

async fn scrape(State(scraped): State<Scraped>) -> Response {
    let app = &scraped.app;
    here(app);
    let counted = tokio::time::timeout(PATIENCE, counts(app)).await;
    let counted = counted.unwrap_or(Err(StoreError::Late));
    meter::set(now::STORE_UP, None, i64::from(counted.is_ok()));
    if let Err(error) = counted {
        tracing::error!(%error, "the database does not say what is in it; metrics hold the last numbers");
    }
    scraped.recorder.run_upkeep();
    ([(header::CONTENT_TYPE, TEXT)], scraped.recorder.render()).into_response()
}

/// What is known without the store.
fn here(app: &App) {
    let time = app.clock.now();
    meter::set(now::BUILD, Some(("version", env!("CARGO_PKG_VERSION"))), 1);
    let spool = app.failsafe.spool.counts();
    let age = spool.oldest.map_or(0, |at| whole(time.since(at).as_secs()));
    meter::set(now::SPOOL, None, count(spool.entries));
    meter::set(now::SPOOL_OLDEST, None, age);
    meter::set(
        now::SET_ASIDE,
        Some(("why", "corrupt")),
        count(spool.corrupt),
    );
    meter::set(
        now::SET_ASIDE,
        Some(("why", "refused")),
        count(spool.refused),
    );
    meter::set(now::LISTENERS, None, count(app.feed.listeners()));
    let silent = app.heartbeat.pulses.silent(time);
    meter::set(now::SILENT, None, count(silent.len()));
    let rules = app.rulebook.refused().is_some();
    meter::set(now::REFUSED, Some(("what", "rules")), i64::from(rules));
    meter::set(
        now::REFUSED,
        Some(("what", "packs")),
        i64::from(app.packs_refused()),
    );
    let connections = app.store.connections();
    let used = connections.open.saturating_sub(connections.idle);
    meter::set(now::CONNECTIONS, Some(("state", "used")), count(used));
    meter::set(
        now::CONNECTIONS,
        Some(("state", "idle")),
        count(connections.idle),
    );
    meter::set(now::CONNECTIONS_MAX, None, count(connections.most));
}

/// What the store says.
async fn counts(app: &App) -> Result<(), StoreError> {
    let time = app.clock.now();
    let mut tx = app.store.read().await?;
    let (owed, overdue) = tx.obligations_open(time).await?;
    meter::set(now::OBLIGATIONS, None, owed);
    meter::set(now::OVERDUE, None, overdue);
    let (cases, unacknowledged) = tx.alerts_open().await?;
    meter::set(now::CASES, None, cases);
    meter::set(now::UNACKNOWLEDGED, None, unacknowledged);
    let due = tx.outbox_due(time).await?;
    for lane in Lane::ALL {
        let of = due.iter().find(|due| due.lane == lane);
        let label = Some(("lane", lane.word()));
        meter::set(now::OUTBOX_DUE, label, of.map_or(0, |due| due.count));
        let age = of.map_or(0, |due| whole(time.since(due.oldest).as_secs()));
        meter::set(now::OUTBOX_OLDEST, label, age);
    }
    let open = tx.incidents_open().await?;
    for kind in IncidentKind::ALL {
        let of = open.iter().filter(|incident| incident.kind == kind);
        meter::set(
            now::INCIDENTS,
            Some(("kind", kind.word())),
            count(of.count()),
        );
    }
    let exhausted = open
        .iter()
        .filter(|one| one.kind == IncidentKind::Exhausted);
    meter::set(now::EXHAUSTED, None, exhausted.map(|one| one.count).sum());
    let standing = app.heartbeat.standing_in(&mut tx).await?;
    meter::set(now::HEARTBEAT, None, i64::from(standing.is_ok()));
    if let Some(passed) = standing.passed_s {
        meter::set(now::HEARTBEAT_AGE, None, whole(passed));
    }
    for finding in Finding::ALL {
        let found = standing.findings.iter().find(|one| one.finding == finding);
        let label = Some(("finding", finding.word()));
        meter::set(now::FINDINGS, label, found.map_or(0, |found| found.count));
    }
    Ok(())
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn whole(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
