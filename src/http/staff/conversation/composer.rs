//! What stands around the place where a reply is written: the draft, what it costs, what others had begun,
//! and the words that can be put into it. Nothing of it is sent by itself.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::measure::measure;
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::staff::form::{Choice, Sent, languages};
use crate::http::staff::frame::{Frame, Section, Visit};
use crate::http::staff::when::Wall;
use crate::http::words::{filters, said};
use crate::locale::Locale;
use crate::staff::Permission;
use crate::store::{Canned, StoreError, Texter, Tx};
use crate::text::MessageBody;

pub(super) fn routes() -> Routes {
    let answer = Access::May(Permission::AnswerTexters);
    Routes::new()
        .post("/conversations/{id}/draft", answer, keep)
        .get("/conversations/{id}/canned", answer, choose)
        .get("/conversations/{id}/canned/list", answer, list)
}

/// Where a reply is written.
#[derive(Default)]
pub(super) struct Composer {
    /// The form: sent twice, it is one text.
    pub(super) form: Uuid,
    /// The language that the texter is answered in.
    pub(super) locale: Locale,
    /// What stands in it.
    pub(super) words: String,
    /// What others had begun to write.
    pub(super) earlier: Vec<EarlierDraft>,
}

/// What somebody else had begun to write.
pub(super) struct EarlierDraft {
    pub(super) id: Uuid,
    pub(super) by: String,
    pub(super) when: String,
    pub(super) words: String,
}

impl Composer {
    /// What the words cost and how they read.
    pub(super) fn measure(&self) -> String {
        measure(&self.words, self.locale)
    }
}

/// What the address of a page asks for: more of the thread, or words that are to be put into the reply, for
/// who has no script.
#[derive(Default)]
pub(super) struct Wanted {
    canned: Option<Uuid>,
    resource: Option<String>,
    earlier: Option<Uuid>,
    /// The message before which those are that are to be shown, instead of the latest.
    pub(super) before: Option<Uuid>,
}

impl Wanted {
    pub(super) fn of(sent: &Sent) -> Self {
        let resource = sent.get("resource");
        Self {
            canned: sent.id("canned"),
            resource: (!resource.is_empty()).then(|| resource.to_owned()),
            earlier: sent.id("earlier"),
            before: sent.id("before"),
        }
    }
}

/// The composer of who looks, with what is to be put into it after what they have begun.
pub(super) async fn composer(
    tx: &mut Tx,
    doors: &Doors,
    visit: &Visit,
    wall: &Wall,
    (texter, id): (&Texter, Uuid),
    wanted: &Wanted,
) -> Result<Composer, StoreError> {
    let (mine, others): (Vec<_>, Vec<_>) = tx
        .drafts(texter, id)
        .await?
        .into_iter()
        .partition(|draft| draft.staff_id == visit.me.id);
    let mut words = mine
        .into_iter()
        .next()
        .map_or_else(String::new, |draft| draft.body.reveal().to_owned());
    let locale = texter.state.locale;
    let earlier: Vec<EarlierDraft> = others
        .into_iter()
        .map(|draft| EarlierDraft {
            id: draft.id,
            by: draft.by,
            when: wall.moment(draft.at),
            words: draft.body.reveal().to_owned(),
        })
        .collect();
    if let Some(put) = put_in(tx, doors, visit, locale, &earlier, wanted).await? {
        if !words.is_empty() && !words.ends_with(char::is_whitespace) {
            words.push(' ');
        }
        words.push_str(&put);
    }
    Ok(Composer {
        form: tx.id(wall.now()),
        locale,
        words,
        earlier,
    })
}

async fn put_in(
    tx: &mut Tx,
    doors: &Doors,
    visit: &Visit,
    locale: Locale,
    earlier: &[EarlierDraft],
    wanted: &Wanted,
) -> Result<Option<String>, StoreError> {
    if let Some(id) = wanted.canned {
        let all = tx.canned_replies().await?;
        let found = all.iter().find(|one| one.id == id);
        return Ok(found.map(|one| doors.canned.filled(one, &visit.me)));
    }
    if let Some(id) = &wanted.resource {
        let found = doors.canned.packs.resources().get(id);
        return Ok(found.map(|one| one.words(locale).to_owned()));
    }
    let found = earlier
        .iter()
        .find(|draft| Some(draft.id) == wanted.earlier);
    Ok(found.map(|draft| draft.words.clone()))
}

