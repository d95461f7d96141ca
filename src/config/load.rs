//! Reading the configuration and refusing what cannot work, with the place and the fix.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Value};
use secrecy::ExposeSecret;

use super::{Config, FallbackContact, GatewaySection, SandboxSection, sandbox_sender};
use crate::phone::PhoneNumber;

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "harborline.toml";
const PREFIX: &str = "HARBORLINE__";
/// The simulator's on-call phone, paged when no other phone is configured.
const SANDBOX_ON_CALL: &str = "+15550199";

/// Why a configuration was refused: one sentence with the place and the fix.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{place}: {problem}. {fix}")]
pub struct ConfigError {
    /// The file or variable, and the key.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl ConfigError {
    fn new(place: impl Into<String>, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }
}

/// Reads `file` (or `harborline.toml` if it is there), then `HARBORLINE__SECTION__KEY`, then the
/// files that `HARBORLINE__SECTION__KEY_FILE` name.
///
/// # Errors
/// [`ConfigError`] for the first thing that cannot work.
pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let path = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
    if file.is_some() && !path.is_file() {
        return Err(ConfigError::new(
            path.display().to_string(),
            "there is no such file",
            "Name an existing file after --config, or leave --config out",
        ));
    }
    let mut figment = Figment::new();
    if path.exists() {
        figment = figment.merge(Toml::file_exact(&path));
    }
    let figment = figment
        .merge(
            Env::prefixed(PREFIX)
                .filter(|key| !is_file_key(key.as_str()))
                .split("__"),
        )
        .merge(Serialized::defaults(secret_files()?));
    let mut config: Config = figment.extract().map_err(|errors| refused(&path, errors))?;
    complete(&mut config);
    check(&config, &path)?;
    Ok(config)
}

/// Whether a variable names a file that holds the value: `…__AUTH_TOKEN_FILE`, not `KEYS__FILE`.
fn is_file_key(key: &str) -> bool {
    key.rsplit("__")
        .next()
        .is_some_and(|last| last.to_ascii_lowercase().ends_with("_file"))
}

fn secret_files() -> Result<Dict, ConfigError> {
    let mut found = Dict::new();
    for (name, path) in std::env::vars() {
        let Some(key) = name.strip_prefix(PREFIX).filter(|key| is_file_key(key)) else {
            continue;
        };
        let value = std::fs::read_to_string(&path).map_err(|error| {
            ConfigError::new(
                &name,
                format!("{path} cannot be read: {error}"),
                "Name a readable file",
            )
        })?;
        let key = key[..key.len() - "_FILE".len()].to_ascii_lowercase();
        let keys: Vec<&str> = key.split("__").collect();
        insert(&mut found, &keys, value.trim_end().to_owned());
    }
    Ok(found)
}

