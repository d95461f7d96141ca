//! The phones of the simulator, in memory: a restart forgets them. No network, no clock. Floor 4.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::clock::At;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;

/// The most phones. The one that was used least recently makes room; a responder's never does.
const MOST_PHONES: usize = 200;
/// The most texts of one phone. The oldest makes room.
const MOST_TEXTS: usize = 500;

/// Who holds a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Someone who texts the line.
    Texter,
    /// A responder, by the name of the contact.
    OnCall(String),
}

/// One phone. No `Debug`: it holds a number and words.
pub(super) struct Phone {
    /// What stands for it in URLs: random, so that nobody finds a phone by guessing.
    pub(super) id: Uuid,
    pub(super) number: PhoneNumber,
    pub(super) holder: Holder,
    pub(super) texts: VecDeque<Text>,
    next_seq: u64,
}

/// One text on a phone.
#[derive(Clone)]
pub(super) struct Text {
    /// Its place on this phone; keeps counting when old texts are dropped.
    pub(super) seq: u64,
    /// Whether the holder of the phone wrote it.
    pub(super) from_me: bool,
    pub(super) body: MessageBody,
    pub(super) at: At,
    /// It came back in the response to the hook.
    pub(super) inline: bool,
    /// The hook did not take it.
    pub(super) failed: bool,
    /// The provider's id of a text that the holder of the phone wrote.
    pub(super) reference: Option<String>,
    /// The outbox row that it came from: the same row twice is one text.
    pub(super) outbox_id: Option<Uuid>,
}

impl Text {
    /// A text that the holder of the phone writes.
    pub(super) fn written(body: MessageBody, at: At, reference: String) -> Self {
        Self {
            seq: 0,
            from_me: true,
            body,
            at,
            inline: false,
            failed: false,
            outbox_id: None,
            reference: Some(reference),
        }
    }

    /// A text that arrives.
    pub(super) fn arriving(
        body: MessageBody,
        at: At,
        outbox_id: Option<Uuid>,
        inline: bool,
    ) -> Self {
        Self {
            seq: 0,
            from_me: false,
            body,
            at,
            inline,
            failed: false,
            outbox_id,
            reference: None,
        }
    }
}

/// All phones, the least recently used first.
#[derive(Default)]
pub(super) struct Phones(VecDeque<Phone>);

impl Phones {
    /// Puts a new phone in, unless the number has one.
    pub(super) fn add(&mut self, id: Uuid, number: PhoneNumber, holder: Holder) -> bool {
        if self.0.iter().any(|phone| phone.number == number) {
            return false;
        }
        if self.0.len() >= MOST_PHONES
            && let Some(oldest) = self
                .0
                .iter()
                .position(|phone| phone.holder == Holder::Texter)
        {
            self.0.remove(oldest);
        }
        self.0.push_back(Phone {
            id,
            number,
            holder,
            texts: VecDeque::new(),
            next_seq: 1,
        });
        true
    }

