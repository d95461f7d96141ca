//! The heartbeat from outside: asked for by a second instance or a cron job, and the pings that we
//! expect.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use super::Doors;
use super::rates::Probe;
use crate::store::StoreError;

pub(super) fn routes() -> Router<Doors> {
    Router::new()
        .route("/heartbeat", get(stands))
        .route("/heartbeats/{name}", post(heard))
}

/// How long the store may take before it counts as away.
const PATIENCE: Duration = Duration::from_secs(5);

/// 200 while an audit found nothing lately, else 503; either way what the last one found.
async fn stands(State(doors): State<Doors>, _: Probe) -> Response {
    let asked = tokio::time::timeout(PATIENCE, doors.heartbeat.standing()).await;
    match asked.unwrap_or(Err(StoreError::Late)) {
        Ok(standing) => {
            let status = if standing.is_ok() {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            (status, Json(standing)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "nobody can say how the heartbeat stands");
            let body = json!({"status": "failing", "reason": "the database does not answer"});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

/// Takes a ping. Who does not know a name and its token learns nothing of either.
async fn heard(
    State(doors): State<Doors>,
    _: Probe,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION);
    let token = authorization
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::trim)
        .unwrap_or_default();
    match doors.heartbeat.heard(&name, token).await {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => {
            let said = "No heartbeat of this name is expected, or the token is another one.\n";
            (StatusCode::UNAUTHORIZED, said).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an expected heartbeat could not be noted");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
