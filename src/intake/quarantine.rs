//! Texts whose signature did not hold: judged, held, and taken in or dropped by the operator.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Arrival, Intake, NotStored};
use crate::gateway::{Inbound, KeywordHandled, Part};
use crate::phone::PhoneNumber;
use crate::store::{HeldReply, NewHeld, StoreError};
use crate::text::MessageBody;

/// The most texts that are held. Anyone can send them: they must not fill the disk.
const MOST_HELD: i64 = 5_000;

/// How long holding a text may take: the most impatient gateway waits two seconds.
const HELD_WITHIN: Duration = Duration::from_millis(1500);

/// What became of a text that no signature vouches for.
#[derive(Debug)]
pub enum Holding {
    /// It is held, and this goes back in the response where the gateway can carry it: the text is a
    /// crisis.
    Held(Option<MessageBody>),
    /// Too many are held already; nothing was kept of this one.
    Full(Arc<Arrival>),
}

/// Why a held text was not released.
#[derive(Debug, thiserror::Error)]
pub enum NotReleased {
    /// No text with this id is held.
    #[error("no text with this id is held: it was released or discarded before, or never held")]
    Unknown,
    /// What was held cannot be read back.
    #[error("the held text cannot be read")]
    Unreadable,
    /// The database failed; it stays held.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Intake {
    /// Judges a text and holds it. No state is read or changed: nobody vouches for its sender. The
    /// people on call are paged by the next tick if it is a crisis. `inline_reply`: the gateway can carry
    /// a reply in the hook's response; else it is answered by a request of its own.
    ///
    /// # Errors
    /// [`NotStored`]: it is not held.
    pub async fn hold(
        self: &Arc<Self>,
        gateway: &str,
        why: &str,
        inline_reply: bool,
        inbound: Inbound,
    ) -> Result<Holding, NotStored> {
        let arrival = Arc::new(self.arrival(gateway, inbound).await);
        let (work, why) = (Arc::clone(&arrival), why.to_owned());
        let unit = self.store.write(move |tx| {
            let (work, why) = (Arc::clone(&work), why.clone());
            Box::pin(async move {
                if tx.held_count().await? >= MOST_HELD {
                    return Ok(false);
                }
                let text = written(&work.inbound).to_string();
                let held = NewHeld {
                    gateway: &work.gateway,
                    gateway_ref: &work.inbound.gateway_ref,
                    number: &work.inbound.from,
                    why: &why,
                    tier: work.verdict.tier,
                    inbound: text.as_bytes(),
                    at: work.arrived,
                    page: work.is_crisis(),
                    answer: work.is_crisis() && !inline_reply,
                };
                tx.hold(&held).await?;
                Ok(true)
            })
        });
        let outcome = tokio::time::timeout(HELD_WITHIN, unit).await;
        match outcome.unwrap_or(Err(StoreError::Late)) {
            Ok(true) => {
                self.feed.wake_ladder();
                let reply = arrival.is_crisis().then(|| self.crisis_reply(&arrival));
                Ok(Holding::Held(reply))
            }
            Ok(false) => Ok(Holding::Full(arrival)),
            Err(why) => Err(NotStored {
                arrival,
                why,
                late: None,
            }),
        }
    }

    /// A held text as it came in, for its answer; none when it cannot be read.
    pub async fn held_arrival(&self, held: HeldReply) -> Option<Arrival> {
        let inbound = read(&held.inbound)?;
        let verdict = self.assess(inbound.body.reveal()).await;
        Some(Arrival::new(
            held.gateway,
            inbound,
            verdict,
            held.at,
            held.id,
        ))
    }

    /// Takes a held text in as if it had just come, with the time at which it came. A second release
    /// changes nothing: the gateway's id makes it one decision.
    ///
    /// # Errors
    /// [`NotReleased`]; the text stays held.
    pub async fn release(self: &Arc<Self>, id: Uuid) -> Result<(), NotReleased> {
        let held = self.store.read().await?.held_text(id).await?;
        let (held, words) = held.ok_or(NotReleased::Unknown)?;
        let inbound = read(&words).ok_or(NotReleased::Unreadable)?;
        self.late(&held.gateway, inbound, held.at).await?;
        self.end(id, "released").await?;
        Ok(())
    }

