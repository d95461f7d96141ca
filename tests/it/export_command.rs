//! `harborline export`, as an operator runs it.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::binary::run;
use crate::support::require;

/// A folder with a line in which somebody has texted.
fn a_line() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("harborline.toml"),
        "[listen]\naddress = \"127.0.0.1:1\"\n[line]\nname = \"Example Line\"\n",
    )
    .unwrap();
    let chat = run(folder.path(), &["chat"], "canarybird is my word\n");
    assert_eq!(chat.status.code(), Some(0), "{}", err(&chat));
    folder
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn holds(folder: &Path, words: &str) -> bool {
    let mut files = std::fs::read_dir(folder).unwrap();
    files.any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        String::from_utf8_lossy(&bytes).contains(words)
    })
}

#[test]
fn the_words_of_everybody_leave_only_when_the_name_of_the_line_is_typed() {
    let folder = a_line();
    let all = [
        "export",
        "--all",
        "gone",
        "--reason",
        "leaving",
        "--with-bodies",
    ];
    let refused = run(folder.path(), &all, "yes\n");
    assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
    let said = err(&refused);
    assert!(
        said.contains("nothing was exported") && said.contains("(Example Line)"),
        "{said}"
    );
    assert!(!folder.path().join("gone").exists());
    let done = run(folder.path(), &all, "Example Line\n");
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(out(&done).contains("encrypt it"), "{}", out(&done));
    assert!(holds(&folder.path().join("gone"), "canarybird"));
    let again = run(folder.path(), &all, "Example Line\n");
    assert!(again.status.code() == Some(1) && err(&again).contains("is there already"));
    // Without more said, it asks nothing and holds nothing of anybody.
    let plain = ["export", "--all", "plain", "--reason", "audit"];
    let done = run(folder.path(), &plain, "");
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    assert!(
        out(&done).contains("No number and no word"),
        "{}",
        out(&done)
    );
    assert!(!holds(&folder.path().join("plain"), "canarybird"));
    assert_eq!(err(&done), "", "no progress where no terminal is");
}

#[test]
fn a_number_is_read_from_standard_input_and_never_from_the_command_line() {
    let folder = a_line();
    let reason = ["--reason", "subject-access"];
    let on_the_line = run(
        folder.path(),
        &[&["export", "--texter", "+15550100123"], &reason[..]].concat(),
        "",
    );
    assert!(
        on_the_line.status.code() == Some(2) && err(&on_the_line).contains("standard input"),
        "{}",
        err(&on_the_line)
    );
    let unknown = run(
        folder.path(),
        &[&["export", "--texter"], &reason[..]].concat(),
        "+15550199999\n",
    );
    let said = err(&unknown);
    assert!(
        unknown.status.code() == Some(1) && said.contains("nothing is kept"),
        "{said}"
    );
    assert!(!said.contains("5550199999"), "{said}");
}

#[test]
fn why_is_asked_for_and_bad_input_names_the_fix() {
    let folder = a_line();
    for (arguments, words) in [
        (&["export"][..], "--conversation"),
        (&["export", "--all", "x"][..], "--reason"),
        (
            &["export", "--all", "x", "--reason", "because"][..],
            "subject-access",
        ),
        (
            &[
                "export",
                "--all",
                "x",
                "--reason",
                "audit",
                "--file-number",
                "+15550100123",
            ][..],
            "no phone number",
        ),
        (
            &["export", "--conversation", "hello", "--reason", "audit"][..],
            "neither a case",
        ),
        (
            &[
                "export",
                "--counts",
                "--from",
                "2026-02-01",
                "--until",
                "2026-01-01",
            ][..],
            "swap them",
        ),
        (
            &["export", "--counts", "--with-numbers"][..],
            "cannot be used with",
        ),
    ] {
        let refused = run(folder.path(), arguments, "");
        let said = err(&refused);
        assert!(
            refused.status.code() == Some(2) && said.contains(words),
            "{arguments:?}: {said}"
        );
        assert!(!folder.path().join("x").exists());
    }
}

#[test]
fn figures_leave_without_small_numbers() {
    let folder = a_line();
    let done = run(
        folder.path(),
        &["export", "--counts", "--out", "figures"],
        "",
    );
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    let figures = folder.path().join("figures");
    let tiers = std::fs::read_to_string(figures.join("tiers.csv")).unwrap();
    assert!(
        tiers.starts_with("from,until,") && tiers.contains("suppressed"),
        "{tiers}"
    );
    for name in ["texts", "cases", "waits", "drills"] {
        assert!(figures.join(format!("{name}.csv")).is_file(), "{name}");
    }
}

/// Runs the program in a terminal (`script`, util-linux), and says what the terminal got.
fn in_a_terminal(folder: &Path, arguments: &str) -> Option<String> {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_harborline"));
    let run = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(folder)
        .output();
    match run {
        Ok(output) => {
            assert!(output.status.success(), "{}", out(&output));
            Some(out(&output))
        }
        Err(error) => {
            require::missing("deploy", &format!("no script (util-linux): {error}"));
            None
        }
    }
}

#[test]
fn progress_is_shown_in_a_terminal_and_nowhere_else() {
    let folder = a_line();
    let Some(seen) = in_a_terminal(folder.path(), "export --all one --reason audit") else {
        return;
    };
    assert!(
        seen.contains("exporting") && seen.contains("rows"),
        "{seen:?}"
    );
    let quiet = in_a_terminal(
        folder.path(),
        "--no-progress export --all two --reason audit",
    );
    assert!(!quiet.unwrap().contains("exporting"));
    let copied = in_a_terminal(folder.path(), "backup night");
    assert!(copied.unwrap().contains("reading"));
    let checked = in_a_terminal(folder.path(), "restore --check --json night").unwrap();
    assert!(
        serde_json::from_str::<serde_json::Value>(checked.trim()).is_ok(),
        "JSON alone: {checked:?}"
    );
}
