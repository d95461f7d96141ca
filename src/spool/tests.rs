use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::delivery::Delivery;
use crate::gateway::{Inbound, KeywordHandled, Part, Receipt};
use crate::id::SeededIds;
use crate::phone::PhoneNumber;
use crate::text::MessageBody;
use crate::triage::{Tier, Verdict};

const NUMBER: &str = "+15550177123";
const WORDS: &str = "canarybird sings at midnight";

fn settings(directory: &Path) -> SpoolSettings {
    SpoolSettings {
        directory: directory.join("spool"),
        max_entries: 100,
        max_bytes: 1024 * 1024,
    }
}

fn opened(settings: SpoolSettings, seed: u64) -> Arc<Spool> {
    let keys = Arc::new(Keyring::new(&[7; 32]));
    Arc::new(Spool::open(settings, keys, Arc::new(SeededIds::new(seed))).unwrap())
}

fn text(n: i64, tier: Tier) -> Entry {
    let inbound = Inbound {
        gateway_ref: format!("SM{n}"),
        from: PhoneNumber::of_sender(NUMBER),
        to: PhoneNumber::of_sender("+15550100"),
        body: MessageBody::new(WORDS),
        media: 2,
        keyword_handled: Some(KeywordHandled::Help),
        part: Some(Part {
            reference: "7".to_owned(),
            number: 1,
            total: 2,
        }),
    };
    let verdict = Verdict {
        tier,
        ..Verdict::default()
    };
    Entry {
        gateway: "main".to_owned(),
        arrived: At(1_767_225_600_000 + n),
        kept: Kept::Text(Box::new(KeptText {
            inbound,
            verdict,
            reply_id: Uuid::from_u128(9),
            answered: true,
        })),
    }
}

fn receipt(n: i64) -> Entry {
    Entry {
        gateway: "main".to_owned(),
        arrived: At(1_767_225_600_000 + n),
        kept: Kept::Receipt(Receipt {
            gateway_ref: format!("SM{n}"),
            outbox_id: Some(Uuid::from_u128(9)),
            delivery: Delivery::Delivered,
            code: Some("30008".to_owned()),
            opted_out: false,
        }),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

#[tokio::test]
async fn what_is_kept_is_read_back_whole_and_in_order_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = opened(settings(folder.path()), 1);
    let entries = [text(30, Tier::High), receipt(10), text(20, Tier::None)];
    for entry in &entries {
        spool.keep(entry).await.unwrap();
    }
    drop(spool);
    let spool = opened(settings(folder.path()), 2);
    let ids = spool.after(None, 10);
    let mut read = Vec::new();
    for id in &ids {
        read.push(spool.read(*id).await.unwrap().unwrap());
    }
    let [late, first, middle] = entries;
    assert_eq!(read, [first, middle, late]);
    assert_eq!(spool.after(Some(ids[0]), 1), ids[1..2]);
    assert_eq!(spool.counts().oldest, Some(At(1_767_225_600_010)));
    assert!(spool.holds_a_crisis());
    for id in ids {
        spool.remove(id).await.unwrap();
    }
    assert!(spool.is_empty() && !spool.holds_a_crisis());
    assert_eq!(files(&settings(folder.path()).directory).len(), 0);
}

#[tokio::test]
async fn nothing_of_a_text_is_in_clear_on_disk_and_only_the_owner_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let directory = settings(folder.path()).directory;
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    let spool = opened(settings(folder.path()), 1);
    let entry = text(1, Tier::High);
    assert!(!format!("{entry:?}").contains("7123") && !format!("{entry:?}").contains("canary"));
    spool.keep(&entry).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let [file] = files(&directory).try_into().unwrap();
    assert_eq!(mode(&file), 0o600);
    let bytes = fs::read(&file).unwrap();
    for canary in [NUMBER, "5550177", "canarybird", "SM1"] {
        let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
        assert!(!found, "{canary} is in clear");
    }
}

#[tokio::test]
async fn a_torn_a_flipped_and_a_moved_entry_are_set_aside_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let spool = opened(settings(folder.path()), 1);
    let directory = settings(folder.path()).directory;
    for n in 0..4 {
        spool.keep(&text(n, Tier::None)).await.unwrap();
    }
    let paths = files(&directory);
    let whole = fs::read(&paths[0]).unwrap();
    fs::write(&paths[0], &whole[..whole.len() / 2]).unwrap();
    let mut flipped = fs::read(&paths[1]).unwrap();
    flipped[40] ^= 1;
    fs::write(&paths[1], flipped).unwrap();
    fs::copy(&paths[3], &paths[2]).unwrap();
    let mut readable = 0;
    for id in spool.after(None, 10) {
        readable += usize::from(spool.read(id).await.unwrap().is_some());
    }
    assert_eq!(readable, 1);
    let counts = spool.counts();
    assert_eq!((counts.entries, counts.corrupt), (1, 3));
    assert_eq!(files(&directory.join("corrupt")).len(), 3, "not deleted");
    let again = opened(settings(folder.path()), 2).counts();
    assert_eq!((again.entries, again.corrupt), (1, 3));
}

