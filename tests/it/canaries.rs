//! Canaries on every path: a number and words that are planted are found by whoever may read them, and
//! nowhere else. Not in what is logged at any level, counted, traced, mailed, called, pushed or posted, not in
//! what an answer says beside its page, and in no file.

mod needles;
mod outage;
mod process;

use axum::body::Body;
use axum::http::{Request, header};
use futures_util::StreamExt as _;
use harborline::config::PingMethod;
use harborline::gateway::{Inbound, Part};
use harborline::handoff::Act;
use harborline::oncall::{Channel, Preset, Target, Urgency};
use harborline::phone::PhoneNumber;
use harborline::staff::Role;
use harborline::store::Account;
use harborline::text::MessageBody;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::push::Service;
use crate::support::log::Log;
use crate::support::mailbox::Mailbox;
use crate::support::visitor::{Sent, link};
use crate::support::world::{LINE, PUBLIC_URL, seconds};
use crate::support::{Engine, World, both};
use needles::{CALM, CANARIES, FIRST, OF_THE_TEXTER, PHRASE, TEXTER, free_of};

/// A line whose responder is reached in every way there is.
struct Reached {
    world: World,
    first: Account,
    mailbox: Mailbox,
    receiver: MockServer,
}

/// Part of a long text that waits for the rest.
async fn a_part(world: &World, words: &str) {
    let inbound = Inbound {
        gateway_ref: "SMpart1".to_owned(),
        from: PhoneNumber::of_sender(TEXTER),
        to: PhoneNumber::of_sender(LINE),
        body: MessageBody::new(words),
        media: 0,
        keyword_handled: None,
        part: Some(Part {
            reference: "108".to_owned(),
            number: 1,
            total: 2,
        }),
    };
    let taken = world.app.intake().text("main", false, inbound, seconds(10));
    taken.await.unwrap();
}

/// What an answer says beside its page: where it leads, and what a browser is to keep.
#[track_caller]
fn leads_nowhere_with_words(sent: &Sent) {
    free_of(
        &CANARIES,
        "the headers of an answer",
        format!("{:?}", sent.headers),
    );
}

async fn reached(engine: Engine) -> Option<Reached> {
    let mailbox = Mailbox::open().await;
    let port = mailbox.port;
    let receiver = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(202))
        .mount(&receiver)
        .await;
    let uri = receiver.uri();
    let world = World::with(engine, |config| {
        let section = format!(
            "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Example Line <pages@line.example.org>\""
        );
        config.smtp = Some(toml::from_str(&section).unwrap());
        config.webhooks.allow_private = true;
        // What leaves for monitors, and for where the end of the audit log is kept.
        config.heartbeat.url = Some(format!("{uri}/ping").into());
        config.heartbeat.method = PingMethod::Post;
        config.audit.anchor_url = Some(format!("{uri}/anchor").into());
    })
    .await?;
    let first = world.a_person("First", FIRST).await;
    let ways = [
        (Channel::Voice, None, FIRST.to_owned()),
        (Channel::Email, None, "first@example.org".to_owned()),
        (
            Channel::Webhook,
            Some(Preset::Json),
            format!("{}/json", receiver.uri()),
        ),
        (
            Channel::Webhook,
            Some(Preset::Ntfy),
            format!("{}/ntfy", receiver.uri()),
        ),
        (
            Channel::Webhook,
            Some(Preset::Slack),
            format!("{}/slack", receiver.uri()),
        ),
        (
            Channel::Webhook,
            Some(Preset::Pagerduty),
            format!("{}/pd", receiver.uri()),
        ),
        (
            Channel::Webhook,
            Some(Preset::Alertmanager),
            format!("{}/am", receiver.uri()),
        ),
    ];
    for (channel, preset, address) in &ways {
        world.a_method(&first, *channel, *preset, address).await;
    }
    let admin = world
        .an_account("admin@example.org", Role::Administrator)
        .await;
    for urgency in [Urgency::High, Urgency::Imminent] {
        world
            .pages_by(&admin, urgency, 1, &[(15, 3, &[Target::Everyone])])
            .await;
    }
    Some(Reached {
        world,
        first,
        mailbox,
        receiver,
    })
}

