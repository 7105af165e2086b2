//! A task before its relations are settled, and the contexts that come with it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use taskmaster_models::{AiInteraction, ContextType, DependencyType, NewTask, NewTaskContext};

use crate::{Format, identity, record::make_storable};

pub(crate) struct Draft {
    pub(crate) task: NewTask,
    /// The task's id in the source.
    pub(crate) name: String,
    pub(crate) parent: Option<Parent>,
}

/// The task that a task is a part of, by its index among the drafts.
pub(crate) struct Parent {
    pub(crate) index: usize,
    pub(crate) place: String,
    pub(crate) entry: Value,
}

/// A dependency before it is known whether it can be stored. The ends are indexes of drafts.
pub(crate) struct Link {
    pub(crate) parent: usize,
    pub(crate) child: usize,
    pub(crate) kind: DependencyType,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) place: String,
    /// What the file says, which the child keeps if the link is left out.
    pub(crate) entry: Value,
}

impl Draft {
    /// Keeps a dependency entry that no dependency came of in `metadata.source.dependencies`.
    pub(crate) fn leave_out(&mut self, mut entry: Value) {
        make_storable(&mut entry);
        let source = self.task.metadata.entry("source").or_insert_with(|| json!({}));
        match &mut source["dependencies"] {
            Value::Array(entries) => entries.push(entry),
            none => *none = json!([entry]),
        }
    }
}

/// A task's metadata: the source's own words, and where they come from.
pub(crate) fn metadata(
    source: Map<String, Value>,
    project: &str,
    format: Format,
    tag: Option<&str>,
) -> Map<String, Value> {
    let mut import = json!({ "project": project, "format": format.as_str() });
    if let Some(tag) = tag {
        import["tag"] = json!(tag);
    }
    Map::from_iter([("source".to_owned(), Value::Object(source)), ("import".to_owned(), import)])
}

/// How the task is to be done, from the field `field`.
pub(crate) fn requirement(task: &NewTask, field: &str, text: &str) -> NewTaskContext {
    let context = NewTaskContext::requirement(task.id, text, &json!({ "source_field": field }));
    imported(context, field, 1, task.created_at)
}

/// What was noted during the work.
pub(crate) fn notes(task: &NewTask, text: &str) -> NewTaskContext {
    let data = json!({ "notes": text });
    imported(NewTaskContext::new(task.id, ContextType::Workflow, data), "notes", 1, task.updated_at)
}

/// What came of the task.
pub(crate) fn completion(task: &NewTask, close_reason: &str) -> NewTaskContext {
    let at = task.completed_at.unwrap_or(task.updated_at);
    let data = json!({
        "results": { "close_reason": close_reason },
        "completion_method": "imported",
        "completed_at": at,
    });
    imported(NewTaskContext::new(task.id, ContextType::Completion, data), "close_reason", 1, at)
}

/// The `number`th comment (from 1) on the task, with the fields that are left of it.
pub(crate) fn comment(
    task: &NewTask,
    number: usize,
    (author, text): (String, String),
    at: Option<DateTime<Utc>>,
    source: Map<String, Value>,
) -> NewTaskContext {
    let at = at.unwrap_or(task.updated_at);
    let interaction = AiInteraction {
        agent_name: author,
        interaction_type: "comment".to_owned(),
        request_data: Value::Null,
        response_data: json!({ "text": text }),
        execution_time_ms: None,
        success: true,
        session_id: None,
    };
    let mut context = NewTaskContext::ai_interaction(task.id, &interaction);
    context.context_data["timestamp"] = json!(at);
    context.metadata.insert("source".to_owned(), Value::Object(source));
    imported(context, "comments", number, at)
}

fn imported(context: NewTaskContext, name: &str, number: usize, at: DateTime<Utc>) -> NewTaskContext {
    let id = identity::context(context.task_id, name, number);
    NewTaskContext { id, created_at: at, ..context }
}
