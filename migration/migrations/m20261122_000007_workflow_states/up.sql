-- Workflow states: the steps of a workflow and how far each has come.

CREATE TABLE workflow_states (
    id            UUID         NOT NULL DEFAULT gen_random_uuid(),
    workflow_id   VARCHAR(255) NOT NULL,
    task_id       UUID,
    step          VARCHAR(100) NOT NULL,
    status        VARCHAR(50)  NOT NULL,
    result        JSONB,
    started_at    TIMESTAMPTZ  NOT NULL DEFAULT now(),
    completed_at  TIMESTAMPTZ,
    error_message TEXT,
    retry_count   INTEGER      NOT NULL DEFAULT 0,
    metadata      JSONB        NOT NULL DEFAULT '{}',
    version       BIGINT       NOT NULL DEFAULT 1,
    CONSTRAINT workflow_states_pkey PRIMARY KEY (id),
    CONSTRAINT workflow_states_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE SET NULL,
    CONSTRAINT workflow_states_workflow_id_check CHECK (workflow_id ~ '[^ \t\n\r\f\v]'),
    CONSTRAINT workflow_states_step_check CHECK (step ~ '[^ \t\n\r\f\v]'),
    CONSTRAINT workflow_states_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'skipped')),
    CONSTRAINT workflow_states_retry_count_check CHECK (retry_count >= 0),
    CONSTRAINT workflow_states_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT workflow_states_times_check CHECK (
        started_at >= to_timestamp(-62135596800) AND started_at < to_timestamp(253402300800)
        AND completed_at >= to_timestamp(-62135596800) AND completed_at < to_timestamp(253402300800))
);

COMMENT ON TABLE workflow_states IS 'Steps of workflows; a workflow is all rows of one workflow_id';
COMMENT ON COLUMN workflow_states.workflow_id IS 'Any text; a step may occur more than once in a workflow';
COMMENT ON COLUMN workflow_states.result IS 'Any JSON, or none yet';
COMMENT ON COLUMN workflow_states.completed_at IS 'Set on entering completed, failed or skipped, cleared on going back to pending or running';
COMMENT ON COLUMN workflow_states.version IS 'Counted up by every update';

CREATE INDEX idx_workflow_states_workflow_id ON workflow_states (workflow_id, started_at, id);
CREATE INDEX idx_workflow_states_task_id ON workflow_states (task_id, started_at, id);
CREATE INDEX idx_workflow_states_status ON workflow_states (status, started_at, id);
CREATE INDEX idx_workflow_states_step ON workflow_states (step, started_at, id);
CREATE INDEX idx_workflow_states_started_at ON workflow_states (started_at, id);
CREATE INDEX idx_workflow_states_retryable ON workflow_states (started_at, id) WHERE status = 'failed';

COMMENT ON INDEX idx_workflow_states_workflow_id IS 'The steps, progress or timeline of one workflow';
COMMENT ON INDEX idx_workflow_states_task_id IS 'The steps of one task; the foreign key';
COMMENT ON INDEX idx_workflow_states_status IS 'Steps of one status, by start';
COMMENT ON INDEX idx_workflow_states_step IS 'One step in all workflows, by start';
COMMENT ON INDEX idx_workflow_states_started_at IS 'Pages of all steps by start';
COMMENT ON INDEX idx_workflow_states_retryable IS 'Failed steps that may be tried again, oldest first';

CREATE TRIGGER workflow_states_touch BEFORE UPDATE ON workflow_states
    FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER workflow_states_completed_at BEFORE INSERT OR UPDATE ON workflow_states
    FOR EACH ROW WHEN (NEW.completed_at IS NOT NULL OR NEW.status IN ('completed', 'failed', 'skipped'))
    EXECUTE FUNCTION keep_completed_at('completed', 'failed', 'skipped');
CREATE TRIGGER workflow_states_audit AFTER INSERT OR UPDATE OR DELETE ON workflow_states
    FOR EACH ROW EXECUTE FUNCTION audit_row('workflow_state');
