//! Sealing anew: every row under the key that seals now, a batch a commit, so that another master key can
//! take over while texts come in. Which rows are done is seen from the rows themselves: a crash in the middle
//! changes nothing but where it goes on.
//!
//! Words and numbers of texters are sealed with their own keys; of those only the wrapping changes.

use uuid::Uuid;

use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;
use crate::crypto::{CryptoError, Place};

/// A column that is sealed with the key of the house.
struct Column {
    table: &'static str,
    place: &'static str,
    /// Rows with ids after `$1`, at most `$2`, that have something there.
    read: &'static str,
    /// Puts other bytes (`$3`) in the place of these (`$2`) in the row `$1`.
    write: &'static str,
}

macro_rules! column {
    ($table:literal, $column:literal, $place:literal) => {
        column!($table, $column, $place, "")
    };
    ($table:literal, $column:literal, $place:literal, $only:literal) => {
        Column {
            table: $table,
            place: $place,
            read: concat!(
                "SELECT id, ",
                $column,
                " FROM ",
                $table,
                " WHERE id > $1 AND ",
                $column,
                " IS NOT NULL AND length(",
                $column,
                ") > 0",
                $only,
                " ORDER BY id LIMIT $2 + 0"
            ),
            write: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $3 WHERE id = $1 AND ",
                $column,
                " = $2"
            ),
        }
    };
}

/// Every column that is sealed with the key of the house. A test compares it with the tables.
const COLUMNS: [Column; 12] = [
    column!(
        "contact_methods",
        "address_sealed",
        "contact_methods.address"
    ),
    column!("contact_methods", "secret_sealed", "contact_methods.secret"),
    column!("staff", "totp_sealed", "staff.totp"),
    column!("staff", "totp_next_sealed", "staff.totp"),
    column!("pages", "address_sealed", "pages.address"),
    column!("pages", "secret_sealed", "pages.secret"),
    // What carries the words of a texter is sealed with their own key.
    column!(
        "pages",
        "body_sealed",
        "pages.body",
        " AND texter_id IS NULL"
    ),
    column!("quarantine", "inbound_sealed", "quarantine.inbound"),
    column!("gateway_log", "exchange_sealed", "gateway_log.exchange"),
    column!("legal_holds", "reason_sealed", "legal_holds.reason"),
    column!("incident_notes", "body_sealed", "incident_notes.body"),
    column!(
        "push_subscriptions",
        "endpoint_sealed",
        "push_subscriptions.endpoint"
    ),
];

/// How far the rows were gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The number of the column; the last one stands for the keys of texters.
    column: usize,
    after: Option<Uuid>,
}

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// How many rows were looked at.
    pub seen: u64,
    /// How many were sealed anew.
    pub changed: u64,
    /// How many cannot be opened by any key that is there.
    pub unreadable: u64,
    /// Where the next batch begins; none when all were gone through.
    pub next: Option<Cursor>,
}

impl Cursor {
    /// The beginning of the keys of texters.
    #[must_use]
    pub const fn keys() -> Self {
        Self {
            column: COLUMNS.len(),
            after: None,
        }
    }
}

