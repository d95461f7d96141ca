//! The figures of a report, from rows. Part of `reports`: floor 1.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ends::{CaseEnd, Cases, Ending};
use super::rows::{CaseRow, ConversationRow, Rows, TextsRow};
use super::spread::Spread;
use crate::clock::At;
use crate::oncall::{DrillOutcome, Urgency};
use crate::triage::Tier;

/// What became of the texts that were owed an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Answered within their time.
    pub in_time: u64,
    /// Answered after it.
    pub late: u64,
    /// Not answered yet, and there is time.
    pub waiting: u64,
    /// Not answered, and the time is over.
    pub overdue: u64,
    /// Ended without an answer of their own, by the recorded reason.
    pub reasons: BTreeMap<String, u64>,
}

impl Texts {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> u64 {
        let reasons: u64 = self.reasons.values().sum();
        self.in_time + self.late + self.waiting + self.overdue + reasons
    }

    /// Answered, of those that have ended with an answer or are overdue. What was closed with a reason is in
    /// neither, and what still has time is not judged yet.
    #[must_use]
    pub const fn answered(&self) -> Answers {
        Answers {
            answered: self.in_time + self.late,
            of: self.in_time + self.late + self.overdue,
        }
    }

    fn count(&mut self, row: &TextsRow) {
        let count = u64::try_from(row.count).unwrap_or(0);
        match (row.outcome.as_deref(), row.open, row.late) {
            (_, true, true) => self.overdue += count,
            (_, true, false) => self.waiting += count,
            (Some("replied" | "answered_together"), false, true) => self.late += count,
            (Some("replied" | "answered_together"), false, false) => self.in_time += count,
            // It came from somebody of the team: nobody was owed anything.
            (Some("responder"), false, _) => {}
            (reason, false, _) => {
                let reason = reason.unwrap_or_default().to_owned();
                *self.reasons.entry(reason).or_default() += count;
            }
        }
    }
}

/// How many were answered of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Those that were.
    pub answered: u64,
    /// All that could have been.
    pub of: u64,
}

impl Answers {
    /// The share in tenths of a percent, rounded down, so that only all is 100; none of nothing.
    #[must_use]
    pub fn share(&self) -> Option<u64> {
        (self.answered * 1000).checked_div(self.of)
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// From the first text of a conversation to the first reply that a gateway took.
    Replied,
    /// From the first page of a case until enough people had acknowledged it.
    Acknowledged,
    /// From the opening of a case to its first claim.
    Claimed,
    /// From the opening of a case to the first text of a person.
    Answered,
}

impl Measure {
    /// All of them, in the order of a case.
    pub const ALL: [Self; 4] = [
        Self::Replied,
        Self::Acknowledged,
        Self::Claimed,
        Self::Answered,
    ];
}

/// Of what times are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Everything.
    All,
    /// Crises: `imminent` and `high`.
    Crisis,
    /// What is none.
    Other,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Crisis, Self::Other];
}

/// The figures of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many conversations were opened.
    pub conversations: u64,
    /// How many more belong to drills; they are in nothing else.
    pub of_drills: u64,
    /// The conversations by the hour in which they were opened, on the wall of the line.
    pub hours: [u64; 24],
    /// The same by the day of the week, from Monday.
    pub weekdays: [u64; 7],
    /// The conversations by tier, the least urgent first.
    pub tiers: BTreeMap<Tier, u64>,
    /// The conversations by how they ended.
    pub endings: BTreeMap<Ending, u64>,
    /// The conversations by the tag of their language; empty where it is not known.
    pub locales: BTreeMap<String, u64>,
    /// The conversations in which their texter opted out.
    pub opted_out: u64,
    /// The texts.
    pub texts: Texts,
    /// The cases that are a crisis.
    pub crises: Cases,
    /// The cases that are none.
    pub others: Cases,
    /// How long things took.
    pub waits: BTreeMap<(Measure, Group), Spread>,
    /// The drills by what they showed and how they ended.
    pub drills: BTreeMap<(&'static str, Option<&'static str>), u64>,
}

impl Figures {
    /// The figures of these rows, where the wall of the line shows this zone.
    #[must_use]
    pub fn of(rows: &Rows, zone: &TimeZone) -> Self {
        let mut figures = Self::default();
        let mut times = Times::default();
        for row in &rows.conversations {
            figures.conversation(row, zone, &mut times);
        }
        for row in rows.cases.iter().filter(|row| !row.drill) {
            figures.case(row, &mut times);
        }
        for row in &rows.texts {
            figures.texts.count(row);
        }
        for row in &rows.drills {
            let ended = row.outcome.map(DrillOutcome::word);
            let drills = figures.drills.entry((row.variant.word(), ended));
            *drills.or_default() += 1;
        }
        figures.waits = times.spread();
        figures
    }

