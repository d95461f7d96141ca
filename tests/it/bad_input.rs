//! Bad input: one clear sentence that names the place and the fix, exit code 2, nothing broken.

use std::os::unix::fs::PermissionsExt;

use crate::support::binary::{Serving, run};

const GATEWAY: &str = r#"
public_url = "https://line.example.org"
[gateways.main]
kind = "twilio"
account_sid = "AC1"
auth_token = "secret-token"
sender = "+15550100"
[[oncall.fallback]]
name = "Duty"
number = "+15550199"
"#;

/// Runs `serve` with a configuration and returns what it says; it must end with code 2.
fn refused(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), config).unwrap();
    let output = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "one sentence: {said}");
    assert!(
        !folder.path().join("data").exists(),
        "nothing half-written: {said}"
    );
    said
}

#[test]
fn a_configuration_that_cannot_work_is_refused_with_place_and_fix() {
    are_refused(vec![
        (
            "[listn]\naddress = \"127.0.0.1:1\"".to_owned(),
            vec!["harborline.toml", "`listn`", "listen"],
        ),
        (
            "[listen]\nadress = \"127.0.0.1:1\"".to_owned(),
            vec!["listen", "`adress`", "address"],
        ),
        (
            "[listen]\naddress = \"here\"".to_owned(),
            vec!["listen.address"],
        ),
        (
            "[line]\ndefault_locale = \"fr\"".to_owned(),
            vec!["line.default_locale", "fr", "en"],
        ),
        ("[line\n".to_owned(), vec!["harborline.toml"]),
        (
            "[spool]\nmax_entries = 5".to_owned(),
            vec!["spool.max_entries", "100"],
        ),
        (
            "[spool]\nmax_bytes = 5".to_owned(),
            vec!["spool.max_bytes", "1048576"],
        ),
    ]);
}

#[test]
fn a_heartbeat_that_cannot_work_is_refused_with_place_and_fix() {
    let edit = |from: &str, to: &str| GATEWAY.replace(from, to);
    are_refused(vec![
        (
            edit(
                "[[oncall",
                "[heartbeat]\nurl = \"hc-ping.com/secret-token\"\n[[oncall",
            ),
            vec!["heartbeat.url", "web address"],
        ),
        (
            edit(
                "[[oncall",
                "[heartbeat]\nfail_url = \"https://hc-ping.com/secret-token\"\n[[oncall",
            ),
            vec!["heartbeat.fail_url", "heartbeat.url"],
        ),
        (
            edit("[[oncall", "[heartbeat]\nevery_s = 5\n[[oncall"),
            vec!["heartbeat.every_s", "15"],
        ),
        (
            edit("[[oncall", "[heartbeat]\nwatch = [\"other\"]\n[[oncall"),
            vec!["heartbeat.watch", "/heartbeat"],
        ),
        (
            edit(
                "[[oncall",
                "[heartbeat]\nwatch = [\"https://a.example\", \"https://a.example/heartbeat\"]\n[[oncall",
            ),
            vec!["heartbeat.watch", "a.example", "twice"],
        ),
        (
            edit(
                "[[oncall",
                "[[heartbeat.expect]]\nname = \"Back up\"\nwithin_s = 60\ntoken = \"0123456789abcdef\"\n[[oncall",
            ),
            vec!["heartbeat.expect `Back up`", "lower-case"],
        ),
        (
            edit(
                "[[oncall",
                "[[heartbeat.expect]]\nname = \"backup\"\nwithin_s = 6\ntoken = \"0123456789abcdef\"\n[[oncall",
            ),
            vec!["heartbeat.expect `backup`", "within_s"],
        ),
        (
            edit(
                "[[oncall",
                "[[heartbeat.expect]]\nname = \"backup\"\nwithin_s = 60\ntoken = \"secret-token\"\n[[oncall",
            ),
            vec!["heartbeat.expect `backup`", "16"],
        ),
    ]);
}

