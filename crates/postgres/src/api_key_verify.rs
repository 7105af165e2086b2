//! What happens when somebody calls with a key: it is found, compared, checked, counted against its limit, and its use is noted.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::QueryResult;
use secrecy::SecretString;
use taskmaster_connection::Executor;
use taskmaster_models::{
    ApiKey, ApiKeyId, Environment, KeyVerdict, Permission, RateLimit, Validation, clock,
};
use taskmaster_repository::{RepositoryError, Result};
use taskmaster_security::{HashedKey, HeldUsage, KeyHash, KeyUsage, PlainKey, PresentedKey};
use uuid::Uuid;

use crate::{
    api_key_row::{COLUMNS, ENTITY, TABLE, api_key},
    insert::Insert,
    row::{self, Stored},
    sql::Sql,
    store::Pg,
};

/// How often a flush tries to write the uses of keys that somebody else is writing, and how long it waits between: another process's
/// flush is over by then, a unit of work may not be.
const FLUSH_TRIES: u32 = 20;
const FLUSH_PAUSE: Duration = Duration::from_millis(50);

/// How many calls were admitted since the window's start.
struct Window {
    start: DateTime<Utc>,
    admitted: i32,
}

/// Uses as rows. Nothing is inserted.
const USED: Insert = Insert {
    table: TABLE,
    columns: &[("used_id", "uuid"), ("uses", "int"), ("used_at", "timestamptz")],
    returning: "",
};

impl<C: Executor> Pg<C> {
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
        let rows = self.rows("api_key.verify", presented_at(presented, now)).await?;
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

