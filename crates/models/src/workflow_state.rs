use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    FaultCode, KeyKind, MAX_TEXT, PageRequest, Sort, SortKey, TaskId, TaskStatus, Validation,
    WorkflowStateId, clock, page::check_limit, patch::clearable, text_enum::text_enum,
};

text_enum! {
    /// How far one step of a workflow has come. Any status may follow any other.
    WorkflowStatus, "workflow status" {
        /// Not begun, or to be tried again.
        Pending = "pending",
        /// Being worked on.
        Running = "running",
        /// Done.
        Completed = "completed",
        /// Ended by an error; it may be tried again.
        Failed = "failed",
        /// Left out.
        Skipped = "skipped",
    }
}

impl WorkflowStatus {
    /// Whether the step has ended.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Skipped)
    }

    /// The `completed_at` of a step that is written with this status: an ended step has one, no other has.
    #[must_use]
    pub fn completed_at(self, given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.is_terminal().then(|| given.unwrap_or(now))
    }
}

/// A stored workflow state: one step of one workflow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowState {
    /// Its id.
    pub id: WorkflowStateId,
    /// The workflow that it is a step of: a name of the application's choice, 1 to 255 characters, not blank.
    pub workflow_id: String,
    /// The task that it works on.
    pub task_id: Option<TaskId>,
    /// The step's name, 1 to 100 characters, not blank. A workflow may have several states of one step.
    pub step: String,
    /// How far it has come.
    pub status: WorkflowStatus,
    /// What it yielded: any JSON value.
    pub result: Option<Value>,
    /// When it was begun.
    pub started_at: DateTime<Utc>,
    /// When it ended; set if and only if it has.
    pub completed_at: Option<DateTime<Utc>>,
    /// What went wrong, last time: at most [`MAX_TEXT`] characters.
    pub error_message: Option<String>,
    /// How often it was tried again.
    pub retry_count: i32,
    /// Whatever else belongs to it.
    pub metadata: Map<String, Value>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

/// A workflow state to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of WorkflowState")]
pub struct NewWorkflowState {
    pub id: WorkflowStateId,
    pub workflow_id: String,
    pub task_id: Option<TaskId>,
    pub step: String,
    pub status: WorkflowStatus,
    pub result: Option<Value>,
    pub started_at: DateTime<Utc>,
    /// Kept for an ended step only; one without it ended when it was begun.
    pub completed_at: Option<DateTime<Utc>>,
    pub error_message: Option<String>,
    pub retry_count: i32,
    pub metadata: Map<String, Value>,
}

impl NewWorkflowState {
    /// A state begun now, without task, result or error.
    pub fn new(workflow_id: impl Into<String>, step: impl Into<String>, status: WorkflowStatus) -> Self {
        Self {
            id: WorkflowStateId::new(),
            workflow_id: workflow_id.into(),
            task_id: None,
            step: step.into(),
            status,
            result: None,
            started_at: clock::now(),
            completed_at: None,
            error_message: None,
            retry_count: 0,
            metadata: Map::new(),
        }
    }

    /// Finds every fault of this state.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("workflow state");
        v.required_text("workflow_id", &self.workflow_id, 255);
        v.required_text("step", &self.step, 100);
        if let Some(result) = &self.result {
            v.json("result", result);
        }
        v.time("started_at", Some(self.started_at));
        v.time("completed_at", self.completed_at);
        v.optional_text("error_message", self.error_message.as_deref(), MAX_TEXT);
        v.range("retry_count", self.retry_count, 0, i32::MAX);
        v.metadata(&self.metadata);
        self.warn(&mut v);
        v
    }

    fn warn(&self, v: &mut Validation) {
        if self.status.is_terminal() && self.completed_at.is_none() {
            v.warn("completed_at", FaultCode::Required, "is missing on an ended step, started_at is taken");
        }
        if self.status == WorkflowStatus::Failed && self.error_message.is_none() {
            v.warn("error_message", FaultCode::Required, "is missing on a failed step");
        }
        if self.retry_count > 5 {
            v.warn("retry_count", FaultCode::OutOfRange, "is above 5");
        }
    }
}

impl WorkflowState {
    /// How long the step took, or `None` while it has not ended.
    #[must_use]
    pub fn duration(&self) -> Option<TimeDelta> {
        self.completed_at.map(|end| end - self.started_at)
    }

