//! The `harborline` program: see [`harborline::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    harborline::cli::run()
}
