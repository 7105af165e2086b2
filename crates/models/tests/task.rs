//! The rules of tasks.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use taskmaster_models::{
    FaultCode, NewTask, Task, TaskFilter, TaskId, TaskPatch, TaskStatus, Validation, clock,
};

/// The faults of a task, as field and code.
fn faults(validation: &Validation) -> Vec<(&str, FaultCode)> {
    validation.faults().iter().map(|fault| (fault.field.as_str(), fault.code)).collect()
}

fn warned_fields(validation: &Validation) -> Vec<&str> {
    validation.warnings().iter().map(|warning| warning.field.as_str()).collect()
}

fn task(change: impl FnOnce(&mut NewTask)) -> NewTask {
    let mut task = NewTask::new("a");
    change(&mut task);
    task
}

/// `new` as a store would return it.
fn stored(new: &NewTask) -> Task {
    let mut json = json!(new);
    json["version"] = json!(1);
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_new_task_has_the_defaults_of_the_schema() {
    let task = NewTask::new("a");
    assert!(task.validate().is_valid() && task.validate().warnings().is_empty());
    assert_eq!((task.status, task.priority, task.complexity_score), (TaskStatus::Pending, 0, 5));
    assert_eq!(task.task_type, "general");
    assert_eq!(task.created_at, task.updated_at);
}

#[test]
fn every_fault_is_found_at_once() {
    let task = task(|task| {
        task.title = " \n".to_owned();
        task.task_type = "x".repeat(51);
        task.priority = 11;
        task.complexity_score = 0;
        task.parent_task_id = Some(task.id);
        task.assigned_to = Some("x".repeat(256));
        task.estimated_hours = Some(Decimal::new(-1, 0));
        task.actual_hours = Some(Decimal::new(1, 3));
        task.created_at = DateTime::<Utc>::MAX_UTC;
    });
    assert_eq!(
        faults(&task.validate()),
        [
            ("title", FaultCode::Required),
            ("type", FaultCode::TooLong),
            ("priority", FaultCode::OutOfRange),
            ("complexity_score", FaultCode::OutOfRange),
            ("assigned_to", FaultCode::TooLong),
            ("estimated_hours", FaultCode::OutOfRange),
            ("actual_hours", FaultCode::TooPrecise),
            ("created_at", FaultCode::OutOfRange),
            ("parent_task_id", FaultCode::Contradiction),
        ]
    );
}

#[test]
fn fault_20_a_zero_is_a_value_and_no_reason_for_a_default() {
    let no_complexity = task(|task| task.complexity_score = 0);
    assert_eq!(faults(&no_complexity.validate()), [("complexity_score", FaultCode::OutOfRange)]);
    let no_hours = task(|task| task.estimated_hours = Some(Decimal::ZERO));
    assert!(no_hours.validate().is_valid());
}

#[test]
fn what_is_odd_is_warned_of_and_allowed() {
    let completed = task(|task| {
        task.status = TaskStatus::Completed;
        task.estimated_hours = Some(Decimal::ONE);
    });
    assert!(completed.validate().is_valid());
    assert_eq!(warned_fields(&completed.validate()), ["completed_at", "actual_hours"]);
    let hard = task(|task| task.complexity_score = 9);
    assert_eq!(warned_fields(&hard.validate()), ["estimated_hours"]);
    let dropped = task(|task| task.completed_at = Some(task.created_at));
    assert_eq!(warned_fields(&dropped.validate()), ["completed_at"]);
}

#[test]
fn a_status_decides_progress_and_the_time_of_completion() {
    let progress: Vec<_> = TaskStatus::ALL.iter().map(|status| status.progress()).collect();
    assert_eq!(progress, [0, 50, 100, 0, 0]);
    let (now, before) = (clock::now(), clock::now() - TimeDelta::days(1));
    assert_eq!(TaskStatus::Completed.completed_at(None, now), Some(now));
    assert_eq!(TaskStatus::Completed.completed_at(Some(before), now), Some(before));
    assert_eq!(TaskStatus::Failed.completed_at(Some(before), now), None);
}

#[test]
fn a_task_is_overdue_when_it_took_more_than_a_fifth_over_its_estimate() {
    let overdue = |status, estimated, actual: &str| {
        let hours = |text: &str| Some(text.parse().unwrap());
        let new = task(|task| {
            task.status = status;
            task.estimated_hours = estimated;
            task.actual_hours = hours(actual);
        });
        stored(&new).is_overdue()
    };
    let ten = Some(Decimal::TEN);
    assert!(!overdue(TaskStatus::Completed, ten, "12"));
    assert!(overdue(TaskStatus::Completed, ten, "12.01"));
    assert!(!overdue(TaskStatus::InProgress, ten, "99"));
    assert!(!overdue(TaskStatus::Completed, None, "99"));
}

#[test]
fn a_summary_tells_age_in_whole_days() {
    let task = stored(&task(|task| task.created_at = clock::now() - TimeDelta::hours(47)));
    let summary = task.summary(clock::now());
    assert_eq!((summary.age_days, summary.progress, summary.is_overdue), (1, 0, false));
}

#[test]
fn the_same_work_again_is_a_new_pending_task_without_hours_worked() {
    let done = stored(&task(|task| {
        task.status = TaskStatus::Completed;
        task.actual_hours = Some(Decimal::ONE);
        task.estimated_hours = Some(Decimal::TEN);
        task.tags = vec!["x".to_owned()];
    }));
    let again = done.again();
    assert_ne!(again.id, done.id);
    assert_eq!((again.status, again.completed_at, again.actual_hours), (TaskStatus::Pending, None, None));
    assert_eq!((again.tags, again.estimated_hours), (done.tags, done.estimated_hours));
}

#[test]
fn a_patch_tells_absent_from_null() {
    let patch: TaskPatch = serde_json::from_value(json!({ "description": null, "priority": 3 })).unwrap();
    assert_eq!(patch.description, Some(None));
    assert_eq!(patch.priority, Some(3));
    assert_eq!(patch.assigned_to, None);
    assert!(serde_json::from_value::<TaskPatch>(json!({ "id": "x" })).is_err(), "unknown fields are refused");
}

#[test]
fn a_patch_is_checked_as_a_task_is() {
    let id = TaskId::new();
    let patch = TaskPatch {
        title: Some(String::new()),
        priority: Some(-1),
        parent_task_id: Some(Some(id)),
        ..TaskPatch::default()
    };
    assert_eq!(
        faults(&patch.validate(id)),
        [
            ("title", FaultCode::Required),
            ("priority", FaultCode::OutOfRange),
            ("parent_task_id", FaultCode::Contradiction),
        ]
    );
    let empty = TaskPatch { expected_version: Some(1), ..TaskPatch::default() };
    assert_eq!(faults(&empty.validate(id)), [("patch", FaultCode::Required)]);
}

#[test]
fn a_task_is_json_with_the_names_of_the_schema_and_numbers_as_numbers() {
    let task = stored(&task(|task| task.estimated_hours = Some(Decimal::new(150, 2))));
    let json = json!(task);
    assert_eq!(json["type"], "general");
    assert_eq!(json["status"], "pending");
    assert_eq!(json["estimated_hours"], 1.5);
    assert_eq!(serde_json::from_value::<Task>(json).unwrap(), task);
    assert!("paused".parse::<TaskStatus>().unwrap_err().to_string().contains("pending, in_progress"));
}

#[test]
fn a_filter_refuses_what_no_row_can_hold() {
    let filter = TaskFilter { tags: vec!["\0".to_owned()], ..TaskFilter::default() };
    assert_eq!(faults(&filter.validate()), [("tags", FaultCode::Nul)]);
}

proptest! {
    #[test]
    fn a_title_is_valid_exactly_when_it_has_1_to_255_characters_not_all_blank(title in "[ \t\na-cü\u{1F980}\0]{0,300}") {
        let blank = title.trim_matches([' ', '\t', '\n']).is_empty();
        let valid = !blank && title.chars().count() <= 255 && !title.contains('\0');
        prop_assert_eq!(NewTask::new(title).validate().is_valid(), valid);
    }
}

#[test]
fn fault_24_a_number_is_a_whole_number_and_nothing_else() {
    let with_priority = |priority| {
        let mut json = json!(NewTask::new("a"));
        json["priority"] = priority;
        serde_json::from_value::<NewTask>(json)
    };
    assert_eq!(with_priority(json!(3)).unwrap().priority, 3);
    for priority in [json!("high"), json!("3"), json!(2.5), json!(f64::NAN), json!(1e10), json!(true)] {
        assert!(with_priority(priority.clone()).is_err(), "{priority}");
    }
}
