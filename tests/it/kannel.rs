//! A real Kannel (bearerbox, smsbox) and its fake SMSC between a phone and the running program.

use std::path::Path;

use sqlx::{Connection, SqliteConnection};

use crate::support::binary::{Serving, command};
use crate::support::faults::free_port;
use crate::support::require;
use crate::support::running::Running;
use crate::support::wait::until;

const TEXTER: &str = "+15005550006";
/// Where Debian puts what Kannel tests itself with.
const FAKE_SMSC: &str = "/usr/lib/kannel/test/fakesmsc";

/// The example, and the `sms-service` that stands in it, for these ports.
struct Example {
    toml: String,
    service: String,
}

fn example(ours: &str, admin: u16, send: u16) -> Example {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways/kannel.toml");
    let toml = std::fs::read_to_string(path).unwrap();
    let host = ours.strip_prefix("http://").unwrap();
    let toml = toml
        .replace("https://line.example.org", ours)
        .replace("https://harborline:", "http://harborline:")
        .replace("@line.example.org", &format!("@{host}"))
        .replace("127.0.0.1:13013", &format!("127.0.0.1:{send}"))
        .replace("127.0.0.1:13000", &format!("127.0.0.1:{admin}"));
    let service = toml.lines().filter_map(|line| line.strip_prefix("#   "));
    let service: Vec<&str> = service.collect();
    assert!(service[0].starts_with("group = sms-service"), "{service:?}");
    Example {
        service: service.join("\n"),
        toml,
    }
}

async fn count(folder: &Path, sql: &'static str) -> i64 {
    let url = format!("sqlite://{}", folder.join("data/harborline.db").display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn behind_a_real_kannel_texts_are_answered_and_receipts_come_home() {
    let installed = ["/usr/sbin/bearerbox", "/usr/sbin/smsbox", FAKE_SMSC];
    if !installed.iter().all(|program| Path::new(program).exists()) {
        require::missing("kannel", "run: apt-get install kannel kannel-extras");
        return;
    }
    let [ours, admin, boxes, carrier, send] = std::array::from_fn(|_| free_port());
    let url = format!("http://127.0.0.1:{ours}");
    let folder = tempfile::tempdir().unwrap();
    let Example { toml, service } = example(&url, admin, send);
    // Time runs here, and a long code would send a segment a second.
    let toml = toml.replace(
        "kind = \"http\"",
        "kind = \"http\"\nsegments_per_second = 0",
    );
    std::fs::write(folder.path().join("harborline.toml"), toml).unwrap();
    let conf = format!(
        "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\nadmin-password = nobody-uses-it\n\
         status-password = \"the status-password of the core\"\nsmsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\n\
         box-allow-ip = 127.0.0.1\nbox-deny-ip = \"*.*.*.*\"\ndlr-storage = internal\n\n\
         group = smsc\nsmsc = fake\nsmsc-id = fake\nport = {carrier}\nconnect-allow-ip = 127.0.0.1\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nbearerbox-port = {boxes}\nsendsms-port = {send}\n\
         sendsms-interface = 127.0.0.1\n\n\
         group = sendsms-user\nusername = harborline\npassword = \"the password of the sendsms-user\"\n\n{service}\n"
    );
    let conf_file = folder.path().join("kannel.conf");
    std::fs::write(&conf_file, conf).unwrap();
    let address = format!("127.0.0.1:{ours}");
    let settings = [
        ("HARBORLINE__LISTEN__ADDRESS", address.as_str()),
        ("NO_PROXY", "127.0.0.1"),
    ];
    let serving = Serving::start_in(folder, &settings);
    let folder = serving.folder.path();
    let conf = conf_file.display().to_string();
    let bearerbox = Running::start(folder, installed[0], &["-v", "0", &conf], &[]);
    bearerbox.says("MAIN: Start-up done").await;
    let smsbox = Running::start(folder, installed[1], &["-v", "0", &conf], &[]);
    bearerbox.says("Client connected from <127.0.0.1>").await;

    let carrier = carrier.to_string();
    // The carrier brings one text, and stays to hear the answers.
    let brings = |text: &str| {
        let text = format!("{TEXTER} 15550100 {text}");
        let arguments = ["-H", "127.0.0.1", "-r", &carrier, "-i", "1000", &text];
        Running::start(folder, FAKE_SMSC, &arguments, &[])
    };
    let phone = brings("text menu please");
    phone.says("What self-harm is").await;
    drop(phone);
    let phone = brings("text I want to die");
    let heard = phone.says("988").await;
    assert!(heard.contains(&format!("15550100 {TEXTER}")), "{heard}");
    drop(phone);
    // Quiero morir, and a face: UTF-16, as a phone sends it when GSM-7 has no sign for it.
    let phone = brings("ucs2 %00q%00u%00i%00e%00r%00o%00 %00m%00o%00r%00i%00r%00 %D8%3D%DE%14");
    phone.says("988").await;

    let delivered = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND delivery = 'delivered'";
    let came = until(async || count(folder, delivered).await >= 2).await;
    assert!(came, "{} {}", smsbox.log(), serving.log());
    let texts = "SELECT COUNT(*) FROM messages WHERE author = 'texter' AND gateway = 'main'";
    assert_eq!(count(folder, texts).await, 3);
    let crises =
        "SELECT COUNT(*) FROM messages WHERE author = 'texter' AND tier IN ('high', 'imminent')";
    assert_eq!(count(folder, crises).await, 2);

    let doctor = command(folder).args(["doctor", "--json"]).output().unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&doctor.stdout).unwrap();
    let credentials = found
        .iter()
        .find(|finding| finding["id"] == "gateways.main.credentials");
    assert_eq!(credentials.unwrap()["state"], "ok", "{found:#?}");
    for secret in ["replace-by-a-long-random", "5550006", "morir"] {
        assert!(!serving.log().contains(secret), "{}", serving.log());
    }
}
