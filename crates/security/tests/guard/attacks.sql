-- Attacks on the statement guard: a line `--- policy expected-refusal`, then the statement. Classes begin with `===`.

=== stacked statements

--- readonly SeveralStatements
SELECT 1; DROP TABLE tasks

--- readonly SeveralStatements
SELECT 1;;SELECT 2

--- readonly SeveralStatements
SELECT title FROM tasks WHERE id = '1'; DELETE FROM tasks WHERE 'x' = 'x'

--- readonly SeveralStatements
SELECT 1;
UPDATE api_keys SET is_active = true;

--- readonly SeveralStatements
SELECT 1/**/;/**/DROP TABLE tasks

--- readonly SeveralStatements
; SELECT 1

--- readonly SeveralStatements
SELECT 1;SELECT pg_sleep(10)--

--- admin SeveralStatements
DELETE FROM tasks WHERE id = $1; DELETE FROM tasks

--- admin SeveralStatements
BEGIN; DELETE FROM audit_logs; COMMIT

--- admin SeveralStatements
SELECT E'a\\'; DROP TABLE tasks; --'

=== hidden by comments and whitespace

--- readonly SeveralStatements
SELECT 1 /* /* nested */ */ ; DROP TABLE tasks

--- readonly SeveralStatements
SELECT 1 -- harmless
; DROP TABLE tasks

--- readonly SeveralStatements
SELECT '/*'; DROP TABLE tasks; --*/'

--- readonly SeveralStatements
SELECT 1 /* a /* b */ c */; DROP TABLE tasks /* d */

--- readonly Construct
SELECT 1 /* never ends

--- readonly Construct
SELECT 1 /* /* only one end */ ; DROP TABLE tasks

--- readonly Construct
SELECT 1 /*/ DROP TABLE tasks

--- readonly VerbNotAllowed
/* SELECT */ DROP TABLE tasks

--- readonly VerbNotAllowed
-- SELECT 1
DROP TABLE tasks

--- readonly VerbNotAllowed
-- SELECT 1DROP TABLE tasks

--- readonly VerbNotAllowed
/*/**/SELECT 1*/DROP TABLE tasks

--- readonly VerbNotAllowed
DR/**/OP TABLE tasks

--- readonly VerbNotAllowed
/*! SELECT */ TRUNCATE tasks

--- readonly FunctionNotAllowed
SELECT pg_sleep/**/(10)

--- readonly FunctionNotAllowed
SELECT pg_sleep -- wait
(10)

--- readonly FunctionNotAllowed
SELECT/**/pg_sleep(10)

--- readonly FunctionNotAllowed
SELECT pg_sleep	
(10)

--- readonly FunctionNotAllowed
SELECT (/* ( */pg_sleep(10))

--- readonly ColumnNotAllowed
SELECT/**/key_hash/**/FROM/**/api_keys

--- readonly ColumnNotAllowed
SELECT k./**/key_hash FROM api_keys k

--- readonly ColumnNotAllowed
SELECT key_hash--
FROM api_keys

=== Unicode, dollar quotes and escapes

--- readonly Construct
SELECT U&"k\0065y_hash" FROM api_keys

--- readonly Construct
SELECT u&"key_hash" FROM api_keys

--- readonly Construct
SELECT U&'\0027; DROP TABLE tasks; --'

--- readonly Construct
SELECT U&"d!0061ta" UESCAPE '!' FROM tasks

--- readonly Construct
SELECT $$; DROP TABLE tasks; $$

--- readonly Construct
SELECT $x$a$x$; DROP TABLE tasks

--- readonly Construct
SELECT $a$ $b$ $a$

--- readonly Construct
SELECT 1 FROM tasks WHERE title = $q$x$q$

--- readonly Construct
SELECT E'\x27; DROP TABLE tasks; --'

--- readonly Construct
SELECT E'\'; DROP TABLE tasks; --'

--- readonly Construct
SELECT E'\047; DROP TABLE tasks; --'

--- readonly Construct
SELECT E'\u0027 OR 1=1'

--- readonly Construct
SELECT '\'; DROP TABLE tasks; --'

--- readonly Construct
SELECT '\' || key_hash || '\' FROM api_keys

--- readonly Construct
SELECT E'a''b'

--- readonly Construct
SELECT N'text'

--- readonly Construct
SELECT B'1010'

--- readonly Construct
SELECT X'ff'

--- readonly Construct
SELECT _utf8'text'

--- readonly Construct
SELECT "key""hash" FROM tasks

--- readonly Construct
SELECT "" FROM tasks

--- readonly Construct
SELECT 'a' 'b'

--- readonly Construct
SELECT 'a'
'; DROP TABLE tasks'

--- readonly Construct
SELECT title AS tïtle FROM tasks

--- readonly Construct
SELECT a$b FROM tasks

--- readonly Construct
SELECT $0

--- readonly Construct
SELECT $1a

--- readonly Construct
SELECT $99999

--- readonly Construct
SELECT $18446744073709551617

--- readonly Construct
SELECT 1a FROM tasks

--- readonly Construct
SELECT 1FROM tasks

--- readonly Construct
SELECT 0x1F

--- readonly Construct
SELECT 1.e

--- readonly Construct
SELECT 'never ends

--- readonly Construct
SELECT "never ends

--- readonly Construct
SELECT `title` FROM tasks

--- readonly Construct
SELECT \gexec

--- readonly Construct
SELECT 1 \; DROP TABLE tasks

--- readonly Construct
SELECT title FROM tasks WHERE id = {id}

--- readonly Construct
SELECT [title] FROM tasks@remote

=== writes under a policy that reads

--- readonly VerbNotAllowed
INSERT INTO tasks (title) VALUES ('x')

--- readonly VerbNotAllowed
UPDATE tasks SET title = 'x' WHERE id = $1

--- readonly VerbNotAllowed
DELETE FROM tasks WHERE id = $1

--- readonly VerbNotAllowed
WITH x AS (DELETE FROM tasks WHERE id = $1 RETURNING *) SELECT * FROM x

--- readonly VerbNotAllowed
WITH x AS (INSERT INTO tasks (title) VALUES ('x') RETURNING id) SELECT id FROM x

--- readonly VerbNotAllowed
WITH x AS (UPDATE tasks SET title = 'x' WHERE id = $1 RETURNING id) SELECT 1

