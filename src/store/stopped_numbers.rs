//! Numbers of responders that texted STOP: nothing more is sent there until START.

use super::tx::{later, on};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Channel, Contact, Destination};
use crate::phone::PhoneNumber;

impl Tx {
    /// Notes that a number wants nothing more from us. It outlives the contact method: who adds the number
    /// again does not take the STOP back.
    pub async fn number_stopped(
        &mut self,
        number: &PhoneNumber,
        now: At,
    ) -> Result<(), StoreError> {
        let index = self.keys.address_index(number.reveal());
        later!(
            self,
            "INSERT INTO stopped_numbers (address_index, stopped_at) VALUES ($1, $2)
             ON CONFLICT (address_index) DO NOTHING",
            &index,
            now,
        );
        Ok(())
    }

    /// Takes that back.
    pub async fn number_started(&mut self, number: &PhoneNumber) -> Result<(), StoreError> {
        let index = self.keys.address_index(number.reveal());
        later!(
            self,
            "DELETE FROM stopped_numbers WHERE address_index = $1",
            &index,
        );
        Ok(())
    }

    /// Since when a number wants nothing more from us.
    pub async fn stopped_since(&mut self, number: &PhoneNumber) -> Result<Option<At>, StoreError> {
        let index = self.keys.address_index(number.reveal());
        Ok(on!(self, |c| sqlx::query_scalar(
            "SELECT stopped_at FROM stopped_numbers WHERE address_index = $1"
        )
        .bind(&index)
        .fetch_optional(c)
        .await?))
    }

    /// Whether nothing may be sent there.
    pub(super) async fn is_stopped(&mut self, to: &Destination) -> Result<bool, StoreError> {
        match to.channel {
            Channel::Sms | Channel::Voice => {
                Ok(self.stopped_since(&to.address.number()).await?.is_some())
            }
            Channel::Email | Channel::Webhook => Ok(false),
        }
    }

    /// Contacts without those whose number texted STOP.
    pub async fn without_stopped(
        &mut self,
        contacts: &[Contact],
    ) -> Result<Vec<Contact>, StoreError> {
        let mut left = Vec::with_capacity(contacts.len());
        for contact in contacts {
            if !self.is_stopped(&contact.to).await? {
                left.push(contact.clone());
            }
        }
        Ok(left)
    }
}
