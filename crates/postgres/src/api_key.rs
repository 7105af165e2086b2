//! API keys.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::Value;
use secrecy::SecretString;
use serde_json::json;
use taskmaster_connection::Executor;
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeyFinding, ApiKeyId, ApiKeyPatch, ApiKeySort, ApiKeyStatistics,
    ApiKeyUsageSummary, Deactivation, Environment, KeyRotation, KeyVerdict, NewApiKey, Page, PageRequest,
    Permission, SecurityAuditRequest, Validation, clock,
};
use taskmaster_repository::{ApiKeyRepository, IssuedApiKey, RepositoryError, Result};
use taskmaster_security::{HashedKey, PlainKey};

use crate::{
    api_key_audit,
    api_key_row::{COLUMNS, ENTITY, INSERT, TABLE, api_key, api_keys, matching, select, values},
    page::paged,
    patch::{Assignments, Update},
    row::{self},
    sql::Sql,
    store::Pg,
};

fn order_column(sort: ApiKeySort) -> &'static str {
    match sort {
        ApiKeySort::CreatedAt => "created_at",
        // By code point, whatever the database's locale.
        ApiKeySort::Name => "name COLLATE \"C\"",
    }
}

fn assignments(patch: &ApiKeyPatch) -> Assignments {
    Assignments::default()
        .set("name", patch.name.clone())
        .set("permissions", patch.permissions.as_ref().map(|permissions| json!(permissions)))
        .set("expires_at", patch.expires_at.map(|time| time.map(clock::storable)))
        .set("rate_limit", patch.rate_limit.map(|limit| limit.map(|limit| json!(limit))))
        .set("metadata", patch.metadata.as_ref().map(|metadata| json!(metadata)))
}

fn issued(api_key: ApiKey, key: PlainKey) -> IssuedApiKey {
    IssuedApiKey { api_key, key: key.into_text() }
}

#[async_trait]
impl<C: Executor> ApiKeyRepository for Pg<C> {
    async fn create(&self, new: &NewApiKey) -> Result<IssuedApiKey> {
        new.validate().into_result()?;
        let (key, hashed) = self.issue(new.environment)?;
        let sql = INSERT.one(self.actor(), values(new, &hashed));
        let api_key = self.written("api_key.create", new.id, sql, api_key).await?;
        Ok(issued(api_key, key))
    }

    async fn bulk_create(&self, new: &[NewApiKey]) -> Result<Vec<IssuedApiKey>> {
        Validation::of_rows(ENTITY, new.iter().map(NewApiKey::validate)).into_result()?;
        let made = new.iter().map(|new| self.issue(new.environment)).collect::<Result<Vec<_>>>()?;
        let rows: Vec<_> = new.iter().zip(&made).map(|(new, (_, hashed))| values(new, hashed)).collect();
        let sql = INSERT.many(self.actor(), &rows, " ORDER BY place");
        let mut stored = api_keys(&self.rows("api_key.bulk_create", sql).await?)?;
        row::in_order_of(new.iter().map(|new| new.id), &mut stored, |stored| stored.id);
        Ok(stored.into_iter().zip(made).map(|(stored, (key, _))| issued(stored, key)).collect())
    }

    async fn find_by_id(&self, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let row = self.row("api_key.find_by_id", select().and("id = ", Some(id.as_uuid()))).await?;
        row.as_ref().map(api_key).transpose()
    }

    async fn find_by(&self, filter: &ApiKeyFilter, page: &PageRequest<ApiKeySort>) -> Result<Page<ApiKey>> {
        filter.validate().into_result()?;
        let sql = paged(matching(select(), filter), page, order_column(page.sort))?;
        let rows = api_keys(&self.rows("api_key.find_by", sql).await?)?;
        Ok(page.page(rows, |last| (page.sort.key(last), last.id.as_uuid())))
    }

    async fn count(&self, filter: &ApiKeyFilter) -> Result<u64> {
        filter.validate().into_result()?;
        let sql = matching(Sql::read("SELECT count(*) FROM api_keys WHERE TRUE"), filter);
        self.row("api_key.count", sql).await?.map_or(Ok(0), |row| row::count(&row, "count"))
    }

    async fn update(&self, id: ApiKeyId, patch: &ApiKeyPatch) -> Result<ApiKey> {
        patch.validate().into_result()?;
        let update = Update {
            actor: self.actor(),
            table: TABLE,
            id: id.as_uuid(),
            expected_version: patch.expected_version,
            returning: COLUMNS,
        };
        match self.row("api_key.update", assignments(patch).update(&update)).await? {
            Some(row) => api_key(&row),
            None => {
                Err(self.not_updated("api_key.update", TABLE, id.as_uuid(), patch.expected_version).await)
            }
        }
    }

    async fn delete(&self, id: ApiKeyId) -> Result<bool> {
        Ok(self.delete_where("api_key.delete", TABLE, "id", id.as_uuid()).await? > 0)
    }

    async fn verify(
        &self,
        key: &SecretString,
        required: &[Permission],
        now: DateTime<Utc>,
    ) -> Result<KeyVerdict> {
        self.verdict(key, required, now).await
    }

