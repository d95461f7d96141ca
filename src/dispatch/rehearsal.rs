//! What a drill does to its own pages, before any provider sees them. Part of `dispatch`: floor 3.

use futures_util::future::join_all;

use super::{Apart, Dispatch};
use crate::gateway::{SendOutcome, drill};
use crate::lane::Lane;
use crate::oncall::{Roster, Variant, unstored_drill};
use crate::store::{Due, Receiver};
use crate::text::MessageBody;

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

impl Dispatch {
    /// Pages who is on the roster past the store, as a drill: the rounds of a real outage are not touched.
    /// Says of each, by name, whether a gateway accepted it.
    pub async fn rehearse_alarm(&self, roster: &Roster, dry_run: bool) -> Vec<(String, bool)> {
        let (now, body) = (self.clock.now(), MessageBody::new(unstored_drill()));
        let pages = roster
            .paged_at(now, |contact| contact.texts_from().is_some())
            .into_iter()
            .filter_map(|contact| {
                let gateway = if dry_run {
                    drill::NAME
                } else {
                    self.gateway_of(contact)
                };
                let (id, body, number) = (self.ids.id(now), &body, contact.texts_from()?);
                Some(async move {
                    let text = Apart {
                        gateway,
                        outbox_id: id,
                        to: &number,
                        body,
                        lane: Lane::Page,
                        locale: None,
                    };
                    (contact.name.clone(), self.send_without_store(&text).await)
                })
            });
        join_all(pages).await
    }
}
