//! Why the program cannot start.

use crate::content::PackError;
use crate::crypto::keyfile::KeyFileError;
use crate::crypto::keystore::KeystoreError;
use crate::pager::email::NotUsable;
use crate::spool::Unusable;
use crate::store::{OpenError, StoreError};
use crate::triage::RuleError;

/// Why the program cannot start: one sentence with the place and the fix.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No usable master key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No usable keystore.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// No usable spool.
    #[error(transparent)]
    Spool(#[from] Unusable),
    /// No usable database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The crisis rules do not hold.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The content packs do not hold.
    #[error(transparent)]
    Packs(#[from] PackError),
    /// Mail cannot leave.
    #[error("{0}. Compare the section [smtp] with harborline.example.toml")]
    Smtp(#[from] NotUsable),
    /// No HTTP client.
    #[error(
        "the system's root certificates cannot be read: {0}. Install the package ca-certificates"
    )]
    Client(reqwest::Error),
    /// The first write failed.
    #[error("database.url: {0}")]
    Store(#[from] StoreError),
}
