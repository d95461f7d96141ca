//! How long one text of about a hundred characters takes: the target is a median of 5 µs.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use harborline::text::normalise::Normal;
use harborline::triage::{RuleSet, assess};

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

criterion_group!(benches, triage);
criterion_main!(benches);
