//! The chain of the audit log: each entry has a place and a hash, which covers the entry and the hash
//! before it. What is changed, removed, put in or moved breaks it.
//!
//! On `SQLite` one writer does all of it, and entries are chained when their unit of work commits. On
//! `PostgreSQL` units of work commit beside each other, on any number of replicas: a chain made there and then
//! would put all of them in one line, each waiting for the sync of the one before it (measured: 600 texts a
//! second at most, fewer with each replica). There an entry is written without a place, and gets it within a
//! second or two by a worker ([`Store::chain_waiting`]), in the order of their ids, which is that of time. No
//! key is in the chain: whoever has a copy of the log can check it.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::tx::{Inner, later, on};
use super::{Pool, Store, StoreError, Tx};
use crate::clock::At;

/// What is hashed first: another form of entries would have another number.
const FORM: &[u8] = b"harborline audit 1\0";
/// The hash before the first entry.
pub const ROOT: [u8; 32] = [0; 32];
/// How many entries that have no place yet are chained in one commit.
const AT_ONCE: usize = 500;
/// The setting that says that entries of older versions were chained.
const CHAINED: &str = "audit_chained";

/// An entry that waits for its place.
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) at: At,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) subject: Option<Uuid>,
    pub(super) detail: String,
}

/// An entry with its place, as its bytes are stored: damage must be found, not stumbled over.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Chained {
    /// Its place; the first entry has 1.
    pub seq: i64,
    /// The row.
    pub id: Vec<u8>,
    /// When.
    pub at: i64,
    /// Who.
    pub actor: Vec<u8>,
    /// What was done.
    pub action: Vec<u8>,
    /// With what.
    pub subject: Option<Vec<u8>>,
    /// More about it.
    pub detail: Vec<u8>,
    /// The hash that is stored beside it.
    pub hash: Option<Vec<u8>>,
}

impl Chained {
    /// The hash that it must have after this one. Each part has its length before it, so that no two
    /// entries are the same bytes.
    #[must_use]
    pub fn hash_after(&self, before: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(FORM);
        hash.update(before);
        hash.update(self.seq.to_be_bytes());
        hash.update(self.at.to_be_bytes());
        let subject = self.subject.as_deref().unwrap_or_default();
        for part in [&self.id, &self.actor, &self.action, subject, &self.detail] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hash.update(length.to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl Entry {
    fn at_place(&self, seq: i64) -> Chained {
        Chained {
            seq,
            id: self.id.as_bytes().to_vec(),
            at: self.at.0,
            actor: self.actor.as_bytes().to_vec(),
            action: self.action.as_bytes().to_vec(),
            subject: self.subject.map(|subject| subject.as_bytes().to_vec()),
            detail: self.detail.as_bytes().to_vec(),
            hash: None,
        }
    }
}

/// The end of the chain. Kept elsewhere, it vouches for all entries up to it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ChainHead {
    /// The place of the last entry; 0 when there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl std::fmt::Display for ChainHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(&self.hash))
    }
}

impl std::str::FromStr for ChainHead {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (seq, hash) = text.split_once(':').ok_or(())?;
        let seq = seq.parse().map_err(|_| ())?;
        let hash = hex::decode(hash).map_err(|_| ())?;
        if seq < 0 || hash.len() != ROOT.len() {
            return Err(());
        }
        Ok(Self { seq, hash })
    }
}

const LOCK: &str = "SELECT seq, hash FROM audit_head WHERE one = 1 FOR UPDATE";
const HEAD: &str = "SELECT seq, hash FROM audit_head WHERE one = 1";

const SQLITE: &str =
    "SELECT seq, id, at, CAST(actor AS BLOB) AS actor, CAST(action AS BLOB) AS action,
        subject, CAST(detail AS BLOB) AS detail, hash
   FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2";
const POSTGRES: &str = "SELECT seq, uuid_send(id) AS id, at, convert_to(actor, 'UTF8') AS actor,
        convert_to(action, 'UTF8') AS action, uuid_send(subject) AS subject,
        convert_to(detail, 'UTF8') AS detail, hash
   FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2";
