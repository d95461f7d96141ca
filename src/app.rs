//! The program, put together: configuration in, router and workers out. Floor 5.

mod build;
mod error;
mod gateways;
mod lookout;
mod pieces;
mod seams;

use std::sync::Arc;

use axum::Router;

use crate::accounts::Accounts;
use crate::acknowledge::Acknowledge;
use crate::audit_log::AuditLog;
use crate::clock::Clock;
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::drill::Drills;
use crate::duties::Duties;
use crate::failsafe::FailSafe;
use crate::feed::Feed;
use crate::followup::Followup;
use crate::gateway::Gateways;
use crate::handoff::Handoff;
use crate::heartbeat::Heartbeat;
use crate::http::{Doors, router};
use crate::incidents::Incidents;
use crate::intake::Intake;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::neighbours::Neighbours;
use crate::page_tests::PageTests;
use crate::paging::Paging;
use crate::people::People;
use crate::policies::Policies;
use crate::preflight::Preflight;
use crate::push::Pushes;
use crate::reconcile::Reconcile;
use crate::retention::Retention;
use crate::rota::Rota;
use crate::rulebook::Rulebook;
use crate::store::{Store, StoreError};

pub use error::StartError;
pub use pieces::{key_source, keyring};
pub(crate) use pieces::{line, packs};
pub use seams::Seams;

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
    /// Takes texts in.
    #[must_use]
    pub fn intake(&self) -> &Arc<Intake> {
        &self.doors.failsafe.intake
    }

    /// A new database gets the canned replies that come with the program. Without the database, the next
    /// start tries again: then this is `false`.
    async fn first_canned_replies(&self) -> Result<bool, StoreError> {
        match self.doors.canned.seed().await {
            Err(error) if error.is_outage() => Ok(false),
            done => done.map(|()| true),
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

    /// Which words are in force: a database that goes away just now holds no start up, and the next one writes
    /// it down.
    async fn note_words(&self) -> Result<(), StoreError> {
        match self.doors.review.note_in_force().await {
            Err(error) if error.is_outage() => {
                tracing::error!(%error, "which words are in force could not be written down");
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
