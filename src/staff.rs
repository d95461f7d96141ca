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
    /// Acknowledge, claim, write, take over, hand on, offer a check-in, close.
    AnswerTexters,
    /// Read the conversations that others have, and come to who asks for help.
    ObserveConversations,
    /// Change the words that the team puts into its replies.
    EditCannedReplies,
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
    /// See who waits and who has what on one board, and call the team for help.
    SuperviseLine,
    /// See incidents, look after them and close them.
    HandleIncidents,
    /// See how the line did, and take the figures away.
    ViewReports,
    /// See the accounts of others and how they are reached.
    ViewPeople,
    /// Read the content packs, what is found of them, and try texts out.
    ViewContent,
    /// Sign a version of a pack off.
    ApproveContent,
    /// Take approvals back, and put edited rules in force.
    ManageContent,
    /// Read who did what.
    ViewAudit,
    /// Take what the audit log says out of the program.
    ExportAudit,
    /// Keep what the law asks for, and let it go again.
    ManageHolds,
    /// See how the program itself is: checks, gateways, keys, versions.
    ViewSystem,
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
            | Self::SuperviseLine
            | Self::HandleIncidents
            | Self::ViewReports
            | Self::ObserveConversations
            | Self::ViewContent
            | Self::ApproveContent
            | Self::ViewAudit
            | Self::EditCannedReplies
            | Self::ViewPeople => Role::Supervisor,
            Self::ManageContent
            | Self::ExportAudit
            | Self::ManageHolds
            | Self::ViewSystem
            | Self::ManagePeople => Role::Administrator,
        }
    }
}

/// The kind of thing that a session was started on: all that is kept of what a browser says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Device {
    /// A browser on a phone.
    Phone,
    /// A browser on a tablet.
    Tablet,
    /// A browser on a computer.
    Computer,
    /// Something else.
    Other,
}

impl Device {
    /// The kind, from the `User-Agent` of a request.
    #[must_use]
    pub fn of(user_agent: &str) -> Self {
        let has = |part: &str| user_agent.contains(part);
        if has("iPad") || has("Tablet") || (has("Android") && !has("Mobi")) {
            Self::Tablet
        } else if has("Mobi") || has("iPhone") {
            Self::Phone
        } else if has("Mozilla/") {
            Self::Computer
        } else {
            Self::Other
        }
    }

    /// The kind in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Phone => "a phone",
            Self::Tablet => "a tablet",
            Self::Computer => "a computer",
            Self::Other => "another program",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_what_it_runs_on() {
        for (user_agent, device) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari",
                Device::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) Chrome/141.0 Mobile Safari/537.36",
                Device::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) Chrome/141.0 Safari/537.36",
                Device::Tablet,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Safari",
                Device::Tablet,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
                Device::Computer,
            ),
            ("curl/8.1", Device::Other),
            ("", Device::Other),
        ] {
            assert_eq!(Device::of(user_agent), device, "{user_agent}");
        }
    }

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
