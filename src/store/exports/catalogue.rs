//! What an export holds: every table and column that says something of what the line did. A test compares
//! it with the tables as they are, so that a new column is not forgotten.

use super::column::{Column, Kind, Table, flag, house, id, number, own, sealed, time, words};

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
    table(
        "texters",
        "Who texted: one row a number",
        ID,
        &[
            id("id"),
            own("number", "r.number_sealed", "texters.number").leads(),
            sealed("state", "r.state_sealed", "texters.state", true, true)
                .written()
                .means("where they are in the menu, their language, what they were asked"),
            time("created_at"),
            time("erase_at").means("when they asked for everything to be deleted"),
            time("erased_at").means("when number, words and key were destroyed"),
            time("blocked_at").means("when a carrier said that it blocks our texts"),
            flag("held")
                .from("EXISTS (SELECT 1 FROM legal_holds h WHERE h.texter_id = r.id AND h.lifted_at IS NULL)")
                .means("whether they, or a conversation of theirs, are under a legal hold"),
        ],
    )
    .sealed_with("JOIN texters t ON t.id = r.id")
    .of("r.id IN ({T})"),
    table(
        "conversations",
        "Conversations of texters with the line",
        ID,
        &[
            id("id"),
            id("texter_id"),
            words("tier").means("how urgent it was at last"),
            words("locale"),
            time("opened_at"),
            time("last_inbound_at"),
            time("human_joined_at"),
            time("closed_at"),
            time("opted_out_at"),
            id("drill_id").means("the drill that it belongs to; without one it is real"),
            flag("held")
                .from("EXISTS (SELECT 1 FROM legal_holds h WHERE h.texter_id = r.texter_id AND h.lifted_at IS NULL
                        AND (h.conversation_id IS NULL OR h.conversation_id = r.id))")
                .means("whether it is under a legal hold"),
        ],
    )
    .of("r.id IN ({C})"),
    table(
        "messages",
        "Texts, both ways",
        ID,
        &[
            id("id"),
            id("conversation_id"),
            id("texter_id"),
            words("author").means("texter, line (by itself) or staff"),
            id("staff_id"),
            BY,
            words("gateway"),
            GATEWAY_REF,
            words("tier").means("what triage said of it"),
            number("media").means("how many pictures or files came with it"),
            own("body", "r.body_sealed", "messages.body").written(),
            sealed("verdict", "r.verdict_sealed", "messages.verdict", true, true)
                .written()
                .means("rules, words and scores that triage decided by"),
            time("at"),
            time("emptied_at").means("when its words were removed because their time was over"),
        ],
    )
    .sealed_with("JOIN texters t ON t.id = r.texter_id")
    .of(OF_CONVERSATION),
    table(
        "obligations",
        "The answer that each text is owed",
        &["message_id"],
        &[
            id("message_id"),
            id("texter_id"),
            time("due_at"),
            time("closed_at"),
            words("outcome").means("replied, or the reason why no answer was needed"),
        ],
    )
    .of(OF_TEXT),
    table(
        "parts",
        "Pieces of long texts, and which text they became",
        ID,
        &[
            id("id"),
            id("texter_id"),
            words("gateway"),
            GATEWAY_REF,
            words("reference").leads().means("what the pieces of one text have in common"),
            number("number"),
            number("total"),
            number("media"),
            own("body", "r.body_sealed", "parts.body").written(),
            id("message_id"),
            time("at"),
            time("done_at"),
        ],
    )
    .sealed_with("JOIN texters t ON t.id = r.texter_id")
    .of("(r.message_id IN (SELECT m.id FROM messages m WHERE m.conversation_id IN ({C})) OR (r.texter_id IN ({T}) AND {ALONE}))"),
    table(
        "outbox",
        "What leaves: each text and page, and how far it came",
        ID,
        &[
            id("id"),
            words("lane"),
            words("channel"),
            words("gateway"),
            words("moved_from").means("the gateway that it was written for, when another one carried it"),
            id("texter_id"),
            id("message_id"),
            id("page_id"),
            id("answers").means("the text that it answers"),
            words("state"),
            words("delivery"),
            words("code").means("why it was given up"),
            GATEWAY_REF,
            number("attempts"),
            number("segments"),
            number("polls"),
            time("created_at"),
            time("due_at"),
            time("lease_until"),
            time("poll_at"),
            time("done_at"),
        ],
    )
    .of("(r.message_id IN (SELECT m.id FROM messages m WHERE m.conversation_id IN ({C}))
          OR r.page_id IN (SELECT p.id FROM pages p JOIN alerts a ON a.id = p.alert_id WHERE a.conversation_id IN ({C})))"),
    table(
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
    .of(OF_CONVERSATION),
    table(
        "acknowledgements",
        "Who said that they see to a case",
        &["alert_id", "contact"],
        &[id("alert_id"), words("contact"), id("staff_id"), time("at")],
    )
    .of(OF_CASE),
    table(
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
    .of("(r.alert_id IN (SELECT a.id FROM alerts a WHERE a.conversation_id IN ({C})) OR (r.texter_id IN ({T}) AND {ALONE}))"),
    table(
        "paged_cases",
        "Which cases one page of a storm speaks of",
        &["page_id", "alert_id"],
        &[id("page_id"), id("alert_id")],
    )
    .of(OF_CASE),
    table(
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
    .of(OF_CONVERSATION),
    table(
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
    .of(OF_CONVERSATION),
    table(
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
    .of(OF_CONVERSATION),
    table(
        "check_ins",
        "Texts that ask how somebody is, if they agreed",
        ID,
        &[
            id("id"),
            id("texter_id"),
            id("conversation_id"),
            words("gateway"),
            time("asked_at"),
            id("asked_by"),
            time("agreed_at"),
            time("due_at"),
            time("done_at"),
            words("outcome"),
        ],
    )
    .of(OF_CONVERSATION),
    table(
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
    .of(OF_CONVERSATION),
    table(
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
    .of(OF_CONVERSATION),
    table(
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
    .of(OF_CONVERSATION),
    table(
        "reveals",
        "Who saw the number of a texter, and why",
        ID,
        &[
            id("id"),
            id("conversation_id"),
            id("staff_id"),
            words("reason"),
            time("at"),
            time("until"),
        ],
    )
    .of(OF_CONVERSATION),
    table(
        "legal_holds",
        "What must be kept although its time is over",
        ID,
        &[
            id("id"),
            id("texter_id"),
            id("conversation_id").means("none: everything of the texter"),
            house("reason", "r.reason_sealed", "legal_holds.reason").written(),
            words("set_by"),
            time("set_at"),
            words("lifted_by"),
            time("lifted_at"),
        ],
    )
    .of("(r.conversation_id IN ({C}) OR (r.conversation_id IS NULL AND r.texter_id IN ({T})))"),
    table(
        "gateway_log",
        "What gateways were asked and answered, without words and numbers",
        ID,
        &[
            id("id"),
            time("at"),
            words("gateway"),
            words("kind"),
            id("message_id"),
            id("outbox_id"),
            number("status").means("the HTTP status"),
            words("outcome"),
            number("duration_ms"),
            house("exchange", "r.exchange_sealed", "gateway_log.exchange")
                .written()
                .leads(),
        ],
    )
    .of(OF_TEXT),
    table(
        "quarantine",
        "Texts whose signature did not hold; nobody vouches for who sent them",
        ID,
        &[
            id("id"),
            words("gateway"),
            GATEWAY_REF,
            words("why"),
            words("tier"),
            sealed("inbound", "r.inbound_sealed", "quarantine.inbound", false, true)
                .written()
                .leads(),
            time("at"),
            time("page_due_at"),
            time("paged_at"),
            time("reply_due_at"),
            time("replied_at"),
            time("done_at"),
            words("outcome"),
        ],
    )
    .of("(r.number_index IN (SELECT x.number_index FROM texters x WHERE x.id IN ({T})) AND {ALONE})"),
    table(
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
          OR r.subject IN (SELECT m.id FROM messages m WHERE m.conversation_id IN ({C})) OR (r.subject IN ({T}) AND {ALONE}))"),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
        "rotation_members",
        "Who takes turns in a rotation",
        &["rotation_id", "position"],
        &[id("rotation_id"), number("position"), id("staff_id")],
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
        "rungs",
        "Rungs of a policy",
        &["policy_id", "position"],
        &[
            id("policy_id"),
            number("position"),
            number("delay_s"),
            number("repeat"),
        ],
    ),
    table(
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
    ),
    table(
        "policy_tiers",
        "Which policy pages for which tier",
        &["tier"],
        &[words("tier"), id("policy_id")],
    ),
    table(
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
    ),
    table(
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
    ),
    table(
        "tested_pages",
        "The pages of a test",
        &["page_id"],
        &[id("page_id"), id("test_id")],
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
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
    ),
    table(
        "shadow_counts",
        "How often rules on trial would have fired",
        &["rule", "day"],
        &[
            words("rule"),
            number("day").means("days since 1970-01-01"),
            number("hits"),
        ],
    ),
];
