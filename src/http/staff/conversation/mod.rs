//! A conversation: the thread, who has it, and what a responder can do.

mod acts;
mod composer;
mod hand_on;
mod measure;
mod reveal;
mod silence;
mod stretch;
mod take_over;
mod text;
mod thread;
mod tier;
mod timeline;
mod why;
mod wrap_up;

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::clocks::{self, Face, faces};
use super::form::Sent;
use super::frame::{Frame, Notice, Section, Visit};
use super::when::{Wall, wait};
use crate::clock::At;
use crate::content::codes;
use crate::handoff::{STAYS, WRITES};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, said, tr};
use crate::oncall::Alert;
use crate::staff::Permission;
use crate::store::{Author, Ended, Present, StoreError, Texter, ThreadMessage, Tx, Untaken};
use composer::{Composer, Wanted, composer};
use stretch::Stretch;
use thread::{Entry, entries};

const NOTES: u16 = 100;
const HAPPENED: u16 = 300;
/// How many earlier conversations are listed.
const EARLIER: u16 = 5;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new()
        .get("/conversations/{id}", read, page)
        .get("/conversations/{id}/thread", read, fragment)
        .merge(acts::routes())
        .merge(composer::routes())
        .merge(take_over::routes())
        .merge(hand_on::routes())
        .merge(reveal::routes())
        .merge(text::routes())
        .merge(tier::routes())
        .merge(timeline::routes())
        .merge(wrap_up::routes())
}

#[derive(Template)]
#[template(path = "pages/conversation.html", blocks = ["thread"])]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts that the page shows"
)]
struct ConversationPage {
    frame: Frame,
    id: Uuid,
    zone: String,
    case: Option<String>,
    tier: &'static str,
    number: String,
    /// Who else waits for anyone: nobody misses it because they read here.
    untaken: Untaken,
    /// The language that the texter and the line write in.
    lang: &'static str,
    /// Until when the whole number is shown to who looks.
    shown_until: Option<String>,
    clocks: Option<[Face; 3]>,
    opted_out: bool,
    blocked: bool,
    drill: bool,
    /// How it ended, when it is over.
    ended: Option<String>,
    hold: Hold,
    offer: Offer,
    help: Help,
    /// Who else has it open.
    present: Vec<Colleague>,
    earlier: Vec<Earlier>,
    entries: Vec<Entry>,
    /// The message before which those are that are shown; none where they are the latest.
    before: Option<Uuid>,
    /// How long somebody in danger has not answered what was written to them.
    silent: Option<String>,
    /// The first of them, where there are earlier ones.
    further: Option<Uuid>,
    /// The last text of theirs that is shown.
    seen: Uuid,
    supervisor: bool,
    problem: Option<String>,
    /// Where a reply is written; of who cannot write, what they could not send.
    composer: Composer,
    /// What was noted and could not be kept.
    note: String,
}

/// How long before the end of a claim who has it is asked whether they are there.
const ENDS_SOON: Duration = Duration::from_mins(5);

/// Who has a conversation, as who looks sees it.
#[derive(Default)]
struct Hold {
    /// Somebody else.
    other: Option<String>,
    /// Claimed by who looks.
    mine: bool,
    /// Until when, unless something is done in it.
    until: String,
    /// How long that still is, where the claim ends soon.
    ends_in: Option<String>,
    /// Whether it can be claimed.
    free: bool,
}

/// An open offer, as who looks sees it.
enum Offer {
    None,
    /// To who looks, by somebody.
    ToMe(String),
    /// By who looks, to somebody, and since when.
    ByMe(String, String),
}

/// A call for a supervisor.
enum Help {
    None,
    /// Who asks, and since when.
    Wanted(String, String),
}

/// Somebody of the team who has the conversation open, too.
struct Colleague {
    name: String,
    writes: bool,
}

/// An earlier conversation with the same person.
struct Earlier {
    id: Uuid,
    /// Whether who looks may read it.
    open: bool,
    words: String,
}

impl ConversationPage {
    const fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Whether a text to them would arrive, as far as we know.
    const fn reaches(&self) -> bool {
        !self.opted_out && !self.blocked
    }

    /// Whether who looks can write to the texter. Nobody answers while they read what was earlier.
    const fn writes(&self) -> bool {
        self.is_open() && self.hold.other.is_none() && self.before.is_none()
    }
}

