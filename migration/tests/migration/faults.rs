//! Faults of the earlier system that concern the schema, by the number they have in its list: none may come back.

use crate::database::{column, connect, empty, migrate, migrated, printed, refusal, run, value};

#[tokio::test]
async fn fault_02_each_version_is_recorded_once_and_the_tables_are_there() {
    let database = empty().await;
    printed(&migrate(&database.url(), &["up"]));
    let mut connection = connect(&database).await;
    let sound: bool = value(
        &mut connection,
        "SELECT array_agg(version::text ORDER BY version) = (SELECT array_agg(version::text ORDER BY version) FROM seaql_migrations)
                AND bool_and(checksum ~ '^[0-9a-f]{64}$' AND duration_ms >= 0 AND description <> '')
           FROM schema_migrations",
    )
    .await;
    assert!(sound);
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('t')").await;
}

#[tokio::test]
async fn fault_03_every_audited_write_passes_the_check_of_the_trail() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('t'); UPDATE tasks SET priority = 1; DELETE FROM tasks;
         INSERT INTO error_logs (error_message) VALUES ('m'); UPDATE error_logs SET resolved = true; DELETE FROM error_logs",
    )
    .await;
    let nouns = column(&mut connection, "SELECT DISTINCT entity_type::text FROM audit_logs ORDER BY 1").await;
    assert_eq!(nouns, ["error_log", "task"]);
}

#[tokio::test]
async fn fault_08_no_hash_of_a_key_in_the_trail_or_in_a_view_and_the_actor_is_recorded() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        r#"BEGIN; SELECT set_actor('{"user_id": "u"}');
           INSERT INTO api_keys (name, service, key_hash) VALUES ('n', 'github', 'SECRET'); COMMIT"#,
    )
    .await;
    let told: String = value(&mut connection, "SELECT a::text FROM audit_logs a WHERE user_id = 'u'").await;
    assert!(told.contains("github") && !told.contains("SECRET") && !told.contains("key_hash"), "{told}");
    let shown: String = value(&mut connection, "SELECT k::text FROM active_api_keys k").await;
    assert!(shown.contains("github") && !shown.contains("SECRET"), "{shown}");
    let columns = column(
        &mut connection,
        "SELECT c.relname::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v' AND attname = 'key_hash'",
    )
    .await;
    assert!(columns.is_empty(), "{columns:?}");
}

#[tokio::test]
async fn fault_13_every_update_counts_the_version_so_that_a_lost_race_shows() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('t');
         INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'error', '{}' FROM tasks;
         INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 's', 'running');
         INSERT INTO error_logs (error_message) VALUES ('m');
         INSERT INTO api_keys (name, service, key_hash) VALUES ('n', 'github', 'h')",
    )
    .await;
    for table in ["tasks", "task_contexts", "workflow_states", "error_logs", "api_keys"] {
        run(&mut connection, &format!("UPDATE {table} SET metadata = '{{\"a\": 1}}', version = 99")).await;
        run(&mut connection, &format!("UPDATE {table} SET metadata = '{{}}' WHERE version = 2")).await;
        let version: i64 = value(&mut connection, &format!("SELECT version FROM {table}")).await;
        assert_eq!(version, 3, "{table}");
    }
    let touched: bool = value(
        &mut connection,
        "SELECT t.updated_at > t.created_at AND c.updated_at > c.created_at AND e.updated_at > e.created_at
                AND k.updated_at > k.created_at FROM tasks t, task_contexts c, error_logs e, api_keys k",
    )
    .await;
    assert!(touched);
}

#[tokio::test]
async fn fault_14_a_page_in_any_order_has_an_index_that_ends_in_the_id() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let without_tie_break = column(
        &mut connection,
        "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
           JOIN pg_class t ON t.oid = i.indrelid
          WHERE c.relnamespace = 'public'::regnamespace AND am.amname = 'btree' AND NOT i.indisunique
            AND t.relname IN ('tasks', 'task_contexts', 'workflow_states', 'task_dependencies', 'error_logs', 'audit_logs')
            AND pg_get_indexdef(i.indexrelid, i.indnatts, true) NOT IN ('id', 'transaction_id')",
    )
    .await;
    assert_eq!(without_tie_break, Vec::<String>::new());
}

#[tokio::test]
async fn fault_17_applying_twice_changes_nothing() {
    let database = empty().await;
    let first = taskmaster_migration::up(&database.url(), None).await.unwrap();
    assert!(!first.is_empty());
    assert!(taskmaster_migration::up(&database.url(), None).await.unwrap().is_empty());
}

