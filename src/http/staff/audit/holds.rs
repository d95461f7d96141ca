//! Legal holds: what must be kept although its time is over, or its texter wants it deleted. Who sets one says
//! why, and is asked again who they are.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::{Sent, Wrong};
use crate::http::staff::frame::{Frame, Notice, Section, Visit, done, refused};
use crate::http::staff::when::Wall;
use crate::http::words::{filters, tr};
use crate::retention::{NotDone, Who};
use crate::staff::Permission;
use crate::store::Hold;

const LIST: &str = "/audit/holds";

pub(super) fn routes() -> Routes {
    let manage = Access::May(Permission::ManageHolds);
    Routes::new()
        .get(LIST, manage, list)
        .get("/audit/holds/new", manage, new)
        .confirmed()
        .post("/audit/holds/new", manage, set)
        .confirmed()
        .get("/audit/holds/{id}/lift", manage, ask_lift)
        .confirmed()
        .post("/audit/holds/{id}/lift", manage, lift)
        .confirmed()
}

#[derive(Template)]
#[template(path = "pages/holds.html")]
struct ListPage {
    frame: Frame,
    zone: String,
    rows: Vec<Row>,
}

/// A hold, in words.
struct Row {
    id: Uuid,
    /// Where somebody looks who wants to know more.
    conversation: Option<Uuid>,
    what: String,
    reason: String,
    set: String,
}

impl Row {
    fn new(hold: &Hold, wall: &Wall) -> Self {
        let what = match (&hold.code, hold.conversation_id) {
            (Some(code), Some(_)) => tr!("The conversation of case {code}", code),
            (None, Some(_)) => tr!("A conversation without a case"),
            (Some(code), None) => tr!("Everything of the person of case {code}", code),
            (None, None) => tr!("Everything of a person without a case"),
        };
        Self {
            id: hold.id,
            conversation: hold.seen_in,
            what,
            reason: hold.reason.clone(),
            set: tr!(
                "{by} set it, {when}",
                by = hold.set_by,
                when = wall.moment(hold.set_at)
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/hold_form.html")]
struct FormPage {
    frame: Frame,
    what: String,
    all: bool,
    reason: String,
    wrong: Wrong,
}

#[derive(Template)]
#[template(path = "pages/hold_lift.html")]
struct LiftPage {
    frame: Frame,
    row: Row,
}

async fn wall(visit: &Visit, doors: &Doors) -> Result<Wall, PageError> {
    let mut tx = doors.store.read().await?;
    Ok(Wall::of(&mut tx, &visit.me, doors.clock.now()).await?)
}

async fn list(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let holds = doors.retention.holds().await?;
    let wall = wall(&visit, &doors).await?;
    let page = ListPage {
        frame: visit.frame(&doors, Section::Line),
        zone: wall.name(),
        rows: holds.iter().map(|hold| Row::new(hold, &wall)).collect(),
    };
    visit.show(&doors, &page)
}

fn form(visit: &Visit, doors: &Doors, sent: &Sent, wrong: Wrong) -> FormPage {
    FormPage {
        frame: visit.frame(doors, Section::Line),
        what: sent.get("what").to_owned(),
        all: !sent.get("all").is_empty(),
        reason: sent.get("reason").to_owned(),
        wrong,
    }
}

async fn new(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = form(&visit, &doors, &Sent::default(), Wrong::default());
    visit.show(&doors, &page)
}

async fn set(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let all = !sent.get("all").is_empty();
    let held = match Who::typed(sent.get("what")) {
        None => Err(NotDone::NoName),
        Some(who) => {
            let (reason, by) = (sent.get("reason"), &visit.me.login);
            doors.retention.hold(&who, all, reason, by).await?
        }
    };
    match held {
        Ok(_) => Ok(done(&doors, LIST, Notice::HoldSet)),
        Err(why) => {
            let field = if why == NotDone::NoReason {
                "reason"
            } else {
                "what"
            };
            let wrong = Wrong::with(field, &why);
            refused(&form(&visit, &doors, &sent, wrong))
        }
    }
}

async fn ask_lift(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let hold = doors.retention.hold_of_id(id).await?;
    let hold = hold.ok_or(PageError::NotFound)?;
    let wall = wall(&visit, &doors).await?;
    let page = LiftPage {
        frame: visit.frame(&doors, Section::Line),
        row: Row::new(&hold, &wall),
    };
    visit.show(&doors, &page)
}

async fn lift(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    match doors.retention.lift(id, &visit.me.login).await? {
        Ok(()) => Ok(done(&doors, LIST, Notice::HoldLifted)),
        Err(_) => Err(PageError::NotFound),
    }
}
