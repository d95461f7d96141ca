//! A person's own calendar, as any calendar program subscribes to it (RFC 5545). Whoever has its address
//! reads it: nothing stands in it but when its owner is on call, and where. Floor 4.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use icalendar::{Calendar, Component as _, Event, Property};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::Doors;
use super::access::{Access, Routes};
use super::error::PageError;
use crate::clock::At;
use crate::rota::{Agenda, Time};

/// How the address ends: some programs want to see that it is a calendar.
const ENDING: &str = ".ics";
/// How often a program should look again (RFC 7986 section 5.7): a swap is known within the hour.
const LOOK_AGAIN: &str = "PT1H";

pub(super) fn routes() -> Routes {
    // The token in the address is the proof.
    Routes::new().get("/on-call/feed/{file}", Access::Open, feed)
}

async fn feed(
    State(doors): State<Doors>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let token = file.strip_suffix(ENDING).ok_or(PageError::NotFound)?;
    let agenda = doors.rota.agenda(token).await?;
    let agenda = agenda.ok_or(PageError::NotFound)?;
    let tag = tag(&agenda);
    let about = [
        (ETAG, tag.clone()),
        (CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|known| known.as_bytes() == tag.as_bytes())
    {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let calendar = Feed {
        line: &doors.accounts.line,
        url: &doors.public_url,
        now: doors.clock.now(),
    };
    let kind = [(CONTENT_TYPE, "text/calendar; charset=utf-8")];
    Ok((about, kind, calendar.of(&agenda)).into_response())
}

/// The same for the same times: a weak tag, since the time at which it was made stands in every answer.
fn tag(agenda: &Agenda) -> String {
    let mut hash = Sha256::new();
    for Time {
        schedule,
        name,
        from,
        until,
    } in &agenda.times
    {
        hash.update(schedule);
        hash.update(from.0.to_be_bytes());
        hash.update(until.0.to_be_bytes());
        hash.update(name);
        hash.update([0]);
    }
    format!("W/\"{}\"", hex::encode(&hash.finalize()[..16]))
}

/// What a calendar says of the line that it is of.
struct Feed<'a> {
    line: &'a str,
    url: &'a str,
    now: At,
}

impl Feed<'_> {
    fn of(&self, agenda: &Agenda) -> String {
        let mut calendar = Calendar::empty();
        for (name, value) in [
            ("VERSION", "2.0"),
            ("PRODID", "-//Harborline//On call//EN"),
            ("CALSCALE", "GREGORIAN"),
        ] {
            calendar.append_property(Property::new(name, value));
        }
        calendar.name(&format!("On call, {}", self.line));
        let interval = Property::new("REFRESH-INTERVAL", LOOK_AGAIN)
            .add_parameter("VALUE", "DURATION")
            .done();
        calendar.append_property(interval);
        calendar.append_property(Property::new("X-PUBLISHED-TTL", LOOK_AGAIN));
        for time in &agenda.times {
            calendar.push(self.event(agenda, time));
        }
        calendar.to_string()
    }

    fn event(&self, agenda: &Agenda, time: &Time) -> Event {
        let host = self
            .url
            .split_once("://")
            .map_or(self.url, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        // The same as long as it begins at the same time: when it ends may change.
        let id = format!(
            "{}-{}-{}@{host}",
            time.schedule.simple(),
            agenda.staff.simple(),
            time.from.0
        );
        Event::new()
            .uid(&id)
            .add_property("DTSTAMP", utc(self.now))
            .add_property("DTSTART", utc(time.from))
            .add_property("DTEND", utc(time.until))
            .summary(&format!("On call: {}", time.name))
            .url(&format!("{}/on-call", self.url))
            // It is said aloud by the phone: being on call leaves room for everything else.
            .add_property("TRANSP", "TRANSPARENT")
            .done()
    }
}

/// A moment in UTC: there is no zone to be misread, whatever the wall does in spring and autumn.
fn utc(at: At) -> String {
    let moment = Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn agenda(times: &[(i64, i64)]) -> Agenda {
        let time = |(from, until): &(i64, i64)| Time {
            schedule: Uuid::from_u128(7),
            name: "Night, weekends; holidays".to_owned(),
            from: At(1_767_225_600_000 + from * 3_600_000),
            until: At(1_767_225_600_000 + until * 3_600_000),
        };
        Agenda {
            staff: Uuid::from_u128(5),
            times: times.iter().map(time).collect(),
        }
    }

    fn written(agenda: &Agenda, now: i64) -> String {
        Feed {
            line: "Example Line",
            url: "https://line.example.org:8443",
            now: At(now),
        }
        .of(agenda)
    }

    #[test]
    fn a_time_is_an_event_in_utc_whose_id_stays_when_its_end_moves() {
        let before = written(&agenda(&[(8, 12)]), 1_767_225_600_000);
        for line in [
            "DTSTAMP:20260101T000000Z",
            "DTSTART:20260101T080000Z",
            "DTEND:20260101T120000Z",
            r"SUMMARY:On call: Night\, weekends\; holidays",
            "TRANSP:TRANSPARENT",
        ] {
            assert!(
                before.contains(&format!("\r\n{line}\r\n")),
                "no {line} in {before}"
            );
        }
        let id = |text: &str| {
            let unfolded = text.replace("\r\n ", "");
            let mut lines = unfolded.lines().map(str::to_owned);
            lines.find(|line| line.starts_with("UID:")).unwrap()
        };
        assert!(
            id(&before).ends_with("@line.example.org"),
            "{}",
            id(&before)
        );
        assert_eq!(id(&before), id(&written(&agenda(&[(8, 13)]), 0)));
        assert_ne!(id(&before), id(&written(&agenda(&[(9, 12)]), 0)));
    }

    #[test]
    fn the_tag_is_that_of_the_times_and_not_of_the_moment() {
        assert_eq!(tag(&agenda(&[(8, 12)])), tag(&agenda(&[(8, 12)])));
        assert_ne!(tag(&agenda(&[(8, 12)])), tag(&agenda(&[(8, 13)])));
        assert_ne!(tag(&agenda(&[])), tag(&agenda(&[(8, 12)])));
    }
}
