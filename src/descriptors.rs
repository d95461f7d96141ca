//! Descriptors: how many files and connections this process may still open. Floor 2.
//!
//! Every connection, file of the spool and question to a provider needs one. Without any, nobody new gets
//! in, and what is open goes on.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// Below this the line is close to letting nobody in.
const FEW: u64 = 32;

/// How many more could be opened, if they are so few that somebody should look; `None` when there are enough,
/// or the system does not say.
#[must_use]
pub fn few_left() -> Option<u64> {
    let most = getrlimit(Resource::Nofile).current?;
    let open = match fs::read_dir("/proc/self/fd") {
        // The folder itself is one of them.
        Ok(open) => u64::try_from(open.count())
            .unwrap_or(u64::MAX)
            .saturating_sub(1),
        Err(error) if is_none_left(&error) => most,
        Err(_) => return None,
    };
    few(most, open)
}

fn few(most: u64, open: u64) -> Option<u64> {
    let left = most.saturating_sub(open);
    (left < FEW).then_some(left)
}

fn is_none_left(error: &io::Error) -> bool {
    [Errno::MFILE, Errno::NFILE].contains(&Errno::from_io_error(error).unwrap_or(Errno::IO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_told_and_enough_are_not() {
        assert_eq!(few(1024, 100), None);
        assert_eq!(few(1024, 1000), Some(24));
        assert_eq!(few(64, 64), Some(0));
        assert_eq!(few(64, 65), Some(0));
        // This test has a normal process to run in.
        assert_eq!(few_left(), None);
    }

    #[test]
    fn none_left_is_an_answer_too() {
        assert!(is_none_left(&io::Error::from(Errno::MFILE)));
        assert!(!is_none_left(&io::Error::from(Errno::NOENT)));
    }
}
