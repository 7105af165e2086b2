-- Task contexts: what is known about a task, piece by piece.

CREATE TABLE task_contexts (
    id           UUID        NOT NULL DEFAULT gen_random_uuid(),
    task_id      UUID        NOT NULL,
    context_type VARCHAR(50) NOT NULL,
    context_data JSONB       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    metadata     JSONB       NOT NULL DEFAULT '{}',
    version      BIGINT      NOT NULL DEFAULT 1,
    -- Cut for the same reason as tasks.search.
    search       TSVECTOR    GENERATED ALWAYS AS (
        to_tsvector('pg_catalog.english', searchable_text(context_data::text))) STORED,
    CONSTRAINT task_contexts_pkey PRIMARY KEY (id),
    CONSTRAINT task_contexts_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT task_contexts_context_type_check CHECK (context_type IN
        ('requirement', 'codebase', 'ai_interaction', 'validation', 'workflow', 'status_change', 'completion',
         'dependency_parent', 'dependency_child', 'error', 'performance')),
    CONSTRAINT task_contexts_context_data_check CHECK (jsonb_typeof(context_data) IN ('object', 'array')),
    -- CASE, since the branches of an AND may be evaluated in any order, and what is no number cannot be cast.
    CONSTRAINT task_contexts_score_check CHECK (
        CASE WHEN context_type = 'validation' AND jsonb_typeof(context_data -> 'score') = 'number'
             THEN (context_data ->> 'score')::numeric BETWEEN 0 AND 100
             ELSE true END),
    CONSTRAINT task_contexts_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT task_contexts_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800)
        AND updated_at >= to_timestamp(-62135596800) AND updated_at < to_timestamp(253402300800))
);

COMMENT ON TABLE task_contexts IS 'Pieces of knowledge about a task, by kind; deleted with it';
COMMENT ON COLUMN task_contexts.context_data IS 'An object or an array; its keys depend on context_type; the score of a validation, where it is a number, is 0 to 100';
COMMENT ON COLUMN task_contexts.version IS 'Counted up by every update';
COMMENT ON COLUMN task_contexts.search IS 'English full-text index of the first 100,000 characters of context_data';

CREATE INDEX idx_task_contexts_task_id ON task_contexts (task_id, created_at, id);
CREATE INDEX idx_task_contexts_task_id_type ON task_contexts (task_id, context_type, created_at, id);
CREATE INDEX idx_task_contexts_type ON task_contexts (context_type, created_at, id);
CREATE INDEX idx_task_contexts_created_at ON task_contexts (created_at, id);
CREATE INDEX idx_task_contexts_search ON task_contexts USING gin (search);

COMMENT ON INDEX idx_task_contexts_task_id IS 'The contexts or the timeline of one task; the foreign key';
COMMENT ON INDEX idx_task_contexts_task_id_type IS 'The contexts of one kind of one task, and the latest of them';
COMMENT ON INDEX idx_task_contexts_type IS 'All contexts of one kind, by creation';
COMMENT ON INDEX idx_task_contexts_created_at IS 'Pages of all contexts by creation';
COMMENT ON INDEX idx_task_contexts_search IS 'Full-text search (search @@ ...)';

CREATE TRIGGER task_contexts_touch BEFORE UPDATE ON task_contexts
    FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER task_contexts_audit AFTER INSERT OR UPDATE OR DELETE ON task_contexts
    FOR EACH ROW EXECUTE FUNCTION audit_row('task_context', 'search');
