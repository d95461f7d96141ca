//! The parts that look for what went wrong, made.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use crate::audit_log::{Anchors, AuditLog};
use crate::clock::{Clock, NextLook};
use crate::config::{Config, ExpectSection, host_of};
use crate::duties::Duties;
use crate::feed::Feed;
use crate::followup::Scrub;
use crate::gateway::Gateways;
use crate::heartbeat::{Expected, Heartbeat, Ping, Pulses, Watched};
use crate::id::IdSource;
use crate::incidents::{Fresh, Incidents};
use crate::intake::Intake;
use crate::ledger::{Ledger, Looks};
use crate::oncall::{Desk, DutyTiming, Operator};
use crate::preflight::Preflight;
use crate::reconcile::Reconcile;
use crate::retention::{Keeps, Retention};
use crate::spool::Spool;
use crate::store::Store;

/// What they are made from.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) operator: &'a Arc<Operator>,
    pub(super) store: &'a Store,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) ids: &'a dyn IdSource,
    pub(super) gateways: &'a Gateways,
    pub(super) client: &'a reqwest::Client,
    pub(super) intake: &'a Arc<Intake>,
    pub(super) desk: &'a Arc<Desk>,
    pub(super) spool: &'a Arc<Spool>,
    pub(super) feed: &'a Feed,
    pub(super) scrub: &'a Arc<Scrub>,
}

/// Who tells the operator, who looks in the tables, and who looks at the providers.
pub(super) struct Lookout {
    pub(super) duties: Arc<Duties>,
    pub(super) preflight: Arc<Preflight>,
    pub(super) incidents: Arc<Incidents>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) reconcile: Arc<Reconcile>,
    pub(super) heartbeat: Arc<Heartbeat>,
    pub(super) audit_log: Arc<AuditLog>,
    pub(super) retention: Arc<Retention>,
}

pub(super) fn of(parts: &Parts<'_>) -> Lookout {
    let Parts {
        config,
        store,
        clock,
        feed,
        ..
    } = *parts;
    let operator = Arc::clone(parts.operator);
    Lookout {
        duties: Arc::new(Duties {
            store: store.clone(),
            clock: Arc::clone(clock),
            desk: Arc::clone(parts.desk),
            operator: Arc::clone(&operator),
            timing: DutyTiming {
                notice: Duration::from_secs(config.oncall.shift_notice_s),
                take: Duration::from_secs(config.oncall.take_shift_s),
            },
            feed: feed.clone(),
            next: NextLook::default(),
        }),
        preflight: Arc::new(Preflight {
            store: store.clone(),
            clock: Arc::clone(clock),
            desk: Arc::clone(parts.desk),
            operator: Arc::clone(&operator),
            feed: feed.clone(),
            holder: parts.ids.id(clock.now()),
            next: NextLook::default(),
        }),
        incidents: Arc::new(Incidents {
            store: store.clone(),
            clock: Arc::clone(clock),
            operator: Arc::clone(&operator),
            feed: feed.clone(),
            counted: Fresh::default(),
        }),
        ledger: Arc::new(Ledger {
            store: store.clone(),
            clock: Arc::clone(clock),
            operator: Arc::clone(&operator),
            feed: feed.clone(),
            looks: Looks::default(),
        }),
        reconcile: Arc::new(Reconcile {
            store: store.clone(),
            clock: Arc::clone(clock),
            gateways: parts.gateways.clone(),
            client: parts.client.clone(),
            intake: Arc::clone(parts.intake),
            operator: Arc::clone(&operator),
            feed: feed.clone(),
            holder: parts.ids.id(clock.now()),
            every: Duration::from_secs(config.reconcile.every_s),
            look_back: Duration::from_secs(config.reconcile.look_back_s),
            next: NextLook::default(),
        }),
        audit_log: Arc::new(audit_log(parts, &operator)),
        retention: Arc::new(Retention {
            store: store.clone(),
            clock: Arc::clone(clock),
            keeps: Keeps::of(&config.retention),
            scrub: Arc::clone(parts.scrub),
            holder: parts.ids.id(clock.now()),
            next: NextLook::default(),
        }),
        heartbeat: Arc::new(heartbeat(parts, operator)),
    }
}

fn audit_log(parts: &Parts<'_>, operator: &Arc<Operator>) -> AuditLog {
    let section = &parts.config.audit;
    AuditLog {
        store: parts.store.clone(),
        clock: Arc::clone(parts.clock),
        operator: Arc::clone(operator),
        feed: parts.feed.clone(),
        anchors: Anchors {
            file: section.anchor_file.clone(),
            command: section.anchor_command.clone(),
            url: section.anchor_url.clone(),
            client: parts.client.clone(),
        },
        every: Duration::from_secs(section.every_s),
        holder: parts.ids.id(parts.clock.now()),
        next: NextLook::default(),
        alone: tokio::sync::Mutex::default(),
    }
}

fn heartbeat(parts: &Parts<'_>, operator: Arc<Operator>) -> Heartbeat {
    let section = &parts.config.heartbeat;
    Heartbeat {
        store: parts.store.clone(),
        clock: Arc::clone(parts.clock),
        operator,
        feed: parts.feed.clone(),
        client: parts.client.clone(),
        spool: Arc::clone(parts.spool),
        rulebook: Arc::clone(&parts.intake.rulebook),
        assess: parts.intake.assess,
        pulses: Arc::new(Pulses::default()),
        holder: parts.ids.id(parts.clock.now()),
        every: Duration::from_secs(section.every_s),
        ping: section.url.as_ref().map(|url| Ping {
            url: url.clone(),
            fail_url: section.fail_url.clone(),
            method: section.method,
            token: section.token.clone(),
            failures: AtomicI64::default(),
        }),
        expected: section.expect.iter().map(expected).collect(),
        watched: section
            .watch
            .iter()
            .filter_map(|url| watched(url))
            .collect(),
        next: NextLook::default(),
    }
}

fn expected(section: &ExpectSection) -> Expected {
    let within = Duration::from_secs(section.within_s);
    Expected::new(&section.name, within, section.token.expose_secret().trim())
}

/// Checked when the configuration was read.
fn watched(url: &str) -> Option<Watched> {
    Some(Watched {
        host: host_of(url)?,
        url: url.to_owned(),
    })
}
