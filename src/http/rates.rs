//! How often members of staff and strangers may ask for what: the one table of it. Texts and calls come by
//! hooks, which are not in it: nothing here stands between a texter and an answer. Floor 4.
//!
//! People never come near these numbers. They are for a script, a stolen session, and a page that went mad.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use uuid::Uuid;

use super::Doors;
use super::error::retry_after;
use super::session::caller_of;
use crate::clock::Clock;
use crate::limit::{Limit, Rate, subscriber};

/// What is asked for, by how often it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A page, or a part of one: open pages read again by themselves.
    Read,
    /// An act.
    Write,
    /// Looking for a number or words.
    Search,
    /// Being shown a number.
    Reveal,
    /// Taking much out of the program at once.
    Export,
    /// Letting somebody in, with a link that opens something.
    Invite,
    /// Making the program send something, to oneself or to the team.
    Send,
    /// Work for the machine: trying texts and rules out, checking everything.
    Try,
    /// A stream of signals: limited by how many are open.
    Stream,
    /// Whatever a stranger asks for, by their address.
    Open,
    /// What monitors ask, by their address.
    Probe,
}

impl Pace {
    /// Every pace.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Search,
        Self::Reveal,
        Self::Export,
        Self::Invite,
        Self::Send,
        Self::Try,
        Self::Stream,
        Self::Open,
        Self::Probe,
    ];

    /// How often.
    #[must_use]
    pub const fn rate(self) -> Rate {
        match self {
            Self::Read => Rate::new(600, Duration::from_millis(50)),
            Self::Write => Rate::new(240, Duration::from_millis(250)),
            Self::Search | Self::Try => Rate::new(60, Duration::from_secs(1)),
            Self::Reveal => Rate::new(20, Duration::from_secs(30)),
            Self::Export => Rate::new(20, Duration::from_secs(10)),
            Self::Invite => Rate::new(30, Duration::from_mins(1)),
            Self::Send => Rate::new(30, Duration::from_secs(20)),
            Self::Stream | Self::Open => Rate::new(240, Duration::from_millis(500)),
            Self::Probe => Rate::new(60, Duration::from_millis(200)),
        }
    }

    /// As a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Search => "search",
            Self::Reveal => "reveal",
            Self::Export => "export",
            Self::Invite => "invite",
            Self::Send => "send",
            Self::Try => "try",
            Self::Stream => "stream",
            Self::Open => "open",
            Self::Probe => "probe",
        }
    }
}

/// Whose asking is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Whose {
    /// An account, wherever it is signed in.
    Account(Uuid),
    /// One subscriber.
    Address(IpAddr),
}

/// How often it is logged that somebody has to wait: whoever asks without end must not fill the log.
const SAID: Rate = Rate::new(1, Duration::from_mins(1));

/// Counts what everybody asks for, on this replica.
pub struct Rates {
    paces: [Limit<Whose>; Pace::ALL.len()],
    said: Limit<Whose>,
}

impl Rates {
    /// By this clock.
    #[must_use]
    pub fn new(clock: &Arc<dyn Clock>) -> Self {
        Self {
            paces: Pace::ALL.map(|pace| Limit::new(pace.rate(), Arc::clone(clock))),
            said: Limit::new(SAID, Arc::clone(clock)),
        }
    }

    /// Counts once.
    ///
    /// # Errors
    /// How long they have to wait.
    pub(super) fn count(&self, pace: Pace, whose: Whose) -> Result<(), Duration> {
        // In the order of `ALL`, as its test says.
        let counted = self.paces[pace as usize].count(&whose);
        if counted.is_err() && self.said.count(&whose).is_ok() {
            let pace = pace.word();
            match whose {
                Whose::Account(account) => {
                    tracing::warn!(%account, pace, "asks too often, and has to wait");
                }
                // Where strangers come from is of no use in a log, and may be of a person.
                Whose::Address(_) => {
                    tracing::info!(pace, "a stranger asks too often, and has to wait");
                }
            }
        }
        counted
    }
}

/// Who asks, when nobody is signed in.
pub(super) fn stranger(extensions: &Extensions, headers: &HeaderMap, proxies: &[IpNet]) -> Whose {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|peer| caller_of(peer.ip(), headers, proxies));
    Whose::Address(subscriber(address))
}

/// A monitor that does not ask too often.
pub(super) struct Probe;

impl FromRequestParts<Doors> for Probe {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Response> {
        let whose = stranger(&parts.extensions, &parts.headers, &doors.proxies);
        // Whoever is on this machine, as its health check is, could do worse.
        if matches!(whose, Whose::Address(address) if address.is_loopback()) {
            return Ok(Self);
        }
        doors.rates.count(Pace::Probe, whose).map_err(|wait| {
            let words = "You ask very often. Wait a moment.\n";
            (StatusCode::TOO_MANY_REQUESTS, retry_after(wait), words).into_response()
        })?;
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{At, ManualClock};

    #[test]
    fn every_pace_is_in_its_place() {
        for (place, pace) in Pace::ALL.into_iter().enumerate() {
            assert_eq!(pace as usize, place, "{pace:?}");
        }
    }

    #[test]
    fn one_pace_leaves_the_others_and_one_caller_the_others() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(At(1_767_225_600_000)));
        let rates = Rates::new(&clock);
        let me = Whose::Account(Uuid::from_u128(1));
        for _ in 0..Pace::Reveal.rate().burst.get() {
            rates.count(Pace::Reveal, me).unwrap();
        }
        rates.count(Pace::Reveal, me).unwrap_err();
        rates.count(Pace::Read, me).unwrap();
        let other = Whose::Account(Uuid::from_u128(2));
        rates.count(Pace::Reveal, other).unwrap();
    }
}