--- readonly VerbNotAllowed
WITH RECURSIVE x AS (DELETE FROM tasks WHERE id = $1 RETURNING id) SELECT * FROM x

--- readonly VerbNotAllowed
WITH a AS (SELECT 1), b AS (WITH c AS (DELETE FROM tasks WHERE id = $1 RETURNING 1) SELECT * FROM c) SELECT * FROM a

--- readonly VerbNotAllowed
WITH x AS (SELECT 1) DELETE FROM tasks WHERE id = $1

--- readonly VerbNotAllowed
WITH x AS (SELECT 1) INSERT INTO tasks (title) SELECT 'x' FROM x

--- readonly VerbNotAllowed
WITH x AS MATERIALIZED (DELETE FROM tasks WHERE id = $1 RETURNING id) SELECT id FROM x

--- readonly VerbNotAllowed
MERGE INTO tasks USING task_contexts c ON c.task_id = tasks.id WHEN MATCHED THEN DELETE

--- readonly VerbNotAllowed
(DELETE FROM tasks WHERE id = $1 RETURNING id)

--- readonly VerbNotAllowed
SELECT * FROM (DELETE FROM tasks WHERE id = $1 RETURNING id) x

--- readonly VerbNotAllowed
INSERT INTO tasks DEFAULT VALUES

--- readonly VerbNotAllowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT DO NOTHING

--- readonly TableNotAllowed
SELECT * FROM tasks FOR UPDATE

--- readonly TableNotAllowed
SELECT * FROM tasks FOR SHARE

--- readonly TableNotAllowed
SELECT id FROM tasks WHERE id = $1 FOR UPDATE SKIP LOCKED

--- readonly TableNotAllowed
SELECT id FROM tasks FOR UPDATE NOWAIT

--- readonly TableNotAllowed
SELECT 1 FROM (SELECT id FROM tasks FOR UPDATE) x

--- readonly TableNotAllowed
WITH x AS (SELECT id FROM tasks FOR UPDATE) SELECT * FROM x

--- readonly TableNotAllowed
SELECT t.id FROM tasks t FOR UPDATE OF t

--- readonly Construct
SELECT * INTO stolen FROM tasks

--- readonly Construct
SELECT id INTO TEMP stolen FROM tasks

--- readonly Construct
SELECT title INTO UNLOGGED TABLE stolen FROM tasks

--- readonly Construct
WITH x AS (SELECT 1 AS a) SELECT a INTO stolen FROM x

=== writes that the policy does not allow

--- admin TableNotAllowed
DELETE FROM audit_logs WHERE 1 = 1

--- admin TableNotAllowed
DELETE FROM audit_seals WHERE 1 = 1

--- admin TableNotAllowed
DELETE FROM audit_seal_rows WHERE 1 = 1

--- admin TableNotAllowed
DELETE FROM api_keys WHERE 1 = 1

--- admin TableNotAllowed
DELETE FROM schema_migrations WHERE 1 = 1

--- admin TableNotAllowed
DELETE FROM api_key_rate_windows WHERE 1 = 1

--- admin TableNotAllowed
UPDATE audit_logs SET user_id = 'me' WHERE id = $1

--- admin TableNotAllowed
INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('task', $1, 'delete')

--- admin TableNotAllowed
UPDATE audit_seals SET pruned_at = now() WHERE number = 1

--- admin TableNotAllowed
UPDATE api_keys SET permissions = '["admin"]' WHERE id = $1

--- admin TableNotAllowed
UPDATE api_keys SET key_hash = 'x' WHERE id = $1

--- admin TableNotAllowed
INSERT INTO api_keys (name, service, key_hash) VALUES ('a', 'b', 'c')

--- admin TableNotAllowed
WITH x AS (DELETE FROM audit_logs WHERE id = $1 RETURNING id) SELECT * FROM x

--- admin TableNotAllowed
DELETE FROM public.audit_logs WHERE id = $1

--- admin TableNotAllowed
DELETE FROM "audit_logs" WHERE id = $1

--- admin TableNotAllowed
DELETE FROM AUDIT_LOGS a WHERE a.id = $1

--- admin TableNotAllowed
UPDATE schema_migrations SET checksum = 'x' WHERE version = $1

--- admin TableNotAllowed
SELECT k.id FROM api_keys k JOIN tasks t ON t.id = k.id FOR UPDATE OF t

--- admin TableNotAllowed
DELETE FROM active_tasks WHERE id = $1

--- admin TableNotAllowed
UPDATE recent_activity SET action = 'x' WHERE id = $1

=== all rows at once

--- admin NoWhere
DELETE FROM tasks

--- admin NoWhere
UPDATE tasks SET title = 'x'

--- admin NoWhere
DELETE FROM tasks WHERE true

--- admin NoWhere
DELETE FROM tasks WHERE 1 = 1

--- admin NoWhere
DELETE FROM tasks WHERE $1

--- admin NoWhere
DELETE FROM tasks WHERE NOT false

--- admin NoWhere
DELETE FROM tasks WHERE 'a' = 'a' AND 2 > 1

--- admin NoWhere
DELETE FROM tasks WHERE id = id

--- admin NoWhere
DELETE FROM tasks WHERE iD = ("id")

--- admin NoWhere
DELETE FROM tasks t WHERE t.id >= id

--- admin NoWhere
DELETE FROM tasks t WHERE t.id = t.id

--- admin NoWhere
DELETE FROM tasks WHERE id = $1 OR true

--- admin NoWhere
DELETE FROM tasks WHERE id = $1 OR 1 = 1

--- admin NoWhere
DELETE FROM tasks WHERE (id = $1) OR ((1 = 1))

--- admin NoWhere
DELETE FROM tasks WHERE id IS NOT NULL

--- admin NoWhere
DELETE FROM tasks WHERE NOT (id IS NULL)

--- admin NoWhere
DELETE FROM tasks WHERE NOT id IS NULL

--- admin NoWhere
DELETE FROM tasks WHERE EXISTS (SELECT 1)

--- admin NoWhere
DELETE FROM tasks WHERE (SELECT count(*) FROM task_contexts) >= 0

--- admin NoWhere
DELETE FROM tasks USING task_contexts c WHERE c.id = $1

--- admin NoWhere
UPDATE tasks SET title = c.context_type FROM task_contexts c WHERE c.id = $1

