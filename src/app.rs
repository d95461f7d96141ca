//! The program, put together: configuration in, router and workers out. Floor 5.

mod gateways;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::clock::{At, Clock, SystemClock};
use crate::config::{Config, GatewaySection};
use crate::content::{PackError, Packs};
use crate::conversation::Line;
use crate::credential::{Passwords, Token};
use crate::crypto::Keyring;
use crate::crypto::keyfile::{self, KeyFileError};
use crate::dispatch::{Dispatch, Journal, LastAlarm};
use crate::feed::Feed;
use crate::followup::{Followup, Scrub};
use crate::gateway::client::{LIMIT, http_client, loopback_client};
use crate::handoff::Handoff;
use crate::http::simulator::{Simulator, SimulatorConfig};
use crate::http::{Doors, SETUP_TOKEN, router};
use crate::id::{IdSource, SystemIds};
use crate::intake::{Assess, Intake};
use crate::oncall::{Contact, Desk, Roster, Timing};
use crate::paging::Paging;
use crate::phone::PhoneNumber;
use crate::phrasebook;
use crate::rulebook::Rulebook;
use crate::store::{OpenError, Store, StoreError};
use crate::triage::{self, RuleError};

/// Why the program cannot start: one sentence with the place and the fix.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No usable master key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No usable database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The crisis rules do not hold.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The content packs do not hold.
    #[error(transparent)]
    Packs(#[from] PackError),
    /// No HTTP client.
    #[error(
        "the system's root certificates cannot be read: {0}. Install the package ca-certificates"
    )]
    Client(reqwest::Error),
    /// The first write failed.
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
}

/// Where the program touches time, chance and the network: what a test replaces.
#[derive(Clone)]
pub struct Seams {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random bytes.
    pub ids: Arc<dyn IdSource>,
    /// Carries requests to gateways.
    pub client: reqwest::Client,
    /// Judges texts.
    pub assess: Assess,
}

impl Seams {
    /// The machine's own, for a configuration: the sandbox never leaves this machine.
    ///
    /// # Errors
    /// [`StartError::Client`].
    pub fn system(config: &Config) -> Result<Self, StartError> {
        let sandbox = config.gateways.values().all(GatewaySection::is_sandbox);
        let client = if sandbox {
            loopback_client(LIMIT)
        } else {
            http_client(LIMIT)
        };
        Ok(Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds::default()),
            client: client.map_err(StartError::Client)?,
            assess: triage::assess,
        })
    }
}

/// The running parts. Clones share them.
#[derive(Clone)]
pub struct App {
    /// Sends texts and takes receipts in.
    pub dispatch: Arc<Dispatch>,
    /// Pages until a human is there.
    pub paging: Arc<Paging>,
    /// Does what is due without a new text.
    pub followup: Arc<Followup>,
    /// Hands conversations to people.
    pub handoff: Arc<Handoff>,
    /// The database.
    pub store: Store,
    /// Wakes workers and pages.
    pub feed: Feed,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where people and gateways reach this server.
    pub public_url: Arc<str>,
    /// The triage rules in force.
    pub rulebook: Arc<Rulebook>,
    doors: Doors,
}