#[tokio::test]
async fn fault_21_completed_at_follows_the_status_whoever_writes_it() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('t')").await;
    let at = "SELECT coalesce(completed_at::timestamptz(0)::text, 'none') FROM tasks";
    run(&mut connection, "UPDATE tasks SET status = 'completed'").await;
    assert_ne!(value::<String>(&mut connection, at).await, "none");
    run(&mut connection, "UPDATE tasks SET status = 'failed'").await;
    assert_eq!(value::<String>(&mut connection, at).await, "none");
    run(
        &mut connection,
        "SET timezone = 'UTC'; UPDATE tasks SET status = 'completed', completed_at = '2026-01-02 03:04:05Z'",
    )
    .await;
    assert_eq!(value::<String>(&mut connection, at).await, "2026-01-02 03:04:05+00");
    run(&mut connection, "UPDATE tasks SET priority = 1").await;
    assert_eq!(value::<String>(&mut connection, at).await, "2026-01-02 03:04:05+00");
    run(&mut connection, "UPDATE tasks SET status = 'pending', completed_at = now()").await;
    assert_eq!(value::<String>(&mut connection, at).await, "none");
    run(&mut connection, "INSERT INTO tasks (title, status) VALUES ('done at once', 'completed')").await;

    run(
        &mut connection,
        "INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 's', 'running')",
    )
    .await;
    let ended = "SELECT completed_at IS NOT NULL FROM workflow_states";
    for (status, expected) in
        [("failed", true), ("pending", false), ("skipped", true), ("running", false), ("completed", true)]
    {
        run(&mut connection, &format!("UPDATE workflow_states SET status = '{status}'")).await;
        assert_eq!(value::<bool>(&mut connection, ended).await, expected, "{status}");
    }
    let finished: i64 = value(&mut connection, "SELECT count(completed_at) FROM tasks").await;
    assert_eq!(finished, 1);
}

#[tokio::test]
async fn fault_20_a_complexity_of_zero_is_refused_and_hours_of_zero_are_kept() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let refused =
        refusal(&mut connection, "INSERT INTO tasks (title, complexity_score) VALUES ('t', 0)").await;
    assert_eq!(refused.1, "tasks_complexity_check");
    run(&mut connection, "INSERT INTO tasks (title, estimated_hours) VALUES ('t', 0)").await;
    let hours: String = value(&mut connection, "SELECT estimated_hours::text FROM tasks").await;
    assert_eq!(hours, "0.00");
}

#[tokio::test]
async fn fault_22_a_retry_count_cannot_be_lost() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 's', 'failed')",
    )
    .await;
    assert_eq!(refusal(&mut connection, "UPDATE workflow_states SET retry_count = NULL").await.0, "23502");
}

#[tokio::test]
async fn fault_23_views_multiply_nothing_and_find_the_title() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('parent'), ('before');
         INSERT INTO task_contexts (task_id, context_type, context_data)
         SELECT id, 'error', '{}' FROM tasks, generate_series(1, 2) WHERE title = 'parent';
         INSERT INTO tasks (title, parent_task_id)
         SELECT 'child', id FROM tasks, generate_series(1, 3) WHERE title = 'parent';
         INSERT INTO task_dependencies (parent_task_id, child_task_id)
         SELECT b.id, p.id FROM tasks b, tasks p WHERE b.title = 'before' AND p.title = 'parent'",
    )
    .await;
    let counts: String = value(
        &mut connection,
        "SELECT concat_ws(' ', context_count, child_task_count, dependency_count) FROM active_tasks WHERE title = 'parent'",
    )
    .await;
    assert_eq!(counts, "2 3 1");
    let untitled: i64 = value(
        &mut connection,
        "SELECT count(*) FROM recent_activity WHERE (entity_type = 'task') <> (task_title IS NOT NULL)",
    )
    .await;
    assert_eq!(untitled, 0);
    let activity: i64 = value(&mut connection, "SELECT count(*) FROM recent_activity").await;
    assert_eq!(activity, 8);
}

#[tokio::test]
async fn fault_24_texts_longer_than_their_columns_are_refused_and_never_cut() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    for (table, column, length, rest) in [
        ("tasks", "type", 50, "title) VALUES ($, 't')"),
        ("tasks", "assigned_to", 255, "title) VALUES ($, 't')"),
        ("workflow_states", "workflow_id", 255, "step, status) VALUES ($, 's', 'running')"),
        ("workflow_states", "step", 100, "workflow_id, status) VALUES ($, 'w', 'running')"),
        ("error_logs", "error_code", 100, "error_message) VALUES ($, 'm')"),
    ] {
        let insert = |length| {
            format!("INSERT INTO {table} ({column}, {}", rest.replace('$', &format!("repeat('ü', {length})")))
        };
        run(&mut connection, &insert(length)).await;
        assert_eq!(refusal(&mut connection, &insert(length + 1)).await.0, "22001", "{table}.{column}");
    }
}

#[tokio::test]
async fn fault_25_searches_and_tags_are_answered_by_an_index() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title, tags) SELECT 'task number' || i, jsonb_build_array('t' || i) FROM generate_series(1, 2000) i;
         ANALYZE tasks",
    )
    .await;
    for (condition, index) in [
        ("search @@ plainto_tsquery('english', 'number17')", "idx_tasks_search"),
        ("tags @> '[\"t17\"]'", "idx_tasks_tags"),
    ] {
        let plan = column(&mut connection, &format!("EXPLAIN SELECT id FROM tasks WHERE {condition}"))
            .await
            .join("\n");
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{plan}");
    }
}

#[tokio::test]
async fn fault_26_the_database_itself_refuses_a_cycle_of_dependencies() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('a'), ('b');
         INSERT INTO task_dependencies (parent_task_id, child_task_id)
         SELECT a.id, b.id FROM tasks a, tasks b WHERE a.title = 'a' AND b.title = 'b'",
    )
    .await;
    let back = "INSERT INTO task_dependencies (parent_task_id, child_task_id) SELECT child_task_id, parent_task_id FROM task_dependencies";
    assert_eq!(refusal(&mut connection, back).await.0, "TM001");
}
