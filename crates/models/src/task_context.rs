use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    DependencyType, FaultCode, KeyKind, Sort, SortKey, Task, TaskContextId, TaskId, TaskStatus, Validation,
    clock, text_enum::text_enum,
};

text_enum! {
    /// What a context tells about its task.
    ContextType, "context type" {
        /// What was asked for, in the asker's words.
        Requirement = "requirement",
        /// The code that the task is about.
        Codebase = "codebase",
        /// What an AI agent was asked and what it answered.
        AiInteraction = "ai_interaction",
        /// What a check of the work found.
        Validation = "validation",
        /// A step of the workflow that works on the task.
        Workflow = "workflow",
        /// That the status changed, from which to which.
        StatusChange = "status_change",
        /// What came of the task.
        Completion = "completion",
        /// That the task has to wait for another.
        DependencyParent = "dependency_parent",
        /// That another task waits for this one.
        DependencyChild = "dependency_child",
        /// What went wrong.
        Error = "error",
        /// How fast the work went.
        Performance = "performance",
    }
}

impl ContextType {
    /// Whether `data` keep the rule of this type: the score of a validation, if it is a number, is 0 to 100.
    #[must_use]
    pub fn allows(self, data: &Value) -> bool {
        let score = data.get("score").and_then(Value::as_f64);
        self != Self::Validation || score.is_none_or(|score| (0.0..=100.0).contains(&score))
    }
}

/// A stored context: one piece of what is known about a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskContext {
    /// Its id.
    pub id: TaskContextId,
    /// The task that it is about. Deleted with the task.
    pub task_id: TaskId,
    /// What it tells.
    pub context_type: ContextType,
    /// The piece itself: a JSON object or array.
    pub context_data: Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Whatever else belongs to it.
    pub metadata: Map<String, Value>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl TaskContext {
    /// The context in short.
    #[must_use]
    pub fn summary(&self) -> TaskContextSummary {
        TaskContextSummary {
            id: self.id,
            task_id: self.task_id,
            context_type: self.context_type,
            created_at: self.created_at,
            data_size: self.context_data.to_string().len(),
            has_metadata: !self.metadata.is_empty(),
        }
    }
}

/// A context in short, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskContextSummary {
    /// Its id.
    pub id: TaskContextId,
    /// The task that it is about.
    pub task_id: TaskId,
    /// What it tells.
    pub context_type: ContextType,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The bytes of its data as JSON.
    pub data_size: usize,
    /// Whether something else belongs to it.
    pub has_metadata: bool,
}

/// A context to be stored. The constructors named after a type fill in the fields that readers of that type expect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of TaskContext")]
pub struct NewTaskContext {
    pub id: TaskContextId,
    pub task_id: TaskId,
    pub context_type: ContextType,
    pub context_data: Value,
    pub created_at: DateTime<Utc>,
    pub metadata: Map<String, Value>,
}

/// One exchange with an AI agent, for [`NewTaskContext::ai_interaction`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AiInteraction {
    /// Who answered, for example the model's name.
    pub agent_name: String,
    /// What kind of exchange it was, for example `code_generation`.
    pub interaction_type: String,
    /// What was asked.
    pub request_data: Value,
    /// What was answered.
    pub response_data: Value,
    /// How long the answer took, in milliseconds.
    pub execution_time_ms: Option<u64>,
    /// Whether the exchange succeeded.
    pub success: bool,
    /// The session that it was part of.
    pub session_id: Option<String>,
}

/// What a check of the work found, for [`NewTaskContext::validation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationOutcome {
    /// What was checked, for example `unit_tests`.
    pub validation_type: String,
    /// Who or what checked it.
    pub validator_name: String,
    /// How it ended, for example `passed`.
    pub status: String,
    /// How good the work is, 0 to 100.
    pub score: Option<f64>,
    /// What was found.
    pub details: Value,
    /// What to do better.
    pub suggestions: Vec<String>,
}

impl NewTaskContext {
    /// A context made now.
    #[must_use]
    pub fn new(task_id: TaskId, context_type: ContextType, context_data: Value) -> Self {
        Self {
            id: TaskContextId::new(),
            task_id,
            context_type,
            context_data,
            created_at: clock::now(),
            metadata: Map::new(),
        }
    }