    /// Returns `true` if a row's key, or the one before it in its time of grace, is the presented one. The row was
    /// found by one of the two, and the other's hash is not looked at: it may need a pepper that this process does not
    /// have yet, or be malformed.
    fn is_presented(&self, row: &QueryResult, presented: &PresentedKey, now: DateTime<Utc>) -> Result<bool> {
        let stored = Stored { table: TABLE, id: row::column(row, "id")? };
        let ends: Option<DateTime<Utc>> = row::column(row, "previous_expires_at")?;
        let in_grace = ends.is_some_and(|ends| now < ends);
        for (hash_column, prefix_column, pepper_column, counts) in [
            ("key_hash", "key_prefix", "pepper_version", true),
            ("previous_key_hash", "previous_key_prefix", "previous_pepper_version", in_grace),
        ] {
            let hash: Option<String> = row::column(row, hash_column)?;
            let prefix: Option<String> = row::column(row, prefix_column)?;
            let Some(hash) = hash.filter(|_| counts) else { continue };
            let found_by_it = match presented {
                PresentedKey::Own(key) => prefix.as_deref() == Some(key.prefix()),
                PresentedKey::Foreign(text) => hash == KeyHash::sha256(text).to_hex(),
            };
            if found_by_it {
                let hash = stored.parse(hash_column, &hash)?;
                if self.is_same(presented, &hash, row::column(row, pepper_column)?)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
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
        if self.row("api_key.verify", admission(id, limit, now)).await?.is_some() {
            return Ok(None);
        }
        // Others have filled the window meanwhile, or the key was deleted.
        let sql =
            Sql::read_primary("SELECT window_start, admitted FROM api_key_rate_windows WHERE api_key_id = ");
        let Some(row) = self.row("api_key.verify", sql.bind(id.as_uuid())).await? else {
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
            let _ = self.write_usage(&mut self.usage().hold(vec![due])).await;
        }
    }

    pub(crate) async fn write_unwritten_usage(&self) -> Result<u64> {
        if self.is_unit_of_work() {
            return Ok(0);
        }
        let mut unwritten = self.usage().hold(self.usage().drain());
        let mut written = 0;
        for again in 0..FLUSH_TRIES {
            if unwritten.usage().is_empty() {
                break;
            }
            if again > 0 {
                tokio::time::sleep(FLUSH_PAUSE).await;
            }
            written += self.write_usage(&mut unwritten).await?;
        }
        Ok(written)
    }

    /// Writes uses down, but for those of keys that somebody else is writing: nobody waits for these, and they stay counted. In
    /// nobody's name: uses belong to all that have called since the last time. Returns for how many keys.
    async fn write_usage(&self, held: &mut HeldUsage<'_>) -> Result<u64> {
        let rows: Vec<_> = held
            .usage()
            .iter()
            .map(|usage| {
                let count = i32::try_from(usage.count).unwrap_or(i32::MAX);
                vec![usage.id.as_uuid().into(), count.into(), usage.last_used_at.into()]
            })
            .collect();
        let sql =
            Sql::write(None).cte("used AS (SELECT used_id::uuid, uses::bigint, used_at::timestamptz FROM ");
        let sql = USED
            .rows(sql, &rows)
            .text(")")
            .cte(
                "free AS MATERIALIZED (SELECT used.* FROM used JOIN api_keys ON id = used_id \
                    FOR NO KEY UPDATE OF api_keys SKIP LOCKED)",
            )
            .cte(
                "written AS (UPDATE api_keys SET usage_count = least(usage_count + uses, 2147483647)::int, \
                    last_used_at = greatest(last_used_at, used_at) FROM free WHERE id = used_id RETURNING id)",
            )
            // Of keys that are gone no row comes back: their uses are forgotten.
            .text(
                " SELECT used_id, EXISTS (SELECT FROM written WHERE written.id = used_id) AS is_written \
                 FROM used JOIN api_keys ON api_keys.id = used_id",
            );
        let (mut written, mut skipped) = (0, Vec::new());
        for row in self.rows("api_key.flush_usage", sql).await? {
            if row::column(&row, "is_written")? {
                written += 1;
            } else {
                skipped.push(ApiKeyId::from_uuid(row::column::<Uuid>(&row, "used_id")?));
            }
        }
        held.written_but_for(&skipped);
        Ok(written)
    }
}

/// The rows that may be the presented key's, with their hashes and windows. The LIMIT has each window read by its index: PostgreSQL keeps
/// no statistics of hashes, expects many rows of one, and would read all windows for them.
fn presented_at(presented: &PresentedKey, now: DateTime<Utc>) -> Sql {
    let sql = Sql::read_primary("SELECT ").text(COLUMNS).text(
        ", key_hash, previous_key_hash, window_start, admitted \
         FROM api_keys LEFT JOIN LATERAL \
            (SELECT window_start, admitted FROM api_key_rate_windows WHERE api_key_id = id LIMIT 1) AS current ON TRUE \
         WHERE ",
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
/// of one key come one after the other here, by the row's lock. The same rule as [`RateLimit::rest_of_window`] tells whether a window
/// is over.
fn admission(id: ApiKeyId, limit: RateLimit, now: DateTime<Utc>) -> Sql {
    let is_over = |sql: Sql| {
        sql.text("(present.window_start <= ")
            .bind(now - limit.window())
            .text(" OR present.window_start > ")
            .bind(now + limit.window())
            .text(")")
    };
    let sql = Sql::write(None)
        .text(
            " INSERT INTO api_key_rate_windows AS present (api_key_id, window_start, admitted) \
             SELECT id, ",
        )
        .bind(now)
        .text(", 1 FROM api_keys WHERE id = ")
        .bind(id.as_uuid())
        .text(
            " ON CONFLICT (api_key_id) DO UPDATE SET \
                window_start = CASE WHEN ",
        );
    let sql =
        is_over(sql).text(" THEN excluded.window_start ELSE present.window_start END, admitted = CASE WHEN ");
    let sql = is_over(sql)
        .text(" THEN 1 ELSE present.admitted + 1 END WHERE present.admitted < ")
        .bind(limit.max_requests)
        .text(" OR ");
    is_over(sql).text(" RETURNING admitted")
}
