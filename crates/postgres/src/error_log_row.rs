//! The row of an error log: its columns, how it is written, selected and read.

use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_models::{
    ErrorLog, ErrorLogFilter, ErrorLogId, ErrorType, NewErrorLog, Severity, TaskId, clock,
};
use taskmaster_repository::Result;

use crate::{
    entities::error_logs::Model,
    insert::Insert,
    page::bound,
    row::{self, Stored},
    sql::Sql,
};

pub(crate) const ENTITY: &str = "error log";
pub(crate) const TABLE: &str = "error_logs";

/// The columns of [`Model`].
pub(crate) const COLUMNS: &str = "id, error_type, error_code, error_message, stack_trace, context, task_id, \
    workflow_id, user_id, session_id, severity, resolved, resolution_notes, created_at, updated_at, \
    resolved_at, metadata, fingerprint, version";

pub(crate) const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("error_type", "text"),
        ("error_code", "text"),
        ("error_message", "text"),
        ("stack_trace", "text"),
        ("context", "jsonb"),
        ("task_id", "uuid"),
        ("workflow_id", "text"),
        ("user_id", "text"),
        ("session_id", "text"),
        ("severity", "text"),
        ("resolved", "bool"),
        ("resolution_notes", "text"),
        ("created_at", "timestamptz"),
        ("updated_at", "timestamptz"),
        ("resolved_at", "timestamptz"),
        ("metadata", "jsonb"),
        ("fingerprint", "text"),
    ],
    returning: COLUMNS,
};

/// The values of [`INSERT`]'s columns.
pub(crate) fn values(new: &NewErrorLog) -> Vec<Value> {
    let created_at = clock::storable(new.created_at);
    vec![
        new.id.as_uuid().into(),
        new.error_type.as_str().into(),
        new.error_code.clone().into(),
        new.error_message.clone().into(),
        new.stack_trace.clone().into(),
        json!(new.context).into(),
        new.task_id.map(TaskId::as_uuid).into(),
        new.workflow_id.clone().into(),
        new.user_id.clone().into(),
        new.session_id.clone().into(),
        new.severity.as_str().into(),
        new.resolved.into(),
        new.resolution_notes.clone().into(),
        created_at.into(),
        created_at.into(),
        new.stored_resolved_at().map(clock::storable).into(),
        json!(new.metadata).into(),
        new.fingerprint().to_string().into(),
    ]
}

/// Reads an error from a row that has [`COLUMNS`].
pub(crate) fn error_log(row: &QueryResult) -> Result<ErrorLog> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    let fingerprint = model.fingerprint.as_deref();
    Ok(ErrorLog {
        id: ErrorLogId::from_uuid(model.id),
        error_type: stored.parse("error_type", &model.error_type)?,
        error_code: model.error_code,
        error_message: model.error_message,
        stack_trace: model.stack_trace,
        context: stored.object("context", model.context)?,
        task_id: model.task_id.map(TaskId::from_uuid),
        workflow_id: model.workflow_id,
        user_id: model.user_id,
        session_id: model.session_id,
        severity: stored.parse("severity", &model.severity)?,
        resolved: model.resolved,
        resolution_notes: model.resolution_notes,
        created_at: model.created_at.to_utc(),
        updated_at: model.updated_at.to_utc(),
        resolved_at: model.resolved_at.map(|time| time.to_utc()),
        metadata: stored.object("metadata", model.metadata)?,
        fingerprint: fingerprint.map(|text| stored.parse("fingerprint", text)).transpose()?,
        version: model.version,
    })
}

pub(crate) fn error_logs(rows: &[QueryResult]) -> Result<Vec<ErrorLog>> {
    rows.iter().map(error_log).collect()
}

pub(crate) fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM error_logs WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
pub(crate) fn matching(sql: Sql, filter: &ErrorLogFilter) -> Sql {
    let at_least = match filter.min_severity {
        None | Some(Severity::Debug) => "",
        Some(Severity::Info) => " AND severity IN ('info', 'warn', 'error', 'fatal')",
        Some(Severity::Warn) => " AND severity IN ('warn', 'error', 'fatal')",
        Some(Severity::Error) => " AND severity IN ('error', 'fatal')",
        Some(Severity::Fatal) => " AND severity = 'fatal'",
    };
    sql.and("error_type = ", filter.error_type.map(ErrorType::as_str))
        .and("severity = ", filter.severity.map(Severity::as_str))
        .text(at_least)
        .and("resolved = ", filter.resolved)
        .and("task_id = ", filter.task_id.map(TaskId::as_uuid))
        .and("workflow_id = ", filter.workflow_id.as_deref())
        .and("user_id = ", filter.user_id.as_deref())
        .and("fingerprint = ", filter.fingerprint.map(String::from))
        .and("created_at >= ", bound(filter.created_after))
        .and("created_at <= ", bound(filter.created_before))
}