    /// What was asked for, in the asker's words, and how it was taken apart into tasks.
    #[must_use]
    pub fn requirement(task_id: TaskId, original_requirement: &str, decomposition: &Value) -> Self {
        let data = json!({
            "original_requirement": original_requirement,
            "decomposition_metadata": decomposition,
        });
        Self::new(task_id, ContextType::Requirement, data)
    }

    /// One exchange with an AI agent.
    #[must_use]
    pub fn ai_interaction(task_id: TaskId, interaction: &AiInteraction) -> Self {
        Self::timed(task_id, ContextType::AiInteraction, json!(interaction), "timestamp")
    }

    /// What a check of the work found.
    #[must_use]
    pub fn validation(task_id: TaskId, outcome: &ValidationOutcome) -> Self {
        Self::timed(task_id, ContextType::Validation, json!(outcome), "validated_at")
    }

    /// That the task went from one status to another, and why.
    #[must_use]
    pub fn status_change(task_id: TaskId, from: TaskStatus, to: TaskStatus, context: &Value) -> Self {
        let data = json!({ "from_status": from, "to_status": to, "context": context });
        Self::timed(task_id, ContextType::StatusChange, data, "changed_at")
    }

    /// What came of the task.
    #[must_use]
    pub fn completion(task_id: TaskId, results: &Value) -> Self {
        let data = json!({ "results": results, "completion_method": "automated" });
        Self::timed(task_id, ContextType::Completion, data, "completed_at")
    }

    /// That the task has to wait for `parent`.
    #[must_use]
    pub fn dependency_parent(task_id: TaskId, parent: TaskId, dependency_type: DependencyType) -> Self {
        let data = json!({ "parent_task_id": parent, "dependency_type": dependency_type });
        Self::timed(task_id, ContextType::DependencyParent, data, "created_at")
    }

    /// That `child` waits for the task.
    #[must_use]
    pub fn dependency_child(task_id: TaskId, child: TaskId, dependency_type: DependencyType) -> Self {
        let data = json!({ "child_task_id": child, "dependency_type": dependency_type });
        Self::timed(task_id, ContextType::DependencyChild, data, "created_at")
    }

    /// What went wrong: the error's type and message, and what else is known of it.
    #[must_use]
    pub fn error(task_id: TaskId, error_type: &str, error_message: &str, details: &Value) -> Self {
        let data = json!({ "error_type": error_type, "error_message": error_message, "details": details });
        Self::timed(task_id, ContextType::Error, data, "occurred_at")
    }

    /// How fast the work went: an object of measurements.
    #[must_use]
    pub fn performance(task_id: TaskId, measurements: Map<String, Value>) -> Self {
        Self::timed(task_id, ContextType::Performance, Value::Object(measurements), "recorded_at")
    }

    /// A context whose data tell the time of their making in the field `time_field`.
    fn timed(task_id: TaskId, context_type: ContextType, data: Value, time_field: &str) -> Self {
        let mut context = Self::new(task_id, context_type, data);
        context.context_data[time_field] = json!(context.created_at);
        context
    }

    /// Finds every fault of this context.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("task context");
        check_data(&mut v, Some(self.context_type), &self.context_data);
        v.time("created_at", Some(self.created_at));
        v.metadata(&self.metadata);
        for (context_type, field) in [
            (ContextType::AiInteraction, "agent_name"),
            (ContextType::AiInteraction, "interaction_type"),
            (ContextType::Validation, "validator_name"),
            (ContextType::StatusChange, "from_status"),
            (ContextType::StatusChange, "to_status"),
        ] {
            if self.context_type == context_type && self.context_data.get(field).is_none_or(Value::is_null) {
                let message = format!("lacks {field}, which readers of {context_type} contexts expect");
                v.warn("context_data", FaultCode::Required, message);
            }
        }
        v
    }
}

fn check_data(v: &mut Validation, context_type: Option<ContextType>, data: &Value) {
    v.object_or_array("context_data", data);
    if context_type.is_some_and(|context_type| !context_type.allows(data)) {
        v.fault("context_data.score", FaultCode::OutOfRange, "must be 0 to 100");
    }
}

/// The fields of a context to change; those that are `None` stay as they are, whoever changes them meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of TaskContext")]
pub struct TaskContextPatch {
    /// Refuse the patch as stale unless the stored context has this version.
    pub expected_version: Option<i64>,
    pub context_type: Option<ContextType>,
    pub context_data: Option<Value>,
    pub metadata: Option<Map<String, Value>>,
}

