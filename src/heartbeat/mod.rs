//! The heartbeat: while the audit finds nothing, a ping goes to a monitor outside, which pages when it
//! stops coming. The other way round, it notices when a ping that we expect does not come. Floor 3.
//!
//! Each round every process looks at itself and leaves what it found beside the others' (`self:…`); one
//! of them, by a lease, looks at the whole. It deliberately mends nothing: the ledger does that.

mod heads;
mod others;
mod ping;
mod pulses;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, CLOCKS_DIFFER, Clock, NextLook};
use crate::feed::Feed;
use crate::oncall::audit::{Found, Process, SPOOLED, audit, audit_process, together};
use crate::oncall::{IncidentKind, Operator};
use crate::rulebook::Rulebook;
use crate::spool::Spool;
use crate::store::{Heartbeat as Sign, Store, StoreError, Tally, Tx};
use crate::triage::{Action, RuleSet, Verdict};

pub use heads::Kept;
pub use others::{Expected, Watched};
pub use ping::{AUDIT_HEAD, Ping};
pub use pulses::{Pulse, Pulses};

/// After a start the first round waits this long: what piled up is only now on its way.
const AFTER_START: Duration = Duration::from_secs(30);
/// The heartbeat counts as gone when this many rounds found something, or were not held.
pub const ROUNDS: u32 = 3;
/// How long the note of a process that is gone is kept.
const KEPT: Duration = Duration::from_hours(24);
/// What every triage rule set must see as a crisis.
const PLAIN_CRISIS: &str = "i want to die";

/// The names of our own signs of life. A colon is in none that an operator may give.
const PASSED: &str = "audit:passed";
const HELD: &str = "audit:held";
/// What the names of signs of life begin with that replicas leave of themselves.
pub const SELF: &str = "self:";

/// Audits, pings and listens.
pub struct Heartbeat {
    /// Where it is kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told.
    pub operator: Arc<Operator>,
    /// Wakes the outbox.
    pub feed: Feed,
    /// Carries pings.
    pub client: reqwest::Client,
    /// What this process keeps while the database is away.
    pub spool: Arc<Spool>,
    /// The triage rules in force.
    pub rulebook: Arc<Rulebook>,
    /// Judges a text by them.
    pub assess: fn(&RuleSet, &str) -> Verdict,
    /// When the workers of this process last did their work.
    pub pulses: Arc<Pulses>,
    /// This process.
    pub holder: Uuid,
    /// From one round to the next.
    pub every: Duration,
    /// Where the ping goes, if anywhere.
    pub ping: Option<Ping>,
    /// Whose pings we expect.
    pub expected: Vec<Expected>,
    /// Whose heartbeats we ask for.
    pub watched: Vec<Watched>,
    /// When this process holds its next round.
    pub next: NextLook,
}

/// How the heartbeat stands, for who asks from outside. Nothing in it is of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// `ok`, or `failing` when the last audit that found nothing is too old.
    pub status: &'static str,
    /// Seconds since an audit last found nothing; none if none ever did.
    pub passed_s: Option<u64>,
    /// Seconds since the last audit.
    pub audited_s: Option<u64>,
    /// Seconds from one round to the next.
    pub every_s: u64,
    /// What the last audit found.
    pub findings: Vec<Found>,
}

impl Standing {
    /// Whether an audit found nothing lately.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.status == OK
    }
}

const OK: &str = "ok";

