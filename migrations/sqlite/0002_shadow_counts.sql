-- How often rules on trial would have fired: a rule, a day since 1970, a number. Nothing of a text.

CREATE TABLE shadow_counts (
    rule            TEXT    NOT NULL,
    day             INTEGER NOT NULL,
    hits            INTEGER NOT NULL,
    PRIMARY KEY (rule, day)
) STRICT;
