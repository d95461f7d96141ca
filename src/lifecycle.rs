//! Start, serve, stop: nothing that was taken is lost on the way out. Floor 5.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::BuildError;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Seams, StartError};
use crate::config::Config;
use crate::listener::{self, Limits};
use crate::telemetry::scrape;
use crate::worker;

/// How long open requests and sends may take to finish. The outbox keeps what they leave.
const PATIENCE: Duration = Duration::from_secs(40);

/// Why the server did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or the address is not this machine's.
    #[error(
        "listen.address: {address} cannot be listened on: {source}. Stop the other program, or set another address and port"
    )]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The port of the metrics is taken, or the address is not this machine's.
    #[error(
        "listen.metrics: {address} cannot be listened on: {source}. Stop the other program, set another address and port, or leave the key out"
    )]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing can be counted.
    #[error("listen.metrics: {0}. Leave the key out, and report this")]
    Recorder(#[from] BuildError),
    /// Something that is needed is not there.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The listener failed.
    #[error("the server stopped: {0}")]
    Io(#[from] io::Error),
}

/// A server that listens and works, until it is stopped.
pub struct Server {
    /// The running parts.
    pub app: App,
    /// Where it listens.
    pub address: SocketAddr,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Starts with the machine's clock.
    ///
    /// # Errors
    /// [`ServeError`] names the place and the fix.
    pub async fn start(config: &Config) -> Result<Self, ServeError> {
        Self::start_with(config, Seams::system(config)?).await
    }

    /// Starts with given seams.
    ///
    /// # Errors
    /// [`ServeError`] names the place and the fix.
    pub async fn start_with(config: &Config, seams: Seams) -> Result<Self, ServeError> {
        // The port comes first: a second server must not touch the data of the one that runs.
        let wanted = config.listen.address;
        let refused = |source| ServeError::Address {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr()?;
        let metrics = match config.listen.metrics {
            None => None,
            Some(address) => {
                let refused = |source| ServeError::Metrics { address, source };
                Some(TcpListener::bind(address).await.map_err(refused)?)
            }
        };
        let stopping = CancellationToken::new();
        let app = App::build(config, reachable(address), seams, stopping.clone()).await?;
        let tasks = TaskTracker::new();
        let limits = Limits::of(&config.limits, &config.listen.proxies);
        if let Some(listener) = metrics {
            scrape::serve(&app, listener, &limits, &tasks, &stopping)?;
        }
        let served = listener::serve(
            listener,
            app.router(),
            limits,
            tasks.clone(),
            stopping.clone(),
        );
        tasks.spawn(served);
        worker::start(&app, &tasks, &stopping);
        Ok(Self {
            app,
            address,
            stopping,
            tasks,
        })
    }

    /// Stops: no new requests, open ones finish, workers finish what they are at, the store
    /// commits and closes.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(PATIENCE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some work did not finish in time; the outbox keeps it");
        }
        while self
            .app
            .dispatch
            .write_journal()
            .await
            .is_ok_and(|written| written > 0)
        {}
        self.app.store.close().await;
    }
}

/// Where this machine reaches a listener: one on every address is reached on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if address.is_ipv6() {
            std::net::Ipv6Addr::LOCALHOST.into()
        } else {
            std::net::Ipv4Addr::LOCALHOST.into()
        };
        address.set_ip(loopback);
    }
    address
}

/// Reads the triage rules again whenever the system asks for it (SIGHUP).
///
/// # Errors
/// What the system says when the signal cannot be caught.
pub fn reload_on_hangup(app: App) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(error) = app.reload_rules().await {
                tracing::error!(%error, "the reload of the triage rules could not be written down");
            }
        }
    });
    Ok(())
}

/// A future that resolves when the system asks the program to stop (SIGINT or SIGTERM), from this call
/// on: one that comes before the future is awaited is not lost.
///
/// # Errors
/// What the system says when signals cannot be caught.
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
