//! Audit and privacy: who did what and when, who was shown a number and why, what was deleted, who took
//! data with them; whether the log holds, and what the law keeps.

mod chain;
mod holds;
mod words;

use std::fmt::Write as _;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use uuid::Uuid;

use super::csv::Table;
use super::form::{Choice, Sent};
use super::frame::{Frame, Section, Visit};
use super::when::Wall;
use crate::clock::At;
use crate::content::codes;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::records::{COUNTED_DAYS, MOST, Page};
use crate::staff::Permission;
use crate::store::{AuditEntry, Member, Sift};
use words::{Group, part_of_the_program};

pub(super) fn routes() -> Routes {
    let view = Access::May(Permission::ViewAudit);
    let export = Access::May(Permission::ExportAudit);
    Routes::new()
        .get("/audit", view, list)
        .post("/audit/export", export, hand_out)
        .confirmed()
        .at(Pace::Export)
        .merge(chain::routes())
        .merge(holds::routes())
}

#[derive(Template)]
#[template(path = "pages/audit.html")]
struct ListPage {
    frame: Frame,
    administers: bool,
    zone: String,
    days: u64,
    tallies: Vec<Tally>,
    groups: Vec<Choice>,
    actors: Vec<Choice>,
    from: String,
    until: String,
    /// The address of everything; empty when everything is shown.
    all: &'static str,
    /// Where a search went wrong; empty when it did not.
    problem: &'static str,
    rows: Vec<Row>,
    /// The address of older entries; empty when there are none.
    next: String,
    further: bool,
    may_export: bool,
    /// The address of legal holds; empty for who may not look after them.
    holds: &'static str,
    most: usize,
}

/// How often something was done lately.
struct Tally {
    label: &'static str,
    count: i64,
    path: String,
}

/// An entry, in words.
struct Row {
    when: String,
    who: String,
    what: String,
    /// The conversation that it is about.
    conversation: Option<Uuid>,
    about: String,
    detail: String,
}

/// What the page was asked for.
struct Asked {
    group: Option<Group>,
    sift: Sift,
    from: String,
    until: String,
    problem: &'static str,
}

impl Asked {
    /// What stands in an address or a form. A day that is none is left out, and said.
    fn read(sent: &Sent) -> Self {
        let word = sent.get("what");
        let group = Group::ALL.into_iter().find(|group| group.word() == word);
        let (from, until) = (sent.get("from").trim(), sent.get("until").trim());
        let first = day(from);
        // The last day counts whole.
        let after = day(until).and_then(|day| day.tomorrow().ok());
        let unread =
            (!from.is_empty() && first.is_none()) || (!until.is_empty() && after.is_none());
        Self {
            group,
            sift: Sift {
                actor: sent.get("who").trim().to_owned(),
                actions: group.map(Group::actions).unwrap_or_default(),
                from: first.map(midnight),
                until: after.map(midnight),
            },
            from: from.to_owned(),
            until: until.to_owned(),
            problem: if unread {
                phrase!("A day was not understood and left out. Write it like 2026-01-31.")
            } else {
                ""
            },
        }
    }

    /// The address of the same, from before an entry on.
    fn address(&self, before: Option<Uuid>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        };
        add("what", self.group.map_or("", Group::word));
        add("who", &self.sift.actor);
        add("from", &self.from);
        add("until", &self.until);
        add(
            "before",
            &before.map_or_else(String::new, |id| id.to_string()),
        );
        let mut address = "/audit".to_owned();
        let query = query.finish();
        if !query.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(address, "?{query}");
        }
        address
    }

    fn is_narrow(&self) -> bool {
        self.sift != Sift::default()
    }
}

fn day(typed: &str) -> Option<Date> {
    typed.parse().ok()
}

/// The first moment of a day in UTC: the log is one for all zones.
fn midnight(day: Date) -> At {
    let moment = day.to_zoned(TimeZone::UTC);
    At(moment.map_or(0, |moment| moment.timestamp().as_millisecond()))
}

