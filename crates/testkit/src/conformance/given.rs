//! What the cases begin with.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use taskmaster_models::{
    ContextType, DependencyType, Environment, ErrorLog, ErrorType, MetricType, NewApiKey, NewErrorLog,
    NewMetric, NewTask, NewTaskContext, NewTaskDependency, NewWorkflowState, Permission, Service, Task,
    TaskContext, TaskDependency, TaskId, TaskStatus, WorkflowState, WorkflowStatus,
};
use taskmaster_repository::{IssuedApiKey, Repositories};

/// A time so many seconds after the beginning of a day in the past.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    time("2026-01-01T00:00:00Z") + TimeDelta::seconds(seconds)
}

pub(super) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn object(json: &Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

/// A new task made at a known time.
pub(super) fn new_task(title: &str, made: i64) -> NewTask {
    NewTask { created_at: at(made), updated_at: at(made), ..NewTask::new(title) }
}

/// A new task in which each field has a value.
pub(super) fn full_task() -> NewTask {
    NewTask {
        description: Some("Passwords are over.\n\tReally.".to_owned()),
        task_type: "feature".to_owned(),
        status: TaskStatus::Completed,
        priority: 8,
        complexity_score: 9,
        affected_files: vec![json!("src/login.rs"), json!({"path": "src/key.rs", "lines": [1, 20]})],
        requirements: vec![json!("works on phones")],
        acceptance_criteria: vec![json!("a phone logs in"), json!(null), json!(3)],
        assigned_to: Some("ada".to_owned()),
        tags: vec!["auth".to_owned(), "mobile".to_owned()],
        estimated_hours: Some("3.5".parse().unwrap()),
        actual_hours: Some("4.25".parse().unwrap()),
        updated_at: at(20),
        completed_at: Some(at(15)),
        metadata: object(&json!({"source": {"tool": "import", "ids": [1, 2]}, "empty": {}})),
        ..new_task("Log in with a passkey", 10)
    }
}

/// Stores a pending task.
pub(super) async fn task(store: &dyn Repositories, title: &str) -> Task {
    store.tasks().create(&NewTask::new(title)).await.unwrap()
}

/// Stores a task in some status.
pub(super) async fn task_in(store: &dyn Repositories, status: TaskStatus) -> Task {
    store.tasks().create(&NewTask { status, ..NewTask::new(status.as_str()) }).await.unwrap()
}

/// A new context made at a known time.
pub(super) fn new_context(task_id: TaskId, context_type: ContextType, made: i64) -> NewTaskContext {
    NewTaskContext {
        created_at: at(made),
        ..NewTaskContext::new(task_id, context_type, json!({"made": made}))
    }
}

/// Stores a context.
pub(super) async fn context(
    store: &dyn Repositories,
    task_id: TaskId,
    context_type: ContextType,
    made: i64,
) -> TaskContext {
    store.task_contexts().create(&new_context(task_id, context_type, made)).await.unwrap()
}

/// Stores a dependency.
pub(super) async fn dependency(
    store: &dyn Repositories,
    parent: TaskId,
    child: TaskId,
    dependency_type: DependencyType,
) -> TaskDependency {
    let new = NewTaskDependency::new(parent, child, dependency_type);
    store.task_dependencies().create(&new).await.unwrap()
}

/// A new workflow state begun at a known time.
pub(super) fn new_state(
    workflow_id: &str,
    step: &str,
    status: WorkflowStatus,
    begun: i64,
) -> NewWorkflowState {
    NewWorkflowState { started_at: at(begun), ..NewWorkflowState::new(workflow_id, step, status) }
}

/// Stores a workflow state.
pub(super) async fn state(
    store: &dyn Repositories,
    workflow_id: &str,
    step: &str,
    status: WorkflowStatus,
    begun: i64,
) -> WorkflowState {
    store.workflow_states().create(&new_state(workflow_id, step, status, begun)).await.unwrap()
}

/// A new error that happened at a known time.
pub(super) fn new_error(message: &str, happened: i64) -> NewErrorLog {
    NewErrorLog { created_at: at(happened), ..NewErrorLog::new(ErrorType::General, message) }
}

/// Stores an error.
pub(super) async fn error(store: &dyn Repositories, message: &str, happened: i64) -> ErrorLog {
    store.error_logs().create(&new_error(message, happened)).await.unwrap()
}

/// A new metric measured at a known time.
pub(super) fn new_metric(metric_type: MetricType, name: &str, value: f64, measured: i64) -> NewMetric {
    NewMetric { timestamp: at(measured), ..NewMetric::new(metric_type, name, value) }
}

/// A new API key made at a known time, which may do anything.
pub(super) fn new_api_key(name: &str, made: i64) -> NewApiKey {
    NewApiKey {
        created_at: at(made),
        permissions: vec![Permission::all()],
        ..NewApiKey::new(name, Service::Codegen, Environment::Production)
    }
}

/// Issues an API key that may do anything.
pub(super) async fn api_key(store: &dyn Repositories, name: &str) -> IssuedApiKey {
    store.api_keys().create(&new_api_key(name, 0)).await.unwrap()
}

/// Permissions from their texts.
pub(super) fn permissions(texts: &[&str]) -> Vec<Permission> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}