--- admin NoWhere
UPDATE tasks SET title = 'x' WHERE now() > '2000-01-01'

--- admin NoWhere
WITH x AS (DELETE FROM tasks RETURNING id) SELECT * FROM x

--- admin NoWhere
WITH x AS (UPDATE tasks SET title = 'x' WHERE true RETURNING id) SELECT 1

--- admin NoWhere
DELETE FROM tasks WHERE EXISTS (SELECT 1 FROM task_contexts WHERE id = $1)

--- admin NoWhere
DELETE FROM tasks t WHERE EXISTS (SELECT 1 FROM tasks u WHERE u.id = $1)

=== other statements

--- admin VerbNotAllowed
DROP TABLE tasks

--- admin VerbNotAllowed
CREATE TABLE x (id int)

--- admin VerbNotAllowed
CREATE TABLE x AS SELECT * FROM tasks

--- admin VerbNotAllowed
CREATE TEMP TABLE tasks (id int)

--- admin VerbNotAllowed
ALTER TABLE tasks DISABLE TRIGGER ALL

--- admin VerbNotAllowed
TRUNCATE tasks

--- admin VerbNotAllowed
GRANT ALL ON tasks TO public

--- admin VerbNotAllowed
REVOKE ALL ON tasks FROM taskmaster_app

--- admin VerbNotAllowed
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'

--- admin VerbNotAllowed
CREATE OR REPLACE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1'

--- admin Construct
DO $$ BEGIN PERFORM pg_sleep(1); END $$

--- admin VerbNotAllowed
do 'begin end'

--- admin VerbNotAllowed
CALL proc()

--- admin VerbNotAllowed
COPY tasks TO '/tmp/x'

--- admin VerbNotAllowed
COPY tasks FROM PROGRAM 'id'

--- admin VerbNotAllowed
COPY (SELECT key_hash FROM api_keys) TO STDOUT

--- admin VerbNotAllowed
copy api_keys to program 'curl evil'

--- admin VerbNotAllowed
PREPARE p AS DELETE FROM tasks

--- admin VerbNotAllowed
EXECUTE p

--- admin VerbNotAllowed
EXECUTE p('x')

--- admin VerbNotAllowed
DEALLOCATE ALL

--- admin VerbNotAllowed
SET ROLE postgres

--- admin VerbNotAllowed
SET search_path = evil, public

--- admin VerbNotAllowed
SET SESSION AUTHORIZATION postgres

--- admin VerbNotAllowed
SET LOCAL statement_timeout = 0

--- admin VerbNotAllowed
RESET ALL

--- admin VerbNotAllowed
SHOW ALL

--- admin VerbNotAllowed
LISTEN x

--- admin VerbNotAllowed
NOTIFY x, 'y'

--- admin VerbNotAllowed
UNLISTEN *

--- admin VerbNotAllowed
LOCK TABLE tasks

--- admin VerbNotAllowed
VACUUM tasks

--- admin VerbNotAllowed
ANALYZE tasks

--- admin VerbNotAllowed
CLUSTER tasks

--- admin VerbNotAllowed
REINDEX TABLE tasks

--- admin VerbNotAllowed
EXPLAIN SELECT 1

--- admin VerbNotAllowed
EXPLAIN ANALYZE DELETE FROM tasks

--- admin VerbNotAllowed
EXPLAIN (ANALYZE, BUFFERS) UPDATE tasks SET title = 'x'

--- admin VerbNotAllowed
BEGIN

--- admin VerbNotAllowed
COMMIT

--- admin VerbNotAllowed
ROLLBACK

--- admin VerbNotAllowed
SAVEPOINT s

--- admin VerbNotAllowed
DECLARE c CURSOR FOR SELECT * FROM api_keys

--- admin VerbNotAllowed
FETCH ALL FROM c

--- admin VerbNotAllowed
MOVE 1 IN c

--- admin VerbNotAllowed
CLOSE c

--- admin VerbNotAllowed
DISCARD ALL

--- admin VerbNotAllowed
CHECKPOINT

--- admin VerbNotAllowed
LOAD 'evil'

--- admin VerbNotAllowed
CREATE EXTENSION dblink

--- admin VerbNotAllowed
COMMENT ON TABLE tasks IS 'x'

--- admin VerbNotAllowed
SECURITY LABEL ON TABLE tasks IS 'x'

--- admin VerbNotAllowed
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z

--- admin VerbNotAllowed
REFRESH MATERIALIZED VIEW x

--- admin VerbNotAllowed
ALTER SYSTEM SET log_statement = 'all'

--- admin VerbNotAllowed
ALTER ROLE taskmaster_app SUPERUSER

--- admin VerbNotAllowed
CREATE USER evil SUPERUSER

--- admin VerbNotAllowed
DROP OWNED BY taskmaster_app

--- admin VerbNotAllowed
REASSIGN OWNED BY a TO b

--- admin VerbNotAllowed
CREATE RULE r AS ON SELECT TO tasks DO INSTEAD NOTHING

--- admin VerbNotAllowed
CREATE TRIGGER t AFTER INSERT ON tasks EXECUTE FUNCTION f()

--- admin VerbNotAllowed
MERGE INTO tasks t USING tasks s ON t.id = s.id WHEN MATCHED THEN UPDATE SET title = 'x'

--- admin VerbNotAllowed
TABLE api_keys

--- admin VerbNotAllowed
TABLE tasks

--- admin Unparsable
WITH x AS (TABLE api_keys) SELECT * FROM x

--- admin VerbNotAllowed
(TABLE api_keys)

--- admin Construct
SELECT 1 UNION TABLE api_keys

--- admin Unparsable
SELECT

--- admin Construct
SELECT FROM WHERE

--- admin Unparsable
SELECT 1 FROM

--- admin Unparsable
WITH x AS (COPY tasks TO STDOUT) SELECT 1

--- admin Unparsable
WITH x AS (DROP TABLE tasks) SELECT 1

--- admin Unparsable
WITH x AS (SET ROLE postgres) SELECT 1

--- admin Unparsable
SELECT * FROM (COPY tasks TO STDOUT) x

--- admin Unparsable
SELECT 1 GO DROP TABLE tasks

--- admin Unparsable
SELECT 1 DROP TABLE tasks

--- admin Unparsable
'SELECT 1'

--- admin Unparsable
1