/// Keeps what was begun, and says what it costs. A script sends it while somebody writes; without one it is
/// a button, and the page says it.
async fn keep(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let words = sent.get("body");
    let locale = sent.locale();
    let kept = doors
        .handoff
        .keep_draft(&visit.me, id, MessageBody::new(words))
        .await?;
    let quietly = !sent.get("quietly").is_empty();
    Ok(match kept {
        Ok(()) if quietly => measure(words, locale.unwrap_or_default()).into_response(),
        Err(refused) if quietly => (StatusCode::CONFLICT, said(refused)).into_response(),
        Ok(()) => Redirect::to(&format!("/conversations/{id}#body")).into_response(),
        Err(refused) => super::acts::not_kept(&visit, &doors, id, words, &refused).await?,
    })
}

/// What can be put into a reply.
#[derive(Template)]
#[template(path = "pages/choose_canned.html", blocks = ["choices"])]
struct ChoosePage {
    frame: Frame,
    id: Uuid,
    query: String,
    locale: &'static str,
    locales: Vec<Choice>,
    replies: Vec<Reply>,
    resources: Vec<Service>,
    may_edit: bool,
}

/// A canned reply, filled in.
struct Reply {
    id: Uuid,
    title: String,
    words: String,
    cost: String,
}

/// A resource.
struct Service {
    id: String,
    name: String,
    words: String,
}

/// Whether all words of a search stand in a text, in whatever case.
fn holds(text: &str, query: &str) -> bool {
    let text = text.to_lowercase();
    let query = query.to_lowercase();
    query.split_whitespace().all(|word| text.contains(word))
}

fn replies(
    all: &[Canned],
    doors: &Doors,
    visit: &Visit,
    locale: Locale,
    query: &str,
) -> Vec<Reply> {
    let mut replies = Vec::new();
    for one in all.iter().filter(|one| one.locale == locale) {
        let words = doors.canned.filled(one, &visit.me);
        if holds(&format!("{} {words}", one.title), query) {
            replies.push(Reply {
                id: one.id,
                title: one.title.clone(),
                cost: measure(&words, locale),
                words,
            });
        }
    }
    replies
}

async fn choices(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    sent: &Sent,
) -> Result<ChoosePage, PageError> {
    let mut tx = doors.store.read().await?;
    let texter = tx.texter_of(id).await?.ok_or(PageError::NotFound)?;
    if !tx.may_read(&visit.me, id).await? || tx.is_closed(id).await? {
        return Err(PageError::NotFound);
    }
    let locale = sent.locale().unwrap_or(texter.state.locale);
    let query = sent.get("q").trim();
    let all = tx.canned_replies().await?;
    let resources = doors.canned.packs.resources().iter();
    let resources = resources.map(|(id, one)| Service {
        id: id.to_owned(),
        name: one.name.clone(),
        words: one.words(locale).to_owned(),
    });
    Ok(ChoosePage {
        frame: visit.frame(doors, Section::Queue),
        id,
        locale: locale.tag(),
        locales: languages(Some(locale)).collect(),
        replies: replies(&all, doors, visit, locale, query),
        resources: resources
            .filter(|one| holds(&format!("{} {}", one.name, one.words), query))
            .collect(),
        query: query.to_owned(),
        may_edit: visit.me.role.may(Permission::EditCannedReplies),
    })
}

async fn choose(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let page = choices(&doors, &visit, id, &sent).await?;
    visit.show(&doors, &page)
}

async fn list(
    visit: Visit,
    State(doors): State<Doors>,
    Path(id): Path<Uuid>,
    sent: Sent,
) -> Result<Response, PageError> {
    let page = choices(&doors, &visit, id, &sent).await?;
    Ok(Html(page.as_choices().render()?).into_response())
}
