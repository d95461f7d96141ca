//! A responder says by text that a test arrived.

use super::{Arrival, Intake};
use crate::oncall::{Channel, Contact, Method, TEST_ANSWERED_WITHIN, answers_test, test_arrived};
use crate::store::{NewPage, PageKind, Proof, StoreError, Texter, Tx};
use crate::triage::{Action, Verdict};

/// Handles an OK from a phone to which a test was sent. `false` for every other text: an OK from anybody
/// else is a texter's, and so is one from who is in need.
pub(super) async fn answered(
    tx: &mut Tx,
    intake: &Intake,
    arrival: &Arrival,
    verdict: &Verdict,
    texter: &Texter,
) -> Result<bool, StoreError> {
    let inbound = &arrival.inbound;
    let in_need = texter.state.open_tier().is_some() || texter.state.human_awaited;
    if in_need || verdict.action() != Action::None || !answers_test(inbound.body.reveal()) {
        return Ok(false);
    }
    let now = intake.clock.now();
    let waits = |method: &Method, proof: &Proof| {
        proof.test_sent_at.is_some_and(|sent| {
            now.since(sent) <= TEST_ANSWERED_WITHIN && method.tested_at < Some(sent)
        })
    };
    let mut arrived = None;
    for method in tx.methods_at(&inbound.from).await? {
        let by_text = method.channel == Channel::Sms && method.works();
        let proof = tx.proof_of(method.id).await?.unwrap_or_default();
        if by_text && waits(&method, &proof) {
            tx.method_tested(method.id, now).await?;
            let detail = serde_json::json!({"staff": method.staff_id, "how": "text"});
            tx.audit(now, "text", "method.tested", Some(method.id), &detail)
                .await?;
            arrived = Some(method);
        }
    }
    let Some(method) = arrived else {
        return Ok(false);
    };
    if let Some(person) = tx.person(method.staff_id).await? {
        let notice = NewPage {
            alert: None,
            kind: PageKind::Notice,
            contact: &Contact::of(&person, &method),
            words: test_arrived(),
        };
        tx.send_to_responder(&intake.desk.gateway, &notice, now)
            .await?;
    }
    Ok(true)
}
