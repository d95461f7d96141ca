//! The timeline of a conversation and its cases, to print: every step with its time, and nothing of what was
//! written or of who the texter is.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::how;
use crate::clock::At;
use crate::content::codes::{self, Codes};
use crate::delivery::Delivery;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::frame::{Frame, Section, Visit};
use crate::http::staff::when::Wall;
use crate::http::words::{filters, said, tr};
use crate::lane::Lane;
use crate::oncall::drill::took;
use crate::oncall::{Channel, PageKind};
use crate::staff::Permission;
use crate::store::{Author, Happened, OutboxState, Timeline, TimelinePage, TimelineText};

/// Entries of each kind. More than this nobody prints.
const MOST: u16 = 2_000;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new().get("/conversations/{id}/timeline", read, page)
}

#[derive(Template)]
#[template(path = "pages/timeline.html")]
struct TimelinePageView {
    frame: Frame,
    id: Uuid,
    zone: String,
    made: String,
    tier: &'static str,
    drill: bool,
    cases: Vec<String>,
    ended: Option<String>,
    moments: Vec<Moment>,
    more: bool,
}

/// A moment, in words.
struct Moment {
    when: String,
    /// How long after the first.
    after: String,
    what: String,
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let mut tx = doors.store.read().await?;
    if !tx.may_read(&visit.me, id).await? {
        return Err(PageError::NotFound);
    }
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let timeline = tx.timeline_of(id, MOST).await?.ok_or(PageError::NotFound)?;
    let ended = tx.ended(id).await?;
    drop(tx);
    let codes = doors.handoff.packs.codes();
    let page = TimelinePageView {
        frame: visit.frame(&doors, Section::Queue),
        id,
        zone: wall.name(),
        made: wall.exact(wall.now()),
        tier: timeline.tier.word(),
        drill: timeline.drill,
        cases: timeline
            .cases
            .iter()
            .map(|(code, _, _)| code.clone())
            .collect(),
        ended: ended.as_ref().map(|ended| how(ended, codes, &wall)),
        moments: moments(&timeline, codes, &wall),
        more: timeline.texts.len() == usize::from(MOST)
            || timeline.pages.len() == usize::from(MOST)
            || timeline.happened.len() == usize::from(MOST),
    };
    visit.show(&doors, &page)
}

fn moments(timeline: &Timeline, codes: &Codes, wall: &Wall) -> Vec<Moment> {
    let mut all: Vec<(At, String)> = Vec::new();
    for (code, opened, closed) in &timeline.cases {
        all.push((*opened, tr!("Case {code} is opened.", code)));
        all.extend(closed.map(|at| (at, tr!("Case {code} is closed.", code))));
    }
    timeline.texts.iter().for_each(|text| texts(text, &mut all));
    timeline.pages.iter().for_each(|page| pages(page, &mut all));
    let happened = timeline.happened.iter();
    all.extend(happened.filter_map(|one| Some((one.at, done(one, codes)?))));
    // Stable: what came at the same moment stays in its order.
    all.sort_by_key(|(at, _)| *at);
    let first = all.first().map_or(wall.now(), |(at, _)| *at);
    let moment = |(at, what): (At, String)| Moment {
        when: wall.exact(at),
        after: took((at.0 - first.0).max(0)),
        what,
    };
    all.into_iter().map(moment).collect()
}

fn texts(text: &TimelineText, all: &mut Vec<(At, String)>) {
    let name = match (text.author, text.lane) {
        (Author::Texter, _) => {
            let tier = said(text.tier.unwrap_or_default().word());
            all.push((text.at, tr!("A text comes in; triage: {tier}.", tier)));
            return;
        }
        (Author::Staff, _) => {
            let by = text.by.clone();
            let by = by.unwrap_or_else(|| tr!("Somebody of the team"));
            all.push((text.at, tr!("{by} writes to the texter.", by)));
            tr!("The text of the team")
        }
        (Author::Line, Some(Lane::Crisis)) => tr!("The crisis reply"),
        (Author::Line, _) => tr!("The automatic reply"),
    };
    let Some(done) = text.done_at else {
        if text.author == Author::Line {
            let state = match text.state {
                Some(OutboxState::Awaiting) => tr!("left, and is not confirmed yet"),
                _ => tr!("waits to leave"),
            };
            all.push((text.at, format!("{name} {state}.")));
        }
        return;
    };
    let what = match (text.state, text.delivery) {
        (_, Some(Delivery::Delivered)) => tr!("has arrived at the phone"),
        (_, Some(Delivery::Failed)) | (Some(OutboxState::Failed), _) => tr!("did NOT arrive"),
        (Some(OutboxState::OptedOut), _) => tr!("was blocked: they have opted out"),
        (Some(OutboxState::Withdrawn), _) => tr!("was taken back before it left"),
        (_, Some(Delivery::Sent)) => tr!("was taken by the carrier"),
        _ => tr!("was taken by the gateway"),
    };
    all.push((done, format!("{name} {what}.")));
}

