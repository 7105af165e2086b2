//! The edges of what can be stored.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use taskmaster_models::{
    ContextType, FaultCode, MAX_JSON_DEPTH, NewTask, NewTaskContext, NewWorkflowState, PageRequest,
    TaskContextFilter, TaskContextId, TaskFilter, TaskId, TaskPatch, TaskSort, TaskStatus,
    WorkflowStateFilter, WorkflowStatePatch, WorkflowStatus, clock,
};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "limits",
    fault_24_titles_have_255_characters_of_any_width,
    nul_is_refused_wherever_text_goes,
    nul_is_refused_wherever_text_is_looked_for,
    json_nests_a_hundred_levels_deep,
    ten_megabytes_come_back_whole,
    every_script_comes_back_whole,
    json_numbers_come_back_as_they_were,
    times_reach_from_year_1_to_year_9999,
    times_are_kept_to_the_microsecond,
    filters_take_any_time,
    fault_20_hours_go_from_zero_to_the_limit,
);

async fn fault_24_titles_have_255_characters_of_any_width(store: &dyn Store) {
    for character in ["a", "ü", "語", "😀"] {
        let longest = given::task(store, &character.repeat(255)).await;
        assert_eq!(store.tasks().find_by_id(longest.id).await.unwrap().unwrap().title, character.repeat(255));
        let too_long = character.repeat(256);
        expect::fault(store.tasks().create(&NewTask::new(&too_long)).await, "title", FaultCode::TooLong);
        let patch = TaskPatch { title: Some(too_long), ..TaskPatch::default() };
        expect::fault(store.tasks().update(longest.id, &patch).await, "title", FaultCode::TooLong);
    }
}

async fn nul_is_refused_wherever_text_goes(store: &dyn Store) {
    let nul = || "a\0b".to_owned();
    let nul_key = given::object(&json!({"a\0b": 1}));
    let task = NewTask {
        description: Some(nul()),
        task_type: nul(),
        affected_files: vec![json!(nul())],
        requirements: vec![json!([nul()])],
        acceptance_criteria: vec![json!({"x": nul()})],
        assigned_to: Some(nul()),
        tags: vec![nul()],
        metadata: nul_key.clone(),
        ..NewTask::new(nul())
    };
    let fields = ["title", "description", "type", "affected_files", "requirements", "acceptance_criteria"];
    let fields = fields.into_iter().chain(["assigned_to", "tags", "metadata"]);
    let expected: Vec<_> = fields.map(|field| (field.to_owned(), FaultCode::Nul)).collect();
    assert_eq!(expect::faults(store.tasks().create(&task).await), expected);

    let there = given::task(store, "There").await;
    let patch = TaskPatch { description: Some(Some(nul())), ..TaskPatch::default() };
    expect::fault(store.tasks().update(there.id, &patch).await, "description", FaultCode::Nul);
    expect::faults(store.tasks().update_status(there.id, TaskStatus::Failed, json!({"why": nul()})).await);
    expect::faults(store.tasks().complete(there.id, None, json!([nul()])).await);
    assert_eq!(store.tasks().find_by_id(there.id).await.unwrap(), Some(there.clone()));

    let context = NewTaskContext { metadata: nul_key, ..given::new_context(there.id, ContextType::Error, 0) };
    expect::fault(store.task_contexts().create(&context).await, "metadata", FaultCode::Nul);
    let state = given::state(store, "release", "build", WorkflowStatus::Running, 0).await;
    let states = store.workflow_states();
    expect::fault(states.set_error(state.id, "a\0b").await, "error_message", FaultCode::Nul);
    expect::fault(states.increment_retry(state.id, Some(nul())).await, "error_message", FaultCode::Nul);
    expect::fault(states.set_result(state.id, json!(nul())).await, "result", FaultCode::Nul);
    let patch = WorkflowStatePatch { workflow_id: Some(nul()), ..WorkflowStatePatch::default() };
    expect::fault(states.update(state.id, &patch).await, "workflow_id", FaultCode::Nul);
    assert_eq!(states.find_by_id(state.id).await.unwrap(), Some(state));
}

async fn nul_is_refused_wherever_text_is_looked_for(store: &dyn Store) {
    let nul = || Some("a\0b".to_owned());
    let any = TaskFilter::default;
    for (filter, field) in [
        (TaskFilter { assigned_to: nul(), ..any() }, "assigned_to"),
        (TaskFilter { task_type: nul(), ..any() }, "type"),
        (TaskFilter { tags: vec!["a\0b".to_owned()], ..any() }, "tags"),
    ] {
        expect::fault(store.tasks().find_by(&filter, &PageRequest::default()).await, field, FaultCode::Nul);
        expect::fault(store.tasks().count(&filter).await, field, FaultCode::Nul);
        expect::fault(store.tasks().statistics(&filter).await, field, FaultCode::Nul);
    }
    let states = store.workflow_states();
    let filter = WorkflowStateFilter { step: nul(), ..WorkflowStateFilter::default() };
    expect::fault(states.find_by(&filter, &PageRequest::default()).await, "step", FaultCode::Nul);
    expect::fault(states.count(&filter).await, "step", FaultCode::Nul);
    expect::fault(states.statistics(&filter).await, "step", FaultCode::Nul);
    expect::fault(states.workflow_progress("a\0b").await, "workflow_id", FaultCode::Nul);
    expect::fault(states.delete_by_workflow_id("a\0b").await, "workflow_id", FaultCode::Nul);
    let request = PageRequest::default();
    expect::fault(states.find_by_workflow_id("a\0b", &request).await, "workflow_id", FaultCode::Nul);
    expect::fault(states.workflow_timeline("a\0b", &request).await, "workflow_id", FaultCode::Nul);
    expect::fault(states.find_latest("a\0b").await, "workflow_id", FaultCode::Nul);
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(
        json!("core"),
        |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"in": inner}) },
    )
}

