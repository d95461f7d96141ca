//! Paging: the ladder of every open alert, advanced by rows and due times. Floor 3.

use std::sync::Arc;

use crate::clock::{At, Clock};
use crate::feed::{Feed, Signal};
use crate::oncall::{Desk, unconfirmed};
use crate::store::{NewPage, PageKind, Store, StoreError, Tx};

/// How many alerts one tick advances.
const ALERTS: u16 = 64;

/// Pages until a human is there.
pub struct Paging {
    /// Where alerts are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is paged.
    pub desk: Arc<Desk>,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

impl Paging {
    /// Sends what is due and says for how many alerts. All of it commits together; a restart or a
    /// second replica changes nothing.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was sent, and all of it stays due.
    pub async fn tick(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let desk = Arc::clone(&self.desk);
        let paged = self
            .store
            .write(move |tx| {
                let desk = Arc::clone(&desk);
                Box::pin(async move {
                    let due = tx.alerts_due(now, ALERTS).await?;
                    let count = due.len();
                    for mut alert in due {
                        let contacts = &desk.roster.fallback;
                        tx.page_round(&desk.gateway, contacts, &mut alert, &desk.timing, now)
                            .await?;
                    }
                    Ok(count + page_held(tx, &desk, now).await?)
                })
            })
            .await?;
        if paged > 0 {
            self.feed.wake_outbox();
            self.feed.signal(Signal::Queue);
        }
        Ok(paged)
    }
}

/// Pages everyone on call, once, for the crisis texts that are held: nobody vouches for who sent them.
async fn page_held(tx: &mut Tx, desk: &Desk, now: At) -> Result<usize, StoreError> {
    let held = tx.held_to_page(now, desk.timing.repage).await?;
    for (gateway, count) in &held {
        let words = unconfirmed(gateway, *count);
        for contact in &desk.roster.fallback {
            let page = NewPage {
                alert: None,
                kind: PageKind::Page,
                contact,
                words: &words,
            };
            tx.send_to_responder(&desk.gateway, &page, now).await?;
        }
    }
    Ok(held.len())
}