impl Heartbeat {
    /// Holds a round, if it is time, and says whether it did. A worker may call it as often as it likes.
    ///
    /// # Errors
    /// [`StoreError`]: the round was not held to its end, and nothing went out.
    pub async fn tick(self: &Arc<Self>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let first = AFTER_START.min(self.every);
        if self.next.begins(now, first) || !self.next.is_due(now) {
            return Ok(0);
        }
        self.next.set(now.plus(self.every));
        let own = serde_json::to_string(&audit_process(&self.process(now))).unwrap_or_default();
        let (holder, every) = (self.holder, self.every);
        let turn = self.store.write(move |tx| {
            let own = own.clone();
            Box::pin(async move {
                tx.heard_of(&format!("{SELF}{holder}"), now, &own).await?;
                tx.forget_heartbeats(SELF, now.minus(KEPT)).await?;
                tx.take_lease("heartbeat", holder, now, every).await
            })
        });
        if !turn.await? {
            return Ok(1);
        }
        let answered = self.ask_others().await;
        let work = Arc::new((Arc::clone(self), answered));
        let found = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { work.0.look(tx, &work.1, now).await })
        });
        let found = found.await?;
        for found in &found {
            tracing::error!(
                finding = found.finding.word(),
                count = found.count,
                "the audit found something; the heartbeat is withheld"
            );
        }
        self.send_ping(&found, now).await?;
        self.feed.wake_outbox();
        Ok(1)
    }

    /// What this process sees of itself.
    fn process(&self, now: At) -> Process {
        let counts = self.spool.counts();
        let waits = |oldest: At| now.since(oldest) > SPOOLED;
        let rules = self.rulebook.current();
        let judge = AssertUnwindSafe(|| (self.assess)(&rules, PLAIN_CRISIS).action());
        Process {
            spooled: if counts.oldest.is_some_and(waits) {
                counts.entries
            } else {
                0
            },
            silent_workers: self.pulses.silent(now),
            triage_works: catch_unwind(judge).is_ok_and(|action| action == Action::Page),
        }
    }

    /// Looks at the whole, and keeps what was found.
    async fn look(
        &self,
        tx: &mut Tx,
        answered: &[String],
        now: At,
    ) -> Result<Vec<Found>, StoreError> {
        let signs = tx.heartbeats().await?;
        let fresh = now.minus(self.every * ROUNDS);
        let processes = signs
            .iter()
            .filter(|sign| sign.name.starts_with(SELF) && sign.at > fresh);
        let theirs = processes.flat_map(|sign| read(&sign.detail));
        let found = together(audit(&tx.vitals(now).await?).into_iter().chain(theirs));
        let detail = serde_json::to_string(&found).unwrap_or_default();
        tx.heard_of(HELD, now, &detail).await?;
        if found.is_empty() {
            tx.heard_of(PASSED, now, "[]").await?;
        }
        self.tell(tx, &found, now).await?;
        self.listen(tx, &signs, answered, now).await?;
        Ok(found)
    }

    /// Opens, counts or closes the incidents that nobody else tells of.
    async fn tell(&self, tx: &mut Tx, found: &[Found], now: At) -> Result<(), StoreError> {
        let kind = IncidentKind::Audit;
        let ours = || found.iter().filter(|found| found.finding.is_ours_to_tell());
        for found in ours() {
            let (at, detail) = (
                (kind, found.finding.word()),
                json!({ "names": found.names }),
            );
            tx.raise(&self.operator, at, Tally::Now(found.count), &detail, now)
                .await?;
        }
        for open in tx.incidents_open().await? {
            let found = ours().any(|found| found.finding.word() == open.subject);
            // Pings say themselves when they get through again, while there are any.
            let pings = open.subject == ping::SUBJECT && self.ping.is_some();
            if open.kind == kind && !pings && !found {
                tx.over(&self.operator, kind, &open.subject, now).await?;
            }
        }
        Ok(())
    }

    /// How the heartbeat stands.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not say.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        self.standing_in(&mut self.store.read().await?).await
    }

    /// The same for who reads other things as well.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not say.
    pub async fn standing_in(&self, tx: &mut Tx) -> Result<Standing, StoreError> {
        let now = self.clock.now();
        let signs = tx.heartbeats().await?;
        let of = |name: &str| signs.iter().find(|sign| sign.name == name);
        // One of a clock that was ahead says nothing of now.
        let passed = of(PASSED).filter(|sign| sign.at <= now.plus(CLOCKS_DIFFER));
        let passed = passed.map(|sign| now.since(sign.at));
        let alive = passed.is_some_and(|passed| passed <= self.every * ROUNDS);
        Ok(Standing {
            status: if alive { OK } else { "failing" },
            passed_s: passed.map(|passed| passed.as_secs()),
            audited_s: of(HELD).map(|sign| now.since(sign.at).as_secs()),
            every_s: self.every.as_secs(),
            findings: of(HELD).map_or_else(Vec::new, |sign| read(&sign.detail)),
        })
    }
}

/// What was found, as it is kept; a note of another version that cannot be read says nothing.
fn read(detail: &str) -> Vec<Found> {
    serde_json::from_str(detail).unwrap_or_default()
}

/// When a sign of life last came.
fn last(signs: &[Sign], name: &str) -> Option<At> {
    signs
        .iter()
        .find(|sign| sign.name == name)
        .map(|sign| sign.at)
}
