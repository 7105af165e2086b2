DROP FUNCTION audit_row();
DROP FUNCTION set_actor(text);
DROP TABLE audit_logs;
