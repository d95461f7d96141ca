//! What the fuzz targets promise, held against their seeds. Running the targets takes a nightly compiler;
//! what they run is compiled and tried out here, so that none is found broken on the day it is needed.

use std::path::{Path, PathBuf};

#[path = "../fuzz/promises/answers.rs"]
mod answers;
#[path = "../fuzz/promises/content.rs"]
mod content;
#[path = "../fuzz/promises/conversation.rs"]
mod conversation;
#[path = "../fuzz/promises/hooks.rs"]
mod hooks;
#[path = "../fuzz/promises/triage.rs"]
mod triage;
#[path = "../fuzz/promises/words.rs"]
mod words;

/// Each target, and what it runs.
const TARGETS: [(&str, fn(&[u8])); 6] = [
    ("answers", answers::hold),
    ("content", content::hold),
    ("conversation", conversation::hold),
    ("hooks", hooks::hold),
    ("triage", triage::hold),
    ("words", words::hold),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn names_in(folder: PathBuf) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn what_the_targets_promise_holds_for_every_seed() {
    for (target, hold) in TARGETS {
        let seeds = folder().join("seeds").join(target);
        let names = names_in(seeds.clone());
        assert!(!names.is_empty(), "{target} has no seeds");
        for name in names {
            let seed = std::fs::read(seeds.join(&name)).unwrap();
            let held = std::panic::catch_unwind(|| hold(&seed));
            assert!(held.is_ok(), "{target}: the seed {name}");
        }
    }
}

/// All that is not compiled here.
#[test]
fn a_target_is_its_promise_under_the_fuzzer_and_nothing_more() {
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap().iter();
    let mut named: Vec<&str> = bins.map(|bin| bin["name"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, TARGETS.map(|(name, _)| name));
    let files = TARGETS.map(|(name, _)| format!("{name}.rs"));
    assert_eq!(names_in(folder().join("fuzz_targets")), files);
    for name in named {
        let target = folder().join(format!("fuzz_targets/{name}.rs"));
        let expected = format!(
            "#![no_main]\n\n#[path = \"../promises/{name}.rs\"]\nmod promises;\n\n\
             libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promises::hold(bytes));\n"
        );
        assert_eq!(std::fs::read_to_string(target).unwrap(), expected, "{name}");
    }
}
