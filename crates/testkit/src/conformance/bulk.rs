//! Any number of rows in one call.

use futures::{FutureExt, StreamExt};
use serde_json::json;
use taskmaster_models::{
    Actor, ContextType, DependencyType, ErrorLogFilter, FaultCode, MetricFilter, MetricType, NewTask,
    NewTaskContext, NewTaskDependency, NewWorkflowState, TaskContextFilter, TaskDependencyFilter, TaskFilter,
    TaskId, WorkflowStateFilter, WorkflowStatus,
};
use taskmaster_repository::{BULK_STEP, BULK_STEP_BYTES, BulkProgress, Store, bulk_create};

use super::{expect, given, suite};

suite!(
    "bulk",
    progress_is_told_after_each_step,
    a_step_has_no_more_bytes_than_a_statement_can_bear,
    no_rows_at_all_are_written_as_well,
    faults_name_the_place_in_the_whole_and_nothing_is_written,
    fault_15_an_error_in_a_later_step_is_told_and_leaves_nothing,
    dropped_before_its_end_it_leaves_nothing,
    a_row_may_refer_to_one_of_an_earlier_step,
    nobody_sees_a_part_of_it,
    an_actor_writes_in_bulk_like_anybody,
    fault_25_more_rows_than_a_statement_has_parameters_go_in_for_every_noun,
);

fn titled(number: usize) -> Vec<NewTask> {
    (0..number).map(|n| NewTask::new(format!("Task {n}"))).collect()
}

async fn count(store: &dyn Store) -> u64 {
    store.tasks().count(&TaskFilter::default()).await.unwrap()
}

async fn progress_is_told_after_each_step(store: &dyn Store) {
    let mut told = Vec::new();
    let written = bulk_create(store, &titled(2 * BULK_STEP + 1), |progress| told.push(progress)).await;
    assert_eq!(written.unwrap(), 2 * BULK_STEP as u64 + 1);
    let total = 2 * BULK_STEP as u64 + 1;
    let progress = |written| BulkProgress { written, total };
    assert_eq!(told, [progress(BULK_STEP as u64), progress(2 * BULK_STEP as u64), progress(total)]);
    assert_eq!(count(store).await, total);

    let mut told = Vec::new();
    assert_eq!(bulk_create(store, &titled(1), |progress| told.push(progress)).await.unwrap(), 1);
    assert_eq!(told, [BulkProgress { written: 1, total: 1 }]);
}

async fn a_step_has_no_more_bytes_than_a_statement_can_bear(store: &dyn Store) {
    let failed = |bytes| NewWorkflowState {
        error_message: Some("x".repeat(bytes)),
        ..NewWorkflowState::new("w", "s", WorkflowStatus::Failed)
    };
    // The first two would fit into a step, had they no other fields.
    let new = [failed(BULK_STEP_BYTES / 2), failed(BULK_STEP_BYTES / 2), failed(1)];
    let mut told = Vec::new();
    let written = bulk_create(store, &new, |progress| told.push(progress.written)).await;
    assert_eq!((written.unwrap(), told), (3, vec![1, 3]));
    assert_eq!(store.workflow_states().count(&WorkflowStateFilter::default()).await.unwrap(), 3);
}

async fn no_rows_at_all_are_written_as_well(store: &dyn Store) {
    let written = bulk_create::<NewTask>(store, &[], |progress| panic!("{progress:?} of nothing")).await;
    assert_eq!(written.unwrap(), 0);
}

async fn faults_name_the_place_in_the_whole_and_nothing_is_written(store: &dyn Store) {
    let mut new = titled(BULK_STEP + 2_002);
    new[1].priority = 11;
    new[BULK_STEP + 2_001].title = String::new();
    let refused = bulk_create(store, &new, |progress| panic!("{progress:?}")).await;
    let last = format!("[{}].title", BULK_STEP + 2_001);
    let expected = [("[1].priority".to_owned(), FaultCode::OutOfRange), (last, FaultCode::Required)];
    assert_eq!(expect::faults(refused), expected);
    assert_eq!(count(store).await, 0);
}

async fn fault_15_an_error_in_a_later_step_is_told_and_leaves_nothing(store: &dyn Store) {
    let mut new = titled(BULK_STEP + 3);
    new[BULK_STEP + 2].id = new[0].id;
    let mut steps = 0;
    expect::conflict(bulk_create(store, &new, |_| steps += 1).await, "tasks_pkey");
    assert_eq!((steps, count(store).await), (1, 0));
    new[BULK_STEP + 2] = NewTask { parent_task_id: Some(TaskId::new()), ..NewTask::new("Orphan") };
    expect::reference(bulk_create(store, &new, |_| {}).await, "tasks_parent_task_id_fkey");
    assert_eq!(count(store).await, 0);
    new.pop();
    assert_eq!(bulk_create(store, &new, |_| {}).await.unwrap(), new.len() as u64);
}

