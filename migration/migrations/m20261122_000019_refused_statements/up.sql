-- A raw statement that the guard refuses leaves a row in the audit trail, which nobody may write by hand.

ALTER TABLE audit_logs
    DROP CONSTRAINT audit_logs_entity_type_check,
    ADD CONSTRAINT audit_logs_entity_type_check CHECK (entity_type IN
        ('task', 'task_context', 'workflow_state', 'task_dependency', 'error_log', 'api_key', 'statement')),
    DROP CONSTRAINT audit_logs_action_check,
    ADD CONSTRAINT audit_logs_action_check
        CHECK (action IN ('create', 'update', 'delete', 'status_change', 'refuse'));

CREATE FUNCTION record_refusal(subject uuid, refusal jsonb) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path FROM CURRENT
AS $$
DECLARE
    at         CONSTANT timestamptz := clock_timestamp();
    actor_text CONSTANT text := current_setting('taskmaster.actor', true);
    actor      jsonb;
    by_user    text;
    by_session text;
    by_agent   text;
    by_address inet;
    left_out   bigint := 0;
BEGIN
    -- As audit_row() does: what cannot be read of the actor is left out.
    IF actor_text <> '' THEN
        BEGIN
            actor := actor_text::jsonb;
            by_user := left(actor ->> 'user_id', 255);
            by_session := left(actor ->> 'session_id', 255);
            by_agent := left(actor ->> 'user_agent', 1000);
            by_address := (actor ->> 'ip_address')::inet;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END IF;

    BEGIN
        left_out := greatest(0, (refusal ->> 'left_out_before')::bigint);
    EXCEPTION WHEN data_exception THEN
        NULL;
    END;

    -- Whoever may call this decides what it says, so it says itself who that was, and how much there can be of it is bounded.
    INSERT INTO audit_logs (id, entity_type, entity_id, action, new_values,
                            user_id, session_id, ip_address, user_agent, timestamp)
    VALUES ((lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
             || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
            'statement', subject, 'refuse',
            jsonb_build_object(
                'statement', left(refusal ->> 'statement', 10000),
                'reason', left(refusal ->> 'reason', 1000),
                'kind', left(refusal ->> 'kind', 100),
                'policy', left(refusal ->> 'policy', 255),
                'left_out_before', left_out,
                'login', session_user),
            by_user, by_session, by_address, by_agent, at);
    RETURN true;
END
$$;

COMMENT ON FUNCTION record_refusal(uuid, jsonb) IS
    'Writes to audit_logs that a raw statement was refused: statement (its shape, without values), reason, kind, policy, and how many refusals before it were not written';

REVOKE EXECUTE ON FUNCTION record_refusal(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_refusal(uuid, jsonb) TO taskmaster_readonly, taskmaster_app, taskmaster_admin;
-- A reader, too, is somebody who is told of in the trail.
GRANT EXECUTE ON FUNCTION set_actor(text) TO taskmaster_readonly;
