//! What the page System says of each gateway.

use super::super::readiness::Mark;
use super::super::when::{Wall, wait};
use crate::clock::At;
use crate::gateway::SignaturePolicy;
use crate::http::Doors;
use crate::http::words::{phrase, tr};
use crate::oncall::{Incident, IncidentKind};
use crate::store::GatewayStanding;
use crate::system::Look;

/// A gateway, in words.
pub(super) struct GatewayRow {
    pub(super) name: String,
    pub(super) mark: Mark,
    pub(super) inbound: String,
    pub(super) sent: String,
    pub(super) receipt: String,
    pub(super) tries: String,
    pub(super) signature: Mark,
    /// What was found about signatures; empty when nothing was.
    pub(super) hooks: String,
}

impl GatewayRow {
    pub(super) fn new(
        doors: &Doors,
        look: &Look,
        wall: &Wall,
        (name, standing): &(String, GatewayStanding),
    ) -> Self {
        let ago = |at: Option<At>| {
            at.map_or_else(
                || tr!("not in the last seven days"),
                |at| {
                    let (wait, moment) = (wait(at, look.now), wall.moment(at));
                    tr!("{wait} ago, {moment}", wait, moment)
                },
            )
        };
        Self {
            mark: state_of(standing, look.now),
            inbound: ago(standing.inbound),
            sent: ago(standing.sent),
            receipt: ago(standing.receipt),
            tries: tries(standing),
            signature: signature(doors.signing.policy(name)),
            hooks: hooks(name, standing, &look.incidents),
            name: name.clone(),
        }
    }
}

fn state_of(standing: &GatewayStanding, now: At) -> Mark {
    let (class, word) = if standing.circuit.is_open(now) {
        ("bad", phrase!("goes round it"))
    } else if standing.circuit.failures > 0 || standing.failed > 0 {
        ("care", phrase!("failed lately"))
    } else if standing.tries > 0 {
        ("good", phrase!("works"))
    } else {
        ("plain", phrase!("quiet"))
    };
    Mark { class, word }
}

fn tries(standing: &GatewayStanding) -> String {
    let (tried, failed) = (standing.tries, standing.failed);
    let sent = tr!("{tried} tried, {failed} failed", tried, failed);
    let in_a_row = match standing.circuit.failures {
        0 => String::new(),
        n => tr!(", {n} in a row", n),
    };
    match &standing.last_failure {
        Some(last) => tr!("{sent}{in_a_row}; the latest: {last}", sent, in_a_row, last),
        None => format!("{sent}{in_a_row}"),
    }
}

const fn signature(policy: SignaturePolicy) -> Mark {
    match policy {
        SignaturePolicy::Enforce => Mark {
            class: "good",
            word: phrase!("signed hooks only"),
        },
        SignaturePolicy::Observe => Mark {
            class: "bad",
            word: phrase!("takes every hook"),
        },
        SignaturePolicy::Quarantine => Mark {
            class: "care",
            word: phrase!("holds unsigned texts"),
        },
    }
}

/// What is wrong with its hooks.
fn hooks(name: &str, standing: &GatewayStanding, incidents: &[Incident]) -> String {
    let about = incidents.iter().filter(|one| one.subject == name);
    let bad: i64 = about
        .filter(|one| one.kind == IncidentKind::Signature)
        .map(|one| one.count)
        .sum();
    let mut words = Vec::new();
    if bad > 0 {
        words.push(tr!("{n} whose signature does not hold", n = bad));
    }
    if standing.held > 0 {
        words.push(tr!("{n} held until somebody decides", n = standing.held));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Circuit;

    #[test]
    fn a_gateway_is_said_in_a_word() {
        let now = At(1_767_225_600_000);
        let standing = |tries, failed, failures| GatewayStanding {
            tries,
            failed,
            circuit: Circuit {
                failures,
                failed_at: Some(now),
            },
            ..GatewayStanding::default()
        };
        for (standing, word) in [
            (standing(0, 0, 0), "quiet"),
            (standing(9, 0, 0), "works"),
            (standing(9, 1, 0), "failed lately"),
            (standing(0, 0, 1), "failed lately"),
            (standing(9, 9, 3), "goes round it"),
        ] {
            assert_eq!(state_of(&standing, now).word, word, "{standing:?}");
        }
    }
}