    /// The state in short.
    #[must_use]
    pub fn summary(&self) -> WorkflowStateSummary {
        WorkflowStateSummary {
            id: self.id,
            workflow_id: self.workflow_id.clone(),
            task_id: self.task_id,
            step: self.step.clone(),
            status: self.status,
            retry_count: self.retry_count,
            duration_ms: self.duration().map(|duration| duration.num_milliseconds()),
            is_terminal: self.status.is_terminal(),
            has_error: self.error_message.is_some(),
        }
    }
}

/// A workflow state in short, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowStateSummary {
    /// Its id.
    pub id: WorkflowStateId,
    /// The workflow that it is a step of.
    pub workflow_id: String,
    /// The task that it works on.
    pub task_id: Option<TaskId>,
    /// The step's name.
    pub step: String,
    /// How far it has come.
    pub status: WorkflowStatus,
    /// How often it was tried again.
    pub retry_count: i32,
    /// How long it took, in milliseconds; `None` while it has not ended.
    pub duration_ms: Option<i64>,
    /// Whether it has ended.
    pub is_terminal: bool,
    /// Whether something went wrong, last time.
    pub has_error: bool,
}

/// The fields of a workflow state to change; those that are `None` stay as they are, whoever changes them meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of WorkflowState")]
pub struct WorkflowStatePatch {
    /// Refuse the patch as stale unless the stored state has this version.
    pub expected_version: Option<i64>,
    pub workflow_id: Option<String>,
    #[serde(deserialize_with = "clearable")]
    pub task_id: Option<Option<TaskId>>,
    pub step: Option<String>,
    pub status: Option<WorkflowStatus>,
    #[serde(deserialize_with = "clearable")]
    pub result: Option<Option<Value>>,
    pub started_at: Option<DateTime<Utc>>,
    /// Has no effect unless the step has ended or ends.
    #[serde(deserialize_with = "clearable")]
    pub completed_at: Option<Option<DateTime<Utc>>>,
    #[serde(deserialize_with = "clearable")]
    pub error_message: Option<Option<String>>,
    pub retry_count: Option<i32>,
    pub metadata: Option<Map<String, Value>>,
}

impl WorkflowStatePatch {
    /// Finds every fault of this patch. A patch that changes nothing is one.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("workflow state patch");
        let unchanged = Self { expected_version: self.expected_version, ..Self::default() };
        if *self == unchanged {
            v.fault("patch", FaultCode::Required, "names no field to change");
        }
        if let Some(workflow_id) = &self.workflow_id {
            v.required_text("workflow_id", workflow_id, 255);
        }
        if let Some(step) = &self.step {
            v.required_text("step", step, 100);
        }
        if let Some(Some(result)) = &self.result {
            v.json("result", result);
        }
        v.time("started_at", self.started_at);
        v.time("completed_at", self.completed_at.flatten());
        if let Some(Some(message)) = &self.error_message {
            v.text("error_message", message, MAX_TEXT);
        }
        if let Some(retry_count) = self.retry_count {
            v.range("retry_count", retry_count, 0, i32::MAX);
        }
        if let Some(metadata) = &self.metadata {
            v.metadata(metadata);
        }
        v
    }
}

/// Which workflow states a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkflowStateFilter {
    /// Only the steps of this workflow.
    pub workflow_id: Option<String>,
    /// Only the steps that work on this task.
    pub task_id: Option<TaskId>,
    /// Only steps in this status.
    pub status: Option<WorkflowStatus>,
    /// Only steps of this name.
    pub step: Option<String>,
    /// Only steps begun then or later.
    pub started_after: Option<DateTime<Utc>>,
    /// Only steps begun then or earlier.
    pub started_before: Option<DateTime<Utc>>,
    /// Only steps with (`true`) or without (`false`) an error message.
    pub has_error: Option<bool>,
}

impl WorkflowStateFilter {
    /// The steps of one workflow.
    pub fn workflow(workflow_id: impl Into<String>) -> Self {
        Self { workflow_id: Some(workflow_id.into()), ..Self::default() }
    }

    /// The steps that work on one task.
    #[must_use]
    pub fn task(task_id: TaskId) -> Self {
        Self { task_id: Some(task_id), ..Self::default() }
    }

