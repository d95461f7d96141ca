-- Sign-in: second factors, one-time links, sessions that can be listed, and how often somebody tried in vain.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto/mod.rs).

-- Without password_at a person was invited and has not chosen a password yet.
ALTER TABLE staff ADD COLUMN password_at BIGINT;
ALTER TABLE staff ADD COLUMN totp_sealed BYTEA;
ALTER TABLE staff ADD COLUMN totp_at BIGINT;
-- The last time step whose code was used: none is taken twice.
ALTER TABLE staff ADD COLUMN totp_step BIGINT;
-- A secret that was shown and not yet answered with a code.
ALTER TABLE staff ADD COLUMN totp_next_sealed BYTEA;
ALTER TABLE staff ADD COLUMN seen_at BIGINT;
ALTER TABLE staff ADD COLUMN locked_at BIGINT;
UPDATE staff SET password_at = created_at;

CREATE TABLE recovery_codes (
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    code_hash       BYTEA   NOT NULL,
    used_at         BIGINT,
    PRIMARY KEY (staff_id, code_hash)
);

-- Everyone signs in once more: the old ones have no id and no device.
DROP TABLE sessions;
CREATE TABLE sessions (
    id              UUID    NOT NULL PRIMARY KEY,
    token_hash      BYTEA   NOT NULL UNIQUE,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    device          TEXT    NOT NULL,
    code_due        BOOLEAN NOT NULL,
    created_at      BIGINT  NOT NULL,
    seen_at         BIGINT  NOT NULL,
    confirmed_at    BIGINT  NOT NULL
);
CREATE INDEX sessions_staff ON sessions (staff_id);

-- A browser that somebody has signed in with before.
CREATE TABLE browsers (
    token_hash      BYTEA   NOT NULL,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    made_at         BIGINT  NOT NULL,
    seen_at         BIGINT  NOT NULL,
    PRIMARY KEY (token_hash, staff_id)
);

-- Whose is a blind index: of a login as it was typed, or of a browser.
CREATE TABLE tries (
    whose           BYTEA   NOT NULL PRIMARY KEY,
    failures        INTEGER NOT NULL,
    last_at         BIGINT  NOT NULL
);
CREATE INDEX tries_last ON tries (last_at);

CREATE TABLE links (
    token_hash      BYTEA   NOT NULL PRIMARY KEY,
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    kind            TEXT    NOT NULL,
    made_by         TEXT    NOT NULL,
    made_at         BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL
);
CREATE INDEX links_staff ON links (staff_id);
