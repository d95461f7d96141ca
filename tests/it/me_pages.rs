//! One's own page, and how people are reached on the pages of others.

use axum::http::StatusCode;
use harborline::oncall::{Channel, Quiet};
use harborline::people::{Act, By};
use harborline::rota::{Edit, ScheduleDraft, ShiftDraft, SwapAct, SwapDraft, When};
use harborline::staff::Role;
use harborline::store::Account;
use uuid::Uuid;

use crate::people::draft;
use crate::support::visitor::link;
use crate::support::world::minutes;
use crate::support::{World, both};

const FIRST: &str = "+15550171";
const NIGHT: &str = "+15550172";
const LEAD: &str = "+15550173";
const NEW: &str = "+15550175";

fn code_in(text: &str) -> &str {
    let mut digits = text.split(|c: char| !c.is_ascii_digit());
    digits.rfind(|word| word.len() == 6).unwrap()
}

/// A schedule on which somebody has a shift, from one hour to another.
async fn a_shift(world: &World, who: &Account, from: u64, until: u64) -> Uuid {
    let draft = ScheduleDraft {
        id: None,
        name: format!("Night {from}"),
        zone: "UTC".to_owned(),
    };
    let rota = &world.app.rota;
    let schedule = rota
        .edit(who, Edit::Schedule(draft))
        .await
        .unwrap()
        .unwrap();
    let at = |hours: u64| When::At(world.now().plus(minutes(60 * hours)));
    let shift = ShiftDraft {
        id: None,
        schedule,
        staff: who.id,
        starts: at(from),
        ends: at(until),
    };
    rota.edit(who, Edit::Shift(shift)).await.unwrap().unwrap();
    schedule
}

