//! Backups are made beside a running server, found out when they are damaged, and put back whole.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::support::binary::{Serving, run};

/// The findings of `restore --check`, by id: whether each is well.
fn checked(folder: &Path, arguments: &[&str], code: i32) -> Vec<(String, String)> {
    let arguments = [&["restore", "--check", "--json"], arguments].concat();
    let output = run(folder, &arguments, "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let words = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    for finding in &findings {
        assert!(
            finding["state"] == "ok" || finding["state"] == "warn" || finding["fix"] != "",
            "{finding}"
        );
    }
    findings
        .iter()
        .map(|one| (words(one, "id"), words(one, "state")))
        .collect()
}

fn well(findings: &[(String, String)]) -> bool {
    findings.iter().all(|(_, state)| state == "ok")
}

/// A line with a text in it, which runs.
fn a_line_with_texts() -> Serving {
    let folder = tempfile::tempdir().unwrap();
    // A port of its own: another Harborline may serve on the default one.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let settings = format!("[listen]\naddress = \"{free}\"\n");
    std::fs::write(folder.path().join("harborline.toml"), settings).unwrap();
    let chat = run(folder.path(), &["chat"], "MENU\n");
    assert_eq!(
        chat.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&chat.stderr)
    );
    Serving::start_in(folder, &[])
}

#[test]
fn a_backup_of_a_running_line_is_whole_private_without_the_key_and_comes_back() {
    let serving = a_line_with_texts();
    let folder = serving.folder.path();
    let made = run(folder, &["backup", "night"], "");
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert_eq!(
        made.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    assert!(
        said.contains("The key is not in it") && said.contains("data/master.key"),
        "{said}"
    );
    let night = folder.join("night");
    for entry in std::fs::read_dir(&night).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{entry:?}"
        );
    }
    assert!(!night.join("master.key").exists());
    let findings = checked(folder, &["night"], 0);
    let ids: Vec<&str> = findings.iter().map(|(id, _)| id.as_str()).collect();
    let all = [
        "note",
        "checksum",
        "spool",
        "integrity",
        "references",
        "content",
        "key",
    ];
    assert_eq!(ids, all.map(|id| format!("backup.{id}")));
    assert!(well(&findings), "{findings:?}");
    // A second one does not write into the first.
    let again = run(folder, &["backup", "night"], "");
    assert_eq!(again.status.code(), Some(1));
    // Nothing that is there is overwritten.
    let refused = run(folder, &["restore", "night"], "");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(1) && said.contains("is there already"),
        "{said}"
    );
    let (_, kept) = serving.stop();
    let data = kept.path().join("data");
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() && path.file_name().unwrap() != "master.key" {
            std::fs::remove_file(path).unwrap();
        }
    }
    let restored = run(kept.path(), &["restore", "night"], "");
    assert_eq!(
        restored.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&restored.stderr)
    );
    let rights = std::fs::metadata(data.join("harborline.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(rights & 0o777, 0o600);
    assert!(well(&checked(kept.path(), &[], 0)), "the database in use");
    assert_eq!(Serving::start_in(kept, &[]).stop().0, Some(0));
}

#[test]
fn a_backup_that_cannot_be_used_says_what_is_wrong_with_it() {
    let serving = a_line_with_texts();
    let (_, folder) = serving.stop();
    let folder = folder.path();
    assert_eq!(run(folder, &["backup", "night"], "").status.code(), Some(0));
    let failing = |arguments: &[&str]| -> Vec<String> {
        let findings = checked(folder, arguments, 1);
        findings
            .into_iter()
            .filter(|(_, state)| state == "fail")
            .map(|(id, _)| id)
            .collect()
    };
    let database = folder.join("night/harborline.db");
    let whole = std::fs::read(&database).unwrap();
    // One page in the middle is noise.
    let mut damaged = whole.clone();
    let middle = (damaged.len() / 4096 / 2) * 4096;
    damaged[middle..middle + 4096].fill(0xa5);
    std::fs::write(&database, &damaged).unwrap();
    let found = failing(&["night"]);
    assert!(
        found.contains(&"backup.checksum".to_owned())
            && found.contains(&"backup.integrity".to_owned()),
        "{found:?}"
    );
    std::fs::write(&database, &whole).unwrap();
    // Somebody else's key.
    let (key, kept) = (folder.join("data/master.key"), folder.join("kept.key"));
    std::fs::rename(&key, &kept).unwrap();
    assert_eq!(failing(&["night"]), ["backup.key"], "without one");
    std::fs::write(&key, format!("{}\n", "ab".repeat(32))).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(failing(&["night"]), ["backup.key"], "with another");
    std::fs::rename(&kept, &key).unwrap();
    // Not finished, not there, not a database.
    std::fs::remove_file(folder.join("night/backup.json")).unwrap();
    assert_eq!(failing(&["night"]), ["backup.note"]);
    assert_eq!(failing(&["nowhere"]), ["backup.database"]);
    std::fs::write(folder.join("words"), "these are words").unwrap();
    assert!(failing(&["words"]).contains(&"backup.integrity".to_owned()));
}

#[test]
fn of_postgresql_the_exact_command_is_said_and_nobody_takes_it_for_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        "[database]\nurl = \"postgres://line:secret-canary@db.example.org/harborline\"\n";
    std::fs::write(folder.path().join("harborline.toml"), settings).unwrap();
    let output = run(folder.path(), &["backup", "night"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("pg_dump --format=custom --no-owner --host=db.example.org"),
        "{said}"
    );
    assert!(
        said.contains("--file=night.dump") && !said.contains("secret-canary"),
        "{said}"
    );
    assert!(!folder.path().join("night").exists());
}

#[test]
fn migrate_says_whether_there_is_something_to_do_and_does_it() {
    let folder = tempfile::tempdir().unwrap();
    let code = |arguments: &[&str]| run(folder.path(), arguments, "").status.code();
    assert_eq!(
        code(&["migrate", "--check"]),
        Some(2),
        "there is no key, and it makes none"
    );
    assert!(!folder.path().join("data").exists());
    assert_eq!(code(&["migrate"]), Some(0));
    assert_eq!(code(&["migrate", "--check"]), Some(0));
    let again = run(folder.path(), &["migrate"], "");
    assert!(String::from_utf8_lossy(&again.stdout).contains("nothing to do"));
}
