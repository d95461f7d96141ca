//! A browser is told that a case waits: encrypted for it alone, as long as its session lasts, and nothing of
//! the texter. The push service is a double that reads what it gets as the browser would.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harborline::handoff::Act;
use web_push_native::p256::SecretKey;
use web_push_native::{Auth, decrypt};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::visitor::Visitor;
use crate::support::world::{minutes, seconds};
use crate::support::{Engine, World, both};

const FIRST: &str = "+15550171";
const TEXTER: &str = "+15550123";
const ROWS: &str = "SELECT COUNT(*) FROM push_subscriptions";

/// A push service, and the browser that it carries to.
pub(crate) struct Service {
    pub(crate) server: MockServer,
    secret: SecretKey,
    auth: Auth,
}

impl Service {
    pub(crate) async fn that_answers(status: u16) -> Self {
        let server = MockServer::start().await;
        let service = Self {
            server,
            secret: SecretKey::from_slice(&[7; 32]).unwrap(),
            auth: Auth::from([9; 16]),
        };
        service.answers(status).await;
        service
    }

    async fn answers(&self, status: u16) {
        self.server.reset().await;
        Mock::given(method("POST"))
            .and(path("/send/one"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&self.server)
            .await;
    }

    /// The browser names where it is told.
    pub(crate) async fn subscribes(&self, visitor: &Visitor<'_>) -> (StatusCode, String) {
        let endpoint = format!("{}/send/one", self.server.uri());
        let p256dh = URL_SAFE_NO_PAD.encode(self.secret.public_key().to_sec1_bytes());
        let auth = URL_SAFE_NO_PAD.encode(self.auth);
        let fields = [
            ("endpoint", &*endpoint),
            ("p256dh", &p256dh),
            ("auth", &auth),
        ];
        let sent = visitor.sends("/me/push", &fields).await;
        (sent.status, sent.page)
    }

    /// What came, as the browser reads it. What was read is forgotten.
    pub(crate) async fn told(&self, status: u16) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        self.answers(status).await;
        let read = requests.into_iter().map(|request| {
            assert_eq!(request.headers["content-encoding"], "aes128gcm");
            assert_eq!(request.headers["ttl"], "120");
            let signed = request.headers["authorization"].to_str().unwrap();
            assert!(
                signed.starts_with("vapid t=") && signed.contains(", k="),
                "{signed}"
            );
            let body = decrypt(request.body, &self.secret, &self.auth).unwrap();
            String::from_utf8(body).unwrap()
        });
        read.collect()
    }
}

async fn inside(engine: Engine) -> Option<World> {
    World::with(engine, |config| config.webhooks.allow_private = true).await
}

both! {
    in inside;

    async fn a_browser_is_told_that_a_case_waits_and_nothing_of_the_texter(world: World) {
        let first = world.a_person("First", FIRST).await;
        let visitor = world.visitor(&first).await;
        let service = Service::that_answers(201).await;
        assert!(visitor.reads("/me").await.contains("Tell me when a case waits"));
        let key = visitor.reads("/me/push/key").await;
        assert_eq!(visitor.reads("/me/push/key").await, key, "it is made once");
        assert_eq!(URL_SAFE_NO_PAD.decode(&key).unwrap().len(), 65);
        assert_eq!(service.subscribes(&visitor).await.0, StatusCode::NO_CONTENT);
        assert_eq!(service.subscribes(&visitor).await.0, StatusCode::NO_CONTENT);
        assert_eq!(world.count(ROWS).await, 1, "one of each session");
        assert!(visitor.reads("/me").await.contains("Do not tell me any more"));

        world.app.pushes.tick().await.unwrap();
        assert!(service.told(201).await.is_empty(), "nobody waits");
        world.advance(seconds(1)).await;
        world.phone(TEXTER).texts("i want to die").await;
        world.advance(seconds(1)).await;
        world.app.pushes.tick().await.unwrap();
        let told = service.told(201).await;
        assert_eq!(told, [r#"{"body":"A case waits. Open Harborline to take it.","title":"Harborline"}"#]);
        world.app.pushes.tick().await.unwrap();
        assert!(service.told(201).await.is_empty(), "once");
        world.advance(minutes(2)).await;
        world.app.pushes.tick().await.unwrap();
        assert_eq!(service.told(201).await.len(), 1, "and again while the case waits");

        let conversation = world.first_in_the_queue().await;
        world.acts(&first, conversation, Act::Claim).await.unwrap();
        world.advance(minutes(3)).await;
        world.app.pushes.tick().await.unwrap();
        assert!(service.told(201).await.is_empty(), "somebody has it");
    }

    async fn it_ends_with_the_session(world: World) {
        let first = world.a_person("First", FIRST).await;
        let service = Service::that_answers(201).await;
        let visitor = world.visitor(&first).await;
        service.subscribes(&visitor).await;
        visitor.sends("/sign-out", &[]).await;
        assert_eq!(world.count(ROWS).await, 0);
        // A session that nobody has used for hours is told nothing, whether or not its row is still there.
        let idle = world.visitor(&first).await;
        service.subscribes(&idle).await;
        world.jump(minutes(4 * 60 + 1)).await;
        world.phone(TEXTER).texts("i want to die").await;
        world.advance(seconds(1)).await;
        world.app.pushes.tick().await.unwrap();
        assert!(service.told(201).await.is_empty());
        // Switched off, too.
        let visitor = world.visitor(&first).await;
        service.subscribes(&visitor).await;
        visitor.sends("/me/push/off", &[]).await.expect_done("This browser does not tell you any more.");
        world.advance(minutes(3)).await;
        world.app.pushes.tick().await.unwrap();
        assert!(service.told(201).await.is_empty());
    }

    async fn a_push_service_in_trouble_is_tried_later_and_one_that_ended_is_forgotten(world: World) {
        let first = world.a_person("First", FIRST).await;
        let visitor = world.visitor(&first).await;
        let service = Service::that_answers(503).await;
        service.subscribes(&visitor).await;
        world.advance(seconds(1)).await;
        world.phone(TEXTER).texts("i want to die").await;
        world.advance(seconds(1)).await;
        world.app.pushes.tick().await.unwrap();
        assert_eq!(service.told(201).await.len(), 1);
        world.advance(seconds(29)).await;
        world.app.pushes.tick().await.unwrap();
        assert!(service.told(201).await.is_empty(), "not at once");
        world.advance(seconds(2)).await;
        world.app.pushes.tick().await.unwrap();
        assert_eq!(service.told(410).await.len(), 1);
        world.advance(minutes(2)).await;
        world.app.pushes.tick().await.unwrap();
        assert_eq!(service.told(201).await.len(), 1);
        assert_eq!(world.count(ROWS).await, 0, "the browser has ended it");
    }
}

mod a_place_inside_the_network_is_refused {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        let world = World::on(Engine::Sqlite).await.unwrap();
        let first = world.a_person("First", FIRST).await;
        let visitor = world.visitor(&first).await;
        let service = Service::that_answers(201).await;
        let (status, words) = service.subscribes(&visitor).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            words.contains("This browser named a place that cannot be told"),
            "{words}"
        );
        assert_eq!(world.count(ROWS).await, 0);
    }
}
