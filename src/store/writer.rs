//! Group commit on SQLite: one writer, one durable commit for everything that waits.
//!
//! Each durable commit costs an fsync, so concurrent units of work share one (measured: five
//! times the rate of a commit each, and no added latency when the line is quiet). There is no
//! timer: what waits when the writer is free goes together. A unit that fails takes nobody
//! with it: the batch is rolled back and each unit runs again in a transaction of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::later::{Joined, Later};
use super::tx::{Inner, Tx};
use super::{StoreError, Unit};
use crate::crypto::Keyring;
use crate::id::IdSource;

/// The most units in one commit.
const BATCH: usize = 512;
/// Takes the lock at once: a transaction that asks for it later can fail half-way.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// How many units may wait before callers do.
const WAITING: usize = 4096;

pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
    task: JoinHandle<()>,
}

impl Writer {
    pub(super) fn start(
        pool: SqlitePool,
        keys: Arc<Keyring>,
        ids: Arc<dyn IdSource>,
        home: TimeZone,
    ) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING);
        let group = Group {
            pool,
            keys,
            ids,
            home,
            joined: Arc::default(),
        };
        let task = tokio::spawn(group.run(waiting));
        Self { queue, task }
    }

    pub(super) async fn write<T: Send + 'static>(&self, unit: Unit<T>) -> Result<T, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let job = UnitJob {
            unit,
            made: None,
            reply,
        };
        self.queue
            .send(Box::new(job))
            .await
            .map_err(|_| StoreError::Closed)?;
        outcome.await.map_err(|_| StoreError::Closed)?
    }

    /// Stops taking work and waits until what was taken is committed.
    pub(super) async fn finish(self) {
        drop(self.queue);
        let _ = self.task.await;
    }
}

/// A unit of work whose result type is hidden, so that different ones share a queue.
trait Job: Send {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), StoreError>>;
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct UnitJob<T> {
    unit: Unit<T>,
    made: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send> Job for UnitJob<T> {
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        Box::pin(async move {
            // The unit is rolled back with the transaction, so no broken state is seen again.
            // Called inside, so that a panic before its first await does not end the writer.
            let unit = async { (self.unit)(tx).await };
            let made = AssertUnwindSafe(unit).catch_unwind().await;
            self.made = Some(made.map_err(|_| StoreError::Panicked)??);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { made, reply, .. } = *self;
        // The caller may have stopped waiting; what was committed stays committed.
        let _ = reply.send(outcome.and_then(|()| made.ok_or(StoreError::Closed)));
    }
}

/// Why a batch did not commit as one.
enum Failed {
    /// No transaction could be begun.
    Begin,
    /// A unit in it failed, or the commit did: each is to be tried by itself.
    Unit,
}

struct Group {
    pool: SqlitePool,
    keys: Arc<Keyring>,
    ids: Arc<dyn IdSource>,
    home: TimeZone,
    joined: Arc<Joined>,
}

impl Group {
    async fn run(self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            let shared = if batch.len() > 1 {
                self.together(&mut batch).await
            } else {
                Err(Failed::Unit)
            };
            for mut job in batch.drain(..) {
                let outcome = match &shared {
                    Ok(()) => Ok(()),
                    // The database is locked, full or gone: waiting for it once for each of them would
                    // hold up whoever comes after.
                    Err(Failed::Begin) => Err(StoreError::Late),
                    Err(Failed::Unit) => self.alone(&mut job).await,
                };
                job.finish(outcome);
            }
        }
        self.pool.close().await;
    }

    async fn together(&self, batch: &mut [Box<dyn Job>]) -> Result<(), Failed> {
        let mut tx = self.begin().await.map_err(|error| {
            tracing::error!(%error, units = batch.len(), "the database takes no writes");
            Failed::Begin
        })?;
        for job in batch {
            if job.run(&mut tx).await.is_err() {
                tx.rollback().await.map_err(|_| Failed::Unit)?;
                return Err(Failed::Unit);
            }
        }
        tx.commit().await.map_err(|_| Failed::Unit)
    }

    async fn alone(&self, job: &mut Box<dyn Job>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if let Err(error) = job.run(&mut tx).await {
            tx.rollback().await?;
            return Err(error);
        }
        tx.commit().await
    }

    async fn begin(&self) -> Result<Tx, StoreError> {
        let begun = match self.pool.begin_with(BEGIN).await {
            // A full disk has ended the last transaction behind the driver's back, and it still counts
            // it: this connection would never begin another one.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.pool.acquire().await?.close().await?;
                self.pool.begin_with(BEGIN).await
            }
            begun => begun,
        };
        Ok(Tx {
            inner: Inner::Sqlite(begun?),
            later: Later::new(&self.joined),
            entries: Vec::new(),
            keys: Arc::clone(&self.keys),
            ids: Arc::clone(&self.ids),
            home: self.home.clone(),
        })
    }
}
