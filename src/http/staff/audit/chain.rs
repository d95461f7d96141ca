//! Whether the chain of the audit log holds: looked at now, entry by entry, and said in words with what to do.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::audit_log::{BadRow, Flaw, Look};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::staff::frame::{Frame, Section, Visit};
use crate::http::staff::when::Wall;
use crate::http::words::{filters, tr};
use crate::staff::Permission;

pub(super) fn routes() -> Routes {
    Routes::new().get("/audit/chain", Access::May(Permission::ViewAudit), check)
}

#[derive(Template)]
#[template(path = "pages/audit_chain.html")]
struct ChainPage {
    frame: Frame,
    administers: bool,
    zone: String,
    /// What was found; none while somebody else has it checked.
    found: Option<Found>,
}

/// What was found, in words.
struct Found {
    /// How many entries hold, from the first on.
    rows: u64,
    /// What does not hold; empty when everything does.
    bad: String,
    /// The row that it is, for who looks into the database.
    row: String,
    /// The end, as `harborline audit head` prints it.
    head: String,
    /// When it was kept elsewhere last, and which entry; empty when it never was.
    kept: String,
    compared: usize,
    is_kept: bool,
    unread: bool,
}

impl Found {
    fn new(look: &Look, wall: &Wall) -> Self {
        let bad = look.checked.bad.as_ref();
        Self {
            rows: look.checked.rows,
            bad: bad.map(words).unwrap_or_default(),
            row: bad
                .and_then(|bad| bad.id)
                .map_or_else(String::new, |id| id.to_string()),
            head: look.checked.head.to_string(),
            kept: look.kept.as_ref().map_or_else(String::new, |kept| {
                tr!(
                    "entry {seq}, {when}",
                    seq = kept.head.seq,
                    when = wall.moment(kept.at)
                )
            }),
            compared: look.compared,
            is_kept: look.is_kept,
            unread: look.unread,
        }
    }
}

/// What is wrong with an entry, in words.
fn words(bad: &BadRow) -> String {
    let seq = bad.seq;
    match bad.flaw {
        Flaw::Changed => tr!(
            "Entry {seq} is not what was written there: it was changed, put in or moved.",
            seq
        ),
        Flaw::Missing => tr!("Entry {seq} was removed.", seq),
        Flaw::Outside => tr!(
            "An entry was put in that has no place in the chain: this program did not write it."
        ),
        Flaw::CutOff => tr!("Entry {seq} was removed, with all that came after it.", seq),
        Flaw::NotAsAnchored => tr!(
            "Entry {seq}, or one before it, is not what was kept elsewhere: the log was written anew up to here.",
            seq
        ),
    }
}

async fn check(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let look = doors.audit_log.look().await?;
    let mut tx = doors.store.read().await?;
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    drop(tx);
    let page = ChainPage {
        frame: visit.frame(&doors, Section::Line),
        administers: visit.me.role.may(Permission::ManageContent),
        zone: wall.name(),
        found: look.map(|look| Found::new(&look, &wall)),
    };
    visit.show(&doors, &page)
}
