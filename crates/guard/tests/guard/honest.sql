-- Honest statements over Taskmaster's schema: a line `--- policy`, then the statement.

=== from the description

--- readonly
SELECT * FROM tasks WHERE status = $1

--- readonly
SELECT COUNT(*) FROM tasks

--- readonly
SELECT * FROM tasks WHERE status = 'pending' AND priority = 8 ORDER BY created_at DESC LIMIT 10 OFFSET 0

--- readonly
SELECT * FROM task_contexts WHERE task_id = $1 AND context_type = 'requirement' LIMIT 50

--- readonly
SELECT * FROM workflow_states WHERE workflow_id = $1 ORDER BY started_at ASC

--- readonly
SELECT * FROM workflow_states WHERE status = 'failed' AND retry_count < 3 ORDER BY started_at LIMIT 10

--- readonly
SELECT version, applied_at FROM schema_migrations ORDER BY version

--- app
INSERT INTO tasks (title, description) VALUES ($1, $2) RETURNING *

--- app
INSERT INTO task_contexts (task_id, context_type, context_data) VALUES ($1, $2, $3) RETURNING *

--- app
UPDATE tasks SET status = 'in_progress', updated_at = NOW() WHERE id = $1 RETURNING *

--- app
DELETE FROM tasks WHERE id = $1

--- app
UPDATE workflow_states SET status = 'completed', completed_at = CURRENT_TIMESTAMP WHERE id = $1

--- app
INSERT INTO error_logs (error_type, error_message, context, severity) VALUES ('api', $1, $2::jsonb, 'error')

=== plain selects

--- readonly
SELECT 1

--- readonly
select 1

--- readonly
SELECT 1;

--- readonly
  SELECT 1 ; ; 

--- readonly
(SELECT 1)

--- readonly
SELECT now()

--- readonly
SELECT id, title FROM tasks

--- readonly
SELECT t.id, t.title FROM tasks t

--- readonly
SELECT t.id, t.title FROM tasks AS t

--- readonly
SELECT tasks.id FROM tasks

--- readonly
SELECT public.tasks.id FROM public.tasks

--- readonly
SELECT "id", "title" FROM "tasks"

--- readonly
SELECT Id, TITLE FROM Tasks

--- readonly
SELECT t.* FROM tasks t

--- readonly
SELECT DISTINCT status FROM tasks

--- readonly
SELECT DISTINCT ON (task_id) task_id, context_type, created_at FROM task_contexts ORDER BY task_id, created_at DESC

--- readonly
SELECT ALL status FROM tasks

--- readonly
SELECT title AS "the title" FROM tasks

--- readonly
SELECT title "größe" FROM tasks

--- readonly
SELECT title name FROM tasks

--- readonly
SELECT id -- the key
, title /* its /* nested */ name */ FROM tasks

--- readonly
SELECT 'it''s', 'a;b', 'a--b', '/* no comment */', '$1', 'semi;colon'

--- readonly
SELECT 'größe', '日本語'

--- readonly
SELECT E'a\nb', e'tab\there'

--- readonly
SELECT 1.5, .5, 1., 1e3, 1.5e-3, 10E+2

--- readonly
SELECT true, false, null

--- readonly
SELECT -1, +1, - 1, 1 - -1

--- readonly
SELECT title FROM tasks WHERE title LIKE '100\%'

--- readonly
VALUES (1, 'a'), (2, 'b')

--- readonly
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v(id, name)

--- readonly
SELECT id, "timestamp" FROM audit_logs ORDER BY "timestamp" DESC LIMIT 100

--- readonly
SELECT type, status FROM tasks WHERE type = 'bug'

--- readonly
SELECT name, service, environment, key_prefix, is_active FROM api_keys WHERE is_active

--- readonly
SELECT k.name, k.last_used_at FROM api_keys k WHERE k.expires_at < now() + interval '7 days'

--- readonly
SELECT count(*) FROM api_keys

--- readonly
SELECT 1 FROM api_keys k WHERE k.id = $1

--- readonly
SELECT t FROM tasks t

--- readonly
SELECT row_to_json(t) FROM tasks t

--- readonly
SELECT to_jsonb(t.*) FROM tasks t

--- readonly
SELECT jsonb_agg(t) FROM tasks t WHERE t.status = $1

=== conditions

--- readonly
SELECT id FROM tasks WHERE priority > 5

