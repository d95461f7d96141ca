//! People: how each is reached, proved by a code, tried out by a test, and when they are not to be woken.
//! Floor 3.
//!
//! What is refused leaves everything as it was. A method is changed by its owner, and by whoever looks
//! after people. The audit log says who did what to which method, never where it leads.

mod draft;
mod methods;
mod proofs;
mod refused;

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::feed::{Feed, Signal};
use crate::id::{IdSource, random};
use crate::oncall::{Desk, IncidentKind, Method, Operator, Person, Quiet, Secret};
use crate::pager::webhook::new_secret;
use crate::phone::PhoneNumber;
use crate::staff::Permission;
use crate::store::{Account, Proof, Store, StoreError, Tx};

pub use draft::{MethodChange, MethodDraft};
pub use refused::{LONGEST_LABEL, Refused};

/// Looks after people's contact methods and hours.
pub struct People {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Codes, and the secrets of webhooks.
    pub ids: Arc<dyn IdSource>,
    /// The gateway of codes and tests.
    pub desk: Arc<Desk>,
    /// Whose incident it is when a phone cannot be reached.
    pub operator: Arc<Operator>,
    /// By what people can be reached from here.
    pub ways: Ways,
    /// The name of the line.
    pub line: String,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

/// By what people can be reached from this line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// The gateway of all pages.
    pub usual: String,
    /// The gateways, by name.
    pub texts: Vec<String>,
    /// Those of them that can call.
    pub calls: Vec<String>,
    /// Whether there is a mail server.
    pub mail: bool,
    /// Whether webhooks may go into the server's own network.
    pub private_webhooks: bool,
    /// The line's own numbers: nobody is reached there.
    pub senders: Vec<PhoneNumber>,
}

/// Who does it.
#[derive(Clone, Debug)]
pub enum By {
    /// The operator, at the command line.
    Operator,
    /// A member of staff.
    Staff(Account),
}

impl By {
    /// As the audit log names them.
    fn actor(&self) -> &str {
        match self {
            Self::Operator => "operator",
            Self::Staff(account) => &account.login,
        }
    }

    /// As colleagues know them.
    fn name(&self) -> &str {
        match self {
            Self::Operator => "The operator",
            Self::Staff(account) => &account.name,
        }
    }

    fn is(&self, whose: Uuid) -> bool {
        matches!(self, Self::Staff(account) if account.id == whose)
    }

    fn may(&self, whose: Uuid) -> bool {
        match self {
            Self::Operator => true,
            Self::Staff(account) => {
                account.id == whose || account.role.may(Permission::ManagePeople)
            }
        }
    }
}

/// What is done.
#[derive(Clone)]
pub enum Act {
    /// Adds a contact method.
    Add(MethodDraft),
    /// Changes what it is called and what it is for.
    Change(Uuid, MethodChange),
    /// Sends a code over it.
    SendCode(Uuid),
    /// Enters the code that arrived.
    GiveCode(Uuid, String),
    /// Sends a test over it.
    SendTest(Uuid),
    /// Says that the test arrived.
    Arrived(Uuid),
    /// Switches it on, or off for a while.
    Switch(Uuid, bool),
    /// Removes it.
    Remove(Uuid),
    /// Says where the person lives, by the name of a zone or nothing, and when they are not to be woken.
    Hours(String, Option<Quiet>),
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// The contact method; the person, where it is about their hours.
    pub id: Uuid,
    /// The secret that a new webhook is signed with: it is shown once.
    pub secret: Option<Secret>,
}

/// A person, with all that is known of how they are reached.
pub struct Profile {
    /// The person.
    pub person: Person,
    /// The name of the zone that they chose; none where it is the line's.
    pub zone: Option<String>,
    /// The proof of each of their methods, in the same order.
    pub proofs: Vec<Proof>,
}

impl Profile {
    /// The methods, each with its proof.
    pub fn methods(&self) -> impl Iterator<Item = (&Method, &Proof)> {
        self.person.methods.iter().zip(&self.proofs)
    }
}

/// Why a unit of work ends early.
enum Stop {
    Refused(Refused),
    Store(StoreError),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a unit of work needs, made before it: it may run more than once.
struct Job {
    by: By,
    whose: Uuid,
    act: Act,
    now: At,
    /// Six digits, for a code.
    code: String,
    /// For a webhook that is signed.
    secret: Secret,
}

/// One act in its unit of work.
struct Work<'a> {
    tx: &'a mut Tx,
    service: &'a People,
    job: &'a Job,
    person: Person,
    now: At,
}

