//! Edited triage rules: in force whole or not at all, tried out without acting, and when triage
//! itself breaks, a text counts as a crisis.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use harborline::app::App;
use harborline::rulebook::{self, Refused};
use harborline::triage::{RuleSet, Verdict};

use crate::support::Engine;
use crate::support::binary::{Serving, run};
use crate::support::rules::{EN, OWN_RULE, without_kms};
use crate::support::wait::until;
use crate::support::world::{World, seconds};

fn write(folder: &Path, rules: &str) {
    std::fs::write(folder.join("en.toml"), format!("{EN}\n{rules}")).unwrap();
}

fn refusal(folder: &Path) -> String {
    rulebook::read(folder).unwrap_err().to_string()
}

#[tokio::test]
async fn an_edited_rule_acts_after_a_reload_and_a_bad_edit_leaves_it_in_force() {
    let rules = tempfile::tempdir().unwrap();
    write(rules.path(), "");
    let world = World::with(Engine::Sqlite, |config| {
        config.triage.directory = Some(rules.path().to_owned());
    })
    .await
    .unwrap();
    let texter = world.phone("+15550123");
    assert!(texter.texts("at the old pier").await.inline.is_none());

    write(rules.path(), OWN_RULE);
    world.app.reload_rules().await.unwrap();
    texter.texts("at the old pier").await.expect_inline("988");

    // An edit that lowers what the corpus agreed on is refused, and what was in force stays.
    write(rules.path(), &OWN_RULE.replace("why = ", "wy = "));
    world.app.reload_rules().await.unwrap();
    let other = world.phone("+15550124");
    other.texts("at the old pier").await.expect_inline("988");
    assert!(
        refused(&world.app).contains("wy"),
        "{}",
        refused(&world.app)
    );
    let said = "SELECT COUNT(*) FROM audit_log WHERE action = 'rules.refused'";
    assert_eq!(world.count(said).await, 1);

    write(rules.path(), OWN_RULE);
    world.app.reload_rules().await.unwrap();
    assert!(world.app.rulebook.refused().is_none());
}

fn refused(app: &App) -> String {
    app.rulebook.refused().unwrap().to_string()
}

#[test]
fn rules_that_lower_the_corpus_are_refused_with_the_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let only_one = "schema = 1\nlang = \"en\"\n";
    std::fs::write(folder.path().join("en.toml"), only_one).unwrap();
    // The structure rules need their lists; without rules the corpus is lowered.
    let reason = refusal(folder.path());
    assert!(!reason.is_empty());
    std::fs::write(folder.path().join("en.toml"), without_kms()).unwrap();
    let reason = refusal(folder.path());
    assert!(
        reason.contains("tests/corpus/") && reason.contains("must be"),
        "{reason}"
    );
}

#[test]
fn a_folder_that_cannot_be_used_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        rulebook::read(folder.path()),
        Err(Refused::Empty(_))
    ));
    std::fs::write(folder.path().join("english.toml"), EN).unwrap();
    let reason = refusal(folder.path());
    assert!(
        reason.contains("english.toml") && reason.contains("Name it en.toml"),
        "{reason}"
    );
    let reason = refusal(&folder.path().join("missing"));
    assert!(
        reason.contains("missing") && reason.contains("triage.directory"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_rule_on_trial_is_counted_and_never_acts() {
    let rules = tempfile::tempdir().unwrap();
    write(
        rules.path(),
        &OWN_RULE.replace("tier =", "shadow = true\ntier ="),
    );
    let world = World::with(Engine::Sqlite, |config| {
        config.triage.directory = Some(rules.path().to_owned());
    })
    .await
    .unwrap();
    for number in ["+15550123", "+15550124"] {
        let heard = world
            .phone(number)
            .texts("at the old pier, the old pier")
            .await;
        assert!(heard.inline.is_none(), "{heard:?}");
    }
    assert!(world.responder().inbox().is_empty());
    let now = harborline::clock::Clock::now(&world.clock);
    let mut tx = world.app.store.read().await.unwrap();
    let counts = tx.shadow_counts(now).await.unwrap();
    assert_eq!(counts, [("own.pier".to_owned(), 2)], "one a text");
}

#[tokio::test]
async fn a_hangup_signal_reads_the_rules_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("triage")).unwrap();
    write(&folder.path().join("triage"), "");
    let serving = Serving::start_in(folder, &[("HARBORLINE__TRIAGE__DIRECTORY", "triage")]);
    let client = harborline::gateway::client::loopback_client(seconds(10)).unwrap();
    let ready = async || -> serde_json::Value {
        let answer = client
            .get(format!("{}/readyz", serving.url))
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    };
    let before = ready().await["triage"]["ruleset"].clone();
    write(&serving.folder.path().join("triage"), OWN_RULE);
    let hangup = std::process::Command::new("kill")
        .args(["-HUP", &serving.pid().to_string()])
        .status()
        .unwrap();
    assert!(hangup.success());
    let changed = until(async || ready().await["triage"]["ruleset"] != before).await;
    assert!(changed, "the rules were not read again: {}", serving.log());
    assert_eq!(ready().await["triage"]["edited_rules_refused"], false);
}

#[test]
fn the_command_line_tries_edited_rules_and_explains() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), OWN_RULE);
    let tried = run(
        folder.path(),
        &["triage", "--rules", ".", "--explain"],
        "the old pier\n",
    );
    let said = String::from_utf8(tried.stdout).unwrap();
    assert!(
        said.contains("own.pier [high]: Names the old pier"),
        "{said}"
    );
    assert!(said.contains("^^^^^^^^"), "{said}");
    write(
        folder.path(),
        &OWN_RULE.replace("old pier again", "the sea again"),
    );
    let refused = run(folder.path(), &["triage", "--rules", "."], "");
    let reason = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{reason}");
    assert!(
        reason.contains("own.pier") && reason.contains("must_match"),
        "{reason}"
    );
}

fn panics(_: &RuleSet, _: &str) -> Verdict {
    panic!("a fault in triage")
}

static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Does not come back before the test has seen that nobody waited for it.
fn hangs(_: &RuleSet, _: &str) -> Verdict {
    while !GIVEN_UP.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    Verdict::default()
}

#[tokio::test]
async fn a_text_that_triage_breaks_on_counts_as_a_crisis() {
    let world = World::judged_by(panics).await;
    world
        .phone("+15550123")
        .texts("menu")
        .await
        .expect_inline("988");
    assert_eq!(world.responder().inbox().len(), 1);
}

#[tokio::test]
async fn a_text_that_triage_never_finishes_counts_as_a_crisis() {
    let world = World::judged_by(hangs).await;
    // Longer than a phone sends: this one is judged apart.
    let long = "menu ".repeat(1_000);
    let heard = world.phone("+15550123").texts(&long).await;
    GIVEN_UP.store(true, Ordering::SeqCst);
    heard.expect_inline("988");
    assert_eq!(world.responder().inbox().len(), 1);
}
