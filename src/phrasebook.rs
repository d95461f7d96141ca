//! The words in force, and the files that an operator edits. Floor 2.
//!
//! Edited packs come into force whole or not at all: what `content check` calls an error refuses
//! them, and then the packs that ship with the program serve.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::content::check::{Finding, Strictness, Weight, check};
use crate::content::{BUILTIN, Codes, PackError, Packs, Resources, Source};

/// The files of a directory, in the order of [`BUILTIN`].
const FILES: [&str; BUILTIN.len()] = ["en.toml", "es.toml", "resources.toml", "codes.toml"];

/// How many findings a refusal prints; the rest is a number.
const PRINTED: usize = 20;

/// Why the packs of a directory were refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A file or folder cannot be read.
    #[error("{}: {source}. Make it readable for this user, or name another folder in content.directory", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that nothing would read: most likely a wrong name.
    #[error("{}: this file is no pack. Name it en.toml, es.toml, resources.toml or codes.toml, or take it out", .0.display())]
    Stray(PathBuf),
    /// No file is there.
    #[error("{}: there is no pack. Copy one from templates/messages and edit it", .0.display())]
    Empty(PathBuf),
    /// A pack that cannot be loaded.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Words that break a rule.
    #[error("{}", listed(.0))]
    Words(Vec<Finding>),
}

fn listed(findings: &[Finding]) -> String {
    let lines = findings.iter().take(PRINTED).map(ToString::to_string);
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if findings.len() > PRINTED {
        let _ = fmt::Write::write_fmt(
            &mut text,
            format_args!("\nand {} more findings", findings.len() - PRINTED),
        );
    }
    text
}

/// The packs of a directory, where a file that is missing is the one that ships with the program.
///
/// # Errors
/// [`Refused`] when they cannot be loaded; what their words are is not judged here.
pub fn load(directory: &Path) -> Result<Packs, Refused> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| Refused::Unreadable { path, source }
    };
    let mut texts: [Option<(String, String)>; FILES.len()] = Default::default();
    for entry in std::fs::read_dir(directory).map_err(unreadable(directory))? {
        let path = entry.map_err(unreadable(directory))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let Some(place) = FILES.iter().position(|file| *file == name) else {
            return Err(Refused::Stray(path));
        };
        let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        texts[place] = Some((path.display().to_string(), text));
    }
    if texts.iter().all(Option::is_none) {
        return Err(Refused::Empty(directory.to_owned()));
    }
    let mut sources = BUILTIN;
    for (source, read) in sources.iter_mut().zip(&texts) {
        if let Some((file, text)) = read {
            *source = Source { file, text };
        }
    }
    let [en, es, resources, codes] = sources;
    let packs = Packs::load(en, es, Resources::load(resources)?)?;
    Ok(packs.with_codes(Codes::load(codes)?))
}

/// The packs of a directory, if every word in them keeps the rules on this day.
///
/// # Errors
/// [`Refused`], with each file, key and fix.
pub fn read(directory: &Path, today: Date) -> Result<Packs, Refused> {
    let packs = load(directory)?;
    let how = Strictness {
        today,
        release: false,
    };
    let mut findings = check(&packs, how);
    findings.retain(|finding| finding.weight == Weight::Error);
    if findings.is_empty() {
        Ok(packs)
    } else {
        Err(Refused::Words(findings))
    }
}
