//! `harborline user method` and `harborline user hours`: how people are reached, beside a running server.
//! No number, address or key is ever printed in full.

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Failure, minute};
use crate::oncall::{Channel, Method, Quiet, Secret, Uses, minutes_of};
use crate::people::{Act, By, Done, MethodDraft, People, Profile, Refused};
use crate::store::Member;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// By what a person is reached, each with its number in the list
    List {
        /// Whom it is about, by their e-mail address
        login: String,
    },
    /// Add a way to reach a person; it is used once it is verified
    Add(Box<Add>),
    /// Send a code over a method; with --code, enter the one that arrived
    Verify {
        /// Whom it is about, by their e-mail address
        login: String,
        /// The method, by its number in the list or its name
        method: String,
        /// The code that arrived
        #[arg(long)]
        code: Option<String>,
    },
    /// Send a test page over a method; with --arrived, say that it came
    Test {
        /// Whom it is about, by their e-mail address
        login: String,
        /// The method, by its number in the list or its name
        method: String,
        /// The person says that the test arrived
        #[arg(long)]
        arrived: bool,
    },
    /// Remove a method: it is forgotten where it led
    Remove {
        /// Whom it is about, by their e-mail address
        login: String,
        /// The method, by its number in the list or its name
        method: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// Whom it is about, by their e-mail address
    login: String,
    #[command(flatten)]
    to: To,
    /// What it is called, like "my phone"
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// The gateway that texts and calls leave by; without it, the gateway of all pages
    #[arg(long, value_name = "NAME")]
    gateway: Option<String>,
    /// The kind of webhook: json, ntfy, slack, teams, pagerduty or alertmanager
    #[arg(long, value_name = "KIND", requires = "webhook")]
    preset: Option<String>,
    /// A file with the key or token of the webhook's receiver; - for standard input
    #[arg(long, value_name = "FILE", requires = "webhook")]
    secret_file: Option<PathBuf>,
    /// Which pages it is for: all, crisis or other
    #[arg(long = "for", value_name = "PAGES", default_value = "all")]
    uses: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct To {
    /// A phone that is texted, like +15550100
    #[arg(long, value_name = "NUMBER")]
    sms: Option<String>,
    /// A phone that is called, like +15550100
    #[arg(long, value_name = "NUMBER")]
    call: Option<String>,
    /// An e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The address of a webhook
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
}

/// `harborline user hours`
#[derive(Debug, Args)]
pub(super) struct Hours {
    /// Whom it is about, by their e-mail address
    login: String,
    /// Where they live, like Europe/Berlin; "" for where the line is
    #[arg(long)]
    zone: Option<String>,
    /// When they are woken for nothing but a crisis, like 22:00-07:00; "" for never
    #[arg(long, value_name = "FROM-UNTIL")]
    quiet: Option<String>,
}

impl Command {
    /// Whom it is about.
    pub(super) fn login(&self) -> &str {
        match self {
            Self::List { login }
            | Self::Verify { login, .. }
            | Self::Test { login, .. }
            | Self::Remove { login, .. } => login,
            Self::Add(add) => &add.login,
        }
    }

    pub(super) async fn run(&self, people: &Arc<People>, member: &Member) -> Result<(), Failure> {
        let whose = member.account.id;
        let profile = profile(people, whose).await?;
        match self {
            Self::List { .. } => list(member, &profile),
            Self::Add(new) => add(people, member, new).await,
            Self::Verify { method, code, .. } => {
                let method = named(&profile, method)?;
                let Some(code) = code else {
                    act(people, whose, Act::SendCode(method.id)).await?;
                    return say(&format!(
                        "A code is on its way to “{}”, if a server runs. Enter it within 15 minutes:\n\n  harborline user method verify {} {} --code CODE\n",
                        method.label,
                        member.account.login,
                        place(&profile, method.id),
                    ));
                };
                act(people, whose, Act::GiveCode(method.id, code.clone())).await?;
                say(&format!(
                    "“{}” is verified: pages go there from now on.",
                    method.label
                ))
            }
            Self::Test {
                method, arrived, ..
            } => {
                let method = named(&profile, method)?;
                if *arrived {
                    act(people, whose, Act::Arrived(method.id)).await?;
                    return say(&format!("“{}” is tested.", method.label));
                }
                act(people, whose, Act::SendTest(method.id)).await?;
                say(&format!(
                    "A test is on its way to “{}”, if a server runs. When it came, and was not answered by text:\n\n  harborline user method test {} {} --arrived\n",
                    method.label,
                    member.account.login,
                    place(&profile, method.id),
                ))
            }
            Self::Remove { method, .. } => {
                let method = named(&profile, method)?;
                act(people, whose, Act::Remove(method.id)).await?;
                say(&format!("“{}” is removed.", method.label))
            }
        }
    }
}

impl Hours {
    /// Whom it is about.
    pub(super) fn login(&self) -> &str {
        &self.login
    }

    pub(super) async fn run(&self, people: &Arc<People>, member: &Member) -> Result<(), Failure> {
        let whose = member.account.id;
        let profile = profile(people, whose).await?;
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => profile.zone.clone().unwrap_or_default(),
        };
        let quiet = match self.quiet.as_deref().map(str::trim) {
            None => profile.person.quiet,
            Some("") => None,
            Some(typed) => Some(hours(typed).ok_or_else(|| Failure::from(Refused::Quiet))?),
        };
        act(people, whose, Act::Hours(zone, quiet)).await?;
        let profile = self::profile(people, whose).await?;
        let person = &profile.person;
        let place = person.zone.iana_name().unwrap_or("UTC");
        let of_line = if profile.zone.is_none() {
            ", where the line is"
        } else {
            ""
        };
        let quiet = person.quiet.map_or_else(
            || "no quiet hours".to_owned(),
            |quiet| format!("quiet hours {}", quiet.words()),
        );
        say(&format!(
            "{}: {place}{of_line}, {quiet}",
            member.account.login
        ))
    }
}

