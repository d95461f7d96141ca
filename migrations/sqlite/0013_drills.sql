-- Drills: which alert is one, who took a drill up, and one at a time.

ALTER TABLE alerts ADD COLUMN drill_id BLOB;
ALTER TABLE drills ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE drills ADD COLUMN taken_at INTEGER;
CREATE UNIQUE INDEX drills_one_open ON drills ((ended_at IS NULL)) WHERE ended_at IS NULL;
CREATE INDEX drills_started ON drills (started_at);
CREATE INDEX conversations_drill ON conversations (drill_id) WHERE drill_id IS NOT NULL;
