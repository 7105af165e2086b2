//! Workflow states.

use async_trait::async_trait;
use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    NewWorkflowState, Page, PageRequest, RetryRequest, TaskId, Validation, WorkflowProgress, WorkflowState,
    WorkflowStateFilter, WorkflowStateId, WorkflowStatePatch, WorkflowStateSort, WorkflowStateStatistics,
    WorkflowStatus, WorkflowTimelineEntry, clock,
};
use taskmaster_repository::{Result, WorkflowStateRepository};

use crate::{
    entities::workflow_states::Model,
    insert::Insert,
    page::{self, bound, paged},
    patch::{Assignments, Update},
    row::{self, Stored},
    sql::Sql,
    store::Pg,
    task_row,
};

const ENTITY: &str = "workflow state";
const TABLE: &str = "workflow_states";

/// The columns of [`Model`].
const COLUMNS: &str = "id, workflow_id, task_id, step, status, result, started_at, completed_at, error_message, \
    retry_count, metadata, version";

const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("workflow_id", "text"),
        ("task_id", "uuid"),
        ("step", "text"),
        ("status", "text"),
        ("result", "jsonb"),
        ("started_at", "timestamptz"),
        ("completed_at", "timestamptz"),
        ("error_message", "text"),
        ("retry_count", "int"),
        ("metadata", "jsonb"),
    ],
    returning: COLUMNS,
};

/// The values of [`INSERT`]'s columns.
fn values(new: &NewWorkflowState) -> Vec<Value> {
    vec![
        new.id.as_uuid().into(),
        new.workflow_id.clone().into(),
        new.task_id.map(TaskId::as_uuid).into(),
        new.step.clone().into(),
        new.status.as_str().into(),
        new.result.clone().into(),
        clock::storable(new.started_at).into(),
        new.status.completed_at(new.completed_at, new.started_at).map(clock::storable).into(),
        new.error_message.clone().into(),
        new.retry_count.into(),
        json!(new.metadata).into(),
    ]
}

/// Reads a state from a row that has [`COLUMNS`].
fn state(row: &QueryResult) -> Result<WorkflowState> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    Ok(WorkflowState {
        id: WorkflowStateId::from_uuid(model.id),
        workflow_id: model.workflow_id,
        task_id: model.task_id.map(TaskId::from_uuid),
        step: model.step,
        status: stored.parse("status", &model.status)?,
        result: model.result,
        started_at: model.started_at.to_utc(),
        completed_at: model.completed_at.map(|time| time.to_utc()),
        error_message: model.error_message,
        retry_count: model.retry_count,
        metadata: stored.object("metadata", model.metadata)?,
        version: model.version,
    })
}

fn states(rows: &[QueryResult]) -> Result<Vec<WorkflowState>> {
    rows.iter().map(state).collect()
}

fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM workflow_states WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
fn matching(sql: Sql, filter: &WorkflowStateFilter) -> Sql {
    let sql = sql
        .and("workflow_id = ", filter.workflow_id.as_deref())
        .and("task_id = ", filter.task_id.map(TaskId::as_uuid))
        .and("status = ", filter.status.map(WorkflowStatus::as_str))
        .and("step = ", filter.step.as_deref())
        .and("started_at >= ", bound(filter.started_after))
        .and("started_at <= ", bound(filter.started_before));
    match filter.has_error {
        Some(true) => sql.text(" AND error_message IS NOT NULL"),
        Some(false) => sql.text(" AND error_message IS NULL"),
        None => sql,
    }
}

fn order_column(sort: WorkflowStateSort) -> &'static str {
    match sort {
        WorkflowStateSort::StartedAt => "started_at",
    }
}

fn assignments(patch: &WorkflowStatePatch) -> Assignments {
    Assignments::default()
        .set("workflow_id", patch.workflow_id.clone())
        .set("task_id", patch.task_id.map(|task| task.map(TaskId::as_uuid)))
        .set("step", patch.step.clone())
        .set("status", patch.status.map(WorkflowStatus::as_str))
        .set("result", patch.result.clone())
        .set("started_at", patch.started_at.map(clock::storable))
        .set("completed_at", patch.completed_at.map(|time| time.map(clock::storable)))
        .set("error_message", patch.error_message.clone())
        .set("retry_count", patch.retry_count)
        .set("metadata", patch.metadata.as_ref().map(|metadata| json!(metadata)))
}

