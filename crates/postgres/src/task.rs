//! Tasks.

use async_trait::async_trait;
use rust_decimal::Decimal;
use sea_orm::QueryResult;
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    NewTask, Page, PageRequest, SearchHit, SearchRequest, Task, TaskContextFilter, TaskContextSort,
    TaskFilter, TaskId, TaskPatch, TaskSort, TaskStatistics, TaskStatus, TaskWithContexts, Validation, clock,
};
use taskmaster_repository::{Result, TaskContextRepository, TaskRepository};

use crate::{
    page::paged,
    patch::{Assignments, Update},
    row::{self},
    sql::Sql,
    store::Pg,
    task_row::{COLUMNS, ENTITY, INSERT, TABLE, matching, select, task, tasks, values},
    task_work,
};

fn order_column(sort: TaskSort) -> &'static str {
    match sort {
        TaskSort::CreatedAt => "created_at",
        TaskSort::UpdatedAt => "updated_at",
        TaskSort::Priority => "priority",
        TaskSort::ComplexityScore => "complexity_score",
        // By code point, whatever the database's locale.
        TaskSort::Title => "title COLLATE \"C\"",
    }
}

fn assignments(patch: &TaskPatch) -> Assignments {
    let json = |items: &Option<Vec<serde_json::Value>>| items.as_ref().map(|items| json!(items));
    Assignments::default()
        .set("title", patch.title.clone())
        .set("description", patch.description.clone())
        .set("type", patch.task_type.clone())
        .set("status", patch.status.map(TaskStatus::as_str))
        .set("priority", patch.priority)
        .set("complexity_score", patch.complexity_score)
        .set("affected_files", json(&patch.affected_files))
        .set("requirements", json(&patch.requirements))
        .set("acceptance_criteria", json(&patch.acceptance_criteria))
        .set("parent_task_id", patch.parent_task_id.map(|parent| parent.map(TaskId::as_uuid)))
        .set("assigned_to", patch.assigned_to.clone())
        .set("tags", patch.tags.as_ref().map(|tags| json!(tags)))
        .set("estimated_hours", patch.estimated_hours)
        .set("actual_hours", patch.actual_hours)
        .set("completed_at", patch.completed_at.map(|time| time.map(clock::storable)))
        .set("metadata", patch.metadata.as_ref().map(|metadata| json!(metadata)))
}

#[async_trait]
impl<C: Executor> TaskRepository for Pg<C> {
    async fn create(&self, new: &NewTask) -> Result<Task> {
        new.validate().into_result()?;
        self.written("task.create", new.id, INSERT.one(self.actor(), values(new)), task).await
    }

