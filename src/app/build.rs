//! How the parts are put together: one list, in the order in which they need each other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Accounts, Addresses};
use crate::acknowledge::Acknowledge;
use crate::call_outs::CallOuts;
use crate::calls::Calls;
use crate::canned::CannedReplies;
use crate::clock::{ClockWatch, NextLook};
use crate::config::Config;
use crate::credential::Passwords;
use crate::dispatch::{Dispatch, Journal, LastAlarm};
use crate::drill::{Drills, Marker};
use crate::failsafe::FailSafe;
use crate::feed::Feed;
use crate::gateway::drill::Loopback;
use crate::handoff::Handoff;
use crate::http::{Doors, Rates, Rooms};
use crate::intake::Intake;
use crate::keys::Keys;
use crate::lab::Lab;
use crate::lookup::Lookup;
use crate::neighbours::Neighbours;
use crate::page_tests::PageTests;
use crate::paging::Paging;
use crate::people::People;
use crate::policies::Policies;
use crate::push::Pushes;
use crate::records::Records;
use crate::review::Review;
use crate::roster::LastRoster;
use crate::rota::Rota;
use crate::rulebook::Rulebook;
use crate::store::{OpenError, Store};
use crate::system::System;
use crate::trail::Trails;

use super::lookout::{self, Lookout};
use super::pieces::{
    self, Fresh, Parts, beside_spool, desk, followup, keep, key_source, keyring, line, operator,
    packs, pagers, push_contact, signing, spool, timetable, ways,
};
use super::{App, Seams, StartError, gateways};

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
        let fresh = Fresh::before(config);
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
        .await
        .inspect_err(|error| {
            if matches!(error, OpenError::WrongKey | OpenError::WrongKeystore) {
                fresh.take_away();
            }
        })?;
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
        let trails = Arc::new(Trails::default());
        let intake = Arc::new(Intake {
            trails: Arc::clone(&trails),
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
            trails,
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
            next_roster: NextLook::default(),
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
        let doors = Doors::to(Rooms {
            rates: Arc::new(Rates::new(&clock)),
            streams: Arc::default(),
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
            hsts_subdomains: config.listen.hsts_subdomains,
            feed: feed.clone(),
            process,
            public_url: Arc::clone(&public_url),
            simulator,
            stopping,
        });
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
        let reachable = app.first_canned_replies().await?;
        if config.triage.directory.is_some() {
            app.first_rules().await?;
        }
        if reachable {
            app.note_words().await?;
        }
        Ok(app)
    }
}
