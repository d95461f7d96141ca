//! The form of a policy: its rungs in order. Rungs are added, moved and removed by buttons that send the
//! form, which comes back as it would be; one of them shows whom it would page. Only "Save" keeps it.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::super::form::{Choice, Sent, Wrong, arrange};
use super::super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::super::question::QuestionPage;
use super::targets::{Group, Targets, read};
use super::trial::{Trial, climbed};
use super::{EDIT, urgency_of};
use crate::http::Doors;
use crate::http::access::Routes;
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::words::{filters, phrase, said, tr};
use crate::oncall::{MOST_RUNGS, Policy, PolicyProblem, Rung, Target, Urgency};
use crate::policies::{PolicyDraft, Refused};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/policies/new", EDIT, new)
        .post("/policies/new", EDIT, make)
        .get("/policies/{id}", EDIT, edit)
        .post("/policies/{id}", EDIT, save)
        .get("/policies/{id}/remove", EDIT, confirm)
        .post("/policies/{id}/remove", EDIT, remove)
}

#[derive(Template)]
#[template(path = "pages/policy_form.html")]
struct FormPage {
    frame: Frame,
    id: Option<Uuid>,
    name: String,
    acks: String,
    rungs: Vec<RungPart>,
    urgencies: Vec<Choice>,
    /// Whom it would page as it is typed, once that was asked for.
    trial: Option<Trial>,
    wrong: Wrong,
}

struct RungPart {
    delay: String,
    repeat: String,
    groups: Vec<Group>,
    /// It is where the focus goes on.
    moved: bool,
    wrong_delay: String,
    wrong_repeat: String,
    wrong_targets: String,
}

/// What is typed.
#[derive(Clone)]
struct Fields {
    name: String,
    acks: String,
    rungs: Vec<RungFields>,
    /// The word of the urgency that it is tried for.
    tried_for: String,
    moved: Option<usize>,
}

#[derive(Clone)]
struct RungFields {
    delay: String,
    repeat: String,
    targets: Vec<Target>,
}

impl RungFields {
    fn fresh() -> Self {
        Self {
            delay: "120".to_owned(),
            repeat: "1".to_owned(),
            targets: Vec::new(),
        }
    }
}

impl Fields {
    fn fresh() -> Self {
        Self {
            name: String::new(),
            acks: "1".to_owned(),
            rungs: vec![RungFields::fresh()],
            tried_for: Urgency::High.word().to_owned(),
            moved: None,
        }
    }

    fn of(policy: Policy) -> Self {
        let rungs = policy.rungs.into_iter().map(|rung| RungFields {
            delay: rung.delay.as_secs().to_string(),
            repeat: rung.repeat.to_string(),
            targets: rung.targets,
        });
        Self {
            name: policy.name,
            acks: policy.acks.to_string(),
            rungs: rungs.collect(),
            tried_for: Urgency::High.word().to_owned(),
            moved: None,
        }
    }

    fn sent(sent: &Sent) -> Self {
        let rungs = sent.all("delay").zip(sent.all("repeat")).enumerate();
        let rungs = rungs.map(|(nth, (delay, repeat))| RungFields {
            delay: delay.to_owned(),
            repeat: repeat.to_owned(),
            targets: sent
                .all(&format!("targets-{nth}"))
                .filter_map(read)
                .collect(),
        });
        Self {
            name: sent.get("name").to_owned(),
            acks: sent.get("acks").to_owned(),
            // One more than may be, so that what is too much is refused and not cut.
            rungs: rungs.take(MOST_RUNGS + 1).collect(),
            tried_for: sent.get("tried_for").to_owned(),
            moved: None,
        }
    }

    /// What the service is asked for, or what cannot be read.
    fn draft(&self, id: Option<Uuid>) -> Result<PolicyDraft, Wrong> {
        let rung = |(nth, rung): (usize, &RungFields)| {
            let (field, n) = (|field: &str| format!("{field}-{nth}"), nth + 1);
            let seconds = rung.delay.trim().parse().map(Duration::from_secs);
            let times = rung.repeat.trim().parse();
            Ok(Rung {
                delay: seconds.map_err(|_| {
                    let words = tr!("Rung {n}: write the seconds as a whole number.", n);
                    Wrong::with(field("delay"), &words)
                })?,
                repeat: times.map_err(|_| {
                    let words = tr!("Rung {n}: write how often as a whole number.", n);
                    Wrong::with(field("repeat"), &words)
                })?,
                targets: rung.targets.clone(),
            })
        };
        Ok(PolicyDraft {
            id,
            name: self.name.clone(),
            acks: self
                .acks
                .trim()
                .parse()
                .map_err(|_| Wrong::with("acks", &PolicyProblem::NoAcks))?,
            rungs: self
                .rungs
                .iter()
                .enumerate()
                .map(rung)
                .collect::<Result<_, _>>()?,
        })
    }
}