fn insert(dict: &mut Dict, keys: &[&str], value: String) {
    match keys {
        [] => {}
        [last] => {
            dict.insert((*last).to_owned(), Value::from(value));
        }
        [first, rest @ ..] => {
            let inner = dict
                .entry((*first).to_owned())
                .or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn refused(path: &Path, errors: figment::Error) -> ConfigError {
    use figment::error::Kind;
    let Some(error) = errors.into_iter().next() else {
        return ConfigError::new(
            path.display().to_string(),
            "it cannot be read",
            "Compare it with harborline.example.toml",
        );
    };
    let key = error.path.join(".");
    let from_env = error
        .metadata
        .as_ref()
        .is_some_and(|meta| meta.name.contains("environment"));
    let place = if from_env {
        format!(
            "environment variable {PREFIX}{}",
            key.replace('.', "__").to_ascii_uppercase()
        )
    } else if key.is_empty() {
        path.display().to_string()
    } else {
        format!("{}: {key}", path.display())
    };
    match error.kind {
        Kind::UnknownField(field, known) => ConfigError::new(
            place,
            format!("there is no key or section `{field}` here"),
            format!("Known here: {}", known.join(", ")),
        ),
        Kind::MissingField(field) => ConfigError::new(
            place,
            format!("the key `{field}` is missing"),
            "Add it, as in harborline.example.toml",
        ),
        Kind::UnknownVariant(variant, known) => ConfigError::new(
            place,
            format!("`{variant}` is not known"),
            format!("Write one of: {}", known.join(", ")),
        ),
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => ConfigError::new(
            place,
            "the value is of the wrong kind",
            format!("Write {expected}"),
        ),
        kind => ConfigError::new(
            place,
            one_line(&kind.to_string()),
            "Compare it with harborline.example.toml",
        ),
    }
}

/// A syntax error without the excerpt of the file that the parser draws under it: the file may
/// hold a secret, and a sentence is one line.
fn one_line(error: &str) -> String {
    let words = error
        .lines()
        .filter(|line| !line.contains('|'))
        .map(str::trim);
    words
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Adds what follows from what was set: without a gateway, the sandbox and its on-call phone.
fn complete(config: &mut Config) {
    if config.gateways.is_empty() {
        let sandbox = SandboxSection {
            sender: sandbox_sender(),
        };
        config
            .gateways
            .insert("sandbox".to_owned(), GatewaySection::Sandbox(sandbox));
    }
    let only_sandbox = config.gateways.values().all(GatewaySection::is_sandbox);
    if only_sandbox && config.oncall.fallback.is_empty() {
        config.oncall.fallback.push(FallbackContact {
            name: "the on-call phone".to_owned(),
            number: SANDBOX_ON_CALL.into(),
        });
    }
    if config.oncall.gateway.is_none() && config.gateways.len() == 1 {
        config.oncall.gateway = config.gateways.keys().next().cloned();
    }
    if let Some(url) = &mut config.public_url {
        url.truncate(url.trim_end_matches('/').len());
    }
}

fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let at = |key: &str| format!("{}: {key}", path.display());
    match &config.public_url {
        Some(text) => match url::Url::parse(text) {
            Ok(url)
                if matches!(url.scheme(), "http" | "https")
                    && url.has_host()
                    && url.query().is_none() => {}
            _ => {
                return Err(ConfigError::new(
                    at("public_url"),
                    "this is not a web address",
                    "Write it like https://line.example.org",
                ));
            }
        },
        None if config
            .gateways
            .values()
            .any(|gateway| matches!(gateway, GatewaySection::Twilio(_))) =>
        {
            return Err(ConfigError::new(
                at("public_url"),
                "it is missing, and Twilio signs it",
                "Set the address that Twilio calls, like public_url = \"https://line.example.org\"",
            ));
        }
        None => {}
    }
    for (name, gateway) in &config.gateways {
        check_gateway(&at(&format!("gateways.{name}")), name, gateway)?;
    }
    let sandboxes = config
        .gateways
        .values()
        .filter(|gateway| gateway.is_sandbox())
        .count();
    if sandboxes > 0 && config.gateways.len() > 1 {
        return Err(ConfigError::new(
            at("gateways"),
            "the sandbox stands beside another gateway, and its simulator is open to everyone",
            "Keep the sandbox alone, or leave it out",
        ));
    }
    if !["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| config.database.url.starts_with(scheme))
    {
        return Err(ConfigError::new(
            at("database.url"),
            "this is neither SQLite nor PostgreSQL",
            "Write it like sqlite://data/harborline.db or postgres://user:password@host/harborline",
        ));
    }
    check_on_call(config, &at)
}

fn check_gateway(place: &str, name: &str, gateway: &GatewaySection) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(ConfigError::new(
            place,
            "the name becomes part of a web address",
            "Use a-z, 0-9, - and _ only",
        ));
    }
    let (sender, service) = match gateway {
        GatewaySection::Sandbox(sandbox) => (&sandbox.sender, false),
        GatewaySection::Twilio(twilio) => {
            if twilio.auth_token.expose_secret().is_empty() || twilio.account_sid.is_empty() {
                return Err(ConfigError::new(
                    place,
                    "account_sid or auth_token is empty",
                    "Copy both from the Twilio console",
                ));
            }
            if url::Url::parse(&twilio.api_url).is_err() {
                return Err(ConfigError::new(
                    format!("{place}.api_url"),
                    "this is not a web address",
                    "Leave it out, or write it like https://api.twilio.com",
                ));
            }
            (&twilio.sender, twilio.sender.starts_with("MG"))
        }
    };
    if !service && let Err(error) = PhoneNumber::parse(sender) {
        return Err(ConfigError::new(
            format!("{place}.sender"),
            "this number cannot send texts",
            capital(&error.to_string()),
        ));
    }
    Ok(())
}

fn check_on_call(config: &Config, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let oncall = &config.oncall;
    match &oncall.gateway {
        Some(name) if config.gateways.contains_key(name) => {}
        Some(name) => {
            let known: Vec<&str> = config.gateways.keys().map(String::as_str).collect();
            return Err(ConfigError::new(
                at("oncall.gateway"),
                format!("there is no gateway `{name}`"),
                format!("Write one of: {}", known.join(", ")),
            ));
        }
        None => {
            return Err(ConfigError::new(
                at("oncall.gateway"),
                "it is missing, and there are several gateways",
                "Name the gateway that pages leave by",
            ));
        }
    }
    if oncall.fallback.is_empty() {
        return Err(ConfigError::new(
            at("oncall.fallback"),
            "nobody would be paged in a crisis",
            "Add at least one [[oncall.fallback]] with name and number",
        ));
    }
    for contact in &oncall.fallback {
        if let Err(error) = PhoneNumber::parse(contact.number.expose_secret()) {
            return Err(ConfigError::new(
                at(&format!("oncall.fallback `{}`", contact.name)),
                "this number cannot be paged",
                capital(&error.to_string()),
            ));
        }
    }
    for (key, seconds) in [
        ("repage_s", oncall.repage_s),
        ("claim_s", oncall.claim_s),
        ("answer_s", oncall.answer_s),
    ] {
        if !(15..=86_400).contains(&seconds) {
            return Err(ConfigError::new(
                at(&format!("oncall.{key}")),
                format!("{seconds} seconds is too short or too long"),
                "Write a number from 15 to 86400",
            ));
        }
    }
    Ok(())
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
