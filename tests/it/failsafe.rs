//! The crisis answer depends on nothing (promise P3), and nothing acknowledged is lost (promise P5): what
//! the fail-safe does with each text. With real faults of a database: `chaos`.

use axum::http::HeaderMap;
use std::sync::Arc;

use harborline::failsafe::NotKept;
use harborline::gateway::{
    ApiRequest, ApiResult, Caps, Event, Gateway, HookReply, Inbound, InlineReply, Outgoing,
    RawRequest, SendOutcome, Verified, VerifyError,
};
use harborline::phone::PhoneNumber;
use harborline::spool::Kept;
use harborline::text::MessageBody;
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::faults::Breakable;
use crate::support::gateway::Fault;
use crate::support::wait::until;
use crate::support::world::{DUTY, SECOND, inline_text, minutes, receipt_path, seconds};
use crate::support::{Engine, World, both};

fn other(n: usize) -> String {
    format!("+1556{n:07}")
}

/// Waits until everyone on call was paged from memory so many times.
pub(crate) async fn paged(world: &World, times: usize) {
    for number in [DUTY, SECOND] {
        let pages = world.twilio.heard(number, times).await;
        let words = &pages[0].body;
        assert!(words.contains("cannot reach its database"), "{words}");
    }
}

/// Hands the spool over until it is empty. Each look waits for the database as long as it takes.
pub(crate) async fn replayed(world: &World) {
    let started = Instant::now();
    while !world.app.failsafe.spool.is_empty() {
        let _ = world.app.failsafe.replay().await;
        assert!(started.elapsed() < seconds(300), "the spool is not emptied");
    }
    let counts = world.app.failsafe.spool.counts();
    assert_eq!((counts.corrupt, counts.refused), (0, 0));
}

