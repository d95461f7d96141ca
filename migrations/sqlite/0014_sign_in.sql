-- Sign-in: second factors, one-time links, sessions that can be listed, and how often somebody tried in vain.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto/mod.rs).

-- Without password_at a person was invited and has not chosen a password yet.
ALTER TABLE staff ADD COLUMN password_at INTEGER;
ALTER TABLE staff ADD COLUMN totp_sealed BLOB;
ALTER TABLE staff ADD COLUMN totp_at INTEGER;
-- The last time step whose code was used: none is taken twice.
ALTER TABLE staff ADD COLUMN totp_step INTEGER;
-- A secret that was shown and not yet answered with a code.
ALTER TABLE staff ADD COLUMN totp_next_sealed BLOB;
ALTER TABLE staff ADD COLUMN seen_at INTEGER;
ALTER TABLE staff ADD COLUMN locked_at INTEGER;
UPDATE staff SET password_at = created_at;

CREATE TABLE recovery_codes (
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    code_hash       BLOB    NOT NULL,
    used_at         INTEGER,
    PRIMARY KEY (staff_id, code_hash)
) STRICT;

-- Everyone signs in once more: the old ones have no id and no device.
DROP TABLE sessions;
CREATE TABLE sessions (
    id              BLOB    NOT NULL PRIMARY KEY,
    token_hash      BLOB    NOT NULL UNIQUE,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    device          TEXT    NOT NULL,
    code_due        INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL,
    confirmed_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_staff ON sessions (staff_id);

-- A browser that somebody has signed in with before.
CREATE TABLE browsers (
    token_hash      BLOB    NOT NULL,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    made_at         INTEGER NOT NULL,
    seen_at         INTEGER NOT NULL,
    PRIMARY KEY (token_hash, staff_id)
) STRICT;

-- Whose is a blind index: of a login as it was typed, or of a browser.
CREATE TABLE tries (
    whose           BLOB    NOT NULL PRIMARY KEY,
    failures        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX tries_last ON tries (last_at);

CREATE TABLE links (
    token_hash      BLOB    NOT NULL PRIMARY KEY,
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    kind            TEXT    NOT NULL,
    made_by         TEXT    NOT NULL,
    made_at         INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX links_staff ON links (staff_id);
