//! The crisis rules in force, and the files that an operator edits. Floor 2.
//!
//! Edited rules come into force whole or not at all: every example in them and every sentence of
//! the corpus must hold. Otherwise the rules that were in force stay, and the reason is given.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::disk;
use crate::locale::Locale;
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
    #[error("{}: {source}. Make it readable for this user, or name another folder in triage.directory", path.display())]
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

/// Why an edited file was not put in force. What was in force is, and its file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotPut {
    /// There is nowhere to keep it.
    #[error(
        "No folder for edited rules is set: a restart would forget them. Set triage.directory and start again."
    )]
    NoDirectory,
    /// Somebody else put other rules in force.
    #[error("Other rules are in force by now. Try yours out against them first.")]
    Changed,
    /// The file cannot be written.
    #[error("{} cannot be written: {source}. Let the user that the server runs as write there.", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The rules do not hold.
    #[error(transparent)]
    Refused(Arc<Refused>),
}

/// The crisis rules in force.
#[derive(Debug)]
pub struct Rulebook {
    directory: Option<PathBuf>,
    state: RwLock<State>,
    /// Held by whoever reads or writes the files: one after the other.
    files: Mutex<()>,
}

#[derive(Debug)]
struct State {
    rules: Arc<RuleSet>,
    files: Arc<Files>,
    refused: Option<Arc<Refused>>,
}

/// The rule files of a set: name and content, in the order of [`RuleSet::SOURCES`].
#[derive(Clone, Debug)]
struct Files(Vec<(String, String)>);

impl Files {
    fn builtin() -> Self {
        let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Self(RuleSet::SOURCES.map(own).into())
    }

    fn load(&self) -> Result<RuleSet, RuleError> {
        let files: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        RuleSet::load(&files, Model::builtin()?)
    }

    /// The same with another file of a language.
    fn with(&self, locale: Locale, name: String, text: &str) -> Self {
        let mut files = self.0.clone();
        if let Some(file) = files.get_mut(locale as usize) {
            *file = (name, text.to_owned());
        }
        Self(files)
    }
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
                files: Arc::new(Files::builtin()),
                refused: None,
            }),
            files: Mutex::default(),
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

    /// The folder of edited rule files, if one is set.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The names of the rule files in force, by language.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let files = self.files_in_force();
        files.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The rule file of a language that is in force.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        let files = self.files_in_force();
        let file = files.0.get(locale as usize);
        file.map(|(_, text)| text.clone()).unwrap_or_default()
    }

    fn files_in_force(&self) -> Arc<Files> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.files)
    }

    /// Where the edited file of a language is kept, or would be.
    fn path_of(&self, locale: Locale) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.join(format!("{}.toml", locale.tag())))
    }

    /// Compiles the rules as they would be with this file of a language, and checks every example in
    /// them. Nothing comes into force. Takes a second or so: not for the thread of a request.
    ///
    /// # Errors
    /// [`RuleError`] with the place, the problem and the fix.
    pub fn try_out(&self, locale: Locale, text: &str) -> Result<RuleSet, RuleError> {
        let name = self.path_of(locale).map_or_else(
            || format!("{}.toml", locale.tag()),
            |path| path.display().to_string(),
        );
        self.files_in_force().with(locale, name, text).load()
    }

    /// Writes the edited file of a language into the directory and reads it again, as a reload does: the
    /// rules come into force whole or not at all. `tried` is the hash of the rules that they were tried
    /// out against. Takes some seconds: not for the thread of a request.
    ///
    /// # Errors
    /// [`NotPut`]; the rules that were in force stay, and their files are as they were.
    pub fn put(&self, locale: Locale, text: &str, tried: &str) -> Result<Arc<RuleSet>, NotPut> {
        let path = self.path_of(locale).ok_or(NotPut::NoDirectory)?;
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if self.current().hash() != tried {
            return Err(NotPut::Changed);
        }
        let before = match std::fs::read(&path) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(NotPut::Unwritable { path, source }),
        };
        disk::replace(&path, text.as_bytes()).map_err(|source| NotPut::Unwritable {
            path: path.clone(),
            source,
        })?;
        self.read_again().map_err(|refused| {
            let restored = match &before {
                Some(before) => disk::replace(&path, before),
                None => std::fs::remove_file(&path),
            };
            if let Err(error) = restored {
                tracing::error!(%error, "a refused rule file could not be taken back; the next start would refuse it");
            } else {
                // The files are those of before: so is what is said of them.
                self.forget_refusal();
            }
            NotPut::Refused(refused)
        })
    }

    /// Reads the directory again and brings its rules into force. Without a directory nothing
    /// changes. Takes a second or so: not for the thread of a request.
    ///
    /// # Errors
    /// [`Refused`]; the rules that were in force stay.
    pub fn reload(&self) -> Result<Arc<RuleSet>, Arc<Refused>> {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_again()
    }

    fn read_again(&self) -> Result<Arc<RuleSet>, Arc<Refused>> {
        let Some(directory) = &self.directory else {
            return Ok(self.current());
        };
        let read = load(directory).map_err(Arc::new);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok((rules, files)) => {
                let rules = Arc::new(rules);
                state.rules = Arc::clone(&rules);
                state.files = Arc::new(files);
                state.refused = None;
                Ok(rules)
            }
            Err(refused) => {
                state.refused = Some(Arc::clone(&refused));
                Err(refused)
            }
        }
    }

    fn forget_refusal(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.refused = None;
    }
}

/// The rules of a directory, where a file that is missing is the one that ships with the program.
///
/// # Errors
/// [`Refused`] with everything that keeps them from coming into force.
pub fn read(directory: &Path) -> Result<RuleSet, Refused> {
    load(directory).map(|(rules, _)| rules)
}

fn load(directory: &Path) -> Result<(RuleSet, Files), Refused> {
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
    let files = Files(files);
    let rules = files.load()?;
    let broken = corpus::broken_by(&rules);
    if broken.is_empty() {
        Ok((rules, files))
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
