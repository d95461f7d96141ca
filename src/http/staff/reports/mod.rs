//! Reports: how the line did over some days, as tables with a chart beside each, and each to take away.

mod parts;
mod sections;

use askama::Template;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::chart::Chart;
use super::form::{Sent, Wrong};
use super::frame::{Frame, Section, Visit, refused};
use super::when::{Wall, date};
use crate::content::codes::Codes;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::words::{filters, tr};
use crate::reports::{Figures, Period, PeriodProblem, Table, to_csv};
use crate::staff::Permission;
use parts::Counted;
use sections::{Fact, Wait};

/// The periods that one press shows, in days.
const DAYS: [i32; 3] = [7, 30, 90];
/// The one that is shown first.
const FIRST: i32 = 30;

pub(super) fn routes() -> Routes {
    let view = Access::May(Permission::ViewReports);
    Routes::new()
        .get("/reports", view, page)
        .get("/reports/{table}", view, download)
        .at(Pace::Export)
}

/// Every table as it is given away, with its name.
pub(crate) fn tables(
    figures: &Figures,
    codes: &Codes,
    period: Period,
) -> Vec<(&'static str, Table)> {
    let names = sections::names(figures, codes).into_iter();
    let table = |name| Some((name, sections::table(figures, codes, name, period)?));
    names.filter_map(table).collect()
}

#[derive(Template)]
#[template(path = "pages/reports.html")]
struct ReportsPage {
    frame: Frame,
    zone: String,
    /// Days that one press shows, and whether they are shown.
    quick: Vec<(i32, bool)>,
    from: String,
    until: String,
    wrong: Wrong,
    report: Option<Report>,
}

/// A report, in words.
struct Report {
    /// What stands after `?` for its tables.
    query: String,
    days: String,
    facts: Vec<Fact>,
    counted: Vec<Counted>,
    waits: Vec<Wait>,
    waits_chart: Chart,
    /// Drills: what was shown, how it ended, how many.
    drills: Vec<(&'static str, &'static str, u64)>,
    of_drills: u64,
}

/// What is asked for: days as they were typed, else so many until today.
struct Asked {
    from: String,
    until: String,
    period: Result<Period, PeriodProblem>,
}

impl Asked {
    fn read(sent: &Sent, wall: &Wall) -> Self {
        let (from, until) = (sent.get("from"), sent.get("until"));
        let period = if from.is_empty() && until.is_empty() {
            let days = sent.get("days").parse().unwrap_or(FIRST);
            let days = if DAYS.contains(&days) { days } else { FIRST };
            let today = wall.date(wall.now()).unwrap_or_default();
            Ok(Period::last(days, today))
        } else {
            Period::read(from, until)
        };
        let shown = |typed: &str, day: Option<jiff::civil::Date>| {
            day.map_or_else(|| typed.to_owned(), |day| day.to_string())
        };
        let days = period.ok();
        Self {
            from: shown(from, days.map(|days| days.from)),
            until: shown(until, days.map(|days| days.until)),
            period,
        }
    }
}

/// The wall of the line: what all of it is counted by, whoever looks.
fn wall(doors: &Doors) -> Wall {
    Wall::new(doors.policies.desk.zone.clone(), doors.clock.now())
}

async fn figures(doors: &Doors, period: Period) -> Result<Figures, PageError> {
    let zone = &doors.policies.desk.zone;
    let mut tx = doors.store.read().await?;
    let rows = tx
        .report_rows(period.bounds(zone), doors.clock.now())
        .await?;
    Ok(Figures::of(&rows, zone))
}

async fn page(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let wall = wall(&doors);
    let asked = Asked::read(&sent, &wall);
    let mut page = ReportsPage {
        frame: visit.frame(&doors, Section::Reports),
        zone: wall.name(),
        quick: Vec::new(),
        from: asked.from,
        until: asked.until,
        wrong: Wrong::default(),
        report: None,
    };
    let today = wall.date(wall.now()).unwrap_or_default();
    let shown = asked.period.ok();
    let quick = DAYS.map(|days| (days, shown == Some(Period::last(days, today))));
    page.quick = quick.into();
    match asked.period {
        Ok(period) => {
            let figures = figures(&doors, period).await?;
            let codes = doors.handoff.packs.codes();
            page.report = Some(Report {
                query: format!("from={}&until={}", period.from, period.until),
                days: days(period),
                facts: sections::facts(&figures),
                counted: parts::counted(&figures, codes),
                waits: sections::waits(&figures),
                waits_chart: sections::waits_chart(&figures),
                drills: sections::drills(&figures),
                of_drills: figures.of_drills,
            });
            visit.show(&doors, &page)
        }
        Err(problem) => {
            let field = match problem {
                PeriodProblem::From => "from",
                _ => "until",
            };
            page.wrong = Wrong::with(field, &problem);
            refused(&page)
        }
    }
}

/// The period in words, as in "1 Jan 2026 – 31 Jan 2026, 31 days".
fn days(period: Period) -> String {
    let (from, until) = (date(period.from), date(period.until));
    match period.days() {
        1 => from,
        days => tr!("{from} – {until}, {days} days", from, until, days),
    }
}

async fn download(
    visit: Visit,
    State(doors): State<Doors>,
    Path(table): Path<String>,
    sent: Sent,
) -> Result<Response, PageError> {
    let asked = Asked::read(&sent, &wall(&doors));
    let Ok(period) = asked.period else {
        // The page of the same address says what is wrong.
        return page(visit, State(doors), sent).await;
    };
    let figures = figures(&doors, period).await?;
    let found = sections::table(&figures, doors.handoff.packs.codes(), &table, period);
    let found = found.ok_or(PageError::NotFound)?;
    let csv = to_csv(&found).map_err(|error| PageError::Template(askama::Error::custom(error)))?;
    // Only names of ours get here.
    let name = format!("harborline-{table}-{}-to-{}.csv", period.from, period.until);
    let about = [
        (
            CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present".to_owned(),
        ),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((about, csv).into_response())
}
