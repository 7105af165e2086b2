//! Tasks.

use async_trait::async_trait;
use rust_decimal::Decimal;
use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    NewTask, Page, PageRequest, SearchHit, SearchRequest, Task, TaskContextFilter, TaskContextSort,
    TaskFilter, TaskId, TaskPatch, TaskSort, TaskStatistics, TaskStatus, TaskWithContexts, Validation, clock,
};
use taskmaster_repository::{Result, TaskContextRepository, TaskRepository};

use crate::{
    entities::tasks::Model,
    insert::Insert,
    page::{bound, paged},
    patch::{Assignments, Update},
    row::{self, Stored},
    sql::Sql,
    store::Pg,
    task_work,
};

const ENTITY: &str = "task";
pub(crate) const TABLE: &str = "tasks";

/// The columns of [`Model`].
pub(crate) const COLUMNS: &str = "id, title, description, type, status, priority, complexity_score, \
    affected_files, requirements, acceptance_criteria, parent_task_id, assigned_to, tags, estimated_hours, \
    actual_hours, created_at, updated_at, completed_at, metadata, version";

const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("title", "text"),
        ("description", "text"),
        ("type", "text"),
        ("status", "text"),
        ("priority", "int"),
        ("complexity_score", "int"),
        ("affected_files", "jsonb"),
        ("requirements", "jsonb"),
        ("acceptance_criteria", "jsonb"),
        ("parent_task_id", "uuid"),
        ("assigned_to", "text"),
        ("tags", "jsonb"),
        ("estimated_hours", "numeric"),
        ("actual_hours", "numeric"),
        ("created_at", "timestamptz"),
        ("updated_at", "timestamptz"),
        ("completed_at", "timestamptz"),
        ("metadata", "jsonb"),
    ],
    returning: COLUMNS,
};

/// The values of [`INSERT`]'s columns.
fn values(new: &NewTask) -> Vec<Value> {
    vec![
        new.id.as_uuid().into(),
        new.title.clone().into(),
        new.description.clone().into(),
        new.task_type.clone().into(),
        new.status.as_str().into(),
        new.priority.into(),
        new.complexity_score.into(),
        json!(new.affected_files).into(),
        json!(new.requirements).into(),
        json!(new.acceptance_criteria).into(),
        new.parent_task_id.map(TaskId::as_uuid).into(),
        new.assigned_to.clone().into(),
        json!(new.tags).into(),
        new.estimated_hours.into(),
        new.actual_hours.into(),
        clock::storable(new.created_at).into(),
        clock::storable(new.updated_at).into(),
        new.status.completed_at(new.completed_at, new.updated_at).map(clock::storable).into(),
        json!(new.metadata).into(),
    ]
}

/// Reads a task from a row that has [`COLUMNS`].
pub(crate) fn task(row: &QueryResult) -> Result<Task> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    Ok(Task {
        id: TaskId::from_uuid(model.id),
        title: model.title,
        description: model.description,
        task_type: model.r#type,
        status: stored.parse("status", &model.status)?,
        priority: model.priority,
        complexity_score: model.complexity_score,
        affected_files: stored.array("affected_files", model.affected_files)?,
        requirements: stored.array("requirements", model.requirements)?,
        acceptance_criteria: stored.array("acceptance_criteria", model.acceptance_criteria)?,
        parent_task_id: model.parent_task_id.map(TaskId::from_uuid),
        assigned_to: model.assigned_to,
        tags: stored.texts("tags", model.tags)?,
        estimated_hours: model.estimated_hours,
        actual_hours: model.actual_hours,
        created_at: model.created_at.to_utc(),
        updated_at: model.updated_at.to_utc(),
        completed_at: model.completed_at.map(|time| time.to_utc()),
        metadata: stored.object("metadata", model.metadata)?,
        version: model.version,
    })
}

/// Reads the tasks of all rows.
pub(crate) fn tasks(rows: &[QueryResult]) -> Result<Vec<Task>> {
    rows.iter().map(task).collect()
}

/// Adds the filter's criteria to a query that has a WHERE clause.
fn matching(sql: Sql, filter: &TaskFilter) -> Sql {
    let tags = (!filter.tags.is_empty()).then(|| json!(filter.tags));
    sql.and("status = ", filter.status.map(TaskStatus::as_str))
        .and("assigned_to = ", filter.assigned_to.as_deref())
        .and("type = ", filter.task_type.as_deref())
        .and("priority = ", filter.priority)
        .and("parent_task_id = ", filter.parent_task_id.map(TaskId::as_uuid))
        .and("tags @> ", tags)
        .and("created_at >= ", bound(filter.created_after))
        .and("created_at <= ", bound(filter.created_before))
}

fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM tasks WHERE ")
}

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
