DROP VIEW api_key_usage_summary;
DROP VIEW active_api_keys;
DROP VIEW error_summary;
DROP VIEW critical_errors;
DROP VIEW recent_activity;
DROP VIEW task_summary;
DROP VIEW active_tasks;
