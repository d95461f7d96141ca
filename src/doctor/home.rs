//! What is on this machine: keys, database, words and rules, addresses, people.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use url::{Host, Url};

use crate::app::key_source;
use crate::clock::At;
use crate::config::{Config, GatewaySection};
use crate::crypto::Keyring;
use crate::crypto::keyfile;
use crate::gateway::check::Finding;
use crate::store::{Probe, probe};
use crate::{phrasebook, rulebook};

use super::{connections, content, on_call};

pub(super) async fn examine(config: &Config, now: At) -> Vec<Finding> {
    let mut findings = Vec::new();
    keys_and_database(config, now, &mut findings).await;
    findings.push(match &config.content.directory {
        None => Finding::ok("content", "the built-in texts serve"),
        Some(directory) => match phrasebook::read(directory, now.day()) {
            Ok(_) => Finding::ok("content", "your edited texts hold"),
            Err(why) => Finding::fail(
                "content",
                format!("your edited texts are refused, the built-in ones serve: {why}"),
                "Run `harborline content check` on the folder and mend what it names",
            ),
        },
    });
    findings.push(match &config.triage.directory {
        None => Finding::ok("triage", "the built-in rules serve"),
        Some(directory) => match rulebook::read(directory) {
            Ok(_) => Finding::ok("triage", "your edited rules hold"),
            Err(why) => Finding::fail(
                "triage",
                format!("your edited rules are refused, the built-in ones serve: {why}"),
                "Mend the rule that is named; `harborline triage --rules DIR` reads them again",
            ),
        },
    });
    findings.push(public_url(config));
    findings.push(roster(config));
    findings.push(heartbeat(config));
    findings
}

/// The database is read with the keys: without them there is nothing to compare.
async fn keys_and_database(config: &Config, now: At, findings: &mut Vec<Finding>) {
    let file = config.keys.file.display();
    let masters = match key_source(config).load() {
        Ok(masters) => masters,
        Err(keyfile::KeyFileError::Unreadable { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            findings.push(Finding::warn(
                "keys",
                format!("there is no key at {file} yet; the first start makes one"),
                "If this machine was in use before, put back its key: a new one cannot read old data",
            ));
            findings.push(Finding::skipped(
                "database",
                "without a key it was not opened",
            ));
            return;
        }
        Err(why) => {
            findings.push(failed("keys", &why));
            findings.push(Finding::skipped(
                "database",
                "without a key it was not opened",
            ));
            return;
        }
    };
    findings.push(if masters.len() == 1 {
        Finding::ok("keys", "a master key is there, and is private")
    } else {
        Finding::warn(
            "keys",
            "an old master key is still accepted",
            "Run `harborline key rotate` to its end, restart every server, then `harborline key retire`",
        )
    });
    let keys = Arc::new(Keyring::of(&masters, None));
    findings.push(keystore(config));
    let found = probe(&config.database.url, &keys).await;
    let on_call = match found {
        Ok(Probe::Current | Probe::AheadAndFit) => {
            let mut known = connections::examine(config, Arc::clone(&keys), now).await;
            known.extend(on_call::examine(config, Arc::clone(&keys), now).await);
            known.extend(content::examine(config, keys, now).await);
            known
        }
        Ok(Probe::Absent | Probe::Empty) => Vec::new(),
        _ => vec![Finding::skipped("oncall", "the database was not read")],
    };
    findings.push(match found {
        Ok(Probe::Current) => Finding::ok("database", "it answers, and these keys open it"),
        Ok(Probe::Absent | Probe::Empty) => {
            Finding::ok("database", "it is new; the first start makes its tables")
        }
        Ok(Probe::Behind) => Finding::warn(
            "database",
            "its tables are older than this program",
            "Back it up; the next start of this version brings the tables up to date",
        ),
        Ok(Probe::AheadAndFit) => Finding::warn(
            "database",
            "its tables are of a newer version of harborline, and this one works on them",
            "Finish the upgrade: bring every replica to the newer version",
        ),
        Ok(Probe::Ahead) => Finding::fail(
            "database",
            "its tables are newer than this program",
            "Use the version of harborline that wrote them, or a newer one",
        ),
        Err(why) => failed("database", &why),
    });
    findings.extend(on_call);
}

/// The seeds without which no texter's words can be read.
fn keystore(config: &Config) -> Finding {
    let id = "keystore";
    let folder = config.keystore();
    let shown = folder.display();
    match std::fs::metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Finding::ok(id, "there is none yet; the first start makes it")
        }
        Err(error) => Finding::fail(
            id,
            format!("{shown} cannot be used: {error}"),
            "Make it a folder of the user that the server runs as, or name another in keys.keystore",
        ),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => Finding::warn(
            id,
            format!("not only this user reaches {shown}"),
            format!("Run `chmod 700 {shown}`; the next start does the same"),
        ),
        Ok(_) => Finding::ok(
            id,
            "it is there and private; keep its newest copy elsewhere, and never an old one",
        ),
    }
}

/// A sentence with a place, a problem and a fix, as these errors are.
pub(super) fn failed(id: &str, why: &dyn std::error::Error) -> Finding {
    let sentence = why.to_string();
    let (finding, fix) = sentence.rsplit_once(". ").unwrap_or((&sentence, ""));
    Finding::fail(id, finding, fix)
}

fn public_url(config: &Config) -> Finding {
    let id = "public_url";
    let fix = "Put a TLS proxy in front, and write its address like https://line.example.org";
    let sandbox = config.gateways.values().all(GatewaySection::is_sandbox);
    let Some(url) = config
        .public_url
        .as_deref()
        .and_then(|url| Url::parse(url).ok())
    else {
        return Finding::skipped(id, "none is set; the sandbox needs none");
    };
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    };
    if local && !sandbox {
        return Finding::fail(
            id,
            "no provider reaches an address of this machine only",
            fix,
        );
    }
    if url.scheme() != "https" && !sandbox {
        return Finding::fail(
            id,
            "it is not https: texts and passwords could be read on the way",
            fix,
        );
    }
    // Twilio refuses the address of a status callback otherwise.
    if url.host_str().is_some_and(|host| host.contains('_')) {
        return Finding::fail(
            id,
            "its host has an underscore, and providers refuse to send receipts there",
            "Use a name of letters, digits and hyphens",
        );
    }
    Finding::ok(id, "providers can reach it and it is private")
}

fn heartbeat(config: &Config) -> Finding {
    let id = "heartbeat";
    if config.heartbeat.url.is_some() {
        return Finding::ok(id, "a monitor outside is pinged while all is well");
    }
    if config.gateways.values().all(GatewaySection::is_sandbox) {
        return Finding::skipped(id, "the sandbox needs no monitor outside");
    }
    Finding::warn(
        id,
        "nobody outside notices when this server stops",
        "Set heartbeat.url to a monitor that alarms when pings stop: docs/drills.md",
    )
}

fn roster(config: &Config) -> Finding {
    let id = "roster";
    match config.oncall.fallback.as_slice() {
        [] => Finding::fail(
            id,
            "nobody would be paged in a crisis",
            "Add at least one [[oncall.fallback]] with name and number",
        ),
        [one] => Finding::warn(
            id,
            format!(
                "only {} is paged: nobody comes when that phone is off",
                one.name
            ),
            "Add a second [[oncall.fallback]]",
        ),
        more => Finding::ok(id, format!("{} phones are paged", more.len())),
    }
}
