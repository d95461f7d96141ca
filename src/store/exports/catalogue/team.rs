//! The staff, how they are reached, and who is on call.

use super::super::column::{Table, flag, house, id, number, time, words};
use super::{ID, table};

pub(super) const STAFF: Table = table(
    "staff",
    "Accounts of the staff, without passwords and second factors",
    ID,
    &[
        id("id"),
        words("login"),
        words("name"),
        words("role"),
        words("time_zone"),
        words("locale"),
        number("quiet_from").means("minutes after local midnight"),
        number("quiet_until"),
        time("created_at"),
        time("password_at"),
        time("totp_at").means("since when there is a second factor"),
        time("seen_at"),
        time("locked_at"),
        time("left_at"),
    ],
);

pub(super) const CONTACT_METHODS: Table = table(
    "contact_methods",
    "How the staff are reached",
    ID,
    &[
        id("id"),
        id("staff_id"),
        words("kind"),
        words("label").leads(),
        words("gateway"),
        words("preset"),
        house("address", "r.address_sealed", "contact_methods.address").leads(),
        words("uses"),
        time("created_at"),
        time("verified_at"),
        time("test_sent_at"),
        time("tested_at"),
        time("stopped_at"),
        time("disabled_at"),
        time("removed_at"),
    ],
);

pub(super) const SCHEDULES: Table = table(
    "schedules",
    "Schedules",
    ID,
    &[
        id("id"),
        words("name"),
        words("time_zone"),
        time("created_at"),
        time("removed_at"),
    ],
);

pub(super) const ROTATIONS: Table = table(
    "rotations",
    "Rotations of a schedule",
    ID,
    &[
        id("id"),
        id("schedule_id"),
        words("name"),
        words("unit"),
        number("every"),
        words("starts_on").means("local date and time, in the zone of the schedule"),
        number("weekdays"),
        number("from_minute"),
        number("until_minute"),
        time("removed_at"),
    ],
);

pub(super) const ROTATION_MEMBERS: Table = table(
    "rotation_members",
    "Who takes turns in a rotation",
    &["rotation_id", "position"],
    &[id("rotation_id"), number("position"), id("staff_id")],
);

pub(super) const SHIFTS: Table = table(
    "shifts",
    "Fixed shifts",
    ID,
    &[
        id("id"),
        id("schedule_id"),
        id("staff_id"),
        time("starts_at"),
        time("ends_at"),
        time("removed_at"),
    ],
);

pub(super) const OVERRIDES: Table = table(
    "overrides",
    "Who is on call instead, for a while",
    ID,
    &[
        id("id"),
        id("schedule_id"),
        words("kind"),
        id("staff_id"),
        id("by_id"),
        time("starts_at"),
        time("ends_at"),
        words("reason").written(),
        id("swap_id"),
        id("made_by"),
        time("made_at"),
        time("removed_at"),
    ],
);

pub(super) const SWAPS: Table = table(
    "swaps",
    "Turns that somebody wanted to swap",
    ID,
    &[
        id("id"),
        id("schedule_id"),
        id("asked_by"),
        id("asked_of"),
        time("gives_from"),
        time("gives_until"),
        time("takes_from"),
        time("takes_until"),
        words("state"),
        time("made_at"),
        time("done_at"),
    ],
);

pub(super) const DUTIES: Table = table(
    "duties",
    "Turns of people: asked, taken, ended",
    ID,
    &[
        id("id"),
        id("schedule_id"),
        id("staff_id"),
        time("starts_at"),
        time("ends_at"),
        time("noticed_at"),
        time("asked_at"),
        time("taken_at"),
        time("escalated_at"),
        time("ended_at"),
    ],
);

pub(super) const POLICIES: Table = table(
    "policies",
    "Escalation policies",
    ID,
    &[
        id("id"),
        words("name"),
        number("acks").means("how many people must acknowledge"),
        time("created_at"),
        time("removed_at"),
    ],
);

pub(super) const RUNGS: Table = table(
    "rungs",
    "Rungs of a policy",
    &["policy_id", "position"],
    &[
        id("policy_id"),
        number("position"),
        number("delay_s"),
        number("repeat"),
    ],
);

pub(super) const RUNG_TARGETS: Table = table(
    "rung_targets",
    "Whom a rung pages",
    &["policy_id", "rung", "position"],
    &[
        id("policy_id"),
        number("rung"),
        number("position"),
        words("kind"),
        id("target_id"),
    ],
);

pub(super) const POLICY_TIERS: Table = table(
    "policy_tiers",
    "Which policy pages for which tier",
    &["tier"],
    &[words("tier"), id("policy_id")],
);

pub(super) const CALL_OUTS: Table = table(
    "call_outs",
    "Calls of a supervisor to the whole team",
    ID,
    &[
        id("id"),
        id("called_by"),
        words("audience"),
        flag("urgent"),
        number("reached"),
        time("at"),
    ],
);

pub(super) const PAGE_TESTS: Table = table(
    "page_tests",
    "Tests whether pages arrive",
    ID,
    &[
        id("id"),
        words("code"),
        id("staff_id"),
        id("asked_by"),
        time("asked_at"),
        time("answered_at"),
        words("answered_how"),
    ],
);

pub(super) const TESTED_PAGES: Table = table(
    "tested_pages",
    "The pages of a test",
    &["page_id"],
    &[id("page_id"), id("test_id")],
);
