-- Duties: who was told ahead that their shift comes. Calendars: found by the hash of their token.

ALTER TABLE duties ADD COLUMN noticed_at BIGINT;
CREATE UNIQUE INDEX staff_feed ON staff (feed_hash) WHERE feed_hash IS NOT NULL;
