//! Drills: a made-up texter goes through the real loop, is marked everywhere, and counts nowhere.

use harborline::gateway::drill::{Loopback, inbound};
use tokio::time::Instant;
use uuid::Uuid;

use crate::support::world::{DUTY, SECOND};
use crate::support::{World, both};

const DRILL: Uuid = Uuid::from_u128(7);

both! {
    async fn the_text_of_a_drill_is_answered_paged_and_marked_and_counts_nowhere(world: World) {
        let text = inbound(DRILL, "i want to die");
        let answer = world.app.failsafe.text(&Loopback, Instant::now(), text).await.unwrap();
        assert!(answer.unwrap().body.reveal().contains("988"));
        world.settle().await;
        for phone in [DUTY, SECOND] {
            let pages = world.phone(phone).inbox();
            assert_eq!(pages, ["DRILL: CRISIS: case A3, waiting 0:00. Reply A3 to take it."]);
        }
        let rows = world.cases().await;
        assert!(rows.len() == 1 && rows[0].drill_id == Some(DRILL), "{rows:?}");
        let ready = world.readyz().await;
        assert_eq!((&ready["alerts"]["open"], &ready["obligations"]["open"]), (&0.into(), &0.into()), "{ready}");
        // A text of a person is none, and nothing of the drill went to a phone of a texter.
        world.phone("+15550123").texts("i want to die").await;
        assert_eq!(world.responder().inbox(), ["CRISIS: case A4, waiting 0:00. Reply A4 to take it."]);
        assert_eq!(world.readyz().await["alerts"]["open"], 1);
        assert!(world.twilio.sent().iter().all(|sent| !sent.to.starts_with("+1555555")));
    }
}
