//! The board of supervisors: how the line stands, who waits, who has what, and a call for help to the team.

use std::collections::BTreeSet;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use uuid::Uuid;

use super::form::{Choice, Sent, Wrong};
use super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::when::{Wall, length_s, wait};
use crate::call_outs::PAUSE;
use crate::clock::At;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, tr};
use crate::oncall::{Audience, Clocks, Facts, Light, Unclaimed, Urgency, Why, health, may_wait};
use crate::staff::Permission;
use crate::store::{Board, BoardCase};
use crate::triage::Tier;

/// Cases that are read. A line with more has other worries than the end of this list.
const MOST: u16 = 500;
/// Cases that are listed; the queue has all.
const LISTED: usize = 20;
/// Who has not opened a page for so long is not there.
const THERE: Duration = Duration::from_mins(5);
/// How long a call for help is shown.
const CALLED: Duration = Duration::from_hours(2);

pub(super) fn routes() -> Routes {
    let supervise = Access::May(Permission::SuperviseLine);
    Routes::new()
        .get("/board", supervise, page)
        .get("/board/now", supervise, fragment)
        .post("/board/call", supervise, call)
        .at(Pace::Send)
}

#[derive(Template)]
#[template(path = "pages/board.html", blocks = ["board"])]
struct BoardPage {
    frame: Frame,
    zone: String,
    wrong: Wrong,
    light: Sign,
    reasons: Vec<String>,
    /// What the light is judged by, in one line.
    sums: String,
    /// The case whose texter has waited longest for a person.
    oldest: Option<Case>,
    tiers: Vec<Waiting>,
    waiting: usize,
    /// Whether more cases are open than were read.
    more: bool,
    longest: Vec<Case>,
    people: Vec<Load>,
    there: Vec<String>,
    help: Vec<Asks>,
    incidents: usize,
    called: Option<Called>,
    audiences: Vec<Choice>,
    /// Whether a call wakes people, as it is offered.
    urgent: bool,
}

/// The light: a word, a shape, a colour.
struct Sign {
    class: &'static str,
    word: &'static str,
    means: &'static str,
}

/// Who waits of one tier.
struct Waiting {
    tier: &'static str,
    count: usize,
    longest: String,
}

/// A case on the board.
struct Case {
    id: Uuid,
    code: String,
    tier: &'static str,
    waits: String,
    long: bool,
    /// Who has said that they take it.
    by: String,
}

/// Somebody of the team, and what they have.
struct Load {
    id: Uuid,
    name: String,
    role: &'static str,
    is_there: bool,
    seen: String,
    on_call: bool,
    cases: Vec<Held>,
}

/// A conversation that somebody has.
struct Held {
    id: Uuid,
    code: String,
    tier: &'static str,
    last: String,
    drill: bool,
    /// Whether its texter waits for words of who has it.
    waits: bool,
}

/// A call for a supervisor.
struct Asks {
    conversation: Uuid,
    by: String,
    since: String,
}

/// The latest call for help.
struct Called {
    words: String,
    /// Whether the next one is too soon.
    pauses: bool,
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    (sent, wrong): (&Sent, Wrong),
) -> Result<BoardPage, PageError> {
    let now = doors.clock.now();
    let desk = &doors.policies.desk;
    let mut tx = doors.store.read().await?;
    let board = tx.board(MOST, now.minus(CALLED), now).await?;
    let wall = Wall::of(&mut tx, &visit.me, now).await?;
    drop(tx);
    let look = Look {
        board: &board,
        clocks: &desk.clocks,
        now,
    };
    let facts = look.facts(desk.roster.fallback.len());
    let (light, reasons) = health(&facts, &desk.clocks, now);
    let unclaimed: Vec<&BoardCase> = look.unclaimed().collect();
    let oldest = unclaimed.iter().min_by_key(|case| case.opened_at);
    let chosen = Audience::of(sent.get("audience")).unwrap_or_default();
    Ok(BoardPage {
        frame: visit.frame(doors, Section::Board),
        zone: wall.name(),
        wrong,
        light: sign(light),
        reasons: reasons.into_iter().map(reason).collect(),
        sums: sums(&facts),
        oldest: oldest.map(|case| look.case(case)),
        tiers: look.tiers(&unclaimed),
        waiting: unclaimed.len(),
        more: board.more,
        longest: unclaimed
            .iter()
            .take(LISTED)
            .map(|case| look.case(case))
            .collect(),
        there: look.on_call().into_iter().collect(),
        people: look.people(),
        help: board
            .help
            .iter()
            .map(|call| Asks {
                conversation: call.conversation_id,
                by: call.asked_name.clone(),
                since: wait(call.asked_at, now),
            })
            .collect(),
        incidents: board.incidents.len(),
        called: look.called(),
        audiences: Audience::ALL
            .map(|one| {
                let words = match one {
                    Audience::OnCall => tr!("whoever is on call"),
                    Audience::Everyone => tr!("everyone of the team"),
                };
                Choice::new(&one.word(), &words, one == chosen)
            })
            .into(),
        urgent: facts.unclaimed.iter().any(|case| case.urgency.is_crisis()),
    })
}

