//! The repositories as a member of each role. All cases of the conformance suite run as the application in
//! `roles_conformance.rs`.

use chrono::TimeDelta;
use serde_json::json;
use taskmaster_models::{
    Actor, ApiKeyFilter, AuditLogFilter, ContextType, DependencyType, Environment, ErrorLog, ErrorLogFilter,
    ErrorType, Metric, MetricAggregateRequest, MetricFilter, MetricType, NewApiKey, NewErrorLog, NewMetric,
    NewTask, NewTaskContext, NewTaskDependency, NewWorkflowState, PageRequest, RetryRequest, SearchRequest,
    SecurityAuditRequest, Service, Task, TaskContext, TaskContextFilter, TaskDependency,
    TaskDependencyFilter, TaskFilter, TaskPatch, TaskStatus, WorkflowState, WorkflowStateFilter,
    WorkflowStatus, clock,
};
use taskmaster_postgres::PgStore;
use taskmaster_repository::{IssuedApiKey, Repositories as _, RepositoryError, Store as _};

use super::{Roles, column};

/// One row of each noun, and the child of the task.
struct Rows {
    task: Task,
    edge: TaskDependency,
    context: TaskContext,
    state: WorkflowState,
    error: ErrorLog,
    key: IssuedApiKey,
    metric: Metric,
}

async fn fill(store: &PgStore) -> Rows {
    let task = store.tasks().create(&NewTask::new("Log in with a passkey")).await.unwrap();
    let child = store.tasks().create(&NewTask::new("Draw the button")).await.unwrap();
    let edge = NewTaskDependency::new(task.id, child.id, DependencyType::Blocks);
    let context = NewTaskContext::new(task.id, ContextType::Codebase, json!({"passkey": 1}));
    let state = NewWorkflowState::new("w", "s", WorkflowStatus::Failed);
    let error = NewErrorLog::new(ErrorType::Network, "passkey lost");
    let key = NewApiKey::new("n", Service::Codegen, Environment::Production);
    let metric = NewMetric::new(MetricType::Query, "m", 1.0);
    Rows {
        edge: store.task_dependencies().create(&edge).await.unwrap(),
        context: store.task_contexts().create(&context).await.unwrap(),
        state: store.workflow_states().create(&state).await.unwrap(),
        error: store.error_logs().create(&error).await.unwrap(),
        key: store.api_keys().create(&key).await.unwrap(),
        metric: store.metrics().record(&metric).await.unwrap(),
        task,
    }
}

