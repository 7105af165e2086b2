DROP TABLE api_key_rate_windows;

DROP TRIGGER api_keys_audit ON api_keys;
CREATE TRIGGER api_keys_audit AFTER INSERT OR UPDATE OR DELETE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION audit_row('api_key', 'key_hash');

DROP TRIGGER api_keys_touch ON api_keys;
CREATE TRIGGER api_keys_touch BEFORE UPDATE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION touch_row();

DROP INDEX idx_api_keys_name, idx_api_keys_created_at, idx_api_keys_key_prefix;

ALTER TABLE api_keys
    ALTER COLUMN key_hash SET STATISTICS -1,
    DROP COLUMN previous_expires_at,
    DROP COLUMN previous_pepper_version,
    DROP COLUMN previous_key_prefix,
    DROP COLUMN previous_key_hash,
    DROP COLUMN pepper_version,
    ADD CONSTRAINT api_keys_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800)
        AND updated_at >= to_timestamp(-62135596800) AND updated_at < to_timestamp(253402300800)
        AND expires_at >= to_timestamp(-62135596800) AND expires_at < to_timestamp(253402300800)
        AND last_used_at >= to_timestamp(-62135596800) AND last_used_at < to_timestamp(253402300800));

COMMENT ON COLUMN api_keys.key_hash IS 'Secret: never in the audit trail, in a view or in an export';
COMMENT ON INDEX idx_api_keys_key_hash IS 'The key that a caller presents';
