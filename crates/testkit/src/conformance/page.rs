//! Pages.

use std::fmt::Debug;

use futures::{FutureExt, future::BoxFuture};
use taskmaster_models::{
    ContextType, Cursor, DependencyType, FaultCode, MetricFilter, MetricType, NewTask, NewTaskDependency,
    Page, PageRequest, Sort, Task, TaskContextFilter, TaskContextSort, TaskDependencyFilter, TaskFilter,
    TaskPatch, TaskSort, WorkflowStateFilter, WorkflowStatus,
};
use taskmaster_repository::{Result, Store};

use super::{expect, given, suite};

suite!(
    "page",
    every_order_is_kept_in_both_directions,
    titles_are_ordered_by_code_point,
    fault_14_pages_of_any_size_make_up_the_whole,
    a_page_follows_the_filter,
    rows_inserted_meanwhile_shift_nothing,
    rows_deleted_meanwhile_shift_nothing,
    contexts_are_paged_both_ways,
    dependencies_are_paged_both_ways,
    states_are_paged_both_ways,
    metrics_are_paged_both_ways,
    a_limit_out_of_range_is_refused,
    fault_06_a_foreign_cursor_is_refused,
);

const SORTS: [TaskSort; 5] = [
    TaskSort::CreatedAt,
    TaskSort::UpdatedAt,
    TaskSort::Priority,
    TaskSort::ComplexityScore,
    TaskSort::Title,
];

/// Stores tasks that have each key several times.
async fn tasks_with_ties(store: &dyn Store) -> Vec<Task> {
    let titles = ["b", "B", "ä", "a", "aa"].into_iter().cycle();
    let make = |(n, title): (i32, &str)| NewTask {
        priority: n % 3,
        complexity_score: 1 + n % 4,
        updated_at: given::at((n / 4).into()),
        ..given::new_task(title, (n % 6).into())
    };
    store.tasks().bulk_create(&(0..24).zip(titles).map(make).collect::<Vec<_>>()).await.unwrap()
}

fn ordered(mut tasks: Vec<Task>, request: &PageRequest<TaskSort>) -> Vec<Task> {
    tasks.sort_by_key(|task| (request.sort.key(task), task.id));
    if *request == PageRequest::new(request.sort).limit(request.limit) {
        tasks.reverse();
    }
    tasks
}

async fn find(store: &dyn Store, request: &PageRequest<TaskSort>) -> Page<Task> {
    store.tasks().find_by(&TaskFilter::default(), request).await.unwrap()
}

async fn every_order_is_kept_in_both_directions(store: &dyn Store) {
    let tasks = tasks_with_ties(store).await;
    for sort in SORTS {
        for request in [PageRequest::new(sort), PageRequest::new(sort).ascending()] {
            let page = find(store, &request).await;
            assert_eq!(page.items, ordered(tasks.clone(), &request), "{request:?}");
            assert_eq!(page.next, None);
        }
    }
}

async fn titles_are_ordered_by_code_point(store: &dyn Store) {
    for title in ["é", "Z", "a b", "z", "a", "😀", "ab", "_", "1", "\u{ffff}", "Ä"] {
        given::task(store, title).await;
    }
    let page = find(store, &PageRequest::new(TaskSort::Title).ascending()).await;
    let titles: Vec<_> = page.items.iter().map(|task| task.title.as_str()).collect();
    assert_eq!(titles, ["1", "Z", "_", "a", "a b", "ab", "z", "Ä", "é", "\u{ffff}", "😀"]);
}

async fn fault_14_pages_of_any_size_make_up_the_whole(store: &dyn Store) {
    let tasks = tasks_with_ties(store).await;
    for sort in SORTS {
        for request in [PageRequest::new(sort), PageRequest::new(sort).ascending()] {
            for limit in [1, 5, 23, 24] {
                let request = request.clone().limit(limit);
                let mut found = Vec::new();
                let mut next = None;
                loop {
                    let page = find(store, &request.clone().after(next)).await;
                    assert!(page.items.len() == limit as usize || page.next.is_none());
                    found.extend(page.items);
                    next = page.next;
                    if next.is_none() {
                        break;
                    }
                }
                assert_eq!(found, ordered(tasks.clone(), &request), "{request:?}");
            }
        }
    }
}