#[tokio::test]
async fn a_reader_reads_everything() {
    let roles = Roles::new().await;
    let Rows { task, edge, context, state, error, key, metric } =
        fill(&PgStore::connect(roles.url("app")).await.unwrap()).await;
    let admin = PgStore::connect(roles.url("admin")).await.unwrap();
    assert!(admin.audit_logs().seal().await.unwrap().is_some());
    let store = PgStore::connect(roles.url("readonly")).await.unwrap();
    let now = clock::now();

    let search = SearchRequest::new("passkey");
    let tasks = store.tasks();
    assert_eq!(tasks.find_by_id(task.id).await.unwrap().unwrap().id, task.id);
    assert_eq!(tasks.find_by(&TaskFilter::default(), &PageRequest::default()).await.unwrap().items.len(), 2);
    assert_eq!(tasks.count(&TaskFilter::default()).await.unwrap(), 2);
    assert_eq!(tasks.statistics(&TaskFilter::default()).await.unwrap().total, 2);
    assert_eq!(tasks.search(&search).await.unwrap().len(), 1);
    assert!(tasks.find_with_contexts(task.id, 10).await.unwrap().is_some());
    assert_eq!(tasks.find_ready(10).await.unwrap().len(), 1);
    let contexts = store.task_contexts();
    assert!(contexts.find_by_id(context.id).await.unwrap().is_some());
    contexts.find_by(&TaskContextFilter::default(), &PageRequest::default()).await.unwrap();
    contexts.count(&TaskContextFilter::default()).await.unwrap();
    contexts.statistics(&TaskContextFilter::default()).await.unwrap();
    contexts.full_context(task.id).await.unwrap();
    contexts.find_latest_by_type(task.id, ContextType::Codebase).await.unwrap();
    contexts.task_timeline(task.id, &PageRequest::default()).await.unwrap();
    let edges = store.task_dependencies();
    assert!(edges.find_by_id(edge.id).await.unwrap().is_some());
    edges.find_by(&TaskDependencyFilter::default(), &PageRequest::default()).await.unwrap();
    edges.count(&TaskDependencyFilter::default()).await.unwrap();
    edges.find_for_task(task.id).await.unwrap();
    let states = store.workflow_states();
    assert!(states.find_by_id(state.id).await.unwrap().is_some());
    states.find_by(&WorkflowStateFilter::default(), &PageRequest::default()).await.unwrap();
    states.count(&WorkflowStateFilter::default()).await.unwrap();
    states.find_latest("w").await.unwrap();
    states.workflow_progress("w").await.unwrap();
    states.statistics(&WorkflowStateFilter::default()).await.unwrap();
    let retry = RetryRequest::default();
    assert_eq!(states.retryable_failed_states(&retry).await.unwrap().len(), 1);
    states.workflow_timeline("w", &PageRequest::default()).await.unwrap();
    let errors = store.error_logs();
    assert!(errors.find_by_id(error.id).await.unwrap().is_some());
    errors.find_by(&ErrorLogFilter::default(), &PageRequest::default()).await.unwrap();
    errors.count(&ErrorLogFilter::default()).await.unwrap();
    errors.critical_errors(&PageRequest::default()).await.unwrap();
    assert_eq!(errors.groups(&ErrorLogFilter::default(), 10).await.unwrap().len(), 1);
    errors.summary(&ErrorLogFilter::default()).await.unwrap();
    errors.statistics(&ErrorLogFilter::default()).await.unwrap();
    assert_eq!(errors.search(&search).await.unwrap().len(), 1);
    assert_eq!(errors.prunable(now + TimeDelta::days(1)).await.unwrap(), 1);
    let metrics = store.metrics();
    assert!(metrics.find_by_id(metric.id).await.unwrap().is_some());
    metrics.find_by(&MetricFilter::default(), &PageRequest::default()).await.unwrap();
    metrics.count(&MetricFilter::default()).await.unwrap();
    metrics.statistics(&MetricFilter::default()).await.unwrap();
    let mut hours = MetricAggregateRequest::new(MetricFilter::default(), TimeDelta::hours(1));
    (hours.filter.after, hours.filter.before) = (Some(now - TimeDelta::hours(2)), Some(now));
    metrics.aggregate(&hours).await.unwrap();
    let keys = store.api_keys();
    assert!(keys.find_by_id(key.api_key.id).await.unwrap().is_some());
    assert_eq!(keys.find_by(&ApiKeyFilter::default(), &PageRequest::default()).await.unwrap().items.len(), 1);
    assert_eq!(keys.count(&ApiKeyFilter::default()).await.unwrap(), 1);
    keys.statistics(&ApiKeyFilter::default(), now).await.unwrap();
    keys.usage_summary(now).await.unwrap();
    keys.security_audit(&SecurityAuditRequest::new(now), &PageRequest::default()).await.unwrap();
    let trail = store.audit_logs();
    assert_eq!(trail.count(&AuditLogFilter::default()).await.unwrap(), 7);
    trail.find_by(&AuditLogFilter::default(), &PageRequest::default()).await.unwrap();
    trail.statistics(&AuditLogFilter::default()).await.unwrap();
    trail.recent_activity(10).await.unwrap();
    trail.seals(&PageRequest::default()).await.unwrap();
    let anchor = trail.anchor().await.unwrap();
    assert!(trail.verify(anchor).await.unwrap().is_intact());
}

