//! Progress of work that takes long: a line on stderr, where a person looks at a terminal; nothing in a log, a
//! file or a pipe, and nothing with `--no-progress` or where JSON was asked for.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line of unknown length moves.
const MOVES: Duration = Duration::from_millis(120);

static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on nothing is shown.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// A line of progress; it goes when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Work of known length, in `unit`s such as rows. A length of 0 may be set later.
    #[must_use]
    pub fn of(what: &'static str, unit: &str, total: u64) -> Self {
        let bar = bar(Some(total));
        let line = format!("{{msg}} {{bar:30}} {{pos}} of {{len}} {unit}, {{eta}} left");
        styled(&bar, &line);
        bar.set_message(what);
        Self(bar)
    }

    /// Work in several steps, each of a length of its own.
    #[must_use]
    pub fn steps(first: &'static str) -> Self {
        let bar = bar(Some(0));
        styled(&bar, "{msg} {bar:30} {percent} %, {elapsed}");
        bar.set_message(first);
        Self(bar)
    }

    /// A step of it, and how far it is.
    pub fn step(&self, step: &'static str, done: u64, all: u64) {
        self.0.set_message(step);
        self.set(done, all);
    }

    /// Work whose length nobody knows.
    #[must_use]
    pub fn spinning(what: impl Into<String>) -> Self {
        let bar = bar(None);
        styled(&bar, "{spinner} {msg}, {elapsed}");
        bar.set_message(what.into());
        if !bar.is_hidden() {
            bar.enable_steady_tick(MOVES);
        }
        Self(bar)
    }

    /// So much is done, of so much.
    pub fn set(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// So much more is done.
    pub fn inc(&self, more: u64) {
        self.0.inc(more);
    }

    /// Says what is done now.
    pub fn says(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn bar(length: Option<u64>) -> ProgressBar {
    let shown = !QUIET.load(Ordering::Relaxed) && io::stderr().is_terminal();
    let target = if shown {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(length, target)
}

fn styled(bar: &ProgressBar, line: &str) {
    if let Ok(style) = ProgressStyle::with_template(line) {
        bar.set_style(style);
    }
}
