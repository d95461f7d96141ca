-- How many tries of a text ended in doubt: each of them it may have arrived.
ALTER TABLE outbox ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0;
