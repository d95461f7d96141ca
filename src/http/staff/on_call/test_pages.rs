//! Test pages: they are sent from here, answered here by who opens the link in one, and listed with what
//! came of them.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::super::form::Sent;
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::readiness::{Mark, Row, channel};
use super::super::rights::may_test;
use super::super::when::{Wall, wait};
use super::VIEW;
use crate::clock::At;
use crate::delivery::Delivery;
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::{PageTest, Person, TestAnswer};
use crate::page_tests::{Refused, Tested};
use crate::staff::Permission;
use crate::store::{OutboxState, TestedMethod};

/// How many tests are listed.
const LISTED: u16 = 20;

pub(super) fn routes() -> Routes {
    // A responder may test themselves: who else may, is asked for each.
    Routes::new()
        .get("/on-call/tests", VIEW, page)
        .post("/on-call/tests", VIEW, send)
        .at(Pace::Send)
        .get("/on-call/tests/board", VIEW, fragment)
        .get("/on-call/tests/{id}", VIEW, one)
        .post("/on-call/tests/{id}", VIEW, answer)
}

#[derive(Template)]
#[template(path = "pages/page_tests.html", blocks = ["board"])]
struct TestsPage {
    frame: Frame,
    zone: String,
    problem: String,
    /// Whether others may be tested, and whoever is on call.
    may_test_others: bool,
    wake: bool,
    people: Vec<Row>,
    tests: Vec<Line>,
}

/// A test, in words.
struct Line {
    who: String,
    by: String,
    when: String,
    mark: Mark,
    outcome: String,
    methods: Vec<String>,
}

/// What tests are told from.
struct Look<'a> {
    people: &'a BTreeMap<Uuid, Person>,
    methods: &'a [TestedMethod],
    wall: &'a Wall,
}

impl Look<'_> {
    fn name(&self, id: Uuid) -> String {
        let person = self.people.get(&id);
        person.map_or_else(|| tr!("somebody who left"), |one| one.name.clone())
    }

    fn line(&self, test: &PageTest) -> Line {
        let (mark, outcome) = outcome(test, self.wall.now());
        let of_it = self.methods.iter().filter(|one| one.test_id == test.id);
        Line {
            who: self.name(test.staff_id),
            by: self.name(test.asked_by),
            when: self.wall.moment(test.asked_at),
            mark,
            outcome,
            methods: of_it.map(|one| self.method(test, one)).collect(),
        }
    }

    /// One page of a test, as in "text: delivered, answered".
    fn method(&self, test: &PageTest, tested: &TestedMethod) -> String {
        let person = self.people.get(&test.staff_id);
        let method = person.and_then(|person| {
            let mut methods = person.methods.iter();
            methods.find(|one| Some(one.id) == tested.method_id)
        });
        let answered = method.is_some_and(|one| one.tested_at >= Some(test.asked_at));
        let way = said(channel(tested.channel));
        let how_far = how_far(tested);
        if answered && test.answered.is_some() {
            tr!("{way}: {how_far}, answered", way, how_far)
        } else {
            format!("{way}: {how_far}")
        }
    }
}

fn how_far(tested: &TestedMethod) -> String {
    match (tested.state, tested.delivery) {
        (OutboxState::Queued, _) => tr!("on its way"),
        (OutboxState::Awaiting, _) => tr!("sent, not confirmed"),
        (OutboxState::Accepted, Some(Delivery::Delivered)) => tr!("delivered"),
        (OutboxState::Accepted, Some(Delivery::Failed)) | (OutboxState::Failed, _) => {
            tr!("not delivered")
        }
        (OutboxState::Accepted, _) => tr!("sent"),
        (OutboxState::OptedOut, _) => tr!("blocked, they sent STOP"),
        (OutboxState::Withdrawn, _) => tr!("not sent"),
    }
}

