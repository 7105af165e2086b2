//! Error logs.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    CriticalError, ErrorGroup, ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogPatch, ErrorLogSort,
    ErrorLogStatistics, ErrorSummary, ErrorType, Fingerprint, NewErrorLog, Page, PageRequest, Resolution,
    SearchHit, SearchRequest, Severity, TaskId, Validation, clock,
};
use taskmaster_repository::{ErrorLogRepository, Result};

use crate::{
    entities::error_logs::Model,
    error_log_group as group, error_log_report as report,
    insert::Insert,
    page::{self, bound, paged},
    patch::{Assignments, Update},
    row::{self, Stored},
    sql::Sql,
    store::Pg,
};

const ENTITY: &str = "error log";
pub(crate) const TABLE: &str = "error_logs";

/// The columns of [`Model`].
pub(crate) const COLUMNS: &str = "id, error_type, error_code, error_message, stack_trace, context, task_id, \
    workflow_id, user_id, session_id, severity, resolved, resolution_notes, created_at, updated_at, \
    resolved_at, metadata, fingerprint, version";

const INSERT: Insert = Insert {
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
fn values(new: &NewErrorLog) -> Vec<Value> {
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

fn error_logs(rows: &[QueryResult]) -> Result<Vec<ErrorLog>> {
    rows.iter().map(error_log).collect()
}

fn select() -> Sql {
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

fn order_column(sort: ErrorLogSort) -> &'static str {
    match sort {
        ErrorLogSort::CreatedAt => "created_at",
    }
}

fn assignments(patch: &ErrorLogPatch) -> Assignments {
    Assignments::default()
        .set("error_type", patch.error_type.map(ErrorType::as_str))
        .set("error_code", patch.error_code.clone())
        .set("context", patch.context.as_ref().map(|context| json!(context)))
        .set("task_id", patch.task_id.map(|task| task.map(TaskId::as_uuid)))
        .set("workflow_id", patch.workflow_id.clone())
        .set("user_id", patch.user_id.clone())
        .set("session_id", patch.session_id.clone())
        .set("severity", patch.severity.map(Severity::as_str))
        .set("resolution_notes", patch.resolution_notes.clone())
        .set("metadata", patch.metadata.as_ref().map(|metadata| json!(metadata)))
}

#[async_trait]
impl<C: Executor> ErrorLogRepository for Pg<C> {
    async fn create(&self, new: &NewErrorLog) -> Result<ErrorLog> {
        new.validate().into_result()?;
        self.written("error_log.create", new.id, INSERT.one(self.actor(), values(new)), error_log).await
    }

    async fn bulk_create(&self, new: &[NewErrorLog]) -> Result<Vec<ErrorLog>> {
        Validation::of_rows(ENTITY, new.iter().map(NewErrorLog::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place");
        let mut errors = error_logs(&self.rows("error_log.bulk_create", sql).await?)?;
        row::in_order_of(new.iter().map(|new| new.id), &mut errors, |error| error.id);
        Ok(errors)
    }

    async fn find_by_id(&self, id: ErrorLogId) -> Result<Option<ErrorLog>> {
        let row = self.row("error_log.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(error_log).transpose()
    }

    async fn find_by(
        &self,
        filter: &ErrorLogFilter,
        page: &PageRequest<ErrorLogSort>,
    ) -> Result<Page<ErrorLog>> {
        filter.validate().into_result()?;
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let rows = error_logs(&self.rows("error_log.find_by", sql).await?)?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &ErrorLogFilter) -> Result<u64> {
        filter.validate().into_result()?;
        let sql = matching(Sql::read("SELECT count(*) FROM error_logs WHERE TRUE"), filter);
        self.row("error_log.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn critical_errors(&self, page: &PageRequest<ErrorLogSort>) -> Result<Page<CriticalError>> {
        let sql = Sql::read("SELECT e.*, t.title AS task_title, t.status AS task_status FROM (SELECT ")
            .text(COLUMNS)
            .text(" FROM error_logs WHERE TRUE");
        let sql = matching(sql, &ErrorLogFilter::critical());
        let sql = paged(sql, page, order_column(page.sort))?
            .text(") AS e LEFT JOIN tasks t ON t.id = e.task_id ORDER BY e.created_at")
            .text(page::direction(page.direction))
            .text(", e.id")
            .text(page::direction(page.direction));
        let rows = self.rows("error_log.critical_errors", sql).await?;
        let critical = rows.iter().map(report::critical_error).collect::<Result<Vec<_>>>()?;
        Ok(page.page(critical, |last| (page.sort.key(&last.error), last.error.id.as_uuid())))
    }

    async fn update(&self, id: ErrorLogId, patch: &ErrorLogPatch) -> Result<ErrorLog> {
        patch.validate().into_result()?;
        let update = Update {
            actor: self.actor(),
            table: TABLE,
            id: id.as_uuid(),
            expected_version: patch.expected_version,
            returning: COLUMNS,
        };
        match self.row("error_log.update", assignments(patch).update(&update)).await? {
            Some(row) => error_log(&row),
            None => {
                Err(self.not_updated("error_log.update", TABLE, id.as_uuid(), patch.expected_version).await)
            }
        }
    }

    async fn resolve(&self, id: ErrorLogId, resolution: &Resolution) -> Result<ErrorLog> {
        resolution.validate().into_result()?;
        self.written("error_log.resolve", id, group::resolve(self.actor(), id, resolution), error_log).await
    }

    async fn resolve_group(&self, fingerprint: &Fingerprint, resolution: &Resolution) -> Result<u64> {
        resolution.validate().into_result()?;
        self.execute("error_log.resolve_group", group::resolve_group(self.actor(), *fingerprint, resolution))
            .await
    }

    async fn reopen(&self, id: ErrorLogId) -> Result<ErrorLog> {
        self.written("error_log.reopen", id, group::reopen(self.actor(), id), error_log).await
    }

    async fn delete(&self, id: ErrorLogId) -> Result<bool> {
        Ok(self.delete_where("error_log.delete", TABLE, "id", id.as_uuid()).await? > 0)
    }

    async fn groups(&self, filter: &ErrorLogFilter, limit: u32) -> Result<Vec<ErrorGroup>> {
        filter.validate().into_result()?;
        Validation::of_limit(ENTITY, limit).into_result()?;
        self.rows("error_log.groups", group::groups(filter, limit))
            .await?
            .iter()
            .map(group::error_group)
            .collect()
    }

    async fn group(&self, fingerprint: &Fingerprint) -> Result<Option<ErrorGroup>> {
        let row = self.row("error_log.group", group::groups(&ErrorLogFilter::group(*fingerprint), 1)).await?;
        row.as_ref().map(group::error_group).transpose()
    }

    async fn summary(&self, filter: &ErrorLogFilter) -> Result<Vec<ErrorSummary>> {
        filter.validate().into_result()?;
        let rows = self.rows("error_log.summary", report::summary(filter, clock::now())).await?;
        let mut summary = rows.iter().map(report::error_summary).collect::<Result<Vec<_>>>()?;
        summary.sort_by_key(|kind| (kind.error_type, kind.severity));
        Ok(summary)
    }

    async fn statistics(&self, filter: &ErrorLogFilter) -> Result<ErrorLogStatistics> {
        filter.validate().into_result()?;
        report::read_statistics(&self.rows("error_log.statistics", report::statistics(filter)).await?)
    }

    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit<ErrorLog>>> {
        request.validate().into_result()?;
        let rows = self.rows("error_log.search", report::search(request)).await?;
        rows.iter().map(|row| row::hit(row, error_log(row)?)).collect()
    }

    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64> {
        let sql = Sql::read("SELECT count(*) FROM error_logs WHERE created_at < ").bind(page::before(before));
        self.row("error_log.prunable", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        Validation::of_prune_limit(ENTITY, limit).into_result()?;
        // An array, since a join with so many rows might read the whole table.
        let sql = Sql::write(self.actor())
            .text(" DELETE FROM error_logs")
            .if_attributed(" USING actor")
            .text(" WHERE id = ANY (ARRAY(SELECT o.id FROM error_logs o WHERE o.created_at < ")
            .bind(page::before(before))
            .text(" ORDER BY o.created_at, o.id LIMIT ")
            .bind(i64::from(limit))
            .text(" FOR UPDATE SKIP LOCKED))")
            .if_attributed(" AND actor.ok");
        self.execute("error_log.prune", sql).await
    }
}
