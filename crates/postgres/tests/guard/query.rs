//! `query` itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use taskmaster_guard::{Columns, Policy, PolicySet, TableRule};
use taskmaster_models::{Actor, AuditLogFilter, NewTask, PageRequest};
use taskmaster_postgres::{Param, PgStore, QueryError, RawStatements, Role, config::DatabaseConfig};
use taskmaster_repository::{Repositories as _, RepositoryError};
use uuid::Uuid;

use crate::stage::{Stage, connect, run, text};

#[tokio::test]
async fn values_go_in_and_come_out_as_what_they_are() {
    let stage = Stage::new().await;
    let reader = stage.raw.with_policy("readonly", Policy::readonly());
    let id = Uuid::from_u128(7);
    let at: DateTime<Utc> = "2026-01-02T03:04:05.678901Z".parse().unwrap();
    let sql = "SELECT $1::bool AS a, $2::int AS b, $3::float8 AS c, $4::numeric AS d, $5::text AS e, $6::uuid AS f, \
               $7::timestamptz AS g, $8::jsonb AS h, $9::bigint[] AS i, $10::text[] AS j, $11::uuid[] AS k, $12::date AS l, \
               $13::timestamptz AS m, $14::interval AS n";
    let decimal: Decimal = "12.50".parse().unwrap();
    let params = [
        true.into(),
        7.into(),
        0.1.into(),
        decimal.into(),
        "it's; -- a \"text\" \\ ö".into(),
        id.into(),
        at.into(),
        json!({"x": [1, null]}).into(),
        vec![1_i64, 2].into(),
        vec!["a".to_owned(), "b,'".to_owned()].into(),
        vec![id].into(),
        at.date_naive().into(),
        Param::Null,
        Param::Null,
    ];
    let rows = reader.query(sql, &params).await.unwrap();
    assert_eq!(rows.len(), 1);
    let row = rows.first().unwrap();
    assert!(row.get::<bool>("a").unwrap());
    assert_eq!(row.get::<i32>("b").unwrap(), 7);
    assert_eq!(row.get::<Decimal>("d").unwrap(), decimal);
    assert_eq!(row.get::<String>("e").unwrap(), "it's; -- a \"text\" \\ ö");
    assert_eq!(row.get::<Uuid>("f").unwrap(), id);
    assert_eq!(row.get::<DateTime<Utc>>("g").unwrap(), at);
    assert_eq!(row.get::<Value>("h").unwrap(), json!({"x": [1, null]}));
    assert_eq!(row.get::<Vec<Uuid>>("k").unwrap(), [id]);
    assert_eq!(row.get::<Option<DateTime<Utc>>>("m").unwrap(), None);
    let expected = json!({
        "a": true, "b": 7, "c": 0.1, "d": 12.5, "e": "it's; -- a \"text\" \\ ö", "f": id, "g": at, "h": {"x": [1, null]},
        "i": [1, 2], "j": ["a", "b,'"], "k": [id], "l": "2026-01-02", "m": null, "n": null,
    });
    assert_eq!(Value::from(row.to_json().unwrap()), expected);
    assert!(!format!("{rows:?} {params:?}").contains("it's"), "what is logged shows no value");
}

#[tokio::test]
async fn the_same_text_can_be_sent_with_values_of_other_types_and_after_the_schema_has_changed() {
    let stage = Stage::new().await;
    let reader = stage.raw.with_policy("readonly", Policy::readonly());
    for _ in 0..3 {
        let sql = "SELECT $1 AS value";
        for param in [Param::Null, 7.into(), "x".into(), Uuid::nil().into(), 0.5.into(), json!([1]).into()] {
            assert_eq!(reader.query(sql, &[param]).await.unwrap().len(), 1);
        }
    }
    let sql = "SELECT * FROM tasks WHERE status = $1";
    assert_eq!(reader.query(sql, &["pending".into()]).await.unwrap().len(), 1);
    run(&mut stage.owner().await, "ALTER TABLE tasks ADD COLUMN extra int DEFAULT 5").await.unwrap();
    let rows = reader.query(sql, &["pending".into()]).await.unwrap();
    assert_eq!(rows.first().unwrap().get::<i32>("extra").unwrap(), 5);
}

#[tokio::test]
async fn a_column_that_cannot_be_read_is_named() {
    let stage = Stage::new().await;
    let reader = stage.raw.with_policy("readonly", Policy::readonly());
    let column = |error: QueryError| match error {
        QueryError::Column { column, reason } => (column, reason),
        other => panic!("{other}"),
    };
    let rows = reader.query("SELECT title, NULL::int AS nothing FROM tasks", &[]).await.unwrap();
    let row = rows.first().unwrap();
    for error in [
        row.get::<i32>("title").unwrap_err(),
        row.get::<i32>("nothing").unwrap_err(),
        row.get::<i32>("missing").unwrap_err(),
    ] {
        let (name, reason) = column(error);
        assert!(
            ["title", "nothing", "missing"].contains(&name.as_str()) && !reason.contains("Task"),
            "{reason}"
        );
    }
    let rows = reader.query("SELECT 1 AS x, 2 AS x", &[]).await.unwrap();
    assert_eq!(column(rows.to_json().unwrap_err()).0, "x");
    let rows = reader.query("SELECT to_tsvector('english', 'a text') AS words", &[]).await.unwrap();
    assert!(column(rows.to_json().unwrap_err()).1.contains("cast it to text"));
}