const WAITING_SQLITE: &str = "SELECT 0 AS seq, id, at, CAST(actor AS BLOB) AS actor,
        CAST(action AS BLOB) AS action, subject, CAST(detail AS BLOB) AS detail, hash
   FROM audit_log WHERE seq IS NULL ORDER BY id LIMIT $1";
const WAITING_POSTGRES: &str = "SELECT 0::BIGINT AS seq, uuid_send(id) AS id, at,
        convert_to(actor, 'UTF8') AS actor, convert_to(action, 'UTF8') AS action,
        uuid_send(subject) AS subject, convert_to(detail, 'UTF8') AS detail, hash
   FROM audit_log WHERE seq IS NULL ORDER BY id LIMIT $1";

impl Tx {
    /// Writes the entries that wait: on `SQLite` each at its place in the chain.
    pub(super) async fn enter(&mut self) -> Result<(), StoreError> {
        let entries = std::mem::take(&mut self.entries);
        if entries.is_empty() {
            return Ok(());
        }
        if let Inner::Postgres(_) = &self.inner {
            for entry in entries {
                self.write_entry(&entry, None, None).await?;
            }
            return Ok(());
        }
        let ChainHead { mut seq, mut hash } = self.locked_head().await?;
        for entry in entries {
            seq += 1;
            hash = entry.at_place(seq).hash_after(&hash).to_vec();
            self.write_entry(&entry, Some(seq), Some(&hash)).await?;
        }
        self.set_head(seq, &hash).await
    }

    async fn write_entry(
        &mut self,
        entry: &Entry,
        seq: Option<i64>,
        hash: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO audit_log (id, at, actor, action, subject, detail, seq, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            entry.id,
            entry.at,
            &entry.actor,
            &entry.action,
            entry.subject,
            &entry.detail,
            seq,
            hash,
        );
        Ok(())
    }

    async fn locked_head(&mut self) -> Result<ChainHead, StoreError> {
        let head = on!(self, sqlite: HEAD, postgres: LOCK, |sql, c| {
            sqlx::query_as(sql).fetch_optional(c).await?
        });
        match head {
            Some(head) => Ok(head),
            // Somebody has removed the row. The line goes on, and a check against an anchor tells of it.
            None => self.last_link().await,
        }
    }

    async fn last_link(&mut self) -> Result<ChainHead, StoreError> {
        let last: Option<ChainHead> = on!(self, |c| sqlx::query_as(
            "SELECT seq, hash FROM audit_log WHERE seq IS NOT NULL AND hash IS NOT NULL
              ORDER BY seq DESC LIMIT 1"
        )
        .fetch_optional(c)
        .await?);
        Ok(last.unwrap_or(ChainHead {
            seq: 0,
            hash: ROOT.to_vec(),
        }))
    }