async fn form(
    visit: &Visit,
    doors: &Doors,
    id: Option<Uuid>,
    fields: Fields,
    (wrong, tried): (Wrong, Option<(Policy, Urgency)>),
) -> Result<FormPage, PageError> {
    let mut tx = doors.store.read().await?;
    let targets = Targets::load(&mut tx, doors.clock.now()).await?;
    let trial = match tried {
        Some((policy, urgency)) => {
            Some(climbed(&mut tx, doors, visit, (Some(policy), urgency)).await?)
        }
        None => None,
    };
    drop(tx);
    let rungs = fields.rungs.into_iter().enumerate();
    let rungs = rungs.map(|(nth, rung)| RungPart {
        groups: targets.groups(&rung.targets),
        delay: rung.delay,
        repeat: rung.repeat,
        moved: fields.moved == Some(nth),
        wrong_delay: wrong.of(&format!("delay-{nth}")).to_owned(),
        wrong_repeat: wrong.of(&format!("repeat-{nth}")).to_owned(),
        wrong_targets: wrong.of(&format!("targets-{nth}")).to_owned(),
    });
    let urgencies = Urgency::ALL.into_iter().map(|one| {
        let chosen = one.word() == fields.tried_for;
        Choice::new(&one.word(), &said(one.label()), chosen)
    });
    Ok(FormPage {
        frame: visit.frame(doors, Section::OnCall),
        id,
        name: fields.name,
        acks: fields.acks,
        rungs: rungs.collect(),
        urgencies: urgencies.collect(),
        trial,
        wrong,
    })
}

async fn find(doors: &Doors, id: Uuid) -> Result<Policy, PageError> {
    let mut policies = doors.store.read().await?.policies().await?.into_iter();
    policies.find(|one| one.id == id).ok_or(PageError::NotFound)
}

async fn new(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = form(&visit, &doors, None, Fields::fresh(), Default::default()).await?;
    visit.show(&doors, &page)
}

async fn edit(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let fields = Fields::of(find(&doors, id).await?);
    let page = form(&visit, &doors, Some(id), fields, Default::default()).await?;
    visit.show(&doors, &page)
}

async fn make(visit: Visit, State(doors): State<Doors>, sent: Sent) -> Result<Response, PageError> {
    keep(&visit, &doors, None, &sent).await
}

async fn save(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    keep(&visit, &doors, Some(id), &sent).await
}

async fn keep(
    visit: &Visit,
    doors: &Doors,
    id: Option<Uuid>,
    sent: &Sent,
) -> Result<Response, PageError> {
    let mut fields = Fields::sent(sent);
    let (act, place) = sent.act();
    let wrong = match act {
        "save" => match fields.draft(id) {
            Err(wrong) => wrong,
            Ok(draft) => match doors.policies.save(&visit.me, draft).await? {
                Ok(_) => return Ok(done(doors, "/policies", Notice::PolicyKept)),
                Err(why) => Wrong::with(field_of(&why), &why),
            },
        },
        "try" => match fields.draft(id).and_then(whole) {
            Err(wrong) => wrong,
            Ok(policy) => {
                let urgency = urgency_of(&fields.tried_for).unwrap_or(Urgency::High);
                let tried = (Wrong::default(), Some((policy, urgency)));
                let page = form(visit, doors, id, fields, tried).await?;
                return Ok(Html(page.render()?).into_response());
            }
        },
        _ => {
            fields.moved = if act == "add" {
                fields.rungs.push(RungFields::fresh());
                Some(fields.rungs.len() - 1)
            } else {
                arrange(&mut fields.rungs, act, place)
            };
            let page = form(visit, doors, id, fields, Default::default()).await?;
            return Ok(Html(page.render()?).into_response());
        }
    };
    refused(&form(visit, doors, id, fields, (wrong, None)).await?)
}

/// A draft as a policy that could page, without looking whether its targets are there.
fn whole(draft: PolicyDraft) -> Result<Policy, Wrong> {
    let policy = Policy {
        id: draft.id.unwrap_or_default(),
        // What has no name yet can be tried all the same.
        name: match draft.name.trim() {
            "" => tr!("as it is written here"),
            name => name.to_owned(),
        },
        acks: draft.acks,
        rungs: draft.rungs,
    };
    match policy.check() {
        Ok(()) => Ok(policy),
        Err(problem) => {
            let why = Refused::Problem(problem);
            Err(Wrong::with(field_of(&why), &why))
        }
    }
}

/// The field that a refusal is about.
fn field_of(why: &Refused) -> String {
    let of_rung = |field: &str, rung: usize| format!("{field}-{}", rung.saturating_sub(1));
    match why {
        Refused::Problem(PolicyProblem::Name | PolicyProblem::OddName(_))
        | Refused::NameTaken(_) => "name".to_owned(),
        Refused::Problem(PolicyProblem::NoAcks) | Refused::TooManyAcks { .. } => "acks".to_owned(),
        Refused::Problem(PolicyProblem::Delay { rung, .. }) => of_rung("delay", *rung),
        Refused::Problem(PolicyProblem::Repeat { rung, .. }) => of_rung("repeat", *rung),
        Refused::Problem(PolicyProblem::NoTargets(rung)) | Refused::UnknownTarget(rung) => {
            of_rung("targets", *rung)
        }
        Refused::Problem(PolicyProblem::NoRungs | PolicyProblem::TooManyRungs(_)) => {
            "rungs".to_owned()
        }
        Refused::Unknown | Refused::InUse(_) => String::new(),
    }
}

async fn question(
    visit: &Visit,
    doors: &Doors,
    id: Uuid,
    problem: String,
) -> Result<QuestionPage, PageError> {
    let policy = find(doors, id).await?;
    Ok(QuestionPage {
        frame: visit.frame(doors, Section::OnCall),
        title: tr!("Remove the policy {name}?", name = policy.name),
        words: tr!("Its rungs go with it."),
        problem,
        button: phrase!("Remove the policy"),
        back: "/policies".to_owned(),
    })
}

async fn confirm(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = question(&visit, &doors, id, String::new()).await?;
    visit.show(&doors, &page)
}

async fn remove(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    match doors.policies.remove(&visit.me, id).await? {
        Ok(()) => Ok(done(&doors, "/policies", Notice::PolicyRemoved)),
        Err(why) => refused(&question(&visit, &doors, id, said(why)).await?),
    }
}