--- readonly
SELECT id FROM tasks WHERE priority >= 5 AND priority <= 8

--- readonly
SELECT id FROM tasks WHERE priority BETWEEN 5 AND 8

--- readonly
SELECT id FROM tasks WHERE priority NOT BETWEEN 5 AND 8

--- readonly
SELECT id FROM tasks WHERE status IN ('pending', 'in_progress')

--- readonly
SELECT id FROM tasks WHERE status NOT IN ('completed')

--- readonly
SELECT id FROM tasks WHERE status = ANY($1)

--- readonly
SELECT id FROM tasks WHERE status = ANY($1::text[])

--- readonly
SELECT id FROM tasks WHERE status <> ALL (ARRAY['completed', 'cancelled'])

--- readonly
SELECT id FROM tasks WHERE status != 'completed'

--- readonly
SELECT id FROM tasks WHERE status <> 'completed'

--- readonly
SELECT id FROM tasks WHERE assigned_to IS NULL

--- readonly
SELECT id FROM tasks WHERE assigned_to IS NOT NULL

--- readonly
SELECT id FROM tasks WHERE assigned_to IS DISTINCT FROM $1

--- readonly
SELECT id FROM tasks WHERE assigned_to IS NOT DISTINCT FROM $1

--- readonly
SELECT id FROM tasks WHERE title LIKE 'Fix%'

--- readonly
SELECT id FROM tasks WHERE title NOT LIKE 'Fix%'

--- readonly
SELECT id FROM tasks WHERE title ILIKE '%auth%'

--- readonly
SELECT id FROM tasks WHERE title NOT ILIKE '%auth%'

--- readonly
SELECT id FROM tasks WHERE title SIMILAR TO '(Fix|Add)%'

--- readonly
SELECT id FROM tasks WHERE title ~ '^Fix'

--- readonly
SELECT id FROM tasks WHERE title ~* 'auth|login'

--- readonly
SELECT id FROM tasks WHERE title !~ '^Fix'

--- readonly
SELECT id FROM tasks WHERE title LIKE $1 ESCAPE '!'

--- readonly
SELECT id FROM tasks WHERE NOT (status = 'pending')

--- readonly
SELECT id FROM tasks WHERE NOT status = 'pending'

--- readonly
SELECT id FROM tasks WHERE (status = 'pending' OR priority > 8) AND assigned_to IS NULL

--- readonly
SELECT id FROM tasks WHERE created_at >= '2024-01-01'

--- readonly
SELECT id FROM tasks WHERE created_at >= date '2024-01-01'

--- readonly
SELECT id FROM tasks WHERE created_at >= timestamptz '2024-01-01 00:00:00+00'

--- readonly
SELECT id FROM tasks WHERE created_at >= TIMESTAMP WITH TIME ZONE '2024-01-01 00:00:00+00'

--- readonly
SELECT id FROM tasks WHERE created_at > now() - interval '1 day'

--- readonly
SELECT id FROM tasks WHERE created_at > now() - INTERVAL '1 hour' * 3

--- readonly
SELECT id FROM tasks WHERE created_at > CURRENT_DATE

--- readonly
SELECT id FROM tasks WHERE created_at > current_timestamp - make_interval(days => 7)

--- readonly
SELECT id FROM tasks WHERE created_at::date = current_date

--- readonly
SELECT id FROM tasks WHERE CAST(created_at AS date) = $1

--- readonly
SELECT id FROM tasks WHERE tags @> '["security"]'

--- readonly
SELECT id FROM tasks WHERE tags @> $1::jsonb

--- readonly
SELECT id FROM tasks WHERE tags ? 'security'

--- readonly
SELECT id FROM tasks WHERE tags ?| array['security', 'bug']

--- readonly
SELECT id FROM tasks WHERE tags ?& array['security', 'bug']

--- readonly
SELECT id FROM tasks WHERE metadata->>'source' = 'import'

--- readonly
SELECT id FROM tasks WHERE metadata -> 'a' ->> 'b' = 'c'

--- readonly
SELECT id FROM tasks WHERE metadata #>> '{a,b}' = 'c'

--- readonly
SELECT id FROM tasks WHERE metadata #> '{a,b}' IS NOT NULL

--- readonly
SELECT id FROM tasks WHERE metadata @? '$.a[*] ? (@ > 2)'

--- readonly
SELECT id FROM tasks WHERE metadata @@ '$.a > 2'

