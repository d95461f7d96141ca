-- On call: people and how they are reached, schedules, policies, what was acknowledged, duties, drills.
-- Times are Unix milliseconds; a time of day is minutes after local midnight. Columns that end in
-- _sealed hold sealed bytes (src/crypto.rs).

ALTER TABLE staff ADD COLUMN time_zone TEXT;
ALTER TABLE staff ADD COLUMN quiet_from INTEGER;
ALTER TABLE staff ADD COLUMN quiet_until INTEGER;
ALTER TABLE staff ADD COLUMN feed_hash BLOB;
ALTER TABLE staff ADD COLUMN left_at INTEGER;

CREATE TABLE contact_methods (
    id              BLOB    NOT NULL PRIMARY KEY,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    kind            TEXT    NOT NULL,
    label           TEXT    NOT NULL,
    gateway         TEXT,
    preset          TEXT,
    address_index   BLOB    NOT NULL,
    address_sealed  BLOB    NOT NULL,
    secret_sealed   BLOB,
    uses            TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    verified_at     INTEGER,
    tested_at       INTEGER,
    stopped_at      INTEGER,
    disabled_at     INTEGER,
    removed_at      INTEGER,
    code_hash       BLOB,
    code_sent_at    INTEGER,
    code_tries      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX contact_methods_once ON contact_methods (staff_id, kind, address_index) WHERE removed_at IS NULL;
CREATE INDEX contact_methods_address ON contact_methods (address_index);

CREATE TABLE schedules (
    id              BLOB    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    time_zone       TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX schedules_name ON schedules (name) WHERE removed_at IS NULL;

-- starts_on is a local date and time in the zone of the schedule: the first hand-off.
CREATE TABLE rotations (
    id              BLOB    NOT NULL PRIMARY KEY,
    schedule_id     BLOB    NOT NULL REFERENCES schedules (id),
    name            TEXT    NOT NULL,
    unit            TEXT    NOT NULL,
    every           INTEGER NOT NULL,
    starts_on       TEXT    NOT NULL,
    weekdays        INTEGER NOT NULL,
    from_minute     INTEGER,
    until_minute    INTEGER,
    removed_at      INTEGER
) STRICT;
CREATE INDEX rotations_schedule ON rotations (schedule_id);

CREATE TABLE rotation_members (
    rotation_id     BLOB    NOT NULL REFERENCES rotations (id),
    position        INTEGER NOT NULL,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    PRIMARY KEY (rotation_id, position)
) STRICT;

CREATE TABLE shifts (
    id              BLOB    NOT NULL PRIMARY KEY,
    schedule_id     BLOB    NOT NULL REFERENCES schedules (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    starts_at       INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT;
CREATE INDEX shifts_schedule ON shifts (schedule_id, ends_at);

CREATE TABLE overrides (
    id              BLOB    NOT NULL PRIMARY KEY,
    schedule_id     BLOB    NOT NULL REFERENCES schedules (id),
    kind            TEXT    NOT NULL,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    by_id           BLOB    REFERENCES staff (id),
    starts_at       INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL,
    reason          TEXT    NOT NULL,
    swap_id         BLOB,
    made_by         BLOB    NOT NULL REFERENCES staff (id),
    made_at         INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT;
CREATE INDEX overrides_schedule ON overrides (schedule_id, ends_at);

CREATE TABLE swaps (
    id              BLOB    NOT NULL PRIMARY KEY,
    schedule_id     BLOB    NOT NULL REFERENCES schedules (id),
    asked_by        BLOB    NOT NULL REFERENCES staff (id),
    asked_of        BLOB    NOT NULL REFERENCES staff (id),
    gives_from      INTEGER NOT NULL,
    gives_until     INTEGER NOT NULL,
    takes_from      INTEGER,
    takes_until     INTEGER,
    state           TEXT    NOT NULL,
    made_at         INTEGER NOT NULL,
    done_at         INTEGER
) STRICT;
CREATE INDEX swaps_open ON swaps (asked_of) WHERE done_at IS NULL;

CREATE TABLE policies (
    id              BLOB    NOT NULL PRIMARY KEY,
    name            TEXT    NOT NULL,
    acks            INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    removed_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX policies_name ON policies (name) WHERE removed_at IS NULL;

CREATE TABLE rungs (
    policy_id       BLOB    NOT NULL REFERENCES policies (id),
    position        INTEGER NOT NULL,
    delay_s         INTEGER NOT NULL,
    repeat          INTEGER NOT NULL,
    PRIMARY KEY (policy_id, position)
) STRICT;

CREATE TABLE rung_targets (
    policy_id       BLOB    NOT NULL REFERENCES policies (id),
    rung            INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    kind            TEXT    NOT NULL,
    target_id       BLOB,
    PRIMARY KEY (policy_id, rung, position)
) STRICT;

-- Which policy pages for which tier, and for who asks for a person without a crisis.
CREATE TABLE policy_tiers (
    tier            TEXT    NOT NULL PRIMARY KEY,
    policy_id       BLOB    NOT NULL REFERENCES policies (id)
) STRICT;

-- Where an alert stands on its policy: the rung that pages next, and its round.
ALTER TABLE alerts ADD COLUMN policy_id BLOB;
ALTER TABLE alerts ADD COLUMN rung INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN round INTEGER NOT NULL DEFAULT 0;

CREATE TABLE acknowledgements (
    alert_id        BLOB    NOT NULL REFERENCES alerts (id),
    contact         TEXT    NOT NULL,
    staff_id        BLOB    REFERENCES staff (id),
    at              INTEGER NOT NULL,
    PRIMARY KEY (alert_id, contact)
) STRICT;

ALTER TABLE pages ADD COLUMN staff_id BLOB;
ALTER TABLE pages ADD COLUMN method_id BLOB;
-- How a page leaves: sms, voice, email, webhook.
ALTER TABLE outbox ADD COLUMN channel TEXT NOT NULL DEFAULT 'sms';

-- A person's turn on a schedule: asked to take it, told when it begins and ends.
CREATE TABLE duties (
    id              BLOB    NOT NULL PRIMARY KEY,
    schedule_id     BLOB    NOT NULL REFERENCES schedules (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    starts_at       INTEGER NOT NULL,
    ends_at         INTEGER NOT NULL,
    asked_at        INTEGER,
    taken_at        INTEGER,
    escalated_at    INTEGER,
    ended_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX duties_once ON duties (schedule_id, staff_id, starts_at);
CREATE INDEX duties_open ON duties (ends_at) WHERE ended_at IS NULL;

CREATE TABLE heartbeats (
    name            TEXT    NOT NULL PRIMARY KEY,
    at              INTEGER NOT NULL,
    detail          TEXT    NOT NULL
) STRICT;

CREATE TABLE drills (
    id              BLOB    NOT NULL PRIMARY KEY,
    variant         TEXT    NOT NULL,
    asked_by        TEXT    NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER,
    outcome         TEXT,
    report          TEXT    NOT NULL
) STRICT;
ALTER TABLE conversations ADD COLUMN drill_id BLOB;
