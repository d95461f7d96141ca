//! The erasure that a texter asked for: as soon as the answer to it has left, within a minute.

use std::time::Duration;

use super::BATCH;
use crate::clock::At;
use crate::store::{StoreError, Tx};

/// How long texts that wait to be sent may hold an erasure up.
const HELD_UP: Duration = Duration::from_secs(40);

pub(super) async fn tick(tx: &mut Tx, now: At) -> Result<usize, StoreError> {
    let due = tx.erasures_due(now, now.minus(HELD_UP), BATCH).await?;
    for texter in &due {
        tx.erase(*texter, now).await?;
        let detail = serde_json::json!({});
        tx.audit(now, "line", "texter.erased", Some(*texter), &detail)
            .await?;
    }
    Ok(due.len())
}
