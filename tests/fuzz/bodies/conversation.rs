//! Any state that was kept, and any text, lead to a reply or to a reason for none.

use std::sync::LazyLock;

use harborline::clock::At;
use harborline::content::Packs;
use harborline::conversation::{Line, State, Turn, step};
use harborline::triage::{RuleSet, assess};

static PACKS: LazyLock<Packs> = LazyLock::new(|| Packs::builtin().expect("the packs hold"));
static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::builtin().expect("the rules hold"));
static LINE: LazyLock<Line> = LazyLock::new(|| Line {
    name: "Example Line".to_owned(),
    contact: "help@example.org".to_owned(),
    free_to_end_user: false,
    care: String::new(),
});

// The state, a line break, the text.
pub(crate) fn run(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let state = State::read(&bytes[..end]);
    let text = String::from_utf8_lossy(&bytes[end..]);
    let verdict = assess(&RULES, &text);
    let turn = Turn {
        now: At(1_767_225_600_000),
        said_at: At(1_767_225_600_000),
        decided: At(1_767_225_600_000),
        text: &text,
        has_media: false,
        verdict: &verdict,
        earlier: &[],
        human_joined: false,
        call: None,
        held: false,
        keyword_handled: false,
        line: &LINE,
        packs: &PACKS,
    };
    let stepped = step(&state, &turn);
    assert_eq!(stepped.replies.is_empty(), stepped.silence.is_some());
}