async fn profile(people: &People, whose: Uuid) -> Result<Profile, Failure> {
    let profile = people.profile(whose).await?;
    profile.ok_or_else(|| Failure::finding(Refused::UnknownPerson))
}

async fn act(people: &Arc<People>, whose: Uuid, act: Act) -> Result<Done, Failure> {
    let done = people.act(By::Operator, whose, act).await?;
    done.map_err(|refused| match refused.field() {
        // What was typed is wrong: usage. All else is what was found.
        "" | "code" => Failure::finding(refused),
        _ => Failure::from(refused),
    })
}

async fn add(people: &Arc<People>, member: &Member, new: &Add) -> Result<(), Failure> {
    let To {
        sms,
        call,
        email,
        webhook,
    } = &new.to;
    let ways = [
        (Channel::Sms, sms, "my phone"),
        (Channel::Voice, call, "calls"),
        (Channel::Email, email, "e-mail"),
        (Channel::Webhook, webhook, "webhook"),
    ];
    let named = ways.into_iter().find_map(|(channel, address, usual)| {
        address
            .as_ref()
            .map(|address| (channel, address.clone(), usual))
    });
    // clap asks for exactly one of them.
    let Some((channel, address, usual)) = named else {
        return Err(Failure::from(
            "name one of --sms, --call, --email and --webhook",
        ));
    };
    let uses = Uses::of(new.uses.trim()).ok_or_else(|| {
        Failure::from(format!(
            "--for: `{}` is no kind of pages. Write all, crisis or other",
            new.uses.trim()
        ))
    })?;
    let draft = MethodDraft {
        channel,
        label: new.label.clone().unwrap_or_else(|| usual.to_owned()),
        address,
        gateway: new.gateway.clone().unwrap_or_default(),
        preset: new.preset.clone().unwrap_or_default(),
        secret: new
            .secret_file
            .as_deref()
            .map(read)
            .transpose()?
            .unwrap_or_default(),
        uses,
    };
    let label = draft.label.trim().to_owned();
    let done = act(people, member.account.id, Act::Add(draft)).await?;
    if let Some(secret) = &done.secret {
        say(&format!(
            "Pages to it are signed (Standard Webhooks). Give its receiver this secret; it is shown this once:\n\n  {}\n",
            Secret::reveal(secret)
        ))?;
    }
    let profile = profile(people, member.account.id).await?;
    say(&format!(
        "“{label}” is added. It is used once it is verified:\n\n  harborline user method verify {} {}\n",
        member.account.login,
        place(&profile, done.id),
    ))
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: io::Error| {
        Failure::from(format!("{}: {error}. Name a readable file", file.display()))
    };
    let mut secret = String::new();
    if file.as_os_str() == "-" {
        io::stdin().read_to_string(&mut secret).map_err(failed)?;
    } else {
        secret = std::fs::read_to_string(file).map_err(failed)?;
    }
    Ok(secret.trim().to_owned())
}

/// Hours of the day, from "22:00-07:00".
fn hours(typed: &str) -> Option<Quiet> {
    let (from, until) = typed.split_once('-')?;
    Some(Quiet {
        from: minutes_of(from)?,
        until: minutes_of(until)?,
    })
}

/// The method that is meant: by its place in the list, else by its name if only one has it.
fn named<'a>(profile: &'a Profile, typed: &str) -> Result<&'a Method, Failure> {
    let methods = &profile.person.methods;
    let typed = typed.trim();
    let by_place = typed
        .parse::<usize>()
        .ok()
        .and_then(|place| methods.get(place.checked_sub(1)?));
    if let Some(method) = by_place {
        return Ok(method);
    }
    let mut by_name = methods.iter().filter(|method| method.label == typed);
    match (by_name.next(), by_name.next()) {
        (Some(method), None) => Ok(method),
        (Some(_), Some(_)) => Err(Failure::finding(format!(
            "more than one method is called “{typed}”. Name it by its number: harborline user method list"
        ))),
        (None, _) => Err(Failure::finding(format!(
            "there is no method “{typed}”. Name one by its number: harborline user method list"
        ))),
    }
}

/// The place of a method in the list, from 1.
fn place(profile: &Profile, id: Uuid) -> usize {
    let mut methods = profile.person.methods.iter();
    methods
        .position(|method| method.id == id)
        .map_or(0, |place| place + 1)
}

fn list(member: &Member, profile: &Profile) -> Result<(), Failure> {
    let login = &member.account.login;
    if profile.person.methods.is_empty() {
        return say(&format!(
            "nothing yet: nobody can page {login}. Add a phone:\n\n  harborline user method add {login} --sms +15550100\n"
        ));
    }
    let mut out = Vec::new();
    for (nth, method) in profile.person.methods.iter().enumerate() {
        let state = match method {
            Method {
                stopped_at: Some(_),
                ..
            } => "STOPPED by its phone: START from it takes that back".to_owned(),
            Method {
                disabled_at: Some(_),
                ..
            } => "switched off".to_owned(),
            Method {
                verified_at: None, ..
            } => "not verified".to_owned(),
            Method {
                tested_at: Some(at),
                ..
            } => format!("verified  answered {}", minute(*at)),
            Method { .. } => "verified".to_owned(),
        };
        writeln!(
            out,
            "{}  {}  {}  {}  for {}  {state}",
            nth + 1,
            method.channel.word(),
            method.label,
            method.shown(),
            method.uses.word(),
        )?;
    }
    io::stdout().write_all(&out)?;
    Ok(())
}

fn say(words: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{words}")?;
    Ok(())
}