both! {
    async fn a_phone_is_added_verified_and_tried_out_on_ones_own_page(world: World) {
        let second = world.a_member_of_staff("second@example.org").await;
        let visitor = world.visitor(&second).await;
        let page = visitor.reads("/me").await;
        assert!(page.contains("cannot be paged") && page.contains("Nothing reaches you yet"), "{page}");
        let kinds = visitor.reads("/me/methods/new").await;
        assert!(kinds.contains("/me/methods/new?kind=sms") && kinds.contains("/me/methods/new?kind=voice") && kinds.contains("This line has no mail server"), "{kinds}");
        let form = visitor.reads("/me/methods/new?kind=sms").await;
        assert!(form.contains("STOP by text ends it"), "{form}");
        let wrong = visitor.sends("/me/methods/new", &[("kind", "sms"), ("label", "night phone"), ("address", "555 0175"), ("uses", "crisis")]).await;
        wrong.expect_refused("This is no phone number.");
        for kept in ["value=\"night phone\"", "value=\"555 0175\"", "value=\"crisis\" selected", "id=\"address-wrong\"", "aria-invalid"] {
            assert!(wrong.page.contains(kept), "{kept}: {}", wrong.page);
        }
        let added = visitor.sends("/me/methods/new", &[("kind", "sms"), ("label", "night phone"), ("address", NEW), ("uses", "all")]).await;
        added.expect_done("a code is on its way there");
        assert!(!added.page.contains("5550175") && added.page.contains("number ending in 75"), "{}", added.page);
        let heard = world.phone(NEW).inbox();
        let to = link(&visitor.reads("/me").await, "/me/methods/");
        visitor.sends(&format!("{to}/code"), &[("code", "12")]).await.expect_refused("Tries that are left: 4.");
        visitor.sends(&format!("{to}/code"), &[("code", code_in(&heard[0]))]).await.expect_done("It is verified");
        world.advance(minutes(1)).await;
        visitor.sends(&format!("{to}/test"), &[]).await.expect_done("A test page is on its way.");
        assert!(visitor.reads(&to).await.contains("It arrived"));
        visitor.sends(&format!("{to}/test"), &[]).await.expect_refused("less than a minute ago");
        visitor.sends(&format!("{to}/arrived"), &[]).await.expect_done("the test arrived");
        visitor.sends(&to, &[("label", ""), ("uses", "all")]).await.expect_refused("Give it a name");
        visitor.sends(&to, &[("label", "day phone"), ("uses", "other")]).await.expect_done("The change is kept.");
        visitor.sends(&format!("{to}/off"), &[]).await.expect_done("switched off");
        visitor.sends(&format!("{to}/on"), &[]).await.expect_done("switched on");
        let asked = visitor.reads(&format!("{to}/remove")).await;
        assert!(asked.contains("Remove “day phone”?") && asked.contains("no page would arrive"), "{asked}");
        visitor.sends(&format!("{to}/remove"), &[]).await.expect_done("It is removed.");
        assert_eq!(visitor.opens(&to).await.0, StatusCode::NOT_FOUND);
    }

    async fn hours_are_set_and_what_was_typed_is_kept(world: World) {
        let first = world.a_person("First", FIRST).await;
        let visitor = world.visitor(&first).await;
        let wrong = visitor.sends("/me/hours", &[("zone", "Berlin"), ("quiet_from", "22:00"), ("quiet_until", "07:00")]).await;
        wrong.expect_refused("There is no time zone “Berlin”.");
        assert!(wrong.page.contains("value=\"Berlin\"") && wrong.page.contains("value=\"22:00\""), "{}", wrong.page);
        visitor.sends("/me/hours", &[("zone", ""), ("quiet_from", "22"), ("quiet_until", "")]).await.expect_refused("Write both times of quiet hours");
        visitor.sends("/me/hours", &[("zone", "Europe/Berlin"), ("quiet_from", "22:00"), ("quiet_until", "07:00")]).await.expect_done("Hours and time zone are kept.");
        let page = visitor.reads("/me").await;
        assert!(page.contains("Europe/Berlin") && page.contains("22:00 – 07:00"), "{page}");
        visitor.sends("/me/hours", &[("zone", ""), ("quiet_from", ""), ("quiet_until", "")]).await.expect_done("Quiet hours: none");
    }

    async fn administrators_look_after_the_ways_of_others_and_supervisors_see_them(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person_as("Night", NIGHT, Role::Supervisor).await;
        let lead = world.a_person_as("Lead", LEAD, Role::Administrator).await;
        let theirs = format!("/people/{}", first.id);
        let seen = world.visitor(&night).await.reads(&theirs).await;
        assert!(seen.contains("number ending in 71") && !seen.contains("/methods/"), "{seen}");
        let supervisor = world.visitor(&night).await;
        assert_eq!(supervisor.opens(&format!("{theirs}/methods/new")).await.0, StatusCode::FORBIDDEN);
        let administrator = world.visitor(&lead).await;
        let page = administrator.reads(&theirs).await;
        let method = link(&page, &format!("{theirs}/methods/"));
        administrator.sends(&format!("{method}/off"), &[]).await.expect_done("switched off");
        administrator.sends(&format!("{theirs}/hours"), &[("zone", "Europe/Berlin")]).await.expect_done("are kept");
        administrator.sends(&format!("{theirs}/methods/new"), &[("kind", "webhook"), ("label", "push"), ("address", "http://push.example.org/x"), ("preset", "ntfy")]).await.expect_refused("it is not https");
        let made = administrator.sends(&format!("{theirs}/methods/new"), &[("kind", "webhook"), ("label", "push"), ("address", "https://push.example.org/x"), ("preset", "json")]).await;
        assert!(made.status == StatusCode::OK && made.page.contains("whsec_") && made.page.contains("is shown this once"), "{}", made.page);
        let of_night = Uuid::nil();
        assert_eq!(administrator.opens(&format!("/people/{of_night}/methods/new")).await.0, StatusCode::NOT_FOUND);
        let own = world.visitor(&first).await;
        let foreign = method.replace(&theirs, "/me");
        assert_eq!(own.opens(&foreign).await.0, StatusCode::OK, "it is theirs");
        assert_eq!(world.visitor(&night).await.opens(&foreign).await.0, StatusCode::NOT_FOUND, "and nobody else's");
    }

    async fn shifts_and_swaps_stand_on_ones_own_page(world: World) {
        let first = world.a_person("First", FIRST).await;
        let night = world.a_person("Night", NIGHT).await;
        let schedule = a_shift(&world, &first, 2, 8).await;
        world.settle().await;
        let visitor = world.visitor(&first).await;
        assert!(visitor.reads("/me").await.contains("today 02:00 – 08:00"));
        visitor.sends("/me/shift", &[]).await.expect_refused("You are not asked to take a shift now.");
        let at = |hours: u64| When::At(world.now().plus(minutes(60 * hours)));
        let offer = SwapDraft { schedule, asked_of: night.id, gives: (at(2), at(8)), takes: None };
        let swap = world.app.rota.swap(&first, SwapAct::Offer(offer)).await.unwrap().unwrap();
        assert!(visitor.reads("/me").await.contains("You asked Night"));
        let other = world.visitor(&night).await;
        assert!(other.reads("/me").await.contains("First asks you"));
        other.sends(&format!("/on-call/swaps/{swap}/accept"), &[]).await.expect_done("The swap is made");
        assert!(other.reads("/me").await.contains("today 02:00 – 08:00"));
        world.jump(minutes(120)).await;
        assert!(other.reads("/me").await.contains("Your shift on Night 2 has begun"));
        assert!(other.reads("/").await.contains("<strong>Your shift has begun.</strong> <a href=\"/shift\">"));
        let page = other.reads("/shift").await;
        assert!(page.contains("Take the shift") && page.contains("one method only") && page.contains("data-alarm-test"), "{page}");
        let taken = other.sends("/me/shift", &[("from", "shift")]).await;
        taken.expect_done("the shift is yours");
        let page = other.reads("/shift").await;
        assert!(!page.contains("Take the shift") && page.contains("you are on call"), "{page}");
        assert!(!other.reads("/").await.contains("Your shift has begun"));
        assert!(!other.reads("/me").await.contains("Take the shift"));
    }

    async fn the_address_of_the_calendar_is_shown_once_and_taken_back(world: World) {
        let first = world.a_person("First", FIRST).await;
        let visitor = world.visitor(&first).await;
        let shown = visitor.sends("/me/calendar/renew", &[]).await;
        assert_eq!(shown.status, StatusCode::OK);
        let path = link(&shown.page, "/on-call/feed/");
        let path = path.split(['<', '"']).next().unwrap().to_owned();
        assert!(path.strip_suffix(".ics").is_some() && shown.page.contains("webcal://line.example.org/on-call/feed/"), "{path}");
        assert_eq!(world.get(&path).await.0, StatusCode::OK);
        assert!(!visitor.reads("/me").await.contains("/on-call/feed/"));
        visitor.sends("/me/calendar/revoke", &[]).await.expect_done("does not work any more");
        assert_eq!(world.get(&path).await.0, StatusCode::NOT_FOUND);
    }

    async fn a_phone_that_texted_stop_says_how_it_is_opened_again(world: World) {
        let first = world.a_person("First", FIRST).await;
        world.phone(FIRST).texts("STOP").await;
        let visitor = world.visitor(&first).await;
        let page = visitor.reads("/me").await;
        assert!(page.contains("texted STOP"), "{page}");
        let method = visitor.reads(&link(&page, "/me/methods/")).await;
        assert!(method.contains("Text START from it to the line"), "{method}");
        let by = By::Staff(first.clone());
        let quiet = Quiet { from: 60, until: 120 };
        world.app.people.act(by.clone(), first.id, Act::Hours(String::new(), Some(quiet))).await.unwrap().unwrap();
        world.app.people.act(by, first.id, Act::Add(draft(Channel::Sms, NEW))).await.unwrap().unwrap();
        assert!(visitor.reads("/me").await.contains("01:00 – 02:00"));
    }
}