--- readonly
SELECT id FROM tasks WHERE jsonb_array_length(tags) > 2

--- readonly
SELECT id FROM tasks WHERE jsonb_typeof(metadata) = 'object'

--- readonly
SELECT id FROM tasks WHERE search @@ websearch_to_tsquery('english', $1)

--- readonly
SELECT id FROM tasks WHERE search @@ plainto_tsquery('english'::regconfig, 'auth token')

--- readonly
SELECT id FROM tasks WHERE search @@ (to_tsquery('english', 'a & b') || to_tsquery('c'))

--- readonly
SELECT id FROM tasks WHERE (created_at, id) < ($1, $2)

--- readonly
SELECT id FROM tasks WHERE (priority, created_at) > (5, now())

--- readonly
SELECT id FROM tasks WHERE ROW(priority, complexity_score) = ROW(1, 2)

--- readonly
SELECT id FROM tasks WHERE EXISTS (SELECT 1 FROM task_contexts c WHERE c.task_id = tasks.id)

--- readonly
SELECT id FROM tasks WHERE NOT EXISTS (SELECT 1 FROM task_dependencies d WHERE d.child_task_id = tasks.id)

--- readonly
SELECT id FROM tasks WHERE id IN (SELECT task_id FROM error_logs WHERE NOT resolved)

--- readonly
SELECT id FROM tasks WHERE id NOT IN (SELECT child_task_id FROM task_dependencies WHERE dependency_type = 'blocks')

--- readonly
SELECT id FROM tasks WHERE priority > (SELECT avg(priority) FROM tasks)

--- readonly
SELECT id FROM tasks WHERE priority > ALL (SELECT priority FROM tasks WHERE status = 'completed')

--- readonly
SELECT id FROM tasks WHERE estimated_hours % 2 = 0

--- readonly
SELECT id FROM tasks WHERE estimated_hours * 1.5 < actual_hours

--- readonly
SELECT id FROM tasks WHERE coalesce(actual_hours, 0) = 0

--- readonly
SELECT id FROM tasks WHERE completed_at IS NULL AND created_at < now() - interval '30 days'

--- readonly
SELECT id FROM tasks WHERE (now() - created_at) > interval '1' day

--- readonly
SELECT id FROM tasks WHERE extract(dow FROM created_at) IN (0, 6)

--- readonly
SELECT id FROM tasks WHERE lower(title) = lower($1)

--- readonly
SELECT id FROM tasks WHERE position('auth' IN lower(title)) > 0

--- readonly
SELECT id FROM tasks WHERE starts_with(title, 'Fix')

--- readonly
SELECT id FROM tasks WHERE title ^@ 'Fix'

--- readonly
SELECT id FROM tasks WHERE length(trim(title)) > 3

--- readonly
SELECT id FROM tasks WHERE (priority > 5) IS TRUE

--- readonly
SELECT id FROM tasks WHERE (priority > 5) IS NOT TRUE

--- readonly
SELECT id FROM tasks WHERE (priority > 5) IS UNKNOWN

--- readonly
SELECT id FROM tasks WHERE title COLLATE "C" < 'm'

--- readonly
SELECT id FROM tasks WHERE (created_at, created_at + interval '1 day') OVERLAPS (now(), now() + interval '1 hour')

--- readonly
SELECT id FROM tasks WHERE title IN ($1, $2, $3) OR $4::text IS NULL

--- readonly
SELECT id FROM tasks WHERE $1::uuid IS NULL OR parent_task_id = $1

=== expressions

--- readonly
SELECT count(*) FROM tasks

--- readonly
SELECT count(DISTINCT status) FROM tasks

--- readonly
SELECT sum(estimated_hours), avg(actual_hours), min(created_at), max(updated_at) FROM tasks

--- readonly
SELECT count(*) FILTER (WHERE status = 'completed') FROM tasks

--- readonly
SELECT round(avg(priority), 2) FROM tasks

--- readonly
SELECT round(100.0 * count(*) FILTER (WHERE status = 'completed') / nullif(count(*), 0), 1) FROM tasks

--- readonly
SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY priority) FROM tasks

--- readonly
SELECT mode() WITHIN GROUP (ORDER BY status) FROM tasks

--- readonly
SELECT string_agg(title, ', ' ORDER BY created_at) FROM tasks

--- readonly
SELECT array_agg(id ORDER BY created_at DESC NULLS LAST) FROM tasks

