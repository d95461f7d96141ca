-- The outbox at the speed of a sender, over a second gateway, with receipts that are asked for; and what
-- gateways were asked and answered.

ALTER TABLE outbox ADD COLUMN segments INTEGER NOT NULL DEFAULT 1;
ALTER TABLE outbox ADD COLUMN moved_from TEXT;
ALTER TABLE outbox ADD COLUMN poll_at INTEGER;
ALTER TABLE outbox ADD COLUMN polls INTEGER NOT NULL DEFAULT 0;
-- A gateway without tokens must not hold up the others: each is looked at by itself.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (lane, gateway, due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_poll ON outbox (poll_at) WHERE poll_at IS NOT NULL;

-- The token bucket of a gateway's sender, in millionths of a segment, and its circuit: one for all replicas.
CREATE TABLE senders (
    gateway         TEXT    NOT NULL PRIMARY KEY,
    tokens          INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    failures        INTEGER NOT NULL,
    failed_at       INTEGER
) STRICT;

-- When a carrier said that it blocks our texts to a person.
ALTER TABLE texters ADD COLUMN blocked_at INTEGER;
CREATE INDEX alerts_texter ON alerts (texter_id) WHERE closed_at IS NULL;
-- What the team was told about texts of this case that did not arrive: failed, or opted_out.
ALTER TABLE alerts ADD COLUMN unreachable TEXT;

CREATE TABLE gateway_log (
    id              BLOB    NOT NULL PRIMARY KEY,
    at              INTEGER NOT NULL,
    gateway         TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    message_id      BLOB,
    outbox_id       BLOB,
    status          INTEGER,
    outcome         TEXT    NOT NULL,
    duration_ms     INTEGER NOT NULL,
    exchange_sealed BLOB    NOT NULL
) STRICT;
CREATE INDEX gateway_log_at ON gateway_log (at);
CREATE INDEX gateway_log_message ON gateway_log (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX gateway_log_outbox ON gateway_log (outbox_id) WHERE outbox_id IS NOT NULL;
