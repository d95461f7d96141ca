//! The facts, times and drills of a report: their words, their charts, and what of them can be taken away.

use std::time::Duration;

use super::parts::parts;
use crate::clock::At;
use crate::content::codes::Codes;
use crate::http::staff::chart::{Chart, Lying, lying};
use crate::http::staff::when::wait;
use crate::http::words::{phrase, said, tr};
use crate::oncall::Variant;
use crate::oncall::drill::took;
use crate::reports::{Answers, Field, Figures, Group, Measure, Period, Spread, Table};

/// Fewer times than this say too much of single people to be given away.
const FEW: u64 = 5;

/// One of the figures that stand above all others.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) words: String,
}

/// A line of the table of times.
pub(super) struct Wait {
    /// What is measured; empty where the row before says so.
    pub(super) measure: &'static str,
    pub(super) group: &'static str,
    pub(super) count: u64,
    pub(super) median: String,
    pub(super) p90: String,
    pub(super) p99: String,
}

/// The figures that stand above all others.
pub(super) fn facts(figures: &Figures) -> Vec<Fact> {
    let answered = figures.texts.answered();
    let person = figures.answered_by_a_person(Group::All);
    let crisis = figures.answered_by_a_person(Group::Crisis);
    let first = |group| {
        let spread = figures.waits.get(&(Measure::Answered, group));
        spread.copied().unwrap_or_default()
    };
    let of = |answers: Answers| {
        let (answered, all) = (answers.answered, answers.of);
        tr!("{answered} of {all}", answered, all)
    };
    vec![
        Fact {
            name: phrase!("Conversations"),
            value: figures.conversations.to_string(),
            words: tr!("{n} texts came in", n = figures.texts.all()),
        },
        Fact {
            name: phrase!("Texts answered"),
            value: percent(answered),
            words: tr!("{of} that were owed an answer", of = of(answered)),
        },
        Fact {
            name: phrase!("Cases answered by a person"),
            value: percent(person),
            words: tr!(
                "{of}; of crises {crises}",
                of = of(person),
                crises = of(crisis)
            ),
        },
        Fact {
            name: phrase!("To the first words of a person, in a crisis"),
            value: time(first(Group::Crisis).median),
            words: tr!("the median of {n}", n = first(Group::Crisis).count),
        },
    ]
}

/// The table of times.
pub(super) fn waits(figures: &Figures) -> Vec<Wait> {
    let mut lines = Vec::new();
    for measure in Measure::ALL {
        for group in Group::ALL {
            let spread = spread(figures, measure, group);
            lines.push(Wait {
                measure: name_of(measure),
                group: name_of_group(group),
                count: spread.count,
                median: time(spread.median),
                p90: time(spread.p90),
                p99: time(spread.p99),
            });
        }
    }
    lines
}

/// How far half of all, and nine of ten, had to wait.
pub(super) fn waits_chart(figures: &Figures) -> Chart {
    let rows = Measure::ALL.map(|measure| {
        let spread = spread(figures, measure, Group::All);
        let length = |time: Option<i64>| u64::try_from(time.unwrap_or(0)).unwrap_or(0);
        Lying {
            words: said(short_name_of(measure)),
            end: format!("{} · {}", time(spread.median), time(spread.p90)),
            bars: vec![
                ("bar-of slow", length(spread.p90)),
                ("bar-of", length(spread.median)),
            ],
        }
    });
    let words = rows.iter().map(|row| format!("{}: {}", row.words, row.end));
    let words: Vec<String> = words.collect();
    lying(
        "waits",
        tr!("How long it took: the median and the 90th percentile"),
        format!("{}.", words.join("; ")),
        &rows,
    )
}

/// The drills: what was shown, how it ended, how many.
pub(super) fn drills(figures: &Figures) -> Vec<(&'static str, &'static str, u64)> {
    let name = |word: &str| {
        let mut variants = Variant::ALL.into_iter();
        let variant = variants.find(|variant| variant.word() == word);
        variant.map_or("", Variant::name)
    };
    let drills = figures.drills.iter();
    drills
        .map(|((variant, outcome), count)| {
            (
                name(variant),
                outcome.unwrap_or(phrase!("going on")),
                *count,
            )
        })
        .collect()
}

/// A table by its name, as it is given away.
pub(super) fn table(figures: &Figures, codes: &Codes, name: &str, period: Period) -> Option<Table> {
    match name {
        "waits" => Some(waits_given_away(figures, period)),
        "drills" => Some(drills_given_away(figures, period)),
        _ => {
            let mut all = parts(figures, codes).into_iter();
            let found = all.find(|parts| parts.key == name)?;
            Some(found.given_away(period))
        }
    }
}

