-- Test pages: who was tested, by whom, and when and how it was answered first.

CREATE TABLE page_tests (
    id            UUID   NOT NULL PRIMARY KEY,
    code          TEXT   NOT NULL,
    staff_id      UUID   NOT NULL REFERENCES staff (id),
    asked_by      UUID   NOT NULL REFERENCES staff (id),
    asked_at      BIGINT NOT NULL,
    answered_at   BIGINT,
    answered_how  TEXT
);
CREATE INDEX page_tests_staff ON page_tests (staff_id, id);
CREATE INDEX page_tests_asked ON page_tests (asked_at);

-- The pages of a test: one for each method of a person.
CREATE TABLE tested_pages (
    page_id       UUID   NOT NULL PRIMARY KEY REFERENCES pages (id),
    test_id       UUID   NOT NULL REFERENCES page_tests (id)
);
CREATE INDEX tested_pages_test ON tested_pages (test_id);
CREATE INDEX outbox_page ON outbox (page_id) WHERE page_id IS NOT NULL;
