use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ErrorLog, ErrorType, Severity};
use crate::{ErrorLogId, Fingerprint, TaskId, TaskStatus};

/// How many characters of its message a summary shows.
const SUMMARY_CHARS: usize = 100;

/// An error in short, for lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLogSummary {
    /// Its id.
    pub id: ErrorLogId,
    /// What kind of thing went wrong.
    pub error_type: ErrorType,
    /// The code that the failing system gave it.
    pub error_code: Option<String>,
    /// The first 100 characters of what went wrong, followed by `...` if there are more.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether somebody should look at it now: its severity is `error` or `fatal`.
    pub is_critical: bool,
    /// Whether it has been dealt with.
    pub resolved: bool,
    /// The task that was worked on.
    pub task_id: Option<TaskId>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
}

/// All that helps to find out why an error happened, by topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorLogDebugContext {
    /// What went wrong.
    pub error_details: ErrorDetails,
    /// During what.
    pub execution_context: ExecutionContext,
    /// When.
    pub timing: ErrorTiming,
    /// Where in the code, and what that knew.
    pub technical_details: TechnicalDetails,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of ErrorLog")]
pub struct ErrorDetails {
    pub id: ErrorLogId,
    pub error_type: ErrorType,
    pub error_code: Option<String>,
    pub error_message: String,
    pub severity: Severity,
    pub fingerprint: Option<Fingerprint>,
}

/// During what an error happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of ErrorLog")]
pub struct ExecutionContext {
    pub task_id: Option<TaskId>,
    pub workflow_id: Option<String>,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
}

/// When an error happened, and when it was dealt with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorTiming {
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When it was dealt with.
    pub resolved_at: Option<DateTime<Utc>>,
    /// How long ago it happened, in hours.
    pub age_hours: f64,
    /// How long it took to be dealt with, in hours; `None` while it is not.
    pub resolution_hours: Option<f64>,
}

/// Where in the code an error happened, and what that knew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of ErrorLog")]
pub struct TechnicalDetails {
    pub stack_trace: Option<String>,
    pub context: Map<String, Value>,
    pub metadata: Map<String, Value>,
}

impl ErrorLog {
    /// The error in short.
    #[must_use]
    pub fn summary(&self) -> ErrorLogSummary {
        let cut = self.error_message.char_indices().nth(SUMMARY_CHARS);
        let message = cut.map_or_else(
            || self.error_message.clone(),
            |(end, _)| format!("{}...", &self.error_message[..end]),
        );
        ErrorLogSummary {
            id: self.id,
            error_type: self.error_type,
            error_code: self.error_code.clone(),
            message,
            severity: self.severity,
            is_critical: self.is_critical(),
            resolved: self.resolved,
            task_id: self.task_id,
            created_at: self.created_at,
        }
    }

    /// All that helps to find out why it happened.
    #[must_use]
    pub fn debug_context(&self, now: DateTime<Utc>) -> ErrorLogDebugContext {
        let hours = |time: TimeDelta| time.as_seconds_f64() / 3600.0;
        ErrorLogDebugContext {
            error_details: ErrorDetails {
                id: self.id,
                error_type: self.error_type,
                error_code: self.error_code.clone(),
                error_message: self.error_message.clone(),
                severity: self.severity,
                fingerprint: self.fingerprint,
            },
            execution_context: ExecutionContext {
                task_id: self.task_id,
                workflow_id: self.workflow_id.clone(),
                user_id: self.user_id.clone(),
                session_id: self.session_id.clone(),
            },
            timing: ErrorTiming {
                created_at: self.created_at,
                resolved_at: self.resolved_at,
                age_hours: hours(self.age(now)),
                resolution_hours: self.resolution_time().map(hours),
            },
            technical_details: TechnicalDetails {
                stack_trace: self.stack_trace.clone(),
                context: self.context.clone(),
                metadata: self.metadata.clone(),
            },
        }
    }
}

/// An unresolved error of severity `error` or `fatal`, with what its task, if any, is called and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriticalError {
    /// The error.
    pub error: ErrorLog,
    /// The task's title.
    pub task_title: Option<String>,
    /// The task's status.
    pub task_status: Option<TaskStatus>,
}

/// The errors of one type and severity, in numbers: a row of the view `error_summary`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorSummary {
    /// Their type.
    pub error_type: ErrorType,
    /// Their severity.
    pub severity: Severity,
    /// How many they are.
    pub error_count: u64,
    /// How many of them are not resolved.
    pub unresolved_count: u64,
    /// How long they took on average, in hours: until they were resolved, and those that are not, until now.
    pub avg_resolution_hours: f64,
    /// When the latest of them happened.
    pub latest_occurrence: DateTime<Utc>,
}

/// Numbers over some errors. Averages and times are `None` where there is nothing to take them from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorLogStatistics {
    /// How many errors.
    pub total: u64,
    /// How many of them are resolved.
    pub resolved: u64,
    /// How many are not.
    pub unresolved: u64,
    /// How many are unresolved and of severity `error` or `fatal`.
    pub critical: u64,
    /// How many groups they belong to.
    pub groups: u64,
    /// How many tasks they touched.
    pub tasks: u64,
    /// How many of each type, for the types that occur, in the order of [`ErrorType::ALL`].
    pub by_type: Vec<(ErrorType, u64)>,
    /// How many of each severity, for the severities that occur, in the order of [`Severity::ALL`].
    pub by_severity: Vec<(Severity, u64)>,
    /// How long the resolved ones took to be dealt with on average, in hours.
    pub avg_resolution_hours: Option<f64>,
    /// When the first of them happened.
    pub first_occurrence: Option<DateTime<Utc>>,
    /// When the latest of them happened.
    pub latest_occurrence: Option<DateTime<Utc>>,
}