--- readonly
SELECT array_agg(DISTINCT status) FROM tasks

--- readonly
SELECT json_agg(json_build_object('id', id, 'title', title)) FROM tasks

--- readonly
SELECT jsonb_object_agg(id, title) FROM tasks

--- readonly
SELECT bool_and(completed_at IS NOT NULL) FROM tasks

--- readonly
SELECT stddev(priority), variance(priority), corr(priority, complexity_score) FROM tasks

--- readonly
SELECT CASE WHEN priority > 7 THEN 'high' WHEN priority > 3 THEN 'medium' ELSE 'low' END FROM tasks

--- readonly
SELECT CASE status WHEN 'pending' THEN 1 ELSE 0 END AS rank FROM tasks

--- readonly
SELECT coalesce(assigned_to, 'nobody') FROM tasks

--- readonly
SELECT greatest(estimated_hours, actual_hours), least(1, 2) FROM tasks

--- readonly
SELECT nullif(description, '') FROM tasks

--- readonly
SELECT title || ' (' || status || ')' FROM tasks

--- readonly
SELECT upper(title), lower(title), initcap(title), length(title) FROM tasks

--- readonly
SELECT substring(title FROM 1 FOR 10) FROM tasks

--- readonly
SELECT substring(title, 1, 10) FROM tasks

--- readonly
SELECT substr(title, 1, 10), left(title, 3), right(title, 3) FROM tasks

--- readonly
SELECT trim(title), btrim(title), ltrim(title, ' '), trim(both ' ' from title) FROM tasks

--- readonly
SELECT replace(title, 'a', 'b'), regexp_replace(title, '\s+', ' ', 'g') FROM tasks

--- readonly
SELECT overlay(title placing 'x' from 1 for 2) FROM tasks

--- readonly
SELECT split_part(title, ' ', 1), string_to_array(title, ' ') FROM tasks

--- readonly
SELECT format('%s: %s', id, title), concat(title, 1), concat_ws('-', title, status) FROM tasks

--- readonly
SELECT md5(title), encode(sha256(convert_to(title, 'UTF8')), 'hex') FROM tasks

--- readonly
SELECT date_trunc('day', created_at) FROM tasks

--- readonly
SELECT date_trunc('hour', created_at AT TIME ZONE 'UTC') FROM tasks

--- readonly
SELECT date_bin('15 minutes', created_at, timestamptz '2024-01-01') FROM tasks

--- readonly
SELECT extract(epoch FROM (completed_at - created_at)) / 3600 FROM tasks

--- readonly
SELECT extract(year from created_at) FROM tasks

--- readonly
SELECT date_part('dow', created_at) FROM tasks

--- readonly
SELECT age(completed_at, created_at) FROM tasks

--- readonly
SELECT to_char(created_at, 'YYYY-MM-DD') FROM tasks

--- readonly
SELECT created_at + interval '1 day', created_at - interval '2 hours 30 minutes' FROM tasks

--- readonly
SELECT created_at::date, priority::text, $1::int, $2::numeric(8,2), $3::varchar(10), '1'::bigint FROM tasks

--- readonly
SELECT created_at::timestamp without time zone, now()::timestamptz(3) FROM tasks

--- readonly
SELECT metadata->'a', metadata->>'a', metadata#>'{a,b}', metadata - 'a', metadata || '{"b": 1}' FROM tasks

--- readonly
SELECT jsonb_set(metadata, '{a}', '1'), jsonb_build_object('a', 1), jsonb_strip_nulls(metadata), jsonb_pretty(metadata) FROM tasks

--- readonly
SELECT jsonb_path_query_first(metadata, '$.a') FROM tasks

--- readonly
SELECT ARRAY[1, 2, 3], array_length(ARRAY[1, 2], 1), (ARRAY[1, 2, 3])[1], (ARRAY[1,2,3])[1:2] FROM tasks

--- readonly
SELECT ARRAY(SELECT c.id FROM task_contexts c WHERE c.task_id = tasks.id) FROM tasks

--- readonly
SELECT (SELECT count(*) FROM task_contexts c WHERE c.task_id = tasks.id) AS contexts FROM tasks

--- readonly
SELECT ts_rank(search, websearch_to_tsquery('english', 'auth')) FROM tasks

--- readonly
SELECT ts_headline('english', description, websearch_to_tsquery('auth')) FROM tasks

