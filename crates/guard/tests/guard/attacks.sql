-- Attacks on the statement guard: a line `--- policy expected-refusal`, then the statement. Classes begin with `===`.

=== stacked statements

--- readonly several_statements
SELECT 1; DROP TABLE tasks

--- readonly several_statements
SELECT 1;;SELECT 2

--- readonly several_statements
SELECT title FROM tasks WHERE id = '1'; DELETE FROM tasks WHERE 'x' = 'x'

--- readonly several_statements
SELECT 1;
UPDATE api_keys SET is_active = true;

--- readonly several_statements
SELECT 1/**/;/**/DROP TABLE tasks

--- readonly several_statements
; SELECT 1

--- readonly several_statements
SELECT 1;SELECT pg_sleep(10)--

--- admin several_statements
DELETE FROM tasks WHERE id = $1; DELETE FROM tasks

--- admin several_statements
BEGIN; DELETE FROM audit_logs; COMMIT

--- admin several_statements
SELECT E'a\\'; DROP TABLE tasks; --'

=== hidden by comments and whitespace

--- readonly several_statements
SELECT 1 /* /* nested */ */ ; DROP TABLE tasks

--- readonly several_statements
SELECT 1 -- harmless
; DROP TABLE tasks

--- readonly several_statements
SELECT '/*'; DROP TABLE tasks; --*/'

--- readonly several_statements
SELECT 1 /* a /* b */ c */; DROP TABLE tasks /* d */

--- readonly construct
SELECT 1 /* never ends

--- readonly construct
SELECT 1 /* /* only one end */ ; DROP TABLE tasks

--- readonly construct
SELECT 1 /*/ DROP TABLE tasks

--- readonly verb_not_allowed
/* SELECT */ DROP TABLE tasks

--- readonly verb_not_allowed
-- SELECT 1
DROP TABLE tasks

--- readonly verb_not_allowed
-- SELECT 1
DROP TABLE tasks

--- readonly verb_not_allowed
/*/**/SELECT 1*/DROP TABLE tasks

--- readonly verb_not_allowed
DR/**/OP TABLE tasks

--- readonly verb_not_allowed
/*! SELECT */ TRUNCATE tasks

--- readonly function_not_allowed
SELECT pg_sleep/**/(10)

--- readonly function_not_allowed
SELECT pg_sleep -- wait
(10)

--- readonly function_not_allowed
SELECT/**/pg_sleep(10)

--- readonly function_not_allowed
SELECT pg_sleep	

(10)

--- readonly function_not_allowed
SELECT (/* ( */pg_sleep(10))

--- readonly column_not_allowed
SELECT/**/key_hash/**/FROM/**/api_keys

--- readonly column_not_allowed
SELECT k./**/key_hash FROM api_keys k

--- readonly column_not_allowed
SELECT key_hash--
FROM api_keys

=== Unicode, dollar quotes and escapes

--- readonly construct
SELECT U&"k\0065y_hash" FROM api_keys

--- readonly construct
SELECT u&"key_hash" FROM api_keys

--- readonly construct
SELECT U&'\0027; DROP TABLE tasks; --'

--- readonly construct
SELECT U&"d!0061ta" UESCAPE '!' FROM tasks

--- readonly construct
SELECT $$; DROP TABLE tasks; $$

--- readonly construct
SELECT $x$a$x$; DROP TABLE tasks

--- readonly construct
SELECT $a$ $b$ $a$

--- readonly construct
SELECT 1 FROM tasks WHERE title = $q$x$q$

--- readonly construct
SELECT E'\x27; DROP TABLE tasks; --'

--- readonly construct
SELECT E'\'; DROP TABLE tasks; --'

--- readonly construct
SELECT E'\047; DROP TABLE tasks; --'

--- readonly construct
SELECT E'\u0027 OR 1=1'

--- readonly construct
SELECT '\'; DROP TABLE tasks; --'

--- readonly construct
SELECT '\' || key_hash || '\' FROM api_keys

--- readonly construct
SELECT E'a''b'

--- readonly construct
SELECT N'text'

--- readonly construct
SELECT B'1010'

--- readonly construct
SELECT X'ff'

--- readonly construct
SELECT _utf8'text'

--- readonly construct
SELECT "key""hash" FROM tasks

--- readonly construct
SELECT "" FROM tasks

--- readonly construct
SELECT 'a' 'b'

--- readonly construct
SELECT 'a'
'; DROP TABLE tasks'

--- readonly construct
SELECT title AS tïtle FROM tasks

--- readonly construct
SELECT a$b FROM tasks

--- readonly construct
SELECT $0

--- readonly construct
SELECT $1a

--- readonly construct
SELECT $99999

--- readonly construct
SELECT $18446744073709551617

--- readonly construct
SELECT 1a FROM tasks

--- readonly construct
SELECT 1FROM tasks

--- readonly construct
SELECT 0x1F

--- readonly construct
SELECT 1.e

--- readonly construct
SELECT 'never ends

--- readonly construct
SELECT "never ends

--- readonly construct
SELECT `title` FROM tasks

--- readonly construct
SELECT \gexec

--- readonly construct
SELECT 1 \; DROP TABLE tasks

--- readonly construct
SELECT title FROM tasks WHERE id = {id}

--- readonly construct
SELECT [title] FROM tasks@remote

=== writes under a policy that reads

--- readonly verb_not_allowed
INSERT INTO tasks (title) VALUES ('x')

--- readonly verb_not_allowed
UPDATE tasks SET title = 'x' WHERE id = $1

--- readonly verb_not_allowed
DELETE FROM tasks WHERE id = $1

--- readonly verb_not_allowed
WITH x AS (DELETE FROM tasks WHERE id = $1 RETURNING *) SELECT * FROM x

--- readonly verb_not_allowed
WITH x AS (INSERT INTO tasks (title) VALUES ('x') RETURNING id) SELECT id FROM x

--- readonly verb_not_allowed
WITH x AS (UPDATE tasks SET title = 'x' WHERE id = $1 RETURNING id) SELECT 1

--- readonly verb_not_allowed
WITH RECURSIVE x AS (DELETE FROM tasks WHERE id = $1 RETURNING id) SELECT * FROM x

--- readonly verb_not_allowed
WITH a AS (SELECT 1), b AS (WITH c AS (DELETE FROM tasks WHERE id = $1 RETURNING 1) SELECT * FROM c) SELECT * FROM a

--- readonly verb_not_allowed
WITH x AS (SELECT 1) DELETE FROM tasks WHERE id = $1

--- readonly verb_not_allowed
WITH x AS (SELECT 1) INSERT INTO tasks (title) SELECT 'x' FROM x

