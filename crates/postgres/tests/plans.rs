//! The plan of every query on 100,000 tasks: none reads a large table from end to end.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use serde_json::json;
use taskmaster_models::{
    ContextType, DependencyType, NewTask, NewTaskContext, NewTaskDependency, NewWorkflowState, PageRequest,
    RetryRequest, SearchRequest, TaskContextFilter, TaskContextPatch, TaskContextSort, TaskDependencyFilter,
    TaskDependencySort, TaskFilter, TaskId, TaskPatch, TaskSort, TaskStatus, WorkflowStateFilter,
    WorkflowStatePatch, WorkflowStateSort, WorkflowStatus, clock,
};
use taskmaster_postgres::PgStore;
use taskmaster_repository::Repositories;
use taskmaster_testkit::migrated_database;

/// 100,000 tasks (one in a hundred with a parent), as many contexts, dependencies and workflow states.
const FILL: &str = "
    SET session_replication_role = replica;
    INSERT INTO tasks (id, title, description, type, status, priority, assigned_to, tags, parent_task_id, created_at)
    SELECT md5(n::text)::uuid, 'Task ' || n, 'Words about needle' || n, 'type' || n % 50,
           (ARRAY['pending','completed','failed','in_progress','cancelled'])[1 + n % 5], n % 11, 'worker' || n % 500,
           jsonb_build_array('tag' || n % 700), CASE WHEN n % 100 = 0 THEN md5((n - 1)::text)::uuid END,
           now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;
    INSERT INTO task_contexts (id, task_id, context_type, context_data, created_at)
    SELECT md5('c' || n)::uuid, md5((1 + n / 3)::text)::uuid, (ARRAY['requirement','error','workflow'])[1 + n % 3],
           jsonb_build_object('word', 'straw' || n), now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;
    INSERT INTO task_dependencies (id, parent_task_id, child_task_id, dependency_type, created_at)
    SELECT md5('d' || n)::uuid, md5(n::text)::uuid, md5((n + 1)::text)::uuid, 'blocks', now() - n * interval '1 second'
      FROM generate_series(1, 99999) n;
    INSERT INTO workflow_states (id, workflow_id, task_id, step, status, error_message, retry_count, started_at)
    SELECT md5('w' || n)::uuid, 'flow' || n / 5, md5(n::text)::uuid, 'step' || n % 200,
           CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END, CASE WHEN n % 100 = 0 THEN 'oops' END, 0,
           now() - n * interval '1 second'
      FROM generate_series(1, 100000) n;
    SET session_replication_role = DEFAULT;
    ANALYZE";

/// A store that remembers the statements it runs.
struct Recorder {
    store: PgStore,
    statements: Arc<Mutex<Vec<Statement>>>,
}

impl Recorder {
    async fn new(url: &str) -> Self {
        let statements: Arc<Mutex<Vec<Statement>>> = Arc::default();
        let mut db = Database::connect(url).await.unwrap();
        let memory = Arc::clone(&statements);
        db.set_metric_callback(move |info| memory.lock().unwrap().push(info.statement.clone()));
        Self { store: PgStore::new(db), statements }
    }

    /// The plans of the statements that ran since the last call, and a fault for each that reads a table from end to end.
    async fn faults(&self, what: &str, db: &DatabaseConnection) -> Vec<String> {
        let statements = std::mem::take(&mut *self.statements.lock().unwrap());
        assert!(!statements.is_empty(), "{what} ran no statement");
        let mut faults = Vec::new();
        for statement in statements {
            let Statement { sql, values, .. } = statement;
            let explain =
                Statement { sql: format!("EXPLAIN {sql}"), values, db_backend: DbBackend::Postgres };
            let rows = db.query_all_raw(explain).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get("", "QUERY PLAN").unwrap()).collect();
            let plan = plan.join("\n");
            if plan.contains("Seq Scan") {
                faults.push(format!("{what}:\n{sql}\n{plan}\n"));
            }
        }
        faults
    }
}

/// Runs calls one after the other and collects the faults of each one's plans.
macro_rules! plans {
    ($recorder:ident, $db:ident, $faults:ident; $( $call:expr; )+) => {
        $(
            $call.await.unwrap();
            $faults.extend($recorder.faults(stringify!($call), $db).await);
        )+
    };
}

