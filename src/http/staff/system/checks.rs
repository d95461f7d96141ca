//! The checks of `harborline doctor`, on a page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::frame::{Frame, Section, Visit};
use super::super::readiness::Mark;
use crate::gateway::check::{Finding, State as Stands};
use crate::http::Doors;
use crate::http::error::PageError;
use crate::http::words::{filters, phrase, said};

#[derive(Template)]
#[template(path = "pages/system_checks.html")]
struct ChecksPage {
    frame: Frame,
    /// None while somebody else has them run.
    checks: Option<Vec<CheckRow>>,
    failed: usize,
    warned: usize,
}

/// A check, in words.
struct CheckRow {
    mark: Mark,
    id: String,
    finding: String,
    fix: String,
}

impl CheckRow {
    fn new(finding: Finding) -> Self {
        let (class, word) = match finding.state {
            Stands::Ok => ("good", phrase!("ok")),
            Stands::Skipped => ("plain", phrase!("skipped")),
            Stands::Warn => ("care", phrase!("warning")),
            Stands::Fail => ("bad", phrase!("fails")),
        };
        Self {
            mark: Mark { class, word },
            id: finding.id,
            finding: said(finding.finding),
            fix: said(finding.fix),
        }
    }
}

pub(super) async fn checks(
    visit: Visit,
    State(doors): State<Doors>,
) -> Result<Response, PageError> {
    let mut found = doors.system.check().await;
    if let Some(found) = &mut found {
        found.sort_by_key(|finding| std::cmp::Reverse(finding.state));
    }
    let count = |state| {
        let all = found.iter().flatten();
        all.filter(|finding: &&Finding| finding.state == state)
            .count()
    };
    let page = ChecksPage {
        frame: visit.frame(&doors, Section::Line),
        failed: count(Stands::Fail),
        warned: count(Stands::Warn),
        checks: found.map(|found| found.into_iter().map(CheckRow::new).collect()),
    };
    visit.show(&doors, &page)
}
