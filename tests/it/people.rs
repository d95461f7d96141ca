//! How people are reached: methods are added, proved by a code, tried out by a test; STOP, START and HELP
//! from a phone that is paged.

mod consent;
mod proofs;

use harborline::oncall::{Channel, Method, Uses};
use harborline::people::{Act, By, Done, MethodDraft, Refused};
use harborline::store::Account;
use uuid::Uuid;

use crate::support::World;

const FIRST: &str = "+15550171";
const NIGHT: &str = "+15550172";
const LEAD: &str = "+15550173";

pub(crate) fn draft(channel: Channel, address: &str) -> MethodDraft {
    MethodDraft {
        channel,
        label: "my phone".to_owned(),
        address: address.to_owned(),
        gateway: String::new(),
        preset: String::new(),
        secret: String::new(),
        uses: Uses::All,
    }
}

async fn by(world: &World, by: &Account, whose: Uuid, act: Act) -> Result<Done, Refused> {
    let by = By::Staff(by.clone());
    let done = world.app.people.act(by, whose, act).await.unwrap();
    world.settle().await;
    done
}

async fn act(world: &World, me: &Account, act: Act) -> Result<Done, Refused> {
    by(world, me, me.id, act).await
}

async fn methods(world: &World, of: &Account) -> Vec<Method> {
    let profile = world.app.people.profile(of.id).await.unwrap().unwrap();
    profile.person.methods
}

/// The six digits in a text.
fn code_in(text: &str) -> String {
    let mut digits = text.split(|c: char| !c.is_ascii_digit());
    let code = digits.rfind(|word| word.len() == 6);
    code.unwrap_or_else(|| panic!("no code in {text}"))
        .to_owned()
}

/// What the audit log says of a method, in order.
async fn audit(world: &World, subject: Uuid) -> Vec<String> {
    let mut tx = world.app.store.read().await.unwrap();
    let log = tx.audit_of(subject).await.unwrap().into_iter();
    log.map(|(action, _)| action).collect()
}
