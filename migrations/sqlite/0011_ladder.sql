-- The ladder: when an alert was last paged, since when it has been in vain, and which cases one page
-- speaks of when many wait at once.

ALTER TABLE alerts ADD COLUMN paged_at INTEGER;
ALTER TABLE alerts ADD COLUMN exhausted_at INTEGER;

CREATE TABLE paged_cases (
    page_id         BLOB    NOT NULL REFERENCES pages (id),
    alert_id        BLOB    NOT NULL REFERENCES alerts (id),
    PRIMARY KEY (page_id, alert_id)
) STRICT;
CREATE INDEX paged_cases_alert ON paged_cases (alert_id);