--- readonly verb_not_allowed
WITH x AS MATERIALIZED (DELETE FROM tasks WHERE id = $1 RETURNING id) SELECT id FROM x

--- readonly verb_not_allowed
MERGE INTO tasks USING task_contexts c ON c.task_id = tasks.id WHEN MATCHED THEN DELETE

--- readonly verb_not_allowed
(DELETE FROM tasks WHERE id = $1 RETURNING id)

--- readonly verb_not_allowed
SELECT * FROM (DELETE FROM tasks WHERE id = $1 RETURNING id) x

--- readonly verb_not_allowed
INSERT INTO tasks DEFAULT VALUES

--- readonly verb_not_allowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT DO NOTHING

--- readonly table_not_allowed
SELECT * FROM tasks FOR UPDATE

--- readonly table_not_allowed
SELECT * FROM tasks FOR SHARE

--- readonly table_not_allowed
SELECT id FROM tasks WHERE id = $1 FOR UPDATE SKIP LOCKED

--- readonly table_not_allowed
SELECT id FROM tasks FOR UPDATE NOWAIT

--- readonly table_not_allowed
SELECT 1 FROM (SELECT id FROM tasks FOR UPDATE) x

--- readonly table_not_allowed
WITH x AS (SELECT id FROM tasks FOR UPDATE) SELECT * FROM x

--- readonly table_not_allowed
SELECT t.id FROM tasks t FOR UPDATE OF t

--- readonly construct
SELECT * INTO stolen FROM tasks

--- readonly construct
SELECT id INTO TEMP stolen FROM tasks

--- readonly construct
SELECT title INTO UNLOGGED TABLE stolen FROM tasks

--- readonly construct
WITH x AS (SELECT 1 AS a) SELECT a INTO stolen FROM x

=== writes that the policy does not allow

--- admin table_not_allowed
DELETE FROM audit_logs WHERE 1 = 1

--- admin table_not_allowed
DELETE FROM audit_seals WHERE 1 = 1

--- admin table_not_allowed
DELETE FROM audit_seal_rows WHERE 1 = 1

--- admin table_not_allowed
DELETE FROM api_keys WHERE 1 = 1

--- admin table_not_allowed
DELETE FROM schema_migrations WHERE 1 = 1

--- admin table_not_allowed
DELETE FROM api_key_rate_windows WHERE 1 = 1

--- admin table_not_allowed
UPDATE audit_logs SET user_id = 'me' WHERE id = $1

--- admin table_not_allowed
INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('task', $1, 'delete')

--- admin table_not_allowed
UPDATE audit_seals SET pruned_at = now() WHERE number = 1

--- admin table_not_allowed
UPDATE api_keys SET permissions = '["admin"]' WHERE id = $1

--- admin table_not_allowed
UPDATE api_keys SET key_hash = 'x' WHERE id = $1

--- admin table_not_allowed
INSERT INTO api_keys (name, service, key_hash) VALUES ('a', 'b', 'c')

--- admin table_not_allowed
WITH x AS (DELETE FROM audit_logs WHERE id = $1 RETURNING id) SELECT * FROM x

--- admin table_not_allowed
DELETE FROM public.audit_logs WHERE id = $1

--- admin table_not_allowed
DELETE FROM "audit_logs" WHERE id = $1

--- admin table_not_allowed
DELETE FROM AUDIT_LOGS a WHERE a.id = $1

--- admin table_not_allowed
UPDATE schema_migrations SET checksum = 'x' WHERE version = $1

--- admin table_not_allowed
SELECT k.id FROM api_keys k JOIN tasks t ON t.id = k.id FOR UPDATE OF t

--- admin table_not_allowed
DELETE FROM active_tasks WHERE id = $1

--- admin table_not_allowed
UPDATE recent_activity SET action = 'x' WHERE id = $1

=== all rows at once

--- admin no_where
DELETE FROM tasks

--- admin no_where
UPDATE tasks SET title = 'x'

--- admin no_where
DELETE FROM tasks WHERE true

--- admin no_where
DELETE FROM tasks WHERE 1 = 1

--- admin no_where
DELETE FROM tasks WHERE $1

--- admin no_where
DELETE FROM tasks WHERE NOT false

--- admin no_where
DELETE FROM tasks WHERE 'a' = 'a' AND 2 > 1

--- admin no_where
DELETE FROM tasks WHERE id = id

--- admin no_where
DELETE FROM tasks WHERE iD = ("id")

--- admin no_where
DELETE FROM tasks t WHERE t.id >= id

--- admin no_where
DELETE FROM tasks t WHERE t.id = t.id

--- admin no_where
DELETE FROM tasks WHERE id = $1 OR true

--- admin no_where
DELETE FROM tasks WHERE id = $1 OR 1 = 1

--- admin no_where
DELETE FROM tasks WHERE (id = $1) OR ((1 = 1))

--- admin no_where
DELETE FROM tasks WHERE id IS NOT NULL

--- admin no_where
DELETE FROM tasks WHERE NOT (id IS NULL)

--- admin no_where
DELETE FROM tasks WHERE NOT id IS NULL

--- admin no_where
DELETE FROM tasks WHERE EXISTS (SELECT 1)

--- admin no_where
DELETE FROM tasks WHERE (SELECT count(*) FROM task_contexts) >= 0

--- admin no_where
DELETE FROM tasks USING task_contexts c WHERE c.id = $1

--- admin no_where
UPDATE tasks SET title = c.context_type FROM task_contexts c WHERE c.id = $1

--- admin no_where
UPDATE tasks SET title = 'x' WHERE now() > '2000-01-01'

--- admin no_where
WITH x AS (DELETE FROM tasks RETURNING id) SELECT * FROM x

--- admin no_where
WITH x AS (UPDATE tasks SET title = 'x' WHERE true RETURNING id) SELECT 1

--- admin no_where
DELETE FROM tasks WHERE EXISTS (SELECT 1 FROM task_contexts WHERE id = $1)

--- admin no_where
DELETE FROM tasks t WHERE EXISTS (SELECT 1 FROM tasks u WHERE u.id = $1)

=== other statements

--- admin verb_not_allowed
DROP TABLE tasks

--- admin verb_not_allowed
CREATE TABLE x (id int)

--- admin verb_not_allowed
CREATE TABLE x AS SELECT * FROM tasks

--- admin verb_not_allowed
CREATE TEMP TABLE tasks (id int)

--- admin verb_not_allowed
ALTER TABLE tasks DISABLE TRIGGER ALL

--- admin verb_not_allowed
TRUNCATE tasks

--- admin verb_not_allowed
GRANT ALL ON tasks TO public

--- admin verb_not_allowed
REVOKE ALL ON tasks FROM taskmaster_app