/// Without the numbers of cases: together with those of other tables they would tell what was taken out there.
fn waits_given_away(figures: &Figures, period: Period) -> Table {
    let head = [
        "from",
        "until",
        "measure",
        "of",
        "median_ms",
        "percentile_90_ms",
        "percentile_99_ms",
    ];
    let mut rows = Vec::new();
    for measure in Measure::ALL {
        for group in Group::ALL {
            let spread = spread(figures, measure, group);
            let field = |time: Option<i64>| match time {
                Some(time) if spread.count >= FEW => {
                    Field::Number(u64::try_from(time).unwrap_or(0))
                }
                Some(_) => Field::TakenOut,
                None => Field::Words(String::new()),
            };
            rows.push(vec![
                Field::Words(period.from.to_string()),
                Field::Words(period.until.to_string()),
                Field::Words(name_of(measure).to_owned()),
                Field::Words(name_of_group(group).to_owned()),
                field(spread.median),
                field(spread.p90),
                field(spread.p99),
            ]);
        }
    }
    Table {
        head: head.map(str::to_owned).into(),
        rows,
    }
}

/// Nobody is behind a drill: nothing is taken out.
fn drills_given_away(figures: &Figures, period: Period) -> Table {
    let rows = drills(figures).into_iter().map(|(name, outcome, count)| {
        vec![
            Field::Words(period.from.to_string()),
            Field::Words(period.until.to_string()),
            Field::Words(name.to_owned()),
            Field::Words(outcome.to_lowercase()),
            Field::Number(count),
        ]
    });
    Table {
        head: ["from", "until", "drill", "outcome", "count"]
            .map(str::to_owned)
            .into(),
        rows: rows.collect(),
    }
}

fn spread(figures: &Figures, measure: Measure, group: Group) -> Spread {
    let spread = figures.waits.get(&(measure, group));
    spread.copied().unwrap_or_default()
}

const fn name_of(measure: Measure) -> &'static str {
    match measure {
        Measure::Replied => phrase!("First reply"),
        Measure::Acknowledged => phrase!("Acknowledged, from the page"),
        Measure::Claimed => phrase!("Claimed, from the opening"),
        Measure::Answered => phrase!("First words of a person, from the opening"),
    }
}

/// The same, short enough for a chart.
const fn short_name_of(measure: Measure) -> &'static str {
    match measure {
        Measure::Replied => phrase!("First reply"),
        Measure::Acknowledged => phrase!("Acknowledged"),
        Measure::Claimed => phrase!("Claimed"),
        Measure::Answered => phrase!("First words of a person"),
    }
}

const fn name_of_group(group: Group) -> &'static str {
    match group {
        Group::All => phrase!("all"),
        Group::Crisis => phrase!("crisis"),
        Group::Other => phrase!("other"),
    }
}

/// A share, as in "98.4 %".
pub(super) fn percent(answers: Answers) -> String {
    answers.share().map_or_else(
        || "–".to_owned(),
        |share| format!("{}.{} %", share / 10, share % 10),
    )
}

/// A time, as in "0.80 s" or "2 min 05 s"; a number stays beside its unit.
fn time(time: Option<i64>) -> String {
    let words = match time {
        None => return "–".to_owned(),
        Some(short) if short < 60_000 => took(short),
        Some(long) => {
            let long = u64::try_from(long).unwrap_or(0);
            wait(At(0), At(0).plus(Duration::from_millis(long)))
        }
    };
    let units = [" h", " min", " s"].into_iter();
    units.fold(words, |words, unit| {
        words.replace(unit, &unit.replace(' ', "\u{a0}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_exact_as_anyone_reads_it_and_a_share_of_nothing_is_none() {
        for (ms, words) in [
            (Some(800), "0.80\u{a0}s"),
            (Some(59_999), "59\u{a0}s"),
            (Some(125_000), "2\u{a0}min 05\u{a0}s"),
            (Some(3_720_000), "1\u{a0}h 02\u{a0}min"),
            (None, "–"),
        ] {
            assert_eq!(time(ms), words);
        }
        assert_eq!(percent(Answers::default()), "–");
        let most = Answers {
            answered: 9_999,
            of: 10_000,
        };
        assert_eq!(percent(most), "99.9 %");
    }
}
