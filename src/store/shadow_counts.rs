//! How often triage rules on trial would have fired. Counts only, nothing of a text.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

const DAY_MS: i64 = 86_400_000;

impl Tx {
    /// Counts a text that a rule on trial would have found.
    pub async fn count_shadow(&mut self, rule: &str, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO shadow_counts (rule, day, hits) VALUES ($1, $2, 1)
             ON CONFLICT (rule, day) DO UPDATE SET hits = shadow_counts.hits + 1",
            rule,
            now.0 / DAY_MS,
        );
        Ok(())
    }

    /// The rules on trial with the number of texts since a time, counted by whole UTC days.
    pub async fn shadow_counts(&mut self, since: At) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT rule, CAST(SUM(hits) AS BIGINT) FROM shadow_counts
              WHERE day >= $1 GROUP BY rule ORDER BY rule"
        )
        .bind(since.0 / DAY_MS)
        .fetch_all(c)
        .await?))
    }
}
