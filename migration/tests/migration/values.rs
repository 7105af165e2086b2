//! What the columns take and what they refuse.

use sea_orm_migration::sea_orm::sqlx;
use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;

use crate::database::{connect, empty, migrate, migrated, printed, refusal, run, value};

const CHECK: &str = "23514";

async fn refused_by(connection: &mut PgConnection, constraint: &str, statements: &[&str]) {
    for sql in statements {
        assert_eq!(refusal(connection, sql).await, (CHECK.to_owned(), constraint.to_owned()), "{sql}");
    }
}

#[tokio::test]
async fn a_row_of_defaults_is_whole() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('t')").await;
    let row: String = value(
        &mut connection,
        "SELECT concat_ws('|', type, status, priority, complexity_score, affected_files, requirements,
                acceptance_criteria, tags, metadata, version, completed_at) FROM tasks",
    )
    .await;
    assert_eq!(row, "general|pending|0|5|[]|[]|[]|[]|{}|1");
}

#[tokio::test]
async fn a_blank_text_is_refused_in_every_alphabet_of_blanks() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    for blank in ["''", "' '", r"E' \t\n\r\f\x0B '"] {
        for (constraint, sql) in [
            ("tasks_title_check", "INSERT INTO tasks (title) VALUES ($)"),
            (
                "workflow_states_workflow_id_check",
                "INSERT INTO workflow_states (workflow_id, step, status) VALUES ($, 's', 'pending')",
            ),
            (
                "workflow_states_step_check",
                "INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', $, 'pending')",
            ),
            ("error_logs_error_message_check", "INSERT INTO error_logs (error_message) VALUES ($)"),
            (
                "api_keys_name_check",
                "INSERT INTO api_keys (name, service, key_hash) VALUES ($, 'github', 'h')",
            ),
        ] {
            refused_by(&mut connection, constraint, &[&sql.replace('$', blank)]).await;
        }
    }
    // A no-break space is a character that is there to be seen.
    run(&mut connection, "INSERT INTO tasks (title) VALUES (E'\\u00A0'), (E' \\tx')").await;
}

#[tokio::test]
async fn values_outside_their_lists_and_ranges_are_refused_by_name() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let task =
        |column: &str, value: &str| format!("INSERT INTO tasks (title, {column}) VALUES ('t', {value})");
    for (constraint, column, bad) in [
        ("tasks_status_check", "status", vec!["'done'", "''", "'Pending'"]),
        ("tasks_priority_check", "priority", vec!["-1", "11"]),
        ("tasks_complexity_check", "complexity_score", vec!["0", "11"]),
        ("tasks_hours_check", "estimated_hours", vec!["-0.01", "'NaN'"]),
        ("tasks_hours_check", "actual_hours", vec!["-1", "'NaN'"]),
    ] {
        for bad in bad {
            refused_by(&mut connection, constraint, &[&task(column, bad)]).await;
        }
    }
    refused_by(
        &mut connection,
        "workflow_states_status_check",
        &["INSERT INTO workflow_states (workflow_id, step, status) VALUES ('w', 's', 'cancelled')"],
    )
    .await;
    refused_by(
        &mut connection,
        "workflow_states_retry_count_check",
        &["INSERT INTO workflow_states (workflow_id, step, status, retry_count) VALUES ('w', 's', 'failed', -1)"],
    )
    .await;
    refused_by(
        &mut connection,
        "performance_metrics_metric_value_check",
        &["INSERT INTO performance_metrics (metric_type, metric_name, metric_value) VALUES ('query', 'n', 'NaN')"],
    )
    .await;
    let infinite = refusal(&mut connection, &task("actual_hours", "'Infinity'")).await;
    assert_eq!(infinite.0, "22003");
}

