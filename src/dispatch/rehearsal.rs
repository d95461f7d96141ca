//! What a drill does to its own pages, before any provider sees them. Part of `dispatch`: floor 3.

use crate::gateway::{SendOutcome, drill};
use crate::oncall::Variant;
use crate::store::{Due, Receiver};

/// How the send of a drill's page ends without being carried out; `None` where it leaves like any
/// other. `pages_by`: the gateway of all pages, which [`Variant::ProviderDown`] makes refuse.
pub(super) fn outcome(due: &Due, pages_by: &str) -> Option<SendOutcome> {
    let rehearsal = due.rehearsal?;
    if !matches!(due.receiver, Receiver::Responder { .. }) {
        return None;
    }
    if rehearsal.variant == Variant::ProviderDown && due.gateway == pages_by {
        return Some(SendOutcome::Retry {
            after_s: None,
            code: drill::NAME.to_owned(),
        });
    }
    rehearsal.dry_run.then(|| drill::taken(due.id))
}
