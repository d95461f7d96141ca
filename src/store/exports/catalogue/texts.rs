//! What texters wrote and were sent, and what is kept of them.

use super::super::column::{Table, flag, house, id, number, own, sealed, time, words};
use super::{BY, GATEWAY_REF, ID, OF_CONVERSATION, OF_TEXT, table};

pub(super) const TEXTERS: Table = table(
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
    .of("r.id IN ({T})");

pub(super) const CONVERSATIONS: Table = table(
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
    .of("r.id IN ({C})");

pub(super) const MESSAGES: Table = table(
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
        sealed(
            "verdict",
            "r.verdict_sealed",
            "messages.verdict",
            true,
            true,
        )
        .written()
        .means("rules, words and scores that triage decided by"),
        time("at"),
        time("emptied_at").means("when its words were removed because their time was over"),
    ],
)
.sealed_with("JOIN texters t ON t.id = r.texter_id")
.of(OF_CONVERSATION);

pub(super) const OBLIGATIONS: Table = table(
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
.of(OF_TEXT);

pub(super) const PARTS: Table = table(
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
    .of("(r.message_id IN (SELECT m.id FROM messages m WHERE m.conversation_id IN ({C})) OR (r.texter_id IN ({T}) AND {ALONE}))");

pub(super) const OUTBOX: Table = table(
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
            number("doubts").means("how many tries may have arrived without our knowing"),
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
          OR r.page_id IN (SELECT p.id FROM pages p JOIN alerts a ON a.id = p.alert_id WHERE a.conversation_id IN ({C})))");

pub(super) const CHECK_INS: Table = table(
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
.of(OF_CONVERSATION);

pub(super) const REVEALS: Table = table(
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
.of(OF_CONVERSATION);

pub(super) const LEGAL_HOLDS: Table = table(
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
.of("(r.conversation_id IN ({C}) OR (r.conversation_id IS NULL AND r.texter_id IN ({T})))");

pub(super) const GATEWAY_LOG: Table = table(
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
.of(OF_TEXT);

pub(super) const QUARANTINE: Table = table(
    "quarantine",
    "Texts whose signature did not hold; nobody vouches for who sent them",
    ID,
    &[
        id("id"),
        words("gateway"),
        GATEWAY_REF,
        words("why"),
        words("tier"),
        sealed(
            "inbound",
            "r.inbound_sealed",
            "quarantine.inbound",
            false,
            true,
        )
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
.of("(r.number_index IN (SELECT x.number_index FROM texters x WHERE x.id IN ({T})) AND {ALONE})");
