//! The queue: what is mine, who waits for a person, most urgent first, and what colleagues have.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::clocks::{self, Face, faces, is_long};
use super::form::{Choice, Sent};
use super::frame::{Frame, Section, Visit};
use super::lists::{self, Tab};
use super::when::wait;
use crate::clock::At;
use crate::conversation::Reason;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, phrase, said, tr};
use crate::staff::Permission;
use crate::store::{CasePlace, Hands, QueueRow, Untaken};
use crate::triage::Tier;

/// The list of one's own.
const MINE: &str = "mine";
/// Cases of those who wait on one page.
const ROWS: u16 = 40;
/// Cases that somebody has: of one's own, and of colleagues. Who has more sees how many more.
const IN_HANDS: u16 = 20;

pub(super) fn routes() -> Routes {
    let read = Access::May(Permission::ReadConversations);
    Routes::new()
        .get("/", read, page)
        .get("/queue", read, fragment)
}

#[derive(Template)]
#[template(path = "pages/queue.html", blocks = ["rows"])]
struct QueuePage {
    frame: Frame,
    tabs: [Tab; 4],
    /// What stands after `?`, for the fragment.
    query: String,
    tiers: Vec<Choice>,
    filtered: bool,
    /// Whether this is not the first page of those who wait.
    further: bool,
    offers: Vec<Asks>,
    help: Vec<Asks>,
    mine: Vec<Row>,
    waiting: Vec<Row>,
    waiting_count: i64,
    others: Vec<Row>,
    /// Who waits for anyone, whatever is listed: what the alarm sounds for.
    untaken: Untaken,
    /// Whether who looks is asked to take their shift.
    shift_begun: bool,
    /// How many of one's own and of colleagues there are, listed or not.
    mine_count: usize,
    others_count: usize,
    /// Where those who wait go on.
    next: Option<String>,
}

/// Somebody of the team who asks for something.
struct Asks {
    conversation: Uuid,
    by: String,
    since: String,
}

/// A row of the queue, in words.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that the row shows or not"
)]
struct Row {
    id: Uuid,
    /// The list in which it stands: a page patches what has moved from one to another.
    place: &'static str,
    mine: bool,
    case: String,
    tier: &'static str,
    reason: &'static str,
    waits: String,
    long: bool,
    clocks: [Face; 3],
    blocked: bool,
    drill: bool,
    /// Nobody has it: it can be claimed from here.
    free: bool,
}

impl Row {
    fn new(row: &QueueRow, place: &'static str, now: At) -> Self {
        let hands = clocks::Hands {
            pages: u32::try_from(row.pages).unwrap_or(0),
            acknowledged: row.acknowledged_by.as_deref(),
            claimed: row.claimed_name.as_deref().zip(row.claimed_at),
            answered: row.answered_at,
            due: row.next_page_at,
        };
        // Whoever has had their first words waits from what they wrote last.
        let since = match row.answered_at {
            Some(answered) if row.claimed_at.is_some() => answered.min(row.last_inbound_at),
            _ => row.waiting_since,
        };
        Self {
            id: row.conversation_id,
            place,
            mine: place == MINE,
            case: row.code.clone(),
            tier: row.tier.word(),
            reason: match row.reason {
                Reason::Crisis => phrase!("crisis"),
                Reason::Question => phrase!("asked if they are in danger"),
                Reason::WantsHuman => phrase!("asks for a person"),
                Reason::OptedOutInCrisis => phrase!("sent STOP in a crisis"),
                Reason::AwaitsHuman => phrase!("waits for an answer"),
            },
            waits: wait(since, now),
            long: is_long(since, now),
            clocks: faces(hands, now),
            blocked: row.blocked_at.is_some(),
            drill: row.drill_id.is_some(),
            free: row.claimed_by.is_none() && row.acknowledged_by.is_none(),
        }
    }
}

/// What is asked for: a tier, and where a page begins. What cannot be read is the first page of all.
struct Asked {
    tier: Option<Tier>,
    after: Option<CasePlace>,
}

