-- Private: the audit log as a chain of hashes, legal holds, and what is left to destroy outside of the
-- database. Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto.rs).

-- The place of an entry in the chain, and the hash of it and of all before it. Entries of older versions are
-- chained at the first start.
ALTER TABLE audit_log ADD COLUMN seq BIGINT;
ALTER TABLE audit_log ADD COLUMN hash BYTEA;
CREATE UNIQUE INDEX audit_log_seq ON audit_log (seq) WHERE seq IS NOT NULL;

-- The last entry of the chain: one row. Whoever adds an entry locks it until their commit.
CREATE TABLE audit_head (
    one             BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    seq             BIGINT NOT NULL,
    hash            BYTEA NOT NULL
);

-- What must be kept although its time is over, or its texter wants it deleted. Without a conversation: all
-- of the texter.
CREATE TABLE legal_holds (
    id              UUID NOT NULL PRIMARY KEY,
    texter_id       UUID NOT NULL REFERENCES texters (id),
    conversation_id UUID REFERENCES conversations (id),
    reason_sealed   BYTEA NOT NULL,
    set_by          TEXT NOT NULL,
    set_at          BIGINT NOT NULL,
    lifted_by       TEXT,
    lifted_at       BIGINT
);
CREATE INDEX legal_holds_open ON legal_holds (texter_id) WHERE lifted_at IS NULL;

-- The seed of an erased texter's key that is still to be destroyed in the keystore.
ALTER TABLE texters ADD COLUMN seed_left BYTEA;
CREATE INDEX texters_seed_left ON texters (id) WHERE seed_left IS NOT NULL;
-- When the words of a message were removed because their time was over.
ALTER TABLE messages ADD COLUMN emptied_at BIGINT;
