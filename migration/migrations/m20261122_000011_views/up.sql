-- Views: the questions that people ask with psql.

-- Each count is a subquery of its own: joining the three tables would multiply them with one another.
CREATE VIEW active_tasks AS
SELECT t.id, t.title, t.description, t.type, t.status, t.priority, t.complexity_score, t.affected_files, t.requirements,
       t.acceptance_criteria, t.parent_task_id, t.assigned_to, t.tags, t.estimated_hours, t.actual_hours, t.created_at,
       t.updated_at, t.completed_at, t.metadata, t.version,
       (SELECT count(*) FROM task_contexts c WHERE c.task_id = t.id) AS context_count,
       (SELECT count(*) FROM tasks s WHERE s.parent_task_id = t.id) AS child_task_count,
       (SELECT count(*) FROM task_dependencies d WHERE d.child_task_id = t.id) AS dependency_count
  FROM tasks t
 WHERE t.status IN ('pending', 'in_progress');

COMMENT ON VIEW active_tasks IS 'Tasks that are pending or in progress, with the number of their contexts, subtasks and dependencies (edges that lead to them)';

CREATE VIEW task_summary AS
SELECT status,
       count(*) AS task_count,
       avg(complexity_score) AS avg_complexity,
       sum(estimated_hours) AS total_estimated_hours,
       sum(actual_hours) AS total_actual_hours
  FROM tasks
 GROUP BY status;

COMMENT ON VIEW task_summary IS 'Tasks per status; a status that no task has is absent';

CREATE VIEW recent_activity AS
SELECT a.id, a.entity_type, a.entity_id, a.action, a.old_values, a.new_values, a.user_id, a.session_id, a.ip_address,
       a.user_agent, a.timestamp, a.metadata, t.title AS task_title
  FROM (SELECT * FROM audit_logs ORDER BY timestamp DESC, id DESC LIMIT 100) a
  LEFT JOIN tasks t ON a.entity_type = 'task' AND t.id = a.entity_id
 ORDER BY a.timestamp DESC, a.id DESC;

COMMENT ON VIEW recent_activity IS 'The last 100 changes, newest first; task_title is set where a task changed that still exists';

CREATE VIEW critical_errors AS
SELECT e.id, e.error_type, e.error_code, e.error_message, e.stack_trace, e.context, e.task_id, e.workflow_id, e.user_id,
       e.session_id, e.severity, e.resolved, e.resolution_notes, e.created_at, e.updated_at, e.resolved_at, e.metadata,
       e.version, t.title AS task_title, t.status AS task_status
  FROM error_logs e
  LEFT JOIN tasks t ON t.id = e.task_id
 WHERE e.severity IN ('error', 'fatal') AND NOT e.resolved
 ORDER BY e.created_at DESC, e.id DESC;

COMMENT ON VIEW critical_errors IS 'Unresolved errors of severity error or fatal, newest first';

CREATE VIEW error_summary AS
SELECT error_type,
       severity,
       count(*) AS error_count,
       count(*) FILTER (WHERE NOT resolved) AS unresolved_count,
       avg(extract(epoch FROM coalesce(resolved_at, now()) - created_at) / 3600) AS avg_resolution_hours,
       max(created_at) AS latest_occurrence
  FROM error_logs
 GROUP BY error_type, severity;

COMMENT ON VIEW error_summary IS 'Errors per type and severity; an error without resolved_at counts in avg_resolution_hours as if it were resolved now';

CREATE VIEW active_api_keys AS
SELECT id, name, service, key_prefix, permissions, environment, is_active, expires_at, last_used_at, usage_count,
       rate_limit, created_by, created_at, updated_at, metadata, version,
       coalesce(expires_at <= now(), false) AS is_expired
  FROM api_keys
 WHERE is_active
 ORDER BY last_used_at DESC NULLS LAST, id;

COMMENT ON VIEW active_api_keys IS 'Active keys without their hash, last used first';

CREATE VIEW api_key_usage_summary AS
SELECT service,
       environment,
       count(*) AS total_keys,
       count(*) FILTER (WHERE is_active) AS active_keys,
       count(*) FILTER (WHERE expires_at <= now()) AS expired_keys,
       sum(usage_count) AS total_usage,
       max(last_used_at) AS latest_usage
  FROM api_keys
 GROUP BY service, environment;

COMMENT ON VIEW api_key_usage_summary IS 'Keys and their use per service and environment';
