//! Every way in which a send can end, and that none of them ends in silence: the text goes out later, or
//! the team or the operator hears of it, and why is kept.

use crate::support::gateway::Fault;
use crate::support::world::minutes;
use crate::support::{Engine, World};

const TEXTER: &str = "+15550123";

/// What is left of a text that met this fault again and again.
struct Left {
    fault: Fault,
    /// The states of its row, in either lane.
    menu: &'static str,
    crisis: &'static str,
    /// Why nothing is owed any more; none while it is owed, and then the operator hears of it.
    settled: Option<&'static str>,
    /// Why nothing is owed any more in the end, in either lane: by then the gateway is well.
    ends: [&'static str; 2],
}

const ALL: [Left; 6] = [
    Left {
        fault: Fault::TooMany(5),
        menu: "queued",
        crisis: "queued",
        settled: None,
        ends: ["replied"; 2],
    },
    Left {
        fault: Fault::ServerError,
        menu: "queued",
        crisis: "queued",
        settled: None,
        ends: ["replied"; 2],
    },
    Left {
        fault: Fault::Unauthorized,
        menu: "queued",
        crisis: "queued",
        settled: None,
        ends: ["replied"; 2],
    },
    Left {
        // In doubt: a menu waits for its receipt, and so does a crisis reply that went out again at once.
        fault: Fault::Garbage,
        menu: "awaiting",
        crisis: "awaiting",
        settled: None,
        // By then the menu has gone out twice, and perhaps arrived twice.
        ends: ["in_doubt", "replied"],
    },
    Left {
        fault: Fault::OptedOut,
        menu: "opted_out",
        crisis: "opted_out",
        settled: Some("carrier_opt_out"),
        ends: ["carrier_opt_out"; 2],
    },
    Left {
        fault: Fault::NoSuchNumber,
        menu: "failed",
        crisis: "failed",
        settled: Some("undeliverable"),
        ends: ["undeliverable"; 2],
    },
];

async fn count(world: &World, sql: String) -> i64 {
    world.count(sql.leak()).await
}

async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        worlds.extend(World::on(engine).await);
    }
    worlds
}

/// Whether the operator is told that somebody waits.
async fn is_told(world: &World) -> bool {
    let ready = world.readyz().await;
    let incidents = ready["incidents"].as_array().cloned().unwrap_or_default();
    incidents.iter().any(|one| one["kind"] == "overdue")
}

/// One text while its answer meets the fault: what is left of it, and what happens once the gateway is well.
async fn meets(world: &World, left: &Left, words: &str, (lane, state, ends): (&str, &str, &str)) {
    let fault = left.fault;
    world.twilio.fail_for(TEXTER, Some(fault));
    world.phone(TEXTER).delivers(&world.new_sid(), words).await;
    world.advance(minutes(4)).await;
    let rows =
        format!("SELECT COUNT(*) FROM outbox WHERE texter_id IS NOT NULL AND lane = '{lane}'");
    let all = count(world, rows.clone()).await;
    assert!(all > 0, "{fault:?}");
    let so = format!("{rows} AND state = '{state}'");
    assert_eq!(count(world, so).await, all, "{fault:?} {lane}: {state}");
    let owed = "SELECT COUNT(*) FROM obligations WHERE closed_at IS NULL";
    assert_eq!(
        is_told(world).await,
        left.settled.is_none(),
        "{fault:?} {lane}"
    );
    match left.settled {
        Some(why) => {
            let why = format!("SELECT COUNT(*) FROM obligations WHERE outcome = '{why}'");
            assert_eq!(count(world, why).await, 1, "{fault:?} {lane}");
        }
        None => assert_eq!(world.count(owed).await, 1, "{fault:?} {lane}"),
    }
    world.twilio.fail_for(TEXTER, None);
    world.advance(minutes(6)).await;
    assert_eq!(world.count(owed).await, 0, "{fault:?} {lane}");
    let ended = format!("SELECT COUNT(*) FROM obligations WHERE outcome = '{ends}'");
    assert_eq!(count(world, ended).await, 1, "{fault:?} {lane}");
    assert!(!is_told(world).await, "{fault:?} {lane}: it is over");
}

#[tokio::test]
async fn a_menu_goes_out_later_or_why_not_is_kept() {
    for left in &ALL {
        for world in worlds().await {
            let so = ("content", left.menu, left.ends[0]);
            meets(&world, left, "MENU", so).await;
        }
    }
}

#[tokio::test]
async fn a_crisis_reply_goes_out_later_or_the_team_hears_that_it_cannot() {
    for left in &ALL {
        for world in worlds().await {
            let so = ("crisis", left.crisis, left.ends[1]);
            meets(&world, left, "I want to die", so).await;
            let heard = world.responder().inbox();
            let told = heard.iter().any(|text| text.contains("did NOT reach them"));
            assert_eq!(told, left.settled.is_some(), "{:?}: {heard:?}", left.fault);
        }
    }
}
