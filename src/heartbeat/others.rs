//! The heartbeats of others: those that ping us, and those that we ask.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use futures_util::future::join_all;
use serde_json::json;

use super::{Heartbeat, Kept, ROUNDS, last};
use crate::clock::At;
use crate::credential::token_fits;
use crate::gateway::ApiRequest;
use crate::gateway::client::{Answer, send};
use crate::oncall::IncidentKind;
use crate::store::{ChainHead, Heartbeat as Sign, StoreError, Tally, Tx};

/// Whose ping we expect: a backup, a second instance, a replication.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its name, as in `/heartbeats/{name}`.
    pub name: String,
    /// From one ping to the next, at most.
    pub within: Duration,
    /// The hash of the token that it proves itself with.
    pub token_hash: Vec<u8>,
}

/// Whose heartbeat we ask for, each round.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its host and port: what it is called.
    pub host: String,
    /// The address of its `/heartbeat`.
    pub url: String,
}

impl Watched {
    fn sign(&self) -> String {
        format!("watch:{}", self.host)
    }
}

impl Heartbeat {
    /// Notes a ping, and keeps the end of the sender's audit log if it came with one. `false` when nobody of
    /// this name is expected, or the token is not theirs.
    ///
    /// # Errors
    /// [`StoreError`]: it was not noted; it should come again.
    pub async fn heard(
        &self,
        name: &str,
        token: &str,
        head: Option<&ChainHead>,
    ) -> Result<bool, StoreError> {
        let of_name = |expected: &&Expected| expected.name == name;
        let known = self.expected.iter().find(of_name);
        if !known.is_some_and(|expected| token_fits(token, &expected.token_hash)) {
            return Ok(false);
        }
        let now = self.clock.now();
        let work = Arc::new((name.to_owned(), head.cloned(), Arc::clone(&self.operator)));
        let noted = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (name, head, operator) = &*work;
                let signs = tx.heartbeats().await?;
                let before = signs.iter().find(|sign| sign.name == *name);
                let kept = Kept::read(before.map_or("", |sign| sign.detail.as_str()));
                let kept = match head {
                    Some(head) => kept.and(head, tx, operator, name, now).await?,
                    None => kept,
                };
                tx.heard_of(name, now, &kept.write()).await
            })
        });
        noted.await?;
        self.feed.wake_outbox();
        Ok(true)
    }

    /// Asks those whom we watch, all at once, and returns the signs of those that are well.
    pub(super) async fn ask_others(&self) -> Vec<String> {
        let asked = self.watched.iter().map(|watched| async {
            let request = ApiRequest {
                method: Method::GET,
                url: watched.url.clone(),
                headers: HeaderMap::new(),
                body: Vec::new(),
            };
            let well = matches!(
                send(&self.client, request).await,
                Answer::Answered { status: 200, .. }
            );
            well.then(|| watched.sign())
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Keeps who is well, and opens or closes incidents for who has not been heard of in time.
    pub(super) async fn listen(
        &self,
        tx: &mut Tx,
        signs: &[Sign],
        answered: &[String],
        now: At,
    ) -> Result<(), StoreError> {
        for sign in answered {
            tx.heard_of(sign, now, "{}").await?;
        }
        let awaited = self
            .expected
            .iter()
            .map(|expected| (expected.name.clone(), &expected.name, expected.within))
            .chain(self.watched.iter().map(|watched| {
                let within = self.every * ROUNDS;
                (watched.sign(), &watched.host, within)
            }));
        let mut missing = Vec::new();
        for (sign, name, within) in awaited {
            let at = if answered.contains(&sign) {
                Some(now)
            } else {
                last(signs, &sign)
            };
            let Some(at) = at else {
                // From now on it has its time.
                tx.expect_to_hear(&sign, now).await?;
                continue;
            };
            if now.since(at) > within {
                missing.push(name.as_str());
                let detail = json!({ "last": at, "within_s": within.as_secs() });
                let about = (IncidentKind::Heartbeat, name.as_str());
                tx.raise(&self.operator, about, Tally::Now(1), &detail, now)
                    .await?;
            }
        }
        for open in tx.incidents_open().await? {
            if open.kind == IncidentKind::Heartbeat && !missing.contains(&open.subject.as_str()) {
                tx.over(&self.operator, open.kind, &open.subject, now)
                    .await?;
            }
        }
        Ok(())
    }
}

impl Expected {
    /// Whose ping is expected, with the token that it proves itself with.
    #[must_use]
    pub fn new(name: &str, within: Duration, token: &str) -> Self {
        Self {
            name: name.to_owned(),
            within,
            token_hash: crate::credential::token_hash(token),
        }
    }
}
