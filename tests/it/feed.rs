//! A person's own calendar at its address: what stands in it, who reads it, and when it stops.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use harborline::oncall::{Hours, Unit};
use harborline::rota::{Edit, RotationDraft, ScheduleDraft, ShiftDraft, When};
use harborline::store::Account;
use jiff::civil::date;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::oracles::ask;
use crate::support::world::{PUBLIC_URL, minutes, read};
use crate::support::{World, both};

const FIRST: &str = "+15550171";

/// What came back.
struct Answer {
    status: StatusCode,
    tag: String,
    cache: String,
    kind: String,
    body: String,
}

async fn get(world: &World, path: &str, known: Option<&str>) -> Answer {
    let mut request = Request::get(path);
    if let Some(known) = known {
        request = request.header(header::IF_NONE_MATCH, known);
    }
    let response = world.call(request.body(Body::empty()).unwrap()).await;
    let said = |name| {
        let value = response.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let (tag, cache, kind) = (
        said(header::ETAG),
        said(header::CACHE_CONTROL),
        said(header::CONTENT_TYPE),
    );
    let (status, body) = read(response).await;
    Answer {
        status,
        tag,
        cache,
        kind,
        body,
    }
}

/// The address of somebody's calendar, without the server.
async fn address(world: &World, of: &Account) -> String {
    let token = world.app.rota.renew_feed(of).await.unwrap();
    format!("/on-call/feed/{token}.ics")
}

async fn a_schedule(world: &World, by: &Account, name: &str, zone: &str) -> Uuid {
    let draft = ScheduleDraft {
        id: None,
        name: name.to_owned(),
        zone: zone.to_owned(),
    };
    let made = world.app.rota.edit(by, Edit::Schedule(draft)).await;
    made.unwrap().unwrap()
}

/// Every night from 22:00 to 08:00.
async fn nights(world: &World, schedule: Uuid, who: &Account) {
    let draft = RotationDraft {
        id: None,
        schedule,
        name: "Nights".to_owned(),
        unit: Unit::Daily,
        every: 1,
        starts_on: date(2026, 1, 1).at(12, 0, 0, 0),
        weekdays: 0b111_1111,
        hours: Some(Hours {
            from: 22 * 60,
            until: 8 * 60,
        }),
        members: vec![who.id],
    };
    let made = world.app.rota.edit(who, Edit::Rotation(draft)).await;
    made.unwrap().unwrap();
}

/// What the parser of somebody else makes of calendars; `None` (said loudly) when it is not there.
fn parsed(ics: &[&str], zone: &str) -> Option<Vec<Value>> {
    let questions: Vec<Value> = ics
        .iter()
        .map(|ics| json!({"ics": ics, "zone": zone}))
        .collect();
    ask("ical.py", &questions)
}

both! {
    async fn whoever_has_the_address_reads_when_its_owner_is_on_call_and_nothing_else(world: World) {
        let first = world.a_person("First", FIRST).await;
        let schedule = a_schedule(&world, &first, "Nights", "Europe/Berlin").await;
        nights(&world, schedule, &first).await;
        world.phone("+15550123").texts("i want to die").await;
        let path = address(&world, &first).await;
        let calendar = get(&world, &path, None).await;
        assert_eq!((calendar.status, calendar.kind.as_str(), calendar.cache.as_str()), (StatusCode::OK, "text/calendar; charset=utf-8", "private, no-cache"));
        assert!(calendar.body.contains("SUMMARY:On call: Nights\r\n"), "{}", calendar.body);
        assert!(calendar.body.contains("DTSTART:20260101T210000Z\r\n"), "{}", calendar.body);
        for other in ["First", FIRST, "5550123", "case", "A3"] {
            assert!(!calendar.body.contains(other), "{other} stands in {}", calendar.body);
        }
        let again = get(&world, &path, Some(&calendar.tag)).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        world.jump(minutes(60)).await;
        assert_eq!(get(&world, &path, Some(&calendar.tag)).await.status, StatusCode::NOT_MODIFIED, "the same times, an hour later");
        let starts = When::At(world.now().plus(minutes(60 * 8 + 30)));
        let ends = When::At(world.now().plus(minutes(60 * 10)));
        let shift = Edit::Shift(ShiftDraft { id: None, schedule, staff: first.id, starts, ends });
        world.app.rota.edit(&first, shift).await.unwrap().unwrap();
        assert_eq!(get(&world, &path, Some(&calendar.tag)).await.status, StatusCode::OK, "another time is another calendar");
    }

    async fn an_address_that_is_nobodys_is_not_there(world: World) {
        let first = world.a_person("First", FIRST).await;
        let path = address(&world, &first).await;
        assert_eq!(get(&world, &path, None).await.status, StatusCode::OK);
        for wrong in ["/on-call/feed/x.ics", "/on-call/feed/.ics", path.strip_suffix(".ics").unwrap(), &format!("{path}x")] {
            assert_eq!(get(&world, wrong, None).await.status, StatusCode::NOT_FOUND, "{wrong}");
        }
        let renewed = address(&world, &first).await;
        assert_eq!(get(&world, &path, None).await.status, StatusCode::NOT_FOUND, "a new address takes the place of the old one");
        world.damage("UPDATE staff SET locked_at = 1").await;
        assert_eq!(get(&world, &renewed, None).await.status, StatusCode::NOT_FOUND);
        world.damage("UPDATE staff SET locked_at = NULL").await;
        world.app.rota.revoke_feed(&first).await.unwrap();
        assert_eq!(get(&world, &renewed, None).await.status, StatusCode::NOT_FOUND);
        let token = renewed.rsplit('/').next().unwrap().strip_suffix(".ics").unwrap().to_owned();
        assert!(token.len() >= 43, "256 bits cannot be guessed");
        let kept = world.count("SELECT COUNT(*) FROM audit_log WHERE action LIKE 'feed.%' AND detail <> '{}'").await;
        assert_eq!(kept, 0, "the address stands in no log");
    }

    async fn a_time_that_goes_on_for_weeks_is_the_same_event_each_day(world: World) {
        let first = world.a_person("First", FIRST).await;
        let schedule = a_schedule(&world, &first, "Always", "UTC").await;
        let (starts, ends) = (When::At(world.now()), When::At(world.now().plus(minutes(60 * 24 * 200))));
        let shift = Edit::Shift(ShiftDraft { id: None, schedule, staff: first.id, starts, ends });
        world.app.rota.edit(&first, shift).await.unwrap().unwrap();
        let path = address(&world, &first).await;
        let id = async || {
            let body = get(&world, &path, None).await.body.replace("\r\n ", "");
            let ids: Vec<String> = body.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect();
            assert_eq!(ids.len(), 1, "{body}");
            ids[0].clone()
        };
        let before = id().await;
        assert!(before.ends_with(&format!("@{}", PUBLIC_URL.strip_prefix("https://").unwrap())), "{before}");
        for _ in 0..3 {
            world.clock.advance(minutes(60 * 24 * 20));
            assert_eq!(id().await, before);
        }
    }

    async fn another_parser_reads_the_same_times_when_the_clock_changes(world: World) {
        // A name that has to be escaped and folded.
        let name = "Nächte, Wochenenden; und „Feiertage“ im Bezirk, der länger heißt als eine Zeile";
        let first = world.a_person("First", FIRST).await;
        let schedule = a_schedule(&world, &first, name, "Europe/Berlin").await;
        nights(&world, schedule, &first).await;
        let path = address(&world, &first).await;
        // The spring of 2026 lies within three months; autumn does not.
        let spring = get(&world, &path, None).await.body;
        world.clock.advance(minutes(60 * 24 * 250));
        let autumn = get(&world, &path, None).await.body;
        let Some(calendars) = parsed(&[&spring, &autumn], "Europe/Berlin") else { return };
        for (calendar, day, hours) in [
            (&calendars[0], "2026-03-28T22:00:00+01:00", 9.0),
            (&calendars[0], "2026-03-29T22:00:00+02:00", 10.0),
            (&calendars[1], "2026-10-24T22:00:00+02:00", 11.0),
            (&calendars[1], "2026-10-25T22:00:00+01:00", 10.0),
        ] {
            assert_eq!((&calendar["name"], &calendar["errors"]), (&json!("On call, Example Line"), &json!([])));
            let events = calendar["events"].as_array().unwrap();
            let night = events.iter().find(|event| event["starts"] == day);
            let night = night.unwrap_or_else(|| panic!("no night from {day} in {events:#?}"));
            assert_eq!((&night["hours"], &night["summary"]), (&json!(hours), &json!(format!("On call: {name}"))));
            assert!(night["ends"].as_str().unwrap().contains("T08:00:00"), "{night}");
            let ids: std::collections::BTreeSet<&str> = events.iter().map(|event| event["uid"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), events.len(), "each has an id of its own");
        }
    }
}
