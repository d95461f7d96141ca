//! The pages of on call: what is seen of who is there and who comes, and what can be changed by whom.

use axum::http::StatusCode;
use harborline::clock::{At, Clock};
use harborline::oncall::{Change, Schedule};
use uuid::Uuid;

use crate::support::team::{FIRST, SECOND, a_team};
use crate::support::visitor::link;
use crate::support::world::minutes;
use crate::support::{World, both};

async fn the_schedule(world: &World) -> Schedule {
    let mut tx = world.app.store.read().await.unwrap();
    tx.schedules(At(0)).await.unwrap().remove(0)
}

async fn on_call_now(world: &World) -> Vec<Uuid> {
    let schedule = the_schedule(world).await;
    schedule.on_call(world.clock.now()).into_iter().collect()
}

both! {
    async fn the_page_says_who_is_there_and_who_comes_in_the_zone_of_who_looks(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let page = night.reads("/on-call").await;
        // It is 01:00 in Berlin; a person without a zone of their own reads UTC.
        for part in ["Times are in UTC", "First", "until today 23:00 (23 h)", "today 23:00 – tomorrow 23:00", "First hands off to Second"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let set = world.app.store.write(move |tx| {
            Box::pin(async move { tx.set_person_hours(team.night.id, Some("Europe/Berlin"), None).await })
        });
        set.await.unwrap();
        let page = night.reads("/on-call").await;
        for part in ["Europe/Berlin (CET)", "until tomorrow 00:00 (23 h)", "None: somebody is on call at every moment"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("555017"), "a number: {page}");
        let part = night.reads("/on-call/board").await;
        assert!(part.contains("First hands off to Second") && !part.contains("<html"), "{part}");
    }

    async fn without_anybody_the_page_says_so_first(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let path = format!("/schedules/{}/rotations/{}", team.schedule, the_schedule(&world).await.rotations[0].id);
        night.sends(&format!("{path}/remove"), &[]).await.expect_done("The rotation is removed.");
        let page = night.reads("/on-call").await;
        for part in ["Nobody is on call now.", "Pages go to Duty phone and Second phone all the same.", "nobody at all", "with no end in sight"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    async fn a_turn_is_given_to_another_with_one_form(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let page = night.reads("/on-call").await;
        let path = link(&page, &format!("/schedules/{}/overrides/new?out={}", team.schedule, team.first.id));
        let page = night.reads(&path).await;
        for part in ["Replace First", "today 00:00 – 23:00", "Second", "Night"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let form = format!("/schedules/{}/overrides/new", team.schedule);
        let (out, by) = (team.first.id.to_string(), team.second.id.to_string());
        let fields = [("out", out.as_str()), ("from", "2026-01-01T00:00"), ("until", "2026-01-01T12:00"), ("reason", "<b>ill</b>"), ("by", &by)];
        night.sends(&form, &fields).await.expect_done("who is concerned was told");
        assert_eq!(on_call_now(&world).await, [team.second.id]);
        assert_eq!(world.phone(FIRST).inbox().len(), 1, "they hear that they are off");
        assert_eq!(world.phone(SECOND).inbox().len(), 1, "and they that they are on");

        let page = night.reads(&format!("/schedules/{}", team.schedule)).await;
        assert!(page.contains("Second instead of First") && !page.contains("<b>ill"), "{page}");
        let back = link(&page, &format!("/schedules/{}/overrides/", team.schedule));
        let one = the_schedule(&world).await.overrides[0].id;
        assert!(back.contains("/overrides/new") || back.contains(&one.to_string()), "{back}");
        let back = format!("/schedules/{}/overrides/{one}/remove", team.schedule);
        let question = night.reads(&back).await;
        assert!(question.contains("Second instead of First") && question.contains("It has begun: it ends now."), "{question}");
        world.clock.advance(minutes(1));
        night.sends(&back, &[]).await.expect_done("The change is taken back.");
        assert_eq!(on_call_now(&world).await, [team.first.id]);
    }

    async fn a_responder_gives_away_their_own_turns_and_no_others(world: World) {
        let team = a_team(&world).await;
        let second = world.visitor(&team.second).await;
        let form = format!("/schedules/{}/overrides/new", team.schedule);
        let page = second.reads("/on-call").await;
        assert!(page.contains(&format!("{form}?out={}", team.second.id)), "their own: {page}");
        assert!(!page.contains(&format!("{form}?out={}", team.first.id)), "another's: {page}");
        let (theirs, others) = (team.second.id.to_string(), team.first.id.to_string());
        let (night, times) = (team.night.id.to_string(), [("from", "2026-01-01T23:00"), ("until", "2026-01-02T10:00")]);
        for fields in [&[("out", others.as_str()), ("by", &theirs)][..], &[("by", &theirs)], &[("act", "off"), ("out", &others)]] {
            let fields: Vec<(&str, &str)> = fields.iter().chain(&times).copied().collect();
            let sent = second.sends(&form, &fields).await;
            assert_eq!(sent.status, StatusCode::NOT_FOUND, "{fields:?}: {}", sent.page);
        }
        assert!(the_schedule(&world).await.overrides.is_empty());
        assert_eq!(second.opens(&format!("{form}?out={others}")).await.0, StatusCode::NOT_FOUND);
        let fields: Vec<(&str, &str)> = [("out", theirs.as_str()), ("by", &night)].into_iter().chain(times).collect();
        second.sends(&form, &fields).await.expect_done("who is concerned was told");
        let made = the_schedule(&world).await.overrides;
        assert!(matches!(made[..], [ref one] if one.change == Change::Replace(team.second.id, team.night.id)));
        let back = format!("/schedules/{}/overrides/{}/remove", team.schedule, made[0].id);
        let first = world.visitor(&team.first).await;
        assert_eq!(first.sends(&back, &[]).await.status, StatusCode::NOT_FOUND);
        second.sends(&back, &[]).await.expect_done("The change is taken back.");
        for path in ["/schedules/new", &format!("/schedules/{}/rotations/new", team.schedule)] {
            assert_eq!(second.opens(path).await.0, StatusCode::FORBIDDEN, "{path}");
        }
    }

    async fn what_is_refused_comes_back_as_it_was_typed_and_changes_nothing(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let before = the_schedule(&world).await;
        let schedule = format!("/schedules/{}", team.schedule);
        let (id, rotation) = (team.first.id.to_string(), before.rotations[0].id);
        let turns = |changed: &[(&'static str, &'static str)]| {
            let mut fields = vec![("name", "Days"), ("every", "1"), ("unit", "daily"), ("starts_on", "2026-01-01T08:00"), ("day", "0"), ("act", "save")];
            fields.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
            fields.extend(changed);
            fields
        };
        for (path, fields, why, kept) in [
            ("/schedules/new".to_owned(), vec![("name", "Nights"), ("zone", "UTC")], "There is a schedule “Nights” already", "value=\"Nights\""),
            ("/schedules/new".to_owned(), vec![("name", "Days"), ("zone", "Mars/Base")], "There is no time zone “Mars/Base”", "value=\"Mars/Base\""),
            (format!("{schedule}/edit"), vec![("name", " "), ("zone", "UTC")], "Give the schedule a name", "value=\"UTC\""),
            (format!("{schedule}/rotations/new"), turns(&[]), "needs somebody who takes turns", "value=\"Days\""),
            (format!("{schedule}/rotations/new"), turns(&[("every", "many")]), "A turn lasts 1 to 366", "value=\"many\""),
            (format!("{schedule}/rotations/new"), turns(&[("starts_on", "soon")]), "the time of the first hand-off", "value=\"soon\""),
            (format!("{schedule}/rotations/new"), turns(&[("from", "8 pm")]), "Write both times, like 20:00 and 08:00", "value=\"8 pm\""),
            (format!("{schedule}/rotations/{rotation}"), turns(&[("day", "9"), ("member", "x")]), "", "value=\"Days\""),
            (format!("{schedule}/shifts/new"), vec![("staff", &id), ("from", "2026-01-03T20:00"), ("until", "2026-01-03T19:00")], "It ends before it starts", "value=\"2026-01-03T19:00\""),
            (format!("{schedule}/shifts/new"), vec![("staff", "nobody"), ("from", "2026-01-03T20:00"), ("until", "")], "Choose a person.", "value=\"2026-01-03T20:00\""),
            (format!("{schedule}/shifts/new"), vec![("staff", &id), ("from", "2025-01-03T20:00"), ("until", "2025-01-04T20:00")], "This time is over", "value=\"2025-01-03T20:00\""),
            (format!("{schedule}/overrides/new"), vec![("out", &id), ("by", &id), ("from", "2026-01-01T10:00"), ("until", "2026-01-01T11:00")], "the same person", "value=\"2026-01-01T10:00\""),
            (format!("{schedule}/overrides/new"), vec![("out", &id), ("from", "2026-01-01T10:00"), ("until", "2026-01-01T11:00"), ("reason", "late")], "Choose a person.", "value=\"late\""),
        ] {
            let sent = night.sends(&path, &fields).await;
            sent.expect_refused(why);
            assert!(sent.page.contains(kept), "{path} {fields:?}: no {kept}: {}", sent.page);
            assert!(sent.page.contains("role=\"alert\""), "{path}: {}", sent.page);
        }
        assert_eq!(the_schedule(&world).await, before);
    }

    async fn a_rotation_is_arranged_by_buttons_and_kept_by_save_alone(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let before = the_schedule(&world).await;
        let path = format!("/schedules/{}/rotations/{}", team.schedule, before.rotations[0].id);
        let (first, second) = (team.first.id.to_string(), team.second.id.to_string());
        let fields = |act: &'static str| {
            vec![("name", "By turns"), ("every", "1"), ("unit", "daily"), ("starts_on", "2026-01-01T00:00"),
                 ("day", "0"), ("day", "6"), ("member", first.as_str()), ("member", second.as_str()), ("act", act)]
        };
        let moved = night.sends(&path, &fields("up 1")).await;
        assert_eq!(moved.status, StatusCode::OK);
        let place = |id: &str| moved.page.find(&format!("name=\"member\" value=\"{id}\"")).unwrap();
        assert!(place(&second) < place(&first), "{}", moved.page);
        assert_eq!(the_schedule(&world).await, before, "nothing is kept yet");
        for act in ["down 1", "up 0", "up 99", "remove 7", "dance"] {
            assert_eq!(night.sends(&path, &fields(act)).await.status, StatusCode::OK, "{act}");
        }
        let mut kept = fields("save");
        kept.swap(6, 7);
        night.sends(&path, &kept).await.expect_done("The rotation is kept.");
        let rotation = the_schedule(&world).await.rotations.remove(0);
        assert_eq!((rotation.members, rotation.weekdays), (vec![team.second.id, team.first.id], 0b100_0001));
        assert_eq!(rotation.id, before.rotations[0].id);
    }

    async fn what_is_not_there_is_said_to_be_not_there(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let (known, nobody) = (team.schedule, "01890a5d-ac96-774b-bcce-b302099a8057");
        for path in [
            format!("/schedules/{nobody}"),
            format!("/schedules/{nobody}/edit"),
            format!("/schedules/{nobody}/overrides/new"),
            format!("/schedules/{known}/rotations/{nobody}"),
            format!("/schedules/{known}/shifts/{nobody}/remove"),
            format!("/schedules/{known}/overrides/{nobody}/remove"),
        ] {
            assert_eq!(night.opens(&path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    async fn a_policy_that_pages_a_schedule_keeps_it(world: World) {
        let team = a_team(&world).await;
        let night = world.visitor(&team.night).await;
        let draft = harborline::policies::PolicyDraft {
            id: None,
            name: "Crisis".to_owned(),
            acks: 1,
            rungs: vec![harborline::oncall::Rung {
                delay: minutes(1),
                repeat: 1,
                targets: vec![harborline::oncall::Target::Schedule(team.schedule)],
            }],
        };
        world.app.policies.save(&team.night, draft).await.unwrap().unwrap();
        let path = format!("/schedules/{}/remove", team.schedule);
        night.sends(&path, &[]).await.expect_refused("The policy “Crisis” pages this schedule.");
        assert_eq!(night.opens(&format!("/schedules/{}", team.schedule)).await.0, StatusCode::OK);
    }

    async fn a_turn_is_offered_for_another_and_both_are_swapped_by_a_yes(world: World) {
        let team = a_team(&world).await;
        let first = world.visitor(&team.first).await;
        let page = first.reads("/on-call").await;
        let path = link(&page, &format!("/schedules/{}/swaps/new?from=", team.schedule));
        let form = first.reads(&path).await;
        for part in ["Offer a swap", "today 00:00 – 23:00", "For nothing in return", "For today 23:00 – tomorrow 23:00"] {
            assert!(form.contains(part), "{part}: {form}");
        }
        let with = link(&form, &format!("{} 17", team.second.id));
        let new = format!("/schedules/{}/swaps/new", team.schedule);
        let times = [("from", "2026-01-01T00:00"), ("until", "2026-01-01T23:00")];
        let fields = [times[0], times[1], ("with", with.as_str())];
        first.sends(&new, &fields).await.expect_done("They are asked. Until they say yes the turn is yours.");
        assert!(first.reads("/on-call").await.contains("Take the offer back"));
        assert_eq!(on_call_now(&world).await, [team.first.id]);
        let second = world.visitor(&team.second).await;
        let page = second.reads("/on-call").await;
        for part in ["First asks you to take a turn on Nights", "You would take today 00:00 – 23:00.", "They would take today 23:00 – tomorrow 23:00 for it."] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let accept = link(&page, "/on-call/swaps/");
        for stranger in [&team.night, &team.first] {
            let stranger = world.visitor(stranger).await;
            assert_eq!(stranger.sends(&accept, &[]).await.status, StatusCode::NOT_FOUND);
        }
        second.sends(&accept, &[]).await.expect_done("The swap is made, and the other one is told.");
        assert_eq!(on_call_now(&world).await, [team.second.id]);
        second.sends(&accept, &[]).await.expect_refused("This offer was answered or taken back before.");
        world.clock.advance(minutes(23 * 60 + 1));
        assert_eq!(on_call_now(&world).await, [team.first.id]);
    }

    async fn an_offer_is_declined_or_taken_back_and_then_nothing_changes(world: World) {
        let team = a_team(&world).await;
        let (first, second) = (world.visitor(&team.first).await, world.visitor(&team.second).await);
        let new = format!("/schedules/{}/swaps/new", team.schedule);
        let with = team.second.id.to_string();
        let fields = [("from", "2026-01-01T00:00"), ("until", "2026-01-01T12:00"), ("with", with.as_str())];
        for (who, act, said) in [(&second, "decline", "You said no"), (&first, "withdraw", "The offer is taken back.")] {
            first.sends(&new, &fields).await.expect_done("They are asked.");
            let swap = {
                let mut tx = world.app.store.read().await.unwrap();
                tx.swaps_open().await.unwrap().remove(0)
            };
            who.sends(&format!("/on-call/swaps/{}/{act}", swap.id), &[]).await.expect_done(said);
        }
        assert!(the_schedule(&world).await.overrides.is_empty());
        // Only one's own turn can be offered, and only to who is free.
        let others = [("from", "2026-01-02T00:00"), ("until", "2026-01-02T12:00"), ("with", with.as_str())];
        first.sends(&new, &others).await.expect_refused("First is not on call for all of that time");
        let nobody = [("from", "2026-01-01T00:00"), ("until", "soon"), ("with", with.as_str())];
        let sent = first.sends(&new, &nobody).await;
        sent.expect_refused("Write a date and a time");
        assert!(sent.page.contains("value=\"soon\""), "{}", sent.page);
        first.sends(&new, &[fields[0], fields[1]]).await.expect_refused("Choose a person.");
    }

    async fn an_open_case_shows_its_clocks_and_is_taken_from_here(world: World) {
        let team = a_team(&world).await;
        let first = world.visitor(&team.first).await;
        assert!(first.reads("/on-call").await.contains("None: nobody waits for a person."));
        world.phone("+15550123").texts("i want to kill myself").await;
        world.clock.advance(minutes(1) / 2);
        let page = first.reads("/on-call/board").await;
        for part in ["tier-high", "a crisis, waiting 30 s", "by nobody yet, for 30 s", "Paged once, 30 s ago.", "rung 2 of 3 of Built-in", "Take A3"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("555012") && !page.contains("kill"), "of the texter: {page}");
        let take = link(&page, "/conversations/");
        first.sends(&format!("{take}/take"), &[]).await.expect_done("The case is yours.");
        let page = first.reads("/on-call/board").await;
        for part in ["by First, after 30 s", "not yet; opened again in", "Everyone is paged again in"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("Take A3"), "{page}");
    }

    async fn what_is_to_be_mended_is_on_the_page_with_its_place(world: World) {
        let team = a_team(&world).await;
        world.damage("UPDATE contact_methods SET disabled_at = 1").await;
        let night = world.visitor(&team.night).await;
        let page = night.reads("/on-call").await;
        for part in ["Nobody who is on call now can be reached.", "mend it now", "First has no verified way to be reached", "Ask them to add and verify a method"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(page.contains(&format!("href=\"/people/{}\"", team.first.id)), "{page}");
        let first = world.visitor(&team.first).await;
        let page = first.reads("/on-call").await;
        assert!(page.contains("href=\"/me\"") && !page.contains("href=\"/people/"), "{page}");
        assert!(page.contains("no audit yet"), "{page}");
    }
}
