-- A held text in crisis is answered by a request of its own where its gateway carries no reply in the
-- response to a hook: when that is due, and when it was done.
ALTER TABLE quarantine ADD COLUMN reply_due_at INTEGER;
ALTER TABLE quarantine ADD COLUMN replied_at INTEGER;
CREATE INDEX quarantine_replies ON quarantine (reply_due_at) WHERE reply_due_at IS NOT NULL;
CREATE INDEX quarantine_replied ON quarantine (gateway, replied_at) WHERE replied_at IS NOT NULL;
