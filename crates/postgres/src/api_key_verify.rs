//! What happens when somebody calls with a key: it is found, compared, checked, counted against its limit, and its use is noted.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, QueryResult};
use secrecy::SecretString;
use taskmaster_models::{
    ApiKey, ApiKeyId, Environment, KeyVerdict, Permission, RateLimit, Validation, clock,
};
use taskmaster_repository::{RepositoryError, Result};
use taskmaster_security::{HashedKey, KeyHash, KeyUsage, PlainKey, PresentedKey};

use crate::{
    api_key::{COLUMNS, ENTITY, TABLE, api_key},
    insert::Insert,
    row::{self, Stored},
    sql::Sql,
    store::Pg,
};

/// How many calls were admitted since the window's start.
struct Window {
    start: DateTime<Utc>,
    admitted: i32,
}

/// Uses as rows. Nothing is inserted.
const USED: Insert = Insert {
    table: TABLE,
    columns: &[("used_id", "uuid"), ("used", "int"), ("used_at", "timestamptz")],
    returning: "",
};

impl<C: ConnectionTrait + Send> Pg<C> {
    pub(crate) fn issue(&self, environment: Environment) -> Result<(PlainKey, HashedKey)> {
        self.hasher().issue(environment).map_err(|error| RepositoryError::Backend { source: error.into() })
    }

    pub(crate) async fn verdict(
        &self,
        key: &SecretString,
        required: &[Permission],
        now: DateTime<Utc>,
    ) -> Result<KeyVerdict> {
        Validation::of_time(ENTITY, "now", now).into_result()?;
        let now = clock::storable(now);
        let presented = match PresentedKey::parse(key) {
            Ok(presented) => presented,
            Err(reason) => return Ok(KeyVerdict::Malformed { reason }),
        };
        let Some((api_key, window)) = self.find_presented(&presented, now).await? else {
            return Ok(KeyVerdict::Unknown);
        };
        if let Some(refusal) = api_key.refusal(required, now) {
            return Ok(refusal);
        }
        if let Some(limit) = api_key.rate_limit
            && let Some(refusal) = self.admit(api_key.id, limit, window, now).await?
        {
            return Ok(refusal);
        }
        self.note_use(api_key.id, now).await;
        Ok(KeyVerdict::Valid(Box::new(api_key)))
    }

