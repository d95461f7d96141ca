//! `[audit]`: where the end of the audit log is kept.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::check::check_seconds;
use super::heartbeat::host_of;
use super::load::ConfigError;

/// `[audit]`: each way that is set is used. The end of the chain also goes into the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSection {
    /// Seconds from one check of the audit log to the next.
    pub every_s: u64,
    /// A file to which a line is added.
    pub anchor_file: Option<PathBuf>,
    /// A program and its arguments, which gets the line on standard input.
    pub anchor_command: Vec<String>,
    /// An address to which the line is posted. Who has it can post in our name.
    pub anchor_url: Option<SecretString>,
}

impl Default for AuditSection {
    fn default() -> Self {
        Self {
            every_s: 86_400,
            anchor_file: None,
            anchor_command: Vec::new(),
            anchor_url: None,
        }
    }
}

/// The first thing in the section that cannot work.
pub(super) fn check(
    section: &AuditSection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    check_seconds("audit.every_s", section.every_s, 60, at)?;
    if let Some(url) = &section.anchor_url
        && host_of(url.expose_secret()).is_none()
    {
        return Err(ConfigError::new(
            at("audit.anchor_url"),
            "this is no web address",
            "Write it like https://archive.example.org/harborline, or leave the key out",
        ));
    }
    if section.anchor_command.first().is_some_and(String::is_empty) {
        return Err(ConfigError::new(
            at("audit.anchor_command"),
            "it begins with no program",
            "Write it like [\"/usr/local/bin/keep\", \"harborline\"], or leave the key out",
        ));
    }
    Ok(())
}
