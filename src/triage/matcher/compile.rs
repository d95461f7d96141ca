//! Making patterns into what the matcher reads. Floor 1.

use rustc_hash::FxHashMap;

use super::{Anchored, Matcher, Program, Set, Step, Where, Words, bit};
use crate::text::normalise::rank;
use crate::triage::phrase::{Part, Phrase, Way, Word};

#[derive(Default)]
struct Compiler {
    matcher: Matcher,
    /// The sets that there are: phrases share them.
    sets: FxHashMap<Set, u32>,
}

impl Matcher {
    /// Compiles patterns, in the order of their indices.
    pub(in crate::triage) fn new(patterns: &[Vec<Phrase>]) -> Self {
        let mut compiler = Compiler::default();
        for (pattern, phrases) in (0..).zip(patterns) {
            for phrase in phrases {
                compiler.add(pattern, phrase);
            }
        }
        compiler.matcher
    }
}

impl Compiler {
    fn add(&mut self, pattern: u32, phrase: &Phrase) {
        let parts = flat(&phrase.parts);
        let mut steps = Vec::new();
        self.parts(&parts, &mut steps);
        steps.push(Step::End);
        let Anchor {
            words,
            before,
            part,
        } = anchor(&parts);
        let mut needs = self.needs(&parts, part).into_iter();
        let mut near = self.near(&parts, part);
        if near.0 == Words::MAX {
            near = (needs.next().unwrap_or(Words::MAX), Where::Anywhere);
        }
        let anchored = Anchored {
            near,
            needs: needs.next().unwrap_or(Words::MAX),
            phrase: u32::try_from(self.matcher.phrases.len()).unwrap_or(u32::MAX),
        };
        for word in words {
            match word {
                Word::Is(word) => {
                    let number = self.number(word);
                    self.matcher.anchored[number as usize].push(anchored);
                }
                Word::Begins(beginning) => {
                    let &[a, b, ..] = beginning.as_bytes() else {
                        continue;
                    };
                    let same = self.matcher.beginnings.entry([a, b]).or_default();
                    same.push((beginning.as_str().into(), anchored));
                }
                Word::Number => self.matcher.numbers.push(anchored),
                Word::Ten => self.matcher.tens.push(anchored),
            }
        }
        let first = self.first(&parts);
        self.matcher.phrases.push(Program {
            pattern,
            first,
            steps,
            whole: phrase.whole,
            before,
        });
    }

