//! What the migrations make, and that taking them back leaves nothing.

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use taskmaster_migration::Target;

use crate::database::{column, connect, empty, migrated, run, value};

/// Every object of the schema with its definition, one a line, without the schema's name.
async fn dump(connection: &mut PgConnection, schema: &str) -> Vec<String> {
    let sql = format!(
        r"
WITH schema AS (SELECT oid, quote_ident(nspname) || '.' AS prefix FROM pg_namespace WHERE nspname = '{schema}'),
     relation AS (SELECT c.* FROM pg_class c JOIN schema s ON c.relnamespace = s.oid WHERE c.relname NOT LIKE 'seaql_migrations%'),
     line AS (
    SELECT 'column ' || concat_ws(' ', r.relname, rank() OVER (PARTITION BY r.oid ORDER BY a.attnum), a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attgenerated, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum)) AS text
      FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
     WHERE r.relkind IN ('r', 'v')
    UNION ALL
    SELECT concat_ws(' ', 'relation', r.relkind, r.relname, obj_description(r.oid, 'pg_class')) FROM relation r
    UNION ALL
    SELECT concat_ws(' ', 'constraint', r.relname, c.conname, pg_get_constraintdef(c.oid, true))
      FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(r.oid) FROM relation r WHERE r.relkind = 'i'
    UNION ALL
    SELECT 'view ' || r.relname || pg_get_viewdef(r.oid) FROM relation r WHERE r.relkind = 'v'
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(t.oid)
      FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT concat_ws(' ', 'function', pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'))
      FROM pg_proc p JOIN schema s ON p.pronamespace = s.oid
)
SELECT replace(replace(text, prefix, ''), 'SET search_path TO ' || quote_literal('{schema}'), 'SET search_path TO itself')
  FROM line, schema ORDER BY 1"
    );
    column(connection, &sql).await
}

#[tokio::test]
async fn up_down_and_up_again_leave_one_schema() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    let target = Target::connect(&database.url(), None).await.unwrap();

    let applied = target.up(None).await.unwrap();
    let first = dump(&mut connection, "public").await;
    assert!(first.len() > 200, "the dump sees the schema: {} lines", first.len());

    let mut taken = target.down(u32::MAX).await.unwrap();
    taken.reverse();
    assert_eq!(taken, applied);
    assert_eq!(dump(&mut connection, "public").await, Vec::<String>::new());

    target.up(None).await.unwrap();
    assert_eq!(dump(&mut connection, "public").await, first);
}

#[tokio::test]
async fn each_migration_can_be_taken_back_by_itself() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    let target = Target::connect(&database.url(), None).await.unwrap();
    let mut before = dump(&mut connection, "public").await;
    while !target.up(Some(1)).await.unwrap().is_empty() {
        let after = dump(&mut connection, "public").await;
        target.down(1).await.unwrap();
        assert_eq!(dump(&mut connection, "public").await, before);
        target.up(Some(1)).await.unwrap();
        before = after;
    }
}

#[tokio::test]
async fn any_schema_holds_the_same_and_keeps_to_itself() {
    let database = migrated().await;
    let tenant = r#"Größe "1"; x"#;
    taskmaster_migration::up(&database.url(), Some(tenant)).await.unwrap();
    let mut connection = connect(&database).await;
    let quoted = r#""Größe ""1""; x""#;
    assert_eq!(dump(&mut connection, tenant).await, dump(&mut connection, "public").await);

    // The session's search_path names the other schema: the functions of a table find their own all the same.
    run(&mut connection, "SET search_path = public").await;
    run(&mut connection, &format!("INSERT INTO {quoted}.tasks (title) VALUES ('a'), ('b')")).await;
    run(
        &mut connection,
        &format!(
            "UPDATE {quoted}.tasks SET status = 'completed';
             INSERT INTO {quoted}.task_dependencies (parent_task_id, child_task_id)
             SELECT a.id, b.id FROM {quoted}.tasks a, {quoted}.tasks b WHERE a.title = 'a' AND b.title = 'b'"
        ),
    )
    .await;
    let here: i64 = value(&mut connection, &format!("SELECT count(*) FROM {quoted}.audit_logs")).await;
    let there: i64 = value(&mut connection, "SELECT count(*) FROM public.audit_logs").await;
    assert_eq!((here, there), (5, 0));
}

