//! The timeline of a conversation and its cases, to print: every step with its time, and nothing of what was
//! written or of who the texter is.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use uuid::Uuid;

use super::how;
use crate::clock::At;
use crate::content::codes::{self, Codes};
use crate::delivery::Delivery;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::staff::frame::{Frame, Section, Visit};
use crate::http::staff::when::Wall;
use crate::http::words::filters;
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
        all.push((*opened, format!("Case {code} is opened.")));
        all.extend(closed.map(|at| (at, format!("Case {code} is closed."))));
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
            let tier = text.tier.unwrap_or_default().word();
            all.push((text.at, format!("A text comes in; triage: {tier}.")));
            return;
        }
        (Author::Staff, _) => {
            let by = text.by.as_deref().unwrap_or("Somebody of the team");
            all.push((text.at, format!("{by} writes to the texter.")));
            "The text of the team"
        }
        (Author::Line, Some(Lane::Crisis)) => "The crisis reply",
        (Author::Line, _) => "The automatic reply",
    };
    let Some(done) = text.done_at else {
        if text.author == Author::Line {
            let state = match text.state {
                Some(OutboxState::Awaiting) => "left, and is not confirmed yet",
                _ => "waits to leave",
            };
            all.push((text.at, format!("{name} {state}.")));
        }
        return;
    };
    let what = match (text.state, text.delivery) {
        (_, Some(Delivery::Delivered)) => "has arrived at the phone",
        (_, Some(Delivery::Failed)) | (Some(OutboxState::Failed), _) => "did NOT arrive",
        (Some(OutboxState::OptedOut), _) => "was blocked by the carrier",
        (Some(OutboxState::Withdrawn), _) => "was taken back before it left",
        (_, Some(Delivery::Sent)) => "was taken by the carrier",
        _ => "was taken by the gateway",
    };
    all.push((done, format!("{name} {what}.")));
}

fn pages(page: &TimelinePage, all: &mut Vec<(At, String)>) {
    let kind = match page.kind {
        PageKind::Page => "Page",
        PageKind::Notice => "Notice",
        PageKind::Taken => "News that it is taken",
        PageKind::Over => "News that it is over",
        PageKind::Code | PageKind::Test => return,
    };
    let by = match page.channel {
        Some(Channel::Sms) => "by text",
        Some(Channel::Voice) => "by call",
        Some(Channel::Email) => "by e-mail",
        Some(Channel::Webhook) => "by webhook",
        None => "not sent: the phone texted STOP",
    };
    let what = format!("{kind} to {}, {by}", page.contact);
    all.push((page.at, format!("{what}.")));
    let (Some(done), Some(state)) = (page.done_at, page.state) else {
        return;
    };
    let end = match state {
        OutboxState::Accepted => "taken by its gateway",
        OutboxState::Failed => "given up",
        OutboxState::OptedOut => "blocked",
        OutboxState::Withdrawn => "not needed any more",
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
        codes::line(lines, code).map_or_else(|| code.to_owned(), |line| line.label.clone())
    };
    Some(match one.action.as_str() {
        "alert.acknowledged" => format!("{by} acknowledges."),
        "alert.reopened" => "A clock ran out: opened again, paged from the first rung.".to_owned(),
        "conversation.claimed" => format!("{by} claims the conversation."),
        "conversation.taken_over" => format!("{by} takes the conversation over."),
        "conversation.released" => {
            format!("{by} gives it back: {}.", label(&codes.releases, "reason"))
        }
        "conversation.tier" => format!(
            "{by} decides: {}, {}.",
            detail["tier"].as_str().unwrap_or_default(),
            label(&codes.tiers, "reason")
        ),
        "conversation.noted" => format!("{by} leaves a note for the team."),
        "conversation.closed" => format!("{by} closes it: {}.", label(&codes.outcomes, "outcome")),
        "transfer.offered" => format!("{by} offers it to a colleague."),
        "transfer.accepted" => format!("{by} accepts it."),
        "transfer.declined" => format!("{by} declines it."),
        "transfer.withdrawn" => format!("{by} takes the offer back."),
        "transfer.lapsed" => "Nobody answered the offer.".to_owned(),
        "help.asked" => format!("{by} asks for a supervisor."),
        "help.answered" => format!("{by} comes to help."),
        "check_in.asked" => format!("{by} asks whether we may check in."),
        "texter.unreachable" => "The team is told that texts do not arrive.".to_owned(),
        "number.revealed" => format!("{by} sees the number, for a reason."),
        _ => return None,
    })
}
