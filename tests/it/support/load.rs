//! Many phones that text a server of its own process, and what the gateway knows of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harborline::gateway::client::loopback_client;
use tokio::time::Instant;

use super::figures::Figures;
use super::gateway::FakeTwilio;
use super::sql::{column, count};
use super::world::{DUTY, LINE, PUBLIC_URL, TOKEN, inline_text, receipt_path, sign};

/// What the gateway knows of each text whose hook was answered with 2xx: the text in the response.
type Acknowledged = Mutex<BTreeMap<usize, Option<String>>>;

/// The load. Clones share it.
#[derive(Clone)]
pub(crate) struct Load {
    client: reqwest::Client,
    acknowledged: Arc<Acknowledged>,
    next: Arc<AtomicUsize>,
    figures: Option<Arc<Figures>>,
}

/// The phone of a text: each text has its own.
pub(crate) fn number(n: usize) -> String {
    format!("+1555{n:07}")
}

/// The gateway's id of a text.
pub(crate) fn sid(n: usize) -> String {
    format!("SM{n}")
}

/// Every third is in crisis.
pub(crate) const fn is_crisis(n: usize) -> bool {
    n.is_multiple_of(3)
}

/// The configuration of a line whose provider is at this address.
pub(crate) fn configuration(api_url: &str) -> String {
    format!(
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
    )
}

impl Load {
    /// A gateway that waits so long for an answer.
    pub(crate) fn patient(patience: Duration) -> Self {
        Self {
            client: loopback_client(patience).unwrap(),
            acknowledged: Arc::default(),
            next: Arc::default(),
            figures: None,
        }
    }

    /// Notes here how long each text in crisis waits for its answer.
    pub(crate) fn measured_by(self, figures: &Arc<Figures>) -> Self {
        Self {
            figures: Some(Arc::clone(figures)),
            ..self
        }
    }

    /// The same load by a gateway that is not connected yet.
    pub(crate) fn by_another_connection(&self) -> Self {
        Self {
            client: loopback_client(Duration::from_secs(20)).unwrap(),
            ..self.clone()
        }
    }

    /// The number of the next text.
    pub(crate) fn next(&self) -> usize {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// What was acknowledged so far.
    pub(crate) fn acknowledged(&self) -> BTreeMap<usize, Option<String>> {
        self.acknowledged.lock().unwrap().clone()
    }

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

    /// Brings a text. `false` when it was not acknowledged.
    pub(crate) async fn text(&self, url: &str, n: usize) -> bool {
        let (sid, from) = (sid(n), number(n));
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
        let asked = Instant::now();
        let Some(twiml) = self.hook(url, "/hooks/main/inbound", &fields).await else {
            return false;
        };
        if let Some(figures) = self.figures.as_ref().filter(|_| is_crisis(n)) {
            figures.text(inline_text(&twiml).map(|_| asked.elapsed()));
        }
        self.acknowledge(n, &twiml);
        // Every other reply in a response has its receipt, the others never get one.
        if let Some(path) = receipt_path(&twiml).filter(|_| n.is_multiple_of(2)) {
            let receipt = [("MessageSid", "SMinline"), ("MessageStatus", "delivered")];
            self.hook(url, &path, &receipt).await;
        }
        true
    }

    /// What is brought again after it was taken gets an empty answer: the first one counts.
    fn acknowledge(&self, n: usize, twiml: &str) {
        let mut known = self.acknowledged.lock().unwrap();
        let inline = known.entry(n).or_default();
        *inline = inline_text(twiml).or(inline.take());
    }

    /// Whether each text that was acknowledged is in the database by now.
    pub(crate) async fn is_stored(&self, database: &str) -> bool {
        let stored = references(database).await;
        let acknowledged = self.acknowledged();
        acknowledged.keys().all(|n| stored.contains(&sid(*n)))
    }

    /// Proves that each text that was acknowledged is there exactly once, and that everybody was answered.
    pub(crate) async fn lost_nothing(&self, database: &str, twilio: &FakeTwilio) {
        let acknowledged = self.acknowledged();
        let stored = references(database).await;
        for n in acknowledged.keys() {
            let times = stored.iter().filter(|one| **one == sid(*n)).count();
            assert_eq!(times, 1, "text {n} was acknowledged");
        }
        for sid in stored {
            let n: usize = sid.trim_start_matches("SM").parse().unwrap();
            let inline = acknowledged.get(&n).cloned().flatten();
            let sent = twilio.sent_to(&number(n));
            let mut heard = inline.iter().chain(sent.iter().map(|sent| &sent.body));
            assert!(
                heard.any(|text| text.contains("988")),
                "{sid} was never answered"
            );
        }
        let not_replied = "SELECT COUNT(*) FROM obligations WHERE outcome <> 'replied'";
        assert_eq!(count(database, not_replied).await, 0);
        assert!(!twilio.sent_to(DUTY).is_empty());
    }
}

/// Waits until nobody is owed a reply, and nothing is left to be sent. `log` is what the servers said.
pub(crate) async fn settled(database: &str, longest_s: u64, log: impl Fn() -> String) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    for second in 0.. {
        tick.tick().await;
        let open = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";
        let leaving = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL AND texter_id IS NOT NULL";
        if count(database, open).await + count(database, leaving).await == 0 {
            return;
        }
        assert!(second < longest_s, "a reply is owed for ever: {}", log());
    }
}

/// The gateway's ids of all inbound texts, as often as they are stored.
async fn references(url: &str) -> Vec<String> {
    column(
        url,
        "SELECT gateway_ref FROM messages WHERE author = 'texter'",
    )
    .await
}
