//! Reading the configuration and refusing what cannot work, with the place and the fix.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};

use super::check::check;
use super::environment::{Environment, PREFIX, SOURCE};
use super::gateways::sandbox_sender;
use super::{Config, FallbackContact, GatewaySection, SandboxSection};

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "harborline.toml";
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
    pub(super) fn new(
        place: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
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
    let text = if path.exists() {
        // Its own sentence: the reader of TOML would compare a file with an example that nobody may read.
        std::fs::read_to_string(&path).map_err(|error| {
            ConfigError::new(
                path.display().to_string(),
                error.to_string(),
                "Make it a text that this user may read, or name another file after --config",
            )
        })?
    } else {
        String::new()
    };
    checked(&figment_of(&text).merge(Environment::read()?), &path)
}

/// Reads what stands in a file, without the environment; the path is for what is said of it.
///
/// # Errors
/// [`ConfigError`] for the first thing that cannot work.
pub fn read(text: &str, path: &Path) -> Result<Config, ConfigError> {
    checked(&figment_of(text), path)
}

fn figment_of(text: &str) -> Figment {
    Figment::new().merge(Toml::string(text))
}

fn checked(figment: &Figment, path: &Path) -> Result<Config, ConfigError> {
    let mut config: Config = figment.extract().map_err(|errors| refused(path, errors))?;
    complete(&mut config);
    check(&config, path)?;
    Ok(config)
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
        .is_some_and(|meta| meta.name == SOURCE);
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
        Kind::InvalidType(_, expected) if expected.starts_with("struct ") => ConfigError::new(
            place,
            "this is a section of keys, not a value",
            "Write its keys one by one, as in harborline.example.toml",
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
            segments_per_second: None,
            burst: None,
            failover: None,
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
    if only_sandbox {
        config.staff.require_totp.get_or_insert_default();
    }
    if config.operator.contacts.is_empty() {
        config.operator.contacts.clone_from(&config.oncall.fallback);
    }
    if config.oncall.gateway.is_none() && config.gateways.len() == 1 {
        config.oncall.gateway = config.gateways.keys().next().cloned();
    }
    if let Some(url) = &mut config.public_url {
        url.truncate(url.trim_end_matches('/').len());
    }
}
