//! Files that only their owner may read. Floor 2; store and crypto build on it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes a folder and its parents with mode 0700; one that is there stays as it is.
///
/// # Errors
/// What the system says.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
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
    let linked = std::fs::hard_link(&half, path);
    std::fs::remove_file(&half)?;
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
        .and_then(|()| std::fs::rename(&half, path));
    if let Err(error) = written {
        // On a full disk a half file would take the room that the next one needs.
        let _ = std::fs::remove_file(&half);
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
