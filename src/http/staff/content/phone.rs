//! A conversation on paper: what the line would say to a made-up person, by the packs and rules in force.
//!
//! What was said travels in the form and nowhere else: nothing is kept, and nobody is paged.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::form::{Choice, Sent, Wrong, languages};
use super::super::frame::{Frame, Section, Visit, refused};
use super::super::when::{length, length_s};
use super::VIEW;
use crate::conversation::{AlertRequest, Happens, Moment, Played, Reply, Silence};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::lane::Lane;
use crate::segment::segments;
use crate::staff::Permission;
use crate::text::MessageBody;
use crate::triage::Verdict;

/// How much can happen in one conversation.
const LONGEST: usize = 40;
/// How long a text may be, in letters: what a gateway hands over at most.
const LONGEST_TEXT: usize = 1600;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/content/phone", VIEW, empty)
        .post("/content/phone", VIEW, play)
        .at(Pace::Try)
}

/// How long after what came before it something may happen, in seconds, and how the form says it.
const GAPS: [(u64, &str); 6] = [
    (20, phrase!("20 seconds later")),
    (1, phrase!("at once")),
    (6 * 60, phrase!("6 minutes later")),
    (40 * 60, phrase!("40 minutes later")),
    (25 * 3600, phrase!("the next day")),
    (8 * 24 * 3600, phrase!("a week later")),
];

/// What may happen besides a text: its word, and what the button says.
const ACTS: [(&str, &str); 4] = [
    ("told", phrase!("A page is accepted")),
    ("taken", phrase!("Somebody takes the case")),
    ("joined", phrase!("Somebody writes to them")),
    ("closed", phrase!("The conversation is closed")),
];

#[derive(Template)]
#[template(path = "pages/content_phone.html")]
struct PhonePage {
    frame: Frame,
    administers: bool,
    locales: Vec<Choice>,
    gaps: Vec<Choice>,
    acts: [(&'static str, &'static str); 4],
    /// What happened so far, as the form sends it again.
    said: Vec<String>,
    shown: Vec<Shown>,
    lang: &'static str,
    typed: String,
    full: bool,
    wrong: Wrong,
}

/// A moment of the conversation, in words.
struct Shown {
    when: String,
    /// What the person texted; empty when it was no text.
    text: String,
    /// What happened, when it was no text.
    happened: &'static str,
    tier: &'static str,
    why: Vec<String>,
    replies: Vec<ReplyRow>,
    /// What follows besides replies.
    follows: Vec<String>,
}

/// A reply, in words.
struct ReplyRow {
    words: String,
    cost: String,
}

impl ReplyRow {
    fn new(reply: &Reply) -> Self {
        let lane = match reply.lane {
            Lane::Crisis => tr!("crisis reply, at once"),
            Lane::Page => tr!("page"),
            Lane::Conversation => tr!("conversation"),
            Lane::Content => tr!("menu"),
        };
        let count = segments(&reply.text).segments;
        let many = match count {
            1 => tr!("1 segment"),
            n => tr!("{n} segments", n),
        };
        let waits = if reply.wait.is_zero() {
            String::new()
        } else {
            tr!(", waits {wait} for more words", wait = length_s(reply.wait))
        };
        Self {
            words: reply.text.clone(),
            cost: format!("{lane}, {many}{waits}"),
        }
    }
}

impl Shown {
    fn new(moment: &Moment, played: &Played, is_first: bool) -> Self {
        let (text, happened) = match &moment.what {
            Happens::Text(body) => (body.reveal().to_owned(), ""),
            other => (String::new(), happened(other)),
        };
        let when = if is_first {
            tr!("first")
        } else if moment.after < Duration::from_hours(1) {
            tr!("after {wait}", wait = length_s(moment.after))
        } else {
            tr!("after {wait}", wait = length(moment.after))
        };
        Self {
            when,
            text,
            happened,
            tier: played
                .verdict
                .as_ref()
                .map_or("", |verdict| verdict.tier.word()),
            why: played.verdict.as_ref().map(why).unwrap_or_default(),
            replies: played.replies.iter().map(ReplyRow::new).collect(),
            follows: follows(played),
        }
    }
}

const fn happened(what: &Happens) -> &'static str {
    match what {
        Happens::Text(_) => "",
        Happens::Told => phrase!("A gateway accepts a page: the team was told."),
        Happens::Taken => phrase!("Somebody of the team says that they take the case."),
        Happens::Joined => phrase!("Somebody of the team writes to the person."),
        Happens::Closed => phrase!("Somebody of the team closes the conversation."),
    }
}

fn why(verdict: &Verdict) -> Vec<String> {
    let hits = verdict.hits.iter();
    hits.map(|hit| {
        format!(
            "{}: {} ({})",
            said(hit.tier.word()),
            said(&hit.why),
            hit.rule
        )
    })
    .collect()
}