--- admin verb_not_allowed
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'

--- admin verb_not_allowed
CREATE OR REPLACE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1'

--- admin construct
DO $$ BEGIN PERFORM pg_sleep(1); END $$

--- admin verb_not_allowed
do 'begin end'

--- admin verb_not_allowed
CALL proc()

--- admin verb_not_allowed
COPY tasks TO '/tmp/x'

--- admin verb_not_allowed
COPY tasks FROM PROGRAM 'id'

--- admin verb_not_allowed
COPY (SELECT key_hash FROM api_keys) TO STDOUT

--- admin verb_not_allowed
copy api_keys to program 'curl evil'

--- admin verb_not_allowed
PREPARE p AS DELETE FROM tasks

--- admin verb_not_allowed
EXECUTE p

--- admin verb_not_allowed
EXECUTE p('x')

--- admin verb_not_allowed
DEALLOCATE ALL

--- admin verb_not_allowed
SET ROLE postgres

--- admin verb_not_allowed
SET search_path = evil, public

--- admin verb_not_allowed
SET SESSION AUTHORIZATION postgres

--- admin verb_not_allowed
SET LOCAL statement_timeout = 0

--- admin verb_not_allowed
RESET ALL

--- admin verb_not_allowed
SHOW ALL

--- admin verb_not_allowed
LISTEN x

--- admin verb_not_allowed
NOTIFY x, 'y'

--- admin verb_not_allowed
UNLISTEN *

--- admin verb_not_allowed
LOCK TABLE tasks

--- admin verb_not_allowed
VACUUM tasks

--- admin verb_not_allowed
ANALYZE tasks

--- admin verb_not_allowed
CLUSTER tasks

--- admin verb_not_allowed
REINDEX TABLE tasks

--- admin verb_not_allowed
EXPLAIN SELECT 1

--- admin verb_not_allowed
EXPLAIN ANALYZE DELETE FROM tasks

--- admin verb_not_allowed
EXPLAIN (ANALYZE, BUFFERS) UPDATE tasks SET title = 'x'

--- admin verb_not_allowed
BEGIN

--- admin verb_not_allowed
COMMIT

--- admin verb_not_allowed
ROLLBACK

--- admin verb_not_allowed
SAVEPOINT s

--- admin verb_not_allowed
DECLARE c CURSOR FOR SELECT * FROM api_keys

--- admin verb_not_allowed
FETCH ALL FROM c

--- admin verb_not_allowed
MOVE 1 IN c

--- admin verb_not_allowed
CLOSE c

--- admin verb_not_allowed
DISCARD ALL

--- admin verb_not_allowed
CHECKPOINT

--- admin verb_not_allowed
LOAD 'evil'

--- admin verb_not_allowed
CREATE EXTENSION dblink

--- admin verb_not_allowed
COMMENT ON TABLE tasks IS 'x'

--- admin verb_not_allowed
SECURITY LABEL ON TABLE tasks IS 'x'

--- admin verb_not_allowed
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z

--- admin verb_not_allowed
REFRESH MATERIALIZED VIEW x

--- admin verb_not_allowed
ALTER SYSTEM SET log_statement = 'all'

--- admin verb_not_allowed
ALTER ROLE taskmaster_app SUPERUSER

--- admin verb_not_allowed
CREATE USER evil SUPERUSER

--- admin verb_not_allowed
DROP OWNED BY taskmaster_app

--- admin verb_not_allowed
REASSIGN OWNED BY a TO b

--- admin verb_not_allowed
CREATE RULE r AS ON SELECT TO tasks DO INSTEAD NOTHING

--- admin verb_not_allowed
CREATE TRIGGER t AFTER INSERT ON tasks EXECUTE FUNCTION f()

--- admin verb_not_allowed
MERGE INTO tasks t USING tasks s ON t.id = s.id WHEN MATCHED THEN UPDATE SET title = 'x'

--- admin verb_not_allowed
TABLE api_keys

--- admin verb_not_allowed
TABLE tasks

--- admin unparsable
WITH x AS (TABLE api_keys) SELECT * FROM x

--- admin verb_not_allowed
(TABLE api_keys)

--- admin construct
SELECT 1 UNION TABLE api_keys

--- admin unparsable
SELECT

--- admin construct
SELECT FROM WHERE

--- admin unparsable
SELECT 1 FROM

--- admin unparsable
WITH x AS (COPY tasks TO STDOUT) SELECT 1

--- admin unparsable
WITH x AS (DROP TABLE tasks) SELECT 1

--- admin unparsable
WITH x AS (SET ROLE postgres) SELECT 1

--- admin unparsable
SELECT * FROM (COPY tasks TO STDOUT) x

--- admin unparsable
SELECT 1 GO DROP TABLE tasks

--- admin unparsable
SELECT 1 DROP TABLE tasks

--- admin unparsable
'SELECT 1'

--- admin unparsable
1

