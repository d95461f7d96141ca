//! `harborline erase`: destroys all that is kept of one texter. A number is read from standard input: what
//! stands in a command line is seen by everybody on the machine, and kept by the shell.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;

use super::{Failure, with_app};
use crate::accounts::By;
use crate::app::App;
use crate::config::Config;
use crate::phone::PhoneNumber;
use crate::retention::{NotDone, Who};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The code of a case, like K7, or the id of a conversation; without it, a number is read from standard input
    reference: Option<String>,
    /// Do it; without this nothing is changed, and it is only said whether it could be done
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let who = match &arguments.reference {
        Some(typed) => reference(typed)?,
        None => Who::Number(number()?),
    };
    with_app(config, |app| async move {
        carry_out(&app, &who, arguments.yes).await
    })
}

/// What names a texter in a command line.
pub(super) fn reference(typed: &str) -> Result<Who, Failure> {
    Who::reference(typed).ok_or_else(|| {
        Failure::from(
            "this is neither a case like K7 nor the id of a conversation. Give a number on standard input, never in the command line",
        )
    })
}

fn number() -> Result<PhoneNumber, Failure> {
    if io::stdin().is_terminal() {
        write!(io::stderr(), "Number, like +15550123456: ")?;
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    PhoneNumber::parse(line.trim()).map_err(Failure::from)
}

async fn carry_out(app: &App, who: &Who, really: bool) -> Result<(), Failure> {
    let by = By::operator();
    match app.retention.erase(who, by.name(), !really).await? {
        Err(why @ NotDone::Unknown) => Err(Failure::finding(why)),
        Err(why @ NotDone::Held) => Err(Failure::finding(format!(
            "nothing was erased: {why}: harborline hold list"
        ))),
        Err(why) => Err(Failure::finding(format!("nothing was erased: {why}"))),
        Ok(_) if !really => Err(Failure::finding(
            "nothing was erased. It could be, and cannot be undone: add --yes",
        )),
        Ok(texter) => {
            writeln!(
                io::stdout(),
                "erased: texter {texter}. Counts stay, and the audit log says that it was done"
            )?;
            Ok(())
        }
    }
}
