//! The floors of the house: a folder imports only from floors below its own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The table of `docs/architecture.md`. A module on no floor fails the test.
const FLOORS: [&[&str]; 6] = [
    &[
        "clock", "delivery", "id", "lane", "locale", "phone", "route", "segment", "text",
    ],
    &[
        "content",
        "conversation",
        "oncall",
        "reports",
        "staff",
        "triage",
    ],
    &[
        "config",
        "credential",
        "crypto",
        "descriptors",
        "disk",
        "feed",
        "gateway",
        "limit",
        "meter",
        "pager",
        "phrasebook",
        "roster",
        "rulebook",
        "spool",
        "store",
        "trail",
    ],
    &[
        "accounts",
        "acknowledge",
        "audit_log",
        "call_outs",
        "calls",
        "canned",
        "dispatch",
        "drill",
        "duties",
        "export",
        "failsafe",
        "followup",
        "handoff",
        "heartbeat",
        "incidents",
        "intake",
        "keys",
        "lab",
        "ledger",
        "lookup",
        "neighbours",
        "page_tests",
        "paging",
        "people",
        "policies",
        "preflight",
        "push",
        "reconcile",
        "records",
        "retention",
        "review",
        "rota",
        "system",
    ],
    &["http"],
    &[
        "app",
        "backup",
        "cli",
        "doctor",
        "lifecycle",
        "listener",
        "main",
        "process",
        "telemetry",
        "worker",
    ],
];

/// Who may import a neighbour on the same floor, and why.
const NEIGHBOURS: [(&str, &str, &str); 32] = [
    ("conversation", "triage", "a step depends on the verdict"),
    (
        "conversation",
        "content",
        "a step answers with the words of a pack",
    ),
    (
        "oncall",
        "conversation",
        "an alert is opened by what a step asks for",
    ),
    ("oncall", "triage", "an alert has a tier"),
    ("reports", "conversation", "a case has a reason"),
    ("reports", "oncall", "and an urgency; drills have outcomes"),
    ("reports", "triage", "and a tier"),
    (
        "config",
        "gateway",
        "what an adapter cannot work with is refused where it is read",
    ),
    (
        "config",
        "pager",
        "what mail cannot leave by is refused where it is read",
    ),
    ("pager", "gateway", "a page is carried out as a text is"),
    ("store", "crypto", "rows are sealed"),
    ("store", "meter", "how long a commit takes is counted"),
    ("crypto", "disk", "the key file is private"),
    (
        "reconcile",
        "intake",
        "a text that was missed is taken in like any other",
    ),
    (
        "retention",
        "followup",
        "what was removed is cleared from the journal with what was erased",
    ),
    ("spool", "crypto", "entries are sealed"),
    ("spool", "disk", "entries are written whole or not at all"),
    ("spool", "gateway", "an entry is what a hook brought"),
    (
        "intake",
        "acknowledge",
        "a responder's text takes a case like a key or a link does",
    ),
    ("calls", "acknowledge", "a key takes a case as a text does"),
    ("calls", "page_tests", "and answers a test"),
    (
        "handoff",
        "acknowledge",
        "who claims a case has acknowledged it",
    ),
    (
        "paging",
        "acknowledge",
        "when a policy asks for fewer people, those there are enough",
    ),
    (
        "intake",
        "handoff",
        "a responder writes in a conversation from their phone",
    ),
    ("roster", "crypto", "the roster on disk is sealed"),
    ("roster", "disk", "it is written whole or not at all"),
    (
        "rulebook",
        "disk",
        "an edited file is written whole or not at all",
    ),
    ("system", "heartbeat", "how it stands is part of the look"),
    ("drill", "failsafe", "its text comes in like any other"),
    ("failsafe", "intake", "it stands around intake, and replays"),
    ("failsafe", "dispatch", "some texts leave without the store"),
    (
        "failsafe",
        "incidents",
        "the operator hears of what it could not keep",
    ),
];
/// Words that stand on each other.
const WITHIN_FLOOR_0: [(&str, &str); 3] = [("id", "clock"), ("route", "clock"), ("route", "lane")];
const STORE_FILES: (&str, &str) = ("store", "disk");

