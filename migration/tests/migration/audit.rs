//! The audit trail: every change, once, by whom, and no secret.

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;

use crate::database::{column, connect, migrated, refusal, run, value};

/// The trail, oldest first, as "noun action", then "changed columns".
async fn trail(connection: &mut PgConnection) -> Vec<String> {
    let sql = "SELECT concat_ws(' ', entity_type, action,
                      (SELECT string_agg(key, ',' ORDER BY key) FROM jsonb_object_keys(new_values) key WHERE action LIKE '%update' OR action = 'status_change'))
                 FROM audit_logs ORDER BY timestamp, id";
    column(connection, sql).await
}

#[tokio::test]
async fn each_change_is_told_once_and_in_order() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "BEGIN;
         INSERT INTO tasks (title) VALUES ('t');
         UPDATE tasks SET priority = 3;
         UPDATE tasks SET status = 'in_progress';
         DELETE FROM tasks;
         COMMIT",
    )
    .await;
    assert_eq!(
        trail(&mut connection).await,
        [
            "task create",
            "task update priority,updated_at,version",
            "task status_change status,updated_at,version",
            "task delete"
        ]
    );
    let values: String = value(
        &mut connection,
        "SELECT string_agg(concat_ws(' ', old_values ->> 'title', old_values ->> 'status', new_values ->> 'title', new_values ->> 'status'), ';'
                ORDER BY timestamp) FROM audit_logs",
    )
    .await;
    assert_eq!(values, "t pending;;pending in_progress;t in_progress");
}

#[tokio::test]
async fn the_trail_of_a_rolled_back_change_is_rolled_back_with_it() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "BEGIN; INSERT INTO tasks (title) VALUES ('t'); ROLLBACK").await;
    assert!(trail(&mut connection).await.is_empty());
}

#[tokio::test]
async fn all_six_nouns_are_audited() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('a'), ('b');
         INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'error', '{}' FROM tasks WHERE title = 'a';
         INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 's', 'running');
         INSERT INTO task_dependencies (parent_task_id, child_task_id)
         SELECT a.id, b.id FROM tasks a, tasks b WHERE a.title = 'a' AND b.title = 'b';
         INSERT INTO error_logs (error_message) VALUES ('m');
         INSERT INTO api_keys (name, service, key_hash) VALUES ('n', 'github', 'h');
         UPDATE workflow_states SET status = 'failed';
         UPDATE task_dependencies SET dependency_type = 'related';
         UPDATE task_dependencies SET dependency_type = 'related'",
    )
    .await;
    assert_eq!(
        trail(&mut connection).await,
        [
            "task create",
            "task create",
            "task_context create",
            "workflow_state create",
            "task_dependency create",
            "error_log create",
            "api_key create",
            "workflow_state status_change completed_at,status,version",
            // The second of these changes nothing, so it is not told.
            "task_dependency update dependency_type",
        ]
    );
}

#[tokio::test]
async fn fault_08_secrets_and_generated_columns_never_reach_the_trail() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO api_keys (name, service, key_hash) VALUES ('n', 'github', 'SECRET1');
         UPDATE api_keys SET key_hash = 'SECRET2', usage_count = 1;
         DELETE FROM api_keys;
         INSERT INTO tasks (title) VALUES ('findable');
         UPDATE tasks SET title = 'found';
         INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'error', '{\"a\": 1}' FROM tasks;
         DELETE FROM tasks",
    )
    .await;
    let told: i64 = value(
        &mut connection,
        "SELECT count(*) FROM audit_logs a WHERE a::text LIKE '%SECRET%' OR a::text LIKE '%key_hash%' OR a::text LIKE '%\"search\"%'",
    )
    .await;
    assert_eq!(told, 0);
    let all: i64 = value(&mut connection, "SELECT count(*) FROM audit_logs").await;
    assert_eq!(all, 8);
}

