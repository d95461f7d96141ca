//! `[heartbeat]`: where our ping goes, and whose we expect.

use std::collections::HashSet;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::check::check_seconds;
use super::load::ConfigError;

/// `[heartbeat]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeartbeatSection {
    /// Where the ping goes while the audit finds nothing. Who has it can ping in our name.
    pub url: Option<SecretString>,
    /// Where it goes when the audit found something; without it, nothing is sent then.
    pub fail_url: Option<SecretString>,
    /// `get`, or `post` with what was found as words.
    pub method: PingMethod,
    /// Sent with each ping as a bearer token: for another Harborline that expects us.
    pub token: Option<SecretString>,
    /// Seconds from one audit to the next.
    pub every_s: u64,
    /// Whose pings are expected.
    pub expect: Vec<ExpectSection>,
    /// The heartbeats of other instances that are asked for each round.
    pub watch: Vec<String>,
}

/// How the ping is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingMethod {
    /// GET: what every monitor takes.
    #[default]
    Get,
    /// POST, with what was found as words.
    Post,
}

/// `[[heartbeat.expect]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectSection {
    /// As in `/heartbeats/{name}`.
    pub name: String,
    /// Seconds from one ping to the next, at most.
    pub within_s: u64,
    /// What the sender proves itself with, as a bearer token.
    pub token: SecretString,
}

impl Default for HeartbeatSection {
    fn default() -> Self {
        Self {
            url: None,
            fail_url: None,
            method: PingMethod::Get,
            token: None,
            every_s: 60,
            expect: Vec::new(),
            watch: Vec::new(),
        }
    }
}

/// Shorter, and anybody could try them all.
const SHORTEST_TOKEN: usize = 16;
/// A month, for what is done once a month.
const LONGEST_WAIT_S: u64 = 31 * 86_400;

/// The host and port of an address that can be asked over HTTP.
#[must_use]
pub fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    let host = url.host_str().filter(|_| web)?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// The first thing in the section that cannot work.
pub(super) fn check(
    section: &HeartbeatSection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    check_seconds("heartbeat.every_s", section.every_s, 15, at)?;
    for (key, url) in [("url", &section.url), ("fail_url", &section.fail_url)] {
        let Some(url) = url else { continue };
        if host_of(url.expose_secret()).is_none() {
            return Err(ConfigError::new(
                at(&format!("heartbeat.{key}")),
                "this is no web address",
                "Copy the ping address from your monitor, like https://hc-ping.com/…, or leave the key out",
            ));
        }
    }
    if section.fail_url.is_some() && section.url.is_none() {
        return Err(ConfigError::new(
            at("heartbeat.fail_url"),
            "it stands without heartbeat.url",
            "Set heartbeat.url, too, or leave both out",
        ));
    }
    check_token(section, at)?;
    let mut names = HashSet::new();
    for expect in &section.expect {
        check_expect(expect, &at(&format!("heartbeat.expect `{}`", expect.name)))?;
        if !names.insert(&expect.name) {
            return Err(ConfigError::new(
                at(&format!("heartbeat.expect `{}`", expect.name)),
                "two have this name",
                "Give each a name of its own",
            ));
        }
    }
    let mut hosts = HashSet::new();
    for watch in &section.watch {
        let Some(host) = host_of(watch) else {
            return Err(ConfigError::new(
                at("heartbeat.watch"),
                "one of these is no web address",
                "Write each like https://line.example.org/heartbeat",
            ));
        };
        if !hosts.insert(host.clone()) {
            return Err(ConfigError::new(
                at("heartbeat.watch"),
                format!("{host} is there twice"),
                "Name each instance once",
            ));
        }
    }
    Ok(())
}

fn check_token(
    section: &HeartbeatSection,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    let Some(token) = &section.token else {
        return Ok(());
    };
    let visible = |c: char| c.is_ascii_graphic();
    if section.url.is_none() || !token.expose_secret().chars().all(visible) {
        return Err(ConfigError::new(
            at("heartbeat.token"),
            "it stands without heartbeat.url, or cannot stand in a header",
            "Set heartbeat.url to https://OTHER/heartbeats/NAME of another Harborline, and copy the token of its [[heartbeat.expect]]: visible ASCII without spaces",
        ));
    }
    Ok(())
}

fn check_expect(expect: &ExpectSection, place: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if expect.name.is_empty() || expect.name.len() > 40 || !expect.name.chars().all(plain) {
        return Err(ConfigError::new(
            place,
            "this name cannot stand in an address",
            "Use up to 40 lower-case letters, digits, - and _, like backup",
        ));
    }
    if !(60..=LONGEST_WAIT_S).contains(&expect.within_s) {
        return Err(ConfigError::new(
            place,
            format!("{} seconds is too short or too long", expect.within_s),
            format!("Write within_s from 60 to {LONGEST_WAIT_S}"),
        ));
    }
    if expect.token.expose_secret().trim().len() < SHORTEST_TOKEN {
        return Err(ConfigError::new(
            place,
            "its token could be guessed",
            format!("Use {SHORTEST_TOKEN} random characters or more"),
        ));
    }
    Ok(())
}