#[test]
fn a_number_that_cannot_call_is_refused_with_place_and_fix() {
    for number in ["74700", "nobody", ""] {
        let section = format!("sender = \"MG1\"\ncalls_from = \"{number}\"");
        let text = GATEWAY.replace("sender = \"+15550100\"", &section);
        assert_ne!(text, GATEWAY);
        are_refused(vec![(
            text,
            vec!["gateways.main.calls_from", "cannot come from", "+15550100"],
        )]);
    }
}

#[test]
fn a_timetable_of_drills_that_cannot_work_is_refused_with_place_and_fix() {
    let entry = |words: &str| {
        let entry = format!("[[drills.schedule]]\n{words}\n[[oncall");
        GATEWAY.replace("[[oncall", &entry)
    };
    let good = "at = \"14:00\"\ntime_zone = \"America/New_York\"";
    are_refused(vec![
        (
            GATEWAY.replace("[[oncall", "[drills]\nlimit_s = 5\n[[oncall"),
            vec!["drills.limit_s", "60"],
        ),
        (
            entry("at = \"25:00\"\ntime_zone = \"UTC\""),
            vec!["drills.schedule 1: at", "25:00", "14:00"],
        ),
        (
            entry("at = \"14:00\"\ntime_zone = \"America/Nowhere\""),
            vec![
                "drills.schedule 1: time_zone",
                "America/Nowhere",
                "America/New_York",
            ],
        ),
        (
            entry(&format!("{good}\nweekdays = [\"Mon\"]")),
            vec!["drills.schedule 1: weekdays", "Mon", "monday"],
        ),
        (
            entry(&format!("{good}\nweekdays = [\"monday\", \"monday\"]")),
            vec!["drills.schedule 1: weekdays", "monday", "twice"],
        ),
        (
            entry(&format!("{good}\nvariant = \"all\"")),
            vec!["drills.schedule", "all", "db_down"],
        ),
        (
            entry(&format!("{good}\nevery = \"day\"")),
            vec!["drills.schedule", "`every`"],
        ),
        (
            entry("at = \"14:00\""),
            vec!["drills.schedule", "time_zone"],
        ),
        (
            entry(&format!("{good}\n[[drills.schedule]]\n{good}")),
            vec!["drills.schedule 2: at", "two drills"],
        ),
    ]);
}