async fn dropped_before_its_end_it_leaves_nothing(store: &dyn Store) {
    let new = titled(2 * BULK_STEP);
    let (told, first_step) = futures::channel::oneshot::channel();
    let mut told = Some(told);
    let writing = bulk_create(store, &new, move |_| {
        told.take().map(|told| told.send(()));
    });
    let left = futures::select_biased! {
        // The other future is dropped in the middle of its second step.
        _ = first_step.fuse() => 0,
        // The store in memory waits for nothing, so that nobody can stop it.
        written = writing.boxed().fuse() => written.unwrap(),
    };
    assert_eq!(count(store).await, left);
}

async fn a_row_may_refer_to_one_of_an_earlier_step(store: &dyn Store) {
    let mut new = titled(BULK_STEP + 1);
    new[BULK_STEP].parent_task_id = Some(new[0].id);
    // Within a step the order does not matter.
    new[1].parent_task_id = Some(new[2].id);
    bulk_create(store, &new, |_| {}).await.unwrap();
    let parts = TaskFilter { parent_task_id: Some(new[0].id), ..TaskFilter::default() };
    assert_eq!(store.tasks().count(&parts).await.unwrap(), 1);
}

async fn nobody_sees_a_part_of_it(store: &dyn Store) {
    let new = titled(3 * BULK_STEP);
    let (told, mut steps) = futures::channel::mpsc::unbounded();
    let writing = bulk_create(store, &new, move |progress| told.unbounded_send(progress).unwrap());
    let watching = async {
        while steps.next().await.is_some() {
            let seen = count(store).await;
            assert!(seen == 0 || seen == new.len() as u64, "{seen}");
        }
    };
    let (written, ()) = futures::join!(writing, watching);
    assert_eq!(written.unwrap(), new.len() as u64);
    assert_eq!(count(store).await, new.len() as u64);
}

async fn an_actor_writes_in_bulk_like_anybody(store: &dyn Store) {
    let store = store.acting_as(&Actor::user("importer")).unwrap();
    assert_eq!(bulk_create(&*store, &titled(3), |_| {}).await.unwrap(), 3);
    assert_eq!(count(&*store).await, 3);
}

async fn fault_25_more_rows_than_a_statement_has_parameters_go_in_for_every_noun(store: &dyn Store) {
    const ROWS: i32 = 9_363;
    let tasks = titled(ROWS.unsigned_abs() as usize);
    assert_eq!(bulk_create(store, &tasks, |_| {}).await.unwrap(), 9_363);
    let contexts: Vec<_> =
        tasks.iter().map(|task| NewTaskContext::new(task.id, ContextType::Error, json!({}))).collect();
    assert_eq!(bulk_create(store, &contexts, |_| {}).await.unwrap(), 9_363);
    let dependencies: Vec<_> = tasks[1..]
        .iter()
        .map(|task| NewTaskDependency::new(tasks[0].id, task.id, DependencyType::Related))
        .collect();
    assert_eq!(bulk_create(store, &dependencies, |_| {}).await.unwrap(), 9_362);
    let states: Vec<_> =
        (0..ROWS).map(|_| NewWorkflowState::new("w", "s", WorkflowStatus::Pending)).collect();
    assert_eq!(bulk_create(store, &states, |_| {}).await.unwrap(), 9_363);
    let metrics: Vec<_> = (0..ROWS).map(|n| given::new_metric(MetricType::Task, "m", n.into(), 0)).collect();
    assert_eq!(bulk_create(store, &metrics, |_| {}).await.unwrap(), 9_363);

    let errors: Vec<_> = (0..ROWS).map(|_| given::new_error("lost", 0)).collect();
    assert_eq!(bulk_create(store, &errors, |_| {}).await.unwrap(), 9_363);
    assert_eq!(store.error_logs().count(&ErrorLogFilter::default()).await.unwrap(), 9_363);
    let any = TaskContextFilter::default();
    assert_eq!(store.task_contexts().count(&any).await.unwrap(), 9_363);
    let any = TaskDependencyFilter::default();
    assert_eq!(store.task_dependencies().count(&any).await.unwrap(), 9_362);
    assert_eq!(store.workflow_states().count(&WorkflowStateFilter::default()).await.unwrap(), 9_363);
    assert_eq!(store.metrics().count(&MetricFilter::default()).await.unwrap(), 9_363);

    // One statement each, too.
    let again = titled(ROWS.unsigned_abs() as usize);
    assert_eq!(store.tasks().bulk_create(&again).await.unwrap().len(), 9_363);
}
