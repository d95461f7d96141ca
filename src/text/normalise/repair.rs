//! Reading one token that is not written plainly: masked, misspelt or run together.
//!
//! Every repair leads to a word of the lexicon, never to a guess. Floor 0.

use std::ops::Range;

use super::lexicon::{
    LONGEST, common_words, crisis_words, holds_crisis, is_crisis, is_joinable, look_up, near, rank,
    repairable, without,
};

/// Letters for digits and symbols: `su1c1de`, `k!ll`, `$elf`.
pub(super) fn unleet(token: &str) -> Option<String> {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let letters = token.bytes().filter(u8::is_ascii_lowercase).count();
    if letters == 0 || is_unit(token) {
        return None;
    }
    let read = |one: char| token.chars().map(|c| letter(c, one)).collect::<String>();
    let readings = [read('i'), read('l')];
    let known = readings
        .iter()
        .find(|word| look_up(word).is_some())
        .cloned();
    // An unknown word is only a disguise when letters outweigh digits: `b12` is a vitamin.
    known.or_else(|| {
        let [first, _] = readings;
        (digits <= letters && letters > 1 && first.bytes().all(|b| b.is_ascii_lowercase()))
            .then_some(first)
    })
}

/// The letter that a digit or symbol is drawn like; `1` is an `i` or an `l`.
const fn letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '|' => one,
        '!' => 'i',
        '2' => 'z',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// Whether a token is a number with a unit or an ordinal: `5mg`, `20m`, `3am`, `15f`, `2yo`, `1st`.
fn is_unit(token: &str) -> bool {
    let unit = token.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < token.len()
        && matches!(
            unit,
            "mg" | "mgs"
                | "g"
                | "gs"
                | "mcg"
                | "ml"
                | "l"
                | "kg"
                | "lb"
                | "lbs"
                | "oz"
                | "m"
                | "f"
                | "am"
                | "pm"
                | "a"
                | "p"
                | "h"
                | "hr"
                | "hrs"
                | "min"
                | "mins"
                | "s"
                | "sec"
                | "secs"
                | "d"
                | "w"
                | "wk"
                | "wks"
                | "mo"
                | "mos"
                | "y"
                | "yr"
                | "yrs"
                | "yo"
                | "k"
                | "km"
                | "kms"
                | "ft"
                | "in"
                | "cm"
                | "mm"
                | "st"
                | "nd"
                | "rd"
                | "th"
                | "x"
                | "g5"
                | "gb"
                | "mb"
                | "tabs"
                | "pills"
                | "caps"
                | "pastillas"
        )
}

/// The word behind a mask, crisis words first: `su*cide`, `k**l`, `b*rden`.
pub(super) fn unmask(token: &str) -> Option<&'static str> {
    let hidden = token.bytes().filter(|&b| is_mask(b)).count();
    let shown = token.bytes().filter(u8::is_ascii_lowercase).count();
    if hidden == 0 || shown < 2 || !token.as_bytes().first()?.is_ascii_lowercase() {
        return None;
    }
    let same = |word: &&str| {
        word.len() == token.len()
            && word
                .bytes()
                .zip(token.bytes())
                .all(|(w, t)| w == t || is_mask(t))
    };
    let crisis = crisis_words().iter().filter(|word| word.len() > 2);
    // With more hidden than one letter in four, a common word would be a guess.
    let common = common_words().iter().filter(|_| hidden * 4 <= token.len());
    crisis.chain(common).copied().find(same)
}

const fn is_mask(byte: u8) -> bool {
    matches!(byte, b'*' | b'#')
}

/// A word with runs of three or more letters, read with one or two of each.
pub(super) fn unrepeat(token: &str) -> Option<String> {
    let runs: Vec<(u8, usize)> = token.bytes().fold(Vec::new(), |mut runs, byte| {
        match runs.last_mut() {
            Some((last, count)) if *last == byte => *count += 1,
            _ => runs.push((byte, 1)),
        }
        runs
    });
    let long: Vec<usize> = (0..runs.len())
        .filter(|&at| runs[at].1 > 2 && runs[at].0.is_ascii_lowercase())
        .collect();
    if long.is_empty() {
        return None;
    }
    let read = |doubled: usize| -> String {
        let mut word = String::with_capacity(token.len());
        for (at, &(byte, count)) in runs.iter().enumerate() {
            let kept = match long.iter().position(|&run| run == at) {
                Some(bit) if bit < 4 => 1 + (doubled >> bit & 1),
                Some(_) => 1,
                None => count,
            };
            word.extend(std::iter::repeat_n(char::from(byte), kept));
        }
        word
    };
    let ways = 1 << long.len().min(4);
    (0..ways)
        .map(read)
        .find(|word| look_up(word).is_some())
        .or_else(|| Some(read(0)))
}

