//! System: how the program itself stands, for whoever runs it, and the checks of `harborline doctor`.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};

use super::frame::{Frame, Section, Visit};
use super::on_call::watch::{Pulse, pulse};
use super::readiness::Mark;
use super::when::{Wall, length, wait};
use crate::clock::At;
use crate::gateway::SignaturePolicy;
use crate::gateway::check::{Finding, State as Stands};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, phrase_of, said, tr};
use crate::lane::Lane;
use crate::oncall::{Incident, IncidentKind, incident};
use crate::staff::Permission;
use crate::store::{GatewayStanding, LaneStanding, Overdue};
use crate::system::{Look, TRIES_COUNTED};

pub(super) fn routes() -> Routes {
    let view = Access::May(Permission::ViewSystem);
    Routes::new()
        .get("/system", view, page)
        .get("/system/now", view, fragment)
        .get("/system/checks", view, checks)
        .at(Pace::Try)
}

#[derive(Template)]
#[template(path = "pages/system.html", blocks = ["now"])]
struct SystemPage {
    frame: Frame,
    zone: String,
    tallies: Vec<Tally>,
    incidents: Vec<Open>,
    gateways: Vec<GatewayRow>,
    counted: String,
    overdue: Vec<String>,
    lanes: Vec<LaneRow>,
    spool: Vec<(Mark, String)>,
    snapshot: Mark,
    snapshot_words: String,
    pulse: Pulse,
    facts: Vec<(&'static str, String)>,
}

/// A count, with whether it is as it should be.
struct Tally {
    label: &'static str,
    count: i64,
    mark: Mark,
}

impl Tally {
    /// A count that is good as it is.
    const fn plain(label: &'static str, count: i64) -> Self {
        Self {
            label,
            count,
            mark: Mark {
                class: "plain",
                word: "",
            },
        }
    }

