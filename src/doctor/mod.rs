//! `harborline doctor`: looks at everything that must be right before a text comes, and says of each
//! thing how it stands and what to do. It changes nothing, at home and at the provider. Floor 5.

mod connections;
mod content;
mod home;
mod line;
mod machine;
mod on_call;
mod pagers;
mod providers;
mod spool;
mod state;

use crate::clock::At;
use crate::config::Config;
use crate::gateway::check::{Finding, State};

/// Looks at everything. `client` asks the providers.
pub async fn examine(config: &Config, client: &reqwest::Client, now: At) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("configuration", "it was read, and can work")];
    findings.extend(home::examine(config, now).await);
    findings.extend(line::examine(config, now));
    findings.extend(machine::examine(config));
    findings.extend(spool::examine(config, now));
    findings.extend(pagers::examine(config).await);
    findings.extend(providers::examine(config, client).await);
    findings
}

/// Whether something does not work.
#[must_use]
pub fn fails(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.state == State::Fail)
}
