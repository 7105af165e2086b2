//! Numbers over errors, and what is found among them.

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use taskmaster_models::{
    CriticalError, ErrorLogFilter, ErrorLogStatistics, ErrorSummary, SearchRequest, TaskId,
};
use taskmaster_repository::Result;
use uuid::Uuid;

use crate::{
    error_log_row::{COLUMNS, TABLE, error_log, matching},
    row::{self, Stored},
    sql::Sql,
    task_row,
};

/// Where no single row is to blame for a value.
const ANY_ROW: Stored = Stored { table: TABLE, id: Uuid::nil() };

/// Reads an error with its task from a row that has the columns `task_title` and `task_status`, too.
pub(crate) fn critical_error(row: &QueryResult) -> Result<CriticalError> {
    let error = error_log(row)?;
    let task = Stored { table: task_row::TABLE, id: error.task_id.map(TaskId::as_uuid).unwrap_or_default() };
    let task_status: Option<String> = row::column(row, "task_status")?;
    Ok(CriticalError {
        error,
        task_title: row::column(row, "task_title")?,
        task_status: task_status.map(|status| task.parse("status", &status)).transpose()?,
    })
}

/// What the view `error_summary` says, of the errors that meet the filter.
pub(crate) fn summary(filter: &ErrorLogFilter, now: DateTime<Utc>) -> Sql {
    let sql = Sql::read(
        "SELECT error_type, severity, count(*) AS error_count, \
            count(*) FILTER (WHERE NOT resolved) AS unresolved_count, \
            (avg(extract(epoch FROM coalesce(resolved_at, ",
    )
    .bind(now)
    .text(
        ") - created_at)) / 3600)::float8 AS avg_resolution_hours, max(created_at) AS latest_occurrence \
         FROM error_logs WHERE TRUE",
    );
    matching(sql, filter).text(" GROUP BY error_type, severity")
}

pub(crate) fn error_summary(row: &QueryResult) -> Result<ErrorSummary> {
    Ok(ErrorSummary {
        error_type: ANY_ROW.parse("error_type", &row::column::<String>(row, "error_type")?)?,
        severity: ANY_ROW.parse("severity", &row::column::<String>(row, "severity")?)?,
        error_count: row::count(row, "error_count")?,
        unresolved_count: row::count(row, "unresolved_count")?,
        avg_resolution_hours: row::column(row, "avg_resolution_hours")?,
        latest_occurrence: row::column(row, "latest_occurrence")?,
    })
}

/// One row for each type that occurs, one for each severity, and one (without either) for all.
pub(crate) fn statistics(filter: &ErrorLogFilter) -> Sql {
    let sql = Sql::read(
        "SELECT error_type, severity, count(*) AS total, \
            count(*) FILTER (WHERE resolved) AS resolved, \
            count(*) FILTER (WHERE NOT resolved) AS unresolved, \
            count(*) FILTER (WHERE NOT resolved AND error_logs.severity IN ('error', 'fatal')) AS critical, \
            count(DISTINCT fingerprint) AS groups, \
            count(DISTINCT task_id) AS tasks, \
            (avg(extract(epoch FROM resolved_at - created_at)) FILTER (WHERE resolved) / 3600)::float8 \
                AS avg_resolution_hours, \
            min(created_at) AS first_occurrence, \
            max(created_at) AS latest_occurrence \
         FROM error_logs WHERE TRUE",
    );
    matching(sql, filter).text(" GROUP BY GROUPING SETS ((), (error_type), (severity))")
}

pub(crate) fn read_statistics(rows: &[QueryResult]) -> Result<ErrorLogStatistics> {
    let mut statistics = ErrorLogStatistics::default();
    for row in rows {
        let total = row::count(row, "total")?;
        let error_type: Option<String> = row::column(row, "error_type")?;
        let severity: Option<String> = row::column(row, "severity")?;
        if let Some(error_type) = error_type {
            statistics.by_type.push((ANY_ROW.parse("error_type", &error_type)?, total));
        } else if let Some(severity) = severity {
            statistics.by_severity.push((ANY_ROW.parse("severity", &severity)?, total));
        } else {
            statistics.total = total;
            statistics.resolved = row::count(row, "resolved")?;
            statistics.unresolved = row::count(row, "unresolved")?;
            statistics.critical = row::count(row, "critical")?;
            statistics.groups = row::count(row, "groups")?;
            statistics.tasks = row::count(row, "tasks")?;
            statistics.avg_resolution_hours = row::column(row, "avg_resolution_hours")?;
            statistics.first_occurrence = row::column(row, "first_occurrence")?;
            statistics.latest_occurrence = row::column(row, "latest_occurrence")?;
        }
    }
    statistics.by_type.sort_unstable();
    statistics.by_severity.sort_unstable();
    Ok(statistics)
}

/// Searches codes and messages. Snippets are made for the hits that are shown only, and from the part of the message that is
/// searched.
pub(crate) fn search(request: &SearchRequest) -> Sql {
    Sql::read("SELECT ")
    .text(COLUMNS)
    .text(
        ", rank, ts_headline('pg_catalog.english', searchable_text(error_message), query, \
         'StartSel=**, StopSel=**, MinWords=5, MaxWords=20, MaxFragments=2') AS snippet FROM (SELECT ",
    )
    .text(COLUMNS)
    .text(", ts_rank(search, query) AS rank, query FROM error_logs, websearch_to_tsquery('pg_catalog.english', ")
    .bind(request.text.as_str())
    .text(") AS query WHERE search @@ query ORDER BY rank DESC, created_at DESC, id DESC LIMIT ")
    .bind(i64::from(request.limit))
    .text(" OFFSET ")
    .bind(i64::from(request.offset))
    .text(") AS hits ORDER BY rank DESC, created_at DESC, id DESC")
}
