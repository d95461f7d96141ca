//! Bad input: one clear sentence that names the place and the fix, exit code 2, nothing broken.

mod environment;
mod gateways;
mod start;

use crate::support::binary::{GATEWAY, run};

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
            edit(
                "[[oncall",
                "[heartbeat]\ntoken = \"secret-token\"\n[[oncall",
            ),
            vec!["heartbeat.token", "heartbeat.url"],
        ),
        (
            edit(
                "[[oncall",
                "[telemetry]\notlp_endpoint = \"collector\"\n[[oncall",
            ),
            vec!["telemetry.otlp_endpoint", "http://127.0.0.1:4318"],
        ),
        (
            edit(
                "[[oncall",
                "[telemetry]\notlp_headers = { authorization = \"Bearer secret-token\" }\n[[oncall",
            ),
            vec!["telemetry.otlp_headers", "telemetry.otlp_endpoint"],
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
fn limits_that_would_let_nobody_in_are_refused_with_place_and_fix() {
    let with = |lines: &str| GATEWAY.replace("[[oncall", &format!("[limits]\n{lines}\n[[oncall"));
    are_refused(vec![
        (
            with("connections = 1"),
            vec!["limits.connections", "too few", "from 32 to 1000000"],
        ),
        (
            with("connections_per_address = 0"),
            vec!["limits.connections_per_address", "from 8"],
        ),
        (
            with("connections = 100\nconnections_per_address = 101"),
            vec![
                "limits.connections_per_address",
                "than all together",
                "100 or less",
            ],
        ),
        (
            with("body_s = 0"),
            vec!["limits.body_s", "too short", "from 1 to 600"],
        ),
        (
            with("idle_s = 4000"),
            vec!["limits.idle_s", "too long", "from 1 to 3600"],
        ),
        (with("connection = 5"), vec!["limits", "connection"]),
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
            "[database]\nurl = \"postgres://line:hunter2@one.example.org/line\"".to_owned(),
            vec!["database.url", "in clear", "sslmode=verify-full", "allow_clear"],
        ),
        (
            "[database]\nconnections = 16".to_owned(),
            vec!["database.connections", "SQLite", "Leave the key out"],
        ),
        (
            "[database]\nurl = \"postgres://line:hunter2@one.example.org/line?sslmode=require\"\nconnections = 3".to_owned(),
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
