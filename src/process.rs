//! What the program asks of the system for itself: that its memory, in which there are words and numbers,
//! is never written to a disk, and as many open files as it may have. Floor 5.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than a line of any size needs.
const ENOUGH_FILES: u64 = 65_536;

/// Asks for both. What the system refuses, `harborline doctor` tells.
pub fn settle() {
    keep_memory_private();
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(ENOUGH_FILES, |most| most.min(ENOUGH_FILES));
    if current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum,
        };
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// Neither the limit of the size of a core file nor the unit does this for everybody: where crashes are
/// handed to a program (apport, systemd-coredump), the limit does not count.
#[cfg(target_os = "linux")]
fn keep_memory_private() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

#[cfg(not(target_os = "linux"))]
fn keep_memory_private() {
    let none = Rlimit {
        current: Some(0),
        maximum: getrlimit(Resource::Core).maximum,
    };
    let _ = setrlimit(Resource::Core, none);
}

/// Whether a crash writes no memory of this process; `None` where the system does not say.
#[cfg(target_os = "linux")]
#[must_use]
pub fn is_memory_private() -> Option<bool> {
    use rustix::process::{DumpableBehavior, dumpable_behavior};
    let behavior = dumpable_behavior().ok()?;
    Some(behavior == DumpableBehavior::NotDumpable)
}

/// Whether a crash writes no memory of this process; `None` where the system does not say.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn is_memory_private() -> Option<bool> {
    Some(getrlimit(Resource::Core).current == Some(0))
}

/// How many files and connections may be open at once; `None` for any number.
#[must_use]
pub fn files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}
