//! `[database]`: where everything is kept, and how the way there is protected.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use serde::Deserialize;
use url::Url;

use super::load::ConfigError;

/// `[database]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite://data/harborline.db` or `postgres://…`.
    pub url: String,
    /// How many connections to PostgreSQL this server may have.
    pub connections: Option<u32>,
    /// Whether the way to PostgreSQL on another machine may be in clear.
    pub allow_clear: bool,
}

/// Connections to PostgreSQL: half of them for what was kept in the spool, the others for texts that come
/// meanwhile, and for the workers. Two replicas leave room below the 100 that PostgreSQL gives by default.
const CONNECTIONS: u32 = 16;
/// One listens to the other replicas, and texts, pages and pages of the staff must not wait for each other.
const POSSIBLE: RangeInclusive<u32> = 4..=500;

impl Database {
    /// How many connections to PostgreSQL this server may have.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.connections.unwrap_or(CONNECTIONS)
    }

    /// Whether it is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        let engine = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Database")
            .field("engine", &engine)
            .field("connections", &self.connections)
            .field("allow_clear", &self.allow_clear)
            .finish()
    }
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: "sqlite://data/harborline.db".to_owned(),
            connections: None,
            allow_clear: false,
        }
    }
}

/// The first thing in the section that cannot work.
pub(super) fn check(database: &Database, at: &impl Fn(&str) -> String) -> Result<(), ConfigError> {
    if !["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| database.url.starts_with(scheme))
    {
        return Err(ConfigError::new(
            at("database.url"),
            "this is neither SQLite nor PostgreSQL",
            "Write it like sqlite://data/harborline.db or postgres://user:password@host/harborline",
        ));
    }
    if !database.is_sqlite() && names_several(&database.url) {
        return Err(ConfigError::new(
            at("database.url"),
            "it names several servers",
            "Name one address that leads to whichever is the primary: docs/operating.md, \"Fail-over\"",
        ));
    }
    if !database.is_sqlite() && !database.allow_clear && is_in_clear(&database.url) {
        return Err(ConfigError::new(
            at("database.url"),
            "what is said to PostgreSQL would go to another machine in clear, or could be made to",
            "Add ?sslmode=verify-full to it, or set database.allow_clear = true where only the two of them share a network: docs/operating.md, \"Connections\"",
        ));
    }
    match database.connections {
        Some(_) if database.is_sqlite() => Err(ConfigError::new(
            at("database.connections"),
            "SQLite has no connections to count",
            "Leave the key out, or set database.url to PostgreSQL",
        )),
        Some(count) if !POSSIBLE.contains(&count) => Err(ConfigError::new(
            at("database.connections"),
            format!("{count} connections are too few or too many for a server"),
            format!(
                "Write {} to {}, or leave the key out: docs/operating.md, \"Connections\"",
                POSSIBLE.start(),
                POSSIBLE.end()
            ),
        )),
        _ => Ok(()),
    }
}

/// Whether the place of the host has more than one, as the URLs of other programs may.
fn names_several(url: &str) -> bool {
    let place = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = place.split(['/', '?']).next().unwrap_or_default();
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    host.contains(',')
}

/// Whether this URL leaves the machine by a way that may be without TLS: `prefer`, which is what the driver does
/// when nothing is said, takes what the other end, or whoever stands in the middle, has to give. What is no URL
/// is refused elsewhere, and so is a mode that does not exist.
fn is_in_clear(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let mut host = url.host_str().unwrap_or_default().to_owned();
    let mut mode = String::new();
    // As the driver reads them, the last one holds.
    for (key, value) in url.query_pairs() {
        match &*key {
            "sslmode" | "ssl-mode" => mode = value.to_ascii_lowercase(),
            "host" | "hostaddr" => host = value.into_owned(),
            _ => {}
        }
    }
    let may_be_clear = ["", "disable", "allow", "prefer"].contains(&&*mode);
    may_be_clear && !is_here(&host)
}

/// Whether this is a socket, or an address of this machine.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = bare.parse().ok();
    let is_socket = bare.is_empty()
        || bare.starts_with('/')
        || bare.starts_with("%2F")
        || bare.starts_with("%2f");
    is_socket || bare == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_without_tls_for_sure_is_in_clear() {
        for (url, clear) in [
            ("postgres://a:b@db.example.org/line", true),
            ("postgresql://a@db/line?sslmode=prefer", true),
            ("postgres://a@10.0.0.5:5432/line?sslmode=disable", true),
            ("postgres://a@db/line?ssl-mode=allow", true),
            ("postgres://a@localhost/line?host=db.example.org", true),
            ("postgres://a@db/line?sslmode=require&sslmode=prefer", true),
            ("postgres://a@[fd00::5]/line", true),
            ("postgres://a@db/line?sslmode=require", false),
            ("postgres://a@db/line?sslmode=verify-ca", false),
            ("postgres://a@db/line?sslmode=VERIFY-FULL", false),
            ("postgres://a@127.0.0.1:5432/line", false),
            ("postgres://a@[::1]/line", false),
            ("postgres://a@localhost/line", false),
            ("postgres:///line", false),
            ("postgres://a@%2Frun%2Fpostgresql/line", false),
            ("postgres://a@db/line?host=/run/postgresql", false),
        ] {
            assert_eq!(is_in_clear(url), clear, "{url}");
        }
    }
}
