//! Who will be on call in the next two weeks, as the preflight finds it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::home::failed;
use super::pagers::callers;
use super::state;
use crate::clock::At;
use crate::config::Config;
use crate::crypto::Keyring;
use crate::gateway::check::Finding;
use crate::id::SystemIds;
use crate::oncall::preflight::{self, Level};
use crate::oncall::{Channel, Person};
use crate::store::{OpenError, StoreError, look};

/// Looks at schedules, policies and people, in a database that was found to be current.
pub(super) async fn examine(config: &Config, keys: Arc<Keyring>, now: At) -> Vec<Finding> {
    match findings(config, keys, now).await {
        Ok((found, mut stranded)) => {
            if found.is_empty() {
                let well = "for two weeks somebody who can be reached is on call";
                stranded.push(Finding::ok("oncall", well));
            }
            found.into_iter().map(shown).chain(stranded).collect()
        }
        Err(why) => vec![failed("oncall", &why)],
    }
}

async fn findings(
    config: &Config,
    keys: Arc<Keyring>,
    now: At,
) -> Result<(Vec<preflight::Finding>, Vec<Finding>), OpenError> {
    // It makes no id: nothing is written.
    let store = look(&config.database.url, keys, Arc::new(SystemIds::default())).await?;
    let found = async {
        let mut tx = store.read().await?;
        let found = tx.preflight(config.oncall.fallback.len(), now).await?;
        Ok((found, stranded(config, &tx.people().await?)))
    };
    let found: Result<(_, Vec<Finding>), StoreError> = found.await;
    let waits = state::examine(&store, now).await;
    let found = found.map(|(found, stranded)| (found, [stranded, waits].concat()));
    store.close().await;
    Ok(found?)
}

/// Contact methods that work, and by which nothing leaves as things are configured, or not as they say.
fn stranded(config: &Config, people: &[Person]) -> Vec<Finding> {
    let of = |channel: Channel| {
        let methods = people.iter().flat_map(|person| &person.methods);
        let working = methods.filter(|method| method.works());
        working.filter(|method| method.channel == channel).count()
    };
    let mut findings = Vec::new();
    let (mails, calls) = (of(Channel::Email), of(Channel::Voice));
    if mails > 0 && config.smtp.is_none() {
        findings.push(Finding::fail(
            "oncall.email",
            format!("{mails} contact method(s) by e-mail, and no mail server is set: these pages do not leave"),
            "Set [smtp], as in harborline.example.toml",
        ));
    }
    if calls > 0 && callers(config).is_empty() {
        findings.push(Finding::fail(
            "oncall.voice",
            format!("{calls} contact method(s) by call, and no gateway places calls: these pages do not leave"),
            "Set a gateway of Twilio or SignalWire with a number that can call as sender or calls_from",
        ));
    }
    let methods = people.iter().flat_map(|person| &person.methods);
    let gone = methods
        .filter(|method| method.works())
        .filter_map(|method| method.gateway.as_deref())
        .filter(|name| !config.gateways.contains_key(*name));
    let gone: Vec<&str> = gone.collect();
    if !gone.is_empty() {
        let (count, names) = (gone.len(), BTreeSet::from_iter(gone));
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        findings.push(Finding::warn(
            "oncall.gateway",
            format!("{count} contact method(s) name a gateway that is not configured ({names}): these pages leave by another number"),
            "Choose another gateway on the page of each of them, or configure the old one again",
        ));
    }
    findings
}

fn shown(found: preflight::Finding) -> Finding {
    let id = format!("oncall.{}", found.trouble.word());
    match found.level {
        Level::Note => Finding::ok(&id, found.what),
        Level::Warn => Finding::warn(&id, found.what, found.fix),
        Level::Alarm => Finding::fail(&id, found.what, found.fix),
    }
}
