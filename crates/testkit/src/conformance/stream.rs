//! Streams.

use futures::{StreamExt, TryStreamExt};
use taskmaster_models::{
    ApiKeyFilter, ApiKeySort, AuditLogFilter, AuditLogSort, AuditedEntity, ContextType, DependencyType,
    ErrorLogFilter, ErrorLogSort, FaultCode, MetricFilter, MetricSort, MetricType, NewTask,
    NewTaskDependency, PageRequest, Task, TaskContextFilter, TaskContextSort, TaskDependencyFilter,
    TaskDependencySort, TaskFilter, TaskPatch, TaskSort, WorkflowStateFilter, WorkflowStateSort,
    WorkflowStatus,
};
use taskmaster_repository::{Repositories, Store};

use super::{expect, given, suite};

suite!(
    "stream",
    all_tasks_come_in_order_in_both_directions,
    a_stream_follows_its_filter,
    a_stream_starts_where_the_request_says,
    a_stream_of_nothing_ends_at_once,
    rows_inserted_meanwhile_come_if_they_lie_ahead,
    rows_deleted_meanwhile_shift_nothing,
    a_stream_dropped_early_leaves_nothing_behind,
    an_error_comes_once_and_ends_the_stream,
    a_unit_of_work_streams_its_own_rows_and_may_change_them_meanwhile,
    a_loop_that_changes_rows_ends_unless_it_is_ordered_by_what_it_changes,
    every_noun_can_be_streamed,
);

async fn tasks(store: &dyn Store) -> Vec<Task> {
    let new: Vec<_> = (0..2_500)
        .map(|n| NewTask { priority: n % 10, ..given::new_task("Task", (n % 700).into()) })
        .collect();
    store.tasks().bulk_create(&new).await.unwrap()
}

fn in_order(mut tasks: Vec<Task>, sort: TaskSort) -> Vec<Task> {
    tasks.sort_by_key(|task| (sort.key(task), task.id));
    tasks
}

async fn all(store: &dyn Repositories, filter: &TaskFilter, order: PageRequest<TaskSort>) -> Vec<Task> {
    store.tasks().stream(filter, order).try_collect().await.unwrap()
}

async fn all_tasks_come_in_order_in_both_directions(store: &dyn Store) {
    let tasks = tasks(store).await;
    for sort in [TaskSort::CreatedAt, TaskSort::Priority] {
        let mut expected = in_order(tasks.clone(), sort);
        for limit in [100, 1000] {
            let order = PageRequest::new(sort).limit(limit).ascending();
            assert_eq!(all(store, &TaskFilter::default(), order).await, expected);
        }
        expected.reverse();
        let order = PageRequest::new(sort).limit(100);
        assert_eq!(all(store, &TaskFilter::default(), order).await, expected);
    }
}

async fn a_stream_follows_its_filter(store: &dyn Store) {
    let mut expected = in_order(tasks(store).await, TaskSort::CreatedAt);
    expected.retain(|task| task.priority == 3);
    let filter = TaskFilter { priority: Some(3), ..TaskFilter::default() };
    let found = all(store, &filter, PageRequest::new(TaskSort::CreatedAt).limit(100).ascending()).await;
    assert_eq!((found.len(), found), (250, expected));
}

async fn a_stream_starts_where_the_request_says(store: &dyn Store) {
    let expected = in_order(tasks(store).await, TaskSort::CreatedAt);
    let order = PageRequest::new(TaskSort::CreatedAt).limit(100).ascending();
    let first = store.tasks().find_by(&TaskFilter::default(), &order).await.unwrap();
    assert_eq!(all(store, &TaskFilter::default(), order.after(first.next)).await, expected[100..]);
}

async fn a_stream_of_nothing_ends_at_once(store: &dyn Store) {
    assert_eq!(all(store, &TaskFilter::default(), PageRequest::default()).await, []);
    // As many rows as a page has: there is no second page.
    let task = given::task(store, "Only").await;
    assert_eq!(all(store, &TaskFilter::default(), PageRequest::default().limit(1)).await, [task]);
}

