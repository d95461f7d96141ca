//! What is configured, and works, and is not what a line with real texters wants.

use crate::app;
use crate::clock::At;
use crate::config::{Config, GatewaySection};
use crate::content::check::{Strictness, check};
use crate::gateway::check::Finding;
use crate::staff::Role;

pub(super) fn examine(config: &Config, now: At) -> Vec<Finding> {
    let mut findings = vec![facts(config, now), metrics(config)];
    if config.gateways.values().all(GatewaySection::is_sandbox) {
        // What follows is for who has texters.
        findings.push(Finding::skipped(
            "line",
            "the sandbox has no texters; a line would be asked for more",
        ));
        return findings;
    }
    findings.extend([
        listens(config),
        name(config),
        contact(config),
        operator(config),
        zone(config),
        second_factor(config),
        stand_in(config),
        lists(config),
        drills(config),
        backups(config),
    ]);
    findings
}

/// Whether what texters are told still holds.
fn facts(config: &Config, now: At) -> Finding {
    let id = "content.facts";
    let Ok((packs, _)) = app::packs(config, now) else {
        return Finding::fail(
            id,
            "the texts cannot be read",
            "Run `harborline content check`",
        );
    };
    let how = Strictness {
        today: now.day(),
        release: false,
    };
    match check(&packs, how).len() {
        0 => Finding::ok(id, "no fact in the texts is out of date"),
        count => Finding::warn(
            id,
            format!("{count} remarks on the texts and their facts"),
            "Run `harborline content check`: it names each",
        ),
    }
}

fn metrics(config: &Config) -> Finding {
    let id = "listen.metrics";
    match config.listen.metrics {
        None => Finding::skipped(id, "no metrics are offered; listen.metrics would"),
        Some(address) if address.ip().is_loopback() => {
            Finding::ok(id, "metrics are offered to this machine only")
        }
        Some(_) => Finding::warn(
            id,
            "metrics are offered beyond this machine: counts of texts and cases, nothing of a person",
            "Let it listen on loopback, or see that only your Prometheus reaches it",
        ),
    }
}

fn listens(config: &Config) -> Finding {
    let id = "listen.address";
    if config.listen.address.ip().is_loopback() {
        return Finding::ok(id, "only a proxy on this machine reaches it");
    }
    Finding::warn(
        id,
        "it listens beyond this machine, in clear: passwords and texts could be read on the way",
        "Let it listen on 127.0.0.1, or see that only your TLS proxy reaches it, as in docker-compose.yml",
    )
}

fn name(config: &Config) -> Finding {
    let id = "line.name";
    if config.line.name == "Example Line" {
        return Finding::warn(
            id,
            "texters are told that this is the \"Example Line\"",
            "Set line.name",
        );
    }
    Finding::ok(id, "the line has a name")
}

fn contact(config: &Config) -> Finding {
    let id = "line.contact";
    if config.line.contact.ends_with("@example.org") {
        return Finding::warn(
            id,
            "HELP names a contact that is not yours",
            "Set line.contact",
        );
    }
    Finding::ok(id, "HELP names a contact")
}

fn operator(config: &Config) -> Finding {
    let id = "operator";
    let (ours, theirs) = (&config.operator.contacts, &config.oncall.fallback);
    let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| a.name == b.name);
    if same {
        return Finding::warn(
            id,
            "the people on call hear of what only an operator can mend",
            "Add [[operator.contacts]] with the phone of who looks after this server",
        );
    }
    Finding::ok(
        id,
        "somebody hears when the program cannot mend something alone",
    )
}

fn zone(config: &Config) -> Finding {
    let id = "oncall.time_zone";
    if config.oncall.time_zone == "UTC" {
        return Finding::warn(
            id,
            "who has no zone of their own is told times in UTC",
            "Set oncall.time_zone, like America/New_York",
        );
    }
    Finding::ok(id, "times are told in a zone that you chose")
}

fn second_factor(config: &Config) -> Finding {
    let id = "staff.require_totp";
    if config.staff.required().contains(&Role::Administrator) {
        return Finding::ok(id, "administrators need a second factor");
    }
    Finding::warn(
        id,
        "a password alone opens all conversations",
        "Leave staff.require_totp out, or name at least administrator",
    )
}

fn stand_in(config: &Config) -> Finding {
    let id = "failover";
    if config
        .gateways
        .values()
        .any(|gateway| gateway.failover().is_some())
    {
        return Finding::ok(id, "a second gateway stands in when one fails");
    }
    Finding::warn(
        id,
        "when the gateway fails, replies and pages by text wait until it is back",
        "Set failover to a second gateway, or page by e-mail or webhook as well",
    )
}

fn lists(config: &Config) -> Finding {
    let id = "reconcile";
    let gateways = app::gateways(config);
    let without: Vec<String> = gateways
        .all()
        .filter(|gateway| gateway.build_list(At(0), None).is_none())
        .map(|gateway| gateway.name().to_owned())
        .collect();
    if without.is_empty() {
        return Finding::ok(id, "texts that no hook brings are found at the provider");
    }
    Finding::warn(
        id,
        format!(
            "gateways.{}: a text whose hook is lost is not found: there is no list to ask for",
            without.join(", gateways.")
        ),
        "See that the gateway repeats a hook that failed, and set its fallback",
    )
}

fn drills(config: &Config) -> Finding {
    let id = "drills.schedule";
    if config.drills.schedule.is_empty() {
        return Finding::warn(
            id,
            "no drill is held by itself: a line that is not tried out fails without a word",
            "Add a [[drills.schedule]], as in harborline.example.toml",
        );
    }
    Finding::ok(id, "drills are held by themselves")
}

fn backups(config: &Config) -> Finding {
    let id = "backup";
    if config.heartbeat.expect.is_empty() {
        return Finding::warn(
            id,
            "nobody would notice if backups stopped",
            "Let each report after it succeeded: [[heartbeat.expect]], docs/operating.md",
        );
    }
    Finding::ok(id, "somebody notices when what is expected does not report")
}