async fn a_page_follows_the_filter(store: &dyn Store) {
    let tasks = tasks_with_ties(store).await;
    let filter = TaskFilter { priority: Some(1), ..TaskFilter::default() };
    let request = PageRequest::new(TaskSort::Title).limit(3);
    let first = store.tasks().find_by(&filter, &request).await.unwrap();
    let second = store.tasks().find_by(&filter, &request.clone().after(first.next)).await.unwrap();
    let wanted = tasks.into_iter().filter(|task| task.priority == 1).collect();
    assert_eq!([first.items, second.items].concat(), ordered(wanted, &request)[..6]);
}

async fn rows_inserted_meanwhile_shift_nothing(store: &dyn Store) {
    let tasks = tasks_with_ties(store).await;
    let request = PageRequest::new(TaskSort::Priority).limit(5);
    let mut found = Vec::new();
    let mut next = None;
    // Tasks are inserted before and after the place that is reached; only the latter may turn up.
    for (round, priority) in [10, 0, 10].into_iter().enumerate() {
        let page = find(store, &request.clone().after(next)).await;
        found.extend(page.items);
        next = page.next;
        let title = format!("inserted {round}");
        store.tasks().create(&NewTask { priority, ..NewTask::new(title) }).await.unwrap();
    }
    found.extend(find(store, &request.clone().limit(1000).after(next)).await.items);
    let (new, old): (Vec<_>, Vec<_>) = found.into_iter().partition(|task| task.title.starts_with("inserted"));
    assert_eq!(old, ordered(tasks, &request), "each row that was there is seen once");
    assert_eq!(new.iter().map(|task| task.priority).collect::<Vec<_>>(), [0]);
}

async fn rows_deleted_meanwhile_shift_nothing(store: &dyn Store) {
    let tasks = ordered(tasks_with_ties(store).await, &PageRequest::new(TaskSort::Title).limit(10));
    let request = PageRequest::new(TaskSort::Title).limit(10);
    let first = find(store, &request).await;
    for task in &tasks[5..10] {
        store.tasks().delete(task.id).await.unwrap();
    }
    // The cursor's own row is gone or elsewhere: the cursor is a place, not a row.
    let second = find(store, &request.clone().after(first.next)).await;
    assert_eq!(second.items, tasks[10..20]);
    let patch = TaskPatch { title: Some("~".to_owned()), ..TaskPatch::default() };
    store.tasks().update(tasks[19].id, &patch).await.unwrap();
    assert_eq!(find(store, &request.after(second.next)).await.items, tasks[20..]);
}

/// Checks pages of three over seven rows, of which some have equal keys, in both directions.
async fn assert_paged<'a, S: Sort + Default, T: Clone + Debug + PartialEq>(
    ascending: Vec<T>,
    find: impl Fn(PageRequest<S>) -> BoxFuture<'a, Result<Page<T>>>,
) {
    let descending: Vec<_> = ascending.iter().rev().cloned().collect();
    for (request, expected) in
        [(PageRequest::default().ascending(), ascending), (PageRequest::<S>::default(), descending)]
    {
        let request = request.limit(3);
        let first = find(request.clone()).await.unwrap();
        let second = find(request.clone().after(first.next)).await.unwrap();
        let third = find(request.after(second.next)).await.unwrap();
        assert_eq!(third.next, None);
        assert_eq!([first.items, second.items, third.items].concat(), expected);
    }
    for limit in [0, 1001] {
        expect::fault(find(PageRequest::default().limit(limit)).await, "limit", FaultCode::OutOfRange);
    }
    let garbage = "garbage".parse::<Cursor>().ok();
    expect::fault(find(PageRequest::default().after(garbage)).await, "after", FaultCode::BadCursor);
}

async fn contexts_are_paged_both_ways(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let mut contexts = Vec::new();
    for made in [1, 2, 2, 2, 2, 3, 3] {
        contexts.push(given::context(store, task.id, ContextType::Error, made).await);
    }
    let filter = &TaskContextFilter::task(task.id);
    let found = |request| async move { store.task_contexts().find_by(filter, &request).await }.boxed();
    assert_paged(contexts.clone(), found).await;
    let found =
        |request| async move { store.task_contexts().find_by_task_id(task.id, &request).await }.boxed();
    assert_paged(contexts, found).await;
}

