//! Acknowledge: a responder takes a case, by text, by a key in a call, by the link in a page, or on
//! the dashboard. All of them come here, so that the first one has it and the others hear of it. Floor 3.
//!
//! It does not claim: whoever takes a case says that they are awake, and has until the next clock to
//! open the conversation.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::feed::{Feed, Signal};
use crate::oncall::{
    Acknowledged, Acknowledgement, Alert, Channel, Contact, Desk, Person, Taken, acknowledged,
    acknowledgement, already_taken, is_among, marked, one_of, taken_by,
};
use crate::phone::PhoneNumber;
use crate::store::{Account, NewPage, PageKind, Store, StoreError, Tx};

/// Takes cases for who is not texting.
pub struct Acknowledge {
    /// Where cases are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The clocks of an alert.
    pub desk: Arc<Desk>,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

/// Who answers a page: an account, or a contact of the configuration.
#[derive(Clone, Debug)]
pub struct Responder {
    /// How others see them.
    pub name: String,
    /// The account.
    pub staff_id: Option<Uuid>,
    /// Where they are, for times that they are told.
    pub zone: TimeZone,
}

/// How a case was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By text.
    Text,
    /// By a key in a call.
    Key,
    /// By the link in a page.
    Link,
    /// On the dashboard.
    Dashboard,
}

impl How {
    const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Key => "key",
            Self::Link => "link",
            Self::Dashboard => "dashboard",
        }
    }
}

/// What came of it, for who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The code of the case.
    pub code: String,
    /// Its conversation.
    pub conversation: Uuid,
    /// What came of it.
    pub outcome: Acknowledged,
    /// The same in words.
    pub words: String,
}

impl Acknowledge {
    /// A member of staff takes the open case of a conversation. `None` when none is open.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn conversation(
        &self,
        staff: &Account,
        conversation: Uuid,
    ) -> Result<Option<Answer>, StoreError> {
        let which = Which::Conversation(conversation);
        self.by_staff(staff, which, How::Dashboard).await
    }

    /// A member of staff takes the case of a link. `None` when it is closed.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn case(&self, staff: &Account, alert: Uuid) -> Result<Option<Answer>, StoreError> {
        self.by_staff(staff, Which::Alert(alert), How::Link).await
    }

    /// Whoever was called for this page takes its case by a key; of several, one that waits still. `None`
    /// when it is closed, or no page to a person.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn key(&self, page: Uuid) -> Result<Option<Answer>, StoreError> {
        let (now, desk) = (self.clock.now(), Arc::clone(&self.desk));
        let unit = self.store.write(move |tx| {
            let desk = Arc::clone(&desk);
            Box::pin(async move {
                let Some(paged) = tx.paged(page).await? else {
                    return Ok(None);
                };
                let who = match paged.staff_id {
                    Some(id) => match tx.person(id).await? {
                        Some(person) => Responder::person(&person),
                        None => return Ok(None),
                    },
                    None => Responder::contact(&paged.contact, &desk),
                };
                if let Some(method) = paged.method_id {
                    tx.method_tested(method, now).await?;
                }
                let Some(mut alert) = meant(tx, page, paged.alert, &who).await? else {
                    return Ok(None);
                };
                Ok(Some(
                    answer(tx, &desk, &mut alert, &who, How::Key, now).await?,
                ))
            })
        });
        let taken = unit.await?;
        self.tell_pages(taken.as_ref());
        Ok(taken)
    }

    async fn by_staff(
        &self,
        staff: &Account,
        which: Which,
        how: How,
    ) -> Result<Option<Answer>, StoreError> {
        let (now, work) = (
            self.clock.now(),
            Arc::new((Arc::clone(&self.desk), staff.clone())),
        );
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (desk, staff) = &*work;
                let found = match which {
                    Which::Alert(id) => tx.alert_to_change(id).await?,
                    Which::Conversation(id) => tx.open_alert(id).await?,
                };
                let Some(mut alert) = found else {
                    return Ok(None);
                };
                let who = Responder::staff(tx, staff, desk).await?;
                Ok(Some(answer(tx, desk, &mut alert, &who, how, now).await?))
            })
        });
        let taken = unit.await?;
        self.tell_pages(taken.as_ref());
        Ok(taken)
    }

    fn tell_pages(&self, taken: Option<&Answer>) {
        if let Some(taken) = taken {
            self.feed.wake_outbox();
            self.feed.signal(Signal::Queue);
            self.feed.signal(Signal::Conversation(taken.conversation));
        }
    }
}

