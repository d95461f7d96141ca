//! The report of a drill: what was expected, what happened, when. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DrillOutcome, Until, Variant};
use crate::clock::At;

/// How long after it was taken up a drill must have sent its text.
const SENT_WITHIN: Duration = Duration::from_mins(2);
/// What a round of pages may be late at the end of a ladder.
const SLACK: Duration = Duration::from_mins(1);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What it shows.
    pub variant: Variant,
    /// How far people must come; only [`Variant::Plain`] waits for people.
    pub until: Until,
    /// No page leaves the program, so nobody is waited for.
    pub dry_run: bool,
    /// How long people have.
    pub limit: Duration,
    /// How long the ladder may take to be climbed to its end.
    pub climb: Duration,
}

/// Something that a drill expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The texter is answered with 988.
    Reply,
    /// The text is in the spool.
    Kept,
    /// The last-known roster is paged.
    Snapshot,
    /// The text is in the database after all.
    Stored,
    /// The gateway of the pages refuses.
    Refused,
    /// A page is accepted.
    Page,
    /// A responder answers a page.
    Acknowledged,
    /// A responder makes the conversation theirs.
    Claimed,
    /// A responder writes.
    Answered,
    /// The ladder is climbed to its end.
    Climbed,
    /// The operator is told.
    OperatorTold,
}

impl Step {
    /// In a word, for lists.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Kept => "kept",
            Self::Snapshot => "roster paged",
            Self::Stored => "stored",
            Self::Refused => "refused",
            Self::Page => "page accepted",
            Self::Acknowledged => "acknowledged",
            Self::Claimed => "claimed",
            Self::Answered => "first message",
            Self::Climbed => "ladder climbed",
            Self::OperatorTold => "operator told",
        }
    }

    /// What is expected, in words.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Reply => "the texter is answered with 988",
            Self::Kept => "the text is kept in the spool",
            Self::Snapshot => "who was last on call is paged without the database",
            Self::Stored => "the text comes to the database and the queue",
            Self::Refused => "the gateway of the pages refuses",
            Self::Page => "a provider accepts a page",
            Self::Acknowledged => "a responder answers the page",
            Self::Claimed => "a responder claims the conversation",
            Self::Answered => "a responder writes to the texter",
            Self::Climbed => "every rung of the ladder is paged",
            Self::OperatorTold => "the operator is told that nobody came",
        }
    }
}

/// One step with what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The step.
    pub step: Step,
    /// What is expected, in words.
    pub expected: String,
    /// Within how many milliseconds of the text.
    pub within_ms: i64,
    /// After how many milliseconds it happened; none if it has not.
    pub took_ms: Option<i64>,
    /// More about it; nothing of a person but the names of responders.
    pub what: Option<String>,
}

impl Measured {
    /// How it stands, in a word. `over`: the drill is, so that nothing is waited for.
    #[must_use]
    pub fn word(&self, over: bool) -> &'static str {
        match self.took_ms {
            Some(_) if self.is_ok() => "ok",
            Some(_) => "late",
            None if over => "missing",
            None => "waiting",
        }
    }

    /// Whether it happened in time.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.took_ms.is_some_and(|took| took <= self.within_ms)
    }
}

/// A moment of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: At,
    /// What happened.
    pub what: String,
}

/// The report of a drill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When the text was sent; none before that.
    pub text_at: Option<At>,
    /// How long people have, in seconds.
    pub limit_s: u64,
    /// By which way the text came in, in words.
    #[serde(default)]
    pub way: Option<String>,
    /// The code of its case.
    pub case: Option<String>,
    /// What it expects, in order.
    pub steps: Vec<Measured>,
    /// Why it failed, or was called off.
    pub why: Option<String>,
    /// What happened, in order; filled in at the end.
    #[serde(default)]
    pub timeline: Vec<Event>,
}

