//! Whether somebody has signed off what texters get, and whether that still holds.

use std::sync::Arc;

use super::home::failed;
use crate::app;
use crate::clock::At;
use crate::config::{Config, GatewaySection};
use crate::content::{Approval, PackFile, approval};
use crate::crypto::Keyring;
use crate::gateway::check::Finding;
use crate::id::SystemIds;
use crate::store::{OpenError, look};

/// Looks at the approvals in a database that was found to be current.
pub(super) async fn examine(config: &Config, keys: Arc<Keyring>, now: At) -> Vec<Finding> {
    // Packs that cannot be loaded are a finding of their own.
    let Ok((packs, _)) = app::packs(config, now) else {
        return Vec::new();
    };
    let approvals = match approvals(config, keys).await {
        Ok(approvals) => approvals,
        Err(why) => return vec![failed("content.approval", &why)],
    };
    let found = approval::findings(&packs, &approvals, now.day());
    if found.is_empty() {
        let well = "every file of the texts in force is signed off, and no review is overdue";
        return vec![Finding::ok("content.approval", well)];
    }
    let signed = |file: &PackFile| approval::in_force(&packs, *file, &approvals).is_some();
    let sandbox = config.gateways.values().all(GatewaySection::is_sandbox);
    if sandbox && !PackFile::ALL.iter().any(signed) {
        let why = "nobody has signed the texts off; the sandbox reaches nobody";
        return vec![Finding::skipped("content.approval", why)];
    }
    let shown = |one: crate::content::check::Finding| {
        let what = format!("{}: the approval {}", one.file, one.problem);
        Finding::warn("content.approval", what, one.fix)
    };
    found.into_iter().map(shown).collect()
}

async fn approvals(config: &Config, keys: Arc<Keyring>) -> Result<Vec<Approval>, OpenError> {
    // It makes no id: nothing is written.
    let store = look(&config.database.url, keys, Arc::new(SystemIds::default())).await?;
    let found = async { store.read().await?.approvals().await };
    let found = found.await;
    store.close().await;
    Ok(found?)
}
