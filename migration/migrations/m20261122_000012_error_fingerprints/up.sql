-- Error logs: groups of errors that have one cause, and full-text search.

ALTER TABLE error_logs
    ADD COLUMN fingerprint VARCHAR(40),
    -- The message is cut because a tsvector holds 1 MB at most, and a text of any length must be storable.
    ADD COLUMN search TSVECTOR GENERATED ALWAYS AS (
        setweight(to_tsvector('pg_catalog.english', searchable_text(error_code)), 'A')
        || setweight(to_tsvector('pg_catalog.english', searchable_text(error_message)), 'B')) STORED,
    ADD CONSTRAINT error_logs_fingerprint_check CHECK (fingerprint ~ '^[1-9][0-9]{0,4}:[0-9a-f]{32}$');

COMMENT ON COLUMN error_logs.fingerprint IS 'The group that the error belongs to: the version of the algorithm, a colon, and its hash; NULL for an error that was written without one, which belongs to no group';
COMMENT ON COLUMN error_logs.search IS 'English full-text index: error_code (weight A), the first 100,000 characters of error_message (B)';

CREATE INDEX idx_error_logs_fingerprint ON error_logs (fingerprint, created_at, id);
CREATE INDEX idx_error_logs_search ON error_logs USING gin (search);

COMMENT ON INDEX idx_error_logs_fingerprint IS 'Errors of one group, by creation';
COMMENT ON INDEX idx_error_logs_search IS 'Full-text search';

DROP TRIGGER error_logs_audit ON error_logs;
CREATE TRIGGER error_logs_audit AFTER INSERT OR UPDATE OR DELETE ON error_logs
    FOR EACH ROW EXECUTE FUNCTION audit_row('error_log', 'search');
