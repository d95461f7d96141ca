//! What a fault came to, measured: a row of the table in docs/reliability.md.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// What is measured while a fault lasts and after it. Nothing is asserted of how long anything takes: that is
/// for who reads the table.
pub(crate) struct Figures {
    fault: &'static str,
    promises: &'static str,
    measured: Mutex<Measured>,
}

#[derive(Default)]
struct Measured {
    asked: usize,
    /// How long each text waited for its answer.
    waits: Vec<Duration>,
    mended: Option<Instant>,
    recovery: Option<Duration>,
    lost: usize,
    doubled: usize,
}

impl Figures {
    /// Of a fault, and of the promises that must hold.
    pub(crate) fn of(fault: &'static str, promises: &'static str) -> Self {
        Self {
            fault,
            promises,
            measured: Mutex::default(),
        }
    }

    /// A text that waited so long for its answer; `None` when none came.
    pub(crate) fn text(&self, wait: Option<Duration>) {
        let mut measured = self.measured.lock().unwrap();
        measured.asked += 1;
        measured.waits.extend(wait);
    }

    /// The fault is over from now on.
    pub(crate) fn mended(&self) {
        self.measured.lock().unwrap().mended = Some(Instant::now());
    }

    /// All is as it was before the fault.
    pub(crate) fn recovered(&self) {
        let mut measured = self.measured.lock().unwrap();
        measured.recovery = measured.mended.map(|mended| mended.elapsed());
    }

    /// So many are not there, and so many more than once.
    pub(crate) fn kept(&self, lost: usize, doubled: usize) {
        let mut measured = self.measured.lock().unwrap();
        (measured.lost, measured.doubled) = (lost, doubled);
    }

    /// Prints the row; `cargo test --test it -- chaos --nocapture` shows it.
    #[expect(clippy::print_stdout, reason = "this is what is asked for")]
    pub(crate) fn print(&self) {
        let mut measured = self.measured.lock().unwrap();
        measured.waits.sort_unstable();
        let waits = &measured.waits;
        let shown = |wait: Option<&Duration>| {
            wait.map_or("-".to_owned(), |wait| {
                format!("{:.2} s", wait.as_secs_f64())
            })
        };
        println!(
            "| {} | {} | {} of {} | {} | {} | {} / {} | {} |",
            self.fault,
            self.promises,
            waits.len(),
            measured.asked,
            measured.lost,
            measured.doubled,
            shown(waits.get(waits.len() / 2)),
            shown(waits.last()),
            shown(measured.recovery.as_ref()),
        );
    }
}
