-- API keys: lookup by prefix, peppered hashes, rotation with a time of grace, and exact rate limits.

ALTER TABLE api_keys
    ADD COLUMN pepper_version INTEGER,
    ADD COLUMN previous_key_hash VARCHAR(64),
    ADD COLUMN previous_key_prefix VARCHAR(20),
    ADD COLUMN previous_pepper_version INTEGER,
    ADD COLUMN previous_expires_at TIMESTAMPTZ,
    ADD CONSTRAINT api_keys_pepper_version_check CHECK (pepper_version >= 1 AND previous_pepper_version >= 1),
    ADD CONSTRAINT api_keys_previous_check CHECK ((previous_key_hash IS NULL) = (previous_expires_at IS NULL)),
    DROP CONSTRAINT api_keys_times_check,
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    ADD CONSTRAINT api_keys_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800)
        AND updated_at >= to_timestamp(-62135596800) AND updated_at < to_timestamp(253402300800)
        AND expires_at >= to_timestamp(-62135596800) AND expires_at < to_timestamp(253402300800)
        AND last_used_at >= to_timestamp(-62135596800) AND last_used_at < to_timestamp(253402300800)
        AND previous_expires_at >= to_timestamp(-62135596800) AND previous_expires_at < to_timestamp(253402300800));

-- ANALYZE would copy hashes into pg_stats, where more roles may read. Each is there once, so the planner needs no statistics.
ALTER TABLE api_keys
    ALTER COLUMN key_hash SET STATISTICS 0,
    ALTER COLUMN previous_key_hash SET STATISTICS 0;

COMMENT ON COLUMN api_keys.key_hash IS 'Secret: never in the audit trail, in a view or in an export. HMAC-SHA-256 of the key under the pepper of pepper_version, or SHA-256 where that is NULL; in hex';
COMMENT ON COLUMN api_keys.pepper_version IS 'Which pepper key_hash was made with; NULL for none';
COMMENT ON COLUMN api_keys.previous_key_hash IS 'Secret: never in the audit trail, in a view or in an export. key_hash before the last rotation, good until previous_expires_at';
COMMENT ON COLUMN api_keys.previous_key_prefix IS 'key_prefix before the last rotation';
COMMENT ON COLUMN api_keys.previous_pepper_version IS 'Which pepper previous_key_hash was made with; NULL for none';
COMMENT ON COLUMN api_keys.previous_expires_at IS 'Until when the key before the last rotation works, too';

CREATE INDEX idx_api_keys_key_prefix ON api_keys (key_prefix);
CREATE INDEX idx_api_keys_previous_key_prefix ON api_keys (previous_key_prefix) WHERE previous_key_prefix IS NOT NULL;
CREATE INDEX idx_api_keys_previous_key_hash ON api_keys (previous_key_hash) WHERE previous_key_hash IS NOT NULL;
CREATE INDEX idx_api_keys_created_at ON api_keys (created_at, id);
CREATE INDEX idx_api_keys_name ON api_keys (name COLLATE "C", id);

COMMENT ON INDEX idx_api_keys_key_hash IS 'A key of the described system that a caller presents';
COMMENT ON INDEX idx_api_keys_key_prefix IS 'The key that a caller presents';
COMMENT ON INDEX idx_api_keys_previous_key_prefix IS 'The key that a caller presents, while it is in its time of grace';
COMMENT ON INDEX idx_api_keys_previous_key_hash IS 'A key of the described system that a caller presents, while it is in its time of grace';
COMMENT ON INDEX idx_api_keys_created_at IS 'Pages of all keys by creation';
COMMENT ON INDEX idx_api_keys_name IS 'Pages of all keys by name, code point by code point';

-- Use is not a change of the key: who has read the key may patch it though it was used meanwhile.
DROP TRIGGER api_keys_touch ON api_keys;
CREATE TRIGGER api_keys_touch BEFORE UPDATE OF
        id, name, service, key_hash, key_prefix, permissions, environment, is_active, expires_at, rate_limit, created_by,
        created_at, updated_at, metadata, version, pepper_version, previous_key_hash, previous_key_prefix,
        previous_pepper_version, previous_expires_at
    ON api_keys
    FOR EACH ROW EXECUTE FUNCTION touch_row();

DROP TRIGGER api_keys_audit ON api_keys;
CREATE TRIGGER api_keys_audit AFTER INSERT OR UPDATE OR DELETE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION audit_row('api_key', 'key_hash', 'previous_key_hash');

-- Not a column of api_keys: a limited key's counter is written at every call, and its row should stay small and unaudited.
CREATE TABLE api_key_rate_windows (
    api_key_id   UUID        NOT NULL,
    window_start TIMESTAMPTZ NOT NULL,
    admitted     INTEGER     NOT NULL,
    CONSTRAINT api_key_rate_windows_pkey PRIMARY KEY (api_key_id),
    CONSTRAINT api_key_rate_windows_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys (id) ON DELETE CASCADE,
    CONSTRAINT api_key_rate_windows_admitted_check CHECK (admitted >= 1),
    CONSTRAINT api_key_rate_windows_times_check CHECK (
        window_start >= to_timestamp(-62135596800) AND window_start < to_timestamp(253402300800))
) WITH (fillfactor = 50);

COMMENT ON TABLE api_key_rate_windows IS 'How many calls of each rate-limited key were admitted in its current window; not audited';
COMMENT ON COLUMN api_key_rate_windows.window_start IS 'When the first call of the window was admitted';
