//! A process that breaks: what it says of a panic, and what it leaves of its memory.

use std::process::{Command, Stdio};

use harborline::config::TelemetrySection;
use serde_json::Value;

use super::needles::{CANARIES, PHRASE, TEXTER, free_of};
use crate::support::World;
use crate::support::binary::run;
use crate::support::faults::free_port;
use crate::support::require::missing;

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
            "canaries::process::a_panic_says_where_it_was_and_not_what_it_had_in_its_hands",
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
        said.contains("panic") && said.contains("process.rs"),
        "the place is said: {said}"
    );
    free_of(&CANARIES, "what is said of a panic", &*said);
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
