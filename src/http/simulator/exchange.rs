//! The provider's side: texts between the phones and the hooks of the sandbox gateway, and receipts.
//!
//! It deliberately never tries a hook again: what happens when a provider gives up must be visible.

use std::sync::Arc;

use axum::Form;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use url::Url;
use uuid::Uuid;

use super::phones::{Holder, Text};
use super::{Simulator, new_id};
use crate::clock::At;
use crate::gateway::sandbox::{MESSAGE_PATH, MESSAGES_PATH, SIGNATURE_HEADER, authorization, sign};
use crate::http::Doors;
use crate::http::machines::Machines;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// What the provider's ids begin with.
const PREFIX: &str = "sim-";

/// The provider's own door. It stands outside the CSRF layer: a bearer guards it.
pub(in crate::http) fn provider_routes() -> Machines {
    Machines::new()
        .post(MESSAGES_PATH, take_message)
        .get(MESSAGES_PATH, list_messages)
        .get(MESSAGE_PATH, tell_status)
}

/// What the sandbox gateway sends.
#[derive(Deserialize)]
struct Message {
    id: Uuid,
    to: String,
    body: String,
    receipts_url: String,
}

async fn take_message(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Json(message): Json<Message>,
) -> Response {
    let Some(simulator) = doors.simulator else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !simulator.is_the_gateway(&headers) {
        return (
            StatusCode::UNAUTHORIZED,
            Json(json!({"code": "unauthorized"})),
        )
            .into_response();
    }
    let gateway_ref = reference(message.id);
    let to = PhoneNumber::of_sender(&message.to);
    simulator.deliver(
        &to,
        Text::arriving(
            MessageBody::new(message.body),
            simulator.config.clock.now(),
            Some(message.id),
            false,
        ),
    );
    simulator.send_receipts(message.id, message.receipts_url);
    (StatusCode::CREATED, Json(json!({"id": gateway_ref}))).into_response()
}