impl People {
    /// A person with all that is known of how they are reached. `None` when nobody is there, or they
    /// have left or are locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn profile(&self, whose: Uuid) -> Result<Option<Profile>, StoreError> {
        let mut tx = self.store.read().await?;
        let Some(person) = tx.person(whose).await? else {
            return Ok(None);
        };
        let (zone, _) = tx.person_hours(whose).await?;
        let mut proofs = Vec::with_capacity(person.methods.len());
        for method in &person.methods {
            proofs.push(tx.proof_of(method.id).await?.unwrap_or_default());
        }
        Ok(Some(Profile {
            person,
            zone,
            proofs,
        }))
    }

    /// Does something with how a person is reached, whole or not at all.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn act(
        self: &Arc<Self>,
        by: By,
        whose: Uuid,
        act: Act,
    ) -> Result<Result<Done, Refused>, StoreError> {
        if !by.may(whose) {
            return Ok(Err(Refused::NotYours));
        }
        let number = u32::from_be_bytes(random(&*self.ids));
        let job = Job {
            by,
            whose,
            act,
            now: self.clock.now(),
            code: format!("{:06}", number % 1_000_000),
            secret: new_secret(&*self.ids),
        };
        let work = Arc::new((Arc::clone(self), job));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (service, job) = &*work;
                match service.carry_out(tx, job).await {
                    Ok(done) => Ok(Ok(done)),
                    Err(Stop::Refused(refused)) => Ok(Err(refused)),
                    Err(Stop::Store(error)) => Err(error),
                }
            })
        });
        let done = unit.await?;
        if done.is_ok() {
            self.feed.wake_outbox();
            self.feed.wake_ladder();
            self.feed.signal(Signal::OnCall);
        }
        Ok(done)
    }

    async fn carry_out(&self, tx: &mut Tx, job: &Job) -> Result<Done, Stop> {
        let person = tx.person(job.whose).await?;
        let mut work = Work {
            tx,
            service: self,
            job,
            person: person.ok_or(Refused::UnknownPerson)?,
            now: job.now,
        };
        match &job.act {
            Act::Add(draft) => return work.add(draft).await,
            Act::Change(id, change) => work.change(*id, change).await?,
            Act::SendCode(id) => work.send_code(*id).await?,
            Act::GiveCode(id, code) => work.give_code(*id, code).await?,
            Act::SendTest(id) => work.send_test(*id).await?,
            Act::Arrived(id) => work.arrived(*id).await?,
            Act::Switch(id, on) => work.switch(*id, *on).await?,
            Act::Remove(id) => work.remove(*id).await?,
            Act::Hours(zone, quiet) => work.hours(zone, *quiet).await?,
        }
        let id = match &job.act {
            Act::Change(id, _)
            | Act::SendCode(id)
            | Act::GiveCode(id, _)
            | Act::SendTest(id)
            | Act::Arrived(id)
            | Act::Switch(id, _)
            | Act::Remove(id) => *id,
            Act::Add(_) | Act::Hours(..) => job.whose,
        };
        Ok(Done { id, secret: None })
    }
}

impl Work<'_> {
    /// A method of this person.
    fn method(&self, id: Uuid) -> Result<Method, Refused> {
        let mut methods = self.person.methods.iter();
        let found = methods.find(|method| method.id == id);
        found.cloned().ok_or(Refused::UnknownMethod)
    }

    async fn audit(&mut self, action: &str, subject: Uuid, detail: &Value) -> Result<(), Stop> {
        let actor = self.job.by.actor();
        Ok(self
            .tx
            .audit(self.now, actor, action, Some(subject), detail)
            .await?)
    }

    /// The same for a method: whose it is, and by what it reaches them.
    async fn audit_method(&mut self, action: &str, method: &Method) -> Result<(), Stop> {
        let detail = json!({
            "staff": self.person.id, "channel": method.channel.word(), "uses": method.uses.word(),
        });
        self.audit(action, method.id, &detail).await
    }

    /// Tells the person what somebody else did to how they are reached: they must not find out by a page
    /// that does not come.
    async fn tell_of(&mut self, words: &str) -> Result<(), Stop> {
        if self.job.by.is(self.person.id) {
            return Ok(());
        }
        let by = self.job.by.name();
        let words = format!("{by} {words} If you did not expect this, ask an administrator.");
        let gateway = &self.service.desk.gateway;
        self.tx
            .tell_person(gateway, &self.person, &words, self.now)
            .await?;
        Ok(())
    }

    /// Closes the incident of a person whom our texts did not reach, once none of their phones is stopped.
    async fn no_longer_stopped(&mut self) -> Result<(), Stop> {
        let kind = IncidentKind::ResponderUnreachable;
        let operator = &self.service.operator;
        self.tx
            .over(operator, kind, &self.person.name, self.now)
            .await?;
        Ok(())
    }
}
