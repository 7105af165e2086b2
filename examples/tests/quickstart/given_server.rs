//! On a server that is named, quickstart works on its own tasks and on no others.

use std::fs;

use taskmaster_embedded::TestDatabase;
use taskmaster_models::{NewTask, Task, TaskFilter, TaskStatus};
use taskmaster_postgres::{PgStore, config::DatabaseConfig};
use taskmaster_repository::Repositories;
use taskmaster_testkit::migrated_database;

use crate::program::{Place, run, succeed};

async fn store_in(database: &TestDatabase, schema: &str) -> PgStore {
    let mut config = DatabaseConfig::from_url(&database.url()).unwrap();
    config.schema = Some(schema.to_owned());
    PgStore::connect_with(config).await.unwrap()
}

/// Adds tasks of another program that are as urgent as can be.
async fn foreign_tasks(store: &PgStore) -> Vec<Task> {
    let mut tasks = Vec::new();
    for title in ["Pay the rent", "Call the dentist"] {
        let task = NewTask { priority: 10, ..NewTask::new(title) };
        tasks.push(store.tasks().create(&task).await.unwrap());
    }
    tasks
}

async fn assert_untouched(store: &PgStore, tasks: &[Task]) {
    for task in tasks {
        assert_eq!(store.tasks().find_by_id(task.id).await.unwrap().as_ref(), Some(task));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_named_gets_a_schema_of_quickstarts_own() {
    let place = Place::new();
    let database = migrated_database().await;
    let public = store_in(&database, "public").await;
    let tasks = foreign_tasks(&public).await;

    let said = succeed(place.quickstart().env("DATABASE_URL", database.url()));

    let first = said.stderr.lines().next().unwrap();
    assert!(first.starts_with("working on schema \"taskmaster_quickstart\" of database "), "{first}");
    assert!(first.contains(database.name()) && first.contains("DATABASE_URL"), "{first}");
    assert!(said.number("completed") > 0);
    assert_untouched(&public, &tasks).await;
    assert_eq!(public.tasks().count(&TaskFilter::default()).await.unwrap(), 2);
    let own = store_in(&database, "taskmaster_quickstart").await;
    assert_eq!(own.tasks().count(&TaskFilter::default()).await.unwrap(), said.number("total"));
    assert!(!place.data_dir().exists(), "a server was started as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_schema_that_it_is_told_to_use_it_completes_no_task_that_it_has_not_imported() {
    let place = Place::new();
    let database = migrated_database().await;
    let public = store_in(&database, "public").await;
    let tasks = foreign_tasks(&public).await;
    let file = place.file_of(5);
    // Nothing holds the lock of this run, as if it had been killed.
    let claimed = NewTask {
        status: TaskStatus::InProgress,
        assigned_to: Some("quickstart-00c0ffee".to_owned()),
        ..NewTask::new("not imported")
    };
    let claimed = public.tasks().create(&claimed).await.unwrap();

    let mut quickstart = place.quickstart();
    quickstart.arg(&file).args(["--schema", "public"]).env("DATABASE_URL", database.url());
    let said = succeed(&mut quickstart);

    assert!(said.stdout.contains("quickstart did not import"), "{}", said.stdout);
    assert_eq!(said.number("tasks added"), 5);
    assert_eq!(said.number("worked on"), 0);
    assert_untouched(&public, &tasks).await;
    assert_untouched(&public, &[claimed]).await;

    // Once these are out of the way it goes on with its own.
    for task in &tasks {
        public.tasks().update_status(task.id, TaskStatus::Cancelled, "done by hand".into()).await.unwrap();
    }
    assert_eq!(succeed(&mut quickstart).number("worked on"), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_and_a_file_name_the_server_as_well_as_a_url() {
    let place = Place::new();
    let database = migrated_database().await;
    let config = DatabaseConfig::from_url(&database.url()).unwrap();
    let mut with_variables = place.quickstart();
    with_variables.args(["--work", "1"]);
    with_variables.env("DB_HOST", &config.hosts[0].name).env("DB_PORT", config.hosts[0].port.to_string());
    with_variables.env("DB_NAME", &config.database).env("DB_USER", &config.user);
    let said = succeed(&mut with_variables);
    assert!(said.stderr.contains("named by DB_NAME (environment)"), "{}", said.stderr);

    let file = place.file("settings.toml", format!("[database]\nurl = {:?}\n", database.url()));
    let mut with_file = place.quickstart();
    with_file.args(["--work", "1", "--config"]).arg(&file);
    let said = succeed(&mut with_file);
    assert!(said.stderr.contains("named by url ("), "{}", said.stderr);
    assert_eq!(said.number("tasks added"), 0, "it is the same database");
    assert!(!place.data_dir().exists());

    fs::write(&file, "[database]\nname = \"half\"\n").unwrap();
    let said = run(&mut with_file);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("user: is not set") && !place.data_dir().exists(), "{}", said.stderr);
}
