//! The triage lab: what the rules in force make of a text, how rules on trial do, and what an edited rule
//! file would change.

mod rules;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::form::{Sent, Wrong};
use super::frame::{Frame, Section, Visit, refused};
use super::readiness::Mark;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::lab::{COUNTED_DAYS, Counted, Overview};
use crate::staff::Permission;
use crate::triage::Explanation;
use crate::triage::explain::{Effect, Piece, Reason};

const VIEW: Access = Access::May(Permission::ViewContent);
/// How long a text may be, in letters: as long as the longest that several texts make.
const LONGEST_TEXT: usize = 4000;
/// How many letters of a hash are shown.
const SHOWN: usize = 12;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/triage-lab", VIEW, bench)
        .post("/triage-lab", VIEW, explain)
        .at(Pace::Try)
        .merge(rules::routes())
}

/// The beginning of a hash, to compare by eye.
fn short(hash: &str) -> String {
    hash.get(..SHOWN).unwrap_or(hash).to_owned()
}

#[derive(Template)]
#[template(path = "pages/lab.html")]
struct LabPage {
    frame: Frame,
    administers: bool,
    ruleset: String,
    names: Vec<String>,
    /// The folder of edited rules; empty when there is none.
    directory: String,
    /// Why edited rules are not in force; empty when they are.
    refused: String,
    rules: usize,
    guards: usize,
    days: u64,
    on_trial: Vec<TrialRow>,
    typed: String,
    explained: Option<Explained>,
    wrong: Wrong,
}

/// A rule on trial, in words.
struct TrialRow {
    id: String,
    tier: &'static str,
    why: String,
    texts: i64,
}

impl TrialRow {
    fn new(one: Counted) -> Self {
        match one.rule {
            Some(rule) => Self {
                id: one.id,
                tier: rule.tier.word(),
                why: said(rule.why),
                texts: one.texts,
            },
            None => Self {
                id: one.id,
                tier: "",
                why: tr!("It is not on trial any more."),
                texts: one.texts,
            },
        }
    }
}

/// An explanation, as the pages show it.
struct Explained {
    raw: Vec<Piece>,
    read_as: Vec<Piece>,
    tier: &'static str,
    follows: &'static str,
    categories: String,
    reasons: Vec<ReasonRow>,
    model: String,
    top_words: String,
    thresholds: String,
    ruleset: String,
}

/// A rule that matched, in words.
struct ReasonRow {
    mark: Mark,
    effect: String,
    kind: &'static str,
    rule: String,
    tier: &'static str,
    category: &'static str,
    why: String,
    words: String,
    via: String,
}

impl ReasonRow {
    fn new(reason: Reason) -> Self {
        let (class, word, effect) = match &reason.effect {
            Effect::Counts => ("good", phrase!("counts"), String::new()),
            Effect::Guarded(guard) => (
                "care",
                phrase!("guarded"),
                tr!("Asked instead of paged, because of {guard}.", guard),
            ),
            Effect::Unsupported => (
                "plain",
                phrase!("does nothing"),
                tr!("It is weak, and the model finds the text an ordinary one."),
            ),
            Effect::TooShort => (
                "plain",
                phrase!("does nothing"),
                tr!("It is weak, and the text is too short for the model."),
            ),
            Effect::OnTrial => ("plain", phrase!("on trial"), tr!("It changes nothing.")),
        };
        Self {
            mark: Mark { class, word },
            effect,
            kind: reason.kind.words(),
            tier: reason.tier.word(),
            category: reason.category,
            why: said(reason.why),
            words: reason.words,
            via: reason.via.join(", "),
            rule: reason.rule,
        }
    }
}

impl Explained {
    fn new(found: Explanation) -> Self {
        let model = found.model.as_ref();
        Self {
            tier: found.tier.word(),
            follows: found.follows,
            categories: found
                .categories
                .iter()
                .map(said)
                .collect::<Vec<_>>()
                .join(", "),
            model: model.map_or_else(String::new, |model| format!("{:.2}", model.score)),
            top_words: model.map_or_else(String::new, |model| model.top_words.join(", ")),
            thresholds: model.map_or_else(String::new, |model| {
                let two = |share: f32| format!("{share:.2}");
                tr!(
                    "Asks from {ask}, pages from {page}. Where a rule asks it pages from {supported}, and from {weak} weak rules count.",
                    ask = two(model.ask),
                    page = two(model.page),
                    supported = two(model.supported),
                    weak = two(model.weak)
                )
            }),
            ruleset: short(&found.ruleset),
            raw: found.raw,
            read_as: found.read_as,
            reasons: found.reasons.into_iter().map(ReasonRow::new).collect(),
        }
    }
}

fn page(
    visit: &Visit,
    doors: &Doors,
    overview: Overview,
    typed: &str,
    (explained, wrong): (Option<Explanation>, Wrong),
) -> LabPage {
    let (rules, guards) = overview.counts;
    LabPage {
        frame: visit.frame(doors, Section::Line),
        administers: visit.me.role.may(Permission::ManageContent),
        ruleset: short(&overview.ruleset),
        names: overview.names,
        directory: overview.directory.unwrap_or_default(),
        refused: overview
            .refused
            .map_or_else(String::new, |why| why.to_string()),
        rules,
        guards,
        days: COUNTED_DAYS,
        on_trial: overview.on_trial.into_iter().map(TrialRow::new).collect(),
        typed: typed.to_owned(),
        explained: explained.map(Explained::new),
        wrong,
    }
}

/// What is wrong with a text that is to be read, if anything is.
fn wrong_with(field: &str, text: &str) -> Wrong {
    if text.trim().is_empty() {
        return Wrong::with(field, &phrase!("Write or paste a text first."));
    }
    if text.chars().count() > LONGEST_TEXT {
        let words = tr!("Write at most {most} letters.", most = LONGEST_TEXT);
        return Wrong::with(field, &words);
    }
    Wrong::default()
}

async fn bench(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let overview = doors.lab.overview().await?;
    let nothing = (None, Wrong::default());
    visit.show(&doors, &page(&visit, &doors, overview, "", nothing))
}

async fn explain(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    // A browser sends lines as a network does; a phone does not.
    let text = sent.get("text").replace("\r\n", "\n");
    let wrong = wrong_with("text", &text);
    let overview = doors.lab.overview().await?;
    if !wrong.words.is_empty() {
        return refused(&page(&visit, &doors, overview, &text, (None, wrong)));
    }
    let found = doors.lab.explain(text.clone()).await?;
    let made = (Some(found), wrong);
    visit.show(&doors, &page(&visit, &doors, overview, &text, made))
}