#[tokio::test]
async fn the_actor_of_a_transaction_is_told_and_forgotten_at_its_end() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        r#"BEGIN;
           SELECT set_actor('{"user_id": "u''\\1", "session_id": "s", "ip_address": "2001:db8::1", "user_agent": "cli/1"}');
           INSERT INTO tasks (title) VALUES ('t');
           COMMIT;
           INSERT INTO tasks (title) VALUES ('t')"#,
    )
    .await;
    let sql = "SELECT concat_ws(' ', user_id, session_id, ip_address, user_agent) FROM audit_logs ORDER BY timestamp";
    assert_eq!(column(&mut connection, sql).await, [r"u'\1 s 2001:db8::1 cli/1", ""]);
}

#[tokio::test]
async fn the_actor_can_come_with_the_statement() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    for write in [
        "INSERT INTO tasks (title) SELECT 't' FROM a WHERE v",
        "UPDATE tasks SET priority = 1 FROM a WHERE v",
        "DELETE FROM tasks USING a WHERE v",
    ] {
        let actor = r#"WITH a AS MATERIALIZED (SELECT set_actor('{"user_id": "u"}') AS v) "#;
        run(&mut connection, &format!("{actor}{write}")).await;
    }
    let told = column(&mut connection, "SELECT user_id::text FROM audit_logs").await;
    assert_eq!(told, ["u", "u", "u"]);
}

#[tokio::test]
async fn a_malformed_actor_stops_no_write_and_its_sound_parts_are_told() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    for (actor, told) in [
        ("no json", ""),
        ("[1]", ""),
        ("7", ""),
        ("", ""),
        (r#"{"user_id": "u\u0000"}"#, ""),
        (r#"{"user_id": "u", "ip_address": "no address", "user_agent": "a"}"#, "u a"),
        (r#"{"user_id": 5, "session_id": null, "other": {}}"#, "5"),
    ] {
        run(
            &mut connection,
            &format!("SET taskmaster.actor = '{actor}'; INSERT INTO tasks (title) VALUES ('t')"),
        )
        .await;
        let sql = "SELECT concat_ws(' ', user_id, session_id, ip_address, user_agent) FROM audit_logs ORDER BY timestamp DESC LIMIT 1";
        assert_eq!(value::<String>(&mut connection, sql).await, told, "{actor}");
    }
    run(
        &mut connection,
        r"SELECT set_config('taskmaster.actor', json_build_object('user_id', repeat('é', 300))::text, false);
           INSERT INTO tasks (title) VALUES ('long')",
    )
    .await;
    let longest: i32 = value(&mut connection, "SELECT max(length(user_id)) FROM audit_logs").await;
    assert_eq!(longest, 255);
    run(&mut connection, "RESET taskmaster.actor; BEGIN; SELECT set_actor(NULL); INSERT INTO tasks (title) VALUES ('n'); COMMIT")
        .await;
}

#[tokio::test]
async fn ids_of_the_trail_are_uuids_of_version_7_that_grow_with_time() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) SELECT 't' FROM generate_series(1, 50)").await;
    let sound: bool = value(
        &mut connection,
        "SELECT bool_and(substr(id::text, 15, 1) = '7' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')
                AND ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint = floor(extract(epoch FROM timestamp) * 1000))
           FROM audit_logs",
    )
    .await;
    assert!(sound);
}