/// Which case the key in a call takes: the one that they have already, so that a key which is told twice takes
/// one case; else the first that waits, from the one that the call names; else that one.
async fn meant(
    tx: &mut Tx,
    page: Uuid,
    named: Option<Uuid>,
    who: &Responder,
) -> Result<Option<Alert>, StoreError> {
    let mut cases = tx.alerts_of_page(page).await?;
    cases.sort_by_key(|alert| (Some(alert.id) != named, alert.urgency(), alert.opened_at));
    let mut place = None;
    for (nth, alert) in cases.iter().enumerate() {
        let there = tx.acknowledgements(alert.id).await?;
        if is_among(&there, who.staff_id, &who.name) {
            place = Some(nth);
            break;
        }
        if alert.acknowledged.is_none() && place.is_none() {
            place = Some(nth);
        }
    }
    let place = place.unwrap_or_default();
    Ok((place < cases.len()).then(|| cases.swap_remove(place)))
}

/// Which case is meant.
#[derive(Clone, Copy)]
enum Which {
    Alert(Uuid),
    Conversation(Uuid),
}

impl Responder {
    /// A contact of the configuration, by name.
    #[must_use]
    pub fn contact(name: &str, desk: &Desk) -> Self {
        Self {
            name: name.to_owned(),
            staff_id: None,
            zone: desk.zone.clone(),
        }
    }

    /// A person.
    #[must_use]
    pub fn person(person: &Person) -> Self {
        Self {
            name: person.name.clone(),
            staff_id: Some(person.id),
            zone: person.zone.clone(),
        }
    }

    /// A member of staff who is signed in.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn staff(tx: &mut Tx, staff: &Account, desk: &Desk) -> Result<Self, StoreError> {
        let person = tx.person(staff.id).await?;
        Ok(person.map_or_else(
            || Self {
                name: staff.name.clone(),
                staff_id: Some(staff.id),
                zone: desk.zone.clone(),
            },
            |person| Self::person(&person),
        ))
    }

    /// Whoever texts from this number, with the way back to them: a person whose phone it is, proved by
    /// them, else a contact of the configuration. Where several share a phone, the one with a page for
    /// this case, else the first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn texting(
        tx: &mut Tx,
        number: &PhoneNumber,
        desk: &Desk,
    ) -> Result<Vec<(Self, Contact)>, StoreError> {
        let mut texting = Vec::new();
        for method in tx.methods_at(number).await? {
            if method.verified_at.is_none() || method.disabled_at.is_some() {
                continue;
            }
            let Some(person) = tx.person(method.staff_id).await? else {
                continue;
            };
            let contact = Contact::of(&person, &method);
            if contact.texts_from().is_some() {
                texting.push((Self::person(&person), contact));
            }
        }
        if let Some(contact) = desk.roster.contact(number) {
            texting.push((Self::contact(&contact.name, desk), contact.clone()));
        }
        Ok(texting)
    }

    /// Whether a contact leads to this responder.
    #[must_use]
    pub fn is_reached_by(&self, contact: &Contact) -> bool {
        match (self.staff_id, contact.staff_id) {
            (None, None) => self.name == contact.name,
            (ours, theirs) => ours == theirs,
        }
    }
}

/// Takes a case and says what came of it.
pub(crate) async fn answer(
    tx: &mut Tx,
    desk: &Desk,
    alert: &mut Alert,
    who: &Responder,
    how: How,
    now: At,
) -> Result<Answer, StoreError> {
    let outcome = take(tx, desk, alert, who, how, now).await?;
    let words = match &outcome {
        Acknowledged::Yours => {
            let by_phone = desk.by_phone && how == How::Text && who.staff_id.is_some();
            acknowledged(&alert.code, &desk.public_url, by_phone)
        }
        Acknowledged::More(more) => one_of(&alert.code, *more, &desk.public_url),
        Acknowledged::Already(taken) => already_taken(&alert.code, taken, &who.zone),
    };
    let words = marked(alert.drill.is_some(), words);
    Ok(Answer {
        code: alert.code.clone(),
        conversation: alert.conversation_id,
        outcome,
        words,
    })
}