#[test]
fn a_way_out_for_pages_that_cannot_work_is_refused_with_place_and_fix() {
    let edit = |from: &str, to: &str| GATEWAY.replace(from, to);
    are_refused(vec![
        (
            edit(
                "[[oncall",
                "[smtp]\nhost = \"mail.example.org\"\nfrom = \"nobody\"\n[[oncall",
            ),
            vec!["smtp.from", "no e-mail address", "pages@example.org"],
        ),
        (
            edit(
                "[[oncall",
                "[smtp]\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\nsecurity = \"none\"\n[[oncall",
            ),
            vec!["smtp.security", "in clear", "starttls", "allow_clear"],
        ),
        (
            edit(
                "[[oncall",
                "[smtp]\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\nusername = \"a\"\n[[oncall",
            ),
            vec!["smtp.username", "no password", "both"],
        ),
        (
            edit(
                "[[oncall",
                "[smtp]\nhost = \"mail.example.org\"\nfrom = \"a@example.org\"\nca_file = \"gone.pem\"\n[[oncall",
            ),
            vec!["smtp.ca_file", "cannot be read", "PEM"],
        ),
        (
            edit("[[oncall", "[webhooks]\nallow_privat = true\n[[oncall"),
            vec!["webhooks", "allow_privat", "allow_private"],
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one list of what is refused")]
fn a_key_that_cannot_work_is_refused_with_place_and_fix() {
    let edit = |from: &str, to: &str| GATEWAY.replace(from, to);
    are_refused(vec![
        (
            edit("\"twilio\"", "\"twillio\""),
            vec!["gateways.main", "twillio", "twilio"],
        ),
        (
            edit("gateways.main", "gateways.drill"),
            vec!["gateways.drill", "kept for drills", "another name"],
        ),
        (
            edit("sender =", "sendr ="),
            vec!["gateways.main", "sendr", "sender"],
        ),
        (
            edit("sender = \"+15550100\"", ""),
            vec!["gateways.main", "sender"],
        ),
        (
            edit("\"+15550100\"", "\"555\u{e9}\""),
            vec!["gateways.main.sender", "+15550100"],
        ),
        (
            edit("\"secret-token\"", "\"\""),
            vec!["gateways.main", "auth_token"],
        ),
        (
            edit("public_url = \"https://line.example.org\"", ""),
            vec!["public_url", "https://line.example.org"],
        ),
        (
            edit("https://line.example.org", "line.example.org"),
            vec!["public_url", "https://"],
        ),
        (
            edit(
                "[[oncall.fallback]]\nname = \"Duty\"\nnumber = \"+15550199\"",
                "",
            ),
            vec!["oncall.fallback", "nobody"],
        ),
        (
            edit("\"+15550199\"", "\"0199\u{2019}\""),
            vec!["oncall.fallback", "Duty"],
        ),
        (
            edit("[[oncall", "[oncall]\nrepage_s = 3\n[[oncall"),
            vec!["oncall.repage_s", "15"],
        ),
        (
            edit("[[oncall", "[oncall]\nrepage_s = 7200\n[[oncall"),
            vec!["oncall.repage_s", "3600"],
        ),
        (
            edit("[[oncall", "[oncall]\ntake_shift_s = 5\n[[oncall"),
            vec!["oncall.take_shift_s", "60"],
        ),
        (
            edit("[[oncall", "[oncall]\nshift_notice_s = 100000\n[[oncall"),
            vec!["oncall.shift_notice_s", "86400"],
        ),
        (
            edit("[[oncall", "[listen]\nproxies = [\"0.0.0.0/0\"]\n[[oncall"),
            vec!["listen.proxies", "10.0.0.2"],
        ),
        (
            edit(
                "[[oncall",
                "[listen]\nproxies = [\"proxy.example.org\"]\n[[oncall",
            ),
            vec!["listen.proxies", "10.0.0.2", "172.16.0.0/12"],
        ),
        (
            edit("[[oncall", "[staff]\nrequire_totp = [\"boss\"]\n[[oncall"),
            vec!["staff.require_totp", "boss", "supervisor"],
        ),
        (
            edit("[[oncall", "[oncall.imminent]\nclaim_s = 5\n[[oncall"),
            vec!["oncall.imminent.claim_s", "15"],
        ),
        (
            edit("[[oncall", "[oncall]\ntime_zone = \"Moon/Sea\"\n[[oncall"),
            vec!["oncall.time_zone", "Moon/Sea", "America/New_York"],
        ),
        (
            edit("[[oncall", "[oncall.calm]\nclaim_s = 50\n[[oncall"),
            vec!["oncall.calm", "calm"],
        ),
        (
            edit("[[oncall", "[reconcile]\nlook_back_s = 60\n[[oncall"),
            vec!["reconcile.look_back_s", "120"],
        ),
        (
            edit("[[oncall", "[operator]\nrepeat_s = 5\n[[oncall"),
            vec!["operator.repeat_s", "60"],
        ),
        (
            format!("{GATEWAY}\n[[operator.contacts]]\nname = \"Op\"\nnumber = \"12\""),
            vec!["operator.contacts", "Op", "+15550100"],
        ),
        (
            edit("sender =", "signature = \"off\"\nsender ="),
            vec!["gateways.main", "off", "observe"],
        ),
        (
            edit("sender =", "other_urls = [\"old.example.org\"]\nsender ="),
            vec!["gateways.main.other_urls", "https://old.example.org"],
        ),
        (
            edit("[[oncall", "[oncall]\ngateway = \"other\"\n[[oncall"),
            vec!["oncall.gateway", "other", "main"],
        ),
        (
            format!("{GATEWAY}\n[gateways.play]\nkind = \"sandbox\""),
            vec!["gateways", "sandbox"],
        ),
        (
            edit("[gateways.main]", "[gateways.\"Ma in\"]"),
            vec!["gateways.Ma in", "a-z"],
        ),
        (
            "[database]\nurl = \"mysql://x\"".to_owned(),
            vec!["database.url", "sqlite://", "postgres://"],
        ),
        (
            "[database]\nurl = \"postgres://line:hunter2@one.example.org:5432,two.example.org/line\"".to_owned(),
            vec!["database.url", "several servers", "Fail-over"],
        ),
        (
            "[database]\nconnections = 16".to_owned(),
            vec!["database.connections", "SQLite", "Leave the key out"],
        ),
        (
            "[database]\nurl = \"postgres://line:hunter2@one.example.org/line\"\nconnections = 3".to_owned(),
            vec!["database.connections", "3", "4 to 500"],
        ),
    ]);
}

/// Each configuration is refused with one sentence that has these parts, and no secret.
fn are_refused(configs: Vec<(String, Vec<&str>)>) {
    for (config, parts) in configs {
        let said = refused(&config);
        for part in parts {
            assert!(
                said.contains(part),
                "{part:?} is missing in: {said}\nfor: {config}"
            );
        }
        assert!(
            !said.contains("secret-token") && !said.contains("+15550199"),
            "{said}"
        );
    }
}

/// The key of a gateway that is refused, for what it holds.
#[test]
fn a_gateway_that_cannot_work_is_refused_with_its_key() {
    let of = |section: &str| {
        let head = GATEWAY.split("kind =").next().unwrap();
        let tail = GATEWAY.split("sender = \"+15550100\"").nth(1).unwrap();
        format!("{head}{section}\nsender = \"+15550100\"{tail}")
    };
    let signalwire = "kind = \"signalwire\"\nproject_id = \"p\"\napi_token = \"secret-token\"\nsigning_key = \"k\"\napi_url = \"https://example.signalwire.com\"";
    let telnyx = "kind = \"telnyx\"\napi_key = \"secret-token\"\npublic_key = \"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\"";
    let plivo = "kind = \"plivo\"\nauth_id = \"MA1\"\nauth_token = \"secret-token\"";
    let vonage = "kind = \"vonage\"\napi_key = \"a\"\napi_secret = \"secret-token\"\nsignature_secret = \"s\"\nsignature_method = \"sha256\"";
    let android = "kind = \"android\"\nusername = \"u\"\npassword = \"secret-token\"\nsigning_key = \"12345678\"\nmessages_url = \"http://phone:8080/message\"";
    for (section, parts) in [
        (
            signalwire.replace("\"k\"", "\"\""),
            vec!["gateways.main.signing_key", "empty"],
        ),
        (
            signalwire.replace("https://example.signalwire.com", "example.signalwire.com"),
            vec!["gateways.main.api_url", "https://example.signalwire.com"],
        ),
        (
            telnyx.replace("A6EHv", "A6EH"),
            vec!["gateways.main", "public_key", "Telnyx portal"],
        ),
        (
            telnyx.replace("secret-token", "secret-token\\n"),
            vec!["gateways.main.api_key", "line break"],
        ),
        (
            plivo.replace("MA1", ""),
            vec!["gateways.main.auth_id", "empty"],
        ),
        (
            format!("{plivo}\nallow_v1 = true"),
            vec!["gateways.main", "`allow_v1`", "allow_v2"],
        ),
        (
            vonage.replace("sha256", "sha3"),
            vec!["gateways.main", "sha3", "sha256"],
        ),
        (
            vonage.replace("\"s\"", "\"\""),
            vec![
                "gateways.main.signature_secret",
                "signing must be switched on",
            ],
        ),
    ] {
        let said = refused(&of(&section));
        for part in parts {
            assert!(
                said.contains(part),
                "{part:?} is missing in: {said}\nfor: {section}"
            );
        }
        assert!(!said.contains("secret-token"), "{said}");
    }
    // The phone has its own number.
    let android = |from: &str, to: &str| {
        refused(&of(&android.replace(from, to)).replacen("sender = \"+15550100\"", "", 1))
    };
    let said = android("?", "?");
    assert!(
        said.contains("gateways.main.signing_key") && said.contains("8 digits"),
        "{said}"
    );
    let said = android("\"12345678\"", "\"a-long-random-signing-key\"\nsim = 0");
    assert!(said.contains("gateways.main.sim"), "{said}");
    let http =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gateways/kannel.toml");
    let http = std::fs::read_to_string(http).unwrap();
    for (from, to, part) in [
        (
            "password = \"replace-by-a-long-random-password\"",
            "password = \"short\"",
            "gateways.main.auth: a secret is shorter than 16",
        ),
        (
            "?password={secrets.status}",
            "?text={body}",
            "gateways.main.check.url: it cannot be filled",
        ),
        ("{body}", "{boddy}", "{boddy}"),
        (
            "{secrets.password}",
            "{secrets.pasword}",
            "gateways.main.secrets: there is no secret `pasword`",
        ),
        ("means = \"accepted\"", "means = \"fine\"", "fine"),
        (
            "[gateways.main.ack]",
            "[gateways.main.acknowledge]",
            "acknowledge",
        ),
    ] {
        let said = refused(&http.replace(from, to));
        assert!(said.contains(part), "{part:?} is missing in: {said}");
        assert!(!said.contains("the password of"), "{said}");
    }
}

#[test]
fn a_sender_without_a_speed_and_a_stand_in_that_is_not_there_are_refused() {
    for (key, parts) in [
        (
            "segments_per_second = -1",
            ["segments_per_second", "0 to 10000"],
        ),
        ("burst = 0", ["burst", "1 or more"]),
        ("failover = \"main\"", ["failover", "a second gateway"]),
        ("failover = \"second\"", ["failover", "`second`"]),
    ] {
        let said = refused(&GATEWAY.replace("sender =", &format!("{key}\nsender =")));
        assert!(said.contains("gateways.main."), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part:?} is missing in: {said}");
        }
    }
}

#[test]
fn an_environment_variable_that_cannot_work_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, value: &str| {
        let output = crate::support::binary::command(folder.path())
            .arg("serve")
            .env(name, value)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = run("HARBORLINE__LISTEN__ADRESS", "127.0.0.1:1");
    assert!(
        said.contains("HARBORLINE__LISTEN") && said.contains("adress"),
        "{said}"
    );
    let said = run("HARBORLINE__LISTEN", "127.0.0.1:1");
    assert!(said.contains("a section of keys"), "{said}");
    let said = run("HARBORLINE__LISTEN__ADDRESS", "nowhere");
    assert!(said.contains("HARBORLINE__LISTEN__ADDRESS"), "{said}");
    let said = run(
        "HARBORLINE__GATEWAYS__MAIN__AUTH_TOKEN_FILE",
        "no/such/file",
    );
    assert!(
        said.contains("AUTH_TOKEN_FILE") && said.contains("no/such/file"),
        "{said}"
    );
}

#[test]
fn a_setting_that_two_variables_make_is_refused_because_chance_would_decide() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("url"), "sqlite://other.db").unwrap();
    let output = crate::support::binary::command(folder.path())
        .arg("serve")
        .env("HARBORLINE__DATABASE__URL", "sqlite://one.db")
        .env("HARBORLINE__DATABASE__URL_FILE", "url")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("HARBORLINE__DATABASE__URL_FILE") && said.contains("one of the two"),
        "{said}"
    );
}