--- admin Unparsable
SELECT (SELECT 1

=== functions with effects

--- readonly FunctionNotAllowed
SELECT pg_sleep(10)

--- readonly FunctionNotAllowed
SELECT pg_sleep_for('1 day')

--- readonly FunctionNotAllowed
SELECT pg_sleep_until('tomorrow')

--- readonly FunctionNotAllowed
SELECT PG_SLEEP(10)

--- readonly FunctionNotAllowed
SELECT "pg_sleep"(10)

--- readonly FunctionNotAllowed
SELECT pg_catalog.pg_sleep(10)

--- readonly FunctionNotAllowed
SELECT "pg_catalog"."pg_sleep"(10)

--- readonly FunctionNotAllowed
SELECT pg_read_file('/etc/passwd')

--- readonly FunctionNotAllowed
SELECT pg_read_binary_file('/etc/passwd')

--- readonly FunctionNotAllowed
SELECT pg_ls_dir('/')

--- readonly FunctionNotAllowed
SELECT pg_ls_waldir()

--- readonly FunctionNotAllowed
SELECT pg_stat_file('/etc/passwd')

--- readonly FunctionNotAllowed
SELECT pg_file_write('/tmp/x', 'x', false)

--- readonly FunctionNotAllowed
SELECT lo_import('/etc/passwd')

--- readonly FunctionNotAllowed
SELECT lo_export(1, '/tmp/x')

--- readonly FunctionNotAllowed
SELECT lo_from_bytea(0, 'x')

--- readonly FunctionNotAllowed
SELECT lo_get(1)

--- readonly FunctionNotAllowed
SELECT lo_create(0)

--- readonly FunctionNotAllowed
SELECT lo_unlink(1)

--- readonly FunctionNotAllowed
SELECT loread(1, 2)

--- readonly FunctionNotAllowed
SELECT dblink('host=evil', 'SELECT 1')

--- readonly FunctionNotAllowed
SELECT dblink_exec('host=evil', 'DROP TABLE tasks')

--- readonly FunctionNotAllowed
SELECT dblink_connect('host=evil')

--- readonly FunctionNotAllowed
SELECT public.dblink('x', 'y')

--- readonly FunctionNotAllowed
SELECT set_config('role', 'postgres', false)

--- readonly FunctionNotAllowed
SELECT set_config('session_replication_role', 'replica', true)

--- readonly FunctionNotAllowed
SELECT current_setting('data_directory')

--- readonly FunctionNotAllowed
SELECT pg_terminate_backend(1)

--- readonly FunctionNotAllowed
SELECT pg_cancel_backend(1)

--- readonly FunctionNotAllowed
SELECT pg_reload_conf()

--- readonly FunctionNotAllowed
SELECT pg_rotate_logfile()

--- readonly FunctionNotAllowed
SELECT pg_switch_wal()

--- readonly FunctionNotAllowed
SELECT pg_promote()

--- readonly FunctionNotAllowed
SELECT pg_create_restore_point('x')

--- readonly FunctionNotAllowed
SELECT pg_start_backup('x')

--- readonly FunctionNotAllowed
SELECT pg_advisory_lock(1)

--- readonly FunctionNotAllowed
SELECT pg_try_advisory_xact_lock(1)

--- readonly FunctionNotAllowed
SELECT pg_advisory_unlock_all()

--- readonly FunctionNotAllowed
SELECT pg_notify('x', 'y')

--- readonly FunctionNotAllowed
SELECT nextval('s')

--- readonly FunctionNotAllowed
SELECT setval('s', 1)

--- readonly FunctionNotAllowed
SELECT currval('s')

--- readonly FunctionNotAllowed
SELECT lastval()

--- readonly FunctionNotAllowed
SELECT txid_current()

--- readonly FunctionNotAllowed
SELECT pg_current_xact_id()

--- readonly FunctionNotAllowed
SELECT pg_export_snapshot()

--- readonly FunctionNotAllowed
SELECT query_to_xml('SELECT key_hash FROM api_keys', true, true, '')

--- readonly FunctionNotAllowed
SELECT query_to_xmlschema('SELECT 1', true, true, '')

--- readonly FunctionNotAllowed
SELECT table_to_xml('api_keys', true, true, '')

--- readonly FunctionNotAllowed
SELECT schema_to_xml('public', true, true, '')

--- readonly FunctionNotAllowed
SELECT database_to_xml(true, true, '')

--- readonly FunctionNotAllowed
SELECT cursor_to_xml('c', 1, true, true, '')

--- readonly FunctionNotAllowed
SELECT ts_stat('SELECT search FROM tasks')

--- readonly FunctionNotAllowed
SELECT ts_rewrite('a'::tsquery, 'SELECT 1, 2')

--- readonly FunctionNotAllowed
SELECT xpath('/x', '<x/>')

--- readonly FunctionNotAllowed
SELECT set_actor('somebody else')

--- readonly FunctionNotAllowed
SELECT public.set_actor('somebody else')

--- readonly FunctionNotAllowed
SELECT audit_row()

--- readonly FunctionNotAllowed
SELECT public.check_new_seal()

--- readonly FunctionNotAllowed
SELECT refuse_change()

--- readonly FunctionNotAllowed
SELECT touch_row()

--- readonly FunctionNotAllowed
SELECT has_table_privilege('postgres', 'tasks', 'SELECT')

--- readonly FunctionNotAllowed
SELECT to_regclass('api_keys')

--- readonly FunctionNotAllowed
SELECT pg_get_viewdef('x')

--- readonly FunctionNotAllowed
SELECT pg_get_functiondef(1)

--- readonly FunctionNotAllowed
SELECT obj_description(1, 'x')

--- readonly FunctionNotAllowed
SELECT inet_server_addr()

--- readonly FunctionNotAllowed
SELECT inet_client_addr()

--- readonly FunctionNotAllowed
SELECT version()

--- readonly FunctionNotAllowed
SELECT current_database()

--- readonly FunctionNotAllowed
SELECT current_schemas(true)

--- readonly FunctionNotAllowed
SELECT pg_backend_pid()

--- readonly FunctionNotAllowed
SELECT pg_conf_load_time()

--- readonly FunctionNotAllowed
SELECT current_user

--- readonly FunctionNotAllowed
SELECT session_user

--- readonly FunctionNotAllowed
SELECT current_catalog

--- readonly FunctionNotAllowed
SELECT user

--- readonly FunctionNotAllowed
SELECT setseed(0.5)

--- readonly FunctionNotAllowed
SELECT pg_logical_emit_message(false, 'a', 'b')

--- readonly FunctionNotAllowed
SELECT pg_logical_slot_get_changes('s', NULL, NULL)

--- readonly FunctionNotAllowed
SELECT pg_create_logical_replication_slot('s', 'p')

--- readonly FunctionNotAllowed
SELECT brin_summarize_new_values('x')

--- readonly FunctionNotAllowed
SELECT gin_clean_pending_list('x')

--- readonly FunctionNotAllowed
SELECT pg_stat_reset()

--- readonly FunctionNotAllowed
SELECT pg_stat_get_activity(NULL)

--- readonly FunctionNotAllowed
SELECT pg_replication_origin_create('x')

--- readonly FunctionNotAllowed
SELECT pg_import_system_collations('x')

--- readonly FunctionNotAllowed
SELECT pg_relation_filepath('tasks')

--- readonly FunctionNotAllowed
SELECT amvalidate(1)

--- readonly FunctionNotAllowed
SELECT crosstab('SELECT key_hash FROM api_keys')

--- readonly FunctionNotAllowed
SELECT gen_salt('bf')

--- readonly FunctionNotAllowed
SELECT crypt('x', 'y')

--- readonly FunctionNotAllowed
SELECT evil.lower('x')

--- readonly FunctionNotAllowed
SELECT public.lower('x')

--- readonly FunctionNotAllowed
SELECT row_security_active('x')

--- readonly FunctionNotAllowed
SELECT plpgsql_call_handler()

--- readonly FunctionNotAllowed
SELECT fmgr_sql_validator(1)

--- readonly FunctionNotAllowed
SELECT jsonb_populate_record(NULL, '{}')

--- readonly FunctionNotAllowed
SELECT text('x')

--- readonly FunctionNotAllowed
SELECT pg_typeof(1)

--- readonly FunctionNotAllowed
SELECT repeat('x', 1000000000)

--- readonly FunctionNotAllowed
SELECT * FROM pg_ls_dir('/')

--- readonly FunctionNotAllowed
SELECT * FROM tasks WHERE pg_sleep(1) IS NULL

--- readonly FunctionNotAllowed
SELECT * FROM tasks ORDER BY pg_sleep(1)

--- readonly FunctionNotAllowed
SELECT * FROM tasks LIMIT (SELECT length(pg_read_file('x')))

--- readonly FunctionNotAllowed
SELECT count(*) FILTER (WHERE pg_sleep(1) IS NULL) FROM tasks

--- readonly FunctionNotAllowed
SELECT sum(1) OVER (ORDER BY pg_sleep(1)) FROM tasks

--- readonly FunctionNotAllowed
SELECT sum(1) OVER w FROM tasks WINDOW w AS (PARTITION BY pg_sleep(1))

--- readonly FunctionNotAllowed
SELECT CASE WHEN true THEN pg_sleep(1) END

--- readonly FunctionNotAllowed
SELECT ARRAY[pg_sleep(1)]

--- readonly FunctionNotAllowed
SELECT ARRAY(SELECT pg_sleep(1))

--- readonly FunctionNotAllowed
SELECT coalesce(NULL, pg_sleep(1))

--- readonly FunctionNotAllowed
SELECT lower(pg_read_file('x'))

--- readonly FunctionNotAllowed
SELECT pg_read_file('x')::text

--- readonly FunctionNotAllowed
SELECT CAST(pg_read_file('x') AS text)

--- readonly FunctionNotAllowed
SELECT * FROM tasks t, LATERAL pg_sleep(1)

--- readonly FunctionNotAllowed
SELECT * FROM tasks t JOIN LATERAL (SELECT pg_sleep(1)) s ON true

--- readonly FunctionNotAllowed
SELECT * FROM tasks t JOIN task_contexts c ON pg_sleep(1) IS NULL

--- readonly FunctionNotAllowed
VALUES (pg_sleep(1))

--- readonly FunctionNotAllowed
WITH x AS (SELECT pg_sleep(1)) SELECT 1

--- readonly FunctionNotAllowed
SELECT 1 UNION SELECT length(pg_read_file('x'))

--- readonly FunctionNotAllowed
SELECT (ARRAY[1])[pg_backend_pid()]

--- readonly FunctionNotAllowed
SELECT title FROM tasks GROUP BY title, pg_sleep(1)

--- readonly FunctionNotAllowed
SELECT title FROM tasks GROUP BY GROUPING SETS ((title), (pg_sleep(1)))

--- readonly FunctionNotAllowed
SELECT DISTINCT ON (pg_sleep(1)) title FROM tasks

--- readonly FunctionNotAllowed
SELECT 1 FROM tasks HAVING pg_sleep(1) IS NULL

--- readonly FunctionNotAllowed
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pg_backend_pid()) FROM tasks

