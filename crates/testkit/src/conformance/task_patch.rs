//! Patches of tasks.

use taskmaster_models::{FaultCode, NewTask, Task, TaskId, TaskPatch, TaskStatus};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "task_patch",
    a_patch_can_change_every_field,
    a_patch_leaves_the_other_fields_alone,
    a_patch_can_clear_what_may_be_missing,
    an_empty_patch_is_refused,
    an_invalid_patch_is_refused_with_every_fault,
    a_patch_of_an_unknown_task_finds_none,
    a_patch_of_an_outdated_version_is_stale,
    fault_21_the_completion_time_follows_the_status,
    a_task_cannot_become_a_part_of_itself,
);

async fn a_patch_can_change_every_field(store: &dyn Store) {
    let parent = given::task(store, "Get rid of passwords").await;
    let before = given::task(store, "Plain").await;
    let wanted = given::full_task();
    let patch = TaskPatch {
        expected_version: Some(1),
        title: Some(wanted.title.clone()),
        description: Some(wanted.description.clone()),
        task_type: Some(wanted.task_type.clone()),
        status: Some(wanted.status),
        priority: Some(wanted.priority),
        complexity_score: Some(wanted.complexity_score),
        affected_files: Some(wanted.affected_files.clone()),
        requirements: Some(wanted.requirements.clone()),
        acceptance_criteria: Some(wanted.acceptance_criteria.clone()),
        parent_task_id: Some(Some(parent.id)),
        assigned_to: Some(wanted.assigned_to.clone()),
        tags: Some(wanted.tags.clone()),
        estimated_hours: Some(wanted.estimated_hours),
        actual_hours: Some(wanted.actual_hours),
        completed_at: Some(wanted.completed_at),
        metadata: Some(wanted.metadata.clone()),
    };
    let after = store.tasks().update(before.id, &patch).await.unwrap();
    let expected = Task {
        id: before.id,
        title: wanted.title,
        description: wanted.description,
        task_type: wanted.task_type,
        status: wanted.status,
        priority: wanted.priority,
        complexity_score: wanted.complexity_score,
        affected_files: wanted.affected_files,
        requirements: wanted.requirements,
        acceptance_criteria: wanted.acceptance_criteria,
        parent_task_id: Some(parent.id),
        assigned_to: wanted.assigned_to,
        tags: wanted.tags,
        estimated_hours: wanted.estimated_hours,
        actual_hours: wanted.actual_hours,
        created_at: before.created_at,
        updated_at: after.updated_at,
        completed_at: wanted.completed_at,
        metadata: wanted.metadata,
        version: 2,
    };
    assert_eq!(after, expected);
    assert!(after.updated_at >= before.updated_at);
    assert_eq!(store.tasks().find_by_id(before.id).await.unwrap(), Some(after));
}

async fn a_patch_leaves_the_other_fields_alone(store: &dyn Store) {
    let before = store.tasks().create(&given::full_task()).await.unwrap();
    // Values that look like nothing are values all the same.
    let patch = TaskPatch { priority: Some(0), ..TaskPatch::default() };
    let after = store.tasks().update(before.id, &patch).await.unwrap();
    assert!(after.updated_at > before.updated_at);
    assert_eq!(after, Task { priority: 0, version: 2, updated_at: after.updated_at, ..before });

    let zero =
        TaskPatch { actual_hours: Some(Some(0.into())), tags: Some(Vec::new()), ..TaskPatch::default() };
    let last = store.tasks().update(after.id, &zero).await.unwrap();
    let expected = Task { actual_hours: Some(0.into()), tags: Vec::new(), ..after };
    assert_eq!(last, Task { version: 3, updated_at: last.updated_at, ..expected });
}

async fn a_patch_can_clear_what_may_be_missing(store: &dyn Store) {
    let parent = given::task(store, "Whole").await;
    let new = NewTask { parent_task_id: Some(parent.id), ..given::full_task() };
    let before = store.tasks().create(&new).await.unwrap();
    let patch = TaskPatch {
        description: Some(None),
        parent_task_id: Some(None),
        assigned_to: Some(None),
        estimated_hours: Some(None),
        actual_hours: Some(None),
        ..TaskPatch::default()
    };
    let after = store.tasks().update(before.id, &patch).await.unwrap();
    let cleared = Task { description: None, parent_task_id: None, assigned_to: None, ..before };
    let cleared = Task { estimated_hours: None, actual_hours: None, ..cleared };
    assert_eq!(after, Task { version: 2, updated_at: after.updated_at, ..cleared });
}

