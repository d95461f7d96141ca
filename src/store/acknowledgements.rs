//! Acknowledgements: who has said that they take a case, until it is opened again.

use uuid::Uuid;

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Acknowledgement, Alert};

#[derive(sqlx::FromRow)]
struct AcknowledgementRow {
    staff_id: Option<Uuid>,
    name: String,
    at: At,
}

impl Tx {
    /// Who has acknowledged an alert, the first one first.
    pub async fn acknowledgements(
        &mut self,
        alert: Uuid,
    ) -> Result<Vec<Acknowledgement>, StoreError> {
        let rows: Vec<AcknowledgementRow> = on!(self, |c| sqlx::query_as(
            "SELECT a.staff_id, COALESCE(s.name, a.contact) AS name, a.at
               FROM acknowledgements a LEFT JOIN staff s ON s.id = a.staff_id
              WHERE a.alert_id = $1 ORDER BY a.at, a.contact"
        )
        .bind(alert)
        .fetch_all(c)
        .await?);
        let read = rows.into_iter().map(|row| Acknowledgement {
            staff_id: row.staff_id,
            name: row.name,
            at: row.at,
        });
        Ok(read.collect())
    }

    /// How many people must acknowledge an alert: what its policy says, or the one that would page for it.
    pub async fn acknowledgements_needed(&mut self, alert: &Alert) -> Result<u16, StoreError> {
        let mut policy = alert.policy_id;
        if policy.is_none() {
            let assigned = self.assigned_policies().await?;
            policy = assigned.get(&alert.urgency()).copied();
        }
        let acks: Option<i32> = on!(self, |c| sqlx::query_scalar(
            "SELECT acks FROM policies WHERE id = $1 AND removed_at IS NULL"
        )
        .bind(policy)
        .fetch_optional(c)
        .await?);
        Ok(acks.and_then(|acks| u16::try_from(acks).ok()).unwrap_or(1))
    }

    /// Keeps an acknowledgement, once a person.
    pub async fn acknowledge(
        &mut self,
        alert: Uuid,
        new: &Acknowledgement,
    ) -> Result<(), StoreError> {
        // Two people may have one name: an account is known by its id.
        let contact = match new.staff_id {
            Some(id) => id.to_string(),
            None => new.name.clone(),
        };
        later!(
            self,
            "INSERT INTO acknowledgements (alert_id, contact, staff_id, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (alert_id, contact) DO NOTHING",
            alert,
            contact,
            new.staff_id,
            new.at,
        );
        Ok(())
    }

    /// Forgets the acknowledgement of one person, from whom an alert is taken, and those of contacts of
    /// the configuration: they may be the same person's phone. Those of others stay.
    pub async fn forget_acknowledgement(
        &mut self,
        alert: Uuid,
        staff: Uuid,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM acknowledgements
              WHERE alert_id = $1 AND (staff_id = $2 OR staff_id IS NULL)",
            alert,
            staff,
        );
        Ok(())
    }

    /// Forgets who acknowledged an alert: it is opened again. The audit log remembers.
    pub async fn forget_acknowledgements(&mut self, alert: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "DELETE FROM acknowledgements WHERE alert_id = $1",
            alert
        );
        Ok(())
    }
}
