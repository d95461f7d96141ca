//! What backs a PostgreSQL database up: its own tool, with our address filled in and without the password.

use std::fmt::Write as _;
use std::path::Path;

use url::Url;

/// The command that makes a dump beside this path. A password is not printed: `pg_dump` asks for it, or reads
/// `PGPASSWORD` or `~/.pgpass`.
#[must_use]
pub fn dump_command(url: &str, to: &Path) -> String {
    let file = to.with_extension("dump");
    let mut command = String::new();
    let url = Url::parse(url).ok();
    // The tool takes TLS only if it is told to, as the driver does.
    for (key, value) in url.iter().flat_map(Url::query_pairs) {
        if let Some(variable) = variable(&key) {
            let _ = write!(command, "{variable}={} ", quoted(&value));
        }
    }
    command.push_str("pg_dump --format=custom --no-owner");
    let mut option = |name: &str, value: &str| {
        let _ = write!(command, " --{name}={}", quoted(value));
    };
    if let Some(url) = url {
        if let Some(host) = url.host_str().filter(|host| !host.is_empty()) {
            option("host", host);
        }
        if let Some(port) = url.port() {
            option("port", &port.to_string());
        }
        if !url.username().is_empty() {
            option("username", url.username());
        }
        let name = url.path().trim_start_matches('/');
        if !name.is_empty() {
            option("dbname", name);
        }
    }
    option("file", &file.display().to_string());
    command
}

/// The variable by which PostgreSQL's own tools hear what the URL says of TLS.
fn variable(key: &str) -> Option<&'static str> {
    Some(match key {
        "sslmode" | "ssl-mode" => "PGSSLMODE",
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
        "sslcert" | "ssl-cert" => "PGSSLCERT",
        "sslkey" | "ssl-key" => "PGSSLKEY",
        _ => return None,
    })
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_whole_and_holds_no_password() {
        let command = dump_command(
            "postgres://line:secret-canary@db.example.org:5433/harborline",
            Path::new("night/one"),
        );
        assert_eq!(
            command,
            "pg_dump --format=custom --no-owner --host=db.example.org --port=5433 --username=line --dbname=harborline --file=night/one.dump"
        );
        let protected = dump_command(
            "postgres://line@db.example.org/harborline?sslmode=verify-full&sslrootcert=my%20ca.pem",
            Path::new("night"),
        );
        assert_eq!(
            protected,
            "PGSSLMODE=verify-full PGSSLROOTCERT='my ca.pem' pg_dump --format=custom --no-owner --host=db.example.org --username=line --dbname=harborline --file=night.dump"
        );
        let odd = dump_command("postgres:///harborline", Path::new("it's here"));
        assert!(odd.ends_with(r"--file='it'\''s here.dump'"), "{odd}");
    }
}
