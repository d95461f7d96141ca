//! The page of one contact method: proved by a code, tried out by a test, changed, switched off, removed.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::form::{Choice, Sent, Wrong};
use super::super::frame::{Frame, Notice, Visit, done, refused};
use super::super::question::QuestionPage;
use super::super::when::Wall;
use super::Whose;
use super::row::{Row, uses};
use crate::http::Doors;
use crate::http::error::PageError;
use crate::http::words::{filters, phrase, tr};
use crate::oncall::{CODE_WORKS, Channel, Method, TEST_ANSWERED_WITHIN, Uses};
use crate::people::{Act, MethodChange, Profile};
use crate::store::Proof;

#[derive(Template)]
#[template(path = "pages/method.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a method is, each by itself"
)]
struct MethodPage {
    frame: Frame,
    home: String,
    crumb: String,
    own: bool,
    path: String,
    zone: String,
    row: Row,
    stopped: bool,
    off: bool,
    verified: bool,
    /// Whether it is a text that answers a test.
    texted: bool,
    /// When the code went out that waits to be entered.
    code_sent: String,
    code: String,
    /// When the test went out that waits for its answer.
    test_sent: String,
    called: String,
    gateways: Vec<Choice>,
    uses: Vec<Choice>,
    wrong: Wrong,
}

/// What is typed.
#[derive(Default)]
struct Typed {
    code: String,
    change: Option<MethodChange>,
}

/// The gateways that a method can leave by, where there is a choice.
pub(super) fn choices_of_gateways(doors: &Doors, channel: Channel, chosen: &str) -> Vec<Choice> {
    let ways = &doors.people.ways;
    let names = match channel {
        Channel::Sms => &ways.texts,
        Channel::Voice => &ways.calls,
        Channel::Email | Channel::Webhook => return Vec::new(),
    };
    if names.len() < 2 && chosen.is_empty() {
        return Vec::new();
    }
    let usual = Choice::new(&"", &tr!("the one of all pages"), chosen.is_empty());
    let each = names
        .iter()
        .map(|name| Choice::new(name, name, name == chosen));
    std::iter::once(usual).chain(each).collect()
}

pub(super) fn choices_of_uses(chosen: Uses) -> Vec<Choice> {
    let choice = |one: Uses| Choice::new(&one.word(), &uses(one), one == chosen);
    Uses::ALL.into_iter().map(choice).collect()
}

fn find(profile: &Profile, whose: &Whose) -> Result<(Method, Proof), PageError> {
    let id = whose.method()?;
    let found = profile.methods().find(|(method, _)| method.id == id);
    let (method, proof) = found.ok_or(PageError::NotFound)?;
    Ok((method.clone(), proof.clone()))
}

async fn shown(
    visit: &Visit,
    doors: &Doors,
    whose: &Whose,
    typed: Typed,
    wrong: Wrong,
) -> Result<MethodPage, PageError> {
    let profile = whose.profile(doors).await?;
    let (method, proof) = find(&profile, whose)?;
    let now = doors.clock.now();
    let wall = Wall::of(&mut doors.store.read().await?, &visit.me, now).await?;
    let change = typed.change.unwrap_or_else(|| MethodChange {
        label: method.label.clone(),
        gateway: method.gateway.clone().unwrap_or_default(),
        uses: method.uses,
    });
    let fresh = proof
        .code_sent_at
        .filter(|sent| now.since(*sent) <= CODE_WORKS);
    let code = fresh.filter(|_| proof.code_hash.is_some());
    let test = proof
        .test_sent_at
        .filter(|sent| now.since(*sent) <= TEST_ANSWERED_WITHIN && method.tested_at < Some(*sent));
    let said = |at: Option<crate::clock::At>| at.map_or_else(String::new, |at| wall.moment(at));
    Ok(MethodPage {
        frame: whose.frame(visit, doors),
        home: whose.home(),
        crumb: whose.crumb(&profile),
        own: whose.own,
        path: whose.path_of(method.id),
        zone: wall.name(),
        row: Row::new(&method, &wall),
        stopped: method.stopped_at.is_some(),
        off: method.disabled_at.is_some(),
        verified: method.verified_at.is_some(),
        texted: method.channel == Channel::Sms,
        code_sent: said(code),
        code: typed.code,
        test_sent: said(test),
        gateways: choices_of_gateways(doors, method.channel, &change.gateway),
        uses: choices_of_uses(change.uses),
        called: change.label,
        wrong,
    })
}