/// Takes a case: once enough people have, pages stop, the next clock starts, and the others who were
/// paged hear who has it. The alert is saved.
pub(crate) async fn take(
    tx: &mut Tx,
    desk: &Desk,
    alert: &mut Alert,
    who: &Responder,
    how: How,
    now: At,
) -> Result<Acknowledged, StoreError> {
    let mut there = tx.acknowledgements(alert.id).await?;
    let known = is_among(&there, who.staff_id, &who.name);
    let needed = tx.acknowledgements_needed(alert).await?;
    let outcome = acknowledgement(alert, &there, (who.staff_id, &who.name), needed);
    let more = match outcome {
        Acknowledged::More(_) if known => return Ok(outcome),
        Acknowledged::More(more) => more,
        _ if alert.acknowledged.is_some() => return Ok(outcome),
        _ => 0,
    };
    if !known {
        there.push(is_there(tx, alert, who, now).await?);
    }
    let detail = json!({
        "code": alert.code, "by": who.name, "staff": who.staff_id, "how": how.word(), "more": more,
    });
    tx.audit(
        now,
        &who.name,
        "alert.acknowledged",
        Some(alert.id),
        &detail,
    )
    .await?;
    if more == 0 {
        enough(tx, desk, alert, &there, now).await?;
        tx.save_alert(alert).await?;
    }
    Ok(outcome)
}

/// Writes down that somebody has acknowledged.
async fn is_there(
    tx: &mut Tx,
    alert: &Alert,
    who: &Responder,
    now: At,
) -> Result<Acknowledgement, StoreError> {
    let new = Acknowledgement {
        staff_id: who.staff_id,
        name: who.name.clone(),
        at: now,
    };
    tx.acknowledge(alert.id, &new).await?;
    Ok(new)
}

/// Takes a case from somebody: they hear of it in these words, and what they had acknowledged is undone.
/// The others who were paged hear who has it. The claim is the caller's.
pub(crate) async fn take_from(
    tx: &mut Tx,
    desk: &Desk,
    alert: &mut Alert,
    (from, words): (Uuid, &str),
    who: &Responder,
    now: At,
) -> Result<(), StoreError> {
    tell(tx, desk, alert, from, words, now).await?;
    tx.forget_acknowledgement(alert.id, from).await?;
    alert.given_up();
    let mut there = tx.acknowledgements(alert.id).await?;
    if !is_among(&there, who.staff_id, &who.name) {
        there.push(is_there(tx, alert, who, now).await?);
    }
    let needed = usize::from(tx.acknowledgements_needed(alert).await?).max(1);
    if there.len() >= needed {
        return enough_but(tx, desk, alert, &there, Some(from), now).await;
    }
    // The policy asks for more people than are left.
    alert.next_page_at = Some(now);
    Ok(())
}

/// Tells one person about a case, by whatever reaches them now; never by a call, which is for pages.
pub(crate) async fn tell(
    tx: &mut Tx,
    desk: &Desk,
    alert: &Alert,
    staff: Uuid,
    words: &str,
    now: At,
) -> Result<(), StoreError> {
    let Some(person) = tx.person(staff).await? else {
        return Ok(());
    };
    let words = marked(alert.drill.is_some(), words.to_owned());
    for method in person.reached_by(alert.urgency().is_crisis(), now) {
        if method.channel == Channel::Voice {
            continue;
        }
        let notice = NewPage {
            alert: Some(alert.id),
            kind: PageKind::Notice,
            contact: &Contact::of(&person, method),
            words: &words,
        };
        tx.send_to_responder(&desk.gateway, &notice, now).await?;
    }
    Ok(())
}

/// Notes that enough people have acknowledged, and tells the others who were paged.
pub(crate) async fn enough(
    tx: &mut Tx,
    desk: &Desk,
    alert: &mut Alert,
    there: &[Acknowledgement],
    now: At,
) -> Result<(), StoreError> {
    enough_but(tx, desk, alert, there, None, now).await
}

/// The same, where somebody has heard of it already.
async fn enough_but(
    tx: &mut Tx,
    desk: &Desk,
    alert: &mut Alert,
    there: &[Acknowledgement],
    told: Option<Uuid>,
    now: At,
) -> Result<(), StoreError> {
    let names: Vec<&str> = there.iter().map(|one| one.name.as_str()).collect();
    let by = names.join(" and ");
    let words = marked(alert.drill.is_some(), taken_by(&alert.code, &by));
    let paged = tx
        .contacts_of_case(&desk.roster.fallback, alert, now)
        .await?;
    let is_there = |contact: &Contact| is_among(there, contact.staff_id, &contact.name);
    let knows =
        |contact: &&Contact| is_there(contact) || (told.is_some() && contact.staff_id == told);
    for contact in paged.iter().filter(|contact| !knows(contact)) {
        let notice = NewPage {
            alert: Some(alert.id),
            kind: PageKind::Taken,
            contact,
            words: &words,
        };
        tx.send_to_responder(&desk.gateway, &notice, now).await?;
    }
    alert.taken(Taken { by, at: now }, &desk.clocks);
    Ok(())
}
