//! Waiting for what others do at their own pace. Between two looks the machine belongs to them.

use std::time::Duration;

use tokio::time::{interval, timeout};

/// Far above what the slowest machine needs: a watchdog for a test that would hang.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until this holds; `false` when it never did.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) -> bool {
    let mut tick = interval(PAUSE);
    let waits = async {
        loop {
            tick.tick().await;
            if holds().await {
                return;
            }
        }
    };
    timeout(PATIENCE, waits).await.is_ok()
}