impl Asked {
    fn read(sent: &Sent) -> Self {
        let tier = |word: &str| Tier::ALL.into_iter().find(|tier| tier.word() == word);
        let mut parts = sent.get("after").split('.');
        let mut part = || parts.next().unwrap_or_default();
        let (first, at, id) = (tier(part()), part().parse(), part().parse());
        let after = match (first, at, id) {
            (Some(tier), Ok(at), Ok(id)) => Some(CasePlace {
                tier,
                opened_at: At(at),
                id,
            }),
            _ => None,
        };
        Self {
            tier: tier(sent.get("tier")),
            after,
        }
    }

    /// What stands after `?` for the page that begins there.
    fn query(&self, after: Option<CasePlace>) -> String {
        let after = after.map_or_else(String::new, |place| {
            format!("{}.{}.{}", place.tier.word(), place.opened_at.0, place.id)
        });
        let tier = self.tier.map_or("", Tier::word);
        format!("tier={tier}&after={after}")
    }
}

async fn load(doors: &Doors, visit: &Visit, asked: &Asked) -> Result<QueuePage, PageError> {
    let (now, me) = (doors.clock.now(), visit.me.id);
    let tier = asked.tier;
    let mut tx = doors.store.read().await?;
    let waiting = tx.queue(me, Hands::Nobody, tier, asked.after, ROWS).await?;
    let mine = tx.queue(me, Hands::Mine, tier, None, IN_HANDS).await?;
    let others = tx.queue(me, Hands::Others, tier, None, IN_HANDS).await?;
    let counts = tx.case_counts(me).await?;
    let untaken = tx.untaken(Uuid::nil()).await?;
    let offers = tx.transfers_to(me, now).await?;
    let duties = tx.duties_open().await?;
    let help = if visit.me.role.may(Permission::ObserveConversations) {
        tx.open_help_calls().await?
    } else {
        Vec::new()
    };
    let last = waiting
        .last()
        .filter(|_| waiting.len() == usize::from(ROWS));
    let next = last.map(|last| {
        let place = CasePlace {
            tier: last.tier,
            opened_at: last.waiting_since,
            id: last.alert_id,
        };
        format!("/?{}", asked.query(Some(place)))
    });
    let rows = |rows: &[QueueRow], place| {
        let rows = rows.iter();
        rows.map(|row| Row::new(row, place, now)).collect()
    };
    let choices = Tier::ALL.into_iter().rev();
    Ok(QueuePage {
        frame: visit.frame(doors, Section::Queue),
        tabs: lists::tabs("/"),
        query: asked.query(asked.after),
        tiers: std::iter::once(Choice::new(&"", &tr!("every tier"), tier.is_none()))
            .chain(
                choices.map(|one| Choice::new(&one.word(), &said(one.word()), tier == Some(one))),
            )
            .collect(),
        filtered: tier.is_some(),
        further: asked.after.is_some(),
        offers: offers
            .into_iter()
            .map(|offer| Asks {
                conversation: offer.conversation_id,
                by: offer.from_name,
                since: wait(offer.offered_at, now),
            })
            .collect(),
        help: help
            .into_iter()
            .map(|call| Asks {
                conversation: call.conversation_id,
                by: call.asked_name,
                since: wait(call.asked_at, now),
            })
            .collect(),
        mine: rows(&mine, MINE),
        waiting: rows(&waiting, "waiting"),
        waiting_count: counts.1,
        untaken,
        shift_begun: duties
            .iter()
            .any(|duty| duty.staff_id == me && duty.is_waiting()),
        mine_count: all(&mine, counts.0),
        others_count: all(&others, counts.2),
        others: rows(&others, "other"),
        next,
    })
}

/// How many there are: a list that is not full shows all of its tier.
fn all(listed: &[QueueRow], counted: i64) -> usize {
    if listed.len() < usize::from(IN_HANDS) {
        return listed.len();
    }
    usize::try_from(counted).unwrap_or(0).max(listed.len())
}

async fn page(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let page = load(&doors, &visit, &Asked::read(&sent)).await?;
    visit.show(&doors, &page)
}

async fn fragment(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Html<String>, PageError> {
    let page = load(&doors, &visit, &Asked::read(&sent)).await?;
    Ok(Html(page.as_rows().render()?))
}
