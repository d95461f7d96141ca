//! Whatever is sealed opens in its own place, with its own key, as it was, and in no other way: in both sealed
//! forms, that of a row and that of a texter's wrapped key.

use std::sync::Arc;

use proptest::prelude::*;

use super::keystore::{Keystore, SEED_ID};
use super::sealing::{KEY_ID, NONCE};
use super::*;
use crate::id::SeededIds;

/// Columns as they are in the tables; some are the beginning of others.
const COLUMNS: [&str; 6] = [
    "messages.body",
    "messages.body_",
    "messages.verdict",
    "notes.body",
    "texters.number",
    "texters.number\0",
];

/// A row, a column, and who the texter is.
fn any_place() -> impl Strategy<Value = (usize, u128, u128)> {
    (0..COLUMNS.len(), any::<u128>(), any::<u128>())
}

fn place((column, row, _): (usize, u128, u128)) -> Place {
    Place {
        column: COLUMNS[column],
        row: Uuid::from_u128(row),
    }
}

/// A keyring with seeds, in a folder of its own.
fn seeded(master: u8, folder: &std::path::Path) -> Keyring {
    let ids = Arc::new(SeededIds::new(u64::from(master)));
    let store = Keystore::open(folder, ids).unwrap();
    store.make_ahead().unwrap();
    Keyring::of(&[Zeroizing::new([master; 32])], Some(Arc::new(store)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_row_opens_in_its_own_place_with_the_key_of_its_texter_alone(
        here in any_place(), there in any_place(), words in proptest::collection::vec(any::<u8>(), 0..80), seed: u64,
    ) {
        let (ids, keys) = (SeededIds::new(seed), Keyring::new(&[7; 32]));
        let (one, _) = keys.new_texter_key(&ids, Uuid::from_u128(here.2));
        let (other, _) = keys.new_texter_key(&ids, Uuid::from_u128(there.2));
        let sealed = one.seal(&ids, place(here), &words);
        prop_assert_eq!(&**one.open(place(here), &sealed).unwrap(), words.as_slice());
        if (here.0, here.1) != (there.0, there.1) {
            prop_assert_eq!(one.open(place(there), &sealed).unwrap_err(), CryptoError::Damaged);
        }
        // Another texter's key, that of the house, that of the spool.
        for wrong in [&other, keys.house(), keys.spool()] {
            prop_assert_eq!(wrong.open(place(here), &sealed).unwrap_err(), CryptoError::OtherKey);
        }
    }

    #[test]
    fn one_changed_byte_more_or_less_opens_nothing(
        here in any_place(), words in proptest::collection::vec(any::<u8>(), 0..80), at: prop::sample::Index, bit in 0..8_u8, more: u8, seed: u64,
    ) {
        let (ids, keys) = (SeededIds::new(seed), Keyring::new(&[7; 32]));
        let sealed = keys.house().seal(&ids, place(here), &words);
        let opens = |bytes: &[u8]| keys.house().open(place(here), bytes).is_ok();
        prop_assert!(opens(&sealed));
        let mut changed = sealed.clone();
        let byte = at.index(changed.len());
        changed[byte] ^= 1 << bit;
        prop_assert!(!opens(&changed));
        prop_assert!(!opens(&sealed[..at.index(sealed.len())]));
        prop_assert!(!opens(&[sealed.as_slice(), &[more]].concat()));
    }

    #[test]
    fn the_parts_of_two_rows_make_no_third(
        here in any_place(), there in any_place(), one in proptest::collection::vec(any::<u8>(), 1..60), seed: u64,
    ) {
        let (ids, keys) = (SeededIds::new(seed), Keyring::new(&[7; 32]));
        let first = keys.house().seal(&ids, place(here), &one);
        let second = keys.house().seal(&ids, place(there), &one);
        // The nonce of one with the words of the other.
        let (head, tail) = (&first[..KEY_ID + NONCE], &second[KEY_ID + NONCE..]);
        let spliced = [head, tail].concat();
        for at in [place(here), place(there)] {
            prop_assert!(keys.house().open(at, &spliced).is_err());
        }
    }

    #[test]
    fn a_wrapped_key_opens_for_its_texter_and_its_master_alone(
        one: u128, other: u128, at: prop::sample::Index, bit in 0..8_u8, seed: u64,
    ) {
        let ids = SeededIds::new(seed);
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let with_seeds = [seeded(7, folders[0].path()), seeded(8, folders[1].path())];
        let without = [Keyring::new(&[7; 32]), Keyring::new(&[8; 32])];
        let texter = Uuid::from_u128(one);
        for [keys, stranger] in [&with_seeds, &without] {
            let (key, wrapped) = keys.new_texter_key(&ids, texter);
            let sealed = key.seal(&ids, place((0, 1, 1)), b"words");
            let opens = |bytes: &[u8], of: Uuid| {
                keys.texter_key(of, bytes).is_ok_and(|key| key.open(place((0, 1, 1)), &sealed).is_ok())
            };
            prop_assert!(opens(&wrapped, texter));
            if one != other {
                prop_assert!(!opens(&wrapped, Uuid::from_u128(other)), "moved to another texter");
            }
            prop_assert!(stranger.texter_key(texter, &wrapped).is_err(), "another master key");
            let mut changed = wrapped.clone();
            let byte = at.index(changed.len());
            changed[byte] ^= 1 << bit;
            prop_assert!(!opens(&changed, texter));
            prop_assert!(!opens(&wrapped[..at.index(wrapped.len())], texter));
            // The key of another texter under this one's name opens nothing of theirs.
            let (_, theirs) = keys.new_texter_key(&ids, Uuid::from_u128(other));
            prop_assert!(!opens(&theirs, texter));
        }
    }

    #[test]
    fn a_seed_under_another_key_and_a_key_without_its_seed_open_nothing(one: u128, seed: u64) {
        let ids = SeededIds::new(seed);
        let folder = tempfile::tempdir().unwrap();
        let keys = seeded(7, folder.path());
        let texter = Uuid::from_u128(one);
        let (_, first) = keys.new_texter_key(&ids, texter);
        let (_, second) = keys.new_texter_key(&ids, texter);
        prop_assert!(seed_of(&first).is_some() && seed_of(&first) != seed_of(&second));
        let swapped = [&second[..SEED_ID], &first[SEED_ID..]].concat();
        prop_assert!(keys.texter_key(texter, &swapped).is_err());
        prop_assert!(keys.texter_key(texter, &first[SEED_ID..]).is_err(), "cut off");
        let bare = Keyring::new(&[7; 32]);
        prop_assert_eq!(bare.texter_key(texter, &first).err(), Some(CryptoError::NoSeed));
        // Destroyed: erased for good, whoever has the master key and the row.
        let id = seed_of(&first).unwrap().to_vec();
        keys.keystore().unwrap().destroy(&[id]).unwrap();
        prop_assert_eq!(keys.texter_key(texter, &first).err(), Some(CryptoError::Erased));
        prop_assert!(keys.texter_key(texter, &second).is_ok());
    }
}
