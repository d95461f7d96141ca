//! `harborline quarantine list`, `release` and `discard`.
//!
//! It works beside a running server: what it releases is sent by that server's workers.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Subcommand;
use uuid::Uuid;

use super::{Failure, with_app};
use crate::app::App;
use crate::config::Config;
use crate::intake::NotReleased;

/// How many held texts are listed.
const LISTED: u16 = 200;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what is held, oldest first
    List {
        /// Show numbers and words too; that they were read is written in the audit log
        #[arg(long)]
        words: bool,
    },
    /// Take a text in as if it had just come; a second time changes nothing
    Release {
        /// The id that `list` shows
        #[arg(value_parser = id)]
        id: Uuid,
    },
    /// Drop a text, its number and its words
    Discard {
        /// The id that `list` shows
        #[arg(value_parser = id)]
        id: Uuid,
    },
}

fn id(word: &str) -> Result<Uuid, String> {
    Uuid::parse_str(word)
        .map_err(|_| "write the whole id, as `harborline quarantine list` shows it".to_owned())
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    with_app(config, |app| async move { carry_out(&app, command).await })
}

async fn carry_out(app: &App, command: &Command) -> Result<(), Failure> {
    let intake = Arc::clone(&app.intake);
    let decided = |done: Result<(), NotReleased>, word: &str| match done {
        Ok(()) => Ok(writeln!(io::stdout(), "{word}")?),
        Err(why @ NotReleased::Unknown) => Err(Failure::finding(format!(
            "{why}. `harborline quarantine list` shows what is held"
        ))),
        Err(why) => Err(Failure::from(why)),
    };
    match command {
        Command::List { words } => list(app, *words).await,
        Command::Release { id } => decided(intake.release(*id).await, "released"),
        Command::Discard { id } => decided(intake.discard(*id).await, "discarded"),
    }
}

async fn list(app: &App, words: bool) -> Result<(), Failure> {
    let held = app.store.read().await?.held(LISTED).await?;
    let mut out = Vec::new();
    for text in &held {
        let at = jiff::Timestamp::from_millisecond(text.at.0).unwrap_or_default();
        writeln!(
            out,
            "{}  {}  gateway {}  tier {}  {}",
            text.id,
            at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            text.gateway,
            text.tier.word(),
            text.why
        )?;
        if words {
            let shown = app.intake.show_held(text.id).await?;
            // On one line, and without what could move a terminal's cursor.
            let plain: String = shown
                .body
                .reveal()
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect();
            writeln!(out, "    {}: {plain}", shown.from.reveal())?;
        }
    }
    if held.is_empty() {
        writeln!(out, "nothing is held")?;
    }
    io::stdout().write_all(&out)?;
    Ok(())
}
