//! Review: the content packs in force, what is found of them, who signed which version off, and a
//! conversation with them on paper. Floor 3.
//!
//! What people wrote into files comes into force at a start; here they say that they have read it.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;
use uuid::Uuid;

use crate::clock::{At, Clock};
use crate::content::check::{Finding, Strictness, check};
use crate::content::review::{Text, marks_of, texts};
use crate::content::{Approval, Fill, PackFile, Packs, approval};
use crate::conversation::{Line, Moment, Played, Setting, rehearse};
use crate::locale::Locale;
use crate::phrasebook;
use crate::rulebook::Rulebook;
use crate::store::{Account, NewApproval, Store, StoreError};
use crate::triage::{RuleSet, Verdict};

/// The longest that an approval may hold, in months: what nobody reads for longer is not looked after.
pub const LONGEST_MONTHS: i32 = 24;

/// The setting that holds what was last written down of the packs in force.
const NOTED: &str = "content.in_force";

/// Looks at the packs in force.
pub struct Review {
    /// Where approvals are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The words in force.
    pub packs: Arc<Packs>,
    /// The line, as texters are told.
    pub line: Line,
    /// The folder of edited packs, if one is configured.
    pub directory: Option<PathBuf>,
    /// Why the edited packs were refused at the start, if they were: then the built-in ones serve.
    pub refused: Option<Arc<phrasebook::Refused>>,
    /// The triage rules, for conversations on paper.
    pub rulebook: Arc<Rulebook>,
    /// Judges a text by them.
    pub assess: fn(&RuleSet, &str) -> Verdict,
}

/// What is found of the packs in force.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The day of the look.
    pub today: Date,
    /// What `content check` finds, and what nobody has signed off.
    pub findings: Vec<Finding>,
    /// Who signed what off, the latest first.
    pub approvals: Vec<Approval>,
}

/// Why a version was not signed off; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// The version that was read is not the one that serves.
    #[error("Another version is in force by now. Read it, then approve it.")]
    Changed,
    /// No day, or one that is over or too far away.
    #[error("Choose a day after today, within {LONGEST_MONTHS} months.")]
    Day,
}

impl Review {
    /// What is found of the packs in force, and who signed what off.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        let approvals = self.store.read().await?.approvals().await?;
        let today = self.today();
        let how = Strictness {
            today,
            release: false,
        };
        let mut findings = check(&self.packs, how);
        findings.extend(approval::findings(&self.packs, &approvals, today));
        Ok(Overview {
            today,
            findings,
            approvals,
        })
    }

    /// Every text of a language, as this line sends it.
    #[must_use]
    pub fn texts(&self, locale: Locale) -> Vec<Text> {
        texts(&self.packs, locale, &Fill::from(&self.line))
    }

    /// The day.
    #[must_use]
    pub fn today(&self) -> Date {
        self.clock.now().day()
    }

    /// Signs the version of a file off that is in force. `read` is the version that was read, and
    /// `review_on` the day on which it is to be read again.
    ///
    /// # Errors
    /// The outer error is the store's; the inner one says why not.
    pub async fn approve(
        &self,
        staff: &Account,
        file: PackFile,
        read: &str,
        review_on: Option<Date>,
    ) -> Result<Result<(), NotApproved>, StoreError> {
        if read != self.packs.hash(file) {
            return Ok(Err(NotApproved::Changed));
        }
        let now = self.clock.now();
        let Some(review_on) = review_on.filter(|day| may_hold_until(*day, now)) else {
            return Ok(Err(NotApproved::Day));
        };
        let work = Arc::new((staff.clone(), read.to_owned(), marks_of(&self.packs, file)));
        let unit = self.store.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (staff, hash, marks) = &*work;
                let new = NewApproval {
                    file,
                    hash,
                    marks,
                    staff_id: staff.id,
                    review_on,
                    at: now,
                };
                let id = tx.approve(&new).await?;
                let detail = json!({
                    "file": file.word(), "version": hash, "review_on": review_on.to_string(),
                });
                tx.audit(now, &staff.login, "content.approved", Some(id), &detail)
                    .await
            })
        });
        unit.await.map(Ok)
    }

    /// Writes down which version of each pack is in force, where that is another than at the start before, and
    /// whether edited ones were refused: what texters are told comes into force at a start, by whoever wrote the
    /// files. As long as nobody has edited any, the version of the program says it all.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be written down; the packs count all the same.
    pub async fn note_in_force(&self) -> Result<(), StoreError> {
        let action = match &self.refused {
            None => "content.in_force",
            Some(_) => "content.refused",
        };
        let version = |file: PackFile| (file.word().to_owned(), self.packs.hash(file).into());
        let versions: serde_json::Map<_, _> = PackFile::ALL.into_iter().map(version).collect();
        let (now, edited) = (self.clock.now(), self.directory.is_some());
        let detail = Arc::new(serde_json::Value::from(versions));
        let said = Arc::new(format!("{action} {detail}"));
        let unit = self.store.write(move |tx| {
            let (detail, said) = (Arc::clone(&detail), Arc::clone(&said));
            Box::pin(async move {
                let before = tx.setting(NOTED).await?;
                let is_news = match &before {
                    Some(before) => before != said.as_bytes(),
                    None => edited,
                };
                if is_news {
                    tx.audit(now, "operator", action, None, &detail).await?;
                    tx.set_setting(NOTED, said.as_bytes()).await?;
                }
                Ok(())
            })
        });
        unit.await
    }

    /// Takes an approval back. `false` when there is none that stands.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn withdraw(&self, staff: &Account, id: Uuid) -> Result<bool, StoreError> {
        let (now, staff) = (self.clock.now(), Arc::new(staff.clone()));
        let unit = self.store.write(move |tx| {
            let staff = Arc::clone(&staff);
            Box::pin(async move {
                let withdrawn = tx.withdraw_approval(id, staff.id, now).await?;
                if withdrawn {
                    let action = "content.approval_withdrawn";
                    tx.audit(now, &staff.login, action, Some(id), &json!({}))
                        .await?;
                }
                Ok(withdrawn)
            })
        });
        unit.await
    }

    /// Plays a conversation through with the packs and rules in force. Nothing is kept and nobody paged.
    #[must_use]
    pub fn rehearse(&self, locale: Locale, moments: &[Moment]) -> Vec<Played> {
        let setting = Setting {
            start: self.clock.now(),
            locale,
            line: &self.line,
            packs: &self.packs,
        };
        let rules = self.rulebook.current();
        rehearse(setting, moments, |words| (self.assess)(&rules, words))
    }
}

fn may_hold_until(day: Date, now: At) -> bool {
    let last = now.day().checked_add(LONGEST_MONTHS.months());
    day > now.day() && last.is_ok_and(|last| day <= last)
}
