//! With the database away, who is on call at that moment is paged, from what was known before.

use harborline::clock::Clock;
use harborline::config::Config;
use harborline::oncall::{Channel, Preset, Shift, Target, Urgency};
use harborline::store::Account;
use jiff::tz::TimeZone;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::faults::Breakable;
use crate::support::mailbox::Mailbox;
use crate::support::wait::until;
use crate::support::world::{DUTY, PUBLIC_URL, SECOND, minutes};
use crate::support::{Engine, World};

const FIRST: &str = "+15550171";
const NIGHT: &str = "+15550172";

/// What this number heard, once it was paged from memory so many times.
async fn heard(world: &World, number: &str, times: usize) -> Vec<String> {
    let pages = world.twilio.heard(number, times).await;
    pages.into_iter().map(|page| page.body).collect()
}

/// A schedule with these shifts, in minutes from now.
async fn with_shifts(world: &World, shifts: &[(&Account, u64, u64)]) -> Target {
    let now = world.clock.now();
    let shifts: Vec<_> = shifts
        .iter()
        .map(|(who, from, until)| (who.id, now.plus(minutes(*from)), now.plus(minutes(*until))))
        .collect();
    let add = world.app.store.write(move |tx| {
        let shifts = shifts.clone();
        Box::pin(async move {
            let schedule = tx
                .add_schedule("Nights", &TimeZone::UTC, now)
                .await?
                .unwrap();
            for (staff_id, starts_at, ends_at) in shifts {
                let id = tx.id(now);
                let shift = Shift {
                    id,
                    staff_id,
                    starts_at,
                    ends_at,
                };
                tx.add_shift(schedule, &shift).await?;
            }
            Ok(schedule)
        })
    });
    Target::Schedule(add.await.unwrap())
}

#[tokio::test]
async fn with_postgresql_stopped_who_is_on_call_then_is_paged_and_after_a_restart_too() {
    let Some(mut server) = Breakable::start().await else {
        return;
    };
    let mut world = World::facing(server.url()).await;
    let first = world.a_person("First", FIRST).await;
    let night = world.a_person("Night", NIGHT).await;
    let nights = with_shifts(&world, &[(&first, 0, 180), (&night, 180, 600)]).await;
    let rungs: &[(u64, u16, &[Target])] = &[(60, 9, &[nights])];
    world.pages_by(&first, Urgency::High, 1, rungs).await;
    assert_eq!(world.app.paging.keep_roster().await.unwrap(), 1);
    assert_eq!(
        world.app.paging.keep_roster().await.unwrap(),
        0,
        "once a minute"
    );
    server.stop();
    let _ = world
        .phone("+15550123")
        .delivers("SM1", "i want to die")
        .await;
    let pages = heard(&world, FIRST, 1).await;
    assert!(pages[0].contains("cannot reach its database"), "{pages:?}");
    for number in [DUTY, SECOND] {
        heard(&world, number, 1).await;
    }
    assert!(world.twilio.sent_to(NIGHT).is_empty());
    // The shift changes while the database is away, and Harborline is started anew without it.
    world.clock.advance(minutes(181));
    world.restart().await;
    assert!(!world.app.store.is_whole());
    assert!(world.app.paging.keep_roster().await.is_err());
    let _ = world
        .phone("+15550124")
        .delivers("SM2", "i want to die")
        .await;
    heard(&world, NIGHT, 1).await;
    heard(&world, DUTY, 2).await;
    heard(&world, FIRST, 1).await;
    let bytes =
        std::fs::read(world.config.spool.directory.with_file_name("roster.sealed")).unwrap();
    assert!(
        !bytes.windows(7).any(|window| window == b"5550171"),
        "sealed"
    );
}

#[tokio::test]
async fn when_nobody_is_on_call_everyone_is_paged() {
    let Some(mut server) = Breakable::start().await else {
        return;
    };
    let world = World::facing(server.url()).await;
    let first = world.a_person("First", FIRST).await;
    let nights = with_shifts(&world, &[(&first, 0, 60)]).await;
    let rungs: &[(u64, u16, &[Target])] = &[(60, 9, &[nights])];
    world.pages_by(&first, Urgency::High, 1, rungs).await;
    world.a_person("Night", NIGHT).await;
    world.app.paging.keep_roster().await.unwrap();
    server.stop();
    world.clock.advance(minutes(61));
    let _ = world
        .phone("+15550123")
        .delivers("SM1", "i want to die")
        .await;
    for number in [FIRST, NIGHT, DUTY] {
        heard(&world, number, 1).await;
    }
}

