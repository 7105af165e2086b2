//! The audit trail.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use taskmaster_connection::Executor;
use taskmaster_models::{
    AuditAction, AuditAnchor, AuditLog, AuditLogFilter, AuditLogId, AuditLogSort, AuditLogStatistics,
    AuditSeal, AuditSealSort, AuditVerification, AuditedEntity, Page, PageRequest, RecentActivity,
    Validation,
};
use taskmaster_repository::{AuditLogRepository, RepositoryError, Result};

use crate::{
    entities::audit_logs::Model,
    page::{bound, paged},
    row::{self, Stored},
    sql::Sql,
    store::Pg,
};

const ENTITY: &str = "audit log";
pub(crate) const TABLE: &str = "audit_logs";

/// The columns of [`Model`].
const COLUMNS: &str = "id, entity_type, entity_id, action, old_values, new_values, user_id, session_id, ip_address, \
    user_agent, timestamp, metadata, transaction_id";

/// Reads a row of the trail from one that has [`COLUMNS`].
fn log(row: &QueryResult) -> Result<AuditLog> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    let object = |column, json: Option<_>| json.map(|json| stored.object(column, json)).transpose();
    Ok(AuditLog {
        id: AuditLogId::from_uuid(model.id),
        entity_type: stored.parse("entity_type", &model.entity_type)?,
        entity_id: model.entity_id,
        action: stored.parse("action", &model.action)?,
        old_values: object("old_values", model.old_values)?,
        new_values: object("new_values", model.new_values)?,
        user_id: model.user_id,
        session_id: model.session_id,
        // Without the netmask that a session may have named: a row that cannot be read would hide all the others of its page.
        ip_address: model.ip_address.map(|network| network.ip()),
        user_agent: model.user_agent,
        timestamp: model.timestamp.to_utc(),
        metadata: stored.object("metadata", model.metadata)?,
        transaction_id: model.transaction_id,
    })
}

fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM audit_logs WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
fn matching(sql: Sql, filter: &AuditLogFilter) -> Sql {
    let sql = sql
        .and("entity_type = ", filter.entity_type.map(AuditedEntity::as_str))
        .and("entity_id = ", filter.entity_id)
        .and("user_id = ", filter.user_id.as_deref())
        .and("session_id = ", filter.session_id.as_deref())
        .and("action = ", filter.action.map(AuditAction::as_str))
        .and("timestamp >= ", bound(filter.after))
        .and("timestamp <= ", bound(filter.before));
    if filter.entity_id.is_some() && filter.entity_type.is_none() {
        // All that there are: the index on entities begins with the type.
        return sql.text(" AND entity_type IN ").text(
            "('task', 'task_context', 'workflow_state', 'task_dependency', 'error_log', 'api_key', \
                 'statement')",
        );
    }
    sql
}

fn order_column(sort: AuditLogSort) -> &'static str {
    match sort {
        AuditLogSort::Timestamp => "timestamp",
    }
}

#[async_trait]
impl<C: Executor> AuditLogRepository for Pg<C> {
    async fn find_by_id(&self, id: AuditLogId) -> Result<Option<AuditLog>> {
        let row = self.row("audit_log.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(log).transpose()
    }

    async fn find_by(
        &self,
        filter: &AuditLogFilter,
        page: &PageRequest<AuditLogSort>,
    ) -> Result<Page<AuditLog>> {
        filter.validate().into_result()?;
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let logs = self.rows("audit_log.find_by", sql).await?.iter().map(log).collect::<Result<_>>()?;
        Ok(page.page(logs, |last: &AuditLog| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &AuditLogFilter) -> Result<u64> {
        filter.validate().into_result()?;
        let sql = matching(Sql::read("SELECT count(*) FROM audit_logs WHERE TRUE"), filter);
        self.row("audit_log.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn statistics(&self, filter: &AuditLogFilter) -> Result<AuditLogStatistics> {
        filter.validate().into_result()?;
        let sql = Sql::read(
            "SELECT count(*) AS total, \
                count(*) FILTER (WHERE action = 'create') AS creates, \
                count(*) FILTER (WHERE action = 'update') AS updates, \
                count(*) FILTER (WHERE action = 'delete') AS deletes, \
                count(*) FILTER (WHERE action = 'status_change') AS status_changes, \
                count(*) FILTER (WHERE action = 'refuse') AS refusals, \
                count(DISTINCT user_id) AS distinct_users, \
                min(timestamp) AS first, \
                max(timestamp) AS last \
             FROM audit_logs WHERE TRUE",
        );
        let row = self.row("audit_log.statistics", matching(sql, filter)).await?;
        row.as_ref().map_or_else(|| Ok(AuditLogStatistics::default()), statistics)
    }

    async fn recent_activity(&self, limit: u32) -> Result<Vec<RecentActivity>> {
        let page = PageRequest::new(AuditLogSort::Timestamp).limit(limit);
        page.position()?;
        let sql = Sql::read("SELECT a.*, t.title AS task_title FROM (SELECT ")
            .text(COLUMNS)
            .text(" FROM audit_logs ORDER BY timestamp DESC, id DESC LIMIT ")
            .bind(i64::from(limit))
            .text(
                ") AS a LEFT JOIN tasks t ON a.entity_type = 'task' AND t.id = a.entity_id \
                 ORDER BY a.timestamp DESC, a.id DESC",
            );
        let activity =
            |row| Ok(RecentActivity { log: log(row)?, task_title: row::column(row, "task_title")? });
        self.rows("audit_log.recent_activity", sql).await?.iter().map(activity).collect()
    }

    async fn seal(&self) -> Result<Option<AuditSeal>> {
        if self.is_unit_of_work() {
            let reason =
                "a seal holds what is committed: seal on the store, not in a unit of work".to_owned();
            return Err(RepositoryError::Refused { reason, source: "this is a unit of work".into() });
        }
        self.seal_audit_logs().await
    }

    async fn seals(&self, page: &PageRequest<AuditSealSort>) -> Result<Page<AuditSeal>> {
        self.audit_seals(page).await
    }

    async fn anchor(&self) -> Result<Option<AuditAnchor>> {
        let last = PageRequest::new(AuditSealSort::Number).limit(1);
        Ok(self.audit_seals(&last).await?.items.first().map(AuditSeal::anchor))
    }

    async fn verify(&self, anchor: Option<AuditAnchor>) -> Result<AuditVerification> {
        if let Some(anchor) = anchor {
            anchor.validate().into_result()?;
        }
        self.verify_audit_logs(anchor).await
    }

    async fn prunable(&self, before: DateTime<Utc>) -> Result<u64> {
        self.prunable_audit_logs(before).await
    }

    async fn prune(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        Validation::of_prune_limit(ENTITY, limit).into_result()?;
        self.prune_audit_logs(before, limit).await
    }
}

fn statistics(row: &QueryResult) -> Result<AuditLogStatistics> {
    Ok(AuditLogStatistics {
        total: row::count(row, "total")?,
        creates: row::count(row, "creates")?,
        updates: row::count(row, "updates")?,
        deletes: row::count(row, "deletes")?,
        status_changes: row::count(row, "status_changes")?,
        refusals: row::count(row, "refusals")?,
        distinct_users: row::count(row, "distinct_users")?,
        first: row::column(row, "first")?,
        last: row::column(row, "last")?,
    })
}
