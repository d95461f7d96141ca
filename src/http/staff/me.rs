//! One's own page: whether pages arrive, by what, when one is on call next, swaps that are offered, and the
//! calendar.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::form::{Choice, Sent, languages};
use super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::methods::{Row, rows};
use super::readiness::{Mark, hours, of_person};
use super::theme;
use super::when::Wall;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::session::Current;
use crate::http::words::{filters, kept, phrase, said, tr};
use crate::locale::Locale;
use crate::oncall::{Duty, Person, Swap};
use crate::rota::Time;

/// How far ahead one's own times are shown.
pub(super) const AHEAD: Duration = Duration::from_hours(14 * 24);
/// How many of them.
const TIMES: usize = 8;

pub(super) fn routes() -> Routes {
    let own = Access::SignedIn;
    Routes::new()
        .get("/me", own, page)
        .post("/me/shift", own, take_shift)
        .post("/me/language", own, choose_language)
        .post("/me/calendar/renew", own, renew)
        .post("/me/calendar/revoke", own, revoke)
}

#[derive(Template)]
#[template(path = "pages/me.html")]
struct MePage {
    frame: Frame,
    zone: String,
    /// Whether a page would arrive.
    mark: Mark,
    /// What to do about it, if anything.
    advice: &'static str,
    methods: Vec<Row>,
    quiet: String,
    /// A shift that one is asked to take.
    asked: Option<Turn>,
    times: Vec<Turn>,
    more: usize,
    swaps: Vec<Offer>,
    has_calendar: bool,
    languages: Vec<Choice>,
    /// How pages can look, in this browser.
    looks: Vec<Choice>,
    /// Whether the browser of this session is told when a case waits.
    told: bool,
    problem: String,
}

/// A time on call, in words.
pub(super) struct Turn {
    pub(super) schedule: String,
    pub(super) when: String,
    pub(super) now: bool,
}

/// A swap that is offered, in words.
struct Offer {
    id: Uuid,
    schedule: String,
    other: String,
    /// Whether one offered it oneself.
    mine: bool,
    gives: String,
    takes: String,
}

#[derive(Template)]
#[template(path = "pages/calendar.html")]
struct CalendarPage {
    frame: Frame,
    url: String,
    webcal: String,
}

pub(super) fn turn(time: &Time, wall: &Wall) -> Turn {
    let now = time.from <= wall.now();
    Turn {
        schedule: time.name.clone(),
        when: if now {
            tr!("until {moment}", moment = wall.moment(time.until))
        } else {
            wall.span(time.from, time.until)
        },
        now,
    }
}

/// The swaps that wait for somebody's word, theirs or another's.
fn offers(
    swaps: &[Swap],
    me: Uuid,
    names: &BTreeMap<Uuid, String>,
    schedules: &BTreeMap<Uuid, String>,
    wall: &Wall,
) -> Vec<Offer> {
    let concerned = |swap: &&Swap| swap.asked_by == me || swap.asked_of == me;
    let offer = |swap: &Swap| {
        let mine = swap.asked_by == me;
        let other = if mine { swap.asked_of } else { swap.asked_by };
        let name = |names: &BTreeMap<Uuid, String>, id, otherwise: String| {
            names.get(&id).cloned().unwrap_or(otherwise)
        };
        let span = |(from, until)| wall.span(from, until);
        Offer {
            id: swap.id,
            schedule: name(
                schedules,
                swap.schedule_id,
                tr!("a schedule that was removed"),
            ),
            other: name(names, other, tr!("Somebody who left")),
            mine,
            gives: span(swap.gives),
            takes: swap.takes.map_or_else(String::new, span),
        }
    };
    swaps.iter().filter(concerned).map(offer).collect()
}

/// What a person is to do so that pages reach them.
pub(super) fn advice(person: &Person) -> &'static str {
    let working = person.methods.iter().filter(|method| method.works());
    match (person.methods.is_empty(), working.count()) {
        (true, _) => {
            phrase!("Nothing reaches you yet. Add a phone, and a second way for when it fails.")
        }
        (false, 0) => phrase!("None of your ways works. Open one, and verify it or switch it on."),
        (false, 1) => {
            phrase!("Add and verify a second way: when this one fails, no page reaches you.")
        }
        _ => "",
    }
}

