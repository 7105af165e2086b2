-- Task dependencies: which task comes before which.

CREATE TABLE task_dependencies (
    id              UUID        NOT NULL DEFAULT gen_random_uuid(),
    parent_task_id  UUID        NOT NULL,
    child_task_id   UUID        NOT NULL,
    dependency_type VARCHAR(50) NOT NULL DEFAULT 'blocks',
    created_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    metadata        JSONB       NOT NULL DEFAULT '{}',
    CONSTRAINT task_dependencies_pkey PRIMARY KEY (id),
    CONSTRAINT task_dependencies_parent_task_id_fkey FOREIGN KEY (parent_task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT task_dependencies_child_task_id_fkey FOREIGN KEY (child_task_id) REFERENCES tasks (id) ON DELETE CASCADE,
    CONSTRAINT task_dependencies_unique UNIQUE (parent_task_id, child_task_id, dependency_type),
    CONSTRAINT task_dependencies_no_self CHECK (parent_task_id <> child_task_id),
    CONSTRAINT task_dependencies_dependency_type_check CHECK (dependency_type IN ('blocks', 'depends_on', 'related')),
    CONSTRAINT task_dependencies_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT task_dependencies_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800))
);

COMMENT ON TABLE task_dependencies IS 'Edges between tasks; those of blocks and depends_on together never form a cycle';
COMMENT ON COLUMN task_dependencies.parent_task_id IS 'The task that comes first';
COMMENT ON COLUMN task_dependencies.child_task_id IS 'The task that waits';
COMMENT ON COLUMN task_dependencies.dependency_type IS 'blocks and depends_on both mean that the parent comes before the child; related has no order';

CREATE INDEX idx_task_dependencies_created_at ON task_dependencies (created_at, id);
CREATE INDEX idx_task_dependencies_parent ON task_dependencies (parent_task_id, created_at, id);
CREATE INDEX idx_task_dependencies_child ON task_dependencies (child_task_id, created_at, id);

COMMENT ON INDEX idx_task_dependencies_created_at IS 'Pages of all dependencies by creation';
COMMENT ON INDEX idx_task_dependencies_parent IS 'What waits for one task, by creation; the foreign key; the walk that looks for cycles';
COMMENT ON INDEX idx_task_dependencies_child IS 'What one task waits for, by creation; the foreign key';

-- OFFSET 0 keeps each step of the walk a look into the index: as a plain join it is planned as a hash of the whole table,
-- made anew at every step.
CREATE FUNCTION dependency_closes_cycle(parent uuid, child uuid, ignored uuid DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN EXISTS (
        WITH RECURSIVE later AS (
            SELECT child AS id
            UNION
            SELECT d.child_task_id
              FROM later l
             CROSS JOIN LATERAL (
                SELECT e.child_task_id
                  FROM task_dependencies e
                 WHERE e.parent_task_id = l.id AND e.dependency_type <> 'related' AND e.id IS DISTINCT FROM ignored
                OFFSET 0) d
        )
        SELECT FROM later WHERE later.id = parent
    );
END
$$;

COMMENT ON FUNCTION dependency_closes_cycle(uuid, uuid, uuid) IS
    'Whether an ordered edge from parent to child would close a cycle. The third argument is the id of an edge that does not count, for one that is being changed';

-- Two connections that add opposite edges at the same moment would not see each other's, so they take turns: the lock is
-- held to the end of the transaction. A snapshot older than the lock would hide what the last holder has added. SERIALIZABLE
-- would notice that only when the other one was SERIALIZABLE too.
CREATE FUNCTION refuse_dependency_cycle() RETURNS trigger
    LANGUAGE plpgsql VOLATILE
    SET search_path FROM CURRENT
AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM003',
            MESSAGE = 'dependencies can only be added in a READ COMMITTED transaction',
            DETAIL = 'The snapshot of this one may hide what others have added since, so a cycle could go unseen.',
            HINT = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
    END IF;
    PERFORM pg_advisory_xact_lock(TG_RELID::bigint);
    IF dependency_closes_cycle(NEW.parent_task_id, NEW.child_task_id, NEW.id) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TM001',
            TABLE = 'task_dependencies',
            CONSTRAINT = 'task_dependencies_acyclic',
            MESSAGE = format('task %s cannot come before task %s, which already comes before it',
                             NEW.parent_task_id, NEW.child_task_id);
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION refuse_dependency_cycle() IS
    'Refuses an edge that closes a cycle (SQLSTATE TM001), and any ordered edge in a transaction that is not READ COMMITTED (TM003)';

CREATE TRIGGER task_dependencies_acyclic
    BEFORE INSERT OR UPDATE OF parent_task_id, child_task_id, dependency_type ON task_dependencies
    FOR EACH ROW WHEN (NEW.dependency_type <> 'related' AND NEW.parent_task_id <> NEW.child_task_id)
    EXECUTE FUNCTION refuse_dependency_cycle();
CREATE TRIGGER task_dependencies_audit AFTER INSERT OR UPDATE OR DELETE ON task_dependencies
    FOR EACH ROW EXECUTE FUNCTION audit_row('task_dependency');
