//! What waits just now: for a person, for an answer, for somebody to decide. Read from a database that was found
//! to be current.

use super::home::failed;
use crate::clock::At;
use crate::gateway::check::Finding;
use crate::store::{Store, StoreError, Tx};

pub(super) async fn examine(store: &Store, now: At) -> Vec<Finding> {
    match read(store, now).await {
        Ok(findings) => findings,
        Err(why) => vec![failed("state", &why)],
    }
}

async fn read(store: &Store, now: At) -> Result<Vec<Finding>, StoreError> {
    let mut tx = store.read().await?;
    let (_, overdue) = tx.obligations_open(now).await?;
    let (open, alone) = tx.alerts_open().await?;
    let vitals = tx.vitals(now).await?;
    Ok(vec![
        none_or(
            "state.replies",
            overdue,
            "no text waits too long for its answer",
            "texts wait too long for their answers",
            "See that the server runs and the gateway takes texts; `harborline heartbeat` says more",
        ),
        cases(open, alone),
        none_or(
            "state.outbox",
            vitals.stuck,
            "nothing that is due is stuck",
            "texts are due and do not leave",
            "See that the server runs; its log names the gateway's answer",
        ),
        incidents(&mut tx).await?,
        held(&mut tx).await?,
        administrators(&mut tx).await?,
    ])
}

fn none_or(id: &str, count: i64, well: &str, ill: &str, fix: &str) -> Finding {
    if count == 0 {
        Finding::ok(id, well)
    } else {
        Finding::fail(id, format!("{count} {ill}"), fix)
    }
}

fn cases(open: i64, alone: i64) -> Finding {
    let id = "state.cases";
    if open == 0 {
        return Finding::ok(id, "no case is open");
    }
    if alone == 0 {
        return Finding::ok(id, format!("somebody has each of the open cases ({open})"));
    }
    Finding::warn(
        id,
        format!("open cases that nobody has yet: {alone} of {open}"),
        "They are paged; if that goes on, call the people on call",
    )
}

async fn incidents(tx: &mut Tx) -> Result<Finding, StoreError> {
    let id = "state.incidents";
    let open = tx.incidents_open().await?;
    if open.is_empty() {
        return Ok(Finding::ok(id, "no incident is open"));
    }
    let mut kinds: Vec<&str> = open.iter().map(|incident| incident.kind.word()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Ok(Finding::warn(
        id,
        format!("{} incidents are open: {}", open.len(), kinds.join(", ")),
        "docs/oncall.md and docs/architecture.md say what each means",
    ))
}

async fn held(tx: &mut Tx) -> Result<Finding, StoreError> {
    let id = "state.quarantine";
    let count = tx.held_count().await?;
    if count == 0 {
        return Ok(Finding::ok(id, "no text is held"));
    }
    Ok(Finding::warn(
        id,
        format!("{count} texts are held, because their signature does not hold"),
        "Run `harborline quarantine list`, then release or discard each",
    ))
}

/// One administrator who forgets a password is none.
async fn administrators(tx: &mut Tx) -> Result<Finding, StoreError> {
    let id = "staff.administrators";
    Ok(match tx.administrators().await?.len() {
        0 => Finding::warn(
            id,
            "there is no administrator",
            "Open the set-up link that the server prints at its start, or run `harborline user add`",
        ),
        1 => Finding::warn(
            id,
            "there is one administrator: nobody else could let people in or take them off",
            "Invite a second one on the page People",
        ),
        count => Finding::ok(id, format!("{count} administrators")),
    })
}
