//! Policies: which ladder pages for what, the rungs of each, and who would be paged now.

mod edit;
mod targets;
mod trial;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::form::{Choice, Sent};
use super::frame::{Frame, Notice, Section, Visit, done, refused};
use super::when::length_s;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::words::{filters, said, tr};
use crate::oncall::{Policy, Urgency};
use crate::staff::Permission;
use targets::Targets;

const VIEW: Access = Access::May(Permission::ViewOnCall);
const EDIT: Access = Access::May(Permission::EditPolicies);

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/policies", VIEW, list)
        .post("/policies", EDIT, assign)
        .merge(trial::routes())
        .merge(edit::routes())
}

#[derive(Template)]
#[template(path = "pages/policies.html")]
struct ListPage {
    frame: Frame,
    may_edit: bool,
    problem: String,
    uses: Vec<UseRow>,
    policies: Vec<Listed>,
}

/// What a policy pages for.
struct UseRow {
    word: &'static str,
    label: String,
    /// The policy in force.
    policy: String,
    policies: Vec<Choice>,
}

struct Listed {
    id: Uuid,
    name: String,
    acks: u16,
    pages_for: Vec<String>,
    rungs: Vec<RungLine>,
}

/// A rung in words.
struct RungLine {
    whom: String,
    then: String,
}

/// The rungs of a policy in words: "Nights", "the next rung after 2 min".
fn rungs(policy: &Policy, targets: &Targets) -> Vec<RungLine> {
    let last = policy.rungs.len();
    (1..)
        .zip(&policy.rungs)
        .map(|(nth, rung)| {
            let whom: Vec<String> = rung.targets.iter().map(|one| targets.name(one)).collect();
            let delay = length_s(rung.delay);
            RungLine {
                whom: whom.join(", "),
                then: match (nth == last, rung.repeat) {
                    (true, _) => tr!("again every {delay} until somebody is there", delay),
                    (false, 1) => tr!("after {delay} the next rung", delay),
                    (false, times) => tr!(
                        "{times} times, every {delay}, then the next rung",
                        times,
                        delay
                    ),
                },
            }
        })
        .collect()
}

async fn load(doors: &Doors, visit: &Visit, problem: String) -> Result<ListPage, PageError> {
    let now = doors.clock.now();
    let mut tx = doors.store.read().await?;
    let policies = tx.policies().await?;
    let assigned = tx.assigned_policies().await?;
    let targets = Targets::load(&mut tx, now).await?;
    drop(tx);
    let uses = Urgency::ALL.into_iter().map(|urgency| {
        let in_force = assigned.get(&urgency);
        let in_force = policies.iter().find(|one| Some(&one.id) == in_force);
        let built_in = Choice::new(&"", &tr!("Built-in"), in_force.is_none());
        let others = policies.iter().map(|one| {
            let chosen = in_force.is_some_and(|policy| policy.id == one.id);
            Choice::new(&one.id, &one.name, chosen)
        });
        UseRow {
            word: urgency.word(),
            label: said(urgency.label()),
            policy: in_force.map_or_else(|| tr!("Built-in"), |one| one.name.clone()),
            policies: std::iter::once(built_in).chain(others).collect(),
        }
    });
    let listed = policies.iter().map(|policy| {
        let pages_for = assigned.iter().filter(|(_, id)| **id == policy.id);
        Listed {
            id: policy.id,
            name: policy.name.clone(),
            acks: policy.acks,
            pages_for: pages_for
                .map(|(urgency, _)| said(urgency.label()))
                .collect(),
            rungs: rungs(policy, &targets),
        }
    });
    Ok(ListPage {
        frame: visit.frame(doors, Section::OnCall),
        may_edit: visit.me.role.may(Permission::EditPolicies),
        problem,
        uses: uses.collect(),
        policies: listed.collect(),
    })
}

async fn list(visit: Visit, State(doors): State<Doors>) -> Result<Response, PageError> {
    let page = load(&doors, &visit, String::new()).await?;
    visit.show(&doors, &page)
}

async fn assign(
    visit: Visit,
    State(doors): State<Doors>,
    sent: Sent,
) -> Result<Response, PageError> {
    let urgency = urgency_of(sent.get("for"));
    let policy = match sent.get("policy") {
        "" => Some(None),
        id => id.parse().ok().map(Some),
    };
    let Some((urgency, policy)) = urgency.zip(policy) else {
        let words = tr!("Choose a policy from the list.");
        return refused(&load(&doors, &visit, words).await?);
    };
    match doors.policies.assign(&visit.me, urgency, policy).await? {
        Ok(()) => Ok(done(&doors, "/policies", Notice::PolicyAssigned)),
        Err(why) => refused(&load(&doors, &visit, said(why)).await?),
    }
}

/// An urgency by its word.
fn urgency_of(word: &str) -> Option<Urgency> {
    let mut all = Urgency::ALL.into_iter();
    all.find(|urgency| urgency.word() == word)
}
