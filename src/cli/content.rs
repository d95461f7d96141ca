//! `harborline content check` and `harborline content show`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::progress::Progress;
use super::{Failure, folder};
use crate::clock::{Clock, SystemClock};
use crate::content::check::{Strictness, Weight, check};
use crate::content::chooser::Answers;
use crate::content::{Fill, Key, Packs, PageId};
use crate::locale::Locale;
use crate::phrasebook;
use crate::segment::segments;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Hold every word against the rules for texts; exit with 1 if one breaks a rule
    Check {
        /// A folder with edited packs; without it, the built-in ones
        directory: Option<PathBuf>,
        /// Refuse stale and unverified facts too, as for a release
        #[arg(long)]
        release: bool,
    },
    /// Show a message or page as a phone gets it, in every language
    Show {
        /// The key, such as `crisis_high` or `dbt`; without it, all keys are listed
        key: Option<String>,
        /// A folder with edited packs; without it, the built-in ones
        #[arg(long, value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Check { directory, release } => {
            let how = Strictness {
                today: SystemClock.now().day(),
                release: *release,
            };
            check_all(&packs(directory.as_deref())?, how)
        }
        Command::Show { key, directory } => show(&packs(directory.as_deref())?, key.as_deref()),
    }
}

fn packs(directory: Option<&Path>) -> Result<Packs, Failure> {
    match directory {
        None => Ok(Packs::builtin()?),
        Some(directory) => phrasebook::load(folder(directory)?).map_err(Failure::finding),
    }
}

fn check_all(packs: &Packs, how: Strictness) -> Result<(), Failure> {
    let spins = Progress::spinning("holding every text against the rules");
    let findings = check(packs, how);
    drop(spins);
    let errors = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Error);
    let errors = errors.count();
    let mut out = io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    let warnings = findings.len() - errors;
    writeln!(out, "{errors} errors, {warnings} warnings")?;
    if errors == 0 {
        return Ok(());
    }
    Err(Failure::finding(format!("{errors} texts break a rule")))
}

/// What a phone gets, with sample values for the placeholders.
const SAMPLE: Fill<'static> = Fill {
    line: "Example Line",
    contact: "help@example.org",
    free_to_end_user: false,
    topic: "DBT: skills for big feelings",
    choices: "",
    care: "",
};

fn show(packs: &Packs, key: Option<&str>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let Some(key) = key else {
        let messages = Key::ALL.map(Key::name);
        let pages = PageId::ALL.map(PageId::name);
        writeln!(
            out,
            "messages: {}\npages: {}",
            messages.join(" "),
            pages.join(" ")
        )?;
        return Ok(());
    };
    let name = key
        .trim_start_matches("messages.")
        .trim_start_matches("pages.");
    let message = Key::ALL.into_iter().find(|key| key.name() == name);
    let page = PageId::ALL.into_iter().find(|id| id.name() == name);
    if message.is_none() && page.is_none() {
        let hint = "`harborline content show` lists all keys";
        return Err(Failure::from(format!(
            "there is no message or page `{key}`; {hint}"
        )));
    }
    for locale in Locale::ALL {
        let mut texts = Vec::new();
        match message {
            Some(Key::Chosen) => {
                let end = packs.chooser(locale).ends().into_iter().next();
                texts.push(packs.chosen(locale, &end.unwrap_or_default(), &SAMPLE));
            }
            Some(key) => texts.push(packs.message(locale, key, &SAMPLE)),
            None => {}
        }
        if let Some(id) = page {
            let parts = 0..packs.page(locale, id).parts();
            texts.extend(parts.map(|part| packs.page_part(locale, id, part, &SAMPLE)));
        }
        if page == Some(PageId::Chooser) {
            texts.push(packs.question(locale, &Answers::default(), &SAMPLE));
        }
        for text in texts {
            let cost = segments(&text);
            writeln!(
                out,
                "--- {}, {} in {} segments ({} units)\n{text}\n",
                locale.tag(),
                cost.encoding,
                cost.segments,
                cost.units
            )?;
        }
    }
    Ok(())
}
