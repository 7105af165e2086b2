//! Task dependencies.

use async_trait::async_trait;
use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    DependencyType, NewTaskDependency, Page, PageRequest, RelatedTask, TaskDependencies, TaskDependency,
    TaskDependencyFilter, TaskDependencyId, TaskDependencySort, TaskId, Validation, clock,
};
use taskmaster_repository::{MissingDependencies, Result, TaskDependencyRepository};

use crate::{
    entities::task_dependencies::Model,
    insert::Insert,
    page::paged,
    row::{self, Stored},
    sql::Sql,
    store::Pg,
    task_row,
};

const ENTITY: &str = "task dependency";
const TABLE: &str = "task_dependencies";

/// The columns of [`Model`].
const COLUMNS: &str = "id, parent_task_id, child_task_id, dependency_type, created_at, metadata";

const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("parent_task_id", "uuid"),
        ("child_task_id", "uuid"),
        ("dependency_type", "text"),
        ("created_at", "timestamptz"),
        ("metadata", "jsonb"),
    ],
    returning: COLUMNS,
};

/// The values of [`INSERT`]'s columns.
fn values(new: &NewTaskDependency) -> Vec<Value> {
    vec![
        new.id.as_uuid().into(),
        new.parent_task_id.as_uuid().into(),
        new.child_task_id.as_uuid().into(),
        new.dependency_type.as_str().into(),
        clock::storable(new.created_at).into(),
        json!(new.metadata).into(),
    ]
}

/// Reads a dependency from a row that has [`COLUMNS`].
fn dependency(row: &QueryResult) -> Result<TaskDependency> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    Ok(TaskDependency {
        id: TaskDependencyId::from_uuid(model.id),
        parent_task_id: TaskId::from_uuid(model.parent_task_id),
        child_task_id: TaskId::from_uuid(model.child_task_id),
        dependency_type: stored.parse("dependency_type", &model.dependency_type)?,
        created_at: model.created_at.to_utc(),
        metadata: stored.object("metadata", model.metadata)?,
    })
}

fn dependencies(rows: &[QueryResult]) -> Result<Vec<TaskDependency>> {
    rows.iter().map(dependency).collect()
}

fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM task_dependencies WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
fn matching(sql: Sql, filter: &TaskDependencyFilter) -> Sql {
    sql.and("parent_task_id = ", filter.parent_task_id.map(TaskId::as_uuid))
        .and("child_task_id = ", filter.child_task_id.map(TaskId::as_uuid))
        .and("dependency_type = ", filter.dependency_type.map(DependencyType::as_str))
}

fn order_column(sort: TaskDependencySort) -> &'static str {
    match sort {
        TaskDependencySort::CreatedAt => "created_at",
    }
}

#[async_trait]
impl<C: Executor> TaskDependencyRepository for Pg<C> {
    async fn create(&self, new: &NewTaskDependency) -> Result<TaskDependency> {
        new.validate().into_result()?;
        self.written("task_dependency.create", new.id, INSERT.one(self.actor(), values(new)), dependency)
            .await
    }

    async fn bulk_create(&self, new: &[NewTaskDependency]) -> Result<Vec<TaskDependency>> {
        Validation::of_rows(ENTITY, new.iter().map(NewTaskDependency::validate)).into_result()?;
        let rows: Vec<_> = new.iter().map(values).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place");
        let mut dependencies = dependencies(&self.rows("task_dependency.bulk_create", sql).await?)?;
        row::in_order_of(new.iter().map(|new| new.id), &mut dependencies, |dependency| dependency.id);
        Ok(dependencies)
    }

    async fn create_missing(&self, new: &[NewTaskDependency]) -> Result<MissingDependencies> {
        Validation::of_rows(ENTITY, new.iter().map(NewTaskDependency::validate)).into_result()?;
        let mut missing = MissingDependencies::default();
        for row in self.rows("task_dependency.create_missing", create_missing(self.actor(), new)).await? {
            let id = TaskDependencyId::from_uuid(row::column(&row, "id")?);
            if row::column(&row, "created")? { missing.created.push(id) } else { missing.cyclic.push(id) }
        }
        Ok(missing)
    }

