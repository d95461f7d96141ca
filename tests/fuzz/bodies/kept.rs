//! Whatever lies where our own files should is read, passed over or refused: the configuration, entries of the
//! spool, the roster, a keystore, the note of a backup.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use harborline::backup::note_of;
use harborline::config;
use harborline::crypto::keystore::Keystore;
use harborline::crypto::{Keyring, Place};
use harborline::id::SeededIds;
use harborline::roster::LastRoster;
use harborline::spool::Entry;
use uuid::Uuid;

static KEYS: LazyLock<Arc<Keyring>> = LazyLock::new(|| Arc::new(Keyring::new(&[7; 32])));

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(refused) = config::read(&text, Path::new("harborline.toml")) {
        let said = refused.to_string();
        assert!(!said.contains('\n'), "one sentence: {said}");
    }
    let _ = Entry::from_bytes(bytes);

    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("backup.json"), bytes).expect("a disk");
    let _ = note_of(folder.path());
    let ids = Arc::new(SeededIds::new(1));
    let place = Place {
        column: "roster.sealed",
        row: Uuid::nil(),
    };
    std::fs::write(at("roster"), KEYS.house().seal(&*ids, place, bytes)).expect("a disk");
    let _ = LastRoster::load(at("roster"), Arc::clone(&KEYS), Arc::clone(&ids) as _).current();

    let keystore = at("keystore");
    std::fs::create_dir(&keystore).expect("a disk");
    std::fs::write(keystore.join("one.seeds"), bytes).expect("a disk");
    let opened = Keystore::open(&keystore, ids).expect("a keystore");
    for record in bytes.chunks(48) {
        let id = &record[..record.len().min(16)];
        // Half a record is none, and a seed of zeros was destroyed.
        let is_there = record.len() == 48 && record[16..].iter().any(|byte| *byte != 0);
        assert!(is_there || opened.seed(id).is_err() || bytes.len() > 48);
    }
}
