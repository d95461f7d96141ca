//! The tables of a report: their words, their charts, and what of them can be taken away.

use std::time::Duration;

use crate::clock::At;
use crate::content::codes::{self, Codes};
use crate::http::staff::chart::{Chart, Lying, lying, upright};
use crate::http::staff::when::wait;
use crate::http::words::{phrase, said, tr};
use crate::oncall::Variant;
use crate::oncall::drill::took;
use crate::reports::{
    Answers, CaseEnd, Ending, Field, Figures, Group, Measure, Period, Spread, Table, suppressed,
};
use crate::triage::Tier;

/// Fewer times than this say too much of single people to be given away.
const FEW: u64 = 5;

/// One of the figures that stand above all others.
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) words: String,
}

/// A table of parts of a whole.
pub(super) struct Counted {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    /// What a row is.
    pub(super) head: &'static str,
    /// Each part: words, number, share.
    pub(super) rows: Vec<(String, u64, String)>,
    pub(super) total: u64,
    pub(super) chart: Chart,
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

/// Parts of a whole, before they are drawn.
struct Parts {
    key: &'static str,
    title: &'static str,
    note: &'static str,
    head: &'static str,
    /// Whether its chart has upright bars, and how many rows apart a word stands under them.
    upright: Option<usize>,
    rows: Vec<(String, u64)>,
}

/// Every table of parts, in the order of the page.
fn parts(figures: &Figures, codes: &Codes) -> Vec<Parts> {
    vec![
        texts(figures),
        cases(figures),
        hours(figures),
        weekdays(figures),
        tiers(figures),
        outcomes(figures, codes),
        languages(figures),
        opt_outs(figures),
    ]
}

fn texts(figures: &Figures) -> Parts {
    let texts = &figures.texts;
    let mut rows = vec![
        (phrase!("answered in time").to_owned(), texts.in_time),
        (phrase!("answered late").to_owned(), texts.late),
        (
            phrase!("not answered yet, in time").to_owned(),
            texts.waiting,
        ),
        (phrase!("not answered, overdue").to_owned(), texts.overdue),
    ];
    let reasons = texts.reasons.iter();
    rows.extend(reasons.map(|(reason, count)| (format!("closed: {}", closed(reason)), *count)));
    Parts {
        key: "texts",
        title: phrase!("Texts and their answers"),
        note: phrase!(
            "Every text that came in, by what became of the answer that it was owed. One that was closed had a recorded reason."
        ),
        head: phrase!("Text"),
        upright: None,
        rows,
    }
}

/// Why a text needed no answer of its own, in words; a reason of a later version by its name.
fn closed(reason: &str) -> &str {
    match reason {
        "opted_out" => phrase!("they had opted out"),
        "keyword_handled" => phrase!("the carrier answered the keyword"),
        "loop_guard" => phrase!("from a machine that answers itself"),
        "closed_by_staff" => phrase!("the conversation was closed"),
        "undeliverable" => phrase!("the answer could not be delivered"),
        "carrier_opt_out" => phrase!("the carrier blocks us"),
        "expired" => phrase!("the answer would have come too late"),
        "erased" => phrase!("they had everything deleted"),
        other => other,
    }
}

fn cases(figures: &Figures) -> Parts {
    let mut rows = Vec::new();
    for (name, cases) in [("crisis", &figures.crises), ("other", &figures.others)] {
        for end in CaseEnd::ALL {
            let words = match end {
                CaseEnd::Answered => phrase!("a person answered"),
                CaseEnd::Unanswered => phrase!("closed without a person's words"),
                CaseEnd::Waiting => phrase!("open, no person has written yet"),
                CaseEnd::NotNeeded => phrase!("nobody needed: they said that they are safe"),
                CaseEnd::Begun => phrase!("begun or gone on by a person, nobody called"),
            };
            // A crisis is paged at once: it can be neither of the last two, but for what was raised later.
            let count = cases.get(&end).copied().unwrap_or(0);
            let rare = matches!(end, CaseEnd::NotNeeded | CaseEnd::Begun) && name == "crisis";
            if count > 0 || !rare {
                rows.push((format!("{name}: {words}"), count));
            }
        }
    }
    Parts {
        key: "cases",
        title: phrase!("Cases and who answered"),
        note: phrase!(
            "A case calls a person: for a crisis, an unclear answer to our question, or somebody who asks for one."
        ),
        head: phrase!("Case"),
        upright: None,
        rows,
    }
}

fn hours(figures: &Figures) -> Parts {
    let hours = figures.hours.iter().enumerate();
    Parts {
        key: "hours",
        title: phrase!("Conversations by hour"),
        note: phrase!("By the hour in which they were opened."),
        head: phrase!("Hour"),
        upright: Some(6),
        rows: hours
            .map(|(hour, count)| (format!("{hour:02}:00"), *count))
            .collect(),
    }
}

fn weekdays(figures: &Figures) -> Parts {
    const NAMES: [&str; 7] = [
        phrase!("Monday"),
        phrase!("Tuesday"),
        phrase!("Wednesday"),
        phrase!("Thursday"),
        phrase!("Friday"),
        phrase!("Saturday"),
        phrase!("Sunday"),
    ];
    let days = NAMES.iter().zip(figures.weekdays);
    Parts {
        key: "weekdays",
        title: phrase!("Conversations by weekday"),
        note: phrase!("By the day on which they were opened."),
        head: phrase!("Day"),
        upright: Some(1),
        rows: days
            .map(|(name, count)| ((*name).to_owned(), count))
            .collect(),
    }
}

fn tiers(figures: &Figures) -> Parts {
    let tier = |tier: Tier| {
        let count = figures.tiers.get(&tier).copied().unwrap_or(0);
        (tier.word().to_owned(), count)
    };
    Parts {
        key: "tiers",
        title: phrase!("Tiers"),
        note: phrase!(
            "The most urgent that triage found in a conversation, or what a person decided after it."
        ),
        head: phrase!("Tier"),
        upright: None,
        rows: Tier::ALL.into_iter().rev().map(tier).collect(),
    }
}

fn outcomes(figures: &Figures, codes: &Codes) -> Parts {
    let row = |(ending, count): (&Ending, &u64)| {
        let words = match ending {
            Ending::Outcome(code) => codes::line(&codes.outcomes, code)
                .map_or_else(|| code.clone(), |line| line.label.clone()),
            Ending::Without => phrase!("closed without a person").to_owned(),
            Ending::Open => phrase!("still open").to_owned(),
        };
        (words, *count)
    };
    Parts {
        key: "outcomes",
        title: phrase!("Outcomes"),
        note: phrase!("How conversations ended, in the words of who closed them."),
        head: phrase!("Outcome"),
        upright: None,
        rows: figures.endings.iter().map(row).collect(),
    }
}

fn languages(figures: &Figures) -> Parts {
    let row = |(tag, count): (&String, &u64)| {
        let words = match tag.as_str() {
            "en" => phrase!("English"),
            "es" => phrase!("Spanish"),
            "" => phrase!("not known"),
            other => other,
        };
        (words.to_owned(), *count)
    };
    Parts {
        key: "languages",
        title: phrase!("Languages"),
        note: phrase!("The language that a conversation was answered in at last."),
        head: phrase!("Language"),
        upright: None,
        rows: figures.locales.iter().map(row).collect(),
    }
}

fn opt_outs(figures: &Figures) -> Parts {
    let stayed = figures.conversations - figures.opted_out;
    Parts {
        key: "opt-outs",
        title: phrase!("Opt-outs"),
        note: phrase!("Conversations in which somebody sent STOP or a word like it."),
        head: phrase!("Conversation"),
        upright: None,
        rows: vec![
            (phrase!("they opted out").to_owned(), figures.opted_out),
            (phrase!("they did not").to_owned(), stayed),
        ],
    }
}

impl Parts {
    fn total(&self) -> u64 {
        self.rows.iter().map(|(_, count)| count).sum()
    }