    /// Finds the key that was presented, and its window if it has one. More rows than one are possible only for keys of another
    /// system that were stored twice; then an active one counts.
    async fn find_presented(
        &self,
        presented: &PresentedKey,
        now: DateTime<Utc>,
    ) -> Result<Option<(ApiKey, Option<Window>)>> {
        let rows = self.rows(ENTITY, presented_at(presented, now)).await?;
        let mut found = None;
        for row in &rows {
            if self.is_presented(row, presented, now)? {
                let api_key = api_key(row)?;
                let is_active = api_key.is_active;
                found = Some((api_key, window(row)?));
                if is_active {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Whether a row's key, or the one before it in its time of grace, is the presented one.
    fn is_presented(&self, row: &QueryResult, presented: &PresentedKey, now: DateTime<Utc>) -> Result<bool> {
        let stored = Stored { table: TABLE, id: row::column(row, "id")? };
        let hash: String = row::column(row, "key_hash")?;
        let hash: KeyHash = stored.parse("key_hash", &hash)?;
        if self.is_same(presented, &hash, row::column(row, "pepper_version")?)? {
            return Ok(true);
        }
        let previous: Option<String> = row::column(row, "previous_key_hash")?;
        let ends: Option<DateTime<Utc>> = row::column(row, "previous_expires_at")?;
        match previous {
            Some(previous) if ends.is_some_and(|ends| now < ends) => {
                let previous: KeyHash = stored.parse("previous_key_hash", &previous)?;
                self.is_same(presented, &previous, row::column(row, "previous_pepper_version")?)
            }
            _ => Ok(false),
        }
    }

    fn is_same(&self, presented: &PresentedKey, hash: &KeyHash, pepper_version: Option<i32>) -> Result<bool> {
        self.hasher().is_same(presented, hash, pepper_version).map_err(|error| RepositoryError::Refused {
            reason: format!("{error}; give the store's key hasher that pepper"),
            source: error.into(),
        })
    }

    /// Counts a call against the limit. Returns why it is refused, if it is. A window that is full is not written, so that a caller who
    /// goes on though refused does not keep the row busy.
    async fn admit(
        &self,
        id: ApiKeyId,
        limit: RateLimit,
        window: Option<Window>,
        now: DateTime<Utc>,
    ) -> Result<Option<KeyVerdict>> {
        let full = window.filter(|window| window.admitted >= limit.max_requests);
        if let Some(retry_after) = full.and_then(|window| limit.rest_of_window(window.start, now)) {
            return Ok(Some(KeyVerdict::RateLimited { retry_after }));
        }
        if self.row(ENTITY, admission(id, limit, now)).await?.is_some() {
            return Ok(None);
        }
        // Others have filled the window meanwhile, or the key was deleted.
        let sql = Sql::read("SELECT window_start, admitted FROM api_key_rate_windows WHERE api_key_id = ");
        let Some(row) = self.row(ENTITY, sql.bind(id.as_uuid())).await? else {
            return Ok(Some(KeyVerdict::Unknown));
        };
        let start = row::column(&row, "window_start")?;
        let retry_after = limit.rest_of_window(start, now).unwrap_or(TimeDelta::zero());
        Ok(Some(KeyVerdict::RateLimited { retry_after }))
    }

    /// Counts a use. Whether it can be written down now is no matter of the call that it belongs to.
    pub(crate) async fn note_use(&self, id: ApiKeyId, at: DateTime<Utc>) {
        if self.is_unit_of_work() {
            self.usage().put_back(KeyUsage { id, count: 1, last_used_at: at });
        } else if let Some(due) = self.usage().note(id, at) {
            // What failed is put back and tried with the next uses, or by `flush_usage`, which tells the error.
            let _ = self.write_usage(&[due]).await;
        }
    }

    pub(crate) async fn write_unwritten_usage(&self) -> Result<u64> {
        if self.is_unit_of_work() {
            return Ok(0);
        }
        let unwritten = self.usage().drain();
        if unwritten.is_empty() { Ok(0) } else { self.write_usage(&unwritten).await }
    }

    /// Writes uses down, or puts them back. In nobody's name: they belong to all that have called since the last time.
    async fn write_usage(&self, usage: &[KeyUsage]) -> Result<u64> {
        let rows: Vec<_> = usage
            .iter()
            .map(|usage| {
                let count = i32::try_from(usage.count).unwrap_or(i32::MAX);
                vec![usage.id.as_uuid().into(), count.into(), usage.last_used_at.into()]
            })
            .collect();
        let sql = Sql::write(None).text(
            " UPDATE api_keys SET usage_count = least(usage_count::bigint + used::bigint, 2147483647)::int, \
                last_used_at = greatest(last_used_at, used_at::timestamptz) FROM ",
        );
        let written = self.execute(ENTITY, USED.rows(sql, &rows).text(" WHERE id = used_id::uuid")).await;
        if written.is_err() {
            for usage in usage {
                self.usage().put_back(*usage);
            }
        }
        written
    }
}

/// The rows that may be the presented key's, with their hashes and windows.
fn presented_at(presented: &PresentedKey, now: DateTime<Utc>) -> Sql {
    let sql = Sql::read("SELECT ").text(COLUMNS).text(
        ", key_hash, previous_key_hash, window_start, admitted \
         FROM api_keys LEFT JOIN api_key_rate_windows ON api_key_id = id WHERE ",
    );
    match presented {
        PresentedKey::Own(key) => sql
            .text("key_prefix = ")
            .bind(key.prefix())
            .text(" OR (previous_key_prefix = ")
            .bind(key.prefix())
            .text(" AND previous_expires_at > ")
            .bind(now)
            .text(")"),
        PresentedKey::Foreign(text) => {
            let hash = KeyHash::sha256(text).to_hex();
            sql.text("key_hash = ")
                .bind(hash.clone())
                .text(" OR (previous_key_hash = ")
                .bind(hash)
                .text(" AND previous_expires_at > ")
                .bind(now)
                .text(")")
        }
    }
}

fn window(row: &QueryResult) -> Result<Option<Window>> {
    let start: Option<DateTime<Utc>> = row::column(row, "window_start")?;
    let admitted: Option<i32> = row::column(row, "admitted")?;
    Ok(start.zip(admitted).map(|(start, admitted)| Window { start, admitted }))
}

/// Counts a call in the current window, or begins the next one with it. Returns a row if and only if the call is admitted. Callers
/// of one key come one after the other here, by the row's lock.
fn admission(id: ApiKeyId, limit: RateLimit, now: DateTime<Utc>) -> Sql {
    // A window that began then or earlier is over.
    let over = now - limit.window();
    Sql::write(None)
        .text(
            " INSERT INTO api_key_rate_windows AS present (api_key_id, window_start, admitted) \
             SELECT id, ",
        )
        .bind(now)
        .text(", 1 FROM api_keys WHERE id = ")
        .bind(id.as_uuid())
        .text(
            " ON CONFLICT (api_key_id) DO UPDATE SET \
                window_start = CASE WHEN present.window_start <= ",
        )
        .bind(over)
        .text(
            " THEN excluded.window_start ELSE present.window_start END, \
                admitted = CASE WHEN present.window_start <= ",
        )
        .bind(over)
        .text(" THEN 1 ELSE present.admitted + 1 END WHERE present.admitted < ")
        .bind(limit.max_requests)
        .text(" OR present.window_start <= ")
        .bind(over)
        .text(" RETURNING admitted")
}
