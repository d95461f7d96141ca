//! The PostgreSQL server behind the store: its connections, and how the store leaves a server that does not
//! lead anywhere any more. Part of `store`: floor 2.
//!
//! After a fail-over the address of the database leads to another server, but connections that are open
//! still lead to the old one: to one that is a standby by now and takes no writes, or to one that is gone
//! without a word. They are left behind together, and new ones are made (docs/operating.md, "Fail-over").

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::time::Instant;

use super::{OpenError, StoreError};

/// The server ends what takes longer. A replica that is frozen in the middle of a transaction must not keep
/// its locks from the others.
const LIMITS: [(&str, &str); 2] = [
    ("statement_timeout", "30s"),
    ("idle_in_transaction_session_timeout", "10s"),
];
/// How long a unit of work may take before its server counts as gone: longer than the server lets any
/// statement take. Without it a connection to a machine without power would be waited for until the system
/// gives it up, after a quarter of an hour.
pub(super) const LONGEST_UNIT: Duration = Duration::from_secs(35);
/// How long somebody waits for a free connection.
const FREE_WITHIN: Duration = Duration::from_secs(5);
/// Connections are not left behind more often: a server that takes no writes for an hour is not helped by
/// being connected to with each text.
const BETWEEN: Duration = Duration::from_secs(1);

/// How what is said to the database on its way to the server and back is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It does not leave this machine.
    Here,
    /// By TLS, and the server proves who it is.
    Verified,
    /// By TLS; whoever stands in the middle could say that they are the server.
    Encrypted,
    /// By nothing, or by nothing as soon as the other end has no TLS.
    Open,
}

/// How the way to this database is protected; an error where the URL is none.
///
/// # Errors
/// [`OpenError::Unreadable`].
pub fn protection(url: &str) -> Result<Protection, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
    let host = options.get_host();
    let address: Option<IpAddr> = host.parse().ok();
    let here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_some_and(|address| address.is_loopback());
    Ok(match options.get_ssl_mode() {
        _ if here => Protection::Here,
        PgSslMode::VerifyFull | PgSslMode::VerifyCa => Protection::Verified,
        PgSslMode::Require => Protection::Encrypted,
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => Protection::Open,
    })
}

/// The way to the server. It may change which server that is, and its address stays the same.
pub(super) struct Server {
    options: PgConnectOptions,
    most: u32,
    pool: RwLock<Generation>,
    since: Mutex<Since>,
}

/// The connections that are in use, and how often they were made anew.
#[derive(Clone)]
pub(super) struct Generation {
    number: u64,
    pub(super) pool: PgPool,
}

struct Since {
    /// When the connections were last made anew.
    renewed: Option<Instant>,
    /// When a unit of work was last done.
    done: Instant,
}

impl Server {
    /// Nothing is connected yet: the server may be away.
    pub(super) fn of(url: &str, most: u32) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(OpenError::Unreadable)?
            .application_name("harborline")
            .options(LIMITS);
        Ok(Self::with(options, most))
    }

    /// A server that one connection looks at, without limits of its own.
    pub(super) fn looked_at(url: &str) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url).map_err(OpenError::Unreadable)?;
        Ok(Self::with(options, 1))
    }

    fn with(options: PgConnectOptions, most: u32) -> Self {
        let pool = pool(most).connect_lazy_with(options.clone());
        Self {
            options,
            most,
            pool: RwLock::new(Generation { number: 0, pool }),
            since: Mutex::new(Since {
                renewed: None,
                done: Instant::now(),
            }),
        }
    }

    /// A connection of its own, on which statements take as long as they take.
    pub(super) fn patient(&self) -> PgPool {
        let options = self.options.clone().options([("statement_timeout", "0")]);
        pool(1).connect_lazy_with(options)
    }

    pub(super) fn current(&self) -> Generation {
        let current = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Begins a transaction to read from.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.begin_with("BEGIN").await
    }

    /// The same, in these words.
    pub(super) async fn begin_with(
        &self,
        words: &'static str,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        match self.current().pool.begin_with(words).await {
            // They were left behind while we waited for one of them.
            Err(sqlx::Error::PoolClosed) => self.current().pool.begin_with(words).await,
            begun => begun,
        }
    }

    /// Whether other connections are in use by now.
    pub(super) fn has_left(&self, tried: &Generation) -> bool {
        self.current().number != tried.number
    }

    /// A unit of work was done.
    pub(super) fn works(&self) {
        self.since().done = Instant::now();
    }

    /// Leaves these connections behind if what came of one of them says that they lead nowhere. `late`: a unit
    /// of work took longer than any may.
    pub(super) fn judge(&self, tried: &Generation, late: bool, error: &StoreError) {
        let why = match error {
            _ if late => "it does not answer",
            error if error.is_read_only() => "it is read-only",
            // Each of them is in somebody's hands, and nobody comes to an end.
            StoreError::Driver(sqlx::Error::PoolTimedOut)
                if self.since().done.elapsed() > LONGEST_UNIT =>
            {
                "no connection becomes free"
            }
            _ => return,
        };
        let mut since = self.since();
        if since.renewed.is_some_and(|last| last.elapsed() < BETWEEN) || self.has_left(tried) {
            return;
        }
        since.renewed = Some(Instant::now());
        drop(since);
        let next = Generation {
            number: tried.number + 1,
            pool: pool(self.most).connect_lazy_with(self.options.clone()),
        };
        *self.pool.write().unwrap_or_else(PoisonError::into_inner) = next;
        tracing::warn!(%why, "the connections to the database server are left behind, and made anew");
        // What is still at work on them may come to its end; whoever waits for one of them tries the new ones.
        let old = tried.pool.clone();
        tokio::spawn(async move { old.close().await });
    }

    fn since(&self) -> std::sync::MutexGuard<'_, Since> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pool(most: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(FREE_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_as_private_as_its_worst_case() {
        for (url, expected) in [
            ("postgres://a:b@db.example.org/line", Protection::Open),
            ("postgres://a@db/line?sslmode=prefer", Protection::Open),
            (
                "postgres://a@10.0.0.5/line?sslmode=disable",
                Protection::Open,
            ),
            (
                "postgres://a@db/line?sslmode=require",
                Protection::Encrypted,
            ),
            (
                "postgres://a@db/line?sslmode=verify-ca",
                Protection::Verified,
            ),
            (
                "postgres://a@db/line?sslmode=verify-full",
                Protection::Verified,
            ),
            ("postgres://a@127.0.0.1:5433/line", Protection::Here),
            ("postgres://a@localhost/line", Protection::Here),
            ("postgres://a@%2Frun%2Fpostgresql/line", Protection::Here),
        ] {
            assert_eq!(protection(url).unwrap(), expected, "{url}");
        }
        assert!(protection("postgres://a@db/line?sslmode=none").is_err());
    }
}
