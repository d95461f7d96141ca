//! The store: SQLite by default, PostgreSQL by URL, SQL written once. Floor 2.
//!
//! State, outgoing texts, alert, obligation and audit entry of one decision are one
//! [unit of work](Unit): they commit together or not at all. No network call happens inside one.

mod acknowledgements;
mod alerts;
mod approvals;
mod arrivals;
mod audit;
mod audit_chain;
mod board;
mod calendars;
mod call_outs;
mod canned;
mod case_links;
mod check_ins;
mod claims;
mod contact_methods;
mod conversations;
mod copies;
mod credentials;
mod drafts;
mod drills;
mod duties;
mod erasure;
mod error;
mod exports;
mod followers;
mod gateway_log;
mod heartbeats;
mod held_replies;
mod help_calls;
mod holds;
mod incidents;
mod later;
mod leases;
mod links;
mod messages;
mod method_proofs;
mod news_line;
mod notes;
mod obligations;
mod outbox;
mod overrides;
mod page_tests;
mod pages;
mod parts;
mod people;
mod policies;
mod polls;
mod preflight;
mod presence;
mod probe;
mod push;
mod quarantine;
mod queue;
mod reach;
mod reading;
mod reports;
mod resealing;
mod retention;
mod reveals;
mod rotations;
mod schedules;
mod search;
mod senders;
mod server;
mod sessions;
mod settings;
mod shadow_counts;
mod shifts;
mod sqlite;
mod staff;
mod standing;
mod stopped_numbers;
mod swaps;
mod tables;
mod texters;
mod timelines;
mod transfers;
mod tries;
mod tx;
mod wrap_ups;
mod writer;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::{RwLock, watch};
use tokio::time::{Instant, timeout};

pub use crate::oncall::PageKind;
pub use approvals::NewApproval;
pub use arrivals::{Known, NewArrival};
pub use audit::{AuditEntry, DECIDED, Happened, Sift};
pub use audit_chain::{ChainHead, Chained, ROOT};
pub use board::{Board, BoardCase, BoardMember};
pub use call_outs::CallOut;
pub use canned::Canned;
pub use check_ins::{DueCheckIn, NewCheckIn};
pub use claims::{Claim, Claimed, Due, DuePage, Rehearsal};
pub use contact_methods::NewMethod;
pub use conversations::Conversation;
pub use copies::{CopyState, copy, state as copy_state};
pub use credentials::Credentials;
pub use drafts::Draft;
pub use drills::{Drill, NewDrill};
pub use error::{OpenError, StoreError};
pub use exports::{
    After, Cell, Column, Exported, Kind, LEFT_OUT, Opened, SECRET, Scope, TABLES, Table, With,
};
pub use followers::Follower;
pub use gateway_log::{Exchange, ExchangeKind, NewExchange};
pub use heartbeats::Heartbeat;
pub use held_replies::{HeldReply, Pace};
pub use help_calls::HelpCall;
pub use holds::{Hold, Named, Needed, NewHold};
pub use incidents::{IncidentEntry, IncidentNote, Tally};
pub use links::{Link, LinkKind, NewLink};
pub use messages::{Author, NewInbound, NewOutbound, ThreadMessage};
pub use method_proofs::Proof;
pub use news_line::{NewsLine, Teller};
pub use notes::Note;
pub use obligations::Overdue;
pub use outbox::{Delivered, LaneDue, NewOutbox, OutboxRow, OutboxState, Receiver, Settled};
pub use overrides::NewOverride;
pub use page_tests::TestedMethod;
pub use pages::{NewPage, Paged};
pub use parts::{LongText, NewPart, Part};
pub use polls::DuePoll;
pub use presence::Present;
pub use probe::{Probe, look, probe};
pub use push::DuePush;
pub use quarantine::{Held, NewHeld};
pub use queue::{AutomatedRow, CasePlace, Hands, QueueRow, TimePlace, Untaken};
pub use reach::Unreached;
pub use resealing::{Cursor, Resealed};
pub use retention::{Amount, Class};
pub use reveals::NewReveal;
pub use search::Found;
pub use senders::Sender;
pub use server::{Protection, protection};
pub use sessions::{NewSession, Session};
pub use staff::{Account, Member, NewStaff};
pub use standing::{DatabaseFacts, GatewayStanding, LaneStanding, ServerRoom};
pub use texters::Texter;
pub use timelines::{Timeline, TimelinePage, TimelineText};
pub use transfers::{NewTransfer, Transfer, TransferEnd};
pub use tries::{Trier, Tries};
pub use tx::Tx;
pub use wrap_ups::{Ended, NewWrapUp};

use crate::crypto::Keyring;
use crate::id::IdSource;
use crate::meter;
use server::{LONGEST_UNIT, Server};
use settings::Fit;
use writer::Writer;

