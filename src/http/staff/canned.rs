//! Canned replies: the list of the team's own words, and a form for one, with how it would be sent.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::form::{Choice, Sent, Wrong, languages};
use super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::when::Wall;
use crate::canned::{CannedDraft, Refused};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, tr};
use crate::locale::Locale;
use crate::segment::segments;
use crate::staff::Permission;
use crate::store::Canned;

const EDIT: Access = Access::May(Permission::EditCannedReplies);

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/canned", EDIT, list)
        .get("/canned/new", EDIT, new)
        .post("/canned/new", EDIT, add)
        .get("/canned/{id}", EDIT, one)
        .post("/canned/{id}", EDIT, change)
        .get("/canned/{id}/remove", EDIT, ask_remove)
        .post("/canned/{id}/remove", EDIT, remove)
}

#[derive(Template)]
#[template(path = "pages/canned.html")]
struct ListPage {
    frame: Frame,
    locales: Vec<OfLocale>,
}

/// The canned replies of a language.
struct OfLocale {
    name: &'static str,
    tag: &'static str,
    replies: Vec<Row>,
}

struct Row {
    id: Uuid,
    title: String,
    words: String,
    cost: String,
    changed: String,
}

#[derive(Template)]
#[template(path = "pages/canned_form.html")]
struct FormPage {
    frame: Frame,
    id: Option<Uuid>,
    locales: Vec<Choice>,
    title: String,
    body: String,
    /// The words as they would be sent; empty until they were looked at.
    preview: String,
    cost: String,
    wrong: Wrong,
    resources: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "pages/canned_remove.html")]
struct RemovePage {
    frame: Frame,
    id: Uuid,
    title: String,
    words: String,
}

/// What a text costs, in words.
fn cost(words: &str) -> String {
    let cost = segments(words);
    let many = match cost.segments {
        1 => tr!("1 segment"),
        n => tr!("{n} segments", n),
    };
    format!("{many}, {}", cost.encoding)
}

async fn list(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let mut tx = doors.store.read().await?;
    let all = tx.canned_replies().await?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    drop(tx);
    let row = |one: &Canned| {
        let words = doors.canned.filled(one, &visit.me);
        Row {
            id: one.id,
            title: one.title.clone(),
            cost: cost(&words),
            words,
            changed: one.changed_by.as_ref().map_or_else(
                || tr!("came with the program"),
                |by| {
                    tr!(
                        "changed by {by}, {when}",
                        by,
                        when = wall.moment(one.changed_at)
                    )
                },
            ),
        }
    };
    let locales = Locale::ALL.into_iter().map(|locale| OfLocale {
        name: locale.name(),
        tag: locale.tag(),
        replies: all
            .iter()
            .filter(|one| one.locale == locale)
            .map(row)
            .collect(),
    });
    let page = ListPage {
        frame: visit.frame(&doors, Section::Canned),
        locales: locales.collect(),
    };
    visit.show(&doors, &page)
}

fn form(doors: &Doors, visit: &Visit, draft: CannedDraft, wrong: Wrong) -> FormPage {
    let resources = doors.canned.packs.resources().iter();
    let as_kept = Canned {
        id: draft.id.unwrap_or_default(),
        locale: draft.locale,
        title: draft.title.clone(),
        body: draft.body.clone(),
        changed_by: None,
        changed_at: doors.clock.now(),
    };
    let preview = doors.canned.filled(&as_kept, &visit.me);
    FormPage {
        frame: visit.frame(doors, Section::Canned),
        id: draft.id,
        locales: languages(Some(draft.locale)).collect(),
        title: draft.title,
        cost: if preview.is_empty() {
            String::new()
        } else {
            cost(&preview)
        },
        body: draft.body,
        preview,
        wrong,
        resources: resources
            .map(|(id, one)| (format!("{{@{id}}}"), one.words(draft.locale).to_owned()))
            .collect(),
    }
}

/// The form as it was sent.
fn sent_draft(id: Option<Uuid>, sent: &Sent) -> CannedDraft {
    CannedDraft {
        id,
        locale: sent.locale().unwrap_or_default(),
        title: sent.get("title").to_owned(),
        body: sent.get("body").to_owned(),
    }
}

async fn known(doors: &Doors, id: Uuid) -> Result<Canned, PageError> {
    let all = doors.store.read().await?.canned_replies().await?;
    let found = all.into_iter().find(|one| one.id == id);
    found.ok_or(PageError::NotFound)
}

async fn new(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let page = form(&doors, &visit, sent_draft(None, &sent), Wrong::default());
    visit.show(&doors, &page)
}

async fn one(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let known = known(&doors, id).await?;
    let draft = CannedDraft {
        id: Some(id),
        locale: known.locale,
        title: known.title,
        body: known.body,
    };
    visit.show(&doors, &form(&doors, &visit, draft, Wrong::default()))
}

async fn add(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    save(&visit, &doors, sent_draft(None, &sent), &sent).await
}

async fn change(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    save(&visit, &doors, sent_draft(Some(id), &sent), &sent).await
}

/// Saves it, or only shows how it would be sent.
async fn save(
    visit: &Visit,
    doors: &Doors,
    draft: CannedDraft,
    sent: &Sent,
) -> Result<Response, PageError> {
    if sent.act().0 == "preview" {
        let page = form(doors, visit, draft, Wrong::default());
        return visit.show(doors, &page);
    }
    match doors.canned.save(&visit.me, draft.clone()).await? {
        Ok(_) => Ok(done(doors, "/canned", Notice::CannedKept)),
        Err(why) => {
            let field = if why.is_about_title() {
                "title"
            } else {
                "body"
            };
            let field = if why == Refused::Unknown { "" } else { field };
            let wrong = Wrong::with(field, &why);
            refused(&form(doors, visit, draft, wrong))
        }
    }
}

async fn ask_remove(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let known = known(&doors, id).await?;
    let page = RemovePage {
        frame: visit.frame(&doors, Section::Canned),
        id,
        words: doors.canned.filled(&known, &visit.me),
        title: known.title,
    };
    visit.show(&doors, &page)
}

async fn remove(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    match doors.canned.remove(&visit.me, id).await? {
        Ok(()) => Ok(done(&doors, "/canned", Notice::CannedRemoved)),
        Err(_) => Err(PageError::NotFound),
    }
}
