//! Retention: what has been kept long enough, by class, and its removal. Rows are deleted, or what a person
//! wrote is overwritten; on `SQLite` the pages are overwritten, too (`secure_delete`).
//!
//! One condition says what is due, for the dry run and for the removal: the two cannot differ. What belongs
//! to an open case, to a texter who waits for an answer, or is under a legal hold is never due.

use std::time::Duration;

use uuid::Uuid;

use super::arrivals::first_id;
use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;

/// What is kept for the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The words of texts, and what was found in them.
    Bodies,
    /// Notes of the staff.
    Notes,
    /// What the staff began to write and did not send.
    Drafts,
    /// Numbers, with all that is left of their texters.
    Numbers,
    /// What gateways were asked and answered.
    GatewayLog,
    /// Sessions, known browsers, links, failed tries to sign in.
    Sessions,
    /// Pages to the staff, and the addresses that they went to.
    Pages,
    /// What counts only: conversations without words and numbers, drills, incidents.
    Counts,
}

impl Class {
    /// All of them, in the order in which they are removed.
    pub const ALL: [Self; 8] = [
        Self::GatewayLog,
        Self::Sessions,
        Self::Bodies,
        Self::Notes,
        Self::Drafts,
        Self::Pages,
        Self::Numbers,
        Self::Counts,
    ];

    /// Its name in the configuration, without `_days`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bodies => "bodies",
            Self::Notes => "notes",
            Self::Drafts => "drafts",
            Self::Numbers => "numbers",
            Self::GatewayLog => "gateway_log",
            Self::Sessions => "sessions",
            Self::Pages => "pages",
            Self::Counts => "counts",
        }
    }
}

/// How much of a table is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The table.
    pub table: &'static str,
    /// How many rows are due.
    pub due: i64,
    /// How many are as old and stay: an open case, an answer that is owed, a legal hold.
    pub kept: i64,
}

/// What the age of a row is known by, as `$1` of a rule.
#[derive(Clone, Copy)]
enum Age {
    /// A time in milliseconds.
    Time,
    /// The id, which begins with the time.
    Id,
    /// A day since 1970.
    Day,
}

