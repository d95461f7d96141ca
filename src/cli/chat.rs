//! `harborline chat`

use super::Failure;
use crate::config::Config;

pub(super) fn run(_config: &Config) -> Result<(), Failure> {
    Ok(())
}
