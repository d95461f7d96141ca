//! Sessions over HTTP: their cookies, and the person behind a request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::response::AppendHeaders;
use ipnet::IpNet;
use uuid::Uuid;

use super::error::PageError;
use super::{Doors, cookie};
use crate::accounts::{Accounts, Caller, Opened};
use crate::staff::Device;
use crate::store::{Account, Session, StoreError};

const SESSION: &str = "harborline_session";
/// By which a browser is known in which somebody has signed in before. It opens nothing.
const BROWSER: &str = "harborline_browser";

/// What hands cookies to a browser.
pub(super) type Cookies = AppendHeaders<Vec<(HeaderName, String)>>;

/// The member of staff behind a request, as the guard of the routes has found them.
#[derive(Clone)]
pub(super) struct SignedIn(pub(super) Account);

/// The session behind a request, for what concerns the session itself.
#[derive(Clone)]
pub(super) struct Current(pub(super) Session);

impl Current {
    /// Whose it is.
    pub(super) const fn account(&self) -> Uuid {
        self.0.account.id
    }
}

impl<S: Sync> FromRequestParts<S> for Current {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        // Nobody stands in front of an open route: its handler has no person to act for.
        let found = parts.extensions.get().cloned();
        found.ok_or(PageError::SignedOut { then: None })
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let Current(session) = Current::from_request_parts(parts, state).await?;
        Ok(Self(session.account))
    }
}

impl FromRequestParts<Doors> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Infallible> {
        let headers = &parts.headers;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let user_agent = headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let token = |name| cookie::value(doors, headers, name).map(str::to_owned);
        Ok(Self {
            address: peer.map(|peer| caller_of(peer.ip(), headers, &doors.proxies)),
            browser: token(BROWSER),
            session: token(SESSION),
            device: user_agent.map(Device::of),
        })
    }
}

/// Where a request came from: the last address in `X-Forwarded-For` that is not a proxy of ours. What
/// stands before it may have been written by anyone.
pub(super) fn caller_of(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut caller = peer.to_canonical();
    let named: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    for name in named.into_iter().rev() {
        if !ours(&caller) {
            break;
        }
        match name.trim().parse::<IpAddr>() {
            Ok(before) => caller = before.to_canonical(),
            Err(_) => break,
        }
    }
    caller
}

/// The session that a request carries, if it is still good.
pub(super) async fn of(doors: &Doors, headers: &HeaderMap) -> Result<Option<Session>, StoreError> {
    match cookie::value(doors, headers, SESSION) {
        Some(token) => doors.accounts.session(token).await,
        None => Ok(None),
    }
}

/// Hands the tokens of a session that was started to the browser.
pub(super) fn handed(doors: &Doors, opened: &Opened) -> Cookies {
    let age = Accounts::LONGEST;
    let session = cookie::set(doors, SESSION, &opened.session, age);
    let browser = opened.browser.as_deref().map(|token| {
        let cookie = cookie::set(doors, BROWSER, token, Accounts::KNOWN);
        (SET_COOKIE, cookie)
    });
    let session = [(SET_COOKIE, session)];
    AppendHeaders(session.into_iter().chain(browser).collect())
}

/// Takes the session back from the browser. That it is known stays.
pub(super) fn taken_back(doors: &Doors) -> Cookies {
    let cookie = cookie::set(doors, SESSION, "", Duration::ZERO);
    AppendHeaders(vec![(SET_COOKIE, cookie)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_proxies_say_of_a_caller_is_believed() {
        let proxies: [IpNet; 2] = [
            "127.0.0.0/8".parse().unwrap(),
            "10.0.0.2/32".parse().unwrap(),
        ];
        for (peer, forwarded, caller) in [
            ("192.0.2.1", "", "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
            (
                "127.0.0.1",
                "203.0.113.9, 198.51.100.7, 10.0.0.2",
                "198.51.100.7",
            ),
            ("127.0.0.1", "198.51.100.7, nonsense", "127.0.0.1"),
            ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            let found = caller_of(peer.parse().unwrap(), &headers, &proxies);
            assert_eq!(
                found,
                caller.parse::<IpAddr>().unwrap(),
                "{peer} {forwarded}"
            );
        }
    }
}
