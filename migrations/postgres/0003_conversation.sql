-- What a conversation needs beyond one text: who was told, check-ins with consent, deletion.

ALTER TABLE alerts ADD COLUMN told_at BIGINT;
ALTER TABLE alerts ADD COLUMN excused_at BIGINT;

ALTER TABLE texters ADD COLUMN erase_at BIGINT;
ALTER TABLE texters ADD COLUMN erased_at BIGINT;
CREATE INDEX texters_erase ON texters (erase_at) WHERE erase_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX conversations_texter ON conversations (texter_id);

CREATE TABLE check_ins (
    id              UUID    NOT NULL PRIMARY KEY,
    texter_id       UUID    NOT NULL REFERENCES texters (id),
    conversation_id UUID    NOT NULL REFERENCES conversations (id),
    gateway         TEXT    NOT NULL,
    asked_at        BIGINT  NOT NULL,
    asked_by        UUID    NOT NULL REFERENCES staff (id),
    agreed_at       BIGINT,
    due_at          BIGINT,
    done_at         BIGINT,
    outcome         TEXT
);
CREATE UNIQUE INDEX check_ins_one_open ON check_ins (texter_id) WHERE done_at IS NULL;
CREATE INDEX check_ins_due ON check_ins (due_at) WHERE done_at IS NULL AND due_at IS NOT NULL;