/// What the store says of a running drill.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its alert, once there is one.
    pub alert: Option<Uuid>,
    /// The code of its case.
    pub case: Option<String>,
    /// When its alert was opened.
    pub stored_at: Option<At>,
    /// When a page was first accepted.
    pub told_at: Option<At>,
    /// How many pages the gateway of the pages refused.
    pub refused: i64,
    /// Who answered a page, and when.
    pub acknowledged: Option<(String, At)>,
    /// When somebody claimed it.
    pub claimed_at: Option<At>,
    /// When somebody wrote.
    pub answered_at: Option<At>,
    /// When its ladder was climbed to the end.
    pub exhausted_at: Option<At>,
    /// When the operator was told so.
    pub operator_told_at: Option<At>,
    /// A person closed the case.
    pub is_closed: bool,
    /// How many real cases wait for somebody.
    pub real_cases: i64,
}

/// How a drill ends, and why.
pub type Verdict = (DrillOutcome, Option<String>);

impl Report {
    /// The report of a drill that was asked for.
    #[must_use]
    pub fn new(asked: &Asked) -> Self {
        let people = if asked.dry_run {
            0
        } else {
            1 + asked.until as usize
        };
        let by_people = [Step::Acknowledged, Step::Claimed, Step::Answered];
        let steps: Vec<Step> = match asked.variant {
            Variant::Plain => [Step::Reply, Step::Page]
                .into_iter()
                .chain(by_people.into_iter().take(people))
                .collect(),
            Variant::DbDown => vec![
                Step::Reply,
                Step::Kept,
                Step::Snapshot,
                Step::Stored,
                Step::Page,
            ],
            Variant::ProviderDown => vec![Step::Reply, Step::Refused, Step::Page],
            Variant::ResponderSilent => {
                vec![Step::Reply, Step::Page, Step::Climbed, Step::OperatorTold]
            }
        };
        let measured = |step: Step| Measured {
            step,
            expected: match step {
                // Nothing more is shown where no page leaves.
                Step::Page if asked.dry_run => "a page is ready to leave, and held back".to_owned(),
                _ => step.expected().to_owned(),
            },
            within_ms: millis(within(step, asked)),
            took_ms: None,
            what: None,
        };
        Self {
            limit_s: asked.limit.as_secs(),
            steps: steps.into_iter().map(measured).collect(),
            ..Self::default()
        }
    }

    /// Notes that a step happened, the first time that it did. A step that is not expected is passed over.
    pub fn note(&mut self, step: Step, at: At, what: Option<String>) {
        let Some(text_at) = self.text_at else { return };
        let mut steps = self.steps.iter_mut();
        if let Some(measured) = steps.find(|measured| measured.step == step)
            && measured.took_ms.is_none()
        {
            measured.took_ms = Some(at.0 - text_at.0);
            measured.what = what;
        }
    }

    /// Takes in what the store says now.
    pub fn observe(&mut self, facts: &Facts, now: At) {
        self.case = self.case.take().or_else(|| facts.case.clone());
        let mut note = |step, at: Option<At>, what: Option<String>| {
            if let Some(at) = at {
                self.note(step, at, what);
            }
        };
        note(Step::Stored, facts.stored_at.map(|_| now), None);
        if facts.refused > 0 {
            let what = format!("{} page(s)", facts.refused);
            note(Step::Refused, Some(now), Some(what));
        }
        note(Step::Page, facts.told_at, None);
        if let Some((by, at)) = &facts.acknowledged {
            note(Step::Acknowledged, Some(*at), Some(format!("by {by}")));
        }
        note(Step::Claimed, facts.claimed_at, None);
        note(Step::Answered, facts.answered_at, None);
        note(Step::Climbed, facts.exhausted_at, None);
        note(Step::OperatorTold, facts.operator_told_at, None);
    }

    /// The longest that it may take, counted from its text, in milliseconds.
    #[must_use]
    pub fn longest_ms(&self) -> i64 {
        let within = self.steps.iter().map(|step| step.within_ms);
        within.max().unwrap_or_default()
    }

