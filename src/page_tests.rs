//! Test pages: somebody is paged as for a case, with words that say that it is a test, and what comes of
//! it is kept. Floor 3.
//!
//! A test goes out on every method that works, as a crisis does, and is answered as a page is: by a
//! text, a key or a link. Nobody is woken for one unless that is asked for. Who may test whom is asked
//! where the request comes in; only one's own test can be answered.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::feed::{Feed, Signal};
use crate::oncall::{
    Channel, Contact, Desk, PageKind, PageTest, Person, TEST_PAUSE, TestAnswer, next_test_code,
    page_test,
};
use crate::store::{Account, NewPage, Store, StoreError, Tx};

/// An answer counts for so long after its test.
const ANSWERS_COUNT: Duration = Duration::from_hours(24);

/// Tests whether pages arrive.
pub struct PageTests {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The gateway of pages, and where people sign in.
    pub desk: Arc<Desk>,
    /// Wakes the outbox and open pages.
    pub feed: Feed,
}

/// Who is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tested {
    /// One person.
    Person(Uuid),
    /// Everyone who is on call on any schedule now.
    OnCall,
}

/// Why a test was refused; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such person.
    #[error("This person has left the team or has no account. Choose another.")]
    Unknown,
    /// Nobody is there.
    #[error("Nobody is on call now, so there is nobody to test. Choose a person.")]
    Nobody,
    /// Nothing reaches them.
    #[error(
        "{0} cannot be paged: no method of theirs is verified and working. Ask them to add one first."
    )]
    NoMethod(String),
    /// One is on its way.
    #[error("{0} was tested less than a minute ago. Wait for the answer.")]
    TooSoon(String),
    /// They want to sleep.
    #[error("It is in the quiet hours of {0}. Test them later, or choose to wake them.")]
    Asleep(String),
    /// No such test, or not theirs.
    #[error("There is no such test of yours, or it is too old. Nothing was changed.")]
    NotYours,
}

impl PageTests {
    /// Sends test pages. `wake` sends them in quiet hours, too. Returns the tests.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn send(
        &self,
        by: &Account,
        tested: Tested,
        wake: bool,
    ) -> Result<Result<Vec<Uuid>, Refused>, StoreError> {
        let now = self.clock.now();
        let work = Arc::new((by.clone(), Arc::clone(&self.desk)));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (by, desk) = &*work;
                let people = match people(tx, tested, now).await? {
                    Ok(people) => people,
                    Err(refused) => return Ok(Err(refused)),
                };
                if let Some(refused) = obstacle(tx, &people, wake, now).await? {
                    return Ok(Err(refused));
                }
                let mut sent = Vec::new();
                for person in &people {
                    sent.push(test(tx, desk, by, person, now).await?);
                }
                Ok(Ok(sent))
            })
        });
        let sent = unit.await?;
        self.feed.wake_outbox();
        self.feed.signal(Signal::OnCall);
        Ok(sent)
    }

    /// Notes that a person answered a test of theirs on a page; `method` is the one whose link they opened.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn answer(
        &self,
        by: &Account,
        test: Uuid,
        method: Option<Uuid>,
    ) -> Result<Result<(), Refused>, StoreError> {
        let (now, staff) = (self.clock.now(), by.id);
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                let found = tx.page_test(test).await?;
                let theirs = found.filter(|one| {
                    one.staff_id == staff && now.since(one.asked_at) <= ANSWERS_COUNT
                });
                let Some(test) = theirs else {
                    return Ok(Err(Refused::NotYours));
                };
                // A link proves that its own method works, and no other.
                let mut methods = tx.methods_of(staff).await?.into_iter();
                let method = methods.find(|one| Some(one.id) == method).map(|one| one.id);
                tx.answer_page_test(test.id, TestAnswer::Page, method, now)
                    .await?;
                Ok(Ok(()))
            })
        });
        let answered = unit.await?;
        self.feed.signal(Signal::OnCall);
        Ok(answered)
    }

    /// Notes that whoever was called for a test answered it by a key. `false` when the page is of no test.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was changed.
    pub async fn key(&self, page: Uuid) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                let Some((test, method)) = tx.page_test_of_page(page).await? else {
                    return Ok(false);
                };
                tx.answer_page_test(test.id, TestAnswer::Key, method, now)
                    .await?;
                Ok(true)
            })
        });
        let answered = unit.await?;
        self.feed.signal(Signal::OnCall);
        Ok(answered)
    }
}

/// Everyone who is to be tested.
async fn people(
    tx: &mut Tx,
    tested: Tested,
    now: At,
) -> Result<Result<Vec<Person>, Refused>, StoreError> {
    match tested {
        Tested::Person(id) => {
            let person = tx.person(id).await?;
            Ok(person.map(|person| vec![person]).ok_or(Refused::Unknown))
        }
        Tested::OnCall => {
            let schedules = tx.schedules(now).await?;
            let there: BTreeSet<Uuid> = schedules
                .iter()
                .flat_map(|schedule| schedule.on_call(now))
                .collect();
            let mut people = tx.people().await?;
            people.retain(|person| there.contains(&person.id));
            Ok(if people.is_empty() {
                Err(Refused::Nobody)
            } else {
                Ok(people)
            })
        }
    }
}

/// What stands against it, if anything: all of them are tested, or none.
async fn obstacle(
    tx: &mut Tx,
    people: &[Person],
    wake: bool,
    now: At,
) -> Result<Option<Refused>, StoreError> {
    for person in people {
        let name = || person.name.clone();
        if person.reached_by(true, now).is_empty() {
            return Ok(Some(Refused::NoMethod(name())));
        }
        let last = tx
            .page_test_sent(person.id, None, now.minus(TEST_PAUSE))
            .await?;
        if last.is_some_and(|last| last.answered.is_none()) {
            return Ok(Some(Refused::TooSoon(name())));
        }
    }
    let asleep = |person: &&Person| {
        let quiet = person.quiet;
        quiet.is_some_and(|quiet| quiet.covers(now, &person.zone))
    };
    let asleep: Vec<&str> = people
        .iter()
        .filter(asleep)
        .map(|person| person.name.as_str())
        .collect();
    Ok((!wake && !asleep.is_empty()).then(|| Refused::Asleep(asleep.join(" and "))))
}

async fn test(
    tx: &mut Tx,
    desk: &Desk,
    by: &Account,
    person: &Person,
    now: At,
) -> Result<Uuid, StoreError> {
    let last = tx.page_tests(1).await?;
    let test = PageTest {
        id: tx.id(now),
        code: next_test_code(last.first().map(|one| one.code.as_str())),
        staff_id: person.id,
        asked_by: by.id,
        asked_at: now,
        answered: None,
    };
    tx.add_page_test(&test).await?;
    let mut channels: Vec<&str> = Vec::new();
    for method in person.methods.iter().filter(|method| method.works()) {
        let link = format!(
            "{}/on-call/tests/{}?by={}",
            desk.public_url, test.id, method.id
        );
        let words = page_test(&test.code, &by.name, method.channel, &link);
        let page = NewPage {
            alert: None,
            kind: PageKind::Test,
            contact: &Contact::of(person, method),
            words: &words,
        };
        let page = tx.send_to_responder(&desk.gateway, &page, now).await?;
        tx.page_is_of_test(page, test.id).await?;
        channels.push(Channel::word(method.channel));
    }
    let detail = json!({"staff": person.id, "code": test.code, "channels": channels});
    tx.audit(now, &by.login, "page.tested", Some(test.id), &detail)
        .await?;
    Ok(test.id)
}