/// A page, or the one that says who has the conversation.
enum Loaded {
    Page(Box<ConversationPage>),
    Held(Box<take_over::HeldPage>),
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    wanted: &Wanted,
) -> Result<Loaded, PageError> {
    let mut tx = doors.store.read().await?;
    let texter = tx.texter_of(id).await?.ok_or(PageError::NotFound)?;
    if !tx.may_read(&visit.me, id).await? {
        let held = take_over::held(&mut tx, doors, visit, id).await?;
        let held = held.ok_or(PageError::NotFound)?;
        return Ok(Loaded::Held(Box::new(held)));
    }
    let wall = Wall::of(&mut tx, &visit.me, doors.clock.now()).await?;
    let codes = doors.handoff.packs.codes();
    let stretch = Stretch::read(&mut tx, &texter, id, wanted.before).await?;
    let notes = tx.notes(&texter, id, NOTES).await?;
    let history = tx.history(id, HAPPENED).await?;
    let alert = tx.open_alert(id).await?;
    let hold = hold(&mut tx, visit, &wall, &texter, id, alert.as_ref()).await?;
    let (offer, help) = beside(&mut tx, visit, &wall, alert.as_ref()).await?;
    let clocks = match &alert {
        Some(alert) => Some(clocks(&mut tx, alert, wall.now()).await?),
        None => None,
    };
    let shown = tx.revealed_until(id, visit.me.id, wall.now()).await?;
    let number = tx.number_of(&texter).await?;
    let ended = tx.ended(id).await?;
    let tier = texter.conversation.map(|open| open.tier);
    let tier = ended.as_ref().map(|ended| ended.tier).or(tier);
    let writes = ended.is_none() && hold.other.is_none() && wanted.before.is_none();
    let composer = if writes {
        composer(&mut tx, doors, visit, &wall, (&texter, id), wanted).await?
    } else {
        Composer::default()
    };
    let blocked = tx.blocked_since(texter.id).await?.is_some();
    let reaches = !texter.state.opted_out && !blocked;
    let page = ConversationPage {
        frame: frame(doors, visit, reaches),
        id,
        zone: wall.name(),
        tier: tier.unwrap_or_default().word(),
        untaken: tx.untaken(id).await?,
        lang: texter.state.locale.tag(),
        number: if shown.is_some() {
            number.reveal().to_owned()
        } else {
            said(number.masked())
        },
        shown_until: shown.map(|until| wall.time(until)),
        clocks: clocks.map(|clocks| reached(clocks, reaches)),
        opted_out: texter.state.opted_out,
        blocked,
        drill: tx.drill_of(id).await?.is_some(),
        ended: ended.as_ref().map(|ended| how(ended, codes, &wall)),
        hold,
        offer,
        help,
        present: present(&mut tx, id, visit.me.id, wall.now()).await?,
        earlier: earlier(&mut tx, doors, visit, &wall, &texter, id).await?,
        before: wanted.before,
        silent: silence::since(&stretch.messages, tier.unwrap_or_default(), wall.now())
            .filter(|_| writes)
            .map(|since| wait(since, wall.now())),
        further: stretch.further,
        seen: seen(&stretch.messages),
        entries: entries(&stretch, &notes, &history, codes, &wall),
        supervisor: visit.me.role.may(Permission::ObserveConversations),
        case: alert.map(|alert| alert.code),
        problem: None,
        composer,
        note: String::new(),
    };
    Ok(Loaded::Page(Box::new(page)))
}

/// The frame of the page. Nobody is asked to write to somebody whom texts do not reach.
fn frame(doors: &Doors, visit: &Visit, reaches: bool) -> Frame {
    let mut frame = visit.frame(doors, Section::Queue);
    if !reaches && visit.has_done(Notice::Claimed) {
        frame.notice = Some(tr!(
            "The conversation is yours. They cannot be texted now: see below what you can do."
        ));
    }
    frame
}

/// The clocks, where there may be no first words to wait for.
fn reached([acknowledged, claimed, words]: [Face; 3], reaches: bool) -> [Face; 3] {
    let words = if reaches || words.class == "good" {
        words
    } else {
        Face {
            class: "plain",
            words: tr!("cannot be texted"),
        }
    };
    [acknowledged, claimed, words]
}

async fn hold(
    tx: &mut Tx,
    visit: &Visit,
    wall: &Wall,
    texter: &Texter,
    id: Uuid,
    alert: Option<&Alert>,
) -> Result<Hold, StoreError> {
    let Some(alert) = alert else {
        return Ok(Hold::default());
    };
    let (me, now) = (visit.me.id, wall.now());
    let there = tx.acknowledgements(alert.id).await?;
    let other = alert.holder(&there, me).filter(|holder| *holder != me);
    let other = match other {
        Some(other) => Some(tx.staff_name(other).await?.unwrap_or_default()),
        None => None,
    };
    let mine = alert.claimed.is_some_and(|(owner, _)| owner == me);
    let open = texter.conversation.is_some_and(|open| open.id == id);
    let left = alert.lease_until.filter(|until| mine && *until > now);
    let left = left.filter(|until| until.since(now) <= ENDS_SOON);
    Ok(Hold {
        ends_in: left.map(|until| wait(now, until)),
        free: open && other.is_none() && !mine,
        other,
        mine,
        until: alert
            .lease_until
            .map_or_else(String::new, |until| wall.time(until)),
    })
}

