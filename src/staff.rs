//! Staff: who signs in, what their role is, and what it lets them do. Floor 1.

use serde::{Deserialize, Serialize};

/// The role of a member of staff. Each includes the ones before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
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

impl Role {
    /// Every role, the one with the least first.
    pub const ALL: [Self; 3] = [Self::Responder, Self::Supervisor, Self::Administrator];

    /// The role in one word, as people read it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
        }
    }

    /// Whether this role has a permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.least()
    }
}

/// What a page or an act asks for. What belongs to a person's own account needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the queue and read conversations.
    ReadConversations,
    /// Acknowledge, claim, write, offer a check-in, close.
    AnswerTexters,
    /// See who is on call, when, and what is missing.
    ViewOnCall,
    /// Change who is on call for a while, and send test pages to others.
    OverrideOnCall,
    /// Change schedules and rotations.
    EditSchedules,
    /// Change who is paged for what, in which order.
    EditPolicies,
    /// Start drills and read their reports.
    RunDrills,
    /// See the accounts of others and how they are reached.
    ViewPeople,
    /// Invite and remove people, change roles and contact methods, make links for a new password.
    ManagePeople,
}

impl Permission {
    /// The table of permissions: the first role that has it; those after it have it, too.
    #[must_use]
    pub const fn least(self) -> Role {
        match self {
            Self::ReadConversations | Self::AnswerTexters | Self::ViewOnCall => Role::Responder,
            Self::OverrideOnCall
            | Self::EditSchedules
            | Self::EditPolicies
            | Self::RunDrills
            | Self::ViewPeople => Role::Supervisor,
            Self::ManagePeople => Role::Administrator,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_what_the_ones_before_it_have() {
        assert!(Role::ALL.is_sorted());
        assert!(Role::Responder.may(Permission::AnswerTexters));
        assert!(!Role::Responder.may(Permission::OverrideOnCall));
        assert!(Role::Supervisor.may(Permission::OverrideOnCall));
        assert!(!Role::Supervisor.may(Permission::ManagePeople));
        assert!(Role::Administrator.may(Permission::AnswerTexters));
    }
}