    /// What one sees in the chart, for who does not see it.
    fn seen(&self) -> String {
        let most = self.rows.iter().max_by_key(|(_, count)| *count);
        match most {
            Some((words, count)) if *count > 0 => {
                tr!(
                    "{total} in all; the most, {count}: {words}.",
                    total = self.total(),
                    count,
                    words = said(words)
                )
            }
            _ => tr!("None in this time."),
        }
    }

    fn chart(&self) -> Chart {
        let (title, seen) = (said(self.title), self.seen());
        if let Some(apart) = self.upright {
            let under = |nth: usize, words: &str| {
                let short: String = words.chars().take(3).collect();
                match (apart, nth % apart) {
                    (1, _) => short,
                    (_, 0) => words.to_owned(),
                    _ => String::new(),
                }
            };
            let rows = self.rows.iter().enumerate();
            let values: Vec<(String, u64)> = rows
                .map(|(nth, (words, count))| (under(nth, &said(words)), *count))
                .collect();
            return upright(self.key, title, seen, &values);
        }
        let rows: Vec<Lying> = self
            .rows
            .iter()
            .map(|(words, count)| Lying {
                words: shortened(&said(words)),
                end: count.to_string(),
                bars: vec![("bar-of", *count)],
            })
            .collect();
        lying(self.key, title, seen, &rows)
    }

    /// The table as it is given away: with the period in each row, so that it can be put under another.
    fn given_away(&self, period: Period) -> Table {
        let counts: Vec<u64> = self.rows.iter().map(|(_, count)| *count).collect();
        let (parts, whole) = suppressed(&counts);
        let row = |words: &str, field: Field| {
            vec![
                Field::Words(period.from.to_string()),
                Field::Words(period.until.to_string()),
                Field::Words(words.to_owned()),
                field,
            ]
        };
        let rows = self.rows.iter().zip(parts);
        Table {
            head: ["from", "until", &self.head.to_lowercase(), "count"]
                .map(str::to_owned)
                .into(),
            rows: rows
                .map(|((words, _), field)| row(words, field))
                .chain([row("total", whole)])
                .collect(),
        }
    }
}

/// Words that fit a row of a chart; the table has all of them.
fn shortened(words: &str) -> String {
    const LONGEST: usize = 42;
    if words.chars().count() <= LONGEST {
        return words.to_owned();
    }
    let start: String = words.chars().take(LONGEST - 1).collect();
    format!("{}…", start.trim_end())
}

/// The tables of parts.
pub(super) fn counted(figures: &Figures, codes: &Codes) -> Vec<Counted> {
    let all = parts(figures, codes).into_iter();
    all.map(|parts| {
        let (total, chart) = (parts.total(), parts.chart());
        let share = |count: u64| {
            let of = Answers {
                answered: count,
                of: total,
            };
            percent(of)
        };
        Counted {
            key: parts.key,
            title: parts.title,
            note: parts.note,
            head: parts.head,
            rows: parts
                .rows
                .into_iter()
                .map(|(words, count)| (said(words), count, share(count)))
                .collect(),
            total,
            chart,
        }
    })
    .collect()
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

/// What the tables are called that [`table`] knows.
pub(super) fn names(figures: &Figures, codes: &Codes) -> Vec<&'static str> {
    let of_parts = parts(figures, codes).into_iter().map(|parts| parts.key);
    of_parts.chain(["waits", "drills"]).collect()
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
fn percent(answers: Answers) -> String {
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
