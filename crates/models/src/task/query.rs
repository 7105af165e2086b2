use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{KeyKind, Sort, SortKey, Task, TaskId, TaskStatus, Validation};

/// Which tasks a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskFilter {
    /// Only tasks in this status.
    pub status: Option<TaskStatus>,
    /// Only tasks on which this one works.
    pub assigned_to: Option<String>,
    /// Only tasks of this type.
    #[serde(rename = "type")]
    pub task_type: Option<String>,
    /// Only tasks of exactly this priority.
    pub priority: Option<i32>,
    /// Only the parts of this task.
    pub parent_task_id: Option<TaskId>,
    /// Only tasks that have all these tags.
    pub tags: Vec<String>,
    /// Only tasks made then or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Only tasks made then or earlier.
    pub created_before: Option<DateTime<Utc>>,
}

impl TaskFilter {
    /// Finds every fault of this filter: texts that no row can hold.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("task filter");
        v.optional_text("assigned_to", self.assigned_to.as_deref(), usize::MAX);
        v.optional_text("type", self.task_type.as_deref(), usize::MAX);
        v.texts("tags", &self.tags);
        v
    }
}

/// The orders in which tasks can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskSort {
    /// By the time of their making.
    #[default]
    CreatedAt,
    /// By the time of their last change.
    UpdatedAt,
    /// By priority.
    Priority,
    /// By complexity.
    ComplexityScore,
    /// By title, code point by code point.
    Title,
}

impl Sort for TaskSort {
    fn name(self) -> &'static str {
        match self {
            Self::CreatedAt => "task.created_at",
            Self::UpdatedAt => "task.updated_at",
            Self::Priority => "task.priority",
            Self::ComplexityScore => "task.complexity_score",
            Self::Title => "task.title",
        }
    }

    fn kind(self) -> KeyKind {
        match self {
            Self::CreatedAt | Self::UpdatedAt => KeyKind::Time,
            Self::Priority | Self::ComplexityScore => KeyKind::Number,
            Self::Title => KeyKind::Text,
        }
    }
}

impl TaskSort {
    /// The key of `task` in this order.
    #[must_use]
    pub fn key(self, task: &Task) -> SortKey {
        match self {
            Self::CreatedAt => SortKey::Time(task.created_at),
            Self::UpdatedAt => SortKey::Time(task.updated_at),
            Self::Priority => SortKey::Number(task.priority),
            Self::ComplexityScore => SortKey::Number(task.complexity_score),
            Self::Title => SortKey::Text(task.title.clone()),
        }
    }
}

/// Numbers over some tasks. Averages are `None` where there is nothing to average.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskStatistics {
    /// How many tasks.
    pub total: u64,
    /// How many of them are pending.
    pub pending: u64,
    /// How many are in progress.
    pub in_progress: u64,
    /// How many are completed.
    pub completed: u64,
    /// How many have failed.
    pub failed: u64,
    /// How many were cancelled.
    pub cancelled: u64,
    /// Their average complexity.
    pub avg_complexity: Option<f64>,
    /// Their average priority.
    pub avg_priority: Option<f64>,
    /// The sum of their estimates, in hours.
    pub total_estimated_hours: Decimal,
    /// The sum of the hours worked.
    pub total_actual_hours: Decimal,
    /// The average of actual over estimated hours, over the completed tasks that have both and an estimate above zero:
    /// 1 is exact, 2 means twice the work.
    pub avg_estimation_accuracy: Option<f64>,
}