    /// How many cases a person was called for, and answered.
    #[must_use]
    pub fn answered_by_a_person(&self, group: Group) -> Answers {
        let cases: &[&Cases] = match group {
            Group::All => &[&self.crises, &self.others],
            Group::Crisis => &[&self.crises],
            Group::Other => &[&self.others],
        };
        let of = |end| {
            cases
                .iter()
                .filter_map(|cases| cases.get(&end))
                .sum::<u64>()
        };
        Answers {
            answered: of(CaseEnd::Answered),
            of: of(CaseEnd::Answered) + of(CaseEnd::Unanswered) + of(CaseEnd::Waiting),
        }
    }

    fn conversation(&mut self, row: &ConversationRow, zone: &TimeZone, times: &mut Times) {
        let Some(first) = row.first_text_at else {
            return;
        };
        if row.drill {
            self.of_drills += 1;
            return;
        }
        self.conversations += 1;
        if let Ok(moment) = Timestamp::from_millisecond(row.opened_at.0) {
            let wall = moment.to_zoned(zone.clone());
            let hour = usize::from(wall.hour().unsigned_abs());
            let day = usize::from(wall.weekday().to_monday_zero_offset().unsigned_abs());
            self.hours[hour] += 1;
            self.weekdays[day] += 1;
        }
        *self.tiers.entry(row.tier).or_default() += 1;
        let ending = match (&row.outcome, row.closed_at) {
            (Some(outcome), _) => Ending::Outcome(outcome.clone()),
            (None, Some(_)) => Ending::Without,
            (None, None) => Ending::Open,
        };
        *self.endings.entry(ending).or_default() += 1;
        let locale = row.locale.clone().unwrap_or_default();
        *self.locales.entry(locale).or_default() += 1;
        self.opted_out += u64::from(row.opted_out_at.is_some());
        let crisis = row.tier >= Tier::High;
        times.add(Measure::Replied, crisis, first, row.first_replied_at);
    }

    fn case(&mut self, row: &CaseRow, times: &mut Times) {
        let crisis = Urgency::of(row.tier, row.reason).is_crisis();
        let end = CaseEnd::of(row);
        let cases = if crisis {
            &mut self.crises
        } else {
            &mut self.others
        };
        *cases.entry(end).or_default() += 1;
        if !end.was_called() {
            return;
        }
        let (opened, acknowledged) = (row.opened_at, row.first_acknowledged_at);
        // Who takes a case before it was paged was not waited for by a page.
        let paged = row
            .first_paged_at
            .filter(|paged| Some(*paged) <= acknowledged);
        let asked = paged.unwrap_or(opened);
        times.add(Measure::Acknowledged, crisis, asked, acknowledged);
        times.add(Measure::Claimed, crisis, opened, row.first_claimed_at);
        times.add(Measure::Answered, crisis, opened, row.first_answered_at);
    }
}

/// The times that were measured, in milliseconds.
#[derive(Default)]
struct Times(BTreeMap<(Measure, Group), Vec<i64>>);

impl Times {
    fn add(&mut self, measure: Measure, crisis: bool, from: At, until: Option<At>) {
        let Some(until) = until else {
            return;
        };
        let own = if crisis { Group::Crisis } else { Group::Other };
        // A clock that was set back between the two does not make a time shorter than none.
        let took = (until.0 - from.0).max(0);
        for group in [Group::All, own] {
            self.0.entry((measure, group)).or_default().push(took);
        }
    }