--- readonly FunctionNotAllowed
SELECT string_agg(title, ',' ORDER BY pg_sleep(1)) FROM tasks

--- readonly FunctionNotAllowed
SELECT '1' LIKE '2' ESCAPE pg_read_file('x')

--- readonly FunctionNotAllowed
SELECT 1 BETWEEN 0 AND pg_backend_pid()

--- readonly FunctionNotAllowed
SELECT 1 = ANY (ARRAY[pg_backend_pid()])

--- readonly FunctionNotAllowed
SELECT 1 IN (pg_backend_pid())

--- readonly FunctionNotAllowed
SELECT substring('x' FROM pg_backend_pid())

--- readonly FunctionNotAllowed
SELECT position('x' IN pg_read_file('x'))

--- readonly FunctionNotAllowed
SELECT extract(epoch FROM pg_postmaster_start_time())

--- readonly FunctionNotAllowed
SELECT now() AT TIME ZONE pg_read_file('x')

--- readonly FunctionNotAllowed
SELECT trim(both pg_read_file('x') from 'y')

--- readonly FunctionNotAllowed
SELECT overlay('x' placing pg_read_file('x') from 1)

--- readonly FunctionNotAllowed
SELECT 1 FROM generate_series(1, pg_backend_pid())

--- readonly FunctionNotAllowed
SELECT 1 FROM unnest(ARRAY[pg_backend_pid()])