--- admin unparsable
SELECT (SELECT 1

=== functions with effects

--- readonly function_not_allowed
SELECT pg_sleep(10)

--- readonly function_not_allowed
SELECT pg_sleep_for('1 day')

--- readonly function_not_allowed
SELECT pg_sleep_until('tomorrow')

--- readonly function_not_allowed
SELECT PG_SLEEP(10)

--- readonly function_not_allowed
SELECT "pg_sleep"(10)

--- readonly function_not_allowed
SELECT pg_catalog.pg_sleep(10)

--- readonly function_not_allowed
SELECT "pg_catalog"."pg_sleep"(10)

--- readonly function_not_allowed
SELECT pg_read_file('/etc/passwd')

--- readonly function_not_allowed
SELECT pg_read_binary_file('/etc/passwd')

--- readonly function_not_allowed
SELECT pg_ls_dir('/')

--- readonly function_not_allowed
SELECT pg_ls_waldir()

--- readonly function_not_allowed
SELECT pg_stat_file('/etc/passwd')

--- readonly function_not_allowed
SELECT pg_file_write('/tmp/x', 'x', false)

--- readonly function_not_allowed
SELECT lo_import('/etc/passwd')

--- readonly function_not_allowed
SELECT lo_export(1, '/tmp/x')

--- readonly function_not_allowed
SELECT lo_from_bytea(0, 'x')

--- readonly function_not_allowed
SELECT lo_get(1)

--- readonly function_not_allowed
SELECT lo_create(0)

--- readonly function_not_allowed
SELECT lo_unlink(1)

--- readonly function_not_allowed
SELECT loread(1, 2)

--- readonly function_not_allowed
SELECT dblink('host=evil', 'SELECT 1')

--- readonly function_not_allowed
SELECT dblink_exec('host=evil', 'DROP TABLE tasks')

--- readonly function_not_allowed
SELECT dblink_connect('host=evil')

--- readonly function_not_allowed
SELECT public.dblink('x', 'y')

--- readonly function_not_allowed
SELECT set_config('role', 'postgres', false)

--- readonly function_not_allowed
SELECT set_config('session_replication_role', 'replica', true)

--- readonly function_not_allowed
SELECT current_setting('data_directory')

--- readonly function_not_allowed
SELECT pg_terminate_backend(1)

--- readonly function_not_allowed
SELECT pg_cancel_backend(1)

--- readonly function_not_allowed
SELECT pg_reload_conf()

--- readonly function_not_allowed
SELECT pg_rotate_logfile()

--- readonly function_not_allowed
SELECT pg_switch_wal()

--- readonly function_not_allowed
SELECT pg_promote()

--- readonly function_not_allowed
SELECT pg_create_restore_point('x')

--- readonly function_not_allowed
SELECT pg_start_backup('x')

--- readonly function_not_allowed
SELECT pg_advisory_lock(1)

--- readonly function_not_allowed
SELECT pg_try_advisory_xact_lock(1)

--- readonly function_not_allowed
SELECT pg_advisory_unlock_all()

--- readonly function_not_allowed
SELECT pg_notify('x', 'y')

--- readonly function_not_allowed
SELECT nextval('s')

--- readonly function_not_allowed
SELECT setval('s', 1)

--- readonly function_not_allowed
SELECT currval('s')

--- readonly function_not_allowed
SELECT lastval()

--- readonly function_not_allowed
SELECT txid_current()

--- readonly function_not_allowed
SELECT pg_current_xact_id()

--- readonly function_not_allowed
SELECT pg_export_snapshot()

--- readonly function_not_allowed
SELECT query_to_xml('SELECT key_hash FROM api_keys', true, true, '')

--- readonly function_not_allowed
SELECT query_to_xmlschema('SELECT 1', true, true, '')

--- readonly function_not_allowed
SELECT table_to_xml('api_keys', true, true, '')

--- readonly function_not_allowed
SELECT schema_to_xml('public', true, true, '')

--- readonly function_not_allowed
SELECT database_to_xml(true, true, '')

--- readonly function_not_allowed
SELECT cursor_to_xml('c', 1, true, true, '')

--- readonly function_not_allowed
SELECT ts_stat('SELECT search FROM tasks')

--- readonly function_not_allowed
SELECT ts_rewrite('a'::tsquery, 'SELECT 1, 2')

--- readonly function_not_allowed
SELECT xpath('/x', '<x/>')

--- readonly function_not_allowed
SELECT set_actor('somebody else')

--- readonly function_not_allowed
SELECT public.set_actor('somebody else')

--- readonly function_not_allowed
SELECT audit_row()

--- readonly function_not_allowed
SELECT public.check_new_seal()

--- readonly function_not_allowed
SELECT refuse_change()

--- readonly function_not_allowed
SELECT touch_row()

--- readonly function_not_allowed
SELECT has_table_privilege('postgres', 'tasks', 'SELECT')

--- readonly function_not_allowed
SELECT to_regclass('api_keys')

--- readonly function_not_allowed
SELECT pg_get_viewdef('x')

--- readonly function_not_allowed
SELECT pg_get_functiondef(1)

--- readonly function_not_allowed
SELECT obj_description(1, 'x')

--- readonly function_not_allowed
SELECT inet_server_addr()

--- readonly function_not_allowed
SELECT inet_client_addr()

--- readonly function_not_allowed
SELECT version()

--- readonly function_not_allowed
SELECT current_database()

--- readonly function_not_allowed
SELECT current_schemas(true)

--- readonly function_not_allowed
SELECT pg_backend_pid()

--- readonly function_not_allowed
SELECT pg_conf_load_time()

--- readonly function_not_allowed
SELECT current_user

--- readonly function_not_allowed
SELECT session_user

--- readonly function_not_allowed
SELECT current_catalog

--- readonly function_not_allowed
SELECT user

--- readonly function_not_allowed
SELECT setseed(0.5)

--- readonly function_not_allowed
SELECT pg_logical_emit_message(false, 'a', 'b')

--- readonly function_not_allowed
SELECT pg_logical_slot_get_changes('s', NULL, NULL)

--- readonly function_not_allowed
SELECT pg_create_logical_replication_slot('s', 'p')

--- readonly function_not_allowed
SELECT brin_summarize_new_values('x')

--- readonly function_not_allowed
SELECT gin_clean_pending_list('x')

--- readonly function_not_allowed
SELECT pg_stat_reset()

--- readonly function_not_allowed
SELECT pg_stat_get_activity(NULL)

--- readonly function_not_allowed
SELECT pg_replication_origin_create('x')

--- readonly function_not_allowed
SELECT pg_import_system_collations('x')

--- readonly function_not_allowed
SELECT pg_relation_filepath('tasks')

--- readonly function_not_allowed
SELECT amvalidate(1)

--- readonly function_not_allowed
SELECT crosstab('SELECT key_hash FROM api_keys')

--- readonly function_not_allowed
SELECT gen_salt('bf')

--- readonly function_not_allowed
SELECT crypt('x', 'y')

--- readonly function_not_allowed
SELECT evil.lower('x')

--- readonly function_not_allowed
SELECT public.lower('x')

--- readonly function_not_allowed
SELECT row_security_active('x')

--- readonly function_not_allowed
SELECT plpgsql_call_handler()

--- readonly function_not_allowed
SELECT fmgr_sql_validator(1)

--- readonly function_not_allowed
SELECT jsonb_populate_record(NULL, '{}')

--- readonly function_not_allowed
SELECT text('x')

--- readonly function_not_allowed
SELECT pg_typeof(1)

--- readonly function_not_allowed
SELECT repeat('x', 1000000000)

--- readonly function_not_allowed
SELECT * FROM pg_ls_dir('/')

--- readonly function_not_allowed
SELECT * FROM tasks WHERE pg_sleep(1) IS NULL

--- readonly function_not_allowed
SELECT * FROM tasks ORDER BY pg_sleep(1)

--- readonly function_not_allowed
SELECT * FROM tasks LIMIT (SELECT length(pg_read_file('x')))

--- readonly function_not_allowed
SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM tasks

--- readonly function_not_allowed
SELECT sum(1) OVER (ORDER BY pg_sleep(1)) FROM tasks

--- readonly function_not_allowed
SELECT sum(1) OVER w FROM tasks WINDOW w AS (PARTITION BY pg_sleep(1))

--- readonly function_not_allowed
SELECT CASE WHEN true THEN pg_sleep(1) END

--- readonly function_not_allowed
SELECT ARRAY[pg_sleep(1)]

--- readonly function_not_allowed
SELECT ARRAY(SELECT pg_sleep(1))

--- readonly function_not_allowed
SELECT coalesce(NULL, pg_sleep(1))

--- readonly function_not_allowed
SELECT lower(pg_read_file('x'))

--- readonly function_not_allowed
SELECT pg_read_file('x')::text

--- readonly function_not_allowed
SELECT CAST(pg_read_file('x') AS text)

--- readonly function_not_allowed
SELECT * FROM tasks t, LATERAL pg_sleep(1)

--- readonly function_not_allowed
SELECT * FROM tasks t JOIN LATERAL (SELECT pg_sleep(1)) s ON true

--- readonly function_not_allowed
SELECT * FROM tasks t JOIN task_contexts c ON pg_sleep(1) IS NULL

--- readonly function_not_allowed
VALUES (pg_sleep(1))

--- readonly function_not_allowed
WITH x AS (SELECT pg_sleep(1)) SELECT 1

--- readonly function_not_allowed
SELECT 1 UNION SELECT length(pg_read_file('x'))

--- readonly function_not_allowed
SELECT (ARRAY[1])[pg_backend_pid()]

--- readonly function_not_allowed
SELECT title FROM tasks GROUP BY title, pg_sleep(1)

--- readonly function_not_allowed
SELECT title FROM tasks GROUP BY GROUPING SETS ((title), (pg_sleep(1)))

--- readonly function_not_allowed
SELECT DISTINCT ON (pg_sleep(1)) title FROM tasks

--- readonly function_not_allowed
SELECT 1 FROM tasks HAVING pg_sleep(1) IS NULL

--- readonly function_not_allowed
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pg_backend_pid()) FROM tasks

