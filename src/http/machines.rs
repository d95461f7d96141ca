//! The routes that machines call, outside of the guard of the staff: each with its methods and its path, which
//! `docs/openapi.yaml` describes. There is no way to add one without, and a test compares both. Floor 4.

use axum::Router;
use axum::handler::Handler;
use axum::http::header::ALLOW;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};

use super::Doors;

/// A route that machines call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The methods (HEAD comes with GET, except at hooks).
    pub methods: Vec<Method>,
    /// The path, with `{names}` where it varies.
    pub path: &'static str,
}

/// Routes that machines call.
#[derive(Default)]
pub(super) struct Machines {
    router: Router<Doors>,
    served: Vec<Served>,
}

impl Machines {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn get<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Doors>,
        T: 'static,
    {
        self.router = self.router.route(path, get(handler));
        self.serve(vec![Method::GET], path)
    }

    pub(super) fn post<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Doors>,
        T: 'static,
    {
        self.router = self.router.route(path, post(handler));
        self.serve(vec![Method::POST], path)
    }

    /// A hook: which of both methods it comes by, the gateway decides. The handler refuses all others by
    /// [`no_hook`], since a gateway that is not known says so first.
    pub(super) fn hook<H, T>(mut self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Doors>,
        T: 'static,
    {
        self.router = self.router.route(path, any(handler));
        self.serve(vec![Method::GET, Method::POST], path)
    }

    fn serve(mut self, methods: Vec<Method>, path: &'static str) -> Self {
        self.served.push(Served { methods, path });
        self
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.served.extend(other.served);
        self
    }

    pub(super) fn served(self) -> Vec<Served> {
        self.served
    }

    pub(super) fn router(self) -> Router<Doors> {
        self.router
    }
}

/// A method that no hook comes by.
pub(super) fn no_hook() -> Response {
    let allowed = [(ALLOW, "GET,POST")];
    (StatusCode::METHOD_NOT_ALLOWED, allowed).into_response()
}
