//! The small model of triage: it is what its manifest says, and training is reproducible.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harborline::triage::model::{Model, Settings};
use sha2::{Digest, Sha256};

#[path = "../../examples/train_triage/data.rs"]
mod data;
#[path = "../../examples/train_triage/fit.rs"]
mod fit;

use data::{FOLDS, Row};
use fit::{RECIPE, Recipe};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/triage")
}

fn manifest() -> toml::Table {
    let text = std::fs::read_to_string(folder().join("model.toml")).unwrap();
    text.parse().unwrap()
}

/// The rows of the training files that the manifest names, and the hash over their content.
fn training() -> (Vec<Row>, String) {
    let (mut rows, mut seen, mut hash) = (Vec::new(), BTreeSet::new(), Sha256::new());
    for file in manifest()["training"]["files"].as_array().unwrap() {
        let file = file.as_str().unwrap();
        let content = std::fs::read_to_string(folder().join("training").join(file)).unwrap();
        hash.update(&content);
        data::read(file, &content, &mut seen, &mut rows).unwrap();
    }
    (rows, hex::encode(hash.finalize()))
}

fn settings() -> Settings {
    *Model::builtin().unwrap().settings()
}

#[test]
fn the_model_and_its_data_are_those_of_the_manifest() {
    let manifest = manifest();
    let model = std::fs::read(folder().join("model.bin")).unwrap();
    let hash = hex::encode(Sha256::digest(&model));
    assert_eq!(
        manifest["model"]["sha256"].as_str(),
        Some(hash.as_str()),
        "model.bin is not the one that was measured: train it again"
    );
    let (rows, hash) = training();
    assert_eq!(
        manifest["training"]["sha256"].as_str(),
        Some(hash.as_str()),
        "the training data changed: train the model again"
    );
    let counted = manifest["training"]["messages"].as_integer();
    assert_eq!(counted, i64::try_from(rows.len()).ok());
    assert!(format!("{:?}", manifest["training"]["recipe"]).contains("seed: 988"));
}

#[test]
fn training_twice_gives_the_same_bytes() {
    let (rows, _) = training();
    let few: Vec<Row> = rows.into_iter().step_by(40).collect();
    let recipe = Recipe {
        rounds: 2,
        ..RECIPE
    };
    let first = recipe.fit(few.iter()).quantised(settings()).write();
    assert_eq!(recipe.fit(few.iter()).quantised(settings()).write(), first);
    let other = Recipe { seed: 1, ..recipe };
    assert_ne!(other.fit(few.iter()).quantised(settings()).write(), first);
}

#[test]
fn a_family_is_held_out_whole_and_every_part_has_some_of_each_tier() {
    let (rows, _) = training();
    let parts: BTreeSet<(u64, bool, &str)> = rows
        .iter()
        .map(|row| (row.fold(), row.spanish, row.tier.word()))
        .collect();
    let tiers: BTreeSet<&str> = rows.iter().map(|row| row.tier.word()).collect();
    assert_eq!(tiers.len(), 5);
    for fold in 0..FOLDS {
        for tier in &tiers {
            assert!(parts.contains(&(fold, false, tier)), "{fold} {tier}");
        }
    }
}

#[test]
fn a_malformed_line_is_named() {
    let mut rows = Vec::new();
    let text = "# tier\tcategory\tfamily\ttext\nnone\teveryday\tx\thello\nwrong\tline\n";
    let error = data::read("a.tsv", text, &mut BTreeSet::new(), &mut rows).unwrap_err();
    assert!(error.to_string().starts_with("a.tsv:3: not"));
    assert_eq!(rows.len(), 1);
}
