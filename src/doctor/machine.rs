//! The machine: room on the disk, limits of the process, what could write memory to a disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use crate::app::key_source;
use crate::config::Config;
use crate::crypto::source::KeySource;
use crate::gateway::check::Finding;
use crate::process;

/// Below this nothing can be kept for long.
const LITTLE_ROOM: u64 = 100 * 1024 * 1024;
/// Below this somebody should look.
const SOME_ROOM: u64 = 1024 * 1024 * 1024;
/// Besides connections: the database, the spool, sends and pages under way.
const OTHER_FILES: u64 = 512;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let mut findings = vec![
        room(
            "machine.spool_room",
            &config.spool.directory,
            "spool.directory",
        ),
        files(process::files(), config.limits.connections),
        cores(process::is_memory_private(), &limits),
        swap(fs::read_to_string("/proc/swaps").ok().as_deref()),
        user(&fs::read_to_string("/proc/self/status").unwrap_or_default()),
    ];
    if let Some(database) = database_of(config) {
        findings.push(room("machine.database_room", &database, "database.url"));
        findings.push(private(&database));
        findings.push(apart(&database, &key_source(config)));
    }
    findings
}

fn database_of(config: &Config) -> Option<PathBuf> {
    let path = config
        .database
        .url
        .strip_prefix("sqlite:")?
        .trim_start_matches("//");
    Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
}