/// What the board is told from.
struct Look<'a> {
    board: &'a Board,
    clocks: &'a Clocks,
    now: At,
}

impl Look<'_> {
    /// Cases that nobody has claimed, the most urgent first. Nobody waits behind a drill: the queue shows it.
    fn unclaimed(&self) -> impl Iterator<Item = &BoardCase> {
        let cases = self.board.cases.iter();
        cases.filter(|case| case.claimed_by.is_none() && case.drill_id.is_none())
    }

    fn facts(&self, fallback: usize) -> Facts {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let cases = || {
            self.board
                .cases
                .iter()
                .filter(|case| case.drill_id.is_none())
        };
        let unclaimed = self.unclaimed().map(|case| Unclaimed {
            urgency: Urgency::of(case.tier, case.reason),
            since: case.opened_at,
            exhausted: case.exhausted_at.is_some(),
        });
        let members = self.board.members.iter();
        let reached = self.reached();
        Facts {
            unclaimed: unclaimed.collect(),
            overdue: u32::try_from(self.board.owed.1).unwrap_or(0),
            on_call: count(reached + fallback),
            signed_in: count(members.filter(|one| self.is_there(one.seen_at)).count()),
            in_hands: count(cases().filter(|case| case.claimed_by.is_some()).count()),
            help: count(self.board.help.len()),
            incidents: count(self.board.incidents.len()),
        }
    }

    fn is_there(&self, seen_at: Option<At>) -> bool {
        seen_at.is_some_and(|seen| self.now.since(seen) < THERE)
    }

    /// Who is on call now.
    fn ids_on_call(&self) -> BTreeSet<Uuid> {
        let schedules = self.board.schedules.iter();
        schedules.flat_map(|one| one.on_call(self.now)).collect()
    }

    /// How many of them a crisis would reach.
    fn reached(&self) -> usize {
        let there = self.ids_on_call();
        let people = self.board.people.iter();
        let on_call = people.filter(|one| there.contains(&one.id));
        on_call
            .filter(|one| !one.reached_by(true, self.now).is_empty())
            .count()
    }

    fn on_call(&self) -> BTreeSet<String> {
        let there = self.ids_on_call();
        let people = self.board.people.iter();
        let on_call = people.filter(|one| there.contains(&one.id));
        on_call.map(|one| one.name.clone()).collect()
    }

    fn tiers(&self, unclaimed: &[&BoardCase]) -> Vec<Waiting> {
        let of = |tier: Tier| {
            let cases = || unclaimed.iter().filter(|case| case.tier == tier);
            let oldest = cases().map(|case| case.opened_at).min();
            Waiting {
                tier: tier.word(),
                count: cases().count(),
                longest: oldest.map_or_else(String::new, |since| wait(since, self.now)),
            }
        };
        Tier::ALL.into_iter().rev().map(of).collect()
    }

    fn case(&self, case: &BoardCase) -> Case {
        let urgency = Urgency::of(case.tier, case.reason);
        Case {
            id: case.conversation_id,
            code: case.code.clone(),
            tier: case.tier.word(),
            waits: wait(case.opened_at, self.now),
            long: self.now.since(case.opened_at) > may_wait(urgency, self.clocks),
            by: case.acknowledged_by.clone().unwrap_or_default(),
        }
    }

    /// Who has something, is there, or is on call; the busiest first.
    fn people(&self) -> Vec<Load> {
        let on_call = self.ids_on_call();
        let members = self.board.members.iter();
        let mut all: Vec<Load> = members
            .map(|member| {
                let account = &member.account;
                let cases = self.board.cases.iter();
                let theirs = cases.filter(|case| case.claimed_by == Some(account.id));
                Load {
                    id: account.id,
                    name: account.name.clone(),
                    role: account.role.word(),
                    is_there: self.is_there(member.seen_at),
                    seen: member
                        .seen_at
                        .map_or_else(String::new, |seen| wait(seen, self.now)),
                    on_call: on_call.contains(&account.id),
                    cases: theirs.map(|case| self.held(case)).collect(),
                }
            })
            .filter(|one| one.is_there || one.on_call || !one.cases.is_empty())
            .collect();
        all.sort_by_key(|one| (std::cmp::Reverse(one.cases.len()), !one.is_there));
        all
    }

    fn held(&self, case: &BoardCase) -> Held {
        // A claim is a lease that each act begins again: that is when the last one was.
        let lease = self.clocks.of(Urgency::of(case.tier, case.reason)).lease;
        let acted = case.lease_until.map(|until| until.minus(lease));
        let acted = acted.max(case.claimed_at).unwrap_or(case.opened_at);
        Held {
            id: case.conversation_id,
            code: case.code.clone(),
            tier: case.tier.word(),
            last: wait(acted.min(self.now), self.now),
            drill: case.drill_id.is_some(),
            waits: case.answered_at < Some(case.last_inbound_at),
        }
    }

    fn called(&self) -> Option<Called> {
        let call = self.board.call_out.as_ref()?;
        let members = self.board.members.iter();
        let came = members.filter(|one| one.seen_at.is_some_and(|seen| seen > call.at));
        let audience = match call.audience {
            Audience::OnCall => tr!("whoever is on call"),
            Audience::Everyone => tr!("everyone"),
        };
        let told = match call.reached {
            1 => tr!("1 could be told"),
            n => tr!("{n} could be told", n),
        };
        Some(Called {
            words: tr!(
                "{by} called {audience} for help {wait} ago: {told}, {came} of the team have opened a page since.",
                by = call.by,
                audience,
                wait = wait(call.at, self.now),
                told,
                came = came.count(),
            ),
            pauses: self.now.since(call.at) < PAUSE,
        })
    }
}

