-- The spine: a text comes in, is understood, answered, stored and paged.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto.rs).

CREATE TABLE texters (
    id              BLOB    NOT NULL PRIMARY KEY,
    number_index    BLOB    NOT NULL UNIQUE,
    number_sealed   BLOB    NOT NULL,
    wrapped_key     BLOB    NOT NULL,
    state_sealed    BLOB    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
    id              BLOB    NOT NULL PRIMARY KEY,
    texter_id       BLOB    NOT NULL REFERENCES texters (id),
    tier            TEXT    NOT NULL,
    opened_at       INTEGER NOT NULL,
    last_inbound_at INTEGER NOT NULL,
    human_joined_at INTEGER,
    closed_at       INTEGER
) STRICT;
CREATE UNIQUE INDEX conversations_one_open ON conversations (texter_id) WHERE closed_at IS NULL;
CREATE INDEX conversations_recent ON conversations (last_inbound_at);

CREATE TABLE messages (
    id              BLOB    NOT NULL PRIMARY KEY,
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    texter_id       BLOB    NOT NULL REFERENCES texters (id),
    author          TEXT    NOT NULL,
    staff_id        BLOB,
    gateway         TEXT    NOT NULL,
    gateway_ref     TEXT,
    tier            TEXT,
    media           INTEGER NOT NULL,
    body_sealed     BLOB    NOT NULL,
    verdict_sealed  BLOB,
    at              INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_once ON messages (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX messages_thread ON messages (conversation_id, id);

CREATE TABLE obligations (
    message_id      BLOB    NOT NULL PRIMARY KEY REFERENCES messages (id),
    texter_id       BLOB    NOT NULL,
    due_at          INTEGER NOT NULL,
    closed_at       INTEGER,
    outcome         TEXT
) STRICT;
CREATE INDEX obligations_open ON obligations (due_at) WHERE closed_at IS NULL;
CREATE INDEX obligations_texter ON obligations (texter_id) WHERE closed_at IS NULL;

CREATE TABLE alerts (
    id              BLOB    NOT NULL PRIMARY KEY,
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    texter_id       BLOB    NOT NULL REFERENCES texters (id),
    code            TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    tier            TEXT    NOT NULL,
    opened_at       INTEGER NOT NULL,
    next_page_at    INTEGER,
    pages           INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    claimed_at      INTEGER,
    claimed_by      BLOB,
    answered_at     INTEGER,
    closed_at       INTEGER,
    closed_because  TEXT
) STRICT;
CREATE UNIQUE INDEX alerts_one_open ON alerts (conversation_id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX alerts_open_code ON alerts (code) WHERE closed_at IS NULL;
CREATE INDEX alerts_due ON alerts (next_page_at) WHERE closed_at IS NULL AND next_page_at IS NOT NULL;

CREATE TABLE pages (
    id              BLOB    NOT NULL PRIMARY KEY,
    alert_id        BLOB    REFERENCES alerts (id),
    kind            TEXT    NOT NULL,
    contact         TEXT    NOT NULL,
    address_sealed  BLOB    NOT NULL,
    body_sealed     BLOB    NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX pages_alert ON pages (alert_id);

CREATE TABLE outbox (
    id              BLOB    NOT NULL PRIMARY KEY,
    lane            TEXT    NOT NULL,
    gateway         TEXT    NOT NULL,
    texter_id       BLOB    REFERENCES texters (id),
    message_id      BLOB    REFERENCES messages (id),
    page_id         BLOB    REFERENCES pages (id),
    answers         BLOB    REFERENCES messages (id),
    state           TEXT    NOT NULL,
    due_at          INTEGER NOT NULL,
    lease_until     INTEGER,
    attempts        INTEGER NOT NULL,
    gateway_ref     TEXT,
    delivery        TEXT,
    code            TEXT,
    created_at      INTEGER NOT NULL,
    done_at         INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (lane, due_at) WHERE done_at IS NULL;
CREATE INDEX outbox_texter ON outbox (texter_id, id) WHERE done_at IS NULL;
CREATE INDEX outbox_ref ON outbox (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX outbox_message ON outbox (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE staff (
    id              BLOB    NOT NULL PRIMARY KEY,
    login           TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    password_hash   TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash      BLOB    NOT NULL PRIMARY KEY,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    created_at      INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    name            TEXT    NOT NULL PRIMARY KEY,
    value           BLOB    NOT NULL
) STRICT;

CREATE TABLE audit_log (
    id              BLOB    NOT NULL PRIMARY KEY,
    at              INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    subject         BLOB,
    detail          TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_log_subject ON audit_log (subject);
