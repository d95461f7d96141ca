//! What the program is made of (.ci/sbom), as `CycloneDX`: complete, the same each time, and checked against the
//! schema by the library of that project.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::folder;
use crate::support::require;

fn bill() -> Option<String> {
    let python = folder().join("venv/bin/python");
    if !python.is_file() {
        let why = "run: python3 -m venv tests/oracles/venv && tests/oracles/venv/bin/pip install -r tests/oracles/requirements.txt";
        require::missing("oracles", why);
        return None;
    }
    let made = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/sbom"))
        .env("SOURCE_DATE_EPOCH", "1767225600")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}");
    Some(String::from_utf8(made.stdout).unwrap())
}

/// The names of the components with this scope.
fn names<'b>(bill: &'b Value, scope: &str) -> BTreeSet<&'b str> {
    let all = bill["components"].as_array().unwrap().iter();
    all.filter(|one| one["scope"] == scope)
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[test]
fn the_bill_of_materials_names_everything_that_ships_and_nothing_that_does_not() {
    let Some(text) = bill() else {
        return;
    };
    let bill: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&bill["bomFormat"], &bill["specVersion"]),
        (&"CycloneDX".into(), &"1.6".into())
    );
    assert_eq!(bill["metadata"]["component"]["name"], "harborline");
    assert_eq!(bill["metadata"]["timestamp"], "2026-01-01T00:00:00+00:00");
    let (shipped, building) = (names(&bill, "required"), names(&bill, "excluded"));
    let manifest = include_str!("../../../Cargo.toml");
    let manifest: toml::Table = manifest.parse().unwrap();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        assert!(
            shipped.contains(name.as_str()) || building.contains(name.as_str()),
            "{name}"
        );
    }
    for name in [
        "ring",
        "rustls",
        "sqlx-core",
        "libsqlite3-sys",
        "sqlite",
        "tokio",
    ] {
        assert!(shipped.contains(name), "{name}");
    }
    for name in ["serde_derive", "cc", "syn"] {
        assert!(building.contains(name) && !shipped.contains(name), "{name}");
    }
    for name in ["proptest", "criterion", "insta", "wiremock"] {
        assert!(
            !shipped.contains(name) && !building.contains(name),
            "{name}"
        );
    }
    for one in bill["components"].as_array().unwrap() {
        assert!(
            !one["purl"].as_str().unwrap_or_default().is_empty(),
            "{one}"
        );
        assert!(
            !one["licenses"].as_array().is_none_or(Vec::is_empty),
            "{one}"
        );
        let sum = one["hashes"][0]["content"].as_str().unwrap_or_default();
        assert!(sum.len() == 64 || one["name"] == "sqlite", "{one}");
    }
    let edges = bill["dependencies"].as_array().unwrap().len();
    assert!(edges > shipped.len(), "{edges}");
    let home = env!("CARGO_MANIFEST_DIR");
    assert!(!text.contains(home), "a path of this machine is in it");
}