--- readonly
SELECT floor(priority / 2.0), ceil(1.2), abs(-1), mod(priority, 2), power(2, 3), sqrt(4) FROM tasks

--- readonly
SELECT priority & 1, priority | 2, priority # 3, ~priority, priority << 1, priority >> 1, 2 ^ 3 FROM tasks

--- readonly
SELECT width_bucket(priority, 0, 10, 5) FROM tasks

--- readonly
SELECT gen_random_uuid() FROM tasks

--- readonly
SELECT searchable_text(description) FROM tasks

--- app
SELECT dependency_closes_cycle(id, parent_task_id) FROM tasks

--- readonly
SELECT status = 'pending' AS is_pending FROM tasks

--- readonly
SELECT CAST($1 AS double precision), $2::float8, $3::real FROM tasks

--- readonly
SELECT current_date, current_time, localtimestamp FROM tasks

=== windows and groups

--- readonly
SELECT id, row_number() OVER (ORDER BY priority DESC, created_at) FROM tasks

--- readonly
SELECT id, rank() OVER (PARTITION BY status ORDER BY priority) AS r FROM tasks

--- readonly
SELECT id, sum(estimated_hours) OVER (ORDER BY created_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM tasks

--- readonly
SELECT id, avg(priority) OVER (ORDER BY created_at ROWS 3 PRECEDING) FROM tasks

--- readonly
SELECT id, lag(status, 1) OVER w, lead(status) OVER w FROM tasks WINDOW w AS (PARTITION BY parent_task_id ORDER BY created_at)

--- readonly
SELECT id, first_value(title) OVER (PARTITION BY status ORDER BY priority DESC) FROM tasks

--- readonly
SELECT id, ntile(4) OVER (ORDER BY priority), percent_rank() OVER (ORDER BY priority) FROM tasks

--- readonly
SELECT id, count(*) OVER () AS total FROM tasks ORDER BY id LIMIT 20

--- readonly
SELECT status, count(*) FROM tasks GROUP BY status

--- readonly
SELECT status, count(*) AS n FROM tasks GROUP BY status HAVING count(*) > 5 ORDER BY n DESC

--- readonly
SELECT status, type, count(*) FROM tasks GROUP BY 1, 2 ORDER BY 3 DESC

--- readonly
SELECT status, type, count(*) FROM tasks GROUP BY GROUPING SETS ((status), (type), ())

--- readonly
SELECT status, type, count(*) FROM tasks GROUP BY ROLLUP (status, type)

--- readonly
SELECT status, type, count(*), grouping(status) FROM tasks GROUP BY CUBE (status, type)

--- readonly
SELECT date_trunc('week', created_at) AS week, count(*) FROM tasks GROUP BY week ORDER BY week

--- readonly
SELECT status FROM tasks ORDER BY priority DESC NULLS LAST, title ASC NULLS FIRST

--- readonly
SELECT id FROM tasks ORDER BY created_at FETCH FIRST 5 ROWS ONLY

--- readonly
SELECT id FROM tasks ORDER BY created_at OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY

--- readonly
SELECT id FROM tasks ORDER BY priority FETCH FIRST 3 ROWS WITH TIES

--- readonly
SELECT id FROM tasks LIMIT $1 OFFSET $2

--- readonly
SELECT id FROM tasks OFFSET 5 LIMIT 10

--- readonly
SELECT id FROM tasks TABLESAMPLE bernoulli (10)

--- readonly
SELECT id FROM tasks t TABLESAMPLE system (1) REPEATABLE (42)

=== joins

--- readonly
SELECT t.title, c.context_type FROM tasks t JOIN task_contexts c ON c.task_id = t.id

--- readonly
SELECT t.title, c.context_type FROM tasks t INNER JOIN task_contexts c ON c.task_id = t.id

--- readonly
SELECT t.title, count(c.id) FROM tasks t LEFT JOIN task_contexts c ON c.task_id = t.id GROUP BY t.id, t.title

--- readonly
SELECT t.title FROM tasks t LEFT OUTER JOIN error_logs e ON e.task_id = t.id WHERE e.id IS NULL

--- readonly
SELECT t.title FROM error_logs e RIGHT JOIN tasks t ON e.task_id = t.id

--- readonly
SELECT t.title, w.step FROM tasks t FULL JOIN workflow_states w ON w.task_id = t.id

--- readonly
SELECT a.title, b.title FROM tasks a CROSS JOIN tasks b WHERE a.id < b.id

--- readonly
SELECT a.title, b.title FROM tasks a, tasks b WHERE a.parent_task_id = b.id

--- readonly
SELECT task_id, c.context_type, w.step FROM task_contexts c JOIN workflow_states w USING (task_id)

--- readonly
SELECT p.title, c.title FROM task_dependencies d JOIN tasks p ON p.id = d.parent_task_id JOIN tasks c ON c.id = d.child_task_id WHERE d.dependency_type = 'blocks'

--- readonly
SELECT t.title FROM (tasks t JOIN task_contexts c ON c.task_id = t.id) JOIN workflow_states w ON w.task_id = t.id

--- readonly
SELECT x.status, x.n FROM (SELECT status, count(*) AS n FROM tasks GROUP BY status) x WHERE x.n > 1

--- readonly
SELECT x.count FROM (SELECT count(*) FROM tasks) AS x

--- readonly
SELECT x.a FROM (SELECT id, title FROM tasks) AS x(a, b)

--- readonly
SELECT t.title, l.context_type FROM tasks t LEFT JOIN LATERAL (SELECT c.context_type FROM task_contexts c WHERE c.task_id = t.id ORDER BY c.created_at DESC LIMIT 1) l ON true

--- readonly
SELECT t.title, tag FROM tasks t, jsonb_array_elements_text(t.tags) AS tag

--- readonly
SELECT tag, count(*) FROM tasks CROSS JOIN LATERAL jsonb_array_elements_text(tags) AS tag GROUP BY tag ORDER BY count(*) DESC

--- readonly
SELECT t.id, e.key, e.value FROM tasks t CROSS JOIN jsonb_each(t.metadata) e

--- readonly
SELECT day, count(t.id) FROM generate_series(date '2024-01-01', date '2024-01-31', interval '1 day') AS day LEFT JOIN tasks t ON t.created_at::date = day::date GROUP BY day

--- readonly
SELECT n FROM generate_series(1, 10) AS n

--- readonly
SELECT g FROM generate_series(1, 10) g

--- readonly
SELECT generate_series FROM generate_series(1, 3)

--- readonly
SELECT u.id, u.ord FROM unnest($1::uuid[]) WITH ORDINALITY AS u(id, ord) ORDER BY u.ord

--- readonly
SELECT t.title FROM unnest($1::uuid[]) AS wanted(id) JOIN tasks t ON t.id = wanted.id

--- readonly
SELECT r.a, r.b FROM jsonb_to_recordset($1::jsonb) AS r(a int, b text)

--- readonly
SELECT * FROM active_tasks

--- readonly
SELECT title, context_count FROM active_tasks WHERE priority > 5

--- readonly
SELECT * FROM task_summary

--- readonly
SELECT * FROM critical_errors ORDER BY created_at DESC LIMIT 20

--- readonly
SELECT * FROM error_summary

--- readonly
SELECT * FROM recent_activity

--- readonly
SELECT * FROM active_api_keys

--- readonly
SELECT * FROM api_key_usage_summary

--- readonly
SELECT s.status, s.task_count, e.error_count FROM task_summary s CROSS JOIN error_summary e

=== set operations and WITH

--- readonly
SELECT id FROM tasks UNION SELECT task_id FROM task_contexts

--- readonly
SELECT id FROM tasks UNION ALL SELECT task_id FROM task_contexts ORDER BY id LIMIT 5

--- readonly
SELECT id FROM tasks INTERSECT SELECT task_id FROM error_logs

--- readonly
SELECT id FROM tasks EXCEPT SELECT task_id FROM error_logs

--- readonly
(SELECT id FROM tasks LIMIT 1) UNION ALL (SELECT id FROM error_logs LIMIT 1)

--- readonly
WITH open AS (SELECT * FROM tasks WHERE status = 'pending') SELECT count(*) FROM open

--- readonly
WITH a AS (SELECT id FROM tasks), b AS (SELECT a.id FROM a WHERE a.id IS NOT NULL) SELECT b.id FROM b

--- readonly
WITH s(state, n) AS (SELECT status, count(*) FROM tasks GROUP BY status) SELECT state, n FROM s

--- readonly
WITH o AS MATERIALIZED (SELECT id FROM tasks) SELECT * FROM o

--- readonly
WITH o AS NOT MATERIALIZED (SELECT id FROM tasks) SELECT * FROM o

--- readonly
WITH RECURSIVE tree AS (SELECT id, parent_task_id, 0 AS depth FROM tasks WHERE id = $1 UNION ALL SELECT t.id, t.parent_task_id, tree.depth + 1 FROM tasks t JOIN tree ON t.parent_task_id = tree.id) SELECT * FROM tree

--- readonly
WITH RECURSIVE tree(id, depth) AS (SELECT id, 0 FROM tasks WHERE id = $1 UNION SELECT t.id, tree.depth + 1 FROM tasks t JOIN tree ON t.parent_task_id = tree.id WHERE tree.depth < 10) SELECT id, max(depth) FROM tree GROUP BY id

--- readonly
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n

--- readonly
WITH recent AS (SELECT entity_id, max("timestamp") AS at FROM audit_logs GROUP BY entity_id) SELECT t.title, r.at FROM tasks t JOIN recent r ON r.entity_id = t.id ORDER BY r.at DESC

--- readonly
WITH failed AS (SELECT workflow_id, count(*) AS failures FROM workflow_states WHERE status = 'failed' GROUP BY workflow_id), total AS (SELECT workflow_id, count(*) AS steps FROM workflow_states GROUP BY workflow_id) SELECT t.workflow_id, coalesce(f.failures, 0)::numeric / t.steps AS rate FROM total t LEFT JOIN failed f USING (workflow_id) ORDER BY rate DESC

=== reports

--- readonly
SELECT metric_name, date_trunc('minute', "timestamp") AS minute, avg(metric_value), percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY metric_value) FROM performance_metrics WHERE metric_type = $1 AND "timestamp" > now() - interval '1 hour' GROUP BY metric_name, minute ORDER BY minute

