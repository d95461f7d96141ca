//! What the model finds in families that it has not seen, with the rules and without.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use harborline::triage::model::{Model, Settings};
use harborline::triage::{Hit, RuleError, RuleSet, Tier, Verdict, assess};

use crate::data::{FOLDS, Row};
use crate::fit::Recipe;

/// What was found in one held-out text.
pub(super) struct Finding<'a> {
    row: &'a Row,
    /// What the rules alone say, without those that depend on the model.
    rules: Tier,
    /// Whether a weak rule has found something.
    weak: bool,
    /// Whether a rule, perhaps a weak one, asks by itself.
    asked: bool,
    /// The log-odds of a model that has not seen the family.
    log_odds: f32,
}

impl Finding<'_> {
    /// What rules and model make of it together.
    fn both(&self, at: Thresholds) -> Tier {
        let asked = self.asked && (!self.weak || self.log_odds >= at.weak);
        let pages = self.log_odds >= at.page || asked && self.log_odds >= at.supported;
        let by_model = if pages {
            Tier::High
        } else if self.log_odds >= at.ask || self.weak && self.log_odds >= at.weak {
            Tier::Concern
        } else {
            Tier::None
        };
        self.rules.max(by_model)
    }
}

/// The thresholds of the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thresholds {
    pub(super) weak: f32,
    pub(super) ask: f32,
    pub(super) supported: f32,
    pub(super) page: f32,
}

/// The thresholds of the model that ships. A person chose them, on everyday texts of other hands that are
/// kept out of the repository (docs/triage.md has what was found there): the everyday texts of the
/// training are mostly such as mislead, and a share of them says little about a line.
pub(super) const THRESHOLDS: Thresholds = Thresholds {
    weak: -0.95,
    ask: 0.7,
    supported: 0.8,
    page: 1.3,
};

/// Trains once without each part of the families, and scores that part.
pub(super) fn held_out<'a>(
    recipe: &Recipe,
    rows: &'a [Row],
    settings: Settings,
    fitted: impl Fn(),
) -> Result<Vec<Finding<'a>>, RuleError> {
    let mut rules = RuleSet::builtin_with(Model::silent())?;
    let mut findings = Vec::with_capacity(rows.len());
    for fold in 0..FOLDS {
        let weights = recipe.fit(rows.iter().filter(|row| row.fold() != fold));
        rules = rules.with_model(weights.quantised(settings));
        fitted();
        for row in rows.iter().filter(|row| row.fold() == fold) {
            let verdict = assess(&rules, &row.text);
            let asks = |hit: &Hit| hit.tier == Tier::Concern && !hit.rule.starts_with("model.");
            let weak = !verdict.unsupported.is_empty();
            findings.push(Finding {
                row,
                rules: without_model(&verdict),
                weak,
                asked: weak || verdict.hits.iter().any(asks),
                log_odds: verdict.model.as_ref().map_or(f32::MIN, |model| {
                    let score = model.score.clamp(1e-7, 1.0 - 1e-6);
                    (score / (1.0 - score)).ln()
                }),
            });
        }
    }
    Ok(findings)
}

/// What rules and model find in texts of somebody else's, by their labels: how many, then the shares
/// that are paged, and paged or asked, by both and by the rules alone.
pub(super) fn on(model: Model, texts: &str) -> Result<String, Box<dyn Error>> {
    let rules = RuleSet::builtin_with(model)?;
    let mut found: BTreeMap<&str, Vec<(Tier, Tier)>> = BTreeMap::new();
    for (label, text) in texts.lines().filter_map(|line| line.split_once('\t')) {
        let verdict = assess(&rules, text);
        let tiers = (verdict.tier, without_model(&verdict));
        found.entry(label).or_default().push(tiers);
    }
    let mut out = String::new();
    for (label, tiers) in found {
        let share = |holds: &dyn Fn(&(Tier, Tier)) -> bool| {
            let count = tiers.iter().filter(|tiers| holds(tiers)).count();
            wilson(count, tiers.len())[0]
        };
        writeln!(
            out,
            "  {label:10} {:5}  page {:.3}  page or ask {:.3}  rules alone {:.3} {:.3}",
            tiers.len(),
            share(&|(both, _)| *both >= Tier::High),
            share(&|(both, _)| *both >= Tier::Concern),
            share(&|(_, rules)| *rules >= Tier::High),
            share(&|(_, rules)| *rules >= Tier::Concern),
        )?;
    }
    Ok(out)
}

fn without_model(verdict: &Verdict) -> Tier {
    let hits = verdict.hits.iter();
    let hits = hits.filter(|hit| !hit.rule.starts_with("model."));
    let guarded = verdict.guarded.iter().map(|_| Tier::Concern);
    hits.map(|hit| hit.tier)
        .chain(guarded)
        .max()
        .unwrap_or(Tier::None)
}

fn number(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// The figures, as tables of the manifest.
pub(super) fn tables(findings: &[Finding]) -> Result<String, std::fmt::Error> {
    let thresholds = THRESHOLDS;
    let mut out = String::new();
    for (language, spanish) in [("en", false), ("es", true)] {
        for (name, tiers) in [
            ("crisis", [Tier::High, Tier::Imminent].as_slice()),
            ("concern", &[Tier::Concern]),
            ("topic", &[Tier::Topic]),
            ("everyday", &[Tier::None]),
        ] {
            let group: Vec<&Finding> = findings
                .iter()
                .filter(|one| one.row.spanish == spanish && tiers.contains(&one.row.tier))
                .collect();
            writeln!(out, "\n[held_out.{language}.{name}]")?;
            writeln!(out, "messages = {}", group.len())?;
            for (action, tier, threshold) in [
                ("page", Tier::High, thresholds.page),
                ("page_or_ask", Tier::Concern, thresholds.ask),
            ] {
                let count = |holds: &dyn Fn(&Finding) -> bool| {
                    group.iter().filter(|finding| holds(finding)).count()
                };
                for (who, found) in [
                    ("rules", count(&|one| one.rules >= tier)),
                    ("model", count(&|one| one.log_odds >= threshold)),
                    ("both", count(&|one| one.both(thresholds) >= tier)),
                ] {
                    let [share, low, high] = wilson(found, group.len());
                    writeln!(
                        out,
                        "{action}_{who} = [{share:.3}, {low:.3}, {high:.3}]  # {found}"
                    )?;
                }
            }
        }
    }
    Ok(out)
}

/// A share and its 95 % interval after Wilson.
fn wilson(found: usize, of: usize) -> [f64; 3] {
    let (found, of) = (number(found), number(of.max(1)));
    let (share, z) = (found / of, 1.96_f64);
    let middle = share + z * z / (2.0 * of);
    let reach = z * (share * (1.0 - share) / of + z * z / (4.0 * of * of)).sqrt();
    let whole = 1.0 + z * z / of;
    [
        share,
        ((middle - reach) / whole).max(0.0),
        ((middle + reach) / whole).min(1.0),
    ]
}