async fn rows_inserted_meanwhile_come_if_they_lie_ahead(store: &dyn Store) {
    let tasks = in_order(tasks(store).await, TaskSort::CreatedAt);
    let filter = TaskFilter::default();
    let order = PageRequest::new(TaskSort::CreatedAt).limit(100).ascending();
    let mut stream = store.tasks().stream(&filter, order);
    let mut found = Vec::new();
    let mut inserted = Vec::new();
    while let Some(task) = stream.try_next().await.unwrap() {
        found.push(task);
        if matches!(found.len(), 100 | 1_050) {
            store.tasks().create(&given::new_task("Behind", 0)).await.unwrap();
            inserted.push(store.tasks().create(&given::new_task("Ahead", 10_000)).await.unwrap());
        }
    }
    assert_eq!(found, [tasks, inserted].concat());
}

async fn rows_deleted_meanwhile_shift_nothing(store: &dyn Store) {
    let mut tasks = in_order(tasks(store).await, TaskSort::CreatedAt);
    let filter = TaskFilter::default();
    let order = PageRequest::new(TaskSort::CreatedAt).limit(100).ascending();
    let mut stream = store.tasks().stream(&filter, order);
    let mut found = Vec::new();
    while let Some(task) = stream.try_next().await.unwrap() {
        found.push(task);
        if found.len() == 50 {
            // One that was seen, the one at which the next page begins, and the first of that page.
            for place in [10, 99, 100] {
                store.tasks().delete(tasks[place].id).await.unwrap();
            }
        }
    }
    let unseen = tasks.remove(100);
    assert!(!found.contains(&unseen));
    assert_eq!(found, tasks);
}

async fn a_stream_dropped_early_leaves_nothing_behind(store: &dyn Store) {
    tasks(store).await;
    let filter = TaskFilter::default();
    // More often than a pool has connections.
    for _ in 0..30 {
        let mut stream = store.tasks().stream(&filter, PageRequest::default().limit(10));
        for _ in 0..15 {
            assert!(stream.try_next().await.unwrap().is_some());
        }
    }
    assert_eq!(store.tasks().count(&filter).await.unwrap(), 2_500);
}

async fn an_error_comes_once_and_ends_the_stream(store: &dyn Store) {
    tasks(store).await;
    let filter = TaskFilter { assigned_to: Some("\0".to_owned()), ..TaskFilter::default() };
    let mut stream = store.tasks().stream(&filter, PageRequest::default());
    expect::fault(stream.next().await.unwrap(), "assigned_to", FaultCode::Nul);
    assert!(stream.next().await.is_none());
    let filter = TaskContextFilter::default();
    let mut stream = store.task_contexts().stream(&filter, PageRequest::default().limit(1001));
    expect::fault(stream.next().await.unwrap(), "limit", FaultCode::OutOfRange);
    assert!(stream.next().await.is_none());
}

async fn a_unit_of_work_streams_its_own_rows_and_may_change_them_meanwhile(store: &dyn Store) {
    given::task(store, "There").await;
    let uow = store.begin().await.unwrap();
    let new: Vec<_> = (0..250).map(|n| given::new_task("New", n)).collect();
    uow.tasks().bulk_create(&new).await.unwrap();
    let filter = TaskFilter::default();
    let mut stream = uow.tasks().stream(&filter, PageRequest::default().limit(100).ascending());
    let mut seen = 0;
    while let Some(task) = stream.try_next().await.unwrap() {
        let patch = TaskPatch { priority: Some(9), ..TaskPatch::default() };
        assert_eq!(uow.tasks().update(task.id, &patch).await.unwrap().priority, 9);
        seen += 1;
    }
    assert_eq!(seen, 251);
    drop(stream);
    uow.commit().await.unwrap();
    let urgent = TaskFilter { priority: Some(9), ..TaskFilter::default() };
    assert_eq!(store.tasks().count(&urgent).await.unwrap(), 251);
}

