//! That what is sealed opens where it should, and nowhere else.

use uuid::Uuid;

use super::*;
use crate::id::SeededIds;
use crate::phone::PhoneNumber;

fn place(column: &'static str, row: u128) -> Place {
    Place {
        column,
        row: Uuid::from_u128(row),
    }
}

#[test]
fn sealed_words_open_in_their_own_place_only() {
    let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
    let sealed = keys.house().seal(&ids, place("pages.body", 1), b"words");
    assert_eq!(
        &**keys.house().open(place("pages.body", 1), &sealed).unwrap(),
        b"words"
    );
    for elsewhere in [place("pages.body", 2), place("pages.address", 1)] {
        assert_eq!(
            keys.house().open(elsewhere, &sealed).unwrap_err(),
            CryptoError::Damaged
        );
    }
}

#[test]
fn another_key_and_damage_are_told_apart() {
    let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
    let mut sealed = keys.house().seal(&ids, place("pages.body", 1), b"words");
    let other = Keyring::new(&[8; 32]);
    assert_eq!(
        other
            .house()
            .open(place("pages.body", 1), &sealed)
            .unwrap_err(),
        CryptoError::OtherKey
    );
    *sealed.last_mut().unwrap() ^= 1;
    assert_eq!(
        keys.house()
            .open(place("pages.body", 1), &sealed)
            .unwrap_err(),
        CryptoError::Damaged
    );
    assert_eq!(
        keys.house().open(place("pages.body", 1), &[]).unwrap_err(),
        CryptoError::Damaged
    );
}

#[test]
fn the_same_words_seal_to_other_bytes_each_time() {
    let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
    let seal = || keys.house().seal(&ids, place("pages.body", 1), b"words");
    assert_ne!(seal(), seal());
}

#[test]
fn a_texter_key_is_bound_to_its_texter() {
    let (ids, keys) = (SeededIds::new(1), Keyring::new(&[7; 32]));
    let (key, wrapped) = keys.new_texter_key(&ids, Uuid::from_u128(1));
    let sealed = key.seal(&ids, place("messages.body", 9), b"words");
    let again = keys.texter_key(Uuid::from_u128(1), &wrapped).unwrap();
    assert_eq!(
        &**again.open(place("messages.body", 9), &sealed).unwrap(),
        b"words"
    );
    assert!(keys.texter_key(Uuid::from_u128(2), &wrapped).is_err());
}

#[test]
fn the_index_of_a_number_depends_on_the_key() {
    let number = PhoneNumber::parse("+15550100123").unwrap();
    let index = Keyring::new(&[7; 32]).number_index(&number);
    assert_eq!(index, Keyring::new(&[7; 32]).number_index(&number));
    assert_ne!(index, Keyring::new(&[8; 32]).number_index(&number));
    assert_eq!(index.len(), 32);
    let responder = Keyring::new(&[7; 32]).address_index(number.reveal());
    assert_ne!(index, responder, "a texter and a responder are not linked");
}