async fn dependencies_are_paged_both_ways(store: &dyn Store) {
    let hub = given::task(store, "Hub").await;
    let mut dependencies = Vec::new();
    for made in [1, 2, 2, 2, 2, 3, 3] {
        let other = given::task(store, "Other").await;
        let new = NewTaskDependency::new(hub.id, other.id, DependencyType::Blocks);
        let new = NewTaskDependency { created_at: given::at(made), ..new };
        dependencies.push(store.task_dependencies().create(&new).await.unwrap());
    }
    let filter = &TaskDependencyFilter { parent_task_id: Some(hub.id), ..TaskDependencyFilter::default() };
    let found = |request| async move { store.task_dependencies().find_by(filter, &request).await }.boxed();
    assert_paged(dependencies, found).await;
}

async fn states_are_paged_both_ways(store: &dyn Store) {
    let mut states = Vec::new();
    for begun in [1, 2, 2, 2, 2, 3, 3] {
        states.push(given::state(store, "release", "build", WorkflowStatus::Pending, begun).await);
    }
    let filter = &WorkflowStateFilter::workflow("release");
    let found = |request| async move { store.workflow_states().find_by(filter, &request).await }.boxed();
    assert_paged(states.clone(), found).await;
    let found = |request| {
        let timeline = async move {
            let page = store.workflow_states().workflow_timeline("release", &request).await?;
            Ok(Page { items: page.items.into_iter().map(|entry| entry.state).collect(), next: page.next })
        };
        timeline.boxed()
    };
    assert_paged(states, found).await;
}

async fn metrics_are_paged_both_ways(store: &dyn Store) {
    let mut metrics = Vec::new();
    for measured in [1, 2, 2, 2, 2, 3, 3] {
        let new = given::new_metric(MetricType::Task, "hours", 1.0, measured);
        metrics.push(store.metrics().record(&new).await.unwrap());
    }
    for filter in [MetricFilter::default(), MetricFilter::named(MetricType::Task, "hours")] {
        let filter = &filter;
        let found = |request| async move { store.metrics().find_by(filter, &request).await }.boxed();
        assert_paged(metrics.clone(), found).await;
    }
}

async fn a_limit_out_of_range_is_refused(store: &dyn Store) {
    let tasks = tasks_with_ties(store).await;
    for limit in [0, 1001, u32::MAX] {
        let request = PageRequest::default().limit(limit);
        let refused = store.tasks().find_by(&TaskFilter::default(), &request).await;
        expect::fault(refused, "limit", FaultCode::OutOfRange);
        expect::faults(store.tasks().find_with_contexts(tasks[0].id, limit).await);
    }
    assert_eq!(find(store, &PageRequest::default().limit(1000)).await.items.len(), tasks.len());
}

async fn fault_06_a_foreign_cursor_is_refused(store: &dyn Store) {
    tasks_with_ties(store).await;
    let by_priority = find(store, &PageRequest::new(TaskSort::Priority).limit(1)).await.next;
    let by_title = find(store, &PageRequest::new(TaskSort::Title).limit(1)).await.next;
    assert!(by_priority.is_some() && by_title.is_some());
    let refused = async |request: PageRequest<TaskSort>, cursor: &Option<Cursor>| {
        let request = request.after(cursor.clone());
        let found = store.tasks().find_by(&TaskFilter::default(), &request).await;
        expect::fault(found, "after", FaultCode::BadCursor);
    };
    refused(PageRequest::new(TaskSort::ComplexityScore), &by_priority).await;
    refused(PageRequest::new(TaskSort::CreatedAt), &by_title).await;
    refused(PageRequest::new(TaskSort::Title).ascending(), &by_title).await;
    for garbage in ["", "x", "'; DROP TABLE tasks; --", "bm90IGpzb24", "e30"] {
        refused(PageRequest::new(TaskSort::Title), &garbage.parse().ok()).await;
    }
    let by_time = find(store, &PageRequest::new(TaskSort::CreatedAt).limit(1)).await.next;
    let request = PageRequest::new(TaskContextSort::CreatedAt).after(by_time);
    let found = store.task_contexts().find_by(&TaskContextFilter::default(), &request).await;
    expect::fault(found, "after", FaultCode::BadCursor);
}
