//! Task contexts.

use serde_json::{Value, json};
use taskmaster_models::{
    ContextType, FaultCode, NewTaskContext, PageRequest, TaskContext, TaskContextFilter, TaskContextId,
    TaskContextPatch, TaskFullContext, TaskId,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "task_context",
    a_context_comes_back_as_it_was_given,
    a_context_of_each_type_can_be_stored,
    a_context_needs_its_task,
    a_context_of_a_taken_id_is_refused,
    an_invalid_context_is_refused_with_every_fault,
    a_patch_changes_the_named_fields_only,
    a_patch_can_be_refused,
    a_patch_cannot_give_a_validation_a_wrong_score,
    deleting_contexts_tells_how_many_there_were,
    each_criterion_of_a_filter_restricts,
    the_latest_of_a_type_is_found,
    a_full_context_is_sorted_by_kind,
    a_full_context_holds_the_newest_of_each_kind,
    a_timeline_tells_title_and_status_of_the_task,
    fault_25_twenty_thousand_contexts_go_in_at_once,
    many_contexts_are_stored_all_or_none,
    missing_contexts_are_added_and_others_left_alone,
);

async fn a_context_comes_back_as_it_was_given(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    for data in [json!({"found": [1, 2.5, null, "x"], "deep": {"er": {}}}), json!([1, {"two": 2}]), json!({})]
    {
        let new = NewTaskContext {
            context_data: data,
            metadata: given::object(&json!({"by": "a test"})),
            ..given::new_context(task.id, ContextType::Codebase, 7)
        };
        let stored = store.task_contexts().create(&new).await.unwrap();
        let expected = TaskContext {
            id: new.id,
            task_id: task.id,
            context_type: ContextType::Codebase,
            context_data: new.context_data,
            created_at: given::at(7),
            updated_at: given::at(7),
            metadata: new.metadata,
            version: 1,
        };
        assert_eq!(stored, expected);
        assert_eq!(store.task_contexts().find_by_id(new.id).await.unwrap(), Some(expected));
    }
    assert_eq!(store.task_contexts().find_by_id(TaskContextId::new()).await.unwrap(), None);
}

async fn a_context_of_each_type_can_be_stored(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    for context_type in ContextType::ALL {
        assert_eq!(given::context(store, task.id, *context_type, 0).await.context_type, *context_type);
    }
}

async fn a_context_needs_its_task(store: &dyn Store) {
    let orphan = given::new_context(TaskId::new(), ContextType::Error, 0);
    expect::reference(store.task_contexts().create(&orphan).await, "task_contexts_task_id_fkey");
    let fine = given::new_context(given::task(store, "Known").await.id, ContextType::Error, 0);
    let both = [fine, orphan];
    expect::reference(store.task_contexts().bulk_create(&both).await, "task_contexts_task_id_fkey");
    expect::reference(store.task_contexts().create_missing(&both).await, "task_contexts_task_id_fkey");
    assert_eq!(store.task_contexts().count(&TaskContextFilter::default()).await.unwrap(), 0);
}

async fn a_context_of_a_taken_id_is_refused(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let first = given::context(store, task.id, ContextType::Error, 1).await;
    let second = NewTaskContext { id: first.id, ..given::new_context(task.id, ContextType::Workflow, 2) };
    expect::conflict(store.task_contexts().create(&second).await, "task_contexts_pkey");
    assert_eq!(store.task_contexts().find_by_id(first.id).await.unwrap(), Some(first));
}

async fn an_invalid_context_is_refused_with_every_fault(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let with_data = |context_type, data| NewTaskContext::new(task.id, context_type, data);
    for scalar in [json!(null), json!(1), json!("text"), json!(true)] {
        let refused = store.task_contexts().create(&with_data(ContextType::Error, scalar)).await;
        expect::fault(refused, "context_data", FaultCode::WrongShape);
    }
    for score in [-0.5, 100.5] {
        let bad = NewTaskContext {
            created_at: given::time("+10000-01-01T00:00:00Z"),
            ..with_data(ContextType::Validation, json!({"score": score}))
        };
        let expected = [("context_data.score", FaultCode::OutOfRange), ("created_at", FaultCode::OutOfRange)];
        let expected = expected.map(|(field, code)| (field.to_owned(), code));
        assert_eq!(expect::faults(store.task_contexts().create(&bad).await), expected);
    }
    let fine = with_data(ContextType::Validation, json!({"score": 100}));
    assert!(store.task_contexts().create(&fine).await.is_ok());
}

