//! Contact methods: how each person is reached. Addresses and secrets are sealed with the house key,
//! addresses are found by blind index.

use uuid::Uuid;

use super::tx::{later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::oncall::{Address, Channel, Method, Secret, Uses};
use crate::phone::PhoneNumber;

/// A new contact method.
#[derive(Clone, Debug)]
pub struct NewMethod<'a> {
    /// Whose it is.
    pub staff_id: Uuid,
    /// How it is reached.
    pub channel: Channel,
    /// What its owner calls it.
    pub label: &'a str,
    /// The gateway of a text or a call; without one, the gateway of all pages.
    pub gateway: Option<&'a str>,
    /// The shape of a webhook's body.
    pub preset: Option<&'a str>,
    /// Where it leads.
    pub address: &'a Address,
    /// What a webhook is signed with, or its receiver's key.
    pub secret: Option<&'a Secret>,
    /// Which pages it is for.
    pub uses: Uses,
}

#[derive(sqlx::FromRow)]
struct MethodRow {
    id: Uuid,
    staff_id: Uuid,
    kind: Channel,
    label: String,
    gateway: Option<String>,
    preset: Option<String>,
    address_sealed: Vec<u8>,
    secret_sealed: Option<Vec<u8>>,
    uses: Uses,
    verified_at: Option<At>,
    tested_at: Option<At>,
    stopped_at: Option<At>,
    disabled_at: Option<At>,
}

/// The methods that are not removed, with a condition, oldest first.
macro_rules! methods {
    ($condition:literal) => {
        concat!(
            "SELECT id, staff_id, kind, label, gateway, preset, address_sealed, secret_sealed, uses,
                    verified_at, tested_at, stopped_at, disabled_at
               FROM contact_methods WHERE removed_at IS NULL",
            $condition,
            " ORDER BY created_at, id"
        )
    };
}

impl Tx {
    /// Keeps a new contact method. `None` when the person has this address already. A number that texted
    /// STOP stays stopped.
    pub async fn add_method(
        &mut self,
        new: &NewMethod<'_>,
        now: At,
    ) -> Result<Option<Uuid>, StoreError> {
        let id = self.id(now);
        let keys = std::sync::Arc::clone(&self.keys);
        let address = new.address.reveal();
        let index = keys.address_index(address);
        let sealed = self.seal(keys.house(), ADDRESS, id, address.as_bytes());
        let secret = new
            .secret
            .map(|secret| self.seal(keys.house(), SECRET, id, secret.reveal().as_bytes()));
        let stopped_at = match new.channel {
            Channel::Sms | Channel::Voice => self.stopped_since(&new.address.number()).await?,
            Channel::Email | Channel::Webhook => None,
        };
        let done = on!(self, |c| {
            sqlx::query(
            "INSERT INTO contact_methods (id, staff_id, kind, label, gateway, preset, address_index,
                                          address_sealed, secret_sealed, uses, created_at, stopped_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (staff_id, kind, address_index) WHERE removed_at IS NULL DO NOTHING"
        )
        .bind(id)
        .bind(new.staff_id)
        .bind(new.channel)
        .bind(new.label)
        .bind(new.gateway)
        .bind(new.preset)
        .bind(&index)
        .bind(&sealed)
        .bind(&secret)
        .bind(new.uses)
        .bind(now)
        .bind(stopped_at)
        .execute(c)
        .await
        .map(|done| done.rows_affected())
        })?;
        Ok((done == 1).then_some(id))
    }

    /// Every method of everyone.
    pub(super) async fn methods(&mut self) -> Result<Vec<Method>, StoreError> {
        let rows: Vec<MethodRow> = on!(self, |c| sqlx::query_as(methods!("")).fetch_all(c).await?);
        Ok(self.readable(rows))
    }

    /// The methods of a person.
    pub async fn methods_of(&mut self, staff: Uuid) -> Result<Vec<Method>, StoreError> {
        let rows: Vec<MethodRow> = on!(self, |c| sqlx::query_as(methods!(" AND staff_id = $1"))
            .bind(staff)
            .fetch_all(c)
            .await?);
        Ok(self.readable(rows))
    }

    /// One method; none when it was removed.
    pub async fn method(&mut self, id: Uuid) -> Result<Option<Method>, StoreError> {
        let row: Option<MethodRow> = on!(self, |c| sqlx::query_as(methods!(" AND id = $1"))
            .bind(id)
            .fetch_optional(c)
            .await?);
        row.map(|row| self.method_from(row)).transpose()
    }

    /// The methods that lead to a number: texts and calls, of whomever.
    pub async fn methods_at(&mut self, number: &PhoneNumber) -> Result<Vec<Method>, StoreError> {
        let index = self.keys.address_index(number.reveal());
        let rows: Vec<MethodRow> = on!(self, |c| sqlx::query_as(methods!(
            " AND address_index = $1 AND kind IN ('sms', 'voice')"
        ))
        .bind(&index)
        .fetch_all(c)
        .await?);
        Ok(self.readable(rows))
    }

