//! `harborline hold set`, `list` and `lift`: legal holds.

use std::io::{self, Write};

use clap::Subcommand;
use uuid::Uuid;

use super::{Failure, erase, with_app};
use crate::accounts::By;
use crate::app::App;
use crate::config::Config;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keep a conversation, or with --all everything of its texter, whatever its age and whoever wants it deleted
    Set {
        /// The code of a case, like K7, or the id of a conversation
        reference: String,
        /// Why: the order, its date, a file number; no name, and nothing of what was texted
        #[arg(long)]
        reason: String,
        /// Everything of the texter, not only this conversation
        #[arg(long)]
        all: bool,
    },
    /// List the holds that stand, oldest first
    List,
    /// End a hold; what was to be deleted goes from then on
    Lift {
        /// The id that `list` shows
        id: Uuid,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    with_app(config, |app| async move { carry_out(&app, command).await })
}

async fn carry_out(app: &App, command: &Command) -> Result<(), Failure> {
    let by = By::operator();
    match command {
        Command::Set {
            reference,
            reason,
            all,
        } => {
            let who = erase::reference(reference)?;
            let set = app.retention.hold(&who, *all, reason, by.name()).await?;
            let id = set.map_err(Failure::finding)?;
            writeln!(io::stdout(), "held: {id}")?;
        }
        Command::List => list(app).await?,
        Command::Lift { id } => {
            let lifted = app.retention.lift(*id, by.name()).await?;
            lifted.map_err(|why| {
                Failure::finding(format!("{why}. Those that stand: harborline hold list"))
            })?;
            writeln!(io::stdout(), "lifted")?;
        }
    }
    Ok(())
}

async fn list(app: &App) -> Result<(), Failure> {
    let holds = app.retention.holds().await?;
    let mut out = Vec::new();
    for hold in &holds {
        let at = jiff::Timestamp::from_millisecond(hold.set_at.0).unwrap_or_default();
        let what = hold.conversation_id.map_or_else(
            || format!("texter {}", hold.texter_id),
            |id| format!("conversation {id}"),
        );
        // On one line, and without what could move a terminal's cursor.
        let reason: String = hold
            .reason
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        writeln!(
            out,
            "{}  {}  {what}  by {}: {reason}",
            hold.id,
            at.strftime("%Y-%m-%d"),
            hold.set_by
        )?;
    }
    if holds.is_empty() {
        writeln!(out, "nothing is held")?;
    }
    io::stdout().write_all(&out)?;
    Ok(())
}
