//! Drills: what was held and how it went, when the next ones are, starting one, and the report of one.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::form::{Choice, Sent, Wrong};
use super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::readiness::Mark;
use super::when::Wall;
use crate::drill::{Planned, Wish};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::drill::{Measured, limit, took};
use crate::oncall::{DrillOutcome, Until, Variant};
use crate::staff::Permission;
use crate::store::Drill;

/// How many drills are listed.
const LATEST: u16 = 50;

pub(super) fn routes() -> Routes {
    let run = Access::May(Permission::RunDrills);
    Routes::new()
        .get("/drills", run, list)
        // Real phones ring: whoever starts a drill proves who they are.
        .get("/drills/new", run, new)
        .confirmed()
        .post("/drills/new", run, start)
        .confirmed()
        .at(Pace::Send)
        .get("/drills/{id}", run, page)
        .get("/drills/{id}/report", run, fragment)
        .post("/drills/{id}/stop", run, stop)
}

#[derive(Template)]
#[template(path = "pages/drills.html")]
struct ListPage {
    frame: Frame,
    zone: String,
    drills: Vec<Row>,
    planned: Vec<Entry>,
    /// What failed last time, with its incident.
    failing: Vec<(String, Uuid)>,
    /// Why none can begin now; empty when one can.
    hindrance: String,
}

/// A drill in the list.
struct Row {
    id: Uuid,
    variant: String,
    mark: Mark,
    when: String,
    by: String,
    dry_run: bool,
    why: String,
}

/// A drill that is held by itself.
struct Entry {
    name: String,
    dry_run: bool,
    next: String,
    missed: bool,
}

impl Row {
    fn new(drill: &Drill, wall: &Wall) -> Self {
        Self {
            id: drill.id,
            variant: said(drill.variant.name()),
            mark: mark_of(drill),
            when: wall.moment(drill.started_at),
            by: by(drill),
            dry_run: drill.dry_run,
            why: drill.report.why.as_deref().map_or_else(String::new, said),
        }
    }
}

impl Entry {
    fn new(planned: Planned, wall: &Wall) -> Self {
        Self {
            next: planned
                .next
                .map_or_else(String::new, |next| wall.moment(next)),
            name: planned.entry.name,
            dry_run: planned.entry.dry_run,
            missed: planned.missed,
        }
    }
}

fn by(drill: &Drill) -> String {
    match drill.asked_by.as_str() {
        "cli" => tr!("the command line"),
        other => other.to_owned(),
    }
}

fn mark_of(drill: &Drill) -> Mark {
    match drill.outcome {
        None => Mark {
            class: "plain",
            word: phrase!("going on"),
        },
        Some(DrillOutcome::Passed) => Mark {
            class: "good",
            word: phrase!("passed"),
        },
        Some(DrillOutcome::Failed) => Mark {
            class: "bad",
            word: phrase!("failed"),
        },
        Some(DrillOutcome::CalledOff) => Mark {
            class: "care",
            word: phrase!("called off"),
        },
    }
}

async fn list(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let overview = doors.drills.overview(LATEST).await?;
    let wall = wall(&doors, &visit).await?;
    let running = overview.drills.iter().any(|drill| drill.outcome.is_none());
    let page = ListPage {
        frame: visit.frame(&doors, Section::Drills),
        zone: wall.name(),
        drills: overview
            .drills
            .iter()
            .map(|one| Row::new(one, &wall))
            .collect(),
        planned: overview
            .planned
            .into_iter()
            .map(|one| Entry::new(one, &wall))
            .collect(),
        failing: overview
            .failing
            .into_iter()
            .map(|(one, incident)| (said(one.name()), incident))
            .collect(),
        hindrance: match overview.waiting {
            _ if running => tr!("A drill is going on."),
            Some(1) => {
                tr!("A real case waits for a person. No drill begins before somebody has it.")
            }
            Some(cases) => tr!(
                "{cases} real cases wait for a person. No drill begins before somebody has them.",
                cases
            ),
            None => String::new(),
        },
    };
    visit.show(&doors, &page)
}

async fn wall(doors: &Doors, visit: &Visit) -> Result<Wall, PageError> {
    let mut tx = doors.store.read().await?;
    Ok(Wall::of(&mut tx, &visit.me, doors.clock.now()).await?)
}

#[derive(Template)]
#[template(path = "pages/drill_form.html")]
struct FormPage {
    frame: Frame,
    variants: Vec<Kind>,
    until: Vec<Choice>,
    dry_run: bool,
    anyway: bool,
    wrong: Wrong,
}

/// A variant, to choose.
struct Kind {
    value: &'static str,
    name: String,
    shows: String,
    chosen: bool,
}

