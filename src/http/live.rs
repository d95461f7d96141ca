//! Live pages: a stream of signals, never of data. The page reads its fragment again.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::Doors;
use super::access::{Access, Routes};
use crate::feed::Signal;
use crate::staff::Permission;

pub(super) fn routes() -> Routes {
    Routes::new().get("/live", Access::May(Permission::ReadConversations), live)
}

async fn live(State(doors): State<Doors>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    signals(&doors, |signal| match signal {
        Signal::Queue => Some("queue".to_owned()),
        Signal::Conversation(id) => Some(format!("conversation:{id}")),
        Signal::OnCall => Some("on-call".to_owned()),
        Signal::Simulator => None,
    })
}

/// The stream of the signals that `word` has a word for. Whoever is too slow is told to read
/// everything again; the stream ends when the server stops.
pub(super) fn signals(
    doors: &Doors,
    word: fn(Signal) -> Option<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let start = (doors.feed.subscribe(), doors.stopping.clone());
    let stream = stream::unfold(start, move |(mut signals, stopping)| async move {
        let word = next(&mut signals, &stopping, word).await?;
        Some((Ok(Event::default().data(word)), (signals, stopping)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

async fn next(
    signals: &mut Receiver<Signal>,
    stopping: &CancellationToken,
    word: fn(Signal) -> Option<String>,
) -> Option<String> {
    loop {
        let signal = tokio::select! {
            signal = signals.recv() => signal,
            () = stopping.cancelled() => return None,
        };
        match signal {
            Ok(signal) => {
                if let Some(word) = word(signal) {
                    return Some(word);
                }
            }
            Err(RecvError::Lagged(_)) => return Some("resync".to_owned()),
            Err(RecvError::Closed) => return None,
        }
    }
}
