//! Pages: what was sent to whom for an alert, sealed with the house key.

use uuid::Uuid;

use super::outbox::{NewOutbox, OutboxState, Receiver};
use super::texters::Texter;
use super::tx::{later, on, open_text};
use super::{StoreError, Tx};
use crate::clock::At;
use crate::crypto::SealingKey;
use crate::lane::Lane;
use crate::oncall::{
    Address, Alert, Channel, Contact, Destination, PageKind, Person, Secret, called_anew, marked,
    once_each, over,
};
use crate::text::MessageBody;

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

/// A page that was sent.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Paged {
    /// The alert that it is about; of several, the first.
    pub alert: Option<Uuid>,
    /// Whom it went to, by name.
    pub contact: String,
    /// Their account; none for a contact of the configuration.
    pub staff_id: Option<Uuid>,
    /// The contact method.
    pub method_id: Option<Uuid>,
}

#[derive(sqlx::FromRow)]
struct TrackedRow {
    id: Uuid,
    contact: String,
    staff_id: Option<Uuid>,
    method_id: Option<Uuid>,
    preset: Option<String>,
    address_sealed: Vec<u8>,
    secret_sealed: Option<Vec<u8>>,
}

impl TrackedRow {
    fn contact(self, house: &SealingKey) -> Result<Contact, StoreError> {
        let secret = self.secret_sealed.as_deref();
        let secret = secret.map(|sealed| open_text(house, "pages.secret", self.id, sealed));
        let address = open_text(house, "pages.address", self.id, &self.address_sealed)?;
        Ok(Contact {
            name: self.contact,
            staff_id: self.staff_id,
            method_id: self.method_id,
            gateway: None,
            to: Destination {
                channel: Channel::Webhook,
                address: Address::new(address),
                preset: self.preset,
                secret: secret.transpose()?.map(Secret::new),
            },
        })
    }
}

/// Only texts: by another channel a page that cannot leave is given up soon, and the operator hears of it.
const OVERTAKEN: &str = "UPDATE outbox SET state = $2, done_at = $3
  WHERE done_at IS NULL AND lane = 'page' AND channel = 'sms'
    AND (lease_until IS NULL OR lease_until <= $3)
    AND EXISTS (SELECT 1 FROM pages p JOIN pages n ON n.id = $1
      WHERE p.id = outbox.page_id AND p.kind = 'page' AND p.at < n.at
        AND (p.method_id = n.method_id
             OR (p.method_id IS NULL AND n.method_id IS NULL AND p.contact = n.contact))
        AND (p.alert_id = n.alert_id
             OR p.alert_id IN (SELECT alert_id FROM paged_cases WHERE page_id = n.id))
        AND NOT EXISTS (SELECT 1 FROM paged_cases c
                         WHERE c.page_id = p.id AND c.alert_id <> n.alert_id
                           AND c.alert_id NOT IN (SELECT alert_id FROM paged_cases WHERE page_id = n.id))
        AND EXISTS (SELECT 1 FROM outbox s WHERE s.page_id = n.id AND s.done_at IS NULL))";

impl Tx {
    /// Sends a page or a notice to a responder through the outbox. `gateway` is the one that texts and
    /// calls leave by unless the contact has one of its own. Returns the page.
    pub async fn send_to_responder(
        &mut self,
        gateway: &str,
        new: &NewPage<'_>,
        now: At,
    ) -> Result<Uuid, StoreError> {
        self.page(gateway, new, None, (now, now)).await
    }

    /// Sends the same notice to each of these contacts, about an alert or about none.
    pub async fn send_notice(
        &mut self,
        gateway: &str,
        alert: Option<Uuid>,
        contacts: &[Contact],
        words: &str,
        now: At,
    ) -> Result<(), StoreError> {
        for contact in contacts {
            let notice = NewPage {
                alert,
                kind: PageKind::Notice,
                contact,
                words,
            };
            self.send_to_responder(gateway, &notice, now).await?;
        }
        Ok(())
    }