/// What came of a test: a word, a shape and a colour, and a sentence.
fn outcome(test: &PageTest, now: At) -> (Mark, String) {
    match test.answered {
        Some((at, how)) => {
            let how = match how {
                TestAnswer::Text => tr!("by text"),
                TestAnswer::Key => tr!("by a key"),
                TestAnswer::Page => tr!("on the page"),
            };
            let mark = Mark {
                class: "good",
                word: phrase!("answered"),
            };
            (
                mark,
                tr!("{how}, after {wait}", how, wait = wait(test.asked_at, at)),
            )
        }
        None if test.is_waited_for(now) => {
            let mark = Mark {
                class: "care",
                word: phrase!("waiting"),
            };
            (mark, tr!("for {wait}", wait = wait(test.asked_at, now)))
        }
        None => {
            let mark = Mark {
                class: "bad",
                word: phrase!("no answer"),
            };
            (mark, tr!("a page may not reach them"))
        }
    }
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    (problem, wake): (String, bool),
) -> Result<TestsPage, PageError> {
    let now = doors.clock.now();
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    let people = tx.people().await?;
    let tests = tx.page_tests(LISTED).await?;
    let since = tests.iter().map(|one| one.asked_at).min();
    let methods = match since {
        Some(since) => tx.tested_methods(since).await?,
        None => Vec::new(),
    };
    drop(tx);
    let testable = people.iter().filter(|one| may_test(&visit.me, one.id));
    let rows = testable.map(|one| Row::new(one, &wall, now)).collect();
    let people = people.into_iter().map(|one| (one.id, one)).collect();
    let look = Look {
        people: &people,
        methods: &methods,
        wall: &wall,
    };
    Ok(TestsPage {
        frame: visit.frame(doors, Section::OnCall),
        zone: wall.name(),
        problem,
        may_test_others: visit.me.role.may(Permission::OverrideOnCall),
        wake,
        people: rows,
        tests: tests.iter().map(|test| look.line(test)).collect(),
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit, (String::new(), false)).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    let page = load(&doors, &visit, (String::new(), false)).await?;
    Ok(Html(page.as_board().render()?))
}

async fn send(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let wake = sent.get("wake") == "yes";
    let tested = match sent.id("who") {
        Some(id) if may_test(&visit.me, id) => Some(Tested::Person(id)),
        // Whom they may not test is nobody to them.
        Some(_) => return Err(PageError::NotFound),
        None if sent.get("who") == "on-call" => {
            if !visit.me.role.may(Permission::OverrideOnCall) {
                return Err(PageError::NotFound);
            }
            Some(Tested::OnCall)
        }
        None => None,
    };
    let why = match tested {
        None => Refused::Unknown,
        Some(tested) => match doors.page_tests.send(&visit.me, tested, wake).await? {
            Ok(_) => return Ok(done(&doors, "/on-call/tests", Notice::PageTestSent)),
            Err(why) => why,
        },
    };
    refused(&load(&doors, &visit, (said(why), wake)).await?)
}

#[derive(Template)]
#[template(path = "pages/page_test.html")]
struct TestPage {
    frame: Frame,
    by: String,
    when: String,
    answered: bool,
    problem: String,
}

/// The page of a test that was sent to who looks.
async fn theirs(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    problem: String,
) -> Result<TestPage, PageError> {
    let now = doors.clock.now();
    let mut tx = doors.store.read().await?;
    let test = tx.page_test(id).await?;
    let test = test.filter(|one| one.staff_id == visit.me.id);
    let test = test.ok_or(PageError::NotFound)?;
    let by = tx.staff_name(test.asked_by).await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    Ok(TestPage {
        frame: visit.frame(doors, Section::OnCall),
        by: by.unwrap_or_else(|| tr!("Somebody")),
        when: format!("{}, {}", wall.moment(test.asked_at), wall.name()),
        answered: test.answered.is_some(),
        problem,
    })
}

async fn one(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = theirs(&doors, &visit, id, String::new()).await?;
    visit.show(&doors, &page)
}

async fn answer(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    axum::extract::RawQuery(asked): axum::extract::RawQuery,
) -> Result<Response, PageError> {
    // The link of a page names the method that brought it.
    let asked = asked.unwrap_or_default();
    let mut asked = form_urlencoded::parse(asked.as_bytes());
    let method = asked.find(|(name, _)| name == "by");
    let method = method.and_then(|(_, id)| id.parse().ok());
    match doors.page_tests.answer(&visit.me, id, method).await? {
        Ok(()) => Ok(done(&doors, "/on-call/tests", Notice::PageTestAnswered)),
        Err(why) => refused(&theirs(&doors, &visit, id, said(why)).await?),
    }
}
