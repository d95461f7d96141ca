//! Canaries on every path: a number and words that are planted are found by whoever may read them, and
//! nowhere else. Not in what is logged at any level, counted, mailed, called or posted, and in no file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use harborline::config::TelemetrySection;
use harborline::gateway::client::loopback_client;
use harborline::handoff::Act;
use harborline::oncall::{Channel, Preset, Target, Urgency};
use harborline::staff::Role;
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::binary::{Serving, command, run};
use crate::support::faults::{Breakable, free_port};
use crate::support::gateway::FakeTwilio;
use crate::support::load::configuration;
use crate::support::mailbox::Mailbox;
use crate::support::require::missing;
use crate::support::world::{LINE, PUBLIC_URL, TOKEN, inline_text, seconds, sign};
use crate::support::{Engine, World, both};

const TEXTER: &str = "+15550177123";
const HELD: &str = "+15550177124";
const PHRASE: &str = "canarybird sings at moonrise and i want to die";
const CALM: &str = "canarybird is looking for the menu";
/// Whoever responds, and how they are reached: for no log either.
const FIRST: &str = "+15550188123";
/// What must be found nowhere: words, numbers, and the words as a database prints bytes.
const CANARIES: [&str; 6] = [
    "canarybird",
    "5550177123",
    "5550177124",
    "5550188123",
    "63616e61727962697264",
    "Y2FuYXJ5YmlyZ",
];
/// What must not leave the line for a responder: nothing of the texter.
const OF_THE_TEXTER: [&str; 3] = ["canarybird", "5550177123", "moonrise"];

#[track_caller]
fn free_of(canaries: &[&str], place: &str, text: &str) {
    for canary in canaries {
        if let Some(at) = text.find(canary) {
            let from = text[..at].rfind('\n').map_or(0, |line| line + 1);
            let line: String = text[from..].lines().next().unwrap_or_default().to_owned();
            panic!("{canary} in {place}: {line}");
        }
    }
}

/// Files in a folder and below hold no canary, in clear or as printed bytes.
#[track_caller]
fn files_are_free(folder: &Path) -> usize {
    let mut count = 0;
    for file in files(folder) {
        // A file may go while it is looked at: then it holds nothing.
        let Ok(bytes) = std::fs::read(&file) else {
            continue;
        };
        free_of(
            &CANARIES,
            &file.display().to_string(),
            &String::from_utf8_lossy(&bytes),
        );
        count += 1;
    }
    count
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Listens at every level, to spans and their fields, too.
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let lines = tracing_subscriber::fmt()
            // As the program's own log does, see telemetry/mod.rs.
            .with_env_filter("trace,tower_http::csrf=off")
            .with_span_events(FmtSpan::FULL)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(lines)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// A line whose responder is reached in every way there is.
struct Reached {
    world: World,
    mailbox: Mailbox,
    receiver: MockServer,
}

async fn reached(engine: Engine) -> Option<Reached> {
    let mailbox = Mailbox::open().await;
    let port = mailbox.port;
    let world = World::with(engine, |config| {
        let section = format!(
            "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Example Line <pages@line.example.org>\""
        );
        config.smtp = Some(toml::from_str(&section).unwrap());
        config.webhooks.allow_private = true;
    })
    .await?;
    let receiver = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(202))
        .mount(&receiver)
        .await;
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
        mailbox,
        receiver,
    })
}

