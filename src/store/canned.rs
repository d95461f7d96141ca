//! Canned replies: words of the team's own. They hold nothing of any texter, and are not sealed.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::locale::Locale;

/// A canned reply as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canned {
    /// The row.
    pub id: Uuid,
    /// Its language.
    pub locale: Locale,
    /// What the team finds it by.
    pub title: String,
    /// The words, with places to fill in.
    pub body: String,
    /// Who changed it last; nobody for one that came with the program.
    pub changed_by: Option<String>,
    /// When.
    pub changed_at: At,
}

#[derive(sqlx::FromRow)]
struct CannedRow {
    id: Uuid,
    locale: String,
    title: String,
    body: String,
    changed_name: Option<String>,
    changed_at: At,
}

impl Tx {
    /// All canned replies: of a language, by the time when they were made.
    pub async fn canned_replies(&mut self) -> Result<Vec<Canned>, StoreError> {
        let rows: Vec<CannedRow> = on!(self, |c| sqlx::query_as(
            "SELECT r.id, r.locale, r.title, r.body, s.name AS changed_name, r.changed_at
               FROM canned_replies r LEFT JOIN staff s ON s.id = r.changed_by
              ORDER BY r.locale, r.id"
        )
        .fetch_all(c)
        .await?);
        let read = rows.into_iter().filter_map(|row| {
            // Written by this program: another tag is one of a later version.
            let locale = Locale::of_tag(&row.locale)?;
            Some(Canned {
                id: row.id,
                locale,
                title: row.title,
                body: row.body,
                changed_by: row.changed_name,
                changed_at: row.changed_at,
            })
        });
        Ok(read.collect())
    }

    /// Keeps a canned reply, new or in place of the one with this id.
    pub async fn keep_canned(
        &mut self,
        id: Uuid,
        (locale, title, body): (Locale, &str, &str),
        by: Option<Uuid>,
        now: At,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO canned_replies (id, locale, title, body, changed_by, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (id) DO UPDATE SET locale = excluded.locale, title = excluded.title,
                    body = excluded.body, changed_by = excluded.changed_by,
                    changed_at = excluded.changed_at",
            id,
            locale.tag(),
            title,
            body,
            by,
            now,
        );
        Ok(())
    }

    /// Removes a canned reply; what was sent with it stays.
    pub async fn remove_canned(&mut self, id: Uuid) -> Result<(), StoreError> {
        later!(self, "DELETE FROM canned_replies WHERE id = $1", id);
        Ok(())
    }
}
