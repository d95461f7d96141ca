//! Who will be on call in the next two weeks, as the preflight finds it.

use std::sync::Arc;

use super::home::failed;
use crate::clock::At;
use crate::config::Config;
use crate::crypto::Keyring;
use crate::gateway::check::Finding;
use crate::id::SystemIds;
use crate::oncall::preflight::{self, Level};
use crate::store::{OpenError, StoreError, look};

/// Looks at schedules, policies and people, in a database that was found to be current.
pub(super) async fn examine(config: &Config, keys: Arc<Keyring>, now: At) -> Vec<Finding> {
    match findings(config, keys, now).await {
        Ok(found) if found.is_empty() => {
            let well = "for two weeks somebody who can be reached is on call";
            vec![Finding::ok("oncall", well)]
        }
        Ok(found) => found.into_iter().map(shown).collect(),
        Err(why) => vec![failed("oncall", &why)],
    }
}

async fn findings(
    config: &Config,
    keys: Arc<Keyring>,
    now: At,
) -> Result<Vec<preflight::Finding>, OpenError> {
    // It makes no id: nothing is written.
    let store = look(&config.database.url, keys, Arc::new(SystemIds::default())).await?;
    let found = async {
        let mut tx = store.read().await?;
        tx.preflight(config.oncall.fallback.len(), now).await
    };
    let found: Result<_, StoreError> = found.await;
    store.close().await;
    Ok(found?)
}

fn shown(found: preflight::Finding) -> Finding {
    let id = format!("oncall.{}", found.trouble.word());
    match found.level {
        Level::Note => Finding::ok(&id, found.what),
        Level::Warn => Finding::warn(&id, found.what, found.fix),
        Level::Alarm => Finding::fail(&id, found.what, found.fix),
    }
}
