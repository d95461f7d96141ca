//! A line of its own process whose database goes away: what it writes, counts, sends and leaves on the disk.

use std::path::Path;
use std::process::Stdio;

use harborline::gateway::client::loopback_client;
use serde_json::Value;

use super::needles::{
    CALM, CANARIES, HELD, OF_THE_TEXTER, PHRASE, TEXTER, files_are_free, free_of,
};
use crate::support::binary::{Serving, command};
use crate::support::faults::{Breakable, free_port};
use crate::support::gateway::{FakeTwilio, Sent};
use crate::support::load::configuration;
use crate::support::wait::until;
use crate::support::world::{LINE, PUBLIC_URL, TOKEN, inline_text, seconds, sign};
use crate::traces::Collector;

/// A line of its own process on a database that goes away, with everything that it writes.
struct Outage {
    serving: Serving,
    twilio: FakeTwilio,
    client: reqwest::Client,
    metrics: String,
    collector: Collector,
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
        let (collector, collected_at) = Collector::start().await;
        let settings = [
            ("HARBORLINE__DATABASE__URL", database),
            ("HARBORLINE__LISTEN__METRICS", metrics.as_str()),
            (
                "HARBORLINE__TELEMETRY__OTLP_ENDPOINT",
                collected_at.as_str(),
            ),
            ("HARBORLINE_LOG", "trace"),
            ("HARBORLINE_LOG_FORMAT", "json"),
            ("NO_PROXY", "127.0.0.1"),
        ];
        Self {
            serving: Serving::start_in(folder, &settings),
            twilio,
            client: loopback_client(seconds(60)).unwrap(),
            metrics: format!("http://{metrics}/metrics"),
            collector,
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
        let is_page = |sent: &Sent| sent.body.contains("cannot reach its database");
        let paged = until(async || self.twilio.sent().iter().any(is_page)).await;
        assert!(paged, "nobody was paged past the database");
        let spool = self.folder().join("data/spool");
        assert!(files_are_free(&spool) >= 2, "nothing is in the spool");
        assert!(self.folder().join("data/roster.sealed").exists());
        free_of(&CANARIES, "metrics", self.get(&self.metrics).await);
        free_of(
            &CANARIES,
            "/readyz",
            self.get(&format!("{}/readyz", self.serving.url)).await,
        );
    }

    /// In the end: what the commands say, what is counted, every file, and every line of the log.
    async fn in_the_end(self, is_sqlite: bool) {
        self.replayed().await;
        let metrics = self.get(&self.metrics).await;
        assert!(metrics.contains("harborline_"), "{metrics}");
        free_of(&CANARIES, "metrics", metrics);
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
        self.what_was_sent();
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
        free_of(&CANARIES, "the log", log);
        assert!(files_are_free(folder.path()) > 3);
        // What is left is handed over when it stops.
        let traces = self.collector.bodies();
        assert!(!traces.is_empty(), "no traces");
        free_of(&CANARIES, "the traces", traces.concat());
    }

    /// Pages, those of the fail-safe, too, and what the operator is told: to whoever is not the texter.
    fn what_was_sent(&self) {
        let mut others = 0;
        for sent in self.twilio.sent() {
            let said = format!("{} {}", sent.body, sent.status_callback);
            let place = format!("a text to {}", sent.to);
            if [TEXTER, HELD].contains(&sent.to.as_str()) {
                assert!(!said.contains("canarybird"), "{place}: {said}");
                assert!(!sent.status_callback.contains("5550177"), "{place}: {said}");
            } else {
                free_of(&OF_THE_TEXTER, &place, said);
                others += 1;
            }
        }
        assert!(others >= 2, "nobody was paged");
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