fn pages(page: &TimelinePage, all: &mut Vec<(At, String)>) {
    let kind = match page.kind {
        PageKind::Page => tr!("Page"),
        PageKind::Notice => tr!("Notice"),
        PageKind::Taken => tr!("News that it is taken"),
        PageKind::Over => tr!("News that the call is over"),
        PageKind::Code | PageKind::Test => return,
    };
    let by = match page.channel {
        Some(Channel::Sms) => tr!("by text"),
        Some(Channel::Voice) => tr!("by call"),
        Some(Channel::Email) => tr!("by e-mail"),
        Some(Channel::Webhook) => tr!("by webhook"),
        None => tr!("not sent: the phone texted STOP"),
    };
    let what = tr!(
        "{kind} to {contact}, {by}",
        kind,
        contact = page.contact,
        by
    );
    all.push((page.at, format!("{what}.")));
    let (Some(done), Some(state)) = (page.done_at, page.state) else {
        return;
    };
    let end = match state {
        OutboxState::Accepted => tr!("taken by its gateway"),
        OutboxState::Failed => tr!("given up"),
        OutboxState::OptedOut => tr!("blocked"),
        OutboxState::Withdrawn => tr!("not needed any more"),
        OutboxState::Queued | OutboxState::Awaiting => return,
    };
    all.push((done, format!("{what}: {end}.")));
}

/// What was decided, in words; what the other entries tell is left out.
fn done(one: &Happened, codes: &Codes) -> Option<String> {
    let by = &one.by;
    let detail: serde_json::Value = serde_json::from_str(&one.detail).unwrap_or_default();
    let label = |lines: &[codes::Code], field: &str| {
        let code = detail[field].as_str().unwrap_or_default();
        codes::line(lines, code).map_or_else(|| code.to_owned(), |line| said(&line.label))
    };
    Some(match one.action.as_str() {
        "alert.acknowledged" => tr!("{by} acknowledges.", by),
        "alert.reopened" => tr!("A clock ran out: opened again, paged from the first rung."),
        "conversation.claimed" => tr!("{by} claims the conversation.", by),
        "conversation.taken_over" => tr!("{by} takes the conversation over.", by),
        "conversation.released" => {
            let why = label(&codes.releases, "reason");
            tr!("{by} gives it back: {why}.", by, why)
        }
        "conversation.tier" => tr!(
            "{by} decides: {tier}, {why}.",
            by,
            tier = said(detail["tier"].as_str().unwrap_or_default()),
            why = label(&codes.tiers, "reason")
        ),
        "conversation.noted" => tr!("{by} leaves a note for the team.", by),
        "conversation.closed" => {
            let how = label(&codes.outcomes, "outcome");
            tr!("{by} closes it: {how}.", by, how)
        }
        "transfer.offered" => tr!("{by} offers it to a colleague.", by),
        "transfer.accepted" => tr!("{by} accepts it.", by),
        "transfer.declined" => tr!("{by} declines it.", by),
        "transfer.withdrawn" => tr!("{by} takes the offer back.", by),
        "transfer.lapsed" => tr!("Nobody answered the offer."),
        "help.asked" => tr!("{by} asks for a supervisor.", by),
        "help.answered" => tr!("{by} comes to help.", by),
        "check_in.asked" => tr!("{by} asks whether we may check in.", by),
        "texter.unreachable" => tr!("The team is told that texts do not arrive."),
        "number.revealed" => tr!("{by} sees the number, for a reason.", by),
        _ => return None,
    })
}
