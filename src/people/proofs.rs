//! A method is proved by a code that is sent over it, and tried out by a test.

use uuid::Uuid;

use super::{Refused, Stop, Work};
use crate::clock::At;
use crate::oncall::{
    CODE_TRIES, CODE_WORKS, Channel, Contact, Method, PROOF_PACE, PROOFS_A_DAY, PageKind,
    TEST_ANSWERED_WITHIN, code_words, test_words, with_link,
};
use crate::store::{NewPage, Proof};

/// How far back codes and tests are counted.
const A_DAY: std::time::Duration = std::time::Duration::from_hours(24);

impl Work<'_> {
    pub(super) async fn send_code(&mut self, id: Uuid) -> Result<(), Stop> {
        let method = self.method(id)?;
        if method.verified_at.is_some() {
            return Err(Refused::Verified.into());
        }
        self.may_send(&method).await?;
        let words = code_words(&self.service.line, &self.job.code);
        self.tx
            .method_code_sent(id, &self.job.code, self.now)
            .await?;
        self.send(&method, PageKind::Code, &words).await?;
        self.audit_method("method.code_sent", &method).await
    }

    pub(super) async fn give_code(&mut self, id: Uuid, typed: &str) -> Result<(), Stop> {
        let method = self.method(id)?;
        if method.verified_at.is_some() {
            return Err(Refused::Verified.into());
        }
        let proof = self.proof(id).await?;
        let fresh = |sent: At| self.now.since(sent) <= CODE_WORKS;
        if proof.code_hash.is_none() || !proof.code_sent_at.is_some_and(fresh) {
            return Err(Refused::NoCode.into());
        }
        if proof.code_tries >= CODE_TRIES {
            return Err(Refused::CodeSpent.into());
        }
        let code: String = typed.chars().filter(char::is_ascii_digit).collect();
        if !self.tx.code_fits(id, &code, &proof) {
            // Counted in the same unit, which is kept: a refusal is an outcome, not a failure.
            self.tx.method_code_wrong(id).await?;
            self.audit_method("method.code_wrong", &method).await?;
            let left = CODE_TRIES - proof.code_tries - 1;
            return Err(match left {
                0 => Refused::CodeSpent.into(),
                left => Refused::WrongCode(left).into(),
            });
        }
        self.tx.method_verified(id, self.now).await?;
        self.audit_method("method.verified", &method).await
    }

    pub(super) async fn send_test(&mut self, id: Uuid) -> Result<(), Stop> {
        let method = self.method(id)?;
        if method.verified_at.is_none() {
            return Err(Refused::NotVerified.into());
        }
        if method.disabled_at.is_some() {
            return Err(Refused::Off.into());
        }
        self.may_send(&method).await?;
        self.tx.method_test_sent(id, self.now).await?;
        let words = test_words(&self.service.line);
        self.send(&method, PageKind::Test, &words).await?;
        self.audit_method("method.test_sent", &method).await
    }

    pub(super) async fn arrived(&mut self, id: Uuid) -> Result<(), Stop> {
        let method = self.method(id)?;
        let proof = self.proof(id).await?;
        let lately = |sent: At| self.now.since(sent) <= TEST_ANSWERED_WITHIN;
        if !proof.test_sent_at.is_some_and(lately) {
            return Err(Refused::NoTest.into());
        }
        self.tx.method_tested(id, self.now).await?;
        self.audit_method("method.tested", &method).await
    }

    async fn proof(&mut self, id: Uuid) -> Result<Proof, Stop> {
        let proof = self.tx.proof_to_change(id).await?;
        Ok(proof.ok_or(Refused::UnknownMethod)?)
    }

    /// Whether a code or a test may go out: nobody is flooded, and who texted STOP is left alone.
    async fn may_send(&mut self, method: &Method) -> Result<(), Stop> {
        if method.stopped_at.is_some() {
            return Err(Refused::Stopped.into());
        }
        let proof = self.proof(method.id).await?;
        let last = proof.code_sent_at.max(proof.test_sent_at);
        if last.is_some_and(|last| self.now.since(last) < PROOF_PACE) {
            return Err(Refused::TooSoon.into());
        }
        let since = self.now.minus(A_DAY);
        if self.tx.proofs_sent(self.person.id, since).await? >= PROOFS_A_DAY {
            return Err(Refused::TooOften.into());
        }
        Ok(())
    }

    async fn send(&mut self, method: &Method, kind: PageKind, words: &str) -> Result<(), Stop> {
        let desk = &self.service.desk;
        let words = match method.channel {
            Channel::Sms | Channel::Voice => words.to_owned(),
            Channel::Email | Channel::Webhook => {
                with_link(words, &format!("{}/me", desk.public_url))
            }
        };
        let page = NewPage {
            alert: None,
            kind,
            contact: &Contact::of(&self.person, method),
            words: &words,
        };
        self.tx
            .send_to_responder(&desk.gateway, &page, self.now)
            .await?;
        Ok(())
    }
}
