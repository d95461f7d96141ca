//! A responder reads and writes a conversation from their phone. Nothing that they text goes to a texter
//! but what begins with the code of a case that is theirs, and neither sees the other's number.

use uuid::Uuid;

use super::{Arrival, Intake};
use crate::acknowledge::Responder;
use crate::clock::At;
use crate::handoff::Act;
use crate::oncall::{self, Alert, ByPhone, Contact, is_among};
use crate::staff::Permission;
use crate::store::{Account, Conversation, Follower, NewPage, PageKind, StoreError, Texter, Tx};
use crate::text::MessageBody;
use crate::triage::{Action, Verdict};

/// How many of the last texts somebody gets who begins to follow.
const LAST_TEXTS: u16 = 3;

/// What came of a text that was read here.
pub(super) enum Spoken {
    /// It is none of a responder's about a case: it goes the way of a texter's.
    No,
    /// It was answered.
    Answered,
    /// Its words went to the texter of this conversation, where they are kept.
    Sent(Uuid),
}

impl Spoken {
    /// The conversation that it went to.
    pub(super) const fn conversation(&self) -> Option<Uuid> {
        match self {
            Self::Sent(conversation) => Some(*conversation),
            Self::No | Self::Answered => None,
        }
    }
}

/// Handles a text from a responder's phone about a case that is theirs. About any other case, and
/// without a case, what shows danger goes the way of a texter's: a responder in crisis is a person in
/// crisis (promise P2).
pub(super) async fn spoken(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
    texter: &Texter,
) -> Result<Spoken, StoreError> {
    let read = oncall::read_by_phone(arrival.inbound.body.reveal());
    let calm = verdict.action() == Action::None && texter.state.open_tier().is_none();
    if read.is_none() && !calm {
        return Ok(Spoken::No);
    }
    let texting = Responder::texting(tx, &arrival.inbound.from, &intake.desk).await?;
    let Some((who, contact)) = texting.into_iter().next() else {
        return Ok(Spoken::No);
    };
    let Some(read) = read else {
        return without_code(tx, intake, &who, &contact, arrival).await;
    };
    let alerts = tx.open_alerts().await?;
    let mut named = alerts.into_iter().filter(|alert| alert.code == read.code());
    let Some(alert) = named.next().filter(|alert| alert.texter_id != texter.id) else {
        let words = oncall::nothing_open(Some(read.code()));
        return answer_if(calm, tx, intake, &contact, &words).await;
    };
    if !has(tx, &alert, &who).await? {
        return answer_if(calm, tx, intake, &contact, &oncall::not_yours(&alert.code)).await;
    }
    if !intake.desk.by_phone {
        let words = oncall::not_by_phone(&intake.desk.public_url);
        return answer_if(true, tx, intake, &contact, &words).await;
    }
    let account = match who.staff_id {
        Some(id) => tx.staff(id).await?,
        None => None,
    };
    let account = account.filter(|account| account.role.may(Permission::AnswerTexters));
    let (Some(account), Some(phone)) = (account, contact.method_id) else {
        let words = oncall::needs_account(&intake.desk.public_url);
        return answer_if(true, tx, intake, &contact, &words).await;
    };
    let case = Case {
        alert: &alert,
        account: &account,
        phone,
        contact: &contact,
    };
    case.does(tx, intake, read).await
}

/// A case, and who texts about it.
struct Case<'a> {
    alert: &'a Alert,
    account: &'a Account,
    phone: Uuid,
    contact: &'a Contact,
}

impl Case<'_> {
    async fn does(
        &self,
        tx: &mut Tx,
        intake: &Intake,
        read: ByPhone,
    ) -> Result<Spoken, StoreError> {
        let (code, conversation) = (&self.alert.code, self.alert.conversation_id);
        let now = intake.clock.now();
        match read {
            ByPhone::Write(_, words) => {
                let act = Act::Write(MessageBody::new(words));
                let done = intake
                    .handoff
                    .in_unit(tx, self.account, conversation, &act, now);
                let (spoken, words) = match done.await? {
                    Ok(()) => (Spoken::Sent(conversation), oncall::sent(code)),
                    Err(refused) => (Spoken::Answered, oncall::nothing_sent(&refused.to_string())),
                };
                self.tell(tx, intake, &words).await?;
                Ok(spoken)
            }
            ByPhone::Follow(_) => {
                let follower = Follower {
                    staff_id: self.account.id,
                    method_id: self.phone,
                };
                tx.follow(conversation, follower, now).await?;
                self.noted(tx, "conversation.followed", now).await?;
                self.tell(tx, intake, &oncall::follows(code)).await?;
                if let Some(texter) = tx.texter_to_change(conversation).await? {
                    let last = tx.earlier(&texter, conversation, At(0), LAST_TEXTS).await?;
                    for text in last {
                        let words = oncall::quoted(code, text.body.reveal(), 0);
                        self.quote(tx, intake, &texter, &words).await?;
                    }
                }
                Ok(Spoken::Answered)
            }
            ByPhone::Unfollow(_) => {
                tx.unfollow(conversation, self.account.id).await?;
                self.noted(tx, "conversation.unfollowed", now).await?;
                self.tell(tx, intake, &oncall::follows_no_more(code))
                    .await?;
                Ok(Spoken::Answered)
            }
            ByPhone::Unclear(_) => {
                self.tell(tx, intake, &oncall::how_to_write(code)).await?;
                Ok(Spoken::Answered)
            }
        }
    }

    async fn noted(&self, tx: &mut Tx, action: &str, now: At) -> Result<(), StoreError> {
        let detail = serde_json::json!({ "code": self.alert.code, "how": "text" });
        let conversation = Some(self.alert.conversation_id);
        tx.audit(now, &self.account.login, action, conversation, &detail)
            .await
    }

    async fn tell(&self, tx: &mut Tx, intake: &Intake, words: &str) -> Result<(), StoreError> {
        tell(tx, intake, self.contact, words).await
    }

    async fn quote(
        &self,
        tx: &mut Tx,
        intake: &Intake,
        texter: &Texter,
        words: &str,
    ) -> Result<(), StoreError> {
        let quote = notice(Some(self.alert.id), self.contact, words);
        let now = intake.clock.now();
        tx.quote_to_responder(&intake.desk.gateway, &quote, texter, now)
            .await
    }
}

