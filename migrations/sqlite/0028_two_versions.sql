-- Two versions at once: from which migration on a program works on these tables. Migrations only add, so an
-- older program goes on working on newer tables, and may start on them. One that takes something away writes
-- its own number here, in its own transaction (CONTRIBUTING.md, "Add a table or a column"; src/store/tables.rs).

INSERT INTO settings (name, value) VALUES ('works_from', X'3238');
