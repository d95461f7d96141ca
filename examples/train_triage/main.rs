//! Trains the small model of triage on `templates/triage/training`, and measures it.
//!
//! ```sh
//! cargo run --release --example train_triage            # writes model.bin and model.toml
//! cargo run --release --example train_triage -- check   # trains again and compares the bytes
//! cargo run --release --example train_triage -- on FILE # trains, and measures on texts of your own
//! ```
//!
//! FILE has one `label<TAB>text` a line; it is never learnt from.
//!
//! Run it in the root of the repository. What is measured is held out by family of idea: five
//! models, each trained without a fifth of the families, score that fifth. The model that ships
//! is trained on all families, with the thresholds of `measure.rs`.

#![expect(clippy::print_stdout, reason = "a tool that reports")]

mod data;
mod fit;
mod measure;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use harborline::cli::progress::Progress;
use harborline::triage::model::{Model, Settings};
use sha2::{Digest, Sha256};

use data::Row;
use fit::RECIPE;
use measure::THRESHOLDS;

const FOLDER: &str = "templates/triage";
/// What the model loses where a topic rule or a guard covers a word.
const ON_TOPIC: f32 = -1.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = Path::new(FOLDER);
    let (mut rows, mut seen, mut hash) = (Vec::new(), BTreeSet::new(), Sha256::new());
    let files = files(&folder.join("training"))?;
    for (name, content) in &files {
        hash.update(content);
        data::read(name, content, &mut seen, &mut rows)?;
    }
    let settings = Settings {
        scale: 1.0,
        bias: 0.0,
        ask: 0.0,
        page: 0.0,
        // No rule that depends on the model counts while it is measured: the thresholds come after.
        weak: f32::MAX,
        supported: f32::MAX,
        on_topic: ON_TOPIC,
    };
    let bar = Progress::of("training", "models", data::FOLDS + 1);
    let findings = measure::held_out(&RECIPE, &rows, settings, || bar.inc(1))?;
    let settings = Settings {
        ask: THRESHOLDS.ask,
        page: THRESHOLDS.page,
        weak: THRESHOLDS.weak,
        supported: THRESHOLDS.supported,
        ..settings
    };
    let model = RECIPE.fit(rows.iter()).quantised(settings);
    drop(bar);
    if std::env::args().nth(1).as_deref() == Some("on") {
        for file in std::env::args().skip(2) {
            let texts = std::fs::read_to_string(&file)?;
            print!("{file}\n{}", measure::on(model.clone(), &texts)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if std::env::args().nth(1).as_deref() == Some("check") {
        let same = std::fs::read(folder.join("model.bin"))? == model.write();
        let word = if same { "the same" } else { "not the same" };
        println!("model.bin is {word}");
        return Ok(if same {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let data = hex::encode(hash.finalize());
    let mut manifest = manifest(&rows, &names, &data, &model)?;
    manifest += &measure::tables(&findings)?;
    std::fs::write(folder.join("model.bin"), model.write())?;
    std::fs::write(folder.join("model.toml"), &manifest)?;
    println!("{manifest}");
    Ok(ExitCode::SUCCESS)
}

/// The files of a folder, by name: each name with its content.
fn files(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "tsv") {
            let name = path.file_name().unwrap_or_default();
            let name = name.to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn manifest(
    rows: &[Row],
    files: &[&str],
    data: &str,
    model: &Model,
) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(
        out,
        "# How model.bin came to be, and what it finds. Written by examples/train_triage; do not edit."
    )?;
    writeln!(
        out,
        "# Again, to the byte: cargo run --release --example train_triage -- check\n"
    )?;
    writeln!(
        out,
        "[model]\nsha256 = \"{}\"",
        hex::encode(Sha256::digest(model.write()))
    )?;
    writeln!(
        out,
        "# Log-odds: from here on page; page where a rule asks; ask; ask where a weak rule does. Less where a\n\
         # topic rule or a guard covers a word."
    )?;
    writeln!(
        out,
        "page = {:.2}\nsupported = {:.2}\nask = {:.2}\nweak = {:.2}\non_topic = {ON_TOPIC:.2}",
        THRESHOLDS.page, THRESHOLDS.supported, THRESHOLDS.ask, THRESHOLDS.weak
    )?;
    writeln!(out, "\n[training]\nsha256 = \"{data}\"")?;
    writeln!(
        out,
        "files = {files:?}\nseed = {}\nrecipe = \"{RECIPE:?}\"",
        RECIPE.seed
    )?;
    let families: BTreeSet<&str> = rows.iter().map(|row| row.family.as_str()).collect();
    writeln!(
        out,
        "messages = {}\nfamilies = {}",
        rows.len(),
        families.len()
    )?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows {
        let language = if row.spanish { "es" } else { "en" };
        *counts
            .entry(format!("{language}_{}", row.tier.word()))
            .or_default() += 1;
    }
    for (name, count) in counts {
        writeln!(out, "{name} = {count}")?;
    }
    writeln!(
        out,
        "\n# Held out by family. Each: share, and its 95 % interval (Wilson)."
    )?;
    Ok(out)
}
