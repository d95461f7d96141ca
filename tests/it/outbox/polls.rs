//! A receipt that never comes is asked for.

use harborline::config::{Config, GatewaySection, SandboxSection};

use crate::support::sandbox::FakeProvider;
use crate::support::world::{minutes, seconds};
use crate::support::{Engine, World};

/// A world that pages by a gateway that can be asked, and never sends a receipt by itself.
async fn world(engine: Engine) -> Option<(World, FakeProvider)> {
    let (provider, address) = FakeProvider::start().await;
    let settings = |config: &mut Config| {
        let section = SandboxSection {
            sender: "+15550102".to_owned(),
            segments_per_second: None,
            burst: None,
            failover: None,
        };
        let section = GatewaySection::Sandbox(section);
        config.gateways.insert("pages".to_owned(), section);
        config.oncall.gateway = Some("pages".to_owned());
        config.oncall.repage_s = 3_600;
        config.oncall.fallback.truncate(1);
        config.listen.address = address;
    };
    Some((World::with(engine, settings).await?, provider))
}

const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

#[tokio::test]
async fn a_page_without_a_receipt_is_asked_for_until_the_answer_is_final() {
    for engine in ENGINES {
        let Some((world, provider)) = world(engine).await else {
            continue;
        };
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(provider.taken(), 1);
        world.advance(seconds(55)).await;
        assert_eq!(provider.asked(), 0);
        world.advance(seconds(5)).await;
        assert_eq!(provider.asked(), 1, "after a minute");
        provider.says("sent");
        world.advance(minutes(2)).await;
        assert_eq!(provider.asked(), 2, "less and less often");
        provider.says("delivered");
        world.advance(minutes(4)).await;
        assert_eq!(provider.asked(), 3);
        let delivered =
            "SELECT COUNT(*) FROM outbox WHERE lane = 'page' AND delivery = 'delivered'";
        assert_eq!(world.count(delivered).await, 1);
        world.advance(minutes(50)).await;
        assert_eq!(
            (provider.asked(), provider.taken()),
            (3, 1),
            "the answer was final"
        );
    }
}

#[tokio::test]
async fn a_gateway_that_knows_nothing_is_asked_five_times_and_left_in_peace() {
    for engine in ENGINES {
        let Some((world, provider)) = world(engine).await else {
            continue;
        };
        world.phone("+15550123").texts("i want to die").await;
        world.advance(minutes(50)).await;
        assert_eq!(provider.asked(), 5);
        // What the operator was told meanwhile is another text.
        let in_peace =
            "SELECT COUNT(*) FROM outbox WHERE lane = 'page' AND polls = 5 AND poll_at IS NULL";
        assert_eq!(world.count(in_peace).await, 1);
    }
}

#[tokio::test]
async fn a_failure_that_is_asked_for_counts_like_one_that_is_told() {
    let (world, provider) = world(Engine::Sqlite).await.unwrap();
    provider.says("failed");
    world.phone("+15550123").texts("i want to die").await;
    world.advance(minutes(2)).await;
    let failed = "SELECT COUNT(*) FROM outbox o JOIN pages p ON p.id = o.page_id
                   WHERE p.kind = 'page' AND o.state = 'failed'";
    assert_eq!(world.count(failed).await, 1);
    let told = "SELECT COUNT(*) FROM incidents WHERE kind = 'page_failed'";
    assert!(world.count(told).await > 0, "the operator hears of it");
}
