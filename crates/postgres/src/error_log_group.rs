//! The statements that resolve errors, and those about groups of them.

use sea_orm::QueryResult;
use taskmaster_models::{ErrorGroup, ErrorLogFilter, ErrorLogId, Fingerprint, Resolution, clock};
use taskmaster_repository::Result;
use uuid::Uuid;

use crate::{
    error_log_row::{COLUMNS, TABLE, matching},
    row::{self, Stored},
    sql::Sql,
};

/// Resolves an error, unless it is.
pub(crate) fn resolve(actor: Option<&str>, id: ErrorLogId, resolution: &Resolution) -> Sql {
    let sql = resolved(locked(actor, id).cte("new AS (UPDATE error_logs SET"), resolution)
        .text(" FROM (SELECT id AS old_id FROM old WHERE NOT resolved) AS o WHERE id = old_id RETURNING ");
    changed(sql)
}

/// Takes the resolution of an error back, if there is one.
pub(crate) fn reopen(actor: Option<&str>, id: ErrorLogId) -> Sql {
    let sql = locked(actor, id)
        .cte("new AS (UPDATE error_logs SET resolved = FALSE, resolved_at = NULL, resolution_notes = NULL, ")
        .text("metadata = metadata - 'resolved_by'")
        .text(" FROM (SELECT id AS old_id FROM old WHERE resolved) AS o WHERE id = old_id RETURNING ");
    changed(sql)
}

/// Resolves the unresolved errors of a group. They are locked in one order, so that two who do this at once wait for each other
/// and do not block each other.
pub(crate) fn resolve_group(actor: Option<&str>, fingerprint: Fingerprint, resolution: &Resolution) -> Sql {
    let sql = Sql::write(actor)
        .cte("open AS (SELECT id AS open_id FROM error_logs")
        .if_attributed(", actor")
        .text(" WHERE fingerprint = ")
        .bind(String::from(fingerprint))
        .text(" AND NOT resolved")
        .if_attributed(" AND actor.ok")
        .text(" ORDER BY created_at, id FOR NO KEY UPDATE OF error_logs)")
        .text(" UPDATE error_logs SET");
    resolved(sql, resolution).text(" FROM open WHERE id = open_id")
}

/// Begins a write with the row `old`, locked, so that nobody changes it between reading and writing.
fn locked(actor: Option<&str>, id: ErrorLogId) -> Sql {
    Sql::write(actor)
        .cte("old AS (SELECT ")
        .text(COLUMNS)
        .text(" FROM error_logs")
        .if_attributed(", actor")
        .text(" WHERE id = ")
        .bind(id.as_uuid())
        .if_attributed(" AND actor.ok")
        .text(" FOR NO KEY UPDATE OF error_logs)")
}

/// The assignments of a resolution. None is resolved before it has happened.
fn resolved(sql: Sql, resolution: &Resolution) -> Sql {
    sql.text(" resolved = TRUE, resolved_at = greatest(created_at, ")
        .bind(clock::storable(resolution.at))
        .text("), resolution_notes = ")
        .bind(resolution.notes.as_str())
        .text(", metadata = metadata || jsonb_build_object('resolved_by', ")
        .bind(resolution.by.as_str())
        .text("::text)")
}

/// Ends a write that has [`locked`] a row and changes it perhaps.
fn changed(sql: Sql) -> Sql {
    sql.text(COLUMNS)
        .text(") SELECT ")
        .text(COLUMNS)
        .text(" FROM new UNION ALL SELECT ")
        .text(COLUMNS)
        .text(" FROM old WHERE NOT EXISTS (SELECT FROM new)")
}

/// The groups of which an error meets the filter, those seen last first. Which groups to show is known by the latest error of
/// each; only those that are shown are counted.
pub(crate) fn groups(filter: &ErrorLogFilter, limit: u32) -> Sql {
    let sql = Sql::read(
        "SELECT shown.*, counted.* FROM (SELECT met.fingerprint, latest.* FROM \
         (SELECT DISTINCT fingerprint FROM error_logs WHERE fingerprint IS NOT NULL",
    );
    matching(sql, filter)
        .text(
            ") AS met CROSS JOIN LATERAL (SELECT l.id, l.created_at AS last_seen, l.error_type, l.error_code, \
                left(l.error_message, 1000) AS error_message FROM error_logs l WHERE l.fingerprint = met.fingerprint \
                ORDER BY l.created_at DESC, l.id DESC LIMIT 1) AS latest \
             ORDER BY last_seen DESC, fingerprint COLLATE \"C\" DESC LIMIT ",
        )
        .bind(i64::from(limit))
        .text(
            ") AS shown CROSS JOIN LATERAL (SELECT count(*) AS count, \
                count(*) FILTER (WHERE NOT c.resolved) AS unresolved, \
                count(DISTINCT c.task_id) AS tasks, \
                min(c.created_at) AS first_seen, \
                max(c.resolved_at) FILTER (WHERE c.resolved) AS last_resolved_at, \
                coalesce(max(c.created_at) FILTER (WHERE NOT c.resolved) \
                    > min(c.resolved_at) FILTER (WHERE c.resolved), FALSE) AS regressed, \
                (ARRAY['debug', 'info', 'warn', 'error', 'fatal'])[max(array_position( \
                    ARRAY['debug', 'info', 'warn', 'error', 'fatal'], c.severity::text))] AS severity \
             FROM error_logs c WHERE c.fingerprint = shown.fingerprint) AS counted \
             ORDER BY last_seen DESC, fingerprint COLLATE \"C\" DESC",
        )
}

/// Reads a group. What does not parse is told of its latest error.
pub(crate) fn error_group(row: &QueryResult) -> Result<ErrorGroup> {
    let stored = Stored { table: TABLE, id: row::column::<Uuid>(row, "id")? };
    Ok(ErrorGroup {
        fingerprint: stored.parse("fingerprint", &row::column::<String>(row, "fingerprint")?)?,
        error_type: stored.parse("error_type", &row::column::<String>(row, "error_type")?)?,
        error_code: row::column(row, "error_code")?,
        severity: stored.parse("severity", &row::column::<String>(row, "severity")?)?,
        message: row::column(row, "error_message")?,
        count: row::count(row, "count")?,
        unresolved: row::count(row, "unresolved")?,
        tasks: row::count(row, "tasks")?,
        first_seen: row::column(row, "first_seen")?,
        last_seen: row::column(row, "last_seen")?,
        last_resolved_at: row::column(row, "last_resolved_at")?,
        regressed: row::column(row, "regressed")?,
    })
}
