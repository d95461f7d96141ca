//! The accounts of the staff: who there is, inviting, roles, new passwords, leaving.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::frame::{Frame, Notice, Section, Visit, conflict, done};
use super::methods;
use super::readiness::hours;
use super::when::Wall;
use crate::accounts::{By, Change, OneTime, Refused};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::path::Path;
use crate::http::rates::Pace;
use crate::http::words::{filters, phrase, said, tr};
use crate::staff::{Permission, Role};
use crate::store::Member;

pub(super) fn routes() -> Routes {
    let view = Access::May(Permission::ViewPeople);
    let manage = Access::May(Permission::ManagePeople);
    Routes::new()
        .get("/people", view, list)
        .get("/people/invite", manage, invite_page)
        .confirmed()
        .post("/people/invite", manage, invite)
        .confirmed()
        .at(Pace::Invite)
        .get("/people/{id}", view, page)
        .post("/people/{id}/role", manage, change_role)
        .confirmed()
        .post("/people/{id}/link", manage, make_link)
        .confirmed()
        .at(Pace::Invite)
        .post("/people/{id}/lock", manage, lock)
        .confirmed()
        .post("/people/{id}/unlock", manage, unlock)
        .confirmed()
        .post("/people/{id}/remove", manage, remove)
        .confirmed()
}

#[derive(Template)]
#[template(path = "pages/people.html")]
struct PeoplePage {
    frame: Frame,
    zone: String,
    people: Vec<Row>,
    manages: bool,
}

/// An account, in words.
struct Row {
    id: Uuid,
    name: String,
    login: String,
    role: Role,
    state: &'static str,
    factor: &'static str,
    seen: String,
    invited: bool,
    locked: bool,
    has_factor: bool,
}