#[test]
fn a_setting_of_digits_in_the_environment_stays_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let output = crate::support::binary::command(folder.path())
        .arg("serve")
        .env("HARBORLINE__GATEWAYS__MAIN__KIND", "twilio")
        .env("HARBORLINE__GATEWAYS__MAIN__SENDER", "+15550100")
        .env("HARBORLINE__GATEWAYS__MAIN__ACCOUNT_SID", "12345")
        .env("HARBORLINE__GATEWAYS__MAIN__AUTH_TOKEN", "67890")
        .env("HARBORLINE__LINE__FREE_TO_END_USER", "true")
        .env("HARBORLINE__ONCALL__REPAGE_S", "60")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    // Everything was read: what is missing is the only complaint.
    assert!(
        said.contains("public_url") && said.contains("missing"),
        "{said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["--config", "missing.toml", "serve"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said.contains("missing.toml") && said.contains("--config"),
        "{said}"
    );
}

#[test]
fn an_unreadable_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    any_port(folder.path());
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(
        folder.path().join("data/harborline.db"),
        "this is no database, ".repeat(400),
    )
    .unwrap();
    let output = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("database.url") && said.trim_end().lines().count() == 1,
        "{said}"
    );
    let kept = std::fs::read_to_string(folder.path().join("data/harborline.db")).unwrap();
    assert!(kept.starts_with("this is no database"), "it was left alone");
}

