//! Fills the database: most of it by SQL, with bodies that nobody opens, and one long conversation and a full
//! queue as the program itself makes them.

use std::time::Duration;

use harborline::app::App;
use harborline::conversation::{AlertRequest, Reason, State};
use harborline::oncall::Alert;
use harborline::phone::PhoneNumber;
use harborline::store::{Author, NewInbound, NewOutbound, StoreError, Tx};
use harborline::text::MessageBody;
use harborline::triage::{Tier, assess};
use uuid::Uuid;

use crate::past;

/// Cases that wait.
const WAIT: usize = 60;
/// Messages of the conversation that is opened: as many as a page shows.
const LONG: usize = 200;

/// Fills it; the conversation to open.
pub(crate) async fn fill(app: &App, database: &str, messages: i64) -> Uuid {
    past::write(database, messages).await;
    let mut opened = Uuid::nil();
    for nth in 0..WAIT {
        let long = if nth == 0 { LONG } else { 4 };
        let conversation = case(app, nth, long).await;
        if nth == 0 {
            opened = conversation;
        }
    }
    opened
}

/// A case that waits, with its messages as the program makes them.
async fn case(app: &App, nth: usize, messages: usize) -> Uuid {
    let rules = app.rulebook.current();
    let now = app.clock.now();
    let verdict = assess(&rules, "i want to die");
    let unit = app.store.write(move |tx: &mut Tx| {
        let verdict = verdict.clone();
        Box::pin(async move {
            let number = PhoneNumber::of_sender(&format!("+1555{nth:07}"));
            let texter = tx.texter(&number, &State::default(), now).await?;
            let conversation = tx.open_conversation(texter.id, now).await?;
            for k in 0..messages {
                let id = tx.id(now);
                if k % 2 == 0 {
                    tx.record_inbound(
                        &texter,
                        &conversation,
                        &NewInbound {
                            id,
                            gateway: "main",
                            gateway_ref: &format!("now-{nth}-{k}"),
                            body: &MessageBody::new("i want to die"),
                            media: 0,
                            verdict: &verdict,
                            at: now,
                            came_before: Some(false),
                        },
                    )
                    .await?;
                } else {
                    tx.record_outbound(
                        &texter,
                        &conversation,
                        &NewOutbound {
                            id,
                            gateway: "main",
                            author: Author::Line,
                            staff_id: None,
                            body: &MessageBody::new(
                                "You matter. Call or text 988 now, day or night.",
                            ),
                            at: now,
                        },
                    )
                    .await?;
                }
            }
            let request = AlertRequest {
                reason: Reason::Crisis,
                tier: Tier::High,
                page_after: Duration::ZERO,
            };
            let (id, code) = (tx.id(now), tx.free_code().await?);
            let alert = Alert::open(id, conversation.id, texter.id, code, request, now);
            tx.insert_alert(&alert).await?;
            Ok::<_, StoreError>(conversation.id)
        })
    });
    unit.await.unwrap()
}
