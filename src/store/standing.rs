//! How the line stands: its gateways, its outbox, the database itself. Counts and times only.

use super::tx::{Inner, on};
use super::{ExchangeKind, StoreError, Tx};
use crate::clock::At;
use crate::lane::Lane;
use crate::route::Circuit;

/// How a gateway stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayStanding {
    /// When it last handed a text over.
    pub inbound: Option<At>,
    /// When it last took a text.
    pub sent: Option<At>,
    /// When it last said how far a text has come.
    pub receipt: Option<At>,
    /// How many texts were tried since the time that was asked for.
    pub tries: i64,
    /// How many of those tries failed.
    pub failed: i64,
    /// The latest of those failures, in a word or two.
    pub last_failure: Option<String>,
    /// Its recent failures in a row.
    pub circuit: Circuit,
    /// How many texts that claim to come from it are held.
    pub held: i64,
}

/// How a lane of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LaneStanding {
    /// The lane.
    pub lane: Lane,
    /// How many are due.
    pub due: i64,
    /// How many are to leave, or to be looked at again, later.
    pub later: i64,
    /// When the first that is due was due.
    pub oldest_due: Option<At>,
}

/// What the database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFacts {
    /// Which engine, and its version.
    pub engine: String,
    /// How large it is, in bytes.
    pub bytes: i64,
    /// The number of its latest migration.
    pub migration: i64,
}

/// How many connections a PostgreSQL server gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ServerRoom {
    /// The most that we may have: what the server, the database and our user allow.
    pub most: i64,
    /// How many others have open just now.
    pub others: i64,
}

impl Tx {
    /// How many connections the server gives; `None` on SQLite, where there is none.
    pub async fn server_room(&mut self) -> Result<Option<ServerRoom>, StoreError> {
        let Inner::Postgres(t) = &mut self.inner else {
            return Ok(None);
        };
        let room = sqlx::query_as(
            "SELECT LEAST(
                        current_setting('max_connections')::bigint
                            - current_setting('superuser_reserved_connections')::bigint
                            - COALESCE(NULLIF(current_setting('reserved_connections', TRUE), '')::bigint, 0),
                        NULLIF(d.datconnlimit, -1)::bigint,
                        NULLIF(r.rolconnlimit, -1)::bigint) AS most,
                    (SELECT COUNT(*) FROM pg_stat_activity
                      WHERE datid IS NOT NULL AND application_name <> 'harborline'
                        AND pid <> pg_backend_pid()) AS others
               FROM pg_database d, pg_roles r
              WHERE d.datname = current_database() AND r.rolname = current_user",
        );
        Ok(Some(room.fetch_one(&mut **t).await?))
    }

    /// Whether the database could take writes: a PostgreSQL server that is a standby, or was made read-only,
    /// does not. An SQLite file says so only when it is written to.
    pub async fn may_write(&mut self) -> Result<bool, StoreError> {
        let Inner::Postgres(t) = &mut self.inner else {
            return Ok(true);
        };
        let may = "SELECT current_setting('transaction_read_only') = 'off'";
        Ok(sqlx::query_scalar(may).fetch_one(&mut **t).await?)
    }

    /// How a gateway stands, with its tries since then.
    pub async fn gateway_standing(
        &mut self,
        gateway: &str,
        since: At,
    ) -> Result<GatewayStanding, StoreError> {
        let (tries, failed) = on!(self, |c| {
            sqlx::query_as(
            "SELECT COUNT(*), COUNT(CASE WHEN outcome <> 'accepted' THEN 1 END) FROM gateway_log
              WHERE gateway = $1 AND kind = $2 AND at >= $3"
        )
        .bind(gateway)
        .bind(ExchangeKind::Send)
        .bind(since)
        .fetch_one(c)
        .await?
        });
        let last_failure = on!(self, |c| sqlx::query_scalar(
            "SELECT outcome FROM gateway_log
              WHERE gateway = $1 AND kind = $2 AND at >= $3 AND outcome <> 'accepted'
              ORDER BY at DESC LIMIT 1"
        )
        .bind(gateway)
        .bind(ExchangeKind::Send)
        .bind(since)
        .fetch_optional(c)
        .await?);
        let held = on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM quarantine WHERE done_at IS NULL AND gateway = $1"
        )
        .bind(gateway)
        .fetch_one(c)
        .await?);
        Ok(GatewayStanding {
            inbound: self.last_exchange(gateway, ExchangeKind::Inbound).await?,
            sent: self.last_exchange(gateway, ExchangeKind::Send).await?,
            receipt: self.last_exchange(gateway, ExchangeKind::Receipt).await?,
            tries,
            failed,
            last_failure,
            circuit: self.circuit(gateway).await?,
            held,
        })
    }

    /// When a gateway last did something; of sends, one that it took.
    async fn last_exchange(
        &mut self,
        gateway: &str,
        kind: ExchangeKind,
    ) -> Result<Option<At>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT at FROM gateway_log
              WHERE gateway = $1 AND kind = $2 AND (kind <> 'send' OR outcome = 'accepted')
              ORDER BY at DESC LIMIT 1"
        )
        .bind(gateway)
        .bind(kind)
        .fetch_optional(c)
        .await?))
    }

    /// How the lanes stand that hold something, in the order in which they are served.
    pub async fn lanes(&mut self, now: At) -> Result<Vec<LaneStanding>, StoreError> {
        let mut lanes: Vec<LaneStanding> = on!(self, |c| {
            sqlx::query_as(
                "SELECT lane, COUNT(CASE WHEN due_at <= $1 THEN 1 END) AS due,
                        COUNT(CASE WHEN due_at > $1 THEN 1 END) AS later,
                        MIN(CASE WHEN due_at <= $1 THEN due_at END) AS oldest_due
                   FROM outbox WHERE done_at IS NULL GROUP BY lane",
            )
            .bind(now)
            .fetch_all(c)
            .await?
        });
        lanes.sort_by_key(|standing| standing.lane);
        Ok(lanes)
    }

    /// What the database says of itself.
    pub async fn database_facts(&mut self) -> Result<DatabaseFacts, StoreError> {
        let (engine, bytes): (String, i64) = on!(self,
            sqlite: "SELECT 'SQLite ' || sqlite_version(),
                            (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())",
            postgres: "SELECT 'PostgreSQL ' || current_setting('server_version'),
                              pg_database_size(current_database())",
            |sql, c| sqlx::query_as(sql).fetch_one(c).await?);
        let migration = on!(self, |c| sqlx::query_scalar(
            "SELECT MAX(version) FROM _sqlx_migrations WHERE success"
        )
        .fetch_one(c)
        .await?);
        Ok(DatabaseFacts {
            engine,
            bytes,
            migration,
        })
    }
}