    async fn bulk_create(&self, new: &[NewTask]) -> Result<Vec<Task>> {
        Validation::of_rows(ENTITY, new.iter().map(NewTask::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place");
        let mut tasks = tasks(&self.rows("task.bulk_create", sql).await?)?;
        row::in_order_of(new.iter().map(|new| new.id), &mut tasks, |task| task.id);
        Ok(tasks)
    }

    async fn create_missing(&self, new: &[NewTask]) -> Result<Vec<TaskId>> {
        Validation::of_rows(ENTITY, new.iter().map(NewTask::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place ON CONFLICT (id) DO NOTHING");
        let rows = self.rows("task.create_missing", sql).await?;
        rows.iter().map(|row| Ok(TaskId::from_uuid(row::column(row, "id")?))).collect()
    }

    async fn find_by_id(&self, id: TaskId) -> Result<Option<Task>> {
        let row = self.row("task.find_by_id", select().text("id = ").bind(id.as_uuid())).await?;
        row.as_ref().map(task).transpose()
    }

    async fn find_by(&self, filter: &TaskFilter, page: &PageRequest<TaskSort>) -> Result<Page<Task>> {
        filter.validate().into_result()?;
        let sql = paged(matching(select().text("TRUE"), filter), page, order_column(page.sort))?;
        let rows = tasks(&self.rows("task.find_by", sql).await?)?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &TaskFilter) -> Result<u64> {
        filter.validate().into_result()?;
        let sql = matching(Sql::read("SELECT count(*) FROM tasks WHERE TRUE"), filter);
        self.row("task.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn update(&self, id: TaskId, patch: &TaskPatch) -> Result<Task> {
        patch.validate(id).into_result()?;
        let update = Update {
            actor: self.actor(),
            table: TABLE,
            id: id.as_uuid(),
            expected_version: patch.expected_version,
            returning: COLUMNS,
        };
        match self.row("task.update", assignments(patch).update(&update)).await? {
            Some(row) => task(&row),
            None => Err(self.not_updated("task.update", TABLE, id.as_uuid(), patch.expected_version).await),
        }
    }

    async fn update_status(
        &self,
        id: TaskId,
        status: TaskStatus,
        context: serde_json::Value,
    ) -> Result<Task> {
        let sql = task_work::update_status(self.actor(), id, status, &context)?;
        self.written("task.update_status", id, sql, task).await
    }

    async fn complete(
        &self,
        id: TaskId,
        actual_hours: Option<Decimal>,
        results: serde_json::Value,
    ) -> Result<Task> {
        let sql = task_work::complete(self.actor(), id, actual_hours, &results)?;
        self.written("task.complete", id, sql, task).await
    }

    async fn delete(&self, id: TaskId) -> Result<bool> {
        Ok(self.delete_where("task.delete", TABLE, "id", id.as_uuid()).await? > 0)
    }

    async fn statistics(&self, filter: &TaskFilter) -> Result<TaskStatistics> {
        filter.validate().into_result()?;
        let sql = Sql::read(
            "SELECT count(*) AS total, \
                count(*) FILTER (WHERE status = 'pending') AS pending, \
                count(*) FILTER (WHERE status = 'in_progress') AS in_progress, \
                count(*) FILTER (WHERE status = 'completed') AS completed, \
                count(*) FILTER (WHERE status = 'failed') AS failed, \
                count(*) FILTER (WHERE status = 'cancelled') AS cancelled, \
                avg(complexity_score)::float8 AS avg_complexity, \
                avg(priority)::float8 AS avg_priority, \
                coalesce(sum(estimated_hours), 0) AS total_estimated_hours, \
                coalesce(sum(actual_hours), 0) AS total_actual_hours, \
                (avg(actual_hours / nullif(estimated_hours, 0)) FILTER (WHERE status = 'completed'))::float8 \
                    AS avg_estimation_accuracy \
             FROM tasks WHERE TRUE",
        );
        let row = self.row("task.statistics", matching(sql, filter)).await?;
        row.as_ref().map_or_else(|| Ok(TaskStatistics::default()), statistics)
    }

    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit<Task>>> {
        request.validate().into_result()?;
        let rows = self.rows("task.search", task_work::search(request)).await?;
        rows.iter().map(|row| row::hit(row, task(row)?)).collect()
    }

    async fn find_with_contexts(&self, id: TaskId, max_contexts: u32) -> Result<Option<TaskWithContexts>> {
        let page = PageRequest::new(TaskContextSort::CreatedAt).limit(max_contexts);
        page.position()?;
        let Some(task) = TaskRepository::find_by_id(self, id).await? else { return Ok(None) };
        let contexts = TaskContextRepository::find_by(self, &TaskContextFilter::task(id), &page).await?.items;
        Ok(Some(TaskWithContexts { task, contexts }))
    }

    async fn find_ready(&self, limit: u32) -> Result<Vec<Task>> {
        tasks(&self.rows("task.find_ready", task_work::find_ready(limit)?).await?)
    }

    async fn claim_ready(&self, assigned_to: &str, limit: u32) -> Result<Vec<Task>> {
        let sql = task_work::claim_ready(self.actor(), assigned_to, limit)?;
        let mut tasks = tasks(&self.rows("task.claim_ready", sql).await?)?;
        tasks.sort_by_key(|task| (std::cmp::Reverse(task.priority), task.created_at, task.id));
        Ok(tasks)
    }
}

fn statistics(row: &QueryResult) -> Result<TaskStatistics> {
    Ok(TaskStatistics {
        total: row::count(row, "total")?,
        pending: row::count(row, "pending")?,
        in_progress: row::count(row, "in_progress")?,
        completed: row::count(row, "completed")?,
        failed: row::count(row, "failed")?,
        cancelled: row::count(row, "cancelled")?,
        avg_complexity: row::column(row, "avg_complexity")?,
        avg_priority: row::column(row, "avg_priority")?,
        total_estimated_hours: row::column(row, "total_estimated_hours")?,
        total_actual_hours: row::column(row, "total_actual_hours")?,
        avg_estimation_accuracy: row::column(row, "avg_estimation_accuracy")?,
    })
}
