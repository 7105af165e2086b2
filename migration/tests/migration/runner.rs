//! How migrations are applied: one process at a time, whole or not at all, and never from edited files.

use std::process::Stdio;

use taskmaster_migration::{MigrateError, State, Target};

use crate::database::{
    column, connect, empty, migrate, migrated, migrations, printed, program, run, value, wait_until,
};

#[tokio::test]
async fn fault_17_of_eight_processes_at_once_one_applies_and_none_fails() {
    let database = empty().await;
    let children: Vec<_> = (0..8)
        .map(|_| {
            program(&database.url(), &["up"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let outputs: Vec<String> =
        children.into_iter().map(|child| printed(&child.wait_with_output().unwrap())).collect();
    let all_applied = format!("applied {} migrations", migrations().len());
    let applied = outputs.iter().filter(|text| text.starts_with(&all_applied)).count();
    let idle = outputs.iter().filter(|text| text.starts_with("nothing to apply")).count();
    assert_eq!((applied, idle), (1, 7), "{outputs:?}");
}

#[tokio::test]
async fn tenants_are_migrated_side_by_side() {
    let database = empty().await;
    let url = database.url();
    let children: Vec<_> = ["a", "b", "a", "b"]
        .into_iter()
        .map(|tenant| {
            program(&url, &["up", "--schema", tenant])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    let mut connection = connect(&database).await;
    for tenant in ["a", "b"] {
        let applied: i64 =
            value(&mut connection, &format!("SELECT count(*) FROM {tenant}.schema_migrations")).await;
        assert_eq!(usize::try_from(applied).unwrap(), migrations().len());
    }
    let elsewhere: Option<String> =
        value(&mut connection, "SELECT to_regclass('public.seaql_migrations')::text").await;
    assert_eq!(elsewhere, None);
}

#[tokio::test]
async fn killed_in_mid_migration_it_leaves_nothing_half_done_and_goes_on_later() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    let mut watcher = connect(&database).await;
    printed(&migrate(&database.url(), &["up", "4"]));
    // The next migration makes its table, and then waits for its foreign key to the table that is locked here.
    run(&mut connection, "BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await;
    let mut child =
        program(&database.url(), &["up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'taskmaster-migrate'";
    wait_until(&mut watcher, &format!("SELECT EXISTS (SELECT {others} AND wait_event_type = 'Lock')")).await;
    child.kill().unwrap();
    child.wait().unwrap();
    run(&mut connection, "ROLLBACK").await;
    wait_until(&mut watcher, &format!("SELECT NOT EXISTS (SELECT {others})")).await;

    let applied = column(&mut watcher, "SELECT version::text FROM schema_migrations ORDER BY 1").await;
    assert_eq!(applied.len(), 4, "{applied:?}");
    assert_eq!(
        value::<Option<String>>(&mut watcher, "SELECT to_regclass('task_contexts')::text").await,
        None
    );
    let left = format!("applied {} migrations", migrations().len() - 4);
    assert!(printed(&migrate(&database.url(), &["up"])).starts_with(&left));
    printed(&migrate(&database.url(), &["verify"]));
}

#[tokio::test]
async fn a_failing_statement_is_named_by_file_and_line_and_those_before_it_stay() {
    let database = empty().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "CREATE TABLE task_contexts ()").await;
    let target = Target::connect(&database.url(), None).await.unwrap();
    let error = target.up(None).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "m20261122_000005_task_contexts/up.sql, line 3: relation \"task_contexts\" already exists; SQLSTATE: 42P07"
    );
    assert_eq!(target.status().await.unwrap().applied(), 4);
    run(&mut connection, "DROP TABLE task_contexts").await;
    assert_eq!(target.up(None).await.unwrap().len(), migrations().len() - 4);
}

#[tokio::test]
async fn fault_17_a_migration_that_changed_since_is_refused_by_all_that_would_build_on_it() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "UPDATE schema_migrations SET checksum = repeat('0', 64) WHERE version LIKE '%_tasks'",
    )
    .await;
    let target = Target::connect(&database.url(), None).await.unwrap();
    for refused in
        [target.up(None).await.map(drop), target.down(1).await.map(drop), target.plan().await.map(drop)]
    {
        let Err(MigrateError::Changed { schema, versions }) = refused else { panic!("{refused:?}") };
        assert_eq!((schema.as_str(), versions.as_str()), ("public", "m20261122_000004_tasks"));
    }
    let status = target.status().await.unwrap();
    let changed: Vec<_> = status.migrations.iter().filter(|it| it.state == State::Changed).collect();
    assert_eq!(changed.len(), 1);
    let faults = target.verify(None).await.unwrap();
    assert_eq!(faults, ["m20261122_000004_tasks changed after being applied: restore its files"]);
}

#[tokio::test]
async fn a_schema_that_a_newer_program_made_is_refused() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO seaql_migrations VALUES ('m20991231_000001_later', 0);
         INSERT INTO schema_migrations (version) VALUES ('m20991231_000001_later')",
    )
    .await;
    let target = Target::connect(&database.url(), None).await.unwrap();
    for refused in
        [target.up(None).await.map(drop), target.down(1).await.map(drop), target.plan().await.map(drop)]
    {
        let Err(MigrateError::SchemaNewer { versions, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(versions, "m20991231_000001_later");
    }
    let status = target.status().await.unwrap();
    assert_eq!(status.migrations.last().map(|it| it.state), Some(State::Unknown));
}

#[tokio::test]
async fn records_that_contradict_one_another_are_found() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "DELETE FROM schema_migrations WHERE version LIKE '%_api_keys';
         DELETE FROM seaql_migrations WHERE version LIKE '%_views'",
    )
    .await;
    let target = Target::connect(&database.url(), None).await.unwrap();
    assert_eq!(
        target.verify(None).await.unwrap(),
        [
            "m20261122_000009_api_keys is in seaql_migrations, but not in schema_migrations",
            "m20261122_000011_views is in schema_migrations, but not in seaql_migrations: run it again",
        ]
    );
}

#[tokio::test]
async fn status_and_plan_work_without_the_right_to_write() {
    let database = empty().await;
    crate::database::database_setting(&database, "default_transaction_read_only = on").await;
    let url = database.url();
    let status = taskmaster_migration::status(&url, None).await.unwrap();
    assert_eq!((status.applied(), status.pending()), (0, migrations().len()));
    let target = Target::connect(&url, Some("not_there_yet")).await.unwrap();
    assert_eq!(target.status().await.unwrap().pending(), migrations().len());
    assert!(target.plan().await.unwrap().starts_with("CREATE SCHEMA \"not_there_yet\";\n"));
    assert!(matches!(target.up(None).await, Err(MigrateError::ReadOnly { .. })));
}

#[tokio::test]
async fn status_needs_the_right_to_look_into_the_schema_and_to_read_two_tables() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let reader = database.login(&[]).await.unwrap();
    let sql = "REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO $;
               GRANT SELECT ON schema_migrations, seaql_migrations TO $";
    run(&mut connection, &sql.replace('$', &format!("\"{}\"", reader.name()))).await;
    let status = taskmaster_migration::status(reader.url(), Some("public")).await;
    run(&mut connection, &format!("DROP OWNED BY \"{}\"", reader.name())).await;
    assert_eq!(status.unwrap().pending(), 0);
}