impl Tx {
    /// How many rows there are to go through.
    pub async fn sealed_rows(&mut self) -> Result<u64, StoreError> {
        let count: i64 = on!(self, |c| {
            sqlx::query_scalar(
            "SELECT (SELECT COUNT(*) FROM contact_methods) * 2 + (SELECT COUNT(*) FROM staff) * 2
                  + (SELECT COUNT(*) FROM pages) * 3 + (SELECT COUNT(*) FROM quarantine)
                  + (SELECT COUNT(*) FROM gateway_log) + (SELECT COUNT(*) FROM legal_holds)
                  + (SELECT COUNT(*) FROM incident_notes) + (SELECT COUNT(*) FROM push_subscriptions)
                  + (SELECT COUNT(*) FROM texters WHERE erased_at IS NULL)"
        )
        .fetch_one(c)
        .await?
        });
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Goes through the next rows, at most `limit`, and seals those anew that are not sealed with the key
    /// that seals now.
    pub async fn reseal(&mut self, from: Cursor, limit: u16) -> Result<Resealed, StoreError> {
        let mut done = Resealed::default();
        if from == Cursor::default() {
            self.reseal_push_key().await?;
        }
        let last = match COLUMNS.get(from.column) {
            Some(column) => {
                self.reseal_column(column, from.after, limit, &mut done)
                    .await?
            }
            None => self.rewrap_keys(from.after, limit, &mut done).await?,
        };
        let same = last.map(|after| Cursor {
            column: from.column,
            after: Some(after),
        });
        let next = (from.column < COLUMNS.len()).then_some(Cursor {
            column: from.column + 1,
            after: None,
        });
        done.next = if done.seen < u64::from(limit) {
            next
        } else {
            same
        };
        Ok(done)
    }

    async fn reseal_column(
        &mut self,
        column: &Column,
        after: Option<Uuid>,
        limit: u16,
        done: &mut Resealed,
    ) -> Result<Option<Uuid>, StoreError> {
        let (read, write) = (column.read, column.write);
        let rows: Vec<(Uuid, Vec<u8>)> = on!(self, |c| sqlx::query_as(read)
            .bind(after.unwrap_or_default())
            .bind(i64::from(limit))
            .fetch_all(c)
            .await?);
        let keys = std::sync::Arc::clone(&self.keys);
        let house = keys.house();
        let last = rows.last().map(|(id, _)| *id);
        for (id, sealed) in rows {
            done.seen += 1;
            if house.is_current(&sealed) {
                continue;
            }
            let place = Place {
                column: column.place,
                row: id,
            };
            match house.open(place, &sealed) {
                Ok(plain) => {
                    let anew = house.seal(&*self.ids, place, &plain);
                    // Unless somebody changed it in between: then it is sealed with the right key.
                    done.changed += self.replaced(write, id, &sealed, &anew).await?;
                }
                Err(why) => unreadable(column.table, id, why, done),
            }
        }
        Ok(last)
    }

    async fn replaced(
        &mut self,
        sql: &'static str,
        id: Uuid,
        old: &[u8],
        new: &[u8],
    ) -> Result<u64, StoreError> {
        let done = on!(self, |c| sqlx::query(sql)
            .bind(id)
            .bind(old)
            .bind(new)
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(done)
    }

    async fn rewrap_keys(
        &mut self,
        after: Option<Uuid>,
        limit: u16,
        done: &mut Resealed,
    ) -> Result<Option<Uuid>, StoreError> {
        let rows = self.wrapped_keys(after, limit).await?;
        let last = rows.last().map(|(id, _)| *id);
        for (id, wrapped) in rows {
            done.seen += 1;
            match self.keys.rewrap(&*self.ids, id, &wrapped) {
                // Nothing to do; or erased, and back with a backup: who looks for those erases them again.
                Ok(None) | Err(CryptoError::Erased) => {}
                Ok(Some(anew)) => {
                    let write =
                        "UPDATE texters SET wrapped_key = $3 WHERE id = $1 AND wrapped_key = $2";
                    done.changed += self.replaced(write, id, &wrapped, &anew).await?;
                }
                Err(why) => unreadable("texters", id, why, done),
            }
        }
        Ok(last)
    }

    /// The wrapped keys of texters, by id.
    async fn wrapped_keys(
        &mut self,
        after: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<(Uuid, Vec<u8>)>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT id, wrapped_key FROM texters WHERE id > $1 AND erased_at IS NULL
              ORDER BY id LIMIT $2 + 0"
        )
        .bind(after.unwrap_or_default())
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Erases those again of the next texters, at most `limit`, who were erased and came back with a backup.
    /// How many those were, how many have no seed in the keystore, and the last one that was looked at. Who has
    /// no seed is erased, too, when `lost_too` says so.
    pub async fn erase_restored(
        &mut self,
        after: Option<Uuid>,
        limit: u16,
        now: At,
        lost_too: bool,
    ) -> Result<(u64, u64, Option<Uuid>), StoreError> {
        let rows = self.wrapped_keys(after, limit).await?;
        let end = rows.last().map(|(id, _)| *id);
        let (mut again, mut lost) = (0, 0);
        for (id, wrapped) in rows {
            match self.keys.texter_key(id, &wrapped) {
                Err(CryptoError::Erased) => {
                    self.erase_again(id, now).await?;
                    again += 1;
                }
                Err(CryptoError::NoSeed) => {
                    if lost_too {
                        self.erase_again(id, now).await?;
                    }
                    lost += 1;
                }
                _ => {}
            }
        }
        Ok((again, lost, end))
    }

    /// The seeds of erased texters that are still to be destroyed in the keystore.
    pub async fn seeds_left(&mut self, limit: u16) -> Result<Vec<(Uuid, Vec<u8>)>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT id, seed_left FROM texters WHERE seed_left IS NOT NULL ORDER BY id LIMIT $1"
        )
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?))
    }

    /// Notes that the seed of an erased texter was destroyed.
    pub async fn seed_destroyed(&mut self, texter: Uuid) -> Result<(), StoreError> {
        super::tx::later!(
            self,
            "UPDATE texters SET seed_left = NULL WHERE id = $1",
            texter,
        );
        Ok(())
    }
}

fn unreadable(table: &'static str, id: Uuid, why: CryptoError, done: &mut Resealed) {
    tracing::error!(table, %id, %why, "a row cannot be sealed anew");
    done.unreadable += 1;
}
