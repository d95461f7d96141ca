//! Any bytes have a verdict; its spans lie in the text; more text never lowers it.

use std::sync::LazyLock;

use harborline::triage::{RuleSet, Tier, assess};

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().expect("the rules hold"));

pub(crate) fn hold(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let verdict = assess(&RULES, &text);
    for hit in &verdict.hits {
        assert!(text.get(hit.span.clone()).is_some(), "{hit:?}");
    }
    let longer = assess(&RULES, &format!("{text}. thanks"));
    // Only words that complete a guard may lower a verdict, and then to a question.
    let asked = longer.tier == Tier::Concern && !longer.guarded.is_empty();
    assert!(longer.tier >= verdict.tier || asked, "{text:?}");
}
