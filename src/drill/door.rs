//! The program's own door: the text of a drill comes in by a hook as the provider would send it. Part of
//! `drill`: floor 3.

use std::sync::Arc;

use uuid::Uuid;

use super::Marker;
use crate::gateway::client::{Answer, send};
use crate::gateway::{Gateway, Inbound};

/// Where a drill knocks.
pub struct Door {
    /// Carries the hook.
    pub client: reqwest::Client,
    /// The gateway whose hook it is.
    pub gateway: Arc<dyn Gateway>,
    /// Where this server listens.
    pub local_url: String,
    /// What providers sign.
    pub public_url: String,
}

/// What came of it.
pub(super) struct Knocked {
    /// The way, in words, for the report.
    pub(super) way: String,
    /// The response, where the hook was taken.
    pub(super) answer: Option<String>,
}

impl Door {
    /// Brings a text by a signed and marked hook. `None` where it cannot be made.
    pub(super) async fn knock(
        &self,
        marker: &Marker,
        drill: Uuid,
        text: &Inbound,
    ) -> Option<Knocked> {
        let name = self.gateway.name();
        let path = format!("/hooks/{name}/inbound");
        let signed = format!("{}{path}", self.public_url);
        let mut hook = self.gateway.build_hook(&signed, text)?;
        marker.mark(drill, &mut hook);
        // Signed for where the provider calls, and brought to where we listen.
        hook.url = format!("{}{path}", self.local_url);
        let answer = send(&self.client, hook).await;
        Some(match answer {
            Answer::Answered {
                status: 200, body, ..
            } => Knocked {
                way: format!("by a signed hook of gateway {name}"),
                answer: Some(String::from_utf8_lossy(&body).into_owned()),
            },
            Answer::Answered { status, .. } => Knocked {
                way: format!("the hook of gateway {name} was answered with status {status}"),
                answer: None,
            },
            Answer::NotConnected | Answer::Unanswered => Knocked {
                way: format!("the hook of gateway {name} was not answered"),
                answer: None,
            },
        })
    }
}

/// The outbox row that the address of receipts in a response names.
pub(super) fn outbox_id_in(answer: &str) -> Option<Uuid> {
    let (_, rest) = answer.split_once("ref=")?;
    Uuid::try_parse(rest.get(..36)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_of_a_reply_is_in_every_response() {
        let id = Uuid::from_u128(7);
        for answer in [
            format!("<Message action=\"https://a/hooks/drill/status?ref={id}\">988</Message>"),
            format!("{{\"receipts_url\":\"https://a/hooks/drill/status?ref={id}\"}}"),
        ] {
            assert_eq!(outbox_id_in(&answer), Some(id));
        }
        for answer in ["", "ref=", "<Response/>", "ref=é"] {
            assert_eq!(outbox_id_in(answer), None);
        }
    }
}
