//! Where the master key comes from: a file, a variable of the environment, or a command that asks a key
//! management service.

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use super::Master;
use super::keyfile::{self, KeyFileError};
use crate::id::IdSource;

/// What the file with a key that is about to take over is called: the name of the key file with this behind it.
const NEXT: &str = ".next";

/// Where the master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file; made on the first start.
    File(PathBuf),
    /// A variable of the environment.
    Variable(String),
    /// A program and its arguments, which prints it.
    Command(Vec<String>),
}

/// As a sentence calls it; nothing of the key.
impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) => write!(f, "what {name} holds"),
            Self::Command(_) => f.write_str("what keys.command prints"),
        }
    }
}

impl KeySource {
    /// The master keys, the one that seals first. A file is made when it is not there.
    ///
    /// # Errors
    /// [`KeyFileError`] names the place and the fix.
    pub fn load_or_create(&self, ids: &dyn IdSource) -> Result<Vec<Master>, KeyFileError> {
        match self {
            Self::File(path) if self.next().is_none_or(|next| !next.exists()) => {
                keyfile::load_all_or_create(path, ids)
            }
            _ => self.load(),
        }
    }

    /// The master keys, the one that seals first.
    ///
    /// # Errors
    /// [`KeyFileError`] names the place and the fix.
    pub fn load(&self) -> Result<Vec<Master>, KeyFileError> {
        match self {
            Self::File(path) => {
                let mut masters = keyfile::load_all(path)?;
                // What is about to take over opens already, so that nobody is surprised by it.
                if let Some(next) = self.next().filter(|next| next.exists()) {
                    for master in keyfile::load_all(&next)? {
                        if !masters.contains(&master) {
                            masters.push(master);
                        }
                    }
                }
                Ok(masters)
            }
            Self::Variable(name) => {
                let text = Zeroizing::new(std::env::var(name).unwrap_or_default());
                keyfile::read(&text).ok_or_else(|| KeyFileError::NoVariable { name: name.clone() })
            }
            Self::Command(command) => asked(command),
        }
    }

    /// Where a key that is about to take over is kept; a file only.
    #[must_use]
    pub fn next(&self) -> Option<PathBuf> {
        let Self::File(path) = self else { return None };
        let mut next = path.clone().into_os_string();
        next.push(NEXT);
        Some(next.into())
    }
}

/// What it prints besides the key is not shown: it may be a part of one.
fn asked(command: &[String]) -> Result<Vec<Master>, KeyFileError> {
    let failed = |why: String| KeyFileError::Command { why };
    let Some((program, arguments)) = command.split_first() else {
        return Err(failed("it names no program".to_owned()));
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(format!("it does not start: {error}")))?;
    let said = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(format!("it ended with {}", output.status)));
    }
    let text = std::str::from_utf8(&said).ok();
    text.and_then(keyfile::read)
        .ok_or_else(|| failed("it did not print a master key (64 hexadecimal digits)".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;
    use crate::id::SeededIds;

    #[test]
    fn a_key_about_to_take_over_opens_and_does_not_seal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let source = KeySource::File(path.clone());
        let first = source.load_or_create(&SeededIds::new(1)).unwrap();
        assert_eq!(first.len(), 1);
        let next = Zeroizing::new([7; 32]);
        let text = keyfile::lines(std::slice::from_ref(&next));
        disk::write_new(&source.next().unwrap(), text.as_bytes()).unwrap();
        assert_eq!(source.load().unwrap(), [first[0].clone(), next.clone()]);
        keyfile::replace(&path, &[next.clone(), first[0].clone()]).unwrap();
        assert_eq!(source.load().unwrap(), [next, first[0].clone()]);
    }

    #[test]
    fn a_command_prints_the_key_and_its_words_are_not_repeated() {
        let key = "ab".repeat(32);
        let run = |script: &str| {
            let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
            KeySource::Command(command).load()
        };
        assert_eq!(
            run(&format!("echo {key}")).unwrap()[0].as_slice(),
            [0xab; 32]
        );
        for (script, says) in [
            ("exit 3", "exit status: 3"),
            ("echo secretive", "did not print"),
            (":", "did not print"),
        ] {
            let why = run(script).unwrap_err().to_string();
            assert!(why.contains(says) && !why.contains("secretive"), "{why}");
        }
        let missing = KeySource::Command(vec!["/no/such/program".to_owned()]);
        assert!(
            missing
                .load()
                .unwrap_err()
                .to_string()
                .contains("does not start")
        );
        let none = KeySource::Variable("HARBORLINE_NO_SUCH_VARIABLE".to_owned());
        assert!(
            none.load()
                .unwrap_err()
                .to_string()
                .contains("HARBORLINE_NO_SUCH_VARIABLE")
        );
    }
}