/// The word that a misspelling stands for: a curated one, or a common one that is a slip of the thumb
/// away (a letter too many, one too few, or two that changed places).
pub(super) fn unmistype(token: &str) -> Option<&'static str> {
    if !(4..=MISTYPED).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let meant = || {
        repairable()
            .iter()
            .copied()
            .find(|word| is_slip(word, token))
    };
    slipped(token).or_else(|| (token.len() > 4).then(meant).flatten())
}

/// The most common word with the same letters but for one that is missing, too many, or out of place.
fn slipped(token: &str) -> Option<&'static str> {
    let keys = std::iter::once(None).chain((0..token.len()).map(Some));
    keys.filter_map(|left_out| near(without(token, left_out)))
        .filter(|word| {
            let replaced = word.len() == token.len() && !same_letters(word, token);
            !replaced
                && word.len().abs_diff(token.len()) <= 1
                && same_start(word, token)
                && distance(word.as_bytes(), token.as_bytes()) == 1
        })
        .min_by_key(|word| rank(word).unwrap_or(usize::MAX))
}

/// Of two words of one length and one slip apart: whether letters changed places, not one for another.
fn same_letters(a: &str, b: &str) -> bool {
    let sum = |word: &str| word.bytes().map(u32::from).sum::<u32>();
    sum(a) == sum(b)
}

/// Whether a token is close enough to a curated word: one slip, or two in the longest stems.
fn is_slip(word: &str, token: &str) -> bool {
    let long = token.len() > 5
        && ["suic", "overd", "ambul"]
            .iter()
            .any(|stem| word.starts_with(stem));
    let allowed = if long { 2 } else { 1 };
    word.len().abs_diff(token.len()) <= allowed
        && same_start(word, token)
        && distance(word.as_bytes(), token.as_bytes()) <= allowed
}

/// The longest token that is compared with other words.
const MISTYPED: usize = 16;

/// Thumbs rarely miss the first letter; holding on to it keeps `billing` apart from `killing`.
fn same_start(word: &str, token: &str) -> bool {
    match (word.as_bytes(), token.as_bytes()) {
        ([w0, w1, ..], [t0, t1, ..]) => w0 == t0 || (w0 == t1 && w1 == t0),
        _ => false,
    }
}

