-- The language in which a person reads the pages, as a language tag; without one, their browser says it.

ALTER TABLE staff ADD COLUMN locale TEXT;