--- readonly function_not_allowed
SELECT string_agg(title, ',' ORDER BY pg_sleep(1)) FROM tasks

--- readonly function_not_allowed
SELECT '1' LIKE '2' ESCAPE pg_read_file('x')

--- readonly function_not_allowed
SELECT 1 BETWEEN 0 AND pg_backend_pid()

--- readonly function_not_allowed
SELECT 1 = ANY (ARRAY[pg_backend_pid()])

--- readonly function_not_allowed
SELECT 1 IN (pg_backend_pid())

--- readonly function_not_allowed
SELECT substring('x' FROM pg_backend_pid())

--- readonly function_not_allowed
SELECT position('x' IN pg_read_file('x'))

--- readonly function_not_allowed
SELECT extract(epoch FROM pg_postmaster_start_time())

--- readonly function_not_allowed
SELECT now() AT TIME ZONE pg_read_file('x')

--- readonly function_not_allowed
SELECT trim(both pg_read_file('x') from 'y')

--- readonly function_not_allowed
SELECT overlay('x' placing pg_read_file('x') from 1)

--- readonly function_not_allowed
SELECT 1 FROM generate_series(1, pg_backend_pid())

--- readonly function_not_allowed
SELECT 1 FROM unnest(ARRAY[pg_backend_pid()])

--- readonly function_not_allowed
SELECT 1 FROM tasks TABLESAMPLE system (pg_backend_pid())

--- readonly function_not_allowed
SELECT 1 OFFSET pg_backend_pid()

--- readonly unparsable
SELECT 1 FETCH FIRST (pg_backend_pid()) ROWS ONLY

--- readonly function_not_allowed
SELECT make_interval(days => pg_backend_pid())

--- readonly function_not_allowed
SELECT title IS DISTINCT FROM pg_read_file('x') FROM tasks

--- readonly function_not_allowed
SELECT sum(1) OVER (ROWS pg_backend_pid() PRECEDING) FROM tasks

--- admin function_not_allowed
INSERT INTO tasks (title) VALUES (pg_read_file('x'))

--- admin function_not_allowed
INSERT INTO tasks (title) SELECT pg_read_file('x')

--- admin function_not_allowed
UPDATE tasks SET title = pg_read_file('x') WHERE id = $1

--- admin function_not_allowed
DELETE FROM tasks WHERE id = $1 AND pg_sleep(1) IS NULL

--- admin function_not_allowed
INSERT INTO tasks (title) VALUES ('x') RETURNING pg_sleep(1)

--- admin function_not_allowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = pg_read_file('x')

--- admin function_not_allowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = 'y' WHERE pg_sleep(1) IS NULL

--- admin function_not_allowed
UPDATE tasks SET (title, status) = (pg_read_file('x'), 'y') WHERE id = $1

--- admin function_not_allowed
DELETE FROM tasks USING (SELECT pg_sleep(1)) x WHERE id = $1

=== calls that look like columns

--- readonly unknown_column
SELECT t.pg_sleep FROM tasks t

--- readonly unknown_column
SELECT t.row_to_json FROM tasks t

--- readonly unknown_column
SELECT t.to_jsonb FROM tasks t

--- readonly unknown_column
SELECT x.row_to_json FROM (SELECT id FROM tasks) x

--- readonly unknown_column
SELECT x.f FROM (SELECT id FROM tasks) x WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS f) x)

--- readonly unknown_column
SELECT tasks.text FROM tasks

--- readonly unknown_column
SELECT tasks.query_to_xml FROM tasks

--- readonly unknown_column
SELECT current_role_name

--- readonly unknown_column
SELECT ctid FROM tasks

--- readonly unknown_column
SELECT xmin FROM tasks

--- readonly unknown_column
SELECT tasks.tableoid FROM tasks

--- readonly unknown_column
SELECT e.pg_typeof FROM jsonb_each('{}') e

--- readonly construct
SELECT (t).pg_sleep FROM tasks t

--- readonly construct
SELECT (t).title FROM tasks t

--- readonly column_not_allowed
SELECT (k).name FROM api_keys k

--- readonly construct
SELECT (jsonb_each('{}')).key

--- readonly construct
SELECT (ROW(1, 2)).f1

--- readonly unparsable
SELECT (x.t).* FROM (SELECT t FROM tasks t) x

--- readonly construct
SELECT current_role

--- readonly construct
SELECT current_schema

=== whole rows and renamed columns

--- readonly column_not_allowed
SELECT * FROM api_keys

--- readonly column_not_allowed
SELECT k.* FROM api_keys k

--- readonly column_not_allowed
SELECT api_keys.* FROM api_keys

--- readonly column_not_allowed
SELECT k FROM api_keys k

--- readonly column_not_allowed
SELECT api_keys FROM api_keys

--- readonly column_not_allowed
SELECT row_to_json(k) FROM api_keys k

--- readonly column_not_allowed
SELECT to_jsonb(api_keys) FROM api_keys

--- readonly column_not_allowed
SELECT json_agg(k) FROM api_keys k