#[tokio::test]
async fn nothing_but_plpgsql_is_needed() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    assert_eq!(column(&mut connection, "SELECT extname::text FROM pg_extension").await, ["plpgsql"]);
}

#[tokio::test]
async fn the_tables_and_views_are_there() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = $1 ORDER BY 1";
    let tables = column(&mut connection, &sql.replace("$1", "'r'")).await;
    assert_eq!(
        tables,
        [
            "api_key_rate_windows",
            "api_keys",
            "audit_logs",
            "audit_seal_rows",
            "audit_seals",
            "error_logs",
            "performance_metrics",
            "schema_migrations",
            "seaql_migrations",
            "task_contexts",
            "task_dependencies",
            "tasks",
            "workflow_states",
        ]
    );
    let views = column(&mut connection, &sql.replace("$1", "'v'")).await;
    assert_eq!(
        views,
        [
            "active_api_keys",
            "active_tasks",
            "api_key_usage_summary",
            "critical_errors",
            "error_summary",
            "recent_activity",
            "task_summary",
        ]
    );
}

#[tokio::test]
async fn every_column_of_a_foreign_key_leads_an_index() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql = "SELECT conrelid::regclass || '.' || conname FROM pg_constraint c
                WHERE contype = 'f' AND connamespace = 'public'::regnamespace
                  AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])";
    assert_eq!(column(&mut connection, sql).await, Vec::<String>::new());
    let keys: i64 = value(
        &mut connection,
        "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace",
    )
    .await;
    assert_eq!(keys, 8);
}

#[tokio::test]
async fn every_time_has_a_zone_and_is_kept_within_what_clients_can_read() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let columns = "FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
                   WHERE r.relnamespace = 'public'::regnamespace AND r.relkind = 'r' AND a.attnum > 0";
    let without_zone = format!(
        "SELECT r.relname || '.' || attname {columns}
            AND atttypid IN ('timestamp'::regtype, 'date'::regtype, 'time'::regtype, 'timetz'::regtype)"
    );
    assert_eq!(column(&mut connection, &without_zone).await, Vec::<String>::new());
    let unbounded = format!(
        "SELECT r.relname || '.' || attname {columns} AND atttypid = 'timestamptz'::regtype
            AND r.relname <> 'schema_migrations'
            AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = r.oid AND c.conname = r.relname || '_times_check'
                               AND a.attnum = ANY (c.conkey))"
    );
    assert_eq!(column(&mut connection, &unbounded).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_function_looks_only_into_its_own_schema() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql =
        "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND NOT prosecdef
                  AND proconfig IS DISTINCT FROM ARRAY['search_path=public, pg_temp']
                  AND proconfig IS DISTINCT FROM ARRAY['search_path=\"public\", pg_temp']";
    assert_eq!(column(&mut connection, sql).await, Vec::<String>::new());
    let sql = "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
                  AND proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']";
    assert_eq!(
        column(&mut connection, sql).await,
        Vec::<String>::new(),
        "whoever may make a function in the schema would run it as the owner: see migration 20"
    );
}

#[tokio::test]
async fn a_column_with_a_default_is_never_null() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns
                WHERE table_schema = 'public' AND column_default IS NOT NULL AND is_nullable = 'YES'";
    assert_eq!(column(&mut connection, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_table_view_function_and_index_says_what_it_is_for() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql = "SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'i')
                  AND relname NOT LIKE 'seaql_migrations%' AND obj_description(oid, 'pg_class') IS NULL
                  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
               UNION ALL
               SELECT proname::text FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
                  AND prosrc IS NOT NULL";
    assert_eq!(column(&mut connection, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn failed_steps_are_found_oldest_first_by_an_index() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO workflow_states (workflow_id, step, status, started_at)
         SELECT 'w', 's', CASE WHEN i % 50 = 0 THEN 'failed' ELSE 'completed' END, now() - i * interval '1 s'
           FROM generate_series(1, 5000) i;
         DROP INDEX idx_workflow_states_status;
         ANALYZE workflow_states",
    )
    .await;
    let sql =
        "EXPLAIN SELECT id FROM workflow_states WHERE status = 'failed' ORDER BY started_at, id LIMIT 10";
    let plan = column(&mut connection, sql).await.join("\n");
    assert!(plan.contains("Scan using idx_workflow_states_retryable") && !plan.contains("Sort"), "{plan}");
}
