-- Trigger functions that several tables share.

CREATE FUNCTION touch_row() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION touch_row() IS 'BEFORE UPDATE: counts the version up and sets updated_at';

CREATE FUNCTION count_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION count_version() IS 'BEFORE UPDATE: counts the version up, for a table without updated_at';

CREATE FUNCTION keep_completed_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    IF NEW.status <> ALL (TG_ARGV) THEN
        NEW.completed_at := NULL;
    ELSIF NEW.completed_at IS NULL THEN
        NEW.completed_at := now();
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION keep_completed_at() IS
    'BEFORE INSERT OR UPDATE: a row in a status of the arguments has a completed_at, by default now; one in any other status has none';
