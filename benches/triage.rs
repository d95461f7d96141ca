//! How long one text of about a hundred characters takes: the targets are a median of 5 µs, and 50 µs for
//! the slowest of a hundred.

#![expect(clippy::print_stdout, reason = "a tool that reports")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use harborline::text::normalise::Normal;
use harborline::triage::{RuleSet, assess, corpus};

const TEXTS: [(&str, &str); 4] = [
    (
        "ordinary",
        "hi i was wondering if you could tell me a bit more about how the group works and when it is open thanks",
    ),
    (
        "crisis",
        "i cant do this anymore, everyone would be better off without me and i have been saving up my pills ok",
    ),
    (
        "guarded",
        "no im not suicidal, i dont want to die, just sad about school and my friends and my phone battery too",
    ),
    (
        "disguised",
        "i wanna k1ll my$elf 2nite, s u i c i d e is all i thnk abt, pleeease dont tell any1, iwanttodie 😭😭💊",
    ),
];

fn triage(c: &mut Criterion) {
    let rules = match RuleSet::builtin() {
        Ok(rules) => rules,
        Err(error) => panic!("{error}"),
    };
    for (name, text) in TEXTS {
        c.bench_function(&format!("assess/{name}"), |b| {
            b.iter(|| assess(&rules, black_box(text)));
        });
    }
    c.bench_function("normalise/ordinary", |b| {
        b.iter(|| Normal::of(black_box(TEXTS[0].1)));
    });
}

/// How often each sentence is judged, after a first time that warms up.
const ROUNDS: usize = 50;

/// The slowest of a hundred: different sentences in turn, because one alone finds its tables warm.
fn tail(_: &mut Criterion) {
    let rules = match RuleSet::builtin() {
        Ok(rules) => rules,
        Err(error) => panic!("{error}"),
    };
    let texts: Vec<&str> = corpus::sentences()
        .map(|sentence| sentence.text)
        .filter(|text| (60..=140).contains(&text.len()))
        .collect();
    let mut first: Vec<Duration> = texts
        .iter()
        .map(|text| {
            let begun = Instant::now();
            black_box(assess(&rules, text));
            begun.elapsed()
        })
        .collect();
    first.sort_unstable();
    println!(
        "assess/first: the same sentences, each for the first time: p50 {:?}, max {:?}",
        first[first.len() / 2],
        first[first.len() - 1],
    );
    let mut times: Vec<Duration> = Vec::with_capacity(ROUNDS * texts.len());
    for text in std::iter::repeat_n(&texts, ROUNDS).flatten() {
        let begun = Instant::now();
        black_box(assess(&rules, black_box(text)));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "assess/corpus: {} sentences of 60 to 140 letters, {ROUNDS} rounds: p50 {:?}, p99 {:?}, max {:?}",
        texts.len(),
        at(50),
        at(99),
        at(100),
    );
}

criterion_group!(benches, triage, tail);
criterion_main!(benches);