    /// Drops a held text, words and number included.
    ///
    /// # Errors
    /// [`NotReleased`]; the text stays held.
    pub async fn discard(self: &Arc<Self>, id: Uuid) -> Result<(), NotReleased> {
        let held = self.store.read().await?.held_text(id).await?;
        held.ok_or(NotReleased::Unknown)?;
        self.end(id, "discarded").await?;
        Ok(())
    }

    async fn end(&self, id: Uuid, outcome: &'static str) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    tx.held_done(id, now, outcome).await?;
                    let action = match outcome {
                        "released" => "quarantine.released",
                        _ => "quarantine.discarded",
                    };
                    tx.audit(now, "operator", action, Some(id), &json!({}))
                        .await
                })
            })
            .await
    }
}

/// A text as it is sealed.
fn written(inbound: &Inbound) -> Value {
    json!({
        "gateway_ref": inbound.gateway_ref,
        "from": inbound.from.reveal(),
        "to": inbound.to.reveal(),
        "body": inbound.body.reveal(),
        "media": inbound.media,
        "keyword_handled": inbound.keyword_handled.map(|handled| match handled {
            KeywordHandled::OptOut => "opt_out",
            KeywordHandled::OptIn => "opt_in",
            KeywordHandled::Help => "help",
        }),
        "part": inbound.part.as_ref().map(|part| json!([part.reference, part.number, part.total])),
    })
}

/// The text that was sealed.
fn read(words: &[u8]) -> Option<Inbound> {
    let held: Value = serde_json::from_slice(words).ok()?;
    let byte = |value: &Value| value.as_u64().and_then(|number| u8::try_from(number).ok());
    Some(Inbound {
        gateway_ref: held["gateway_ref"].as_str()?.to_owned(),
        from: PhoneNumber::of_sender(held["from"].as_str()?),
        to: PhoneNumber::of_sender(held["to"].as_str()?),
        body: MessageBody::new(held["body"].as_str()?),
        media: held["media"]
            .as_u64()
            .and_then(|media| u16::try_from(media).ok())?,
        keyword_handled: match held["keyword_handled"].as_str() {
            Some("opt_out") => Some(KeywordHandled::OptOut),
            Some("opt_in") => Some(KeywordHandled::OptIn),
            Some("help") => Some(KeywordHandled::Help),
            _ => None,
        },
        part: held["part"].as_array().and_then(|part| {
            Some(Part {
                reference: part.first()?.as_str()?.to_owned(),
                number: byte(part.get(1)?)?,
                total: byte(part.get(2)?)?,
            })
        }),
    })
}

/// The words and number of a held text, for an operator who must decide. No `Debug`.
pub struct Shown {
    /// Who it says that it is from.
    pub from: PhoneNumber,
    /// The words.
    pub body: MessageBody,
}

impl Intake {
    /// Opens a held text for an operator who must decide; that it was opened is written down.
    ///
    /// # Errors
    /// [`NotReleased`] when there is nothing to open.
    pub async fn show_held(self: &Arc<Self>, id: Uuid) -> Result<Shown, NotReleased> {
        let held = self.store.read().await?.held_text(id).await?;
        let (_, words) = held.ok_or(NotReleased::Unknown)?;
        let inbound = read(&words).ok_or(NotReleased::Unreadable)?;
        let now = self.clock.now();
        let seen = self.store.write(move |tx| {
            Box::pin(async move {
                tx.audit(now, "operator", "quarantine.read", Some(id), &json!({}))
                    .await
            })
        });
        seen.await?;
        Ok(Shown {
            from: inbound.from,
            body: inbound.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_text_comes_back_as_it_was() {
        let inbound = Inbound {
            gateway_ref: "SM1".to_owned(),
            from: PhoneNumber::of_sender("+15550123"),
            to: PhoneNumber::of_sender("+15550100"),
            body: MessageBody::new("I \u{1f494} \"feel\" alone"),
            media: 2,
            keyword_handled: Some(KeywordHandled::OptOut),
            part: Some(Part {
                reference: "7".to_owned(),
                number: 1,
                total: 3,
            }),
        };
        let sealed = written(&inbound).to_string();
        assert_eq!(read(sealed.as_bytes()), Some(inbound.clone()));
        let plain = Inbound {
            keyword_handled: None,
            part: None,
            ..inbound
        };
        let sealed = written(&plain).to_string();
        assert_eq!(read(sealed.as_bytes()), Some(plain));
        assert_eq!(read(b"not JSON"), None);
    }
}
