//! `harborline init`: asks what cannot be guessed, writes the configuration and the key, and says what to set at
//! the gateway. Answers come from flags, then from standard input, so that a script can give them.

mod answers;
mod kinds;
mod written;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use url::{Host, Url};

use super::Failure;
use crate::config::{self, Config};
use crate::crypto::keyfile;
use crate::disk;
use crate::id::SystemIds;
use crate::phone::PhoneNumber;
use answers::{Answers, Question};
use kinds::Kind;
use written::{Contact, Line};

/// What may be given beforehand; the rest is asked for.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The name that texters see
    #[arg(long)]
    name: Option<String>,
    /// Where questions about the line go: an e-mail address or a phone number
    #[arg(long)]
    contact: Option<String>,
    /// The language of the first answer: en or es
    #[arg(long)]
    language: Option<String>,
    /// The kind of gateway: sandbox, twilio, signalwire, telnyx, plivo, vonage or android
    #[arg(long)]
    gateway: Option<String>,
    // Not a comment, where an address would stand in pointed brackets.
    #[arg(
        long,
        value_name = "URL",
        help = "The address that the gateway calls, like https://line.example.org"
    )]
    public_url: Option<String>,
    /// A key of the gateway, such as sender=+15550100; a value after @ is a file that holds it. May be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A phone that is paged, such as "Duty phone=+15550199". May be repeated
    #[arg(long, value_name = "NAME=NUMBER")]
    duty: Vec<String>,
    /// A phone that hears when the program cannot mend something alone. May be repeated
    #[arg(long, value_name = "NAME=NUMBER")]
    operator: Vec<String>,
    /// Where the server listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The database [default: a SQLite file in data/]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

pub(super) fn run(file: Option<&Path>, arguments: Arguments) -> Result<(), Failure> {
    let path = file.map_or_else(|| PathBuf::from("harborline.toml"), Path::to_owned);
    let there = || {
        Failure::from(format!(
            "{}: it is there already, and nothing was changed. Move it away, or name another file with --config",
            path.display()
        ))
    };
    if path.exists() {
        return Err(there());
    }
    let (line, kind) = ask(arguments)?;
    let text = written::toml(&line, kind);
    let config = hold(&path, &text)?;
    let had_key = config.keys.file.exists();
    keyfile::load_or_create(&config.keys.file, &SystemIds::default())?;
    match disk::write_new(&path, text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(there()),
        written => written.map_err(|error| {
            Failure::from(format!(
                "{}: {error}. Name a writable place with --config",
                path.display()
            ))
        })?,
    }
    tell(&path, &config, kind, had_key)
}

/// Everything that the file needs, from flags and answers.
fn ask(arguments: Arguments) -> Result<(Line, &'static Kind), Failure> {
    let mut answers = Answers::of_this_terminal();
    let name = answers.get(
        &Question::of("--name", "The name that texters see"),
        arguments.name,
    )?;
    let contact = Question::of(
        "--contact",
        "Where questions about the line go (e-mail or phone)",
    );
    let contact = answers.get(&contact, arguments.contact)?;
    let language = Question::of("--language", "Language of the first answer, en or es")
        .or("en")
        .checked(|word| match word {
            "en" | "es" => Ok(()),
            _ => Err("write en or es".to_owned()),
        });
    let language = answers.get(&language, arguments.language)?;
    let known = kinds::names();
    let gateway = Question::of("--gateway", "Gateway: sandbox (no phone is reached), twilio, signalwire, telnyx, plivo, vonage, android")
        .or("sandbox")
        .checked(move |word| match kinds::of(word) {
            Some(_) => Ok(()),
            None => Err(format!("write one of {known}; for any other gateway see examples/gateways")),
        });
    let gateway = answers.get(&gateway, arguments.gateway)?;
    // It was checked a moment ago.
    let kind = kinds::of(&gateway).ok_or_else(|| Failure::from("--gateway: not known"))?;
    let mut given = settings(&arguments.set)?;
    let (mut public_url, mut keys) = (arguments.public_url, BTreeMap::new());
    if !kind.questions.is_empty() {
        let address = Question::of(
            "--public-url",
            "The address that the gateway will call, like https://line.example.org",
        )
        .checked(is_public);
        public_url = Some(answers.get(&address, public_url)?);
        for question in kind.questions {
            let mut asked = Question::of(question.flag, question.ask);
            if let Some(check) = question.check {
                asked = asked.checked(check);
            }
            let before = given.remove(question.key);
            // That of a flag was read already.
            let typed = before.is_none();
            let mut answer = answers.get(&asked, before)?;
            if typed {
                answer = held(question.flag, &answer)?;
            }
            keys.insert(question.key, answer);
        }
    }
    // What else may stand in the section, such as api_url; the loader refuses what may not.
    let more = given.into_iter().collect();
    let mut duty = contacts("--duty", arguments.duty)?;
    if duty.is_empty() && !kind.questions.is_empty() {
        for (nth, optional) in [("first", false), ("second", true)] {
            let none = if optional { ", or Enter for none" } else { "" };
            let ask = format!("Number of the {nth} phone that is paged, like +15550199{none}");
            let mut number = Question::of("--duty", ask).checked(is_number);
            if optional {
                number = number.or("");
            }
            let number = answers.get(&number, None)?;
            if !number.is_empty() {
                let name = format!("Duty phone {}", duty.len() + 1);
                duty.push(Contact { name, number });
            }
        }
    }
    let operator = contacts("--operator", arguments.operator)?;
    let line = Line {
        name,
        contact,
        language,
        public_url,
        keys,
        more,
        duty,
        operator,
        listen: arguments.listen,
        database: arguments.database,
    };
    Ok((line, kind))
}

