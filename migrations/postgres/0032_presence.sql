-- Who of the team has a conversation open, and when they last wrote in it. Nothing of any texter.
-- Times are Unix milliseconds.
CREATE TABLE presence (
    conversation_id UUID    NOT NULL REFERENCES conversations (id),
    staff_id        UUID    NOT NULL REFERENCES staff (id),
    seen_at         BIGINT  NOT NULL,
    wrote_at        BIGINT,
    PRIMARY KEY (conversation_id, staff_id)
);
