//! Who may open what: every route of the staff is declared with what it asks for.
//!
//! One guard stands before all of them, and refuses whatever is not declared; a handler finds the
//! person as [`SignedIn`]. It does not know single objects: whose conversation something is, a
//! service decides.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::csrf::ProtectionError;

use super::Doors;
use super::error::PageError;
use super::rates::{self, Pace, Whose};
use super::session::{self, Current};
use super::words;
use crate::staff::Permission;

/// What a route asks of who calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the door itself.
    Open,
    /// A session, of any role, also where a second factor is still to be set up.
    Session,
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
    /// Whether the person must have proved within the last minutes who they are.
    pub confirmed: bool,
    /// How often one person may call it.
    pub pace: Pace,
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
        let pace = match (access, &method) {
            (Access::Open, _) => Pace::Open,
            (_, &Method::GET) => Pace::Read,
            _ => Pace::Write,
        };
        self.declared.push(Declared {
            method,
            path,
            access,
            confirmed: false,
            pace,
        });
        self
    }

    /// The route before may be called as often as this says, not as any other of its kind.
    pub(super) fn at(mut self, pace: Pace) -> Self {
        if let Some(last) = self.declared.last_mut() {
            last.pace = pace;
        }
        self
    }

    /// The route before is sensitive: besides, it asks who it is, unless that was proved just now. A form
    /// of such an act stands on a page that asks, too, so that nothing is written in vain.
    pub(super) fn confirmed(mut self) -> Self {
        if let Some(last) = self.declared.last_mut() {
            last.confirmed = true;
        }
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
    if let Err(refused) = guard.admit(path.as_str(), &mut request).await {
        return refused.into_response();
    }
    let account = request.extensions().get::<Current>().map(Current::account);
    let method = request.method().clone();
    let response = next.run(request).await;
    let route = path.as_str();
    if let Some(account) = account
        && matches!(
            response.status(),
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN
        )
        && route.contains('{')
    {
        // The address is not logged, only its pattern.
        tracing::warn!(%account, %method, route, "asked for what is not there, or not theirs");
    }
    response
}

/// A form of another site was sent from a browser of ours.
pub(super) fn forged(why: &ProtectionError) -> Response {
    tracing::warn!(%why, "a form that another site may have made was refused");
    PageError::Elsewhere.into_response()
}

impl Guard {
    /// Lets a request in, with the person behind it, or says why not.
    async fn admit(&self, path: &str, request: &mut Request) -> Result<(), PageError> {
        let declared = self.declared(request.method(), path);
        let declared = declared.ok_or(PageError::NotFound)?;
        if declared.access == Access::Open {
            let proxies = &self.doors.proxies;
            let whose = rates::stranger(request.extensions(), request.headers(), proxies);
            let counted = self.doors.rates.count(declared.pace, whose);
            return counted.map_err(PageError::TooOften);
        }
        let accounts = &self.doors.accounts;
        let found = session::of(&self.doors, request.headers()).await?;
        let session = found.ok_or_else(|| PageError::SignedOut {
            then: self.page_of(path, request),
        })?;
        if let Some(locale) = session.locale {
            words::speak(locale);
        }
        let whose = Whose::Account(session.account.id);
        let counted = self.doors.rates.count(declared.pace, whose);
        counted.map_err(PageError::TooOften)?;
        if declared.access != Access::Session && accounts.lacks_factor(&session) {
            return Err(PageError::NoFactor);
        }
        if let Access::May(permission) = declared.access
            && !session.account.role.may(permission)
        {
            let (account, role) = (session.account.id, session.account.role.word());
            let method = &declared.method;
            tracing::warn!(%account, role, %method, route = path, "asked for what is not part of their role");
            return Err(PageError::Forbidden);
        }
        if declared.confirmed && !accounts.is_confirmed(&session) {
            return Err(PageError::Unconfirmed {
                then: self.page_of(path, request),
            });
        }
        request.extensions_mut().insert(Current(session));
        Ok(())
    }

    fn declared(&self, method: &Method, path: &str) -> Option<&Declared> {
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let mut table = self.table.iter();
        table.find(|route| route.method == *method && route.path == path)
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
            if self.declared(&Method::GET, pattern).is_some() {
                return Some(path.to_owned());
            }
            (pattern, path) = (pattern.rsplit_once('/')?.0, path.rsplit_once('/')?.0);
        }
    }
}
