//! Canned replies: who edits the team's own words, and what is refused. Floor 3.
//!
//! What somebody saves must keep the rules of every text: it is refused whole otherwise. Nothing here is
//! ever sent: a person puts it into a reply, reads it and sends it. Who may edit is asked where the request
//! comes in.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::content::canned::seeds;
use crate::content::check::{self, Finding};
use crate::content::{CannedReply, Fill, Packs};
use crate::conversation::Line;
use crate::locale::Locale;
use crate::store::{Account, Canned, Store, StoreError, Tx};
use crate::text::name::{self, OddName};

/// The longest title, in characters.
pub const LONGEST_TITLE: usize = 60;
/// Says that a database has had the ones that come with the program.
const SEEDED: &str = "canned_replies";

/// Edits canned replies, and fills them in.
pub struct CannedReplies {
    /// Where they are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The resources that they name.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
}

/// A canned reply as somebody wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannedDraft {
    /// The one that it replaces; none for a new one.
    pub id: Option<Uuid>,
    /// Its language.
    pub locale: Locale,
    /// What the team finds it by.
    pub title: String,
    /// The words.
    pub body: String,
}

/// Why an edit was refused; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such canned reply.
    #[error("This canned reply does not exist any more. Look at the list again.")]
    Unknown,
    /// It has no title.
    #[error("Give it a title: the team finds it by that.")]
    NoTitle,
    /// Its title is too long for a list.
    #[error("This title has {0} characters; a title may have {LONGEST_TITLE}.")]
    TitleTooLong(usize),
    /// Its title is not what it looks like.
    #[error(transparent)]
    OddTitle(#[from] OddName),
    /// It has no words.
    #[error("Write the words of the reply.")]
    NoWords,
    /// Another one is called that.
    #[error("There is a canned reply “{0}” in this language already. Give this one another title.")]
    TitleTaken(String),
    /// Its words break a rule for texts.
    #[error("The text {0}. Fix: {1}.")]
    Words(String, &'static str),
}

impl Refused {
    /// Whether it is about the title.
    #[must_use]
    pub const fn is_about_title(&self) -> bool {
        matches!(
            self,
            Self::NoTitle | Self::TitleTooLong(_) | Self::OddTitle(_) | Self::TitleTaken(_)
        )
    }
}

impl From<Finding> for Refused {
    fn from(finding: Finding) -> Self {
        Self::Words(finding.problem, finding.fix)
    }
}

impl CannedReplies {
    /// Gives a new database the ones that come with the program, once: what the team removes stays removed.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be kept; the next start tries again.
    pub async fn seed(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let unit = self.store.write(move |tx| {
            Box::pin(async move {
                if tx.setting(SEEDED).await?.is_some() {
                    return Ok(());
                }
                tx.set_setting(SEEDED, b"seeded").await?;
                for (locale, seed) in seeds().unwrap_or_default() {
                    let id = tx.id(now);
                    let words = (locale, seed.title.as_str(), seed.body.as_str());
                    tx.keep_canned(id, words, None, now).await?;
                }
                Ok(())
            })
        });
        unit.await
    }

    /// Makes a canned reply, or replaces one.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn save(
        &self,
        by: &Account,
        draft: CannedDraft,
    ) -> Result<Result<Uuid, Refused>, StoreError> {
        let draft = CannedDraft {
            title: draft.title.trim().to_owned(),
            body: draft.body.trim().replace("\r\n", "\n"),
            ..draft
        };
        if let Err(refused) = self.judged(&draft) {
            return Ok(Err(refused));
        }
        let now = self.clock.now();
        let work = Arc::new((by.clone(), draft));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move { save(tx, &work.0, &work.1, now).await })
        });
        unit.await
    }

    /// Removes a canned reply.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why it was refused.
    pub async fn remove(&self, by: &Account, id: Uuid) -> Result<Result<(), Refused>, StoreError> {
        let (now, login) = (self.clock.now(), Arc::new(by.login.clone()));
        let unit = self.store.write(move |tx| {
            let login = Arc::clone(&login);
            Box::pin(async move {
                let all = tx.canned_replies().await?;
                let Some(known) = all.into_iter().find(|one| one.id == id) else {
                    return Ok(Err(Refused::Unknown));
                };
                tx.remove_canned(id).await?;
                let detail = json!({"title": known.title, "locale": known.locale});
                tx.audit(now, &login, "canned_reply.removed", Some(id), &detail)
                    .await?;
                Ok(Ok(()))
            })
        });
        unit.await
    }

    /// The words of a canned reply as a person of the team would send them. What cannot be read any more,
    /// such as a resource that was taken out, stands there as it was written.
    #[must_use]
    pub fn filled(&self, reply: &Canned, me: &Account) -> String {
        let read = CannedReply::parse(&reply.body, reply.locale, self.packs.resources());
        read.map_or_else(
            |_| reply.body.clone(),
            |read| read.fill(&Fill::from(&self.line), &me.name),
        )
    }

    fn judged(&self, draft: &CannedDraft) -> Result<(), Refused> {
        let long = draft.title.chars().count();
        if long == 0 {
            return Err(Refused::NoTitle);
        }
        if long > LONGEST_TITLE {
            return Err(Refused::TitleTooLong(long));
        }
        name::check(&draft.title)?;
        if draft.body.is_empty() {
            return Err(Refused::NoWords);
        }
        let found = check::canned(&self.packs, draft.locale, "", "", &draft.body);
        found
            .into_iter()
            .next()
            .map_or(Ok(()), |first| Err(first.into()))
    }
}

async fn save(
    tx: &mut Tx,
    by: &Account,
    draft: &CannedDraft,
    now: At,
) -> Result<Result<Uuid, Refused>, StoreError> {
    let all = tx.canned_replies().await?;
    if draft.id.is_some() && !all.iter().any(|one| Some(one.id) == draft.id) {
        return Ok(Err(Refused::Unknown));
    }
    let taken = all.iter().any(|one| {
        let same = one.title == draft.title || name::look_alike(&one.title, &draft.title);
        same && Some(one.id) != draft.id && one.locale == draft.locale
    });
    if taken {
        return Ok(Err(Refused::TitleTaken(draft.title.clone())));
    }
    let id = draft.id.unwrap_or_else(|| tx.id(now));
    let words = (draft.locale, draft.title.as_str(), draft.body.as_str());
    tx.keep_canned(id, words, Some(by.id), now).await?;
    let detail = json!({"title": draft.title, "locale": draft.locale, "body": draft.body});
    tx.audit(now, &by.login, "canned_reply.saved", Some(id), &detail)
        .await?;
    Ok(Ok(id))
}
