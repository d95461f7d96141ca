//! The smaller pieces of the program, each made from the configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::StartError;
use crate::clock::{At, Clock};
use crate::config::{Config, DrillSection, FallbackContact, GatewaySection, SmtpSection};
use crate::content::Packs;
use crate::conversation::Line;
use crate::crypto::Keyring;
use crate::crypto::keystore::Keystore;
use crate::crypto::source::KeySource;
use crate::doctor;
use crate::drill::{Door, Timetable};
use crate::feed::Feed;
use crate::followup::{Followup, Scrub};
use crate::gateway::client::{LIMIT, guarded_client, http_client};
use crate::gateway::{Gateways, drill};
use crate::http::simulator::{Simulator, SimulatorConfig};
use crate::http::{Signing, SigningRules};
use crate::id::IdSource;
use crate::oncall::{Contact, Desk, Operator, Roster};
use crate::pager::Pagers;
use crate::pager::guard::PublicOnly;
use crate::pager::webhook::Webhooks;
use crate::people::Ways;
use crate::phone::PhoneNumber;
use crate::phrasebook::{self, Refused};
use crate::roster::LastRoster;
use crate::spool::{Spool, SpoolSettings, Unusable};
use crate::store::Store;
use crate::system::Examine;

/// What gateways and simulator are made from.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) local_url: &'a str,
    pub(super) public_url: &'a str,
    pub(super) sandbox_secret: &'a str,
}

impl Parts<'_> {
    /// The phone simulator, beside a sandbox gateway.
    pub(super) fn simulator(
        &self,
        desk: &Desk,
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn IdSource>,
        feed: &Feed,
        client: &reqwest::Client,
    ) -> Option<Arc<Simulator>> {
        let (gateway, sandbox) = self
            .config
            .gateways
            .iter()
            .find_map(|(name, section)| Some((name, section.sandbox()?)))?;
        Some(Arc::new(Simulator::new(SimulatorConfig {
            gateway: gateway.clone(),
            line: sandbox.sender.clone(),
            secret: self.sandbox_secret.into(),
            local_url: self.local_url.to_owned(),
            public_url: self.public_url.to_owned(),
            // Pages leave by another gateway when that is configured: then no phone is shown here.
            on_call: if desk.gateway == *gateway {
                desk.roster.fallback.clone()
            } else {
                Vec::new()
            },
            clock: Arc::clone(clock),
            ids: Arc::clone(ids),
            feed: feed.clone(),
            client: client.clone(),
        })))
    }
}

/// Where the master key comes from.
#[must_use]
pub fn key_source(config: &Config) -> KeySource {
    let keys = &config.keys;
    match &keys.variable {
        Some(name) => KeySource::Variable(name.clone()),
        None if !keys.command.is_empty() => KeySource::Command(keys.command.clone()),
        None => KeySource::File(keys.file.clone()),
    }
}

/// What a start makes because it is not there: a key file, a keystore. When the database turns out to have its
/// own, they are taken away again, so that nobody takes them for those that were lost.
pub(super) struct Fresh {
    key: Option<PathBuf>,
    keystore: Option<PathBuf>,
}

impl Fresh {
    /// Looks before anything is made.
    pub(super) fn before(config: &Config) -> Self {
        let key = match key_source(config) {
            KeySource::File(path) => Some(path),
            KeySource::Variable(_) | KeySource::Command(_) => None,
        };
        Self {
            key: key.filter(|path| !path.exists()),
            keystore: Some(config.keystore()).filter(|path| !path.exists()),
        }
    }

    /// Takes away what was made since. Nothing was sealed with it: the database was refused first.
    pub(super) fn take_away(&self) {
        let key = self.key.as_ref().map_or(Ok(()), std::fs::remove_file);
        let keystore = self.keystore.as_ref();
        let keystore = keystore.map_or(Ok(()), |folder| Keystore::take_away_unused(folder));
        if let Err(error) = key.and(keystore) {
            tracing::warn!(%error, "a key or keystore that this start has made for nothing is still there");
        }
    }
}

/// All keys of a configuration.
///
/// # Errors
/// [`StartError`] names the place and the fix.
pub fn keyring(config: &Config, ids: &Arc<dyn IdSource>) -> Result<Arc<Keyring>, StartError> {
    let masters = key_source(config).load_or_create(&**ids)?;
    let keystore = Keystore::open(&config.keystore(), Arc::clone(ids))?;
    Ok(Arc::new(Keyring::of(&masters, Some(Arc::new(keystore)))))
}

pub(super) fn spool(
    config: &Config,
    keys: &Arc<Keyring>,
    ids: &Arc<dyn IdSource>,
) -> Result<Arc<Spool>, Unusable> {
    let settings = SpoolSettings {
        directory: config.spool.directory.clone(),
        max_entries: config.spool.max_entries,
        max_bytes: config.spool.max_bytes,
    };
    Spool::open(settings, Arc::clone(keys), Arc::clone(ids)).map(Arc::new)
}

/// Where the last-known roster is kept.
pub(super) fn beside_spool(config: &Config) -> PathBuf {
    config.spool.directory.with_file_name("roster.sealed")
}

/// Keeps who is on call for when the store cannot say.
pub(super) fn keep(roster: &LastRoster, desk: &Desk) {
    if let Err(error) = roster.save_fallback(&desk.roster.fallback) {
        tracing::error!(%error, "the roster could not be written beside the spool; it is known in memory only");
    }
}

