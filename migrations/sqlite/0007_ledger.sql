-- What an operator must know of, singleton jobs, and texts whose signature did not hold.
-- Columns that end in _sealed hold sealed bytes (src/crypto.rs).

CREATE TABLE incidents (
    id              BLOB    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    opened_at       INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    count           INTEGER NOT NULL,
    told_at         INTEGER,
    closed_at       INTEGER,
    detail          TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX incidents_one_open ON incidents (kind, subject) WHERE closed_at IS NULL;

CREATE TABLE leases (
    name            TEXT    NOT NULL PRIMARY KEY,
    holder          BLOB    NOT NULL,
    until           INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantine (
    id              BLOB    NOT NULL PRIMARY KEY,
    gateway         TEXT    NOT NULL,
    gateway_ref     TEXT,
    number_index    BLOB    NOT NULL,
    why             TEXT    NOT NULL,
    tier            TEXT    NOT NULL,
    inbound_sealed  BLOB    NOT NULL,
    at              INTEGER NOT NULL,
    page_due_at     INTEGER,
    paged_at        INTEGER,
    done_at         INTEGER,
    outcome         TEXT
) STRICT;
CREATE UNIQUE INDEX quarantine_once ON quarantine (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX quarantine_held ON quarantine (at) WHERE done_at IS NULL;

-- Blind indexes of what gateways call the texts of who was erased: so that a list of a gateway does
-- not bring them back.
CREATE TABLE erased_refs (
    ref_index       BLOB    NOT NULL PRIMARY KEY,
    at              INTEGER NOT NULL
) STRICT;
