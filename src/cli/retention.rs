//! `harborline retention`: removes what has been kept long enough, or says what would be.

use std::io::{self, Write};

use clap::Args;

use super::progress::Progress;
use super::{Failure, with_app};
use crate::app::App;
use crate::config::Config;
use crate::retention::DueClass;
use crate::store::Class;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Change nothing; say how many rows of each table would go, and how many as old ones stay
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    with_app(config, |app| async move {
        carry_out(&app, arguments.dry_run).await
    })
}

async fn carry_out(app: &App, dry_run: bool) -> Result<(), Failure> {
    let due = app.retention.dry_run().await?;
    if !dry_run {
        let bar = Progress::spinning("removing what is due");
        let tell = |class: Class, gone| bar.says(format!("removing {}, {gone} rows", class.word()));
        app.retention.run(&tell).await?;
    }
    io::stdout().write_all(&table(&due, dry_run)?)?;
    Ok(())
}

fn table(due: &[DueClass], dry_run: bool) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let goes = if dry_run { "would go" } else { "went" };
    writeln!(
        out,
        "{:<12} {:>6}  {:<10}  {:<14} {goes:>9} {:>9}",
        "class", "days", "before", "table", "stays"
    )?;
    for class in due {
        let before = class.cutoff.day();
        for amount in &class.amounts {
            writeln!(
                out,
                "{:<12} {:>6}  {before:<10}  {:<14} {:>9} {:>9}",
                class.class.word(),
                class.days,
                amount.table,
                amount.due,
                amount.kept
            )?;
        }
    }
    writeln!(
        out,
        "stays: as old, but of an open case, with an answer owed, or under a legal hold"
    )?;
    Ok(out)
}