/// The last text of the texter; where none is among the messages, all of theirs came before the first one.
fn seen(messages: &[ThreadMessage]) -> Uuid {
    let theirs = messages
        .iter()
        .filter(|message| message.author == Author::Texter);
    let last = theirs.map(|message| message.id).max();
    let first = || messages.first().map(|message| message.id);
    last.or_else(first).unwrap_or_default()
}

/// The last text of the texter when a form is opened on a page of its own.
async fn seen_by_now(tx: &mut Tx, texter: &Texter, id: Uuid) -> Result<Uuid, StoreError> {
    let stretch = Stretch::read(tx, texter, id, None).await?;
    Ok(seen(&stretch.messages))
}

/// The clocks of a case.
async fn clocks(tx: &mut Tx, alert: &Alert, now: At) -> Result<[Face; 3], StoreError> {
    let owner = match alert.claimed {
        Some((owner, at)) => tx.staff_name(owner).await?.map(|name| (name, at)),
        None => None,
    };
    let hands = clocks::Hands {
        pages: alert.pages,
        acknowledged: alert.acknowledged.as_ref().map(|taken| taken.by.as_str()),
        claimed: owner.as_ref().map(|(name, at)| (name.as_str(), *at)),
        answered: alert.answered_at,
        due: alert.next_page_at,
    };
    Ok(faces(hands, now))
}

/// The offer and the call for help that stand beside a case.
async fn beside(
    tx: &mut Tx,
    visit: &Visit,
    wall: &Wall,
    alert: Option<&Alert>,
) -> Result<(Offer, Help), StoreError> {
    let Some(alert) = alert else {
        return Ok((Offer::None, Help::None));
    };
    let (me, now) = (visit.me.id, wall.now());
    let owner = alert.claimed.map(|(owner, _)| owner);
    let open = tx.open_transfer(alert.id).await?;
    let open = open.filter(|offer| owner == Some(offer.from_id) && now < offer.until);
    let offer = match open {
        Some(offer) if offer.to_id == me => Offer::ToMe(offer.from_name),
        Some(offer) if offer.from_id == me => {
            Offer::ByMe(offer.to_name, wait(offer.offered_at, now))
        }
        _ => Offer::None,
    };
    let help = match tx.open_help(alert.id).await? {
        Some(call) => Help::Wanted(call.asked_name, wait(call.asked_at, now)),
        None => Help::None,
    };
    Ok((offer, help))
}

/// Who else of the team reads and writes here now.
async fn present(tx: &mut Tx, id: Uuid, me: Uuid, now: At) -> Result<Vec<Colleague>, StoreError> {
    let there = tx.present(id, me, now.minus(STAYS)).await?.into_iter();
    let colleague = |one: Present| Colleague {
        writes: one.wrote_at.is_some_and(|at| now.since(at) < WRITES),
        name: one.name,
    };
    Ok(there.map(colleague).collect())
}

/// How a conversation ended, in words.
pub(super) fn how(ended: &Ended, codes: &codes::Codes, wall: &Wall) -> String {
    let outcome = ended.outcome.as_deref().map(|code| {
        codes::line(&codes.outcomes, code).map_or_else(|| code.to_owned(), |line| said(&line.label))
    });
    let when = wall.moment(ended.closed_at);
    match (ended.closed_by.as_deref(), outcome) {
        (Some(by), Some(outcome)) => tr!("closed {when} by {by}: {outcome}", when, by, outcome),
        (Some(by), None) => tr!("closed {when} by {by}", when, by),
        (None, Some(outcome)) => tr!("closed {when}: {outcome}", when, outcome),
        (None, None) => tr!("closed {when}", when),
    }
}

async fn earlier(
    tx: &mut Tx,
    doors: &Doors,
    visit: &Visit,
    wall: &Wall,
    texter: &Texter,
    id: Uuid,
) -> Result<Vec<Earlier>, StoreError> {
    let mut earlier = Vec::new();
    for ended in tx.ended_of(texter.id, id, EARLIER).await? {
        let how = how(&ended, doors.handoff.packs.codes(), wall);
        earlier.push(Earlier {
            id: ended.id,
            open: tx.may_read(&visit.me, ended.id).await?,
            words: format!("{}, {how}", said(ended.tier.word())),
        });
    }
    Ok(earlier)
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    match load(&doors, &visit, id, &Wanted::of(&sent)).await? {
        Loaded::Page(page) => visit.show(&doors, &*page),
        Loaded::Held(page) => {
            Ok((StatusCode::FORBIDDEN, visit.show(&doors, &*page)?).into_response())
        }
    }
}

async fn fragment(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    match load(&doors, &visit, id, &Wanted::of(&sent)).await? {
        Loaded::Page(page) => Ok(Html(page.as_thread().render()?).into_response()),
        // The page reads itself again, and finds who has it.
        Loaded::Held(_) => Err(PageError::Forbidden),
    }
}
