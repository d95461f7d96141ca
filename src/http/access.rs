//! Who may open what: every route of the staff is declared with what it asks for.
//!
//! One guard stands before all of them, and refuses whatever is not declared; a handler finds the
//! person as [`SignedIn`]. It does not know single objects: whose conversation something is, a
//! service decides.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::Doors;
use super::error::PageError;
use super::session::{self, SignedIn};
use crate::staff::Permission;

/// What a route asks of who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the door itself.
    Open,
    /// A session, of any role: what belongs to the person's own account.
    SignedIn,
    /// A session whose role has this permission.
    May(Permission),
}

/// A route of the staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// GET (HEAD with it) or POST.
    pub method: Method,
    /// The path, with `{names}` where it varies.
    pub path: &'static str,
    /// What it asks for.
    pub access: Access,
}

/// Routes, each with what it asks for: there is no way to add one without.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Doors>,
    declared: Vec<Declared>,
}

impl Routes {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A page, or a part of one.
    pub(super) fn get<H, T>(mut self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Doors>,
        T: 'static,
    {
        self.router = self.router.route(path, get(handler));
        self.declare(Method::GET, path, access)
    }

    /// An act. Its path is the one of its page, or stands below it: there a person goes on who has
    /// to sign in first.
    pub(super) fn post<H, T>(mut self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Doors>,
        T: 'static,
    {
        self.router = self.router.route(path, post(handler));
        self.declare(Method::POST, path, access)
    }

    fn declare(mut self, method: Method, path: &'static str, access: Access) -> Self {
        self.declared.push(Declared {
            method,
            path,
            access,
        });
        self
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.declared.extend(other.declared);
        self
    }

    pub(super) fn declared(self) -> Vec<Declared> {
        self.declared
    }

    /// The routes behind their guard.
    pub(super) fn guarded(self, doors: &Doors) -> Router<Doors> {
        let guard = Guard {
            doors: doors.clone(),
            table: self.declared.into(),
        };
        self.router
            .route_layer(middleware::from_fn_with_state(guard, stand))
    }
}

#[derive(Clone)]
struct Guard {
    doors: Doors,
    table: Arc<[Declared]>,
}

async fn stand(
    State(guard): State<Guard>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    match guard.admit(path.as_str(), &mut request).await {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

impl Guard {
    /// Lets a request in, with the person behind it, or says why not.
    async fn admit(&self, path: &str, request: &mut Request) -> Result<(), PageError> {
        let access = self.access(request.method(), path);
        let permission = match access.ok_or(PageError::NotFound)? {
            Access::Open => return Ok(()),
            Access::SignedIn => None,
            Access::May(permission) => Some(permission),
        };
        let found = session::of(&self.doors, request.headers()).await?;
        let account = found.ok_or_else(|| PageError::SignedOut {
            then: self.page_of(path, request),
        })?;
        if permission.is_some_and(|permission| !account.role.may(permission)) {
            return Err(PageError::Forbidden);
        }
        request.extensions_mut().insert(SignedIn(account));
        Ok(())
    }

    fn access(&self, method: &Method, path: &str) -> Option<Access> {
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let is_it = |route: &&Declared| route.method == *method && route.path == path;
        self.table.iter().find(is_it).map(|route| route.access)
    }

    /// Where a person goes on after they have signed in: to what they asked for, or to the page
    /// whose act it was.
    fn page_of(&self, path: &str, request: &Request) -> Option<String> {
        let uri = request.uri();
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return uri.path_and_query().map(ToString::to_string);
        }
        let (mut pattern, mut path) = (path, uri.path());
        loop {
            if self.access(&Method::GET, pattern).is_some() {
                return Some(path.to_owned());
            }
            (pattern, path) = (pattern.rsplit_once('/')?.0, path.rsplit_once('/')?.0);
        }
    }
}
