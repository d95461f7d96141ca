-- What an operator must know of, singleton jobs, and texts whose signature did not hold.
-- Columns that end in _sealed hold sealed bytes (src/crypto.rs).

CREATE TABLE incidents (
    id              UUID    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    opened_at       BIGINT  NOT NULL,
    last_at         BIGINT  NOT NULL,
    count           BIGINT  NOT NULL,
    told_at         BIGINT,
    closed_at       BIGINT,
    detail          TEXT    NOT NULL
);
CREATE UNIQUE INDEX incidents_one_open ON incidents (kind, subject) WHERE closed_at IS NULL;

CREATE TABLE leases (
    name            TEXT    NOT NULL PRIMARY KEY,
    holder          UUID    NOT NULL,
    until           BIGINT  NOT NULL
);

CREATE TABLE quarantine (
    id              UUID    NOT NULL PRIMARY KEY,
    gateway         TEXT    NOT NULL,
    gateway_ref     TEXT,
    number_index    BYTEA   NOT NULL,
    why             TEXT    NOT NULL,
    tier            TEXT    NOT NULL,
    inbound_sealed  BYTEA   NOT NULL,
    at              BIGINT  NOT NULL,
    page_due_at     BIGINT,
    paged_at        BIGINT,
    done_at         BIGINT,
    outcome         TEXT
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (gateway, gateway_ref) WHERE gateway_ref IS NOT NULL;
CREATE INDEX quarantine_held ON quarantine (at) WHERE done_at IS NULL;

-- Blind indexes of what gateways call the texts of who was erased: so that a list of a gateway does
-- not bring them back.
CREATE TABLE erased_refs (
    ref_index       BYTEA   NOT NULL PRIMARY KEY,
    at              BIGINT  NOT NULL
);
