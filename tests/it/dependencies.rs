//! What may be linked into the binary: the licences, sources and bans of deny.toml, held against the locked tree.
//! It is what `cargo deny check licenses bans sources` looks at, for where that is not installed; advisories
//! need its database.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use toml::Table;

/// Whether the terms of an SPDX expression can be kept with these licences.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.trim();
    let any = parts(expression, " OR ");
    if any.len() > 1 {
        return any.into_iter().any(|one| is_allowed(one, allowed));
    }
    let all = parts(expression, " AND ");
    if all.len() > 1 {
        return all.into_iter().all(|one| is_allowed(one, allowed));
    }
    let inner = expression.strip_prefix('(');
    match inner.and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_allowed(inner, allowed),
        None => allowed.contains(expression),
    }
}

/// Splits an expression at a word that stands in no parentheses.
fn parts<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && expression[at..].starts_with(word) => {
                parts.push(&expression[from..at]);
                from = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[from..]);
    parts
}

#[test]
fn an_expression_is_read_as_it_is_meant() {
    let allowed = BTreeSet::from(["MIT", "ISC"]);
    for (expression, expected) in [
        ("MIT", true),
        ("MIT OR GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND BSD-3-Clause", false),
        ("GPL-3.0 WITH Classpath-exception-2.0", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
}

/// The packages that are built for a machine, from the lock file.
fn packages(target: &str) -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .args(["--filter-platform", target])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let built = metadata["resolve"]["nodes"].as_array().unwrap().iter();
    let built: BTreeSet<&str> = built.map(|node| node["id"].as_str().unwrap()).collect();
    let all = metadata["packages"].as_array().unwrap().iter();
    let is_built = |package: &&Value| built.contains(package["id"].as_str().unwrap());
    all.filter(is_built).cloned().collect()
}

fn words(value: &toml::Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().unwrap().iter();
    list.map(|one| one.as_str().unwrap())
}

#[test]
fn what_is_linked_has_a_licence_a_source_and_a_name_that_the_policy_takes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    let policy: Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
    let licences: BTreeSet<&str> = words(&policy["licenses"]["allow"]).collect();
    let banned = policy["bans"]["deny"].as_array().unwrap().iter();
    let banned: BTreeSet<&str> = banned.map(|one| one["crate"].as_str().unwrap()).collect();
    let sources = words(&policy["sources"]["allow-registry"]);
    let sources: BTreeSet<String> = sources.map(|url| format!("registry+{url}")).collect();
    // Of the machines that are built for, this one: what others need besides may not be here.
    let mut targets = words(&policy["graph"]["targets"]);
    let target = targets.find(|target| target.starts_with(std::env::consts::ARCH));
    let packages = packages(target.expect("no release is built for this machine"));
    assert!(packages.len() > 200, "{}", packages.len());
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let Some(source) = package["source"].as_str() else {
            assert_eq!(name, "harborline", "a crate from a folder");
            continue;
        };
        assert!(sources.contains(source), "{name} comes from {source}");
        assert!(!banned.contains(name), "{name} is banned: see deny.toml");
        // An older way to write it.
        let licence = package["license"].as_str().unwrap_or_default();
        let licence = licence.replace('/', " OR ");
        assert!(
            is_allowed(&licence, &licences),
            "{name} has the licence {licence:?}, which deny.toml does not take"
        );
    }
}