    /// The phone of an id.
    pub(super) fn get(&self, id: Uuid) -> Option<&Phone> {
        self.0.iter().find(|phone| phone.id == id)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Phone> {
        self.0.iter()
    }

    /// The id of the phone with this number.
    pub(super) fn id_of(&self, number: &PhoneNumber) -> Option<Uuid> {
        self.0
            .iter()
            .find(|phone| phone.number == *number)
            .map(|phone| phone.id)
    }

    /// The responders' phones, with their names, in the order of the names.
    pub(super) fn on_call(&self) -> Vec<(Uuid, String)> {
        let named = |phone: &Phone| match &phone.holder {
            Holder::OnCall(name) => Some((phone.id, name.clone())),
            Holder::Texter => None,
        };
        let mut found: Vec<(Uuid, String)> = self.0.iter().filter_map(named).collect();
        found.sort_by(|a, b| a.1.cmp(&b.1));
        found
    }

    /// Puts a text on a phone and returns its place; nothing when the phone is gone, or has the
    /// text of this outbox row already.
    pub(super) fn put(&mut self, id: Uuid, mut text: Text) -> Option<u64> {
        let index = self.0.iter().position(|phone| phone.id == id)?;
        let mut phone = self.0.remove(index)?;
        let known = text.outbox_id.is_some()
            && phone
                .texts
                .iter()
                .any(|other| other.outbox_id == text.outbox_id);
        let seq = (!known).then_some(phone.next_seq);
        if let Some(seq) = seq {
            phone.next_seq += 1;
            text.seq = seq;
            if phone.texts.len() == MOST_TEXTS {
                phone.texts.pop_front();
            }
            phone.texts.push_back(text);
        }
        self.0.push_back(phone);
        seq
    }

    /// Whether a phone has the text of this outbox row.
    pub(super) fn have(&self, outbox_id: Uuid) -> bool {
        let mut texts = self.0.iter().flat_map(|phone| &phone.texts);
        texts.any(|text| text.outbox_id == Some(outbox_id))
    }

    /// Marks a text that the hook did not take.
    pub(super) fn failed(&mut self, id: Uuid, seq: u64) {
        let texts = self
            .0
            .iter_mut()
            .filter(|phone| phone.id == id)
            .flat_map(|phone| &mut phone.texts);
        for text in texts.filter(|text| text.seq == seq) {
            text.failed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: usize) -> PhoneNumber {
        PhoneNumber::parse(&format!("+155501{n:05}")).unwrap()
    }

    fn id(n: usize) -> Uuid {
        Uuid::from_u128(n as u128)
    }

    fn arriving(outbox: u128) -> Text {
        Text::arriving(
            MessageBody::new("hello"),
            At(0),
            Some(Uuid::from_u128(outbox)),
            false,
        )
    }

    #[test]
    fn the_same_outbox_row_is_one_text() {
        let mut phones = Phones::default();
        phones.add(id(1), number(1), Holder::Texter);
        assert_eq!(phones.put(id(1), arriving(7)), Some(1));
        assert_eq!(phones.put(id(1), arriving(7)), None);
        assert_eq!(phones.put(id(1), arriving(8)), Some(2));
        assert_eq!(phones.put(id(2), arriving(9)), None, "a phone that is gone");
    }

    #[test]
    fn one_number_has_one_phone() {
        let mut phones = Phones::default();
        assert!(phones.add(id(1), number(1), Holder::Texter));
        assert!(!phones.add(id(2), number(1), Holder::Texter));
        assert_eq!(phones.id_of(&number(1)), Some(id(1)));
    }

    #[test]
    fn memory_is_bounded_and_a_responder_keeps_their_phone() {
        let mut phones = Phones::default();
        phones.add(id(0), number(0), Holder::OnCall("Duty phone".to_owned()));
        for n in 1..=MOST_PHONES {
            phones.add(id(n), number(n), Holder::Texter);
            // The first texter keeps writing, so the second is the one to go.
            let _ = phones.put(
                id(1),
                Text::written(MessageBody::default(), At(0), String::new()),
            );
        }
        assert_eq!(phones.0.len(), MOST_PHONES);
        assert_eq!(phones.on_call(), [(id(0), "Duty phone".to_owned())]);
        assert!(phones.get(id(1)).is_some() && phones.get(id(2)).is_none());
        for n in 0..=MOST_TEXTS {
            let _ = phones.put(id(0), arriving(n as u128));
        }
        let texts = &phones.get(id(0)).unwrap().texts;
        assert_eq!((texts.len(), texts[0].seq), (MOST_TEXTS, 2));
    }

    #[test]
    fn a_text_that_was_not_taken_is_marked() {
        let mut phones = Phones::default();
        phones.add(id(1), number(1), Holder::Texter);
        let seq = phones
            .put(
                id(1),
                Text::written(MessageBody::new("hi"), At(0), String::new()),
            )
            .unwrap();
        phones.failed(id(1), seq);
        assert!(phones.get(id(1)).unwrap().texts[0].failed);
    }
}
