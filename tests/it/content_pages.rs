//! The pages of content: what is in force, what is found of it, who signed it off, and a conversation on
//! paper.

use axum::http::StatusCode;
use harborline::clock::Clock;
use harborline::content::{PackFile, approval};
use harborline::doctor;
use harborline::gateway::check::State;
use harborline::gateway::client::loopback_client;
use harborline::staff::Role;

use crate::support::world::seconds;
use crate::support::{Engine, World, both};

const EN: &str = include_str!("../../templates/messages/en.toml");

/// The version of a file that is in force, and the form that signs it off.
fn form(world: &World, file: PackFile, review_on: &str) -> [(&'static str, String); 2] {
    let packs = harborline::content::Packs::builtin().unwrap();
    assert_eq!(world.config.content.directory, None);
    [
        ("version", packs.hash(file).to_owned()),
        ("review_on", review_on.to_owned()),
    ]
}

fn fields<'a>(form: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    form.iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

fn days(world: &World, days: i64) {
    world
        .clock
        .advance(seconds(u64::try_from(days * 86_400).unwrap()));
}

/// What the doctor says of approvals.
async fn examined(world: &World) -> Vec<(State, String)> {
    let client = loopback_client(seconds(2)).unwrap();
    let found = doctor::examine(&world.config, &client, world.clock.now()).await;
    let found = found.into_iter().filter(|one| one.id == "content.approval");
    found.map(|one| (one.state, one.finding)).collect()
}

both! {
    async fn a_version_is_signed_off_with_a_day_and_a_review_that_is_overdue_is_found_everywhere(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        let page = visitor.reads("/content").await;
        assert!(page.contains("Nobody has signed this version off."), "{page}");
        assert_eq!(examined(&world).await.len(), PackFile::ALL.len());
        for file in PackFile::ALL {
            let form = form(&world, file, "2026-01-20");
            let path = format!("/content/{}/approve", file.word());
            visitor.sends(&path, &fields(&form)).await.expect_done("It is signed off.");
        }
        let page = visitor.reads("/content").await;
        assert!(page.contains("Second signed it off; to be read again on 20 Jan 2026."), "{page}");
        assert!(!page.contains("nobody has signed"), "{page}");
        assert_eq!(examined(&world).await[0].0, State::Ok);
        let text = visitor.reads("/content/en").await;
        assert!(text.contains("by Second, review 20 Jan 2026"), "{text}");

        days(&world, 19);
        // Sessions end meanwhile.
        let visitor = world.visitor(&lead).await;
        let page = visitor.reads("/content").await;
        assert!(page.contains("review is due") && page.contains("by Second was to be looked at again on 2026-01-20"), "{page}");
        let found = examined(&world).await;
        assert_eq!(found.len(), PackFile::ALL.len(), "{found:?}");
        assert!(found.iter().all(|(state, words)| *state == State::Warn && words.contains("2026-01-20")), "{found:?}");
        let kept = "SELECT COUNT(*) FROM audit_log WHERE action = 'content.approved' AND actor = 'lead@example.org'";
        assert_eq!(world.count(kept).await, 4);
    }

    async fn an_approval_needs_the_version_in_force_and_a_day_to_come(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        let path = "/content/en/approve";
        for day in ["", "tomorrow", "2026-01-01", "2025-12-31", "2028-01-02", "2026-02-30"] {
            let form = form(&world, PackFile::En, day);
            visitor.sends(path, &fields(&form)).await.expect_refused("Choose a day after today, within 24 months.");
        }
        let read_before = [("version", "another"), ("review_on", "2026-06-01")];
        visitor.sends(path, &read_before).await.expect_refused("Another version is in force by now.");
        assert_eq!(visitor.opens("/content/fr/approve").await.0, StatusCode::NOT_FOUND);
        assert_eq!(world.count("SELECT COUNT(*) FROM approvals").await, 0);
    }

    async fn only_an_administrator_takes_an_approval_back_and_once(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let supervisor = world.visitor(&lead).await;
        let form = form(&world, PackFile::Es, "2026-06-01");
        supervisor.sends("/content/es/approve", &fields(&form)).await.expect_done("It is signed off.");
        let id = world.app.store.read().await.unwrap().approvals().await.unwrap()[0].id;
        let path = format!("/content/approvals/{id}/withdraw");
        assert_eq!(supervisor.sends(&path, &[]).await.status, StatusCode::FORBIDDEN);
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        let administrator = world.visitor(&boss).await;
        let sent = administrator.sends(&path, &[]).await;
        sent.expect_done("The approval is taken back.").expect_done("taken back by Second");
        assert_eq!(administrator.sends(&path, &[]).await.status, StatusCode::NOT_FOUND);
        let approvals = world.app.store.read().await.unwrap().approvals().await.unwrap();
        let packs = harborline::content::Packs::builtin().unwrap();
        assert!(approval::in_force(&packs, PackFile::Es, &approvals).is_none());
        let kept = "SELECT COUNT(*) FROM audit_log WHERE action = 'content.approval_withdrawn'";
        assert_eq!(world.count(kept).await, 1);
    }

    async fn a_conversation_on_paper_answers_as_the_line_does_and_leaves_no_trace(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        let rows = "SELECT (SELECT COUNT(*) FROM texters) + (SELECT COUNT(*) FROM messages) + (SELECT COUNT(*) FROM alerts) + (SELECT COUNT(*) FROM outbox)";
        let said = |page: &str| -> Vec<String> {
            let parts = page.split(r#"name="said" value=""#).skip(1);
            parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
        };
        let mut lines: Vec<String> = Vec::new();
        let texter = world.phone("+15550123");
        for (words, gap) in [("hi", "20"), ("what is dbt", "20"), ("i want to die", "20")] {
            let mut fields: Vec<(&str, &str)> = lines.iter().map(|line| ("said", line.as_str())).collect();
            fields.extend([("locale", "en"), ("gap", gap), ("act", "text"), ("body", words)]);
            let before = world.count(rows).await;
            let sent = visitor.sends("/content/phone", &fields).await;
            assert_eq!(sent.status, StatusCode::OK);
            assert_eq!(world.count(rows).await, before, "nothing was kept");
            world.clock.advance(seconds(20));
            for reply in texter.texts(words).await.all() {
                let escaped = reply.replace('&', "&#38;").replace('"', "&#34;").replace('\'', "&#39;");
                assert!(sent.page.contains(&escaped), "{words}: no {reply:?} in {}", sent.page);
            }
            lines = said(&sent.page);
        }
        assert_eq!(lines, ["20 text hi", "20 text what is dbt", "20 text i want to die"]);
        let mut fields: Vec<(&str, &str)> = lines.iter().map(|line| ("said", line.as_str())).collect();
        fields.extend([("locale", "en"), ("gap", "360"), ("act", "joined"), ("body", "")]);
        let sent = visitor.sends("/content/phone", &fields).await;
        assert!(sent.page.contains("People are paged now (high)."), "{}", sent.page);
        assert!(sent.page.contains("Somebody of the team writes to the person."), "{}", sent.page);
        let empty = [("locale", "en"), ("gap", "20"), ("act", "text"), ("body", " ")];
        visitor.sends("/content/phone", &empty).await.expect_refused("Write something first.");
    }

    async fn a_responder_sees_nothing_of_it(world: World) {
        let first = world.an_account("first@example.org", Role::Responder).await;
        let visitor = world.visitor(&first).await;
        for path in ["/content", "/content/en", "/content/phone"] {
            assert_eq!(visitor.opens(path).await.0, StatusCode::FORBIDDEN, "{path}");
        }
        assert!(!visitor.reads("/").await.contains("/content"));
    }
}

#[tokio::test]
async fn every_text_is_shown_with_what_it_costs_and_every_resource_with_its_dates() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let lead = world.an_account("lead@example.org", Role::Supervisor).await;
    let visitor = world.visitor(&lead).await;
    let page = visitor.reads("/content/en").await;
    assert!(page.len() < 100_000, "{} bytes", page.len());
    for part in [
        "messages.crisis_high",
        "pages.dbt.parts[2]",
        "chooser.questions[1]",
        "of 306 units, GSM-7",
        "reading grade",
    ] {
        assert!(page.contains(part), "no {part}");
    }
    assert!(
        page.contains("Hi from Example Line"),
        "the name of this line"
    );
    let spanish = visitor.reads("/content/es").await;
    assert!(
        spanish.contains(r#"lang="es""#) && !spanish.contains("· reading grade"),
        "the grade is for English"
    );
    let resources = visitor.reads("/content/resources").await;
    assert!(
        resources.contains("verified on") && resources.contains("to be verified again by"),
        "{resources}"
    );
    let codes = visitor.reads("/content/codes").await;
    assert!(codes.contains("may end a crisis"), "{codes}");
}

#[tokio::test]
async fn refused_texts_are_shown_with_the_reason_and_edited_ones_as_not_approved() {
    let folder = tempfile::tempdir().unwrap();
    let bad = EN.replace("You are not the only one.", "Don't be so selfish.");
    std::fs::write(folder.path().join("en.toml"), bad).unwrap();
    let directory = folder.path().to_owned();
    let world = World::with(Engine::Sqlite, |config| {
        config.content.directory = Some(directory);
    });
    let world = world.await.unwrap();
    let lead = world.an_account("lead@example.org", Role::Supervisor).await;
    let page = world.visitor(&lead).await.reads("/content").await;
    assert!(
        page.contains("Your edited texts are refused") && page.contains("selfish"),
        "{page}"
    );
    assert!(
        page.contains("templates/messages/en.toml"),
        "the built-in one serves: {page}"
    );
}
