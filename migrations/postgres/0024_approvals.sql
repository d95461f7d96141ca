-- Content that people answer for: which version of a pack somebody has signed off, and ways to find for the
-- pages for those who run the line.
-- Times are Unix milliseconds.

-- A version of a file of the packs that somebody signed off. `marks` is JSON: of each text in it, what tells
-- its version from others. `review_at` is the first moment of the day, in UTC, on which it is to be read again.
CREATE TABLE approvals (
    id              UUID    NOT NULL PRIMARY KEY,
    file            TEXT    NOT NULL,
    hash            TEXT    NOT NULL,
    marks           TEXT    NOT NULL,
    approved_by     UUID    NOT NULL REFERENCES staff (id),
    approved_at     BIGINT  NOT NULL,
    review_at       BIGINT  NOT NULL,
    withdrawn_by    UUID    REFERENCES staff (id),
    withdrawn_at    BIGINT
);
CREATE INDEX approvals_file ON approvals (file, id);

-- What people did, apart from the decisions about texts, which are by far the most.
CREATE INDEX audit_log_acts ON audit_log (id) WHERE action <> 'text.decided';
CREATE INDEX audit_log_actors ON audit_log (actor, id) WHERE action <> 'text.decided';

-- When a gateway was last heard of, and the latest that went wrong with it.
CREATE INDEX gateway_log_kinds ON gateway_log (gateway, kind, at);
