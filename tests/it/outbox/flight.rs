//! A slow answer holds up no other text.

use harborline::lane::Lane;
use harborline::oncall::Channel;
use tokio_util::task::TaskTracker;

use crate::support::gateway::Fault;
use crate::support::world::seconds;
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

    async fn a_text_whose_lease_ran_out_while_its_process_stood_still_is_sent_by_the_next_who_looks(world: World) {
        world.phone("+15550123").delivers(&world.new_sid(), "HELP").await;
        let sends = TaskTracker::new();
        let claimed = world.app.dispatch.start(Lane::Conversation, Channel::Sms, &sends).await.unwrap();
        assert_eq!(claimed.done, 1);
        // Claimed, and not begun: the process is frozen for longer than the lease.
        world.clock.advance(seconds(61));
        sends.close();
        sends.wait().await;
        assert!(world.twilio.sent_to("+15550123").is_empty(), "another one may have sent it by now");
        let other = world.another_app().await;
        assert_eq!(other.dispatch.run_once(Lane::Conversation).await.unwrap(), 1);
        assert_eq!(world.twilio.sent_to("+15550123").len(), 1);
        assert_eq!(world.app.dispatch.run_once(Lane::Conversation).await.unwrap(), 0);
    }
}
