use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ErrorLog, ErrorType, Severity};
use crate::{Fingerprint, KeyKind, Sort, SortKey, TaskId, Validation};

/// Which errors a query is about. All criteria must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorLogFilter {
    /// Only errors of this type.
    pub error_type: Option<ErrorType>,
    /// Only errors of exactly this severity.
    pub severity: Option<Severity>,
    /// Only errors of this severity or a worse one.
    pub min_severity: Option<Severity>,
    /// Only errors that are (`true`) or are not (`false`) resolved.
    pub resolved: Option<bool>,
    /// Only errors of the work on this task.
    pub task_id: Option<TaskId>,
    /// Only errors of this workflow.
    pub workflow_id: Option<String>,
    /// Only errors that happened on behalf of this user.
    pub user_id: Option<String>,
    /// Only the errors of this group.
    pub fingerprint: Option<Fingerprint>,
    /// Only errors that happened then or later.
    pub created_after: Option<DateTime<Utc>>,
    /// Only errors that happened then or earlier.
    pub created_before: Option<DateTime<Utc>>,
}

impl ErrorLogFilter {
    /// The errors of the work on one task.
    #[must_use]
    pub fn task(task_id: TaskId) -> Self {
        Self { task_id: Some(task_id), ..Self::default() }
    }

    /// The errors of one group.
    #[must_use]
    pub fn group(fingerprint: Fingerprint) -> Self {
        Self { fingerprint: Some(fingerprint), ..Self::default() }
    }

    /// What critical errors are: unresolved, of severity `error` or `fatal`.
    #[must_use]
    pub fn critical() -> Self {
        Self { min_severity: Some(Severity::Error), resolved: Some(false), ..Self::default() }
    }

    /// Finds every fault of this filter: texts that no row can hold.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("error log filter");
        v.optional_text("workflow_id", self.workflow_id.as_deref(), usize::MAX);
        v.optional_text("user_id", self.user_id.as_deref(), usize::MAX);
        v
    }
}

/// The orders in which errors can be paged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorLogSort {
    /// By the time at which they happened.
    #[default]
    CreatedAt,
}

impl Sort for ErrorLogSort {
    fn name(self) -> &'static str {
        "error_log.created_at"
    }

    fn kind(self) -> KeyKind {
        KeyKind::Time
    }
}

impl ErrorLogSort {
    /// The key of `error` in this order.
    #[must_use]
    pub fn key(self, error: &ErrorLog) -> SortKey {
        SortKey::Time(error.created_at)
    }
}