async fn a_patch_changes_the_named_fields_only(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let before = given::context(store, task.id, ContextType::Error, 1).await;
    let patch = TaskContextPatch { context_data: Some(json!([1])), ..TaskContextPatch::default() };
    let second = store.task_contexts().update(before.id, &patch).await.unwrap();
    assert!(second.updated_at > before.updated_at);
    let expected =
        TaskContext { context_data: json!([1]), version: 2, updated_at: second.updated_at, ..before };
    assert_eq!(second, expected);

    let patch = TaskContextPatch {
        expected_version: Some(2),
        context_type: Some(ContextType::Workflow),
        context_data: None,
        metadata: Some(given::object(&json!({"by": "a test"}))),
    };
    let third = store.task_contexts().update(second.id, &patch).await.unwrap();
    let expected = TaskContext { context_type: ContextType::Workflow, version: 3, ..second };
    let expected =
        TaskContext { metadata: patch.metadata.unwrap(), updated_at: third.updated_at, ..expected };
    assert_eq!(third, expected);
    assert_eq!(store.task_contexts().find_by_id(third.id).await.unwrap(), Some(third));
}

async fn a_patch_can_be_refused(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let before = given::context(store, task.id, ContextType::Error, 1).await;
    let update = async |id, patch| store.task_contexts().update(id, &patch).await;
    let empty = TaskContextPatch { expected_version: Some(1), ..TaskContextPatch::default() };
    expect::fault(update(before.id, empty).await, "patch", FaultCode::Required);
    let scalar = TaskContextPatch { context_data: Some(json!(1)), ..TaskContextPatch::default() };
    expect::fault(update(before.id, scalar).await, "context_data", FaultCode::WrongShape);
    let patch = |expected_version| TaskContextPatch {
        expected_version,
        context_data: Some(json!({})),
        ..TaskContextPatch::default()
    };
    expect::stale(update(before.id, patch(Some(9))).await, 9, 1);
    assert_eq!(store.task_contexts().find_by_id(before.id).await.unwrap(), Some(before));
    for expected_version in [None, Some(1)] {
        let unknown = TaskContextId::new();
        expect::not_found(update(unknown, patch(expected_version)).await, unknown);
    }
}

async fn a_patch_cannot_give_a_validation_a_wrong_score(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let contexts = store.task_contexts();
    let check = NewTaskContext::new(task.id, ContextType::Validation, json!({ "score": 50 }));
    let check = contexts.create(&check).await.unwrap();
    let data = |score: Value| TaskContextPatch {
        context_data: Some(json!({ "score": score })),
        ..Default::default()
    };
    expect::conflict(contexts.update(check.id, &data(json!(1000))).await, "task_contexts_score_check");
    assert_eq!(contexts.find_by_id(check.id).await.unwrap(), Some(check.clone()));
    contexts.update(check.id, &data(json!(100))).await.unwrap();
    contexts.update(check.id, &data(json!("good"))).await.unwrap();

    let error = NewTaskContext::new(task.id, ContextType::Error, json!({ "score": -1 }));
    let error = contexts.create(&error).await.unwrap();
    let typed = TaskContextPatch { context_type: Some(ContextType::Validation), ..Default::default() };
    expect::conflict(contexts.update(error.id, &typed).await, "task_contexts_score_check");
}