    /// Whether a step happened, in time or not.
    #[must_use]
    pub fn has(&self, step: Step) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|measured| measured.step == step && measured.took_ms.is_some())
    }

    /// How the drill ends, if it does now. `taken_at`: when a server took it up.
    #[must_use]
    pub fn verdict(
        &self,
        variant: Variant,
        facts: &Facts,
        taken_at: At,
        now: At,
    ) -> Option<Verdict> {
        let failed = |why: String| Some((DrillOutcome::Failed, Some(why)));
        let Some(text_at) = self.text_at else {
            let lost = now.since(taken_at) > SENT_WITHIN;
            return lost
                .then(|| "the server stopped before it sent the text".to_owned())
                .and_then(failed);
        };
        if facts.real_cases > 0 {
            let why = "a real case waits for a person".to_owned();
            return Some((DrillOutcome::CalledOff, Some(why)));
        }
        if let (Variant::ResponderSilent, Some((by, _))) = (variant, &facts.acknowledged) {
            let why = format!("{by} answered, so it cannot show what happens when nobody does");
            return Some((DrillOutcome::CalledOff, Some(why)));
        }
        if let Some(late) = self
            .steps
            .iter()
            .find(|step| step.took_ms.is_some() && !step.is_ok())
        {
            return failed(format!("too late: {}", late.expected));
        }
        let missing = self.steps.iter().find(|step| step.took_ms.is_none());
        let Some(missing) = missing else {
            return Some((DrillOutcome::Passed, None));
        };
        if facts.is_closed {
            return failed(format!(
                "the case was closed before this: {}",
                missing.expected
            ));
        }
        // Not only the first of them: a later step may have less time.
        let waited = now.0 - text_at.0;
        let out_of_time = |step: &&Measured| step.took_ms.is_none() && waited > step.within_ms;
        match self.steps.iter().find(out_of_time) {
            Some(step) => failed(format!("did not happen: {}", step.expected)),
            None => None,
        }
    }
}

