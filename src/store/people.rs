//! People: who can be on call, with every way to reach them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::locale::Locale;
use crate::oncall::{Method, Person, Quiet};

#[derive(sqlx::FromRow)]
struct PersonRow {
    id: Uuid,
    name: String,
    time_zone: Option<String>,
    quiet_from: Option<i32>,
    quiet_until: Option<i32>,
}

impl PersonRow {
    fn with(self, home: &TimeZone, methods: Vec<Method>) -> Person {
        Person {
            id: self.id,
            name: self.name,
            zone: zone(self.time_zone.as_deref(), home),
            quiet: quiet(self.quiet_from, self.quiet_until),
            methods,
        }
    }
}

/// A zone by its name, without one the zone of the line. It was checked when it was set; one that this
/// system does not know must not hide a person.
fn zone(name: Option<&str>, home: &TimeZone) -> TimeZone {
    let zone = name.map(TimeZone::get).and_then(Result::ok);
    zone.unwrap_or_else(|| home.clone())
}

fn quiet(from: Option<i32>, until: Option<i32>) -> Option<Quiet> {
    let minute = |minute: i32| u16::try_from(minute).ok();
    let (from, until) = (from.and_then(minute)?, until.and_then(minute)?);
    Some(Quiet { from, until })
}

impl Tx {
    /// Everyone who can sign in and has not left, by name, with the methods that are not removed. Who has
    /// not said where they live is taken to be where the line is.
    pub async fn people(&mut self) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<PersonRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, name, time_zone, quiet_from, quiet_until FROM staff
              WHERE left_at IS NULL AND locked_at IS NULL ORDER BY name, id"
        )
        .fetch_all(c)
        .await?);
        let mut methods: BTreeMap<Uuid, Vec<Method>> = BTreeMap::new();
        for method in self.methods().await? {
            methods.entry(method.staff_id).or_default().push(method);
        }
        let home = self.home.clone();
        let with = |row: PersonRow| {
            let methods = methods.remove(&row.id).unwrap_or_default();
            row.with(&home, methods)
        };
        Ok(rows.into_iter().map(with).collect())
    }

    /// One of them.
    pub async fn person(&mut self, id: Uuid) -> Result<Option<Person>, StoreError> {
        let row: Option<PersonRow> = on!(self, |c| sqlx::query_as(
            "SELECT id, name, time_zone, quiet_from, quiet_until FROM staff
              WHERE id = $1 AND left_at IS NULL AND locked_at IS NULL"
        )
        .bind(id)
        .fetch_optional(c)
        .await?);
        let Some(row) = row else { return Ok(None) };
        let methods = self.methods_of(id).await?;
        Ok(Some(row.with(&self.home, methods)))
    }

    /// Who steers the work: supervisors and administrators who can sign in and have not left.
    pub async fn supervisors(&mut self) -> Result<BTreeSet<Uuid>, StoreError> {
        let ids: Vec<Uuid> = on!(self, |c| {
            sqlx::query_scalar(
            "SELECT id FROM staff
              WHERE role IN ('supervisor', 'administrator') AND left_at IS NULL AND locked_at IS NULL"
        )
        .fetch_all(c)
        .await?
        });
        Ok(ids.into_iter().collect())
    }

    /// Where a person lives, for the times that they read; without an answer, the zone of the line.
    pub async fn zone_of(&mut self, id: Uuid) -> Result<TimeZone, StoreError> {
        let name: Option<Option<String>> = on!(self, |c| sqlx::query_scalar(
            "SELECT time_zone FROM staff WHERE id = $1"
        )
        .bind(id)
        .fetch_optional(c)
        .await?);
        Ok(zone(name.flatten().as_deref(), &self.home))
    }

    /// Where a person said that they live, as the name of a time zone, and when they are not to be woken.
    pub async fn person_hours(
        &mut self,
        id: Uuid,
    ) -> Result<(Option<String>, Option<Quiet>), StoreError> {
        let row: Option<(Option<String>, Option<i32>, Option<i32>)> = on!(self, |c| {
            sqlx::query_as("SELECT time_zone, quiet_from, quiet_until FROM staff WHERE id = $1")
                .bind(id)
                .fetch_optional(c)
                .await?
        });
        let (zone, from, until) = row.unwrap_or_default();
        Ok((zone, quiet(from, until)))
    }

    /// Keeps where a person lives, as the name of a time zone, and when they are not to be woken.
    pub async fn set_person_hours(
        &mut self,
        id: Uuid,
        zone: Option<&str>,
        quiet: Option<Quiet>,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET time_zone = $2, quiet_from = $3, quiet_until = $4 WHERE id = $1",
            id,
            zone,
            quiet.map(|quiet| i32::from(quiet.from)),
            quiet.map(|quiet| i32::from(quiet.until)),
        );
        Ok(())
    }

    /// Keeps the language in which a person reads the pages; without one, their browser says it.
    pub async fn set_locale(&mut self, id: Uuid, locale: Option<Locale>) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE staff SET locale = $2 WHERE id = $1",
            id,
            locale,
        );
        Ok(())
    }
}
