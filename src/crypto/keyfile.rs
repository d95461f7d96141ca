//! The master key on disk: 32 random bytes in hexadecimal, readable for their owner only. While one key is
//! replaced by another there are two lines: the first seals, both open.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::Master;
use crate::disk;
use crate::id::{IdSource, random};

/// Why there is no usable master key: the place, and the fix.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file is there and cannot be read.
    #[error("keys.file: {path} cannot be read: {source}. Make it readable for this user")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be made.
    #[error(
        "keys.file: {path} cannot be created: {source}. Make its folder writable, or name another place"
    )]
    Uncreatable {
        /// The file.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file does not hold a key.
    #[error(
        "keys.file: {path} does not hold a master key (64 hexadecimal digits; two lines while it is replaced). Put back the right file; a new key cannot read old data"
    )]
    NotAKey {
        /// The file.
        path: String,
    },
    /// The variable of the environment does not hold a key.
    #[error(
        "keys.variable: {name} does not hold a master key (64 hexadecimal digits). Set it for this process, and keep a copy: a new key cannot read old data"
    )]
    NoVariable {
        /// The variable.
        name: String,
    },
    /// The command gives no key.
    #[error("keys.command: {why}. Run it by hand and see what it says")]
    Command {
        /// What is wrong.
        why: String,
    },
    /// Others may read it.
    #[error("keys.file: {path} can be read by others (mode {mode:04o}). Run: chmod 600 {path}")]
    NotPrivate {
        /// The file.
        path: String,
        /// Its mode bits.
        mode: u32,
    },
}

/// Reads the master key that seals, or makes one where there is none.
///
/// # Errors
/// [`KeyFileError`] names the file and the fix. An existing file is never overwritten.
pub fn load_or_create(path: &Path, ids: &dyn IdSource) -> Result<Master, KeyFileError> {
    // There is one: a file without any is refused.
    load_all_or_create(path, ids).map(|mut masters| masters.swap_remove(0))
}

/// Reads the master keys, the one that seals first, or makes one where there is none.
///
/// # Errors
/// [`KeyFileError`] names the file and the fix. An existing file is never overwritten.
pub fn load_all_or_create(path: &Path, ids: &dyn IdSource) -> Result<Vec<Master>, KeyFileError> {
    match load_all(path) {
        Err(KeyFileError::Unreadable { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            let key: Master = Zeroizing::new(random(ids));
            match disk::write_new(path, lines(std::slice::from_ref(&key)).as_bytes()) {
                Ok(()) => Ok(vec![key]),
                // Another process has just made one: that one counts.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => load_all(path),
                Err(source) => Err(KeyFileError::Uncreatable {
                    path: path.display().to_string(),
                    source,
                }),
            }
        }
        found => found,
    }
}

/// Where systemd says in which folder a service finds its credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Whether systemd handed the file to this service alone (`LoadCredential=`). Access lists do that, and
/// show in the mode bits as if a group could read it.
fn is_credential(path: &Path, folder: Option<&OsStr>) -> bool {
    folder.is_some_and(|folder| !folder.is_empty() && path.parent() == Some(Path::new(folder)))
}

/// Master keys as they are written: one a line.
#[must_use]
pub fn lines(masters: &[Master]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for master in masters {
        let line = Zeroizing::new(hex::encode(master.as_slice()));
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Reads master keys as they are written; none when these are no keys.
#[must_use]
pub fn read(text: &str) -> Option<Vec<Master>> {
    let mut masters = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(line, key.as_mut_slice()).ok()?;
        masters.push(key);
    }
    (!masters.is_empty()).then_some(masters)
}

/// Writes master keys in the place of those that are there.
///
/// # Errors
/// [`KeyFileError`]: what was there before stays.
pub fn replace(path: &Path, masters: &[Master]) -> Result<(), KeyFileError> {
    disk::replace(path, lines(masters).as_bytes()).map_err(|source| KeyFileError::Uncreatable {
        path: path.display().to_string(),
        source,
    })
}

/// Reads the master keys, the one that seals first.
///
/// # Errors
/// [`KeyFileError`] names the file and the fix.
pub fn load_all(path: &Path) -> Result<Vec<Master>, KeyFileError> {
    let shown = path.display().to_string();
    match std::fs::metadata(path) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o7777;
            if mode & 0o077 != 0 && !is_credential(path, std::env::var_os(CREDENTIALS).as_deref()) {
                return Err(KeyFileError::NotPrivate { path: shown, mode });
            }
        }
        Err(source) => {
            return Err(KeyFileError::Unreadable {
                path: shown,
                source,
            });
        }
    }
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(source) => {
            return Err(KeyFileError::Unreadable {
                path: shown,
                source,
            });
        }
    };
    read(&text).ok_or(KeyFileError::NotAKey { path: shown })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SeededIds;

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master.key");
        let made = load_or_create(&path, &SeededIds::new(1)).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(
            std::fs::metadata(path.parent().unwrap())
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o700
        );
        assert_eq!(load_or_create(&path, &SeededIds::new(2)).unwrap(), made);
    }

    #[test]
    fn only_what_systemd_handed_to_the_service_may_look_open() {
        let path = Path::new("/run/credentials/harborline.service/master.key");
        let folder = |name: &'static str| Some(OsStr::new(name));
        assert!(is_credential(
            path,
            folder("/run/credentials/harborline.service")
        ));
        for other in [None, folder(""), folder("/run/credentials"), folder("/run")] {
            assert!(!is_credential(path, other), "{other:?}");
        }
    }

    #[test]
    fn a_damaged_or_open_key_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        disk::write_new(&path, b"not a key").unwrap();
        let refused = load_or_create(&path, &SeededIds::new(1)).unwrap_err();
        assert!(matches!(refused, KeyFileError::NotAKey { .. }), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"not a key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = load_or_create(&path, &SeededIds::new(1)).unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
}
