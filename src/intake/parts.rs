//! Long texts that come in pieces.
//!
//! Triage sees every piece at once. The text is taken in when it is whole, when a piece is a crisis, or
//! when its first piece has waited for [`PATIENCE`]: as one message, with what is there. Pieces that come
//! after a crisis was answered are added to that message, and acted on only if they make it worse.

use std::sync::Arc;
use std::time::Duration;

use super::decision::{self, Decided};
use super::{Arrival, Intake};
use crate::conversation::State;
use crate::gateway::Inbound;
use crate::phone::PhoneNumber;
use crate::store::{LongText, NewPart, Part, StoreError, Texter, Tx};
use crate::text::MessageBody;
use crate::triage::{Action, Verdict};

/// How long pieces wait for each other. They mostly come within a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a piece is known again: a gateway repeats a hook for a day (Vonage).
const KNOWN: Duration = Duration::from_hours(48);
/// Stands where a piece is missing.
const GAP: &str = " … ";
const BATCH: u16 = 32;

/// The unit of work of one piece: kept, and the text taken in if that is due.
pub(super) async fn take(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    part: &crate::gateway::Part,
) -> Result<Decided, StoreError> {
    let (inbound, now) = (&arrival.inbound, arrival.arrived);
    // The texter is locked: of two pieces that come at once, the second sees the first.
    let fresh = State::new(intake.locale);
    let of = (arrival.gateway.as_str(), inbound.gateway_ref.as_str());
    let Some(texter) = tx.sender_of(&inbound.from, &fresh, of, now).await? else {
        return Ok(Decided::default());
    };
    let text = LongText {
        texter_id: texter.id,
        gateway: arrival.gateway.clone(),
        reference: part.reference.clone(),
        total: i32::from(part.total),
    };
    let new = NewPart {
        id: tx.id(now),
        text: &text,
        gateway_ref: &inbound.gateway_ref,
        number: part.number,
        body: &inbound.body,
        media: inbound.media,
        at: now,
    };
    if !tx.record_part(&texter, &new).await? {
        return Ok(Decided::default());
    }
    let parts = tx.parts_of(&texter, &text).await?;
    let whole = (1..=text.total).all(|number| parts.iter().any(|part| part.number == number));
    let crisis = arrival.verdict.action() == Action::Page;
    if !whole && !crisis && parts.iter().all(|part| part.message_id.is_none()) {
        return Ok(Decided::default());
    }
    let mut joined = join(intake, arrival, &text, &parts).await;
    // A crisis that is found in a piece stays one, whatever stands around it.
    if arrival.verdict.tier > joined.verdict.tier {
        joined.verdict = arrival.verdict.clone();
    }
    settle(tx, intake, &joined, &texter, &text, &parts, whole).await
}

/// Takes the text in, or adds to it; `done` when no more of it is waited for.
async fn settle(
    tx: &mut Tx,
    intake: &Intake,
    joined: &Arrival,
    texter: &Texter,
    text: &LongText,
    parts: &[Part],
    done: bool,
) -> Result<Decided, StoreError> {
    let decided = match parts.iter().find_map(|part| part.message_id) {
        Some(message) => decision::extend(tx, intake, joined, texter, message).await?,
        None => decision::decide(tx, intake, joined).await?,
    };
    let done = done.then_some(joined.arrived);
    tx.parts_taken(text, decided.message, done).await?;
    Ok(decided)
}

/// The pieces that are there as one text, judged as one.
async fn join(intake: &Intake, arrival: &Arrival, text: &LongText, parts: &[Part]) -> Arrival {
    let mut words = String::new();
    let mut next = 1;
    for part in parts {
        if part.number > next {
            words.push_str(GAP);
        }
        words.push_str(part.body.reveal());
        next = part.number + 1;
    }
    if next <= text.total {
        words.push_str(GAP);
    }
    let media = parts.iter().map(|part| part.media).sum::<i32>();
    let first = parts.first().map(|part| part.gateway_ref.clone());
    let verdict = intake.assess(&words).await;
    let inbound = Inbound {
        // Known again by its first piece.
        gateway_ref: first.unwrap_or_default(),
        body: MessageBody::new(words),
        media: u16::try_from(media).unwrap_or(u16::MAX),
        part: None,
        ..arrival.inbound.clone()
    };
    arrival.whole(inbound, verdict)
}

impl Intake {
    /// Takes in the long texts that are waited for no longer, and says how many.
    ///
    /// # Errors
    /// [`StoreError`]: what was not taken in is tried again.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let since = self.clock.now().minus(PATIENCE);
        let waiting = self
            .store
            .read()
            .await?
            .long_texts_waiting(since, BATCH)
            .await?;
        let count = waiting.len();
        let mut outcome = Ok(count);
        for text in waiting {
            let (intake, text) = (Arc::clone(self), Arc::new(text));
            let unit = self.store.write(move |tx| {
                let (intake, text) = (Arc::clone(&intake), Arc::clone(&text));
                Box::pin(async move { flush(tx, &intake, &text).await })
            });
            match unit.await {
                Ok(decided) => self.wake(&decided),
                // The others must not wait for it.
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }
}

/// The unit of work of one text that waits no longer.
async fn flush(tx: &mut Tx, intake: &Intake, text: &LongText) -> Result<Decided, StoreError> {
    let now = intake.clock.now();
    tx.forget_parts(now.minus(KNOWN)).await?;
    // Erased, and its pieces with it.
    let Some(texter) = tx.texter_with_id(text.texter_id).await? else {
        return Ok(Decided::default());
    };
    let parts = tx.parts_of(&texter, text).await?;
    if parts.is_empty() {
        // Another replica was faster.
        return Ok(Decided::default());
    }
    if parts.iter().any(|part| part.message_id.is_some()) {
        // Answered and added to already.
        tx.parts_taken(text, None, Some(now)).await?;
        return Ok(Decided::default());
    }
    let nothing = Inbound {
        gateway_ref: String::new(),
        from: tx.number_of(&texter).await?,
        to: PhoneNumber::of_sender(""),
        body: MessageBody::default(),
        media: 0,
        keyword_handled: None,
        part: None,
    };
    // No hook waits for a response any more, so its reply is carried by none.
    let (gateway, unread) = (text.gateway.clone(), Verdict::default());
    let nobody = Arrival::new(gateway, nothing, unread, now, tx.id(now));
    let joined = join(intake, &nobody, text, &parts).await;
    settle(tx, intake, &joined, &texter, text, &parts, true).await
}