/// How far a text has come: what is on a phone was delivered.
async fn tell_status(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Some(simulator) = doors.simulator else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !simulator.is_the_gateway(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let outbox_id = id
        .strip_prefix(PREFIX)
        .and_then(|id| Uuid::try_parse(id).ok());
    match outbox_id.filter(|outbox_id| simulator.phones().have(*outbox_id)) {
        Some(outbox_id) => {
            let receipt = json!({"id": id, "outbox_id": outbox_id, "status": "delivered"});
            Json(receipt).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// From when on texts are listed, in Unix milliseconds.
#[derive(Deserialize)]
struct Since {
    since: i64,
}

/// What the phones have texted, as a provider lists it: taken by the hook or not.
async fn list_messages(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Form(Since { since }): Form<Since>,
) -> Response {
    let Some(simulator) = doors.simulator else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !simulator.is_the_gateway(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(json!({"messages": simulator.texted_since(At(since))})).into_response()
}

/// The provider's id of a text. To a phone it follows from the outbox row, so that a repeated send gets
/// the same.
fn reference(id: Uuid) -> String {
    format!("{PREFIX}{id}")
}

impl Simulator {
    fn is_the_gateway(&self, headers: &HeaderMap) -> bool {
        let expected = authorization(&self.config.secret);
        headers
            .get(AUTHORIZATION)
            .is_some_and(|given| bool::from(given.as_bytes().ct_eq(expected.as_bytes())))
    }

    fn texted_since(&self, since: At) -> Vec<Value> {
        let phones = self.phones();
        let texts = phones
            .all()
            .flat_map(|phone| phone.texts.iter().map(move |text| (phone, text)));
        let listed = texts
            .filter(|(_, text)| text.at >= since)
            .filter_map(|(phone, text)| {
                let mut hook = self.hook_of(text.reference.as_deref()?, &phone.number, &text.body);
                hook["at"] = json!(text.at);
                Some(hook)
            });
        listed.collect()
    }

    /// The hook of a text from a phone.
    fn hook_of(&self, reference: &str, number: &PhoneNumber, body: &MessageBody) -> Value {
        json!({
            "id": reference,
            "from": number.reveal(),
            "to": self.config.line,
            "body": body.reveal(),
            "media": 0,
        })
    }

    /// Puts a text on the phone with this number; a number without a phone gets one.
    fn deliver(&self, to: &PhoneNumber, text: Text) {
        let mut phones = self.phones();
        let id = phones.id_of(to).unwrap_or_else(|| {
            let id = new_id(&self.config);
            phones.add(id, to.clone(), Holder::Texter);
            id
        });
        phones.put(id, text);
        drop(phones);
        self.changed();
    }

    /// Sends a text from a phone to the line. `None`: there is no such phone; otherwise whether
    /// the hook took it.
    pub(super) async fn text_from(self: &Arc<Self>, phone: Uuid, body: String) -> Option<bool> {
        let now = self.config.clock.now();
        let (reference, body) = (reference(new_id(&self.config)), MessageBody::new(body));
        let (number, seq) = {
            let mut phones = self.phones();
            let number = phones.get(phone)?.number.clone();
            let text = Text::written(body.clone(), now, reference.clone());
            (number, phones.put(phone, text)?)
        };
        self.changed();
        let hook = self.hook_of(&reference, &number, &body);
        let path = format!("/hooks/{}/inbound", self.config.gateway);
        let Some(answer) = self.call(&path, &hook).await else {
            self.phones().failed(phone, seq);
            self.changed();
            return Some(false);
        };
        if let Some(reply) = answer["reply"].as_str() {
            let receipts_url = answer["receipts_url"].as_str().unwrap_or_default();
            let outbox_id = outbox_id_in(receipts_url);
            let now = self.config.clock.now();
            self.deliver(
                &number,
                Text::arriving(MessageBody::new(reply), now, outbox_id, true),
            );
            if let Some(outbox_id) = outbox_id {
                self.send_receipts(outbox_id, receipts_url.to_owned());
            }
        }
        Some(true)
    }

    /// Sends the receipts of a text in the background: first that it left, then that it arrived.
    fn send_receipts(self: &Arc<Self>, outbox_id: Uuid, receipts_url: String) {
        let simulator = Arc::clone(self);
        tokio::spawn(async move {
            // Only to this server, whatever the URL says.
            let path = receipts_url.strip_prefix(&simulator.config.public_url);
            let Some(path) = path.filter(|path| path.starts_with('/')) else {
                return;
            };
            for status in ["sent", "delivered"] {
                let receipt = json!({
                    "id": reference(outbox_id),
                    "outbox_id": outbox_id,
                    "status": status,
                });
                simulator.call(path, &receipt).await;
            }
        });
    }

    /// Calls a hook of this server as a provider would: signed for the public URL. The answer, or
    /// nothing when the hook did not take it.
    async fn call(&self, path: &str, hook: &Value) -> Option<Value> {
        let body = hook.to_string();
        let signed = format!("{}{path}", self.config.public_url);
        let request = self
            .config
            .client
            .post(format!("{}{path}", self.config.local_url))
            .header(CONTENT_TYPE, "application/json")
            .header(
                SIGNATURE_HEADER,
                sign(&self.config.secret, &signed, body.as_bytes()),
            )
            .body(body);
        match request.send().await {
            Ok(response) if response.status() == StatusCode::OK => {
                Some(response.json().await.unwrap_or_default())
            }
            Ok(response) => {
                tracing::warn!(
                    status = response.status().as_u16(),
                    "the simulator's hook was not taken"
                );
                None
            }
            Err(error) => {
                let error = error.without_url();
                tracing::warn!(%error, "the simulator could not call its hook");
                None
            }
        }
    }
}

/// The outbox row that a receipts URL names.
fn outbox_id_in(receipts_url: &str) -> Option<Uuid> {
    let url = Url::parse(receipts_url).ok()?;
    let (_, id) = url.query_pairs().find(|(name, _)| name == "ref")?;
    Uuid::try_parse(&id).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::feed::Feed;
    use crate::gateway::client::{LIMIT, loopback_client};
    use crate::gateway::receipts_url;
    use crate::http::simulator::SimulatorConfig;
    use crate::id::SeededIds;

    fn simulator() -> Simulator {
        Simulator::new(SimulatorConfig {
            gateway: "sandbox".to_owned(),
            line: "+15550100".to_owned(),
            secret: "secret".into(),
            local_url: "http://127.0.0.1:8080".to_owned(),
            public_url: "http://127.0.0.1:8080".to_owned(),
            on_call: Vec::new(),
            clock: Arc::new(ManualClock::new(At(0))),
            ids: Arc::new(SeededIds::new(1)),
            feed: Feed::default(),
            client: loopback_client(LIMIT).unwrap(),
        })
    }

    #[test]
    fn only_the_gateway_may_put_texts_on_phones() {
        let simulator = simulator();
        let given = |bearer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, bearer.parse().unwrap());
            simulator.is_the_gateway(&headers)
        };
        assert!(given(&authorization(&"secret".into())));
        assert!(!given(&authorization(&"other".into())) && !given("") && !given("Bearer "));
        assert!(!simulator.is_the_gateway(&HeaderMap::new()));
    }

    #[test]
    fn a_number_without_a_phone_gets_one() {
        let (simulator, to) = (simulator(), PhoneNumber::of_sender("+15550123456"));
        for outbox in [7, 7, 8] {
            let words = MessageBody::new("hello");
            let outbox = Some(Uuid::from_u128(outbox));
            simulator.deliver(&to, Text::arriving(words, At(0), outbox, false));
        }
        let phones = simulator.phones();
        let phone = phones.get(phones.id_of(&to).unwrap()).unwrap();
        assert_eq!(phone.texts.len(), 2);
    }

    #[test]
    fn a_list_names_what_phones_texted_and_not_what_they_got() {
        let (simulator, number) = (simulator(), PhoneNumber::of_sender("+15550123456"));
        let words = MessageBody::new("hello");
        simulator.deliver(&number, Text::arriving(words.clone(), At(5), None, false));
        for (at, reference) in [(1, "sim-1"), (5, "sim-2")] {
            let text = Text::written(words.clone(), At(at), reference.to_owned());
            simulator.deliver(&number, text);
        }
        let listed = simulator.texted_since(At(2));
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["id"], "sim-2");
        assert_eq!(
            (&listed[0]["from"], &listed[0]["at"]),
            (&json!("+15550123456"), &json!(5))
        );
    }

    #[test]
    fn an_inline_reply_is_known_by_its_outbox_row() {
        let id = Uuid::from_u128(7);
        assert_eq!(
            outbox_id_in(&receipts_url("http://127.0.0.1:8080", "sandbox", id)),
            Some(id)
        );
        // What is answered while nothing can be kept has no row.
        assert_eq!(outbox_id_in(""), None);
    }
}
