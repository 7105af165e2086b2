DROP TABLE audit_seal_rows;
DROP TABLE audit_seals;

DROP TRIGGER audit_logs_refuse_delete ON audit_logs;
DROP TRIGGER audit_logs_refuse_change ON audit_logs;
DROP FUNCTION check_new_seal_rows();
DROP FUNCTION check_new_seal();
DROP FUNCTION refuse_seal_change();
DROP FUNCTION refuse_unpruned();
DROP FUNCTION refuse_change();

DROP INDEX idx_audit_logs_session_id;
ALTER TABLE audit_logs DROP COLUMN transaction_id;
