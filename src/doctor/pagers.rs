//! The ways by which pages leave that are no gateways: the mail server is asked, nothing is sent.

use crate::app;
use crate::config::Config;
use crate::gateway::check::Finding;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    vec![smtp(config).await, webhooks(config), calls(config)]
}

/// The gateways by which calls leave.
pub(super) fn callers(config: &Config) -> Vec<String> {
    let gateways = app::gateways(config);
    let callers = gateways.all().filter(|gateway| gateway.caller().is_some());
    callers.map(|gateway| gateway.name().to_owned()).collect()
}

fn calls(config: &Config) -> Finding {
    let id = "calls";
    let callers = callers(config);
    if callers.is_empty() {
        return Finding::skipped(
            id,
            "no gateway places calls (Twilio and SignalWire do, from a number); nobody can be paged by a call",
        );
    }
    if config.public_url.is_none() {
        return Finding::fail(
            id,
            "a call asks public_url what to say, and it is not set",
            "Set public_url to the address under which the provider reaches this server",
        );
    }
    let by = callers.join(", ");
    Finding::ok(id, format!("they leave by gateways.{by}"))
}

async fn smtp(config: &Config) -> Finding {
    let id = "smtp";
    let Some(section) = &config.smtp else {
        return Finding::skipped(id, "no mail server is set; nobody can be paged by e-mail");
    };
    let tried = match section.smtp() {
        Ok(smtp) => smtp.try_out().await,
        Err(not_usable) => Err(not_usable.to_string()),
    };
    match tried {
        Ok(()) => Finding::ok(id, "the mail server knows us; nothing was sent"),
        Err(why) => Finding::fail(
            id,
            format!("pages by e-mail do not leave: {why}"),
            "Compare host, port, security, username and password in [smtp] with what the mail server's operator gave you",
        ),
    }
}

fn webhooks(config: &Config) -> Finding {
    let id = "webhooks";
    if config.webhooks.allow_private {
        return Finding::warn(
            id,
            "whoever may add a webhook can make this server call into its own network, and in clear",
            "Leave webhooks.allow_private out unless a receiver stands in your own network",
        );
    }
    Finding::ok(id, "they leave for public addresses only, and encrypted")
}
