//! Pages by e-mail and webhook, and what follows when a page reaches nobody. Part of `dispatch`: floor 3.

use serde_json::json;

use super::{Dispatch, journal, policy};
use crate::clock::At;
use crate::gateway::SendOutcome;
use crate::oncall::{Channel, IncidentKind, PageKind};
use crate::pager::Page;
use crate::store::{Due, ExchangeKind, NewExchange, Settled, StoreError, Tally, Tx};

impl Dispatch {
    /// Sends a page once, and notes that in the gateway log.
    pub(super) async fn carry_page(&self, due: &Due) -> SendOutcome {
        let page = Page {
            id: due.id,
            kind: due.page.as_ref().map_or(PageKind::Notice, |page| page.kind),
            to: &due.to,
            method: due.page.as_ref().and_then(|page| page.method),
            words: due.body.reveal(),
            case: due.page.as_ref().and_then(|page| page.case.as_ref()),
            line: &self.line.name,
            sign_in: &self.desk.public_url,
            at: due.created_at,
        };
        let at = self.clock.now();
        let carried = self.pagers.send(&page, at).await;
        self.journal.note(NewExchange {
            at,
            gateway: due.gateway.clone(),
            kind: ExchangeKind::Send,
            outbox_id: Some(due.id),
            gateway_ref: None,
            status: carried.status,
            outcome: journal::outcome(&carried.outcome),
            duration_ms: self.clock.now().0 - at.0,
            asked: carried.asked,
            answered: carried.answered,
        });
        carried.outcome
    }

    /// A carrier blocks our texts to a responder: none of them is expected there any more, and the
    /// operator hears of it at once.
    pub(super) async fn responder_blocked(
        &self,
        tx: &mut Tx,
        due: &Due,
        now: At,
    ) -> Result<(), StoreError> {
        let Some(page) = &due.page else { return Ok(()) };
        tx.methods_stopped(&due.to.address.number(), true, now)
            .await?;
        let what = (IncidentKind::ResponderUnreachable, page.contact.as_str());
        let detail = json!({"why": "carrier"});
        tx.raise(&self.operator, what, Tally::More(1), &detail, now)
            .await
    }

    /// A page was given up. One that only came too late is no news: the next round is on its way.
    pub(super) async fn page_failed(
        &self,
        tx: &mut Tx,
        due: &Due,
        settled: &Settled,
        now: At,
    ) -> Result<(), StoreError> {
        let Some(page) = &due.page else { return Ok(()) };
        let code = settled.code.as_deref().unwrap_or("unknown");
        let late = code == policy::EXPIRED && due.to.channel == Channel::Sms;
        if late || page.kind == PageKind::Over {
            return Ok(());
        }
        let what = (IncidentKind::PageFailed, page.contact.as_str());
        let detail = json!({"channel": due.to.channel.word(), "code": code});
        tx.raise(&self.operator, what, Tally::More(1), &detail, now)
            .await
    }
}