/// `KEY=VALUE`, and `KEY=@FILE` for a secret that must not stand in a list of processes.
fn settings(set: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let one = |text: &String| {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            Failure::from("--set: this is no KEY=VALUE. Write it like sender=+15550100")
        })?;
        Ok((key.to_owned(), held(&format!("--set {key}"), value)?))
    };
    set.iter().map(one).collect()
}

/// An answer, or what is in the file after its `@`.
fn held(flag: &str, answer: &str) -> Result<String, Failure> {
    let Some(file) = answer.strip_prefix('@') else {
        return Ok(answer.to_owned());
    };
    let read = std::fs::read_to_string(file)
        .map_err(|error| Failure::from(format!("{flag}: {file}: {error}. Name a readable file")))?;
    Ok(read.trim_end().to_owned())
}

fn contacts(flag: &str, given: Vec<String>) -> Result<Vec<Contact>, Failure> {
    let one = |text: String| match text.rsplit_once('=') {
        Some((name, number)) if is_number(number).is_ok() => Ok(Contact {
            name: name.to_owned(),
            number: number.to_owned(),
        }),
        _ => Err(Failure::from(format!(
            "{flag}: this is no name with a number. Write it like \"Duty phone=+15550199\""
        ))),
    };
    given.into_iter().map(one).collect()
}

fn is_number(text: &str) -> Result<(), String> {
    PhoneNumber::parse(text)
        .map(|_| ())
        .map_err(|why| why.to_string())
}

fn is_public(text: &str) -> Result<(), String> {
    let sealed = |url: &Url| url.scheme() == "https" || is_here(url);
    match Url::parse(text) {
        Ok(url) if url.has_host() && sealed(&url) && url.path() == "/" => Ok(()),
        _ => {
            Err("write the root of an encrypted address, like https://line.example.org".to_owned())
        }
    }
}

/// Whether an address leads to this machine: nobody listens on the way there.
fn is_here(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    here && url.scheme() == "http"
}

/// Reads the file as the server would, before it is there.
fn hold(path: &Path, text: &str) -> Result<Config, Failure> {
    let trial = path.with_extension("trial");
    let failed = |error: io::Error| {
        Failure::from(format!(
            "{}: {error}. Name a writable place with --config",
            path.display()
        ))
    };
    disk::replace(&trial, text.as_bytes()).map_err(failed)?;
    let read = config::load(Some(&trial));
    std::fs::remove_file(&trial).map_err(failed)?;
    read.map_err(|why| {
        let place = why
            .place
            .replace(&trial.display().to_string(), "your answers");
        Failure::from(format!("{place}: {}. {}", why.problem, why.fix))
    })
}

/// What was done, and what comes next.
fn tell(path: &Path, config: &Config, kind: &Kind, had_key: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let key = config.keys.file.display();
    let made = if had_key {
        "uses the key that was there"
    } else {
        "made a key"
    };
    writeln!(
        out,
        "Wrote {} and {made}: {key}. Only you can read them.",
        path.display()
    )?;
    writeln!(
        out,
        "Copy {key} to another place now: without it no backup can be read."
    )?;
    if let Some(public) = &config.public_url {
        writeln!(out, "\nAt {}, set:", kind.title)?;
        for (what, tail) in kind.hooks {
            writeln!(out, "  {what}\n    {public}{tail}")?;
        }
        for note in kind.notes {
            writeln!(out, "  {note}")?;
        }
    }
    writeln!(out, "\nThen:")?;
    writeln!(
        out,
        "  harborline doctor            what is still wrong, and what to do"
    )?;
    if config.public_url.is_some() {
        writeln!(
            out,
            "  harborline fallback export   what texters get while this server is down; for another host"
        )?;
    }
    writeln!(
        out,
        "  harborline serve             start; it prints the link that makes the first account"
    )?;
    out.flush()?;
    Ok(())
}
