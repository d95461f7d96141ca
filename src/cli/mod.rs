//! The command line. Exit codes: 0 fine, 1 findings, 2 usage or configuration. Floor 5.

mod audit;
mod backup;
mod chat;
mod content;
mod doctor;
mod drill;
mod erase;
mod explain;
mod export;
mod fallback;
mod heartbeat;
mod hold;
mod init;
mod key;
mod manual;
mod method;
pub mod progress;
mod quarantine;
mod retention;
pub mod segments;
mod serve;
#[cfg(test)]
mod tests;
pub mod triage;
mod user;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use rustix::io::Errno;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Seams};
use crate::clock::At;
use crate::config::{self, Config};
use crate::lifecycle::asked_to_stop;
use crate::process;
use crate::rulebook;
use crate::triage::RuleSet;

/// What stands below the list of commands.
const AFTER: &str =
    "To try it out: harborline serve. For a real line: harborline init, then harborline doctor.
Exit codes: 0 fine, 1 findings, 2 wrong usage or configuration.";

/// A self-hosted front door for a text helpline.
#[derive(Debug, Parser)]
#[command(name = "harborline", version, about, propagate_version = true, after_help = AFTER)]
struct Arguments {
    // Both apart from what a command has of its own, and with names that no command gives to anything else.
    /// The configuration file [default: harborline.toml, if it is there]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "With every command"
    )]
    config: Option<PathBuf>,
    /// Show no progress; without a terminal none is shown anyway
    #[arg(long, global = true, help_heading = "With every command")]
    no_progress: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask the few questions that matter, write the configuration and a key, and say what to set at the gateway
    Init {
        #[command(flatten)]
        arguments: Box<init::Arguments>,
    },
    /// Start the server; needs no configuration
    Serve,
    /// Look at everything that must be right, here and at the providers, and say what to do
    Doctor {
        /// Print JSON: a list of objects with id, state, finding and fix
        #[arg(long)]
        json: bool,
    },
    /// A phone in the terminal, against the sandbox gateway
    Chat,
    /// Look after the accounts of the staff
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Hold a drill: a made-up texter goes through the real loop, and what happens is measured. Exit code
    /// 0 when it passed, 1 when it failed, 2 when it could not be held
    Drill {
        #[command(flatten)]
        arguments: drill::Arguments,
    },
    /// Decide on texts that are held because their signature did not hold
    Quarantine {
        #[command(subcommand)]
        command: quarantine::Command,
    },
    /// Ask a server whether it does its work; exit code 1 when it does not, or does not answer
    Heartbeat {
        /// The address of another server; without it, the one that runs here
        #[arg(long, value_name = "URL")]
        check: Option<String>,
        /// Ask only whether the server that runs here answers, whatever the state of its work
        #[arg(long, conflicts_with = "check")]
        alive: bool,
    },
    /// Check what texters are told, and look at it
    Content {
        #[command(subcommand)]
        command: content::Command,
    },
    /// Assess messages: one a line in (or JSON Lines with "text"), one JSON object a line out
    Triage {
        /// The file to read; - or nothing for standard input
        file: Option<PathBuf>,
        /// Print for a person, with the words underlined, instead of JSON
        #[arg(long)]
        explain: bool,
        /// Use the edited rule files of this folder; if they do not hold, say why and exit with 1
        #[arg(long, value_name = "DIR")]
        rules: Option<PathBuf>,
    },
    /// Count SMS segments: one JSON string a line in, one JSON object a line out
    Segments {
        /// The file to read; - or nothing for standard input
        file: Option<PathBuf>,
    },
    /// What texters get while this server is down
    Fallback {
        #[command(subcommand)]
        command: fallback::Command,
    },
    /// Copy the database and the spool into a new folder, beside a running server (SQLite), or say which command
    /// does it (PostgreSQL)
    Backup {
        /// The folder to make; without it, one that is named by the time
        to: Option<PathBuf>,
    },
    /// Put a backup back, where no database is; or only look at it
    Restore {
        /// A folder that `backup` made, or a copy of a SQLite database; with --check and without it, the database
        /// in use
        from: Option<PathBuf>,
        /// Change nothing: say whether it is whole, whether this key opens it and this version knows its tables
        #[arg(long)]
        check: bool,
        /// Print what --check finds as JSON
        #[arg(long, requires = "check")]
        json: bool,
    },
    /// Bring the tables up to date, as a start would; exit code 1 when they are newer than this program
    Migrate {
        /// Change nothing: exit with 1 if there is something to do
        #[arg(long)]
        check: bool,
    },
    /// Look after the master key
    Key {
        #[command(subcommand)]
        command: key::Command,
    },
    /// Remove what has been kept long enough; a server does it by itself every hour
    Retention(retention::Arguments),
    /// Take data out: a record of one conversation, all about one texter, the whole line, or figures alone
    Export(Box<export::Arguments>),
    /// Keep what belongs to a texter or a conversation because the law asks for it
    Hold {
        #[command(subcommand)]
        command: hold::Command,
    },
    /// Destroy all that is kept of a texter, as when they text DELETE
    Erase(erase::Arguments),
    /// Check that nobody changed the audit log
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Print the completions of a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the man page, or write those of all commands into a folder
    Man {
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// A command that failed: its sentence goes to stderr.
struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// What was looked at is there, and is not right.
    fn finding(error: impl Display) -> Self {
        Self {
            sentence: error.to_string(),
            code: 1,
        }
    }
}

