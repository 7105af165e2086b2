-- Task contexts: search sees the words after a line break. In JSON text that is a backslash and an n, which made "\nzebra" the
-- word nzebra.

CREATE FUNCTION searchable_json(whole jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path FROM CURRENT
    RETURN searchable_text(regexp_replace(left(whole::text, 100000), '\\(u[0-9a-f]{4}|.)', ' ', 'g'));

COMMENT ON FUNCTION searchable_json(jsonb) IS
    'The first 100,000 characters of a JSON value''s text for to_tsvector() and ts_headline(), with a blank in the place of each escape';

ALTER TABLE task_contexts DROP COLUMN search;
ALTER TABLE task_contexts ADD COLUMN search TSVECTOR GENERATED ALWAYS AS (
    to_tsvector('pg_catalog.english', searchable_json(context_data))) STORED;

COMMENT ON COLUMN task_contexts.search IS 'English full-text index of the first 100,000 characters of context_data, escapes left out';

CREATE INDEX idx_task_contexts_search ON task_contexts USING gin (search);

COMMENT ON INDEX idx_task_contexts_search IS 'Full-text search (search @@ ...)';
