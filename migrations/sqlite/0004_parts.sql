-- Pieces of long texts, from gateways that do not put them together: they wait for each other for
-- seconds. What is done keeps the gateway's id, so that a piece that comes again is known, and no words.

CREATE TABLE parts (
    id              BLOB    NOT NULL PRIMARY KEY,
    texter_id       BLOB    NOT NULL REFERENCES texters (id),
    gateway         TEXT    NOT NULL,
    gateway_ref     TEXT    NOT NULL,
    reference       TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    media           INTEGER NOT NULL,
    body_sealed     BLOB    NOT NULL,
    message_id      BLOB    REFERENCES messages (id),
    at              INTEGER NOT NULL,
    done_at         INTEGER
) STRICT;
CREATE UNIQUE INDEX parts_once ON parts (gateway, gateway_ref);
CREATE INDEX parts_waiting ON parts (texter_id, at) WHERE done_at IS NULL;
CREATE INDEX parts_done ON parts (done_at) WHERE done_at IS NOT NULL;
