-- Reports, incidents that people look after, and calls to the whole team.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto/mod.rs).

-- When each clock of a case first stopped: being opened again undoes what stands beside them, and not these.
ALTER TABLE alerts ADD COLUMN first_paged_at INTEGER;
ALTER TABLE alerts ADD COLUMN first_acknowledged_at INTEGER;
ALTER TABLE alerts ADD COLUMN first_claimed_at INTEGER;
ALTER TABLE alerts ADD COLUMN first_answered_at INTEGER;
UPDATE alerts SET first_paged_at = paged_at, first_acknowledged_at = acknowledged_at,
                  first_claimed_at = claimed_at, first_answered_at = answered_at;
CREATE INDEX alerts_opened ON alerts (opened_at);

-- The language that a conversation is answered in, and when its texter opted out: their state is sealed.
ALTER TABLE conversations ADD COLUMN locale TEXT;
ALTER TABLE conversations ADD COLUMN opted_out_at INTEGER;
CREATE INDEX conversations_opened ON conversations (opened_at);

-- Who looks after an incident, since when.
ALTER TABLE incidents ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE incidents ADD COLUMN acknowledged_by BLOB REFERENCES staff (id);

CREATE TABLE incident_notes (
    id              BLOB    NOT NULL PRIMARY KEY,
    incident_id     BLOB    NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    body_sealed     BLOB    NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_notes_incident ON incident_notes (incident_id, id);

-- A supervisor calls for help: who was asked to come, and how many could be told.
CREATE TABLE call_outs (
    id              BLOB    NOT NULL PRIMARY KEY,
    called_by       BLOB    NOT NULL REFERENCES staff (id),
    audience        TEXT    NOT NULL,
    urgent          INTEGER NOT NULL,
    reached         INTEGER NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX call_outs_at ON call_outs (at);