#[tokio::test]
async fn who_asks_for_a_person_or_may_not_be_safe_is_paged_for_without_the_database() {
    let world = World::on(Engine::Sqlite).await.unwrap();
    let first = world.a_person("First", FIRST).await;
    let rungs: &[(u64, u16, &[Target])] = &[(60, 9, &[Target::Person(first.id)])];
    world.pages_by(&first, Urgency::High, 1, rungs).await;
    world.app.paging.keep_roster().await.unwrap();
    world.app.store.close().await;
    let held = world.phone("+15550123").delivers("SM1", "menu").await;
    assert!(held.unwrap().contains("late"));
    let held = world.phone("+15550124").delivers("SM2", "HUMAN").await;
    assert!(held.unwrap().contains("988"));
    let pages = heard(&world, FIRST, 1).await;
    assert!(
        pages[0].starts_with("Somebody asks for a person"),
        "{pages:?}"
    );
    heard(&world, DUTY, 1).await;
    // One round for all of them; a crisis has one of its own, and stands for the others.
    let _ = world
        .phone("+15550125")
        .delivers("SM3", "im so alone")
        .await;
    let _ = world
        .phone("+15550126")
        .delivers("SM4", "i want to die")
        .await;
    let pages = heard(&world, FIRST, 2).await;
    assert!(pages[1].starts_with("CRISIS"), "{pages:?}");
    world.clock.advance(minutes(1));
    let _ = world.phone("+15550127").delivers("SM5", "HUMAN").await;
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.twilio.sent_to(FIRST).len(), 2);
}

#[tokio::test]
async fn every_method_of_who_is_on_call_is_paged_without_the_database() {
    let mailbox = Mailbox::open().await;
    let receiver = MockServer::start().await;
    let answer = ResponseTemplate::new(200);
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&receiver)
        .await;
    let port = mailbox.port;
    let settings = |config: &mut Config| {
        let section = format!(
            "host = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"pages@line.example.org\""
        );
        config.smtp = Some(toml::from_str(&section).unwrap());
        config.webhooks.allow_private = true;
    };
    let world = World::with(Engine::Sqlite, settings).await.unwrap();
    let first = world.a_person("First", FIRST).await;
    world.a_method(&first, Channel::Voice, None, NIGHT).await;
    world
        .a_method(&first, Channel::Email, None, "first@example.org")
        .await;
    world
        .a_method(
            &first,
            Channel::Webhook,
            Some(Preset::Json),
            &receiver.uri(),
        )
        .await;
    world.app.paging.keep_roster().await.unwrap();
    world.app.store.close().await;
    let _ = world
        .phone("+15550123")
        .delivers("SM1", "i want to die")
        .await;
    heard(&world, FIRST, 1).await;
    let mails = mailbox.come(1).await;
    assert!(mails[0].contains("CRISIS, and Harborline"), "{mails:?}");
    assert!(until(async || !receiver.received_requests().await.unwrap().is_empty()).await);
    let call = world.twilio.rang(NIGHT, 1).await.remove(0);
    // Whoever picks up hears it without the database, too, and no key is asked for.
    let path = call.url.strip_prefix(PUBLIC_URL).unwrap();
    let (status, said) = world.hook(path, &[("CallSid", call.sid.as_str())]).await;
    assert_eq!(status, 200);
    assert!(
        said.contains("Crisis: a text was answered with 9, 8, 8") && !said.contains("<Gather"),
        "{said}"
    );
    // A call of before is told that nothing can be looked up, and may press the key again.
    let before = "/hooks/main/call?ref=01900000-0000-7000-8000-000000000001";
    let (status, said) = world
        .hook(before, &[("CallSid", "CA1"), ("Digits", "1")])
        .await;
    assert_eq!(status, 200);
    assert!(
        said.contains("our database cannot be asked now") && said.contains("<Gather"),
        "{said}"
    );
}
