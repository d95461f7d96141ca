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
    let edit = |from: &str, to: &str| GATEWAY.replace(from, to);
    for (config, parts) in [
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
            edit("\"twilio\"", "\"twillio\""),
            vec!["gateways.main", "twillio", "twilio"],
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
    ] {
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
fn a_database_server_that_is_not_there_is_named_without_its_password() {
    let said = refused_outside_data(
        "[listen]\naddress = \"127.0.0.1:0\"\n[database]\nurl = \"postgres://someone:hunter2@127.0.0.1:1/harborline\"",
    );
    assert!(
        said.contains("database.url") && !said.contains("hunter2"),
        "{said}"
    );
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
