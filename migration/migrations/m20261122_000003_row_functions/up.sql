-- Functions that several tables share. The triggers read the clock and not now(), which is the start of the transaction: a row
-- that the same transaction has made before would seem to change before it was made.

CREATE FUNCTION touch_row() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path FROM CURRENT
AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at);
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION touch_row() IS 'BEFORE UPDATE: counts the version up and sets updated_at, which never goes back';

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
        NEW.completed_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION keep_completed_at() IS
    'BEFORE INSERT OR UPDATE: a row in a status of the arguments has a completed_at, by default now; one in any other status has none';

-- The text search parser looks ahead as far as a run of characters may still become a path, an address or a comment, and does so
-- again at each of its characters: 100,000 characters of a_a_a_ would take minutes. So no run is longer than 200 characters, and
-- no comment begins. Written with RETURN, the function is parsed here and not under the settings of whoever calls it.
CREATE FUNCTION searchable_text(whole text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path FROM CURRENT
    RETURN regexp_replace(
        replace(left(coalesce(whole, ''), 100000), '<!--', '<! --'), '[^ \t\n\r\f\v]{200}', '\& ', 'g');

COMMENT ON FUNCTION searchable_text(text) IS
    'The first 100,000 characters of a text, with a blank after every 200 that hold none, so that to_tsvector() and ts_headline() take a time in proportion to its length; never NULL';
