//! The row of an API key: its columns, how it is written, selected and read.

use sea_orm::{QueryResult, Value};
use serde_json::json;
use taskmaster_models::{
    ApiKey, ApiKeyFilter, ApiKeyId, Environment, NewApiKey, Permission, RateLimit, Service, clock,
};
use taskmaster_repository::Result;
use taskmaster_security::HashedKey;

use crate::{
    entities::api_keys::Model,
    insert::Insert,
    page::bound,
    row::{self, Stored},
    sql::Sql,
};

pub(crate) const ENTITY: &str = "API key";
pub(crate) const TABLE: &str = "api_keys";

/// The columns of [`Model`]. No hash is among them.
pub(crate) const COLUMNS: &str = "id, name, service, key_prefix, permissions, environment, is_active, expires_at, \
    last_used_at, usage_count, rate_limit, created_by, created_at, updated_at, metadata, version, pepper_version, \
    previous_key_prefix, previous_pepper_version, previous_expires_at";

pub(crate) const INSERT: Insert = Insert {
    table: TABLE,
    columns: &[
        ("id", "uuid"),
        ("name", "text"),
        ("service", "text"),
        ("environment", "text"),
        ("key_hash", "text"),
        ("key_prefix", "text"),
        ("pepper_version", "int"),
        ("permissions", "jsonb"),
        ("expires_at", "timestamptz"),
        ("rate_limit", "jsonb"),
        ("created_by", "text"),
        ("created_at", "timestamptz"),
        ("updated_at", "timestamptz"),
        ("metadata", "jsonb"),
    ],
    returning: COLUMNS,
};

/// The values of [`INSERT`]'s columns.
pub(crate) fn values(new: &NewApiKey, hashed: &HashedKey) -> Vec<Value> {
    vec![
        new.id.as_uuid().into(),
        new.name.clone().into(),
        new.service.as_str().into(),
        new.environment.as_str().into(),
        hashed.hash.to_hex().into(),
        hashed.prefix.clone().into(),
        hashed.pepper_version.into(),
        json!(new.permissions).into(),
        new.expires_at.map(clock::storable).into(),
        new.rate_limit.map(|limit| json!(limit)).into(),
        new.created_by.clone().into(),
        clock::storable(new.created_at).into(),
        clock::storable(new.created_at).into(),
        json!(new.metadata).into(),
    ]
}

/// Reads a key from a row that has [`COLUMNS`].
pub(crate) fn api_key(row: &QueryResult) -> Result<ApiKey> {
    let model: Model = row::entity(TABLE, row)?;
    let stored = Stored { table: TABLE, id: model.id };
    let permissions = stored.texts("permissions", model.permissions)?;
    let rate_limit = model.rate_limit.map(|limit| rate_limit(stored, limit)).transpose()?;
    Ok(ApiKey {
        id: ApiKeyId::from_uuid(model.id),
        name: model.name,
        service: stored.parse("service", &model.service)?,
        environment: stored.parse("environment", &model.environment)?,
        key_prefix: model.key_prefix,
        pepper_version: model.pepper_version,
        permissions: permissions.iter().map(|text| Permission::stored(text)).collect(),
        is_active: model.is_active,
        expires_at: model.expires_at.map(|time| time.to_utc()),
        rate_limit,
        last_used_at: model.last_used_at.map(|time| time.to_utc()),
        usage_count: model.usage_count,
        created_by: model.created_by,
        created_at: model.created_at.to_utc(),
        updated_at: model.updated_at.to_utc(),
        previous_key_prefix: model.previous_key_prefix,
        previous_expires_at: model.previous_expires_at.map(|time| time.to_utc()),
        metadata: stored.object("metadata", model.metadata)?,
        version: model.version,
    })
}

/// Reads a limit. What is missing has the described system's defaults.
fn rate_limit(stored: Stored, json: serde_json::Value) -> Result<RateLimit> {
    let mut json = stored.object("rate_limit", json)?;
    json.entry("max_requests").or_insert(1_000.into());
    json.entry("window_ms").or_insert(3_600_000.into());
    let json = json.into();
    let inconsistent = |detail| stored.inconsistent("rate_limit", detail);
    let limit: RateLimit = serde_json::from_value(json).map_err(|error| inconsistent(error.to_string()))?;
    limit.is_allowed().then_some(limit).ok_or_else(|| inconsistent("it is out of range".to_owned()))
}

pub(crate) fn api_keys(rows: &[QueryResult]) -> Result<Vec<ApiKey>> {
    rows.iter().map(api_key).collect()
}

pub(crate) fn select() -> Sql {
    Sql::read("SELECT ").text(COLUMNS).text(" FROM api_keys WHERE TRUE")
}

/// Adds the filter's criteria to a query that has a WHERE clause.
pub(crate) fn matching(sql: Sql, filter: &ApiKeyFilter) -> Sql {
    sql.and("name = ", filter.name.as_deref())
        .and("service = ", filter.service.map(Service::as_str))
        .and("environment = ", filter.environment.map(Environment::as_str))
        .and("is_active = ", filter.is_active)
        .and("created_by = ", filter.created_by.as_deref())
        .and("key_prefix = ", filter.key_prefix.as_deref())
        .and("created_at >= ", bound(filter.created_after))
        .and("created_at <= ", bound(filter.created_before))
        .and("expires_at <= ", bound(filter.expires_before))
}
