-- What helps to write: canned replies, drafts, a form that is one text however often it is sent, and the
-- browsers that are told when a case waits.
-- Times are Unix milliseconds. Columns that end in _sealed hold sealed bytes (src/crypto/mod.rs).

-- Words of the team's own, to be put into a reply. They hold nothing of any texter.
CREATE TABLE canned_replies (
    id         BLOB    NOT NULL PRIMARY KEY,
    locale     TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    changed_by BLOB    REFERENCES staff (id),
    changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX canned_replies_title ON canned_replies (locale, title);

-- What somebody has begun to write in a conversation, sealed with the key of the texter.
CREATE TABLE drafts (
    id              BLOB    NOT NULL PRIMARY KEY,
    conversation_id BLOB    NOT NULL REFERENCES conversations (id),
    staff_id        BLOB    NOT NULL REFERENCES staff (id),
    body_sealed     BLOB    NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX drafts_one ON drafts (conversation_id, staff_id);

-- The form that a reply was sent with: the same form again is the same text.
ALTER TABLE messages ADD COLUMN form_id BLOB;
CREATE UNIQUE INDEX messages_form ON messages (conversation_id, form_id) WHERE form_id IS NOT NULL;

-- A browser that is told when a case waits (RFC 8030), as long as its session lasts.
CREATE TABLE push_subscriptions (
    id              BLOB    NOT NULL PRIMARY KEY,
    session_id      BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    endpoint_sealed BLOB    NOT NULL,
    told_at         INTEGER NOT NULL,
    busy_until      INTEGER NOT NULL,
    failures        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX push_subscriptions_session ON push_subscriptions (session_id);
