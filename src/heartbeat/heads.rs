//! The ends of the audit logs of others, kept here: who can write in their database cannot write in ours. One
//! that goes back, or is another one at the same place, is told.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Heartbeat;
use crate::clock::At;
use crate::oncall::{IncidentKind, OF_ANOTHER, Operator};
use crate::store::{ChainHead, StoreError, Tally, Tx};

/// How often a head goes into our own audit log, whose chain then vouches for it, too.
const NOTED_EVERY: Duration = Duration::from_hours(24);

/// What is kept of somebody who pings us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The end of their audit log, as it last came.
    pub head: Option<String>,
    /// When one last went into our own audit log.
    noted_at: Option<At>,
}

impl Kept {
    /// What was kept; what another version wrote and this one cannot read is nothing.
    pub(super) fn read(detail: &str) -> Self {
        serde_json::from_str::<Option<Self>>(detail)
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    pub(super) fn write(&self) -> String {
        // Plain data with string keys: serialising it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is kept from now on.
    pub(super) async fn and(
        mut self,
        head: &ChainHead,
        tx: &mut Tx,
        operator: &Operator,
        name: &str,
        now: At,
    ) -> Result<Self, StoreError> {
        let before: Option<ChainHead> = self.head.as_ref().and_then(|kept| kept.parse().ok());
        let subject = format!("{OF_ANOTHER}{name}");
        let at = (IncidentKind::AuditLog, subject.as_str());
        match before.as_ref().and_then(|before| went_back(before, head)) {
            Some(why) => {
                let detail = json!({ "why": why });
                tx.raise(operator, at, Tally::Now(1), &detail, now).await?;
                // The higher one stays: all after it must lead there.
                return Ok(self);
            }
            None => tx.over(operator, at.0, at.1, now).await?,
        }
        self.head = Some(head.to_string());
        if self.noted_at.is_none_or(|at| now.since(at) >= NOTED_EVERY) {
            let detail = json!({ "of": name, "head": self.head });
            tx.audit(now, "line", "head.kept", None, &detail).await?;
            self.noted_at = Some(now);
        }
        Ok(self)
    }
}

impl Heartbeat {
    /// The end of the audit log of somebody who pings us, as it last came.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn head_of(&self, name: &str) -> Result<Option<String>, StoreError> {
        let signs = self.store.read().await?.heartbeats().await?;
        let sign = signs.into_iter().find(|sign| sign.name == name);
        Ok(sign.and_then(|sign| Kept::read(&sign.detail).head))
    }
}

/// Why a later end of a log cannot follow an earlier one.
fn went_back(before: &ChainHead, after: &ChainHead) -> Option<String> {
    if after.seq < before.seq {
        return Some(format!(
            "it ended at entry {} before and ends at {} now",
            before.seq, after.seq
        ));
    }
    (after.seq == before.seq && after.hash != before.hash)
        .then(|| format!("entry {} is not the one that it was", after.seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seq: i64, byte: u8) -> ChainHead {
        ChainHead {
            seq,
            hash: vec![byte; 32],
        }
    }

    #[test]
    fn a_log_goes_on_or_stands_still() {
        assert_eq!(went_back(&head(3, 1), &head(3, 1)), None);
        assert_eq!(went_back(&head(3, 1), &head(4, 2)), None);
        assert!(went_back(&head(3, 1), &head(2, 1)).is_some());
        assert!(went_back(&head(3, 1), &head(3, 2)).is_some());
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for detail in ["", "null", "{}", "[1]", "{\"head\":null}"] {
            assert_eq!(Kept::read(detail), Kept::default(), "{detail}");
        }
        let kept = Kept {
            head: Some(head(3, 1).to_string()),
            noted_at: Some(At(5)),
        };
        assert_eq!(Kept::read(&kept.write()), kept);
    }
}
