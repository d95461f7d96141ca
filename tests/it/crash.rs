//! Crash safety (promise P5): the program is killed at random moments under load, again and again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use harborline::gateway::client::loopback_client;
use harborline::id::{SeededIds, random};
use tempfile::TempDir;

use crate::support::binary::Serving;
use crate::support::gateway::FakeTwilio;
use crate::support::postgres;
use crate::support::world::{
    DUTY, LINE, PUBLIC_URL, TOKEN, inline_text, receipt_path, seconds, sign,
};

/// How many phones text at the same time.
const PHONES: usize = 8;
/// At most so many texts are acknowledged between a start and a kill.
const BUSY: usize = 60;
/// A lease runs a minute, and an inline reply waits half a one for its receipt.
const LONGEST_S: u64 = 240;

/// What the gateway knows of each text whose hook was answered with 2xx: the text in the response.
type Acknowledged = Mutex<BTreeMap<usize, Option<String>>>;

#[derive(Clone)]
struct Load {
    client: reqwest::Client,
    acknowledged: Arc<Acknowledged>,
    next: Arc<AtomicUsize>,
}

fn number(n: usize) -> String {
    format!("+1555{n:07}")
}

const fn is_crisis(n: usize) -> bool {
    n.is_multiple_of(3)
}

impl Load {
    /// Calls a hook as the gateway does; nothing when the server is gone.
    async fn hook(&self, url: &str, path: &str, fields: &[(&str, &str)]) -> Option<String> {
        let signature = sign(TOKEN, &format!("{PUBLIC_URL}{path}"), fields);
        let request = self.client.post(format!("{url}{path}")).form(fields);
        let response = request
            .header("x-twilio-signature", signature)
            .send()
            .await
            .ok()?;
        if !response.status().is_success() {
            return None;
        }
        // An answer that was cut off by the kill was not heard.
        response.text().await.ok()
    }

    /// One phone after the other texts until the server is gone.
    async fn texts(self, url: String, kill_after: usize, killed: Arc<tokio::sync::Notify>) {
        loop {
            let n = self.next.fetch_add(1, Ordering::SeqCst);
            let (sid, from) = (format!("SM{n}"), number(n));
            let body = if is_crisis(n) {
                "i want to die"
            } else {
                "menu"
            };
            let fields = [
                ("MessageSid", sid.as_str()),
                ("From", &from),
                ("To", LINE),
                ("Body", body),
            ];
            let Some(twiml) = self.hook(&url, "/hooks/main/inbound", &fields).await else {
                return;
            };
            let count = {
                let mut known = self.acknowledged.lock().unwrap();
                known.insert(n, inline_text(&twiml));
                known.len()
            };
            if count >= kill_after {
                killed.notify_one();
            }
            // Every other reply in a response has its receipt, the others never get one.
            if let Some(path) = receipt_path(&twiml).filter(|_| n.is_multiple_of(2)) {
                let receipt = [("MessageSid", "SMinline"), ("MessageStatus", "delivered")];
                self.hook(&url, &path, &receipt).await;
            }
        }
    }
}

