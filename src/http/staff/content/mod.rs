//! Content: the packs in force, what is found of them, who signed which version off, and a conversation
//! with them on paper.

mod approve;
mod one;
mod phone;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use uuid::Uuid;

use super::frame::{Frame, Section, Visit};
use super::readiness::Mark;
use super::when::{Wall, date};
use crate::content::check::{Finding, Weight};
use crate::content::{Approval, PackFile, approval};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, phrase, tr};
use crate::review::Overview;
use crate::staff::Permission;

const VIEW: Access = Access::May(Permission::ViewContent);
/// How many letters of a version are shown: enough to compare two by eye.
const SHOWN: usize = 12;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/content", VIEW, overview)
        .merge(one::routes())
        .merge(approve::routes())
        .merge(phone::routes())
}

/// What a file holds, in words.
const fn label(file: PackFile) -> &'static str {
    match file {
        PackFile::En => phrase!("English texts"),
        PackFile::Es => phrase!("Spanish texts"),
        PackFile::Resources => phrase!("Resources"),
        PackFile::Codes => phrase!("Codes of the staff"),
    }
}

/// The beginning of a version, to compare by eye.
fn short(hash: &str) -> &str {
    hash.get(..SHOWN).unwrap_or(hash)
}

#[derive(Template)]
#[template(path = "pages/content.html")]
struct OverviewPage {
    frame: Frame,
    administers: bool,
    /// The folder of edited packs; empty when there is none.
    directory: String,
    /// Why the edited packs were refused; empty when they were not.
    refused: String,
    packs: Vec<PackCard>,
    errors: usize,
    findings: Vec<Found>,
    approvals: Vec<Signed>,
    zone: String,
}

/// A file of the packs, in short.
struct PackCard {
    word: &'static str,
    label: &'static str,
    source: String,
    version: String,
    mark: Mark,
    /// Who signed it off, and until when.
    approved: String,
}

impl PackCard {
    fn new(doors: &Doors, file: PackFile, overview: &Overview) -> Self {
        let packs = &doors.review.packs;
        let (mark, approved) = standing(
            approval::in_force(packs, file, &overview.approvals),
            overview.today,
        );
        Self {
            word: file.word(),
            label: label(file),
            source: packs.source(file).to_owned(),
            version: short(packs.hash(file)).to_owned(),
            mark,
            approved,
        }
    }
}

/// How an approval stands, in a word and a sentence.
fn standing(approval: Option<&Approval>, today: Date) -> (Mark, String) {
    let Some(approval) = approval else {
        let mark = Mark {
            class: "care",
            word: phrase!("not approved"),
        };
        return (mark, tr!("Nobody has signed this version off."));
    };
    let (by, review_on) = (&approval.by, date(approval.review_on));
    if approval.is_overdue(today) {
        let mark = Mark {
            class: "bad",
            word: phrase!("review is due"),
        };
        let words = tr!(
            "{by} signed it off; it was to be read again on {review_on}.",
            by,
            review_on
        );
        return (mark, words);
    }
    let mark = Mark {
        class: "good",
        word: phrase!("approved"),
    };
    (
        mark,
        tr!(
            "{by} signed it off; to be read again on {review_on}.",
            by,
            review_on
        ),
    )
}

/// A finding, in words.
struct Found {
    mark: Mark,
    place: String,
    problem: String,
    fix: &'static str,
}

impl Found {
    fn new(finding: &Finding) -> Self {
        let mark = match finding.weight {
            Weight::Error => Mark {
                class: "bad",
                word: phrase!("error"),
            },
            Weight::Warning => Mark {
                class: "care",
                word: phrase!("warning"),
            },
        };
        Self {
            mark,
            place: format!("{}: {}", finding.file, finding.key),
            problem: finding.problem.clone(),
            fix: finding.fix,
        }
    }
}

/// An approval in the list of all.
struct Signed {
    id: Uuid,
    what: &'static str,
    version: String,
    when: String,
    by: String,
    review_on: String,
    withdrawn_by: Option<String>,
    in_force: bool,
}

impl Signed {
    fn new(doors: &Doors, approval: &Approval, wall: &Wall) -> Self {
        Self {
            id: approval.id,
            what: label(approval.file),
            version: short(&approval.hash).to_owned(),
            when: wall.moment(approval.at),
            by: approval.by.clone(),
            review_on: date(approval.review_on),
            withdrawn_by: approval.withdrawn_by.clone(),
            in_force: doors.review.packs.hash(approval.file) == approval.hash,
        }
    }
}

async fn overview(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let overview = doors.review.overview().await?;
    let wall = wall(&doors, &visit).await?;
    let review = &doors.review;
    let mut approvals = overview.approvals.clone();
    approvals.sort_by_key(|approval| std::cmp::Reverse(approval.at));
    let errors = overview.findings.iter();
    let page = OverviewPage {
        frame: visit.frame(&doors, Section::Line),
        administers: visit.me.role.may(Permission::ManageContent),
        directory: review
            .directory
            .as_ref()
            .map_or_else(String::new, |directory| directory.display().to_string()),
        refused: review
            .refused
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        packs: PackFile::ALL
            .map(|file| PackCard::new(&doors, file, &overview))
            .into(),
        errors: errors
            .filter(|finding| finding.weight == Weight::Error)
            .count(),
        findings: overview.findings.iter().map(Found::new).collect(),
        approvals: approvals
            .iter()
            .map(|approval| Signed::new(&doors, approval, &wall))
            .collect(),
        zone: wall.name(),
    };
    visit.show(&doors, &page)
}

/// The wall of who looks.
async fn wall(doors: &Doors, visit: &Visit) -> Result<Wall, PageError> {
    let mut tx = doors.store.read().await?;
    Ok(Wall::of(&mut tx, &visit.me, doors.clock.now()).await?)
}

/// The file that an address names.
fn file_of(word: &str) -> Result<PackFile, PageError> {
    let mut all = PackFile::ALL.into_iter();
    all.find(|file| file.word() == word)
        .ok_or(PageError::NotFound)
}