--- readonly column_not_allowed
SELECT k::text FROM api_keys k

--- readonly column_not_allowed
SELECT CAST(k AS text) FROM api_keys k

--- readonly column_not_allowed
SELECT row_to_json(k.*) FROM api_keys k

--- readonly column_not_allowed
SELECT array_agg(k.*) FROM api_keys k

--- readonly column_not_allowed
SELECT count(k) FROM api_keys k

--- readonly column_not_allowed
SELECT ROW(k.*) FROM api_keys k

--- readonly construct
SELECT (k.*)::text FROM api_keys k

--- readonly column_not_allowed
SELECT k IS NULL FROM api_keys k

--- readonly column_not_allowed
SELECT x.a FROM api_keys AS x(z, b, c, a)

--- readonly column_not_allowed
SELECT concat(k) FROM api_keys k

--- readonly column_not_allowed
SELECT format('%s', k) FROM api_keys k

--- readonly column_not_allowed
SELECT jsonb_build_object('k', k) FROM api_keys k

--- readonly column_not_allowed
SELECT t.*, k.* FROM tasks t, api_keys k

--- readonly column_not_allowed
SELECT * FROM tasks, api_keys

--- readonly column_not_allowed
SELECT * FROM tasks JOIN api_keys USING (id)

--- readonly column_not_allowed
SELECT id FROM tasks NATURAL JOIN api_keys

--- readonly column_not_allowed
SELECT * FROM (SELECT * FROM api_keys) x

--- readonly column_not_allowed
SELECT * FROM (SELECT k FROM api_keys k) x

--- readonly column_not_allowed
WITH x AS (SELECT * FROM api_keys) SELECT name FROM x

--- readonly column_not_allowed
WITH x(a, b, c, d) AS (SELECT * FROM api_keys) SELECT d FROM x

--- readonly column_not_allowed
SELECT DISTINCT k FROM api_keys k

--- readonly column_not_allowed
SELECT name FROM api_keys k ORDER BY k

--- readonly column_not_allowed
SELECT 1 FROM api_keys k GROUP BY k

--- readonly column_not_allowed
SELECT max(k::text) FROM api_keys k

--- readonly column_not_allowed
SELECT 1 FROM api_keys a, api_keys b WHERE a = b

--- readonly column_not_allowed
SELECT (SELECT k FROM (SELECT 1) x) FROM api_keys k

--- readonly column_not_allowed
SELECT (SELECT row_to_json(k)) FROM api_keys k

--- readonly column_not_allowed
SELECT l.* FROM api_keys k, LATERAL (SELECT k) l

--- readonly column_not_allowed
SELECT l.j FROM api_keys k, LATERAL (SELECT to_jsonb(k) AS j) l

--- readonly column_not_allowed
SELECT l.j FROM api_keys k CROSS JOIN LATERAL to_jsonb(k) AS l(j)

--- readonly column_not_allowed
SELECT string_agg(key_hash, ',') FROM api_keys

--- readonly column_not_allowed
SELECT length(key_hash) FROM api_keys

--- readonly column_not_allowed
SELECT name FROM api_keys WHERE key_hash LIKE 'a%'

--- readonly column_not_allowed
SELECT name FROM api_keys ORDER BY key_hash

--- readonly column_not_allowed
SELECT name FROM api_keys ORDER BY previous_key_hash DESC

--- readonly column_not_allowed
SELECT count(DISTINCT key_hash) FROM api_keys

--- readonly column_not_allowed
SELECT name FROM api_keys GROUP BY name HAVING max(key_hash) > 'a'

--- readonly column_not_allowed
SELECT key_hash AS name FROM api_keys

--- readonly column_not_allowed
SELECT Key_Hash FROM Api_Keys

--- readonly column_not_allowed
SELECT "key_hash" FROM "api_keys"

--- readonly column_not_allowed
SELECT public.api_keys.key_hash FROM public.api_keys

--- readonly column_not_allowed
SELECT x.key_hash FROM (SELECT key_hash FROM api_keys) x

--- readonly column_not_allowed
SELECT t.title FROM tasks t JOIN api_keys k ON k.key_hash = t.title

--- readonly column_not_allowed
SELECT t.title FROM tasks t JOIN api_keys k USING (key_hash)

--- readonly column_not_allowed
SELECT name FROM api_keys k WHERE (SELECT k.key_hash) = 'x'

--- readonly column_not_allowed
SELECT title FROM tasks WHERE title IN (SELECT key_hash FROM api_keys)

--- readonly column_not_allowed
SELECT 1 WHERE EXISTS (SELECT 1 FROM api_keys WHERE key_hash > $1)

--- readonly column_not_allowed
SELECT (SELECT key_hash FROM api_keys LIMIT 1)

--- readonly column_not_allowed
SELECT title FROM tasks UNION SELECT key_hash FROM api_keys

--- readonly column_not_allowed
SELECT name FROM active_api_keys UNION ALL SELECT previous_key_hash FROM api_keys

--- readonly column_not_allowed
WITH RECURSIVE r AS (SELECT name FROM api_keys UNION SELECT key_hash FROM api_keys) SELECT name FROM r

--- readonly column_not_allowed
SELECT first_value(key_hash) OVER (ORDER BY name) FROM api_keys

--- readonly column_not_allowed
SELECT row_number() OVER (ORDER BY key_hash) FROM api_keys

--- readonly column_not_allowed
SELECT name FROM api_keys WHERE (name, key_hash) > ('a', 'b')

--- readonly column_not_allowed
SELECT CASE WHEN key_hash > 'a' THEN 1 END FROM api_keys

--- readonly column_not_allowed
SELECT key_hash COLLATE "C" FROM api_keys

--- readonly column_not_allowed
SELECT key_hash IS NULL FROM api_keys

--- readonly column_not_allowed
SELECT substring(key_hash FROM 1 FOR 1) FROM api_keys

--- readonly column_not_allowed
SELECT (key_hash)[1] FROM api_keys

--- readonly column_not_allowed
SELECT api_keys FROM tasks, api_keys

--- readonly column_not_allowed
SELECT name FROM api_keys LIMIT (SELECT length(key_hash) FROM api_keys LIMIT 1)

--- readonly column_not_allowed
VALUES ((SELECT key_hash FROM api_keys LIMIT 1))

--- admin column_not_allowed
INSERT INTO tasks (title) SELECT key_hash FROM api_keys

--- admin column_not_allowed
UPDATE tasks SET description = k.key_hash FROM api_keys k WHERE k.id = tasks.id

--- admin column_not_allowed
UPDATE tasks SET metadata = to_jsonb(k) FROM api_keys k WHERE k.id = tasks.id

