//! Browsers that are told when a case waits, as long as their session lasts, and the key that signs it. Both
//! are sealed with the key of the house: they hold nothing of any texter.

use uuid::Uuid;

use super::tx::{later, on, open};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::crypto::Place;
use crate::locale::Locale;

/// The key that signs.
const KEY: Place = Place {
    column: "settings.push_key",
    row: Uuid::nil(),
};
const ENDPOINT: &str = "push_subscriptions.endpoint";

/// A browser that is to be told now.
#[derive(Clone, Debug)]
pub struct DuePush {
    /// The row.
    pub id: Uuid,
    /// Where it is told, as it was kept.
    pub endpoint: Vec<u8>,
    /// How often it failed in a row.
    pub failures: i32,
    /// The language that the person chose for the pages, if they did.
    pub locale: Option<Locale>,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: Uuid,
    endpoint_sealed: Vec<u8>,
    failures: i32,
    locale: Option<Locale>,
}

impl Tx {
    /// The key that signs, if there is one.
    pub async fn push_key(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(sealed) = self.setting("push_key").await? else {
            return Ok(None);
        };
        let house = self.keys.house();
        let key = open(house, KEY.column, KEY.row, &sealed)?;
        Ok(Some(key))
    }

    /// Keeps the key that signs.
    pub async fn keep_push_key(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let sealed = self.keys.house().seal(&*self.ids, KEY, key);
        self.set_setting("push_key", &sealed).await
    }

    /// Seals the key that signs anew, if it is not sealed with the key that seals now.
    pub(super) async fn reseal_push_key(&mut self) -> Result<(), StoreError> {
        let Some(sealed) = self.setting("push_key").await? else {
            return Ok(());
        };
        if self.keys.house().is_current(&sealed) {
            return Ok(());
        }
        let key = open(self.keys.house(), KEY.column, KEY.row, &sealed)?;
        self.keep_push_key(&key).await
    }

    /// Lets the browser of a session be told, in place of what it said before.
    pub async fn subscribe_push(
        &mut self,
        session: Uuid,
        endpoint: &[u8],
        now: At,
    ) -> Result<(), StoreError> {
        self.unsubscribe_push(session).await?;
        let id = self.id(now);
        let place = Place {
            column: ENDPOINT,
            row: id,
        };
        let sealed = self.keys.house().seal(&*self.ids, place, endpoint);
        later!(
            self,
            "INSERT INTO push_subscriptions (id, session_id, endpoint_sealed, told_at, busy_until, failures)
             VALUES ($1, $2, $3, $4, 0, 0)",
            id,
            session,
            &sealed,
            now,
        );
        Ok(())
    }

    /// The browser of a session is told nothing any more.
    pub async fn unsubscribe_push(&mut self, session: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM push_subscriptions WHERE session_id = $1",
            session,
        );
        Ok(())
    }

    /// Whether the browser of a session is told.
    pub async fn has_push(&mut self, session: Uuid) -> Result<bool, StoreError> {
        let found: i64 = on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM push_subscriptions WHERE session_id = $1"
        )
        .bind(session)
        .fetch_one(c)
        .await?);
        Ok(found > 0)
    }

    /// The browsers to tell now: a case waits that nobody has taken, and they were not told since it came, or
    /// not since `again`. Only those of sessions that began after `created_after` and were seen after
    /// `seen_after`.
    pub async fn pushes_due(
        &mut self,
        now: At,
        again: At,
        (created_after, seen_after): (At, At),
        limit: u16,
    ) -> Result<Vec<DuePush>, StoreError> {
        let rows: Vec<DueRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT p.id, p.endpoint_sealed, p.failures, s.locale
               FROM push_subscriptions p
               JOIN sessions e ON e.id = p.session_id
               JOIN staff s ON s.id = e.staff_id
              WHERE p.busy_until <= $1 AND e.created_at > $3 AND e.seen_at > $4 AND NOT e.code_due
                AND s.left_at IS NULL AND s.locked_at IS NULL
                AND EXISTS (SELECT 1 FROM alerts a
                             WHERE a.closed_at IS NULL AND a.claimed_by IS NULL AND a.acknowledged_at IS NULL
                               AND a.drill_id IS NULL AND (a.opened_at > p.told_at OR p.told_at <= $2))
              ORDER BY p.id LIMIT $5"
        )
        .bind(now)
        .bind(again)
        .bind(created_after)
        .bind(seen_after)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        let read = rows.into_iter().map(|row| {
            Ok(DuePush {
                id: row.id,
                endpoint: open(self.keys.house(), ENDPOINT, row.id, &row.endpoint_sealed)?,
                failures: row.failures,
                locale: row.locale,
            })
        });
        read.collect()
    }

    /// Takes a browser for one try. Of two who try at once one gets it.
    pub async fn claim_push(&mut self, id: Uuid, now: At, until: At) -> Result<bool, StoreError> {
        let done = on!(self, |c| sqlx::query(
            "UPDATE push_subscriptions SET busy_until = $3 WHERE id = $1 AND busy_until <= $2"
        )
        .bind(id)
        .bind(now)
        .bind(until)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(done == 1)
    }

    /// It was told.
    pub async fn push_taken(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE push_subscriptions SET told_at = $2, busy_until = 0, failures = 0 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// It was not told: it is tried again from then on.
    pub async fn push_failed(&mut self, id: Uuid, until: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE push_subscriptions SET busy_until = $2, failures = failures + 1 WHERE id = $1",
            id,
            until,
        );
        Ok(())
    }

    /// It cannot be told any more.
    pub async fn drop_push(&mut self, id: Uuid) -> Result<(), StoreError> {
        later!(self, "DELETE FROM push_subscriptions WHERE id = $1", id);
        Ok(())
    }
}