--- readonly
SELECT fingerprint, count(*) AS n, min(created_at), max(created_at), (array_agg(error_message ORDER BY created_at DESC))[1] AS newest FROM error_logs WHERE NOT resolved GROUP BY fingerprint ORDER BY n DESC LIMIT 20

--- readonly
SELECT action, entity_type, count(*) FROM audit_logs WHERE "timestamp" >= $1 AND "timestamp" < $2 GROUP BY action, entity_type

--- readonly
SELECT a.user_id, a.ip_address, host(a.ip_address), a.old_values -> 'status' AS before, a.new_values -> 'status' AS after FROM audit_logs a WHERE a.entity_id = $1 ORDER BY a.id DESC

--- readonly
SELECT number, row_count, encode(hash, 'hex') FROM audit_seals ORDER BY number DESC LIMIT 1

--- readonly
SELECT s.number, count(r.audit_id) FROM audit_seals s LEFT JOIN audit_seal_rows r ON r.seal_number = s.number GROUP BY s.number

--- readonly
SELECT assigned_to, count(*) FILTER (WHERE status = 'completed') AS done, count(*) AS total, round(avg(extract(epoch FROM completed_at - created_at)) / 3600, 1) AS hours FROM tasks WHERE assigned_to IS NOT NULL GROUP BY assigned_to ORDER BY done DESC

