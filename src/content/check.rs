//! `content check`: the rules that every word to a texter must keep.
//!
//! What a pack must have to be loaded at all is checked when it is read; here is what its words must
//! be: short, plain, true, safe, and never without a way to 988, to a person and to the menu. The
//! rules are those of `docs/content-authoring.md`. Floor 1.

mod facts;
mod plain;

use std::fmt;

use jiff::civil::Date;

use super::canned::{CannedReply, SEEDS, seeds};
use super::chooser::Answers;
use super::find::TAKEN;
use super::{Fill, Key, Packs, PageId};
use crate::locale::Locale;
use crate::segment::{Encoding, segments};
pub use plain::{grade, is_graded};

/// The most units (septets) of the welcome and of every crisis text: two segments.
pub const SHORT: usize = 306;

/// The most units of everything else: three segments.
pub const LONG: usize = 459;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The pack still serves; somebody should look.
    Warning,
    /// The pack is refused.
    Error,
}

/// Something that is not right, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// The file.
    pub file: String,
    /// The key in it.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = match self.weight {
            Weight::Warning => "warning",
            Weight::Error => "error",
        };
        let Self {
            file,
            key,
            problem,
            fix,
            ..
        } = self;
        write!(f, "{weight}: {file}: `{key}` {problem}. Fix: {fix}")
    }
}

/// When and how strictly packs are checked.
#[derive(Clone, Copy, Debug)]
pub struct Strictness {
    /// The day: facts go stale.
    pub today: Date,
    /// Whether the packs are about to be published: then stale and unverified facts are errors.
    pub release: bool,
}

/// A text as a phone gets it, with sample values that are longer than most.
pub(super) struct Sent<'a> {
    locale: Locale,
    file: &'a str,
    pub(super) key: String,
    pub(super) text: String,
    kind: Kind,
    /// The words of all resources in this language, for telling their numbers from others.
    vouched: &'a str,
}

/// Which rules a text is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The first text of all.
    Welcome,
    /// A crisis text, our question, or the answer to who asks for a person.
    Crisis,
    /// Anything else that is sent alone.
    Ordinary,
    /// A piece that only ever stands beside or inside another text.
    Fragment,
    /// A canned reply: a person reads it, and what came before, and then sends it.
    Canned,
}

impl Kind {
    const fn of(key: Key) -> Self {
        match key {
            Key::Welcome => Self::Welcome,
            Key::RatesPlan
            | Key::RatesFree
            | Key::OwnCare
            | Key::OtherNumber
            | Key::Language
            | Key::Resumed => Self::Fragment,
            Key::CrisisImminent
            | Key::CrisisHigh
            | Key::CrisisThirdParty
            | Key::CrisisAbuse
            | Key::CrisisSexualAssault
            | Key::CrisisChild
            | Key::CrisisOverdose
            | Key::CrisisHarmToOthers
            | Key::CrisisPsychosis
            | Key::CrisisEating
            | Key::CrisisImminentOptedOut
            | Key::CrisisOptedOut
            | Key::CrisisAgain
            | Key::CrisisJoined
            | Key::CrisisWaiting
            | Key::CrisisWaitingTold
            | Key::CrisisWaitingTaken
            | Key::CrisisPrivacy
            | Key::StillWaiting
            | Key::LineTrouble
            | Key::LineTroubleLost
            | Key::Ask
            | Key::AskedYes
            | Key::AskedUnclear
            | Key::HumanAsked
            | Key::Fallback => Self::Crisis,
            _ => Self::Ordinary,
        }
    }

    const fn most_units(self) -> usize {
        match self {
            Self::Welcome | Self::Crisis => SHORT,
            Self::Ordinary | Self::Fragment | Self::Canned => LONG,
        }
    }
}

/// Checks packs that were loaded. The findings come in the order of the files.
#[must_use]
pub fn check(packs: &Packs, how: Strictness) -> Vec<Finding> {
    let mut findings = Vec::new();
    for locale in Locale::ALL {
        let resources = packs.resources().iter();
        let vouched: Vec<&str> = resources
            .map(|(_, resource)| resource.words(locale))
            .collect();
        let vouched = vouched.join("\n");
        for sent in everything(packs, locale, &vouched) {
            length(&sent, &mut findings);
            reach(&sent, &mut findings);
            plain::check(&sent, &mut findings);
            facts::numbers(&sent, &mut findings);
        }
        exits(packs, locale, &mut findings);
        names(packs, locale, &mut findings);
        parts(packs, locale, &mut findings);
    }
    // They are read when the program is built: a test shows that they can be.
    for (locale, seed) in seeds().unwrap_or_default() {
        let key = format!("{}: {}", locale.tag(), seed.title);
        findings.extend(canned(packs, locale, SEEDS.file, &key, &seed.body));
    }
    facts::dates(packs, how, &mut findings);
    findings.sort();
    findings.dedup();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    findings
}