/// What names who something was done to, and reasons.
struct Names<'a> {
    members: &'a [Member],
    wall: &'a Wall,
    doors: &'a Doors,
}

impl Names<'_> {
    fn row(&self, entry: &AuditEntry) -> Row {
        let detail: Value = serde_json::from_str(&entry.detail).unwrap_or_default();
        let about = match (&entry.code, self.person(entry.subject)) {
            (Some(code), _) => tr!("case {code}", code),
            (None, Some(name)) => name.to_owned(),
            (None, None) if entry.conversation_id.is_some() => tr!("a conversation"),
            (None, None) => String::new(),
        };
        Row {
            when: self.wall.second_of_day(entry.at),
            who: part_of_the_program(&entry.actor).map_or_else(|| entry.by_name.clone(), said),
            what: said(words::words(&entry.action)),
            conversation: entry.conversation_id,
            about,
            detail: self.told(&entry.action, &detail),
        }
    }

    fn person(&self, id: Option<Uuid>) -> Option<&str> {
        let found = self.members.iter().find(|one| Some(one.account.id) == id);
        found.map(|one| one.account.name.as_str())
    }

    /// The details, in words: ids of people become their names, other ids say nothing to anybody.
    fn told(&self, action: &str, detail: &Value) -> String {
        let Value::Object(fields) = detail else {
            return String::new();
        };
        let told = fields.iter().filter_map(|(name, value)| {
            let all = self.doors.review.packs.codes();
            let codes = match (action, name.as_str()) {
                ("number.revealed", "reason") => Some(&all.reveals),
                ("conversation.released", "reason") => Some(&all.releases),
                ("conversation.tier", "reason") => Some(&all.tiers),
                ("conversation.closed", "outcome") => Some(&all.outcomes),
                _ => None,
            };
            let code = value.as_str().unwrap_or_default();
            let words = codes.and_then(|codes| codes::line(codes, code));
            let words = words.map(|line| said(&line.label));
            let words = words.or_else(|| self.value(value))?;
            // What stands in other fields may be a name.
            let words = match name.as_str() {
                "role" | "tier" | "how" => said(words),
                "by" if action == "conversations.searched" => said(words),
                "policy" if words == "Built-in" => said(words),
                _ => words,
            };
            Some(format!("{}: {words}", said(name).replace('_', " ")))
        });
        told.collect::<Vec<_>>().join(" · ")
    }

    fn value(&self, value: &Value) -> Option<String> {
        match value {
            Value::Null | Value::Object(_) => None,
            Value::Bool(yes) => Some(if *yes { tr!("yes") } else { tr!("no") }),
            Value::Number(number) => Some(match number.as_i64() {
                // A moment, in milliseconds: no count is that large.
                Some(ms) if ms >= 1_000_000_000_000 => self.wall.moment(At(ms)),
                _ => number.to_string(),
            }),
            Value::String(words) if words.is_empty() => None,
            Value::String(words) => match Uuid::try_parse(words) {
                Ok(id) => self.person(Some(id)).map(str::to_owned),
                Err(_) => Some(shortened(words).to_owned()),
            },
            Value::Array(all) => {
                let told: Vec<String> = all.iter().filter_map(|one| self.value(one)).collect();
                (!told.is_empty()).then(|| told.join(", "))
            }
        }
    }
}

/// A hash is compared by its beginning; everything else stays whole.
fn shortened(words: &str) -> &str {
    let is_hash = words.len() == 64 && words.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { &words[..12] } else { words }
}

/// The groups that the summary counts.
const COUNTED: [Group; 4] = [
    Group::Numbers,
    Group::Deletions,
    Group::Exports,
    Group::Searches,
];

