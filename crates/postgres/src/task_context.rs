//! Task contexts.

use async_trait::async_trait;
use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    ContextType, ContextWithTask, NewTaskContext, Page, PageRequest, SearchHit, SearchRequest, TaskContext,
    TaskContextFilter, TaskContextId, TaskContextPatch, TaskContextSort, TaskContextStatistics,
    TaskFullContext, TaskId, Validation, clock,
};
use taskmaster_repository::{Result, TaskContextRepository};

use crate::{
    entities::task_contexts::Model,
    insert::Insert,
    page::{self, bound, paged},
    patch::{Assignments, Update},
    row::{self, Stored},
    sql::Sql,
    store::Pg,
    task_row,
};

const ENTITY: &str = "task context";
const TABLE: &str = "task_contexts";

/// The columns of [`Model`].
const COLUMNS: &str = "id, task_id, context_type, context_data, created_at, updated_at, metadata, version";

const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("task_id", "uuid"),
        ("context_type", "text"),
        ("context_data", "jsonb"),
        ("created_at", "timestamptz"),
        ("updated_at", "timestamptz"),
        ("metadata", "jsonb"),
    ],
    returning: COLUMNS,
};

/// The values of [`INSERT`]'s columns.
fn values(new: &NewTaskContext) -> Vec<Value> {
    let created_at = clock::storable(new.created_at);
    vec![
        new.id.as_uuid().into(),
        new.task_id.as_uuid().into(),
        new.context_type.as_str().into(),
        new.context_data.clone().into(),
        created_at.into(),
        created_at.into(),
        json!(new.metadata).into(),
    ]
}

/// Reads a context from a row that has [`COLUMNS`].
fn context(row: &QueryResult) -> Result<TaskContext> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    Ok(TaskContext {
        id: TaskContextId::from_uuid(model.id),
        task_id: TaskId::from_uuid(model.task_id),
        context_type: stored.parse("context_type", &model.context_type)?,
        context_data: model.context_data,
        created_at: model.created_at.to_utc(),
        updated_at: model.updated_at.to_utc(),
        metadata: stored.object("metadata", model.metadata)?,
        version: model.version,
    })
}

fn contexts(rows: &[QueryResult]) -> Result<Vec<TaskContext>> {
    rows.iter().map(context).collect()
}

/// Reads a context with its task from a row that has the columns `task_title` and `task_status`, too.
fn context_with_task(row: &QueryResult) -> Result<ContextWithTask> {
    let context = context(row)?;
    let stored = Stored { table: task_row::TABLE, id: context.task_id.as_uuid() };
    let status: String = row::column(row, "task_status")?;
    Ok(ContextWithTask {
        context,
        task_title: row::column(row, "task_title")?,
        task_status: stored.parse("status", &status)?,
    })
}

fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM task_contexts WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
fn matching(sql: Sql, filter: &TaskContextFilter) -> Sql {
    sql.and("task_id = ", filter.task_id.map(TaskId::as_uuid))
        .and("context_type = ", filter.context_type.map(ContextType::as_str))
        .and("created_at >= ", bound(filter.created_after))
        .and("created_at <= ", bound(filter.created_before))
}

fn order_column(sort: TaskContextSort) -> &'static str {
    match sort {
        TaskContextSort::CreatedAt => "created_at",
    }
}

#[async_trait]
impl<C: Executor> TaskContextRepository for Pg<C> {
    async fn create(&self, new: &NewTaskContext) -> Result<TaskContext> {
        new.validate().into_result()?;
        self.written("task_context.create", new.id, INSERT.one(self.actor(), values(new)), context).await
    }

