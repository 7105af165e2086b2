-- The audit trail, the trigger function that fills it, and the function that says who is acting.

CREATE TABLE audit_logs (
    id          UUID         NOT NULL DEFAULT gen_random_uuid(),
    entity_type VARCHAR(50)  NOT NULL,
    entity_id   UUID         NOT NULL,
    action      VARCHAR(50)  NOT NULL,
    old_values  JSONB,
    new_values  JSONB,
    user_id     VARCHAR(255),
    session_id  VARCHAR(255),
    ip_address  INET,
    user_agent  TEXT,
    timestamp   TIMESTAMPTZ  NOT NULL DEFAULT now(),
    metadata    JSONB        NOT NULL DEFAULT '{}',
    CONSTRAINT audit_logs_pkey PRIMARY KEY (id),
    CONSTRAINT audit_logs_entity_type_check CHECK (entity_type IN
        ('task', 'task_context', 'workflow_state', 'task_dependency', 'error_log', 'api_key')),
    CONSTRAINT audit_logs_action_check CHECK (action IN ('create', 'update', 'delete', 'status_change')),
    CONSTRAINT audit_logs_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT audit_logs_times_check CHECK (
        timestamp >= to_timestamp(-62135596800) AND timestamp < to_timestamp(253402300800))
);

COMMENT ON TABLE audit_logs IS 'Who changed what, written in the transaction of the change itself';
COMMENT ON COLUMN audit_logs.entity_id IS 'Id of the changed row; no foreign key, since the trail outlives what it tells of';
COMMENT ON COLUMN audit_logs.old_values IS 'The deleted row, or of an updated one the columns that changed';
COMMENT ON COLUMN audit_logs.new_values IS 'The created row, or of an updated one the columns that changed';
COMMENT ON COLUMN audit_logs.user_id IS 'From set_actor(); NULL when nobody was named';
COMMENT ON COLUMN audit_logs.timestamp IS 'Clock time of the change, so that the changes of one transaction keep their order';

CREATE INDEX idx_audit_logs_entity ON audit_logs (entity_type, entity_id, timestamp, id);
CREATE INDEX idx_audit_logs_timestamp ON audit_logs (timestamp, id);
CREATE INDEX idx_audit_logs_user_id ON audit_logs (user_id, timestamp, id) WHERE user_id IS NOT NULL;
CREATE INDEX idx_audit_logs_action ON audit_logs (action, timestamp, id);

COMMENT ON INDEX idx_audit_logs_entity IS 'The history of one row, in order';
COMMENT ON INDEX idx_audit_logs_timestamp IS 'All changes of a period; recent_activity';
COMMENT ON INDEX idx_audit_logs_user_id IS 'What one user did, in order';
COMMENT ON INDEX idx_audit_logs_action IS 'All changes of one kind, in order';

-- SET LOCAL rather than set_config(), because a Citus router passes only the former on to the node that holds the row.
CREATE FUNCTION set_actor(actor text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE
    SET search_path FROM CURRENT
AS $$
BEGIN
    EXECUTE format('SET LOCAL taskmaster.actor = %L', coalesce(actor, ''));
    RETURN true;
END
$$;

COMMENT ON FUNCTION set_actor(text) IS
    'Names the actor of this transaction to the audit trail: a JSON object of user_id, session_id, ip_address, user_agent, each optional. Returns true, so that a statement can call it in a CTE of its own';

-- With the rights of the schema's owner, so that a role that may change the rows needs no right to change their trail.
CREATE FUNCTION audit_row() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path FROM CURRENT
AS $$
DECLARE
    noun       CONSTANT text := TG_ARGV[0];
    left_out   CONSTANT text[] := TG_ARGV[1:];
    at         CONSTANT timestamptz := clock_timestamp();
    actor_text CONSTANT text := current_setting('taskmaster.actor', true);
    actor      jsonb;
    by_user    text;
    by_session text;
    by_agent   text;
    by_address inet;
    subject    uuid;
    what       text;
    old_row    jsonb;
    new_row    jsonb;
BEGIN
    IF TG_OP = 'INSERT' THEN
        subject := NEW.id;
        what := 'create';
        new_row := to_jsonb(NEW) - left_out;
    ELSIF TG_OP = 'DELETE' THEN
        subject := OLD.id;
        what := 'delete';
        old_row := to_jsonb(OLD) - left_out;
    ELSE
        subject := OLD.id;
        old_row := to_jsonb(OLD) - left_out;
        new_row := to_jsonb(NEW) - left_out;
        IF old_row -> 'status' IS DISTINCT FROM new_row -> 'status' THEN
            what := 'status_change';
        ELSE
            what := 'update';
        END IF;
        SELECT jsonb_object_agg(n.key, old_row -> n.key), jsonb_object_agg(n.key, n.value)
          INTO old_row, new_row
          FROM jsonb_each(new_row) AS n
         WHERE n.value IS DISTINCT FROM old_row -> n.key;
        IF new_row IS NULL THEN
            RETURN NULL; -- nothing that may be told has changed
        END IF;
    END IF;

    -- Anyone can set the actor to anything: what cannot be read is left out, and the write goes on. The address is read
    -- last, since it is the one part that may be malformed inside a sound object.
    IF actor_text <> '' THEN
        BEGIN
            actor := actor_text::jsonb;
            by_user := left(actor ->> 'user_id', 255);
            by_session := left(actor ->> 'session_id', 255);
            by_agent := actor ->> 'user_agent';
            by_address := (actor ->> 'ip_address')::inet;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END IF;

    -- The id is a UUIDv7 (milliseconds, then the random part of a v4), so that the trail grows at the end of its index.
    INSERT INTO audit_logs (id, entity_type, entity_id, action, old_values, new_values,
                            user_id, session_id, ip_address, user_agent, timestamp)
    VALUES ((lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
             || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
            noun, subject, what, old_row, new_row, by_user, by_session, by_address, by_agent, at);
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION audit_row() IS
    'AFTER row trigger that writes audit_logs. Arguments: the noun, then the columns that never reach the trail (secrets, generated columns)';

-- Firing a trigger needs no right; making one does, and a trigger on a table of one's own could write any story.
REVOKE EXECUTE ON FUNCTION audit_row() FROM PUBLIC;
