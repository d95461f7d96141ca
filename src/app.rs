//! The program, put together: configuration in, router and workers out. Floor 5.

mod gateways;
mod lookout;
mod pieces;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Accounts, Addresses};
use crate::acknowledge::Acknowledge;
use crate::audit_log::AuditLog;
use crate::call_outs::CallOuts;
use crate::calls::Calls;
use crate::canned::CannedReplies;
use crate::clock::{Clock, ClockWatch, NextLook, SystemClock};
use crate::config::{Config, GatewaySection};
use crate::content::PackError;
use crate::credential::Passwords;
use crate::crypto::keyfile::KeyFileError;
use crate::crypto::keystore::KeystoreError;
use crate::dispatch::{Dispatch, Journal, LastAlarm};
use crate::drill::{Drills, Marker};
use crate::duties::Duties;
use crate::failsafe::FailSafe;
use crate::feed::Feed;
use crate::followup::Followup;
use crate::gateway::Gateways;
use crate::gateway::client::{LIMIT, http_client, loopback_client};
use crate::gateway::drill::Loopback;
use crate::handoff::Handoff;
use crate::heartbeat::Heartbeat;
use crate::http::{Doors, router};
use crate::id::{IdSource, SystemIds};
use crate::incidents::Incidents;
use crate::intake::{Assess, CRISIS_WAIT, Intake};
use crate::keys::Keys;
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::lookup::Lookup;
use crate::neighbours::Neighbours;
use crate::page_tests::PageTests;
use crate::pager::email::NotUsable;
use crate::paging::{NextRoster, Paging};
use crate::people::People;
use crate::policies::Policies;
use crate::preflight::Preflight;
use crate::push::Pushes;
use crate::reconcile::Reconcile;
use crate::records::Records;
use crate::retention::Retention;
use crate::review::Review;
use crate::roster::LastRoster;
use crate::rota::Rota;
use crate::rulebook::Rulebook;
use crate::spool::Unusable;
use crate::store::{OpenError, Store, StoreError};
use crate::system::System;
use crate::triage::{self, RuleError};
use lookout::Lookout;
use pieces::{
    Parts, beside_spool, desk, followup, keep, operator, pagers, push_contact, signing, spool,
    timetable, ways,
};
pub use pieces::{key_source, keyring};
pub(crate) use pieces::{line, packs};

/// Why the program cannot start: one sentence with the place and the fix.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No usable master key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No usable keystore.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// No usable spool.
    #[error(transparent)]
    Spool(#[from] Unusable),
    /// No usable database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The crisis rules do not hold.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The content packs do not hold.
    #[error(transparent)]
    Packs(#[from] PackError),
    /// Mail cannot leave.
    #[error("{0}. Compare the section [smtp] with harborline.example.toml")]
    Smtp(#[from] NotUsable),
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
    /// How long somebody in crisis waits for the database: [`CRISIS_WAIT`], or longer in a test that
    /// must not depend on how busy its machine is.
    pub crisis_wait: Duration,
    /// Knocks at the program's own door, for drills; without it their texts go past the door.
    pub knocks: Option<reqwest::Client>,
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
            crisis_wait: CRISIS_WAIT,
            knocks: Some(loopback_client(LIMIT).map_err(StartError::Client)?),
        })
    }
}

