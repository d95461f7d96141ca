//! Health: is the process up, and can it do its work?

use std::iter;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::time::timeout;

use super::Doors;
use crate::descriptors;
use crate::store::StoreError;

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// How long the store may take to count before it counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ready when the store answers and takes writes; with the counts that an operator looks at first, and in
/// `reasons` why it is not all well: the status is that of the worst of them. What the spool holds is known
/// without the store.
async fn ready(State(doors): State<Doors>) -> Response {
    let why = match timeout(PATIENCE, counts(&doors)).await {
        Ok(Ok(Some(counts))) => return Json(counts).into_response(),
        Ok(Ok(None)) => "the database takes no writes".to_owned(),
        Ok(Err(error)) => {
            tracing::error!(%error, "not ready");
            "the database does not answer".to_owned()
        }
        Err(_) => "the database does not answer in time".to_owned(),
    };
    let reasons: Vec<String> = iter::once(why.clone()).chain(of_process(&doors)).collect();
    let body = json!({
        "status": "down",
        "reason": why,
        "reasons": reasons,
        "spool": spool(&doors),
    });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// What the store says; `None` when it takes no writes.
async fn counts(doors: &Doors) -> Result<Option<serde_json::Value>, StoreError> {
    let mut tx = doors.store.read().await?;
    if !tx.may_write().await? || !doors.store.takes_writes().await {
        return Ok(None);
    }
    let (owed, overdue) = tx.obligations_open(doors.clock.now()).await?;
    let (alerts, unacknowledged) = tx.alerts_open().await?;
    let incidents = tx.incidents_open().await?;
    let refused = doors.rulebook.refused().is_some();
    let packs_refused = doors.review.refused.is_some();
    let mut reasons = of_process(doors);
    if overdue > 0 {
        reasons.push(format!("texts wait too long for their answers ({overdue})"));
    }
    if refused {
        reasons.push("the edited rules of triage are refused; those before them serve".to_owned());
    }
    if packs_refused {
        reasons.push("the edited texts are refused; the built-in ones serve".to_owned());
    }
    if !incidents.is_empty() {
        reasons.push(format!("incidents are open ({})", incidents.len()));
    }
    Ok(Some(json!({
        "status": if reasons.is_empty() { "ok" } else { "degraded" },
        "reasons": reasons,
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
    })))
}

/// What is wrong with the process itself, database or not.
fn of_process(doors: &Doors) -> Vec<String> {
    let spool = &doors.failsafe.spool;
    let counts = spool.counts();
    let mut reasons = Vec::new();
    for (count, what) in [
        (counts.entries, "texts and receipts wait in the spool"),
        (counts.corrupt, "entries of the spool could not be opened"),
        (
            counts.refused,
            "entries of the spool were refused by the database",
        ),
    ] {
        if count > 0 {
            reasons.push(format!("{what} ({count})"));
        }
    }
    reasons.extend(spool.trouble().map(str::to_owned));
    let left = descriptors::few_left();
    reasons
        .extend(left.map(|left| format!("only {left} more files and connections can be opened")));
    reasons
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
