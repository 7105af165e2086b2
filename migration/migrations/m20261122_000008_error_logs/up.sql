-- Error logs: what went wrong, where, and whether it has been dealt with.

CREATE TABLE error_logs (
    id               UUID         NOT NULL DEFAULT gen_random_uuid(),
    error_type       VARCHAR(50)  NOT NULL DEFAULT 'general',
    error_code       VARCHAR(100),
    error_message    TEXT         NOT NULL,
    stack_trace      TEXT,
    context          JSONB        NOT NULL DEFAULT '{}',
    task_id          UUID,
    workflow_id      VARCHAR(255),
    user_id          VARCHAR(255),
    session_id       VARCHAR(255),
    severity         VARCHAR(20)  NOT NULL DEFAULT 'error',
    resolved         BOOLEAN      NOT NULL DEFAULT FALSE,
    resolution_notes TEXT,
    created_at       TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at       TIMESTAMPTZ  NOT NULL DEFAULT now(),
    resolved_at      TIMESTAMPTZ,
    metadata         JSONB        NOT NULL DEFAULT '{}',
    version          BIGINT       NOT NULL DEFAULT 1,
    CONSTRAINT error_logs_pkey PRIMARY KEY (id),
    CONSTRAINT error_logs_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE SET NULL,
    CONSTRAINT error_logs_error_type_check CHECK (error_type IN
        ('general', 'validation', 'database', 'network', 'authentication', 'authorization', 'business_logic',
         'external_api', 'system', 'configuration', 'timeout', 'rate_limit')),
    CONSTRAINT error_logs_error_message_check CHECK (error_message ~ '[^ \t\n\r\f\v]'),
    CONSTRAINT error_logs_severity_check CHECK (severity IN ('debug', 'info', 'warn', 'error', 'fatal')),
    CONSTRAINT error_logs_context_check CHECK (jsonb_typeof(context) = 'object'),
    CONSTRAINT error_logs_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT error_logs_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800)
        AND updated_at >= to_timestamp(-62135596800) AND updated_at < to_timestamp(253402300800)
        AND resolved_at >= to_timestamp(-62135596800) AND resolved_at < to_timestamp(253402300800))
);

COMMENT ON TABLE error_logs IS 'Errors of the systems that work on tasks';
COMMENT ON COLUMN error_logs.context IS 'What the failing code knew: an object';
COMMENT ON COLUMN error_logs.workflow_id IS 'As in workflow_states.workflow_id; not checked against it';
COMMENT ON COLUMN error_logs.version IS 'Counted up by every update';

CREATE INDEX idx_error_logs_error_type ON error_logs (error_type, created_at, id);
CREATE INDEX idx_error_logs_severity_created_at ON error_logs (severity, created_at, id);
CREATE INDEX idx_error_logs_resolved ON error_logs (resolved, created_at, id);
CREATE INDEX idx_error_logs_task_id ON error_logs (task_id, created_at, id);
CREATE INDEX idx_error_logs_workflow_id ON error_logs (workflow_id, created_at, id);
CREATE INDEX idx_error_logs_user_id ON error_logs (user_id, created_at, id);
CREATE INDEX idx_error_logs_created_at ON error_logs (created_at, id);

COMMENT ON INDEX idx_error_logs_error_type IS 'Errors of one type, by creation';
COMMENT ON INDEX idx_error_logs_severity_created_at IS 'Errors of one severity, by creation; critical_errors';
COMMENT ON INDEX idx_error_logs_resolved IS 'Unresolved errors, by creation';
COMMENT ON INDEX idx_error_logs_task_id IS 'Errors of one task, by creation; the foreign key';
COMMENT ON INDEX idx_error_logs_workflow_id IS 'Errors of one workflow, by creation';
COMMENT ON INDEX idx_error_logs_user_id IS 'Errors of one user, by creation';
COMMENT ON INDEX idx_error_logs_created_at IS 'Pages of all errors by creation';

CREATE TRIGGER error_logs_touch BEFORE UPDATE ON error_logs
    FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER error_logs_audit AFTER INSERT OR UPDATE OR DELETE ON error_logs
    FOR EACH ROW EXECUTE FUNCTION audit_row('error_log');
