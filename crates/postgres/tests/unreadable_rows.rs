//! Rows that another client wrote and that no model can hold: an error that says where, never a default.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use sea_orm::{ConnectionTrait, Database};
use taskmaster_models::{NewTask, PageRequest, TaskFilter, TaskSort};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{Repositories, RepositoryError};
use taskmaster_testkit::migrated_database;

/// Stores a task, changes its row by `sql` (in which `$id` stands for its id), and returns what reading it ends with.
async fn read_after(sql: &str) -> RepositoryError {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    db.execute_unprepared(&sql.replace("$id", &format!("'{}'", task.id))).await.unwrap();

    let one = store.tasks().find_by_id(task.id).await.unwrap_err();
    let page = PageRequest::new(TaskSort::CreatedAt);
    let many = store.tasks().find_by(&TaskFilter::default(), &page).await.unwrap_err();
    assert_eq!(one.to_string(), many.to_string());
    assert!(one.to_string().contains(&task.id.to_string()), "the row is not named: {one}");
    one
}

fn place(error: &RepositoryError) -> (&str, &str) {
    match error {
        RepositoryError::Inconsistent { table, column, .. } => (table, column.trim_matches('"')),
        other => panic!("expected Inconsistent, got {other:?}"),
    }
}

#[tokio::test]
async fn json_that_nests_1000_deep_names_its_column() {
    let error = read_after(
        "UPDATE tasks SET metadata = jsonb_build_object('deep', (repeat('[', 1000) || repeat(']', 1000))::jsonb) \
         WHERE id = $id",
    )
    .await;
    assert_eq!(place(&error), ("tasks", "metadata"));
}

#[tokio::test]
async fn a_status_that_the_program_does_not_know_names_its_column() {
    let error = read_after(
        "ALTER TABLE tasks DROP CONSTRAINT tasks_status_check; UPDATE tasks SET status = 'paused' WHERE id = $id",
    )
    .await;
    assert_eq!(place(&error), ("tasks", "status"));
    assert!(error.to_string().contains("paused"), "{error}");
}

#[tokio::test]
async fn tags_of_another_shape_name_their_column() {
    let error = read_after(
        "ALTER TABLE tasks DROP CONSTRAINT tasks_tags_check; UPDATE tasks SET tags = '[1]' WHERE id = $id",
    )
    .await;
    assert_eq!(place(&error), ("tasks", "tags"));
}

#[tokio::test]
async fn a_number_that_no_reader_can_hold_names_its_column() {
    let error = read_after("UPDATE tasks SET metadata = '{\"n\": 1e400}' WHERE id = $id").await;
    assert_eq!(place(&error), ("tasks", "metadata"));
}

#[tokio::test]
async fn times_that_no_reader_can_hold_are_refused_by_the_database() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    for time in ["infinity", "-infinity", "294276-12-31", "4713-01-01 BC", "10000-01-01"] {
        let error = db
            .execute_unprepared(&format!("INSERT INTO tasks (title, created_at) VALUES ('a', '{time}')"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("tasks_times_check"), "{time}: {error}");
    }
}