    /// Of each part but one the words of which a text must hold one, those first that are few.
    fn needs(&mut self, parts: &[Part], but: usize) -> Vec<Words> {
        let mut needs = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if let Part::Ways {
                ways,
                optional: false,
            } = part
                && at != but
            {
                needs.push(self.bits(&anchors(ways).0));
            }
        }
        needs.sort_unstable_by_key(|need| need.count_ones());
        needs
    }

    /// The words of which one must stand beside an anchor, and on which side: the fewer.
    fn near(&mut self, parts: &[Part], anchor: usize) -> (Words, Where) {
        let mut best = (Words::MAX, Where::Anywhere);
        let is_word = |way: &Way| matches!(way, Way::Word(_));
        if !matches!(&parts[anchor], Part::Ways { ways, .. } if ways.iter().all(is_word)) {
            return best;
        }
        let sides: [(_, _, Edge); 2] = [
            (anchor.checked_sub(1), Where::Before, <[Part]>::last),
            (Some(anchor + 1), Where::After, <[Part]>::first),
        ];
        for (at, place, outer) in sides {
            if let Some(Part::Ways {
                ways,
                optional: false,
            }) = at.and_then(|at| parts.get(at))
                && let Some(words) = edge(ways, outer)
            {
                let words = self.bits(&words);
                if words.count_ones() < best.0.count_ones() {
                    best = (words, place);
                }
            }
        }
        best
    }

    /// The words that one of these parts begins with.
    fn first(&mut self, parts: &[Part]) -> Words {
        let mut first = 0;
        let beside = |part: &&Part| matches!(part, Part::Not(_));
        for part in parts.iter().skip_while(beside) {
            let Part::Ways { ways, optional } = part else {
                return Words::MAX;
            };
            first |= edge(ways, <[Part]>::first).map_or(Words::MAX, |words| self.bits(&words));
            if !optional {
                break;
            }
        }
        first
    }

    /// What begins so, and numbers, have no bit of their own: then it may be any.
    fn bits(&mut self, words: &[&Word]) -> Words {
        words.iter().fold(0, |bits, word| match word {
            Word::Is(word) => bits | bit(self.number(word)),
            Word::Begins(_) | Word::Number | Word::Ten => Words::MAX,
        })
    }

    /// The number of a word.
    fn number(&mut self, word: &str) -> u32 {
        if let Some(&number) = self.matcher.vocabulary.get(word) {
            return number;
        }
        let number = u32::try_from(self.matcher.anchored.len()).unwrap_or(u32::MAX);
        self.matcher.vocabulary.insert(word.into(), number);
        self.matcher.anchored.push(Vec::new());
        number
    }

    fn parts(&mut self, parts: &[Part], steps: &mut Vec<Step>) {
        for part in parts {
            match part {
                Part::Gap(words) => {
                    let end = next(steps) + 2 * u32::try_from(*words).unwrap_or(u32::MAX);
                    for _ in 0..*words {
                        steps.extend([Step::Rather(end), Step::Any]);
                    }
                }
                Part::Not(words) => {
                    let set = self.set(words);
                    let begins = steps.is_empty();
                    steps.push(if begins {
                        Step::NotAfter(set)
                    } else {
                        Step::Not(set)
                    });
                }
                Part::Ways { ways, optional } => {
                    let left_out = optional.then(|| hold_open(steps));
                    self.ways(ways, steps);
                    if let Some(left_out) = left_out {
                        steps[left_out] = Step::Or(next(steps));
                    }
                }
            }
        }
    }

    /// One after the other.
    fn ways(&mut self, ways: &[Way], steps: &mut Vec<Step>) {
        let mut ends = Vec::new();
        let mut branches = branches(ways).into_iter().peekable();
        while let Some(branch) = branches.next() {
            let or = branches.peek().map(|_| hold_open(steps));
            match branch.first.as_slice() {
                [] => {}
                [Word::Is(word)] => steps.push(Step::Is(self.number(word))),
                words => steps.push(Step::One(self.set(words))),
            }
            match branch.then.as_slice() {
                [] => {}
                [Way::Parts(parts)] => self.parts(parts, steps),
                then => self.ways(then, steps),
            }
            if let Some(or) = or {
                ends.push(hold_open(steps));
                steps[or] = Step::Or(next(steps));
            }
        }
        for end in ends {
            steps[end] = Step::Goto(next(steps));
        }
    }

    fn set(&mut self, words: &[Word]) -> u32 {
        let mut set = Set::default();
        for word in words {
            match word {
                Word::Is(word) => set.words.push(self.number(word)),
                Word::Begins(beginning) => set.beginnings.push(beginning.as_str().into()),
                Word::Number => set.number = true,
                Word::Ten => set.ten = true,
            }
        }
        set.words.sort_unstable();
        set.words.dedup();
        set.bits = set.words.iter().fold(0, |bits, word| bits | bit(*word));
        let next = u32::try_from(self.matcher.sets.len()).unwrap_or(u32::MAX);
        *self.sets.entry(set.clone()).or_insert_with(|| {
            self.matcher.sets.push(set);
            next
        })
    }
}

/// Ways that begin with the same words, and how they go on.
struct Branch {
    /// Empty if they do not begin with one word of a few.
    first: Vec<Word>,
    /// In the order of writing; empty if they are at their end.
    then: Vec<Way>,
}

impl Branch {
    /// Whether no word can begin this and that.
    fn excludes(&self, first: &[Word]) -> bool {
        let plain = |word: &Word| matches!(word, Word::Is(_));
        !self.first.is_empty()
            && self.first.iter().chain(first).all(plain)
            && !self.first.iter().any(|word| first.contains(word))
    }
}

/// What ways share at their beginning is asked once. Ways change places only if they cannot begin at the same word, so the
/// first that leads to a match is still the first in the order of writing.
fn branches(ways: &[Way]) -> Vec<Branch> {
    let mut branches: Vec<Branch> = Vec::new();
    for way in ways {
        let (first, then) = split(way);
        // The last that may begin as this does: before it, this would come too early.
        let last = branches.iter().rposition(|branch| !branch.excludes(&first));
        let Some(then) = then else {
            let from = last.unwrap_or_default();
            let mut ended = branches[from..].iter_mut();
            match ended.find(|branch| branch.then.is_empty()) {
                Some(branch) => branch.first.extend(first),
                None => branches.push(Branch {
                    first,
                    then: vec![],
                }),
            }
            continue;
        };
        let same = |branch: &Branch| branch.first == first && !branch.then.is_empty();
        match last.filter(|&at| !first.is_empty() && same(&branches[at])) {
            Some(at) => branches[at].then.push(then),
            None => branches.push(Branch {
                first,
                then: vec![then],
            }),
        }
    }
    branches
}

