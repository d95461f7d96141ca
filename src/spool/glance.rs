//! A look at the folder of the spool that changes nothing: for `harborline doctor`, beside a running
//! server. Part of `spool`: floor 2.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use super::{Aside, Counts, arrival_of, parts};

/// What a look at the folder shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Whether this user may write there, as the system says.
    pub writable: bool,
    /// The permission bits, 0700 when all is well.
    pub mode: u32,
    /// What is in it.
    pub counts: Counts,
}

/// Looks at the folder of a spool; `None` when there is none yet. Nothing is opened, made or changed.
///
/// # Errors
/// What the system says when the folder cannot be read.
pub fn glance(directory: &Path) -> io::Result<Option<Glance>> {
    let mode = match fs::metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?.permissions().mode() & 0o7777,
    };
    let mut waiting = Vec::new();
    for file in fs::read_dir(directory)? {
        // A half-written one is not counted: nobody was told that we have it.
        waiting.extend(parts(&file?.file_name().to_string_lossy()).map(|(id, _)| id));
    }
    Ok(Some(Glance {
        writable: is_writable(directory),
        mode,
        counts: Counts {
            entries: waiting.len(),
            oldest: waiting.iter().min().copied().and_then(arrival_of),
            corrupt: set_aside(directory, Aside::Corrupt)?,
            refused: set_aside(directory, Aside::Refused)?,
        },
    }))
}

fn is_writable(directory: &Path) -> bool {
    let writes = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    access(directory, writes).is_ok()
}

/// Less room than this is none: an entry is written beside its place first.
const NO_ROOM: u64 = 256 * 1024;

/// Why the folder takes nothing just now, as far as a look at it tells.
pub(super) fn trouble(directory: &Path) -> Option<&'static str> {
    if !is_writable(directory) {
        return Some("the folder of the spool cannot be written");
    }
    let disk = statvfs(directory).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    (free < NO_ROOM).then_some("the disk of the spool is full")
}

fn set_aside(directory: &Path, aside: Aside) -> io::Result<usize> {
    match fs::read_dir(directory.join(aside.folder())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        files => Ok(files?.count()),
    }
}