    /// Tells a person news that can wait, by every method of theirs that is for it: now, or at the end of
    /// their quiet hours. Says when, if anything reaches them.
    pub async fn tell_person(
        &mut self,
        gateway: &str,
        person: &Person,
        words: &str,
        now: At,
    ) -> Result<Option<At>, StoreError> {
        let (methods, when) = person.told_on(now);
        for method in &methods {
            let notice = NewPage {
                alert: None,
                kind: PageKind::Notice,
                contact: &Contact::of(person, method),
                words,
            };
            self.page(gateway, &notice, None, (when, now)).await?;
        }
        Ok((!methods.is_empty()).then_some(when))
    }

    /// The same for a text that carries words of a texter: they are sealed with the texter's key.
    pub async fn quote_to_responder(
        &mut self,
        gateway: &str,
        new: &NewPage<'_>,
        texter: &Texter,
        now: At,
    ) -> Result<(), StoreError> {
        self.page(gateway, new, Some(texter), (now, now))
            .await
            .map(|_| ())
    }

    /// Keeps a page and puts it in the outbox. What waits until `when` counts from then on: it is not late
    /// before.
    async fn page(
        &mut self,
        gateway: &str,
        new: &NewPage<'_>,
        whose: Option<&Texter>,
        (when, now): (At, At),
    ) -> Result<Uuid, StoreError> {
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
        let key = whose.map_or_else(|| house.house(), |texter| &texter.key);
        let body = self.seal(key, "pages.body", id, new.words.as_bytes());
        later!(
            self,
            "INSERT INTO pages (id, alert_id, kind, contact, address_sealed, body_sealed, at,
                                staff_id, method_id, preset, secret_sealed, texter_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            id,
            new.alert,
            new.kind,
            &new.contact.name,
            &address,
            &body,
            when,
            new.contact.staff_id,
            new.contact.method_id,
            to.preset.as_deref(),
            &secret,
            whose.map(|texter| texter.id),
        );
        if self.is_stopped(to).await? {
            // Kept as what should have gone out, and not sent: they texted STOP.
            return Ok(id);
        }
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
            due_at: when,
            now: when,
        })
        .await?;
        Ok(id)
    }

    /// Tells the receivers that keep track of cases, and were paged for this one, that it is over.
    pub async fn tell_over(
        &mut self,
        gateway: &str,
        alert: &Alert,
        now: At,
    ) -> Result<(), StoreError> {
        let words = over(&alert.code);
        self.call_over(gateway, alert, words, Destination::tracks_cases, now)
            .await
    }

    /// Tells the receivers that ring once for what they know, and were paged for this one, that the last call
    /// for it is over: the next one is new to them, and rings.
    pub async fn tell_anew(
        &mut self,
        gateway: &str,
        alert: &Alert,
        now: At,
    ) -> Result<(), StoreError> {
        let words = called_anew(&alert.code);
        self.call_over(gateway, alert, words, Destination::rings_once, now)
            .await
    }

    async fn call_over(
        &mut self,
        gateway: &str,
        alert: &Alert,
        words: String,
        hears: fn(&Destination) -> bool,
        now: At,
    ) -> Result<(), StoreError> {
        let rows: Vec<TrackedRow> = on!(self, |c| {
            sqlx::query_as(
            "SELECT id, contact, staff_id, method_id, preset, address_sealed, secret_sealed
               FROM pages WHERE alert_id = $1 AND kind = 'page' AND preset IS NOT NULL ORDER BY id DESC"
        )
        .bind(alert.id)
        .fetch_all(c)
        .await?
        });
        let house = std::sync::Arc::clone(&self.keys);
        let mut told: Vec<Contact> = Vec::new();
        for row in rows {
            let contact = row.contact(house.house())?;
            if hears(&contact.to) && !told.iter().any(|other| other.to == contact.to) {
                told.push(contact);
            }
        }
        let words = marked(alert.drill.is_some(), words);
        for contact in &told {
            let over = NewPage {
                alert: Some(alert.id),
                kind: PageKind::Over,
                contact,
                words: &words,
            };
            self.send_to_responder(gateway, &over, now).await?;
        }
        Ok(())
    }

    /// Notes that one page speaks of several cases: each of them was told once it is accepted.
    pub async fn page_speaks_of(&mut self, page: Uuid, alert: Uuid) -> Result<(), StoreError> {
        later!(
            self,
            "INSERT INTO paged_cases (page_id, alert_id) VALUES ($1, $2)",
            page,
            alert,
        );
        Ok(())
    }

    /// Takes back the texts to the same phone that wait to leave and that a page has overtaken, because it
    /// speaks of all of their cases, too. Of a page that was not sent they are none.
    pub async fn withdraw_overtaken(&mut self, page: Uuid, now: At) -> Result<(), StoreError> {
        later!(self, OVERTAKEN, page, OutboxState::Withdrawn, now);
        Ok(())
    }

    /// Whom a page went to, and for what.
    pub async fn paged(&mut self, page: Uuid) -> Result<Option<Paged>, StoreError> {
        Ok(on!(self, |c| sqlx::query_as(
            "SELECT alert_id AS alert, contact, staff_id, method_id FROM pages
              WHERE id = $1 AND kind = 'page'"
        )
        .bind(page)
        .fetch_optional(c)
        .await?))
    }

    /// Whether somebody was paged for a case: an account, or a contact of the configuration by name.
    pub async fn was_paged(
        &mut self,
        alert: Uuid,
        (staff, contact): (Option<Uuid>, &str),
    ) -> Result<bool, StoreError> {
        Ok(on!(self, |c| {
            sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pages
              WHERE kind = 'page' AND (staff_id = $2 OR ($2 IS NULL AND staff_id IS NULL AND contact = $3))
                AND (alert_id = $1 OR id IN (SELECT page_id FROM paged_cases WHERE alert_id = $1)))"
        )
        .bind(alert)
        .bind(staff)
        .bind(contact)
        .fetch_one(c)
        .await?
        }))
    }

    /// Everyone who has to do with a case, by what was paged for it or, for who has it without having
    /// been paged, by whatever reaches them; never by a call, which is for pages. While nobody was paged,
    /// the contacts of the configuration.
    pub async fn contacts_of_case(
        &mut self,
        fallback: &[Contact],
        alert: &Alert,
        now: At,
    ) -> Result<Vec<Contact>, StoreError> {
        let rows: Vec<(String, Option<Uuid>, Option<Uuid>)> = on!(self, |c| sqlx::query_as(
            "SELECT contact, staff_id, method_id FROM pages
              WHERE kind = 'page' AND (alert_id = $1
                    OR id IN (SELECT page_id FROM paged_cases WHERE alert_id = $1))
              GROUP BY contact, staff_id, method_id ORDER BY contact, staff_id, method_id"
        )
        .bind(alert.id)
        .fetch_all(c)
        .await?);
        let mut holders: Vec<Uuid> = alert.claimed.iter().map(|(staff, _)| *staff).collect();
        for one in self.acknowledgements(alert.id).await? {
            holders.extend(one.staff_id);
        }
        let known = rows.iter().any(|(_, staff, _)| staff.is_some()) || !holders.is_empty();
        let people = if known {
            self.people().await?
        } else {
            Vec::new()
        };
        let mut contacts = Vec::new();
        // In the order of the configuration.
        let named = |name: &str| {
            let mut rows = rows.iter();
            rows.any(|(contact, staff, _)| staff.is_none() && contact == name)
        };
        contacts.extend(fallback.iter().filter(|one| named(&one.name)).cloned());
        for (_, staff, method) in &rows {
            let person = people.iter().find(|person| Some(person.id) == *staff);
            let by = |person: &Person| {
                let works = person.methods.iter().filter(|method| method.works());
                let mut by = works.filter(|works| Some(works.id) == *method);
                by.next().map(|method| Contact::of(person, method))
            };
            contacts.extend(person.and_then(by));
        }
        for holder in holders {
            let was_paged = contacts.iter().any(|one| one.staff_id == Some(holder));
            if let Some(person) = people.iter().find(|person| person.id == holder)
                && !was_paged
            {
                let methods = person.reached_by(alert.urgency().is_crisis(), now);
                contacts.extend(
                    methods
                        .into_iter()
                        .map(|method| Contact::of(person, method)),
                );
            }
        }
        // Nobody was paged, or nobody of them can be reached any more.
        if contacts.is_empty() {
            return Ok(fallback.to_vec());
        }
        contacts.retain(|contact| contact.to.channel != Channel::Voice);
        Ok(once_each(contacts))
    }
}
