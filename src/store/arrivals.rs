//! What is known of a text that just came in: who sent it, whether it came before, and what they wrote
//! just before it.
//!
//! `SQLite` is asked for all of it at once, together with what was kept back: each trip to its thread
//! costs more than the answer. `PostgreSQL` locks the texter first.

use sqlx::{Column, FromRow, Row};
use uuid::Uuid;

use super::messages::EarlierRow;
use super::texters::{Texter, TexterRow};
use super::tx::Inner;
use super::{Author, StoreError, Tx};
use crate::clock::At;
use crate::conversation::{Earlier, State};
use crate::phone::PhoneNumber;

/// A text that just came in, as far as it matters to find what is known of it.
#[derive(Clone, Copy)]
pub struct NewArrival<'a> {
    /// Who sent it.
    pub number: &'a PhoneNumber,
    /// The state of a texter who is new.
    pub fresh: &'a State,
    /// The gateway that it came from.
    pub gateway: &'a str,
    /// The gateway's id of it.
    pub gateway_ref: &'a str,
    /// When it came in.
    pub now: At,
    /// Since when the texts before it are wanted.
    pub since: At,
    /// The most of them: the latest.
    pub most: u16,
}

/// What is known of it.
pub struct Known {
    /// Who sent it, as from [`Tx::texter`].
    pub texter: Texter,
    /// Their texts just before, oldest first, if their state says that there are any.
    pub earlier: Vec<Earlier>,
    /// Whether the gateway delivered it before; none where only the insert can tell.
    pub came_before: Option<bool>,
    /// Whether the number is one that a member of staff is reached at; none where that was not asked.
    pub is_staffs: Option<bool>,
}

const TEXTER: &str = "SELECT t.id, t.wrapped_key, t.state_sealed,
        c.id AS conversation_id, c.tier, c.human_joined_at, c.drill_id,
        (SELECT COUNT(*) FROM messages WHERE gateway = $2 AND gateway_ref = $3) AS came_before,
        (SELECT COUNT(*) FROM contact_methods WHERE address_index = $4) AS of_staff,
        (SELECT COUNT(*) FROM erased_refs WHERE ref_index = $5) AS erased
   FROM texters t LEFT JOIN conversations c ON c.texter_id = t.id AND c.closed_at IS NULL
  WHERE t.number_index = $1";

// Ids begin with the time of arrival, which is never before the time that a text has: `id` bounds how far
// back this looks in a long conversation. The sum keeps SQLite from preparing the statement anew for
// each value of a bare `LIMIT $n`.
const EARLIER: &str = "SELECT m.id, m.tier, m.body_sealed, m.at
   FROM texters t JOIN conversations c ON c.texter_id = t.id AND c.closed_at IS NULL
   JOIN messages m ON m.conversation_id = c.id
  WHERE t.number_index = $1 AND m.author = $2 AND m.id > $3 AND m.at > $4
  ORDER BY m.id DESC LIMIT $5 + 0";

impl Tx {
    /// What is known of a text that just came in. A texter who is new is made; the texter is locked
    /// against a concurrent text. None when it came before, and who sent it had everything deleted since.
    pub async fn known_of(&mut self, new: &NewArrival<'_>) -> Result<Option<Known>, StoreError> {
        if let Inner::Sqlite(_) = &self.inner
            && let Some((known, was_erased)) = self.known_at_once(new).await?
        {
            return Ok((!was_erased).then_some(known));
        }
        let of = (new.gateway, new.gateway_ref);
        let Some(texter) = self.sender_of(new.number, new.fresh, of, new.now).await? else {
            return Ok(None);
        };
        let earlier = match &texter.conversation {
            Some(open) if texter.state.reads_earlier(new.now) => {
                self.earlier(&texter, open.id, new.since, new.most).await?
            }
            _ => Vec::new(),
        };
        Ok(Some(Known {
            texter,
            earlier,
            came_before: None,
            is_staffs: None,
        }))
    }

    /// Who sent the text of a gateway with this id, locked against a concurrent text; made in the `fresh` state
    /// if they are new. None when it came before, and who sent it had everything deleted since: a hook that is
    /// repeated, or a spool that is restored, brings nobody back (promise P9).
    pub async fn sender_of(
        &mut self,
        number: &PhoneNumber,
        fresh: &State,
        (gateway, gateway_ref): (&str, &str),
        now: At,
    ) -> Result<Option<Texter>, StoreError> {
        let known = self.known_texter(number, now).await?;
        if self.was_erased(gateway, gateway_ref).await? {
            return Ok(None);
        }
        Ok(Some(match known {
            Some(texter) => texter,
            None => self.texter(number, fresh, now).await?,
        }))
    }

    /// On `SQLite`, and whether it is of somebody who had everything deleted since it came first; none when
    /// the texter is new, or was erased and came back with a backup.
    async fn known_at_once(
        &mut self,
        new: &NewArrival<'_>,
    ) -> Result<Option<(Known, bool)>, StoreError> {
        let index = self.keys.number_index(new.number);
        let first = first_id(new.since);
        let gateway_ref = super::tx::storable(new.gateway_ref);
        let address = self.keys.address_index(new.number.reveal());
        let erased = self.keys.reference_index(new.gateway, &gateway_ref);
        self.later.add(TEXTER, 5, |values| {
            sqlx::Arguments::add(values, &index)?;
            sqlx::Arguments::add(values, new.gateway)?;
            sqlx::Arguments::add(values, gateway_ref)?;
            sqlx::Arguments::add(values, &address)?;
            sqlx::Arguments::add(values, &erased)
        })?;
        self.later.add(EARLIER, 5, |values| {
            sqlx::Arguments::add(values, &index)?;
            sqlx::Arguments::add(values, Author::Texter)?;
            sqlx::Arguments::add(values, first)?;
            sqlx::Arguments::add(values, new.since)?;
            sqlx::Arguments::add(values, i64::from(new.most))
        })?;
        let Inner::Sqlite(t) = &mut self.inner else {
            return Ok(None);
        };
        let rows = self.later.take().fetch_all(&mut **t).await?;
        let (mut found, mut before) = (None, Vec::new());
        for row in &rows {
            if row
                .columns()
                .iter()
                .any(|column| column.name() == "came_before")
            {
                let came_before: i64 = row.try_get("came_before")?;
                let of_staff: i64 = row.try_get("of_staff")?;
                let erased: i64 = row.try_get("erased")?;
                let told = (came_before > 0, of_staff > 0, erased > 0);
                found = Some((TexterRow::from_row(row)?, told));
            } else {
                before.push(EarlierRow::from_row(row)?);
            }
        }
        let Some((row, (came_before, of_staff, was_erased))) = found else {
            return Ok(None);
        };
        let Some(texter) = self.texter_unless_erased(&row)? else {
            return Ok(None);
        };
        let earlier = if texter.state.reads_earlier(new.now) {
            let read = before.into_iter().rev().map(|row| row.open(&texter));
            read.collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let known = Known {
            texter,
            earlier,
            came_before: Some(came_before),
            is_staffs: Some(of_staff),
        };
        Ok(Some((known, was_erased)))
    }
}

/// The lowest id of a row that is made at a time: ids begin with it.
pub(super) fn first_id(at: At) -> Uuid {
    Uuid::from_u128(u128::from(u64::try_from(at.0).unwrap_or(0)) << 80)
}