impl TaskContextPatch {
    /// Finds every fault of this patch. A patch that changes nothing is one.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("task context patch");
        if self.context_type.is_none() && self.context_data.is_none() && self.metadata.is_none() {
            v.fault("patch", FaultCode::Required, "names no field to change");
        }
        if let Some(data) = &self.context_data {
            check_data(&mut v, self.context_type, data);
        }
        if let Some(metadata) = &self.metadata {
            v.metadata(metadata);
        }
        v
    }
}

/// Which contexts a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskContextFilter {
    /// Only the contexts of this task.
    pub task_id: Option<TaskId>,
    /// Only contexts of this type.
    pub context_type: Option<ContextType>,
    /// Only contexts made then or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Only contexts made then or earlier.
    pub created_before: Option<DateTime<Utc>>,
}

impl TaskContextFilter {
    /// The contexts of one task.
    #[must_use]
    pub fn task(task_id: TaskId) -> Self {
        Self { task_id: Some(task_id), ..Self::default() }
    }
}

/// The orders in which contexts can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskContextSort {
    /// By the time of their making.
    #[default]
    CreatedAt,
}

impl Sort for TaskContextSort {
    fn name(self) -> &'static str {
        "task_context.created_at"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Time
    }
}

impl TaskContextSort {
    /// The key of `context` in this order.
    #[must_use]
    pub fn key(self, context: &TaskContext) -> SortKey {
        SortKey::Time(context.created_at)
    }
}

/// Numbers over some contexts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskContextStatistics {
    /// How many contexts.
    pub total: u64,
    /// How many tasks they are about.
    pub tasks_with_contexts: u64,
    /// How many of each type, for the types that occur, in the order of [`ContextType::ALL`].
    pub by_type: Vec<(ContextType, u64)>,
    /// The average time between making and last change, in hours; `None` where there is no context.
    pub avg_lifetime_hours: Option<f64>,
}

/// A context together with what its task is called and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContextWithTask {
    /// The context.
    pub context: TaskContext,
    /// The task's title.
    pub task_title: String,
    /// The task's status.
    pub task_status: TaskStatus,
}

/// A task together with its newest contexts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskWithContexts {
    /// The task.
    pub task: Task,
    /// Its contexts, newest first.
    pub contexts: Vec<TaskContext>,
}

/// All that is known about a task, by kind. Within a kind the oldest comes first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskFullContext {
    /// The newest requirement.
    pub requirement: Option<Value>,
    /// The newest word on the code.
    pub codebase: Option<Value>,
    /// Exchanges with AI agents.
    pub ai_interactions: Vec<Value>,
    /// Checks of the work.
    pub validations: Vec<Value>,
    /// The newest step of the workflow.
    pub workflow: Option<Value>,
    /// Changes of status.
    pub status_changes: Vec<Value>,
    /// What came of the task.
    pub completion: Option<Value>,
    /// Tasks that it waits for, and that wait for it.
    pub dependencies: Vec<Value>,
    /// Errors.
    pub errors: Vec<Value>,
    /// Measurements.
    pub performance: Vec<Value>,
}

impl TaskFullContext {
    /// Sorts contexts, oldest first, into their kinds.
    #[must_use]
    pub fn from_contexts(contexts: impl IntoIterator<Item = TaskContext>) -> Self {
        let mut full = Self::default();
        for TaskContext { context_type, context_data, .. } in contexts {
            match context_type {
                ContextType::Requirement => full.requirement = Some(context_data),
                ContextType::Codebase => full.codebase = Some(context_data),
                ContextType::AiInteraction => full.ai_interactions.push(context_data),
                ContextType::Validation => full.validations.push(context_data),
                ContextType::Workflow => full.workflow = Some(context_data),
                ContextType::StatusChange => full.status_changes.push(context_data),
                ContextType::Completion => full.completion = Some(context_data),
                ContextType::DependencyParent | ContextType::DependencyChild => {
                    full.dependencies.push(context_data);
                }
                ContextType::Error => full.errors.push(context_data),
                ContextType::Performance => full.performance.push(context_data),
            }
        }
        full
    }
}