    async fn bulk_create(&self, new: &[NewTaskContext]) -> Result<Vec<TaskContext>> {
        Validation::of_rows(ENTITY, new.iter().map(NewTaskContext::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place");
        let mut contexts = contexts(&self.rows("task_context.bulk_create", sql).await?)?;
        row::in_order_of(new.iter().map(|new| new.id), &mut contexts, |context| context.id);
        Ok(contexts)
    }

    async fn create_missing(&self, new: &[NewTaskContext]) -> Result<Vec<TaskContextId>> {
        Validation::of_rows(ENTITY, new.iter().map(NewTaskContext::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place ON CONFLICT (id) DO NOTHING");
        let rows = self.rows("task_context.create_missing", sql).await?;
        rows.iter().map(|row| Ok(TaskContextId::from_uuid(row::column(row, "id")?))).collect()
    }

    async fn find_by_id(&self, id: TaskContextId) -> Result<Option<TaskContext>> {
        let row = self.row("task_context.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(context).transpose()
    }

    async fn find_by(
        &self,
        filter: &TaskContextFilter,
        page: &PageRequest<TaskContextSort>,
    ) -> Result<Page<TaskContext>> {
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let rows = contexts(&self.rows("task_context.find_by", sql).await?)?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &TaskContextFilter) -> Result<u64> {
        let sql = matching(Sql::read("SELECT count(*) FROM task_contexts WHERE TRUE"), filter);
        self.row("task_context.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn find_latest_by_type(
        &self,
        task_id: TaskId,
        context_type: ContextType,
    ) -> Result<Option<TaskContext>> {
        let filter =
            TaskContextFilter { context_type: Some(context_type), ..TaskContextFilter::task(task_id) };
        let page = PageRequest::new(TaskContextSort::CreatedAt).limit(1);
        Ok(TaskContextRepository::find_by(self, &filter, &page).await?.items.pop())
    }

    async fn full_context(&self, task_id: TaskId) -> Result<TaskFullContext> {
        let sql = Sql::read("SELECT ")
            .text(COLUMNS)
            .text(" FROM (SELECT ")
            .text(COLUMNS)
            .text(
                ", row_number() OVER (PARTITION BY context_type ORDER BY created_at DESC, id DESC) AS place \
                 FROM task_contexts WHERE task_id = ",
            )
            .bind(task_id.as_uuid())
            .text(") AS placed WHERE place <= ")
            .bind(i64::from(PageRequest::<()>::MAX_LIMIT))
            .text(" ORDER BY created_at, id");
        let contexts = contexts(&self.rows("task_context.full_context", sql).await?)?;
        Ok(TaskFullContext::from_contexts(contexts))
    }

    async fn update(&self, id: TaskContextId, patch: &TaskContextPatch) -> Result<TaskContext> {
        patch.validate().into_result()?;
        let assignments = Assignments::default()
            .set("context_type", patch.context_type.map(ContextType::as_str))
            .set("context_data", patch.context_data.clone())
            .set("metadata", patch.metadata.as_ref().map(|metadata| json!(metadata)));
        let update = Update {
            actor: self.actor(),
            table: TABLE,
            id: id.as_uuid(),
            expected_version: patch.expected_version,
            returning: COLUMNS,
        };
        match self.row("task_context.update", assignments.update(&update)).await? {
            Some(row) => context(&row),
            None => Err(self
                .not_updated("task_context.update", TABLE, id.as_uuid(), patch.expected_version)
                .await),
        }
    }

    async fn delete(&self, id: TaskContextId) -> Result<bool> {
        Ok(self.delete_where("task_context.delete", TABLE, "id", id.as_uuid()).await? > 0)
    }

    async fn delete_by_task_id(&self, task_id: TaskId) -> Result<u64> {
        self.delete_where("task_context.delete_by_task_id", TABLE, "task_id", task_id.as_uuid()).await
    }

    async fn statistics(&self, filter: &TaskContextFilter) -> Result<TaskContextStatistics> {
        // One row for each type that occurs, and one (without a type) for all.
        let sql = Sql::read(
            "SELECT context_type, count(*) AS total, count(DISTINCT task_id) AS tasks, \
                (avg(extract(epoch FROM updated_at - created_at)) / 3600)::float8 AS lifetime \
             FROM task_contexts WHERE TRUE",
        );
        let sql = matching(sql, filter).text(" GROUP BY GROUPING SETS ((), (context_type))");
        let mut statistics = TaskContextStatistics::default();
        for row in &self.rows("task_context.statistics", sql).await? {
            let total = row::count(row, "total")?;
            if let Some(context_type) = row::column::<Option<String>>(row, "context_type")? {
                let stored = Stored { table: TABLE, id: uuid::Uuid::nil() };
                statistics.by_type.push((stored.parse("context_type", &context_type)?, total));
            } else {
                statistics.total = total;
                statistics.tasks_with_contexts = row::count(row, "tasks")?;
                statistics.avg_lifetime_hours = row::column(row, "lifetime")?;
            }
        }
        statistics.by_type.sort_unstable();
        Ok(statistics)
    }

    async fn task_timeline(
        &self,
        task_id: TaskId,
        page: &PageRequest<TaskContextSort>,
    ) -> Result<Page<ContextWithTask>> {
        let sql = Sql::read("SELECT c.*, t.title AS task_title, t.status AS task_status FROM (SELECT ")
            .text(COLUMNS)
            .text(" FROM task_contexts WHERE task_id = ")
            .bind(task_id.as_uuid());
        let sql = paged(sql, page, order_column(page.sort))?
            .text(") AS c JOIN tasks t ON t.id = c.task_id ORDER BY c.created_at")
            .text(page::direction(page.direction))
            .text(", c.id")
            .text(page::direction(page.direction));
        let rows = self.rows("task_context.task_timeline", sql).await?;
        let entries = rows.iter().map(context_with_task).collect::<Result<Vec<_>>>()?;
        Ok(page.page(entries, |last| (page.sort.key(&last.context), last.context.id.as_uuid())))
    }

    async fn search(
        &self,
        request: &SearchRequest,
        context_type: Option<ContextType>,
    ) -> Result<Vec<SearchHit<ContextWithTask>>> {
        request.validate().into_result()?;
        let rows = self.rows("task_context.search", search(request, context_type)).await?;
        rows.iter().map(|row| row::hit(row, context_with_task(row)?)).collect()
    }
}

/// Searches the contexts' data. Snippets are made for the hits that are shown only, and from the part of the data that is
/// searched.
fn search(request: &SearchRequest, context_type: Option<ContextType>) -> Sql {
    Sql::read("SELECT ")
    .text(COLUMNS)
    .text(
        ", rank, task_title, task_status, \
         ts_headline('pg_catalog.english', searchable_json(context_data), query, \
         'StartSel=**, StopSel=**, MinWords=5, MaxWords=20, MaxFragments=2') AS snippet FROM (SELECT ",
    )
    .text(COLUMNS)
    .text(", ts_rank(search, query) AS rank, query FROM task_contexts, websearch_to_tsquery('pg_catalog.english', ")
    .bind(request.text.as_str())
    .text(") AS query WHERE search @@ query")
    .and("context_type = ", context_type.map(ContextType::as_str))
    .text(" ORDER BY rank DESC, created_at DESC, id DESC LIMIT ")
    .bind(i64::from(request.limit))
    .text(" OFFSET ")
    .bind(i64::from(request.offset))
    .text(") AS hits JOIN (SELECT id AS found, title AS task_title, status AS task_status FROM tasks) AS task \
           ON found = task_id ORDER BY rank DESC, created_at DESC, id DESC")
}
