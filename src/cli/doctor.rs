//! `harborline doctor`

use std::io::{self, Write};
use std::path::Path;

use super::progress::Progress;
use super::{Failure, runtime};
use crate::app::Seams;
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::doctor::{examine, fails};
use crate::gateway::check::{Finding, State};

pub(super) fn run(file: Option<&Path>, json: bool) -> Result<(), Failure> {
    let findings = match config::load(file) {
        // Here a configuration that cannot work is a finding like any other.
        Err(why) => vec![Finding::fail(
            "configuration",
            format!("{}: {}", why.place, why.problem),
            why.fix,
        )],
        Ok(config) => runtime()?.block_on(async {
            let client = Seams::system(&config)?.client;
            let _spins = Progress::spinning("looking at everything");
            Ok::<_, Failure>(examine(&config, &client, SystemClock.now()).await)
        })?,
    };
    report(&findings, json)
}

/// Prints findings; with one that fails, the command fails.
pub(super) fn report(findings: &[Finding], json: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &findings)?;
        writeln!(out)?;
    } else {
        for finding in findings {
            print(&mut out, finding)?;
        }
    }
    let count = |state| {
        let found = findings.iter().filter(|finding| finding.state == state);
        found.count()
    };
    let (all, warned) = (findings.len(), count(State::Warn));
    if fails(findings) {
        out.flush()?;
        let failed = count(State::Fail);
        return Err(Failure::finding(format!(
            "{failed} of {all} checks failed, {warned} warn"
        )));
    }
    if !json {
        writeln!(out, "none of {all} checks failed, {warned} warn")?;
    }
    out.flush()?;
    Ok(())
}

fn print(out: &mut impl Write, finding: &Finding) -> io::Result<()> {
    let state = match finding.state {
        State::Ok => "ok",
        State::Skipped => "skipped",
        State::Warn => "WARN",
        State::Fail => "FAIL",
    };
    writeln!(out, "{state:<8} {:<28} {}", finding.id, finding.finding)?;
    if !finding.fix.is_empty() {
        writeln!(out, "{:<8} fix: {}", "", finding.fix)?;
    }
    Ok(())
}
