-- API keys: who may call, never the key itself.

CREATE TABLE api_keys (
    id           UUID         NOT NULL DEFAULT gen_random_uuid(),
    name         VARCHAR(100) NOT NULL,
    service      VARCHAR(50)  NOT NULL,
    key_hash     VARCHAR(64)  NOT NULL,
    key_prefix   VARCHAR(20),
    permissions  JSONB        NOT NULL DEFAULT '[]',
    environment  VARCHAR(20)  NOT NULL DEFAULT 'development',
    is_active    BOOLEAN      NOT NULL DEFAULT TRUE,
    expires_at   TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    usage_count  INTEGER      NOT NULL DEFAULT 0,
    rate_limit   JSONB,
    created_by   VARCHAR(255),
    created_at   TIMESTAMPTZ  NOT NULL DEFAULT now(),
    updated_at   TIMESTAMPTZ  NOT NULL DEFAULT now(),
    metadata     JSONB        NOT NULL DEFAULT '{}',
    version      BIGINT       NOT NULL DEFAULT 1,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_name_service_environment_key UNIQUE (name, service, environment),
    CONSTRAINT api_keys_name_check CHECK (name ~ '[^ \t\n\r\f\v]'),
    CONSTRAINT api_keys_service_check CHECK (service IN
        ('codegen', 'linear', 'claude_code', 'agentapi', 'github', 'openai', 'anthropic', 'database', 'monitoring',
         'webhook')),
    CONSTRAINT api_keys_environment_check CHECK (environment IN ('development', 'staging', 'production')),
    CONSTRAINT api_keys_usage_count_check CHECK (usage_count >= 0),
    CONSTRAINT api_keys_permissions_check CHECK (jsonb_typeof(permissions) = 'array'),
    CONSTRAINT api_keys_rate_limit_check CHECK (jsonb_typeof(rate_limit) = 'object'),
    CONSTRAINT api_keys_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    -- From the year 1 (-62135596800 s) to before the year 10000 (253402300800 s): what every client can read.
    CONSTRAINT api_keys_times_check CHECK (
        created_at >= to_timestamp(-62135596800) AND created_at < to_timestamp(253402300800)
        AND updated_at >= to_timestamp(-62135596800) AND updated_at < to_timestamp(253402300800)
        AND expires_at >= to_timestamp(-62135596800) AND expires_at < to_timestamp(253402300800)
        AND last_used_at >= to_timestamp(-62135596800) AND last_used_at < to_timestamp(253402300800))
);

COMMENT ON TABLE api_keys IS 'Keys of services that call, as hashes';
COMMENT ON COLUMN api_keys.key_hash IS 'Secret: never in the audit trail, in a view or in an export';
COMMENT ON COLUMN api_keys.key_prefix IS 'The first characters of the key, to tell keys apart in a list';
COMMENT ON COLUMN api_keys.permissions IS 'Array; "*" stands for all';
COMMENT ON COLUMN api_keys.rate_limit IS 'An object, or NULL for no limit';
COMMENT ON COLUMN api_keys.version IS 'Counted up by every update';

CREATE INDEX idx_api_keys_key_hash ON api_keys (key_hash);
CREATE INDEX idx_api_keys_service_is_active ON api_keys (service, is_active);
CREATE INDEX idx_api_keys_environment ON api_keys (environment);
CREATE INDEX idx_api_keys_is_active ON api_keys (is_active);
CREATE INDEX idx_api_keys_expires_at ON api_keys (expires_at);
CREATE INDEX idx_api_keys_last_used_at ON api_keys (last_used_at);
CREATE INDEX idx_api_keys_created_by ON api_keys (created_by);

COMMENT ON INDEX idx_api_keys_key_hash IS 'The key that a caller presents';
COMMENT ON INDEX idx_api_keys_service_is_active IS 'The keys of one service, and the active ones of them';
COMMENT ON INDEX idx_api_keys_environment IS 'The keys of one environment';
COMMENT ON INDEX idx_api_keys_is_active IS 'active_api_keys';
COMMENT ON INDEX idx_api_keys_expires_at IS 'Keys that expire soon';
COMMENT ON INDEX idx_api_keys_last_used_at IS 'Keys that nobody uses any more';
COMMENT ON INDEX idx_api_keys_created_by IS 'The keys that one person made';

CREATE TRIGGER api_keys_touch BEFORE UPDATE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER api_keys_audit AFTER INSERT OR UPDATE OR DELETE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION audit_row('api_key', 'key_hash');