#[tokio::test]
async fn no_query_reads_100_000_rows_for_a_few() {
    let database = migrated_database().await;
    let db = Database::connect(database.url()).await.unwrap();
    db.execute_unprepared(FILL).await.unwrap();
    let recorder = Recorder::new(&database.url()).await;

    let mut faults = plans_of_tasks(&recorder, &db).await;
    faults.extend(plans_of_contexts(&recorder, &db).await);
    faults.extend(plans_of_dependencies(&recorder, &db).await);
    faults.extend(plans_of_states(&recorder, &db).await);

    assert!(faults.is_empty(), "{} plans read a table from end to end:\n{}", faults.len(), faults.join("\n"));
}

/// One of the tasks of [`FILL`].
fn some_task() -> TaskId {
    TaskId::from_uuid("c4ca4238-a0b9-2382-0dcc-509a6f75849b".parse().unwrap())
}

async fn plans_of_tasks(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let tasks = recorder.store.tasks();
    let mut faults = Vec::new();
    let task =
        tasks.find_by(&TaskFilter::default(), &PageRequest::new(TaskSort::CreatedAt)).await.unwrap().items[7]
            .clone();
    let yesterday = Some(clock::now() - chrono::TimeDelta::minutes(2));
    let tagged = TaskFilter { tags: vec!["tag7".to_owned()], ..TaskFilter::default() };
    let assigned = TaskFilter { assigned_to: Some("worker7".to_owned()), ..TaskFilter::default() };
    let typed = TaskFilter { task_type: Some("type7".to_owned()), ..TaskFilter::default() };
    let pending = TaskFilter { status: Some(TaskStatus::Pending), ..TaskFilter::default() };
    let urgent = TaskFilter { priority: Some(0), ..TaskFilter::default() };
    let parts = TaskFilter { parent_task_id: Some(task.id), ..TaskFilter::default() };
    let recent = TaskFilter { created_after: yesterday, ..TaskFilter::default() };
    let all = TaskFilter::default();
    plans! { recorder, db, faults;
        tasks.create(&NewTask::new("a"));
        tasks.bulk_create(&[NewTask::new("a"), NewTask::new("b")]);
        tasks.create_missing(&[NewTask::new("a")]);
        tasks.find_by_id(task.id);
        tasks.find_by(&all, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&all, &PageRequest::new(TaskSort::CreatedAt).ascending());
        tasks.find_by(&all, &PageRequest::new(TaskSort::UpdatedAt));
        tasks.find_by(&all, &PageRequest::new(TaskSort::Priority));
        tasks.find_by(&all, &PageRequest::new(TaskSort::ComplexityScore));
        tasks.find_by(&all, &PageRequest::new(TaskSort::Title));
        tasks.find_by(&all, &PageRequest::new(TaskSort::Title).ascending());
        tasks.find_by(&tagged, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&assigned, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&typed, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&pending, &PageRequest::new(TaskSort::Priority));
        tasks.find_by(&urgent, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&parts, &PageRequest::new(TaskSort::CreatedAt));
        tasks.find_by(&recent, &PageRequest::new(TaskSort::CreatedAt));
        tasks.count(&tagged);
        tasks.count(&assigned);
        tasks.count(&recent);
        tasks.statistics(&assigned);
        tasks.statistics(&recent);
        tasks.update(task.id, &TaskPatch { priority: Some(3), ..TaskPatch::default() });
        tasks.update_status(task.id, TaskStatus::Failed, json!({}));
        tasks.complete(task.id, None, json!({}));
        tasks.search(&SearchRequest::new("needle777"));
        tasks.find_with_contexts(task.id, 10);
        tasks.find_ready(10);
        tasks.claim_ready("worker", 10);
        tasks.delete(task.id);
    }
    faults
}

