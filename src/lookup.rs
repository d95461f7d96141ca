//! Lookup: finds conversations by the code of a case, by a number, or by words; only what the person may
//! read. It shows a number to who has a reason, for a while. Floor 3.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::content::{Packs, codes};
use crate::phone::PhoneNumber;
use crate::store::{Account, Found, NewReveal, Store, StoreError};
use crate::text::MessageBody;

/// How many conversations a search lists.
const LISTED: u16 = 50;
/// In how many conversations, the latest ones, words are looked for: each has to be opened.
pub const LOOKED_THROUGH: u16 = 500;
/// How many texts of one conversation are opened.
const TEXTS: u16 = 200;
/// How long a number is shown.
pub const SHOWN_FOR: Duration = Duration::from_mins(10);

/// Finds conversations.
pub struct Lookup {
    /// Where conversations are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the staff choose from.
    pub packs: Arc<Packs>,
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The code of a case, such as `K7`.
    Code(String),
    /// The number of a texter.
    Number(PhoneNumber),
    /// Words, all of them in one text.
    Words(MessageBody),
}

impl Wanted {
    /// What was typed: a code, a number, or words. `None` when nothing was.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if typed.is_empty() {
            return None;
        }
        let code = typed.to_ascii_uppercase();
        let mut letters = code.chars();
        let first = letters.next().is_some_and(|c| c.is_ascii_uppercase());
        if first && code.len() <= 9 && code.len() >= 2 && letters.all(|c| c.is_ascii_digit()) {
            return Some(Self::Code(code));
        }
        let digits = typed.chars().filter(char::is_ascii_digit).count();
        match PhoneNumber::parse(typed) {
            Ok(number) if digits >= 3 => Some(Self::Number(number)),
            _ => Some(Self::Words(MessageBody::new(typed))),
        }
    }

    /// What kind it is, for the audit log: never what was typed.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Code(_) => "code",
            Self::Number(_) => "number",
            Self::Words(_) => "words",
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The conversations, the latest first.
    pub found: Vec<Found>,
    /// Whether older conversations were not looked through.
    pub more: bool,
}

/// Why a number is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    /// Nothing is there that the person may read.
    #[error("This conversation does not exist.")]
    Unknown,
    /// No code of the list.
    #[error("Choose one of the reasons.")]
    NoReason,
}

impl Lookup {
    /// Looks for conversations. That somebody looked, and by what, is in the audit log; what they typed is
    /// not.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, staff: &Account, wanted: &Wanted) -> Result<Findings, StoreError> {
        let findings = match wanted {
            Wanted::Code(code) => {
                let mut tx = self.store.read().await?;
                Findings {
                    found: tx.find_by_code(staff, code, LISTED).await?,
                    more: false,
                }
            }
            Wanted::Number(number) => {
                let mut tx = self.store.read().await?;
                Findings {
                    found: tx.find_by_number(staff, number, LISTED).await?,
                    more: false,
                }
            }
            Wanted::Words(words) => self.with_words(staff, words).await?,
        };
        let (now, by) = (self.clock.now(), staff.login.clone());
        let detail = json!({ "by": wanted.kind(), "found": findings.found.len() });
        let unit = self.store.write(move |tx| {
            let (by, detail) = (by.clone(), detail.clone());
            Box::pin(async move {
                tx.audit(now, &by, "conversations.searched", None, &detail)
                    .await
            })
        });
        unit.await?;
        Ok(findings)
    }

    async fn with_words(
        &self,
        staff: &Account,
        words: &MessageBody,
    ) -> Result<Findings, StoreError> {
        let wanted: Vec<String> = plain(words.reveal());
        let mut tx = self.store.read().await?;
        let searched = tx.searchable(staff, LOOKED_THROUGH).await?;
        let more = searched.len() == usize::from(LOOKED_THROUGH);
        let mut found = Vec::new();
        for one in searched {
            let Some(texter) = tx.texter_of(one.id).await? else {
                continue;
            };
            let texts = tx.words_of(&texter, one.id, TEXTS).await?;
            let holds = |text: &MessageBody| {
                let have = plain(text.reveal());
                wanted
                    .iter()
                    .all(|word| have.iter().any(|one| one.starts_with(word.as_str())))
            };
            if texts.iter().any(holds) {
                found.push(one);
            }
            if found.len() == usize::from(LISTED) {
                break;
            }
        }
        Ok(Findings { found, more })
    }

    /// Shows the number of a texter to somebody, for a while, and notes why. Until when.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it is not shown.
    pub async fn reveal(
        &self,
        staff: &Account,
        conversation: Uuid,
        reason: &str,
    ) -> Result<Result<At, NotShown>, StoreError> {
        let Some(reason) = codes::line(&self.packs.codes().reveals, reason) else {
            return Ok(Err(NotShown::NoReason));
        };
        let now = self.clock.now();
        let work = Arc::new((staff.clone(), reason.code.clone()));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (staff, reason) = &*work;
                let there = tx.texter_of(conversation).await?.is_some();
                if !there || !tx.may_read(staff, conversation).await? {
                    return Ok(Err(NotShown::Unknown));
                }
                let until = now.plus(SHOWN_FOR);
                tx.reveal(&NewReveal {
                    conversation_id: conversation,
                    staff_id: staff.id,
                    reason,
                    at: now,
                    until,
                })
                .await?;
                let detail = json!({ "reason": reason, "until": until.0 });
                let subject = Some(conversation);
                tx.audit(now, &staff.login, "number.revealed", subject, &detail)
                    .await?;
                Ok(Ok(until))
            })
        });
        unit.await
    }
}

/// The words of a text, in small letters and without what stands between them.
fn plain(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_code_a_number_or_words() {
        let number = |typed: &str| Some(Wanted::Number(PhoneNumber::parse(typed).unwrap()));
        for (typed, wanted) in [
            ("k7", Some(Wanted::Code("K7".to_owned()))),
            (" A12 ", Some(Wanted::Code("A12".to_owned()))),
            ("+1 (555) 0123456", number("+15550123456")),
            ("72345", number("72345")),
            ("  ", None),
            ("12", Some(Wanted::Words(MessageBody::new("12")))),
            ("K", Some(Wanted::Words(MessageBody::new("K")))),
            (
                "my sister",
                Some(Wanted::Words(MessageBody::new("my sister"))),
            ),
        ] {
            assert_eq!(Wanted::read(typed), wanted, "{typed}");
        }
    }

    #[test]
    fn words_are_compared_without_what_stands_between_them() {
        assert_eq!(plain("It's, OK… Él?"), ["it", "s", "ok", "él"]);
    }
}
