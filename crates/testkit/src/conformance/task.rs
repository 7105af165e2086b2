//! Single tasks.

use serde_json::json;
use taskmaster_models::{
    ContextType, DependencyType, FaultCode, NewTask, NewWorkflowState, PageRequest, Task, TaskContextFilter,
    TaskFilter, TaskId, TaskPatch, TaskStatus, WorkflowState, WorkflowStatus,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "task",
    a_task_comes_back_as_it_was_given,
    a_task_of_a_taken_id_is_refused,
    a_parent_must_be_there,
    an_invalid_task_is_refused_with_every_fault,
    a_completed_task_and_no_other_has_a_completion_time,
    a_change_of_status_is_recorded_with_it,
    the_same_status_again_changes_nothing,
    a_completion_is_recorded_with_its_results,
    a_second_completion_keeps_the_first_time,
    what_changes_an_unknown_task_finds_none,
    deleting_a_task_takes_its_contexts_and_dependencies_along,
    deleting_a_task_leaves_its_parts_and_states_behind,
    each_criterion_of_a_filter_restricts,
    a_task_comes_with_its_newest_contexts,
);

async fn a_task_comes_back_as_it_was_given(store: &dyn Store) {
    let parent = given::task(store, "Get rid of passwords").await;
    for new in [NewTask::new("Plain"), NewTask { parent_task_id: Some(parent.id), ..given::full_task() }] {
        let stored = store.tasks().create(&new).await.unwrap();
        let expected = Task {
            id: new.id,
            title: new.title,
            description: new.description,
            task_type: new.task_type,
            status: new.status,
            priority: new.priority,
            complexity_score: new.complexity_score,
            affected_files: new.affected_files,
            requirements: new.requirements,
            acceptance_criteria: new.acceptance_criteria,
            parent_task_id: new.parent_task_id,
            assigned_to: new.assigned_to,
            tags: new.tags,
            estimated_hours: new.estimated_hours,
            actual_hours: new.actual_hours,
            created_at: new.created_at,
            updated_at: new.updated_at,
            completed_at: new.completed_at,
            metadata: new.metadata,
            version: 1,
        };
        assert_eq!(stored, expected);
        assert_eq!(store.tasks().find_by_id(new.id).await.unwrap(), Some(expected));
    }
    assert_eq!(store.tasks().find_by_id(TaskId::new()).await.unwrap(), None);
}