/// Optimal string alignment: insert, delete, replace, or swap two neighbours. Words are short.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before = [0; MISTYPED + 3];
    let mut above: [usize; MISTYPED + 3] = std::array::from_fn(|at| at);
    for i in 1..=a.len() {
        let mut row = [i; MISTYPED + 3];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (above[j] + 1).min(row[j - 1] + 1).min(above[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// So many letters without a space are a sentence more often than a word.
const SENTENCE: usize = 10;

/// Words written without spaces: when they fill the token and one of them is a crisis word, or when
/// a long token is nothing but common words.
pub(super) fn split(token: &str) -> Option<Vec<&str>> {
    if !(6..=160).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let cut = |parts: Vec<Range<usize>>| -> Vec<&str> {
        parts.into_iter().map(|part| &token[part]).collect()
    };
    if holds_crisis(token)
        && let Some(parts) = segment(token, |part| is_joinable(&token[part.clone()]).then_some(1))
    {
        let words = cut(parts);
        if words.len() > 1 && words.iter().any(|word| is_crisis(word)) {
            return Some(words);
        }
    }
    if token.len() < SENTENCE {
        return None;
    }
    // A letter left over is a last resort, and too many of them are no sentence.
    let left_over = |part: &Range<usize>| (part.len() == 1).then_some(14);
    let cost = |part: &Range<usize>| commonness(&token[part.clone()]).or_else(|| left_over(part));
    let words = cut(segment(token, cost)?);
    let left = words.iter().filter(|word| commonness(word).is_none());
    (words.len() > 2 && left.count() * 6 <= token.len()).then_some(words)
}

/// What a common word costs: fewer and more common words cut better.
fn commonness(word: &str) -> Option<usize> {
    let short = matches!(
        word,
        "i" | "a" | "u" | "y" | "im" | "id" | "dont" | "cant" | "wont" | "ive"
    );
    match (word.len(), rank(word)) {
        _ if short => Some(4),
        (1, _) => None,
        (_, Some(rank)) => Some(3 + usize::try_from((rank + 1).ilog2()).unwrap_or(0)),
        (_, None) => is_joinable(word).then_some(6),
    }
}

/// A run of single characters, read as words: each with its range of the run.
///
/// `None` unless a crisis word is among them, so that initials stay initials.
pub(super) fn join(run: &str) -> Option<Vec<(Range<usize>, String)>> {
    let read: String = run.chars().map(|c| letter(c, 'i')).collect();
    let cost = |part: &Range<usize>| {
        let written = run[part.clone()].bytes().any(|b| b.is_ascii_lowercase());
        match (written && is_joinable(&read[part.clone()]), part.len()) {
            (true, _) => Some(1),
            // A letter left over is a last resort.
            (false, 1) => Some(10),
            (false, _) => None,
        }
    };
    let parts = segment(&read, cost)?;
    let crisis = |part: &Range<usize>| part.len() > 2 && is_crisis(&read[part.clone()]);
    let worth = if parts.iter().any(crisis) {
        Some(parts)
    } else {
        // Whole words in single letters were written so on purpose.
        let whole = segment(&read, |part| commonness(&read[part.clone()]));
        let letters = run.bytes().all(|b| b.is_ascii_lowercase());
        whole.filter(|parts| letters && parts.iter().any(|part| part.len() > 3))
    };
    worth.map(|parts| {
        let word = |part: Range<usize>| {
            let word = if part.len() > 1 {
                &read[part.clone()]
            } else {
                &run[part.clone()]
            };
            (part, word.to_owned())
        };
        parts.into_iter().map(word).collect()
    })
}

/// The cheapest way to cut letters into parts, given the cost of each part that is allowed.
fn segment(
    letters: &str,
    cost: impl Fn(&Range<usize>) -> Option<usize>,
) -> Option<Vec<Range<usize>>> {
    // best[end] = (cost of letters[..end], start of its last part)
    let mut best: Vec<Option<(usize, usize)>> = vec![None; letters.len() + 1];
    best[0] = Some((0, 0));
    for end in 1..=letters.len() {
        best[end] = (end.saturating_sub(LONGEST)..end)
            .filter_map(|start| best[start].map(|(before, _)| (start, before)))
            .filter_map(|(start, before)| Some((before + cost(&(start..end))?, start)))
            .min();
    }
    let mut parts = Vec::new();
    let mut end = letters.len();
    while end > 0 {
        let (_, start) = best[end]?;
        parts.push(start..end);
        end = start;
    }
    parts.reverse();
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_words_are_never_repaired() {
        for word in [
            "kissing", "dye", "cute", "colgate", "bunking", "chating", "overdid", "doing",
            "homeless",
        ] {
            let kept = look_up(word).is_some() || unmistype(word).is_none();
            assert!(kept, "{word} became {:?}", unmistype(word));
        }
    }

    #[test]
    fn slips_in_crisis_words_are_repaired() {
        for (slip, word) in [
            ("suicde", "suicide"),
            ("suisidal", "suicidal"),
            ("overdse", "overdose"),
            ("mysefl", "myself"),
            ("bleding", "bleeding"),
            ("amblance", "ambulance"),
        ] {
            assert_eq!(unmistype(slip), Some(word), "{slip}");
        }
    }

    #[test]
    fn run_together_words_are_split_around_a_crisis_word_or_into_a_whole_sentence() {
        assert_eq!(split("iwanttodie"), Some(vec!["i", "want", "to", "die"]));
        assert_eq!(split("killmyself"), Some(vec!["kill", "myself"]));
        assert_eq!(split("iwanttogo"), None);
        assert_eq!(split("therapist"), None);
        let sentence = ["no", "one", "would", "miss", "me", "if", "i", "was", "gone"];
        assert_eq!(split(&sentence.concat()), Some(sentence.to_vec()));
    }

    #[test]
    fn units_are_not_leet() {
        for unit in ["5mg", "20m", "3am", "15f", "2yo", "800mg", "1st", "b12"] {
            assert_eq!(unleet(unit), None, "{unit}");
        }
        assert_eq!(unleet("su1c1d3").as_deref(), Some("suicide"));
        assert_eq!(unleet("k1ll").as_deref(), Some("kill"));
    }

    #[test]
    fn masks_open_to_crisis_words_and_thin_ones_to_common_words() {
        assert_eq!(unmask("su*cide"), Some("suicide"));
        assert_eq!(unmask("k**l"), Some("kill"));
        assert_eq!(unmask("b*tter"), Some("better"));
        assert_eq!(unmask("b**ter"), None);
    }
}
