//! The triage lab: a text explained and kept nowhere, an edited rule file tried out, and put in force whole
//! or not at all.

use std::path::Path;

use axum::http::StatusCode;
use harborline::staff::Role;

use crate::support::binary;
use crate::support::rules::{EN, OWN_RULE, without_kms};
use crate::support::visitor::hidden;
use crate::support::world::{World, minutes};
use crate::support::{Engine, both};

async fn world_with(rules: &Path) -> World {
    let directory = rules.to_owned();
    let world = World::with(Engine::Sqlite, |config| {
        config.triage.directory = Some(directory);
    });
    world.await.unwrap()
}

both! {
    async fn a_text_is_explained_as_on_the_command_line_and_kept_nowhere(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        let rows = "SELECT (SELECT COUNT(*) FROM audit_log) + (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM texters)";
        let before = world.count(rows).await;
        let folder = tempfile::tempdir().unwrap();
        for text in ["ok i w4nt to d1e tonight", "i dont want to die", "so alone and everyone would be better off without me", "menu"] {
            let sent = visitor.sends("/triage-lab", &[("text", text)]).await;
            assert_eq!(sent.status, StatusCode::OK);
            let page = sent.page.replace("&#39;", "'").replace("&#34;", "\"");
            let told = binary::run(folder.path(), &["triage", "--explain"], &format!("{text}\n"));
            let told = String::from_utf8(told.stdout).unwrap();
            for line in told.lines().map(str::trim).filter(|line| line.contains(" [")) {
                let (rule, rest) = line.rsplit_once(": ").unwrap();
                let why = rest.split(" (read through").next().unwrap();
                let id = rule.split(": ").last().unwrap().split(" [").next().unwrap();
                assert!(page.contains(&format!("<code>{id}</code>")) && page.contains(why), "{text}: {line}\n{page}");
            }
            let follows = told.lines().find_map(|line| line.trim().split_once(": ").filter(|(tier, _)| ["imminent", "high", "concern", "topic", "none"].contains(tier)));
            assert!(page.contains(follows.unwrap().1), "{told}\n{page}");
        }
        let sent = visitor.sends("/triage-lab", &[("text", "ok i w4nt to d1e tonight")]).await;
        assert!(sent.page.contains("<mark>") && sent.page.contains("read through"), "{}", sent.page);
        assert!(sent.page.contains("Asks from 0.") && sent.page.contains("not applied"), "{}", sent.page);
        assert_eq!(world.count(rows).await, before, "a text was kept");
        visitor.sends("/triage-lab", &[("text", " ")]).await.expect_refused("Write or paste a text first.");
    }
}

#[tokio::test]
async fn an_edited_file_is_tried_out_before_anything_changes() {
    let rules = tempfile::tempdir().unwrap();
    std::fs::write(rules.path().join("en.toml"), EN).unwrap();
    let world = world_with(rules.path()).await;
    let lead = world.an_account("lead@example.org", Role::Supervisor).await;
    let visitor = world.visitor(&lead).await;
    let path = "/triage-lab/rules";
    visitor
        .sends(path, &[("locale", "en")])
        .await
        .expect_refused("Choose a rule file, or paste one.");
    let bad = OWN_RULE.replace("the old pier again", "the sea again");
    let sent = visitor
        .sends(path, &[("locale", "en"), ("rules", &format!("{EN}{bad}"))])
        .await;
    sent.expect_refused("own.pier")
        .expect_refused("the sea again")
        .expect_refused("What was in force stays.");
    let sent = visitor
        .sends(path, &[("locale", "en"), ("rules", "schema = ")])
        .await;
    sent.expect_refused("en.toml");

    let edited = format!("{EN}{OWN_RULE}").replace('\n', "\r\n");
    let fields = [
        ("locale", "en"),
        ("rules", edited.as_str()),
        ("text", "at the old pier"),
    ];
    let sent = visitor.sends(path, &fields).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.page);
    assert!(
        sent.page.contains("they hold") && sent.page.contains("No sentence changes its tier"),
        "{}",
        sent.page
    );
    assert!(sent.page.contains("<mark>old pier</mark>"), "{}", sent.page);
    assert!(
        sent.page
            .contains("An administrator can put them in force here."),
        "{}",
        sent.page
    );

    let sent = visitor
        .sends(path, &[("locale", "en"), ("rules", &without_kms())])
        .await;
    assert!(
        sent.page.contains("they break the corpus") && sent.page.contains("must be high"),
        "{}",
        sent.page
    );
    assert!(!sent.page.contains("Put them in force"), "{}", sent.page);
    assert!(
        world
            .phone("+15550123")
            .texts("at the old pier")
            .await
            .inline
            .is_none()
    );
    let kept = std::fs::read_to_string(rules.path().join("en.toml")).unwrap();
    assert!(kept == EN, "nothing was written");
}

