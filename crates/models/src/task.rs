mod patch;
mod query;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FaultCode, MAX_TEXT, TaskId, Validation, clock, text_enum::text_enum};

pub use patch::TaskPatch;
pub use query::{TaskFilter, TaskSort, TaskStatistics};

text_enum! {
    /// How far a task has come. Any status may follow any other.
    TaskStatus, "task status" {
        /// Not begun.
        Pending = "pending",
        /// Being worked on.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
        /// Given up after an error; it may be tried again.
        Failed = "failed",
        /// Not wanted any more. This is also how a task is deleted softly.
        Cancelled = "cancelled",
    }
}

impl TaskStatus {
    /// The progress that this status stands for, in percent.
    #[must_use]
    pub const fn progress(self) -> u8 {
        match self {
            Self::Pending | Self::Failed | Self::Cancelled => 0,
            Self::InProgress => 50,
            Self::Completed => 100,
        }
    }

    /// Whether tasks that wait for one in this status may go on.
    #[must_use]
    pub const fn releases_dependents(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled)
    }

    /// The `completed_at` of a task that is written with this status: a completed task has one, no other has.
    #[must_use]
    pub fn completed_at(self, given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (self == Self::Completed).then(|| given.unwrap_or(now))
    }
}

/// A stored task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// A line that says what is to be done, 1 to 255 characters, not blank.
    pub title: String,
    /// What is to be done, at length: at most [`MAX_TEXT`] characters.
    pub description: Option<String>,
    /// A word of the application's choice, at most 50 characters, for example `feature` or `bug`.
    #[serde(rename = "type")]
    pub task_type: String,
    /// How far it has come.
    pub status: TaskStatus,
    /// How urgent it is: 0 (not) to 10 (most).
    pub priority: i32,
    /// How hard it is: 1 (trivial) to 10 (hardest).
    pub complexity_score: i32,
    /// The files that it touches: usually paths.
    pub affected_files: Vec<Value>,
    /// What must be met: usually sentences.
    pub requirements: Vec<Value>,
    /// How to tell that it is done: usually sentences.
    pub acceptance_criteria: Vec<Value>,
    /// The task that this one is a part of.
    pub parent_task_id: Option<TaskId>,
    /// Who works on it, at most 255 characters.
    pub assigned_to: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// The work that was expected, in hours, 0 to 999,999.99.
    pub estimated_hours: Option<Decimal>,
    /// The work that it took, in hours, 0 to 999,999.99.
    pub actual_hours: Option<Decimal>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was completed; set if and only if it is.
    pub completed_at: Option<DateTime<Utc>>,
    /// Whatever else belongs to it.
    pub metadata: Map<String, Value>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

/// A task to be stored.
///
/// ```
/// use taskmaster_models::NewTask;
///
/// let task = NewTask { priority: 8, tags: vec!["auth".to_owned()], ..NewTask::new("Log in with a passkey") };
/// assert!(task.validate().is_valid());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of Task")]
pub struct NewTask {
    pub id: TaskId,
    pub title: String,
    pub description: Option<String>,
    #[serde(rename = "type")]
    pub task_type: String,
    pub status: TaskStatus,
    pub priority: i32,
    pub complexity_score: i32,
    pub affected_files: Vec<Value>,
    pub requirements: Vec<Value>,
    pub acceptance_criteria: Vec<Value>,
    pub parent_task_id: Option<TaskId>,
    pub assigned_to: Option<String>,
    pub tags: Vec<String>,
    pub estimated_hours: Option<Decimal>,
    pub actual_hours: Option<Decimal>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Kept for a completed task only; one without it is completed at `updated_at`.
    pub completed_at: Option<DateTime<Utc>>,
    pub metadata: Map<String, Value>,
}

impl NewTask {
    /// A pending task made now: type `general`, priority 0, complexity 5, all else empty.
    pub fn new(title: impl Into<String>) -> Self {
        let now = clock::now();
        Self {
            id: TaskId::new(),
            title: title.into(),
            description: None,
            task_type: "general".to_owned(),
            status: TaskStatus::Pending,
            priority: 0,
            complexity_score: 5,
            affected_files: Vec::new(),
            requirements: Vec::new(),
            acceptance_criteria: Vec::new(),
            parent_task_id: None,
            assigned_to: None,
            tags: Vec::new(),
            estimated_hours: None,
            actual_hours: None,
            created_at: now,
            updated_at: now,
            completed_at: None,
            metadata: Map::new(),
        }
    }