impl<E: Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            sentence: error.to_string(),
            code: 2,
        }
    }
}

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run() -> ExitCode {
    // Before anything is in memory that must not leave it.
    process::settle();
    // clap itself exits with 2 on wrong usage and 0 on --help.
    let arguments = Arguments::parse();
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads what we print has read enough, as `head` has.
        Err(Failure { sentence, .. }) if sentence == Errno::PIPE.to_string() => ExitCode::SUCCESS,
        Err(Failure { sentence, code }) => {
            let _ = writeln!(io::stderr(), "harborline: {sentence}");
            ExitCode::from(code)
        }
    }
}

impl Arguments {
    fn run(self) -> Result<(), Failure> {
        // Who reads JSON reads nothing else.
        let json = matches!(
            self.command,
            Command::Doctor { json: true } | Command::Restore { json: true, .. }
        );
        if self.no_progress || json {
            progress::be_quiet();
        }
        match self.command {
            Command::Init { arguments } => init::run(self.config.as_deref(), *arguments),
            Command::Backup { to } => backup::make(&config::load(self.config.as_deref())?, to),
            Command::Restore { from, check, json } => backup::restore(
                &config::load(self.config.as_deref())?,
                from.as_deref(),
                check,
                json,
            ),
            Command::Migrate { check } => {
                backup::migrate(&config::load(self.config.as_deref())?, check)
            }
            Command::Completions { shell } => manual::completions(shell),
            Command::Man { out } => manual::man(out.as_deref()),
            Command::Serve => serve::run(&config::load(self.config.as_deref())?),
            Command::Chat => chat::run(&config::load(self.config.as_deref())?),
            Command::Triage {
                file,
                explain,
                rules,
            } => {
                let rules = match rules {
                    None => RuleSet::builtin()?,
                    Some(directory) => {
                        rulebook::read(folder(&directory)?).map_err(Failure::finding)?
                    }
                };
                let print = if explain {
                    explain::print
                } else {
                    triage::print
                };
                let output = BufWriter::new(io::stdout().lock());
                Ok(triage::run(&rules, input(file)?, output, print)?)
            }
            Command::Content { command } => content::run(&command),
            Command::Doctor { json } => doctor::run(self.config.as_deref(), json),
            Command::Audit { command } => {
                audit::run(&config::load(self.config.as_deref())?, &command)
            }
            Command::Drill { arguments } => {
                drill::run(&config::load(self.config.as_deref())?, &arguments)
            }
            Command::Erase(arguments) => {
                erase::run(&config::load(self.config.as_deref())?, &arguments)
            }
            Command::Export(arguments) => {
                export::run(&config::load(self.config.as_deref())?, &arguments)
            }
            Command::Hold { command } => {
                hold::run(&config::load(self.config.as_deref())?, &command)
            }
            Command::Key { command } => key::run(&config::load(self.config.as_deref())?, &command),
            Command::Retention(arguments) => {
                retention::run(&config::load(self.config.as_deref())?, &arguments)
            }
            Command::Fallback { command } => {
                fallback::run(&config::load(self.config.as_deref())?, &command)
            }
            Command::Heartbeat { check, alive } => {
                heartbeat::run(self.config.as_deref(), check.as_deref(), alive)
            }
            Command::Quarantine { command } => {
                quarantine::run(&config::load(self.config.as_deref())?, &command)
            }
            Command::User { command } => {
                user::run(&config::load(self.config.as_deref())?, &command)
            }
            Command::Segments { file } => Ok(segments::run(
                input(file)?,
                BufWriter::new(io::stdout().lock()),
            )?),
        }
    }
}

/// A folder that somebody named: one that is not there is wrong usage, what is wrong in it a finding.
fn folder(named: &Path) -> Result<&Path, Failure> {
    if named.is_dir() {
        Ok(named)
    } else {
        Err(Failure::from(format!(
            "{}: there is no such folder. Name the one with your edited files",
            named.display()
        )))
    }
}

fn input(file: Option<PathBuf>) -> Result<Box<dyn BufRead>, Failure> {
    match file.filter(|path| path.as_os_str() != "-") {
        None => Ok(Box::new(io::stdin().lock())),
        Some(path) => match File::open(&path) {
            Ok(file) => Ok(Box::new(BufReader::new(file))),
            Err(error) => Err(Failure::from(format!(
                "{}: {error}. Name a readable file",
                path.display()
            ))),
        },
    }
}

/// Does something with the program, beside a server that may be running, and closes its database.
fn with_app<T, F>(config: &Config, work: impl FnOnce(App) -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    runtime()?.block_on(async {
        let seams = Seams::system(config)?;
        let app = App::build(
            config,
            config.listen.address,
            seams,
            CancellationToken::new(),
        )
        .await?;
        let store = app.store.clone();
        let done = work(app).await;
        store.close().await;
        done
    })
}

/// Work that Ctrl-C breaks off: what was half done is taken back when it is dropped.
async fn interruptible<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let stop = asked_to_stop()?;
    tokio::select! {
        done = work => Ok(done),
        () = stop => Err(Failure::finding(
            "stopped before it was done: nothing half-written stays. Run it again",
        )),
    }
}

/// A moment, to the minute.
fn minute(at: At) -> String {
    let moment = Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The runtime that serves.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