impl Row {
    fn new(doors: &Doors, member: &Member, wall: &Wall) -> Self {
        let Member { account, .. } = member;
        let required = doors.accounts.require_totp.contains(&account.role);
        Self {
            id: account.id,
            name: account.name.clone(),
            login: account.login.clone(),
            role: account.role,
            state: match (member.locked_at, member.password_at) {
                (Some(_), _) => phrase!("locked"),
                (None, None) => phrase!("invited, not here yet"),
                (None, Some(_)) => phrase!("can sign in"),
            },
            factor: match (member.totp_at, required) {
                (Some(_), _) => phrase!("second factor is set up"),
                (None, true) => phrase!("second factor is missing"),
                (None, false) => phrase!("no second factor"),
            },
            seen: member
                .seen_at
                .map_or_else(|| tr!("never"), |at| wall.moment(at)),
            invited: member.password_at.is_none(),
            locked: member.locked_at.is_some(),
            has_factor: member.totp_at.is_some(),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/person.html")]
struct PersonPage {
    frame: Frame,
    zone: String,
    person: Row,
    manages: bool,
    me: bool,
    /// How they are reached.
    methods: Vec<methods::Row>,
    /// Their quiet hours; none while the account is locked.
    hours: Option<String>,
    /// Where their methods are changed; empty for who may not.
    base: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/invite.html")]
struct InvitePage<'a> {
    frame: Frame,
    login: &'a str,
    name: &'a str,
    role: Role,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/one_time_link.html")]
struct LinkPage {
    frame: Frame,
    id: Uuid,
    name: String,
    url: String,
    until: String,
}

#[derive(Deserialize)]
struct Invited {
    login: String,
    name: String,
    role: Role,
}

#[derive(Deserialize)]
struct Given {
    role: Role,
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    factor_too: bool,
}

/// The wall of who looks.
async fn wall(doors: &Doors, visit: &Visit) -> Result<Wall, PageError> {
    let mut tx = doors.store.read().await?;
    Ok(Wall::of(&mut tx, &visit.me, doors.clock.now()).await?)
}

async fn list(State(doors): State<Doors>, visit: Visit) -> Result<Response, PageError> {
    let members = doors.accounts.members().await?;
    let wall = wall(&doors, &visit).await?;
    let page = PeoplePage {
        zone: wall.name(),
        frame: visit.frame(&doors, Section::People),
        people: members
            .iter()
            .map(|one| Row::new(&doors, one, &wall))
            .collect(),
        manages: visit.me.role.may(Permission::ManagePeople),
    };
    visit.show(&doors, &page)
}

async fn person(
    doors: &Doors,
    visit: &Visit,
    id: Uuid,
    problem: Option<Refused>,
) -> Result<Response, PageError> {
    let member = doors.accounts.member(id).await?;
    let member = member.ok_or(PageError::NotFound)?;
    let profile = doors.people.profile(id).await?;
    let manages = visit.me.role.may(Permission::ManagePeople);
    let wall = wall(doors, visit).await?;
    let page = PersonPage {
        frame: visit.frame(doors, Section::People),
        zone: wall.name(),
        person: Row::new(doors, &member, &wall),
        manages,
        me: visit.me.id == id,
        methods: profile
            .as_ref()
            .map_or_else(Vec::new, |one| methods::rows(one, &wall)),
        hours: profile.map(|one| hours(&one.person, &wall)),
        base: if manages {
            format!("/people/{id}")
        } else {
            String::new()
        },
        problem: problem.map(said),
    };
    if problem.is_some() {
        return conflict(&page);
    }
    visit.show(doors, &page)
}

async fn page(
    State(doors): State<Doors>,
    visit: Visit,
    Path(id): Path<Uuid>,
) -> Result<Response, PageError> {
    person(&doors, &visit, id, None).await
}

async fn invite_page(State(doors): State<Doors>, visit: Visit) -> Result<Response, PageError> {
    let page = InvitePage {
        frame: visit.frame(&doors, Section::People),
        login: "",
        name: "",
        role: Role::Responder,
        problem: None,
    };
    visit.show(&doors, &page)
}

async fn invite(
    State(doors): State<Doors>,
    visit: Visit,
    Form(form): Form<Invited>,
) -> Result<Response, PageError> {
    let by = By::from(&visit.me);
    let invited = doors
        .accounts
        .invite(&by, &form.login, &form.name, form.role)
        .await?;
    match invited {
        Ok(link) => Ok(Html(once(&doors, &visit, link).await?).into_response()),
        Err(refused) => {
            let page = InvitePage {
                frame: visit.frame(&doors, Section::People),
                login: &form.login,
                name: &form.name,
                role: form.role,
                problem: Some(said(refused)),
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(page.render()?)).into_response())
        }
    }
}

/// The page that shows a link this once.
async fn once(doors: &Doors, visit: &Visit, link: OneTime) -> Result<String, PageError> {
    let wall = wall(doors, visit).await?;
    let page = LinkPage {
        frame: visit.frame(doors, Section::People),
        id: link.account.id,
        name: link.account.name,
        url: link.url,
        until: format!("{}, {}", wall.moment(link.expires_at), wall.name()),
    };
    Ok(page.render()?)
}

async fn make_link(
    State(doors): State<Doors>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(form): Form<Wanted>,
) -> Result<Response, PageError> {
    let by = By::from(&visit.me);
    let made = doors
        .accounts
        .password_link(&by, id, form.factor_too)
        .await?;
    match made {
        Ok(link) => Ok(Html(once(&doors, &visit, link).await?).into_response()),
        Err(Refused::Unknown) => Err(PageError::NotFound),
        Err(refused) => person(&doors, &visit, id, Some(refused)).await,
    }
}

async fn change_role(
    doors: State<Doors>,
    visit: Visit,
    id: Path<Uuid>,
    Form(form): Form<Given>,
) -> Result<Response, PageError> {
    change(
        doors,
        visit,
        id,
        Change::Role(form.role),
        Notice::RoleChanged,
    )
    .await
}

async fn lock(doors: State<Doors>, visit: Visit, id: Path<Uuid>) -> Result<Response, PageError> {
    change(doors, visit, id, Change::Lock, Notice::Locked).await
}

async fn unlock(doors: State<Doors>, visit: Visit, id: Path<Uuid>) -> Result<Response, PageError> {
    change(doors, visit, id, Change::Unlock, Notice::Unlocked).await
}

async fn remove(doors: State<Doors>, visit: Visit, id: Path<Uuid>) -> Result<Response, PageError> {
    change(doors, visit, id, Change::Remove, Notice::Removed).await
}

async fn change(
    State(doors): State<Doors>,
    visit: Visit,
    Path(id): Path<Uuid>,
    change: Change,
    notice: Notice,
) -> Result<Response, PageError> {
    let by = By::from(&visit.me);
    match doors.accounts.change(&by, id, change).await? {
        Ok(()) if change == Change::Remove => Ok(done(&doors, "/people", notice)),
        Ok(()) => Ok(done(&doors, &format!("/people/{id}"), notice)),
        Err(Refused::Unknown) => Err(PageError::NotFound),
        Err(refused) => person(&doors, &visit, id, Some(refused)).await,
    }
}
