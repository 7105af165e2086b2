//! The row of a task: its columns, how it is written, selected and read.

use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_models::{NewTask, Task, TaskFilter, TaskId, TaskStatus, clock};
use taskmaster_repository::Result;

use crate::{
    entities::tasks::Model,
    insert::Insert,
    page::bound,
    row::{self, Stored},
    sql::Sql,
};

pub(crate) const ENTITY: &str = "task";
pub(crate) const TABLE: &str = "tasks";

/// The columns of [`Model`].
pub(crate) const COLUMNS: &str = "id, title, description, type, status, priority, complexity_score, \
    affected_files, requirements, acceptance_criteria, parent_task_id, assigned_to, tags, estimated_hours, \
    actual_hours, created_at, updated_at, completed_at, metadata, version";

pub(crate) const INSERT: Insert = Insert {
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
pub(crate) fn values(new: &NewTask) -> Vec<Value> {
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
pub(crate) fn matching(sql: Sql, filter: &TaskFilter) -> Sql {
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

pub(crate) fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM tasks WHERE ")
}