    async fn find_by_id(&self, id: TaskDependencyId) -> Result<Option<TaskDependency>> {
        let row = self.row("task_dependency.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(dependency).transpose()
    }

    async fn find_by(
        &self,
        filter: &TaskDependencyFilter,
        page: &PageRequest<TaskDependencySort>,
    ) -> Result<Page<TaskDependency>> {
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let rows = dependencies(&self.rows("task_dependency.find_by", sql).await?)?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &TaskDependencyFilter) -> Result<u64> {
        let sql = matching(Sql::read("SELECT count(*) FROM task_dependencies WHERE TRUE"), filter);
        self.row("task_dependency.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn find_for_task(&self, task_id: TaskId) -> Result<TaskDependencies> {
        let mut related = TaskDependencies::default();
        for row in self.rows("task_dependency.find_for_task", find_for_task(task_id)).await? {
            let stored = Stored { table: TABLE, id: row::column(&row, "dependency_id")? };
            let dependency_type: String = row::column(&row, "dependency_type")?;
            let task = RelatedTask {
                dependency_id: TaskDependencyId::from_uuid(stored.id),
                dependency_type: stored.parse("dependency_type", &dependency_type)?,
                task: task_row::task(&row)?,
            };
            if row::column(&row, "is_parent")? {
                related.parents.push(task);
            } else {
                related.children.push(task);
            }
        }
        Ok(related)
    }

    async fn delete(&self, id: TaskDependencyId) -> Result<bool> {
        Ok(self.delete_where("task_dependency.delete", TABLE, "id", id.as_uuid()).await? > 0)
    }
}

/// Inserts, one after the other, those that are not there and close no cycle. Returns those and, apart, the ones that would
/// have closed one.
fn create_missing(actor: Option<&str>, new: &[NewTaskDependency]) -> Sql {
    let rows: Vec<_> = new.iter().map(values).collect();
    // The lock is the one that the table's trigger takes. It comes first, so that nobody adds a dependency between the
    // question whether one closes a cycle and its insertion. OFFSET 0 keeps the order: each row is asked about after the
    // one before it was inserted.
    let sql = Sql::write(actor)
        .cte("turn AS MATERIALIZED (SELECT pg_advisory_xact_lock('task_dependencies'::regclass::oid::bigint) IS NOT NULL AS mine)")
        .cte(
            "new AS MATERIALIZED (SELECT id::uuid, parent_task_id::uuid, child_task_id::uuid, dependency_type, \
             created_at::timestamptz, metadata::jsonb, place FROM ",
        );
    INSERT
        .rows(sql, &rows)
        .text(")")
        .cte(
            "missing AS MATERIALIZED (SELECT * FROM new WHERE NOT EXISTS ( \
                SELECT FROM task_dependencies e WHERE e.id = new.id) AND NOT EXISTS ( \
                SELECT FROM task_dependencies e WHERE e.parent_task_id = new.parent_task_id \
                AND e.child_task_id = new.child_task_id AND e.dependency_type = new.dependency_type))",
        )
        .cte("created AS (INSERT INTO task_dependencies (")
        .text(COLUMNS)
        .text(") SELECT ")
        .text(COLUMNS)
        .text(" FROM (SELECT * FROM missing ORDER BY place OFFSET 0) AS ordered WHERE (SELECT mine FROM turn)")
        .if_attributed(" AND (SELECT ok FROM actor)")
        .text(
            " AND (dependency_type = 'related' OR NOT dependency_closes_cycle(parent_task_id, child_task_id)) \
             ON CONFLICT DO NOTHING RETURNING id) \
             SELECT missing.id, created.id IS NOT NULL AS created \
             FROM missing LEFT JOIN created ON created.id = missing.id \
             WHERE CASE WHEN created.id IS NOT NULL THEN TRUE \
                WHEN dependency_type = 'related' THEN FALSE \
                ELSE dependency_closes_cycle(parent_task_id, child_task_id) END \
             ORDER BY place",
        )
}

/// The tasks at the other ends of a task's dependencies, oldest dependencies first, up to a limit each way.
fn find_for_task(task_id: TaskId) -> Sql {
    let limit = i64::from(PageRequest::<()>::MAX_LIMIT);
    Sql::read(
        "SELECT t.*, d.dependency_id, d.dependency_type, d.is_parent FROM (\
            (SELECT id AS dependency_id, dependency_type, created_at AS since, parent_task_id AS other_id, \
                TRUE AS is_parent FROM task_dependencies WHERE child_task_id = ",
    )
    .bind(task_id.as_uuid())
    .text(" ORDER BY created_at, id LIMIT ")
    .bind(limit)
    .text(
        ") UNION ALL (SELECT id, dependency_type, created_at, child_task_id, FALSE \
            FROM task_dependencies WHERE parent_task_id = ",
    )
    .bind(task_id.as_uuid())
    .text(" ORDER BY created_at, id LIMIT ")
    .bind(limit)
    .text(")) AS d CROSS JOIN LATERAL (SELECT ")
    .text(task_row::COLUMNS)
    .text(" FROM tasks WHERE id = d.other_id) AS t ORDER BY d.since, d.dependency_id")
}