--- readonly
SELECT workflow_id, string_agg(step || ':' || status, ' > ' ORDER BY started_at) AS path FROM workflow_states GROUP BY workflow_id

--- readonly
SELECT k.service, w.window_start, w.admitted FROM api_key_rate_windows w JOIN api_keys k ON k.id = w.api_key_id

=== writes

--- app
INSERT INTO tasks (title) VALUES ('x')

--- app
INSERT INTO tasks (title, priority) VALUES ('a', 1), ('b', DEFAULT)

--- app
INSERT INTO tasks (title, tags) VALUES ($1, '["a"]'::jsonb) RETURNING id, created_at

--- app
INSERT INTO tasks (title) SELECT title || ' (copy)' FROM tasks WHERE id = $1 RETURNING *

--- app
INSERT INTO tasks AS t (id, title) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET title = excluded.title, priority = t.priority + 1 WHERE t.status <> 'completed'

--- app
INSERT INTO task_dependencies (parent_task_id, child_task_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

--- app
INSERT INTO task_dependencies (parent_task_id, child_task_id, dependency_type) VALUES ($1, $2, $3) ON CONFLICT (parent_task_id, child_task_id, dependency_type) DO NOTHING RETURNING id

--- app
INSERT INTO performance_metrics (metric_type, metric_name, metric_value, tags) SELECT $1, n, v, '{}' FROM unnest($2::text[], $3::numeric[]) AS m(n, v)

--- app
WITH new AS (INSERT INTO tasks (title) VALUES ($1) RETURNING id) INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'note', $2 FROM new

--- app
UPDATE tasks SET priority = priority + 1 WHERE status = 'pending'

--- app
UPDATE tasks t SET status = $1 WHERE t.id = $2

--- app
UPDATE tasks AS t SET assigned_to = NULL, updated_at = now() WHERE t.assigned_to = $1 RETURNING t.id, t.title

--- app
UPDATE tasks SET (status, assigned_to) = ('in_progress', $1) WHERE id = $2

--- app
UPDATE tasks SET (status, assigned_to) = (SELECT 'pending', user_id FROM error_logs WHERE task_id = tasks.id LIMIT 1) WHERE id = $1

--- app
UPDATE tasks SET priority = DEFAULT WHERE id = $1

--- app
UPDATE tasks SET metadata = jsonb_set(metadata, '{reviewed}', 'true') WHERE id = ANY($1)

--- app
UPDATE tasks SET tags = tags || '["stale"]' WHERE updated_at < now() - interval '90 days' AND NOT tags ? 'stale'

--- app
UPDATE tasks SET status = 'blocked' FROM task_dependencies d JOIN tasks p ON p.id = d.parent_task_id WHERE d.child_task_id = tasks.id AND p.status = 'failed'

--- app
UPDATE error_logs SET resolved = true, resolved_at = now(), resolution_notes = $2 WHERE fingerprint = $1 AND NOT resolved

--- app
UPDATE workflow_states SET retry_count = retry_count + 1 WHERE id IN (SELECT id FROM workflow_states WHERE status = 'failed' AND retry_count < 3 ORDER BY started_at LIMIT 10 FOR UPDATE SKIP LOCKED) RETURNING *

--- app
DELETE FROM tasks WHERE status = 'cancelled' AND completed_at IS NOT NULL

--- app
DELETE FROM tasks WHERE completed_at IS NOT NULL

--- app
DELETE FROM task_contexts WHERE task_id = $1 AND context_type = 'note'

--- app
DELETE FROM task_contexts c USING tasks t WHERE t.id = c.task_id AND t.status = 'completed'

--- admin
DELETE FROM performance_metrics WHERE "timestamp" < now() - interval '30 days'

--- app
DELETE FROM error_logs WHERE id IN (SELECT id FROM error_logs WHERE created_at < $1 LIMIT 5000)

--- app
WITH moved AS (DELETE FROM task_contexts WHERE task_id = $1 RETURNING context_type, context_data) INSERT INTO task_contexts (task_id, context_type, context_data) SELECT $2, context_type, context_data FROM moved

--- app
SELECT id FROM tasks WHERE status = 'pending' ORDER BY priority DESC LIMIT 1 FOR UPDATE SKIP LOCKED

--- app
SELECT id FROM tasks WHERE id = $1 FOR SHARE

--- app
SELECT t.id FROM tasks t JOIN task_contexts c ON c.task_id = t.id FOR UPDATE OF t NOWAIT

--- readonly
SELECT tag FROM unnest($1::text[]) AS tag

--- readonly
SELECT u.ordinality, u.id FROM unnest($1::uuid[]) WITH ORDINALITY AS u(id)

--- readonly
SELECT n.n FROM generate_series(1, 10) AS n

--- readonly
SELECT part.part, lpad(part, 8, '0') FROM tasks t, string_to_table(t.title, ' ') AS part

--- readonly
SELECT format('%-20s|%3$s', title, 1, 2) FROM tasks

--- readonly
WITH RECURSIVE tree AS (SELECT t.* FROM tasks t WHERE t.id = $1 UNION ALL SELECT c.* FROM tasks c JOIN tree ON c.parent_task_id = tree.id) SELECT tree.title FROM tree

--- readonly
WITH RECURSIVE a AS (SELECT 1 AS i UNION SELECT i + 1 FROM a WHERE i < 3), b(j) AS (SELECT i FROM a UNION ALL SELECT b.j + 1 FROM b WHERE b.j < 5) SELECT a.i, b.j FROM a JOIN b ON a.i = b.j

--- readonly
SELECT (SELECT count(*) FROM active_tasks), (SELECT count(*) FROM active_tasks a WHERE a.title IS NULL)