async fn deleting_contexts_tells_how_many_there_were(store: &dyn Store) {
    let (task, other) = (given::task(store, "Known").await, given::task(store, "Other").await);
    let first = given::context(store, task.id, ContextType::Error, 1).await;
    for made in 2..5 {
        given::context(store, task.id, ContextType::Error, made).await;
    }
    let kept = given::context(store, other.id, ContextType::Error, 1).await;
    assert!(store.task_contexts().delete(first.id).await.unwrap());
    assert!(!store.task_contexts().delete(first.id).await.unwrap());
    assert_eq!(store.task_contexts().delete_by_task_id(task.id).await.unwrap(), 3);
    assert_eq!(store.task_contexts().delete_by_task_id(task.id).await.unwrap(), 0);
    let left =
        store.task_contexts().find_by(&TaskContextFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(left.items, [kept]);
}

async fn each_criterion_of_a_filter_restricts(store: &dyn Store) {
    let (task, other) = (given::task(store, "Known").await, given::task(store, "Other").await);
    let one = given::context(store, task.id, ContextType::Error, 1).await.id;
    let two = given::context(store, task.id, ContextType::Workflow, 2).await.id;
    let three = given::context(store, other.id, ContextType::Error, 3).await.id;
    let any = TaskContextFilter::default;
    let stories = [
        (any(), vec![one, two, three]),
        (TaskContextFilter::task(task.id), vec![one, two]),
        (TaskContextFilter::task(TaskId::new()), vec![]),
        (TaskContextFilter { context_type: Some(ContextType::Error), ..any() }, vec![one, three]),
        (TaskContextFilter { created_after: Some(given::at(2)), ..any() }, vec![two, three]),
        (TaskContextFilter { created_before: Some(given::at(2)), ..any() }, vec![one, two]),
        (
            TaskContextFilter { context_type: Some(ContextType::Error), ..TaskContextFilter::task(task.id) },
            vec![one],
        ),
    ];
    for (filter, expected) in stories {
        let page = store.task_contexts().find_by(&filter, &PageRequest::default().ascending()).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|context| context.id).collect();
        assert_eq!(found, expected, "{filter:?}");
        assert_eq!(store.task_contexts().count(&filter).await.unwrap(), expected.len() as u64, "{filter:?}");
    }
}

async fn the_latest_of_a_type_is_found(store: &dyn Store) {
    let (task, other) = (given::task(store, "Known").await, given::task(store, "Other").await);
    let latest =
        async |context_type| store.task_contexts().find_latest_by_type(task.id, context_type).await.unwrap();
    assert_eq!(latest(ContextType::Error).await, None);
    for made in [1, 3, 2] {
        given::context(store, task.id, ContextType::Error, made).await;
    }
    given::context(store, other.id, ContextType::Error, 9).await;
    given::context(store, task.id, ContextType::Workflow, 9).await;
    assert_eq!(latest(ContextType::Error).await.unwrap().created_at, given::at(3));
    // Of two made at the same time, the one with the greater id is the later one, as everywhere.
    let twin = given::context(store, task.id, ContextType::Error, 3).await;
    assert_eq!(latest(ContextType::Error).await, Some(twin));
}

async fn a_full_context_is_sorted_by_kind(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    for made in [2, 1] {
        for context_type in ContextType::ALL {
            given::context(store, task.id, *context_type, made).await;
        }
    }
    let (one, two) = (json!({"made": 1}), json!({"made": 2}));
    let expected = TaskFullContext {
        requirement: Some(two.clone()),
        codebase: Some(two.clone()),
        ai_interactions: vec![one.clone(), two.clone()],
        validations: vec![one.clone(), two.clone()],
        workflow: Some(two.clone()),
        status_changes: vec![one.clone(), two.clone()],
        completion: Some(two.clone()),
        dependencies: vec![one.clone(), one.clone(), two.clone(), two.clone()],
        errors: vec![one.clone(), two.clone()],
        performance: vec![one, two],
    };
    assert_eq!(store.task_contexts().full_context(task.id).await.unwrap(), expected);
    let unknown = store.task_contexts().full_context(TaskId::new()).await.unwrap();
    assert_eq!(unknown, TaskFullContext::default());
}

async fn a_full_context_holds_the_newest_of_each_kind(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let new: Vec<_> = (0..1005).map(|made| given::new_context(task.id, ContextType::Error, made)).collect();
    store.task_contexts().bulk_create(&new).await.unwrap();
    given::context(store, task.id, ContextType::Validation, -1).await;
    let full = store.task_contexts().full_context(task.id).await.unwrap();
    let expected: Vec<Value> = (5..1005).map(|made| json!({"made": made})).collect();
    assert_eq!(full.errors, expected);
    assert_eq!(full.validations.len(), 1);
}

