//! The audit log: who decided what, when. Never the words of a text, never a number.

use uuid::Uuid;

use super::arrivals::first_id;
use super::audit_chain::Entry;
use super::tx::on;
use super::{StoreError, Tx};
use crate::clock::At;

/// An entry about a conversation, as its page tells it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Happened {
    /// The row.
    pub id: Uuid,
    /// When.
    pub at: At,
    /// Who did it, by the name that others see; `line` is the program.
    pub by: String,
    /// What was done.
    pub action: String,
    /// More about it, in JSON.
    pub detail: String,
}

/// An entry, with who and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditEntry {
    /// The row. Ids follow the time.
    pub id: Uuid,
    /// When.
    pub at: At,
    /// Who did it: the login of an account, or a part of the program.
    pub actor: String,
    /// Who did it, by the name that others see.
    pub by_name: String,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub subject: Option<Uuid>,
    /// The conversation that it is about, if it is about one.
    pub conversation_id: Option<Uuid>,
    /// The code of the case that it is about, if it is about one.
    pub code: Option<String>,
    /// More about it, in JSON.
    pub detail: String,
}

/// Which entries are wanted: everything that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sift {
    /// By whom; empty for all.
    pub actor: String,
    /// What was done, any of these. Without any: everything but the decisions on texts, which are by far
    /// the most.
    pub actions: Vec<&'static str>,
    /// From when on.
    pub from: Option<At>,
    /// Until before when.
    pub until: Option<At>,
}

impl Sift {
    /// The actions as one value that a statement can look into.
    fn list(&self) -> String {
        match self.actions.as_slice() {
            [] => String::new(),
            actions => format!(",{},", actions.join(",")),
        }
    }

    /// Whether only decisions on texts are wanted: they have an order of their own.
    fn is_of_texts(&self) -> bool {
        self.actions == [DECIDED]
    }
}

/// What is written for each text.
pub const DECIDED: &str = "text.decided";

/// The first id that no entry can have.
const AFTER_ALL: Uuid = Uuid::max();

/// Entries, the latest first, that come before $1 and not before $2, with a condition.
macro_rules! entries {
    ($condition:literal) => {
        concat!(
            "SELECT l.id, l.at, l.actor, COALESCE(s.name, l.actor) AS by_name, l.action, l.subject,
                    COALESCE(c.id, a.conversation_id) AS conversation_id, a.code, l.detail
               FROM audit_log l LEFT JOIN staff s ON s.login = l.actor
                    LEFT JOIN conversations c ON c.id = l.subject
                    LEFT JOIN alerts a ON a.id = l.subject
              WHERE l.id < $1 AND l.id >= $2 AND ($3 = '' OR $3 LIKE '%,' || l.action || ',%') AND ",
            $condition,
            " ORDER BY l.id DESC LIMIT $5"
        )
    };
}

impl Tx {
    /// The entries that are wanted, the latest first, from before `before` on.
    pub async fn audit_entries(
        &mut self,
        sift: &Sift,
        before: Option<Uuid>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let until = sift.until.map_or(AFTER_ALL, first_id);
        let before = before.unwrap_or(AFTER_ALL).min(until);
        let from = sift.from.map_or(Uuid::nil(), first_id);
        // Each way has an index of its own; a condition that may be left out would keep it from being used.
        let sql = match (sift.is_of_texts(), sift.actor.is_empty()) {
            (true, _) => {
                entries!("l.action = 'text.decided' AND ($4 = '' OR l.actor = $4)")
            }
            (false, true) => entries!("l.action <> 'text.decided' AND $4 = ''"),
            (false, false) => entries!("l.action <> 'text.decided' AND l.actor = $4"),
        };
        Ok(on!(self, |c| sqlx::query_as(sql)
            .bind(before)
            .bind(from)
            .bind(sift.list())
            .bind(&sift.actor)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await?))
    }

    /// How often each thing was done since then, apart from the decisions on texts.
    pub async fn audit_counts(&mut self, since: At) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT action, COUNT(*) FROM audit_log
              WHERE id >= $1 AND action <> 'text.decided' GROUP BY action ORDER BY action"
        )
        .bind(first_id(since))
        .fetch_all(c)
        .await?))
    }

    /// Adds an entry. `detail` is JSON without personal data. It gets its place in the chain
    /// when the unit of work commits, or soon after.
    #[expect(
        clippy::unused_async,
        reason = "a method of the store like the others; callers need not know which of them wait"
    )]
    pub async fn audit(
        &mut self,
        at: At,
        actor: &str,
        action: &str,
        subject: Option<Uuid>,
        detail: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.entries.push(Entry {
            id: self.id(at),
            at,
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject,
            detail: detail.to_string(),
        });
        Ok(())
    }

    /// What was done with a conversation and its cases, the latest entries, the oldest of them first.
    pub async fn history(
        &mut self,
        conversation: Uuid,
        limit: u16,
    ) -> Result<Vec<Happened>, StoreError> {
        self.enter().await?;
        let mut rows: Vec<Happened> = on!(self, |c| {
            sqlx::query_as(
            "SELECT l.id, l.at, COALESCE(s.name, l.actor) AS by, l.action, l.detail
               FROM audit_log l LEFT JOIN staff s ON s.login = l.actor
              WHERE l.subject IN (SELECT id FROM alerts WHERE conversation_id = $1 UNION ALL SELECT $1)
              ORDER BY l.id DESC LIMIT $2"
        )
        .bind(conversation)
        .bind(i64::from(limit))
        .fetch_all(c)
        .await?
        });
        rows.reverse();
        Ok(rows)
    }

    /// The actions recorded for a subject, oldest first, with their details.
    pub async fn audit_of(&mut self, subject: Uuid) -> Result<Vec<(String, String)>, StoreError> {
        self.enter().await?;
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT action, detail FROM audit_log WHERE subject = $1 ORDER BY id"
        )
        .bind(subject)
        .fetch_all(c)
        .await?))
    }
}