    /// A count that should be zero.
    const fn none(label: &'static str, count: i64) -> Self {
        let (class, word) = if count == 0 {
            ("good", phrase!("none"))
        } else {
            ("bad", phrase!("look at it"))
        };
        Self {
            label,
            count,
            mark: Mark { class, word },
        }
    }
}

/// An open incident, in words.
struct Open {
    since: String,
    what: String,
}

impl Open {
    fn new(one: &Incident, public_url: &str, now: At) -> Self {
        let words = incident(one, public_url, now);
        let what = words.strip_prefix("Harborline: ").unwrap_or(&words);
        Self {
            since: wait(one.opened_at, now),
            what: said(what),
        }
    }
}

/// A gateway, in words.
struct GatewayRow {
    name: String,
    mark: Mark,
    inbound: String,
    sent: String,
    receipt: String,
    tries: String,
    signature: Mark,
    /// What was found about signatures; empty when nothing was.
    hooks: String,
}

impl GatewayRow {
    fn new(
        doors: &Doors,
        look: &Look,
        wall: &Wall,
        (name, standing): &(String, GatewayStanding),
    ) -> Self {
        let ago = |at: Option<At>| {
            at.map_or_else(
                || tr!("not in the last seven days"),
                |at| {
                    let (wait, moment) = (wait(at, look.now), wall.moment(at));
                    tr!("{wait} ago, {moment}", wait, moment)
                },
            )
        };
        Self {
            mark: state_of(standing, look.now),
            inbound: ago(standing.inbound),
            sent: ago(standing.sent),
            receipt: ago(standing.receipt),
            tries: tries(standing),
            signature: signature(doors.signing.policy(name)),
            hooks: hooks(name, standing, &look.incidents),
            name: name.clone(),
        }
    }
}

fn state_of(standing: &GatewayStanding, now: At) -> Mark {
    let (class, word) = if standing.circuit.is_open(now) {
        ("bad", phrase!("goes round it"))
    } else if standing.circuit.failures > 0 || standing.failed > 0 {
        ("care", phrase!("failed lately"))
    } else if standing.tries > 0 {
        ("good", phrase!("works"))
    } else {
        ("plain", phrase!("quiet"))
    };
    Mark { class, word }
}

fn tries(standing: &GatewayStanding) -> String {
    let (tried, failed) = (standing.tries, standing.failed);
    let sent = tr!("{tried} tried, {failed} failed", tried, failed);
    let in_a_row = match standing.circuit.failures {
        0 => String::new(),
        n => tr!(", {n} in a row", n),
    };
    match &standing.last_failure {
        Some(last) => tr!("{sent}{in_a_row}; the latest: {last}", sent, in_a_row, last),
        None => format!("{sent}{in_a_row}"),
    }
}

const fn signature(policy: SignaturePolicy) -> Mark {
    match policy {
        SignaturePolicy::Enforce => Mark {
            class: "good",
            word: phrase!("signed hooks only"),
        },
        SignaturePolicy::Observe => Mark {
            class: "bad",
            word: phrase!("takes every hook"),
        },
        SignaturePolicy::Quarantine => Mark {
            class: "care",
            word: phrase!("holds unsigned texts"),
        },
    }
}

/// What is wrong with its hooks.
fn hooks(name: &str, standing: &GatewayStanding, incidents: &[Incident]) -> String {
    let about = incidents.iter().filter(|one| one.subject == name);
    let bad: i64 = about
        .filter(|one| one.kind == IncidentKind::Signature)
        .map(|one| one.count)
        .sum();
    let mut words = Vec::new();
    if bad > 0 {
        words.push(tr!("{n} whose signature does not hold", n = bad));
    }
    if standing.held > 0 {
        words.push(tr!("{n} held until somebody decides", n = standing.held));
    }
    words.join(", ")
}

/// A lane, in words.
struct LaneRow {
    name: &'static str,
    due: i64,
    later: i64,
    oldest: String,
}

impl LaneRow {
    fn new(lane: Lane, standings: &[LaneStanding], now: At) -> Self {
        let found = standings.iter().find(|one| one.lane == lane);
        Self {
            name: match lane {
                Lane::Crisis => phrase!("Crisis replies"),
                Lane::Page => phrase!("Pages"),
                Lane::Conversation => phrase!("Conversations"),
                Lane::Content => phrase!("Menus"),
            },
            due: found.map_or(0, |one| one.due),
            later: found.map_or(0, |one| one.later),
            oldest: found
                .and_then(|one| one.oldest_due)
                .map_or_else(String::new, |at| wait(at, now)),
        }
    }
}

fn overdue(look: &Look) -> Vec<String> {
    let [alone, with_human] = &look.overdue;
    let words = |one: &Overdue, who: &str| {
        let since = wait(one.oldest_due, look.now);
        tr!(
            "{count} from gateway {gateway}, {who}; the first was due {since} ago",
            count = one.count,
            gateway = one.gateway,
            who = said(who),
            since
        )
    };
    let alone = alone
        .iter()
        .map(|one| words(one, phrase!("for the line to answer")));
    let human = with_human.iter();
    alone
        .chain(human.map(|one| words(one, phrase!("while a person has the conversation"))))
        .collect()
}

fn spool(look: &Look) -> Vec<(Mark, String)> {
    let good = Mark {
        class: "good",
        word: phrase!("empty"),
    };
    let bad = |word| Mark { class: "bad", word };
    let counts = &look.spool;
    let mut rows = Vec::new();
    if counts.entries == 0 {
        rows.push((good, tr!("Nothing waits for the database.")));
    } else {
        let oldest = counts.oldest.map_or_else(String::new, |at| {
            tr!(", the oldest for {wait}", wait = wait(at, look.now))
        });
        let n = counts.entries;
        let words = tr!("{n} wait for the database{oldest}.", n, oldest);
        rows.push((bad(phrase!("waiting")), words));
    }
    for (count, words) in [
        (
            counts.corrupt,
            phrase!(
                "{n} could not be opened, and nobody has read them. The checks say what to do."
            ),
        ),
        (
            counts.refused,
            phrase!(
                "{n} were refused by the database, and nobody has read them. The checks say what to do."
            ),
        ),
    ] {
        if count > 0 {
            let words = phrase_of(words).with("n", &count).to_string();
            rows.push((bad(phrase!("set aside")), words));
        }
    }
    rows
}

fn snapshot(look: &Look) -> (Mark, String) {
    let on_call = look
        .roster
        .standby
        .iter()
        .filter(|one| one.from <= look.now && look.now < one.until)
        .count();
    let until = look.roster.standby.iter().map(|one| one.until).max();
    let reach = until.map_or_else(
        || tr!("no schedule is in it"),
        |until| {
            let ahead = until.since(look.now);
            tr!(
                "it knows the schedules for the next {time}",
                time = length(ahead)
            )
        },
    );
    let contacts = look.roster.fallback.len();
    let of_configuration = match contacts {
        1 => tr!("1 contact"),
        n => tr!("{n} contacts", n),
    };
    let words = tr!(
        "{on_call} on call now and {of_configuration} of the configuration would be paged; {reach}.",
        on_call,
        of_configuration,
        reach
    );
    let mark = if on_call + contacts == 0 {
        Mark {
            class: "bad",
            word: phrase!("pages nobody"),
        }
    } else if look.roster_kept {
        Mark {
            class: "good",
            word: phrase!("kept on disk"),
        }
    } else {
        Mark {
            class: "bad",
            word: phrase!("in memory only"),
        }
    };
    (mark, words)
}

fn facts(doors: &Doors, look: &Look, wall: &Wall) -> Vec<(&'static str, String)> {
    let age = look.key_since.map_or_else(String::new, |since| {
        let age = length(look.now.since(since).max(Duration::from_mins(1)));
        tr!(
            ", written {age} ago ({moment})",
            age,
            moment = wall.moment(since)
        )
    });
    let running = length(look.now.since(look.started).max(Duration::from_mins(1)));
    vec![
        (phrase!("Version"), env!("CARGO_PKG_VERSION").to_owned()),
        (
            phrase!("Running"),
            tr!(
                "since {moment}, for {length}",
                moment = wall.moment(look.started),
                length = running
            ),
        ),
        (
            phrase!("Database"),
            tr!(
                "{engine}, {size}, migration {migration}",
                engine = look.database.engine,
                size = size(look.database.bytes),
                migration = look.database.migration
            ),
        ),
        (
            phrase!("Master key"),
            tr!("id {id}{age}", id = look.key_id, age),
        ),
        (
            phrase!("Rules"),
            tr!(
                "version {version}",
                version = short(doors.rulebook.current().hash())
            ),
        ),
        (phrase!("Address"), doors.public_url.to_string()),
    ]
}

/// The beginning of a hash, to compare by eye.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

/// A number of bytes, as people read it.
#[expect(clippy::cast_precision_loss, reason = "it is rounded for reading")]
fn size(bytes: i64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let mut amount = bytes as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for next in units {
        if amount < 1000.0 {
            break;
        }
        amount /= 1000.0;
        unit = next;
    }
    format!("{amount:.1} {unit}")
}

async fn load(doors: &Doors, visit: &Visit) -> Result<SystemPage, PageError> {
    let look = doors.system.look().await?;
    let wall = {
        let mut tx = doors.store.read().await?;
        Wall::of(&mut tx, &visit.me, look.now).await?
    };
    let waiting: i64 = look.lanes.iter().map(|lane| lane.due + lane.later).sum();
    let spooled = look.spool.entries + look.spool.corrupt + look.spool.refused;
    let (snapshot, snapshot_words) = snapshot(&look);
    Ok(SystemPage {
        frame: visit.frame(doors, Section::Line),
        zone: wall.name(),
        tallies: vec![
            Tally::none(phrase!("Overdue answers"), look.owed.1),
            Tally::none(phrase!("Cases that nobody has taken"), look.cases.1),
            Tally::none(
                phrase!("In the spool"),
                i64::try_from(spooled).unwrap_or(i64::MAX),
            ),
            Tally::plain(phrase!("Texts owed an answer"), look.owed.0),
            Tally::plain(phrase!("Open cases"), look.cases.0),
            Tally::plain(phrase!("In the outbox"), waiting),
        ],
        incidents: look
            .incidents
            .iter()
            .map(|one| Open::new(one, &doors.public_url, look.now))
            .collect(),
        gateways: look
            .gateways
            .iter()
            .map(|one| GatewayRow::new(doors, &look, &wall, one))
            .collect(),
        counted: length(TRIES_COUNTED),
        overdue: overdue(&look),
        lanes: Lane::ALL
            .map(|lane| LaneRow::new(lane, &look.lanes, look.now))
            .into(),
        spool: spool(&look),
        snapshot,
        snapshot_words,
        pulse: pulse(&look.heartbeat, doors.heartbeat.ping.is_some()),
        facts: facts(doors, &look, &wall),
    })
}

async fn page(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit).await?;
    visit.show(&doors, &page)
}