async fn a_timeline_tells_title_and_status_of_the_task(store: &dyn Store) {
    let (task, other) = (given::task(store, "Known").await, given::task(store, "Other").await);
    given::context(store, other.id, ContextType::Error, 0).await;
    let mut contexts = Vec::new();
    for made in [1, 2, 3] {
        contexts.push(given::context(store, task.id, ContextType::Error, made).await);
    }
    let request = PageRequest::default().ascending().limit(2);
    let first = store.task_contexts().task_timeline(task.id, &request).await.unwrap();
    let second = store.task_contexts().task_timeline(task.id, &request.after(first.next)).await.unwrap();
    assert_eq!(second.next, None);
    let entries: Vec<_> = first.items.into_iter().chain(second.items).collect();
    assert!(entries.iter().all(|e| e.task_title == "Known" && e.task_status == task.status));
    assert_eq!(entries.into_iter().map(|entry| entry.context).collect::<Vec<_>>(), contexts);

    let newest =
        store.task_contexts().task_timeline(task.id, &PageRequest::default().limit(1)).await.unwrap();
    assert_eq!(newest.items[0].context, contexts[2]);
    let unknown = store.task_contexts().task_timeline(TaskId::new(), &PageRequest::default()).await.unwrap();
    assert_eq!(unknown.items, []);
}

async fn fault_25_twenty_thousand_contexts_go_in_at_once(store: &dyn Store) {
    let task = given::task(store, "Chatty").await;
    let new: Vec<_> =
        (0..20_000).rev().map(|n| given::new_context(task.id, ContextType::AiInteraction, n)).collect();
    let stored = store.task_contexts().bulk_create(&new).await.unwrap();
    assert!(stored.iter().map(|context| context.id).eq(new.iter().map(|context| context.id)));
    assert!(
        stored
            .iter()
            .map(|context| &context.context_data)
            .eq(new.iter().map(|context| &context.context_data))
    );
    assert_eq!(store.task_contexts().count(&TaskContextFilter::task(task.id)).await.unwrap(), 20_000);
    assert_eq!(store.task_contexts().create_missing(&new).await.unwrap(), []);
}

async fn many_contexts_are_stored_all_or_none(store: &dyn Store) {
    assert_eq!(store.task_contexts().bulk_create(&[]).await.unwrap(), []);
    let task = given::task(store, "Known").await;
    let mut new: Vec<_> = (0..4).map(|n| given::new_context(task.id, ContextType::Error, n)).collect();
    new[3].context_data = json!(3);
    expect::fault(store.task_contexts().bulk_create(&new).await, "[3].context_data", FaultCode::WrongShape);
    new[3] = new[0].clone();
    expect::conflict(store.task_contexts().bulk_create(&new).await, "task_contexts_pkey");
    assert_eq!(store.task_contexts().count(&TaskContextFilter::default()).await.unwrap(), 0);
    new.pop();
    assert_eq!(store.task_contexts().bulk_create(&new).await.unwrap().len(), 3);
}

async fn missing_contexts_are_added_and_others_left_alone(store: &dyn Store) {
    assert_eq!(store.task_contexts().create_missing(&[]).await.unwrap(), []);
    let task = given::task(store, "Known").await;
    let there = given::context(store, task.id, ContextType::Error, 1).await;
    let changed = NewTaskContext { id: there.id, ..given::new_context(task.id, ContextType::Workflow, 2) };
    let (a, b) = (
        given::new_context(task.id, ContextType::Error, 3),
        given::new_context(task.id, ContextType::Error, 4),
    );
    let new = [b.clone(), changed, a.clone(), a.clone()];
    assert_eq!(store.task_contexts().create_missing(&new).await.unwrap(), [b.id, a.id]);
    assert_eq!(store.task_contexts().create_missing(&new).await.unwrap(), []);
    assert_eq!(store.task_contexts().find_by_id(there.id).await.unwrap(), Some(there));
}
