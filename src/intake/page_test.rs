//! A responder answers a test page by text.

use std::time::Duration;

use crate::acknowledge::Responder;
use crate::clock::At;
use crate::oncall::{Contact, ResponderReply, TEST_WAITS, TestAnswer};
use crate::store::{StoreError, Tx};

/// A code counts for a day: a phone may have been off.
const CODES_COUNT: Duration = Duration::from_hours(24);

/// Notes the answer to a test that one of these was sent, and says who it was; `None` where there was
/// none. An answer without a code counts for a test that is waited for.
pub(super) async fn answered(
    tx: &mut Tx,
    reply: &ResponderReply,
    texting: &[(Responder, Contact)],
    now: At,
) -> Result<Option<Contact>, StoreError> {
    let (code, since) = match reply {
        ResponderReply::Take(code) => (Some(code.as_str()), now.minus(CODES_COUNT)),
        ResponderReply::TakeAny => (None, now.minus(TEST_WAITS)),
    };
    for (who, contact) in texting {
        let Some(staff) = who.staff_id else { continue };
        let Some(test) = tx.page_test_sent(staff, code, since).await? else {
            continue;
        };
        if code.is_none() && !test.is_waited_for(now) {
            continue;
        }
        tx.answer_page_test(test.id, TestAnswer::Text, contact.method_id, now)
            .await?;
        return Ok(Some(contact.clone()));
    }
    Ok(None)
}
