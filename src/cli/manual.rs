//! `harborline completions` and `harborline man`: made from the same description as the command line itself.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Arguments, Failure};

pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "harborline", &mut script);
    Ok(io::stdout().lock().write_all(&script)?)
}

/// Prints the page of the program, or writes one for each command into a folder.
pub(super) fn man(out: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
        return Ok(io::stdout().lock().write_all(&page)?);
    };
    let refused = |error: io::Error| {
        Failure::from(format!(
            "{}: {error}. Name a writable folder after --out",
            folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(refused)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(refused)
}