    async fn rotate(&self, id: ApiKeyId, grace: TimeDelta, now: DateTime<Utc>) -> Result<IssuedApiKey> {
        let rotation = KeyRotation { grace, at: now };
        rotation.validate().into_result()?;
        // The key names its environment, which only the row tells: one is made for each, and the row takes its own. That
        // is cheaper than to ask before.
        let mut made = Environment::ALL
            .iter()
            .map(|environment| Ok((*environment, self.issue(*environment)?)))
            .collect::<Result<Vec<_>>>()?;
        let sql = Sql::write(self.actor()).text(" UPDATE api_keys SET ");
        let sql = match rotation.previous_expires_at() {
            Some(ends) => sql.text(KEEP_PREVIOUS).bind(clock::storable(ends)),
            None => sql.text(FORGET_PREVIOUS),
        };
        let sql = by_environment(sql.text(", key_hash = "), &made, |hashed| hashed.hash.to_hex().into());
        let sql = by_environment(sql.text(", key_prefix = "), &made, |hashed| hashed.prefix.clone().into());
        let sql =
            by_environment(sql.text(", pepper_version = "), &made, |hashed| hashed.pepper_version.into());
        let api_key = self.written("api_key.rotate", id, one_by_id(sql, id), api_key).await?;
        let made = made
            .iter()
            .position(|(environment, _)| *environment == api_key.environment)
            .map(|at| made.swap_remove(at));
        let (_, (key, _)) = made.ok_or_else(|| RepositoryError::Backend {
            source: "a key was made for each environment".into(),
        })?;
        Ok(issued(api_key, key))
    }

    async fn deactivate(&self, id: ApiKeyId, reason: &str, now: DateTime<Utc>) -> Result<ApiKey> {
        let deactivation = Deactivation { reason: reason.to_owned(), at: clock::storable(now) };
        deactivation.validate().into_result()?;
        let deactivation = json!({ Deactivation::KEY: deactivation });
        let sql = Sql::write(self.actor())
            .text(" UPDATE api_keys SET ")
            .text(FORGET_PREVIOUS)
            // Of an ended key the first reason stays.
            .text(", is_active = FALSE, metadata = CASE WHEN is_active THEN metadata || ")
            .bind(deactivation.clone())
            .text(" ELSE ")
            .bind(deactivation)
            .text(" || metadata END");
        self.written("api_key.deactivate", id, one_by_id(sql, id), api_key).await
    }

    async fn record_usage(&self, id: ApiKeyId, now: DateTime<Utc>) -> Result<()> {
        Validation::of_time(ENTITY, "now", now).into_result()?;
        self.note_use(id, clock::storable(now)).await;
        Ok(())
    }

    async fn flush_usage(&self) -> Result<u64> {
        self.write_unwritten_usage().await
    }

    async fn statistics(&self, filter: &ApiKeyFilter, now: DateTime<Utc>) -> Result<ApiKeyStatistics> {
        filter.validate().into_result()?;
        let row = self.row("api_key.statistics", matching(api_key_audit::statistics_at(now), filter)).await?;
        row.as_ref().map_or_else(|| Ok(ApiKeyStatistics::default()), api_key_audit::statistics)
    }

    async fn usage_summary(&self, now: DateTime<Utc>) -> Result<Vec<ApiKeyUsageSummary>> {
        let rows = self.rows("api_key.usage_summary", api_key_audit::usage_summary_at(now)).await?;
        rows.iter().map(api_key_audit::usage_summary).collect()
    }

    async fn security_audit(
        &self,
        request: &SecurityAuditRequest,
        page: &PageRequest<ApiKeySort>,
    ) -> Result<Page<ApiKeyFinding>> {
        request.validate().into_result()?;
        let request = SecurityAuditRequest { now: clock::storable(request.now), ..*request };
        let sql = api_key_audit::of_concern(select().text(" AND is_active"), &request);
        let rows = self.rows("api_key.security_audit", paged(sql, page, order_column(page.sort))?).await?;
        let finding = |api_key: ApiKey| ApiKeyFinding { concerns: request.concerns(&api_key), api_key };
        let findings = api_keys(&rows)?.into_iter().map(finding).collect();
        Ok(page.page(findings, |last| (page.sort.key(&last.api_key), last.api_key.id.as_uuid())))
    }
}

const KEEP_PREVIOUS: &str = "previous_key_hash = key_hash, previous_key_prefix = key_prefix, \
    previous_pepper_version = pepper_version, previous_expires_at = ";

const FORGET_PREVIOUS: &str = "previous_key_hash = NULL, previous_key_prefix = NULL, \
    previous_pepper_version = NULL, previous_expires_at = NULL";

/// The value that was made for the row's own environment.
fn by_environment(
    sql: Sql,
    made: &[(Environment, (PlainKey, HashedKey))],
    value: impl Fn(&HashedKey) -> Value,
) -> Sql {
    let mut sql = sql.text("CASE environment");
    for (environment, (_, hashed)) in made {
        sql = sql.text(" WHEN ").bind(environment.as_str()).text(" THEN ").bind(value(hashed));
    }
    sql.text(" END")
}

/// Ends an update of one key.
fn one_by_id(sql: Sql, id: ApiKeyId) -> Sql {
    sql.if_attributed(" FROM actor")
        .text(" WHERE id = ")
        .bind(id.as_uuid())
        .if_attributed(" AND actor.ok")
        .text(" RETURNING ")
        .text(COLUMNS)
}
