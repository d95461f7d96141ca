//! Whether the way to the PostgreSQL server is private, and whether the server has room for the connections of
//! every replica, and takes writes.

use std::sync::Arc;
use std::time::Duration;

use super::home::failed;
use crate::clock::At;
use crate::config::Config;
use crate::crypto::Keyring;
use crate::gateway::check::Finding;
use crate::heartbeat;
use crate::id::SystemIds;
use crate::store::{OpenError, Protection, ServerRoom, look, protection};

const ID: &str = "database.connections";

/// Looks at the server of a database that was found to be current.
pub(super) async fn examine(config: &Config, keys: Arc<Keyring>, now: At) -> Vec<Finding> {
    if config.database.is_sqlite() {
        return vec![Finding::skipped(
            ID,
            "SQLite has no connections to share between replicas",
        )];
    }
    let mut findings = vec![way(&config.database.url)];
    match found(config, keys, now).await {
        Ok(found) => findings.extend(found),
        Err(why) => findings.push(failed(ID, &why)),
    }
    findings
}

/// Texts travel sealed to the server; times, tiers, names and the audit log in clear, and so does the password
/// where the server asks for it so.
fn way(url: &str) -> Finding {
    let id = "database.way";
    let fix = "Add ?sslmode=verify-full to database.url, with &sslrootcert=FILE for an authority of your own; a network that only the two of them share may do without";
    match protection(url) {
        Ok(Protection::Here) => Finding::ok(id, "the server is on this machine"),
        Ok(Protection::Verified) => Finding::ok(
            id,
            "the way to the server is encrypted, and the server is checked",
        ),
        Ok(Protection::Encrypted) => Finding::warn(
            id,
            "the way to the server is encrypted, and nobody checks whether it is the server",
            fix,
        ),
        Ok(Protection::Open) => Finding::warn(
            id,
            "the way to the server is in clear, or may become so",
            fix,
        ),
        Err(why) => failed(id, &why),
    }
}

async fn found(config: &Config, keys: Arc<Keyring>, now: At) -> Result<Vec<Finding>, OpenError> {
    // It makes no id: nothing is written.
    let store = look(&config.database.url, keys, Arc::new(SystemIds::default())).await?;
    let mut tx = store.read().await?;
    let (may_write, room) = (tx.may_write().await?, tx.server_room().await?);
    let signs = tx.heartbeats().await?;
    drop(tx);
    store.close().await;
    let alive = now.minus(Duration::from_secs(config.heartbeat.every_s) * heartbeat::ROUNDS);
    let replicas = signs
        .iter()
        .filter(|sign| sign.name.starts_with(heartbeat::SELF) && sign.at >= alive)
        .count();
    let mut findings = vec![writes(may_write)];
    findings.extend(room.map(|room| fits(config.database.most(), replicas, room)));
    Ok(findings)
}

fn writes(may_write: bool) -> Finding {
    let id = "database.writes";
    if may_write {
        return Finding::ok(id, "the server takes writes");
    }
    Finding::fail(
        id,
        "the server is read-only: it is a standby, or was set so. Texts are kept in the spool, crisis texts answered and paged for",
        "Let the address of database.url lead to the primary, or promote this server: docs/operating.md, \"Fail-over\"",
    )
}

/// Each replica has its connections, and one more while it starts and changes tables.
fn fits(most: u32, replicas: usize, room: ServerRoom) -> Finding {
    let replicas = i64::try_from(replicas.max(1)).unwrap_or(i64::MAX);
    let wanted = replicas.saturating_mul(i64::from(most) + 1);
    let found = format!(
        "{replicas} x ({most} + 1) = {wanted} connections of ours, {others} of others are open, and the server gives {given}",
        others = room.others,
        given = room.most
    );
    let each = ((room.most - room.others) / replicas - 1).max(4);
    let fix = format!(
        "Set database.connections to {each} or less on each replica, or raise max_connections of the server: docs/operating.md, \"Connections\""
    );
    if wanted > room.most {
        Finding::fail(ID, found, fix)
    } else if wanted + room.others > room.most {
        Finding::warn(ID, found, fix)
    } else {
        Finding::ok(ID, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::check::State;

    #[test]
    fn a_way_in_clear_is_told_with_what_to_add() {
        let finding = way("postgres://a:secret@db.example.org/line");
        assert_eq!(finding.state, State::Warn);
        assert!(finding.fix.contains("sslmode=verify-full"), "{finding:?}");
        assert!(!format!("{finding:?}").contains("secret"));
        let finding = way("postgres://a:secret@db.example.org/line?sslmode=verify-full");
        assert_eq!(finding.state, State::Ok);
    }

    #[test]
    fn every_replica_has_its_connections_beside_those_of_others() {
        let room = |most, others| ServerRoom { most, others };
        let state = |replicas, room| fits(16, replicas, room).state;
        assert_eq!(state(2, room(97, 3)), State::Ok);
        // Nobody has said that they are there yet.
        assert_eq!(state(0, room(17, 0)), State::Ok);
        assert_eq!(state(5, room(97, 20)), State::Warn);
        assert_eq!(state(6, room(97, 0)), State::Fail);
        let finding = fits(16, 6, room(97, 1));
        assert!(
            finding.finding.contains("6 x (16 + 1) = 102"),
            "{finding:?}"
        );
        assert!(finding.fix.contains("to 15 or less"), "{finding:?}");
    }
}
