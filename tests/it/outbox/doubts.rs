//! Texts that a gateway may have taken, again and again: each more try may be one more text to the same person.

use crate::support::gateway::Fault;
use crate::support::world::{PUBLIC_URL, minutes, seconds};
use crate::support::{World, both};

const TEXTER: &str = "+15550123";

/// How often the first text to the texter through the API has gone out.
fn copies(world: &World) -> usize {
    let sent = world.twilio.sent_to(TEXTER);
    let same = sent.iter().filter(|text| text.body == sent[0].body);
    same.count()
}

both! {
    async fn a_crisis_reply_that_may_have_arrived_five_times_is_given_up_and_the_team_is_told(world: World) {
        world.twilio.fail_for(TEXTER, Some(Fault::Garbage));
        world.phone(TEXTER).delivers(&world.new_sid(), "i want to die").await;
        world.advance(seconds(40)).await;
        assert_eq!(copies(&world), 2, "at once");
        world.advance(minutes(14)).await;
        assert_eq!(copies(&world), 5, "later and later");
        assert!(!world.responder().inbox().iter().any(|text| text.contains("did NOT reach them")));
        world.advance(minutes(17)).await;
        assert_eq!(copies(&world), 5);
        let given_up = "SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'failed' AND code = 'in-doubt'";
        assert_eq!(world.count(given_up).await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'in_doubt'").await, 1);
        world.responder().expect("did NOT reach them");
    }

    async fn a_crisis_reply_that_may_have_gone_out_twice_is_settled_by_the_news_that_it_is_on_its_way(world: World) {
        world.twilio.fail_for(TEXTER, Some(Fault::Garbage));
        world.phone(TEXTER).delivers(&world.new_sid(), "i want to die").await;
        world.advance(seconds(40)).await;
        world.twilio.fail_for(TEXTER, Some(Fault::ServerError));
        world.advance(minutes(3)).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'crisis' AND state = 'queued'").await, 1);
        let sent = world.twilio.sent_to(TEXTER).remove(0);
        let path = sent.status_callback.strip_prefix(PUBLIC_URL).unwrap().to_owned();
        world.hook(&path, &[("MessageSid", sent.sid.as_str()), ("MessageStatus", "sent")]).await;
        world.twilio.fail_for(TEXTER, None);
        world.advance(minutes(1)).await;
        assert_eq!(copies(&world), 2, "not a third time");
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'replied'").await, 1);
    }

    async fn a_menu_that_may_have_arrived_twice_is_given_up_and_nobody_is_called(world: World) {
        world.twilio.fail_for(TEXTER, Some(Fault::Garbage));
        world.phone(TEXTER).delivers(&world.new_sid(), "MENU").await;
        world.advance(minutes(10)).await;
        assert_eq!(copies(&world), 2);
        let rows = world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'content'").await;
        assert_eq!(world.twilio.sent_to(TEXTER).len(), 2 * usize::try_from(rows).unwrap(), "one repetition each");
        assert_eq!(world.count("SELECT COUNT(*) FROM outbox WHERE lane = 'content' AND code = 'in-doubt'").await, rows);
        assert_eq!(world.count("SELECT COUNT(*) FROM obligations WHERE outcome = 'in_doubt'").await, 1);
    }
}
