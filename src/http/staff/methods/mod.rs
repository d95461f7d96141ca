//! How a person is reached, and when they are not to be woken: one's own under `/me`, those of others under
//! `/people/{id}` for who looks after people. Both are the same pages.

mod add;
mod hours;
mod one;
mod row;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::Response;
use uuid::Uuid;

use super::form::Wrong;
use super::frame::{Frame, Notice, Section, Visit, done};
use crate::http::Doors;
use crate::http::access::{Access, Routes};
use crate::http::error::PageError;
use crate::http::rates::Pace;
use crate::http::session::SignedIn;
use crate::http::words::tr;
use crate::people::{Act, By, Profile, Refused};
use crate::staff::Permission;

pub(super) use row::{Row, rows};

/// The routes of these pages under one address.
macro_rules! routes_at {
    ($base:literal, $access:expr $(, $asks:ident)?) => {
        Routes::new()
            .get(concat!($base, "/methods/new"), $access, add::page)$(.$asks())?
            .post(concat!($base, "/methods/new"), $access, add::add)$(.$asks())?
            .get(concat!($base, "/methods/{method}"), $access, one::page)$(.$asks())?
            .post(concat!($base, "/methods/{method}"), $access, one::change)$(.$asks())?
            .post(concat!($base, "/methods/{method}/send-code"), $access, one::send_code)$(.$asks())?.at(Pace::Send)
            .post(concat!($base, "/methods/{method}/code"), $access, one::give_code)$(.$asks())?
            .post(concat!($base, "/methods/{method}/test"), $access, one::send_test)$(.$asks())?.at(Pace::Send)
            .post(concat!($base, "/methods/{method}/arrived"), $access, one::arrived)$(.$asks())?
            .post(concat!($base, "/methods/{method}/off"), $access, one::off)$(.$asks())?
            .post(concat!($base, "/methods/{method}/on"), $access, one::on)$(.$asks())?
            .get(concat!($base, "/methods/{method}/remove"), $access, one::ask_remove)$(.$asks())?
            .post(concat!($base, "/methods/{method}/remove"), $access, one::remove)$(.$asks())?
            .get(concat!($base, "/hours"), $access, hours::page)$(.$asks())?
            .post(concat!($base, "/hours"), $access, hours::set)$(.$asks())?
    };
}

pub(super) fn routes() -> Routes {
    let manage = Access::May(Permission::ManagePeople);
    routes_at!("/me", Access::SignedIn).merge(routes_at!("/people/{id}", manage, confirmed))
}

/// Whose pages these are, and which method they are about.
struct Whose {
    id: Uuid,
    own: bool,
    method: Option<Uuid>,
}

impl FromRequestParts<Doors> for Whose {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, PageError> {
        let SignedIn(me) = SignedIn::from_request_parts(parts, doors).await?;
        let named = RawPathParams::from_request_parts(parts, doors).await;
        let named = named.map_err(|_| PageError::NotFound)?;
        let id = |name: &str| {
            let found = named.iter().find(|(key, _)| *key == name);
            let id = found.map(|(_, value)| value.parse::<Uuid>());
            id.transpose().map_err(|_| PageError::NotFound)
        };
        let other = id("id")?;
        Ok(Self {
            id: other.unwrap_or(me.id),
            own: other.is_none(),
            method: id("method")?,
        })
    }
}

impl Whose {
    /// The page that leads here, and where one goes back to.
    fn home(&self) -> String {
        if self.own {
            "/me".to_owned()
        } else {
            format!("/people/{}", self.id)
        }
    }

    /// The page of one of their methods.
    fn path_of(&self, method: Uuid) -> String {
        format!("{}/methods/{method}", self.home())
    }

    /// The method that the page is about.
    fn method(&self) -> Result<Uuid, PageError> {
        self.method.ok_or(PageError::NotFound)
    }

    fn frame(&self, visit: &Visit, doors: &Doors) -> Frame {
        let section = if self.own {
            Section::Account
        } else {
            Section::People
        };
        visit.frame(doors, section)
    }

    async fn profile(&self, doors: &Doors) -> Result<Profile, PageError> {
        let profile = doors.people.profile(self.id).await?;
        profile.ok_or(PageError::NotFound)
    }

    /// What leads back, in words.
    fn crumb(&self, profile: &Profile) -> String {
        if self.own {
            tr!("Me")
        } else {
            profile.person.name.clone()
        }
    }

    /// Does something, and goes on to a page that says so; or says what is wrong with what was sent.
    async fn act(
        &self,
        doors: &Doors,
        visit: &Visit,
        act: Act,
    ) -> Result<Result<crate::people::Done, Wrong>, PageError> {
        let by = By::Staff(visit.me.clone());
        match doors.people.act(by, self.id, act).await? {
            Ok(done) => Ok(Ok(done)),
            Err(Refused::UnknownPerson | Refused::UnknownMethod) => Err(PageError::NotFound),
            Err(Refused::NotYours) => Err(PageError::Forbidden),
            Err(why) => Ok(Err(Wrong::with(why.field(), &why))),
        }
    }

    /// On to their page of all.
    fn done(&self, doors: &Doors, notice: Notice) -> Response {
        done(doors, &self.home(), notice)
    }
}
