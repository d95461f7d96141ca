//! Signing a version of a file off, and taking that back. Who does it proves who they are.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;

use super::super::form::{Sent, Wrong};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::{file_of, label, short};
use crate::content::PackFile;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::filters;
use crate::review::{LONGEST_MONTHS, NotApproved};
use crate::staff::Permission;

/// After so many months the form proposes to read again.
const PROPOSED_MONTHS: i32 = 6;

pub(super) fn routes() -> Routes {
    let approve = Access::May(Permission::ApproveContent);
    let manage = Access::May(Permission::ManageContent);
    Routes::new()
        .get("/content/{file}/approve", approve, form)
        .confirmed()
        .post("/content/{file}/approve", approve, sign)
        .confirmed()
        .post("/content/approvals/{id}/withdraw", manage, withdraw)
        .confirmed()
}

#[derive(Template)]
#[template(path = "pages/content_approve.html")]
struct ApprovePage {
    frame: Frame,
    word: &'static str,
    label: &'static str,
    source: String,
    hash: String,
    version: String,
    review_on: String,
    /// The days that may be chosen, as attributes of the field.
    range: String,
    wrong: Wrong,
}

impl ApprovePage {
    fn new(
        visit: &Visit,
        doors: &Doors,
        file: PackFile,
        typed: Option<&str>,
        wrong: Wrong,
    ) -> Self {
        let (packs, today) = (&doors.review.packs, doors.review.today());
        let after = |months: i32| today.checked_add(months.months()).unwrap_or(today);
        Self {
            frame: visit.frame(doors, Section::Line),
            word: file.word(),
            label: label(file),
            source: packs.source(file).to_owned(),
            hash: packs.hash(file).to_owned(),
            version: short(packs.hash(file)).to_owned(),
            review_on: typed.map_or_else(|| after(PROPOSED_MONTHS).to_string(), str::to_owned),
            range: format!(
                "required min=\"{}\" max=\"{}\"",
                today.tomorrow().unwrap_or(today),
                after(LONGEST_MONTHS)
            ),
            wrong,
        }
    }
}

async fn form(
    visit: Visit,
    State(doors): State<Doors>,
    Path(word): Path<String>,
) -> Result<Response, PageError> {
    let file = file_of(&word)?;
    let page = ApprovePage::new(&visit, &doors, file, None, Wrong::default());
    visit.show(&doors, &page)
}

async fn sign(
    visit: Visit,
    State(doors): State<Doors>,
    Path(word): Path<String>,
    sent: Sent,
) -> Result<Response, PageError> {
    let file = file_of(&word)?;
    let typed = sent.get("review_on").trim();
    let review_on = typed.parse::<Date>().ok();
    let read = sent.get("version");
    match doors
        .review
        .approve(&visit.me, file, read, review_on)
        .await?
    {
        Ok(()) => {
            let path = format!("/content/{}", file.word());
            Ok(done(&doors, &path, Notice::ContentApproved))
        }
        Err(why) => {
            let field = match why {
                NotApproved::Changed => "",
                NotApproved::Day => "review_on",
            };
            let wrong = Wrong::with(field, &why);
            refused(&ApprovePage::new(&visit, &doors, file, Some(typed), wrong))
        }
    }
}

async fn withdraw(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    if !doors.review.withdraw(&visit.me, id).await? {
        return Err(PageError::NotFound);
    }
    Ok(done(&doors, "/content", Notice::ApprovalWithdrawn))
}
