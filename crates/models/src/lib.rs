//! Plain types of the Taskmaster data backbone: tasks, their contexts and dependencies, workflow states, error logs, API keys,
//! metrics, and the audit trail.
//!
//! Nothing here does I/O, is async, or knows a database. Each noun has one file with the same set of types:
//!
//! | type | what it is |
//! |---|---|
//! | `Noun` | a stored row |
//! | `NewNoun` | what is needed to store one; carries its own id and times, made by [`clock`] and [`id`] |
//! | `NounPatch` | the fields to change; a field that is `None` stays as it is |
//! | `NounFilter` | which rows a query is about; a criterion that is `None` does not restrict |
//! | `NounSort` | the orders in which rows can be paged |
//!
//! # Laws
//!
//! - Writing types have a `validate` that finds *every* fault at once. Both stores call it before they write, and the
//!   database's constraints hold the same rules.
//! - Text limits count characters, not bytes. No text may hold the character NUL, which PostgreSQL cannot store.
//! - Times are UTC, between the years 1 and 9999, and kept to the microsecond.
//! - Only [`clock`] reads the clock, and only [`id`] makes ids.

mod actor;
mod api_key;
mod audit_log;
mod audit_seal;
pub mod clock;
mod error_log;
mod fingerprint;
pub mod id;
mod metric;
mod page;
mod patch;
mod retention;
mod search;
mod task;
mod task_context;
mod task_dependency;
mod text_enum;
mod validation;
mod workflow_state;

pub use actor::Actor;
pub use api_key::{
    ApiKey, ApiKeyFilter, ApiKeyFinding, ApiKeyPatch, ApiKeySort, ApiKeyStatistics, ApiKeySummary,
    ApiKeyUsageSummary, Deactivation, Environment, KeyConcern, KeyRotation, KeyVerdict, MalformedKey,
    NewApiKey, Permission, RateLimit, SecurityAuditRequest, Service, Verb,
};
pub use audit_log::{
    AuditAction, AuditLog, AuditLogFilter, AuditLogSort, AuditLogStatistics, AuditedEntity, RecentActivity,
};
pub use audit_seal::{
    AddedReason, AuditAnchor, AuditFinding, AuditSeal, AuditSealSort, AuditVerification, AuditVerifier,
    FoundRow, MalformedHash, MalformedSnapshot, SealedRow, Sha256Hash, TransactionSnapshot, UnsealedRow,
};
pub use error_log::{
    CriticalError, ErrorDetails, ErrorGroup, ErrorLog, ErrorLogDebugContext, ErrorLogFilter, ErrorLogPatch,
    ErrorLogSort, ErrorLogStatistics, ErrorLogSummary, ErrorSummary, ErrorTiming, ErrorType,
    ExecutionContext, NewErrorLog, Resolution, Severity, TechnicalDetails,
};
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use id::{
    ApiKeyId, AuditLogId, ErrorLogId, MetricId, TaskContextId, TaskDependencyId, TaskId, WorkflowStateId,
};
pub use metric::{
    Metric, MetricAggregateRequest, MetricBucket, MetricFilter, MetricSort, MetricStatistics, MetricType,
    NewMetric,
};
pub use page::{Cursor, Direction, KeyKind, Page, PageRequest, Sort, SortKey};
pub use retention::{RetainedTable, RetentionPolicy};
pub use search::{SearchHit, SearchRequest};
pub use task::{NewTask, Task, TaskFilter, TaskPatch, TaskSort, TaskStatistics, TaskStatus, TaskSummary};
pub use task_context::{
    AiInteraction, ContextType, ContextWithTask, NewTaskContext, TaskContext, TaskContextFilter,
    TaskContextPatch, TaskContextSort, TaskContextStatistics, TaskContextSummary, TaskFullContext,
    TaskWithContexts, ValidationOutcome,
};
pub use task_dependency::{
    DependencyType, NewTaskDependency, RelatedTask, TaskDependencies, TaskDependency, TaskDependencyFilter,
    TaskDependencySort,
};
pub use text_enum::UnknownValue;
pub use validation::{Fault, FaultCode, MAX_JSON_DEPTH, MAX_PRUNE, MAX_TEXT, Validation, ValidationError};
pub use workflow_state::{
    NewWorkflowState, RetryRequest, WorkflowProgress, WorkflowState, WorkflowStateFilter, WorkflowStatePatch,
    WorkflowStateSort, WorkflowStateStatistics, WorkflowStateSummary, WorkflowStatus, WorkflowTimelineEntry,
};
