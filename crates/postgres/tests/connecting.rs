//! Connecting to what is not there, or not as it should be: one clear sentence, and never the password.

use sea_orm::{ConnectionTrait, Database};
use taskmaster_models::{NewTask, TaskFilter};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{Repositories, RepositoryError, Store};
use taskmaster_testkit::migrated_database;

/// What an error says that only a person can mend.
fn reason(error: &RepositoryError) -> String {
    assert!(matches!(error, RepositoryError::Refused { .. }), "{error:?}");
    assert!(!error.is_retryable());
    error.to_string()
}

#[tokio::test]
async fn an_unknown_database_is_named() {
    let database = migrated_database().await;
    let url = database.url().replace(database.name(), "nowhere");
    let error = PgStore::connect(&url).await.unwrap_err();
    let reason = reason(&error);
    assert!(reason.contains("nowhere") && reason.contains("create the database"), "{reason}");
}

#[tokio::test]
async fn an_unreachable_host_is_said_to_be_unreachable_without_the_password() {
    let error = PgStore::connect("postgres://me:hunter2@127.0.0.1:1/tasks").await.unwrap_err();
    assert!(matches!(error, RepositoryError::Unavailable { .. }), "{error:?}");
    assert!(error.is_retryable() && error.to_string().contains("cannot be reached"), "{error}");
    assert!(!format!("{error:?} {error}").contains("hunter2"));
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_the_password() {
    let error = PgStore::connect("postgres//me:hunter2@host").await.unwrap_err();
    assert!(reason(&error).contains("cannot be read"));
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_database_without_the_schema_says_to_migrate() {
    let database = taskmaster_embedded::TestDatabase::empty().await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let error = store.tasks().create(&NewTask::new("a")).await.unwrap_err();
    assert!(reason(&error).contains("cargo xtask migrate up"), "{error}");
}

#[tokio::test]
async fn a_read_only_server_is_for_those_who_take_any_and_it_refuses_writes_by_name() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    db.execute_unprepared(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
    )
    .await
    .unwrap();
    // It may become the primary, so it is only not there now.
    let error = PgStore::connect(&database.url()).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("connect to the primary"), "{error}");

    let separator = if database.url().contains('?') { '&' } else { '?' };
    let any = format!("{}{separator}target_session_attrs=any", database.url());
    let store = PgStore::connect(&any).await.unwrap();
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
    let error = store.tasks().create(&NewTask::new("a")).await.unwrap_err();
    assert!(reason(&error).contains("connect to the primary"), "{error}");
}

#[tokio::test]
async fn a_store_in_a_schema_of_its_own_sees_only_that() {
    let database = migrated_database().await;
    taskmaster_migration::up(&database.url(), Some("tenant_a")).await.unwrap();
    let separator = if database.url().contains('?') { '&' } else { '?' };
    let tenant_url = format!("{}{separator}options=-c%20search_path%3Dtenant_a", database.url());
    let tenant = PgStore::connect(&tenant_url).await.unwrap();
    let public = PgStore::connect(&database.url()).await.unwrap();

    let task = tenant.tasks().create(&NewTask::new("theirs")).await.unwrap();

    assert_eq!(public.tasks().find_by_id(task.id).await.unwrap(), None);
    assert_eq!(tenant.tasks().find_by_id(task.id).await.unwrap(), Some(task));
}

#[tokio::test]
async fn fault_05_a_killed_connection_is_an_error_once_and_the_store_goes_on() {
    let database = migrated_database().await;
    let admin = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.tasks().create(&NewTask::new("lost")).await.unwrap();

    admin
        .execute_unprepared(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();

    let error = uow.tasks().create(&NewTask::new("late")).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(uow.commit().await.is_err());
    // The pool may hold one more connection that it does not know to be dead.
    let all = TaskFilter::default();
    let mut count = store.tasks().count(&all).await;
    if let Err(error) = &count {
        assert!(error.is_retryable(), "{error:?}");
        count = store.tasks().count(&all).await;
    }
    assert_eq!(count.unwrap(), 0);
}
