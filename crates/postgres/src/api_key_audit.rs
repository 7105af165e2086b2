//! Numbers over API keys, and which of them somebody should look at.

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use taskmaster_models::{ApiKeyStatistics, ApiKeyUsageSummary, KeyConcern, SecurityAuditRequest, Verb};
use taskmaster_repository::Result;
use uuid::Uuid;

use crate::{
    api_key_row::TABLE,
    page::bound,
    row::{self, Stored},
    sql::Sql,
};

/// Begins the query that [`statistics`] reads.
pub(crate) fn statistics_at(now: DateTime<Utc>) -> Sql {
    let now = bound(Some(now));
    Sql::read(
        "SELECT count(*) AS total, \
            count(*) FILTER (WHERE is_active) AS active, \
            count(*) FILTER (WHERE NOT is_active) AS inactive, \
            count(rate_limit) AS rate_limited, \
            count(*) FILTER (WHERE last_used_at IS NULL) AS never_used, \
            coalesce(sum(usage_count), 0) AS total_usage, \
            max(last_used_at) AS latest_usage, \
            count(*) FILTER (WHERE expires_at <= ",
    )
    .bind(now)
    .text(") AS expired, count(*) FILTER (WHERE previous_expires_at > ")
    .bind(now)
    .text(") AS in_grace FROM api_keys WHERE TRUE")
}

pub(crate) fn statistics(row: &QueryResult) -> Result<ApiKeyStatistics> {
    Ok(ApiKeyStatistics {
        total: row::count(row, "total")?,
        active: row::count(row, "active")?,
        inactive: row::count(row, "inactive")?,
        expired: row::count(row, "expired")?,
        rate_limited: row::count(row, "rate_limited")?,
        never_used: row::count(row, "never_used")?,
        in_grace: row::count(row, "in_grace")?,
        total_usage: row::count(row, "total_usage")?,
        latest_usage: row::column(row, "latest_usage")?,
    })
}

/// What the view `api_key_usage_summary` shows, at a time of the caller's.
pub(crate) fn usage_summary_at(now: DateTime<Utc>) -> Sql {
    Sql::read(
        "SELECT service, environment, count(*) AS total_keys, \
            count(*) FILTER (WHERE is_active) AS active_keys, \
            sum(usage_count) AS total_usage, \
            max(last_used_at) AS latest_usage, \
            count(*) FILTER (WHERE expires_at <= ",
    )
    .bind(bound(Some(now)))
    .text(
        ") AS expired_keys FROM api_keys GROUP BY service, environment \
         ORDER BY service COLLATE \"C\", environment COLLATE \"C\"",
    )
}

pub(crate) fn usage_summary(row: &QueryResult) -> Result<ApiKeyUsageSummary> {
    let stored = Stored { table: TABLE, id: Uuid::nil() };
    let service: String = row::column(row, "service")?;
    let environment: String = row::column(row, "environment")?;
    Ok(ApiKeyUsageSummary {
        service: stored.parse("service", &service)?,
        environment: stored.parse("environment", &environment)?,
        total_keys: row::count(row, "total_keys")?,
        active_keys: row::count(row, "active_keys")?,
        expired_keys: row::count(row, "expired_keys")?,
        total_usage: row::count(row, "total_usage")?,
        latest_usage: row::column(row, "latest_usage")?,
    })
}

/// Adds to a query that has a WHERE clause that a concern holds: the one that is asked for, or any.
pub(crate) fn of_concern(sql: Sql, request: &SecurityAuditRequest) -> Sql {
    let wanted = KeyConcern::ALL.iter().filter(|one| request.concern.is_none_or(|concern| concern == **one));
    wanted.fold(sql.text(" AND (FALSE"), |sql, one| holds(sql.text(" OR "), *one, request)).text(")")
}

/// The same rules as [`SecurityAuditRequest::concerns`], for rows.
fn holds(sql: Sql, concern: KeyConcern, request: &SecurityAuditRequest) -> Sql {
    let now = bound(Some(request.now));
    match concern {
        KeyConcern::Expiring => sql
            .text("(expires_at > ")
            .bind(now)
            .text(" AND expires_at <= ")
            .bind(bound(Some(request.expiring_until())))
            .text(")"),
        KeyConcern::Expired => sql.text("expires_at <= ").bind(now),
        KeyConcern::NeverExpires => sql.text("expires_at IS NULL"),
        KeyConcern::Unused => {
            sql.text("coalesce(last_used_at, created_at) <= ").bind(bound(Some(request.unused_since())))
        }
        KeyConcern::WithoutRateLimit => sql.text("rate_limit IS NULL"),
        KeyConcern::WidePermissions => sql
            .text(
                "EXISTS (SELECT FROM jsonb_array_elements_text(permissions) AS held (permission) \
                    WHERE held.permission IN ('*', ",
            )
            .list(Verb::ALL, |sql, verb| sql.bind(verb.as_str()))
            .text("))"),
    }
}