/// Does something with the method, and goes on to its page; or shows what is wrong.
async fn act(
    (doors, visit, whose): (&Doors, &Visit, &Whose),
    act: Act,
    typed: Typed,
    notice: Notice,
) -> Result<Response, PageError> {
    match whose.act(doors, visit, act).await? {
        Ok(_) => Ok(done(doors, &whose.path_of(whose.method()?), notice)),
        Err(wrong) => refused(&shown(visit, doors, whose, typed, wrong).await?),
    }
}

pub(super) async fn page(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let page = shown(&visit, &doors, &whose, Typed::default(), Wrong::default()).await?;
    visit.show(&doors, &page)
}

pub(super) async fn change(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
    sent: Sent,
) -> Result<Response, PageError> {
    let change = MethodChange {
        label: sent.get("label").to_owned(),
        gateway: sent.get("gateway").to_owned(),
        uses: Uses::of(sent.get("uses")).unwrap_or(Uses::All),
    };
    let typed = Typed {
        change: Some(change.clone()),
        ..Typed::default()
    };
    let wanted = Act::Change(whose.method()?, change);
    act((&doors, &visit, &whose), wanted, typed, Notice::MethodKept).await
}

pub(super) async fn send_code(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let wanted = Act::SendCode(whose.method()?);
    act(
        (&doors, &visit, &whose),
        wanted,
        Typed::default(),
        Notice::CodeSent,
    )
    .await
}

pub(super) async fn give_code(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
    sent: Sent,
) -> Result<Response, PageError> {
    let code = sent.get("code").to_owned();
    let wanted = Act::GiveCode(whose.method()?, code.clone());
    let typed = Typed {
        code,
        ..Typed::default()
    };
    act(
        (&doors, &visit, &whose),
        wanted,
        typed,
        Notice::MethodVerified,
    )
    .await
}

pub(super) async fn send_test(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let wanted = Act::SendTest(whose.method()?);
    act(
        (&doors, &visit, &whose),
        wanted,
        Typed::default(),
        Notice::TestSent,
    )
    .await
}

pub(super) async fn arrived(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let wanted = Act::Arrived(whose.method()?);
    act(
        (&doors, &visit, &whose),
        wanted,
        Typed::default(),
        Notice::TestArrived,
    )
    .await
}

pub(super) async fn off(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let wanted = Act::Switch(whose.method()?, false);
    act(
        (&doors, &visit, &whose),
        wanted,
        Typed::default(),
        Notice::MethodOff,
    )
    .await
}

pub(super) async fn on(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let wanted = Act::Switch(whose.method()?, true);
    act(
        (&doors, &visit, &whose),
        wanted,
        Typed::default(),
        Notice::MethodOn,
    )
    .await
}

async fn question(
    visit: &Visit,
    doors: &Doors,
    whose: &Whose,
    problem: String,
) -> Result<QuestionPage, PageError> {
    let profile = whose.profile(doors).await?;
    let (method, _) = find(&profile, whose)?;
    let others = profile.person.methods.iter();
    let mut others = others.filter(|other| other.id != method.id && other.works());
    let after = match (others.next().is_some(), whose.own) {
        (true, _) => tr!("The other ways stay as they are."),
        (false, true) => tr!("Nothing else would reach you: no page would arrive."),
        (false, false) => tr!("Nothing else would reach them: no page would arrive."),
    };
    Ok(QuestionPage {
        frame: whose.frame(visit, doors),
        title: tr!("Remove “{label}”?", label = method.label),
        words: tr!("Where it led is forgotten. {after}", after),
        problem,
        button: phrase!("Remove it"),
        back: whose.path_of(method.id),
    })
}

pub(super) async fn ask_remove(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let page = question(&visit, &doors, &whose, String::new()).await?;
    visit.show(&doors, &page)
}

pub(super) async fn remove(
    visit: Visit,
    State(doors): State<Doors>,
    whose: Whose,
) -> Result<Response, PageError> {
    let wanted = Act::Remove(whose.method()?);
    match whose.act(&doors, &visit, wanted).await? {
        Ok(_) => Ok(whose.done(&doors, Notice::MethodRemoved)),
        Err(wrong) => refused(&question(&visit, &doors, &whose, wrong.words).await?),
    }
}
