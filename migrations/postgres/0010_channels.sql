-- Pages leave by several channels: a slow one must not hold up the texts, so each is looked at by itself.
-- Columns that end in _sealed hold sealed bytes (src/crypto.rs).

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (lane, channel, gateway, due_at, id) WHERE done_at IS NULL;

-- Where a page to a webhook goes, as it was when the page was made.
ALTER TABLE pages ADD COLUMN preset TEXT;
ALTER TABLE pages ADD COLUMN secret_sealed BYTEA;
CREATE INDEX pages_method ON pages (method_id, at) WHERE method_id IS NOT NULL;

-- When a test page was last sent to it: only then can a person say that it arrived.
ALTER TABLE contact_methods ADD COLUMN test_sent_at BIGINT;
