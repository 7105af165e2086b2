-- Roles: three groups with the rights that a service, a reader and the maintenance need. Who logs in is a member of one of them.

-- Roles belong to the whole cluster, where the schemas of other databases may be migrated, or taken back, at the same moment. The
-- first grant is part of the attempt, since from then on nobody can drop the role.
DO $$
DECLARE
    role    text;
    missing text;
BEGIN
    FOREACH role IN ARRAY ARRAY['taskmaster_readonly', 'taskmaster_app', 'taskmaster_admin'] LOOP
        FOR attempt IN 1..200 LOOP
            -- It locks what it finds, and a session that locks something hears of changes: else it would go on believing that
            -- a role is not there, or is, as it was when it first looked.
            PERFORM pg_catalog.pg_get_object_address('schema', '{pg_catalog}', '{}');
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role) THEN
                    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles
                                    WHERE rolname = current_user AND (rolsuper OR rolcreaterole)) THEN
                        SELECT string_agg(format('CREATE ROLE %s NOLOGIN;', needed), ' ') INTO missing
                          FROM unnest(ARRAY['taskmaster_readonly', 'taskmaster_app', 'taskmaster_admin']) AS needed
                         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = needed);
                        RAISE EXCEPTION USING
                            ERRCODE = 'TM005',
                            MESSAGE = format('there is no role %s, and %s may not create roles', role, current_user),
                            HINT = format('Let a role that may run once: %s', missing);
                    END IF;
                    EXECUTE format('CREATE ROLE %I NOLOGIN', role);
                END IF;
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);
                EXIT;
            EXCEPTION
                -- Somebody else has made it, or dropped it, in the meantime. The row is there before the news of it.
                WHEN duplicate_object OR unique_violation OR undefined_object THEN
                    IF attempt = 200 THEN
                        RAISE;
                    END IF;
                    PERFORM pg_sleep(0.02);
            END;
        END LOOP;
        -- A grant that is not ours to give is only warned of.
        IF NOT pg_catalog.has_schema_privilege(role, current_schema(), 'USAGE') THEN
            RAISE EXCEPTION USING
                ERRCODE = 'TM005',
                MESSAGE = format('role %s may not use schema %I, and %s may not let it', role, current_schema(), current_user),
                HINT = format('Let the owner of the schema run once: GRANT USAGE ON SCHEMA %I TO taskmaster_readonly, taskmaster_app, taskmaster_admin;',
                              current_schema());
        END IF;
        -- Who applies the SQL by hand does not have this one.
        IF to_regclass('seaql_migrations') IS NOT NULL THEN
            EXECUTE format('GRANT SELECT ON seaql_migrations TO %I', role);
        END IF;
    END LOOP;
END
$$;

-- Reading: everything but the hashes of keys. Views run with their owner's rights, and none shows a hash.
GRANT SELECT ON
    tasks, task_contexts, task_dependencies, workflow_states, error_logs, api_key_rate_windows, performance_metrics,
    audit_logs, audit_seals, audit_seal_rows, schema_migrations,
    active_tasks, task_summary, recent_activity, critical_errors, error_summary, active_api_keys, api_key_usage_summary
    TO taskmaster_readonly, taskmaster_app, taskmaster_admin;
-- By column, so that a secret that is added later is not shown.
GRANT SELECT (
    id, name, service, key_prefix, permissions, environment, is_active, expires_at, last_used_at, usage_count, rate_limit,
    created_by, created_at, updated_at, metadata, version, pepper_version, previous_key_prefix, previous_pepper_version,
    previous_expires_at)
    ON api_keys TO taskmaster_readonly;
GRANT EXECUTE ON FUNCTION searchable_text(text), searchable_json(jsonb)
    TO taskmaster_readonly, taskmaster_app, taskmaster_admin;

-- Writing: what the repositories do. Edges and metrics are never changed, and the trail is written by its triggers only.
GRANT SELECT ON api_keys TO taskmaster_app, taskmaster_admin;
GRANT INSERT, UPDATE, DELETE ON
    tasks, task_contexts, workflow_states, error_logs, api_keys, api_key_rate_windows
    TO taskmaster_app, taskmaster_admin;
GRANT INSERT, DELETE ON task_dependencies TO taskmaster_app, taskmaster_admin;
GRANT INSERT ON performance_metrics TO taskmaster_app, taskmaster_admin;
GRANT EXECUTE ON FUNCTION set_actor(text), dependency_closes_cycle(uuid, uuid, uuid) TO taskmaster_app, taskmaster_admin;

-- Maintenance: retention and seals. UPDATE of the id locks rows that are about to go, so that others skip them.
GRANT DELETE, UPDATE (id) ON performance_metrics TO taskmaster_admin;
GRANT DELETE ON audit_logs TO taskmaster_admin;
GRANT INSERT, DELETE ON audit_seal_rows TO taskmaster_admin;
GRANT INSERT, UPDATE (pruned_at) ON audit_seals TO taskmaster_admin;