/// How long a start waits for a database server before it goes on without it.
const FIRST_LOOK: Duration = Duration::from_secs(10);
/// How long a database that is well may take for one small write.
const PROBE: Duration = Duration::from_secs(2);

/// More units of work side by side do not end sooner.
const SIDE_BY_SIDE: usize = 8;

/// How often a unit of work that lost a race on PostgreSQL is run.
const TRIES: usize = 4;

/// A unit of work: runs on a transaction that commits when it returns `Ok`. It may run more than
/// once (a lost race, a neighbour in the batch that failed), so its only effects are in the
/// transaction and in what it returns.
pub type Unit<T> =
    Box<dyn for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync>;

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    keys: Arc<Keyring>,
    ids: Arc<dyn IdSource>,
    home: TimeZone,
    /// Whether the tables are up to date and the keys are the right ones.
    whole: Arc<watch::Sender<bool>>,
    /// Whether the latest write was refused by a database that takes none just now.
    refused: Arc<AtomicBool>,
}

/// The connections to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Open ones.
    pub open: usize,
    /// Those of them that nobody uses just now.
    pub idle: usize,
    /// The most there may be.
    pub most: usize,
}

#[derive(Clone)]
enum Pool {
    Sqlite {
        readers: SqlitePool,
        writer: Arc<RwLock<Option<Writer>>>,
        /// Shared, because the store is cloned for each request.
        options: Arc<SqliteConnectOptions>,
    },
    Postgres(Arc<Server>),
}

impl Store {
    /// Opens the database of a URL, brings its tables up to date, and checks that the keys are
    /// the ones that it was sealed with. A PostgreSQL server that is out of reach is no error: the
    /// store then refuses all work until [`Store::make_whole`] has found it. `most` is how many connections
    /// to PostgreSQL there may be, `home` the time zone of people who have not said where they live.
    ///
    /// # Errors
    /// [`OpenError`] names the setting and the fix.
    pub async fn open(
        url: &str,
        most: u32,
        keys: Arc<Keyring>,
        ids: Arc<dyn IdSource>,
        home: TimeZone,
    ) -> Result<Self, OpenError> {
        let pool = if url.starts_with("sqlite:") {
            sqlite::open(url, &keys, &ids, &home).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Pool::Postgres(Arc::new(Server::of(url, most)?))
        } else {
            return Err(OpenError::UnknownEngine);
        };
        let store = Self {
            pool,
            keys,
            ids,
            home,
            whole: Arc::new(watch::Sender::new(false)),
            refused: Arc::default(),
        };
        let found = tokio::time::timeout(FIRST_LOOK, store.make_whole()).await;
        match found.unwrap_or(Err(StoreError::Late.into())) {
            Err(error) if !error.is_outage() => Err(error),
            _ => Ok(store),
        }
    }

    /// Brings the tables up to date and checks the keys, if that is still to be done.
    ///
    /// # Errors
    /// [`OpenError`]: the store goes on refusing all work.
    pub async fn make_whole(&self) -> Result<(), OpenError> {
        if self.is_whole() {
            return Ok(());
        }
        if let Pool::Postgres(server) = &self.pool {
            // A table is changed in its own time, and another replica may be at it.
            let patient = server.patient();
            tables::bring_up_postgres(&patient).await?;
            patient.close().await;
        }
        match self.commit(|tx| Box::pin(tx.keys_fit())).await? {
            Fit::Fits => {}
            Fit::OtherKey => return Err(OpenError::WrongKey),
            Fit::OtherKeystore => return Err(OpenError::WrongKeystore),
        }
        self.chain_audit_log().await?;
        self.whole.send_replace(true);
        Ok(())
    }

    /// The same store as if its database were out of reach: it refuses all work. For drills.
    #[must_use]
    pub fn unplugged(&self) -> Self {
        Self {
            whole: Arc::new(watch::Sender::new(false)),
            ..self.clone()
        }
    }