impl App {
    /// Puts the program together. `address` is where it will be reached on this machine: the
    /// sandbox gateway calls it, and it stands in for `public_url` when none is configured.
    ///
    /// # Errors
    /// [`StartError`] names the place and the fix; nothing keeps running.
    pub async fn build(
        config: &Config,
        address: SocketAddr,
        seams: Seams,
        stopping: CancellationToken,
    ) -> Result<Self, StartError> {
        let Seams {
            clock,
            ids,
            client,
            assess,
        } = seams;
        let rulebook = Arc::new(Rulebook::new(config.triage.directory.clone())?);
        let (packs, packs_refused) = packs(config, clock.now())?;
        let keys = keyring(config, &*ids)?;
        let sandbox_secret = keys.sandbox_secret();
        let store = Store::open(&config.database.url, keys, Arc::clone(&ids)).await?;
        let feed = Feed::default();
        let local_url = format!("http://{address}");
        let public_url = config.public_url.as_ref().unwrap_or(&local_url).clone();
        let desk = Arc::new(desk(config, &public_url));
        let parts = Parts {
            config,
            local_url: &local_url,
            public_url: &public_url,
            sandbox_secret: &sandbox_secret,
        };
        let gateways = gateways::of(config, &local_url, &sandbox_secret);
        let simulator = parts.simulator(&desk, &clock, &ids, &feed, &client);
        let intake = Arc::new(Intake {
            store: store.clone(),
            clock: Arc::clone(&clock),
            rulebook: Arc::clone(&rulebook),
            assess,
            packs: Arc::clone(&packs),
            line: line(config),
            locale: config.line.default_locale,
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let dispatch = Arc::new(Dispatch {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            gateways: gateways.clone(),
            routes: Arc::new(gateways::routes(config)),
            client,
            desk: Arc::clone(&desk),
            packs: Arc::clone(&packs),
            line: line(config),
            feed: feed.clone(),
            last_alarm: LastAlarm::default(),
            journal: Journal::default(),
        });
        let paging = Arc::new(Paging {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let followup = Arc::new(followup(config, &store, &clock, &packs, &feed));
        let handoff = Arc::new(Handoff {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk,
            packs,
            line: line(config),
            feed: feed.clone(),
        });
        let public_url: Arc<str> = public_url.into();
        let doors = Doors {
            intake,
            dispatch: Arc::clone(&dispatch),
            handoff: Arc::clone(&handoff),
            gateways,
            store: store.clone(),
            clock: Arc::clone(&clock),
            passwords: Passwords::new(Arc::clone(&ids)),
            ids,
            feed: feed.clone(),
            public_url: Arc::clone(&public_url),
            simulator,
            packs_refused,
            stopping,
        };
        let app = Self {
            dispatch,
            paging,
            followup,
            handoff,
            store,
            feed,
            clock,
            public_url,
            rulebook,
            doors,
        };
        if config.triage.directory.is_some() {
            app.reload_rules().await?;
        }
        Ok(app)
    }

    /// Reads the edited rule files again. If they are refused, the rules in force stay, and log,
    /// audit log and `/readyz` say so.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be written down; the rules count all the same.
    pub async fn reload_rules(&self) -> Result<(), StoreError> {
        let rulebook = Arc::clone(&self.rulebook);
        let reload = tokio::task::spawn_blocking(move || rulebook.reload());
        let action = match reload.await.map_err(|_| StoreError::Panicked)? {
            Ok(rules) => {
                tracing::info!(ruleset = rules.hash(), "these triage rules are in force");
                "rules.in_force"
            }
            Err(reason) => {
                tracing::error!(%reason, "edited triage rules were refused; the rules in force stay");
                "rules.refused"
            }
        };
        let (now, detail) = (
            self.clock.now(),
            serde_json::json!({"ruleset": self.rulebook.current().hash()}),
        );
        self.store
            .write(move |tx| {
                let detail = detail.clone();
                Box::pin(async move { tx.audit(now, "operator", action, None, &detail).await })
            })
            .await
    }

    /// All routes.
    pub fn router(&self) -> Router {
        router(self.doors.clone())
    }

    /// Whether the phone simulator is there.
    #[must_use]
    pub fn has_simulator(&self) -> bool {
        self.doors.simulator.is_some()
    }

    /// While there is no account: a new one-time set-up link. Earlier links stop working.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept.
    pub async fn setup_link(&self) -> Result<Option<String>, StoreError> {
        if self.store.read().await?.staff_count().await? > 0 {
            return Ok(None);
        }
        let token = Token::new(&*self.doors.ids);
        let hash = token.hash.clone();
        self.store
            .write(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { tx.set_setting(SETUP_TOKEN, &hash).await })
            })
            .await?;
        Ok(Some(format!("{}/setup/{}", self.public_url, token.shown)))
    }
}

/// What gateways and simulator are made from.
struct Parts<'a> {
    config: &'a Config,
    local_url: &'a str,
    public_url: &'a str,
    sandbox_secret: &'a str,
}

impl Parts<'_> {
    fn simulator(
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

fn keyring(config: &Config, ids: &dyn IdSource) -> Result<Arc<Keyring>, StartError> {
    let master = keyfile::load_or_create(&config.keys.file, ids)?;
    Ok(Arc::new(Keyring::new(&master)))
}

/// The edited packs, if there are any and they hold; else the ones that ship with the program, and
/// whether edited ones were refused.
fn packs(config: &Config, now: At) -> Result<(Arc<Packs>, bool), StartError> {
    let Some(directory) = &config.content.directory else {
        return Ok((Arc::new(Packs::builtin()?), false));
    };
    match phrasebook::read(directory, now.day()) {
        Ok(packs) => Ok((Arc::new(packs), false)),
        Err(reason) => {
            tracing::error!(%reason, "edited packs were refused; the built-in ones serve");
            Ok((Arc::new(Packs::builtin()?), true))
        }
    }
}

fn followup(
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
        scrub: Scrub::default(),
    }
}

fn line(config: &Config) -> Line {
    Line {
        name: config.line.name.clone(),
        contact: config.line.contact.clone(),
        free_to_end_user: config.line.free_to_end_user,
        care: config.line.care.clone(),
    }
}

fn desk(config: &Config, public_url: &str) -> Desk {
    let contact = |section: &crate::config::FallbackContact| Contact {
        name: section.name.clone(),
        // Checked when the configuration was read.
        number: PhoneNumber::of_sender(section.number.expose_secret()),
    };
    let [repage, claim, answer] = config.oncall.durations();
    Desk {
        roster: Roster {
            fallback: config.oncall.fallback.iter().map(contact).collect(),
        },
        timing: Timing {
            repage,
            claim,
            answer,
        },
        gateway: config.oncall.gateway.clone().unwrap_or_default(),
        public_url: public_url.to_owned(),
    }
}
