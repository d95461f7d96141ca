//! `harborline export`: takes data out, for a records request, for who asks what is kept of them, for an
//! audit, or to leave.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};

use super::progress::Progress;
use super::{Failure, erase, interruptible, with_app};
use crate::accounts::By;
use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::disk::{HashedFile, NewFolder};
use crate::export::{Export, NotExported, Of, Request, Subject, Why, file_number};
use crate::http::report_tables;
use crate::reports::{Figures, Period, to_csv};
use crate::retention::Who;
use crate::store::With;

/// How many days `--counts` covers without a word.
const DAYS: i32 = 30;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub(super) struct Arguments {
    /// One conversation with its words, as JSON and as text to print: the code of a case, like K7, or its id
    #[arg(long, value_name = "REF", group = "what")]
    conversation: Option<String>,
    /// All that is kept about one texter: by a case or an id; without it, a number is read from standard input
    #[arg(long, value_name = "REF", num_args = 0..=1, default_missing_value = "", group = "what")]
    texter: Option<String>,
    /// The whole line into this new folder: a file of JSON lines for each table, a manifest, a description
    #[arg(long, value_name = "DIR", group = "what")]
    all: Option<PathBuf>,
    /// Figures of some days alone, as CSV, without small numbers: nobody can be found in them
    #[arg(long, group = "what")]
    counts: bool,
    /// Why; it stands in the audit log
    #[arg(long, value_name = "WHY", required_unless_present = "counts",
          value_parser = PossibleValuesParser::new(Why::ALL.map(Why::word)))]
    reason: Option<String>,
    /// The number of the letter, the order or the file that asks for it; it stands in the audit log
    #[arg(long, value_name = "NUMBER", value_parser = file_number)]
    file_number: Option<String>,
    /// With --all: what people wrote, too. The name of the line has to be typed
    #[arg(long, requires = "all")]
    with_bodies: bool,
    /// With --all or --conversation: numbers and addresses, too. With --all the name of the line has to be typed
    #[arg(long, conflicts_with_all = ["texter", "counts"])]
    with_numbers: bool,
    /// With --counts: the first day, like 2026-01-01 [default: 30 days until today]
    #[arg(long, value_name = "DATE", requires_all = ["counts", "until"])]
    from: Option<String>,
    /// With --counts: the last day
    #[arg(long, value_name = "DATE", requires_all = ["counts", "from"])]
    until: Option<String>,
    /// The new folder to write into [default: one that is named by the time]
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    out: Option<PathBuf>,
}

impl Arguments {
    fn request(&self) -> Result<Request, Failure> {
        let typed = self.reason.as_deref().unwrap_or_default();
        let why = Why::ALL.into_iter().find(|why| why.word() == typed);
        Ok(Request {
            by: By::operator().name().to_owned(),
            // clap takes no other word.
            why: why.ok_or_else(|| Failure::from("--reason: say why"))?,
            file_number: self.file_number.clone(),
        })
    }

    fn folder(&self, what: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| {
            let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).unwrap_or_default();
            let time = now.strftime("%Y%m%dT%H%M%SZ");
            PathBuf::from(format!("harborline-{what}-{time}"))
        })
    }
}

pub(super) fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.counts {
        return counts(config, arguments);
    }
    if let Some(to) = &arguments.all {
        return all(config, arguments, to);
    }
    let (of, subject) = match (&arguments.conversation, &arguments.texter) {
        (Some(typed), _) => (Of::Conversation, named(typed)?),
        (None, Some(typed)) if typed.is_empty() => (Of::Texter, Subject::Number(erase::number()?)),
        (None, Some(typed)) => (Of::Texter, named(typed)?),
        // clap asks for one of them.
        (None, None) => return Err(Failure::from("say what: --conversation, --texter or --all")),
    };
    let request = arguments.request()?;
    let (to, numbers) = (arguments.folder("record"), arguments.with_numbers);
    with_app(config, |app| async move {
        let export = of_app(&app, config);
        let _spins = Progress::spinning("reading");
        let work = export.subject(of, &subject, numbers, &request, &to);
        let done = interruptible(work).await?.map_err(failure)?;
        writeln!(
            io::stdout(),
            "{}: {} text(s), {} row(s) in all. It can be read by whoever has the files: hand it over sealed, and delete it here",
            to.display(),
            done.texts,
            done.rows
        )?;
        Ok(())
    })
}

/// What names a subject in a command line.
fn named(typed: &str) -> Result<Subject, Failure> {
    Ok(match erase::reference(typed)? {
        Who::Code(code) => Subject::Code(code),
        Who::Id(id) => Subject::Id(id),
        Who::Number(number) => Subject::Number(number),
    })
}