#[tokio::test]
async fn json_columns_hold_their_shape() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('t')").await;
    for column in ["affected_files", "requirements", "acceptance_criteria", "tags"] {
        for bad in ["{}", "\"a\"", "null", "1"] {
            let sql = format!("UPDATE tasks SET {column} = '{bad}'");
            refused_by(&mut connection, &format!("tasks_{column}_check"), &[&sql]).await;
        }
    }
    for bad in [r#"["a", 1]"#, r#"[["a"]]"#, "[null]", r#"[{"a": "b"}]"#, "[[]]"] {
        refused_by(&mut connection, "tasks_tags_check", &[&format!("UPDATE tasks SET tags = '{bad}'")]).await;
    }
    run(
        &mut connection,
        r#"UPDATE tasks SET tags = '["a", "", "é"]', requirements = '[1, {"a": null}, "x"]'"#,
    )
    .await;
    refused_by(&mut connection, "tasks_metadata_check", &["UPDATE tasks SET metadata = '[]'"]).await;

    let context =
        "INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'error', '$' FROM tasks";
    for bad in ["\"text\"", "null", "1"] {
        refused_by(&mut connection, "task_contexts_context_data_check", &[&context.replace('$', bad)]).await;
    }
    run(&mut connection, &context.replace('$', "[1]")).await;
    refused_by(
        &mut connection,
        "error_logs_context_check",
        &["INSERT INTO error_logs (error_message, context) VALUES ('m', '[]')"],
    )
    .await;
    let key = "INSERT INTO api_keys (name, service, key_hash, $) VALUES ('n', 'github', 'h', '\"x\"')";
    refused_by(&mut connection, "api_keys_permissions_check", &[&key.replace('$', "permissions")]).await;
    refused_by(&mut connection, "api_keys_rate_limit_check", &[&key.replace('$', "rate_limit")]).await;
    refused_by(
        &mut connection,
        "performance_metrics_tags_check",
        &["INSERT INTO performance_metrics (metric_type, metric_name, metric_value, tags) VALUES ('task', 'n', 1, '[]')"],
    )
    .await;
}

#[tokio::test]
async fn times_that_a_client_could_not_read_are_refused() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let bad = [
        "infinity",
        "-infinity",
        "10000-01-01 00:00:00+00",
        "294276-12-31 23:59:59+00",
        "0001-12-31 23:59:59+00 BC",
    ];
    for (table, columns, insert) in [
        (
            "tasks",
            vec!["created_at", "updated_at", "completed_at"],
            "(title, status, $) VALUES ('t', 'completed', '?')",
        ),
        (
            "workflow_states",
            vec!["started_at", "completed_at"],
            "(workflow_id, step, status, $) VALUES ('w', 's', 'completed', '?')",
        ),
        (
            "error_logs",
            vec!["created_at", "updated_at", "resolved_at"],
            "(error_message, $) VALUES ('m', '?')",
        ),
        (
            "api_keys",
            vec!["created_at", "updated_at", "expires_at", "last_used_at"],
            "(name, service, key_hash, $) VALUES ('n', 'github', 'h', '?')",
        ),
        (
            "performance_metrics",
            vec!["timestamp"],
            "(metric_type, metric_name, metric_value, $) VALUES ('task', 'n', 1, '?')",
        ),
    ] {
        for column in columns {
            for time in bad {
                let sql = format!("INSERT INTO {table} {}", insert.replace('$', column).replace('?', time));
                refused_by(&mut connection, &format!("{table}_times_check"), &[&sql]).await;
            }
        }
    }
    run(
        &mut connection,
        "INSERT INTO tasks (title, created_at) VALUES ('first', '0001-01-01 00:00:00+00'), ('last', '9999-12-31 23:59:59.999999+00')",
    )
    .await;
}

#[tokio::test]
async fn lengths_are_counted_in_characters() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) VALUES (repeat('é', 255))").await;
    assert_eq!(
        refusal(&mut connection, "INSERT INTO tasks (title) VALUES (repeat('x', 256))").await.0,
        "22001"
    );
}

#[tokio::test]
async fn json_a_thousand_levels_deep_is_stored() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    sqlx::query("INSERT INTO tasks (title, requirements) VALUES ('t', $1::text::jsonb)")
        .bind(&deep)
        .execute(&mut connection)
        .await
        .unwrap();
    let stored: String = value(&mut connection, "SELECT requirements::text FROM tasks").await;
    assert_eq!(stored, deep);
}

#[tokio::test]
async fn deleting_a_task_takes_what_belongs_to_it_and_frees_what_does_not() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('gone'), ('other');
         INSERT INTO tasks (title, parent_task_id) SELECT 'child', id FROM tasks WHERE title = 'gone';
         INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, 'error', '{}' FROM tasks WHERE title = 'gone';
         INSERT INTO task_dependencies (parent_task_id, child_task_id)
         SELECT g.id, o.id FROM tasks g, tasks o WHERE g.title = 'gone' AND o.title = 'other';
         INSERT INTO workflow_states (workflow_id, step, status, task_id)
         SELECT 'w', 's', 'running', id FROM tasks WHERE title = 'gone';
         INSERT INTO error_logs (error_message, task_id) SELECT 'm', id FROM tasks WHERE title = 'gone';
         DELETE FROM tasks WHERE title = 'gone'",
    )
    .await;
    let left: String = value(
        &mut connection,
        "SELECT concat_ws(' ', (SELECT count(*) FROM task_contexts), (SELECT count(*) FROM task_dependencies),
                (SELECT count(*) FROM tasks WHERE title = 'child' AND parent_task_id IS NULL),
                (SELECT count(*) FROM workflow_states WHERE task_id IS NULL),
                (SELECT count(*) FROM error_logs WHERE task_id IS NULL))",
    )
    .await;
    assert_eq!(left, "0 0 1 1 1");
}