--- readonly FunctionNotAllowed
SELECT 1 FROM tasks TABLESAMPLE system (pg_backend_pid())

--- readonly FunctionNotAllowed
SELECT 1 OFFSET pg_backend_pid()

--- readonly Unparsable
SELECT 1 FETCH FIRST (pg_backend_pid()) ROWS ONLY

--- readonly FunctionNotAllowed
SELECT make_interval(days => pg_backend_pid())

--- readonly FunctionNotAllowed
SELECT title IS DISTINCT FROM pg_read_file('x') FROM tasks

--- readonly FunctionNotAllowed
SELECT sum(1) OVER (ROWS pg_backend_pid() PRECEDING) FROM tasks

--- admin FunctionNotAllowed
INSERT INTO tasks (title) VALUES (pg_read_file('x'))

--- admin FunctionNotAllowed
INSERT INTO tasks (title) SELECT pg_read_file('x')

--- admin FunctionNotAllowed
UPDATE tasks SET title = pg_read_file('x') WHERE id = $1

--- admin FunctionNotAllowed
DELETE FROM tasks WHERE id = $1 AND pg_sleep(1) IS NULL

--- admin FunctionNotAllowed
INSERT INTO tasks (title) VALUES ('x') RETURNING pg_sleep(1)

--- admin FunctionNotAllowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = pg_read_file('x')

--- admin FunctionNotAllowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = 'y' WHERE pg_sleep(1) IS NULL

--- admin FunctionNotAllowed
UPDATE tasks SET (title, status) = (pg_read_file('x'), 'y') WHERE id = $1

--- admin FunctionNotAllowed
DELETE FROM tasks USING (SELECT pg_sleep(1)) x WHERE id = $1

=== calls that look like columns

--- readonly UnknownColumn
SELECT t.pg_sleep FROM tasks t

--- readonly UnknownColumn
SELECT t.row_to_json FROM tasks t

--- readonly UnknownColumn
SELECT t.to_jsonb FROM tasks t

--- readonly UnknownColumn
SELECT x.row_to_json FROM (SELECT id FROM tasks) x

--- readonly UnknownColumn
SELECT x.f FROM (SELECT id FROM tasks) x WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS f) x)

--- readonly UnknownColumn
SELECT tasks.text FROM tasks

--- readonly UnknownColumn
SELECT tasks.query_to_xml FROM tasks

--- readonly UnknownColumn
SELECT current_role_name

--- readonly UnknownColumn
SELECT ctid FROM tasks

--- readonly UnknownColumn
SELECT xmin FROM tasks

--- readonly UnknownColumn
SELECT tasks.tableoid FROM tasks

--- readonly UnknownColumn
SELECT e.pg_typeof FROM jsonb_each('{}') e

--- readonly Construct
SELECT (t).pg_sleep FROM tasks t

--- readonly Construct
SELECT (t).title FROM tasks t

--- readonly ColumnNotAllowed
SELECT (k).name FROM api_keys k

--- readonly Construct
SELECT (jsonb_each('{}')).key

--- readonly Construct
SELECT (ROW(1, 2)).f1

--- readonly Unparsable
SELECT (x.t).* FROM (SELECT t FROM tasks t) x

--- readonly Construct
SELECT current_role

--- readonly Construct
SELECT current_schema

=== whole rows and renamed columns

--- readonly ColumnNotAllowed
SELECT * FROM api_keys

--- readonly ColumnNotAllowed
SELECT k.* FROM api_keys k

--- readonly ColumnNotAllowed
SELECT api_keys.* FROM api_keys

--- readonly ColumnNotAllowed
SELECT k FROM api_keys k

--- readonly ColumnNotAllowed
SELECT api_keys FROM api_keys

--- readonly ColumnNotAllowed
SELECT row_to_json(k) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT to_jsonb(api_keys) FROM api_keys

--- readonly ColumnNotAllowed
SELECT json_agg(k) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT k::text FROM api_keys k

--- readonly ColumnNotAllowed
SELECT CAST(k AS text) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT row_to_json(k.*) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT array_agg(k.*) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT count(k) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT ROW(k.*) FROM api_keys k

--- readonly Construct
SELECT (k.*)::text FROM api_keys k

--- readonly ColumnNotAllowed
SELECT k IS NULL FROM api_keys k

--- readonly ColumnNotAllowed
SELECT x.a FROM api_keys AS x(z, b, c, a)

--- readonly ColumnNotAllowed
SELECT concat(k) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT format('%s', k) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT jsonb_build_object('k', k) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT t.*, k.* FROM tasks t, api_keys k

--- readonly ColumnNotAllowed
SELECT * FROM tasks, api_keys

--- readonly ColumnNotAllowed
SELECT * FROM tasks JOIN api_keys USING (id)

--- readonly ColumnNotAllowed
SELECT id FROM tasks NATURAL JOIN api_keys

--- readonly ColumnNotAllowed
SELECT * FROM (SELECT * FROM api_keys) x

--- readonly ColumnNotAllowed
SELECT * FROM (SELECT k FROM api_keys k) x

--- readonly ColumnNotAllowed
WITH x AS (SELECT * FROM api_keys) SELECT name FROM x

--- readonly ColumnNotAllowed
WITH x(a, b, c, d) AS (SELECT * FROM api_keys) SELECT d FROM x

--- readonly ColumnNotAllowed
SELECT DISTINCT k FROM api_keys k

--- readonly ColumnNotAllowed
SELECT name FROM api_keys k ORDER BY k

--- readonly ColumnNotAllowed
SELECT 1 FROM api_keys k GROUP BY k

--- readonly ColumnNotAllowed
SELECT max(k::text) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT 1 FROM api_keys a, api_keys b WHERE a = b

--- readonly ColumnNotAllowed
SELECT (SELECT k FROM (SELECT 1) x) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT (SELECT row_to_json(k)) FROM api_keys k

--- readonly ColumnNotAllowed
SELECT l.* FROM api_keys k, LATERAL (SELECT k) l

--- readonly ColumnNotAllowed
SELECT l.j FROM api_keys k, LATERAL (SELECT to_jsonb(k) AS j) l

--- readonly ColumnNotAllowed
SELECT l.j FROM api_keys k CROSS JOIN LATERAL to_jsonb(k) AS l(j)

