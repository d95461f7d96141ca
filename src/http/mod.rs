//! The doors: what the outside world can call. A handler parses, authorizes, calls one service
//! or reads the store once, and renders. Floor 4.

mod access;
mod assets;
mod calendar;
mod calls;
mod cookie;
mod error;
mod health;
mod heartbeat;
mod hooks;
mod limits;
mod live;
mod machines;
mod manifest;
mod path;
mod rates;
mod request_id;
pub mod security;
mod session;
mod signing;
pub mod simulator;
mod staff;
mod then;
mod whole;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use uuid::Uuid;

use crate::accounts::Accounts;
use crate::acknowledge::Acknowledge;
use crate::audit_log::AuditLog;
use crate::call_outs::CallOuts;
use crate::calls::Calls;
use crate::canned::CannedReplies;
use crate::clock::Clock;
use crate::drill::Drills;
use crate::duties::Duties;
use crate::failsafe::FailSafe;
use crate::feed::Feed;
use crate::gateway::Gateways;
use crate::handoff::Handoff;
use crate::heartbeat::Heartbeat;
use crate::incidents::Incidents;
use crate::lab::Lab;
use crate::lookup::Lookup;
use crate::page_tests::PageTests;
use crate::people::People;
use crate::policies::Policies;
use crate::push::Pushes;
use crate::records::Records;
use crate::retention::Retention;
use crate::review::Review;
use crate::rota::Rota;
use crate::rulebook::Rulebook;
use crate::store::Store;
use crate::system::System;
pub use access::{Access, Declared};
pub use limits::{Narrow, Slow, guarded};
pub use live::Streams;
pub use machines::Served;
pub use rates::{Pace, Rates};
pub use signing::{Signing, SigningRules};
use simulator::Simulator;
pub(crate) use staff::report_tables;

/// The largest hook or form that is read, unless a hook holds pictures. A text has 1,600 characters; a gateway
/// adds little.
const LARGEST_BODY: usize = 128 * 1024;

/// The way to everything that the doors lead to. It is cloned several times for each request, so it is no more
/// than a pointer.
#[derive(Clone)]
pub struct Doors(Arc<Rooms>);

impl Doors {
    /// Doors that lead there.
    #[must_use]
    pub fn to(rooms: Rooms) -> Self {
        Self(Arc::new(rooms))
    }
}

impl std::ops::Deref for Doors {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.0
    }
}

/// Everything that the doors lead to.
pub struct Rooms {
    /// Takes in what the hooks bring.
    pub failsafe: Arc<FailSafe>,
    /// The triage rules in force.
    pub rulebook: Arc<Rulebook>,
    /// Hands conversations to people.
    pub handoff: Arc<Handoff>,
    /// Looks at the packs in force, and signs them off.
    pub review: Arc<Review>,
    /// Looks at texts and rules.
    pub lab: Arc<Lab>,
    /// Reads the audit log.
    pub records: Arc<Records>,
    /// Looks at the program itself.
    pub system: Arc<System>,
    /// Edits canned replies, and fills them in.
    pub canned: Arc<CannedReplies>,
    /// Finds conversations, and shows numbers for a reason.
    pub lookup: Arc<Lookup>,
    /// Takes cases for responders.
    pub acknowledge: Arc<Acknowledge>,
    /// Tests whether pages arrive.
    pub page_tests: Arc<PageTests>,
    /// Leads calls.
    pub calls: Arc<Calls>,
    /// Calls the team for help.
    pub call_outs: Arc<CallOuts>,
    /// Tells browsers that a case waits.
    pub pushes: Arc<Pushes>,
    /// Edits policies.
    pub policies: Arc<Policies>,
    /// Edits schedules.
    pub rota: Arc<Rota>,
    /// Looks after how people are reached.
    pub people: Arc<People>,
    /// Takes shifts.
    pub duties: Arc<Duties>,
    /// Tells the operator what went wrong.
    pub incidents: Arc<Incidents>,
    /// Audits, pings and listens.
    pub heartbeat: Arc<Heartbeat>,
    /// Holds drills.
    pub drills: Arc<Drills>,
    /// Checks the audit log.
    pub audit_log: Arc<AuditLog>,
    /// What is kept for how long, and what is held.
    pub retention: Arc<Retention>,
    /// The gateways.
    pub gateways: Gateways,
    /// Which of their hooks are trusted.
    pub signing: Signing,
    /// For pages that only read.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who belongs to the staff, and their sessions.
    pub accounts: Arc<Accounts>,
    /// The proxies whose word on where a request came from counts.
    pub proxies: Arc<[IpNet]>,
    /// Whether browsers keep to TLS for the hosts below ours, too.
    pub hsts_subdomains: bool,
    /// How often they, and everybody else, may ask for what.
    pub rates: Arc<Rates>,
    /// Signals to open pages.
    pub feed: Feed,
    /// The streams that carry them.
    pub streams: Arc<Streams>,
    /// This process: the numbers of signals are its own.
    pub process: Uuid,
    /// The URL that gateways sign and staff open.
    pub public_url: Arc<str>,
    /// The phone simulator, with the sandbox gateway only.
    pub simulator: Option<Arc<Simulator>>,
    /// Ends open streams when the server stops.
    pub stopping: CancellationToken,
}

fn staff_routes() -> access::Routes {
    staff::routes()
        .merge(words::routes())
        .merge(live::routes())
        .merge(calendar::routes())
        .merge(manifest::routes())
}

/// Every route of the staff, with what it asks for.
#[must_use]
pub fn declared() -> Vec<Declared> {
    staff_routes().declared()
}

fn machine_routes(simulated: bool) -> machines::Machines {
    let routes = hooks::routes()
        .merge(calls::routes())
        .merge(health::routes())
        .merge(heartbeat::routes());
    if simulated {
        routes.merge(simulator::provider_routes())
    } else {
        routes
    }
}

/// Every route that machines call, those of the sandbox among them.
#[must_use]
pub fn served() -> Vec<Served> {
    machine_routes(true).served()
}

/// All routes.
pub fn router(doors: Doors) -> Router {
    let people = Router::new()
        .merge(staff_routes().guarded(&doors))
        .merge(assets::routes())
        .merge(if doors.simulator.is_some() {
            simulator::routes()
        } else {
            Router::new()
        })
        .layer(
            CsrfLayer::new().with_rejection_response(|why: ProtectionError| access::forged(&why)),
        )
        .fallback(error::not_found)
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(middleware::from_fn_with_state(
            doors.clone(),
            words::in_language,
        ));
    let all = Router::new()
        .merge(people)
        .merge(machine_routes(doors.simulator.is_some()).router())
        .layer(DefaultBodyLimit::max(LARGEST_BODY));
    guarded(all)
        .layer(CatchPanicLayer::custom(error::panicked))
        // Around everything that can answer, so that no answer is without.
        .layer(middleware::from_fn_with_state(
            doors.clone(),
            security::headers,
        ))
        .layer(middleware::from_fn_with_state(
            doors.clone(),
            request_id::name,
        ))
        .with_state(doors)
}