    /// Finds every fault of this task.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("task");
        v.required_text("title", &self.title, 255);
        v.optional_text("description", self.description.as_deref(), MAX_TEXT);
        v.text("type", &self.task_type, 50);
        v.range("priority", self.priority, 0, 10);
        v.range("complexity_score", self.complexity_score, 1, 10);
        v.array("affected_files", &self.affected_files);
        v.array("requirements", &self.requirements);
        v.array("acceptance_criteria", &self.acceptance_criteria);
        v.optional_text("assigned_to", self.assigned_to.as_deref(), 255);
        v.texts("tags", &self.tags);
        v.hours("estimated_hours", self.estimated_hours);
        v.hours("actual_hours", self.actual_hours);
        v.time("created_at", Some(self.created_at));
        v.time("updated_at", Some(self.updated_at));
        v.time("completed_at", self.completed_at);
        v.metadata(&self.metadata);
        if self.parent_task_id == Some(self.id) {
            v.fault("parent_task_id", FaultCode::Contradiction, "must not be the task itself");
        }
        self.warn(&mut v);
        v
    }

    fn warn(&self, v: &mut Validation) {
        let completed = self.status == TaskStatus::Completed;
        if completed && self.completed_at.is_none() {
            v.warn(
                "completed_at",
                FaultCode::Required,
                "is missing on a completed task, updated_at is taken",
            );
        }
        if !completed && self.completed_at.is_some() {
            v.warn("completed_at", FaultCode::Contradiction, "is dropped, since the task is not completed");
        }
        if completed && self.estimated_hours.is_some() && self.actual_hours.is_none() {
            v.warn("actual_hours", FaultCode::Required, "is missing on a completed task with an estimate");
        }
        if self.complexity_score > 8 && self.estimated_hours.is_none() {
            v.warn("estimated_hours", FaultCode::Required, "is missing on a task of complexity above 8");
        }
    }
}

impl Task {
    /// The whole days since the task was made.
    #[must_use]
    pub fn age_days(&self, now: DateTime<Utc>) -> i64 {
        (now - self.created_at).num_days()
    }

    /// Whether a completed task took more than 1.2 times its estimate.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        match (self.status, self.estimated_hours, self.actual_hours) {
            (TaskStatus::Completed, Some(estimated), Some(actual)) => {
                actual > estimated * Decimal::new(12, 1)
            }
            _ => false,
        }
    }

    /// The task in short, as of `now`.
    #[must_use]
    pub fn summary(&self, now: DateTime<Utc>) -> TaskSummary {
        TaskSummary {
            id: self.id,
            title: self.title.clone(),
            status: self.status,
            priority: self.priority,
            complexity_score: self.complexity_score,
            assigned_to: self.assigned_to.clone(),
            progress: self.status.progress(),
            age_days: self.age_days(now),
            is_overdue: self.is_overdue(),
            tags: self.tags.clone(),
        }
    }

    /// The same work once more: a new, pending task made now, with no hours worked.
    #[must_use]
    pub fn again(&self) -> NewTask {
        NewTask {
            description: self.description.clone(),
            task_type: self.task_type.clone(),
            priority: self.priority,
            complexity_score: self.complexity_score,
            affected_files: self.affected_files.clone(),
            requirements: self.requirements.clone(),
            acceptance_criteria: self.acceptance_criteria.clone(),
            parent_task_id: self.parent_task_id,
            assigned_to: self.assigned_to.clone(),
            tags: self.tags.clone(),
            estimated_hours: self.estimated_hours,
            metadata: self.metadata.clone(),
            ..NewTask::new(self.title.clone())
        }
    }
}

/// A task in short, for lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// How far it has come.
    pub status: TaskStatus,
    /// How urgent it is, 0 to 10.
    pub priority: i32,
    /// How hard it is, 1 to 10.
    pub complexity_score: i32,
    /// Who works on it.
    pub assigned_to: Option<String>,
    /// Its progress in percent.
    pub progress: u8,
    /// Whole days since it was made.
    pub age_days: i64,
    /// Whether it took more than 1.2 times its estimate.
    pub is_overdue: bool,
    /// Its labels.
    pub tags: Vec<String>,
}
