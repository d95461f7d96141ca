//! Takes connections in, and does not let anyone keep others out with them. Floor 5.
//!
//! Nobody is waited for without an end: not for the head of a request, not for its body, not for an answer
//! to be read, not for a next request. When all places are taken, who has waited longest in the middle of
//! something makes room, so that a hook, which is there in one piece, comes through whatever else is held
//! open. Whoever is being answered makes no room, however slow we are: for that case the last places are kept
//! for machines, and the very last for hooks alone, each of which ends within the patience of its gateway. A
//! stream of signals lives as long as the page that reads it.

mod door;
mod line;
mod table;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::LimitsSection;
use door::Door;
use line::Watched;
use table::{Place, Table};

/// The most bytes of a head that are kept. What is above the limits of `http/limits.rs` and below this gets
/// words, what is above this a bare 431.
const HEAD: usize = 64 * 1024;
/// The most fields of a head that are read, likewise.
const FIELDS: usize = 128;
/// How long an answer may wait to be read.
const STALLED: Duration = Duration::from_secs(30);
/// How long to wait when the system gives no more connections.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often that is said.
const SAID_EVERY: Duration = Duration::from_mins(1);

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The head of a request, from its first byte.
    pub head: Duration,
    /// Its body, from the end of the head.
    pub body: Duration,
    /// The next request.
    pub idle: Duration,
    /// A byte of an answer to be taken.
    pub stalled: Duration,
}

/// What callers may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How long is waited for them.
    pub patience: Patience,
    /// The most connections at once.
    pub most: usize,
    /// The most of one address.
    pub per_address: usize,
    /// Addresses that speak for many: only the limit for all holds for them.
    pub proxies: Arc<[IpNet]>,
}

impl Limits {
    /// As configured.
    #[must_use]
    pub fn of(section: &LimitsSection, proxies: &[IpNet]) -> Self {
        Self {
            patience: Patience {
                head: Duration::from_secs(section.head_s),
                body: Duration::from_secs(section.body_s),
                idle: Duration::from_secs(section.idle_s),
                stalled: STALLED,
            },
            most: section.connections,
            per_address: section.connections_per_address,
            proxies: proxies.into(),
        }
    }
}

/// Answers on a listener until the program stops. What is asked by then is still answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tasks: TaskTracker,
    stopping: CancellationToken,
) {
    let patience = limits.patience;
    let table = Arc::new(Table::new(limits));
    let router = router.with_state(());
    let mut trouble = Trouble::default();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = next(&listener, &table) => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_caller(&error) => continue,
            Err(error) => {
                trouble.tell(&error);
                table.make_room();
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = table.somebody_left() => continue,
                    () = tokio::time::sleep(BACK_OFF) => continue,
                }
            }
        };
        // Answers are small and written whole: none of them waits for another to fill a packet.
        let _ = stream.set_nodelay(true);
        let place = table.admit(peer.ip());
        let door = Door::new(router.clone(), peer, place.line(), patience);
        let stopping = stopping.clone();
        tasks.spawn(async move { answer(stream, door, &place, patience, &stopping).await });
    }
}

/// The next connection, once there is a place for it. Nobody makes room before somebody has come who needs it:
/// whoever was let in last would be the one to go.
async fn next(listener: &TcpListener, table: &Table) -> io::Result<(TcpStream, SocketAddr)> {
    let accepted = listener.accept().await?;
    table.room().await;
    Ok(accepted)
}

/// Whether it was the caller who went away before they were let in.
fn is_of_the_caller(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Says once in a while that no connections can be taken.
#[derive(Default)]
struct Trouble(Option<Instant>);

impl Trouble {
    fn tell(&mut self, error: &io::Error) {
        if self.0.is_none_or(|told| told.elapsed() >= SAID_EVERY) {
            self.0 = Some(Instant::now());
            tracing::error!(%error, "the system gives no more connections; who waits longest makes room. Set LimitNOFILE=65536 in the unit, or lower limits.connections");
        }
    }
}

/// Answers what comes over one connection, until it ends, keeps us waiting, must make room, or the program
/// stops.
async fn answer<S>(
    stream: S,
    door: Door,
    place: &Place,
    patience: Patience,
    stopping: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let line = place.line();
    let door = door.kept_for(place.narrow());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&line)));
    let connection = http1::Builder::new()
        .max_buf_size(HEAD)
        .max_headers(FIELDS)
        // Waiting is measured here: hyper's own clock would not tell half a head from none.
        .header_read_timeout(None::<Duration>)
        .keep_alive(place.narrow().is_none())
        .serve_connection(io, door);
    let mut connection = std::pin::pin!(connection);
    let mut late = std::pin::pin!(tokio::time::sleep(patience.idle));
    let mut ending = false;
    loop {
        let served = std::future::poll_fn(|cx| {
            if connection.as_mut().poll(cx).is_ready() {
                return std::task::Poll::Ready(());
            }
            // Whatever has just happened on it, this is when we will have waited long enough.
            let Some(due) = line.due(&patience) else {
                return std::task::Poll::Pending;
            };
            if late.deadline() != due {
                late.as_mut().reset(due);
            }
            late.as_mut().poll(cx)
        });
        tokio::select! {
            () = served => return,
            () = line.is_to_leave() => if place.leaves() { return },
            () = stopping.cancelled(), if !ending => {
                connection.as_mut().graceful_shutdown();
                ending = true;
            }
        }
    }
}

/// Whether an address is one of these.
fn is_in(address: IpAddr, nets: &[IpNet]) -> bool {
    nets.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests;