async fn a_task_of_a_taken_id_is_refused(store: &dyn Store) {
    let first = given::task(store, "First").await;
    let second = NewTask { id: first.id, ..NewTask::new("Second") };
    expect::conflict(store.tasks().create(&second).await, "tasks_pkey");
    assert_eq!(store.tasks().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn a_parent_must_be_there(store: &dyn Store) {
    let orphan = NewTask { parent_task_id: Some(TaskId::new()), ..NewTask::new("Orphan") };
    expect::reference(store.tasks().create(&orphan).await, "tasks_parent_task_id_fkey");
    assert_eq!(store.tasks().find_by_id(orphan.id).await.unwrap(), None);

    let task = given::task(store, "Child").await;
    let patch = TaskPatch { parent_task_id: Some(Some(TaskId::new())), ..TaskPatch::default() };
    expect::reference(store.tasks().update(task.id, &patch).await, "tasks_parent_task_id_fkey");
    assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
}

async fn an_invalid_task_is_refused_with_every_fault(store: &dyn Store) {
    let bad = NewTask {
        title: " \t\n".to_owned(),
        task_type: "x".repeat(51),
        priority: 11,
        complexity_score: 0,
        assigned_to: Some("x".repeat(256)),
        estimated_hours: Some("-0.01".parse().unwrap()),
        actual_hours: Some("1.001".parse().unwrap()),
        ..NewTask::new("")
    };
    let expected = [
        ("title", FaultCode::Required),
        ("type", FaultCode::TooLong),
        ("priority", FaultCode::OutOfRange),
        ("complexity_score", FaultCode::OutOfRange),
        ("assigned_to", FaultCode::TooLong),
        ("estimated_hours", FaultCode::OutOfRange),
        ("actual_hours", FaultCode::TooPrecise),
    ];
    let expected: Vec<_> = expected.map(|(field, code)| (field.to_owned(), code)).into();
    assert_eq!(expect::faults(store.tasks().create(&bad).await), expected);
    assert_eq!(store.tasks().count(&TaskFilter::default()).await.unwrap(), 0);
}

async fn a_completed_task_and_no_other_has_a_completion_time(store: &dyn Store) {
    let untold = NewTask { completed_at: None, ..given::full_task() };
    let stored = store.tasks().create(&untold).await.unwrap();
    assert_eq!(stored.completed_at, Some(untold.updated_at));

    for status in TaskStatus::ALL.iter().copied().filter(|status| *status != TaskStatus::Completed) {
        let early = NewTask { id: TaskId::new(), status, ..given::full_task() };
        assert_eq!(store.tasks().create(&early).await.unwrap().completed_at, None, "{status}");
    }
}

async fn a_change_of_status_is_recorded_with_it(store: &dyn Store) {
    let task = given::task(store, "Begin").await;
    let why = json!({"reason": "it is time", "tries": [1, 2]});
    let begun = store.tasks().update_status(task.id, TaskStatus::InProgress, why.clone()).await.unwrap();
    let expected = Task { status: TaskStatus::InProgress, version: 2, updated_at: begun.updated_at, ..task };
    assert_eq!(begun, expected);
    let done = store.tasks().update_status(task.id, TaskStatus::Completed, json!(null)).await.unwrap();
    assert!(done.completed_at.is_some());

    let oldest_first = PageRequest::default().ascending();
    let contexts = store.task_contexts().find_by_task_id(task.id, &oldest_first).await.unwrap().items;
    let facts: Vec<_> = contexts
        .iter()
        .map(|c| {
            (
                c.context_type,
                &c.context_data["from_status"],
                &c.context_data["to_status"],
                &c.context_data["context"],
            )
        })
        .collect();
    let (pending, in_progress, completed) = (json!("pending"), json!("in_progress"), json!("completed"));
    assert_eq!(
        facts,
        [
            (ContextType::StatusChange, &pending, &in_progress, &why),
            (ContextType::StatusChange, &in_progress, &completed, &json!(null)),
        ]
    );
    assert!(contexts.iter().all(|context| context.context_data["changed_at"].is_string()));
}

async fn the_same_status_again_changes_nothing(store: &dyn Store) {
    for status in TaskStatus::ALL {
        let task = given::task_in(store, *status).await;
        let again = store.tasks().update_status(task.id, *status, json!("again")).await.unwrap();
        assert_eq!(again, task);
    }
    assert_eq!(store.task_contexts().count(&TaskContextFilter::default()).await.unwrap(), 0);
}

async fn a_completion_is_recorded_with_its_results(store: &dyn Store) {
    let new = NewTask { actual_hours: Some("1.5".parse().unwrap()), ..NewTask::new("Finish") };
    let task = store.tasks().create(&new).await.unwrap();
    let other = given::task(store, "Finish with hours").await;
    let done = store.tasks().complete(task.id, None, json!({"commit": "abc"})).await.unwrap();
    let expected = Task { status: TaskStatus::Completed, version: 2, ..task };
    let expected = Task { updated_at: done.updated_at, completed_at: done.completed_at, ..expected };
    assert_eq!(done, expected);
    assert!(done.completed_at.is_some());
    let hours = Some("2.75".parse().unwrap());
    assert_eq!(store.tasks().complete(other.id, hours, json!([])).await.unwrap().actual_hours, hours);

    let contexts =
        store.task_contexts().find_by_task_id(task.id, &PageRequest::default()).await.unwrap().items;
    assert_eq!(contexts.len(), 1);
    assert_eq!(contexts[0].context_type, ContextType::Completion);
    assert_eq!(contexts[0].context_data["results"], json!({"commit": "abc"}));

    let too_much = Some("1000000".parse().unwrap());
    let refused = store.tasks().complete(other.id, too_much, json!([])).await;
    expect::fault(refused, "actual_hours", FaultCode::OutOfRange);
}

async fn a_second_completion_keeps_the_first_time(store: &dyn Store) {
    let task = store.tasks().create(&given::full_task()).await.unwrap();
    let again = store.tasks().complete(task.id, None, json!("again")).await.unwrap();
    assert_eq!(again, Task { version: 2, updated_at: again.updated_at, ..task });
    let contexts = TaskContextFilter {
        context_type: Some(ContextType::Completion),
        ..TaskContextFilter::task(again.id)
    };
    assert_eq!(store.task_contexts().count(&contexts).await.unwrap(), 1);
}

async fn what_changes_an_unknown_task_finds_none(store: &dyn Store) {
    let id = TaskId::new();
    expect::not_found(store.tasks().update_status(id, TaskStatus::Failed, json!({})).await, id);
    expect::not_found(store.tasks().complete(id, None, json!({})).await, id);
    assert!(!store.tasks().delete(id).await.unwrap());
    assert_eq!(store.tasks().find_with_contexts(id, 1).await.unwrap(), None);
    assert_eq!(store.task_contexts().count(&TaskContextFilter::default()).await.unwrap(), 0);
}

async fn deleting_a_task_takes_its_contexts_and_dependencies_along(store: &dyn Store) {
    let (gone, kept) = (given::task(store, "Gone").await, given::task(store, "Kept").await);
    let lost = given::context(store, gone.id, ContextType::Error, 1).await;
    let left = given::context(store, kept.id, ContextType::Error, 1).await;
    let before = given::dependency(store, gone.id, kept.id, DependencyType::Blocks).await;
    let after = given::dependency(store, kept.id, gone.id, DependencyType::Related).await;

    assert!(store.tasks().delete(gone.id).await.unwrap());
    assert!(!store.tasks().delete(gone.id).await.unwrap());
    assert_eq!(store.tasks().find_by_id(gone.id).await.unwrap(), None);
    assert_eq!(store.task_contexts().find_by_id(lost.id).await.unwrap(), None);
    assert_eq!(store.task_contexts().find_by_id(left.id).await.unwrap(), Some(left));
    assert_eq!(store.task_dependencies().find_by_id(before.id).await.unwrap(), None);
    assert_eq!(store.task_dependencies().find_by_id(after.id).await.unwrap(), None);
}

async fn deleting_a_task_leaves_its_parts_and_states_behind(store: &dyn Store) {
    let whole = given::task(store, "Whole").await;
    let part = NewTask { parent_task_id: Some(whole.id), ..NewTask::new("Part") };
    let part = store.tasks().create(&part).await.unwrap();
    let new = given::new_state("release", "build", WorkflowStatus::Failed, 0);
    let new = NewWorkflowState { task_id: Some(whole.id), ..new };
    let state = store.workflow_states().create(&new).await.unwrap();

    assert!(store.tasks().delete(whole.id).await.unwrap());
    let alone = store.tasks().find_by_id(part.id).await.unwrap().unwrap();
    assert_eq!(alone, Task { parent_task_id: None, version: 2, updated_at: alone.updated_at, ..part });
    let idle = store.workflow_states().find_by_id(state.id).await.unwrap().unwrap();
    assert_eq!(idle, WorkflowState { task_id: None, version: 2, ..state });
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let parent = store.tasks().create(&given::new_task("parent", 100)).await.unwrap();
    let plain = given::new_task("plain", 200);
    let rich = NewTask {
        status: TaskStatus::Failed,
        priority: 5,
        task_type: "bug".to_owned(),
        assigned_to: Some("ada".to_owned()),
        tags: vec!["a".to_owned(), "b".to_owned()],
        parent_task_id: Some(parent.id),
        ..given::new_task("rich", 300)
    };
    store.tasks().bulk_create(&[plain, rich]).await.unwrap();
    let any = TaskFilter::default;
    let tags = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
    let (parent_plain, plain_rich) = (["parent", "plain"].as_slice(), ["plain", "rich"].as_slice());
    let stories: Vec<(TaskFilter, &[&str])> = vec![
        (any(), &["parent", "plain", "rich"]),
        (TaskFilter { status: Some(TaskStatus::Pending), ..any() }, parent_plain),
        (TaskFilter { status: Some(TaskStatus::Failed), ..any() }, &["rich"]),
        (TaskFilter { assigned_to: Some("ada".to_owned()), ..any() }, &["rich"]),
        (TaskFilter { assigned_to: Some("ad".to_owned()), ..any() }, &[]),
        (TaskFilter { task_type: Some("general".to_owned()), ..any() }, parent_plain),
        (TaskFilter { priority: Some(0), ..any() }, parent_plain),
        (TaskFilter { priority: Some(5), ..any() }, &["rich"]),
        (TaskFilter { priority: Some(i32::MIN), ..any() }, &[]),
        (TaskFilter { parent_task_id: Some(parent.id), ..any() }, &["rich"]),
        (TaskFilter { parent_task_id: Some(TaskId::new()), ..any() }, &[]),
        (TaskFilter { tags: tags(&["b"]), ..any() }, &["rich"]),
        (TaskFilter { tags: tags(&["b", "a"]), ..any() }, &["rich"]),
        (TaskFilter { tags: tags(&["a", "c"]), ..any() }, &[]),
        (TaskFilter { created_after: Some(given::at(200)), ..any() }, plain_rich),
        (TaskFilter { created_before: Some(given::at(200)), ..any() }, parent_plain),
        (
            TaskFilter { status: Some(TaskStatus::Pending), created_after: Some(given::at(150)), ..any() },
            &["plain"],
        ),
    ];
    for (filter, expected) in stories {
        let page = store.tasks().find_by(&filter, &PageRequest::default().ascending()).await.unwrap();
        let titles: Vec<_> = page.items.iter().map(|task| task.title.as_str()).collect();
        assert_eq!(titles, expected, "{filter:?}");
        assert_eq!(store.tasks().count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
        assert_eq!(
            store.tasks().statistics(&filter).await.unwrap().total,
            expected.len() as u64,
            "{filter:?}"
        );
    }
}

async fn a_task_comes_with_its_newest_contexts(store: &dyn Store) {
    let (task, other) = (given::task(store, "Known").await, given::task(store, "Other").await);
    let mut contexts = Vec::new();
    for made in [3, 1, 2] {
        contexts.push(given::context(store, task.id, ContextType::Performance, made).await);
        given::context(store, other.id, ContextType::Performance, made).await;
    }
    contexts.sort_by_key(|context| std::cmp::Reverse(context.created_at));
    let found = store.tasks().find_with_contexts(task.id, 1000).await.unwrap().unwrap();
    assert_eq!((found.task, found.contexts), (task.clone(), contexts.clone()));
    let newest = store.tasks().find_with_contexts(task.id, 2).await.unwrap().unwrap();
    assert_eq!(newest.contexts, contexts[..2]);
}
