//! The triage lab: what the rules in force make of a text, what an edited rule file would change, and
//! putting it in force. Floor 3.
//!
//! A text that is looked at here is kept nowhere. Rules come into force by the same path as on SIGHUP:
//! whole or not at all.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Mutex;

use crate::clock::{At, Clock};
use crate::locale::Locale;
use crate::rulebook::{NotPut, Refused, Rulebook};
use crate::store::{Account, Store, StoreError};
use crate::triage::corpus::{self, Change};
use crate::triage::{Explanation, OnTrial, RuleError, RuleSet, Verdict};

/// For so long rules on trial are counted for the page, in days.
pub const COUNTED_DAYS: u64 = 30;

/// Looks at texts and rules.
pub struct Lab {
    /// Where the counts of rules on trial are kept.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The rules in force.
    pub rulebook: Arc<Rulebook>,
    /// Judges a text by rules.
    pub assess: fn(&RuleSet, &str) -> Verdict,
    /// Held while rules are tried out: it takes a processor for seconds, and one is enough.
    pub bench: Mutex<()>,
}

/// The rules in force.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Their hash.
    pub ruleset: String,
    /// The files that they were read from.
    pub names: Vec<String>,
    /// The folder of edited files, if one is set.
    pub directory: Option<String>,
    /// Why the files that were read last did not come into force, if they did not.
    pub refused: Option<Arc<Refused>>,
    /// How many rules act, and how many guards there are.
    pub counts: (usize, usize),
    /// The rules on trial, each with the number of texts that it would have found in
    /// [`COUNTED_DAYS`] days. One that is in no file any more has no tier.
    pub on_trial: Vec<Counted>,
}

/// A rule on trial, and how often it would have acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The rule; none when only its count is left.
    pub rule: Option<OnTrial>,
    /// Its id.
    pub id: String,
    /// The texts.
    pub texts: i64,
}

/// An edited rule file.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Its language.
    pub locale: Locale,
    /// What is in it.
    pub text: String,
}

/// What came of trying an edited rule file out.
#[derive(Debug)]
pub struct Trial {
    /// The hash of the rules in force that it was compared with.
    pub against: String,
    /// The hash that the rules would have.
    pub ruleset: String,
    /// The sentences of the corpus that would change their tier.
    pub changes: Vec<Change>,
    /// How many sentences were compared.
    pub compared: usize,
    /// How many rules would act, and how many guards there would be.
    pub counts: (usize, usize),
    /// What the edited rules make of a text, if one was given.
    pub explained: Option<Explanation>,
}

impl Trial {
    /// Whether the rules may come into force: no sentence of the corpus is broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.changes.iter().any(Change::breaks)
    }
}

/// Why an edited rule file was not tried out.
#[derive(Debug, thiserror::Error)]
pub enum NotTried {
    /// It does not hold by itself.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// Another one is being tried out.
    #[error("Somebody else is trying rules out just now. Try yours again in a few seconds.")]
    Busy,
    /// It broke what reads it.
    #[error("This file could not be read to its end. Try it with `harborline triage --rules DIR`.")]
    Panicked,
}

impl Lab {
    /// What the rules in force make of a text: what `harborline triage --explain` prints. The text is
    /// kept nowhere. Texts from before are not read with it.
    ///
    /// # Errors
    /// [`StoreError::Panicked`] when triage breaks on it.
    pub async fn explain(&self, text: String) -> Result<Explanation, StoreError> {
        let (rules, assess) = (self.rulebook.current(), self.assess);
        // The time grows with the length, and whoever pastes a book must not hold a texter up.
        let judge = move || Explanation::of(&text, &assess(&rules, &text), rules.model_settings());
        let judged = tokio::task::spawn_blocking(judge);
        judged.await.map_err(|_| StoreError::Panicked)
    }