async fn a_loop_that_changes_rows_ends_unless_it_is_ordered_by_what_it_changes(store: &dyn Store) {
    let new: Vec<_> = (0..10).map(|n| given::new_task("Task", n)).collect();
    store.tasks().bulk_create(&new).await.unwrap();
    let filter = TaskFilter::default();
    for (sort, expected) in [(TaskSort::CreatedAt, 10), (TaskSort::UpdatedAt, 35)] {
        let order = PageRequest::new(sort).limit(3).ascending();
        let mut stream = store.tasks().stream(&filter, order).take(35);
        let mut seen = 0;
        while let Some(task) = stream.try_next().await.unwrap() {
            let patch = TaskPatch { priority: Some((task.priority + 1) % 10), ..TaskPatch::default() };
            store.tasks().update(task.id, &patch).await.unwrap();
            seen += 1;
        }
        assert_eq!(seen, expected, "{sort:?}");
    }
}

async fn every_noun_can_be_streamed(store: &dyn Store) {
    let hub = given::task(store, "Hub").await;
    for n in 0..7 {
        let part = given::task(store, "Part").await;
        given::context(store, hub.id, ContextType::Error, n).await;
        given::state(store, "release", "build", WorkflowStatus::Pending, n).await;
        store.metrics().record(&given::new_metric(MetricType::Task, "hours", 1.0, n)).await.unwrap();
        given::error(store, "lost", n).await;
        store.api_keys().create(&given::new_api_key(&format!("key {n}"), n)).await.unwrap();
        let new = NewTaskDependency::new(hub.id, part.id, DependencyType::Blocks);
        let new = NewTaskDependency { created_at: given::at(n), ..new };
        store.task_dependencies().create(&new).await.unwrap();
    }
    let expected: Vec<_> = (0..7).map(given::at).collect();

    let filter = TaskContextFilter::task(hub.id);
    let order = PageRequest::new(TaskContextSort::CreatedAt).limit(3).ascending();
    let contexts = store.task_contexts().stream(&filter, order).map_ok(|context| context.created_at);
    assert_eq!(contexts.try_collect::<Vec<_>>().await.unwrap(), expected);
    let filter = TaskDependencyFilter { parent_task_id: Some(hub.id), ..TaskDependencyFilter::default() };
    let order = PageRequest::new(TaskDependencySort::CreatedAt).limit(3).ascending();
    let dependencies = store.task_dependencies().stream(&filter, order).map_ok(|found| found.created_at);
    assert_eq!(dependencies.try_collect::<Vec<_>>().await.unwrap(), expected);
    let filter = WorkflowStateFilter::workflow("release");
    let order = PageRequest::new(WorkflowStateSort::StartedAt).limit(3).ascending();
    let states = store.workflow_states().stream(&filter, order).map_ok(|state| state.started_at);
    assert_eq!(states.try_collect::<Vec<_>>().await.unwrap(), expected);
    let filter = MetricFilter::named(MetricType::Task, "hours");
    let order = PageRequest::new(MetricSort::Timestamp).limit(3).ascending();
    let metrics = store.metrics().stream(&filter, order).map_ok(|metric| metric.timestamp);
    assert_eq!(metrics.try_collect::<Vec<_>>().await.unwrap(), expected);
    let filter = ErrorLogFilter::default();
    let order = PageRequest::new(ErrorLogSort::CreatedAt).limit(3).ascending();
    let errors = store.error_logs().stream(&filter, order).map_ok(|error| error.created_at);
    assert_eq!(errors.try_collect::<Vec<_>>().await.unwrap(), expected);
    let filter = ApiKeyFilter::default();
    let order = PageRequest::new(ApiKeySort::CreatedAt).limit(3).ascending();
    let keys = store.api_keys().stream(&filter, order).map_ok(|key| key.created_at);
    assert_eq!(keys.try_collect::<Vec<_>>().await.unwrap(), expected);
    let filter = AuditLogFilter { entity_type: Some(AuditedEntity::ErrorLog), ..AuditLogFilter::default() };
    let order = PageRequest::new(AuditLogSort::Timestamp).limit(3).ascending();
    let trail: Vec<_> = store.audit_logs().stream(&filter, order).try_collect().await.unwrap();
    assert_eq!(trail.len(), 7);
    assert!(trail.is_sorted_by_key(|log| (log.timestamp, log.id)));
}