/// One kind of rows: which are old, which of them are free to go, and how they go.
struct Rule {
    class: Class,
    table: &'static str,
    age: Age,
    /// Counts what is old.
    old: &'static str,
    /// Counts what is due.
    due: &'static str,
    /// What is due, at most `$2`.
    ids: &'static str,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    /// The rows are deleted by this statement, at most `$2`.
    Delete(&'static str),
    /// The words of a message are overwritten.
    Empty,
    /// A page goes, with what points to it.
    Page,
    /// A texter is erased.
    Erase,
    /// A conversation goes, with all that belongs to it.
    Conversation,
}

/// That nothing needs what belongs to a conversation and its texter any more.
macro_rules! free {
    ($conversation:literal, $texter:literal) => {
        concat!(
            " NOT EXISTS (SELECT 1 FROM alerts fa WHERE fa.conversation_id = ",
            $conversation,
            " AND fa.closed_at IS NULL)
              AND NOT EXISTS (SELECT 1 FROM obligations fo WHERE fo.texter_id = ",
            $texter,
            " AND fo.closed_at IS NULL)
              AND NOT EXISTS (SELECT 1 FROM outbox fx WHERE fx.texter_id = ",
            $texter,
            " AND fx.done_at IS NULL)
              AND NOT EXISTS (SELECT 1 FROM legal_holds fh WHERE fh.texter_id = ",
            $texter,
            " AND fh.lifted_at IS NULL
                              AND (fh.conversation_id IS NULL OR fh.conversation_id = ",
            $conversation,
            "))"
        )
    };
}

/// That nothing needs a texter any more.
macro_rules! free_texter {
    () => {
        " NOT EXISTS (SELECT 1 FROM alerts fa WHERE fa.texter_id = x.id AND fa.closed_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM obligations fo WHERE fo.texter_id = x.id AND fo.closed_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM outbox fx WHERE fx.texter_id = x.id AND fx.done_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM check_ins fc WHERE fc.texter_id = x.id AND fc.done_at IS NULL)
          AND NOT EXISTS (SELECT 1 FROM legal_holds fh WHERE fh.texter_id = x.id AND fh.lifted_at IS NULL)"
    };
}

macro_rules! rule {
    ($class:ident, $table:literal, $age:ident, $how:expr, $old:expr, $free:expr) => {
        Rule {
            class: Class::$class,
            table: $table,
            age: Age::$age,
            old: concat!("SELECT COUNT(*) FROM ", $table, " x WHERE ", $old),
            due: concat!(
                "SELECT COUNT(*) FROM ",
                $table,
                " x WHERE ",
                $old,
                " AND ",
                $free
            ),
            ids: concat!(
                "SELECT x.id FROM ",
                $table,
                " x WHERE ",
                $old,
                " AND ",
                $free,
                " ORDER BY x.id LIMIT $2 + 0"
            ),
            how: $how,
        }
    };
    // Rows that nothing else needs, by their key.
    ($class:ident, $table:literal, $age:ident, $key:literal, $old:expr) => {
        Rule {
            class: Class::$class,
            table: $table,
            age: Age::$age,
            old: concat!("SELECT COUNT(*) FROM ", $table, " x WHERE ", $old),
            due: concat!("SELECT COUNT(*) FROM ", $table, " x WHERE ", $old),
            ids: "",
            how: How::Delete(concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $key,
                " IN (SELECT x.",
                $key,
                " FROM ",
                $table,
                " x WHERE ",
                $old,
                " ORDER BY x.",
                $key,
                " LIMIT $2 + 0)"
            )),
        }
    };
}

const RULES: [Rule; 18] = [
    rule!(GatewayLog, "gateway_log", Time, "id", "x.at < $1"),
    rule!(Sessions, "sessions", Time, "id", "x.seen_at < $1"),
    Rule {
        how: How::Delete("DELETE FROM browsers WHERE seen_at < $1 AND $2 > 0"),
        ..rule!(Sessions, "browsers", Time, "token_hash", "x.seen_at < $1")
    },
    rule!(Sessions, "links", Time, "token_hash", "x.expires_at < $1"),
    rule!(Sessions, "tries", Time, "whose", "x.last_at < $1"),
    rule!(
        Bodies,
        "messages",
        Id,
        How::Empty,
        "x.id < $1 AND x.emptied_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM texters e WHERE e.id = x.texter_id AND e.erased_at IS NOT NULL)",
        free!("x.conversation_id", "x.texter_id")
    ),
    rule!(Drafts, "drafts", Time, "id", "x.at < $1"),
    rule!(Counts, "call_outs", Time, "id", "x.at < $1"),
    rule!(
        Bodies,
        "quarantine",
        Time,
        "id",
        "x.done_at < $1"
    ),
    rule!(
        Notes,
        "notes",
        Time,
        How::Delete(concat!(
            "DELETE FROM notes WHERE id IN (SELECT x.id FROM notes x WHERE x.at < $1 AND ",
            free!(
                "x.conversation_id",
                "(SELECT texter_id FROM conversations WHERE id = x.conversation_id)"
            ),
            " ORDER BY x.id LIMIT $2 + 0)"
        )),
        "x.at < $1",
        free!(
            "x.conversation_id",
            "(SELECT texter_id FROM conversations WHERE id = x.conversation_id)"
        )
    ),
    rule!(
        Pages,
        "pages",
        Time,
        How::Page,
        "x.at < $1",
        "NOT EXISTS (SELECT 1 FROM alerts fa WHERE fa.id = x.alert_id AND fa.closed_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM paged_cases fp JOIN alerts fb ON fb.id = fp.alert_id
                          WHERE fp.page_id = x.id AND fb.closed_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM outbox fx WHERE fx.page_id = x.id AND fx.done_at IS NULL)
         AND NOT EXISTS (SELECT 1 FROM alerts fc JOIN legal_holds fh ON fh.texter_id = fc.texter_id
                          WHERE fc.id = x.alert_id AND fh.lifted_at IS NULL
                            AND (fh.conversation_id IS NULL OR fh.conversation_id = fc.conversation_id))"
    ),
    rule!(
        Numbers,
        "texters",
        Time,
        How::Erase,
        "x.erased_at IS NULL AND x.created_at < $1
         AND NOT EXISTS (SELECT 1 FROM conversations rc
                          WHERE rc.texter_id = x.id AND rc.last_inbound_at >= $1)",
        free_texter!()
    ),
    rule!(
        Counts,
        "conversations",
        Time,
        How::Conversation,
        "x.last_inbound_at < $1
         AND EXISTS (SELECT 1 FROM texters e WHERE e.id = x.texter_id AND e.erased_at IS NOT NULL
                        AND e.seed_left IS NULL)",
        free!("x.id", "x.texter_id")
    ),
    rule!(Counts, "incidents", Time, "id", "x.closed_at < $1"),
    rule!(Counts, "drills", Time, "id", "x.ended_at < $1"),
    rule!(Counts, "duties", Time, "id", "x.ended_at < $1"),
    rule!(
        Counts,
        "page_tests",
        Time,
        "id",
        "x.asked_at < $1 AND NOT EXISTS (SELECT 1 FROM tested_pages tp WHERE tp.test_id = x.id)"
    ),
    Rule {
        how: How::Delete("DELETE FROM shadow_counts WHERE day < $1 AND $2 > 0"),
        ..rule!(Counts, "shadow_counts", Day, "rule", "x.day < $1")
    },
];

/// What goes with a conversation, in an order that no reference stands against. `$1` is the conversation.
const WITH_A_CONVERSATION: [&str; 19] = [
    "DELETE FROM outbox WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = $1)
        OR answers IN (SELECT id FROM messages WHERE conversation_id = $1)
        OR page_id IN (SELECT p.id FROM pages p JOIN alerts a ON a.id = p.alert_id WHERE a.conversation_id = $1)",
    "DELETE FROM obligations WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = $1)",
    "DELETE FROM parts WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = $1)",
    "DELETE FROM gateway_log WHERE message_id IN (SELECT id FROM messages WHERE conversation_id = $1)",
    "DELETE FROM paged_cases WHERE alert_id IN (SELECT id FROM alerts WHERE conversation_id = $1)
        OR page_id IN (SELECT p.id FROM pages p JOIN alerts a ON a.id = p.alert_id WHERE a.conversation_id = $1)",
    "DELETE FROM pages WHERE alert_id IN (SELECT id FROM alerts WHERE conversation_id = $1)",
    "DELETE FROM acknowledgements WHERE alert_id IN (SELECT id FROM alerts WHERE conversation_id = $1)",
    "DELETE FROM transfers WHERE conversation_id = $1",
    "DELETE FROM help_calls WHERE conversation_id = $1",
    "DELETE FROM check_ins WHERE conversation_id = $1",
    "DELETE FROM notes WHERE conversation_id = $1",
    "DELETE FROM drafts WHERE conversation_id = $1",
    "DELETE FROM presence WHERE conversation_id = $1",
    "DELETE FROM wrap_ups WHERE conversation_id = $1",
    "DELETE FROM reveals WHERE conversation_id = $1",
    "DELETE FROM followers WHERE conversation_id = $1",
    "DELETE FROM legal_holds WHERE conversation_id = $1",
    "DELETE FROM alerts WHERE conversation_id = $1",
    "DELETE FROM messages WHERE conversation_id = $1",
];

/// What is left of an erased texter once their last conversation is gone. `$1` is the texter.
const WITH_A_TEXTER: [&str; 5] = [
    "DELETE FROM legal_holds WHERE texter_id = $1",
    "DELETE FROM parts WHERE texter_id = $1",
    "DELETE FROM outbox WHERE texter_id = $1
        OR page_id IN (SELECT id FROM pages WHERE texter_id = $1)",
    "UPDATE pages SET texter_id = NULL WHERE texter_id = $1",
    "DELETE FROM texters WHERE id = $1",
];

impl Tx {
    /// What of a class is due by a time, table by table.
    pub async fn retention_of(
        &mut self,
        class: Class,
        cutoff: At,
    ) -> Result<Vec<Amount>, StoreError> {
        let mut amounts = Vec::new();
        for rule in RULES.iter().filter(|rule| rule.class == class) {
            let due = self.counted(rule.age, rule.due, cutoff).await?;
            let old = self.counted(rule.age, rule.old, cutoff).await?;
            amounts.push(Amount {
                table: rule.table,
                due,
                kept: (old - due).max(0),
            });
        }
        Ok(amounts)
    }

    async fn counted(
        &mut self,
        age: Age,
        sql: &'static str,
        cutoff: At,
    ) -> Result<i64, StoreError> {
        Ok(match age {
            Age::Time => on!(self, |c| sqlx::query_scalar(sql)
                .bind(cutoff)
                .fetch_one(c)
                .await?),
            Age::Id => on!(self, |c| sqlx::query_scalar(sql)
                .bind(first_id(cutoff))
                .fetch_one(c)
                .await?),
            Age::Day => on!(self, |c| sqlx::query_scalar(sql)
                .bind(day_of(cutoff))
                .fetch_one(c)
                .await?),
        })
    }

    /// Removes what of a class is due, at most `limit` rows of each table, and says how many they were. Less
    /// than `limit`: nothing is left.
    pub async fn retain(
        &mut self,
        class: Class,
        cutoff: At,
        now: At,
        limit: u16,
    ) -> Result<u64, StoreError> {
        let mut most = 0;
        for rule in RULES.iter().filter(|rule| rule.class == class) {
            let removed = match rule.how {
                How::Delete(sql) => self.deleted(rule.age, sql, cutoff, limit).await?,
                how => {
                    let ids = self.ids_due(rule, cutoff, limit).await?;
                    for id in &ids {
                        self.remove(how, *id, now).await?;
                    }
                    u64::try_from(ids.len()).unwrap_or(u64::MAX)
                }
            };
            most = most.max(removed);
        }
        Ok(most)
    }

    async fn deleted(
        &mut self,
        age: Age,
        sql: &'static str,
        cutoff: At,
        limit: u16,
    ) -> Result<u64, StoreError> {
        let age = match age {
            Age::Day => day_of(cutoff),
            Age::Time | Age::Id => cutoff.0,
        };
        let done = on!(self, |c| sqlx::query(sql)
            .bind(age)
            .bind(i64::from(limit))
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(done)
    }

    async fn ids_due(
        &mut self,
        rule: &Rule,
        cutoff: At,
        limit: u16,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (sql, limit) = (rule.ids, i64::from(limit));
        Ok(match rule.age {
            Age::Id => on!(self, |c| sqlx::query_scalar(sql)
                .bind(first_id(cutoff))
                .bind(limit)
                .fetch_all(c)
                .await?),
            Age::Time | Age::Day => on!(self, |c| sqlx::query_scalar(sql)
                .bind(cutoff)
                .bind(limit)
                .fetch_all(c)
                .await?),
        })
    }

    async fn remove(&mut self, how: How, id: Uuid, now: At) -> Result<(), StoreError> {
        match how {
            How::Empty => self.empty_message(id, now).await,
            How::Page => self.remove_page(id).await,
            How::Erase => self.erase_old(id, now).await,
            How::Conversation => self.remove_conversation(id).await,
            How::Delete(_) => Ok(()),
        }
    }

    /// Overwrites the words of a message, what was found in them, and what the gateway calls it; what was
    /// sent of it is not kept any longer either.
    async fn empty_message(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        let nothing: &[u8] = &[];
        later!(
            self,
            "UPDATE messages SET body_sealed = $2, verdict_sealed = NULL, gateway_ref = NULL,
                    emptied_at = $3 WHERE id = $1",
            id,
            nothing,
            now,
        );
        later!(self, "DELETE FROM outbox WHERE message_id = $1", id);
        Ok(())
    }

    async fn remove_page(&mut self, id: Uuid) -> Result<(), StoreError> {
        later!(self, "DELETE FROM outbox WHERE page_id = $1", id);
        later!(self, "DELETE FROM tested_pages WHERE page_id = $1", id);
        later!(self, "DELETE FROM paged_cases WHERE page_id = $1", id);
        later!(self, "DELETE FROM pages WHERE id = $1", id);
        Ok(())
    }

    async fn erase_old(&mut self, texter: Uuid, now: At) -> Result<(), StoreError> {
        self.erase(texter, now).await?;
        let detail = serde_json::json!({ "why": "retention" });
        self.audit(now, "line", "texter.erased", Some(texter), &detail)
            .await
    }

    async fn remove_conversation(&mut self, id: Uuid) -> Result<(), StoreError> {
        let texter: Option<Uuid> = on!(self, |c| sqlx::query_scalar(
            "SELECT texter_id FROM conversations WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?);
        for sql in WITH_A_CONVERSATION {
            later!(self, sql, id);
        }
        later!(self, "DELETE FROM conversations WHERE id = $1", id);
        let Some(texter) = texter else {
            return Ok(());
        };
        let left: i64 = on!(self, |c| sqlx::query_scalar(
            "SELECT COUNT(*) FROM conversations WHERE texter_id = $1"
        )
        .bind(texter)
        .fetch_one(c)
        .await?);
        if left == 0 {
            for sql in WITH_A_TEXTER {
                later!(self, sql, texter);
            }
        }
        Ok(())
    }
}

/// The day of a time, counted from 1970.
fn day_of(at: At) -> i64 {
    let day = Duration::from_hours(24);
    at.0.div_euclid(i64::try_from(day.as_millis()).unwrap_or(i64::MAX))
}