both! {
    in reached;

    async fn nothing_that_is_logged_or_leaves_for_a_responder_holds_a_canary(line: Reached) {
        let Reached { world, mailbox, receiver } = line;
        let log = Log::default();
        let listening = log.listen();
        let phone = world.phone(TEXTER);
        phone.texts(CALM).await;
        phone.texts(PHRASE).await.expect_reply("988");
        world.advance(seconds(60)).await;
        // The pages, in every way.
        let mails = mailbox.unread();
        let posts: Vec<String> = receiver.received_requests().await.unwrap().iter()
            .map(|request| format!("{} {:?} {}", request.url, request.headers, String::from_utf8_lossy(&request.body)))
            .collect();
        let called = world.twilio.called();
        assert!(!mails.is_empty() && posts.len() >= 5 && !called.is_empty(), "{} {} {}", mails.len(), posts.len(), called.len());
        let mut left = mails.join("\n") + &posts.join("\n");
        for call in &called {
            let path = call.url.strip_prefix(PUBLIC_URL).unwrap();
            let fields = [("CallSid", call.sid.as_str()), ("CallStatus", "in-progress")];
            let (_, said) = world.hook(path, &fields).await;
            left = left + &call.url + " " + &call.status_callback + " " + &said + "\n";
        }
        for sent in world.twilio.sent_to(FIRST) {
            left = left + &sent.body + " " + &sent.status_callback + "\n";
        }
        for sent in world.twilio.sent_to(TEXTER) {
            // The texter's own words never come back to them, nor their number in an address.
            free_of(&["canarybird", "5550177123"], "a reply", &format!("{} {}", sent.body, sent.status_callback));
        }
        free_of(&OF_THE_TEXTER, "what leaves for a responder", &left);
        // Somebody takes it and answers; the texter leaves; somebody asks for what is not there.
        let staff = world.a_member_of_staff("second@example.org").await;
        let conversation = world.first_in_the_queue().await;
        world.acts(&staff, conversation, Act::Claim).await.unwrap();
        let visitor = world.visitor(&staff).await;
        assert!(visitor.reads(&format!("/conversations/{conversation}")).await.contains("canarybird"), "who has the case reads the words");
        for path in ["/conversations/canarybird", "/take/canarybird", "/canarybird?q=canarybird"] {
            let (_, page) = visitor.opens(path).await;
            free_of(&CANARIES, path, &page);
        }
        visitor.sends("/search", &[("sought", TEXTER)]).await;
        visitor.sends("/search", &[("sought", "canarybird")]).await;
        let draft = format!("/conversations/{conversation}/draft");
        visitor.sends(&draft, &[("body", "canarybird, are you there?")]).await;
        for path in ["/readyz", "/heartbeat", "/healthz"] {
            let (_, said) = world.get(path).await;
            free_of(&CANARIES, path, &said);
        }
        let admin = world.an_account("admin@example.org", Role::Administrator).await;
        let visitor = world.visitor(&admin).await;
        for path in ["/audit", "/system", "/incidents", "/reports"] {
            let (_, page) = visitor.opens(path).await;
            free_of(&OF_THE_TEXTER, path, &page);
        }
        let exported = visitor.sends("/audit/export", &[("days", "30")]).await;
        free_of(&OF_THE_TEXTER, "the audit log", &exported.page);
        free_of(&CANARIES, "the rows of the database", &rows(&world.config.database.url).await);
        phone.texts("DELETE").await;
        phone.texts("YES DELETE").await;
        world.advance(seconds(120)).await;
        drop(listening);
        let log = log.text();
        assert!(log.len() > 1_000, "nothing was listened to");
        free_of(&CANARIES, "the log", &log);
    }
}

/// Everything that is in the tables, as the database prints it.
async fn rows(url: &str) -> String {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut all = String::new();
        for end in ["", "-wal"] {
            let bytes = std::fs::read(format!("{path}{end}")).unwrap_or_default();
            all += &String::from_utf8_lossy(&bytes);
        }
        return all;
    }
    let mut c = <sqlx::PgConnection as sqlx::Connection>::connect(url)
        .await
        .unwrap();
    let sql = "SELECT query_to_xml(format('SELECT * FROM %I', tablename), true, false, '')::text
               FROM pg_tables WHERE schemaname = 'public'";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut c).await.unwrap();
    assert!(tables.len() > 40);
    tables.join("\n")
}

/// A line of its own process on a database that goes away, with everything that it writes.
struct Outage {
    serving: Serving,
    twilio: FakeTwilio,
    client: reqwest::Client,
    metrics: String,
    texts: usize,
}

impl Outage {
    async fn begins(database: &str) -> Self {
        let (twilio, api_url) = FakeTwilio::start().await;
        let folder = tempfile::tempdir().unwrap();
        let held = "signature = \"quarantine\"\n";
        let configuration =
            configuration(&api_url).replacen("api_url", &format!("{held}api_url"), 1);
        std::fs::write(folder.path().join("harborline.toml"), configuration).unwrap();
        let metrics = format!("127.0.0.1:{}", free_port());
        let settings = [
            ("HARBORLINE__DATABASE__URL", database),
            ("HARBORLINE__LISTEN__METRICS", metrics.as_str()),
            ("HARBORLINE_LOG", "trace"),
            ("HARBORLINE_LOG_FORMAT", "json"),
            ("NO_PROXY", "127.0.0.1"),
        ];
        Self {
            serving: Serving::start_in(folder, &settings),
            twilio,
            client: loopback_client(seconds(60)).unwrap(),
            metrics: format!("http://{metrics}/metrics"),
            texts: 0,
        }
    }

