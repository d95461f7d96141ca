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
}
