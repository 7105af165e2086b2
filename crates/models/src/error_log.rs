use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{ErrorLogId, FaultCode, Fingerprint, MAX_TEXT, TaskId, Validation, clock, text_enum::text_enum};

mod chain;
mod group;
mod patch;
mod query;
mod report;

pub use group::{ErrorGroup, Resolution};
pub use patch::ErrorLogPatch;
pub use query::{ErrorLogFilter, ErrorLogSort};
pub use report::{
    CriticalError, ErrorDetails, ErrorLogDebugContext, ErrorLogStatistics, ErrorLogSummary, ErrorSummary,
    ErrorTiming, ExecutionContext, TechnicalDetails,
};

text_enum! {
    /// What kind of thing went wrong.
    ErrorType, "error type" {
        /// None of the other kinds.
        General = "general",
        /// Input that breaks a rule.
        Validation = "validation",
        /// The database.
        Database = "database",
        /// The way to another machine.
        Network = "network",
        /// Who somebody is.
        Authentication = "authentication",
        /// What somebody may do.
        Authorization = "authorization",
        /// A rule of the business.
        BusinessLogic = "business_logic",
        /// Somebody else's service.
        ExternalApi = "external_api",
        /// The machine or its operating system.
        System = "system",
        /// Settings.
        Configuration = "configuration",
        /// Something took too long.
        Timeout = "timeout",
        /// Something was asked for too often.
        RateLimit = "rate_limit",
    }
}

text_enum! {
    /// How bad an error is. Severities compare: a later one is worse.
    Severity, "severity" {
        /// Of use to those who look for a fault only.
        Debug = "debug",
        /// Worth knowing.
        Info = "info",
        /// Odd, but the work went on.
        Warn = "warn",
        /// The work failed.
        Error = "error",
        /// The program failed.
        Fatal = "fatal",
    }
}

impl Severity {
    /// Whether somebody should look at it now: `error` and `fatal`.
    #[must_use]
    pub const fn is_critical(self) -> bool {
        matches!(self, Self::Error | Self::Fatal)
    }
}

/// A stored error: what went wrong, where, and whether it has been dealt with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorLog {
    /// Its id.
    pub id: ErrorLogId,
    /// What kind of thing went wrong.
    pub error_type: ErrorType,
    /// The code that the failing system gave it, at most 100 characters.
    pub error_code: Option<String>,
    /// What went wrong: not blank, at most [`MAX_TEXT`] characters.
    pub error_message: String,
    /// Where: at most [`NewErrorLog::MAX_STACK_TRACE`] characters.
    pub stack_trace: Option<String>,
    /// What the failing code knew.
    pub context: Map<String, Value>,
    /// The task that was worked on.
    pub task_id: Option<TaskId>,
    /// The workflow that was running, at most 255 characters. It need not be known to the store.
    pub workflow_id: Option<String>,
    /// On whose behalf, at most 255 characters.
    pub user_id: Option<String>,
    /// In which session, at most 255 characters.
    pub session_id: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it has been dealt with.
    pub resolved: bool,
    /// How it was dealt with: at most [`MAX_TEXT`] characters.
    pub resolution_notes: Option<String>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When the row was changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was dealt with; set if and only if it was.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Whatever else belongs to it; `resolved_by` is who dealt with it.
    pub metadata: Map<String, Value>,
    /// The group that it belongs to. An error that some other program wrote may belong to none.
    pub fingerprint: Option<Fingerprint>,
    /// Grows by one with each change, from 1.
    pub version: i64,
}

impl ErrorLog {
    /// Whether somebody should look at it now: its severity is `error` or `fatal`.
    #[must_use]
    pub const fn is_critical(&self) -> bool {
        self.severity.is_critical()
    }

    /// How long ago it happened.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.created_at
    }

    /// How long it took to be dealt with, or `None` while it is not.
    #[must_use]
    pub fn resolution_time(&self) -> Option<TimeDelta> {
        self.resolved_at.map(|end| end - self.created_at)
    }
}

/// An error to be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of ErrorLog")]
pub struct NewErrorLog {
    pub id: ErrorLogId,
    pub error_type: ErrorType,
    pub error_code: Option<String>,
    pub error_message: String,
    pub stack_trace: Option<String>,
    pub context: Map<String, Value>,
    pub task_id: Option<TaskId>,
    pub workflow_id: Option<String>,
    pub user_id: Option<String>,
    pub session_id: Option<String>,
    pub severity: Severity,
    pub resolved: bool,
    pub resolution_notes: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Kept for a resolved error only, and not before `created_at`; one without it was resolved when it happened.
    pub resolved_at: Option<DateTime<Utc>>,
    pub metadata: Map<String, Value>,
}

impl NewErrorLog {
    /// The most characters that a stack trace may have.
    pub const MAX_STACK_TRACE: usize = 1_000_000;

    /// An unresolved error that happened now, of severity `error`.
    pub fn new(error_type: ErrorType, message: impl Into<String>) -> Self {
        Self {
            id: ErrorLogId::new(),
            error_type,
            error_code: None,
            error_message: message.into(),
            stack_trace: None,
            context: Map::new(),
            task_id: None,
            workflow_id: None,
            user_id: None,
            session_id: None,
            severity: Severity::Error,
            resolved: false,
            resolution_notes: None,
            created_at: clock::now(),
            resolved_at: None,
            metadata: Map::new(),
        }
    }

    /// The group that this error belongs to. Stores keep it beside the error.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::from_parts(
            self.error_type,
            self.error_code.as_deref(),
            &self.error_message,
            self.stack_trace.as_deref(),
        )
    }

    /// The `resolved_at` that is stored: a resolved error has one, no other has.
    #[must_use]
    pub fn stored_resolved_at(&self) -> Option<DateTime<Utc>> {
        self.resolved.then(|| self.resolved_at.unwrap_or(self.created_at))
    }

    /// Finds every fault of this error.
    #[must_use]
    pub fn validate(&self) -> Validation {
        let mut v = Validation::new("error log");
        v.optional_text("error_code", self.error_code.as_deref(), 100);
        v.required_text("error_message", &self.error_message, MAX_TEXT);
        v.optional_text("stack_trace", self.stack_trace.as_deref(), Self::MAX_STACK_TRACE);
        v.object("context", &self.context);
        v.optional_text("workflow_id", self.workflow_id.as_deref(), 255);
        v.optional_text("user_id", self.user_id.as_deref(), 255);
        v.optional_text("session_id", self.session_id.as_deref(), 255);
        v.optional_text("resolution_notes", self.resolution_notes.as_deref(), MAX_TEXT);
        v.time("created_at", Some(self.created_at));
        v.time("resolved_at", self.resolved_at);
        // A time that cannot be stored is one fault, not two.
        let is_early = |end| clock::earliest() <= end && end < clock::storable(self.created_at);
        if self.resolved && self.resolved_at.is_some_and(is_early) {
            v.fault("resolved_at", FaultCode::Contradiction, "lies before created_at");
        }
        v.metadata(&self.metadata);
        self.warn(&mut v);
        v
    }

    fn warn(&self, v: &mut Validation) {
        if self.severity == Severity::Fatal && self.stack_trace.is_none() {
            v.warn("stack_trace", FaultCode::Required, "is missing on a fatal error");
        }
        if self.resolved && self.resolution_notes.is_none() {
            v.warn("resolution_notes", FaultCode::Required, "is missing on a resolved error");
        }
        if self.resolved && self.resolved_at.is_none() {
            v.warn("resolved_at", FaultCode::Required, "is missing on a resolved error, created_at is taken");
        }
    }
}
