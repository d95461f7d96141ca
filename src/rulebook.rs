//! The crisis rules in force, and the files that an operator edits. Floor 2.
//!
//! Edited rules come into force whole or not at all: every example in them and every sentence of
//! the corpus must hold. Otherwise the rules that were in force stay, and the reason is given.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::triage::model::Model;
use crate::triage::{Broken, RuleError, RuleSet, assess, corpus};

/// How many sentences of the corpus a refusal prints; the rest is a number.
const PRINTED: usize = 20;

/// Every so many sentences of the corpus warm a new program up.
const WARM_UP: usize = 20;

/// Why rule files were refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A file or folder cannot be read.
    #[error("{}: {source}. Set triage.directory to a readable folder with en.toml or es.toml", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that nothing would read: most likely a wrong name.
    #[error("{}: this file is not a rule file of a language. Name it en.toml or es.toml, or take it out", .0.display())]
    Stray(PathBuf),
    /// No rule file is there.
    #[error("{}: there is no rule file. Copy en.toml or es.toml from templates/triage and edit it", .0.display())]
    Empty(PathBuf),
    /// The rules contradict themselves.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// Sentences of the corpus would get another tier.
    #[error("{}", listed(.0))]
    Corpus(Vec<Broken>),
}

fn listed(broken: &[Broken]) -> String {
    let mut lines: Vec<String> = broken.iter().take(PRINTED).map(Broken::to_string).collect();
    if broken.len() > PRINTED {
        lines.push(format!("and {} more sentences", broken.len() - PRINTED));
    }
    lines.join("\n")
}

/// The crisis rules in force.
#[derive(Debug)]
pub struct Rulebook {
    directory: Option<PathBuf>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    rules: Arc<RuleSet>,
    refused: Option<Arc<Refused>>,
}

/// The rules that ship with the program, compiled and warmed up once a process: it takes a second or so.
fn builtin() -> Result<Arc<RuleSet>, RuleError> {
    static ONCE: OnceLock<Arc<RuleSet>> = OnceLock::new();
    if let Some(rules) = ONCE.get() {
        return Ok(Arc::clone(rules));
    }
    let rules = Arc::new(RuleSet::builtin()?);
    // The first assessments build lazy tables; a texter must not wait for them.
    for sentence in corpus::sentences().step_by(WARM_UP) {
        let _ = assess(&rules, sentence.text);
    }
    Ok(Arc::clone(ONCE.get_or_init(|| rules)))
}

impl Rulebook {
    /// The rules that ship with the program, until [`Rulebook::reload`] reads the directory.
    ///
    /// # Errors
    /// [`RuleError`] when the program was built with rules that do not hold.
    pub fn new(directory: Option<PathBuf>) -> Result<Self, RuleError> {
        Ok(Self {
            directory,
            state: RwLock::new(State {
                rules: builtin()?,
                refused: None,
            }),
        })
    }

    /// The rules in force now. Whoever holds them keeps them through a reload.
    #[must_use]
    pub fn current(&self) -> Arc<RuleSet> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.rules)
    }

    /// Why the rules that were read last did not come into force, if they did not.
    #[must_use]
    pub fn refused(&self) -> Option<Arc<Refused>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.refused.clone()
    }

    /// Reads the directory again and brings its rules into force. Without a directory nothing
    /// changes. Takes a second or so: not for the thread of a request.
    ///
    /// # Errors
    /// [`Refused`]; the rules that were in force stay.
    pub fn reload(&self) -> Result<Arc<RuleSet>, Arc<Refused>> {
        let Some(directory) = &self.directory else {
            return Ok(self.current());
        };
        let read = read(directory).map(Arc::new).map_err(Arc::new);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(rules) = &read {
            state.rules = Arc::clone(rules);
        }
        state.refused = read.as_ref().err().cloned();
        read
    }
}

/// The rules of a directory, where a file that is missing is the one that ships with the program.
///
/// # Errors
/// [`Refused`] with everything that keeps them from coming into force.
pub fn read(directory: &Path) -> Result<RuleSet, Refused> {
    let mut edited = edited_files(directory)?;
    let mut files = Vec::new();
    for (name, source) in RuleSet::SOURCES {
        let path = directory.join(Path::new(name).file_name().unwrap_or_default());
        if edited.remove(&path) {
            let text = std::fs::read_to_string(&path).map_err(|source| Refused::Unreadable {
                path: path.clone(),
                source,
            })?;
            files.push((path.display().to_string(), text));
        } else {
            files.push((name.to_owned(), source.to_owned()));
        }
    }
    if let Some(stray) = edited.pop_first() {
        return Err(Refused::Stray(stray));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let rules = RuleSet::load(&files, Model::builtin().map_err(RuleError::from)?)?;
    let broken = corpus::broken_by(&rules);
    if broken.is_empty() {
        Ok(rules)
    } else {
        Err(Refused::Corpus(broken))
    }
}

/// The TOML files of a directory; at least one.
fn edited_files(directory: &Path) -> Result<BTreeSet<PathBuf>, Refused> {
    let unreadable = |source| Refused::Unreadable {
        path: directory.to_owned(),
        source,
    };
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.insert(path);
        }
    }
    if found.is_empty() {
        return Err(Refused::Empty(directory.to_owned()));
    }
    Ok(found)
}