/// The running parts. Clones share them.
#[derive(Clone)]
pub struct App {
    /// Takes in what the hooks bring, whatever the store does.
    pub failsafe: Arc<FailSafe>,
    /// Sends texts and takes receipts in.
    pub dispatch: Arc<Dispatch>,
    /// Pages until a human is there.
    pub paging: Arc<Paging>,
    /// Takes cases for responders.
    pub acknowledge: Arc<Acknowledge>,
    /// Tests whether pages arrive.
    pub page_tests: Arc<PageTests>,
    /// Edits policies.
    pub policies: Arc<Policies>,
    /// Edits schedules.
    pub rota: Arc<Rota>,
    /// Looks after how people are reached.
    pub people: Arc<People>,
    /// Tells and asks people about their shifts.
    pub duties: Arc<Duties>,
    /// Looks ahead at who is on call.
    pub preflight: Arc<Preflight>,
    /// Does what is due without a new text.
    pub followup: Arc<Followup>,
    /// Hands conversations to people.
    pub handoff: Arc<Handoff>,
    /// Who belongs to the staff, and their sessions.
    pub accounts: Arc<Accounts>,
    /// Takes inbound texts in.
    pub intake: Arc<Intake>,
    /// Tells the operator what went wrong.
    pub incidents: Arc<Incidents>,
    /// Looks for what was forgotten.
    pub ledger: Arc<Ledger>,
    /// Looks for what no hook brought.
    pub reconcile: Arc<Reconcile>,
    /// Audits, pings and listens.
    pub heartbeat: Arc<Heartbeat>,
    /// Holds drills.
    pub drills: Arc<Drills>,
    /// Carries news between replicas.
    pub neighbours: Arc<Neighbours>,
    /// Checks and anchors the audit log.
    pub audit_log: Arc<AuditLog>,
    /// Removes what has been kept long enough.
    pub retention: Arc<Retention>,
    /// Looks after the keys.
    pub keys: Arc<Keys>,
    /// Tells browsers that a case waits.
    pub pushes: Arc<Pushes>,
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
    #[expect(
        clippy::too_many_lines,
        reason = "one list of the parts, in the order in which they need each other"
    )]
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
            crisis_wait,
            knocks,
        } = seams;
        let rulebook = Arc::new(Rulebook::new(config.triage.directory.clone())?);
        let (packs, packs_refused) = packs(config, clock.now())?;
        let keys = keyring(config, &ids)?;
        let keyring = Arc::clone(&keys);
        let sandbox_secret = keys.sandbox_secret();
        let key_id = keys.house().id();
        let marker = Marker::new(Arc::clone(&keys));
        // Before the database: what comes in while it is away goes there.
        let spool = spool(config, &keys, &ids)?;
        let roster = LastRoster::load(beside_spool(config), Arc::clone(&keys), Arc::clone(&ids));
        let roster = Arc::new(roster);
        let local_url = format!("http://{address}");
        let public_url = config.public_url.as_ref().unwrap_or(&local_url).clone();
        let desk = Arc::new(desk(config, &public_url));
        let operator = Arc::new(operator(config, &public_url));
        let store = Store::open(
            &config.database.url,
            config.database.most(),
            keys,
            Arc::clone(&ids),
            desk.zone.clone(),
        )
        .await?;
        let feed = Feed::default();
        keep(&roster, &desk);
        let parts = Parts {
            config,
            local_url: &local_url,
            public_url: &public_url,
            sandbox_secret: &sandbox_secret,
        };
        let gateways = gateways::of(config, &local_url, &sandbox_secret);
        let simulator = parts.simulator(&desk, &clock, &ids, &feed, &client);
        let handoff = Arc::new(Handoff {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            packs: Arc::clone(&packs),
            line: line(config),
            feed: feed.clone(),
        });
        let intake = Arc::new(Intake {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            rulebook: Arc::clone(&rulebook),
            assess,
            crisis_wait,
            packs: Arc::clone(&packs),
            line: line(config),
            locale: config.line.default_locale,
            desk: Arc::clone(&desk),
            operator: Arc::clone(&operator),
            handoff: Arc::clone(&handoff),
            feed: feed.clone(),
        });
        let pagers = Arc::new(pagers(config)?);
        let dispatch = Arc::new(Dispatch {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            gateways: gateways.and(Arc::new(Loopback::default())),
            routes: Arc::new(gateways::routes(config)),
            client: client.clone(),
            desk: Arc::clone(&desk),
            packs: Arc::clone(&packs),
            line: line(config),
            feed: feed.clone(),
            last_alarm: LastAlarm::default(),
            in_flight: Arc::default(),
            journal: Journal::default(),
            pagers: Arc::clone(&pagers),
            operator: Arc::clone(&operator),
        });
        let outlets = (Arc::clone(&intake), Arc::clone(&dispatch));
        let paging = Arc::new(Paging {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
            last_roster: Arc::clone(&roster),
            next_roster: NextRoster::default(),
            clock_watch: ClockWatch::default(),
        });
        let acknowledge = Arc::new(Acknowledge {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let page_tests = Arc::new(PageTests {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let calls = Arc::new(Calls {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            acknowledge: Arc::clone(&acknowledge),
            page_tests: Arc::clone(&page_tests),
            line: config.line.name.clone(),
        });
        let policies = Arc::new(Policies {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let rota = Arc::new(Rota {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let people = Arc::new(People {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            desk: Arc::clone(&desk),
            operator: Arc::clone(&operator),
            ways: ways(config, &gateways),
            line: config.line.name.clone(),
            feed: feed.clone(),
        });
        let followup = Arc::new(followup(config, &store, &clock, &packs, &feed));
        let canned = Arc::new(CannedReplies {
            store: store.clone(),
            clock: Arc::clone(&clock),
            packs: Arc::clone(&packs),
            line: line(config),
        });
        let lookup = Arc::new(Lookup {
            store: store.clone(),
            clock: Arc::clone(&clock),
            packs: Arc::clone(&packs),
        });
        let review = Arc::new(Review {
            store: store.clone(),
            clock: Arc::clone(&clock),
            packs,
            line: line(config),
            directory: config.content.directory.clone(),
            refused: packs_refused,
            rulebook: Arc::clone(&rulebook),
            assess,
        });
        let lab = Arc::new(Lab {
            store: store.clone(),
            clock: Arc::clone(&clock),
            rulebook: Arc::clone(&rulebook),
            assess,
            bench: Mutex::default(),
        });
        let Lookout {
            duties,
            preflight,
            incidents,
            ledger,
            reconcile,
            heartbeat,
            audit_log,
            retention,
        } = lookout::of(&lookout::Parts {
            config,
            operator: &operator,
            store: &store,
            clock: &clock,
            ids: &*ids,
            gateways: &gateways,
            client: &client,
            intake: &intake,
            desk: &desk,
            spool: &spool,
            feed: &feed,
            scrub: &followup.scrub,
        });
        let system = System {
            store: store.clone(),
            clock: Arc::clone(&clock),
            gateways: gateways.clone(),
            spool: Arc::clone(&spool),
            roster: Arc::clone(&roster),
            heartbeat: Arc::clone(&heartbeat),
            key_file: config.keys.file.clone(),
            key_id,
            started: clock.now(),
            examine: pieces::examine(config, &client, &clock),
            bench: Mutex::default(),
        };
        let failsafe = Arc::new(FailSafe::new(
            outlets,
            store.clone(),
            spool,
            roster,
            Arc::clone(&incidents),
        ));
        let drills = Arc::new(Drills {
            marker,
            door: knocks.and_then(|client| pieces::door(client, &gateways, &desk, &local_url)),
            store: store.clone(),
            clock: Arc::clone(&clock),
            failsafe: Arc::clone(&failsafe),
            desk: Arc::clone(&failsafe.dispatch.desk),
            operator,
            feed: feed.clone(),
            limit: Duration::from_secs(config.drills.limit_s),
            timetable: timetable(config),
        });
        let keys = Arc::new(Keys {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            keyring,
            source: key_source(config),
            holder: ids.id(clock.now()),
            unreadable: AtomicBool::default(),
            next: NextLook::default(),
        });
        let public_url: Arc<str> = public_url.into();
        let process = ids.id(clock.now());
        let accounts = Arc::new(Accounts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            passwords: Passwords::new(Arc::clone(&ids)),
            ids,
            addresses: Addresses::new(Arc::clone(&clock)),
            require_totp: config.staff.required(),
            line: config.line.name.clone(),
            public_url: Arc::clone(&public_url),
            feed: feed.clone(),
        });
        let neighbours = Arc::new(Neighbours {
            store: store.clone(),
            feed: feed.clone(),
            process,
        });
        let call_outs = Arc::new(CallOuts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            desk: Arc::clone(&desk),
            feed: feed.clone(),
        });
        let pushes = Arc::new(Pushes {
            store: store.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&accounts.ids),
            pagers,
            contact: push_contact(&public_url, &config.line.contact),
            sessions: (Accounts::LONGEST, Accounts::IDLE),
        });
        let doors = Doors {
            call_outs,
            failsafe: Arc::clone(&failsafe),
            rulebook: Arc::clone(&rulebook),
            handoff: Arc::clone(&handoff),
            canned,
            lookup,
            review,
            lab,
            system: Arc::new(system),
            records: Arc::new(Records {
                store: store.clone(),
                clock: Arc::clone(&clock),
            }),
            page_tests: Arc::clone(&page_tests),
            pushes: Arc::clone(&pushes),
            policies: Arc::clone(&policies),
            rota: Arc::clone(&rota),
            people: Arc::clone(&people),
            duties: Arc::clone(&duties),
            acknowledge: Arc::clone(&acknowledge),
            calls,
            incidents: Arc::clone(&incidents),
            heartbeat: Arc::clone(&heartbeat),
            drills: Arc::clone(&drills),
            audit_log: Arc::clone(&audit_log),
            retention: Arc::clone(&retention),
            gateways,
            signing: signing(config),
            store: store.clone(),
            clock: Arc::clone(&clock),
            accounts: Arc::clone(&accounts),
            proxies: config.listen.proxies.clone().into(),
            feed: feed.clone(),
            process,
            public_url: Arc::clone(&public_url),
            simulator,
            stopping,
        };
        let app = Self {
            failsafe,
            dispatch,
            paging,
            acknowledge,
            page_tests,
            policies,
            rota,
            people,
            duties,
            preflight,
            followup,
            handoff,
            accounts,
            intake,
            incidents,
            ledger,
            reconcile,
            heartbeat,
            drills,
            neighbours,
            audit_log,
            retention,
            keys,
            pushes,
            store,
            feed,
            clock,
            public_url,
            rulebook,
            doors,
        };
        app.first_canned_replies().await?;
        if config.triage.directory.is_some() {
            app.first_rules().await?;
        }
        Ok(app)
    }

    /// Takes texts in.
    #[must_use]
    pub fn intake(&self) -> &Arc<Intake> {
        &self.doors.failsafe.intake
    }

    /// A new database gets the canned replies that come with the program. Without the database, the next
    /// start tries again.
    async fn first_canned_replies(&self) -> Result<(), StoreError> {
        match self.doors.canned.seed().await {
            Err(error) if error.is_outage() => Ok(()),
            done => done,
        }
    }

    /// The same as a reload, at the start: without the database, it is not written down.
    async fn first_rules(&self) -> Result<(), StoreError> {
        match self.reload_rules().await {
            Err(error) if error.is_outage() => {
                tracing::error!(%error, "which triage rules are in force could not be written down");
                Ok(())
            }
            done => done,
        }
    }

    /// Reads the edited rule files again. If they are refused, the rules in force stay, and log,
    /// audit log and `/readyz` say so.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be written down; the rules count all the same.
    pub async fn reload_rules(&self) -> Result<(), StoreError> {
        self.doors.lab.reload().await
    }

    /// All routes.
    pub fn router(&self) -> Router {
        router(self.doors.clone())
    }

    /// Whether edited packs were refused, so that the built-in ones serve.
    #[must_use]
    pub fn packs_refused(&self) -> bool {
        self.doors.review.refused.is_some()
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
        self.accounts.setup_link().await
    }
}

/// The gateways, for building requests and answers without a server. The sandbox among them cannot
/// sign: its secret comes from the keys.
pub(crate) fn gateways(config: &Config) -> Gateways {
    gateways::of(config, "http://127.0.0.1", "")
}
