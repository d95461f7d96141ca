//! One connection: what it waits for, and since when. Part of `listener`: floor 5.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Patience;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A request.
    Idle,
    /// The rest of the head of a request.
    Head,
    /// The rest of its body.
    Body,
    /// Us.
    Answering,
}

struct State {
    phase: Phase,
    since: Instant,
    /// Since when an answer is not taken.
    stalled: Option<Instant>,
}

/// One connection.
pub(super) struct Line {
    /// Who is at its other end.
    pub(super) peer: IpAddr,
    state: Mutex<State>,
    leaving: AtomicBool,
    leave: Notify,
    /// Told when it could leave by now: somebody may wait for its place.
    could: Arc<Notify>,
}

impl Line {
    pub(super) fn new(peer: IpAddr, could: Arc<Notify>) -> Self {
        Self {
            peer,
            state: Mutex::new(State {
                phase: Phase::Idle,
                since: Instant::now(),
                stalled: None,
            }),
            leaving: AtomicBool::new(false),
            leave: Notify::new(),
            could,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it waits for something else.
    pub(super) fn now(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = phase;
        state.since = Instant::now();
        drop(state);
        if phase == Phase::Idle {
            self.could.notify_one();
        }
    }

    /// The body has come, or nobody wants it.
    pub(super) fn body_done(&self) {
        let mut state = self.state();
        if state.phase == Phase::Body {
            state.phase = Phase::Answering;
        }
    }

    /// Bytes came: the first ones begin a head.
    fn heard(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.phase = Phase::Head;
            state.since = Instant::now();
        }
    }

    fn stalls(&self, stalls: bool) {
        let mut state = self.state();
        match (stalls, state.stalled) {
            (true, None) => {
                state.stalled = Some(Instant::now());
                self.could.notify_one();
            }
            (false, Some(_)) => state.stalled = None,
            _ => {}
        }
    }

    /// When it will have been waited for long enough; never while it waits for us alone.
    pub(super) fn due(&self, patience: &Patience) -> Option<Instant> {
        let state = self.state();
        let of_phase = match state.phase {
            Phase::Idle => Some(state.since + patience.idle),
            Phase::Head => Some(state.since + patience.head),
            // The door ends the body in time, with words; who does not read those either is cut off.
            Phase::Body => Some(state.since + patience.body + patience.stalled),
            Phase::Answering => None,
        };
        let of_stall = state.stalled.map(|since| since + patience.stalled);
        match (of_phase, of_stall) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// How it would make room: in the middle of something before between two requests, longest first. `None`
    /// when it waits for us, or is leaving already.
    pub(super) fn could_leave(&self) -> Option<(bool, Instant)> {
        if self.leaving.load(Ordering::Relaxed) {
            return None;
        }
        let state = self.state();
        match (state.phase, state.stalled) {
            (_, Some(since)) => Some((false, since)),
            (Phase::Head | Phase::Body, None) => Some((false, state.since)),
            (Phase::Idle, None) => Some((true, state.since)),
            (Phase::Answering, None) => None,
        }
    }

    /// Makes it leave.
    pub(super) fn send_away(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.leave.notify_one();
    }

    /// Whether it can leave now that it is to; if not, it stays.
    pub(super) fn leaves(&self) -> bool {
        let state = self.state();
        let leaves = state.phase != Phase::Answering || state.stalled.is_some();
        if !leaves {
            self.leaving.store(false, Ordering::Relaxed);
        }
        leaves
    }

    /// Returns when it must make room.
    pub(super) async fn is_to_leave(&self) {
        self.leave.notified().await;
    }
}

/// The bytes of a connection, which tell its [`Line`] what moves.
pub(super) struct Watched<S> {
    stream: S,
    line: Arc<Line>,
}

impl<S> Watched<S> {
    pub(super) const fn new(stream: S, line: Arc<Line>) -> Self {
        Self { stream, line }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.line.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.line.stalls(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.line.stalls(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
