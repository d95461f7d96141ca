//! A provider for the sandbox gateway, on loopback: takes texts, and says how far they have come when asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use harborline::gateway::sandbox::MESSAGES_PATH;
use serde_json::{Value, json};

#[derive(Clone, Default)]
pub(crate) struct FakeProvider {
    state: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    taken: usize,
    asked: usize,
    says: Option<&'static str>,
}

impl FakeProvider {
    /// Starts on loopback and returns its address with it; it ends with the test's runtime.
    pub(crate) async fn start() -> (Self, SocketAddr) {
        let fake = Self::default();
        let router = Router::new()
            .route(MESSAGES_PATH, post(take).get(none_came_in))
            .route(&format!("{MESSAGES_PATH}/{{id}}"), get(tell))
            .with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        (fake, address)
    }

    /// What it says of every text from now on; nothing that anybody could read, until it is told.
    pub(crate) fn says(&self, status: &'static str) {
        self.state.lock().unwrap().says = Some(status);
    }

    /// How many texts it took.
    pub(crate) fn taken(&self) -> usize {
        self.state.lock().unwrap().taken
    }

    /// How often it was asked for one.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

/// The list of texts that came in: reconciliation finds nothing missing.
async fn none_came_in() -> Json<Value> {
    Json(json!({"messages": []}))
}

async fn take(State(fake): State<FakeProvider>, Json(message): Json<Value>) -> Response {
    fake.state.lock().unwrap().taken += 1;
    let id = format!("sim-{}", message["id"].as_str().unwrap());
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

async fn tell(State(fake): State<FakeProvider>, Path(id): Path<String>) -> Response {
    let mut kept = fake.state.lock().unwrap();
    kept.asked += 1;
    match kept.says {
        Some(status) => Json(json!({ "id": id, "status": status })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
