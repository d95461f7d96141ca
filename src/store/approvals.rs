//! Approvals: which version of a file of the packs somebody has signed off.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::content::{Approval, PackFile};

/// How many approvals of a file are read: older ones say nothing that these do not.
const LATEST: i64 = 20;

/// A version that somebody signs off.
#[derive(Clone, Debug)]
pub struct NewApproval<'a> {
    /// The file.
    pub file: PackFile,
    /// Which version of it.
    pub hash: &'a str,
    /// The marks of the texts in it.
    pub marks: &'a BTreeMap<String, String>,
    /// Who.
    pub staff_id: Uuid,
    /// The day on which it is to be read again.
    pub review_on: Date,
    /// When.
    pub at: At,
}

#[derive(sqlx::FromRow)]
struct ApprovalRow {
    id: Uuid,
    file: PackFile,
    hash: String,
    marks: String,
    by_name: String,
    approved_at: At,
    review_at: At,
    withdrawn_name: Option<String>,
}

impl From<ApprovalRow> for Approval {
    fn from(row: ApprovalRow) -> Self {
        Self {
            id: row.id,
            file: row.file,
            hash: row.hash,
            // Written by this file: it is JSON.
            marks: serde_json::from_str(&row.marks).unwrap_or_default(),
            by: row.by_name,
            at: row.approved_at,
            review_on: row.review_at.day(),
            withdrawn_by: row.withdrawn_name,
        }
    }
}

/// The first moment of a day in UTC.
fn first_moment(day: Date) -> At {
    let moment = day.to_zoned(TimeZone::UTC);
    At(moment.map_or(0, |moment| moment.timestamp().as_millisecond()))
}

impl Tx {
    /// Notes that somebody signed a version off. Its id.
    pub async fn approve(&mut self, new: &NewApproval<'_>) -> Result<Uuid, StoreError> {
        let id = self.id(new.at);
        let marks = serde_json::json!(new.marks).to_string();
        later!(
            self,
            "INSERT INTO approvals (id, file, hash, marks, approved_by, approved_at, review_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            id,
            new.file,
            new.hash,
            &marks,
            new.staff_id,
            new.at,
            first_moment(new.review_on),
        );
        Ok(id)
    }

    /// Takes an approval back. `false` when there is none that stands.
    pub async fn withdraw_approval(
        &mut self,
        id: Uuid,
        staff: Uuid,
        now: At,
    ) -> Result<bool, StoreError> {
        let withdrawn = on!(self, |c| sqlx::query(
            "UPDATE approvals SET withdrawn_by = $2, withdrawn_at = $3
              WHERE id = $1 AND withdrawn_at IS NULL"
        )
        .bind(id)
        .bind(staff)
        .bind(now)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
        Ok(withdrawn == 1)
    }

    /// The approvals of every file, the latest first; those that were taken back, too.
    pub async fn approvals(&mut self) -> Result<Vec<Approval>, StoreError> {
        let mut all = Vec::new();
        for file in PackFile::ALL {
            let rows: Vec<ApprovalRow> = on!(self, |c| {
                sqlx::query_as(
                "SELECT a.id, a.file, a.hash, a.marks, s.name AS by_name, a.approved_at, a.review_at,
                        w.name AS withdrawn_name
                   FROM approvals a JOIN staff s ON s.id = a.approved_by
                        LEFT JOIN staff w ON w.id = a.withdrawn_by
                  WHERE a.file = $1 ORDER BY a.id DESC LIMIT $2"
            )
            .bind(file)
            .bind(LATEST)
            .fetch_all(c)
            .await?
            });
            all.extend(rows.into_iter().map(Approval::from));
        }
        Ok(all)
    }
}