/// How much time a step has from the text on.
fn within(step: Step, asked: &Asked) -> Duration {
    let without_database = asked.variant == Variant::DbDown;
    match step {
        Step::Reply | Step::Kept => Duration::from_secs(30),
        Step::Page if without_database => Duration::from_mins(3),
        Step::Page if asked.variant == Variant::ProviderDown => Duration::from_mins(2),
        Step::Snapshot | Step::Refused | Step::Page => Duration::from_mins(1),
        Step::Stored => Duration::from_mins(2),
        Step::Acknowledged | Step::Claimed | Step::Answered => asked.limit,
        // However short people's time is: the ladder takes as long as its policy says.
        Step::Climbed | Step::OperatorTold => asked.limit.max(asked.climb + SLACK),
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked {
        variant: Variant::Plain,
        until: Until::Answered,
        dry_run: false,
        limit: Duration::from_mins(15),
        climb: Duration::ZERO,
    };

    fn running(asked: &Asked) -> Report {
        let mut report = Report::new(asked);
        report.text_at = Some(At(0));
        report.note(Step::Reply, At(40), None);
        report
    }

    fn steps(report: &Report) -> Vec<Step> {
        report.steps.iter().map(|measured| measured.step).collect()
    }

    fn verdict(report: &Report, asked: &Asked, facts: &Facts, now: i64) -> Option<Verdict> {
        report.verdict(asked.variant, facts, At(0), At(now))
    }

    fn everything() -> Facts {
        Facts {
            stored_at: Some(At(50)),
            told_at: Some(At(900)),
            acknowledged: Some(("Duty phone".to_owned(), At(60_000))),
            claimed_at: Some(At(90_000)),
            answered_at: Some(At(120_000)),
            ..Facts::default()
        }
    }

    #[test]
    fn it_passes_when_everything_that_it_expects_happened_in_time() {
        let (mut report, facts) = (running(&ASKED), everything());
        assert_eq!(verdict(&report, &ASKED, &Facts::default(), 30_000), None);
        report.observe(&facts, At(120_000));
        let passed = Some((DrillOutcome::Passed, None));
        assert_eq!(verdict(&report, &ASKED, &facts, 120_000), passed);
        let took: Vec<_> = report.steps.iter().map(|step| step.took_ms).collect();
        assert_eq!(
            took,
            [
                Some(40),
                Some(900),
                Some(60_000),
                Some(90_000),
                Some(120_000)
            ]
        );
        assert_eq!(report.steps[2].what.as_deref(), Some("by Duty phone"));
    }

    #[test]
    fn it_fails_with_the_first_thing_that_did_not_happen() {
        let mut report = running(&ASKED);
        let told = Facts {
            told_at: Some(At(900)),
            ..Facts::default()
        };
        let failed = |report: &Report, facts: &Facts, now| match verdict(report, &ASKED, facts, now)
        {
            Some((DrillOutcome::Failed, Some(why))) => why,
            other => panic!("{other:?}"),
        };
        assert!(failed(&report, &Facts::default(), 60_001).contains("accepts a page"));
        report.observe(&told, At(1_000));
        assert_eq!(verdict(&report, &ASKED, &told, 900_000), None);
        assert!(failed(&report, &told, 900_001).contains("answers the page"));
        let closed = Facts {
            is_closed: true,
            ..told
        };
        assert!(failed(&report, &closed, 2_000).contains("was closed"));
        let mut late = running(&ASKED);
        late.observe(
            &Facts {
                told_at: Some(At(61_000)),
                ..Facts::default()
            },
            At(61_000),
        );
        assert!(failed(&late, &closed, 61_000).contains("too late"));
    }

    #[test]
    fn people_in_need_come_first() {
        let report = running(&ASKED);
        let real = Facts {
            real_cases: 1,
            ..Facts::default()
        };
        let ended = verdict(&report, &ASKED, &real, 1_000).unwrap();
        assert_eq!(ended.0, DrillOutcome::CalledOff);
    }

    #[test]
    fn a_drill_of_silence_is_called_off_by_who_answers() {
        let asked = Asked {
            variant: Variant::ResponderSilent,
            ..ASKED
        };
        let report = running(&asked);
        let answered = Facts {
            acknowledged: Some(("Duty phone".to_owned(), At(5))),
            ..Facts::default()
        };
        let ended = verdict(&report, &asked, &answered, 1_000).unwrap();
        assert!(ended.0 == DrillOutcome::CalledOff && ended.1.unwrap().contains("Duty phone"));
    }

    #[test]
    fn a_ladder_has_the_time_that_its_policy_takes() {
        let asked = Asked {
            variant: Variant::ResponderSilent,
            climb: Duration::from_mins(20),
            ..ASKED
        };
        assert_eq!(Report::new(&asked).longest_ms(), 21 * 60_000);
        let short = Asked {
            climb: Duration::from_mins(2),
            ..asked
        };
        assert_eq!(Report::new(&short).longest_ms(), 15 * 60_000);
    }

    #[test]
    fn each_variant_expects_what_it_shows_and_nobody_where_no_page_leaves() {
        let dry = Asked {
            dry_run: true,
            ..ASKED
        };
        assert_eq!(steps(&Report::new(&dry)), [Step::Reply, Step::Page]);
        let soon = Asked {
            until: Until::Acknowledged,
            ..ASKED
        };
        assert_eq!(steps(&Report::new(&soon)).last(), Some(&Step::Acknowledged));
        for variant in Variant::ALL {
            let report = Report::new(&Asked { variant, ..ASKED });
            assert_eq!(report.steps[0].step, Step::Reply);
            let kept = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::from_str::<Report>(&kept).unwrap(), report);
            assert_eq!(serde_json::to_value(variant).unwrap(), variant.word());
        }
    }

    #[test]
    fn a_drill_that_no_text_follows_fails() {
        let report = Report::new(&ASKED);
        assert_eq!(verdict(&report, &ASKED, &Facts::default(), 120_000), None);
        assert!(matches!(
            verdict(&report, &ASKED, &Facts::default(), 120_001),
            Some((DrillOutcome::Failed, _))
        ));
    }
}
