//! What a configuration must fulfil before anything starts.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::Path;

use jiff::tz::TimeZone;
use secrecy::ExposeSecret;

use super::load::ConfigError;
use super::{
    Config, FallbackContact, GatewaySection, audit, database, drills, heartbeat, limits, pagers,
    retention, telemetry,
};
use crate::gateway::drill;
use crate::oncall::{LONGEST_DELAY, SHORTEST_DELAY};
use crate::phone::PhoneNumber;

/// The first thing in a configuration that cannot work.
pub(super) fn check(config: &Config, path: &Path) -> Result<(), ConfigError> {
    let at = |key: &str| format!("{}: {key}", path.display());
    check_public_url(config, &at)?;
    if config.listen.metrics == Some(config.listen.address) {
        return Err(ConfigError::new(
            at("listen.metrics"),
            "metrics are not for the world, and this is where the world comes in",
            "Give them a port of their own, like 127.0.0.1:9090",
        ));
    }
    if config.gateways.contains_key(drill::NAME) {
        return Err(ConfigError::new(
            at("gateways.drill"),
            "this name is kept for drills",
            "Give the gateway another name",
        ));
    }
    let names: Vec<&str> = config.gateways.keys().map(String::as_str).collect();
    for (name, gateway) in &config.gateways {
        let place = at(&format!("gateways.{name}"));
        gateway.check(&place, name)?;
        gateway.check_failover(&place, name, &names)?;
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
    database::check(&config.database, &at)?;
    check_folder("triage", config.triage.directory.as_deref(), &at)?;
    check_folder("content", config.content.directory.as_deref(), &at)?;
    check_spool(config, &at)?;
    check_keys(config, &at)?;
    check_on_call(config, &at)?;
    check_operator(config, &at)?;
    limits::check(&config.limits, &at)?;
    heartbeat::check(&config.heartbeat, &at)?;
    pagers::check(config.smtp.as_ref(), &at)?;
    drills::check(&config.drills, &at)?;
    audit::check(&config.audit, &at)?;
    retention::check(&config.retention, &at)?;
    telemetry::check(&config.telemetry, &at)?;
    check_seconds("reconcile.every_s", config.reconcile.every_s, 30, &at)?;
    // A look leaves the last minute to the hooks: it must be in the next one.
    check_seconds(
        "reconcile.look_back_s",
        config.reconcile.look_back_s,
        120,
        &at,
    )
}

/// Below this a single busy minute would fill it.
const SMALLEST_SPOOL: (usize, u64) = (100, 1024 * 1024);

fn check_spool(config: &Config, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let (entries, bytes) = SMALLEST_SPOOL;
    for (key, too_small, least) in [
        (
            "max_entries",
            config.spool.max_entries < entries,
            entries.to_string(),
        ),
        (
            "max_bytes",
            config.spool.max_bytes < bytes,
            bytes.to_string(),
        ),
    ] {
        if too_small {
            return Err(ConfigError::new(
                at(&format!("spool.{key}")),
                "the spool could not keep the texts of a short outage",
                format!("Write {least} or more, or leave the key out"),
            ));
        }
    }
    Ok(())
}

fn check_keys(config: &Config, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let keys = &config.keys;
    if keys.variable.is_some() && !keys.command.is_empty() {
        return Err(ConfigError::new(
            at("keys"),
            "the master key would come from a variable and from a command",
            "Keep one of keys.variable and keys.command",
        ));
    }
    let nothing = keys.command.first().is_some_and(String::is_empty);
    if nothing || keys.variable.as_deref() == Some("") {
        return Err(ConfigError::new(
            at("keys"),
            "the variable or the program of the master key has no name",
            "Write keys.command like [\"/usr/local/bin/master-key\"] or keys.variable like \"HARBORLINE_MASTER_KEY\", or leave both out",
        ));
    }
    Ok(())
}

/// The folder must be there. What is in it may be wrong: then what ships with the program serves.
fn check_folder(
    section: &str,
    directory: Option<&Path>,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    match directory {
        Some(directory) if !directory.is_dir() => Err(ConfigError::new(
            at(&format!("{section}.directory")),
            format!("there is no folder {}", directory.display()),
            "Name the folder with your edited files, or leave the key out",
        )),
        _ => Ok(()),
    }
}

fn check_public_url(config: &Config, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    // Pages link to `/…`, so a path in front of them cannot work.
    let plain = |url: &url::Url| {
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        web && url.path() == "/" && url.query().is_none() && url.fragment().is_none()
    };
    match &config.public_url {
        Some(text) if url::Url::parse(text).is_ok_and(|url| plain(&url)) => Ok(()),
        Some(_) => Err(ConfigError::new(
            at("public_url"),
            "this is not the root of a web address",
            "Write it like https://line.example.org, without a path",
        )),
        None if config.gateways.values().all(GatewaySection::is_sandbox) => Ok(()),
        None => Err(ConfigError::new(
            at("public_url"),
            "it is missing, and the gateway signs it",
            "Set the address that the gateway calls, like public_url = \"https://line.example.org\"",
        )),
    }
}

/// A lease must outlast a pause for thought: a texter needs time to answer.
const SHORTEST_LEASE: u64 = 300;

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
    check_contacts("oncall.fallback", &oncall.fallback, at)?;
    check_repage("oncall.repage_s", oncall.repage_s, at)?;
    for (key, seconds, least) in [
        ("claim_s", oncall.claim_s, 15),
        ("answer_s", oncall.answer_s, 15),
        ("lease_s", oncall.lease_s, SHORTEST_LEASE),
    ] {
        check_seconds(&format!("oncall.{key}"), seconds, least, at)?;
    }
    for (section, clocks) in oncall.clock_sections() {
        if let Some(seconds) = clocks.repage_s {
            check_repage(&format!("oncall.{section}.repage_s"), seconds, at)?;
        }
        for (key, seconds, least) in [
            ("claim_s", clocks.claim_s, 15),
            ("answer_s", clocks.answer_s, 15),
            ("lease_s", clocks.lease_s, SHORTEST_LEASE),
        ] {
            if let Some(seconds) = seconds {
                check_seconds(&format!("oncall.{section}.{key}"), seconds, least, at)?;
            }
        }
    }
    if TimeZone::get(&oncall.time_zone).is_err() {
        return Err(ConfigError::new(
            at("oncall.time_zone"),
            format!("there is no time zone `{}`", oncall.time_zone),
            "Write a name of the IANA list, like America/New_York, or UTC",
        ));
    }
    check_seconds("oncall.take_shift_s", oncall.take_shift_s, 60, at)?;
    check_seconds("oncall.shift_notice_s", oncall.shift_notice_s, 0, at)
}

