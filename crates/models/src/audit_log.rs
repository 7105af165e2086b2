use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{AuditLogId, KeyKind, Sort, SortKey, Validation, text_enum::text_enum};

text_enum! {
    /// The nouns whose changes leave a trail.
    AuditedEntity, "audited entity" {
        /// A [`Task`](crate::Task).
        Task = "task",
        /// A [`TaskContext`](crate::TaskContext).
        TaskContext = "task_context",
        /// A [`WorkflowState`](crate::WorkflowState).
        WorkflowState = "workflow_state",
        /// A [`TaskDependency`](crate::TaskDependency).
        TaskDependency = "task_dependency",
        /// An error log.
        ErrorLog = "error_log",
        /// An API key. Its hash never reaches the trail.
        ApiKey = "api_key",
        /// A raw statement that was refused. It has no row but the one in the trail.
        Statement = "statement",
    }
}

text_enum! {
    /// What was done.
    AuditAction, "audit action" {
        /// A row was stored.
        Create = "create",
        /// Fields of a row were changed, its status not among them.
        Update = "update",
        /// A row was deleted.
        Delete = "delete",
        /// The status of a row was changed, and maybe other fields with it.
        StatusChange = "status_change",
        /// A raw statement was refused, and did nothing.
        Refuse = "refuse",
    }
}

/// One row of the audit trail: one change of one row, written by the store in the transaction of the change; or one raw statement
/// that was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLog {
    /// Its id.
    pub id: AuditLogId,
    /// What was changed.
    pub entity_type: AuditedEntity,
    /// The id of the row that was changed. The row need not be there any more.
    pub entity_id: Uuid,
    /// What was done.
    pub action: AuditAction,
    /// The deleted row, or of a changed one the fields that changed, as they were before.
    pub old_values: Option<Map<String, Value>>,
    /// The stored row, or of a changed one the fields that changed, as they are since.
    pub new_values: Option<Map<String, Value>>,
    /// The user or service that did it, if the store was told.
    pub user_id: Option<String>,
    /// The session in which it was done.
    pub session_id: Option<String>,
    /// The address from which it was done, without a netmask.
    pub ip_address: Option<IpAddr>,
    /// The program with which it was done.
    pub user_agent: Option<String>,
    /// When it was done.
    pub timestamp: DateTime<Utc>,
    /// Whatever else belongs to it.
    pub metadata: Map<String, Value>,
    /// The transaction that did it. Ids of transactions grow; those of different database clusters do not compare.
    pub transaction_id: i64,
}

/// Which rows of the trail a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditLogFilter {
    /// Only changes of this noun.
    pub entity_type: Option<AuditedEntity>,
    /// Only changes of the row with this id.
    pub entity_id: Option<Uuid>,
    /// Only what this user did.
    pub user_id: Option<String>,
    /// Only what was done in this session.
    pub session_id: Option<String>,
    /// Only changes of this kind.
    pub action: Option<AuditAction>,
    /// Only changes made then or later.
    pub after: Option<DateTime<Utc>>,
    /// Only changes made then or earlier.
    pub before: Option<DateTime<Utc>>,
}

impl AuditLogFilter {
    /// The changes of one row.
    #[must_use]
    pub fn entity(entity_type: AuditedEntity, entity_id: Uuid) -> Self {
        Self { entity_type: Some(entity_type), entity_id: Some(entity_id), ..Self::default() }
    }

    /// What one user did.
    pub fn user(user_id: impl Into<String>) -> Self {
        Self { user_id: Some(user_id.into()), ..Self::default() }
    }

    /// Finds every fault of this filter: texts that no row can hold.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("audit log filter");
        v.optional_text("user_id", self.user_id.as_deref(), usize::MAX);
        v.optional_text("session_id", self.session_id.as_deref(), usize::MAX);
        v
    }
}

/// The orders in which the trail can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditLogSort {
    /// By the time of the change.
    #[default]
    Timestamp,
}

impl Sort for AuditLogSort {
    fn name(self) -> &'static str {
        "audit_log.timestamp"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Time
    }
}

impl AuditLogSort {
    /// The key of `log` in this order.
    #[must_use]
    pub fn key(self, log: &AuditLog) -> SortKey {
        SortKey::Time(log.timestamp)
    }
}

/// Numbers over some rows of the trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLogStatistics {
    /// How many changes.
    pub total: u64,
    /// How many of them stored a row.
    pub creates: u64,
    /// How many changed a row but not its status.
    pub updates: u64,
    /// How many deleted a row.
    pub deletes: u64,
    /// How many changed a status.
    pub status_changes: u64,
    /// How many are refused statements.
    pub refusals: u64,
    /// How many users made them; changes of which no user is known count for none.
    pub distinct_users: u64,
    /// When the first was made.
    pub first: Option<DateTime<Utc>>,
    /// When the last was made.
    pub last: Option<DateTime<Utc>>,
}

/// A change together with the title of the task that was changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecentActivity {
    /// The change.
    pub log: AuditLog,
    /// The task's title now; `None` where something else was changed, or the task is gone.
    pub task_title: Option<String>,
}