async fn plans_of_contexts(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let contexts = recorder.store.task_contexts();
    let task_id = some_task();
    let mut faults = Vec::new();
    let newest = PageRequest::new(TaskContextSort::CreatedAt);
    let context =
        contexts.create(&NewTaskContext::new(task_id, ContextType::Error, json!({}))).await.unwrap();
    let of_task = TaskContextFilter::task(task_id);
    let of_type =
        TaskContextFilter { context_type: Some(ContextType::Error), ..TaskContextFilter::default() };
    plans! { recorder, db, faults;
        contexts.bulk_create(&[NewTaskContext::new(task_id, ContextType::Error, json!({}))]);
        contexts.find_by_id(context.id);
        contexts.find_by(&TaskContextFilter::default(), &newest);
        contexts.find_by(&of_task, &newest);
        contexts.find_by(&of_type, &newest);
        contexts.count(&of_task);
        contexts.statistics(&of_task);
        contexts.find_latest_by_type(task_id, ContextType::Error);
        contexts.full_context(task_id);
        contexts.task_timeline(task_id, &newest.clone().ascending());
        contexts.search(&SearchRequest::new("straw777"), None);
        contexts.search(&SearchRequest::new("straw777"), Some(ContextType::Error));
        contexts.update(context.id, &TaskContextPatch { metadata: Some(serde_json::Map::default()), ..Default::default() });
        contexts.delete(context.id);
        contexts.delete_by_task_id(task_id);
    }
    faults
}

async fn plans_of_dependencies(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let dependencies = recorder.store.task_dependencies();
    let task_id = some_task();
    let mut faults = Vec::new();
    let other = recorder.store.tasks().create(&NewTask::new("other")).await.unwrap();
    let edge = NewTaskDependency::new(task_id, other.id, DependencyType::Blocks);
    recorder.statements.lock().unwrap().clear();
    let by_time = PageRequest::new(TaskDependencySort::CreatedAt);
    plans! { recorder, db, faults;
        dependencies.create(&edge);
        dependencies.create_missing(&[NewTaskDependency::new(other.id, task_id, DependencyType::Blocks)]);
        dependencies.find_by_id(edge.id);
        dependencies.find_by(&TaskDependencyFilter::default(), &by_time);
        dependencies.find_by(&TaskDependencyFilter { parent_task_id: Some(task_id), ..Default::default() }, &by_time);
        dependencies.find_by(&TaskDependencyFilter { child_task_id: Some(task_id), ..Default::default() }, &by_time);
        dependencies.count(&TaskDependencyFilter { child_task_id: Some(task_id), ..Default::default() });
        dependencies.find_for_task(task_id);
        dependencies.delete(edge.id);
    }
    faults
}

async fn plans_of_states(recorder: &Recorder, db: &DatabaseConnection) -> Vec<String> {
    let states = recorder.store.workflow_states();
    let task_id = some_task();
    let mut faults = Vec::new();
    let by_start = PageRequest::new(WorkflowStateSort::StartedAt);
    let state = states.create(&NewWorkflowState::new("flow", "step", WorkflowStatus::Running)).await.unwrap();
    recorder.statements.lock().unwrap().clear();
    let flow = WorkflowStateFilter::workflow("flow7");
    let step = WorkflowStateFilter { step: Some("step7".to_owned()), ..WorkflowStateFilter::default() };
    let failed =
        WorkflowStateFilter { status: Some(WorkflowStatus::Failed), ..WorkflowStateFilter::default() };
    plans! { recorder, db, faults;
        states.bulk_create(&[NewWorkflowState::new("flow", "step", WorkflowStatus::Running)]);
        states.find_by_id(state.id);
        states.find_by(&WorkflowStateFilter::default(), &by_start);
        states.find_by(&step, &by_start);
        states.find_by(&failed, &by_start);
        states.find_by_workflow_id("flow7", &by_start);
        states.find_by_task_id(task_id, &by_start);
        states.count(&flow);
        states.statistics(&flow);
        states.find_latest("flow7");
        states.update(state.id, &WorkflowStatePatch { retry_count: Some(1), ..WorkflowStatePatch::default() });
        states.update_status(state.id, WorkflowStatus::Running);
        states.set_result(state.id, json!(1));
        states.set_error(state.id, "oops");
        states.increment_retry(state.id, None);
        states.workflow_progress("flow7");
        states.workflow_timeline("flow7", &by_start);
        states.retryable_failed_states(&RetryRequest::default());
        states.claim_retryable(&RetryRequest::default());
        states.delete(state.id);
        states.delete_by_workflow_id("flow7");
    }
    faults
}
