//! Rotations of schedules, and who takes turns in them.

use std::collections::HashMap;

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Hours, Rotation, Unit};

#[derive(sqlx::FromRow)]
struct RotationRow {
    id: Uuid,
    schedule_id: Uuid,
    name: String,
    unit: Unit,
    every: i32,
    starts_on: String,
    weekdays: i32,
    from_minute: Option<i32>,
    until_minute: Option<i32>,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    rotation_id: Uuid,
    staff_id: Uuid,
}

impl RotationRow {
    /// The schedule and the rotation; none for a row that cannot be understood, which must not keep
    /// the others from being on call.
    fn read(self, members: Vec<Uuid>) -> Option<(Uuid, Rotation)> {
        let id = self.id;
        let read = self.read_strictly(members);
        if read.is_none() {
            tracing::error!(rotation = %id, "a rotation cannot be read; it is passed over");
        }
        read
    }

    fn read_strictly(self, members: Vec<Uuid>) -> Option<(Uuid, Rotation)> {
        let hours = match self.from_minute.zip(self.until_minute) {
            Some((from, until)) => Some(Hours {
                from: u16::try_from(from).ok()?,
                until: u16::try_from(until).ok()?,
            }),
            None => None,
        };
        let rotation = Rotation {
            id: self.id,
            unit: self.unit,
            every: u16::try_from(self.every).ok()?,
            starts_on: self.starts_on.parse().ok()?,
            weekdays: u8::try_from(self.weekdays).ok()?,
            hours,
            members,
            name: self.name,
        };
        Some((self.schedule_id, rotation))
    }
}

/// The hours of a rotation, in columns.
fn minutes(rotation: &Rotation) -> (Option<i32>, Option<i32>) {
    let hours = rotation.hours;
    hours
        .map(|hours| (i32::from(hours.from), i32::from(hours.until)))
        .unzip()
}

impl Tx {
    /// All rotations, by schedule, in the order in which they were made.
    pub(super) async fn rotations(&mut self) -> Result<HashMap<Uuid, Vec<Rotation>>, StoreError> {
        let members: Vec<MemberRow> = on!(self, |c| sqlx::query_as(
            "SELECT rotation_id, staff_id FROM rotation_members ORDER BY rotation_id, position"
        )
        .fetch_all(c)
        .await?);
        let mut turns: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for row in members {
            turns.entry(row.rotation_id).or_default().push(row.staff_id);
        }
        let rows: Vec<RotationRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, schedule_id, name, unit, every, starts_on, weekdays, from_minute, until_minute
               FROM rotations WHERE removed_at IS NULL ORDER BY id"
        )
        .fetch_all(c)
        .await?
        });
        let mut found: HashMap<Uuid, Vec<Rotation>> = HashMap::new();
        for row in rows {
            let members = turns.remove(&row.id).unwrap_or_default();
            if let Some((schedule, rotation)) = row.read(members) {
                found.entry(schedule).or_default().push(rotation);
            }
        }
        Ok(found)
    }

    /// Adds a rotation to a schedule.
    pub async fn add_rotation(
        &mut self,
        schedule: Uuid,
        rotation: &Rotation,
    ) -> Result<(), StoreError> {
        let starts_on = rotation.starts_on.to_string();
        let (from, until) = minutes(rotation);
        later!(
            self,
            "INSERT INTO rotations (id, schedule_id, name, unit, every, starts_on, weekdays,
                                    from_minute, until_minute)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            rotation.id,
            schedule,
            &rotation.name,
            rotation.unit,
            i32::from(rotation.every),
            &starts_on,
            i32::from(rotation.weekdays),
            from,
            until,
        );
        self.add_members(rotation).await
    }

    /// Writes a rotation as it is now; its members take the place of the earlier ones.
    pub async fn save_rotation(&mut self, rotation: &Rotation) -> Result<(), StoreError> {
        let starts_on = rotation.starts_on.to_string();
        let (from, until) = minutes(rotation);
        later!(
            self,
            "UPDATE rotations SET name = $2, unit = $3, every = $4, starts_on = $5, weekdays = $6,
                                  from_minute = $7, until_minute = $8 WHERE id = $1",
            rotation.id,
            &rotation.name,
            rotation.unit,
            i32::from(rotation.every),
            &starts_on,
            i32::from(rotation.weekdays),
            from,
            until,
        );
        later!(
            self,
            "DELETE FROM rotation_members WHERE rotation_id = $1",
            rotation.id,
        );
        self.add_members(rotation).await
    }

    async fn add_members(&mut self, rotation: &Rotation) -> Result<(), StoreError> {
        for (position, staff) in (0i32..).zip(&rotation.members) {
            later!(
                self,
                "INSERT INTO rotation_members (rotation_id, position, staff_id) VALUES ($1, $2, $3)",
                rotation.id,
                position,
                *staff,
            );
        }
        Ok(())
    }

    /// Takes a rotation out of its schedule; its row stays for those who look back.
    pub async fn remove_rotation(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE rotations SET removed_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }
}
