//! `harborline key status`, `rotate`, `retire` and `lost`. They work beside running servers.

use std::io::{self, Write};
use std::time::Duration;

use clap::Subcommand;

use super::progress::Progress;
use super::{Failure, with_app};
use crate::app::App;
use crate::config::Config;
use crate::keys::Prepared;
use crate::store::Cursor;

/// How often all rows are gone through at most: a server that has not seen the new key yet may seal with
/// the old one in between.
const PASSES: u32 = 5;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say how many master keys are accepted, and whether rows have to be sealed anew
    Status,
    /// Let a new master key take over, while texts come in; run it again if it was interrupted
    Rotate {
        /// How long running servers get to see a change of the key file; they look every second
        #[arg(long, value_name = "SECONDS", default_value_t = 10)]
        wait: u64,
    },
    /// Let the old master key go, once nothing is sealed with it and every server was restarted
    Retire,
    /// Count the texters whose seeds are missing in the keystore: nobody can read them
    Lost {
        /// Erase them, so that their next text is a stranger's. First look for a newer copy of the keystore
        #[arg(long)]
        erase: bool,
    },
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    with_app(config, |app| async move {
        match command {
            Command::Status => status(&app).await,
            Command::Rotate { wait } => rotate(&app, Duration::from_secs(*wait)).await,
            Command::Retire => {
                let spooled = app.failsafe.spooled();
                let bar = Progress::of("looking for the old key", "rows", 0);
                let retired = app
                    .keys
                    .retire(spooled, &|done, all| bar.set(done, all))
                    .await;
                drop(bar);
                retired.map_err(Failure::finding)?;
                Ok(writeln!(
                    io::stdout(),
                    "the old master key is let go. Backups of the database from before the rotation need it: destroy it together with them"
                )?)
            }
            Command::Lost { erase } => lost(&app, *erase).await,
        }
    })
}

async fn status(app: &App) -> Result<(), Failure> {
    let standing = app.keys.standing().await?;
    let rows = if standing.rotating {
        "rows have to be sealed anew: harborline key rotate"
    } else {
        "all rows are sealed with the first one"
    };
    writeln!(io::stdout(), "{} master key(s); {rows}", standing.keys)?;
    Ok(())
}

async fn rotate(app: &App, wait: Duration) -> Result<(), Failure> {
    let say = |words: &str| writeln!(io::stderr(), "{words}");
    if app.keys.prepare().await.map_err(Failure::finding)? == Prepared::Announced {
        say("a new master key is announced; running servers learn to open with it")?;
        tokio::time::sleep(wait).await;
        app.keys.put_first().map_err(Failure::finding)?;
        say("it seals from now on; running servers take it over")?;
        tokio::time::sleep(wait).await;
    }
    let rows = app.keys.begin().await?;
    let bar = Progress::of("sealing anew", "rows", rows);
    let mut unreadable = 0;
    for pass in 0..PASSES {
        let mut changed = 0;
        unreadable = 0;
        bar.set(0, rows);
        let mut next = Some(Cursor::default());
        while let Some(from) = next {
            let done = app.keys.reseal(from).await?;
            bar.inc(done.seen);
            changed += done.changed;
            unreadable += done.unreadable;
            next = done.next;
        }
        if changed == 0 {
            break;
        }
        if pass + 1 == PASSES {
            return Err(Failure::finding(
                "a server goes on sealing with the old key. Restart every server, and run this again",
            ));
        }
    }
    drop(bar);
    app.keys.finish().await?;
    writeln!(
        io::stdout(),
        "every row is sealed with the new master key. The old one is still accepted: restart every server, then run `harborline key retire`"
    )?;
    if unreadable > 0 {
        return Err(Failure::finding(format!(
            "{unreadable} row(s) can be opened by neither key; the log names them"
        )));
    }
    Ok(())
}

async fn lost(app: &App, erase: bool) -> Result<(), Failure> {
    let now = app.clock.now();
    let (again, lost) = app.keys.erase_restored(now, erase).await?;
    app.keys.tick().await?;
    if again > 0 {
        writeln!(
            io::stdout(),
            "{again} texter(s) had been erased and were back with a backup; they are erased again"
        )?;
    }
    match (lost, erase) {
        (0, _) => Ok(writeln!(
            io::stdout(),
            "every texter's seed is in the keystore"
        )?),
        (lost, true) => Ok(writeln!(io::stdout(), "{lost} texter(s) were erased")?),
        (lost, false) => Err(Failure::finding(format!(
            "the seeds of {lost} texter(s) are missing in the keystore, and nobody can read them. Put back its newest copy; only if there is none, run this with --erase"
        ))),
    }
}
