//! Settings from the environment: `HARBORLINE__SECTION__KEY`, and `…__KEY_FILE` for a file that
//! holds the value.

use std::collections::HashMap;

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};

use super::load::ConfigError;

/// What every variable starts with.
pub(super) const PREFIX: &str = "HARBORLINE__";
/// The name of the source, for errors.
pub(super) const SOURCE: &str = "environment variable";
/// Keys whose values are not words, besides those that end in `_s` or `_days`: a number, and yes or no.
const NO_WORDS: [&str; 16] = [
    "allow_clear",
    "allow_private",
    "allow_v2",
    "basic_in_url",
    "burst",
    "by_phone",
    "connections",
    "connections_per_address",
    "free_to_end_user",
    "hsts_subdomains",
    "max_bytes",
    "max_entries",
    "port",
    "reports",
    "segments_per_second",
    "sim",
];
/// Keys that end in `_file` by themselves: their value is the name of a file, not what is in it.
const FILES: [&str; 2] = ["anchor_file", "ca_file"];

/// The settings that were found.
pub(super) struct Environment(Dict);

impl Environment {
    /// Reads the environment and the files that it names.
    pub(super) fn read() -> Result<Self, ConfigError> {
        let mut found = Dict::new();
        let mut set: HashMap<String, String> = HashMap::new();
        for (name, text) in std::env::vars() {
            let Some(key) = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else {
                continue;
            };
            let mut keys: Vec<&str> = key.split("__").collect();
            let last = keys.pop().unwrap_or_default();
            let (last, text) = match last.strip_suffix("_file") {
                Some(short) if !FILES.contains(&last) => (short, read_file(&name, &text)?),
                _ => (last, text),
            };
            keys.push(last);
            // Which one counts would be chance.
            if let Some(other) = set.insert(keys.join("."), name.clone()) {
                return Err(ConfigError::new(
                    name,
                    format!("it sets the same as {other}"),
                    "Set one of the two",
                ));
            }
            insert(&mut found, &keys, value(last, text));
        }
        Ok(Self(found))
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(SOURCE)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

fn read_file(name: &str, path: &str) -> Result<String, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end().to_owned()),
        Err(error) => Err(ConfigError::new(
            name,
            format!("{path} cannot be read: {error}"),
            "Name a readable file",
        )),
    }
}

/// A value as the key wants it. A token or a phone number of digits stays a word; a list or table
/// is written as in TOML.
fn value(key: &str, text: String) -> Value {
    let typed = key.ends_with("_s")
        || key.ends_with("_days")
        || NO_WORDS.contains(&key)
        || text.starts_with(['[', '{']);
    match text.parse() {
        Ok(parsed) if typed => parsed,
        _ => Value::from(text),
    }
}

fn insert(dict: &mut Dict, keys: &[&str], value: Value) {
    match keys {
        [] => {}
        [last] => {
            dict.insert((*last).to_owned(), value);
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
