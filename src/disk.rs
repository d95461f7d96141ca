//! Files that only their owner may read. Floor 2; store and crypto build on it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Makes a folder and its parents with mode 0700; one that is there stays as it is.
///
/// # Errors
/// What the system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a folder and its parents; one that is there is closed to all but its owner, too.
///
/// # Errors
/// What the system says, also when the folder is another user's.
pub fn closed_folder(path: &Path) -> io::Result<()> {
    private_folder(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Options that create files with mode 0600.
#[must_use]
pub fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Writes a new private file so that it is there whole or not at all, and survives a power cut.
///
/// # Errors
/// What the system says; `AlreadyExists` when the file is there.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        private_folder(folder)?;
    }
    // A name of our own: two first starts on one volume must not write into one file.
    let half = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = private_options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // A hard link, unlike a rename, never replaces a file that another process just made.
    let linked = fs::hard_link(&half, path);
    fs::remove_file(&half)?;
    linked?;
    sync_folder_of(path)
}

/// What a file is called until it is whole: its name with this behind it.
pub const HALF: &str = ".half";

/// Writes a private file, in the place of one that may be there, so that it is there whole or as it
/// was, and survives a power cut.
///
/// # Errors
/// What the system says; what was there before stays.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut half = path.as_os_str().to_owned();
    half.push(HALF);
    let written = private_options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&half)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&half, path));
    if let Err(error) = written {
        // On a full disk a half file would take the room that the next one needs.
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    sync_folder_of(path)
}

/// Makes what was renamed into or removed from the folder of a file survive a power cut.
///
/// # Errors
/// What the system says.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A private folder that is there whole or not at all: it is filled under another name, and goes when it
/// is dropped before it is finished.
#[derive(Debug)]
pub struct NewFolder {
    to: PathBuf,
    half: PathBuf,
    finished: bool,
}

impl NewFolder {
    /// Begins a folder.
    ///
    /// # Errors
    /// The path that is in the way, or cannot be made, and what the system says of it: `AlreadyExists` when
    /// the folder is there, or was begun by somebody who did not finish it.
    pub fn begin(to: &Path) -> Result<Self, (PathBuf, io::Error)> {
        let mut half = to.as_os_str().to_owned();
        half.push(HALF);
        let half = PathBuf::from(half);
        for there in [to, &half] {
            if there.symlink_metadata().is_ok() {
                return Err((there.to_owned(), io::ErrorKind::AlreadyExists.into()));
            }
        }
        let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let made = parent.map_or(Ok(()), private_folder);
        made.and_then(|()| DirBuilder::new().mode(0o700).create(&half))
            .map_err(|error| (half.clone(), error))?;
        Ok(Self {
            to: to.to_owned(),
            half,
            finished: false,
        })
    }

    /// Where it is filled.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.half
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// What the system says; nothing stays.
    pub fn finish(mut self) -> io::Result<()> {
        File::open(&self.half)?.sync_all()?;
        // A folder with something in it, or a file, is not replaced: the system refuses.
        fs::rename(&self.half, &self.to)?;
        self.finished = true;
        sync_folder_of(&self.to)
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.half);
        }
    }
}

/// A new private file that is hashed while it is written.
pub struct HashedFile {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl HashedFile {
    /// Makes the file.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` when it is there.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = private_options().write(true).create_new(true).open(path)?;
        Ok(Self {
            file: BufWriter::new(file),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Puts it on the disk; its hash (SHA-256, hexadecimal) and how many bytes it has.
    ///
    /// # Errors
    /// What the system says.
    pub fn finish(self) -> io::Result<(String, u64)> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok((hex::encode(self.hash.finalize()), self.bytes))
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_folder_is_there_whole_or_not_at_all_and_for_its_owner_alone() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("a/b");
        let begun = NewFolder::begin(&to).unwrap();
        let mut file = HashedFile::create(&begun.path().join("words")).unwrap();
        file.write_all(b"abc").unwrap();
        let (hash, bytes) = file.finish().unwrap();
        assert_eq!((&hash[..8], bytes), ("ba7816bf", 3));
        assert!(!to.exists());
        let other = NewFolder::begin(&to).unwrap_err();
        assert_eq!(
            other.1.kind(),
            io::ErrorKind::AlreadyExists,
            "somebody is at it"
        );
        drop(begun);
        assert_eq!(fs::read_dir(place.path().join("a")).unwrap().count(), 0);
        let begun = NewFolder::begin(&to).unwrap();
        fs::write(begun.path().join("words"), "x").unwrap();
        begun.finish().unwrap();
        let rights = fs::metadata(&to).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, 0o700);
        assert_eq!(NewFolder::begin(&to).unwrap_err().0, to);
    }
}
