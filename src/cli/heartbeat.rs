//! `harborline heartbeat`: asks a server whether it does its work, for cron and for a second machine.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use serde::Deserialize;
use url::Url;

use super::{Failure, runtime};
use crate::config;
use crate::gateway::ApiRequest;
use crate::gateway::client::{Answer, http_client, loopback_client, send};
use crate::oncall::audit::Found;

/// How long the server may take. Cron must not pile up.
const LIMIT: Duration = Duration::from_secs(10);

/// What a server says of itself.
#[derive(Deserialize)]
struct Said {
    status: String,
    reason: Option<String>,
    passed_s: Option<u64>,
    #[serde(default)]
    findings: Vec<Found>,
}

pub(super) fn run(file: Option<&Path>, check: Option<&str>, alive: bool) -> Result<(), Failure> {
    if alive {
        return is_alive(&here(config::load(file)?.listen.address, "/healthz")?);
    }
    let url = match check {
        Some(address) => address_of(address)?,
        None => here(config::load(file)?.listen.address, "/heartbeat")?,
    };
    let client = if is_here(&url) {
        loopback_client(LIMIT)
    } else {
        http_client(LIMIT)
    }?;
    let answer = runtime()?.block_on(send(&client, get(&url)));
    let Answer::Answered { status, body, .. } = answer else {
        return Err(Failure::finding(format!(
            "{}: no answer. Is the server running, and can this machine reach it?",
            shown(&url)
        )));
    };
    let Ok(said) = serde_json::from_slice::<Said>(&body) else {
        return Err(Failure::finding(format!(
            "{}: status {status}, and not the answer of a Harborline. Write the address of its /heartbeat",
            shown(&url)
        )));
    };
    let age = said.passed_s.map_or_else(
        || "no audit has passed yet".to_owned(),
        |age| format!("an audit found nothing {age} s ago"),
    );
    if status == 200 && said.status == "ok" {
        writeln!(io::stdout(), "ok: {age}")?;
        return Ok(());
    }
    let found = said.findings.iter().map(Found::sentence);
    let why: Vec<String> = said.reason.into_iter().chain(found).collect();
    let why = if why.is_empty() {
        age
    } else {
        format!("{}; {age}", why.join("; "))
    };
    Err(Failure::finding(format!(
        "{} is failing: {why}. Run `harborline doctor` there, and read its log",
        shown(&url)
    )))
}

/// Whether the process answers at all: what a container is judged by. A server whose database is away is
/// alive, and the only one who answers a crisis then.
fn is_alive(url: &Url) -> Result<(), Failure> {
    let client = loopback_client(LIMIT)?;
    match runtime()?.block_on(send(&client, get(url))) {
        Answer::Answered { status: 200, .. } => Ok(writeln!(io::stdout(), "ok: it answers")?),
        _ => Err(Failure::finding(format!(
            "{}: the server does not answer. Start it, and read its log",
            shown(url)
        ))),
    }
}

fn get(url: &Url) -> ApiRequest {
    ApiRequest {
        method: Method::GET,
        url: url.to_string(),
        headers: HeaderMap::new(),
        body: Vec::new(),
    }
}

/// The address to ask: of the server alone, its `/heartbeat`.
fn address_of(address: &str) -> Result<Url, Failure> {
    let refused = || {
        Failure::from(
            "--check: this is no web address. Write it like https://line.example.org/heartbeat",
        )
    };
    config::host_of(address).ok_or_else(refused)?;
    let mut url = Url::parse(address).map_err(|_| refused())?;
    if url.path() == "/" {
        url.set_path("/heartbeat");
    }
    Ok(url)
}

/// The server of this machine's configuration: one on every address is reached on loopback.
fn here(listens: SocketAddr, path: &str) -> Result<Url, Failure> {
    let mut address = listens;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv6() {
            Ipv6Addr::LOCALHOST.into()
        } else {
            Ipv4Addr::LOCALHOST.into()
        });
    }
    Ok(Url::parse(&format!("http://{address}{path}"))?)
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// An address without what may be secret in it.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    format!("{host}{}", port.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(address: &str) -> String {
        address_of(address).map_or_else(|why| why.sentence, |url| url.to_string())
    }

    #[test]
    fn the_address_of_a_server_is_enough() {
        for (address, url) in [
            (
                "https://line.example.org",
                "https://line.example.org/heartbeat",
            ),
            (
                "https://line.example.org/",
                "https://line.example.org/heartbeat",
            ),
            (
                "http://10.0.0.2:8080/heartbeat",
                "http://10.0.0.2:8080/heartbeat",
            ),
        ] {
            assert_eq!(asked(address), url);
        }
        for address in [
            "line.example.org",
            "ftp://line.example.org",
            "https://user@host/",
        ] {
            assert!(asked(address).contains("--check"), "{address}");
        }
        let all: SocketAddr = "0.0.0.0:8080".parse().unwrap();
        assert_eq!(
            here(all, "/heartbeat").ok().unwrap().as_str(),
            "http://127.0.0.1:8080/heartbeat"
        );
    }
}