async fn json_nests_a_hundred_levels_deep(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let context = |depth| NewTaskContext::new(task.id, ContextType::Error, nested(depth));
    let deepest = store.task_contexts().create(&context(MAX_JSON_DEPTH)).await.unwrap();
    let found = store.task_contexts().find_by_id(deepest.id).await.unwrap().unwrap();
    assert_eq!(found.context_data, nested(MAX_JSON_DEPTH));
    for depth in [MAX_JSON_DEPTH + 1, 1000] {
        let refused = store.task_contexts().create(&context(depth)).await;
        expect::fault(refused, "context_data", FaultCode::TooDeep);
        expect::faults(store.tasks().update_status(task.id, TaskStatus::Failed, nested(depth)).await);
        let deep = NewTask { requirements: vec![nested(depth)], ..NewTask::new("Deep") };
        expect::fault(store.tasks().create(&deep).await, "requirements", FaultCode::TooDeep);
    }
    // An element of a list, and a value of an object, are a level below the column itself.
    let new = NewTask {
        requirements: vec![nested(MAX_JSON_DEPTH)],
        metadata: given::object(&json!({"deep": nested(MAX_JSON_DEPTH)})),
        ..NewTask::new("Deep")
    };
    let stored = store.tasks().create(&new).await.unwrap();
    assert_eq!((&stored.requirements, &stored.metadata), (&new.requirements, &new.metadata));
    assert_eq!(store.tasks().find_by_id(new.id).await.unwrap(), Some(stored));
}

async fn ten_megabytes_come_back_whole(store: &dyn Store) {
    // Words that all differ are the worst case for an index of words.
    let description = (0..600_000).map(|n| format!("wörd{n}-x{n} ")).collect::<Vec<_>>().concat();
    assert!(description.len() > 10_000_000);
    let new = NewTask { description: Some(description), ..NewTask::new("Long") };
    let stored = store.tasks().create(&new).await.unwrap();
    assert!(stored.description == new.description);
    let found = store.tasks().find_by_id(new.id).await.unwrap().unwrap();
    assert!(found.description == new.description);
    let patch = TaskPatch { priority: Some(1), ..TaskPatch::default() };
    assert!(store.tasks().update(new.id, &patch).await.unwrap().description == new.description);
    let context = NewTaskContext::new(new.id, ContextType::Codebase, json!({"text": new.description}));
    let stored = store.task_contexts().create(&context).await.unwrap();
    assert!(stored.context_data == context.context_data);
}

async fn every_script_comes_back_whole(store: &dyn Store) {
    for text in [
        "Ünïcödé",
        "漢字かな交じり",
        "עברית العربية",
        "👩‍👩‍👧‍👦 🇺🇳 é",
        "\u{202e}\u{feff}\u{200b}x",
        "\u{1}\u{7f}\r\n\t\\'\"$1;--",
        "NULL",
        "{a,b}",
        "\u{10ffff}",
    ] {
        let task = NewTask {
            description: Some(text.to_owned()),
            task_type: text.to_owned(),
            assigned_to: Some(text.to_owned()),
            tags: vec![text.to_owned(), String::new()],
            affected_files: vec![json!(text)],
            metadata: given::object(&json!({text: {text: text}})),
            ..given::new_task(text, 0)
        };
        let twin = NewTask { id: TaskId::new(), ..task.clone() };
        let one = store.tasks().create(&task).await.unwrap();
        let many = store.tasks().bulk_create(&[twin]).await.unwrap().remove(0);
        for stored in [one, many] {
            assert_eq!((&stored.title, &stored.description), (&task.title, &task.description));
            assert_eq!((&stored.tags, &stored.affected_files), (&task.tags, &task.affected_files));
            assert_eq!((&stored.metadata, &stored.assigned_to), (&task.metadata, &task.assigned_to));
        }
        let filter = TaskFilter {
            tags: vec![text.to_owned()],
            task_type: Some(text.to_owned()),
            ..TaskFilter::default()
        };
        assert_eq!(store.tasks().count(&filter).await.unwrap(), 2, "{text:?}");
        let request = PageRequest::new(TaskSort::Title).limit(1);
        let first = store.tasks().find_by(&filter, &request).await.unwrap();
        let second = store.tasks().find_by(&filter, &request.after(first.next)).await.unwrap();
        assert_eq!(second.items.len(), 1, "{text:?}");
    }
}

