-- The roles stay when somebody is a member, when another schema or database has granted them something, and when they are not ours
-- to drop.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['taskmaster_readonly', 'taskmaster_app', 'taskmaster_admin'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role);
        EXECUTE format(
            'REVOKE ALL ON tasks, task_contexts, task_dependencies, workflow_states, error_logs, api_keys, api_key_rate_windows,
                 performance_metrics, audit_logs, audit_seals, audit_seal_rows, schema_migrations,
                 active_tasks, task_summary, recent_activity, critical_errors, error_summary, active_api_keys,
                 api_key_usage_summary FROM %I', role);
        IF to_regclass('seaql_migrations') IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON seaql_migrations FROM %I', role);
        END IF;
        EXECUTE format(
            'REVOKE ALL ON FUNCTION searchable_text(text), searchable_json(jsonb), set_actor(text),
                 dependency_closes_cycle(uuid, uuid, uuid) FROM %I', role);
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM %I', current_schema(), role);
        BEGIN
            -- From PostgreSQL 16 on, whoever makes a role is a member of it.
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
                            WHERE r.rolname = role
                               AND m.member <> (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)) THEN
                EXECUTE format('DROP ROLE %I', role);
            END IF;
        EXCEPTION
            -- The last is what two who drop it at the same moment get.
            WHEN dependent_objects_still_exist OR insufficient_privilege OR undefined_object OR internal_error THEN
                NULL;
        END;
    END LOOP;
END
$$;
