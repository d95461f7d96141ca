//! How far a text that we sent has come.

use serde::{Deserialize, Serialize};

/// What the gateway last said of a text. Ordered by rank: a receipt never moves a text back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Delivery {
    /// The gateway has taken it.
    Accepted,
    /// The carrier has taken it.
    Sent,
    /// The gateway or the carrier gave up.
    Failed,
    /// The phone has it.
    Delivered,
}
