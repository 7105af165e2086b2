REVOKE EXECUTE ON FUNCTION set_actor(text) FROM taskmaster_readonly;
DROP FUNCTION record_refusal(uuid, jsonb);

-- Rows of refused statements stay in the trail, as all of its rows do: where there are some, the old rules hold for new rows only.
ALTER TABLE audit_logs
    DROP CONSTRAINT audit_logs_entity_type_check,
    ADD CONSTRAINT audit_logs_entity_type_check CHECK (entity_type IN
        ('task', 'task_context', 'workflow_state', 'task_dependency', 'error_log', 'api_key')) NOT VALID,
    DROP CONSTRAINT audit_logs_action_check,
    ADD CONSTRAINT audit_logs_action_check CHECK (action IN ('create', 'update', 'delete', 'status_change')) NOT VALID;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit_logs WHERE action = 'refuse') THEN
        ALTER TABLE audit_logs
            VALIDATE CONSTRAINT audit_logs_entity_type_check,
            VALIDATE CONSTRAINT audit_logs_action_check;
    END IF;
END
$$;