/// Holds a canned reply against the rules for texts. 988 need not stand in it: a person is there.
#[must_use]
pub fn canned(packs: &Packs, locale: Locale, file: &str, key: &str, body: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let resources = packs.resources().iter();
    let vouched: Vec<&str> = resources
        .map(|(_, resource)| resource.words(locale))
        .collect();
    let vouched = vouched.join("\n");
    let mut sent = Sent {
        locale,
        file,
        key: key.to_owned(),
        text: String::new(),
        kind: Kind::Canned,
        vouched: &vouched,
    };
    match CannedReply::parse(body, locale, packs.resources()) {
        Err(unknown) => {
            let problem = format!("has {unknown}, which nothing fills in");
            let fix = "write {line}, {contact}, {me} or the {@id} of a resource";
            findings.push(sent.finding(problem, fix));
        }
        Ok(reply) => {
            sent.text = reply.fill(&fills()[0], "Example Responder");
            length(&sent, &mut findings);
            // A long name is no long word of whoever wrote it.
            let short = Fill {
                line: "Our Line",
                ..fills()[0]
            };
            sent.text = reply.fill(&short, "Me");
            plain::check(&sent, &mut findings);
            facts::numbers(&sent, &mut findings);
        }
    }
    findings
}

/// Sample values that are longer than most, in both ways of paying.
pub(super) fn fills() -> [Fill<'static>; 2] {
    [true, false].map(|free_to_end_user| Fill {
        line: "Example Support Line 123",
        contact: "helpline.team@example.org",
        free_to_end_user,
        topic: "MBT-A for teens",
        choices: "",
        care: "example.org/our-own-care",
    })
}

/// Everything that can be sent in a language, as it is sent.
fn everything<'a>(packs: &'a Packs, locale: Locale, vouched: &'a str) -> Vec<Sent<'a>> {
    let fills = fills().into_iter();
    fills
        .flat_map(|fill| filled(packs, locale, &fill, vouched))
        .collect()
}

/// The same with these values in it.
pub(super) fn filled<'a>(
    packs: &'a Packs,
    locale: Locale,
    fill: &Fill<'_>,
    vouched: &'a str,
) -> Vec<Sent<'a>> {
    let mut all = Vec::new();
    let mut add = |key: String, text: String, kind: Kind| {
        all.push(Sent {
            locale,
            file: packs.file(locale),
            key,
            text,
            kind,
            vouched,
        });
    };
    // What the chooser found is sent with its therapies in it: below, for all answers.
    for key in Key::ALL.into_iter().filter(|key| *key != Key::Chosen) {
        let text = packs.message(locale, key, fill);
        add(format!("messages.{}", key.name()), text, Kind::of(key));
    }
    for id in PageId::ALL {
        for part in 0..packs.page(locale, id).parts() {
            let text = packs.page_part(locale, id, part, fill);
            let key = format!("pages.{}.parts[{}]", id.name(), part + 1);
            add(key, text, Kind::Ordinary);
        }
    }
    let chooser = packs.chooser(locale);
    let mut answers = Answers::default();
    for n in 0..chooser.questions() {
        let text = packs.question(locale, &answers, fill);
        add(
            format!("chooser.questions[{}]", n + 1),
            text,
            Kind::Ordinary,
        );
        answers = answers.and(0);
    }
    for answers in chooser.ends() {
        let text = packs.chosen(locale, &answers, fill);
        add("messages.chosen".to_owned(), text, Kind::Ordinary);
    }
    all
}

impl Sent<'_> {
    /// The most units that it may have.
    pub(super) const fn most_units(&self) -> usize {
        self.kind.most_units()
    }

    /// Whether it is held against the rules for crisis texts.
    pub(super) fn is_crisis(&self) -> bool {
        self.kind == Kind::Crisis
    }

    /// Its reading grade; none where the formula does not hold.
    pub(super) fn grade(&self) -> Option<f64> {
        plain::grade_in(self.locale, &self.text)
    }

    fn finding(&self, problem: String, fix: &'static str) -> Finding {
        Finding {
            weight: Weight::Error,
            file: self.file.to_owned(),
            key: self.key.clone(),
            problem,
            fix,
        }
    }
}

