//! What the fuzz targets do (tests/fuzz), without a fuzzer: every seed, and each of them changed in some hundred
//! ways, the same on every run. A fuzzer finds more; this finds at once what a change has broken.

use std::path::Path;

use harborline::id::{IdSource, SeededIds};

#[path = "../fuzz/bodies/answers.rs"]
mod answers;
#[path = "../fuzz/bodies/content.rs"]
mod content;
#[path = "../fuzz/bodies/conversation.rs"]
mod conversation;
#[path = "../fuzz/bodies/edited.rs"]
mod edited;
#[path = "../fuzz/bodies/hooks.rs"]
mod hooks;
#[path = "../fuzz/bodies/kept.rs"]
mod kept;
#[path = "../fuzz/bodies/sealed.rs"]
mod sealed;
#[path = "../fuzz/bodies/triage.rs"]
mod triage;
#[path = "../fuzz/bodies/words.rs"]
mod words;

type Body = fn(&[u8]);

/// The targets, each with how often it is run: what reads whole files takes longer.
const TARGETS: [(&str, Body, usize); 9] = [
    ("answers", answers::run, 3_000),
    ("content", content::run, 300),
    ("conversation", conversation::run, 1_500),
    ("edited", edited::run, 2_000),
    ("hooks", hooks::run, 3_000),
    ("kept", kept::run, 1_000),
    ("sealed", sealed::run, 5_000),
    ("triage", triage::run, 1_500),
    ("words", words::run, 5_000),
];
/// The longest input: as libFuzzer's by default.
const LONGEST: usize = 4_096;
/// What breaks parsers: ends of strings and lists, numbers at their ends, encodings that are cut off or too
/// long, what has no width or turns the rest.
const ODD: [&[u8]; 28] = [
    b"\0",
    b"\n",
    b"\r\n",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"<",
    b"&",
    b"=",
    b"%",
    b"%zz",
    b"%00",
    b"+",
    b"null",
    b"-1",
    b"99999999999999999999",
    b"1e999",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xf0\x9f",
    "\u{202e}".as_bytes(),
    "\u{200d}".as_bytes(),
    "\u{feff}".as_bytes(),
    "\u{1f480}\u{fe0f}".as_bytes(),
];

/// Chance, the same on every run.
struct Chance(SeededIds);

impl Chance {
    fn below(&self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        let end = u64::try_from(end.max(1)).unwrap();
        usize::try_from(u64::from_be_bytes(bytes) % end).unwrap()
    }

    /// The bytes, changed in one to eight places.
    fn changed(&self, bytes: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(8) {
            let (at, until) = (self.below(bytes.len() + 1), self.below(bytes.len() + 1));
            let (from, to) = (at.min(until), at.max(until));
            match self.below(7) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.drain(from..to.min(from + 16))),
                2 => drop(bytes.splice(at..at, ODD[self.below(ODD.len())].iter().copied())),
                3 => {
                    let again = bytes[from..to.min(from + 64)].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                4 => {
                    let other = &others[self.below(others.len())];
                    let cut = self.below(other.len() + 1);
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[cut..]);
                }
                5 => {
                    let mut chance = vec![0; self.below(32)];
                    self.0.fill(&mut chance);
                    drop(bytes.splice(at..at, chance));
                }
                _ => bytes.truncate(to),
            }
            bytes.truncate(LONGEST);
        }
        bytes
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/seeds")
        .join(target);
    let files =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn runs(target: &str) {
    let (name, body, times) = TARGETS
        .into_iter()
        .find(|(name, ..)| *name == target)
        .unwrap();
    let seeds = seeds(name);
    assert!(seeds.len() >= 4, "{name} has few seeds");
    for seed in &seeds {
        body(seed);
    }
    let chance = Chance(SeededIds::new(11));
    for _ in 0..times {
        let changed = chance.changed(&seeds[chance.below(seeds.len())], &seeds);
        let done = std::panic::catch_unwind(|| body(&changed));
        assert!(
            done.is_ok(),
            "{name} breaks on {:?}",
            String::from_utf8_lossy(&changed)
        );
    }
}

/// Declares a test for each target, so that they run side by side.
macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                runs(stringify!($name));
            }
        )*

        const DECLARED: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! { answers content conversation edited hooks kept sealed triage words }

#[test]
fn every_target_of_the_fuzzer_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/fuzz_targets");
    let files = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<String> = files
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    found.sort();
    assert_eq!(found, DECLARED);
    assert_eq!(TARGETS.map(|(name, ..)| name).as_slice(), DECLARED);
}
