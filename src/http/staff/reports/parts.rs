//! The tables of a report that show the parts of a whole: their words, their charts, and what of them can be
//! taken away.

use super::sections::percent;
use crate::content::codes::{self, Codes};
use crate::http::staff::chart::{Chart, Lying, lying, upright};
use crate::http::staff::when::WEEKDAYS;
use crate::http::words::{phrase, said, tr};
use crate::reports::{Answers, CaseEnd, Ending, Field, Figures, Period, Table, suppressed};
use crate::triage::Tier;

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

/// Parts of a whole, before they are drawn.
pub(super) struct Parts {
    pub(super) key: &'static str,
    title: &'static str,
    note: &'static str,
    head: &'static str,
    /// Whether its chart has upright bars, and how many rows apart a word stands under them.
    upright: Option<usize>,
    rows: Vec<(String, u64)>,
}

/// Every table of parts, in the order of the page.
pub(super) fn parts(figures: &Figures, codes: &Codes) -> Vec<Parts> {
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
        "overtaken" => phrase!("a later STOP or START counts"),
        "closed_by_staff" => phrase!("the conversation was closed"),
        "undeliverable" => phrase!("the answer could not be delivered"),
        "carrier_opt_out" => phrase!("the carrier blocks us"),
        "expired" => phrase!("the answer would have come too late"),
        "in_doubt" => phrase!("nobody said whether the answer arrived"),
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
    let days = WEEKDAYS.iter().zip(figures.weekdays);
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
    pub(super) fn given_away(&self, period: Period) -> Table {
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