#[test]
fn every_module_stands_on_its_floor() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some(floor) = floor_of(&module) else {
            wrong.push(format!("{}: `{module}` is on no floor", path.display()));
            continue;
        };
        for used in uses(&text) {
            let Some(below) = floor_of(&used) else {
                wrong.push(format!(
                    "{}: uses `{used}`, which is on no floor",
                    path.display()
                ));
                continue;
            };
            if below > floor || (below == floor && !may(&module, &used, floor)) {
                wrong.push(format!(
                    "{}: `{module}` (floor {floor}) uses `{used}` (floor {below})",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_maps_of_the_house_show_every_module_on_its_floor() {
    let document = include_str!("../../docs/architecture.md");
    let (_, document) = document.split_once("\n## The house\n").unwrap();
    let library = include_str!("../../src/lib.rs");
    for (floor, modules) in FLOORS.iter().enumerate() {
        let row = |map: &str, begins: &str| {
            let mut lines = map.lines();
            let row = lines.find(|line| line.starts_with(&format!("{begins}| {floor} |")));
            row.unwrap_or_else(|| panic!("no floor {floor}")).to_owned()
        };
        let (document, header) = (row(document, ""), row(library, "//! "));
        for module in modules.iter().filter(|module| **module != "main") {
            let named = document.contains(&format!("`{module}`"));
            assert!(named, "docs/architecture.md: `{module}` on floor {floor}");
            let named = header.contains(&format!("[`{module}`]"));
            assert!(named, "src/lib.rs: `{module}` on floor {floor}");
        }
    }
}

#[test]
fn every_exception_is_needed() {
    let sources = sources();
    let of = |module: &str| {
        let mut used = BTreeSet::new();
        for (_, text) in sources.iter().filter(|(path, _)| module_of(path) == module) {
            used.extend(uses(text));
        }
        used
    };
    for (module, used, _) in NEIGHBOURS {
        assert!(of(module).contains(used), "{module} does not use {used}");
    }
}

#[test]
fn the_reading_of_imports_finds_every_form() {
    let text = "use crate::clock::At;\nuse crate::{id::random, phone::PhoneNumber};\n    crate::store::Tx::x();\n// use crate::ghost\nuse crate::gateway::{\n    Inbound,\n};";
    let mut found = uses(text);
    found.sort();
    assert_eq!(found, ["clock", "gateway", "id", "phone", "store"]);
}

#[test]
fn no_file_is_too_long_to_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "src",
        "tests/it",
        "tests/fuzz/bodies",
        "examples",
        "benches",
    ];
    for (path, text) in folders
        .map(|folder| files_below(root.join(folder)))
        .concat()
    {
        let production = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = production.lines().count();
        assert!(
            lines <= 800,
            "{} has {lines} lines: split it",
            path.display()
        );
    }
}

#[test]
fn domain_and_words_do_no_io_and_read_no_clock() {
    for (path, text) in sources() {
        let module = module_of(&path);
        if floor_of(&module).is_some_and(|floor| floor <= 1) {
            for banned in [
                "tokio::", "std::fs", "std::net", "reqwest", "async fn", "std::env",
            ] {
                assert!(
                    !text.contains(banned),
                    "{} contains {banned}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_hooks_read_what_no_signature_vouches_for() {
    let name = "unverified_but_observed";
    let mut callers: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains(name))
        .map(|(path, _)| path.strip_prefix(src()).unwrap().display().to_string())
        .collect();
    callers.sort();
    assert_eq!(callers, ["gateway/mod.rs", "http/hooks.rs"]);
}

/// Routes that nobody signs in for: hooks, calls, health, styles, the simulator. All others stand behind the
/// guard of `http/access.rs`, which adds them.
const UNGUARDED: [&str; 4] = [
    "http/access.rs",
    "http/assets.rs",
    "http/machines.rs",
    "http/simulator/pages.rs",
];

#[test]
fn every_route_of_the_staff_is_declared_with_what_it_asks_for() {
    let mut found: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| {
            let calls = [".route(", ".route_service(", ".nest"];
            module_of(path) == "http" && calls.iter().any(|call| text.contains(call))
        })
        .map(|(path, _)| path.strip_prefix(src()).unwrap().display().to_string())
        .collect();
    found.sort();
    assert_eq!(found, UNGUARDED);
}

fn may(module: &str, used: &str, floor: usize) -> bool {
    module == used
        || floor == 5
        || NEIGHBOURS
            .iter()
            .any(|(from, to, _)| (*from, *to) == (module, used))
        || (module, used) == STORE_FILES
        || WITHIN_FLOOR_0.contains(&(module, used))
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// The first part of a path below `src`.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(src()).unwrap();
    let first = below
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_string_lossy()
        .into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a text refers to with `crate::`.
fn uses(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let name = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        // `$crate` in a macro, and a longer name that ends in `crate`, are other things.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut start = 0;
            for (index, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if (c == ',' && depth == 1) || depth == 0 {
                    found.insert(name(list[start..index].trim()));
                    start = index + 1;
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.insert(name(rest));
        }
    }
    found.into_iter().filter(|name| !name.is_empty()).collect()
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file of the house but its map, `lib.rs`.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = files_below(src());
    files.retain(|(path, _)| *path != src().join("lib.rs"));
    assert!(files.len() > 50, "the house was not found");
    files
}

/// Every Rust file below a folder.
fn files_below(folder: PathBuf) -> Vec<(PathBuf, String)> {
    let mut folders = vec![folder];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}