--- readonly ColumnNotAllowed
SELECT string_agg(key_hash, ',') FROM api_keys

--- readonly ColumnNotAllowed
SELECT length(key_hash) FROM api_keys

--- readonly ColumnNotAllowed
SELECT name FROM api_keys WHERE key_hash LIKE 'a%'

--- readonly ColumnNotAllowed
SELECT name FROM api_keys ORDER BY key_hash

--- readonly ColumnNotAllowed
SELECT name FROM api_keys ORDER BY previous_key_hash DESC

--- readonly ColumnNotAllowed
SELECT count(DISTINCT key_hash) FROM api_keys

--- readonly ColumnNotAllowed
SELECT name FROM api_keys GROUP BY name HAVING max(key_hash) > 'a'

--- readonly ColumnNotAllowed
SELECT key_hash AS name FROM api_keys

--- readonly ColumnNotAllowed
SELECT Key_Hash FROM Api_Keys

--- readonly ColumnNotAllowed
SELECT "key_hash" FROM "api_keys"

--- readonly ColumnNotAllowed
SELECT public.api_keys.key_hash FROM public.api_keys

--- readonly ColumnNotAllowed
SELECT x.key_hash FROM (SELECT key_hash FROM api_keys) x

--- readonly ColumnNotAllowed
SELECT t.title FROM tasks t JOIN api_keys k ON k.key_hash = t.title

--- readonly ColumnNotAllowed
SELECT t.title FROM tasks t JOIN api_keys k USING (key_hash)

--- readonly ColumnNotAllowed
SELECT name FROM api_keys k WHERE (SELECT k.key_hash) = 'x'

--- readonly ColumnNotAllowed
SELECT title FROM tasks WHERE title IN (SELECT key_hash FROM api_keys)

--- readonly ColumnNotAllowed
SELECT 1 WHERE EXISTS (SELECT 1 FROM api_keys WHERE key_hash > $1)

--- readonly ColumnNotAllowed
SELECT (SELECT key_hash FROM api_keys LIMIT 1)

--- readonly ColumnNotAllowed
SELECT title FROM tasks UNION SELECT key_hash FROM api_keys

--- readonly ColumnNotAllowed
SELECT name FROM active_api_keys UNION ALL SELECT previous_key_hash FROM api_keys

--- readonly ColumnNotAllowed
WITH RECURSIVE r AS (SELECT name FROM api_keys UNION SELECT key_hash FROM api_keys) SELECT name FROM r

--- readonly ColumnNotAllowed
SELECT first_value(key_hash) OVER (ORDER BY name) FROM api_keys

--- readonly ColumnNotAllowed
SELECT row_number() OVER (ORDER BY key_hash) FROM api_keys

--- readonly ColumnNotAllowed
SELECT name FROM api_keys WHERE (name, key_hash) > ('a', 'b')

--- readonly ColumnNotAllowed
SELECT CASE WHEN key_hash > 'a' THEN 1 END FROM api_keys

--- readonly ColumnNotAllowed
SELECT key_hash COLLATE "C" FROM api_keys

--- readonly ColumnNotAllowed
SELECT key_hash IS NULL FROM api_keys

--- readonly ColumnNotAllowed
SELECT substring(key_hash FROM 1 FOR 1) FROM api_keys

--- readonly ColumnNotAllowed
SELECT (key_hash)[1] FROM api_keys

--- readonly ColumnNotAllowed
SELECT api_keys FROM tasks, api_keys

--- readonly ColumnNotAllowed
SELECT name FROM api_keys LIMIT (SELECT length(key_hash) FROM api_keys LIMIT 1)

--- readonly ColumnNotAllowed
VALUES ((SELECT key_hash FROM api_keys LIMIT 1))

--- admin ColumnNotAllowed
INSERT INTO tasks (title) SELECT key_hash FROM api_keys

--- admin ColumnNotAllowed
UPDATE tasks SET description = k.key_hash FROM api_keys k WHERE k.id = tasks.id

--- admin ColumnNotAllowed
UPDATE tasks SET metadata = to_jsonb(k) FROM api_keys k WHERE k.id = tasks.id

--- admin ColumnNotAllowed
DELETE FROM tasks USING api_keys k WHERE tasks.title = k.key_hash

--- admin ColumnNotAllowed
UPDATE tasks SET title = (SELECT key_hash FROM api_keys LIMIT 1) WHERE id = $1

--- admin ColumnNotAllowed
UPDATE tasks SET title = 'x' FROM api_keys k WHERE tasks.id = k.id RETURNING k.*

--- admin ColumnNotAllowed
UPDATE tasks SET title = 'x' FROM api_keys k WHERE tasks.id = k.id RETURNING *

--- admin ColumnNotAllowed
DELETE FROM tasks USING api_keys k WHERE tasks.id = k.id RETURNING k

--- admin ColumnNotAllowed
INSERT INTO tasks (title) VALUES ('x') RETURNING (SELECT key_hash FROM api_keys LIMIT 1)

--- admin ColumnNotAllowed
INSERT INTO tasks (title) VALUES ('x') ON CONFLICT (id) DO UPDATE SET title = (SELECT key_hash FROM api_keys LIMIT 1)

=== other relations

--- readonly UnknownTable
SELECT rolpassword FROM pg_authid

--- readonly UnknownTable
SELECT * FROM pg_shadow

--- readonly UnknownTable
SELECT * FROM pg_catalog.pg_shadow

--- readonly UnknownTable
SELECT * FROM PG_CATALOG.PG_AUTHID

--- readonly UnknownTable
SELECT * FROM "pg_catalog"."pg_authid"

--- readonly UnknownTable
SELECT * FROM information_schema.tables

--- readonly UnknownTable
SELECT most_common_vals FROM pg_stats WHERE attname = 'key_hash'

--- readonly UnknownTable
SELECT * FROM pg_stat_activity

--- readonly UnknownTable
SELECT query FROM pg_stat_statements

--- readonly UnknownTable
SELECT * FROM pg_settings

--- readonly UnknownTable
SELECT * FROM pg_file_settings

--- readonly UnknownTable
SELECT * FROM pg_hba_file_rules

--- readonly UnknownTable
SELECT * FROM pg_largeobject

--- readonly UnknownTable
SELECT * FROM pg_proc

--- readonly UnknownTable
SELECT * FROM pg_user_mappings

