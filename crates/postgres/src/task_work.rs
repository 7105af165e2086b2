//! The statements with which workers pick tasks, change their status and find them by their words.

use rust_decimal::Decimal;
use serde_json::Value;
use taskmaster_models::{
    NewTaskContext, SearchRequest, TaskContextId, TaskId, TaskPatch, TaskSort, TaskStatus, Validation, clock,
};
use taskmaster_repository::Result;

use crate::{sql::Sql, task_row::COLUMNS};

/// Sets the status and records the change as a context, if there is one.
pub(crate) fn update_status(
    actor: Option<&str>,
    id: TaskId,
    status: TaskStatus,
    context: &Value,
) -> Result<Sql> {
    check_json(context)?;
    // The old status is the statement's to find out; what stands here is replaced by it.
    let record = NewTaskContext::status_change(id, status, status, context);
    record.validate().into_result()?;
    let sql = locked(actor, id)
        .cte("new AS (UPDATE tasks SET status = ")
        .bind(status.as_str())
        .text(" FROM (SELECT id AS old_id, status AS old_status FROM old) AS o")
        .text(" WHERE id = old_id AND old_status <> ")
        .bind(status.as_str())
        .text(" RETURNING ")
        .text(COLUMNS)
        .text(")");
    let sql = recorded(
        sql,
        &record,
        " || jsonb_build_object('from_status', old.status) FROM old JOIN new USING (id)",
    );
    Ok(sql
        .text(" SELECT ")
        .text(COLUMNS)
        .text(" FROM new UNION ALL SELECT ")
        .text(COLUMNS)
        .text(" FROM old WHERE NOT EXISTS (SELECT FROM new)"))
}

/// Completes a task and records what came of it.
pub(crate) fn complete(
    actor: Option<&str>,
    id: TaskId,
    actual_hours: Option<Decimal>,
    results: &Value,
) -> Result<Sql> {
    let patch = TaskPatch {
        status: Some(TaskStatus::Completed),
        actual_hours: actual_hours.map(Some),
        ..TaskPatch::default()
    };
    patch.validate(id).into_result()?;
    check_json(results)?;
    let record = NewTaskContext::completion(id, results);
    record.validate().into_result()?;
    let sql = locked(actor, id)
        .cte("new AS (UPDATE tasks SET status = 'completed', actual_hours = coalesce(")
        .bind(actual_hours)
        .text(", actual_hours) WHERE id IN (SELECT id FROM old) RETURNING ")
        .text(COLUMNS)
        .text(")");
    Ok(recorded(sql, &record, " FROM new").text(" SELECT ").text(COLUMNS).text(" FROM new"))
}

fn check_json(context_data: &Value) -> Result<()> {
    Ok(Validation::of_json("task context", "context_data", context_data).into_result()?)
}

/// Begins a write with the row `old`, locked, so that nobody changes it between reading and writing.
fn locked(actor: Option<&str>, id: TaskId) -> Sql {
    Sql::write(actor)
        .cte("old AS (SELECT ")
        .text(COLUMNS)
        .text(" FROM tasks")
        .if_attributed(", actor")
        .text(" WHERE id = ")
        .bind(id.as_uuid())
        .if_attributed(" AND actor.ok")
        .text(" FOR NO KEY UPDATE OF tasks)")
}

/// Adds the insertion of a context. `source` follows its data: what is added to them, and FROM.
fn recorded(sql: Sql, record: &NewTaskContext, source: &'static str) -> Sql {
    let created_at = clock::storable(record.created_at);
    sql.cte("record AS (INSERT INTO task_contexts (id, task_id, context_type, created_at, updated_at, context_data) SELECT ")
        .bind(TaskContextId::as_uuid(record.id))
        .text(", ")
        .bind(record.task_id.as_uuid())
        .text(", ")
        .bind(record.context_type.as_str())
        .text(", ")
        .bind(created_at)
        .text(", ")
        .bind(created_at)
        .text(", ")
        .bind(record.context_data.clone())
        .text(source)
        .text(")")
}

/// Pending tasks before which nothing is left to do. Both the list and the claim begin with this.
const READY: &str = "status = 'pending' AND NOT EXISTS ( \
        SELECT FROM task_dependencies d JOIN tasks p ON p.id = d.parent_task_id \
        WHERE d.child_task_id = tasks.id AND d.dependency_type IN ('blocks', 'depends_on') \
          AND p.status NOT IN ('completed', 'cancelled')) \
    ORDER BY priority DESC, created_at, id LIMIT ";

/// The tasks that wait for no other.
pub(crate) fn find_ready(limit: u32) -> Result<Sql> {
    check_limit(limit)?;
    Ok(Sql::read("SELECT ").text(COLUMNS).text(" FROM tasks WHERE ").text(READY).bind(i64::from(limit)))
}

/// Takes the tasks that wait for no other, except those that somebody else is taking at this moment.
pub(crate) fn claim_ready(actor: Option<&str>, assigned_to: &str, limit: u32) -> Result<Sql> {
    check_limit(limit)?;
    let patch = TaskPatch { assigned_to: Some(Some(assigned_to.to_owned())), ..TaskPatch::default() };
    patch.validate(TaskId::new()).into_result()?;
    Ok(Sql::write(actor)
        .cte("ready AS (SELECT id AS ready_id FROM tasks WHERE ")
        .text(READY)
        .bind(i64::from(limit))
        .text(" FOR NO KEY UPDATE OF tasks SKIP LOCKED)")
        .text(" UPDATE tasks SET status = 'in_progress', assigned_to = ")
        .bind(assigned_to)
        .text(" FROM ready")
        .if_attributed(" CROSS JOIN actor")
        .text(" WHERE id = ready_id")
        .if_attributed(" AND actor.ok")
        .text(" RETURNING ")
        .text(COLUMNS))
}

/// A limit without a page has the bounds of a page's.
pub(crate) fn check_limit(limit: u32) -> Result<()> {
    taskmaster_models::PageRequest::new(TaskSort::CreatedAt).limit(limit).position()?;
    Ok(())
}

/// Searches titles and descriptions. Snippets are made for the hits that are shown only, and from the part of a text that is
/// searched.
pub(crate) fn search(request: &SearchRequest) -> Sql {
    Sql::read("SELECT ")
        .text(COLUMNS)
        .text(
            ", rank, ts_headline('pg_catalog.english', title || ' ' || searchable_text(description), \
             query, 'StartSel=**, StopSel=**, MinWords=5, MaxWords=20, MaxFragments=2') AS snippet FROM (SELECT ",
        )
        .text(COLUMNS)
        .text(", ts_rank(search, query) AS rank, query FROM tasks, websearch_to_tsquery('pg_catalog.english', ")
        .bind(request.text.as_str())
        .text(") AS query WHERE search @@ query ORDER BY rank DESC, created_at DESC, id DESC LIMIT ")
        .bind(i64::from(request.limit))
        .text(" OFFSET ")
        .bind(i64::from(request.offset))
        .text(") AS hits ORDER BY rank DESC, created_at DESC, id DESC")
}