fn check_operator(config: &Config, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    check_contacts("operator.contacts", &config.operator.contacts, at)?;
    check_seconds("operator.repeat_s", config.operator.repeat_s, 60, at)
}

/// Each contact can be reached, and is told from the others.
fn check_contacts(
    key: &str,
    contacts: &[FallbackContact],
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    let (mut names, mut numbers) = (HashSet::new(), HashSet::new());
    for contact in contacts {
        let place = at(&format!("{key} `{}`", contact.name));
        let number = match PhoneNumber::parse(contact.number.expose_secret()) {
            Ok(number) => number,
            Err(error) => {
                let fix = capital(&error.to_string());
                return Err(ConfigError::new(place, "this number cannot be paged", fix));
            }
        };
        if contact.name.trim().is_empty()
            || !names.insert(contact.name.trim())
            || !numbers.insert(number)
        {
            return Err(ConfigError::new(
                place,
                "two contacts have this name or number, or it has no name",
                "Give each contact a name and a number of its own: an answer is known by them",
            ));
        }
    }
    Ok(())
}

/// No shorter than `least`, and a day at most.
pub(super) fn check_seconds(
    key: &str,
    seconds: u64,
    least: u64,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    check_seconds_in(key, seconds, least..=86_400, at)
}

fn check_seconds_in(
    key: &str,
    seconds: u64,
    range: RangeInclusive<u64>,
    at: &impl Fn(&str) -> String,
) -> Result<(), ConfigError> {
    if range.contains(&seconds) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    Err(ConfigError::new(
        at(key),
        format!("{seconds} seconds is too short or too long"),
        format!("Write a number from {least} to {most}"),
    ))
}

/// As long as a rung of a policy may wait: a longer one would be cut without a word.
fn check_repage(key: &str, seconds: u64, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let range = SHORTEST_DELAY.as_secs()..=LONGEST_DELAY.as_secs();
    check_seconds_in(key, seconds, range, at)
}

pub(super) fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
