//! Pages: what was sent to whom for an alert, sealed with the house key.

use uuid::Uuid;

use super::outbox::{NewOutbox, OutboxState, Receiver};
use super::tx::later;
use super::{StoreError, Tx};
use crate::clock::At;
use crate::lane::Lane;
use crate::oncall::{Alert, Channel, Contact, Timing, page};
use crate::text::MessageBody;

/// What a text to a responder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PageKind {
    /// A call to take a case.
    Page,
    /// An answer or a piece of news.
    Notice,
}

/// A page or a notice to a responder.
pub struct NewPage<'a> {
    /// The alert that it is about.
    pub alert: Option<Uuid>,
    /// What it is.
    pub kind: PageKind,
    /// Whom it goes to.
    pub contact: &'a Contact,
    /// The words.
    pub words: &'a str,
}

impl Tx {
    /// Sends a page or a notice to a responder through the outbox. `gateway` is the one that texts and
    /// calls leave by unless the contact has one of its own.
    pub async fn send_to_responder(
        &mut self,
        gateway: &str,
        new: &NewPage<'_>,
        now: At,
    ) -> Result<(), StoreError> {
        let (id, outbox_id) = (self.id(now), self.id(now));
        let house = std::sync::Arc::clone(&self.keys);
        let to = &new.contact.to;
        let address = to.address.reveal().as_bytes();
        let address = self.seal(house.house(), "pages.address", id, address);
        let secret = to.secret.as_ref().map(|secret| {
            self.seal(
                house.house(),
                "pages.secret",
                id,
                secret.reveal().as_bytes(),
            )
        });
        let body = self.seal(house.house(), "pages.body", id, new.words.as_bytes());
        later!(
            self,
            "INSERT INTO pages (id, alert_id, kind, contact, address_sealed, body_sealed, at,
                                staff_id, method_id, preset, secret_sealed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            id,
            new.alert,
            new.kind,
            &new.contact.name,
            &address,
            &body,
            now,
            new.contact.staff_id,
            new.contact.method_id,
            to.preset.as_deref(),
            &secret,
        );
        let leaves_by = match to.channel {
            Channel::Sms | Channel::Voice => new.contact.gateway.as_deref().unwrap_or(gateway),
            // They leave by what their section of the configuration says: no gateway, one name each.
            Channel::Email | Channel::Webhook => to.channel.word(),
        };
        self.enqueue(&NewOutbox {
            id: outbox_id,
            lane: Lane::Page,
            channel: to.channel,
            gateway: leaves_by,
            receiver: Receiver::Responder { page_id: id },
            body: &MessageBody::new(new.words),
            state: OutboxState::Queued,
            due_at: now,
            now,
        })
        .await
    }

    /// Sends one round of pages for an alert and moves its ladder on.
    pub async fn page_round(
        &mut self,
        gateway: &str,
        contacts: &[Contact],
        alert: &mut Alert,
        timing: &Timing,
        now: At,
    ) -> Result<(), StoreError> {
        let words = page(alert, now);
        for contact in contacts {
            let new = NewPage {
                alert: Some(alert.id),
                kind: PageKind::Page,
                contact,
                words: &words,
            };
            self.send_to_responder(gateway, &new, now).await?;
        }
        alert.paged(now, timing);
        self.save_alert(alert).await?;
        let detail = serde_json::json!({"code": alert.code, "round": alert.pages, "contacts": contacts.len()});
        self.audit(now, "line", "alert.paged", Some(alert.id), &detail)
            .await
    }
}
