//! One name does not pass for another: in names of people, schedules, policies, contact methods and canned
//! replies there is nothing that is not seen, no word of two alphabets, and no twin of a name that is there.

use harborline::staff::Role;

use crate::support::team::a_team;
use crate::support::world::minutes;
use crate::support::{World, both};

/// A Cyrillic ie in the place of the `e`.
const SECOND: &str = "S\u{435}cond";
/// What turns what follows.
const TURNED: &str = "Night\u{202e}thgiN";
const UNSEEN: &str = "that cannot be seen";
const MIXED: &str = "mixes letters of several alphabets";

both! {
    async fn an_account_does_not_look_like_that_of_somebody_else(world: World) {
        let boss = world.an_account("boss@example.org", Role::Administrator).await;
        let visitor = world.visitor(&boss).await;
        let invite = |login: &'static str, name: &'static str| {
            [("login", login), ("name", name), ("role", "responder")]
        };
        visitor.sends("/people/invite", &invite("ilse@example.org", "Ilse")).await;
        let before = world.count("SELECT COUNT(*) FROM staff").await;
        for (name, words) in [
            (TURNED, UNSEEN),
            ("Night\u{200b}", UNSEEN),
            (SECOND, MIXED),
            // An `l` in the place of the `I`.
            ("llse", "has a name that looks the same"),
        ] {
            let sent = visitor.sends("/people/invite", &invite("other@example.org", name)).await;
            assert!(sent.page.contains(words) && sent.status.is_client_error(), "{name:?}: {sent:?}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM staff").await, before);
        // Two people can be called alike.
        visitor.sends("/people/invite", &invite("other@example.org", "Ilse")).await;
        assert_eq!(world.count("SELECT COUNT(*) FROM staff").await, before + 1);
    }

    async fn schedules_policies_replies_and_contact_methods_neither(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let schedule = |name: &'static str| [("name", name), ("zone", "Europe/Berlin")];
        night.sends("/schedules/new", &schedule(TURNED)).await.expect_refused(UNSEEN);
        night.sends("/schedules/new", &schedule("N\u{456}ghts")).await.expect_refused(MIXED);
        night.sends("/schedules/new", &schedule("Ni\u{261}hts")).await.expect_refused("already");
        let canned = |title: &'static str| [("locale", "en"), ("title", title), ("body", "I am here with you."), ("act", "save")];
        night.sends("/canned/new", &canned(TURNED)).await.expect_refused(UNSEEN);
        night.sends("/canned/new", &canned("Here")).await.expect_done("The canned reply is kept.");
        night.sends("/canned/new", &canned("H\u{435}re")).await.expect_refused(MIXED);
        let policy = [("name", TURNED), ("acks", "1"), ("act", "save")];
        night.sends("/policies/new", &policy).await.expect_refused(UNSEEN);
        let method = [("kind", "sms"), ("label", TURNED), ("address", "+15550190")];
        let sent = night.sends("/me/methods/new", &method).await;
        assert!(sent.page.contains(UNSEEN), "{sent:?}");
        // A name that is there keeps its own.
        world.clock.advance(minutes(1));
        let path = format!("/schedules/{}/edit", team.schedule);
        night.sends(&path, &schedule("Nights")).await.expect_done("The schedule is kept.");
    }
}