    fn folder(&self) -> &Path {
        self.serving.folder.path()
    }

    /// A text by its hook; what is answered in the response.
    async fn text(&mut self, token: &str, from: &str, body: &str) -> Option<String> {
        self.texts += 1;
        let sid = format!("SM{:032}", self.texts);
        let fields = [
            ("MessageSid", &*sid),
            ("From", from),
            ("To", LINE),
            ("Body", body),
        ];
        let path = "/hooks/main/inbound";
        let signature = sign(token, &format!("{PUBLIC_URL}{path}"), &fields);
        let request = self.client.post(format!("{}{path}", self.serving.url));
        let answer = request
            .form(&fields)
            .header("x-twilio-signature", signature);
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        inline_text(&answer.text().await.unwrap())
    }

    async fn get(&self, url: &str) -> String {
        let answer = self.client.get(url).send().await.unwrap();
        answer.text().await.unwrap()
    }

    /// Waits until nothing is in the spool.
    async fn replayed(&self) {
        let empty = async {
            loop {
                let ready = self.get(&format!("{}/readyz", self.serving.url)).await;
                let ready: Value = serde_json::from_str(&ready).unwrap_or_default();
                if ready["spool"]["entries"] == 0 && ready["status"] != "down" {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        // A watchdog for a test that would hang.
        let emptied = tokio::time::timeout(seconds(180), empty).await;
        assert!(
            emptied.is_ok(),
            "the spool is not emptied: {}",
            self.serving.log()
        );
    }

    /// Before the database goes: a text, one that is held, and one of everything that is asked.
    async fn while_all_is_well(&mut self) {
        assert!(
            self.text(TOKEN, TEXTER, PHRASE)
                .await
                .unwrap()
                .contains("988")
        );
        self.text(TOKEN, TEXTER, CALM).await;
        let forged = "00000000000000000000000000000000";
        assert!(
            self.text(forged, HELD, PHRASE)
                .await
                .unwrap()
                .contains("988")
        );
        self.text(forged, HELD, CALM).await;
    }

    /// While it is away: texts go into the spool, whose files and whose roster hold nothing in clear.
    async fn while_it_is_away(&mut self) {
        assert!(
            self.text(TOKEN, TEXTER, PHRASE)
                .await
                .unwrap()
                .contains("988")
        );
        let line = self.text(TOKEN, TEXTER, CALM).await;
        assert!(line.unwrap().contains("988"));
        let spool = self.folder().join("data/spool");
        assert!(files_are_free(&spool) >= 2, "nothing is in the spool");
        assert!(self.folder().join("data/roster.sealed").exists());
        free_of(&CANARIES, "metrics", &self.get(&self.metrics).await);
        free_of(
            &CANARIES,
            "/readyz",
            &self.get(&format!("{}/readyz", self.serving.url)).await,
        );
    }

    /// In the end: what the commands say, what is counted, every file, and every line of the log.
    async fn in_the_end(self, is_sqlite: bool) {
        self.replayed().await;
        let metrics = self.get(&self.metrics).await;
        assert!(metrics.contains("harborline_"), "{metrics}");
        free_of(&CANARIES, "metrics", &metrics);
        let mut said = String::new();
        for arguments in [
            &["doctor", "--json"][..],
            &["quarantine", "list"],
            &["audit", "verify"],
            &["heartbeat"],
            &["fallback", "export"],
            &["retention", "--dry-run"],
            &["backup", "night"],
        ] {
            said += &self.command_says(arguments);
        }
        free_of(&CANARIES, "what commands say", &said);
        if is_sqlite {
            assert!(files_are_free(&self.folder().join("night")) >= 2, "{said}");
        }
        let (code, folder) = self.serving.stop();
        assert_eq!(code, Some(0));
        let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
        assert!(
            log.contains("\"TRACE\"") && log.len() > 10_000,
            "no log at trace level"
        );
        free_of(&CANARIES, "the log", &log);
        assert!(files_are_free(folder.path()) > 3);
        assert!(self.twilio.requests() > 0);
    }

    fn command_says(&self, arguments: &[&str]) -> String {
        let database = std::fs::read_to_string(self.folder().join("database")).unwrap();
        let address = self.serving.url.strip_prefix("http://").unwrap();
        let output = command(self.folder())
            .args(arguments)
            .env("HARBORLINE__DATABASE__URL", database)
            .env("HARBORLINE__LISTEN__ADDRESS", address)
            .env("HARBORLINE_LOG", "trace")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let all = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&all).into_owned()
    }
}

#[tokio::test]
async fn with_sqlite_locked_no_file_and_no_line_of_the_log_holds_a_canary() {
    let mut line = Outage::begins("sqlite://data/harborline.db").await;
    std::fs::write(
        line.folder().join("database"),
        "sqlite://data/harborline.db",
    )
    .unwrap();
    line.while_all_is_well().await;
    let url = format!("sqlite://{}/data/harborline.db", line.folder().display());
    let mut lock = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url)
        .await
        .unwrap();
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut lock)
        .await
        .unwrap();
    line.while_it_is_away().await;
    sqlx::query("ROLLBACK").execute(&mut lock).await.unwrap();
    drop(lock);
    line.in_the_end(true).await;
}

