//! stub
use std::io::{BufRead, Write};
use crate::triage::RuleSet;
/// stub
pub fn run(_rules: &RuleSet, _input: impl BufRead, _output: impl Write) -> std::io::Result<()> {
    Ok(())
}
