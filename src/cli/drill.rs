//! `harborline drill`: asks for a drill, shows how far it has come, and prints its report.
//!
//! It works beside a running server, which holds the drill: this program only writes down that one is
//! wanted, and reads what was measured.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Failure, with_app};
use crate::app::App;
use crate::clock::At;
use crate::config::Config;
use crate::drill::{NotBegun, Wish};
use crate::oncall::drill::{Measured, limit, took};
use crate::oncall::{DrillOutcome, Until, Variant};
use crate::store::Drill;

/// How often the drill is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// A server takes a drill up within a second or two. After this, none is there.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(15);
/// How much longer than its longest step a drill may take. After this, its server is gone.
const OVER_WITHIN: Duration = Duration::from_secs(30);

/// What is to be shown, and how.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("variant")))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a switch each, as they are typed"
)]
pub(super) struct Arguments {
    /// As if the database were out of reach: the fail-safe answers, keeps the text and pages
    #[arg(long, group = "variant")]
    db_down: bool,
    /// As if the gateway of the pages refused them: another one must carry them
    #[arg(long, group = "variant")]
    provider_down: bool,
    /// Nobody is to answer: the ladder is climbed to its end, and the operator is told
    #[arg(long, group = "variant")]
    responder_silent: bool,
    /// No page leaves the program, and nobody is waited for
    #[arg(long)]
    dry_run: bool,
    /// How far people must come: acknowledged, claimed or answered
    #[arg(long, value_parser = until, default_value = "answered", value_name = "STEP")]
    until: Until,
    /// How many seconds people have; without it, what the configuration says
    #[arg(long, value_parser = clap::value_parser!(u64).range(60..=86_400), value_name = "SECONDS")]
    limit: Option<u64>,
    /// Even while a real crisis is open, if somebody has it; never while a real case waits
    #[arg(long)]
    anyway: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn until(word: &str) -> Result<Until, String> {
    let found = Until::ALL.into_iter().find(|until| until.word() == word);
    found.ok_or_else(|| "write acknowledged, claimed or answered".to_owned())
}

impl Arguments {
    const fn variant(&self) -> Variant {
        if self.db_down {
            Variant::DbDown
        } else if self.provider_down {
            Variant::ProviderDown
        } else if self.responder_silent {
            Variant::ResponderSilent
        } else {
            Variant::Plain
        }
    }