fn length(sent: &Sent<'_>, findings: &mut Vec<Finding>) {
    let cost = segments(&sent.text);
    if cost.encoding == Encoding::Ucs2 {
        let odd: String = sent
            .text
            .chars()
            .filter(|c| Encoding::of(c.encode_utf8(&mut [0; 4])) == Encoding::Ucs2)
            .collect();
        let problem = format!(
            "is sent as UCS-2 in {} segments, because of {odd:?}",
            cost.segments
        );
        let fix =
            "write it in GSM-7: plain quotes, no emoji, in Spanish no accent on a, i, o and u";
        findings.push(sent.finding(problem, fix));
    } else if cost.units > sent.kind.most_units() {
        let problem = format!(
            "has {} units with long sample values; at most {} fit",
            cost.units,
            sent.kind.most_units()
        );
        findings.push(sent.finding(problem, "say less, or make two parts of it"));
    }
}

/// 988 in every text; in a crisis text before any other number, unless 911 saves the life.
fn reach(sent: &Sent<'_>, findings: &mut Vec<Finding>) {
    if matches!(sent.kind, Kind::Fragment | Kind::Canned) {
        return;
    }
    let Some(first) = sent.text.find("988") else {
        let fix = "add \"Call or text 988\"";
        findings.push(sent.finding("does not name 988".to_owned(), fix));
        return;
    };
    if sent.kind != Kind::Crisis {
        return;
    }
    // With an act under way 911 is what saves a life.
    let urgent = sent.key.contains("imminent") || sent.key.contains("overdose");
    let before: Vec<&str> = sent.text[..first]
        .split(|c: char| !c.is_ascii_digit())
        .filter(|number| number.len() >= 3)
        .collect();
    if urgent && !before.contains(&"911") {
        let fix = "name 911 first: somebody may be dying";
        findings.push(sent.finding("names 988 before 911".to_owned(), fix));
    } else if !urgent && !before.is_empty() {
        let problem = format!("names {} before 988", before.join("-"));
        findings.push(sent.finding(problem, "name 988 first"));
    }
}

/// The menu and a person in one step from every page, and the next part where there is one.
fn exits(packs: &Packs, locale: Locale, findings: &mut Vec<Finding>) {
    let (menu, human, more) = match locale {
        Locale::En => ("MENU", "HUMAN", "MORE"),
        Locale::Es => ("MENU", "PERSONA", "MAS"),
    };
    let fill = fills()[0];
    for (key, words) in [
        (Key::Menu, &[human][..]),
        (Key::PageEnd, &[menu, human]),
        (Key::PageMore, &[menu, human, more]),
        (Key::NoMore, &[menu, human]),
        (Key::NotUnderstood, &[menu, human]),
        (Key::NotUnderstoodTwice, &[menu, human]),
        (Key::Chosen, &[menu, human]),
        (Key::Picture, &[menu, human]),
        (Key::AskedNo, &[menu, human]),
        (Key::Help, &["STOP"]),
    ] {
        let text = packs.message(locale, key, &fill);
        for word in words.iter().filter(|word| !text.contains(**word)) {
            findings.push(Finding {
                weight: Weight::Error,
                file: packs.file(locale).to_owned(),
                key: format!("messages.{}", key.name()),
                problem: format!("does not offer {word}"),
                fix: "name the word: nobody may be trapped",
            });
        }
    }
}

fn names(packs: &Packs, locale: Locale, findings: &mut Vec<Finding>) {
    for id in PageId::ALL {
        let aliases = packs.page(locale, id).aliases().iter();
        for alias in aliases.filter(|alias| TAKEN.contains(&alias.as_str())) {
            findings.push(Finding {
                weight: Weight::Error,
                file: packs.file(locale).to_owned(),
                key: format!("pages.{}.aliases", id.name()),
                problem: format!("has `{alias}`, which has a meaning of its own"),
                fix: "take it out",
            });
        }
    }
}

/// As many parts in every language: a part that is missing is a translation that is missing.
fn parts(packs: &Packs, locale: Locale, findings: &mut Vec<Finding>) {
    for id in PageId::ALL {
        let [here, english] = [locale, Locale::En].map(|locale| packs.page(locale, id).parts());
        if here != english {
            findings.push(Finding {
                weight: Weight::Error,
                file: packs.file(locale).to_owned(),
                key: format!("pages.{}.parts", id.name()),
                problem: format!("has {here} parts, and {english} in English"),
                fix: "translate what is missing",
            });
        }
    }
}

#[cfg(test)]
mod tests;
