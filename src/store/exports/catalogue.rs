//! What an export holds: every table and column that says something of what the line did. A test compares
//! it with the tables as they are, so that a new column is not forgotten.

mod cases;
mod line;
mod team;
mod texts;

use super::column::{Column, Table, words};
use cases::{
    ACKNOWLEDGEMENTS, ALERTS, DRAFTS, FOLLOWERS, HELP_CALLS, NOTES, PAGED_CASES, PAGES, TRANSFERS,
    WRAP_UPS,
};
use line::{
    APPROVALS, AUDIT_LOG, CANNED_REPLIES, DRILLS, INCIDENT_NOTES, INCIDENTS, SHADOW_COUNTS,
};
use team::{
    CALL_OUTS, CONTACT_METHODS, DUTIES, OVERRIDES, PAGE_TESTS, POLICIES, POLICY_TIERS,
    ROTATION_MEMBERS, ROTATIONS, RUNG_TARGETS, RUNGS, SCHEDULES, SHIFTS, STAFF, SWAPS,
    TESTED_PAGES,
};
use texts::{
    CHECK_INS, CONVERSATIONS, GATEWAY_LOG, LEGAL_HOLDS, MESSAGES, OBLIGATIONS, OUTBOX, PARTS,
    QUARANTINE, REVEALS, TEXTERS,
};

/// Who wrote it, by name.
const BY: Column = words("written_by")
    .from("(SELECT s.name FROM staff s WHERE s.id = r.staff_id)")
    .means("the name of the member of the staff who wrote it");
const GATEWAY_REF: Column = words("gateway_ref")
    .leads()
    .means("what the gateway calls it");

/// A table whose rows belong to nobody in particular.
const fn table(
    name: &'static str,
    about: &'static str,
    key: &'static [&'static str],
    columns: &'static [Column],
) -> Table {
    Table {
        name,
        about,
        key,
        columns,
        texter: "",
        of: None,
    }
}

impl Table {
    const fn sealed_with(mut self, texter: &'static str) -> Self {
        self.texter = texter;
        self
    }

    const fn of(mut self, condition: &'static str) -> Self {
        self.of = Some(condition);
        self
    }
}

const ID: &[&str] = &["id"];
const OF_CONVERSATION: &str = "r.conversation_id IN ({C})";
const OF_CASE: &str = "r.alert_id IN (SELECT a.id FROM alerts a WHERE a.conversation_id IN ({C}))";
const OF_TEXT: &str =
    "r.message_id IN (SELECT m.id FROM messages m WHERE m.conversation_id IN ({C}))";
const BY_CONVERSATION: &str =
    "JOIN conversations c ON c.id = r.conversation_id JOIN texters t ON t.id = c.texter_id";

/// Every table of an export.
pub const TABLES: &[Table] = &[
    TEXTERS,
    CONVERSATIONS,
    MESSAGES,
    OBLIGATIONS,
    PARTS,
    OUTBOX,
    ALERTS,
    ACKNOWLEDGEMENTS,
    PAGES,
    PAGED_CASES,
    NOTES,
    DRAFTS,
    WRAP_UPS,
    CHECK_INS,
    TRANSFERS,
    HELP_CALLS,
    FOLLOWERS,
    REVEALS,
    LEGAL_HOLDS,
    GATEWAY_LOG,
    QUARANTINE,
    AUDIT_LOG,
    STAFF,
    CONTACT_METHODS,
    SCHEDULES,
    ROTATIONS,
    ROTATION_MEMBERS,
    SHIFTS,
    OVERRIDES,
    SWAPS,
    DUTIES,
    POLICIES,
    RUNGS,
    RUNG_TARGETS,
    POLICY_TIERS,
    CALL_OUTS,
    PAGE_TESTS,
    TESTED_PAGES,
    DRILLS,
    INCIDENTS,
    INCIDENT_NOTES,
    CANNED_REPLIES,
    APPROVALS,
    SHADOW_COUNTS,
];
