-- Private: the audit log as a chain of hashes, legal holds, and what is left to destroy outside of the
-- database. Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto.rs).

-- The place of an entry in the chain, and the hash of it and of all before it. Entries of older versions are
-- chained at the first start.
ALTER TABLE audit_log ADD COLUMN seq INTEGER;
ALTER TABLE audit_log ADD COLUMN hash BLOB;
CREATE UNIQUE INDEX audit_log_seq ON audit_log (seq) WHERE seq IS NOT NULL;

-- The last entry of the chain: one row. Whoever adds an entry locks it until their commit.
CREATE TABLE audit_head (
    one             INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    seq             INTEGER NOT NULL,
    hash            BLOB NOT NULL
) STRICT;

-- What must be kept although its time is over, or its texter wants it deleted. Without a conversation: all
-- of the texter.
CREATE TABLE legal_holds (
    id              BLOB NOT NULL PRIMARY KEY,
    texter_id       BLOB NOT NULL REFERENCES texters (id),
    conversation_id BLOB REFERENCES conversations (id),
    reason_sealed   BLOB NOT NULL,
    set_by          TEXT NOT NULL,
    set_at          INTEGER NOT NULL,
    lifted_by       TEXT,
    lifted_at       INTEGER
) STRICT;
CREATE INDEX legal_holds_open ON legal_holds (texter_id) WHERE lifted_at IS NULL;

-- The seed of an erased texter's key that is still to be destroyed in the keystore.
ALTER TABLE texters ADD COLUMN seed_left BLOB;
CREATE INDEX texters_seed_left ON texters (id) WHERE seed_left IS NOT NULL;
-- When the words of a message were removed because their time was over.
ALTER TABLE messages ADD COLUMN emptied_at INTEGER;
