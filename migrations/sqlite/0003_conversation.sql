-- What a conversation needs beyond one text: who was told, check-ins with consent, deletion.

ALTER TABLE alerts ADD COLUMN told_at INTEGER;
ALTER TABLE alerts ADD COLUMN excused_at INTEGER;

ALTER TABLE texters ADD COLUMN erase_at INTEGER;
ALTER TABLE texters ADD COLUMN erased_at INTEGER;
CREATE INDEX texters_erase ON texters (erase_at) WHERE erase_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX conversations_texter ON conversations (texter_id);

CREATE TABLE check_ins (
    id              BLOB    NOT NULL PRIMARY KEY,
    texter_id       BLOB    NOT NULL REFERENCES texters (id),
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    gateway         TEXT    NOT NULL,
    asked_at        INTEGER NOT NULL,
    asked_by        BLOB    NOT NULL REFERENCES staff (id),
    agreed_at       INTEGER,
    due_at          INTEGER,
    done_at         INTEGER,
    outcome         TEXT
) STRICT;
CREATE UNIQUE INDEX check_ins_one_open ON check_ins (texter_id) WHERE done_at IS NULL;
CREATE INDEX check_ins_due ON check_ins (due_at) WHERE done_at IS NULL AND due_at IS NOT NULL;
