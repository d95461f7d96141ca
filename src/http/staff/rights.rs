//! What a person may do to single things, beyond what their role is declared for at the routes: their own
//! turns are theirs to give away. Floor 4.

use uuid::Uuid;

use crate::staff::Permission;
use crate::store::Account;

/// Whether somebody may send a test page to this person: to anybody, or to themselves only.
pub(super) fn may_test(me: &Account, staff: Uuid) -> bool {
    me.role.may(Permission::OverrideOnCall) || staff == me.id
}

/// Whether somebody may change who is on call, taking this person off it: anybody, or themselves only.
pub(super) fn may_stand_in(me: &Account, out: Option<Uuid>) -> bool {
    me.role.may(Permission::OverrideOnCall) || out == Some(me.id)
}
