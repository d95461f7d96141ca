//! The spool: whether it can take what the database cannot, and what lies in it.

use std::io;
use std::path::Path;

use crate::clock::At;
use crate::config::Config;
use crate::gateway::check::Finding;
use crate::spool::{Counts, Glance, glance};

pub(super) fn examine(config: &Config, now: At) -> Vec<Finding> {
    let directory = &config.spool.directory;
    match glance(directory) {
        Ok(None) => vec![Finding::ok(
            "spool",
            "there is none yet; the first start makes it",
        )],
        Ok(Some(seen)) => found(directory, &seen, now),
        Err(why) => vec![unusable(directory, &why)],
    }
}

fn found(directory: &Path, seen: &Glance, now: At) -> Vec<Finding> {
    let folder = directory.display();
    let mut findings = vec![if !seen.writable {
        unusable(directory, &io::ErrorKind::PermissionDenied.into())
    } else if seen.mode == 0o700 {
        Finding::ok("spool", "it can be written, and is private")
    } else {
        Finding::warn(
            "spool",
            format!(
                "the mode of {folder} is {:04o}: not only this user reaches it",
                seen.mode
            ),
            format!("Run `chmod 700 {folder}`; the next start does the same"),
        )
    }];
    let Counts {
        entries,
        oldest,
        corrupt,
        refused,
    } = seen.counts;
    findings.push(if entries == 0 {
        Finding::ok("spool.waiting", "nothing waits for the database")
    } else {
        let minutes = oldest.map_or(0, |oldest| now.since(oldest).as_secs() / 60);
        Finding::warn(
            "spool.waiting",
            format!("{entries} wait for the database, the oldest for {minutes} min"),
            "See that the database answers and the server runs: it takes them over by itself",
        )
    });
    if corrupt > 0 {
        findings.push(Finding::fail(
            "spool.corrupt",
            format!("{corrupt} that came in could not be opened, nobody has read them: {folder}/corrupt"),
            format!("Put back the key that sealed them, move them to {folder} and start again; or find the texts in the gateway's own message log"),
        ));
    }
    if refused > 0 {
        findings.push(Finding::fail(
            "spool.refused",
            format!("{refused} that came in were refused by the database, nobody has read them: {folder}/refused"),
            format!("Read in the log why, mend it, move them to {folder} and start again"),
        ));
    }
    findings
}

fn unusable(directory: &Path, why: &io::Error) -> Finding {
    Finding::fail(
        "spool",
        format!(
            "{} cannot be used: {why}; what comes in while the database is away would be lost",
            directory.display()
        ),
        "Make it a folder of the user that the server runs as, or name another in spool.directory",
    )
}