    fn spread(self) -> BTreeMap<(Measure, Group), Spread> {
        let times = self.0.into_iter();
        times.map(|(key, times)| (key, Spread::of(times))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Reason;
    use crate::oncall::Closed;

    /// 2026-01-01 00:00 UTC, a Thursday.
    const START: At = At(1_767_225_600_000);

    fn at(seconds: i64) -> At {
        At(START.0 + seconds * 1000)
    }

    fn conversation(opened: i64) -> ConversationRow {
        ConversationRow {
            opened_at: at(opened),
            tier: Tier::None,
            locale: Some("en".to_owned()),
            opted_out_at: None,
            closed_at: None,
            outcome: None,
            drill: false,
            first_text_at: Some(at(opened)),
            first_replied_at: Some(at(opened + 2)),
        }
    }

    fn case(opened: i64) -> CaseRow {
        CaseRow {
            tier: Tier::High,
            reason: Reason::Crisis,
            opened_at: at(opened),
            first_paged_at: Some(at(opened + 1)),
            first_acknowledged_at: Some(at(opened + 31)),
            first_claimed_at: Some(at(opened + 60)),
            first_answered_at: Some(at(opened + 100)),
            closed_at: None,
            closed_because: None,
            drill: false,
        }
    }

    fn figures(conversations: Vec<ConversationRow>, cases: Vec<CaseRow>) -> Figures {
        let rows = Rows {
            conversations,
            cases,
            ..Rows::default()
        };
        Figures::of(&rows, &TimeZone::get("America/New_York").unwrap())
    }

    #[test]
    fn hours_and_days_are_those_of_the_wall_of_the_line() {
        // 03:30 UTC on Thursday is 22:30 on Wednesday in New York.
        let found = figures(vec![conversation(3 * 3600 + 1800)], Vec::new());
        assert_eq!((found.hours[22], found.weekdays[2]), (1, 1));
        assert_eq!(found.hours.iter().sum::<u64>(), 1);
    }

    #[test]
    fn drills_and_what_responders_text_are_in_no_figure() {
        let drill = ConversationRow {
            drill: true,
            ..conversation(0)
        };
        let code = ConversationRow {
            first_text_at: None,
            first_replied_at: None,
            ..conversation(0)
        };
        let rehearsed = CaseRow {
            drill: true,
            ..case(0)
        };
        let found = figures(vec![drill, code], vec![rehearsed]);
        let expected = Figures {
            of_drills: 1,
            ..Figures::default()
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_case_ends_in_one_way_and_times_are_measured_where_a_person_was_called() {
        let not_needed = CaseRow {
            tier: Tier::Concern,
            reason: Reason::Question,
            first_paged_at: None,
            first_answered_at: None,
            closed_at: Some(at(9)),
            closed_because: Some(Closed::AnsweredNo),
            ..case(0)
        };
        let begun = CaseRow {
            tier: Tier::None,
            reason: Reason::AwaitsHuman,
            ..case(0)
        };
        let unanswered = CaseRow {
            first_claimed_at: None,
            first_answered_at: None,
            closed_at: Some(at(900)),
            closed_because: Some(Closed::ByStaff),
            ..case(0)
        };
        let waiting = CaseRow {
            first_acknowledged_at: None,
            ..CaseRow {
                closed_at: None,
                closed_because: None,
                ..unanswered.clone()
            }
        };
        let cases = vec![case(0), not_needed, begun, unanswered, waiting];
        let found = figures(Vec::new(), cases);
        let ends: Vec<u64> = CaseEnd::ALL
            .iter()
            .map(|end| found.crises.get(end).unwrap_or(&0) + found.others.get(end).unwrap_or(&0))
            .collect();
        assert_eq!(ends, [1, 1, 1, 1, 1]);
        let answers = found.answered_by_a_person(Group::All);
        assert_eq!(
            (answers.answered, answers.of, answers.share()),
            (1, 3, Some(333))
        );
        assert_eq!(found.answered_by_a_person(Group::Other), Answers::default());
        assert_eq!(Answers::default().share(), None);
        let median = |measure| found.waits[&(measure, Group::All)].median;
        assert_eq!(
            found.waits[&(Measure::Acknowledged, Group::Crisis)].count,
            2
        );
        assert_eq!(median(Measure::Acknowledged), Some(30_000), "from its page");
        assert_eq!(median(Measure::Claimed), Some(60_000));
        assert_eq!(median(Measure::Answered), Some(100_000));
        assert!(!found.waits.contains_key(&(Measure::Claimed, Group::Other)));
    }

    #[test]
    fn who_takes_a_case_before_its_page_is_measured_from_its_opening() {
        let quick = CaseRow {
            first_paged_at: Some(at(300)),
            first_acknowledged_at: Some(at(20)),
            ..case(0)
        };
        let found = figures(Vec::new(), vec![quick]);
        let spread = found.waits[&(Measure::Acknowledged, Group::All)];
        assert_eq!(spread.median, Some(20_000));
    }

    #[test]
    fn a_text_is_answered_late_waiting_or_closed_with_its_reason() {
        let row = |outcome: Option<&str>, open, late, count| TextsRow {
            outcome: outcome.map(str::to_owned),
            open,
            late,
            count,
        };
        let rows = Rows {
            texts: vec![
                row(Some("replied"), false, false, 90),
                row(Some("answered_together"), false, false, 5),
                row(Some("replied"), false, true, 3),
                row(None, true, false, 1),
                row(None, true, true, 2),
                row(Some("opted_out"), false, false, 4),
                row(Some("responder"), false, false, 50),
            ],
            ..Rows::default()
        };
        let texts = Figures::of(&rows, &TimeZone::UTC).texts;
        assert_eq!(
            (texts.in_time, texts.late, texts.waiting, texts.overdue),
            (95, 3, 1, 2)
        );
        assert_eq!(texts.reasons, BTreeMap::from([("opted_out".to_owned(), 4)]));
        assert_eq!(texts.all(), 105);
        assert_eq!(texts.answered().share(), Some(980), "98 of 100");
    }
}