    /// Changes what a method is called, the gateway that it leaves by, and what it is for.
    pub async fn change_method(
        &mut self,
        id: Uuid,
        label: &str,
        gateway: Option<&str>,
        uses: Uses,
    ) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET label = $2, gateway = $3, uses = $4 WHERE id = $1",
            id,
            label,
            gateway,
            uses,
        );
        Ok(())
    }

    /// Notes that a person proved that a method reaches them. Its code is spent.
    pub async fn method_verified(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET verified_at = $2, tested_at = $2, code_hash = NULL WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Notes that a page or a test on a method was answered.
    pub async fn method_tested(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET tested_at = $2 WHERE id = $1",
            id,
            now,
        );
        Ok(())
    }

    /// Withdraws what still waits to go out on a method, such as news for the end of quiet hours.
    async fn withdraw_pages_by(&mut self, method: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE outbox SET state = 'withdrawn', done_at = $2
              WHERE done_at IS NULL AND lease_until IS NULL
                AND page_id IN (SELECT id FROM pages WHERE method_id = $1)",
            method,
            now,
        );
        Ok(())
    }

    /// Notes that a phone wants nothing more from us. Who texts STOP is not called either (47 CFR
    /// 64.1200(a)(10): it revokes the consent to both); where only a carrier says so, `texts_only`.
    /// Returns the methods that were in use until now.
    pub async fn methods_stopped(
        &mut self,
        number: &PhoneNumber,
        texts_only: bool,
        now: At,
    ) -> Result<Vec<Method>, StoreError> {
        let mut newly = self.methods_at(number).await?;
        newly.retain(|method| {
            let concerned = method.channel == Channel::Sms || !texts_only;
            concerned && method.stopped_at.is_none()
        });
        for method in &newly {
            later!(
                self,
                "UPDATE contact_methods SET stopped_at = $2 WHERE id = $1",
                method.id,
                now,
            );
            self.withdraw_pages_by(method.id, now).await?;
        }
        Ok(newly)
    }

    /// Takes that back, and returns the methods that are used again.
    pub async fn methods_started(
        &mut self,
        number: &PhoneNumber,
    ) -> Result<Vec<Method>, StoreError> {
        let mut again = self.methods_at(number).await?;
        again.retain(|method| method.stopped_at.is_some());
        for method in &again {
            later!(
                self,
                "UPDATE contact_methods SET stopped_at = NULL WHERE id = $1",
                method.id,
            );
        }
        Ok(again)
    }

    /// Switches a method off (at a time) or on.
    pub async fn method_disabled(&mut self, id: Uuid, at: Option<At>) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET disabled_at = $2 WHERE id = $1",
            id,
            at,
        );
        Ok(())
    }

    /// Removes a method: what it led to is overwritten, and what waits for it is not sent.
    pub async fn remove_method(&mut self, id: Uuid, now: At) -> Result<(), StoreError> {
        later!(
            self,
            "UPDATE contact_methods SET removed_at = $2, address_index = $3, address_sealed = $3,
                    secret_sealed = NULL, code_hash = NULL WHERE id = $1",
            id,
            now,
            Vec::<u8>::new(),
        );
        self.withdraw_pages_by(id, now).await
    }

    /// Removes every method of a person, also those that cannot be read.
    pub(super) async fn remove_methods_of(
        &mut self,
        staff: Uuid,
        now: At,
    ) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = on!(self, |c| {
            sqlx::query_scalar(
            "SELECT id FROM contact_methods WHERE staff_id = $1 AND removed_at IS NULL ORDER BY id"
        )
        .bind(staff)
        .fetch_all(c)
        .await?
        });
        for id in ids {
            self.remove_method(id, now).await?;
        }
        Ok(())
    }

    /// What can be read of rows. A damaged one must not take the others with it.
    fn readable(&self, rows: Vec<MethodRow>) -> Vec<Method> {
        let read = rows.into_iter().map(|row| self.method_from(row));
        read.filter_map(|method| {
            let said =
                |error: &StoreError| tracing::error!(%error, "a contact method cannot be read");
            method.inspect_err(said).ok()
        })
        .collect()
    }

    fn method_from(&self, row: MethodRow) -> Result<Method, StoreError> {
        let house = self.keys.house();
        let secret = row.secret_sealed.as_deref();
        let secret = secret.map(|sealed| open_text(house, SECRET, row.id, sealed));
        Ok(Method {
            address: Address::new(open_text(house, ADDRESS, row.id, &row.address_sealed)?),
            secret: secret.transpose()?.map(Secret::new),
            id: row.id,
            staff_id: row.staff_id,
            channel: row.kind,
            label: row.label,
            gateway: row.gateway,
            preset: row.preset,
            uses: row.uses,
            verified_at: row.verified_at,
            tested_at: row.tested_at,
            stopped_at: row.stopped_at,
            disabled_at: row.disabled_at,
        })
    }
}

const ADDRESS: &str = "contact_methods.address";
const SECRET: &str = "contact_methods.secret";