/// The words that a way begins with, if it begins with one of a few, and how it goes on.
fn split(way: &Way) -> (Vec<Word>, Option<Way>) {
    match way {
        Way::Word(word) => (vec![word.clone()], None),
        Way::Parts(parts) => {
            if let [
                Part::Ways {
                    ways,
                    optional: false,
                },
                rest @ ..,
            ] = parts.as_slice()
            {
                let words = ways.iter().map(|way| match way {
                    Way::Word(word) => Some(word.clone()),
                    Way::Parts(_) => None,
                });
                if let Some(words) = words.collect::<Option<Vec<Word>>>() {
                    return (words, (!rest.is_empty()).then(|| Way::Parts(rest.to_vec())));
                }
            }
            (Vec::new(), Some(way.clone()))
        }
    }
}

/// The index of the step that comes next.
fn next(steps: &[Step]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// A step that is known later, and its index.
fn hold_open(steps: &mut Vec<Step>) -> usize {
    steps.push(Step::End);
    steps.len() - 1
}

/// Parts that are nothing but other parts are those.
fn flat(parts: &[Part]) -> Vec<Part> {
    let inner = |part: &Part| match part {
        Part::Ways {
            ways,
            optional: false,
        } => match ways.as_slice() {
            [Way::Parts(parts)] => flat(parts),
            _ => vec![part.clone()],
        },
        _ => vec![part.clone()],
    };
    parts.iter().flat_map(inner).collect()
}

/// The part at an edge: the first or the last.
type Edge = fn(&[Part]) -> Option<&Part>;

/// The words at an edge of ways, if they are known.
fn edge(ways: &[Way], outer: Edge) -> Option<Vec<&Word>> {
    let words = ways.iter().map(|way| match way {
        Way::Word(word) => Some(vec![word]),
        Way::Parts(parts) => match outer(parts)? {
            Part::Ways {
                ways,
                optional: false,
            } => edge(ways, outer),
            _ => None,
        },
    });
    Some(words.collect::<Option<Vec<_>>>()?.concat())
}

/// The part of a phrase by which it is found.
#[derive(Default)]
struct Anchor<'p> {
    /// A text must hold one of these.
    words: Vec<&'p Word>,
    /// The fewest and the most words before it.
    before: (usize, usize),
    /// Its index.
    part: usize,
}

/// The part of which the words are rarest.
fn anchor(parts: &[Part]) -> Anchor<'_> {
    let mut before = (0, 0);
    let mut best: Option<(f32, Anchor<'_>)> = None;
    for (at, part) in parts.iter().enumerate() {
        let (fewest, most) = width(part);
        if let Part::Ways {
            ways,
            optional: false,
        } = part
        {
            let (words, inside) = anchors(ways);
            let weight: f32 = words.iter().map(|word| frequency(word)).sum();
            if best.as_ref().is_none_or(|(least, _)| weight < *least) {
                let before = (before.0 + inside.0, before.1 + inside.1);
                best = Some((
                    weight,
                    Anchor {
                        words,
                        before,
                        part: at,
                    },
                ));
            }
        }
        before = (before.0 + fewest, before.1 + most);
    }
    best.map(|(_, anchor)| anchor).unwrap_or_default()
}

/// The words of which one must be there for any of these ways; and how many of the ways' words stand before it.
fn anchors(ways: &[Way]) -> (Vec<&Word>, (usize, usize)) {
    let mut words = Vec::new();
    let mut inside: Option<(usize, usize)> = None;
    for way in ways {
        let (more, before) = match way {
            Way::Word(word) => (vec![word], (0, 0)),
            Way::Parts(parts) => {
                let anchor = anchor(parts);
                (anchor.words, anchor.before)
            }
        };
        words.extend(more);
        inside = Some(inside.map_or(before, |(fewest, most)| {
            (fewest.min(before.0), most.max(before.1))
        }));
    }
    (words, inside.unwrap_or_default())
}

/// The fewest and the most words of a part.
fn width(part: &Part) -> (usize, usize) {
    match part {
        Part::Gap(words) => (0, *words),
        Part::Not(_) => (0, 0),
        Part::Ways { ways, optional } => {
            let widths = ways.iter().map(|way| match way {
                Way::Word(_) => (1, 1),
                Way::Parts(parts) => parts
                    .iter()
                    .map(width)
                    .fold((0, 0), |sum, (fewest, most)| (sum.0 + fewest, sum.1 + most)),
            });
            let (fewest, most) = widths
                .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                .unwrap_or_default();
            (if *optional { 0 } else { fewest }, most)
        }
    }
}

/// How often a word stands in texts, roughly: by Zipf's law from its rank.
fn frequency(word: &Word) -> f32 {
    match word {
        Word::Is(word) => rank(word).map_or(1e-5, |rank| {
            0.1 / (f32::from(u16::try_from(rank).unwrap_or(u16::MAX)) + 1.0)
        }),
        Word::Begins(_) => 1e-3,
        Word::Number => 0.02,
        Word::Ten => 0.01,
    }
}
