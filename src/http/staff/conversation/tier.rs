//! A person decides how urgent a conversation is, with a reason.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::acts::shown;
use super::seen_by_now;
use crate::handoff::{Act, Refused};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::{Choice, Sent};
use crate::http::staff::frame::{Frame, Notice, Section, Visit, conflict, done};
use crate::http::words::{filters, said, tr};
use crate::staff::Permission;
use crate::triage::Tier;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .get("/conversations/{id}/tier", answer, page)
        .post("/conversations/{id}/tier", answer, decide)
}

#[derive(Template)]
#[template(path = "pages/tier.html")]
struct TierPage {
    frame: Frame,
    id: Uuid,
    tiers: Vec<Choice>,
    reasons: Vec<Choice>,
    /// The last text of theirs when the form was opened.
    seen: Uuid,
    problem: String,
}

async fn load(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    (seen, problem): (Option<Uuid>, String),
) -> Result<TierPage, PageError> {
    let mut tx = doors.store.read().await?;
    let texter = tx.texter_of(id).await?.ok_or(PageError::NotFound)?;
    if !tx.may_read(&visit.me, id).await? || tx.is_closed(id).await? {
        return Err(PageError::NotFound);
    }
    let seen = match seen {
        Some(seen) => seen,
        None => seen_by_now(&mut tx, &texter, id).await?,
    };
    let now = texter.conversation.map(|open| open.tier);
    let tiers = Tier::ALL.into_iter().rev();
    let reasons = &doors.handoff.packs.codes().tiers;
    Ok(TierPage {
        frame: visit.frame(doors, Section::Queue),
        id,
        tiers: tiers
            .map(|tier| Choice::new(&tier.word(), &words(tier), now == Some(tier)))
            .collect(),
        reasons: reasons
            .iter()
            .map(|line| Choice::new(&line.code, &said(&line.label), false))
            .collect(),
        seen,
        problem,
    })
}

fn words(tier: Tier) -> String {
    match tier {
        Tier::Imminent => tr!("imminent: danger now"),
        Tier::High => tr!("high: a crisis"),
        Tier::Concern => tr!("concern: not clear"),
        Tier::Topic => tr!("topic: asks about it"),
        Tier::None => tr!("none"),
    }
}

async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    let page = load(&doors, &visit, id, (None, String::new())).await?;
    visit.show(&doors, &page)
}

async fn decide(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let tier = Tier::ALL
        .into_iter()
        .find(|tier| tier.word() == sent.get("tier"));
    let (reason, seen) = (sent.get("reason").to_owned(), sent.id("seen"));
    let problem = match tier {
        None => tr!("Choose a tier."),
        Some(tier) => {
            let act = Act::Tier { tier, reason, seen };
            match doors.handoff.act(&visit.me, id, act.clone()).await? {
                Ok(()) => {
                    let there = format!("/conversations/{id}");
                    return Ok(done(&doors, &there, Notice::TierDecided));
                }
                Err(refused @ Refused::NewTexts(_)) => {
                    return shown(&visit, &doors, id, &act, &refused).await;
                }
                Err(refused) => said(refused),
            }
        }
    };
    let page = load(&doors, &visit, id, (seen, problem)).await?;
    conflict(&page)
}
