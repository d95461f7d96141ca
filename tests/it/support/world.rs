//! A whole Harborline with a manual clock, a fake Twilio, phones and a responder.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use harborline::app::{App, Seams, StartError};
use harborline::clock::{At, Clock, ManualClock};
use harborline::config::{self, Config, GatewaySection, TelnyxSection, TwilioSection};
use harborline::credential::Token;
use harborline::gateway::SignaturePolicy;
use harborline::gateway::client::loopback_client;
use harborline::gateway::telnyx::PublicKey;
use harborline::handoff::{Act, Refused};
use harborline::id::SeededIds;
use harborline::intake::{Assess, CRISIS_WAIT};
use harborline::lane::Lane;
use harborline::oncall::{Rung, Target, Urgency};
use harborline::policies::PolicyDraft;
use harborline::staff::{Device, Role};
use harborline::store::{Account, Hands, NewSession, NewStaff, QueueRow, TimePlace};
use harborline::triage;
use hmac::{Hmac, KeyInit, Mac};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use super::gateway::FakeTwilio;
use super::phone::Phone;
use super::{postgres, sql, sqlite};

pub(crate) const PUBLIC_URL: &str = "https://line.example.org";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const OTHER_TOKEN: &str = "fedcba9876543210fedcba9876543210";
pub(crate) const LINE: &str = "+15550100";
pub(crate) const SECOND_LINE: &str = "+15550101";
pub(crate) const DUTY: &str = "+15550199";
pub(crate) const SECOND: &str = "+15550198";
/// 2026-01-01 00:00 UTC.
const START: At = At(1_767_225_600_000);
/// How long a send waits for the provider's answer. On a busy machine one is not to be taken for lost.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// Longer than a busy machine takes for a commit: a test of anything else must not see the fail-safe.
const PATIENT: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) router: Router,
    pub(crate) clock: ManualClock,
    pub(crate) twilio: FakeTwilio,
    /// Where that provider is.
    pub(crate) twilio_url: String,
    /// The provider of a second gateway, in a world that has one.
    pub(crate) second: Option<FakeTwilio>,
    pub(crate) config: Config,
    crisis_wait: Duration,
    sids: AtomicU64,
    _folder: tempfile::TempDir,
}

impl World {
    /// A world on an engine; `None` (said loudly) when the engine is not there.
    pub(crate) async fn on(engine: Engine) -> Option<Self> {
        Self::made(engine, |_| {}, triage::assess).await
    }

    /// A world with other settings.
    pub(crate) async fn with(engine: Engine, settings: impl FnOnce(&mut Config)) -> Option<Self> {
        Self::made(engine, settings, triage::assess).await
    }

    /// A world with a second gateway, `telnyx`, whose API is at this address.
    pub(crate) async fn with_telnyx(engine: Engine, api_url: String) -> Option<Self> {
        Self::with_telnyx_under(engine, api_url, SignaturePolicy::Enforce).await
    }

    /// The same under this policy.
    pub(crate) async fn with_telnyx_under(
        engine: Engine,
        api_url: String,
        signature: SignaturePolicy,
    ) -> Option<Self> {
        let settings = |config: &mut Config| {
            let section = TelnyxSection {
                api_key: "KEY1".into(),
                public_key: PublicKey::parse("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=")
                    .unwrap(),
                public_key_other: None,
                sender: SECOND_LINE.to_owned(),
                api_url,
                signature,
                failover: None,
                burst: None,
                segments_per_second: Some(0.0),
            };
            let section = GatewaySection::Telnyx(section);
            config.gateways.insert("telnyx".to_owned(), section);
        };
        Self::with(engine, settings).await
    }

    /// A world whose triage is broken in this way.
    pub(crate) async fn judged_by(assess: Assess) -> Self {
        let world = Self::made(Engine::Sqlite, |_| {}, assess).await;
        world.expect("SQLite is always there")
    }

    /// A world in front of a database that will fail it, with the waits of the real program.
    pub(crate) async fn facing(database: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::built(folder, database, |_| {}, triage::assess, CRISIS_WAIT).await
    }

