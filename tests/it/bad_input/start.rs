//! What is found wrong when the program starts: files, keys, databases, ports, usage.

use std::os::unix::fs::PermissionsExt;

use super::refused;
use crate::support::binary::{Serving, run};

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
