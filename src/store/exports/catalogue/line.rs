//! The line itself: audit log, drills, incidents, words and rules.

use super::super::column::{Column, Kind, Table, house, id, number, time, words};
use super::{BY, ID, table};

pub(super) const AUDIT_LOG: Table = table(
        "audit_log",
        "Who did what, as a chain of hashes: README.txt says how to check it",
        ID,
        &[
            id("id"),
            number("seq").means("its place in the chain"),
            time("at"),
            words("actor").means("a login, or a part of the program"),
            words("action"),
            id("subject"),
            words("detail").means("JSON, with every byte as it was hashed"),
            Column::new("hash", Kind::Hash),
        ],
    )
    .of("(r.subject IN ({C}) OR r.subject IN (SELECT a.id FROM alerts a WHERE a.conversation_id IN ({C}))
          OR r.subject IN (SELECT m.id FROM messages m WHERE m.conversation_id IN ({C})) OR (r.subject IN ({T}) AND {ALONE}))");

pub(super) const DRILLS: Table = table(
    "drills",
    "Drills and what they measured",
    ID,
    &[
        id("id"),
        words("variant"),
        words("asked_by"),
        number("dry_run"),
        time("started_at"),
        time("taken_at"),
        time("ended_at"),
        words("outcome"),
        words("report").means("JSON"),
    ],
);

pub(super) const INCIDENTS: Table = table(
    "incidents",
    "What the operator was told",
    ID,
    &[
        id("id"),
        words("kind"),
        words("subject"),
        time("opened_at"),
        time("last_at"),
        number("count"),
        time("told_at"),
        time("acknowledged_at"),
        id("acknowledged_by"),
        time("closed_at"),
        words("detail").means("JSON"),
    ],
);

pub(super) const INCIDENT_NOTES: Table = table(
    "incident_notes",
    "What people wrote about an incident",
    ID,
    &[
        id("id"),
        id("incident_id"),
        id("staff_id"),
        BY,
        house("body", "r.body_sealed", "incident_notes.body").written(),
        time("at"),
    ],
);

pub(super) const CANNED_REPLIES: Table = table(
    "canned_replies",
    "The team's own words for replies",
    ID,
    &[
        id("id"),
        words("locale"),
        words("title"),
        words("body"),
        id("changed_by"),
        time("changed_at"),
    ],
);

pub(super) const APPROVALS: Table = table(
    "approvals",
    "Who signed which version of the content off",
    ID,
    &[
        id("id"),
        words("file"),
        words("hash"),
        words("marks").means("JSON"),
        id("approved_by"),
        time("approved_at"),
        time("review_at"),
        id("withdrawn_by"),
        time("withdrawn_at"),
    ],
);

pub(super) const SHADOW_COUNTS: Table = table(
    "shadow_counts",
    "How often rules on trial would have fired",
    &["rule", "day"],
    &[
        words("rule"),
        number("day").means("days since 1970-01-01"),
        number("hits"),
    ],
);