#[tokio::test]
async fn an_administrator_puts_rules_that_hold_in_force_and_the_audit_log_says_who() {
    let rules = tempfile::tempdir().unwrap();
    std::fs::write(rules.path().join("en.toml"), EN).unwrap();
    let world = world_with(rules.path()).await;
    let boss = world
        .an_account("boss@example.org", Role::Administrator)
        .await;
    let visitor = world.visitor(&boss).await;
    let edited = format!("{EN}{OWN_RULE}");
    let sent = visitor
        .sends("/triage-lab/rules", &[("locale", "en"), ("rules", &edited)])
        .await;
    let against = hidden(&sent.page, "against");
    let fields = [
        ("locale", "en"),
        ("rules", edited.as_str()),
        ("against", &against),
    ];
    let sent = visitor.sends("/triage-lab/rules/in-force", &fields).await;
    sent.expect_done("These rules are in force from now on.");
    world
        .phone("+15550123")
        .texts("at the old pier")
        .await
        .expect_inline("988");
    let kept = std::fs::read_to_string(rules.path().join("en.toml")).unwrap();
    assert!(kept == edited, "the file is the one that is in force");
    let said = "SELECT COUNT(*) FROM audit_log WHERE action = 'rules.in_force' AND actor = 'boss@example.org'";
    assert_eq!(world.count(said).await, 1);

    // Whoever read the rules before these looks again first.
    let sent = visitor
        .sends(
            "/triage-lab/rules/in-force",
            &[("locale", "en"), ("rules", EN), ("against", &against)],
        )
        .await;
    sent.expect_refused("Other rules are in force by now.");
    // What does not hold stays out, whatever the form says, and leaves no file behind.
    let now = world.app.rulebook.current().hash().to_owned();
    let broken = without_kms();
    let fields = [
        ("locale", "en"),
        ("rules", broken.as_str()),
        ("against", &now),
    ];
    visitor
        .sends("/triage-lab/rules/in-force", &fields)
        .await
        .expect_refused("tests/corpus/");
    assert_eq!(world.app.rulebook.current().hash(), now);
    assert!(
        world.app.rulebook.refused().is_none(),
        "the files are those in force"
    );
    assert!(std::fs::read_to_string(rules.path().join("en.toml")).unwrap() == edited);
    let said = "SELECT COUNT(*) FROM audit_log WHERE action = 'rules.refused' AND actor = 'boss@example.org'";
    assert_eq!(world.count(said).await, 2);
    // A hangup signal reads the same files.
    world.app.reload_rules().await.unwrap();
    assert_eq!(world.app.rulebook.current().hash(), now);
}

#[tokio::test]
async fn only_an_administrator_who_has_proved_it_puts_rules_in_force_and_only_into_a_folder() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let lead = world.an_account("lead@example.org", Role::Supervisor).await;
    let before = world.app.rulebook.current().hash().to_owned();
    let edited = format!("{EN}{OWN_RULE}");
    let fields = [
        ("locale", "en"),
        ("rules", edited.as_str()),
        ("against", before.as_str()),
    ];
    let supervisor = world.visitor(&lead).await;
    let sent = supervisor
        .sends("/triage-lab/rules/in-force", &fields)
        .await;
    assert_eq!(sent.status, StatusCode::FORBIDDEN);
    let boss = world
        .an_account("boss@example.org", Role::Administrator)
        .await;
    let visitor = world.visitor(&boss).await;
    let sent = visitor.sends("/triage-lab/rules/in-force", &fields).await;
    sent.expect_refused("Set triage.directory and start again.");
    let sent = visitor.sends("/triage-lab/rules", &fields).await;
    assert!(
        sent.page.contains("no folder for edited rules is set"),
        "{}",
        sent.page
    );
    world.clock.advance(minutes(11));
    let sent = visitor.sends("/triage-lab/rules/in-force", &fields).await;
    assert!(sent.page.contains("Is it you?"), "{}", sent.page);
    assert_eq!(world.app.rulebook.current().hash(), before);
}

#[tokio::test]
async fn the_rules_in_force_can_be_taken_along_and_those_on_trial_are_counted() {
    let rules = tempfile::tempdir().unwrap();
    let trial = OWN_RULE.replace("tier =", "shadow = true\ntier =");
    std::fs::write(rules.path().join("en.toml"), format!("{EN}{trial}")).unwrap();
    let world = world_with(rules.path()).await;
    world.phone("+15550123").texts("at the old pier").await;
    let lead = world.an_account("lead@example.org", Role::Supervisor).await;
    let visitor = world.visitor(&lead).await;
    let page = visitor.reads("/triage-lab").await;
    assert!(page.contains("<code>own.pier</code>"), "{page}");
    assert!(
        page.contains(r#"<span class="of" aria-hidden="true">Texts</span> 1<"#),
        "{page}"
    );
    let file = visitor.reads("/triage-lab/rules/en.toml").await;
    assert!(file.ends_with(&trial));
    assert_eq!(
        visitor.opens("/triage-lab/rules/fr.toml").await.0,
        StatusCode::NOT_FOUND
    );
    // A file that does not hold is said here, too.
    std::fs::write(rules.path().join("en.toml"), "schema = 2").unwrap();
    world.app.reload_rules().await.unwrap();
    let page = visitor.reads("/triage-lab").await;
    assert!(
        page.contains("Edited rules were refused; those from before stay in force."),
        "{page}"
    );
}
