//! What is planted, and how it is looked for: in every form in which a program writes words down.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::support::world::{DUTY, TOKEN};

pub(super) const TEXTER: &str = "+15550177123";
/// Who texts in somebody else's name.
pub(super) const HELD: &str = "+15550177124";
pub(super) const PHRASE: &str = "canarybird sings at moonrise and i want to die";
pub(super) const CALM: &str = "canarybird is looking for the menu";
/// Whoever responds, and how they are reached: for no log either.
pub(super) const FIRST: &str = "+15550188123";

/// What is of the texter: nothing of it leaves the line for a responder.
pub(super) static OF_THE_TEXTER: LazyLock<Canaries> = LazyLock::new(|| {
    Canaries::of(&[
        "canarybird",
        "moonrise",
        "want to die",
        digits(TEXTER),
        digits(HELD),
    ])
});
/// What must be found nowhere: nothing of a texter, no number of a responder, and no secret.
pub(super) static CANARIES: LazyLock<Canaries> = LazyLock::new(|| {
    Canaries::of(&[
        "canarybird",
        "moonrise",
        "want to die",
        digits(TEXTER),
        digits(HELD),
        digits(FIRST),
        digits(DUTY),
        TOKEN,
    ])
});

/// A number as it may stand without its country.
fn digits(number: &str) -> &str {
    &number[2..]
}

/// Words, each in all its forms.
pub(super) struct Canaries {
    forms: Vec<(String, String)>,
    search: AhoCorasick,
}

impl Canaries {
    fn of(words: &[&str]) -> Self {
        let forms: Vec<_> = words
            .iter()
            .flat_map(|word| forms(word).map(|form| ((*word).to_owned(), form)))
            .collect();
        let search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(forms.iter().map(|(_, form)| form));
        Self {
            forms,
            search: search.unwrap(),
        }
    }

    /// The first that is in these bytes: the word, and the line that it stands in.
    fn found(&self, bytes: &[u8]) -> Option<(&str, String)> {
        let found = self.search.find(bytes)?;
        let (before, after) = bytes.split_at(found.start());
        let from = before.iter().rposition(|byte| *byte == b'\n');
        let line = before[from.map_or(0, |at| at + 1)..].iter().chain(after);
        let line: Vec<u8> = line.take_while(|byte| **byte != b'\n').copied().collect();
        let shown = String::from_utf8_lossy(&line).chars().take(2000).collect();
        Some((&self.forms[found.pattern().as_usize()].0, shown))
    }
}

/// A word as it is, and as programs print bytes: in hexadecimal, in base64 wherever in the bytes it begins, as a
/// list of numbers.
fn forms(word: &str) -> [String; 6] {
    let bytes = word.as_bytes();
    let base64 = |before: usize| {
        let padded = [vec![0; before], bytes.to_vec()].concat();
        let mut text = STANDARD_NO_PAD.encode(&padded);
        // What depends on the bytes around it is left out.
        if padded.len() % 3 > 0 {
            text.pop();
        }
        text[[0, 2, 3][before]..].to_owned()
    };
    let list: Vec<_> = bytes.iter().map(u8::to_string).collect();
    [
        word.to_owned(),
        hex::encode(bytes),
        base64(0),
        base64(1),
        base64(2),
        list.join(", "),
    ]
}

#[track_caller]
pub(super) fn free_of(canaries: &Canaries, place: &str, bytes: impl AsRef<[u8]>) {
    if let Some((word, line)) = canaries.found(bytes.as_ref()) {
        panic!("{word} in {place}: {line}");
    }
}

/// Files in a folder and below hold no canary. What the operator wrote into the configuration is theirs.
#[track_caller]
pub(super) fn files_are_free(folder: &Path) -> usize {
    let mut count = 0;
    for file in files(folder) {
        // A file may go while it is looked at: then it holds nothing.
        let Ok(bytes) = std::fs::read(&file) else {
            continue;
        };
        free_of(&CANARIES, &file.display().to_string(), bytes);
        count += 1;
    }
    count
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| !path.ends_with("harborline.toml"))
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a_canary_is_found_in_whatever_form_it_is_written() {
    let planted = "the canarybird sings";
    let bytes = planted.as_bytes();
    for form in [
        planted.to_owned(),
        planted.to_uppercase(),
        format!("\\x{}", hex::encode(bytes)),
        hex::encode_upper(bytes),
        STANDARD_NO_PAD.encode(bytes),
        STANDARD_NO_PAD.encode(&bytes[1..]),
        STANDARD_NO_PAD.encode(&bytes[2..]),
        format!("{bytes:?}"),
    ] {
        let (word, line) = CANARIES.found(format!("a\n{form}\nb").as_bytes()).unwrap();
        assert_eq!((word, line), ("canarybird", form));
    }
    assert!(CANARIES.found(b"the canary sings").is_none());
}