const fn sign(light: Light) -> Sign {
    match light {
        Light::Green => Sign {
            class: "green",
            word: phrase!("Green"),
            means: phrase!("whoever waits can count on a person"),
        },
        Light::Amber => Sign {
            class: "amber",
            word: phrase!("Amber"),
            means: phrase!("somebody should look"),
        },
        Light::Red => Sign {
            class: "red",
            word: phrase!("Red"),
            means: phrase!("somebody must come now"),
        },
    }
}

fn conversations(count: u32) -> String {
    match count {
        1 => tr!("1 conversation"),
        n => tr!("{n} conversations", n),
    }
}

/// What the light is judged by, in one line.
fn sums(facts: &Facts) -> String {
    let reached = match facts.on_call {
        1 => tr!("1 person or phone"),
        n => tr!("{n} people and phones", n),
    };
    let there = match facts.signed_in {
        1 => tr!("1 person is"),
        n => tr!("{n} people are", n),
    };
    let late = match facts.overdue {
        1 => tr!("1 answer is"),
        n => tr!("{n} answers are", n),
    };
    tr!(
        "{reached} on call can be reached, {there} signed in, {hands} in hands, {late} overdue.",
        reached,
        there,
        hands = conversations(facts.in_hands),
        late
    )
}

fn reason(why: Why) -> String {
    match why {
        Why::NobodyOnCall => tr!("Nobody who is on call can be reached."),
        Why::Exhausted(1) => tr!("1 case was paged on every rung, and nobody took it."),
        Why::Exhausted(n) => tr!("{n} cases were paged on every rung, and nobody took it.", n),
        Why::CrisisWaits(1, longest) => tr!(
            "1 crisis waits longer than the clocks allow, up to {longest}.",
            longest = length_s(longest)
        ),
        Why::CrisisWaits(n, longest) => tr!(
            "{n} crises wait longer than the clocks allow, up to {longest}.",
            n,
            longest = length_s(longest)
        ),
        Why::OtherWaits(1, longest) => tr!(
            "1 other case waits longer than the clocks allow, up to {longest}.",
            longest = length_s(longest)
        ),
        Why::OtherWaits(n, longest) => tr!(
            "{n} other cases wait longer than the clocks allow, up to {longest}.",
            n,
            longest = length_s(longest)
        ),
        Why::Overdue(1) => tr!("The answer to 1 text is overdue."),
        Why::Overdue(n) => tr!("The answer to {n} texts is overdue.", n),
        Why::HelpWanted(1) => tr!("1 responder asks for a supervisor."),
        Why::HelpWanted(n) => tr!("{n} responders ask for a supervisor.", n),
        Why::Loaded(work, people) => {
            let people = match people {
                1 => tr!("1 person"),
                n => tr!("{n} people", n),
            };
            let work = conversations(work);
            tr!("{work} for {people} signed in.", work, people)
        }
        Why::NobodySignedIn => tr!("Nobody is signed in, and somebody waits."),
        Why::Incidents(1) => tr!("1 incident is open."),
        Why::Incidents(n) => tr!("{n} incidents are open.", n),
    }
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit, (&Sent::default(), Wrong::default())).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    let page = load(&doors, &visit, (&Sent::default(), Wrong::default())).await?;
    Ok(Html(page.as_board().render()?))
}

async fn call(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let Some(audience) = Audience::of(sent.get("audience")) else {
        let wrong = Wrong::with("audience", &phrase!("Choose who is called."));
        return refused(&load(&doors, &visit, (&sent, wrong)).await?);
    };
    let urgent = !sent.get("urgent").is_empty();
    match doors.call_outs.call(&visit.me, audience, urgent).await? {
        Ok(_) => Ok(done(&doors, "/board", Notice::TeamCalled)),
        Err(why) => {
            let wrong = Wrong::with("", &why);
            refused(&load(&doors, &visit, (&sent, wrong)).await?)
        }
    }
}
