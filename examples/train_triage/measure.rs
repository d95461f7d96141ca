//! What the model finds in families that it has not seen, with the rules and without.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use harborline::triage::model::{Model, Settings};
use harborline::triage::{RuleError, RuleSet, Tier, Verdict, assess};

use crate::data::{FOLDS, Row};
use crate::fit::Recipe;

/// What was found in one held-out text.
pub(super) struct Finding<'a> {
    row: &'a Row,
    /// What the rules alone say.
    rules: Tier,
    /// The log-odds of a model that has not seen the family.
    log_odds: f32,
}

/// The thresholds of the model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Thresholds {
    pub(super) ask: f32,
    pub(super) page: f32,
}

/// How many ordinary texts the model alone may page, and page or ask, and topic texts page.
pub(super) const TARGETS: [f64; 3] = [0.005, 0.006, 0.05];

/// Trains once without each part of the families, and scores that part.
pub(super) fn held_out<'a>(
    recipe: &Recipe,
    rows: &'a [Row],
    settings: Settings,
) -> Result<Vec<Finding<'a>>, RuleError> {
    let mut rules = RuleSet::builtin_with(Model::silent())?;
    let mut findings = Vec::with_capacity(rows.len());
    for fold in 0..FOLDS {
        let weights = recipe.fit(rows.iter().filter(|row| row.fold() != fold));
        rules = rules.with_model(weights.quantised(settings));
        let measured = |row: &&Row| row.fold() == fold && !row.of_rule;
        for row in rows.iter().filter(measured) {
            let verdict = assess(&rules, &row.text);
            findings.push(Finding {
                row,
                rules: without_model(&verdict),
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

/// The lowest thresholds that keep the false alarms of the model within [`TARGETS`].
pub(super) fn thresholds(findings: &[Finding]) -> Thresholds {
    let lowest = |tier: Tier, share: f64| {
        let of_tier = findings.iter().filter(|finding| finding.row.tier == tier);
        let mut scores: Vec<f32> = of_tier.map(|finding| finding.log_odds).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        // The first that must stay below.
        let may = scores.iter().zip(1..).take_while(|(_, count)| {
            f64::from(*count) <= share * f64::from(u32::try_from(scores.len()).unwrap_or(u32::MAX))
        });
        let above = scores.get(may.count()).copied().unwrap_or(0.0) + 0.005;
        (above * 100.0).round() / 100.0
    };
    let [page, ask, topic] = TARGETS;
    let page = lowest(Tier::None, page).max(lowest(Tier::Topic, topic));
    Thresholds {
        ask: lowest(Tier::None, ask).min(page),
        page,
    }
}

/// The figures, as tables of the manifest.
pub(super) fn tables(
    findings: &[Finding],
    thresholds: Thresholds,
) -> Result<String, std::fmt::Error> {
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
                    (
                        "both",
                        count(&|one| one.rules >= tier || one.log_odds >= threshold),
                    ),
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
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
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
