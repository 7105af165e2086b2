-- Tasks: the work itself. A task may be part of another one.

CREATE TABLE tasks (
    id                  UUID          NOT NULL DEFAULT gen_random_uuid(),
    title               VARCHAR(255)  NOT NULL,
    description         TEXT,
    type                VARCHAR(50)   NOT NULL DEFAULT 'general',
    status              VARCHAR(50)   NOT NULL DEFAULT 'pending',
    priority            INTEGER       NOT NULL DEFAULT 0,
    complexity_score    INTEGER       NOT NULL DEFAULT 5,
    affected_files      JSONB         NOT NULL DEFAULT '[]',
    requirements        JSONB         NOT NULL DEFAULT '[]',
    acceptance_criteria JSONB         NOT NULL DEFAULT '[]',
    parent_task_id      UUID,
    assigned_to         VARCHAR(255),
    tags                JSONB         NOT NULL DEFAULT '[]',
    estimated_hours     DECIMAL(8, 2),
    actual_hours        DECIMAL(8, 2),
    created_at          TIMESTAMPTZ   NOT NULL DEFAULT now(),
    updated_at          TIMESTAMPTZ   NOT NULL DEFAULT now(),
    completed_at        TIMESTAMPTZ,
    metadata            JSONB         NOT NULL DEFAULT '{}',
    version             BIGINT        NOT NULL DEFAULT 1,
    -- The description is cut because a tsvector holds 1 MB at most, and a text of any length must be storable.
    search              TSVECTOR      GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.english', title), 'A')
        || setweight(to_tsvector('pg_catalog.english', searchable_text(description)), 'B')) STORED,
    CONSTRAINT tasks_pkey PRIMARY KEY (id),
    CONSTRAINT tasks_parent_task_id_fkey FOREIGN KEY (parent_task_id) REFERENCES tasks (id) ON DELETE SET NULL,
    CONSTRAINT tasks_title_check CHECK (title ~ '[^ \t\n\r\f\v]'),
    CONSTRAINT tasks_status_check CHECK (status IN ('pending', 'in_progress', 'completed', 'failed', 'cancelled')),
    CONSTRAINT tasks_priority_check CHECK (priority BETWEEN 0 AND 10),
    CONSTRAINT tasks_complexity_check CHECK (complexity_score BETWEEN 1 AND 10),
    -- NaN sorts above every number, so >= alone would let it in.
    CONSTRAINT tasks_hours_check CHECK (
        estimated_hours >= 0 AND estimated_hours <> 'NaN' AND actual_hours >= 0 AND actual_hours <> 'NaN'),
    CONSTRAINT tasks_parent_check CHECK (parent_task_id <> id),
    CONSTRAINT tasks_affected_files_check CHECK (jsonb_typeof(affected_files) = 'array'),
    CONSTRAINT tasks_requirements_check CHECK (jsonb_typeof(requirements) = 'array'),
    CONSTRAINT tasks_acceptance_criteria_check CHECK (jsonb_typeof(acceptance_criteria) = 'array'),
    CONSTRAINT tasks_tags_check CHECK (
        jsonb_typeof(tags) = 'array'
        AND NOT jsonb_path_exists(tags, 'strict $[*] ? (@.type() <> "string")', '{}', true)),
    CONSTRAINT tasks_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT tasks_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800)
        AND updated_at >= to_timestamp(-62135596800) AND updated_at < to_timestamp(253402300800)
        AND completed_at >= to_timestamp(-62135596800) AND completed_at < to_timestamp(253402300800))
);

COMMENT ON TABLE tasks IS 'Units of work';
COMMENT ON COLUMN tasks.type IS 'Free text, for example general, feature, bug';
COMMENT ON COLUMN tasks.priority IS '0 (none) to 10 (most urgent)';
COMMENT ON COLUMN tasks.complexity_score IS '1 (trivial) to 10';
COMMENT ON COLUMN tasks.parent_task_id IS 'The task that this one is part of; never a descendant of this one';
COMMENT ON COLUMN tasks.tags IS 'Array of strings';
COMMENT ON COLUMN tasks.completed_at IS 'Set on entering completed, cleared on leaving it';
COMMENT ON COLUMN tasks.version IS 'Counted up by every update; a writer that names the version it read cannot overwrite another''s work';
COMMENT ON COLUMN tasks.search IS 'English full-text index: title (weight A), the first 100,000 characters of description (B)';