/// A text without a code of somebody who follows a case: they may think that it went to the texter.
async fn without_code(
    tx: &mut Tx,
    intake: &Intake,
    who: &Responder,
    contact: &Contact,
    arrival: &Arrival,
) -> Result<Spoken, StoreError> {
    let Some(staff) = who.staff_id else {
        return Ok(Spoken::No);
    };
    let text = arrival.inbound.body.reveal();
    if arrival.inbound.keyword_handled.is_some()
        || is_short(text)
        || oncall::read_reply(text).is_some()
    {
        return Ok(Spoken::No);
    }
    match tx.follows_any(staff).await? {
        Some(code) => answer_if(true, tx, intake, contact, &oncall::how_to_write(&code)).await,
        None => Ok(Spoken::No),
    }
}

/// One word is a word for the line: `STOP`, `HELP`, `MENU`, a number.
fn is_short(text: &str) -> bool {
    text.split_whitespace().count() < 2
}

async fn answer_if(
    answers: bool,
    tx: &mut Tx,
    intake: &Intake,
    contact: &Contact,
    words: &str,
) -> Result<Spoken, StoreError> {
    if !answers {
        return Ok(Spoken::No);
    }
    tell(tx, intake, contact, words).await?;
    Ok(Spoken::Answered)
}

/// Whether a case is this responder's.
async fn has(tx: &mut Tx, alert: &Alert, who: &Responder) -> Result<bool, StoreError> {
    if let Some((owner, _)) = alert.claimed {
        return Ok(who.staff_id == Some(owner));
    }
    let there = tx.acknowledgements(alert.id).await?;
    Ok(is_among(&there, who.staff_id, &who.name))
}

/// Hands what a texter wrote on to who follows the conversation and still has the case.
pub(super) async fn hand_on(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    texter: &Texter,
    conversation: &Conversation,
) -> Result<(), StoreError> {
    let may_be_followed = conversation.human_joined
        || texter.state.open_tier().is_some()
        || texter.state.human_awaited;
    if !may_be_followed || !intake.desk.by_phone {
        return Ok(());
    }
    let followers = tx.followers(conversation.id).await?;
    if followers.is_empty() {
        return Ok(());
    }
    let Some(alert) = tx.open_alert(conversation.id).await? else {
        return Ok(());
    };
    let inbound = &arrival.inbound;
    let words = oncall::quoted(&alert.code, inbound.body.reveal(), inbound.media);
    for follower in followers {
        let Some(person) = tx.person(follower.staff_id).await? else {
            continue;
        };
        let who = Responder::person(&person);
        let mut methods = person.methods.iter().filter(|method| method.works());
        let Some(phone) = methods.find(|method| method.id == follower.method_id) else {
            continue;
        };
        if !has(tx, &alert, &who).await? {
            tx.unfollow(conversation.id, follower.staff_id).await?;
            continue;
        }
        let contact = Contact::of(&person, phone);
        let quote = notice(Some(alert.id), &contact, &words);
        let now = intake.clock.now();
        tx.quote_to_responder(&intake.desk.gateway, &quote, texter, now)
            .await?;
    }
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    intake: &Intake,
    contact: &Contact,
    words: &str,
) -> Result<(), StoreError> {
    let now = intake.clock.now();
    tx.send_to_responder(&intake.desk.gateway, &notice(None, contact, words), now)
        .await?;
    Ok(())
}

const fn notice<'a>(alert: Option<Uuid>, contact: &'a Contact, words: &'a str) -> NewPage<'a> {
    NewPage {
        alert,
        kind: PageKind::Notice,
        contact,
        words,
    }
}
