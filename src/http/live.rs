//! Live pages: a stream of signals, never of data. The page reads its fragment again.
//!
//! Every signal has a number. A page that lost its connection says which it heard last, and gets what it
//! missed. Every second in which nothing happens there is a pulse, so that a page without one knows that
//! it is alone.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Doors;
use super::access::{Access, Routes};
use super::error::PageError;
use super::rates::Pace;
use super::session::SignedIn;
use crate::feed::{Missed, Numbered, Signal};
use crate::staff::Permission;

/// From one pulse to the next.
const PULSE: Duration = Duration::from_secs(1);
/// How soon a browser that lost its connection tries again.
const AGAIN: Duration = Duration::from_millis(500);
/// The most streams of one account: more tabs than anybody reads.
const MOST: usize = 24;
/// Whoever hears it reads everything again.
pub(super) const RESYNC: &str = "resync";
/// The place of a cursor that is not one of this process.
const UNKNOWN: u64 = u64::MAX - 1;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/live", Access::May(Permission::ReadConversations), live)
        .at(Pace::Stream)
}

async fn live(
    State(doors): State<Doors>,
    SignedIn(account): SignedIn,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageError> {
    let open = doors.streams.open(account.id);
    let open = open.ok_or(PageError::TooOften(AGAIN))?;
    Ok(signals(
        &doors,
        &headers,
        Some(open),
        |signal| match signal {
            Signal::Queue => Some("queue".to_owned()),
            Signal::Conversation(id) => Some(format!("conversation:{id}")),
            Signal::OnCall => Some("on-call".to_owned()),
            Signal::Everything => Some(RESYNC.to_owned()),
            Signal::Simulator => None,
        },
    ))
}

/// The streams that are open, of each account.
#[derive(Default)]
pub struct Streams(Mutex<HashMap<Uuid, usize>>);

/// One of them, until it is dropped.
pub(super) struct OneStream {
    of: Arc<Streams>,
    account: Uuid,
}

impl Streams {
    fn counts(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more; `None` when the account has too many.
    fn open(self: &Arc<Self>, account: Uuid) -> Option<OneStream> {
        let mut counts = self.counts();
        let count = counts.entry(account).or_default();
        if *count >= MOST {
            return None;
        }
        *count += 1;
        Some(OneStream {
            of: Arc::clone(self),
            account,
        })
    }
}

impl Drop for OneStream {
    fn drop(&mut self) {
        let mut counts = self.of.counts();
        if let Some(count) = counts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.account);
            }
        }
    }
}

/// What a stream still has to say, and where more comes from.
struct Source {
    process: Uuid,
    /// Where the stream begins, until that was said.
    hello: Option<u64>,
    /// What was missed; without a signal, everything must be read again.
    missed: VecDeque<Option<Numbered>>,
    signals: Receiver<Numbered>,
    stopping: CancellationToken,
    word: fn(Signal) -> Option<String>,
    /// Counted for as long as the stream lives.
    _open: Option<OneStream>,
}

/// The stream of the signals that `word` has a word for, from what the browser heard last. Whoever is too
/// slow, or was away for too long, is told to read everything again; the stream ends when the server stops.
pub(super) fn signals(
    doors: &Doors,
    headers: &HeaderMap,
    open: Option<OneStream>,
    word: fn(Signal) -> Option<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let heard = headers.get("last-event-id").map(|id| id.to_str().ok());
    let after = heard.map(|cursor| {
        let number = cursor.and_then(|cursor| number_of(cursor, doors.process));
        number.unwrap_or(UNKNOWN)
    });
    let from = doors.feed.subscribe(after);
    let source = Source {
        process: doors.process,
        hello: Some(from.last),
        missed: match from.missed {
            Missed::These(these) => these.into_iter().map(Some).collect(),
            Missed::Unknown => VecDeque::from([None]),
        },
        signals: from.signals,
        stopping: doors.stopping.clone(),
        word,
        _open: open,
    };
    let stream = stream::unfold(source, |mut source| async move {
        let event = source.next().await?;
        Some((Ok(event), source))
    });
    let pulse = Event::default().event("pulse").data("");
    Sse::new(stream).keep_alive(KeepAlive::new().interval(PULSE).event(pulse))
}

/// The number in a cursor of this process.
fn number_of(cursor: &str, process: Uuid) -> Option<u64> {
    let (of, number) = cursor.split_once('.')?;
    (of == process.to_string()).then(|| number.parse().ok())?
}

impl Source {
    async fn next(&mut self) -> Option<Event> {
        if let Some(last) = self.hello.take() {
            // A cursor that has missed something stays where it is until that was said.
            let hello = Event::default().event("pulse").retry(AGAIN).data("");
            let missed = !self.missed.is_empty();
            return Some(if missed {
                hello
            } else {
                hello.id(self.cursor(last))
            });
        }
        loop {
            let signal = match self.missed.pop_front() {
                Some(Some(missed)) => missed,
                Some(None) => return Some(Event::default().data(RESYNC)),
                None => {
                    let signal = tokio::select! {
                        signal = self.signals.recv() => signal,
                        () = self.stopping.cancelled() => return None,
                    };
                    match signal {
                        Ok(signal) => signal,
                        Err(RecvError::Lagged(_)) => {
                            return Some(Event::default().data(RESYNC));
                        }
                        Err(RecvError::Closed) => return None,
                    }
                }
            };
            if let Some(word) = (self.word)(signal.signal) {
                return Some(Event::default().id(self.cursor(signal.number)).data(word));
            }
        }
    }

    fn cursor(&self, number: u64) -> String {
        format!("{}.{number}", self.process)
    }
}
