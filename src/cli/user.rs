//! `harborline user add`, `reset`, `list`, `lock` and `unlock`; `method` and `hours` are in `method.rs`.
//!
//! It works beside a running server. A link that it prints is the only copy: the database has its hash.

use std::io::{self, Write};

use clap::Subcommand;

use super::{Failure, method, minute, with_app};
use crate::accounts::{Accounts, By, Change, OneTime, Refused};
use crate::app::App;
use crate::config::Config;
use crate::staff::Role;
use crate::store::Member;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Invite somebody, and print the link with which they choose a password
    Add {
        /// The e-mail address that they sign in with; nothing is sent to it
        login: String,
        /// The name that colleagues see
        #[arg(long)]
        name: String,
        /// What they may do: responder, supervisor or administrator
        #[arg(long, value_parser = role, default_value = "responder")]
        role: Role,
    },
    /// Print a link for a new password
    Reset {
        /// The e-mail address that they sign in with
        login: String,
        /// Take the second factor away, too: their phone and their recovery codes are lost
        #[arg(long)]
        second_factor: bool,
    },
    /// List everyone: role, whether they can sign in, second factor, when they were last here
    List,
    /// Keep somebody out, and sign them out at once
    Lock {
        /// The e-mail address that they sign in with
        login: String,
    },
    /// Let somebody in again
    Unlock {
        /// The e-mail address that they sign in with
        login: String,
    },
    /// By what people are reached when they are paged
    Method {
        #[command(subcommand)]
        command: method::Command,
    },
    /// Say where somebody lives, and when they are not to be woken for anything but a crisis
    Hours(method::Hours),
}

fn role(word: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| role.word() == word);
    found.ok_or_else(|| "write responder, supervisor or administrator".to_owned())
}

pub(super) fn run(config: &Config, command: &Command) -> Result<(), Failure> {
    with_app(config, |app| async move { carry_out(&app, command).await })
}

async fn carry_out(app: &App, command: &Command) -> Result<(), Failure> {
    let (accounts, by) = (&app.accounts, By::operator());
    match command {
        Command::Add { login, name, role } => {
            let link = accounts.invite(&by, login, name, *role).await?;
            show(&link.map_err(Failure::from)?)
        }
        Command::Reset {
            login,
            second_factor,
        } => {
            let member = member(accounts, login).await?;
            let link = accounts
                .password_link(&by, member.account.id, *second_factor)
                .await?;
            show(&link.map_err(Failure::finding)?)
        }
        Command::List => list(&accounts.members().await?),
        Command::Lock { login } => change(accounts, &by, login, Change::Lock, "locked").await,
        Command::Unlock { login } => {
            change(accounts, &by, login, Change::Unlock, "can sign in again").await
        }
        Command::Method { command } => {
            let member = member(accounts, command.login()).await?;
            command.run(&app.people, &member).await
        }
        Command::Hours(hours) => {
            let member = member(accounts, hours.login()).await?;
            hours.run(&app.people, &member).await
        }
    }
}

async fn member(accounts: &Accounts, login: &str) -> Result<Member, Failure> {
    let found = accounts.member_by_login(login).await?;
    found.ok_or_else(|| {
        Failure::finding(format!(
            "{} `harborline user list` shows everyone",
            Refused::Unknown
        ))
    })
}

async fn change(
    accounts: &Accounts,
    by: &By,
    login: &str,
    change: Change,
    word: &str,
) -> Result<(), Failure> {
    let member = member(accounts, login).await?;
    let done = accounts.change(by, member.account.id, change).await?;
    done.map_err(Failure::finding)?;
    writeln!(io::stdout(), "{}: {word}", member.account.login)?;
    Ok(())
}

fn show(link: &OneTime) -> Result<(), Failure> {
    let OneTime {
        account,
        url,
        expires_at,
    } = link;
    writeln!(
        io::stdout(),
        "For {} ({}, {}). The link works once, until {}; give it to them yourself:\n\n  {url}\n",
        account.name,
        account.login,
        account.role.word(),
        minute(*expires_at),
    )?;
    Ok(())
}

fn list(members: &[Member]) -> Result<(), Failure> {
    let mut out = Vec::new();
    for member in members {
        let state = match (member.locked_at, member.password_at) {
            (Some(_), _) => "locked",
            (None, None) => "invited",
            (None, Some(_)) => "can sign in",
        };
        let factor = if member.totp_at.is_some() {
            "second factor"
        } else {
            "no second factor"
        };
        let seen = member.seen_at.map_or_else(|| "never".to_owned(), minute);
        writeln!(
            out,
            "{}  {}  {}  {state}  {factor}  last here: {seen}",
            member.account.login,
            member.account.name,
            member.account.role.word(),
        )?;
    }
    if members.is_empty() {
        writeln!(
            out,
            "nobody yet: `harborline serve` prints a link for the first administrator"
        )?;
    }
    io::stdout().write_all(&out)?;
    Ok(())
}