--- admin column_not_allowed
DELETE FROM tasks USING api_keys k WHERE tasks.title = k.key_hash

--- admin column_not_allowed
UPDATE tasks SET title = (SELECT key_hash FROM api_keys LIMIT 1) WHERE id = $1

--- admin column_not_allowed
UPDATE tasks SET title = 'x' FROM api_keys k WHERE tasks.id = k.id RETURNING k.*

--- admin column_not_allowed
UPDATE tasks SET title = 'x' FROM api_keys k WHERE tasks.id = k.id RETURNING *

--- admin column_not_allowed
DELETE FROM tasks USING api_keys k WHERE tasks.id = k.id RETURNING k

--- admin column_not_allowed
INSERT INTO tasks (title) VALUES ('x') RETURNING (SELECT key_hash FROM api_keys LIMIT 1)

--- admin column_not_allowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = (SELECT key_hash FROM api_keys LIMIT 1)

=== other relations

--- readonly unknown_table
SELECT rolpassword FROM pg_authid

--- readonly unknown_table
SELECT * FROM pg_shadow

--- readonly unknown_table
SELECT * FROM pg_catalog.pg_shadow

--- readonly unknown_table
SELECT * FROM PG_CATALOG.PG_AUTHID

--- readonly unknown_table
SELECT * FROM "pg_catalog"."pg_authid"

--- readonly unknown_table
SELECT * FROM information_schema.tables

--- readonly unknown_table
SELECT most_common_vals FROM pg_stats WHERE attname = 'key_hash'

--- readonly unknown_table
SELECT * FROM pg_stat_activity

--- readonly unknown_table
SELECT query FROM pg_stat_statements

--- readonly unknown_table
SELECT * FROM pg_settings

--- readonly unknown_table
SELECT * FROM pg_file_settings

--- readonly unknown_table
SELECT * FROM pg_hba_file_rules

--- readonly unknown_table
SELECT * FROM pg_largeobject

--- readonly unknown_table
SELECT * FROM pg_proc

--- readonly unknown_table
SELECT * FROM pg_user_mappings

--- readonly unknown_table
SELECT * FROM evil.tasks

--- readonly unknown_table
SELECT * FROM pg_temp.tasks

--- readonly unknown_table
SELECT * FROM pg_toast.pg_toast_1

--- readonly unknown_table
SELECT * FROM seaql_migrations

--- readonly unknown_table
SELECT * FROM nothing

--- readonly unknown_table
SELECT * FROM "Tasks"

--- readonly unknown_table
SELECT * FROM "tasks "

--- readonly unknown_table
SELECT * FROM ( SELECT * FROM pg_shadow ) AS tasks

--- readonly unknown_table
WITH tasks AS (SELECT * FROM pg_shadow) SELECT * FROM tasks

--- readonly unknown_table
SELECT 1 FROM tasks WHERE id IN (SELECT oid FROM pg_class)

--- readonly unknown_table
SELECT * FROM public.pg_shadow

--- readonly unknown_table
SELECT (SELECT count(*) FROM pg_authid)

--- readonly unknown_table
SELECT 1 UNION SELECT 1 FROM pg_authid

--- readonly unknown_table
WITH a AS (SELECT 1 FROM b), b AS (SELECT 1) SELECT * FROM a

--- readonly construct
SELECT * FROM db.public.tasks

--- readonly construct
SELECT * FROM ONLY pg_authid

--- admin unknown_table
INSERT INTO pg_authid (rolname) VALUES ('x')

--- admin unknown_table
UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = 'x'

--- admin unknown_table
DELETE FROM pg_class WHERE relname = 'tasks'

--- admin unknown_table
WITH x AS (SELECT 1 AS id) DELETE FROM x WHERE id = 1

--- admin unknown_table
UPDATE evil.tasks SET title = 'x' WHERE id = $1

--- admin unknown_table
INSERT INTO nothing VALUES (1)

--- admin unknown_column
UPDATE tasks SET ctid = '(0,1)' WHERE id = $1

--- admin unknown_column
INSERT INTO tasks (title, nothing) VALUES ('x', 1)

--- admin unknown_column
INSERT INTO tasks (title) VALUES (title)

--- admin unknown_column
UPDATE tasks SET title = excluded.title WHERE id = $1

--- app table_not_allowed
UPDATE task_dependencies SET dependency_type = 'related' WHERE id = $1

--- app table_not_allowed
DELETE FROM performance_metrics WHERE id = $1

--- app table_not_allowed
SELECT id FROM task_dependencies FOR UPDATE

=== types, operators and names with meanings

--- readonly type_not_allowed
SELECT 'api_keys'::regclass

--- readonly type_not_allowed
SELECT 'api_keys'::regclass::oid

--- readonly type_not_allowed
SELECT CAST('pg_sleep' AS regproc)

--- readonly type_not_allowed
SELECT 'pg_sleep(double precision)'::regprocedure

--- readonly type_not_allowed
SELECT 'postgres'::regrole

--- readonly type_not_allowed
SELECT 'public'::regnamespace

--- readonly type_not_allowed
SELECT 'int4'::regtype

--- readonly type_not_allowed
SELECT 1::oid

--- readonly type_not_allowed
SELECT '{}'::api_keys

--- readonly type_not_allowed
SELECT NULL::tasks

--- readonly type_not_allowed
SELECT ROW(1)::record

--- readonly type_not_allowed
SELECT '<x/>'::xml

--- readonly type_not_allowed
SELECT '(0,1)'::tid

--- readonly type_not_allowed
SELECT '1'::xid

--- readonly type_not_allowed
SELECT '1:1:'::pg_snapshot

--- readonly type_not_allowed
SELECT '16/0'::pg_lsn

--- readonly type_not_allowed
SELECT '{api_keys}'::regclass[]

--- readonly type_not_allowed
SELECT 'x'::evil.type

--- readonly type_not_allowed
SELECT 'x'::public.text

--- readonly type_not_allowed
SELECT 1 FROM jsonb_to_recordset('[]') AS x(a regclass)

--- readonly construct
SELECT 1 OPERATOR(pg_catalog.+) 2

--- readonly construct
SELECT 1 OPERATOR(evil.+) 2

--- readonly construct
SELECT title OPERATOR(public.=) 'x' FROM tasks

--- readonly construct
SELECT 1 @#@ 2

--- readonly construct
SELECT 1 === 2

--- readonly construct
SELECT @ 5

--- readonly construct
SELECT |/ 4

--- readonly construct
SELECT !! 5

--- readonly construct
SELECT title FROM tasks ORDER BY title USING <

--- readonly construct
SELECT a := 1

--- readonly construct
SELECT :name

--- readonly construct
SELECT title FROM tasks WHERE id = :id

