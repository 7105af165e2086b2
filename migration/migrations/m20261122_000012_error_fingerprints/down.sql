DROP TRIGGER error_logs_audit ON error_logs;
CREATE TRIGGER error_logs_audit AFTER INSERT OR UPDATE OR DELETE ON error_logs
    FOR EACH ROW EXECUTE FUNCTION audit_row('error_log');

ALTER TABLE error_logs DROP COLUMN search, DROP COLUMN fingerprint;