#[tokio::test]
async fn a_start_without_postgresql_answers_and_becomes_whole_by_itself() {
    let Some(mut server) = Breakable::start().await else {
        return;
    };
    let (url, way) = (server.url(), "/hooks/main/inbound");
    server.stop();
    let world = World::facing(url).await;
    assert!(!world.app.store.is_whole());
    let (status, page) = world.get("/sign-in").await;
    assert_eq!(status, 200, "{page}");
    let (status, page) = world.get("/setup/some-token").await;
    assert!(status == 503 && page.contains("out of reach"), "{page}");
    let (status, ready) = world.get("/readyz").await;
    assert!(status == 503 && ready.contains("down"), "{ready}");
    let texter = world.phone("+15550123");
    let crisis = texter.delivers("SM1", "i want to die").await.unwrap();
    assert!(crisis.contains("988"));
    paged(&world, 1).await;
    let (_, ready) = world.get("/readyz").await;
    assert!(ready.contains(r#""entries":1"#), "{ready}");
    assert!(world.app.failsafe.replay().await.is_err());
    server.again().await;
    while world.app.store.make_whole().await.is_err() {}
    replayed(&world).await;
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM messages WHERE author = 'texter'")
            .await,
        1
    );
    let (status, ready) = world.get("/readyz").await;
    assert!(status == 200 && ready.contains(r#""entries":0"#), "{ready}");
    // Delivered once more, it is one text, answered as at first.
    let fields = [
        ("MessageSid", "SM1"),
        ("From", "+15550123"),
        ("Body", "i want to die"),
    ];
    assert_eq!(world.hook(way, &fields).await.0, 200);
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM messages WHERE author = 'texter'")
            .await,
        1
    );
}

/// Rules that refuse one text, and all texts.
pub(crate) fn refusals(world: &World) -> [&'static str; 3] {
    if world.config.database.url.starts_with("sqlite") {
        [
            "CREATE TRIGGER bad BEFORE INSERT ON messages WHEN NEW.gateway_ref = 'SMbad'
             BEGIN SELECT RAISE(ABORT, 'no'); END",
            "CREATE TRIGGER every BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END",
            "DROP TRIGGER every",
        ]
    } else {
        [
            "ALTER TABLE messages ADD CONSTRAINT bad CHECK (gateway_ref <> 'SMbad')",
            "ALTER TABLE messages ADD CONSTRAINT every CHECK (author <> 'texter') NOT VALID",
            "ALTER TABLE messages DROP CONSTRAINT every",
        ]
    }
}

both! {
    async fn an_entry_that_the_database_refuses_is_set_aside_and_holds_up_nobody(world: World) {
        let [bad, every, lift] = refusals(&world);
        world.damage(bad).await;
        let held = world.phone("+15550123").delivers("SMbad", "menu").await.unwrap();
        assert!(held.contains("late"), "{held}");
        world.damage(every).await;
        world.phone("+15550124").delivers("SMgood", "menu").await;
        world.damage(lift).await;
        assert_eq!(world.app.failsafe.replay().await.unwrap(), 1, "the good one");
        for _ in 0..2 {
            assert_eq!(world.app.failsafe.spool.counts().entries, 1);
            assert_eq!(world.app.failsafe.replay().await.unwrap(), 0);
        }
        let counts = world.app.failsafe.spool.counts();
        assert_eq!((counts.entries, counts.refused), (0, 1));
        let (_, ready) = world.get("/readyz").await;
        assert!(ready.contains("degraded") && ready.contains(r#""refused":1"#), "{ready}");
    }
}

both! {
    async fn what_a_person_wrote_is_replayed_in_its_order_beside_what_others_wrote(world: World) {
        let away = world.another_app().await;
        away.store.close().await;
        for (n, word) in ["menu", "1", "more", "back", "stop", "start", "2"].into_iter().enumerate() {
            for person in 0..12 {
                let sid = format!("SM{n}of{person}");
                world.hook_of(&away, &sid, &other(person), word).await;
                world.clock.advance(seconds(1));
            }
        }
        let again = world.another_app().await;
        assert_eq!(again.failsafe.spool.counts().entries, 7 * 12);
        assert_eq!(again.failsafe.replay().await.unwrap(), 7 * 12);
        let decided = "SELECT COUNT(*) FROM audit_log WHERE action = 'text.decided'";
        assert_eq!(world.count(decided).await, 7 * 12);
        let out_of_order = "SELECT COUNT(*) FROM audit_log a JOIN messages m ON m.id = a.subject
              JOIN audit_log b ON b.id > a.id JOIN messages n ON n.id = b.subject
             WHERE m.texter_id = n.texter_id AND m.id > n.id";
        assert_eq!(world.count(out_of_order).await, 0);
    }
}

/// A gateway that carries no reply in the response to its hook. Sends go through the one of the
/// same name.
struct Apart {
    repeats_hooks: bool,
}

impl Gateway for Apart {
    fn name(&self) -> &'static str {
        "main"
    }

    fn caps(&self) -> Caps {
        Caps {
            inline_reply: false,
            idempotent_send: false,
            max_chars: 1600,
            hook_deadline: seconds(2),
            repeats_hooks: self.repeats_hooks,
            blocks_opted_out: false,
        }
    }

    fn verify(&self, _: &RawRequest<'_>) -> Result<Verified, VerifyError> {
        Err(VerifyError::Missing)
    }

    fn parse(&self, _: &RawRequest<'_>, _: Verified) -> Vec<Event> {
        Vec::new()
    }

    fn acknowledge(&self, _: Option<InlineReply<'_>>) -> HookReply {
        HookReply {
            content_type: "text/plain",
            headers: HeaderMap::new(),
            body: String::new(),
        }
    }

    fn build_send(&self, _: &Outgoing<'_>) -> ApiRequest {
        unreachable!("the configured gateway sends")
    }

    fn read_send(&self, _: Uuid, _: ApiResult<'_>) -> SendOutcome {
        unreachable!("the configured gateway sends")
    }
}

/// A text in crisis by way of it.
async fn by_way_of(gateway: &Apart, world: &World, sid: &str) -> Result<(), NotKept> {
    let inbound = Inbound {
        gateway_ref: sid.to_owned(),
        from: PhoneNumber::of_sender("+15550123"),
        to: PhoneNumber::of_sender("+15550100"),
        body: MessageBody::new("i want to die"),
        media: 0,
        keyword_handled: None,
        part: None,
    };
    let came_by = (gateway.name(), &gateway.caps());
    let answer = world.app.failsafe.text(came_by, Instant::now(), inbound);
    answer
        .await
        .map(|answer| assert!(answer.is_none(), "{answer:?}"))
}

#[tokio::test]
async fn without_replies_in_the_response_the_crisis_reply_goes_out_by_a_request_and_once() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    world.app.store.close().await;
    let gateway = Apart {
        repeats_hooks: false,
    };
    by_way_of(&gateway, &world, "SM1").await.unwrap();
    world.twilio.requested(3).await;
    let [reply] = world.twilio.sent_to("+15550123").try_into().unwrap();
    assert!(reply.body.contains("988"));
    world.restart().await;
    assert_eq!(world.app.failsafe.replay().await.unwrap(), 1);
    let path = reply
        .status_callback
        .strip_prefix("https://line.example.org")
        .unwrap();
    let receipt = [
        ("MessageSid", reply.sid.as_str()),
        ("MessageStatus", "delivered"),
    ];
    assert_eq!(world.hook(path, &receipt).await.0, 200);
    world.advance(minutes(5)).await;
    assert_eq!(world.twilio.sent_to("+15550123").len(), 1, "once");
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM obligations WHERE outcome = 'replied'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_crisis_reply_that_could_not_go_out_either_goes_out_when_the_database_is_back() {
    let mut world = World::on(Engine::Sqlite).await.unwrap();
    world.app.store.close().await;
    world.twilio.fail_always(Some(Fault::ServerError));
    let gateway = Apart {
        repeats_hooks: false,
    };
    by_way_of(&gateway, &world, "SM1").await.unwrap();
    // Three tries for the texter and for each of the two on call.
    world.twilio.requested(9).await;
    let id = world.app.failsafe.spool.after(None, 1)[0];
    let still_owed = until(async || {
        let entry = world.app.failsafe.spool.read(id).await.unwrap().unwrap();
        matches!(entry.kept, Kept::Text(text) if !text.answered)
    });
    assert!(still_owed.await);
    world.twilio.fail_always(None);
    world.restart().await;
    assert_eq!(world.app.failsafe.replay().await.unwrap(), 1);
    world.settle().await;
    assert_eq!(world.twilio.sent_to("+15550123").len(), 1);
}

#[tokio::test]
async fn a_gateway_that_repeats_hooks_is_asked_to_when_nothing_could_be_kept() {
    let full = |config: &mut harborline::config::Config| config.spool.max_bytes = 10;
    let world = World::with(Engine::Sqlite, full).await.unwrap();
    world.app.store.close().await;
    let gateway = Apart {
        repeats_hooks: true,
    };
    assert!(by_way_of(&gateway, &world, "SM1").await.is_err());
    world.twilio.requested(3).await;
    assert_eq!(
        world.twilio.sent_to("+15550123").len(),
        1,
        "answered all the same"
    );
}

#[tokio::test]
async fn with_no_room_in_the_spool_a_crisis_is_answered_and_others_are_told_the_truth() {
    let world = World::with(Engine::Sqlite, |config| config.spool.max_bytes = 10)
        .await
        .unwrap();
    world.app.store.close().await;
    let crisis = world
        .phone("+15550123")
        .delivers("SM1", "i want to die")
        .await
        .unwrap();
    assert!(crisis.contains("988"));
    for number in [DUTY, SECOND] {
        let pages = world.twilio.heard(number, 1).await;
        assert!(pages[0].body.contains("NOT kept"), "{pages:?}");
    }
    let texter = world.phone("+15550124");
    let told = texter.delivers("SM2", "menu").await.unwrap();
    assert!(
        told.contains("could not keep your text") && told.contains("988"),
        "{told}"
    );
    // A robot that answers it hears nothing more; nor does who only wants no more texts.
    assert_eq!(texter.delivers("SM3", "menu").await, None);
    assert_eq!(world.phone("+15550125").delivers("SM4", "STOP").await, None);
    let spanish = world
        .phone("+15550126")
        .delivers("SM5", "hola que es la terapia")
        .await;
    assert!(spanish.unwrap().contains("no pudimos guardar"));
}

#[tokio::test]
async fn a_text_that_was_stored_after_all_is_not_stored_twice() {
    let world = Arc::new(World::on(Engine::Sqlite).await.unwrap());
    let texter = world.phone("+15550123");
    let first = texter.delivers("SM1", "i want to die").await.unwrap();
    // The same delivery again, with the database away: it is answered and spooled.
    let copy = world.another_app().await;
    copy.store.close().await;
    let again = world
        .hook_of(&copy, "SM1", &texter.number, "i want to die")
        .await;
    assert!(inline_text(&again).unwrap().contains("988") && first.contains("988"));
    let later = world.another_app().await;
    assert_eq!(later.failsafe.spool.counts().entries, 1);
    assert_eq!(later.failsafe.replay().await.unwrap(), 1);
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM messages WHERE author = 'texter'")
            .await,
        1
    );
    assert_eq!(
        world
            .count("SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND texter_id IS NOT NULL")
            .await,
        1
    );
}

/// Alone each is answered with 988; together they tell of something that 911 is called for.
const TOGETHER: [&str; 2] = ["i swallowed a bunch of", "pills i want to die"];
const WORSE: &str = "Poison Help";

/// A receipt of the text in the response to a hook.
async fn arrived(world: &World, twiml: &str) {
    let path = receipt_path(twiml).unwrap();
    let receipt = [("MessageSid", "SMinline"), ("MessageStatus", "delivered")];
    assert_eq!(world.hook(&path, &receipt).await.0, 200);
}

const OWED: &str = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";

#[tokio::test]
async fn what_is_worse_after_the_texts_before_it_is_said_too_when_the_database_is_back() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let texter = world.phone("+15550123");
    let first = world.hook_of(&world.app, "SM1", &texter.number, TOGETHER[0]);
    arrived(&world, &first.await).await;
    let away = world.another_app().await;
    away.store.close().await;
    let twiml = world
        .hook_of(&away, "SM2", &texter.number, TOGETHER[1])
        .await;
    let alone = inline_text(&twiml).unwrap();
    assert!(alone.contains("988") && !alone.contains(WORSE), "{alone}");
    let back = world.another_app().await;
    assert_eq!(back.failsafe.replay().await.unwrap(), 1);
    arrived(&world, &twiml).await;
    assert_eq!(world.count(OWED).await, 1, "the other words are no answer");
    world.settle().await;
    let inbox = texter.inbox();
    assert!(inbox.len() == 1 && inbox[0].contains(WORSE), "{inbox:?}");
    assert_eq!(world.count(OWED).await, 0);
    world.advance(minutes(5)).await;
    let again = texter.inbox();
    assert!(!again.iter().any(|text| text.contains(WORSE)), "{again:?}");
}

#[tokio::test]
async fn what_is_worse_after_the_texts_before_it_is_said_too_when_only_the_commit_is_late() {
    let world = World::in_a_hurry().await;
    let texter = world.phone("+15550123");
    let mut last = String::new();
    for (sid, body) in ["SM1", "SM2"].into_iter().zip(TOGETHER) {
        last = world.hook_of(&world.app, sid, &texter.number, body).await;
        assert!(!last.contains(WORSE), "{last}");
        assert!(until(async || world.app.failsafe.spool.is_empty()).await);
    }
    let crisis = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'queued'
        AND texter_id IS NOT NULL";
    assert!(until(async || world.count(crisis).await == 1).await);
    arrived(&world, &last).await;
    world.settle().await;
    let inbox = texter.inbox();
    assert!(inbox.len() == 1 && inbox[0].contains(WORSE), "{inbox:?}");
}