    /// Whether the database was found, with the right tables and the right keys.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self.whole.borrow()
    }

    /// Resolves when [`Store::is_whole`] is true.
    pub async fn found(&self) {
        // The sender is ours, so that it does not close.
        let _ = self.whole.subscribe().wait_for(|whole| *whole).await;
    }

    fn refuse_unless_whole(&self) -> Result<(), StoreError> {
        if self.is_whole() {
            Ok(())
        } else {
            Err(StoreError::NotFoundYet)
        }
    }

    /// Whether the database takes writes, as far as the latest one says. After one that was refused, another
    /// one is tried.
    pub async fn takes_writes(&self) -> bool {
        !self.refused.load(Ordering::Relaxed) || self.is_well().await
    }

    /// Whether the database takes a write just now.
    pub async fn is_well(&self) -> bool {
        let mark = self.write(|tx| Box::pin(tx.set_setting("probe", b"well")));
        let done = tokio::time::timeout(PROBE, mark).await;
        matches!(done, Ok(Ok(())))
    }

    /// Runs a unit of work and waits until it is durable.
    ///
    /// # Errors
    /// [`StoreError`]: nothing of the unit was kept.
    pub async fn write<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        self.refuse_unless_whole()?;
        let began = Instant::now();
        let done = self.commit(unit).await;
        meter::committed(done.is_ok(), began.elapsed());
        match &done {
            Ok(_) => self.refused.store(false, Ordering::Relaxed),
            Err(error) if !error.is_of_the_work() => self.refused.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        done
    }

    async fn commit<T, F>(&self, unit: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + Sync + 'static,
    {
        match &self.pool {
            Pool::Sqlite { writer, .. } => match &*writer.read().await {
                Some(writer) => writer.write(Box::new(unit)).await,
                None => Err(StoreError::Closed),
            },
            Pool::Postgres(server) => {
                let mut run = 1;
                loop {
                    let tried = server.current();
                    let done = timeout(LONGEST_UNIT, self.alone(&tried.pool, &unit)).await;
                    let late = done.is_err();
                    let error = match done.unwrap_or(Err(StoreError::Late)) {
                        Ok(made) => {
                            server.works();
                            return Ok(made);
                        }
                        Err(error) => error,
                    };
                    server.judge(&tried, late, &error);
                    let again = error.lost_a_race()
                        || error.is_of_a_closed_pool() && server.has_left(&tried);
                    if !again || run == TRIES {
                        return Err(error);
                    }
                    run += 1;
                }
            }
        }
    }

    async fn alone<T, F>(&self, pool: &PgPool, unit: &F) -> Result<T, StoreError>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>>,
    {
        let mut tx = self.tx(tx::Inner::Postgres(pool.begin().await?));
        // As on SQLite, a panic is an error: the caller may have a crisis to answer (promise P3).
        // The transaction is dropped with it, so no broken state is seen again.
        let made = AssertUnwindSafe(async { unit(&mut tx).await })
            .catch_unwind()
            .await
            .map_err(|_| StoreError::Panicked)??;
        tx.commit().await?;
        Ok(made)
    }

    /// A transaction to read from: a consistent view that never waits for the writer.
    ///
    /// # Errors
    /// [`StoreError`] when the database is out of reach.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        self.refuse_unless_whole()?;
        Ok(self.tx(match &self.pool {
            Pool::Sqlite { readers, .. } => tx::Inner::Sqlite(readers.begin().await?),
            Pool::Postgres(server) => tx::Inner::Postgres(server.begin().await?),
        }))
    }

    /// Takes what was erased out of the journal, where SQLite keeps pages as they were before. `false`
    /// when somebody is reading just now: then it is to be tried again. On PostgreSQL there is nothing
    /// that a client can do: dead rows are overwritten in its own time (see docs/architecture.md).
    ///
    /// # Errors
    /// [`StoreError`] when the database is out of reach.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        let Pool::Sqlite { options, .. } = &self.pool else {
            return Ok(true);
        };
        let mut connection = SqliteConnection::connect_with(options).await?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = sqlx::query_scalar(truncate)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(busy == 0)
    }

    /// How many connections are open; of SQLite those that read, beside the one that writes.
    #[must_use]
    pub fn connections(&self) -> Connections {
        fn of<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> Connections {
            let whole = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
            Connections {
                open: whole(pool.size()),
                idle: pool.num_idle(),
                most: whole(pool.options().get_max_connections()),
            }
        }
        match &self.pool {
            Pool::Sqlite { readers, .. } => of(readers),
            Pool::Postgres(server) => of(&server.current().pool),
        }
    }

    /// How many units of work may run side by side for as long as it takes, and leave half of the connections
    /// to whoever comes meanwhile.
    #[must_use]
    pub fn half(&self) -> usize {
        match &self.pool {
            Pool::Sqlite { .. } => SIDE_BY_SIDE,
            Pool::Postgres(_) => (self.connections().most / 2).clamp(1, SIDE_BY_SIDE),
        }
    }

    fn tx(&self, inner: tx::Inner) -> Tx {
        Tx {
            inner,
            later: later::Later::default(),
            entries: Vec::new(),
            keys: Arc::clone(&self.keys),
            ids: Arc::clone(&self.ids),
            home: self.home.clone(),
        }
    }

    /// Commits what was taken and closes all connections.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite {
                readers, writer, ..
            } => {
                if let Some(writer) = writer.write().await.take() {
                    writer.finish().await;
                }
                readers.close().await;
            }
            Pool::Postgres(server) => server.current().pool.close().await,
        }
    }
}
