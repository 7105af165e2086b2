use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FaultCode, MAX_TEXT, TaskId, TaskStatus, Validation, patch::clearable};

/// The fields of a task to change; those that are `None` stay as they are, whoever changes them meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of Task")]
pub struct TaskPatch {
    /// Refuse the patch as stale unless the stored task has this version.
    pub expected_version: Option<i64>,
    pub title: Option<String>,
    #[serde(deserialize_with = "clearable")]
    pub description: Option<Option<String>>,
    #[serde(rename = "type")]
    pub task_type: Option<String>,
    pub status: Option<TaskStatus>,
    pub priority: Option<i32>,
    pub complexity_score: Option<i32>,
    pub affected_files: Option<Vec<Value>>,
    pub requirements: Option<Vec<Value>>,
    pub acceptance_criteria: Option<Vec<Value>>,
    #[serde(deserialize_with = "clearable")]
    pub parent_task_id: Option<Option<TaskId>>,
    #[serde(deserialize_with = "clearable")]
    pub assigned_to: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    #[serde(deserialize_with = "clearable")]
    pub estimated_hours: Option<Option<Decimal>>,
    #[serde(deserialize_with = "clearable")]
    pub actual_hours: Option<Option<Decimal>>,
    /// Has no effect unless the task is or becomes completed.
    #[serde(deserialize_with = "clearable")]
    pub completed_at: Option<Option<DateTime<Utc>>>,
    pub metadata: Option<Map<String, Value>>,
}

impl TaskPatch {
    /// Finds every fault of this patch to the task `id`. A patch that changes nothing is one.
    #[must_use]
    pub fn validate(&self, id: TaskId) -> Validation {
        let mut v = Validation::new("task patch");
        let unchanged = Self { expected_version: self.expected_version, ..Self::default() };
        if *self == unchanged {
            v.fault("patch", FaultCode::Required, "names no field to change");
        }
        if let Some(title) = &self.title {
            v.required_text("title", title, 255);
        }
        v.optional_text(
            "description",
            self.description.iter().flatten().next().map(String::as_str),
            MAX_TEXT,
        );
        v.optional_text("type", self.task_type.as_deref(), 50);
        if let Some(priority) = self.priority {
            v.range("priority", priority, 0, 10);
        }
        if let Some(complexity) = self.complexity_score {
            v.range("complexity_score", complexity, 1, 10);
        }
        v.array("affected_files", self.affected_files.as_deref().unwrap_or_default());
        v.array("requirements", self.requirements.as_deref().unwrap_or_default());
        v.array("acceptance_criteria", self.acceptance_criteria.as_deref().unwrap_or_default());
        if self.parent_task_id == Some(Some(id)) {
            v.fault("parent_task_id", FaultCode::Contradiction, "must not be the task itself");
        }
        v.optional_text("assigned_to", self.assigned_to.iter().flatten().next().map(String::as_str), 255);
        v.texts("tags", self.tags.as_deref().unwrap_or_default());
        v.hours("estimated_hours", self.estimated_hours.flatten());
        v.hours("actual_hours", self.actual_hours.flatten());
        v.time("completed_at", self.completed_at.flatten());
        if let Some(metadata) = &self.metadata {
            v.metadata(metadata);
        }
        v
    }
}