#[async_trait]
impl<C: Executor> WorkflowStateRepository for Pg<C> {
    async fn create(&self, new: &NewWorkflowState) -> Result<WorkflowState> {
        new.validate().into_result()?;
        self.written("workflow_state.create", new.id, INSERT.one(self.actor(), values(new)), state).await
    }

    async fn bulk_create(&self, new: &[NewWorkflowState]) -> Result<Vec<WorkflowState>> {
        Validation::of_rows(ENTITY, new.iter().map(NewWorkflowState::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place");
        let mut states = states(&self.rows("workflow_state.bulk_create", sql).await?)?;
        row::in_order_of(new.iter().map(|new| new.id), &mut states, |state| state.id);
        Ok(states)
    }

    async fn find_by_id(&self, id: WorkflowStateId) -> Result<Option<WorkflowState>> {
        let row = self.row("workflow_state.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(state).transpose()
    }

    async fn find_by(
        &self,
        filter: &WorkflowStateFilter,
        page: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowState>> {
        filter.validate().into_result()?;
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let rows = states(&self.rows("workflow_state.find_by", sql).await?)?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &WorkflowStateFilter) -> Result<u64> {
        filter.validate().into_result()?;
        let sql = matching(Sql::read("SELECT count(*) FROM workflow_states WHERE TRUE"), filter);
        self.row("workflow_state.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn find_latest(&self, workflow_id: &str) -> Result<Option<WorkflowState>> {
        let page = PageRequest::new(WorkflowStateSort::StartedAt).limit(1);
        let filter = WorkflowStateFilter::workflow(workflow_id);
        Ok(WorkflowStateRepository::find_by(self, &filter, &page).await?.items.pop())
    }

    async fn update(&self, id: WorkflowStateId, patch: &WorkflowStatePatch) -> Result<WorkflowState> {
        patch.validate().into_result()?;
        let update = Update {
            actor: self.actor(),
            table: TABLE,
            id: id.as_uuid(),
            expected_version: patch.expected_version,
            returning: COLUMNS,
        };
        match self.row("workflow_state.update", assignments(patch).update(&update)).await? {
            Some(row) => state(&row),
            None => Err(self
                .not_updated("workflow_state.update", TABLE, id.as_uuid(), patch.expected_version)
                .await),
        }
    }

    async fn update_status(&self, id: WorkflowStateId, status: WorkflowStatus) -> Result<WorkflowState> {
        let patch = WorkflowStatePatch { status: Some(status), ..WorkflowStatePatch::default() };
        WorkflowStateRepository::update(self, id, &patch).await
    }

    async fn set_result(&self, id: WorkflowStateId, result: serde_json::Value) -> Result<WorkflowState> {
        Validation::of_json(ENTITY, "result", &result).into_result()?;
        let sql = Sql::write(self.actor())
            .text(" UPDATE workflow_states SET result = ")
            .bind(result)
            .text(", status = CASE status WHEN 'running' THEN 'completed' ELSE status END");
        self.written("workflow_state.set_result", id, one_by_id(sql, id), state).await
    }

    async fn set_error(&self, id: WorkflowStateId, message: &str) -> Result<WorkflowState> {
        let patch = WorkflowStatePatch {
            status: Some(WorkflowStatus::Failed),
            error_message: Some(Some(message.to_owned())),
            ..WorkflowStatePatch::default()
        };
        WorkflowStateRepository::update(self, id, &patch).await
    }

    async fn increment_retry(&self, id: WorkflowStateId, message: Option<String>) -> Result<WorkflowState> {
        let message = message.map(Some);
        let patch = WorkflowStatePatch {
            status: Some(WorkflowStatus::Pending),
            error_message: message.clone(),
            ..WorkflowStatePatch::default()
        };
        patch.validate().into_result()?;
        let sql = Sql::write(self.actor())
            .text(" UPDATE workflow_states SET retry_count = retry_count + 1, status = 'pending', error_message = coalesce(")
            .bind(message.flatten())
            .text(", error_message)");
        self.written("workflow_state.increment_retry", id, one_by_id(sql, id), state).await
    }

    async fn delete(&self, id: WorkflowStateId) -> Result<bool> {
        Ok(self.delete_where("workflow_state.delete", TABLE, "id", id.as_uuid()).await? > 0)
    }

    async fn delete_by_workflow_id(&self, workflow_id: &str) -> Result<u64> {
        WorkflowStateFilter::workflow(workflow_id).validate().into_result()?;
        self.delete_where("workflow_state.delete_by_workflow_id", TABLE, "workflow_id", workflow_id).await
    }

    async fn workflow_progress(&self, workflow_id: &str) -> Result<WorkflowProgress> {
        WorkflowStateFilter::workflow(workflow_id).validate().into_result()?;
        let sql = Sql::read(
            "SELECT count(*) AS total_steps, \
                count(*) FILTER (WHERE status = 'pending') AS pending_steps, \
                count(*) FILTER (WHERE status = 'running') AS running_steps, \
                count(*) FILTER (WHERE status = 'completed') AS completed_steps, \
                count(*) FILTER (WHERE status = 'failed') AS failed_steps, \
                count(*) FILTER (WHERE status = 'skipped') AS skipped_steps, \
                avg(extract(epoch FROM completed_at - started_at))::float8 AS avg_step_duration_seconds, \
                coalesce(sum(retry_count), 0) AS total_retries, \
                min(started_at) AS started_at, \
                CASE WHEN count(*) = count(completed_at) THEN max(completed_at) END AS completed_at \
             FROM workflow_states WHERE workflow_id = ",
        );
        let row = self.row("workflow_state.workflow_progress", sql.bind(workflow_id)).await?;
        row.as_ref().map_or_else(|| Ok(WorkflowProgress::default()), progress)
    }

    async fn statistics(&self, filter: &WorkflowStateFilter) -> Result<WorkflowStateStatistics> {
        filter.validate().into_result()?;
        let sql = Sql::read(
            "SELECT count(*) AS total, \
                count(DISTINCT workflow_id) AS unique_workflows, \
                count(*) FILTER (WHERE status = 'pending') AS pending, \
                count(*) FILTER (WHERE status = 'running') AS running, \
                count(*) FILTER (WHERE status = 'completed') AS completed, \
                count(*) FILTER (WHERE status = 'failed') AS failed, \
                count(*) FILTER (WHERE status = 'skipped') AS skipped, \
                avg(retry_count)::float8 AS avg_retry_count, \
                avg(extract(epoch FROM completed_at - started_at))::float8 AS avg_execution_time_seconds, \
                count(error_message) AS with_errors \
             FROM workflow_states WHERE TRUE",
        );
        let row = self.row("workflow_state.statistics", matching(sql, filter)).await?;
        row.as_ref().map_or_else(|| Ok(WorkflowStateStatistics::default()), statistics)
    }

    async fn retryable_failed_states(&self, request: &RetryRequest) -> Result<Vec<WorkflowState>> {
        request.validate().into_result()?;
        let sql = Sql::read("SELECT ").text(COLUMNS);
        states(&self.rows("workflow_state.retryable_failed_states", retryable(sql, request)).await?)
    }

    async fn claim_retryable(&self, request: &RetryRequest) -> Result<Vec<WorkflowState>> {
        request.validate().into_result()?;
        let sql = Sql::write(self.actor()).cte("retryable AS (SELECT id AS retryable_id");
        let sql = retryable(sql, request)
            .text(" FOR NO KEY UPDATE SKIP LOCKED)")
            .text(" UPDATE workflow_states SET retry_count = retry_count + 1, status = 'pending' FROM retryable")
            .if_attributed(" CROSS JOIN actor")
            .text(" WHERE id = retryable_id")
            .if_attributed(" AND actor.ok")
            .text(" RETURNING ")
            .text(COLUMNS);
        let mut states = states(&self.rows("workflow_state.claim_retryable", sql).await?)?;
        states.sort_by_key(|state| (state.started_at, state.id));
        Ok(states)
    }

    async fn workflow_timeline(
        &self,
        workflow_id: &str,
        page: &PageRequest<WorkflowStateSort>,
    ) -> Result<Page<WorkflowTimelineEntry>> {
        let filter = WorkflowStateFilter::workflow(workflow_id);
        filter.validate().into_result()?;
        let sql = Sql::read("SELECT s.*, t.title AS task_title, t.status AS task_status FROM (SELECT ")
            .text(COLUMNS)
            .text(" FROM workflow_states WHERE TRUE");
        let sql = paged(matching(sql, &filter), page, order_column(page.sort))?
            .text(") AS s LEFT JOIN tasks t ON t.id = s.task_id ORDER BY s.started_at")
            .text(page::direction(page.direction))
            .text(", s.id")
            .text(page::direction(page.direction));
        let rows = self.rows("workflow_state.workflow_timeline", sql).await?;
        let entries = rows.iter().map(timeline_entry).collect::<Result<Vec<_>>>()?;
        Ok(page.page(entries, |last| (page.sort.key(&last.state), last.state.id.as_uuid())))
    }
}

/// Ends an update of one state.
fn one_by_id(sql: Sql, id: WorkflowStateId) -> Sql {
    sql.if_attributed(" FROM actor")
        .text(" WHERE id = ")
        .bind(id.as_uuid())
        .if_attributed(" AND actor.ok")
        .text(" RETURNING ")
        .text(COLUMNS)
}

/// Ends a query for the failed states that may be tried again. Both the list and the claim end with this.
fn retryable(sql: Sql, request: &RetryRequest) -> Sql {
    sql.text(" FROM workflow_states WHERE status = 'failed' AND retry_count < ")
        .bind(request.max_retries)
        .and("workflow_id = ", request.workflow_id.as_deref())
        .and("started_at >= ", bound(Some(request.started_after)))
        .text(" ORDER BY started_at, id LIMIT ")
        .bind(i64::from(request.limit))
}

fn timeline_entry(row: &QueryResult) -> Result<WorkflowTimelineEntry> {
    let state = state(row)?;
    let task = Stored { table: task_row::TABLE, id: state.task_id.map(TaskId::as_uuid).unwrap_or_default() };
    let task_status: Option<String> = row::column(row, "task_status")?;
    Ok(WorkflowTimelineEntry {
        state,
        task_title: row::column(row, "task_title")?,
        task_status: task_status.map(|status| task.parse("status", &status)).transpose()?,
    })
}

fn progress(row: &QueryResult) -> Result<WorkflowProgress> {
    Ok(WorkflowProgress {
        total_steps: row::count(row, "total_steps")?,
        pending_steps: row::count(row, "pending_steps")?,
        running_steps: row::count(row, "running_steps")?,
        completed_steps: row::count(row, "completed_steps")?,
        failed_steps: row::count(row, "failed_steps")?,
        skipped_steps: row::count(row, "skipped_steps")?,
        avg_step_duration_seconds: row::column(row, "avg_step_duration_seconds")?,
        total_retries: row::count(row, "total_retries")?,
        started_at: row::column(row, "started_at")?,
        completed_at: row::column(row, "completed_at")?,
    })
}

fn statistics(row: &QueryResult) -> Result<WorkflowStateStatistics> {
    Ok(WorkflowStateStatistics {
        total: row::count(row, "total")?,
        unique_workflows: row::count(row, "unique_workflows")?,
        pending: row::count(row, "pending")?,
        running: row::count(row, "running")?,
        completed: row::count(row, "completed")?,
        failed: row::count(row, "failed")?,
        skipped: row::count(row, "skipped")?,
        avg_retry_count: row::column(row, "avg_retry_count")?,
        avg_execution_time_seconds: row::column(row, "avg_execution_time_seconds")?,
        with_errors: row::count(row, "with_errors")?,
    })
}