#[tokio::test]
async fn a_role_that_may_change_the_nouns_writes_the_trail_but_cannot_touch_it() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    // Roles belong to the whole server, so this one is gone with its transaction.
    run(
        &mut connection,
        r#"BEGIN;
           CREATE ROLE only_here;
           GRANT USAGE ON SCHEMA public TO only_here;
           GRANT SELECT, INSERT, UPDATE, DELETE ON tasks, task_contexts, task_dependencies, workflow_states, error_logs,
                 api_keys, performance_metrics TO only_here;
           SET LOCAL ROLE only_here;
           SELECT set_actor('{"user_id": "ada"}');
           INSERT INTO tasks (title) VALUES ('a'), ('b');
           UPDATE tasks SET parent_task_id = (SELECT id FROM tasks WHERE title = 'a') WHERE title = 'b';
           INSERT INTO task_dependencies (parent_task_id, child_task_id)
           SELECT a.id, b.id FROM tasks a, tasks b WHERE a.title = 'a' AND b.title = 'b';
           INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'error', '{}' FROM tasks WHERE title = 'a';
           INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 's', 'failed');
           INSERT INTO error_logs (error_message) VALUES ('m');
           INSERT INTO api_keys (name, service, key_hash) VALUES ('n', 'github', 'h');
           INSERT INTO performance_metrics (metric_type, metric_name, metric_value) VALUES ('task', 'n', 1);
           DELETE FROM tasks"#,
    )
    .await;
    for forbidden in [
        "SELECT FROM audit_logs",
        "INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('task', gen_random_uuid(), 'create')",
        "UPDATE audit_logs SET user_id = 'eve'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "CREATE TEMPORARY TABLE mine (id uuid); CREATE TRIGGER t AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION audit_row('task')",
    ] {
        run(&mut connection, "SAVEPOINT s").await;
        assert_eq!(refusal(&mut connection, forbidden).await.0, "42501", "{forbidden}");
        run(&mut connection, "ROLLBACK TO s").await;
    }
    run(&mut connection, "RESET ROLE").await;
    assert_eq!(column(&mut connection, "SELECT DISTINCT user_id::text FROM audit_logs").await, ["ada"]);
    let told = column(
        &mut connection,
        "SELECT concat_ws(' ', entity_type, action, count(*)) FROM audit_logs GROUP BY entity_type, action ORDER BY 1",
    )
    .await;
    assert_eq!(
        told,
        [
            "api_key create 1",
            "error_log create 1",
            "task create 2",
            "task delete 2",
            "task update 1",
            "task_context create 1",
            "task_context delete 1",
            "task_dependency create 1",
            "task_dependency delete 1",
            "workflow_state create 1",
        ]
    );
    run(&mut connection, "ROLLBACK").await;
}

#[tokio::test]
async fn whoever_may_make_functions_in_the_schema_does_not_become_its_owner() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    // As on PostgreSQL 14, where everybody may. Each fits the trail's calls better than PostgreSQL's own, and tells who runs it.
    run(
        &mut connection,
        "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC;
         CREATE TABLE ran_as (who text); GRANT INSERT ON ran_as TO PUBLIC;
         SET ROLE taskmaster_app;
         CREATE FUNCTION public.to_jsonb(one public.tasks) RETURNS jsonb LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.ran_as VALUES (current_user); RETURN '{}'; END $$;
         CREATE FUNCTION public.times(a numeric, b integer) RETURNS numeric LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.ran_as VALUES (current_user); RETURN 0; END $$;
         CREATE OPERATOR public.* (LEFTARG = numeric, RIGHTARG = integer, FUNCTION = public.times);
         BEGIN; SELECT set_actor('{\"user_id\": \"ann\"}'); INSERT INTO tasks (title) VALUES ('t'); UPDATE tasks SET title = 'u'; DELETE FROM tasks;
         SELECT record_refusal(gen_random_uuid(), '{\"reason\": \"r\"}'); COMMIT;
         RESET ROLE",
    )
    .await;
    assert_eq!(column(&mut connection, "SELECT who FROM ran_as").await, Vec::<String>::new());
    assert_eq!(
        trail(&mut connection).await,
        ["task create", "task update title,updated_at,version", "task delete", "statement refuse"]
    );
    let who = "SELECT DISTINCT user_id::text FROM audit_logs";
    assert_eq!(column(&mut connection, who).await, ["ann"]);
}

#[tokio::test]
async fn of_a_program_that_acts_the_trail_keeps_so_much_as_one_has_to_say() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "BEGIN; SELECT set_config('taskmaster.actor', json_build_object('user_agent', repeat('ä', 1000000))::text, true);
         INSERT INTO tasks (title) VALUES ('t'); COMMIT",
    )
    .await;
    let kept: i32 = value(&mut connection, "SELECT length(user_agent) FROM audit_logs").await;
    assert_eq!(kept, 1000);
}
