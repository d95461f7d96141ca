//! The gateway log is kept for seven days: long enough to find out why a text did not arrive.

use std::time::Duration;

use crate::clock::At;
use crate::store::{StoreError, Tx};

/// How long an exchange with a gateway is kept.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// How many are deleted in one tick: other work waits for the same writer.
const AT_ONCE: u16 = 500;

pub(super) async fn tick(tx: &mut Tx, now: At) -> Result<usize, StoreError> {
    let forgotten = tx.forget_exchanges(now.minus(KEPT), AT_ONCE).await?;
    Ok(usize::try_from(forgotten).unwrap_or(0))
}
