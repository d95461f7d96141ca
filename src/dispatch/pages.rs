//! Pages by e-mail and webhook, and what follows when a page reaches nobody. Part of `dispatch`: floor 3.

use serde_json::json;
use uuid::Uuid;

use super::{Dispatch, journal, policy};
use crate::clock::At;
use crate::gateway::SendOutcome;
use crate::oncall::{Channel, IncidentKind, PageKind};
use crate::pager::Page;
use crate::store::{
    Due, ExchangeKind, NewExchange, OutboxState, Receiver, Settled, StoreError, Tally, Tx,
};

/// Whether this is the code of a call that rang, and that no person took.
pub(super) fn is_unanswered(code: &str) -> bool {
    crate::oncall::UNANSWERED.contains(&code)
}

impl Dispatch {
    /// Sends a page by e-mail or webhook, once.
    pub(super) async fn carry_page(&self, due: &Due) -> SendOutcome {
        let page = Page {
            id: due.id,
            kind: due.page.as_ref().map_or(PageKind::Notice, |page| page.kind),
            to: &due.to,
            method: due.page.as_ref().and_then(|page| page.method),
            words: due.body.reveal(),
            case: due.page.as_ref().and_then(|page| page.case.as_ref()),
            cases: due.page.as_ref().map_or(0, |page| page.cases),
            line: &self.line.name,
            sign_in: &self.desk.public_url,
            at: due.created_at,
        };
        self.send_page(&page).await
    }

    /// The same, and notes it in the gateway log.
    pub(super) async fn send_page(&self, page: &Page<'_>) -> SendOutcome {
        let at = self.clock.now();
        let carried = self.pagers.send(page, at).await;
        self.journal.note(NewExchange {
            at,
            gateway: page.to.channel.word().to_owned(),
            kind: ExchangeKind::Send,
            outbox_id: Some(page.id),
            gateway_ref: None,
            status: carried.status,
            outcome: journal::outcome(&carried.outcome),
            duration_ms: self.clock.now().0 - at.0,
            asked: carried.asked,
            answered: carried.answered,
        });
        carried.outcome
    }

    /// A text to a responder whose gateway is configured no more goes by the gateway of all pages.
    pub(super) fn pages_elsewhere(&self, due: &Due, now: At) -> Option<Settled> {
        let responder = matches!(due.receiver, Receiver::Responder { .. });
        let other = &self.desk.gateway;
        let gone = self.gateways.get(&due.gateway).is_none() && due.gateway != *other;
        (responder && due.to.channel == Channel::Sms && gone).then(|| Settled {
            moves_to: Some(other.clone()),
            ..Settled::new(OutboxState::Queued, now)
        })
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

    /// A page that a gateway had taken did not arrive.
    pub(super) async fn page_lost(
        &self,
        tx: &mut Tx,
        outbox_id: Uuid,
        (code, opted_out): (Option<&str>, bool),
        now: At,
    ) -> Result<(), StoreError> {
        let Some(due) = tx.outgoing(outbox_id).await? else {
            return Ok(());
        };
        if opted_out {
            return self.responder_blocked(tx, &due, now).await;
        }
        let settled = Settled {
            code: code.map(str::to_owned),
            ..Settled::new(OutboxState::Failed, now)
        };
        self.page_failed(tx, &due, &settled, now).await
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
        // Nobody has to pick up when the case is taken.
        let needless = is_unanswered(code) && page.is_over();
        if late || needless || page.kind == PageKind::Over {
            return Ok(());
        }
        let what = (IncidentKind::PageFailed, page.contact.as_str());
        let detail = json!({"channel": due.to.channel.word(), "code": code});
        tx.raise(&self.operator, what, Tally::More(1), &detail, now)
            .await
    }
}
