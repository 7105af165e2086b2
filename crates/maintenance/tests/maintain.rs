//! The program as a person meets it.

#![expect(clippy::unwrap_used, reason = "what a story cannot do without fails it, with the line")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use taskmaster_testkit::migrated_database;

/// The program, in a directory without settings, with no setting from outside.
fn maintain(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maintain"));
    command.args(arguments).env("DATABASE_URL", url).current_dir(env!("CARGO_TARGET_TMPDIR"));
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(|name| name.starts_with("RETENTION_") || name.starts_with("DB_")) {
            command.env_remove(variable);
        }
    }
    command
}

/// What a run says on stdout that must end with this code.
#[track_caller]
fn said(command: &mut Command, code: i32) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{stderr}");
    if code == 1 { stderr } else { String::from_utf8(stdout).unwrap() }
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

async fn run(connection: &mut PgConnection, sql: &str) {
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await {
        panic!("{sql}: {error}");
    }
}

async fn count(connection: &mut PgConnection, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

/// Ten errors and ten metrics, one a day, the oldest ten days old.
const TEN_DAYS: &str = "
    INSERT INTO error_logs (error_message, created_at) SELECT 'lost', now() - n * interval '1 day' FROM generate_series(1, 10) n;
    INSERT INTO performance_metrics (metric_type, metric_name, metric_value, timestamp)
    SELECT 'task', 'm', n, now() - n * interval '1 day' FROM generate_series(1, 10) n";

#[tokio::test]
async fn a_plan_and_a_dry_run_remove_nothing_and_a_run_removes_what_they_tell() {
    let database = migrated_database().await;
    let url = database.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    run(&mut connection, TEN_DAYS).await;
    let config = file("ages.toml", "[retention]\nerror_logs = \"4days 12h\"\naudit_logs = \"never\"\n");
    let config = ["--config", config.to_str().unwrap()];

    for dry in [&["retention", "plan"][..], &["retention", "run", "--dry-run"]] {
        let plan = said(&mut maintain(&url, &[dry, &config].concat()), 0);
        let lines: Vec<_> = plan.lines().collect();
        assert!(lines[0].starts_with("error_logs                    6 rows from before "), "{plan}");
        assert!(lines[1].starts_with("performance_metrics           0 rows from before "), "{plan}");
        assert!(lines[2].starts_with("audit_logs") && lines[2].ends_with("kept for good"), "{plan}");
        assert_eq!(count(&mut connection, "error_logs").await, 10);
    }

    let mut command = maintain(&url, &[&["retention", "run"][..], &config].concat());
    let done = said(command.env("RETENTION_PERFORMANCE_METRICS", "36h"), 0);
    assert!(done.contains("error_logs                    6 rows"), "{done}");
    assert!(
        done.contains("performance_metrics           9 rows"),
        "the environment goes before the file: {done}"
    );
    assert_eq!(count(&mut connection, "error_logs").await, 4);
    assert_eq!(count(&mut connection, "performance_metrics").await, 1);
}

#[tokio::test]
async fn a_bad_age_is_named_and_nothing_goes() {
    let database = migrated_database().await;
    let url = database.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    run(&mut connection, TEN_DAYS).await;
    for (age, fault) in [
        ("soon", "retention.error_logs is \"soon\", which is no age"),
        ("-1day", "retention.error_logs is \"-1day\", which is no age"),
        ("0s", "error_logs must be one hour or more"),
    ] {
        let error = said(maintain(&url, &["retention", "run"]).env("RETENTION_ERROR_LOGS", age), 1);
        assert!(error.contains(fault), "{error}");
    }
    let unknown = file("unknown.toml", "[retention]\ntasks = \"1day\"\n");
    let error = said(&mut maintain(&url, &["retention", "run", "--config", unknown.to_str().unwrap()]), 1);
    assert!(error.contains("unknown.toml") && error.contains("tasks"), "{error}");
    let error = said(&mut maintain(&url, &["retention", "run", "--config", "nowhere.toml"]), 1);
    assert!(error.contains("nowhere.toml"), "{error}");
    assert_eq!(count(&mut connection, "error_logs").await, 10);
}

#[tokio::test]
async fn without_a_database_or_a_schema_it_says_what_to_do() {
    let error = said(maintain("", &["retention", "plan"]).env_remove("DATABASE_URL"), 1);
    assert!(error.contains("no database is named: use --database-url, set DATABASE_URL"), "{error}");
    let database = migrated_database().await;
    let error =
        said(&mut maintain(&database.url(), &["--schema", "nobody's \"own\"", "retention", "plan"]), 1);
    assert!(error.contains("cargo xtask migrate up"), "{error}");
}

#[tokio::test]
async fn the_database_may_be_in_the_file_beside_the_ages_and_the_command_line_goes_before_it() {
    let database = migrated_database().await;
    let url = database.url();
    let settings =
        file("whole.toml", &format!("[database]\nurl = {url:?}\n[retention]\nerror_logs = \"36h\"\n"));
    let settings = settings.to_str().unwrap();
    let plan = ["retention", "plan", "--config", settings];
    let told = said(maintain("", &plan).env_remove("DATABASE_URL"), 0);
    assert!(told.contains("error_logs"), "{told}");
    let elsewhere =
        [plan.as_slice(), &["--database-url", "postgres://me:hunter2@127.0.0.1:1/tasks"]].concat();
    let error = said(maintain("", &elsewhere).env_remove("DATABASE_URL"), 1);
    assert!(error.contains("127.0.0.1:1") && !error.contains("hunter2"), "{error}");
    let error = said(maintain(&url, &plan).env("DB_POOL_MAXX", "1"), 1);
    assert!(error.contains("did you mean DB_POOL_MAX?"), "{error}");
}

#[tokio::test]
async fn a_tenant_of_any_name_is_pruned_in_its_own_schema() {
    let database = migrated_database().await;
    let url = database.url();
    let tenant = r#"Größe "1"; x\"#;
    taskmaster_migration::up(&url, Some(tenant)).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    run(&mut connection, TEN_DAYS).await;
    run(&mut connection, &format!(r#"SET search_path = "Größe ""1""; x\"; {TEN_DAYS}"#)).await;
    let mut command = maintain(&url, &["--schema", tenant, "retention", "run"]);
    let done = said(command.env("RETENTION_ERROR_LOGS", "36h"), 0);
    assert!(done.contains("error_logs                    9 rows"), "{done}");
    assert_eq!(count(&mut connection, "error_logs").await, 1);
    assert_eq!(count(&mut connection, "public.error_logs").await, 10);
}

#[tokio::test]
async fn the_trail_is_sealed_anchored_and_verified() {
    let database = migrated_database().await;
    let url = database.url();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let error = said(&mut maintain(&url, &["audit", "anchor"]), 1);
    assert!(error.contains("there is no seal yet"), "{error}");
    assert_eq!(said(&mut maintain(&url, &["audit", "seal"]), 0), "nothing to seal\n");
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('a'), ('b'), ('c')").await;
    assert!(said(&mut maintain(&url, &["audit", "seal"]), 0).starts_with("sealed 3 rows as seal 1 "));
    let anchor = file("anchor.json", &said(&mut maintain(&url, &["audit", "anchor"]), 0));
    let verify = ["audit", "verify", "--anchor", anchor.to_str().unwrap()];
    let intact = said(&mut maintain(&url, &verify), 0);
    assert!(intact.starts_with("intact (seals: 1, rows in them: 3, rows not sealed yet: 0)"), "{intact}");

    let sql = "SELECT id::text FROM audit_logs ORDER BY id LIMIT 1 OFFSET 1";
    let id: String = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
    run(
        &mut connection,
        &format!(
            "SET session_replication_role = replica; UPDATE audit_logs SET user_id = 'somebody else' WHERE id = '{id}'"
        ),
    )
    .await;
    let found = said(&mut maintain(&url, &verify), 2);
    assert!(found.contains(&format!("row {id} of seal 1 was changed")), "{found}");

    let other = file("other.json", "{\"number\": 1, \"hash\": \"00\"}");
    let error = said(&mut maintain(&url, &["audit", "verify", "--anchor", other.to_str().unwrap()]), 1);
    assert!(error.contains("other.json holds no anchor"), "{error}");
}

/// A member of `taskmaster_admin` can do what the program does, and does not get to remove what retention would not.
#[tokio::test]
async fn the_role_of_the_maintenance_can_do_this_and_cannot_tamper() {
    let database = migrated_database().await;
    let mut owner = PgConnection::connect(&database.url()).await.unwrap();
    run(&mut owner, TEN_DAYS).await;
    let login = database.login(&["taskmaster_admin"]).await.unwrap();
    let url = login.url();

    assert!(said(&mut maintain(url, &["audit", "seal"]), 0).starts_with("sealed 10 rows"));
    let mut command = maintain(url, &["retention", "run"]);
    let done =
        said(command.env("RETENTION_ERROR_LOGS", "36h").env("RETENTION_PERFORMANCE_METRICS", "36h"), 0);
    assert!(done.contains("error_logs                    9 rows"), "{done}");
    assert!(said(&mut maintain(url, &["audit", "verify"]), 0).starts_with("intact ("));

    let mut session = PgConnection::connect(url).await.unwrap();
    for (sql, sqlstate) in [
        ("DELETE FROM audit_logs", "TM004"),
        ("DELETE FROM audit_seal_rows", "TM004"),
        ("UPDATE audit_logs SET user_id = 'x'", "42501"),
        ("UPDATE audit_seals SET newest_at = now()", "42501"),
        ("DELETE FROM audit_seals", "42501"),
        ("TRUNCATE audit_logs", "42501"),
        (
            "INSERT INTO audit_logs (entity_type, entity_id, action) VALUES ('task', gen_random_uuid(), 'create')",
            "42501",
        ),
    ] {
        let error = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut session).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), sqlstate, "{sql}");
    }
}
