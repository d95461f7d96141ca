-- Cases in hands: a claim is a lease, a case can be handed on, a supervisor called, and a conversation
-- ends with its outcome.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto/mod.rs).

-- Until when a claim holds without anything being done in the conversation.
ALTER TABLE alerts ADD COLUMN lease_until INTEGER;
CREATE INDEX alerts_claimed ON alerts (claimed_by) WHERE closed_at IS NULL AND claimed_by IS NOT NULL;

-- The open conversations by the time of their last text.
CREATE INDEX conversations_open ON conversations (last_inbound_at, id) WHERE closed_at IS NULL;

-- A case that its owner wants to give to somebody; theirs until it is accepted.
CREATE TABLE transfers (
    id              BLOB    NOT NULL PRIMARY KEY,
    alert_id        BLOB    NOT NULL REFERENCES alerts (id),
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    from_id         BLOB    NOT NULL REFERENCES staff (id),
    to_id           BLOB    NOT NULL REFERENCES staff (id),
    offered_at      INTEGER NOT NULL,
    until           INTEGER NOT NULL,
    ended_at        INTEGER,
    outcome         TEXT
) STRICT;
CREATE UNIQUE INDEX transfers_one_open ON transfers (alert_id) WHERE ended_at IS NULL;
CREATE INDEX transfers_conversation ON transfers (conversation_id);
CREATE INDEX transfers_to ON transfers (to_id) WHERE ended_at IS NULL;
CREATE INDEX transfers_until ON transfers (until) WHERE ended_at IS NULL;

-- A responder calls a supervisor to a case: asked again until one of them comes.
CREATE TABLE help_calls (
    id              BLOB    NOT NULL PRIMARY KEY,
    alert_id        BLOB    NOT NULL REFERENCES alerts (id),
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    asked_by        BLOB    NOT NULL REFERENCES staff (id),
    asked_at        INTEGER NOT NULL,
    next_at         INTEGER NOT NULL,
    calls           INTEGER NOT NULL,
    ended_at        INTEGER,
    answered_by     BLOB    REFERENCES staff (id)
) STRICT;
CREATE UNIQUE INDEX help_calls_one_open ON help_calls (alert_id) WHERE ended_at IS NULL;
CREATE INDEX help_calls_conversation ON help_calls (conversation_id);
CREATE INDEX help_calls_next ON help_calls (next_at) WHERE ended_at IS NULL;

-- What the staff write for each other in a conversation. It is never sent.
CREATE TABLE notes (
    id              BLOB    NOT NULL PRIMARY KEY,
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    body_sealed     BLOB    NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX notes_conversation ON notes (conversation_id, id);

CREATE TABLE wrap_ups (
    conversation_id BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    outcome         TEXT    NOT NULL,
    tier            TEXT    NOT NULL,
    check_in        INTEGER NOT NULL,
    debrief         INTEGER NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX wrap_ups_at ON wrap_ups (at, conversation_id);
CREATE INDEX wrap_ups_staff ON wrap_ups (staff_id, at, conversation_id);

-- Who saw the number of a texter, why, and until when.
CREATE TABLE reveals (
    id              BLOB    NOT NULL PRIMARY KEY,
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    reason          TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    until           INTEGER NOT NULL
) STRICT;
CREATE INDEX reveals_of ON reveals (conversation_id, staff_id, until);