fn of_app(app: &App, config: &Config) -> Export {
    Export {
        store: app.store.clone(),
        clock: std::sync::Arc::clone(&app.clock),
        line: config.line.name.clone(),
    }
}

fn all(config: &Config, arguments: &Arguments, to: &Path) -> Result<(), Failure> {
    let request = arguments.request()?;
    let with = With {
        bodies: arguments.with_bodies,
        numbers: arguments.with_numbers,
    };
    with_app(config, |app| async move {
        let export = of_app(&app, config);
        if with != With::default() {
            let (texts, texters) = export.size().await?;
            confirm(&config.line.name, with, texts, texters)?;
        }
        let bar = Progress::of("exporting", "rows", 0);
        let tell = |done, total| bar.set(done, total);
        let manifest = interruptible(export.line(with, &request, to, &tell)).await?;
        drop(bar);
        let manifest = manifest.map_err(failure)?;
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{}: {} rows of {} tables; {} texter(s) erased, {} under a legal hold. README.txt says how to read and check it",
            to.display(),
            manifest.rows(),
            manifest.tables.len(),
            manifest.erased_texters,
            manifest.held_texters
        )?;
        match (with.bodies, with.numbers) {
            (false, false) => writeln!(
                out,
                "No number and no word of a text is in it: --with-numbers and --with-bodies add them"
            )?,
            _ => writeln!(
                out,
                "It can be read by whoever has the files: encrypt it before it leaves this machine"
            )?,
        }
        if manifest.unreadable > 0 {
            return Err(Failure::finding(format!(
                "{} place(s) cannot be opened by any key that is here. Look at docs/keys.md before you take this for all",
                manifest.unreadable
            )));
        }
        Ok(())
    })
}

/// Asks for the name of the line, so that nobody takes all of it out by a slip.
fn confirm(line: &str, with: With, texts: i64, texters: i64) -> Result<(), Failure> {
    let what = match (with.bodies, with.numbers) {
        (true, true) => {
            format!("the words of {texts} text(s) and the numbers of {texters} texter(s)")
        }
        (true, false) => format!("the words of {texts} text(s)"),
        _ => format!("the numbers of {texters} texter(s)"),
    };
    let mut err = io::stderr().lock();
    writeln!(
        err,
        "This takes {what} out of the program, in files that anybody can read who has them."
    )?;
    if io::stdin().is_terminal() {
        write!(err, "Type the name of the line ({line}) to go on: ")?;
        err.flush()?;
    }
    let mut typed = String::new();
    io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() == line.trim() {
        return Ok(());
    }
    Err(Failure::finding(format!(
        "nothing was exported: the name of the line ({line}) was not typed. Run it again and type it, or leave --with-bodies and --with-numbers out"
    )))
}

fn counts(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let to = arguments.folder("counts");
    with_app(config, |app| async move {
        let zone = &app.handoff.desk.zone;
        let now = app.clock.now();
        let period = if let (Some(from), Some(until)) = (&arguments.from, &arguments.until) {
            Period::read(from, until)
                .map_err(|why| Failure::from(format!("--from, --until: {why}")))?
        } else {
            let now = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
            Period::last(DAYS, now.to_zoned(zone.clone()).date())
        };
        let export = of_app(&app, config);
        let mut tx = app.store.snapshot().await?;
        let rows = tx.report_rows(period.bounds(zone), now).await?;
        drop(tx);
        let figures = Figures::of(&rows, zone);
        let folder = NewFolder::begin(&to).map_err(|(path, source)| in_the_way(path, source))?;
        export.note_figures(By::operator().name()).await?;
        let mut names = Vec::new();
        for (name, table) in report_tables(&figures, app.handoff.packs.codes(), period) {
            let path = folder.path().join(format!("{name}.csv"));
            let csv = to_csv(&table)?;
            let written = HashedFile::create(&path).and_then(|mut file| {
                file.write_all(csv.as_bytes())?;
                file.finish()
            });
            written.map_err(|source| in_the_way(path, source))?;
            names.push(name);
        }
        folder
            .finish()
            .map_err(|source| in_the_way(to.clone(), source))?;
        writeln!(
            io::stdout(),
            "{}: {} to {}, {}. Numbers from 1 to 4 are taken out, and others with them until none can be computed",
            to.display(),
            period.from,
            period.until,
            names.join(", ")
        )?;
        Ok(())
    })
}

fn in_the_way(path: PathBuf, source: io::Error) -> Failure {
    failure(match source.kind() {
        io::ErrorKind::AlreadyExists => NotExported::InTheWay(path),
        _ => NotExported::File { path, source },
    })
}

/// What cannot be done here is a finding; what is wrong with the machine is not.
fn failure(why: NotExported) -> Failure {
    match why {
        NotExported::Store(_) => Failure::from(why),
        why => Failure::finding(why),
    }
}