impl FormPage {
    fn new(visit: &Visit, doors: &Doors, sent: &Sent, wrong: Wrong) -> Self {
        let (variant, until) = chosen(sent);
        let kind = |one: Variant| Kind {
            value: one.word(),
            name: said(one.name()),
            shows: said(one.shows()),
            chosen: one == variant,
        };
        let steps = [
            (Until::Acknowledged, tr!("somebody answers the page")),
            (Until::Claimed, tr!("somebody claims the conversation")),
            (Until::Answered, tr!("somebody writes to the texter")),
        ];
        let step = |(one, words): (Until, String)| Choice::new(&one.word(), &words, one == until);
        Self {
            frame: visit.frame(doors, Section::Drills),
            variants: Variant::ALL.map(kind).into(),
            until: steps.map(step).into(),
            dry_run: !sent.get("dry_run").is_empty(),
            anyway: !sent.get("anyway").is_empty(),
            wrong,
        }
    }
}

/// What a form asks for; what it does not say is the whole loop.
fn chosen(sent: &Sent) -> (Variant, Until) {
    let variant = sent.get("variant");
    let until = sent.get("until");
    let mut variants = Variant::ALL.into_iter();
    let mut steps = Until::ALL.into_iter();
    (
        variants
            .find(|one| one.word() == variant)
            .unwrap_or_default(),
        steps.find(|one| one.word() == until).unwrap_or_default(),
    )
}

async fn new(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = FormPage::new(&visit, &doors, &Sent::default(), Wrong::default());
    visit.show(&doors, &page)
}

async fn start(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let (variant, until) = chosen(&sent);
    let wish = Wish {
        variant,
        until,
        dry_run: !sent.get("dry_run").is_empty(),
        limit: None,
        anyway: !sent.get("anyway").is_empty(),
        by: visit.me.login.clone(),
    };
    match doors.drills.ask(wish).await? {
        Ok(id) => Ok(done(&doors, &format!("/drills/{id}"), Notice::DrillAsked)),
        Err(why) => {
            let wrong = Wrong::with("", &format!("{}.", said(why)));
            refused(&FormPage::new(&visit, &doors, &sent, wrong))
        }
    }
}

#[derive(Template)]
#[template(path = "pages/drill.html", blocks = ["report"])]
struct ReportPage {
    frame: Frame,
    id: Uuid,
    zone: String,
    /// When the page was made: it may be read on paper.
    made: String,
    row: Row,
    running: bool,
    case: String,
    way: String,
    /// The open incident of a drill that failed.
    incident: Option<Uuid>,
    steps: Vec<Line>,
    timeline: Vec<Moment>,
}

/// A step, in words.
struct Line {
    expected: String,
    what: String,
    mark: Mark,
    took: String,
    within: String,
}

/// A moment of the timeline.
struct Moment {
    at: String,
    after: String,
    what: String,
}

impl Line {
    fn new(step: &Measured, over: bool) -> Self {
        let word = step.word(over);
        let class = match word {
            "ok" => "good",
            "waiting" => "plain",
            _ => "bad",
        };
        Self {
            expected: said(&step.expected),
            what: step.what.as_deref().map_or_else(String::new, said),
            mark: Mark { class, word },
            took: step.took_ms.map_or_else(String::new, took),
            within: limit(step.within_ms),
        }
    }
}

async fn load(doors: &Doors, visit: &Visit, id: Uuid) -> Result<ReportPage, PageError> {
    let report = doors.drills.report(id).await?;
    let report = report.ok_or(PageError::NotFound)?;
    let (drill, wall) = (report.drill, wall(doors, visit).await?);
    let over = drill.outcome.is_some();
    let since = drill.report.text_at.unwrap_or(drill.started_at);
    let timeline = drill.report.timeline.iter().map(|event| Moment {
        at: wall.second(event.at),
        after: took((event.at.0 - since.0).max(0)),
        what: said(&event.what),
    });
    Ok(ReportPage {
        frame: visit.frame(doors, Section::Drills),
        id,
        zone: wall.name(),
        made: wall.exact(wall.now()),
        row: Row::new(&drill, &wall),
        running: !over,
        case: drill.report.case.clone().unwrap_or_default(),
        way: drill.report.way.clone().unwrap_or_default(),
        incident: report.incident,
        steps: drill
            .report
            .steps
            .iter()
            .map(|step| Line::new(step, over))
            .collect(),
        timeline: timeline.collect(),
    })
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id).await?;
    visit.show(&doors, &page)
}

async fn fragment(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Html<String>, PageError> {
    Ok(Html(load(&doors, &visit, id).await?.as_report().render()?))
}

async fn stop(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let why = format!("{} stopped it", visit.me.name);
    if !doors.drills.call_off(id, &why).await? && doors.drills.report(id).await?.is_none() {
        return Err(PageError::NotFound);
    }
    Ok(done(&doors, &format!("/drills/{id}"), Notice::DrillStopped))
}
