use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    FaultCode, KeyKind, Sort, SortKey, Task, TaskDependencyId, TaskId, Validation, clock,
    text_enum::text_enum,
};

text_enum! {
    /// How two tasks hang together.
    DependencyType, "dependency type" {
        /// The parent blocks the child.
        Blocks = "blocks",
        /// The child depends on the parent: the same order, seen from the child.
        DependsOn = "depends_on",
        /// They concern each other; neither waits.
        Related = "related",
    }
}

impl DependencyType {
    /// Whether the child has to wait for the parent. Dependencies that order tasks never form a cycle.
    #[must_use]
    pub const fn orders(self) -> bool {
        matches!(self, Self::Blocks | Self::DependsOn)
    }
}

/// A stored dependency between two tasks. It is never changed, only made and deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskDependency {
    /// Its id.
    pub id: TaskDependencyId,
    /// The task that comes first. The dependency is deleted with it.
    pub parent_task_id: TaskId,
    /// The task that comes after. The dependency is deleted with it.
    pub child_task_id: TaskId,
    /// How they hang together.
    pub dependency_type: DependencyType,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Whatever else belongs to it.
    pub metadata: Map<String, Value>,
}

/// A dependency to be stored. Between two tasks there is at most one of each type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of TaskDependency")]
pub struct NewTaskDependency {
    pub id: TaskDependencyId,
    pub parent_task_id: TaskId,
    pub child_task_id: TaskId,
    pub dependency_type: DependencyType,
    pub created_at: DateTime<Utc>,
    pub metadata: Map<String, Value>,
}

impl NewTaskDependency {
    /// A dependency made now: `parent` comes before `child`.
    #[must_use]
    pub fn new(parent: TaskId, child: TaskId, dependency_type: DependencyType) -> Self {
        Self {
            id: TaskDependencyId::new(),
            parent_task_id: parent,
            child_task_id: child,
            dependency_type,
            created_at: clock::now(),
            metadata: Map::new(),
        }
    }

    /// Finds every fault of this dependency. Whether it closes a cycle only the store can tell.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("task dependency");
        if self.parent_task_id == self.child_task_id {
            v.fault("child_task_id", FaultCode::Contradiction, "must not be the parent task itself");
        }
        v.time("created_at", Some(self.created_at));
        v.metadata(&self.metadata);
        v
    }
}

/// Which dependencies a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskDependencyFilter {
    /// Only dependencies in which this task comes first.
    pub parent_task_id: Option<TaskId>,
    /// Only dependencies in which this task comes after.
    pub child_task_id: Option<TaskId>,
    /// Only dependencies of this type.
    pub dependency_type: Option<DependencyType>,
}

/// The orders in which dependencies can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskDependencySort {
    /// By the time of their making.
    #[default]
    CreatedAt,
}

impl Sort for TaskDependencySort {
    fn name(self) -> &'static str {
        "task_dependency.created_at"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Time
    }
}

impl TaskDependencySort {
    /// The key of `dependency` in this order.
    #[must_use]
    pub fn key(self, dependency: &TaskDependency) -> SortKey {
        SortKey::Time(dependency.created_at)
    }
}

/// A task at the other end of a dependency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelatedTask {
    /// The dependency.
    pub dependency_id: TaskDependencyId,
    /// How the two tasks hang together.
    pub dependency_type: DependencyType,
    /// The task at the other end.
    pub task: Task,
}

/// The tasks around one task. Each list is ordered by the time of the dependencies' making.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskDependencies {
    /// The tasks that come before it.
    pub parents: Vec<RelatedTask>,
    /// The tasks that come after it.
    pub children: Vec<RelatedTask>,
}
