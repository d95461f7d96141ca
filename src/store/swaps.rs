//! Swaps that people offer each other.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Swap, SwapState};

#[derive(sqlx::FromRow)]
struct SwapRow {
    id: Uuid,
    schedule_id: Uuid,
    asked_by: Uuid,
    asked_of: Uuid,
    gives_from: At,
    gives_until: At,
    takes_from: Option<At>,
    takes_until: Option<At>,
    state: SwapState,
    made_at: At,
    done_at: Option<At>,
}

impl From<SwapRow> for Swap {
    fn from(row: SwapRow) -> Self {
        Self {
            id: row.id,
            schedule_id: row.schedule_id,
            asked_by: row.asked_by,
            asked_of: row.asked_of,
            gives: (row.gives_from, row.gives_until),
            takes: row.takes_from.zip(row.takes_until),
            state: row.state,
            made_at: row.made_at,
            done_at: row.done_at,
        }
    }
}

impl Tx {
    /// Keeps a swap that is offered.
    pub async fn add_swap(&mut self, swap: &Swap) -> Result<(), StoreError> {
        let (takes_from, takes_until) = swap.takes.unzip();
        later!(
            self,
            "INSERT INTO swaps (id, schedule_id, asked_by, asked_of, gives_from, gives_until, takes_from,
                                takes_until, state, made_at, done_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            swap.id,
            swap.schedule_id,
            swap.asked_by,
            swap.asked_of,
            swap.gives.0,
            swap.gives.1,
            takes_from,
            takes_until,
            swap.state,
            swap.made_at,
            swap.done_at,
        );
        Ok(())
    }

    /// A swap, locked until the commit.
    pub async fn swap_to_change(&mut self, id: Uuid) -> Result<Option<Swap>, StoreError> {
        let row: Option<SwapRow> = on!(self,
            sqlite: "SELECT id, schedule_id, asked_by, asked_of, gives_from, gives_until, takes_from,
                            takes_until, state, made_at, done_at FROM swaps WHERE id = $1",
            postgres: "SELECT id, schedule_id, asked_by, asked_of, gives_from, gives_until, takes_from,
                              takes_until, state, made_at, done_at FROM swaps WHERE id = $1 FOR UPDATE",
            |sql, c| sqlx::query_as(sql).bind(id).fetch_optional(c).await?);
        Ok(row.map(Swap::from))
    }

    /// The swaps that nobody has answered yet, oldest first.
    pub async fn swaps_open(&mut self) -> Result<Vec<Swap>, StoreError> {
        let rows: Vec<SwapRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, schedule_id, asked_by, asked_of, gives_from, gives_until, takes_from,
                    takes_until, state, made_at, done_at
               FROM swaps WHERE done_at IS NULL ORDER BY id"
        )
        .fetch_all(c)
        .await?);
        Ok(rows.into_iter().map(Swap::from).collect())
    }

    /// Notes what became of a swap.
    pub async fn end_swap(
        &mut self,
        id: Uuid,
        state: SwapState,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE swaps SET state = $2, done_at = $3 WHERE id = $1",
            id,
            state,
            now,
        );
        Ok(())
    }
}
