//! `harborline audit verify` and `head`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::progress::Progress;
use super::{Failure, with_app};
use crate::app::App;
use crate::audit_log;
use crate::config::Config;
use crate::store::ChainHead;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check the chain of the audit log, and name the first entry that does not hold; exit code 1 then
    Verify {
        /// An end of the chain that `head` printed once: the log must still lead to it
        #[arg(long, value_name = "NUMBER:HASH", value_parser = anchor)]
        anchor: Vec<ChainHead>,
        /// A file with such ends, one a line; what stands before them in a line is passed over
        #[arg(long, value_name = "FILE")]
        anchors: Option<PathBuf>,
    },
    /// Print the end of the chain: keep it where nobody who can write in the database can write
    Head {
        /// Print the end of another line's chain, as it last came with a ping of this name
        #[arg(long, value_name = "NAME")]
        of: Option<String>,
    },
}

fn anchor(text: &str) -> Result<ChainHead, String> {
    let read = text.parse();
    read.map_err(|()| "write what `harborline audit head` printed, like 120:3fa9…".to_owned())
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    let anchors = match command {
        Command::Head { .. } => Vec::new(),
        Command::Verify { anchor, anchors } => {
            let mut all = anchor.clone();
            if let Some(path) = anchors {
                all.extend(read(path)?);
            }
            all
        }
    };
    with_app(config, |app| async move {
        match command {
            Command::Head { of } => head(&app, of.as_deref()).await,
            Command::Verify { .. } => verify(&app, &anchors).await,
        }
    })
}

async fn head(app: &App, of: Option<&str>) -> Result<(), Failure> {
    let head = match of {
        None => app.audit_log.head().await?.to_string(),
        Some(name) => app.heartbeat.head_of(name).await?.ok_or_else(|| {
            Failure::finding(format!(
                "nothing is kept of `{name}`. Names are those of [[heartbeat.expect]]; its pings must come from a Harborline"
            ))
        })?,
    };
    Ok(writeln!(io::stdout(), "{head}")?)
}

async fn verify(app: &App, anchors: &[ChainHead]) -> Result<(), Failure> {
    let bar = Progress::of("checking", "entries", 0);
    let tell = |done, all| bar.set(done, all);
    let checked = audit_log::verify(&app.store, anchors, &tell).await?;
    drop(bar);
    if let Some(bad) = checked.bad {
        return Err(Failure::finding(format!(
            "the audit log does not hold: {bad}. The {} before it hold. Keep a copy of the database, and compare with a backup who changed it",
            checked.rows
        )));
    }
    writeln!(
        io::stdout(),
        "{} entries hold, and lead to {} anchor(s); the end is {}",
        checked.rows,
        anchors.len(),
        checked.head
    )?;
    Ok(())
}

/// The last word of each line is an end of the chain.
fn read(path: &Path) -> Result<Vec<ChainHead>, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::from(format!("{shown}: {error}. Name a readable file")))?;
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let last = line.split_whitespace().next_back().unwrap_or_default();
            last.parse().map_err(|()| {
                Failure::from(format!(
                    "{shown}, line {}: no end of an audit log. Write what `harborline audit head` printed, one a line",
                    number + 1
                ))
            })
        })
        .collect()
}