async fn survives(folder: TempDir, database: &str, kills: usize, seed: u64) {
    let (twilio, api_url) = FakeTwilio::start().await;
    let config = format!(
        r#"
        public_url = "{PUBLIC_URL}"
        [gateways.main]
        kind = "twilio"
        account_sid = "AC00000000000000000000000000000000"
        auth_token = "{TOKEN}"
        sender = "{LINE}"
        segments_per_second = 0
        api_url = "{api_url}"
        [[oncall.fallback]]
        name = "Duty phone"
        number = "{DUTY}"
        "#
    );
    std::fs::write(folder.path().join("harborline.toml"), config).unwrap();
    let settings = [
        ("HARBORLINE__DATABASE__URL", database),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let load = Load {
        client: loopback_client(seconds(20)).unwrap(),
        acknowledged: Arc::default(),
        next: Arc::default(),
    };
    let chance = SeededIds::new(seed);
    let mut folder = folder;
    for _ in 0..kills {
        let serving = Serving::start_in(folder, &settings);
        let known = load.acknowledged.lock().unwrap().len();
        let kill_after = known + 1 + usize::from(random::<1>(&chance)[0]) % BUSY;
        let kill = Arc::new(tokio::sync::Notify::new());
        let phones: Vec<_> = (0..PHONES)
            .map(|_| {
                let (url, kill) = (serving.url.clone(), Arc::clone(&kill));
                tokio::spawn(load.clone().texts(url, kill_after, kill))
            })
            .collect();
        kill.notified().await;
        folder = serving.kill();
        for phone in phones {
            phone.await.unwrap();
        }
    }
    let serving = Serving::start_in(folder, &settings);
    let database = database.replace(
        "data/",
        &format!("{}/data/", serving.folder.path().display()),
    );
    // The last of it is due when its lease, or the wait for a receipt, has run out.
    let mut tick = tokio::time::interval(seconds(1));
    for second in 0.. {
        tick.tick().await;
        let open = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";
        let leaving = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND texter_id IS NOT NULL";
        if count(&database, open).await + count(&database, leaving).await == 0 {
            break;
        }
        assert!(
            second < LONGEST_S,
            "a reply is owed for ever: {}",
            serving.log()
        );
    }
    let acknowledged = load.acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > kills, "there was no load");
    let stored = references(&database).await;
    for n in acknowledged.keys() {
        let times = stored
            .iter()
            .filter(|sid| **sid == format!("SM{n}"))
            .count();
        assert_eq!(times, 1, "text {n} was acknowledged");
    }
    for sid in stored {
        let n: usize = sid.trim_start_matches("SM").parse().unwrap();
        let inline = acknowledged.get(&n).cloned().flatten();
        let sent = twilio.sent_to(&number(n));
        let heard = inline.iter().map(String::as_str);
        let heard: Vec<&str> = heard
            .chain(sent.iter().map(|sent| sent.body.as_str()))
            .collect();
        assert!(
            heard.iter().any(|text| text.contains("988")),
            "{sid} was never answered"
        );
        if is_crisis(n) && acknowledged.contains_key(&n) {
            assert!(inline.is_some(), "{sid}: a crisis is answered at once");
        }
    }
    let not_replied = "SELECT COUNT(*) FROM obligations WHERE outcome <> 'replied'";
    assert_eq!(count(&database, not_replied).await, 0);
    assert!(!twilio.sent_to(DUTY).is_empty());
}

async fn count(url: &str, sql: &'static str) -> i64 {
    if url.starts_with("sqlite") {
        let mut c = <sqlx::SqliteConnection as sqlx::Connection>::connect(url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut c).await.unwrap()
    } else {
        let mut c = <sqlx::PgConnection as sqlx::Connection>::connect(url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut c).await.unwrap()
    }
}

/// The gateway's ids of all inbound texts, as often as they are stored.
async fn references(url: &str) -> Vec<String> {
    let sql = "SELECT gateway_ref FROM messages WHERE author = 'texter'";
    if url.starts_with("sqlite") {
        let mut c = <sqlx::SqliteConnection as sqlx::Connection>::connect(url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut c).await.unwrap()
    } else {
        let mut c = <sqlx::PgConnection as sqlx::Connection>::connect(url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_all(&mut c).await.unwrap()
    }
}

/// `HARBORLINE_TEST_LONG=1` asks for the long form.
fn is_long() -> bool {
    std::env::var("HARBORLINE_TEST_LONG").is_ok_and(|value| value == "1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_nothing_acknowledged_is_lost() {
    let kills = if is_long() { 200 } else { 20 };
    let folder = tempfile::tempdir().unwrap();
    survives(folder, "sqlite://data/harborline.db", kills, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_postgresql_nothing_acknowledged_is_lost() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let kills = if is_long() { 50 } else { 5 };
    survives(tempfile::tempdir().unwrap(), &database, kills, 6).await;
}
