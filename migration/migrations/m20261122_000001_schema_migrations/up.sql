-- The record of what has been applied. The runner writes a row in the transaction of each migration.

CREATE TABLE schema_migrations (
    version     VARCHAR(50) NOT NULL,
    description TEXT,
    applied_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    checksum    VARCHAR(64),
    duration_ms BIGINT,
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);

COMMENT ON TABLE schema_migrations IS 'Which migrations this schema holds; written by the migration runner only';
COMMENT ON COLUMN schema_migrations.version IS 'Name of the migration''s folder';
COMMENT ON COLUMN schema_migrations.checksum IS 'SHA-256 (hex) of up.sql and down.sql; a migration whose files have changed since is refused';
COMMENT ON COLUMN schema_migrations.duration_ms IS 'How long its statements ran, in milliseconds';