fn tallies(page: &Page) -> Vec<Tally> {
    let tally = |group: Group| {
        let actions = group.actions();
        let of_it = page.counts.iter();
        Tally {
            label: group.label(),
            count: of_it
                .filter(|(action, _)| actions.contains(&action.as_str()))
                .map(|(_, count)| count)
                .sum(),
            path: format!("/audit?what={}", group.word()),
        }
    };
    COUNTED.map(tally).into()
}

fn groups(asked: &Asked) -> Vec<Choice> {
    let all = Choice::new(
        &"",
        &tr!("Everything but decisions on texts"),
        asked.group.is_none(),
    );
    let group = |group: Group| {
        Choice::new(
            &group.word(),
            &said(group.label()),
            asked.group == Some(group),
        )
    };
    std::iter::once(all).chain(Group::ALL.map(group)).collect()
}

fn actors(asked: &Asked, members: &[Member]) -> Vec<Choice> {
    let chosen = asked.sift.actor.as_str();
    let all = Choice::new(&"", &tr!("Everybody"), chosen.is_empty());
    let person = |one: &Member| {
        let login = &one.account.login;
        let label = format!("{} ({login})", one.account.name);
        Choice::new(login, &label, login == chosen)
    };
    let parts = ["line", "operator", "texter", "cli"];
    let part = |actor: &&str| {
        let label = part_of_the_program(actor).unwrap_or_default();
        Choice::new(actor, &said(label), *actor == chosen)
    };
    let mut choices: Vec<Choice> = std::iter::once(all)
        .chain(members.iter().map(person))
        .chain(parts.iter().map(part))
        .collect();
    if !choices.iter().any(|choice| choice.chosen) {
        // Who has left the team did what they did.
        choices.push(Choice::new(&chosen, chosen, true));
    }
    choices
}

async fn list(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let asked = Asked::read(&sent);
    let before = sent.id("before");
    let found = doors.records.page(&asked.sift, before).await?;
    let wall = {
        let mut tx = doors.store.read().await?;
        Wall::of(&mut tx, &visit.me, doors.clock.now()).await?
    };
    let names = Names {
        members: &found.members,
        wall: &wall,
        doors: &doors,
    };
    let page = ListPage {
        frame: visit.frame(&doors, Section::Line),
        administers: visit.me.role.may(Permission::ManageContent),
        zone: wall.name(),
        days: COUNTED_DAYS,
        tallies: tallies(&found),
        groups: groups(&asked),
        actors: actors(&asked, &found.members),
        rows: found.entries.iter().map(|entry| names.row(entry)).collect(),
        next: found
            .next
            .map_or_else(String::new, |id| asked.address(Some(id))),
        further: before.is_some(),
        all: if asked.is_narrow() { "/audit" } else { "" },
        from: asked.from,
        until: asked.until,
        problem: asked.problem,
        may_export: visit.me.role.may(Permission::ExportAudit),
        holds: if visit.me.role.may(Permission::ManageHolds) {
            "/audit/holds"
        } else {
            ""
        },
        most: MOST,
    };
    visit.show(&doors, &page)
}

/// Everything that was found, as a file: as it is kept, for other programs.
async fn hand_out(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let asked = Asked::read(&sent);
    let found = doors.records.hand_out(&visit.me, &asked.sift).await?;
    let mut table = Table::default();
    table.row(["id", "at", "actor", "action", "subject", "case", "detail"]);
    for entry in &found.entries {
        let subject = entry.subject.map_or_else(String::new, |id| id.to_string());
        table.row([
            entry.id.to_string().as_str(),
            &instant(entry.at),
            &entry.actor,
            &entry.action,
            &subject,
            entry.code.as_deref().unwrap_or_default(),
            &entry.detail,
        ]);
    }
    if found.more {
        let words = format!("There are older entries: {MOST} are handed out at once.");
        table.row(["", "", "", "", "", "", &words]);
    }
    Ok(table.file("audit.csv"))
}

/// A moment as other programs read it, in UTC.
fn instant(at: At) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| String::new(), |moment| format!("{moment:.3}"))
}