    /// A world in which nobody in crisis waits for a commit.
    pub(crate) async fn in_a_hurry() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = sqlite::database(folder.path()).await;
        Self::built(folder, database, |_| {}, triage::assess, Duration::ZERO).await
    }

    async fn made(
        engine: Engine,
        settings: impl FnOnce(&mut Config),
        assess: Assess,
    ) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let database = match engine {
            Engine::Sqlite => sqlite::database(folder.path()).await,
            Engine::Postgres => postgres::database().await?,
        };
        Some(Self::built(folder, database, settings, assess, PATIENT).await)
    }

    async fn built(
        folder: tempfile::TempDir,
        database: String,
        settings: impl FnOnce(&mut Config),
        assess: Assess,
        crisis_wait: Duration,
    ) -> Self {
        let (twilio, api_url) = FakeTwilio::start().await;
        let file = folder.path().join("harborline.toml");
        let text = format!(
            r#"
            public_url = "{PUBLIC_URL}"
            [database]
            url = "{database}"
            [keys]
            file = "{keys}"
            [spool]
            directory = "{spool}"
            [gateways.main]
            kind = "twilio"
            account_sid = "AC00000000000000000000000000000000"
            auth_token = "{TOKEN}"
            auth_token_other = "{OTHER_TOKEN}"
            sender = "{LINE}"
            # Time stands still between texts; the pace of a sender has tests of its own.
            segments_per_second = 0
            api_url = "{api_url}"
            # Setting a second factor up has tests of its own.
            [staff]
            require_totp = []
            [[oncall.fallback]]
            name = "Duty phone"
            number = "{DUTY}"
            [[oncall.fallback]]
            name = "Second phone"
            number = "{SECOND}"
            "#,
            keys = folder.path().join("master.key").display(),
            spool = folder.path().join("spool").display(),
        );
        std::fs::write(&file, text).unwrap();
        let mut config = config::load(Some(&file)).unwrap();
        // Where a sandbox gateway looks for its provider; nobody is there.
        config.listen.address = SocketAddr::from(([127, 0, 0, 1], 9));
        settings(&mut config);
        let clock = ManualClock::new(START);
        let app = Self::app(&config, &clock, assess, crisis_wait).await;
        let router = app.router();
        Self {
            app,
            router,
            clock,
            twilio,
            twilio_url: api_url,
            second: None,
            config,
            crisis_wait,
            sids: AtomicU64::new(0),
            _folder: folder,
        }
    }

    /// A world with a second gateway, `second`, that stands in for the first.
    pub(crate) async fn with_a_second_gateway(engine: Engine) -> Option<Self> {
        let (second, api_url) = FakeTwilio::start().await;
        let settings = |config: &mut Config| {
            let GatewaySection::Twilio(main) = config.gateways.get_mut("main").unwrap() else {
                panic!("the first gateway is Twilio's");
            };
            let section = TwilioSection {
                sender: SECOND_LINE.to_owned(),
                api_url,
                ..main.clone()
            };
            main.failover = Some("second".to_owned());
            let section = GatewaySection::Twilio(section);
            config.gateways.insert("second".to_owned(), section);
        };
        let world = Self::with(engine, settings).await?;
        Some(Self {
            second: Some(second),
            ..world
        })
    }

    /// The provider of the second gateway.
    pub(crate) fn second(&self) -> &FakeTwilio {
        self.second.as_ref().unwrap()
    }

    async fn app(
        config: &Config,
        clock: &ManualClock,
        assess: Assess,
        crisis_wait: Duration,
    ) -> App {
        let seams = Seams {
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SeededIds::new(7)),
            client: loopback_client(ANSWERED_WITHIN).unwrap(),
            assess,
            crisis_wait,
            knocks: None,
        };
        App::build(
            config,
            config.listen.address,
            seams,
            CancellationToken::new(),
        )
        .await
        .unwrap()
    }

    /// Stops this Harborline and starts it again with the same configuration and files.
    pub(crate) async fn restart(&mut self) {
        self.app.store.close().await;
        self.app = self.another_app().await;
        self.router = self.app.router();
    }

    /// Another Harborline on the same database, as after a restart or as a replica.
    pub(crate) async fn another_app(&self) -> App {
        self.try_another_app().await.unwrap()
    }

    /// The same where it may refuse to start.
    pub(crate) async fn try_another_app(&self) -> Result<App, StartError> {
        // Other ids than the first: two processes never share a source.
        let seams = Seams {
            clock: Arc::new(self.clock.clone()),
            ids: Arc::new(SeededIds::new(8)),
            client: loopback_client(ANSWERED_WITHIN).unwrap(),
            assess: triage::assess,
            crisis_wait: self.crisis_wait,
            knocks: None,
        };
        App::build(
            &self.config,
            self.config.listen.address,
            seams,
            CancellationToken::new(),
        )
        .await
    }

    /// The time.
    pub(crate) fn now(&self) -> At {
        self.clock.now()
    }

    /// Sends what is in the outbox, and lets nobody else work.
    pub(crate) async fn settle_outbox(&self) {
        for lane in Lane::ALL {
            while self.app.dispatch.run_once(lane).await.unwrap() > 0 {}
        }
    }

    /// The time in Unix seconds, as gateways sign it.
    pub(crate) fn clock_s(&self) -> i64 {
        self.clock.now().0 / 1000
    }

    pub(crate) fn phone(&self, number: &str) -> Phone<'_> {
        Phone {
            world: self,
            number: number.to_owned(),
        }
    }

    pub(crate) fn responder(&self) -> Phone<'_> {
        self.phone(DUTY)
    }

    /// Moves the time on, second by second where something is due, and lets the workers work.
    pub(crate) async fn advance(&self, by: Duration) {
        let step = Duration::from_secs(5).min(by);
        let mut left = by;
        while !left.is_zero() {
            let now = step.min(left);
            self.clock.advance(now);
            left -= now;
            self.settle().await;
        }
    }

    /// Lets the workers work until nothing is due.
    pub(crate) async fn settle(&self) {
        loop {
            let paged = self.app.paging.tick().await.unwrap();
            self.app.paging.keep_roster().await.unwrap();
            let mut sent = self.app.followup.tick().await.unwrap();
            sent += self.app.handoff.tick().await.unwrap();
            sent += self.app.duties.tick().await.unwrap();
            sent += self.app.preflight.tick().await.unwrap();
            sent += self.app.intake().tick().await.unwrap();
            sent += self.app.failsafe.answer_held().await.unwrap();

            for lane in Lane::ALL {
                sent += self.app.dispatch.run_once(lane).await.unwrap();
            }
            sent += self.app.dispatch.poll_once().await.unwrap();
            sent += self.app.drills.tick().await.unwrap();
            sent += self.app.audit_log.tick().await.unwrap();
            sent += self.app.retention.tick().await.unwrap();
            sent += self.app.keys.tick().await.unwrap();
            sent += self.app.heartbeat.tick().await.unwrap();
            if paged + sent + self.app.reconcile.tick().await.unwrap() > 0 {
                continue;
            }
            // Last: with a clock that jumps, what is due is sent before anyone calls it overdue.
            let found = self.app.ledger.tick().await.unwrap();
            let logged = self.app.dispatch.write_journal().await.unwrap();
            if found + logged + self.app.incidents.tick().await.unwrap() == 0 {
                return;
            }
        }
    }

    /// A signed Twilio hook.
    pub(crate) async fn hook(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        self.signed(TOKEN, path, fields).await
    }

    pub(crate) async fn signed(
        &self,
        token: &str,
        path: &str,
        fields: &[(&str, &str)],
    ) -> (StatusCode, String) {
        read(self.call(signed_request(token, path, fields)).await).await
    }

    /// A page, as somebody without a session gets it.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        read(self.call(request).await).await
    }

    /// Delivers a text to another Harborline than this world's own, and returns its response.
    pub(crate) async fn hook_of(&self, app: &App, sid: &str, from: &str, body: &str) -> String {
        let fields = [("MessageSid", sid), ("From", from), ("Body", body)];
        let request = signed_request(TOKEN, "/hooks/main/inbound", &fields);
        let (status, twiml) = read(app.router().oneshot(request).await.unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{twiml}");
        twiml
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) fn new_sid(&self) -> String {
        format!("SM{:032}", self.sids.fetch_add(1, Ordering::SeqCst))
    }

    /// Adds a responder to the staff.
    pub(crate) async fn a_member_of_staff(&self, login: &str) -> Account {
        self.an_account(login, Role::Responder).await
    }

    /// A session of a member of staff, as a cookie.
    pub(crate) async fn session_of(&self, staff: &Account) -> String {
        let nth = self.sids.fetch_add(1, Ordering::SeqCst);
        let (token, now) = (Token::new(&SeededIds::new(1000 + nth)), self.clock.now());
        let (hash, staff_id) = (token.hash.clone(), staff.id);
        let start = self.app.store.write(move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                let new = NewSession {
                    token_hash: &hash,
                    staff_id,
                    device: Device::Computer,
                    code_due: false,
                };
                tx.start_session(&new, now).await
            })
        });
        start.await.unwrap();
        format!("__Host-harborline_session={}", token.shown)
    }

    /// Adds an account with a role, or finds it. It has no password that anyone could type.
    pub(crate) async fn an_account(&self, login: &str, role: Role) -> Account {
        let (login, now) = (login.to_owned(), self.clock.now());
        let add = self.app.store.write(move |tx| {
            let login = login.clone();
            Box::pin(async move {
                let new = NewStaff {
                    login: &login,
                    name: "Second",
                    role,
                    password_hash: "no password",
                };
                tx.add_staff(&new, now).await?;
                tx.staff_by_login(&login).await
            })
        });
        add.await.unwrap().unwrap()
    }

    /// Lets a policy with these rungs (delay in seconds, rounds, targets) page for an urgency.
    pub(crate) async fn pages_by(
        &self,
        by: &Account,
        urgency: Urgency,
        acks: u16,
        rungs: &[(u64, u16, &[Target])],
    ) -> Uuid {
        let rung = |(delay, repeat, targets): &(u64, u16, &[Target])| Rung {
            delay: seconds(*delay),
            repeat: *repeat,
            targets: targets.to_vec(),
        };
        let draft = PolicyDraft {
            id: None,
            name: format!("for {}", urgency.word()),
            acks,
            rungs: rungs.iter().map(rung).collect(),
        };
        let service = &self.app.policies;
        let id = service.save(by, draft).await.unwrap().unwrap();
        service
            .assign(by, urgency, Some(id))
            .await
            .unwrap()
            .unwrap();
        id
    }

    /// The conversation that waits longest for somebody, else the latest that the line answers alone.
    pub(crate) async fn first_in_the_queue(&self) -> Uuid {
        self.in_the_queue().await[0]
    }

    /// Open conversations: those with a case by need, then the others.
    pub(crate) async fn in_the_queue(&self) -> Vec<Uuid> {
        let cases = self.cases().await.into_iter();
        let mut all: Vec<Uuid> = cases.map(|case| case.conversation_id).collect();
        let mut tx = self.app.store.read().await.unwrap();
        let automated = tx.automated(TimePlace::FIRST, 100).await.unwrap();
        all.extend(automated.iter().map(|one| one.id));
        all
    }

    /// Open cases by need: those that nobody has, then the others.
    pub(crate) async fn cases(&self) -> Vec<QueueRow> {
        let mut tx = self.app.store.read().await.unwrap();
        let mut all = Vec::new();
        for hands in [Hands::Nobody, Hands::Others] {
            all.extend(tx.queue(Uuid::nil(), hands, None, None, 200).await.unwrap());
        }
        all
    }

    /// Lets a member of staff act, and the workers work.
    pub(crate) async fn acts(
        &self,
        staff: &Account,
        conversation: Uuid,
        act: Act,
    ) -> Result<(), Refused> {
        let done = self
            .app
            .handoff
            .act(staff, conversation, act)
            .await
            .unwrap();
        self.settle().await;
        done
    }

    /// Changes the database past the store, as a fault would; how many rows.
    pub(crate) async fn damage(&self, sql: &'static str) -> u64 {
        sql::change(&self.config.database.url, sql).await
    }

    /// What `/readyz` says.
    pub(crate) async fn readyz(&self) -> serde_json::Value {
        let request = Request::get("/readyz").body(Body::empty()).unwrap();
        let (_, said) = read(self.call(request).await).await;
        serde_json::from_str(&said).unwrap()
    }

    /// One number from the store, by SQL: what a test asserts about rows.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sql::count(&self.config.database.url, sql).await
    }
}