fn follows(played: &Played) -> Vec<String> {
    let mut follows = Vec::new();
    if played.taken_back {
        follows.push(tr!("An answer that waited for more words was taken back."));
    }
    if let Some(silence) = played.silence {
        follows.push(match silence {
            Silence::OptedOut => tr!("No reply: they have opted out."),
            Silence::KeywordHandled => tr!("No reply: the gateway has answered this word."),
            Silence::WithHuman => tr!("No automatic reply: a person writes with them."),
            Silence::LoopGuard => tr!("No reply: two robots would talk to each other."),
            Silence::Overtaken => tr!("No reply: a later STOP or START counts."),
        });
    }
    if let Some(alert) = played.alert {
        follows.push(called(alert));
    }
    if played.called_off {
        follows.push(tr!("The page that waited for this answer is called off."));
    }
    if played.erase {
        follows.push(tr!(
            "Everything about them is deleted; while a case is open, once it is closed."
        ));
    }
    follows
}

fn called(alert: AlertRequest) -> String {
    let tier = said(alert.tier.word());
    if alert.page_after.is_zero() {
        return tr!("People are paged now ({tier}).", tier);
    }
    let wait = length_s(alert.page_after);
    tr!(
        "People are paged after {wait} without a clear no ({tier}).",
        wait,
        tier
    )
}

/// What happened so far: as the form holds it, and as it is played.
struct Script {
    lines: Vec<String>,
    moments: Vec<Moment>,
}

impl Script {
    /// What the form sent; a line that nobody could have made with it is left out.
    fn read(sent: &Sent) -> Self {
        let mut script = Self {
            lines: Vec::new(),
            moments: Vec::new(),
        };
        for line in sent.all("said").take(LONGEST) {
            script.add(line);
        }
        script
    }

    /// Adds a line: seconds, what happens, and the words of a text.
    fn add(&mut self, line: &str) {
        if let Some(moment) = moment(line) {
            self.lines.push(line.to_owned());
            self.moments.push(moment);
        }
    }
}

fn moment(line: &str) -> Option<Moment> {
    let mut parts = line.splitn(3, ' ');
    let after: u64 = parts.next()?.parse().ok()?;
    let after = GAPS.iter().find(|(gap, _)| *gap == after)?.0;
    let what = match parts.next()? {
        "text" => {
            let words: String = parts.next()?.chars().take(LONGEST_TEXT).collect();
            Happens::Text(MessageBody::new(words))
        }
        "told" => Happens::Told,
        "taken" => Happens::Taken,
        "joined" => Happens::Joined,
        "closed" => Happens::Closed,
        _ => return None,
    };
    Some(Moment {
        after: Duration::from_secs(after),
        what,
    })
}

fn page(visit: &Visit, doors: &Doors, sent: &Sent, script: Script, wrong: Wrong) -> PhonePage {
    let locale = sent.locale().unwrap_or_default();
    let played = doors.review.rehearse(locale, &script.moments);
    let shown = script.moments.iter().zip(&played).enumerate();
    let gap = |(nth, (gap, words)): (usize, (u64, &str))| Choice::new(&gap, &said(words), nth == 0);
    PhonePage {
        frame: visit.frame(doors, Section::Line),
        administers: visit.me.role.may(Permission::ManageContent),
        locales: languages(Some(locale)).collect(),
        gaps: GAPS.into_iter().enumerate().map(gap).collect(),
        acts: ACTS,
        shown: shown
            .map(|(nth, (moment, played))| Shown::new(moment, played, nth == 0))
            .collect(),
        full: script.lines.len() >= LONGEST,
        said: script.lines,
        lang: locale.tag(),
        typed: if wrong.words.is_empty() {
            String::new()
        } else {
            sent.get("body").to_owned()
        },
        wrong,
    }
}

async fn empty(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let sent = Sent::default();
    let script = Script::read(&sent);
    visit.show(
        &doors,
        &page(&visit, &doors, &sent, script, Wrong::default()),
    )
}

async fn play(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let mut script = Script::read(&sent);
    let (act, gap, body) = (sent.get("act"), sent.get("gap"), sent.get("body"));
    let wrong = match act {
        // Another language, from the start.
        "again" => {
            script = Script::read(&Sent::default());
            Wrong::default()
        }
        _ if script.lines.len() >= LONGEST => {
            Wrong::with("", &phrase!("Start again: this is long enough."))
        }
        "text" if body.trim().is_empty() => Wrong::with("body", &phrase!("Write something first.")),
        "text" if body.chars().count() > LONGEST_TEXT => {
            let words = tr!("Write at most {most} letters.", most = LONGEST_TEXT);
            Wrong::with("body", &words)
        }
        _ => {
            script.add(format!("{gap} {act} {body}").trim_end());
            Wrong::default()
        }
    };
    if !wrong.words.is_empty() {
        return refused(&page(&visit, &doors, &sent, script, wrong));
    }
    visit.show(&doors, &page(&visit, &doors, &sent, script, wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_form_can_send_happens() {
        for line in ["20 text i feel low", "1 told", "360 closed"] {
            assert!(moment(line).is_some(), "{line}");
        }
        for line in [
            "",
            "20",
            "20 text",
            "7 told",
            "-1 told",
            "20 shouts",
            "x text hi",
        ] {
            assert!(moment(line).is_none(), "{line}");
        }
        let Some(Moment {
            what: Happens::Text(body),
            after,
        }) = moment("2400 text a b  c")
        else {
            panic!("a text");
        };
        assert_eq!((body.reveal(), after), ("a b  c", Duration::from_mins(40)));
    }
}