    /// Finds every fault of this filter: texts that no row can hold.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("workflow state filter");
        v.optional_text("workflow_id", self.workflow_id.as_deref(), usize::MAX);
        v.optional_text("step", self.step.as_deref(), usize::MAX);
        v
    }
}

/// The orders in which workflow states can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkflowStateSort {
    /// By the time of their beginning.
    #[default]
    StartedAt,
}

impl Sort for WorkflowStateSort {
    fn name(self) -> &'static str {
        "workflow_state.started_at"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Time
    }
}

impl WorkflowStateSort {
    /// The key of `state` in this order.
    #[must_use]
    pub fn key(self, state: &WorkflowState) -> SortKey {
        SortKey::Time(state.started_at)
    }
}

/// How far one workflow has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkflowProgress {
    /// How many steps it has.
    pub total_steps: u64,
    /// How many of them are pending.
    pub pending_steps: u64,
    /// How many are running.
    pub running_steps: u64,
    /// How many are completed.
    pub completed_steps: u64,
    /// How many have failed.
    pub failed_steps: u64,
    /// How many were skipped.
    pub skipped_steps: u64,
    /// How long an ended step took on average, in seconds; `None` while none has ended.
    pub avg_step_duration_seconds: Option<f64>,
    /// How often steps were tried again, in all.
    pub total_retries: u64,
    /// When its first step was begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last step ended; `None` while one has not.
    pub completed_at: Option<DateTime<Utc>>,
}

impl WorkflowProgress {
    /// How many steps have ended: completed, failed or skipped.
    #[must_use]
    pub fn ended_steps(&self) -> u64 {
        self.completed_steps + self.failed_steps + self.skipped_steps
    }

    /// The share of the steps that have ended, in percent, rounded down: 100 if and only if the workflow is complete.
    #[must_use]
    pub fn percentage(&self) -> u8 {
        let percent = (self.ended_steps() * 100).checked_div(self.total_steps).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100)
    }

    /// Whether there are steps and all of them have ended.
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.total_steps > 0 && self.ended_steps() == self.total_steps
    }

    /// Whether a step has failed.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.failed_steps > 0
    }
}

/// Numbers over some workflow states. Averages are `None` where there is nothing to average.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkflowStateStatistics {
    /// How many states.
    pub total: u64,
    /// How many workflows they belong to.
    pub unique_workflows: u64,
    /// How many are pending.
    pub pending: u64,
    /// How many are running.
    pub running: u64,
    /// How many are completed.
    pub completed: u64,
    /// How many have failed.
    pub failed: u64,
    /// How many were skipped.
    pub skipped: u64,
    /// How often a step was tried again, on average.
    pub avg_retry_count: Option<f64>,
    /// How long an ended step took on average, in seconds.
    pub avg_execution_time_seconds: Option<f64>,
    /// How many have an error message.
    pub with_errors: u64,
}

/// Which failed steps to try again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryRequest {
    /// Only the steps of this workflow.
    pub workflow_id: Option<String>,
    /// Only steps that were tried again less often than this.
    pub max_retries: i32,
    /// Only steps begun then or later.
    pub started_after: DateTime<Utc>,
    /// How many steps at most, 1 to 1,000.
    pub limit: u32,
}

impl Default for RetryRequest {
    /// At most 50 steps, of any workflow, begun in the last 24 hours and tried again less than 3 times.
    fn default() -> Self {
        Self {
            workflow_id: None,
            max_retries: 3,
            started_after: clock::now() - TimeDelta::hours(24),
            limit: PageRequest::<()>::DEFAULT_LIMIT,
        }
    }
}

impl RetryRequest {
    /// Finds every fault of this request.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("retry request");
        v.optional_text("workflow_id", self.workflow_id.as_deref(), usize::MAX);
        v.range("max_retries", self.max_retries, 0, i32::MAX);
        check_limit(&mut v, self.limit);
        v
    }
}

/// A step together with what its task, if any, is called and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowTimelineEntry {
    /// The step.
    pub state: WorkflowState,
    /// The task's title.
    pub task_title: Option<String>,
    /// The task's status.
    pub task_status: Option<TaskStatus>,
}
