ALTER TABLE task_contexts DROP COLUMN search;
ALTER TABLE task_contexts ADD COLUMN search TSVECTOR GENERATED ALWAYS AS (
    to_tsvector('pg_catalog.english', searchable_text(context_data::text))) STORED;

COMMENT ON COLUMN task_contexts.search IS 'English full-text index of the first 100,000 characters of context_data';

CREATE INDEX idx_task_contexts_search ON task_contexts USING gin (search);

COMMENT ON INDEX idx_task_contexts_search IS 'Full-text search (search @@ ...)';

DROP FUNCTION searchable_json(jsonb);
