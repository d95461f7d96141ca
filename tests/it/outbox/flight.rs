//! A slow answer holds up no other text.

use harborline::lane::Lane;
use harborline::oncall::Channel;
use tokio_util::task::TaskTracker;

use crate::support::gateway::Fault;
use crate::support::{World, both};

both! {
    async fn a_text_whose_answer_does_not_come_holds_up_no_other(world: World) {
        let sends = TaskTracker::new();
        let starts = async || world.app.dispatch.start(Lane::Conversation, Channel::Sms, &sends).await.unwrap().done;
        let slow = async |n: u32| {
            let number = format!("+1555013{n:04}");
            world.twilio.fail_for(&number, Some(Fault::Timeout));
            world.phone(&number).delivers(&world.new_sid(), "HELP").await;
        };
        for n in 0..20 {
            slow(n).await;
        }
        world.phone("+15550123").delivers(&world.new_sid(), "HELP").await;
        for n in 20..40 {
            slow(n).await;
        }
        assert_eq!((starts().await, starts().await), (16, 16), "two claims");
        assert_eq!(starts().await, 0, "so many may be on their way");
        assert_eq!(world.twilio.heard("+15550123", 1).await.len(), 1, "behind twenty without an answer");
        sends.close();
        sends.wait().await;
        assert!(starts().await > 0, "whoever comes back makes room");
    }
}
