//! Health: is the process up, and can it do its work?

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Doors;
use crate::store::StoreError;

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// Ready when the store answers; with the counts that an operator looks at first.
async fn ready(State(doors): State<Doors>) -> Response {
    match counts(&doors).await {
        Ok(counts) => Json(counts).into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            let body = json!({"status": "down", "reason": "the database does not answer"});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn counts(doors: &Doors) -> Result<serde_json::Value, StoreError> {
    let mut tx = doors.store.read().await?;
    let (owed, overdue) = tx.obligations_open(doors.clock.now()).await?;
    let (alerts, unacknowledged) = tx.alerts_open().await?;
    let incidents = tx.incidents_open().await?;
    let rulebook = &doors.intake.rulebook;
    let refused = rulebook.refused().is_some();
    Ok(json!({
        "status": if overdue > 0 || refused || doors.packs_refused || !incidents.is_empty() { "degraded" } else { "ok" },
        "triage": {"ruleset": rulebook.current().hash(), "edited_rules_refused": refused},
        "content": {"edited_packs_refused": doors.packs_refused},
        "obligations": {"open": owed, "overdue": overdue},
        "alerts": {"open": alerts, "unacknowledged": unacknowledged},
        "incidents": incidents.iter().map(|open| json!({
            "kind": open.kind.word(), "subject": open.subject, "count": open.count,
            "since": open.opened_at,
        })).collect::<Vec<_>>(),
        "outbox": {"waiting": tx.outbox_waiting().await?},
    }))
}
