-- Lists what schema $1 holds: name, fault, and the statement that repairs the fault. Constraints, indexes, triggers,
-- rights and paths of functions are named by the relation or function that they belong to.
-- $2 holds the names of our tables, views and functions, as alternatives of a regular expression.
WITH place AS (
    SELECT n.oid, quote_ident(n.nspname) AS quoted
      FROM pg_namespace n
     WHERE n.nspname = $1
), pattern AS (
    -- A qualified name of ours in a function's body. What follows % or $ is a placeholder of format().
    SELECT '(?<![[:alnum:]_$%".])("(?:[^"]|"")+"|[[:alpha:]_][[:alnum:]_$]*)(\.(?:' || $2 || ')\M)' AS qualified
), relation AS (
    SELECT c.oid, c.relname, c.relacl, format('%s.%I', p.quoted, c.relname) AS qualified,
           format('%s %I', CASE WHEN c.relkind IN ('r', 'p') THEN 'table' ELSE 'view' END, c.relname) AS subject
      FROM pg_class c JOIN place p ON p.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm')
), function AS (
    SELECT f.oid, f.prosrc, format('%I(%s)', f.proname, oidvectortypes(f.proargtypes)) AS signature,
           coalesce(f.proacl, acldefault('f', f.proowner)) AS acl,
           (SELECT substr(s, 13) FROM unnest(f.proconfig) AS s WHERE s LIKE 'search\_path=%') AS path
      FROM pg_proc f JOIN place p ON p.oid = f.pronamespace
     WHERE f.prokind = 'f'
), grantee AS (
    SELECT r.oid, r.rolname
      FROM pg_roles r
     WHERE r.rolname IN ('taskmaster_readonly', 'taskmaster_app', 'taskmaster_admin')
)
SELECT format('role %s', rolname) AS name, NULL AS fault, NULL AS repair FROM grantee
UNION ALL
SELECT 'schema', NULL, NULL FROM place
UNION ALL
SELECT format('schema: GRANT USAGE ON SCHEMA {schema} TO %s', g.rolname), NULL, NULL
  FROM grantee g CROSS JOIN place p
 WHERE has_schema_privilege(g.oid, p.oid, 'USAGE')
UNION ALL
SELECT r.subject, NULL, NULL FROM relation r
UNION ALL
SELECT format('%s: constraint %I', r.subject, k.conname),
       CASE WHEN NOT k.convalidated
            THEN format('is not validated: run ALTER TABLE %s VALIDATE CONSTRAINT %I', r.qualified, k.conname)
            WHEN off.tables IS NOT NULL
            THEN format('is not enforced, because its triggers are disabled: run, as a superuser, %s', off.tables)
       END,
       NULL
  FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
 CROSS JOIN LATERAL (
    SELECT string_agg(DISTINCT format('ALTER TABLE %s ENABLE TRIGGER ALL', t.tgrelid::regclass), '; ') AS tables
      FROM pg_trigger t
     WHERE t.tgconstraint = k.oid AND t.tgisinternal AND t.tgenabled IN ('D', 'R')) off
 WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT format('%s: index %I', r.subject, c.relname),
       CASE WHEN NOT i.indisvalid THEN format('is not valid: run REINDEX INDEX %s', i.indexrelid::regclass) END,
       NULL
  FROM pg_index i JOIN relation r ON r.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
 WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT format('%s: trigger %I', r.subject, t.tgname),
       CASE WHEN t.tgenabled IN ('D', 'R')
            THEN format('is disabled: run ALTER TABLE %s ENABLE TRIGGER %I', r.qualified, t.tgname)
            WHEN f.pronamespace <> p.oid
            THEN format('calls %s of another schema: drop it and make it anew', f.oid::regprocedure)
       END,
       NULL
  FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid CROSS JOIN place p
 WHERE NOT t.tgisinternal
UNION ALL
SELECT format('%s: GRANT %s ON %I TO %s', r.subject, a.privilege_type, r.relname, g.rolname), NULL, NULL
  FROM relation r CROSS JOIN LATERAL aclexplode(r.relacl) a JOIN grantee g ON g.oid = a.grantee
UNION ALL
SELECT format('%s: GRANT %s (%I) ON %I TO %s', r.subject, a.privilege_type, c.attname, r.relname, g.rolname), NULL, NULL
  FROM relation r JOIN pg_attribute c ON c.attrelid = r.oid AND NOT c.attisdropped
 CROSS JOIN LATERAL aclexplode(c.attacl) a JOIN grantee g ON g.oid = a.grantee
UNION ALL
SELECT 'function ' || f.signature,
       'names ' || other.schemas || ' in its body',
       CASE WHEN other.schemas IS NOT NULL
            THEN regexp_replace(pg_get_functiondef(f.oid), n.qualified, replace(p.quoted, '\', '\\') || '\2', 'g')
       END
  FROM function f CROSS JOIN place p CROSS JOIN pattern n
 CROSS JOIN LATERAL (
    SELECT string_agg(DISTINCT m[1], ', ') AS schemas
      FROM regexp_matches(f.prosrc, n.qualified, 'g') AS m
     WHERE m[1] <> p.quoted) other
UNION ALL
SELECT format('function %s: ALTER FUNCTION %1$s SET search_path = %2$s', f.signature,
              CASE WHEN f.path = p.quoted || ', pg_temp' THEN '{schema}, pg_temp' ELSE f.path END),
       NULL, NULL
  FROM function f CROSS JOIN place p
 WHERE f.path IS NOT NULL
UNION ALL
SELECT format('function %s: GRANT EXECUTE ON FUNCTION %1$s TO %2$s', f.signature, g.rolname), NULL, NULL
  FROM function f CROSS JOIN LATERAL aclexplode(f.acl) a JOIN grantee g ON g.oid = a.grantee
UNION ALL
SELECT format('function %s: REVOKE EXECUTE ON FUNCTION %1$s FROM PUBLIC', f.signature), NULL, NULL
  FROM function f
 WHERE NOT EXISTS (SELECT FROM aclexplode(f.acl) a WHERE a.grantee = 0)