async fn fragment(visit: Visit, State(doors): State<Doors>) -> Result<Html<String>, PageError> {
    Ok(Html(load(&doors, &visit).await?.as_now().render()?))
}

#[derive(Template)]
#[template(path = "pages/system_checks.html")]
struct ChecksPage {
    frame: Frame,
    /// None while somebody else has them run.
    checks: Option<Vec<CheckRow>>,
    failed: usize,
    warned: usize,
}

/// A check, in words.
struct CheckRow {
    mark: Mark,
    id: String,
    finding: String,
    fix: String,
}

impl CheckRow {
    fn new(finding: Finding) -> Self {
        let (class, word) = match finding.state {
            Stands::Ok => ("good", phrase!("ok")),
            Stands::Skipped => ("plain", phrase!("skipped")),
            Stands::Warn => ("care", phrase!("warning")),
            Stands::Fail => ("bad", phrase!("fails")),
        };
        Self {
            mark: Mark { class, word },
            id: finding.id,
            finding: finding.finding,
            fix: finding.fix,
        }
    }
}

async fn checks(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let mut found = doors.system.check().await;
    if let Some(found) = &mut found {
        found.sort_by_key(|finding| std::cmp::Reverse(finding.state));
    }
    let count = |state| {
        let all = found.iter().flatten();
        all.filter(|finding: &&Finding| finding.state == state)
            .count()
    };
    let page = ChecksPage {
        frame: visit.frame(&doors, Section::Line),
        failed: count(Stands::Fail),
        warned: count(Stands::Warn),
        checks: found.map(|found| found.into_iter().map(CheckRow::new).collect()),
    };
    visit.show(&doors, &page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Circuit;

    #[test]
    fn a_gateway_is_said_in_a_word() {
        let now = At(1_767_225_600_000);
        let standing = |tries, failed, failures| GatewayStanding {
            tries,
            failed,
            circuit: Circuit {
                failures,
                failed_at: Some(now),
            },
            ..GatewayStanding::default()
        };
        for (standing, word) in [
            (standing(0, 0, 0), "quiet"),
            (standing(9, 0, 0), "works"),
            (standing(9, 1, 0), "failed lately"),
            (standing(0, 0, 1), "failed lately"),
            (standing(9, 9, 3), "goes round it"),
        ] {
            assert_eq!(state_of(&standing, now).word, word, "{standing:?}");
        }
    }

    #[test]
    fn sizes_are_rounded_for_people() {
        for (bytes, words) in [
            (0, "0.0 KB"),
            (4_096, "4.1 KB"),
            (12_300_000, "12.3 MB"),
            (5_000_000_000, "5.0 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