async fn an_empty_patch_is_refused(store: &dyn Store) {
    let task = given::task(store, "Unchanged").await;
    for expected_version in [None, Some(1), Some(7)] {
        let patch = TaskPatch { expected_version, ..TaskPatch::default() };
        expect::fault(store.tasks().update(task.id, &patch).await, "patch", FaultCode::Required);
    }
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
}

async fn an_invalid_patch_is_refused_with_every_fault(store: &dyn Store) {
    let task = given::task(store, "Unchanged").await;
    let patch = TaskPatch {
        title: Some(String::new()),
        description: Some(Some("fine".to_owned())),
        priority: Some(-1),
        estimated_hours: Some(Some("1000000".parse().unwrap())),
        ..TaskPatch::default()
    };
    let expected = [("title", FaultCode::Required), ("priority", FaultCode::OutOfRange)];
    let expected = expected.into_iter().chain([("estimated_hours", FaultCode::OutOfRange)]);
    let expected: Vec<_> = expected.map(|(field, code)| (field.to_owned(), code)).collect();
    assert_eq!(expect::faults(store.tasks().update(task.id, &patch).await), expected);
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
}

async fn a_patch_of_an_unknown_task_finds_none(store: &dyn Store) {
    let id = TaskId::new();
    for expected_version in [None, Some(1)] {
        let patch = TaskPatch { expected_version, priority: Some(1), ..TaskPatch::default() };
        expect::not_found(store.tasks().update(id, &patch).await, id);
    }
}

async fn a_patch_of_an_outdated_version_is_stale(store: &dyn Store) {
    let task = given::task(store, "Contested").await;
    let patch = |version, priority| TaskPatch {
        expected_version: Some(version),
        priority: Some(priority),
        ..TaskPatch::default()
    };
    let second = store.tasks().update(task.id, &patch(1, 5)).await.unwrap();
    expect::stale(store.tasks().update(task.id, &patch(1, 6)).await, 1, 2);
    expect::stale(store.tasks().update(task.id, &patch(3, 6)).await, 3, 2);
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(second));
    assert_eq!(store.tasks().update(task.id, &patch(2, 6)).await.unwrap().version, 3);
}

async fn fault_21_the_completion_time_follows_the_status(store: &dyn Store) {
    let task = given::task(store, "Back and forth").await;
    let patch = |status, completed_at| TaskPatch { status, completed_at, ..TaskPatch::default() };
    let update = async |patch| store.tasks().update(task.id, &patch).await.unwrap();

    let ignored = update(patch(None, Some(Some(given::at(5))))).await;
    assert_eq!(ignored.completed_at, None);

    let entered = update(patch(Some(TaskStatus::Completed), None)).await;
    assert!(entered.completed_at.is_some_and(|time| time >= task.created_at));
    let still = update(TaskPatch { priority: Some(3), ..patch(Some(TaskStatus::Completed), None) }).await;
    assert_eq!(still.completed_at, entered.completed_at);
    let corrected = update(patch(None, Some(Some(given::at(5))))).await;
    assert_eq!(corrected.completed_at, Some(given::at(5)));
    let cleared = update(patch(None, Some(None))).await;
    assert!(cleared.completed_at.is_some(), "a completed task always has a time");

    for status in [TaskStatus::Pending, TaskStatus::InProgress, TaskStatus::Failed, TaskStatus::Cancelled] {
        assert_eq!(update(patch(Some(status), None)).await.completed_at, None);
        let told = update(patch(Some(TaskStatus::Completed), Some(Some(given::at(9))))).await;
        assert_eq!(told.completed_at, Some(given::at(9)));
    }
}

async fn a_task_cannot_become_a_part_of_itself(store: &dyn Store) {
    let top = given::task(store, "Top").await;
    let part_of = |title, parent: &Task| NewTask { parent_task_id: Some(parent.id), ..NewTask::new(title) };
    let middle = store.tasks().create(&part_of("Middle", &top)).await.unwrap();
    let low = store.tasks().create(&part_of("Low", &middle)).await.unwrap();
    let under = async |task: &Task, parent: &Task| {
        let patch = TaskPatch { parent_task_id: Some(Some(parent.id)), ..TaskPatch::default() };
        store.tasks().update(task.id, &patch).await
    };
    expect::fault(under(&top, &top).await, "parent_task_id", FaultCode::Contradiction);
    expect::conflict(under(&top, &middle).await, "tasks_parent_acyclic");
    expect::conflict(under(&top, &low).await, "tasks_parent_acyclic");
    assert_eq!(store.tasks().find_by_id(top.id).await.unwrap(), Some(top.clone()));
    assert_eq!(under(&low, &top).await.unwrap().parent_task_id, Some(top.id));
    assert_eq!(under(&middle, &low).await.unwrap().parent_task_id, Some(low.id));
}
