-- The spine: a text comes in, is understood, answered, stored and paged.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto.rs).

CREATE TABLE texters (
    id              UUID    NOT NULL PRIMARY KEY,
    number_index    BYTEA   NOT NULL UNIQUE,
    number_sealed   BYTEA   NOT NULL,
    wrapped_key     BYTEA   NOT NULL,
    state_sealed    BYTEA   NOT NULL,
    created_at      BIGINT  NOT NULL
);

CREATE TABLE conversations (
    id              UUID    NOT NULL PRIMARY KEY,
    texter_id       UUID    NOT NULL REFERENCES texters (id),
    tier            TEXT    NOT NULL,
    opened_at       BIGINT  NOT NULL,
    last_inbound_at BIGINT  NOT NULL,
    human_joined_at BIGINT,
    closed_at       BIGINT
);
CREATE UNIQUE INDEX conversations_one_open ON conversations (texter_id) WHERE closed_at IS NULL;
CREATE INDEX conversations_recent ON conversations (last_inbound_at);

CREATE TABLE messages (
    id              UUID    NOT NULL PRIMARY KEY,
    conversation_id UUID    NOT NULL REFERENCES conversations (id),
    texter_id       UUID    NOT NULL REFERENCES texters (id),
    author          TEXT    NOT NULL,
    staff_id        UUID,
    gateway         TEXT    NOT NULL,
    gateway_ref     TEXT,
    tier            TEXT,
    media           INTEGER NOT NULL,
    body_sealed     BYTEA   NOT NULL,
    verdict_sealed  BYTEA,
    at              BIGINT  NOT NULL
);
CREATE UNIQUE INDEX messages_once ON messages (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX messages_thread ON messages (conversation_id, id);

CREATE TABLE obligations (
    message_id      UUID    NOT NULL PRIMARY KEY REFERENCES messages (id),
    texter_id       UUID    NOT NULL,
    due_at          BIGINT  NOT NULL,
    closed_at       BIGINT,
    outcome         TEXT
);
CREATE INDEX obligations_open ON obligations (due_at) WHERE closed_at IS NULL;
CREATE INDEX obligations_texter ON obligations (texter_id) WHERE closed_at IS NULL;

CREATE TABLE alerts (
    id              UUID    NOT NULL PRIMARY KEY,
    conversation_id UUID    NOT NULL REFERENCES conversations (id),
    texter_id       UUID    NOT NULL REFERENCES texters (id),
    code            TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    tier            TEXT    NOT NULL,
    opened_at       BIGINT  NOT NULL,
    next_page_at    BIGINT,
    pages           INTEGER NOT NULL,
    acknowledged_at BIGINT,
    acknowledged_by TEXT,
    claimed_at      BIGINT,
    claimed_by      UUID,
    answered_at     BIGINT,
    closed_at       BIGINT,
    closed_because  TEXT
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (conversation_id) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX alerts_open_code ON alerts (code) WHERE closed_at IS NULL;
CREATE INDEX alerts_due ON alerts (next_page_at) WHERE closed_at IS NULL AND next_page_at IS NOT NULL;

CREATE TABLE pages (
    id              UUID    NOT NULL PRIMARY KEY,
    alert_id        UUID    REFERENCES alerts (id),
    kind            TEXT    NOT NULL,
    contact         TEXT    NOT NULL,
    address_sealed  BYTEA   NOT NULL,
    body_sealed     BYTEA   NOT NULL,
    at              BIGINT  NOT NULL
);
CREATE INDEX pages_alert ON pages (alert_id);

CREATE TABLE outbox (
    id              UUID    NOT NULL PRIMARY KEY,
    lane            TEXT    NOT NULL,
    gateway         TEXT    NOT NULL,
    texter_id       UUID    REFERENCES texters (id),
    message_id      UUID    REFERENCES messages (id),
    page_id         UUID    REFERENCES pages (id),
    answers         UUID    REFERENCES messages (id),
    state           TEXT    NOT NULL,
    due_at          BIGINT  NOT NULL,
    lease_until     BIGINT,
    attempts        INTEGER NOT NULL,
    gateway_ref     TEXT,
    delivery        TEXT,
    code            TEXT,
    created_at      BIGINT  NOT NULL,
    done_at         BIGINT
);
CREATE INDEX outbox_due ON outbox (lane, due_at) WHERE done_at IS NULL;
CREATE INDEX outbox_texter ON outbox (texter_id, id) WHERE done_at IS NULL;
CREATE INDEX outbox_ref ON outbox (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX outbox_message ON outbox (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE staff (
    id              UUID    NOT NULL PRIMARY KEY,
    login           TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    password_hash   TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL
);

CREATE TABLE sessions (
    token_hash      BYTEA   NOT NULL PRIMARY KEY,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    created_at      BIGINT  NOT NULL,
    seen_at         BIGINT  NOT NULL
);

CREATE TABLE settings (
    name            TEXT    NOT NULL PRIMARY KEY,
    value           BYTEA   NOT NULL
);

CREATE TABLE audit_log (
    id              UUID    NOT NULL PRIMARY KEY,
    at              BIGINT  NOT NULL,
    actor           TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    subject         UUID,
    detail          TEXT    NOT NULL
);
CREATE INDEX audit_log_subject ON audit_log (subject);