#[test]
fn a_database_server_that_is_not_there_is_named_without_its_password_and_waited_for() {
    let url = "postgres://someone:hunter2@127.0.0.1:1/harborline";
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start_in(folder, &[("HARBORLINE__DATABASE__URL", url)]);
    assert_eq!(serving.setup_link, None);
    let (code, folder) = serving.stop();
    assert_eq!(code, Some(0));
    let log = std::fs::read_to_string(folder.path().join("stderr.log")).unwrap();
    assert!(
        log.contains("database") && !log.contains("hunter2"),
        "{log}"
    );
}

#[test]
fn a_database_url_that_cannot_be_read_is_refused() {
    let said = refused_outside_data(
        "[listen]\naddress = \"127.0.0.1:0\"\n[database]\nurl = \"postgres://someone@host:port/harborline\"",
    );
    assert!(said.contains("database.url"), "{said}");
}

#[test]
fn a_spool_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    any_port(folder.path());
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/spool"), "in the way").unwrap();
    let output = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("spool.directory") && said.trim_end().lines().count() == 1,
        "{said}"
    );
    let database = folder.path().join("data/harborline.db");
    assert!(!database.exists(), "nothing is taken before it");
}

/// Lets `serve` listen wherever there is room: another Harborline may run on the default port.
fn any_port(folder: &std::path::Path) {
    std::fs::write(
        folder.join("harborline.toml"),
        "[listen]\naddress = \"127.0.0.1:0\"\n",
    )
    .unwrap();
}

