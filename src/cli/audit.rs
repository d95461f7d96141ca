//! `harborline audit verify` and `head`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Failure, with_app};
use crate::app::App;
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
    Head,
}

fn anchor(text: &str) -> Result<ChainHead, String> {
    let read = text.parse();
    read.map_err(|()| "write what `harborline audit head` printed, like 120:3fa9…".to_owned())
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    let anchors = match command {
        Command::Head => Vec::new(),
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
            Command::Head => Ok(writeln!(io::stdout(), "{}", app.audit_log.head().await?)?),
            Command::Verify { .. } => verify(&app, &anchors).await,
        }
    })
}

async fn verify(app: &App, anchors: &[ChainHead]) -> Result<(), Failure> {
    let checked = app.audit_log.verify(anchors).await?;
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
