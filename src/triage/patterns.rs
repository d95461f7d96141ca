//! Many patterns in one automaton, which says in one pass over a text which of them match at all.
//!
//! It is the lazy DFA that `regex` would use for a set, without the engines beside it: they take 30 MB here, and only
//! serve questions that a set is not asked. Floor 1.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternID, PatternSet};

type NewCache = Box<dyn Fn() -> Cache + Send + Sync + UnwindSafe + RefUnwindSafe>;

/// A compiled set of patterns.
pub(super) struct Patterns {
    dfa: Arc<DFA>,
    /// The states that were met so far: each thread that reads texts fills its own.
    caches: Pool<Cache, NewCache>,
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patterns").finish_non_exhaustive()
    }
}

impl Patterns {
    /// Compiles patterns into an automaton of at most so many bytes, and as many for its states. The error says
    /// what cannot be compiled.
    pub(super) fn compile(patterns: &[String], most: usize) -> Result<Self, String> {
        let nfa = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(most));
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .cache_capacity(most);
        let dfa = DFA::builder()
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(nfa)
            .configure(config)
            .build_many(patterns)
            .map_err(|error| error.to_string())?;
        let dfa = Arc::new(dfa);
        let caches: NewCache = {
            let dfa = Arc::clone(&dfa);
            Box::new(move || dfa.create_cache())
        };
        Ok(Self {
            dfa,
            caches: Pool::new(caches),
        })
    }

    /// The indices of the patterns that match. As it is compiled it cannot fail; if it did, every pattern would be
    /// looked at.
    pub(super) fn matches(&self, text: &str) -> Vec<usize> {
        let many = self.dfa.pattern_len();
        let mut matched = PatternSet::new(many);
        let mut cache = self.caches.get();
        let input = Input::new(text);
        match (self.dfa).try_which_overlapping_matches(&mut cache, &input, &mut matched) {
            Ok(()) => matched.iter().map(|id: PatternID| id.as_usize()).collect(),
            Err(_) => (0..many).collect(),
        }
    }
}
