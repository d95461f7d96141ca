//! System: how the program itself stands, for whoever runs it: gateways, ledger, outbox, spool, keys,
//! heartbeat, database, and the checks of `harborline doctor`. It changes nothing. Floor 3.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::clock::{At, Clock};
use crate::gateway::Gateways;
use crate::gateway::check::Finding;
use crate::heartbeat::{Heartbeat, Standing};
use crate::oncall::{Incident, Roster};
use crate::roster::LastRoster;
use crate::spool::{Counts, Spool};
use crate::store::{DatabaseFacts, GatewayStanding, LaneStanding, Overdue, Store, StoreError};

/// For so long the tries of a gateway are counted.
pub const TRIES_COUNTED: Duration = Duration::from_hours(1);

/// The checks of `harborline doctor`. They look at the program as it is put together, so whoever puts it
/// together hands them in.
pub type Examine = Arc<dyn Fn() -> BoxFuture<'static, Vec<Finding>> + Send + Sync>;

/// Looks at the program itself.
pub struct System {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The gateways.
    pub gateways: Gateways,
    /// What the database could not take.
    pub spool: Arc<Spool>,
    /// Who was last known to be on call.
    pub roster: Arc<LastRoster>,
    /// Whether the audit passes.
    pub heartbeat: Arc<Heartbeat>,
    /// Where the master key is.
    pub key_file: PathBuf,
    /// The id of the key in use.
    pub key_id: String,
    /// When this process was started.
    pub started: At,
    /// The checks.
    pub examine: Examine,
    /// Held while they run: they ask providers, and one at a time is enough.
    pub bench: Mutex<()>,
}

/// How everything stands.
pub struct Look {
    /// When it was looked.
    pub now: At,
    /// The gateways, by name.
    pub gateways: Vec<(String, GatewayStanding)>,
    /// How many texts are owed an answer, and how many of them too late.
    pub owed: (i64, i64),
    /// What is owed too late, by gateway: while nobody of the team is there, and while somebody is.
    pub overdue: [Vec<Overdue>; 2],
    /// The lanes of the outbox that hold something.
    pub lanes: Vec<LaneStanding>,
    /// The open cases, and how many of them nobody has acknowledged.
    pub cases: (i64, i64),
    /// What is open of what the operator must know.
    pub incidents: Vec<Incident>,
    /// What the spool holds.
    pub spool: Counts,
    /// Who would be paged without the database.
    pub roster: Arc<Roster>,
    /// Whether the disk has that, too.
    pub roster_kept: bool,
    /// How the heartbeat stands.
    pub heartbeat: Standing,
    /// What the database says of itself.
    pub database: DatabaseFacts,
    /// The id of the key in use.
    pub key_id: String,
    /// When the key file was last written, if the system says so.
    pub key_since: Option<At>,
    /// When this process was started.
    pub started: At,
}

impl System {
    /// Looks at everything that is known without asking anybody outside.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn look(&self) -> Result<Look, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.read().await?;
        let mut gateways = Vec::new();
        for gateway in self.gateways.all() {
            let name = gateway.name().to_owned();
            let standing = tx.gateway_standing(&name, now.minus(TRIES_COUNTED)).await?;
            gateways.push((name, standing));
        }
        gateways.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Look {
            now,
            gateways,
            owed: tx.obligations_open(now).await?,
            overdue: [tx.overdue(now, false).await?, tx.overdue(now, true).await?],
            lanes: tx.lanes(now).await?,
            cases: tx.alerts_open().await?,
            incidents: tx.incidents_open().await?,
            spool: self.spool.counts(),
            roster: self.roster.current(),
            roster_kept: self.roster.is_kept(),
            heartbeat: self.heartbeat.standing_in(&mut tx).await?,
            database: tx.database_facts().await?,
            key_id: self.key_id.clone(),
            key_since: self.key_since(),
            started: self.started,
        })
    }

    /// Runs the checks of `harborline doctor`; `None` while somebody else has them run.
    pub async fn check(&self) -> Option<Vec<Finding>> {
        let _bench = self.bench.try_lock().ok()?;
        Some((self.examine)().await)
    }

    fn key_since(&self) -> Option<At> {
        let written = std::fs::metadata(&self.key_file).ok()?.modified().ok()?;
        let since = written.duration_since(UNIX_EPOCH).ok()?;
        Some(At(i64::try_from(since.as_millis()).ok()?))
    }
}