/// The request of a hook, signed as Twilio does.
fn signed_request(token: &str, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let signature = sign(token, &format!("{PUBLIC_URL}{path}"), fields);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(Body::from(body))
        .unwrap()
}

/// The text of the `Message` in TwiML.
pub(crate) fn inline_text(twiml: &str) -> Option<String> {
    let start = twiml.find("<Message")?;
    let text = &twiml[start..];
    let text = &text[text.find('>')? + 1..text.find("</Message>")?];
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
    ];
    let text = plain
        .iter()
        .fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c));
    Some(text.replace("&amp;", "&"))
}

/// The receipt address in TwiML.
pub(crate) fn receipt_path(twiml: &str) -> Option<String> {
    let start = twiml.find(PUBLIC_URL)? + PUBLIC_URL.len();
    let end = twiml[start..].find('"')?;
    Some(twiml[start..start + end].replace("&amp;", "&"))
}

/// Twilio's signature, written from its documentation, apart from the code under test.
pub(crate) fn sign(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
    let mut fields = fields.to_vec();
    fields.sort_unstable();
    let message: String = fields
        .iter()
        .fold(url.to_owned(), |m, (key, value)| m + key + value);
    let mac = Hmac::<sha1::Sha1>::new_from_slice(token.as_bytes()).unwrap();
    let signature = mac.chain_update(message.as_bytes()).finalize().into_bytes();
    base64::engine::general_purpose::STANDARD.encode(signature)
}

pub(crate) async fn read(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// Minutes, as durations read in a test.
pub(crate) fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

pub(crate) const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
