//! A gateway that takes a repeated text once is told what is a repetition, and what a try that must arrive
//! because the one before did not.

use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use harborline::gateway::SignaturePolicy;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::world::{PUBLIC_URL, seconds};
use crate::support::{Engine, World};

const TEXTER: &str = "+15550123";

/// A Telnyx that answers a key that it knows as it did before, and sends nothing.
#[derive(Clone, Default)]
struct FakeTelnyx {
    /// What it took: the keys, and where receipts go.
    taken: Arc<Mutex<Vec<(String, String)>>>,
    /// It has a text, and waits with its answer until it may go on.
    has_it: Arc<Notify>,
    goes_on: Arc<Notify>,
}

impl FakeTelnyx {
    /// Starts on loopback and returns its address with it; it ends with the test's runtime.
    async fn start() -> (Self, String) {
        let fake = Self::default();
        let router = Router::new()
            .route("/v2/messages", post(take))
            .with_state(fake.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (fake, url)
    }

    /// How many different texts it took.
    fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    /// The receipt of one of them, from 1 on.
    fn receipt(&self, nth: usize, status: &str, code: &str) -> Request<Body> {
        let (_, address) = self.taken.lock().unwrap()[nth - 1].clone();
        let payload = json!({"id": format!("m{nth}"), "direction": "outbound",
            "to": [{"phone_number": TEXTER, "status": status}], "errors": [{"code": code}]});
        let body = json!({"data": {"event_type": "message.finalized", "payload": payload}});
        hook(address.strip_prefix(PUBLIC_URL).unwrap(), &body)
    }
}

async fn take(
    State(fake): State<FakeTelnyx>,
    headers: HeaderMap,
    Json(text): Json<Value>,
) -> Json<Value> {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let nth = {
        let mut taken = fake.taken.lock().unwrap();
        if let Some(known) = taken.iter().position(|(known, _)| *known == key) {
            known + 1
        } else {
            let address = text["webhook_url"].as_str().unwrap();
            taken.push((key, address.to_owned()));
            taken.len()
        }
    };
    fake.has_it.notify_one();
    fake.goes_on.notified().await;
    Json(json!({"data": {"id": format!("m{nth}")}}))
}

fn hook(path: &str, body: &Value) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

/// A world whose texter has written through this Telnyx that they want to die; nobody has worked yet.
async fn world(engine: Engine, url: String) -> Option<World> {
    let world = World::with_telnyx_under(engine, url, SignaturePolicy::Observe).await?;
    let body = json!({"data": {"event_type": "message.received", "payload": {
        "id": "t1", "direction": "inbound", "text": "I want to die",
        "from": {"phone_number": TEXTER}, "to": [{"phone_number": "+15550101"}]}}});
    let answer = world.call(hook("/hooks/telnyx/inbound", &body)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    Some(world)
}

const DELIVERED: &str =
    "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND delivery = 'delivered'";

#[tokio::test]
async fn a_crisis_reply_that_a_busy_carrier_did_not_deliver_is_really_sent_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (telnyx, url) = FakeTelnyx::start().await;
        let Some(world) = world(engine, url).await else {
            continue;
        };
        telnyx.goes_on.notify_one();
        world.settle().await;
        assert_eq!(telnyx.taken(), 1);
        for _ in 0..2 {
            // Gateways repeat receipts.
            world
                .call(telnyx.receipt(1, "delivery_failed", "40006"))
                .await;
        }
        telnyx.goes_on.notify_one();
        world.advance(seconds(30)).await;
        assert_eq!(
            telnyx.taken(),
            2,
            "under the same key it would only say again that it took it"
        );
        world
            .call(telnyx.receipt(1, "delivery_failed", "40006"))
            .await;
        world.call(telnyx.receipt(2, "delivered", "")).await;
        world.advance(seconds(60)).await;
        assert_eq!((telnyx.taken(), world.count(DELIVERED).await), (2, 1));
    }
}

#[tokio::test]
async fn a_receipt_that_is_faster_than_the_answer_lets_a_crisis_reply_go_out_again() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (telnyx, url) = FakeTelnyx::start().await;
        let Some(world) = world(engine, url).await else {
            continue;
        };
        tokio::join!(world.settle(), async {
            telnyx.has_it.notified().await;
            let receipt = telnyx.receipt(1, "delivery_failed", "40006");
            world.call(receipt).await;
            telnyx.goes_on.notify_one();
        });
        assert_eq!(telnyx.taken(), 1);
        telnyx.goes_on.notify_one();
        world.advance(seconds(30)).await;
        assert_eq!(telnyx.taken(), 2);
        world.call(telnyx.receipt(2, "delivered", "")).await;
        assert_eq!(world.count(DELIVERED).await, 1);
    }
}