#[tokio::test]
async fn with_postgresql_stopped_no_file_and_no_line_of_the_log_holds_a_canary() {
    let Some(mut server) = Breakable::start().await else {
        return;
    };
    let mut line = Outage::begins(&server.url()).await;
    std::fs::write(line.folder().join("database"), server.url()).unwrap();
    line.while_all_is_well().await;
    server.stop();
    line.while_it_is_away().await;
    server.again().await;
    line.in_the_end(false).await;
    // Its pages, its write-ahead log, its own log.
    server.stop();
    assert!(files_are_free(server.folder()) > 100);
}

/// A process of its own: what is said of a panic goes to the whole process.
const CHILD: &str = "HARBORLINE_TEST_PANICS";

#[tokio::test]
async fn a_panic_says_where_it_was_and_not_what_it_had_in_its_hands() {
    if std::env::var_os(CHILD).is_some() {
        return panics().await;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "canaries::a_panic_says_where_it_was_and_not_what_it_had_in_its_hands",
        ])
        .env(CHILD, "1")
        .env("HARBORLINE_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("panic") && said.contains("canaries.rs"),
        "the place is said: {said}"
    );
    free_of(&CANARIES, "what is said of a panic", &said);
}

/// Triage panics with the words in its message; the text is taken for a crisis all the same.
async fn panics() {
    harborline::telemetry::start(&TelemetrySection::default()).unwrap();
    let world = World::judged_by(|_, text| panic!("cannot read {text}")).await;
    world.phone(TEXTER).texts(PHRASE).await.expect_inline("988");
}

#[test]
fn a_crash_writes_no_memory_to_a_disk() {
    use std::os::unix::process::ExitStatusExt as _;
    let folder = tempfile::tempdir().unwrap();
    let address = format!("127.0.0.1:{}", free_port());
    let crashes = |program: &str| {
        // As on a machine whose operator has forgotten the limit.
        let script = format!("ulimit -c unlimited 2>/dev/null; exec {program}");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env("HARBORLINE__LISTEN__ADDRESS", &address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"a\n").unwrap();
        // Once it says something it has begun.
        let mut one = [0; 1];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut one).unwrap();
        let pid = child.id().to_string();
        let killed = Command::new("kill").args(["-ABRT", &pid]).status();
        assert!(killed.unwrap().success());
        child.wait().unwrap()
    };
    let other = crashes("cat");
    assert_eq!(other.signal(), Some(6));
    let ours = crashes(&format!("{} serve", env!("CARGO_BIN_EXE_harborline")));
    assert_eq!(ours.signal(), Some(6));
    assert!(!ours.core_dumped());
    // Where nothing dumps at all, nothing was shown.
    if !other.core_dumped() {
        missing("cores", "this machine writes no core dumps");
    }
    let output = run(folder.path(), &["doctor", "--json"], "");
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let cores = findings
        .iter()
        .find(|one| one["id"] == "machine.core_dumps");
    assert_eq!(cores.unwrap()["state"], "ok");
}