both! {
    in reached;

    async fn nothing_that_is_logged_or_leaves_for_a_responder_holds_a_canary(line: Reached) {
        let Reached { world, first, mailbox, receiver } = line;
        let log = Log::default();
        let listening = log.listen();
        let phone = world.phone(TEXTER);
        // Open pages, and a browser that is told when its page is not open.
        let cookie = world.session_of(&first).await;
        let live = Request::get("/live").header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let mut live = world.call(live).await.into_body().into_data_stream();
        let browser = world.visitor(&first).await;
        let service = Service::that_answers(201).await;
        service.subscribes(&browser).await;
        world.advance(seconds(1)).await;
        phone.texts(CALM).await;
        phone.texts(PHRASE).await.expect_reply("988");
        world.advance(seconds(60)).await;
        let mut signals = String::new();
        while !signals.contains("conversation:") {
            signals += &String::from_utf8_lossy(&live.next().await.unwrap().unwrap());
        }
        drop(live);
        world.app.pushes.tick().await.unwrap();
        let pushed = format!("{:?}", service.server.received_requests().await.unwrap());
        let told = service.told(201).await;
        assert_eq!(told.len(), 1, "{told:?}");
        // The pages, in every way.
        let mails = mailbox.unread();
        let posts: Vec<String> = receiver.received_requests().await.unwrap().iter()
            .map(|request| format!("{} {:?} {}", request.url, request.headers, String::from_utf8_lossy(&request.body)))
            .collect();
        let called = world.twilio.called();
        assert!(!mails.is_empty() && posts.len() >= 5 && !called.is_empty(), "{} {} {}", mails.len(), posts.len(), called.len());
        for expected in ["/ping", "/anchor"] {
            assert!(posts.iter().any(|post| post.contains(expected)), "nothing came to {expected}");
        }
        // A line of a mail may be cut in two.
        let mails = mails.join("\n").replace("=\r\n", "");
        let mut left = [mails, posts.join("\n"), told.join("\n"), pushed, signals].join("\n");
        for call in &called {
            let path = call.url.strip_prefix(PUBLIC_URL).unwrap();
            let fields = [("CallSid", call.sid.as_str()), ("CallStatus", "in-progress")];
            let (_, said) = world.hook(path, &fields).await;
            left = left + &call.url + " " + &call.status_callback + " " + &said + "\n";
        }
        for sent in world.twilio.sent() {
            let said = sent.body + " " + &sent.status_callback + "\n";
            if sent.to == TEXTER {
                // The texter's own words never come back to them, nor their number in an address.
                free_of(&OF_THE_TEXTER, "a reply", &said);
            } else {
                left += &said;
            }
        }
        free_of(&OF_THE_TEXTER, "what leaves for a responder", left);
        // Somebody takes it and answers; the texter leaves; somebody asks for what is not there.
        let staff = world.a_member_of_staff("second@example.org").await;
        let conversation = world.first_in_the_queue().await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        let visitor = world.visitor(&staff).await;
        assert!(visitor.reads(&format!("/conversations/{conversation}")).await.contains("canarybird"), "who has the case reads the words");
        for path in ["/conversations/canarybird", "/take/canarybird", "/canarybird?q=canarybird"] {
            let (_, page) = visitor.opens(path).await;
            free_of(&CANARIES, path, page);
        }
        for (path, field, words) in [
            ("/search".to_owned(), "sought", TEXTER),
            ("/search".to_owned(), "sought", "canarybird"),
            (format!("/conversations/{conversation}/draft"), "body", "canarybird, are you there?"),
            (format!("/conversations/{conversation}/note"), "note", "canarybird was here before"),
        ] {
            let sent = visitor.sends(&path, &[(field, words)]).await;
            assert!(!sent.status.is_client_error() && !sent.status.is_server_error(), "{path}: {sent:?}");
            leads_nowhere_with_words(&sent);
        }
        for path in ["/readyz", "/heartbeat", "/healthz"] {
            let (_, said) = world.get(path).await;
            free_of(&CANARIES, path, said);
        }
        // Somebody texts in another's name: an incident with what is known of it.
        let forged = [("MessageSid", "SMforged"), ("From", TEXTER), ("To", LINE), ("Body", PHRASE)];
        let (status, _) = world.signed("a-token-of-somebody-else", "/hooks/main/inbound", &forged).await;
        assert_eq!(status, 403);
        world.settle().await;
        let admin = world.an_account("admin@example.org", Role::Administrator).await;
        let visitor = world.visitor(&admin).await;
        let incident = link(&visitor.reads("/incidents").await, "/incidents/0");
        free_of(&OF_THE_TEXTER, "an incident", visitor.reads(&incident).await);
        for path in ["/audit", "/system", "/incidents", "/reports"] {
            let (_, page) = visitor.opens(path).await;
            free_of(&OF_THE_TEXTER, path, page);
        }
        let exported = visitor.sends("/audit/export", &[("days", "30")]).await;
        free_of(&OF_THE_TEXTER, "the audit log", &exported.page);
        leads_nowhere_with_words(&exported);
        a_part(&world, CALM).await;
        let kept = "SELECT COUNT(*) FROM parts WHERE length(body_sealed) > 0";
        assert_eq!(world.count(kept).await, 1, "no part waits");
        free_of(&CANARIES, "the rows of the database", rows(&world.config.database.url).await);
        phone.texts("DELETE").await;
        phone.texts("YES DELETE").await;
        world.advance(seconds(120)).await;
        drop(listening);
        let log = log.text();
        assert!(log.len() > 1_000, "nothing was listened to");
        free_of(&CANARIES, "the log", log);
    }
}

/// Everything that is in the tables, as the database prints it.
async fn rows(url: &str) -> Vec<u8> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut all = Vec::new();
        for end in ["", "-wal"] {
            let bytes = std::fs::read(format!("{path}{end}")).unwrap_or_default();
            all.extend(bytes);
        }
        return all;
    }
    let mut c = <sqlx::PgConnection as sqlx::Connection>::connect(url)
        .await
        .unwrap();
    // In base64 a line end may stand in the middle of a word.
    let whole = sqlx::query("SET xmlbinary = hex");
    whole.execute(&mut c).await.unwrap();
    let sql = "SELECT query_to_xml(format('SELECT * FROM %I', tablename), true, false, '')::text
               FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut c).await.unwrap();
    assert!(tables.len() > 40);
    tables.join("\n").into_bytes()
}
