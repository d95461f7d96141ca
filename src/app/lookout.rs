//! The parts that look for what went wrong, made.

use std::sync::Arc;
use std::time::Duration;

use super::pieces::contact;
use crate::clock::Clock;
use crate::config::Config;
use crate::duties::{self, Duties};
use crate::feed::Feed;
use crate::gateway::Gateways;
use crate::id::IdSource;
use crate::incidents::{Fresh, Incidents};
use crate::intake::Intake;
use crate::ledger::{Ledger, Looks};
use crate::oncall::{Desk, DutyTiming, Operator};
use crate::reconcile::{NextLook, Reconcile};
use crate::store::Store;

/// What they are made from.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) public_url: &'a str,
    pub(super) store: &'a Store,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) ids: &'a dyn IdSource,
    pub(super) gateways: &'a Gateways,
    pub(super) client: &'a reqwest::Client,
    pub(super) intake: &'a Arc<Intake>,
    pub(super) desk: &'a Arc<Desk>,
    pub(super) feed: &'a Feed,
}

/// Who tells the operator, who looks in the tables, and who looks at the providers.
pub(super) struct Lookout {
    pub(super) duties: Arc<Duties>,
    pub(super) incidents: Arc<Incidents>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) reconcile: Arc<Reconcile>,
}

pub(super) fn of(parts: &Parts<'_>) -> Lookout {
    let Parts {
        config,
        store,
        clock,
        feed,
        ..
    } = *parts;
    let operator = Arc::new(Operator {
        contacts: config.operator.contacts.iter().map(contact).collect(),
        repeat: Duration::from_secs(config.operator.repeat_s),
        gateway: config.oncall.gateway.clone().unwrap_or_default(),
        public_url: parts.public_url.to_owned(),
    });
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
            next: duties::NextLook::default(),
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
            operator,
            feed: feed.clone(),
            holder: parts.ids.id(clock.now()),
            every: Duration::from_secs(config.reconcile.every_s),
            look_back: Duration::from_secs(config.reconcile.look_back_s),
            next: NextLook::default(),
        }),
    }
}
