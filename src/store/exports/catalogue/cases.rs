//! What the staff did with conversations and cases.

use super::super::column::{Table, flag, house, id, number, own, time, words};
use super::{BY, BY_CONVERSATION, ID, OF_CASE, OF_CONVERSATION, table};

pub(super) const ALERTS: Table = table(
    "alerts",
    "Cases: what called a person, and how long each step took",
    ID,
    &[
        id("id"),
        id("conversation_id"),
        id("texter_id"),
        words("code"),
        words("reason"),
        words("tier"),
        time("opened_at"),
        time("next_page_at"),
        time("paged_at"),
        number("pages"),
        id("policy_id"),
        number("rung"),
        number("round"),
        time("acknowledged_at"),
        words("acknowledged_by"),
        time("claimed_at"),
        id("claimed_by"),
        time("lease_until"),
        time("answered_at"),
        time("first_paged_at"),
        time("first_acknowledged_at"),
        time("first_claimed_at"),
        time("first_answered_at"),
        time("exhausted_at"),
        time("excused_at"),
        time("told_at"),
        words("unreachable"),
        time("closed_at"),
        words("closed_because"),
        id("drill_id"),
    ],
)
.of(OF_CONVERSATION);

pub(super) const ACKNOWLEDGEMENTS: Table = table(
    "acknowledgements",
    "Who said that they see to a case",
    &["alert_id", "contact"],
    &[id("alert_id"), words("contact"), id("staff_id"), time("at")],
)
.of(OF_CASE);

pub(super) const PAGES: Table = table(
        "pages",
        "Pages and notices to the staff",
        ID,
        &[
            id("id"),
            id("alert_id"),
            words("kind"),
            words("contact"),
            id("staff_id"),
            id("method_id"),
            words("preset"),
            id("texter_id").means("the texter whose words it carried, if it did"),
            house("address", "r.address_sealed", "pages.address").leads(),
            own("body", "r.body_sealed", "pages.body").written(),
            time("at"),
        ],
    )
    .sealed_with("LEFT JOIN texters t ON t.id = r.texter_id")
    .of("(r.alert_id IN (SELECT a.id FROM alerts a WHERE a.conversation_id IN ({C})) OR (r.texter_id IN ({T}) AND {ALONE}))");

pub(super) const PAGED_CASES: Table = table(
    "paged_cases",
    "Which cases one page of a storm speaks of",
    &["page_id", "alert_id"],
    &[id("page_id"), id("alert_id")],
)
.of(OF_CASE);

pub(super) const NOTES: Table = table(
    "notes",
    "What the staff wrote for each other in a conversation",
    ID,
    &[
        id("id"),
        id("conversation_id"),
        id("staff_id"),
        BY,
        own("body", "r.body_sealed", "notes.body").written(),
        time("at"),
    ],
)
.sealed_with(BY_CONVERSATION)
.of(OF_CONVERSATION);

pub(super) const DRAFTS: Table = table(
    "drafts",
    "What somebody of the staff began to write and did not send",
    ID,
    &[
        id("id"),
        id("conversation_id"),
        id("staff_id"),
        BY,
        own("body", "r.body_sealed", "drafts.body").written(),
        time("at"),
    ],
)
.sealed_with(BY_CONVERSATION)
.of(OF_CONVERSATION);

pub(super) const WRAP_UPS: Table = table(
    "wrap_ups",
    "How conversations ended",
    &["conversation_id"],
    &[
        id("conversation_id"),
        id("staff_id"),
        words("outcome"),
        words("tier"),
        flag("check_in"),
        flag("debrief"),
        time("at"),
    ],
)
.of(OF_CONVERSATION);

pub(super) const TRANSFERS: Table = table(
    "transfers",
    "Cases that somebody wanted to give to somebody",
    ID,
    &[
        id("id"),
        id("alert_id"),
        id("conversation_id"),
        id("from_id"),
        id("to_id"),
        time("offered_at"),
        time("until"),
        time("ended_at"),
        words("outcome"),
    ],
)
.of(OF_CONVERSATION);

pub(super) const HELP_CALLS: Table = table(
    "help_calls",
    "Supervisors called to a case",
    ID,
    &[
        id("id"),
        id("alert_id"),
        id("conversation_id"),
        id("asked_by"),
        time("asked_at"),
        time("next_at"),
        number("calls"),
        time("ended_at"),
        id("answered_by"),
    ],
)
.of(OF_CONVERSATION);

pub(super) const FOLLOWERS: Table = table(
    "followers",
    "Who reads a conversation on a phone of theirs",
    &["conversation_id", "staff_id"],
    &[
        id("conversation_id"),
        id("staff_id"),
        id("method_id"),
        time("since"),
    ],
)
.of(OF_CONVERSATION);