CREATE INDEX idx_tasks_created_at ON tasks (created_at, id);
CREATE INDEX idx_tasks_updated_at ON tasks (updated_at, id);
CREATE INDEX idx_tasks_priority ON tasks (priority, id);
CREATE INDEX idx_tasks_complexity_score ON tasks (complexity_score, id);
CREATE INDEX idx_tasks_title ON tasks (title COLLATE "C", id);
CREATE INDEX idx_tasks_status ON tasks (status, created_at, id);
CREATE INDEX idx_tasks_assigned_to ON tasks (assigned_to, created_at, id);
CREATE INDEX idx_tasks_parent_task_id ON tasks (parent_task_id, created_at, id);
CREATE INDEX idx_tasks_type ON tasks (type, created_at, id);
CREATE INDEX idx_tasks_ready ON tasks (priority DESC, created_at, id) WHERE status = 'pending';
CREATE INDEX idx_tasks_tags ON tasks USING gin (tags jsonb_path_ops);
CREATE INDEX idx_tasks_search ON tasks USING gin (search);

COMMENT ON INDEX idx_tasks_created_at IS 'Pages of all tasks by creation';
COMMENT ON INDEX idx_tasks_updated_at IS 'Pages of all tasks by last change';
COMMENT ON INDEX idx_tasks_priority IS 'Pages of all tasks by priority';
COMMENT ON INDEX idx_tasks_complexity_score IS 'Pages of all tasks by complexity';
COMMENT ON INDEX idx_tasks_title IS 'Pages of all tasks by title, code point by code point';
COMMENT ON INDEX idx_tasks_status IS 'Tasks of one status, by creation';
COMMENT ON INDEX idx_tasks_assigned_to IS 'Tasks of one assignee, by creation';
COMMENT ON INDEX idx_tasks_parent_task_id IS 'Subtasks of one task, by creation; the foreign key';
COMMENT ON INDEX idx_tasks_type IS 'Tasks of one type, by creation';
COMMENT ON INDEX idx_tasks_ready IS 'The queue: pending tasks, most urgent first, then oldest';
COMMENT ON INDEX idx_tasks_tags IS 'Tasks that carry all of some tags (tags @> ...)';
COMMENT ON INDEX idx_tasks_search IS 'Full-text search (search @@ ...)';

-- Lets those who change parents take turns, then walks from the new parent up. A snapshot older than the lock would hide
-- what the last holder has changed. A row that is being inserted has no descendants yet, so it needs neither. OFFSET 0 keeps
-- each step of the walk a look into the index: a plain join can be planned as a hash of the whole table.
CREATE FUNCTION refuse_parent_cycle() RETURNS trigger
    LANGUAGE plpgsql VOLATILE
    SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.parent_task_id IS NOT DISTINCT FROM OLD.parent_task_id THEN
            RETURN NEW;
        END IF;
        IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TM003',
                MESSAGE = 'the parent of a task can only be changed in a READ COMMITTED transaction',
                DETAIL = 'The snapshot of this one may hide what others have changed since, so a cycle could go unseen.',
                HINT = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
        END IF;
        PERFORM pg_advisory_xact_lock(TG_RELID::bigint);
    END IF;
    IF EXISTS (
        WITH RECURSIVE ancestor AS (
            SELECT NEW.parent_task_id AS id
            UNION
            SELECT t.parent_task_id
              FROM ancestor a
             CROSS JOIN LATERAL (
                SELECT p.parent_task_id FROM tasks p WHERE p.id = a.id AND p.parent_task_id IS NOT NULL OFFSET 0) t
        )
        SELECT FROM ancestor WHERE ancestor.id = NEW.id
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM002',
            TABLE = 'tasks',
            CONSTRAINT = 'tasks_parent_acyclic',
            MESSAGE = format('task %s cannot be part of task %s, which is itself part of %s',
                             NEW.id, NEW.parent_task_id, NEW.id);
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION refuse_parent_cycle() IS
    'Refuses a parent that is a descendant (SQLSTATE TM002), and a new parent in a transaction that is not READ COMMITTED (TM003)';

CREATE TRIGGER tasks_touch BEFORE UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER tasks_completed_at BEFORE INSERT OR UPDATE ON tasks
    FOR EACH ROW WHEN (NEW.completed_at IS NOT NULL OR NEW.status = 'completed')
    EXECUTE FUNCTION keep_completed_at('completed');
CREATE TRIGGER tasks_parent_acyclic BEFORE INSERT OR UPDATE OF parent_task_id ON tasks
    FOR EACH ROW WHEN (NEW.parent_task_id IS NOT NULL AND NEW.parent_task_id <> NEW.id)
    EXECUTE FUNCTION refuse_parent_cycle();
CREATE TRIGGER tasks_audit AFTER INSERT OR UPDATE OR DELETE ON tasks
    FOR EACH ROW EXECUTE FUNCTION audit_row('task', 'search');