--- readonly construct
SELECT make_interval(days := 1)

--- readonly unparsable
SELECT * EXCEPT (title) FROM tasks

--- readonly construct
SELECT TOP 1 title FROM tasks

--- readonly unparsable
SELECT title FROM tasks LIMIT 1, 2

--- readonly construct
SELECT title FROM tasks QUALIFY 1 = 1

--- readonly construct
SELECT select FROM tasks

--- readonly unparsable
SELECT title FROM tasks WINDOW w AS w2

--- readonly unparsable
SELECT XMLELEMENT(NAME x, 1)

--- readonly type_not_allowed
SELECT point '(1,2)'

--- readonly construct
SELECT avg(*) FROM tasks

--- readonly construct
SELECT lower(*) FROM tasks

=== nested too deeply

--- readonly too_deep
SELECT ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

--- readonly too_deep
SELECT ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]

--- readonly too_deep
SELECT 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1

--- readonly too_deep
SELECT - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 1

--- readonly too_deep
SELECT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT true

--- readonly too_deep
SELECT 1 WHERE true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true

--- readonly too_deep
SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1

--- readonly too_deep
SELECT CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN 1 END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END

--- readonly too_deep
SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT 1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

--- readonly too_deep
SELECT 1::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text

--- readonly too_deep
SELECT 1 FROM tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks

--- readonly too_deep
SELECT lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower('x')))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

=== calls written as columns of what only the server knows

--- readonly unknown_column
SELECT f.f FROM tasks t, unnest(ARRAY[t]) AS f

--- readonly unknown_column
SELECT pg_typeof.pg_typeof FROM tasks t, unnest(ARRAY[t]) AS pg_typeof

--- readonly unknown_column
SELECT record_out.record_out FROM unnest(to_tsvector('english', 'a b')) AS record_out

--- readonly unknown_column
SELECT pg_sleep.pg_sleep FROM unnest(to_tsvector('english', 'a b')) WITH ORDINALITY AS pg_sleep

--- readonly unknown_column
SELECT unnest.unnest FROM unnest(to_tsvector('english', 'a b'))

--- readonly unknown_column
SELECT x.pg_sleep FROM (SELECT * FROM unnest(to_tsvector('english', 'a b')) AS pg_sleep) AS x

--- readonly unknown_column
SELECT f.ordinality FROM unnest(ARRAY[1]) WITH ORDINALITY AS f(a, b)

--- readonly unknown_column
SELECT f.f FROM lower('x') AS f

--- readonly unknown_column
SELECT f.f FROM jsonb_to_record('{}') AS f

--- readonly unknown_table
SELECT c.pg_typeof FROM (WITH c AS (SELECT 1 AS pg_typeof) SELECT c.pg_typeof FROM c) AS d, c

--- readonly construct
SELECT f.f FROM tasks t, coalesce(t) AS f

--- readonly construct
SELECT f.* FROM tasks t, greatest(t, t) AS f

--- readonly construct
SELECT 1 FROM tasks t, least(t) AS f

--- readonly construct
SELECT 1 FROM tasks t, nullif(t, t) AS f

--- readonly construct
WITH c AS (SELECT 1 AS pg_typeof) SELECT 1 FROM (WITH RECURSIVE c(y) AS (WITH d AS (SELECT c.pg_typeof FROM c) SELECT 1 UNION SELECT 2 FROM d) SELECT y FROM c) AS x

--- readonly construct
WITH b AS (SELECT 1 AS pg_typeof) SELECT 1 FROM (WITH RECURSIVE a AS (SELECT b.pg_typeof FROM b), b AS (SELECT 2 AS z) SELECT 1 FROM a) AS x

=== great values from short statements

--- readonly construct
SELECT lpad('x', 100000000, 'x')

--- readonly construct
SELECT rpad('x', 100000000, 'x')

--- readonly construct
SELECT lpad('x', 10000 * 10000)

--- readonly construct
SELECT lpad('x', $1)

--- readonly construct
SELECT lpad('x', 1e8)

--- readonly construct
SELECT 1 FROM lpad('x', 100000000) AS f

--- readonly construct
SELECT pg_catalog.rpad('x', 10001)

--- readonly construct
SELECT format('%1000000000s', 'x')

--- readonly construct
SELECT format('%1$-1000000000s', 'x')

--- readonly construct
SELECT format('%*s', 1000000000, 'x')

--- readonly construct
SELECT format($1, 'x')

--- readonly construct
SELECT 'x'::char(10000000)

--- readonly construct
SELECT CAST('x' AS character(10000000))

--- readonly construct
SELECT 1::bit(80000000)

--- readonly function_not_allowed
SELECT array_fill('x'::text, ARRAY[100000000])

--- readonly type_not_allowed
SELECT 'x'::bpchar(10000000)

=== texts with the wrong quotes

--- readonly unknown_column
SELECT name FROM api_keys WHERE name = "hunter2-secret"

--- readonly unknown_column
SELECT name FROM api_keys k WHERE name = k."hunter2-secret"

--- readonly unknown_column
SELECT name FROM api_keys WHERE name = "hunter2.secret".x

--- readonly unknown_table
SELECT 1 FROM "hunter2-secret"

--- readonly unknown_table
SELECT "hunter2-secret".* FROM tasks

--- readonly function_not_allowed
SELECT "hunter2-secret"(1)

--- readonly type_not_allowed
SELECT 1::"hunter2-Secret"

--- app unknown_column
UPDATE tasks SET "hunter2-secret" = $1 WHERE id = $2

=== locks of nothing and names of system columns

--- readonly construct
SELECT 1 FROM (SELECT 1) x FOR UPDATE

--- readonly unparsable
SELECT 1 FOR SHARE

--- readonly construct
SELECT 1 FROM (VALUES (1)) x(a) FOR UPDATE OF x

--- readonly construct
SELECT 1 FROM generate_series(1, 2) FOR UPDATE

--- readonly unknown_column
SELECT title AS xmin FROM tasks ORDER BY xmin::text

--- readonly unknown_column
SELECT title AS ctid FROM tasks GROUP BY ctid, title

--- readonly unknown_column
SELECT title AS tableoid FROM tasks GROUP BY tableoid, title

--- readonly unknown_column
SELECT DISTINCT ON (cmax) title AS cmax FROM tasks

--- readonly unknown_column
SELECT (SELECT xmin FROM tasks LIMIT 1) FROM (VALUES (1)) x(xmin)

--- readonly unknown_column
SELECT (SELECT xmax FROM tasks LIMIT 1) FROM tasks AS xmax

--- readonly unknown_column
SELECT t.id FROM tasks t JOIN tasks u USING (ctid)
