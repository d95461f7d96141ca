//! People who can be on call, and time that passes without anybody looking.

use std::time::Duration;

use harborline::clock::Clock;
use harborline::oncall::{Address, Channel, Preset, Secret, Uses};
use harborline::staff::Role;
use harborline::store::{Account, NewMethod, NewStaff};

use super::World;

impl World {
    /// Adds a responder with a verified phone that is texted.
    pub(crate) async fn a_person(&self, name: &str, number: &str) -> Account {
        self.a_person_as(name, number, Role::Responder).await
    }

    /// The same in another role.
    pub(crate) async fn a_person_as(&self, name: &str, number: &str, role: Role) -> Account {
        let (name, address, now) = (name.to_owned(), Address::new(number), self.clock.now());
        let add = self.app.store.write(move |tx| {
            let (name, address) = (name.clone(), address.clone());
            Box::pin(async move {
                let login = name.to_lowercase();
                let new = NewStaff {
                    login: &login,
                    name: &name,
                    role,
                    password_hash: "no password",
                };
                let staff_id = tx.add_staff(&new, now).await?.unwrap();
                let phone = NewMethod {
                    staff_id,
                    channel: Channel::Sms,
                    label: "my phone",
                    gateway: None,
                    preset: None,
                    address: &address,
                    secret: None,
                    uses: Uses::All,
                };
                let method = tx.add_method(&phone, now).await?.unwrap();
                tx.method_verified(method, now).await?;
                tx.staff_by_login(&login).await
            })
        });
        add.await.unwrap().unwrap()
    }

    /// Adds a method that works, beside the others that somebody has.
    pub(crate) async fn a_method(
        &self,
        staff: &Account,
        channel: Channel,
        preset: Option<Preset>,
        address: &str,
    ) {
        let (staff_id, address, now) = (staff.id, Address::new(address), self.clock.now());
        let add = self.app.store.write(move |tx| {
            let address = address.clone();
            Box::pin(async move {
                let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
                let new = NewMethod {
                    staff_id,
                    channel,
                    label: "mine",
                    gateway: None,
                    preset: preset.map(Preset::word),
                    address: &address,
                    secret: preset.is_some().then_some(&secret),
                    uses: Uses::All,
                };
                let method = tx.add_method(&new, now).await?.unwrap();
                tx.method_verified(method, now).await
            })
        });
        add.await.unwrap();
    }

    /// Lets time pass at once, and then the workers work: for hours in which nothing of interest is due
    /// to the second.
    pub(crate) async fn jump(&self, by: Duration) {
        self.clock.advance(by);
        self.settle().await;
    }
}
