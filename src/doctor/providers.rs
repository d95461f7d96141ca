//! What the providers say: credentials, webhooks, fallbacks, opt-out words.

use std::collections::VecDeque;

use crate::app;
use crate::config::{Config, GatewaySection};
use crate::gateway::check::{Finding, Ours};
use crate::gateway::client::send_up_to;
use crate::gateway::{Gateway, SignaturePolicy};

/// A list of all profiles of an account is longer than the answer to a send.
const MOST: usize = 1024 * 1024;

pub(super) async fn examine(config: &Config, client: &reqwest::Client) -> Vec<Finding> {
    let gateways = app::gateways(config);
    let mut all = Vec::new();
    for (name, section) in &config.gateways {
        let Some(gateway) = gateways.get(name) else {
            continue;
        };
        let mut findings = vec![signature(section)];
        if section.is_sandbox() {
            findings = vec![Finding::skipped(
                "provider",
                "the sandbox has no provider, and reaches no phone",
            )];
        } else {
            let ours = ours(config, name, section);
            findings.extend(ask(gateway.as_ref(), &ours, client).await);
            findings.extend(unasked(gateway.as_ref(), &findings));
        }
        for finding in &mut findings {
            finding.id = format!("gateways.{name}.{}", finding.id);
        }
        all.extend(findings);
    }
    all
}

fn ours(config: &Config, name: &str, section: &GatewaySection) -> Ours {
    let roots = config.public_url.iter().chain(section.other_urls());
    Ours {
        inbound: roots
            .map(|root| format!("{root}/hooks/{name}/inbound"))
            .collect(),
    }
}

/// Asks the provider, and goes on with what its answers lead to.
async fn ask(gateway: &dyn Gateway, ours: &Ours, client: &reqwest::Client) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut questions = VecDeque::from(gateway.build_checks());
    while let Some((check, request)) = questions.pop_front() {
        let answer = send_up_to(client, request, MOST).await;
        let reading = gateway.read_check(check, ours, answer.as_result());
        findings.extend(reading.findings);
        questions.extend(reading.next);
    }
    findings
}

fn signature(section: &GatewaySection) -> Finding {
    let id = "signature";
    match section.signature() {
        SignaturePolicy::Enforce => Finding::ok(id, "only signed hooks are taken"),
        SignaturePolicy::Observe => Finding::warn(
            id,
            "hooks are taken without a signature that holds: anyone can text in another's name",
            "Set signature = \"enforce\" when signed hooks arrive",
        ),
        SignaturePolicy::Quarantine => Finding::warn(
            id,
            "texts without a signature that holds are kept back until you decide",
            "Set signature = \"enforce\" when signed hooks arrive; see `harborline quarantine list`",
        ),
    }
}

/// What the provider cannot be asked: said, not passed over.
fn unasked(gateway: &dyn Gateway, found: &[Finding]) -> Vec<Finding> {
    let missing = |id: &str| found.iter().all(|finding| finding.id != id);
    let mut findings = Vec::new();
    if missing("credentials") {
        let how = "it cannot be asked here. Text the line and see whether the answer comes";
        findings.push(Finding::skipped("credentials", how));
    }
    if missing("webhook") && missing("credentials") {
        let how = "it cannot be asked where texts go. Text the line and see whether they come";
        findings.push(Finding::skipped("webhook", how));
    }
    if missing("fallback") {
        let how = "it cannot be asked what it does when we do not answer. See the README that `harborline fallback export` writes";
        findings.push(Finding::skipped("fallback", how));
    }
    if gateway.caps().blocks_opted_out && missing("opt_out") {
        findings.push(Finding::warn(
            "opt_out",
            "the provider may answer STOP itself, without 988, and then block every text to that person; it cannot be asked",
            "Ask its support to switch its own opt-out handling off, so that Harborline answers STOP with 988",
        ));
    }
    findings
}
