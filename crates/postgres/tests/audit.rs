//! The audit trail of what the store writes: whose it is, and what it says.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};
use taskmaster_models::{Actor, NewTask, TaskPatch, TaskStatus};
use taskmaster_postgres::{Pg, PgStore};
use taskmaster_repository::{Repositories, Store};
use taskmaster_testkit::migrated_database;

/// The trail, oldest first: action, user, session, address, agent, old values, new values.
async fn trail(db: &DatabaseConnection, entity_type: &str) -> Vec<Value> {
    let sql = "SELECT json_build_object('action', action, 'user', user_id, 'session', session_id, \
                  'address', host(ip_address), 'agent', user_agent, 'old', old_values, 'new', new_values) AS entry \
               FROM audit_logs WHERE entity_type = $1 ORDER BY timestamp, id";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [entity_type.into()]);
    let rows = db.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "entry").unwrap()).collect()
}

fn somebody() -> Actor {
    Actor {
        user_id: Some("o'brien \"ci\" \\ 🦀".to_owned()),
        session_id: Some("run-7".to_owned()),
        ip_address: Some("2001:db8::7".parse().unwrap()),
        user_agent: Some("pipeline/1.0".to_owned()),
    }
}

#[tokio::test]
async fn each_kind_of_write_carries_its_actor() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().acting_as(&somebody()).unwrap();

    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let more = store.tasks().bulk_create(&[NewTask::new("b"), NewTask::new("c")]).await.unwrap();
    store.tasks().create_missing(&[NewTask::new("d")]).await.unwrap();
    let patch = TaskPatch { priority: Some(3), ..TaskPatch::default() };
    store.tasks().update(task.id, &patch).await.unwrap();
    store.tasks().update_status(task.id, TaskStatus::Failed, json!(null)).await.unwrap();
    store.tasks().complete(task.id, None, json!({})).await.unwrap();
    store.tasks().claim_ready("worker", 1).await.unwrap();
    store.tasks().delete(more[1].id).await.unwrap();

    let trail = trail(&db, "task").await;
    let actions: Vec<_> = trail.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "create",
            "create",
            "create",
            "create",
            "update",
            "status_change",
            "status_change",
            "status_change",
            "delete"
        ]
    );
    for entry in &trail {
        assert_eq!(entry["user"], "o'brien \"ci\" \\ 🦀");
        assert_eq!(entry["session"], "run-7");
        assert_eq!(entry["address"], "2001:db8::7");
        assert_eq!(entry["agent"], "pipeline/1.0");
    }
    assert_eq!(trail[4]["old"]["priority"], 0);
    assert_eq!(trail[4]["new"]["priority"], 3);
    assert_eq!(trail[4]["new"].get("title"), None, "only what changed is told");
    assert_eq!(trail[5]["new"]["status"], "failed");
}

#[tokio::test]
async fn fault_16_the_actor_ends_with_the_statement_and_does_not_reach_the_next_user_of_the_connection() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let mut options = sea_orm::ConnectOptions::new(database.url());
    options.max_connections(1);
    let store = Pg::new(Database::connect(options).await.unwrap());

    store.acting_as(&somebody()).unwrap().tasks().create(&NewTask::new("theirs")).await.unwrap();
    store.tasks().create(&NewTask::new("nobody's")).await.unwrap();

    let trail = trail(&db, "task").await;
    assert_eq!(trail[0]["session"], "run-7");
    assert_eq!(trail[1]["session"], Value::Null);
}

#[tokio::test]
async fn a_unit_of_work_carries_the_actor_of_its_store_and_leaves_no_trail_when_rolled_back() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap().acting_as(&Actor::user("ci-bot")).unwrap();

    let uow = store.begin().await.unwrap();
    uow.tasks().create(&NewTask::new("kept")).await.unwrap();
    uow.commit().await.unwrap();
    let uow = store.begin().await.unwrap();
    uow.tasks().create(&NewTask::new("dropped")).await.unwrap();
    uow.rollback().await.unwrap();

    let trail = trail(&db, "task").await;
    assert_eq!(trail.len(), 1);
    assert_eq!(trail[0]["user"], "ci-bot");
    assert_eq!(trail[0]["new"]["title"], "kept");
}

#[tokio::test]
async fn a_status_change_that_changes_nothing_leaves_no_trail() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    let store = PgStore::connect(&database.url()).await.unwrap();

    let task = store.tasks().create(&NewTask::new("a")).await.unwrap();
    let same = store.tasks().update_status(task.id, TaskStatus::Pending, json!("why not")).await.unwrap();

    assert_eq!(same, task);
    assert_eq!(trail(&db, "task").await.len(), 1);
    assert_eq!(trail(&db, "task_context").await.len(), 0);
}