/// The edited packs, if there are any and they hold; else the ones that ship with the program, and
/// why edited ones were refused.
pub(crate) fn packs(
    config: &Config,
    now: At,
) -> Result<(Arc<Packs>, Option<Arc<Refused>>), StartError> {
    let Some(directory) = &config.content.directory else {
        return Ok((Arc::new(Packs::builtin()?), None));
    };
    match phrasebook::read(directory, now.day()) {
        Ok(packs) => Ok((Arc::new(packs), None)),
        Err(reason) => {
            tracing::error!(%reason, "edited packs were refused; the built-in ones serve");
            Ok((Arc::new(Packs::builtin()?), Some(Arc::new(reason))))
        }
    }
}

pub(super) fn followup(
    config: &Config,
    store: &Store,
    clock: &Arc<dyn Clock>,
    packs: &Arc<Packs>,
    feed: &Feed,
) -> Followup {
    Followup {
        store: store.clone(),
        clock: Arc::clone(clock),
        packs: Arc::clone(packs),
        line: line(config),
        feed: feed.clone(),
        scrub: Arc::new(Scrub::default()),
    }
}

/// When drills are held by themselves. What cannot work was refused when the configuration was read.
pub(super) fn timetable(config: &Config) -> Vec<Timetable> {
    let entry = |section: &DrillSection| {
        Some(Timetable {
            name: section.name(),
            time: section.time().ok()?,
            variant: section.variant,
            dry_run: section.dry_run,
        })
    };
    config.drills.schedule.iter().filter_map(entry).collect()
}

/// The door at which drills knock: that of the gateway of the pages if its hooks can be made here, else of
/// the first gateway whose can.
pub(super) fn door(
    client: reqwest::Client,
    gateways: &Gateways,
    desk: &Desk,
    local_url: &str,
) -> Option<Door> {
    let mut all: Vec<_> = gateways.all().collect();
    all.sort_by_key(|gateway| gateway.name() != desk.gateway);
    let text = drill::inbound(Uuid::nil(), "");
    let gateway = all
        .into_iter()
        .find(|gateway| gateway.build_hook("", &text).is_some())?;
    Some(Door {
        client,
        gateway: Arc::clone(gateway),
        local_url: local_url.to_owned(),
        public_url: desk.public_url.clone(),
    })
}

/// The line, as texters are told.
/// Whom a push service asks about our pushes: an address that it can open (RFC 8292, section 2.1).
pub(super) fn push_contact(public_url: &str, contact: &str) -> String {
    if public_url.starts_with("https:") || !contact.contains('@') {
        public_url.to_owned()
    } else {
        format!("mailto:{contact}")
    }
}

pub(crate) fn line(config: &Config) -> Line {
    Line {
        name: config.line.name.clone(),
        contact: config.line.contact.clone(),
        free_to_end_user: config.line.free_to_end_user,
        care: config.line.care.clone(),
    }
}

pub(super) fn contact(section: &FallbackContact) -> Contact {
    // Checked when the configuration was read.
    let number = PhoneNumber::of_sender(section.number.expose_secret());
    Contact::texted(&section.name, &number)
}

/// Who is told of what the program cannot mend.
pub(super) fn operator(config: &Config, public_url: &str) -> Operator {
    Operator {
        contacts: config.operator.contacts.iter().map(contact).collect(),
        repeat: Duration::from_secs(config.operator.repeat_s),
        gateway: config.oncall.gateway.clone().unwrap_or_default(),
        public_url: public_url.to_owned(),
    }
}

/// The channels of pages that need no gateway.
pub(crate) fn pagers(config: &Config) -> Result<Pagers, StartError> {
    let allow_private = config.webhooks.allow_private;
    let client = if allow_private {
        http_client(LIMIT)
    } else {
        guarded_client(LIMIT, PublicOnly)
    };
    Ok(Pagers {
        smtp: config.smtp.as_ref().map(SmtpSection::smtp).transpose()?,
        webhooks: Webhooks {
            client: client.map_err(StartError::Client)?,
            allow_private,
        },
    })
}

/// The checks of `harborline doctor` on this configuration.
pub(super) fn examine(
    config: &Config,
    client: &reqwest::Client,
    clock: &Arc<dyn Clock>,
) -> Examine {
    let parts = Arc::new((config.clone(), client.clone(), Arc::clone(clock)));
    Arc::new(move || {
        let parts = Arc::clone(&parts);
        Box::pin(async move {
            let (config, client, clock) = &*parts;
            doctor::examine(config, client, clock.now()).await
        })
    })
}

/// By what people can be reached from this line.
pub(super) fn ways(config: &Config, gateways: &Gateways) -> Ways {
    let callers = gateways.all().filter(|gateway| gateway.caller().is_some());
    let senders = config.gateways.values().filter_map(GatewaySection::sender);
    let numbers = senders.filter_map(|sender| PhoneNumber::parse(sender).ok());
    Ways {
        usual: config.oncall.gateway.clone().unwrap_or_default(),
        texts: config.gateways.keys().cloned().collect(),
        calls: callers.map(|gateway| gateway.name().to_owned()).collect(),
        mail: config.smtp.is_some(),
        private_webhooks: config.webhooks.allow_private,
        senders: numbers.collect(),
    }
}

pub(super) fn signing(config: &Config) -> Signing {
    let rules = config.gateways.iter().map(|(name, section)| {
        let rules = SigningRules {
            policy: section.signature(),
            other_urls: section.other_urls().to_vec(),
        };
        (name.clone(), rules)
    });
    Signing::new(rules.collect())
}

pub(super) fn desk(config: &Config, public_url: &str) -> Desk {
    Desk {
        roster: Roster::of(config.oncall.fallback.iter().map(contact).collect()),
        clocks: config.oncall.clocks(),
        gateway: config.oncall.gateway.clone().unwrap_or_default(),
        public_url: public_url.to_owned(),
        // Checked when the configuration was read.
        zone: TimeZone::get(&config.oncall.time_zone).unwrap_or(TimeZone::UTC),
        by_phone: config.oncall.by_phone,
    }
}