    async fn set_head(&mut self, seq: i64, hash: &[u8]) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO audit_head (one, seq, hash) VALUES (1, $1, $2)
             ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            seq,
            hash,
        );
        Ok(())
    }

    /// The end of the chain.
    pub async fn audit_head(&mut self) -> Result<ChainHead, StoreError> {
        let head = on!(self, |c| sqlx::query_as(HEAD).fetch_optional(c).await?);
        Ok(head.unwrap_or(ChainHead {
            seq: 0,
            hash: ROOT.to_vec(),
        }))
    }

    /// The entries after a place, in the order of the chain.
    pub async fn audit_after(&mut self, seq: i64, limit: u16) -> Result<Vec<Chained>, StoreError> {
        Ok(on!(self, sqlite: SQLITE, postgres: POSTGRES, |sql, c| {
            sqlx::query_as(sql)
                .bind(seq)
                .bind(i64::from(limit))
                .fetch_all(c)
                .await?
        }))
    }

    /// An entry that has no place in the chain, if there is one.
    pub async fn audit_outside(&mut self) -> Result<Option<Uuid>, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT id FROM audit_log WHERE seq IS NULL ORDER BY id LIMIT 1"
        )
        .fetch_optional(c)
        .await?))
    }

    /// Gives entries their places that have none, a number of them, and says how many.
    async fn chain(&mut self) -> Result<usize, StoreError> {
        let ChainHead { mut seq, mut hash } = self.locked_head().await?;
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let waiting: Vec<Chained> = on!(self, sqlite: WAITING_SQLITE, postgres: WAITING_POSTGRES, |sql, c| {
            sqlx::query_as(sql).bind(limit).fetch_all(c).await?
        });
        let found = waiting.len();
        for mut entry in waiting {
            // A row whose id is none was not written by us; it stays outside, where it is found.
            let Ok(id) = Uuid::from_slice(&entry.id) else {
                continue;
            };
            seq += 1;
            entry.seq = seq;
            hash = entry.hash_after(&hash).to_vec();
            later!(
                self,
                "UPDATE audit_log SET seq = $2, hash = $3 WHERE id = $1",
                id,
                seq,
                &hash,
            );
        }
        self.set_head(seq, &hash).await?;
        Ok(found)
    }

    /// The same for what older versions left. `false` when all have their places.
    async fn chain_old(&mut self) -> Result<bool, StoreError> {
        if self.setting(CHAINED).await?.is_some() {
            return Ok(false);
        }
        let root = ROOT.as_slice();
        later!(
            self,
            "INSERT INTO audit_head (one, seq, hash) VALUES (1, 0, $1) ON CONFLICT (one) DO NOTHING",
            root,
        );
        let full = self.chain().await? == AT_ONCE;
        if !full {
            self.set_setting(CHAINED, b"1").await?;
        }
        Ok(full)
    }

    /// Whether an entry waits for its place.
    async fn chain_waits(&mut self) -> Result<bool, StoreError> {
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM audit_log WHERE seq IS NULL)"
        )
        .fetch_one(c)
        .await?))
    }
}

impl Store {
    /// Chains what older versions left in the audit log.
    pub(super) async fn chain_audit_log(&self) -> Result<(), StoreError> {
        while self.commit(|tx| Box::pin(tx.chain_old())).await? {}
        Ok(())
    }

    /// Gives the entries of the audit log that wait for their places all of them, and says how many. The row of
    /// the head is locked meanwhile, so that any number of replicas may do it. On `SQLite` none ever waits.
    ///
    /// # Errors
    /// [`StoreError`]: it is tried again.
    pub async fn chain_waiting(&self) -> Result<usize, StoreError> {
        let mut chained = 0;
        if let Pool::Sqlite { .. } = &self.pool {
            return Ok(chained);
        }
        while self.read().await?.chain_waits().await? {
            let found = self.write(|tx| Box::pin(tx.chain())).await?;
            chained += found;
            if found < AT_ONCE {
                break;
            }
        }
        Ok(chained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Chained {
        Entry {
            id: Uuid::from_u128(7),
            at: At(5),
            actor: "line".to_owned(),
            action: "text.decided".to_owned(),
            subject: None,
            detail: "{}".to_owned(),
        }
        .at_place(1)
    }

    #[test]
    fn every_part_of_an_entry_and_the_hash_before_it_are_covered() {
        let whole = entry().hash_after(&ROOT);
        let changed = |change: fn(&mut Chained)| {
            let mut entry = entry();
            change(&mut entry);
            entry.hash_after(&ROOT)
        };
        for other in [
            changed(|entry| entry.seq = 2),
            changed(|entry| entry.id[0] ^= 1),
            changed(|entry| entry.at += 1),
            changed(|entry| entry.actor.push(b'x')),
            changed(|entry| entry.action.push(b'x')),
            changed(|entry| entry.subject = Some(vec![1; 16])),
            changed(|entry| entry.detail.push(b' ')),
            // A letter that moves from one part to its neighbour.
            changed(|entry| {
                let letter = entry.action.remove(0);
                entry.actor.push(letter);
            }),
            entry().hash_after(&[1; 32]),
        ] {
            assert_ne!(other, whole);
        }
        assert_eq!(entry().hash_after(&ROOT), whole);
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let head = ChainHead {
            seq: 12,
            hash: vec![0xab; 32],
        };
        assert_eq!(head.to_string().parse(), Ok(head));
        for wrong in ["", "12", "12:ab", "x:", "-1:00", ":"] {
            assert_eq!(wrong.parse::<ChainHead>(), Err(()), "{wrong}");
        }
    }
}