/// Room where a file or folder is, or will be.
fn room(id: &str, path: &Path, key: &str) -> Finding {
    let there = path.ancestors().find(|path| path.exists());
    let here = there
        .filter(|path| !path.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let Ok(disk) = statvfs(here) else {
        return Finding::skipped(
            id,
            format!(
                "the system does not say how much room {} has",
                here.display()
            ),
        );
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let megabytes = free / (1024 * 1024);
    let found = format!("{megabytes} MB are free for {key}");
    let fix = "Free some, or move it to a larger disk: a full one keeps no text";
    match free {
        0..LITTLE_ROOM => Finding::fail(id, found, fix),
        LITTLE_ROOM..SOME_ROOM => Finding::warn(id, found, fix),
        _ => Finding::ok(id, found),
    }
}

/// The soft limit of a line of `/proc/self/limits`.
fn soft(limits: &str, name: &str) -> Option<u64> {
    let line = limits.lines().find(|line| line.starts_with(name))?;
    match line[name.len()..].split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// `open`: how many may be open at once, if that is limited. Of `connections` each holds one.
fn files(open: Option<u64>, connections: usize) -> Finding {
    let id = "machine.open_files";
    let needed = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(OTHER_FILES);
    match open {
        Some(few) if few < needed => Finding::warn(
            id,
            format!(
                "only {few} files and connections may be open at once, and limits.connections lets {connections} in"
            ),
            format!(
                "Set LimitNOFILE=65536 in the unit, `ulimit -n {needed}` before the start, or lower limits.connections"
            ),
        ),
        _ => Finding::ok(id, "enough files and connections may be open at once"),
    }
}

/// `private`: whether the program has been told by the system that none of its memory is written.
fn cores(private: Option<bool>, limits: &str) -> Finding {
    let id = "machine.core_dumps";
    match (private, soft(limits, "Max core file size")) {
        (Some(true), _) | (_, Some(0)) => Finding::ok(id, "a crash writes no memory to a disk"),
        (None, None) => Finding::skipped(
            id,
            "the system does not say whether memory is written after a crash",
        ),
        _ => Finding::warn(
            id,
            "a crash may write memory, with words and numbers in it, to a disk",
            "Set LimitCORE=0 in the unit, or `ulimit -c 0` before the start; the shipped unit and Compose file do",
        ),
    }
}

/// `swaps`: what the system says of them. Within the shipped unit it says nothing.
fn swap(swaps: Option<&str>) -> Finding {
    let id = "machine.swap";
    let Some(swaps) = swaps else {
        return Finding::skipped(
            id,
            "whether memory is written to a disk in clear cannot be seen from here",
        );
    };
    let clear = swaps
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    let clear: Vec<&str> = clear
        .filter(|name| {
            !name.starts_with("/dev/dm-")
                && !name.starts_with("/dev/mapper/")
                && !name.starts_with("/dev/zram")
        })
        .collect();
    if clear.is_empty() {
        return Finding::ok(id, "memory is not written to a disk in clear");
    }
    Finding::warn(
        id,
        format!(
            "memory, with words and numbers in it, may be written to {}",
            clear.join(", ")
        ),
        "Switch swap off, encrypt it, or set MemorySwapMax=0 in the unit, as the shipped one does",
    )
}

fn user(status: &str) -> Finding {
    let id = "machine.user";
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    match uid.and_then(|ids| ids.split_whitespace().nth(1)) {
        None => Finding::skipped(id, "the system does not say who this is"),
        Some("0") => Finding::warn(
            id,
            "this runs as root: whoever breaks in has the whole machine",
            "Run the server as a user of its own, as deploy/harborline.service does",
        ),
        Some(_) => Finding::ok(id, "this is not root"),
    }
}

/// Whether only its owner reads the database.
fn private(database: &Path) -> Finding {
    let id = "database.private";
    let Ok(metadata) = fs::metadata(database) else {
        return Finding::skipped(
            id,
            "there is no file yet; the first start makes it for its owner only",
        );
    };
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        return Finding::ok(id, "only its owner reads the database");
    }
    Finding::warn(
        id,
        format!(
            "others read the database (mode {mode:04o}): times, tiers and names of staff are in clear in it"
        ),
        format!("Run: chmod 600 {}", database.display()),
    )
}

fn apart(database: &Path, source: &KeySource) -> Finding {
    let id = "keys.apart";
    let beside = matches!(source, KeySource::File(key) if key.parent() == database.parent());
    if !beside {
        return Finding::ok(id, "key and database do not lie in one folder");
    }
    Finding::warn(
        id,
        "the key lies beside the database: a copy of that folder opens everything",
        "Leave the key out of backups of it, or name another place in keys.file; keep one copy apart",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::check::State;

    #[test]
    fn limits_swap_and_user_are_read_as_the_system_writes_them() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max core file size        0                    unlimited            bytes     \n\
                      Max open files            256                  524288               files     \n";
        assert_eq!(soft(limits, "Max open files"), Some(256));
        let unlimited = "Max core file size        unlimited            unlimited  bytes";
        for (private, limits, state) in [
            (Some(true), unlimited, State::Ok),
            (Some(false), limits, State::Ok),
            (Some(false), unlimited, State::Warn),
            (None, unlimited, State::Warn),
            (None, "", State::Skipped),
        ] {
            assert_eq!(cores(private, limits).state, state, "{private:?} {limits}");
        }
        assert_eq!(files(Some(1024), 4096).state, State::Warn);
        assert_eq!(files(Some(65_536), 4096).state, State::Ok);
        assert_eq!(files(None, 1_000_000).state, State::Ok);
        let head = "Filename\tType\tSize\tUsed\tPriority\n";
        for (swaps, state) in [
            (None, State::Skipped),
            (Some(""), State::Ok),
            (Some("/dev/dm-1 partition 1 0 -2\n"), State::Ok),
            (Some("/swapfile file 1 0 -2\n"), State::Warn),
        ] {
            let said = swaps.map(|swaps| format!("{head}{swaps}"));
            assert_eq!(swap(said.as_deref()).state, state, "{swaps:?}");
        }
        assert_eq!(
            user("Name:\tx\nUid:\t1000\t0\t1000\t1000\n").state,
            State::Warn
        );
        assert_eq!(user("Uid:\t0\t1000\t0\t0\n").state, State::Ok);
    }

    #[test]
    fn a_key_lies_beside_the_database_only_if_it_is_a_file_there() {
        let database = Path::new("data/harborline.db");
        for (source, state) in [
            (KeySource::File("data/master.key".into()), State::Warn),
            (KeySource::File("keys/master.key".into()), State::Ok),
            (KeySource::Variable("LINE_KEY".to_owned()), State::Ok),
            (KeySource::Command(vec!["key".to_owned()]), State::Ok),
        ] {
            assert_eq!(apart(database, &source).state, state, "{source}");
        }
    }
}
