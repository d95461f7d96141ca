//! Health: is the process up, and can it do its work?

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Doors;
use super::rates::Probe;
use crate::store::StoreError;

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// How long the store may take to count before it counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ready when the store answers; with the counts that an operator looks at first. What the spool
/// holds is known without the store.
async fn ready(State(doors): State<Doors>, _: Probe) -> Response {
    let counted = tokio::time::timeout(PATIENCE, counts(&doors)).await;
    match counted.unwrap_or(Err(StoreError::Late)) {
        Ok(counts) => Json(counts).into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            let body = json!({
                "status": "down",
                "reason": "the database does not answer",
                "spool": spool(&doors),
            });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn counts(doors: &Doors) -> Result<serde_json::Value, StoreError> {
    let mut tx = doors.store.read().await?;
    let (owed, overdue) = tx.obligations_open(doors.clock.now()).await?;
    let (alerts, unacknowledged) = tx.alerts_open().await?;
    let incidents = tx.incidents_open().await?;
    let refused = doors.rulebook.refused().is_some();
    let spooled = doors.failsafe.spool.counts();
    let spool_in_use = spooled.entries + spooled.corrupt + spooled.refused > 0;
    let packs_refused = doors.review.refused.is_some();
    let degraded = overdue > 0 || refused || packs_refused || spool_in_use || !incidents.is_empty();
    Ok(json!({
        "status": if degraded { "degraded" } else { "ok" },
        "triage": {"ruleset": doors.rulebook.current().hash(), "edited_rules_refused": refused},
        "content": {"edited_packs_refused": packs_refused},
        "obligations": {"open": owed, "overdue": overdue},
        "alerts": {"open": alerts, "unacknowledged": unacknowledged},
        "incidents": incidents.iter().map(|open| json!({
            "kind": open.kind.word(), "subject": open.subject, "count": open.count,
            "since": open.opened_at,
        })).collect::<Vec<_>>(),
        "outbox": {"waiting": tx.outbox_waiting().await?},
        "spool": spool(doors),
    }))
}

fn spool(doors: &Doors) -> serde_json::Value {
    let counts = doors.failsafe.spool.counts();
    let now = doors.clock.now();
    json!({
        "entries": counts.entries,
        "oldest_s": counts.oldest.map(|at| now.since(at).as_secs()),
        "corrupt": counts.corrupt,
        "refused": counts.refused,
    })
}