    /// The rules in force, and how those on trial do.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn overview(&self) -> Result<Overview, StoreError> {
        let since = self
            .clock
            .now()
            .minus(Duration::from_hours(24 * COUNTED_DAYS));
        let counts = self.store.read().await?.shadow_counts(since).await?;
        let rules = self.rulebook.current();
        Ok(Overview {
            ruleset: rules.hash().to_owned(),
            names: self.rulebook.names(),
            directory: self
                .rulebook
                .directory()
                .map(|directory| directory.display().to_string()),
            refused: self.rulebook.refused(),
            counts: rules.counts(),
            on_trial: counted(rules.on_trial(), &counts),
        })
    }

    /// Tries an edited rule file out: its examples, and the corpus against the rules in force. Nothing
    /// comes into force.
    ///
    /// # Errors
    /// [`NotTried`]
    pub async fn try_out(&self, edit: Edit, text: Option<String>) -> Result<Trial, NotTried> {
        let _bench = self.bench.try_lock().map_err(|_| NotTried::Busy)?;
        let (rulebook, assess) = (Arc::clone(&self.rulebook), self.assess);
        let work = move || {
            let before = rulebook.current();
            let after = rulebook.try_out(edit.locale, &edit.text)?;
            Ok(Trial {
                against: before.hash().to_owned(),
                ruleset: after.hash().to_owned(),
                changes: corpus::difference(&before, &after),
                compared: corpus::sentences().count(),
                counts: after.counts(),
                explained: text.map(|text| {
                    let verdict = assess(&after, &text);
                    Explanation::of(&text, &verdict, after.model_settings())
                }),
            })
        };
        let tried = tokio::task::spawn_blocking(work);
        tried.await.map_err(|_| NotTried::Panicked)?
    }

    /// Puts an edited rule file in force, as a reload does, and notes who did. `tried` is the hash of the
    /// rules that it was tried out against.
    ///
    /// # Errors
    /// The outer error is the store's: the rules count all the same. The inner one says why they are not
    /// in force.
    pub async fn put_in_force(
        &self,
        staff: &Account,
        edit: Edit,
        tried: String,
    ) -> Result<Result<(), NotPut>, StoreError> {
        let rulebook = Arc::clone(&self.rulebook);
        let locale = edit.locale;
        let put = tokio::task::spawn_blocking(move || rulebook.put(locale, &edit.text, &tried));
        match put.await.map_err(|_| StoreError::Panicked)? {
            Ok(rules) => {
                tracing::info!(
                    ruleset = rules.hash(),
                    "these triage rules are in force, put there on the page of the lab"
                );
                let detail = json!({"ruleset": rules.hash(), "file": locale.tag()});
                self.note(&staff.login, "rules.in_force", detail).await?;
                Ok(Ok(()))
            }
            Err(why) => {
                let detail =
                    json!({"ruleset": self.rulebook.current().hash(), "file": locale.tag()});
                self.note(&staff.login, "rules.refused", detail).await?;
                Ok(Err(why))
            }
        }
    }

    /// Reads the edited rule files again. If they are refused, the rules in force stay, and log, audit
    /// log and `/readyz` say so.
    ///
    /// # Errors
    /// [`StoreError`] when that cannot be written down; the rules count all the same.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let rulebook = Arc::clone(&self.rulebook);
        let reload = tokio::task::spawn_blocking(move || rulebook.reload());
        let action = match reload.await.map_err(|_| StoreError::Panicked)? {
            Ok(rules) => {
                tracing::info!(ruleset = rules.hash(), "these triage rules are in force");
                "rules.in_force"
            }
            Err(reason) => {
                tracing::error!(%reason, "edited triage rules were refused; the rules in force stay");
                "rules.refused"
            }
        };
        let detail = json!({"ruleset": self.rulebook.current().hash()});
        self.note("operator", action, detail).await
    }

    async fn note(
        &self,
        actor: &str,
        action: &'static str,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let now: At = self.clock.now();
        let said = Arc::new((actor.to_owned(), detail));
        let unit = self.store.write(move |tx| {
            let said = Arc::clone(&said);
            Box::pin(async move { tx.audit(now, &said.0, action, None, &said.1).await })
        });
        unit.await
    }
}

/// The rules on trial with their counts; then counts of rules that are not on trial any more.
fn counted(rules: Vec<OnTrial>, counts: &[(String, i64)]) -> Vec<Counted> {
    let texts = |id: &str| {
        let found = counts.iter().find(|(rule, _)| rule == id);
        found.map_or(0, |(_, texts)| *texts)
    };
    let known: Vec<String> = rules.iter().map(|rule| rule.rule.clone()).collect();
    let current = rules.into_iter().map(|rule| Counted {
        texts: texts(&rule.rule),
        id: rule.rule.clone(),
        rule: Some(rule),
    });
    let gone = counts.iter().filter(|(rule, _)| !known.contains(rule));
    let gone = gone.map(|(id, texts)| Counted {
        rule: None,
        id: id.clone(),
        texts: *texts,
    });
    current.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::Tier;

    #[test]
    fn a_count_outlives_its_rule_and_a_rule_without_a_text_counts_zero() {
        let on_trial = |id: &str| OnTrial {
            rule: id.to_owned(),
            tier: Tier::High,
            why: "Says so".to_owned(),
        };
        let counts = vec![("own.old".to_owned(), 3), ("own.pier".to_owned(), 2)];
        let all = counted(vec![on_trial("own.new"), on_trial("own.pier")], &counts);
        let short: Vec<_> = all
            .iter()
            .map(|one| (one.id.as_str(), one.texts, one.rule.is_some()))
            .collect();
        assert_eq!(
            short,
            [
                ("own.new", 0, true),
                ("own.pier", 2, true),
                ("own.old", 3, false)
            ]
        );
    }
}
