//! An edited rule file: tried out by its own examples and against the corpus, and put in force by an
//! administrator who has proved who they are.

use askama::Template;
use axum::extract::{DefaultBodyLimit, State};
use axum::handler::Handler;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::super::form::{Choice, Sent, Wrong, languages};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::{Explained, VIEW, short, wrong_with};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::lab::{Edit, Trial};
use crate::locale::Locale;
use crate::staff::Permission;
use crate::triage::corpus::Change;

/// The largest form that is read here: the built-in English rules have 94 KB.
const LARGEST_FORM: usize = 1024 * 1024;
/// How many sentences that change their tier are listed.
const LISTED: usize = 200;

pub(super) fn routes() -> Routes {
    let large = || DefaultBodyLimit::max(LARGEST_FORM);
    let manage = Access::May(Permission::ManageContent);
    Routes::new()
        // What may be put in force is read by whom it says it is, so that nothing is tried out in vain.
        .get("/triage-lab/rules", VIEW, form)
        .confirmed()
        .get("/triage-lab/rules/{file}", VIEW, download)
        .post("/triage-lab/rules", VIEW, try_out.layer(large()))
        .at(Pace::Try)
        .post("/triage-lab/rules/in-force", manage, put.layer(large()))
        .confirmed()
        .at(Pace::Try)
}

#[derive(Template)]
#[template(path = "pages/lab_rules.html")]
struct RulesPage {
    frame: Frame,
    administers: bool,
    locales: Vec<Choice>,
    lang: &'static str,
    /// Whether there is a folder in which edited rules are kept.
    kept: bool,
    /// What was pasted or uploaded, when it was tried out.
    rules: String,
    text: String,
    trial: Option<TrialPart>,
    /// What keeps the file from being used, a line each.
    problems: Vec<String>,
    wrong: Wrong,
}

/// What came of a trial, in words.
struct TrialPart {
    holds: bool,
    against: String,
    against_short: String,
    ruleset: String,
    same: bool,
    compared: usize,
    rules: usize,
    guards: usize,
    breaks: usize,
    changed: usize,
    changes: Vec<ChangeRow>,
    explained: Option<Explained>,
}

/// A sentence that would change its tier.
struct ChangeRow {
    text: &'static str,
    file: &'static str,
    before: &'static str,
    after: &'static str,
    breaks: bool,
    /// The tiers that it may have.
    allowed: String,
}

impl ChangeRow {
    fn new(change: &Change) -> Self {
        let (least, most) = (change.sentence.least.word(), change.sentence.most.word());
        Self {
            text: change.sentence.text,
            file: change.sentence.file,
            before: change.before.word(),
            after: change.after.word(),
            breaks: change.breaks(),
            allowed: if least == most {
                said(least)
            } else {
                tr!("{least} to {most}", least = said(least), most = said(most))
            },
        }
    }
}

impl TrialPart {
    fn new(trial: Trial) -> Self {
        let (rules, guards) = trial.counts;
        Self {
            holds: trial.holds(),
            same: trial.against == trial.ruleset,
            against_short: short(&trial.against),
            ruleset: short(&trial.ruleset),
            compared: trial.compared,
            rules,
            guards,
            breaks: trial.changes.iter().filter(|one| one.breaks()).count(),
            changed: trial.changes.len(),
            changes: trial
                .changes
                .iter()
                .take(LISTED)
                .map(ChangeRow::new)
                .collect(),
            against: trial.against,
            explained: trial.explained.map(Explained::new),
        }
    }
}

/// The file that was sent: uploaded, or else pasted.
fn edit(sent: &Sent) -> Edit {
    let uploaded = sent.get("file");
    let text = if uploaded.trim().is_empty() {
        sent.get("rules")
    } else {
        uploaded
    };
    Edit {
        locale: sent.locale().unwrap_or_default(),
        text: text.replace("\r\n", "\n"),
    }
}

fn page(visit: &Visit, doors: &Doors, sent: &Sent) -> RulesPage {
    let locale = sent.locale().unwrap_or_default();
    RulesPage {
        frame: visit.frame(doors, Section::Line),
        administers: visit.me.role.may(Permission::ManageContent),
        locales: languages(Some(locale)).collect(),
        lang: locale.tag(),
        kept: doors.lab.rulebook.directory().is_some(),
        rules: edit(sent).text,
        text: sent.get("text").to_owned(),
        trial: None,
        problems: Vec::new(),
        wrong: Wrong::default(),
    }
}

async fn form(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    visit.show(&doors, &page(&visit, &doors, &Sent::default()))
}

/// The rule file in force, to edit.
async fn download(
    State(doors): State<Doors>,
    Path(file): Path<String>,
) -> Result<Response, PageError> {
    let mut all = Locale::ALL.into_iter();
    let locale = all.find(|locale| file == format!("{}.toml", locale.tag()));
    let text = doors.lab.rulebook.text(locale.ok_or(PageError::NotFound)?);
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file}\""),
        ),
    ];
    Ok((headers, text).into_response())
}

/// What is wrong with a rule file, in the language of who reads: where stays as it is, what and how to mend
/// it are said.
fn fault(line: &str) -> String {
    let whole = said(line);
    if whole != line {
        return whole;
    }
    let said_apart = || {
        let (problem, fix) = line.rsplit_once("; ")?;
        let mut parts = problem.splitn(3, ": ");
        let (file, rule, problem) = (parts.next()?, parts.next()?, parts.next()?);
        Some(format!("{file}: {rule}: {}; {}", said(problem), said(fix)))
    };
    said_apart().unwrap_or(whole)
}

async fn try_out(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let mut page = page(&visit, &doors, &sent);
    if page.rules.trim().is_empty() {
        page.wrong = Wrong::with("rules", &phrase!("Choose a rule file, or paste one."));
        return refused(&page);
    }
    let text = (!page.text.trim().is_empty()).then(|| page.text.replace("\r\n", "\n"));
    if let Some(text) = &text {
        page.wrong = wrong_with("text", text);
        if !page.wrong.words.is_empty() {
            return refused(&page);
        }
    }
    match doors.lab.try_out(edit(&sent), text).await {
        Ok(trial) => {
            page.trial = Some(TrialPart::new(trial));
            visit.show(&doors, &page)
        }
        Err(why) => {
            page.problems = why.to_string().lines().map(fault).collect();
            refused(&page)
        }
    }
}

async fn put(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    let tried = sent.get("against").to_owned();
    match doors
        .lab
        .put_in_force(&visit.me, edit(&sent), tried)
        .await?
    {
        Ok(()) => Ok(done(&doors, "/triage-lab", Notice::RulesInForce)),
        Err(why) => {
            let mut page = page(&visit, &doors, &sent);
            page.problems = why.to_string().lines().map(fault).collect();
            refused(&page)
        }
    }
}