#[tokio::test]
async fn a_write_that_a_crash_cut_short_is_taken_on_if_it_is_whole_and_dropped_if_not() {
    let folder = tempfile::tempdir().unwrap();
    let directory = settings(folder.path()).directory;
    let spool = opened(settings(folder.path()), 1);
    for n in 0..2 {
        spool.keep(&text(n, Tier::None)).await.unwrap();
    }
    let half = |path: &Path| PathBuf::from(format!("{}{HALF}", path.display()));
    let paths = files(&directory);
    fs::rename(&paths[0], half(&paths[0])).unwrap();
    fs::rename(&paths[1], half(&paths[1])).unwrap();
    fs::write(half(&paths[1]), b"torn").unwrap();
    let spool = opened(settings(folder.path()), 2);
    assert_eq!(spool.counts().entries, 1);
    let id = spool.after(None, 1)[0];
    assert_eq!(spool.read(id).await.unwrap(), Some(text(0, Tier::None)));
    assert_eq!(files(&directory), paths[..1]);
}

#[tokio::test]
async fn a_full_spool_refuses_and_keeps_room_for_texts_in_crisis() {
    let folder = tempfile::tempdir().unwrap();
    let spool = opened(settings(folder.path()), 1);
    let full = |outcome: Result<Uuid, SpoolError>| matches!(outcome, Err(SpoolError::Full));
    for n in 0..50 {
        spool.keep(&receipt(n)).await.unwrap();
    }
    assert!(full(spool.keep(&receipt(50)).await));
    for n in 50..90 {
        spool.keep(&text(n, Tier::None)).await.unwrap();
    }
    assert!(full(spool.keep(&text(90, Tier::None)).await));
    for n in 90..100 {
        spool.keep(&text(n, Tier::High)).await.unwrap();
    }
    assert!(full(spool.keep(&text(100, Tier::High)).await));
    let first = spool.after(None, 1)[0];
    spool.remove(first).await.unwrap();
    spool.keep(&text(101, Tier::High)).await.unwrap();
    let last = files(&settings(folder.path()).directory).pop().unwrap();
    let bytes = SpoolSettings {
        directory: folder.path().join("small"),
        max_bytes: fs::metadata(last).unwrap().len() * 3 / 2,
        max_entries: 100,
    };
    let small = opened(bytes, 2);
    small.keep(&text(1, Tier::High)).await.unwrap();
    assert!(full(small.keep(&text(2, Tier::High)).await));
}

#[tokio::test]
async fn what_was_done_about_an_entry_can_be_amended_until_it_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let spool = opened(settings(folder.path()), 1);
    let mut entry = text(1, Tier::High);
    let id = spool.keep(&entry).await.unwrap();
    if let Kept::Text(text) = &mut entry.kept {
        text.answered = false;
    }
    spool.amend(id, &entry).await.unwrap();
    assert_eq!(spool.read(id).await.unwrap(), Some(entry.clone()));
    spool.remove(id).await.unwrap();
    spool.amend(id, &entry).await.unwrap();
    assert!(files(&settings(folder.path()).directory).is_empty());
}

#[tokio::test]
async fn an_entry_of_another_key_is_set_aside_and_a_folder_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    opened(settings(folder.path()), 1)
        .keep(&text(1, Tier::High))
        .await
        .unwrap();
    let keys = Arc::new(Keyring::new(&[8; 32]));
    let ids = Arc::new(SeededIds::new(2));
    let other = Spool::open(settings(folder.path()), keys.clone(), ids.clone()).unwrap();
    let id = other.after(None, 1)[0];
    assert_eq!(other.read(id).await.unwrap(), None);
    assert_eq!(other.counts().corrupt, 1);
    fs::write(folder.path().join("file"), "in the way").unwrap();
    let refused = Spool::open(settings(&folder.path().join("file")), keys, ids);
    let said = refused.err().unwrap().to_string();
    assert!(said.starts_with("spool.directory: "), "{said}");
}

#[test]
fn what_a_newer_version_wrote_is_read_as_far_as_it_is_known() {
    for entry in [text(1, Tier::High), receipt(2)] {
        let mut written: serde_json::Value = serde_json::from_slice(&entry.to_bytes()).unwrap();
        written["weather"] = "calm".into();
        for kind in ["text", "receipt"] {
            if written[kind].is_object() {
                written[kind]["mood"] = 3.into();
            }
        }
        let newer = serde_json::to_vec(&written).unwrap();
        assert_eq!(Entry::from_bytes(&newer), Some(entry));
    }
}
