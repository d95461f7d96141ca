//! Calls: what a page says to whoever picks up, and what the key does that they press. Floor 3.
//!
//! Nobody has a case because somebody, or a machine, picked up: only the key takes it, as a text does.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::acknowledge::{Acknowledge, Responder};
use crate::clock::Clock;
use crate::gateway::call::{Ask, InCall, Script, call_url};
use crate::oncall::{Channel, Desk, PageKind, already_taken};
use crate::page_tests::PageTests;
use crate::pager::{Page, spoken};
use crate::store::{Due, DuePage, Receiver, Store, StoreError};

/// How long the store may take: a gateway that hears nothing for 5 s says that an error has occurred.
const LIMIT: Duration = Duration::from_secs(4);

/// Leads calls.
pub struct Calls {
    /// Where pages are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where people are who have not said so, and where the gateway brings keys.
    pub desk: Arc<Desk>,
    /// Takes cases.
    pub acknowledge: Arc<Acknowledge>,
    /// Takes the answers to tests.
    pub page_tests: Arc<PageTests>,
    /// The name of the line: what a call begins with.
    pub line: String,
}

impl Calls {
    /// What a call says next. Total: without the store it says so.
    pub async fn next(&self, gateway: &str, heard: &InCall) -> Script {
        if let Some(alarm) = heard.alarm {
            return Script {
                said: spoken::alarm(&self.line, alarm),
                asks: None,
            };
        }
        let Some(id) = heard.outbox_id else {
            return self.nothing();
        };
        match tokio::time::timeout(LIMIT, self.told(gateway, id, heard)).await {
            Ok(Ok(script)) => return script,
            Ok(Err(error)) => tracing::error!(outbox = %id, %error, "a call could not be led"),
            Err(_) => {
                tracing::error!(outbox = %id, "a call could not be led: the store is too slow");
            }
        }
        let missed = spoken::GOODBYE.to_owned();
        self.asks(gateway, id, spoken::away(&self.line), missed)
    }

    async fn told(&self, gateway: &str, id: Uuid, heard: &InCall) -> Result<Script, StoreError> {
        let due = self.store.read().await?.outgoing(id).await?;
        let Some((due, page)) = due.and_then(called) else {
            return Ok(self.nothing());
        };
        if heard.key == Some(spoken::YES)
            && let Some(said) = self.pressed(&due, &page).await?
        {
            return Ok(Script { said, asks: None });
        }
        if let Some(said) = self.over(&page).await? {
            return Ok(Script { said, asks: None });
        }
        let greeting = spoken::greeting(&Page {
            id,
            kind: page.kind,
            to: &due.to,
            method: page.method,
            words: due.body.reveal(),
            case: page.case.as_ref(),
            cases: page.cases,
            line: &self.line,
            sign_in: &self.desk.public_url,
            at: due.created_at,
        });
        if !greeting.asks || heard.machine {
            let said = greeting.words;
            return Ok(Script { said, asks: None });
        }
        let missed = spoken::missed(page.kind).to_owned();
        Ok(self.asks(gateway, id, greeting.words, missed))
    }

    /// What the key did; none where it does nothing.
    async fn pressed(&self, due: &Due, page: &DuePage) -> Result<Option<String>, StoreError> {
        match (page.kind, due.receiver) {
            (PageKind::Page, Receiver::Responder { page_id }) => {
                let taken = self.acknowledge.key(page_id).await?;
                Ok(taken
                    .map(|answer| spoken::answered(&answer.outcome, &answer.code, &answer.words)))
            }
            (PageKind::Test, Receiver::Responder { page_id }) => {
                if !self.page_tests.key(page_id).await? {
                    self.proved(page.method).await?;
                }
                Ok(Some(spoken::TESTED.to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// The method of a test that is kept nowhere else has shown that it works.
    async fn proved(&self, method: Option<Uuid>) -> Result<(), StoreError> {
        let Some(method) = method else { return Ok(()) };
        let now = self.clock.now();
        let unit = self
            .store
            .write(move |tx| Box::pin(async move { tx.method_tested(method, now).await }));
        unit.await
    }

    /// Why a page needs nobody any more, for who picks up late.
    async fn over(&self, page: &DuePage) -> Result<Option<String>, StoreError> {
        let (PageKind::Page, Some(case), 0..=1) = (page.kind, &page.case, page.cases) else {
            return Ok(None);
        };
        if page.closed {
            return Ok(Some(spoken::closed(&self.line, &case.code)));
        }
        let Some(taken) = &page.taken else {
            return Ok(None);
        };
        if taken.by == page.contact {
            return Ok(Some(spoken::yours(&case.code)));
        }
        let person = match page.staff {
            Some(staff) => self.store.read().await?.person(staff).await?,
            None => None,
        };
        let zone = person.map_or_else(
            || self.desk.zone.clone(),
            |person| Responder::person(&person).zone,
        );
        let words = already_taken(&case.code, taken, &zone);
        Ok(Some(spoken::news(&self.line, &case.code, &words)))
    }

    fn asks(&self, gateway: &str, id: Uuid, said: String, missed: String) -> Script {
        let url = call_url(&self.desk.public_url, gateway, id, None);
        Script {
            said,
            asks: Some(Ask { url, missed }),
        }
    }

    /// The answer to a call that is none of ours.
    fn nothing(&self) -> Script {
        Script {
            said: spoken::nothing(&self.line),
            asks: None,
        }
    }
}

/// A row that is a call, and its page.
fn called(mut due: Due) -> Option<(Due, DuePage)> {
    let page = due.page.take()?;
    let calls = due.to.channel == Channel::Voice;
    calls.then_some((due, page))
}
