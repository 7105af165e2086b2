//! The rules of contexts, and what the constructors of each type fill in.

use serde_json::{Value, json};
use taskmaster_models::{
    AiInteraction, ContextType, DependencyType, FaultCode, NewTaskContext, TaskContext, TaskContextPatch,
    TaskFullContext, TaskId, TaskStatus, ValidationOutcome,
};

fn faults(context: &NewTaskContext) -> Vec<(String, FaultCode)> {
    context.validate().faults().iter().map(|fault| (fault.field.clone(), fault.code)).collect()
}

#[test]
fn the_data_are_an_object_or_an_array() {
    for (data, valid) in [(json!({}), true), (json!([]), true), (json!("text"), false), (Value::Null, false)]
    {
        let context = NewTaskContext::new(TaskId::new(), ContextType::Error, data.clone());
        assert_eq!(context.validate().is_valid(), valid, "{data}");
    }
}

#[test]
fn a_validation_scores_0_to_100() {
    for (score, valid) in [(-0.1, false), (0.0, true), (100.0, true), (100.1, false)] {
        let context = NewTaskContext::new(TaskId::new(), ContextType::Validation, json!({ "score": score }));
        let expected =
            if valid { vec![] } else { vec![("context_data.score".to_owned(), FaultCode::OutOfRange)] };
        assert_eq!(faults(&context), expected);
    }
}

#[test]
fn every_constructor_makes_a_context_that_its_readers_understand() {
    let id = TaskId::new();
    let interaction = AiInteraction {
        agent_name: "coder".to_owned(),
        interaction_type: "code_generation".to_owned(),
        request_data: json!({}),
        response_data: json!({}),
        execution_time_ms: Some(12),
        success: true,
        session_id: None,
    };
    let outcome = ValidationOutcome {
        validation_type: "unit_tests".to_owned(),
        validator_name: "ci".to_owned(),
        status: "passed".to_owned(),
        score: Some(99.5),
        details: json!({}),
        suggestions: vec![],
    };
    let contexts = [
        (NewTaskContext::requirement(id, "as asked", &json!({})), "original_requirement"),
        (NewTaskContext::ai_interaction(id, &interaction), "timestamp"),
        (NewTaskContext::validation(id, &outcome), "validated_at"),
        (NewTaskContext::status_change(id, TaskStatus::Pending, TaskStatus::Failed, &json!(1)), "changed_at"),
        (NewTaskContext::completion(id, &json!({})), "completed_at"),
        (NewTaskContext::dependency_parent(id, TaskId::new(), DependencyType::Blocks), "parent_task_id"),
        (NewTaskContext::dependency_child(id, TaskId::new(), DependencyType::Related), "child_task_id"),
        (NewTaskContext::error(id, "timeout", "too slow", &json!({})), "occurred_at"),
        (NewTaskContext::performance(id, serde_json::Map::new()), "recorded_at"),
    ];
    for (context, field) in contexts {
        let validation = context.validate();
        assert!(validation.is_valid() && validation.warnings().is_empty(), "{context:?}");
        assert!(!context.context_data[field].is_null(), "{context:?} lacks {field}");
    }
}

#[test]
fn a_context_that_lacks_what_its_readers_expect_is_warned_of() {
    let context =
        NewTaskContext::new(TaskId::new(), ContextType::StatusChange, json!({ "from_status": "pending" }));
    let validation = context.validate();
    assert!(validation.is_valid());
    assert_eq!(validation.warnings().len(), 1);
    assert!(validation.warnings()[0].message.contains("to_status"));
}

#[test]
fn a_full_context_has_lists_of_what_repeats_and_the_newest_of_what_does_not() {
    let contexts = ContextType::ALL.iter().flat_map(|&context_type| {
        ["old", "new"].map(|word| {
            let new = NewTaskContext::new(TaskId::new(), context_type, json!({ "word": word }));
            TaskContext {
                id: new.id,
                task_id: new.task_id,
                context_type,
                context_data: new.context_data,
                created_at: new.created_at,
                updated_at: new.created_at,
                metadata: new.metadata,
                version: 1,
            }
        })
    });
    let full = TaskFullContext::from_contexts(contexts);
    let newest = Some(json!({ "word": "new" }));
    assert_eq!(full.requirement, newest);
    assert_eq!(full.codebase, newest);
    assert_eq!(full.workflow, newest);
    assert_eq!(full.completion, newest);
    let both = [json!({ "word": "old" }), json!({ "word": "new" })];
    assert_eq!(full.ai_interactions, both);
    assert_eq!(full.validations, both);
    assert_eq!(full.status_changes, both);
    assert_eq!(full.errors, both);
    assert_eq!(full.performance, both);
    assert_eq!(full.dependencies.len(), 4);
}

#[test]
fn a_summary_tells_the_size_of_the_data() {
    let new = NewTaskContext::new(TaskId::new(), ContextType::Error, json!({ "a": "ü" }));
    let mut json = json!(new);
    json["updated_at"] = json!(new.created_at);
    json["version"] = json!(1);
    let summary = serde_json::from_value::<TaskContext>(json).map(|context| context.summary());
    assert_eq!(summary.map(|summary| (summary.data_size, summary.has_metadata)).ok(), Some((10, false)));
}

#[test]
fn fault_21_a_patch_of_a_field_that_cannot_be_changed_is_refused() {
    let moved = json!({"task_id": TaskId::new(), "metadata": {}});
    let error = serde_json::from_value::<TaskContextPatch>(moved).unwrap_err();
    assert!(error.to_string().contains("task_id"), "{error}");
}
