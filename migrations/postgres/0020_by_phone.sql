-- A conversation by text: who reads it on a phone of theirs, and whose words a text to the staff carries.
-- Times are Unix milliseconds.

CREATE TABLE followers (
    conversation_id UUID NOT NULL REFERENCES conversations (id),
    staff_id        UUID NOT NULL REFERENCES staff (id),
    method_id       UUID NOT NULL REFERENCES contact_methods (id),
    since           BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, staff_id)
);

-- The texter whose words it carries: they are sealed with their key, and go with it.
ALTER TABLE pages ADD COLUMN texter_id UUID REFERENCES texters (id);
CREATE INDEX pages_texter ON pages (texter_id) WHERE texter_id IS NOT NULL;