#[tokio::test]
async fn what_is_wrong_with_a_statement_is_told_and_the_connection_is_used_again() {
    let stage = Stage::new().await;
    let app = stage.raw.with_policy("app", Policy::app());
    let counted = app.query("SELECT $1", &[]).await;
    assert!(matches!(counted, Err(QueryError::Parameters { expected: 1, given: 0 })));
    for (sql, expected) in [
        ("SELECT id FROM tasks WHERE id = 'secret value'", "22P02"),
        ("SELECT lower(priority) FROM tasks", "42883"),
        ("SELECT 1 / (priority - priority) FROM tasks", "22012"),
        ("SELECT (SELECT id FROM tasks)", "21000"),
    ] {
        match app.query(sql, &[]).await {
            Err(QueryError::Statement { sqlstate, reason }) => {
                assert_eq!(sqlstate, expected);
                assert!(!reason.contains("secret"), "{reason}");
            }
            other => panic!("{sql}: {other:?}"),
        }
    }
    let conflict = app.query("INSERT INTO tasks (title, status) VALUES ('t', 'unknown')", &[]).await;
    assert!(matches!(conflict, Err(QueryError::Database(RepositoryError::Conflict { .. }))), "{conflict:?}");
    assert_eq!(stage.raw.database().status().size, 1, "no connection was lost by it");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_given_up_and_what_it_wrote_is_not_kept() {
    let stage = Stage::new().await;
    let app = stage.raw.with_policy("app", Policy::app()).with_max_rows(1000);
    // One row comes after the other, for hours.
    let sql = |rows| format!("SELECT a FROM generate_series(1, {rows}) a, generate_series(1, 1000) b");
    assert_eq!(app.query(&sql(1), &[]).await.unwrap().len(), 1000);
    for rows in [2, 1_000_000] {
        let refused = app.query(&sql(rows), &[]).await;
        assert!(matches!(refused, Err(QueryError::TooManyRows { limit: 1000 })), "{refused:?}");
    }
    let wide = "SELECT $1 || a FROM generate_series(1, 200) a";
    let refused = app.query(wide, &["x".repeat(1 << 20).into()]).await;
    assert!(matches!(refused, Err(QueryError::TooManyBytes)), "{refused:?}");
    let write = "INSERT INTO tasks (title) SELECT 'x' FROM generate_series(1, 1001) RETURNING id";
    let refused = app.query(write, &[]).await;
    assert!(matches!(refused, Err(QueryError::TooManyRows { limit: 1000 })), "{refused:?}");
    // The server may need a moment to notice.
    let mut owner = stage.owner().await;
    let busy = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' \
                AND pid <> pg_backend_pid()";
    while text(&mut owner, busy).await != "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(text(&mut owner, "SELECT count(*)::text FROM tasks WHERE title = 'x'").await, "0");
    assert_eq!(app.query(&sql(1), &[]).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn a_write_is_kept_and_told_as_its_users() {
    let stage = Stage::new().await;
    let (_login, database) = stage.login("taskmaster_app").await;
    let policies = PolicySet { users: [("ada".into(), "app".into())].into(), ..PolicySet::default() };
    let ada = database.as_user("ada", None, &policies).unwrap();
    let sql = "UPDATE tasks SET priority = $1 WHERE title = $2 RETURNING id";
    let rows = ada.query(sql, &[9.into(), "Task 1".into()]).await.unwrap();
    assert_eq!((rows.len(), rows.rows_affected()), (1, 1));
    let store = PgStore::new(stage.raw.database().clone());
    let told =
        store.audit_logs().find_by(&AuditLogFilter::user("ada"), &PageRequest::default()).await.unwrap();
    assert_eq!(told.items.len(), 1);
    assert_eq!(told.items[0].entity_id, rows.first().unwrap().get::<Uuid>("id").unwrap());

    // Whoever is next on the same connection is nobody, in no role, and writes.
    store.tasks().create(&NewTask::new("By nobody")).await.unwrap();
    PgStore::new(database.database().clone()).tasks().create(&NewTask::new("By nobody else")).await.unwrap();
    let told = store.audit_logs().count(&AuditLogFilter::user("ada")).await.unwrap();
    assert_eq!(told, 1);
    let anonymous = database.with_policy("app", Policy::app());
    assert_eq!(
        anonymous
            .query("DELETE FROM tasks WHERE title = $1", &["Done".into()])
            .await
            .unwrap()
            .rows_affected(),
        1
    );
    let invalid = database.as_user(&"x".repeat(256), None, &policies);
    assert!(matches!(invalid, Err(RepositoryError::Invalid(_))));
}

/// A function of the policy does what it does, whatever it is called.
#[tokio::test]
async fn the_second_wall_is_the_transaction_and_the_third_the_role() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    run(
        &mut owner,
        "CREATE FUNCTION innocent() RETURNS int LANGUAGE sql AS $$ DELETE FROM task_dependencies; SELECT 1 $$; \
         CREATE FUNCTION curious() RETURNS text LANGUAGE sql AS $$ SELECT key_hash FROM api_keys $$",
    )
    .await
    .unwrap();
    let mut policy = Policy::readonly();
    policy.functions.extend(["innocent", "curious"].map(String::from));
    let guarded = stage.raw.with_policy("careless", policy);
    let wrote = guarded.query("SELECT innocent()", &[]).await;
    assert!(
        matches!(&wrote, Err(QueryError::Statement { sqlstate, .. }) if sqlstate == "25006"),
        "{wrote:?}"
    );
    assert_eq!(text(&mut owner, "SELECT count(*)::text FROM task_dependencies").await, "1");

    assert_eq!(guarded.query("SELECT curious()", &[]).await.unwrap().len(), 1, "the login may read it");
    let told = guarded.clone().in_role(Role::Readonly).query("SELECT curious()", &[]).await;
    assert!(matches!(told, Err(QueryError::Database(RepositoryError::Refused { .. }))), "{told:?}");
    // Not everybody may be in every role, and a failed beginning is no harm to who is next.
    let (_login, database) = stage.login("taskmaster_readonly").await;
    let reader = database.with_policy("readonly", Policy::readonly());
    for _ in 0..3 {
        let refused = reader.clone().in_role(Role::Admin).query("SELECT 1", &[]).await;
        assert!(matches!(refused, Err(QueryError::Database(RepositoryError::Refused { .. }))), "{refused:?}");
        assert_eq!(reader.query("SELECT title FROM tasks", &[]).await.unwrap().len(), 4);
    }
    assert_eq!(database.database().status().size, 1);
}

#[tokio::test]
async fn what_is_new_in_the_schema_is_known_soon_and_what_is_changed_is_checked_as_it_is() {
    let stage = Stage::new().await;
    let mut owner = stage.owner().await;
    let mut policy = Policy::readonly();
    let all = TableRule { select: Some(Columns::All), ..TableRule::default() };
    policy.tables.insert("notes".into(), all);
    let guarded = stage.raw.with_policy("notes", policy);
    assert!(guarded.query("SELECT note FROM notes", &[]).await.is_err());
    run(&mut owner, "CREATE TABLE notes (note text); INSERT INTO notes VALUES ('n')").await.unwrap();
    // An unknown name has it read again, but not more often than once a second.
    while guarded.query("SELECT note FROM notes", &[]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run(&mut owner, "CREATE VIEW harmless AS SELECT note FROM notes").await.unwrap();
    while guarded.query("SELECT note FROM harmless", &[]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run(&mut owner, "CREATE VIEW secret AS SELECT key_hash AS note FROM api_keys").await.unwrap();
    loop {
        match guarded.query("SELECT note FROM secret", &[]).await {
            Err(QueryError::Refused(refusal)) if refusal.kind() == "unknown_table" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(QueryError::Refused(refusal)) => break assert_eq!(refusal.kind(), "view"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn names_mean_what_is_in_the_schema_and_no_temporary_table() {
    let stage = Stage::new().await;
    let mut config = DatabaseConfig::from_url(&stage.server.url()).unwrap();
    config.pool.min = 0;
    config.schema = Some("public".to_owned());
    let database = taskmaster_postgres::Database::connect(config).await.unwrap();
    let mut owner = stage.owner().await;
    // The session of a user looks into a schema of his name first, unless it is told otherwise.
    run(
        &mut owner,
        "DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user); END $$; \
         CREATE TABLE tasks AS SELECT key_hash AS title FROM public.api_keys",
    )
    .await
    .unwrap();
    let shown = |rows: taskmaster_postgres::QueryRows| rows.first().unwrap().get::<String>("title").unwrap();
    let public = RawStatements::new(database).with_policy("readonly", Policy::readonly());
    assert!(shown(public.query("SELECT title FROM tasks ORDER BY title", &[]).await.unwrap()).len() < 20);
    // Without one, the first schema is the one that the statement is checked for.
    let own = connect(&stage.server.url()).await;
    let own = RawStatements::new(own).with_policy("readonly", Policy::readonly());
    let refused = own.query("SELECT description FROM tasks", &[]).await;
    assert!(matches!(refused, Err(QueryError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_raw_call_is_measured_under_its_own_name_and_ends_in_time() {
    let stage = Stage::new().await;
    let reader = stage.raw.with_policy("readonly", Policy::readonly());
    reader.query("SELECT count(*) FROM tasks", &[]).await.unwrap();
    assert!(stage.raw.database().metrics().calls.contains_key("raw.query"));
    let slow = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
    let late = taskmaster_postgres::within(Duration::from_millis(300), reader.query(slow, &[])).await;
    assert!(matches!(late, Err(QueryError::Database(RepositoryError::Timeout { .. }))), "{late:?}");
    let actor = Actor::user("ada");
    assert!(reader.acting_as(&actor).is_ok());
}
