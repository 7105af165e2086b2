//! How many statements each call sends.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use sea_orm::Database;
use serde_json::json;
use taskmaster_models::{
    Actor, MetricType, NewMetric, NewTask, NewWorkflowState, PageRequest, TaskFilter, TaskPatch, TaskStatus,
    WorkflowStatus,
};
use taskmaster_postgres::Pg;
use taskmaster_repository::{Repositories, Store};
use taskmaster_testkit::migrated_database;

#[tokio::test]
async fn fault_26_a_call_sends_one_statement_and_an_actor_no_further_one() {
    let database = migrated_database().await;
    let mut db = Database::connect(database.url()).await.unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    db.set_metric_callback(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let anybody = Pg::new(db);
    let somebody = anybody.acting_as(&Actor::user("ci-bot")).unwrap();
    let stores: [&dyn Repositories; 2] = [&anybody, &*somebody];
    for store in stores {
        let (tasks, states, metrics) = (store.tasks(), store.workflow_states(), store.metrics());
        let one = |what: &str| assert_eq!(sent.swap(0, Ordering::Relaxed), 1, "{what}");
        let task = tasks.create(&NewTask::new("a")).await.unwrap();
        one("create");
        tasks.bulk_create(&[NewTask::new("b"), NewTask::new("c")]).await.unwrap();
        one("bulk_create");
        tasks.find_by_id(task.id).await.unwrap();
        one("find_by_id");
        tasks.find_by(&TaskFilter::default(), &PageRequest::default()).await.unwrap();
        one("find_by");
        let patch = TaskPatch { priority: Some(3), expected_version: Some(1), ..TaskPatch::default() };
        tasks.update(task.id, &patch).await.unwrap();
        one("update");
        tasks.update_status(task.id, TaskStatus::InProgress, json!({})).await.unwrap();
        one("update_status");
        tasks.complete(task.id, None, json!({})).await.unwrap();
        one("complete");
        tasks.claim_ready("worker", 1).await.unwrap();
        one("claim_ready");
        tasks.delete(task.id).await.unwrap();
        one("delete");
        let state = NewWorkflowState::new("release", "build", WorkflowStatus::Running);
        let state = states.create(&state).await.unwrap();
        one("create of a state");
        states.set_result(state.id, json!(1)).await.unwrap();
        one("set_result");
        states.increment_retry(state.id, None).await.unwrap();
        one("increment_retry");
        metrics.record_many(&[NewMetric::new(MetricType::Task, "hours", 1.0)]).await.unwrap();
        one("record_many");
    }
}