--- readonly UnknownTable
SELECT * FROM evil.tasks

--- readonly UnknownTable
SELECT * FROM pg_temp.tasks

--- readonly UnknownTable
SELECT * FROM pg_toast.pg_toast_1

--- readonly UnknownTable
SELECT * FROM seaql_migrations

--- readonly UnknownTable
SELECT * FROM nothing

--- readonly UnknownTable
SELECT * FROM "Tasks"

--- readonly UnknownTable
SELECT * FROM "tasks "

--- readonly UnknownTable
SELECT * FROM ( SELECT * FROM pg_shadow ) AS tasks

--- readonly UnknownTable
WITH tasks AS (SELECT * FROM pg_shadow) SELECT * FROM tasks

--- readonly UnknownTable
SELECT 1 FROM tasks WHERE id IN (SELECT oid FROM pg_class)

--- readonly UnknownTable
SELECT * FROM public.pg_shadow

--- readonly UnknownTable
SELECT (SELECT count(*) FROM pg_authid)

--- readonly UnknownTable
SELECT 1 UNION SELECT 1 FROM pg_authid

--- readonly UnknownTable
WITH a AS (SELECT 1 FROM b), b AS (SELECT 1) SELECT * FROM a

--- readonly Construct
SELECT * FROM db.public.tasks

--- readonly Construct
SELECT * FROM ONLY pg_authid

--- admin UnknownTable
INSERT INTO pg_authid (rolname) VALUES ('x')

--- admin UnknownTable
UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname = 'x'

--- admin UnknownTable
DELETE FROM pg_class WHERE relname = 'tasks'

--- admin UnknownTable
WITH x AS (SELECT 1 AS id) DELETE FROM x WHERE id = 1

--- admin UnknownTable
UPDATE evil.tasks SET title = 'x' WHERE id = $1

--- admin UnknownTable
INSERT INTO nothing VALUES (1)

--- admin UnknownColumn
UPDATE tasks SET ctid = '(0,1)' WHERE id = $1

--- admin UnknownColumn
INSERT INTO tasks (title, nothing) VALUES ('x', 1)

--- admin UnknownColumn
INSERT INTO tasks (title) VALUES (title)

--- admin UnknownColumn
UPDATE tasks SET title = excluded.title WHERE id = $1

--- app TableNotAllowed
UPDATE task_dependencies SET dependency_type = 'related' WHERE id = $1

--- app TableNotAllowed
DELETE FROM performance_metrics WHERE id = $1

--- app TableNotAllowed
SELECT id FROM task_dependencies FOR UPDATE

=== types, operators and names with meanings

--- readonly TypeNotAllowed
SELECT 'api_keys'::regclass

--- readonly TypeNotAllowed
SELECT 'api_keys'::regclass::oid

--- readonly TypeNotAllowed
SELECT CAST('pg_sleep' AS regproc)

--- readonly TypeNotAllowed
SELECT 'pg_sleep(double precision)'::regprocedure

--- readonly TypeNotAllowed
SELECT 'postgres'::regrole

--- readonly TypeNotAllowed
SELECT 'public'::regnamespace

--- readonly TypeNotAllowed
SELECT 'int4'::regtype

--- readonly TypeNotAllowed
SELECT 1::oid

--- readonly TypeNotAllowed
SELECT '{}'::api_keys

--- readonly TypeNotAllowed
SELECT NULL::tasks

--- readonly TypeNotAllowed
SELECT ROW(1)::record

--- readonly TypeNotAllowed
SELECT '<x/>'::xml

--- readonly TypeNotAllowed
SELECT '(0,1)'::tid

--- readonly TypeNotAllowed
SELECT '1'::xid

--- readonly TypeNotAllowed
SELECT '1:1:'::pg_snapshot

--- readonly TypeNotAllowed
SELECT '16/0'::pg_lsn

--- readonly TypeNotAllowed
SELECT '{api_keys}'::regclass[]

--- readonly TypeNotAllowed
SELECT 'x'::evil.type

--- readonly TypeNotAllowed
SELECT 'x'::public.text

--- readonly TypeNotAllowed
SELECT 1 FROM jsonb_to_recordset('[]') AS x(a regclass)

--- readonly Construct
SELECT 1 OPERATOR(pg_catalog.+) 2

--- readonly Construct
SELECT 1 OPERATOR(evil.+) 2

--- readonly Construct
SELECT title OPERATOR(public.=) 'x' FROM tasks

--- readonly Construct
SELECT 1 @#@ 2

--- readonly Construct
SELECT 1 === 2

--- readonly Construct
SELECT @ 5

--- readonly Construct
SELECT |/ 4

--- readonly Construct
SELECT !! 5

--- readonly Construct
SELECT title FROM tasks ORDER BY title USING <

--- readonly Construct
SELECT a := 1

--- readonly Construct
SELECT make_interval(days := 1)

--- readonly Unparsable
SELECT * EXCEPT (title) FROM tasks

--- readonly Construct
SELECT TOP 1 title FROM tasks

--- readonly Unparsable
SELECT title FROM tasks LIMIT 1, 2

--- readonly Construct
SELECT title FROM tasks QUALIFY 1 = 1

--- readonly Construct
SELECT select FROM tasks

--- readonly Unparsable
SELECT title FROM tasks WINDOW w AS w2

--- readonly Unparsable
SELECT XMLELEMENT(NAME x, 1)

--- readonly TypeNotAllowed
SELECT point '(1,2)'

--- readonly Construct
SELECT avg(*) FROM tasks

--- readonly Construct
SELECT lower(*) FROM tasks

=== nested too deeply

--- readonly TooDeep
SELECT ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

--- readonly TooDeep
SELECT ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[ARRAY[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]

--- readonly TooDeep
SELECT 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1

--- readonly TooDeep
SELECT - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 1

--- readonly TooDeep
SELECT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT NOT true

--- readonly TooDeep
SELECT 1 WHERE true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true OR true

--- readonly TooDeep
SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1 UNION SELECT 1

--- readonly TooDeep
SELECT CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN CASE WHEN true THEN 1 END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END END

--- readonly TooDeep
SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT 1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))

--- readonly TooDeep
SELECT 1::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text::text

--- readonly TooDeep
SELECT 1 FROM tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks CROSS JOIN tasks

--- readonly TooDeep
SELECT lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower(lower('x')))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))
