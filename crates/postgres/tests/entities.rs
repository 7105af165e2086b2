//! The feature `entities`: SeaORM's queries on a `Database`.

use sea_orm::{
    ColumnTrait, EntityTrait, IdenStatic, Iterable, LoaderTrait, ModelTrait, QueryFilter, QueryOrder,
};
use taskmaster_models::{ContextType, NewTask, NewTaskContext, TaskId};
use taskmaster_postgres::{
    Database, PgStore,
    config::DatabaseConfig,
    entities::{api_keys, task_contexts, tasks},
};
use taskmaster_repository::Repositories;
use taskmaster_testkit::migrated_database;

#[tokio::test]
async fn seaorm_finds_what_the_repositories_wrote_and_follows_relations() {
    let server = migrated_database().await;
    let database = Database::connect(DatabaseConfig::from_url(&server.url()).unwrap()).await.unwrap();
    let store = PgStore::new(database.clone());
    let parent = store.tasks().create(&NewTask::new("Brew")).await.unwrap();
    let new = NewTask { parent_task_id: Some(parent.id), priority: 8, ..NewTask::new("Pour") };
    let child = store.tasks().create(&new).await.unwrap();
    let context = NewTaskContext::new(child.id, ContextType::Codebase, serde_json::json!({"beans": 2}));
    store.task_contexts().create(&context).await.unwrap();

    let found = tasks::Entity::find()
        .filter(tasks::Column::Status.eq("pending"))
        .order_by_desc(tasks::Column::Priority)
        .all(&database)
        .await
        .unwrap();
    let ids: Vec<_> = found.iter().map(|task| TaskId::from_uuid(task.id)).collect();
    assert_eq!(ids, [child.id, parent.id]);

    let contexts = found.load_many(task_contexts::Entity, &database).await.unwrap();
    assert_eq!(contexts.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    let task = contexts[0][0].find_related(tasks::Entity).one(&database).await.unwrap();
    assert_eq!(task.map(|task| task.title), Some("Pour".to_owned()));
}

#[test]
fn the_hashes_of_api_keys_are_no_columns() {
    let columns: Vec<&str> = api_keys::Column::iter().map(|column| column.as_str()).collect();
    assert!(columns.contains(&"key_prefix"));
    assert!(!columns.iter().any(|column| column.contains("hash")), "{columns:?}");
}