#[tokio::test]
async fn within_a_transaction_a_row_changes_after_it_was_made() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    // An application stamps its rows by the clock, which goes on while now() stands still.
    run(
        &mut connection,
        "BEGIN;
         INSERT INTO tasks (title, created_at, updated_at) VALUES ('t', clock_timestamp(), clock_timestamp());
         INSERT INTO workflow_states (workflow_id, step, status, started_at) VALUES ('w', 's', 'running', clock_timestamp());
         INSERT INTO error_logs (error_message, created_at, updated_at) VALUES ('m', clock_timestamp(), clock_timestamp());
         UPDATE tasks SET status = 'completed';
         UPDATE workflow_states SET status = 'completed';
         UPDATE error_logs SET resolved = true",
    )
    .await;
    let ordered: bool = value(
        &mut connection,
        "SELECT t.created_at > now() AND t.updated_at > t.created_at AND t.completed_at > t.created_at
                AND w.completed_at > w.started_at AND e.updated_at > e.created_at
           FROM tasks t, workflow_states w, error_logs e",
    )
    .await;
    assert!(ordered);

    let mut last: String = value(&mut connection, "SELECT updated_at::text FROM tasks").await;
    for priority in 0..10 {
        run(&mut connection, &format!("UPDATE tasks SET priority = {priority}")).await;
        let later: bool = value(&mut connection, &format!("SELECT updated_at >= '{last}' FROM tasks")).await;
        assert!(later, "{last}");
        last = value(&mut connection, "SELECT updated_at::text FROM tasks").await;
    }
}

#[tokio::test]
async fn the_time_of_the_last_change_never_goes_back() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    // A client whose clock is ahead of the server's.
    run(
        &mut connection,
        "SET timezone = 'UTC';
         INSERT INTO tasks (title, created_at, updated_at) VALUES ('t', '2999-01-01', '2999-01-01');
         UPDATE tasks SET priority = 1, updated_at = '2000-01-01'",
    )
    .await;
    let at: String = value(&mut connection, "SELECT updated_at::text FROM tasks").await;
    assert_eq!(at, "2999-01-01 00:00:00+00");
}

#[tokio::test]
async fn a_score_of_a_validation_lies_between_0_and_100() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('t')").await;
    let insert = |kind: &str, data: &str| {
        format!(
            "INSERT INTO task_contexts (task_id, context_type, context_data) SELECT id, '{kind}', '{data}' FROM tasks"
        )
    };
    let check = "task_contexts_score_check";
    for bad in ["-1", "-0.001", "100.001", "101", "1e300"] {
        let data = format!(r#"{{"score": {bad}}}"#);
        refused_by(&mut connection, check, &[&insert("validation", &data)]).await;
        run(&mut connection, &insert("performance", &data)).await;
    }
    for good in [
        "{}",
        "[101]",
        r#"["score", 101]"#,
        r#"{"score": 0}"#,
        r#"{"score": 100.0}"#,
        r#"{"score": "a lot"}"#,
        r#"{"score": null}"#,
    ] {
        run(&mut connection, &insert("validation", good)).await;
    }
    refused_by(
        &mut connection,
        check,
        &[
            "UPDATE task_contexts SET context_type = 'validation' WHERE context_data = '{\"score\": 101}'",
            "UPDATE task_contexts SET context_data = '{\"score\": -1}' WHERE context_data = '{\"score\": 0}'",
        ],
    )
    .await;
}

#[tokio::test]
async fn what_a_blank_is_does_not_depend_on_a_setting_of_the_database() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    let off = format!("ALTER DATABASE {} SET standard_conforming_strings = off", database.name());
    run(&mut connection, &off).await;
    printed(&migrate(&database.url(), &["up"]));
    let mut connection = connect(&database).await;
    assert_eq!(value::<String>(&mut connection, "SHOW standard_conforming_strings").await, "off");
    run(&mut connection, "INSERT INTO tasks (title, description) VALUES ('vvv', repeat('y', 200))").await;
    refused_by(
        &mut connection,
        "tasks_title_check",
        &["INSERT INTO tasks (title) VALUES (chr(11))", "UPDATE tasks SET title = chr(9) || chr(12)"],
    )
    .await;
    let found: bool =
        value(&mut connection, "SELECT search @@ to_tsquery('english', repeat('y', 200)) FROM tasks").await;
    assert!(found);
}
