-- Who of the team has a conversation open, and when they last wrote in it. Nothing of any texter.
-- Times are Unix milliseconds.
CREATE TABLE presence (
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    seen_at         INTEGER NOT NULL,
    wrote_at        INTEGER,
    PRIMARY KEY (conversation_id, staff_id)
) STRICT;
