//! Error logs.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    CriticalError, ErrorGroup, ErrorLog, ErrorLogFilter, ErrorLogId, ErrorLogPatch, ErrorLogSort,
    ErrorLogStatistics, ErrorSummary, ErrorType, Fingerprint, NewErrorLog, Page, PageRequest, Resolution,
    SearchHit, SearchRequest, Severity, TaskId, Validation, clock,
};
use taskmaster_repository::{ErrorLogRepository, Result};

use crate::{
    error_log_group as group, error_log_report as report,
    error_log_row::{COLUMNS, ENTITY, INSERT, TABLE, error_log, error_logs, matching, select, values},
    page::{self, paged},
    patch::{Assignments, Update},
    row::{self},
    sql::Sql,
    store::Pg,
};

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