/// The shift that somebody is asked to take, if they are.
pub(super) fn asked(
    duties: &[Duty],
    me: Uuid,
    schedules: &BTreeMap<Uuid, String>,
    wall: &Wall,
) -> Option<Turn> {
    let asked = duties
        .iter()
        .find(|duty| duty.staff_id == me && duty.is_waiting())?;
    Some(Turn {
        schedule: schedules
            .get(&asked.schedule_id)
            .cloned()
            .unwrap_or_default(),
        when: wall.span(asked.starts_at, asked.ends_at),
        now: true,
    })
}

/// The languages of the interface, to choose from.
fn of_interface(chosen: Option<Locale>) -> Vec<Choice> {
    let browser = tr!("the language of my browser");
    std::iter::once(Choice::new(&"", &browser, chosen.is_none()))
        .chain(languages(chosen))
        .collect()
}

async fn shown(
    doors: &Doors,
    visit: &Visit,
    session: Uuid,
    problem: String,
) -> Result<MePage, PageError> {
    let (me, now) = (visit.me.id, doors.clock.now());
    let profile = doors.people.profile(me).await?.ok_or(PageError::NotFound)?;
    let all = doors.rota.next_times(me, AHEAD).await?;
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    let schedules = tx.schedules(now).await?.into_iter();
    let schedules: BTreeMap<Uuid, String> = schedules.map(|one| (one.id, one.name)).collect();
    let people = tx.people().await?.into_iter();
    let names: BTreeMap<Uuid, String> = people.map(|one| (one.id, one.name)).collect();
    let swaps = tx.swaps_open().await?;
    let duties = tx.duties_open().await?;
    Ok(MePage {
        frame: visit.frame(doors, Section::Account),
        zone: wall.name(),
        mark: of_person(&profile.person, now),
        advice: advice(&profile.person),
        methods: rows(&profile, &wall),
        quiet: hours(&profile.person, &wall),
        asked: asked(&duties, me, &schedules, &wall),
        times: all
            .iter()
            .take(TIMES)
            .map(|time| turn(time, &wall))
            .collect(),
        more: all.len().saturating_sub(TIMES),
        swaps: offers(&swaps, me, &names, &schedules, &wall),
        has_calendar: tx.has_feed(me).await?,
        languages: of_interface(visit.locale),
        looks: theme::choices(visit.theme),
        told: tx.has_push(session).await?,
        problem,
    })
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Current(session): Current,
) -> Result<Response, PageError> {
    let page = shown(&doors, &visit, session.id, String::new()).await?;
    visit.show(&doors, &page)
}

async fn take_shift(
    visit: Visit,
    State(doors): State<Doors>,
    Current(session): Current,
    sent: Sent,
) -> Result<Response, PageError> {
    let back = match sent.get("from") {
        "shift" => "/shift",
        _ => "/me",
    };
    match doors.duties.take(&visit.me).await? {
        Ok(()) => Ok(done(&doors, back, Notice::ShiftTaken)),
        Err(why) => refused(&shown(&doors, &visit, session.id, said(why)).await?),
    }
}

async fn choose_language(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    // What is no language is the choice of none.
    let locale = sent.locale();
    doors.accounts.choose_locale(&visit.me, locale).await?;
    let kept = kept(&doors, locale);
    Ok((kept, done(&doors, "/me", Notice::LanguageKept)).into_response())
}

async fn renew(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let token = doors.rota.renew_feed(&visit.me).await?;
    let url = format!("{}/on-call/feed/{token}.ics", doors.public_url);
    let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let page = CalendarPage {
        frame: visit.frame(&doors, Section::Account),
        webcal: format!("webcal://{rest}"),
        url,
    };
    visit.show(&doors, &page)
}

async fn revoke(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    doors.rota.revoke_feed(&visit.me).await?;
    Ok(done(&doors, "/me", Notice::CalendarRevoked))
}