#[tokio::test]
async fn a_reader_writes_nothing() {
    let roles = Roles::new().await;
    let Rows { task, edge, key, .. } = fill(&PgStore::connect(roles.url("app")).await.unwrap()).await;
    let store = PgStore::connect(roles.url("readonly")).await.unwrap();
    let now = clock::now();
    let (tasks, contexts, edges) = (store.tasks(), store.task_contexts(), store.task_dependencies());
    let (states, errors, metrics) = (store.workflow_states(), store.error_logs(), store.metrics());
    let (keys, trail) = (store.api_keys(), store.audit_logs());
    let new_context = NewTaskContext::new(task.id, ContextType::Codebase, json!({}));
    let new_edge = NewTaskDependency::new(edge.child_task_id, task.id, DependencyType::Related);
    let new_state = NewWorkflowState::new("w", "s", WorkflowStatus::Pending);
    let new_error = NewErrorLog::new(ErrorType::Network, "lost");
    let new_metric = NewMetric::new(MetricType::Query, "m", 1.0);
    let new_key = NewApiKey::new("n", Service::Codegen, Environment::Staging);

    let refused = |what: &str, outcome: Result<(), RepositoryError>| match outcome {
        Err(RepositoryError::Refused { reason, .. }) => {
            assert!(reason.contains("permission denied"), "{reason}");
        }
        outcome => panic!("{what}: {outcome:?}"),
    };
    let acting = store.acting_as(&Actor::user("eve")).unwrap();
    refused("create", tasks.create(&NewTask::new("t")).await.map(drop));
    refused("create as somebody", acting.tasks().create(&NewTask::new("t")).await.map(drop));
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    refused("update", tasks.update(task.id, &patch).await.map(drop));
    refused("status", tasks.update_status(task.id, TaskStatus::Failed, json!({})).await.map(drop));
    refused("claim", tasks.claim_ready("eve", 1).await.map(drop));
    refused("delete", tasks.delete(task.id).await.map(drop));
    refused("context", contexts.create(&new_context).await.map(drop));
    refused("edge", edges.create(&new_edge).await.map(drop));
    refused("no edge", edges.delete(edge.id).await.map(drop));
    refused("state", states.create(&new_state).await.map(drop));
    refused("retry", states.claim_retryable(&RetryRequest::default()).await.map(drop));
    refused("error", errors.create(&new_error).await.map(drop));
    refused("prune", errors.prune(now + TimeDelta::days(1), 10).await.map(drop));
    refused("metric", metrics.record(&new_metric).await.map(drop));
    refused("key", keys.create(&new_key).await.map(drop));
    refused("rotate", keys.rotate(key.api_key.id, TimeDelta::zero(), now).await.map(drop));
    refused("verify", keys.verify(&key.key, &[], now).await.map(drop));
    refused("seal", trail.prune(now + TimeDelta::days(1), 10).await.map(drop));
    let mut owner = roles.owner().await;
    let rows = "SELECT (SELECT count(*) FROM tasks)::text || (SELECT count(*) FROM audit_logs)";
    assert_eq!(column(&mut owner, rows).await, ["27"]);
}

#[tokio::test]
async fn the_application_prunes_neither_metrics_nor_the_trail_and_the_maintenance_does() {
    let roles = Roles::new().await;
    let app = PgStore::connect(roles.url("app")).await.unwrap();
    app.tasks().create(&NewTask::new("t")).await.unwrap();
    app.metrics().record(&NewMetric::new(MetricType::Query, "m", 1.0)).await.unwrap();
    let later = clock::now() + TimeDelta::days(1);
    let refused = |outcome: Result<(), RepositoryError>| {
        assert!(matches!(&outcome, Err(RepositoryError::Refused { .. })), "{outcome:?}");
    };
    refused(app.metrics().prune(later, 10).await.map(drop));
    refused(app.audit_logs().seal().await.map(drop));
    refused(app.audit_logs().prune(later, 10).await.map(drop));

    let admin = PgStore::connect(roles.url("admin")).await.unwrap();
    assert_eq!(admin.metrics().prune(later, 10).await.unwrap(), 1);
    assert_eq!(admin.audit_logs().seal().await.unwrap().unwrap().row_count, 1);
    assert_eq!(admin.audit_logs().prunable(later).await.unwrap(), 1);
    assert_eq!(admin.audit_logs().prune(later, 10).await.unwrap(), 1);
    assert!(admin.audit_logs().verify(None).await.unwrap().is_intact());
}
