//! Audit and privacy: who did what, when; what was shown to whom and why; nothing of a texter.

use axum::http::StatusCode;
use harborline::staff::Role;
use harborline::store::{StoreError, Tx};
use serde_json::json;

use crate::support::visitor::link;
use crate::support::world::seconds;
use crate::support::{World, both};

const NUMBER: &str = "+15550177123";
const WORDS: &str = "the lighthouse keeper wants to die";

/// Writes an entry at this moment.
async fn entry(world: &World, actor: &'static str, action: &'static str) {
    let now = world.now();
    let unit = world.app.store.write(move |tx: &mut Tx| {
        Box::pin(async move {
            tx.audit(now, actor, action, None, &json!({"name": "Nights"}))
                .await?;
            Ok::<_, StoreError>(())
        })
    });
    unit.await.unwrap();
    world.clock.advance(seconds(1));
}

both! {
    async fn a_number_that_was_shown_stands_there_with_its_reason_and_nothing_of_the_texter(world: World) {
        world.phone(NUMBER).texts(WORDS).await;
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        let conversation = world.first_in_the_queue().await;
        let packs = harborline::content::Packs::builtin().unwrap();
        let reason = packs.codes().reveals[0].clone();
        let path = format!("/conversations/{conversation}/number");
        visitor.sends(&path, &[("reason", &reason.code)]).await.expect_done("You see the number now");
        visitor.sends("/search", &[("sought", "lighthouse")]).await;
        let page = visitor.reads("/audit").await;
        assert!(page.contains("was shown the number of a texter") && page.contains(&reason.label), "{page}");
        assert!(page.contains("searched conversations"), "{page}");
        assert!(page.contains(r#"<a href="/audit?what=numbers"><strong>1</strong> Numbers shown</a>"#), "{page}");
        let numbers = visitor.reads("/audit?what=numbers").await;
        assert!(numbers.contains("was shown the number") && !numbers.contains("searched conversations"), "{numbers}");
        let texts = visitor.reads("/audit?what=texts").await;
        assert!(texts.contains("decided on a text") && texts.contains("The line"), "{texts}");
        for page in [page, numbers, texts] {
            for part in ["550177", "0177123", "lighthouse", "keeper"] {
                assert!(!page.contains(part), "{part} is in {page}");
            }
        }
    }

    async fn entries_are_found_by_who_what_and_when_and_paged_by_key(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        for _ in 0..60 {
            entry(&world, "lead@example.org", "schedule.changed").await;
        }
        entry(&world, "gone@example.org", "policy.saved").await;
        let visitor = world.visitor(&lead).await;
        let first = visitor.reads("/audit?what=on-call").await;
        assert_eq!(first.matches("changed a schedule").count(), 49, "{first}");
        assert!(first.contains("saved a policy") && first.contains("name: Nights"), "{first}");
        // What comes in between moves nothing.
        entry(&world, "lead@example.org", "schedule.changed").await;
        let rest = visitor.reads(&link(&first, "/audit?what=on-call&#38;before=")).await;
        assert_eq!(rest.matches("changed a schedule").count(), 11, "{rest}");
        assert!(!rest.contains("Older entries") && rest.contains("Back to the latest"), "{rest}");
        let gone = visitor.reads("/audit?who=gone%40example.org").await;
        assert!(gone.contains("saved a policy") && !gone.contains("changed a schedule"), "{gone}");
        let none = visitor.reads("/audit?from=2026-01-02").await;
        assert!(none.contains("Nothing of this."), "{none}");
        let day = visitor.reads("/audit?from=2026-01-01&until=2026-01-01&what=on-call").await;
        assert!(day.contains("changed a schedule"), "{day}");
        let unread = visitor.reads("/audit?from=yesterday").await;
        assert!(unread.contains("A day was not understood"), "{unread}");
    }

    async fn an_export_is_a_table_that_no_spreadsheet_runs_and_an_entry_itself(world: World) {
        world.phone(NUMBER).texts(WORDS).await;
        entry(&world, "=1+1@example.org", "policy.saved").await;
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let supervisor = world.visitor(&lead).await;
        assert_eq!(supervisor.sends("/audit/export", &[]).await.status, StatusCode::FORBIDDEN);
        assert!(!supervisor.reads("/audit").await.contains("/audit/export"));
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        let visitor = world.visitor(&boss).await;
        let sent = visitor.sends("/audit/export", &[("what", "on-call")]).await;
        assert_eq!(sent.status, StatusCode::OK);
        let lines: Vec<&str> = sent.page.lines().collect();
        assert_eq!(lines[0], r#""id","at","actor","action","subject","case","detail""#);
        assert_eq!(lines.len(), 2, "{}", sent.page);
        assert!(lines[1].contains(r#""'=1+1@example.org","policy.saved""#), "{}", lines[1]);
        assert!(lines[1].contains(r#""2026-01-01T00:00:0"#), "{}", lines[1]);
        assert!(lines[1].ends_with(r#""{""name"":""Nights""}""#), "{}", lines[1]);
        let all = visitor.sends("/audit/export", &[("what", "texts")]).await.page;
        assert!(all.contains("text.decided") && !all.contains("lighthouse") && !all.contains("0177123"), "{all}");
        let page = visitor.reads("/audit?what=exports").await;
        assert_eq!(page.matches("took entries of the audit log with them").count(), 2, "{page}");
    }

    async fn the_chain_is_checked_when_somebody_asks_and_what_is_broken_is_said_with_what_to_do(world: World) {
        world.phone(NUMBER).texts(WORDS).await;
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        assert!(visitor.reads("/audit").await.contains(r#"href="/audit/chain""#));
        let page = visitor.reads("/audit/chain").await;
        let head = world.app.audit_log.head().await.unwrap().to_string();
        assert!(page.contains("it holds") && page.contains(&head), "{page}");
        assert!(page.contains("The end is kept nowhere else.") && page.contains("never"), "{page}");
        world.damage("UPDATE audit_log SET actor = 'linf' WHERE seq = 2").await;
        let page = visitor.reads("/audit/chain").await;
        for part in ["it is broken", "Entry 2 is not what was written there", "1 entries before it hold.", "What to do", "Keep a copy of the database"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    async fn a_hold_is_set_with_a_reason_shown_and_lifted_by_administrators(world: World) {
        let phone = world.phone(NUMBER);
        phone.texts(WORDS).await;
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        assert_eq!(world.visitor(&lead).await.opens("/audit/holds").await.0, StatusCode::FORBIDDEN);
        let conversation = world.first_in_the_queue().await;
        let code = world.cases().await[0].code.clone();
        let visitor = world.visitor(&boss).await;
        assert!(visitor.reads("/audit").await.contains(r#"href="/audit/holds""#));
        assert!(visitor.reads("/audit/holds").await.contains("Nothing is held."));
        let new = "/audit/holds/new";
        for (what, reason, words) in [
            ("somebody", "order 7", "This is no case like K7"),
            ("Z9", "order 7", "Nobody is known here by this"),
            (code.as_str(), "  ", "Write why, in 1 to 500 characters"),
            (code.as_str(), "order\u{202e}7", "Write why, in 1 to 500 characters"),
        ] {
            visitor.sends(new, &[("what", what), ("reason", reason)]).await.expect_refused(words);
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM legal_holds").await, 0);
        visitor.sends(new, &[("what", &code), ("reason", "order 7 of today")]).await.expect_done("It is held now");
        let page = visitor.reads("/audit/holds").await;
        for part in [format!("The conversation of case {code}"), "order 7 of today".to_owned(), format!("/conversations/{conversation}"), format!("{} set it", boss.name)] {
            assert!(page.contains(&part), "{part}: {page}");
        }
        // By number: everything of the person. The number stands nowhere afterwards.
        visitor.sends(new, &[("what", NUMBER), ("reason", "order 8")]).await.expect_done("It is held now");
        let page = visitor.reads("/audit/holds").await;
        assert!(page.contains(&format!("Everything of the person of case {code}")) && !page.contains("0177123"), "{page}");
        let lift = link(&page, "/audit/holds/01");
        let ask = visitor.reads(&lift).await;
        assert!(ask.contains("order 7 of today"), "{ask}");
        visitor.sends(&lift, &[]).await.expect_done("The hold is lifted.");
        assert_eq!(visitor.sends(&lift, &[]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(world.count("SELECT COUNT(*) FROM legal_holds WHERE lifted_at IS NULL").await, 1);
        let log = visitor.reads("/audit?what=line").await;
        assert!(log.contains("set a legal hold") && log.contains("lifted a legal hold") && !log.contains("0177123"), "{log}");
    }

    async fn the_last_end_that_was_kept_elsewhere_is_shown_and_compared(world: World) {
        world.phone(NUMBER).texts(WORDS).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("anchors");
        let kept = world.app.audit_log.head().await.unwrap();
        std::fs::write(&file, harborline::audit_log::line(&kept, world.now())).unwrap();
        let mut config = world.config.clone();
        config.audit.anchor_file = Some(file.clone());
        let mut world = world;
        world.config = config;
        world.restart().await;
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        let page = visitor.reads("/audit/chain").await;
        assert!(page.contains(&format!("entry {}", kept.seq)) && !page.contains("kept nowhere else"), "{page}");
        std::fs::write(&file, "somebody wrote here\n").unwrap();
        assert!(visitor.reads("/audit/chain").await.contains("The file of kept ends could not be read"));
        let other = format!("2026-01-01T00:00:00Z {}:{}\n", kept.seq, "ab".repeat(32));
        std::fs::write(&file, other).unwrap();
        let page = visitor.reads("/audit/chain").await;
        assert!(page.contains("is not what was kept elsewhere"), "{page}");
    }
}
