CREATE OR REPLACE FUNCTION audit_row() RETURNS trigger
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
    -- Of jsonb's own 268 MB. As text a character can take six, and a text has at most 1 GB.
    too_much   CONSTANT integer := 160000000;
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

    -- What cannot become a text can never be sealed, nor anything after it.
    IF pg_column_size(old_row) > too_much THEN
        old_row := '{"left_out": "more than 160 MB"}';
    END IF;
    IF pg_column_size(new_row) > too_much THEN
        new_row := '{"left_out": "more than 160 MB"}';
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

CREATE OR REPLACE FUNCTION record_refusal(subject uuid, refusal jsonb) RETURNS boolean
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
