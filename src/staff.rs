//! Staff: who signs in, and what their role is. Floor 1.

use serde::{Deserialize, Serialize};

/// The role of a member of staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Role {
    /// Answers texters.
    Responder,
    /// Also sees and steers the work of responders.
    Supervisor,
    /// Also sets up the line and its people.
    Administrator,
}