async fn json_numbers_come_back_as_they_were(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let numbers = json!([
        0,
        -1,
        1.5,
        0.1,
        -0.25,
        1e15,
        1e20,
        1e-7,
        i64::MIN,
        i64::MAX,
        u64::MAX,
        2.0,
        0.300_000_000_000_000_04,
        123_456_789.123_456_79,
        f64::MAX,
        f64::MIN_POSITIVE,
        1e300,
        5e-324
    ]);
    let new = NewTaskContext::new(task.id, ContextType::Performance, numbers.clone());
    assert_eq!(store.task_contexts().create(&new).await.unwrap().context_data, numbers);
    let twin = NewTaskContext { id: TaskContextId::new(), ..new };
    assert_eq!(store.task_contexts().bulk_create(&[twin]).await.unwrap()[0].context_data, numbers);
}

async fn times_reach_from_year_1_to_year_9999(store: &dyn Store) {
    for time in [clock::earliest(), clock::latest(), given::time("1969-12-31T23:59:59.999999Z")] {
        let times = NewTask {
            status: TaskStatus::Completed,
            created_at: time,
            updated_at: time,
            completed_at: Some(time),
            ..NewTask::new("Old")
        };
        let twin = NewTask { id: TaskId::new(), ..times.clone() };
        let mut stored = store.tasks().bulk_create(&[twin]).await.unwrap();
        stored.push(store.tasks().create(&times).await.unwrap());
        for task in stored {
            assert_eq!((task.created_at, task.updated_at, task.completed_at), (time, time, Some(time)));
        }
    }
    let beyond = ["0000-12-31T23:59:59.999999Z", "+10000-01-01T00:00:00Z"].map(given::time);
    for time in beyond.into_iter().chain([DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]) {
        let new = NewTask { created_at: time, ..NewTask::new("Beyond") };
        expect::fault(store.tasks().create(&new).await, "created_at", FaultCode::OutOfRange);
        let new = NewWorkflowState {
            started_at: time,
            ..given::new_state("release", "build", WorkflowStatus::Pending, 0)
        };
        expect::fault(store.workflow_states().create(&new).await, "started_at", FaultCode::OutOfRange);
    }
}

async fn times_are_kept_to_the_microsecond(store: &dyn Store) {
    for (given, kept) in [
        ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456Z"),
        ("1999-12-31T23:59:59.999999999Z", "1999-12-31T23:59:59.999999Z"),
        ("1950-01-02T03:04:05.000000999Z", "1950-01-02T03:04:05Z"),
    ] {
        let (given, kept) = (given::time(given), given::time(kept));
        let new = NewTask { created_at: given, updated_at: given, ..NewTask::new("Fine") };
        let twin = NewTask { id: TaskId::new(), ..new.clone() };
        let mut stored = store.tasks().bulk_create(&[twin]).await.unwrap();
        stored.push(store.tasks().create(&new).await.unwrap());
        for task in stored {
            assert_eq!((task.created_at, task.updated_at), (kept, kept));
            assert_eq!(store.tasks().find_by_id(task.id).await.unwrap(), Some(task));
        }
    }
}

async fn filters_take_any_time(store: &dyn Store) {
    let task = given::task(store, "There").await;
    given::context(store, task.id, ContextType::Error, 0).await;
    given::state(store, "release", "build", WorkflowStatus::Failed, 0).await;
    let (min, max) = (Some(DateTime::<Utc>::MIN_UTC), Some(DateTime::<Utc>::MAX_UTC));
    for (after, before, expected) in
        [(min, max, 1), (min, None, 1), (None, max, 1), (max, None, 0), (None, min, 0)]
    {
        let filter = TaskFilter { created_after: after, created_before: before, ..TaskFilter::default() };
        assert_eq!(store.tasks().count(&filter).await.unwrap(), expected);
        let filter = TaskContextFilter {
            created_after: after,
            created_before: before,
            ..TaskContextFilter::default()
        };
        assert_eq!(store.task_contexts().count(&filter).await.unwrap(), expected);
        let filter = WorkflowStateFilter {
            started_after: after,
            started_before: before,
            ..WorkflowStateFilter::default()
        };
        assert_eq!(store.workflow_states().count(&filter).await.unwrap(), expected);
    }
}

async fn fault_20_hours_go_from_zero_to_the_limit(store: &dyn Store) {
    for hours in ["0", "0.01", "999999.99", "1.50", "-0"] {
        let hours = Some(hours.parse::<Decimal>().unwrap());
        let new = NewTask { estimated_hours: hours, actual_hours: hours, ..NewTask::new("Fine") };
        let stored = store.tasks().create(&new).await.unwrap();
        assert_eq!((stored.estimated_hours, stored.actual_hours), (hours, hours));
    }
    for hours in ["-0.01", "1000000", "79228162514264337593543950335"] {
        let new = NewTask { estimated_hours: hours.parse().ok(), ..NewTask::new("Bad") };
        expect::fault(store.tasks().create(&new).await, "estimated_hours", FaultCode::OutOfRange);
    }
}
