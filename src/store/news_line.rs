//! What replicas say to each other through PostgreSQL: `NOTIFY` and `LISTEN`. A word of it says that
//! something changed, never what; who hears it reads the tables.

use sqlx::PgPool;
use sqlx::postgres::PgListener;

use super::{Pool, Store, StoreError};

/// The channel of all replicas on a database.
const CHANNEL: &str = "harborline";

/// The line to the other replicas.
pub struct NewsLine {
    listener: PgListener,
    pool: PgPool,
}

impl Store {
    /// Opens the line to the other replicas; `None` on SQLite, where there are none. It holds one
    /// connection of the pool, and is lost with it when the store leaves its server behind.
    ///
    /// # Errors
    /// [`StoreError`] when the database is out of reach.
    pub async fn news_line(&self) -> Result<Option<NewsLine>, StoreError> {
        let Pool::Postgres(server) = &self.pool else {
            return Ok(None);
        };
        let pool = server.current().pool;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Some(NewsLine { listener, pool }))
    }
}

impl NewsLine {
    /// Waits for what a replica says, this one included. `None` when the connection was lost and made
    /// again: what was said meanwhile is not known.
    ///
    /// # Errors
    /// [`StoreError`] when the database is out of reach.
    pub async fn hear(&mut self) -> Result<Option<String>, StoreError> {
        let said = self.listener.try_recv().await?;
        Ok(said.map(|said| said.payload().to_owned()))
    }

    /// What tells the others, apart from who hears them.
    #[must_use]
    pub fn teller(&self) -> Teller {
        Teller {
            pool: self.pool.clone(),
        }
    }
}

/// Tells the other replicas.
pub struct Teller {
    pool: PgPool,
}

impl Teller {
    /// Tells all replicas, this one included. PostgreSQL takes 8,000 bytes at most.
    ///
    /// # Errors
    /// [`StoreError`]: nobody was told.
    pub async fn tell(&self, words: &str) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(words)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
