-- People: how often codes and tests went out to somebody's ways, and the numbers that want nothing more
-- from us, by the blind index of where a responder is reached. Times are Unix milliseconds.

CREATE INDEX pages_tried ON pages (staff_id, at) WHERE kind IN ('code', 'test');

CREATE TABLE stopped_numbers (
    address_index   BYTEA   NOT NULL PRIMARY KEY,
    stopped_at      BIGINT  NOT NULL
);
