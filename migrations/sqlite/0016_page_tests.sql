-- Test pages: who was tested, by whom, and when and how it was answered first.

CREATE TABLE page_tests (
    id            BLOB    NOT NULL PRIMARY KEY,
    code          TEXT    NOT NULL,
    staff_id      BLOB    NOT NULL REFERENCES staff (id),
    asked_by      BLOB    NOT NULL REFERENCES staff (id),
    asked_at      INTEGER NOT NULL,
    answered_at   INTEGER,
    answered_how  TEXT
) STRICT;
CREATE INDEX page_tests_staff ON page_tests (staff_id, id);
CREATE INDEX page_tests_asked ON page_tests (asked_at);

-- The pages of a test: one for each method of a person.
CREATE TABLE tested_pages (
    page_id       BLOB    NOT NULL PRIMARY KEY REFERENCES pages (id),
    test_id       BLOB    NOT NULL REFERENCES page_tests (id)
) STRICT;
CREATE INDEX tested_pages_test ON tested_pages (test_id);
CREATE INDEX outbox_page ON outbox (page_id) WHERE page_id IS NOT NULL;