fn refused_outside_data(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("harborline.toml"), config).unwrap();
    let output = run(folder.path(), &["serve"], "");
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_master_key_is_refused_and_the_data_is_left_alone() {
    let (code, folder) = Serving::start().stop();
    assert_eq!(code, Some(0));
    any_port(folder.path());
    let key = folder.path().join("data/master.key");
    let right = std::fs::read_to_string(&key).unwrap();
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let output = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("keys.file") && said.contains("another master key"),
        "{said}"
    );
    // A lost key is never replaced by a new one in silence: the data would be gone.
    std::fs::remove_file(&key).unwrap();
    let output = run(folder.path(), &["serve"], "");
    assert_eq!(output.status.code(), Some(2));
    std::fs::write(&key, right).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(folder.path(), &["serve"], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("chmod 600"),
        "{said}"
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(Serving::start_in(folder, &[]).stop().0, Some(0));
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let said = refused(&format!(
        "[listen]\naddress = \"{}\"",
        taken.local_addr().unwrap()
    ));
    assert!(
        said.contains("listen.address") && said.contains("another address and port"),
        "{said}"
    );
}

#[test]
fn wrong_usage_ends_with_code_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["srve"][..],
        &["serve", "--portt"],
        &["triage", "no-such-file"],
        &[],
    ] {
        let output = run(folder.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
