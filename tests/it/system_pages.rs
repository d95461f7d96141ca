//! The page of the system: how the program stands, for administrators only.

use axum::http::StatusCode;
use harborline::staff::Role;

use crate::support::gateway::Fault;
use crate::support::world::{minutes, seconds};
use crate::support::{World, both};

both! {
    async fn the_page_shows_what_works_and_what_does_not(world: World) {
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        let visitor = world.visitor(&boss).await;
        let page = visitor.reads("/system").await;
        assert!(page.contains("quiet") && page.contains("Nothing waits for the database."), "{page}");
        assert!(page.contains("Every text had its answer in time."), "{page}");
        assert!(page.contains("signed hooks only"), "{page}");
        assert!(page.contains("2 contacts of the configuration would be paged"), "{page}");
        world.phone("+15550123").texts("menu").await;
        let page = visitor.reads("/system/now").await;
        assert!(page.contains("works") && page.contains("0 s ago"), "{page}");
        assert!(!page.contains("<html"), "a fragment: {page}");

        world.damage("UPDATE obligations SET closed_at = NULL, outcome = NULL").await;
        world.clock.advance(minutes(5));
        let page = visitor.reads("/system").await;
        assert!(page.contains("from gateway main, for the line to answer"), "{page}");
        assert!(page.contains("look at it"), "{page}");
    }

    async fn a_gateway_that_fails_is_said_with_its_last_word(world: World) {
        world.twilio.fail_always(Some(Fault::ServerError));
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        world.phone("+15550123").texts("menu").await;
        let visitor = world.visitor(&boss).await;
        let page = visitor.reads("/system").await;
        assert!(page.contains("failed lately") || page.contains("goes round it"), "{page}");
        assert!(page.contains("the latest: retry"), "{page}");
    }

    async fn the_checks_are_those_of_the_doctor_and_one_at_a_time(world: World) {
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        let visitor = world.visitor(&boss).await;
        let client = harborline::gateway::client::loopback_client(seconds(5)).unwrap();
        let found = harborline::doctor::examine(&world.config, &client, world.now()).await;
        let page = visitor.reads("/system/checks").await;
        for finding in found {
            assert!(page.contains(&format!("<code>{}</code>", finding.id)), "no {} in {page}", finding.id);
        }
        assert!(!page.contains("0123456789abcdef"), "no secret: {page}");
    }

    async fn nobody_but_an_administrator_sees_it(world: World) {
        let lead = world.an_account("lead@example.org", Role::Supervisor).await;
        let visitor = world.visitor(&lead).await;
        for path in ["/system", "/system/now", "/system/checks"] {
            assert_eq!(visitor.opens(path).await.0, StatusCode::FORBIDDEN, "{path}");
        }
        assert!(!visitor.reads("/content").await.contains("/system"));
    }
}
