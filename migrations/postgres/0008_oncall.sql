-- On call: people and how they are reached, schedules, policies, what was acknowledged, duties, drills.
-- Times are Unix milliseconds; a time of day is minutes after local midnight. Columns that end in
-- _sealed hold sealed bytes (src/crypto.rs).

ALTER TABLE staff ADD COLUMN time_zone TEXT;
ALTER TABLE staff ADD COLUMN quiet_from INTEGER;
ALTER TABLE staff ADD COLUMN quiet_until INTEGER;
ALTER TABLE staff ADD COLUMN feed_hash BYTEA;
ALTER TABLE staff ADD COLUMN left_at BIGINT;

CREATE TABLE contact_methods (
    id              UUID    NOT NULL PRIMARY KEY,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    kind            TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    gateway         TEXT,
    preset          TEXT,
    address_index   BYTEA   NOT NULL,
    address_sealed  BYTEA   NOT NULL,
    secret_sealed   BYTEA,
    uses            TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    verified_at     BIGINT,
    tested_at       BIGINT,
    stopped_at      BIGINT,
    disabled_at     BIGINT,
    removed_at      BIGINT,
    code_hash       BYTEA,
    code_sent_at    BIGINT,
    code_tries      INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX contact_methods_once ON contact_methods (staff_id, kind, address_index) WHERE removed_at IS NULL;
CREATE INDEX contact_methods_address ON contact_methods (address_index);

CREATE TABLE schedules (
    id              UUID    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    time_zone       TEXT    NOT NULL,
    created_at      BIGINT  NOT NULL,
    removed_at      BIGINT
);
CREATE UNIQUE INDEX schedules_name ON schedules (name) WHERE removed_at IS NULL;

-- starts_on is a local date and time in the zone of the schedule: the first hand-off.
CREATE TABLE rotations (
    id              UUID    NOT NULL PRIMARY KEY,
    schedule_id     UUID    NOT NULL REFERENCES schedules (id),
    name            TEXT    NOT NULL,
    unit            TEXT    NOT NULL,
    every           INTEGER NOT NULL,
    starts_on       TEXT    NOT NULL,
    weekdays        INTEGER NOT NULL,
    from_minute     INTEGER,
    until_minute    INTEGER,
    removed_at      BIGINT
);
CREATE INDEX rotations_schedule ON rotations (schedule_id);

CREATE TABLE rotation_members (
    rotation_id     UUID    NOT NULL REFERENCES rotations (id),
    position        INTEGER NOT NULL,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    PRIMARY KEY (rotation_id, position)
);

CREATE TABLE shifts (
    id              UUID    NOT NULL PRIMARY KEY,
    schedule_id     UUID    NOT NULL REFERENCES schedules (id),
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    starts_at       BIGINT  NOT NULL,
    ends_at         BIGINT  NOT NULL,
    removed_at      BIGINT
);
CREATE INDEX shifts_schedule ON shifts (schedule_id, ends_at);

CREATE TABLE overrides (
    id              UUID    NOT NULL PRIMARY KEY,
    schedule_id     UUID    NOT NULL REFERENCES schedules (id),
    kind            TEXT    NOT NULL,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    by_id           UUID    REFERENCES staff (id),
    starts_at       BIGINT  NOT NULL,
    ends_at         BIGINT  NOT NULL,
    reason          TEXT    NOT NULL,
    swap_id         UUID,
    made_by         UUID    NOT NULL REFERENCES staff (id),
    made_at         BIGINT  NOT NULL,
    removed_at      BIGINT
);
CREATE INDEX overrides_schedule ON overrides (schedule_id, ends_at);

CREATE TABLE swaps (
    id              UUID    NOT NULL PRIMARY KEY,
    schedule_id     UUID    NOT NULL REFERENCES schedules (id),
    asked_by        UUID    NOT NULL REFERENCES staff (id),
    asked_of        UUID    NOT NULL REFERENCES staff (id),
    gives_from      BIGINT  NOT NULL,
    gives_until     BIGINT  NOT NULL,
    takes_from      BIGINT,
    takes_until     BIGINT,
    state           TEXT    NOT NULL,
    made_at         BIGINT  NOT NULL,
    done_at         BIGINT
);
CREATE INDEX swaps_open ON swaps (asked_of) WHERE done_at IS NULL;

CREATE TABLE policies (
    id              UUID    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    acks            INTEGER NOT NULL,
    created_at      BIGINT  NOT NULL,
    removed_at      BIGINT
);
CREATE UNIQUE INDEX policies_name ON policies (name) WHERE removed_at IS NULL;

CREATE TABLE rungs (
    policy_id       UUID    NOT NULL REFERENCES policies (id),
    position        INTEGER NOT NULL,
    delay_s         INTEGER NOT NULL,
    repeat          INTEGER NOT NULL,
    PRIMARY KEY (policy_id, position)
);

CREATE TABLE rung_targets (
    policy_id       UUID    NOT NULL REFERENCES policies (id),
    rung            INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    kind            TEXT    NOT NULL,
    target_id       UUID,
    PRIMARY KEY (policy_id, rung, position)
);

-- Which policy pages for which tier, and for who asks for a person without a crisis.
CREATE TABLE policy_tiers (
    tier            TEXT    NOT NULL PRIMARY KEY,
    policy_id       UUID    NOT NULL REFERENCES policies (id)
);

-- Where an alert stands on its policy: the rung that pages next, and its round.
ALTER TABLE alerts ADD COLUMN policy_id UUID;
ALTER TABLE alerts ADD COLUMN rung INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN round INTEGER NOT NULL DEFAULT 0;

CREATE TABLE acknowledgements (
    alert_id        UUID    NOT NULL REFERENCES alerts (id),
    contact         TEXT    NOT NULL,
    staff_id        UUID    REFERENCES staff (id),
    at              BIGINT  NOT NULL,
    PRIMARY KEY (alert_id, contact)
);

ALTER TABLE pages ADD COLUMN staff_id UUID;
ALTER TABLE pages ADD COLUMN method_id UUID;
-- How a page leaves: sms, voice, email, webhook.
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'sms';

-- A person's turn on a schedule: asked to take it, told when it begins and ends.
CREATE TABLE duties (
    id              UUID    NOT NULL PRIMARY KEY,
    schedule_id     UUID    NOT NULL REFERENCES schedules (id),
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    starts_at       BIGINT  NOT NULL,
    ends_at         BIGINT  NOT NULL,
    asked_at        BIGINT,
    taken_at        BIGINT,
    escalated_at    BIGINT,
    ended_at        BIGINT
);
CREATE UNIQUE INDEX duties_once ON duties (schedule_id, staff_id, starts_at);
CREATE INDEX duties_open ON duties (ends_at) WHERE ended_at IS NULL;

CREATE TABLE heartbeats (
    name            TEXT    NOT NULL PRIMARY KEY,
    at              BIGINT  NOT NULL,
    detail          TEXT    NOT NULL
);

CREATE TABLE drills (
    id              UUID    NOT NULL PRIMARY KEY,
    variant         TEXT    NOT NULL,
    asked_by        TEXT    NOT NULL,
    started_at      BIGINT  NOT NULL,
    ended_at        BIGINT,
    outcome         TEXT,
    report          TEXT    NOT NULL
);
ALTER TABLE conversations ADD COLUMN drill_id UUID;