    fn wish(&self) -> Wish {
        Wish {
            variant: self.variant(),
            until: self.until,
            dry_run: self.dry_run,
            limit: self.limit.map(Duration::from_secs),
            anyway: self.anyway,
            by: "cli".to_owned(),
        }
    }
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    with_app(config, |app| async move { hold(&app, arguments).await })
}

async fn hold(app: &App, arguments: &Arguments) -> Result<(), Failure> {
    let id = match app.drills.ask(arguments.wish()).await? {
        Ok(id) => id,
        Err(why @ NotBegun::CrisesOpen(_)) => {
            return Err(Failure::from(format!("{why}: add --anyway")));
        }
        Err(why) => return Err(Failure::from(why)),
    };
    let drill = tokio::select! {
        // In this order, so that a signal is listened for before anything is said.
        biased;
        _ = tokio::signal::ctrl_c() => {
            app.drills.call_off(id, "stopped at the command line").await?;
            return Err(Failure::from("the drill was called off. Who was paged is told"));
        }
        ended = follow(app, arguments, id) => ended?,
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer(&mut out, &as_json(&drill))?;
        writeln!(out)?;
    } else {
        print(&mut out, &drill)?;
    }
    out.flush()?;
    let why = drill.report.why.as_deref().unwrap_or_default();
    match drill.outcome {
        Some(DrillOutcome::Passed) => Ok(()),
        Some(DrillOutcome::Failed) => Err(Failure::finding(format!("the drill FAILED: {why}"))),
        Some(DrillOutcome::CalledOff) | None => Err(Failure::from(format!(
            "the drill was called off, so it shows nothing: {why}"
        ))),
    }
}

/// Shows how far a drill has come until it is over. Progress goes to stderr: stdout is the report.
async fn follow(app: &App, arguments: &Arguments, id: Uuid) -> Result<Drill, Failure> {
    let progress = Progress::new(arguments)?;
    let (asked_at, mut shown) = (app.clock.now(), 0);
    loop {
        let read = app.store.read().await?.drill(id).await?;
        let drill = read.ok_or_else(|| Failure::from("the drill is not kept any more"))?;
        shown = progress.show(&drill, shown)?;
        if drill.outcome.is_some() {
            progress.end();
            return Ok(drill);
        }
        let now = app.clock.now();
        let lost = match drill.taken_at {
            None if now.since(asked_at) > TAKEN_UP_WITHIN => Some(
                "no server took the drill up. Start `harborline serve` with this configuration, then ask again",
            ),
            Some(taken)
                if now.0
                    > taken.0
                        + drill.report.longest_ms()
                        + OVER_WITHIN.as_secs().cast_signed() * 1000 =>
            {
                Some("the server that held the drill is gone. Read its log")
            }
            _ => None,
        };
        if let Some(why) = lost {
            progress.end();
            app.drills.call_off(id, "nobody held it").await?;
            return Err(Failure::from(why));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is shown while a drill goes on: a line a step, and on a terminal what it waits for.
struct Progress(ProgressBar);

impl Progress {
    fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}")?;
        bar.set_style(style);
        bar.enable_steady_tick(LOOK);
        let progress = Self(bar);
        progress.say(&format!("Drill: {}.", arguments.variant().name()))?;
        progress.say(if arguments.dry_run {
            "No page leaves the program."
        } else if arguments.responder_silent {
            "The people on call are paged once a server takes it up, marked as a DRILL that they are not to answer."
        } else {
            "The people on call are paged once a server takes it up, marked as a DRILL. They answer as if it were real."
        })?;
        Ok(progress)
    }

    fn say(&self, line: &str) -> io::Result<()> {
        self.0.suspend(|| writeln!(io::stderr(), "{line}"))
    }

    /// Says what happened since the last look, of which `shown` steps were said; how many are now.
    fn show(&self, drill: &Drill, shown: usize) -> io::Result<usize> {
        let mut happened: Vec<&Measured> = drill.report.steps.iter().collect();
        happened.retain(|step| step.took_ms.is_some());
        happened.sort_by_key(|step| step.took_ms);
        for step in happened.iter().skip(shown) {
            let after = took(step.took_ms.unwrap_or_default());
            self.say(&format!("  {after:>12}  {}", step.expected))?;
        }
        let mut steps = drill.report.steps.iter();
        if let Some(next) = steps.find(|step| step.took_ms.is_none()) {
            let (within, case) = (limit(next.within_ms), drill.report.case.as_deref());
            let case = case.map_or_else(String::new, |case| format!("case {case}: "));
            let waits = format!(
                "{case}waiting for this: {} (within {within})",
                next.expected
            );
            self.0.set_message(waits);
        }
        Ok(happened.len())
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// The report for a person.
fn print(out: &mut impl Write, drill: &Drill) -> io::Result<()> {
    let report = &drill.report;
    let outcome = drill.outcome.map_or("going on", DrillOutcome::word);
    writeln!(out, "\nDrill of {}: {outcome}", drill.variant.name())?;
    if let Some(why) = &report.why {
        writeln!(out, "  {why}")?;
    }
    writeln!(
        out,
        "  asked for by {} at {}",
        drill.asked_by,
        when(drill.started_at, "%Y-%m-%d %H:%M UTC")
    )?;
    if let Some(case) = &report.case {
        writeln!(out, "  case {case}")?;
    }
    if drill.dry_run {
        writeln!(out, "  no page left the program")?;
    }
    if let Some(way) = &report.way {
        writeln!(out, "  {way}")?;
    }
    writeln!(
        out,
        "\n  {:<8}{:>13}  {:<14}what is expected",
        "", "took", "allowed"
    )?;
    for step in &report.steps {
        let after = step.took_ms.map_or_else(|| "-".to_owned(), took);
        let more = step
            .what
            .as_ref()
            .map_or_else(String::new, |what| format!(" ({what})"));
        let word = step.word(drill.outcome.is_some()).to_uppercase();
        writeln!(
            out,
            "  {word:<8}{after:>13}  {:<14}{}{more}",
            limit(step.within_ms),
            step.expected
        )?;
    }
    if !report.timeline.is_empty() {
        writeln!(out, "\nTimeline (UTC)")?;
    }
    for event in &report.timeline {
        writeln!(out, "  {}  {}", when(event.at, "%H:%M:%S%.3f"), event.what)?;
    }
    Ok(())
}

fn when(at: At, form: &str) -> String {
    let moment = Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.to_zoned(TimeZone::UTC).strftime(form).to_string()
}

/// The report for a program. Times are milliseconds: `at` since 1970, the others since the text.
fn as_json(drill: &Drill) -> Value {
    let step = |step: &Measured| {
        json!({
            "step": step.step, "expected": step.expected, "within_ms": step.within_ms,
            "took_ms": step.took_ms, "ok": step.is_ok(), "what": step.what,
        })
    };
    let report = &drill.report;
    json!({
        "id": drill.id, "variant": drill.variant, "outcome": drill.outcome, "why": report.why,
        "dry_run": drill.dry_run, "asked_by": drill.asked_by, "started_at": drill.started_at,
        "text_at": report.text_at, "ended_at": drill.ended_at, "case": report.case, "way": report.way,
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
        "timeline": report.timeline,
    })
}
