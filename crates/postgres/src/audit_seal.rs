//! Seals of the audit trail: how they are made, and how their rows go when these are old.

use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use taskmaster_connection::Executor;
use taskmaster_models::{AuditSeal, AuditSealSort, Direction, Page, PageRequest, Sha256Hash};
use taskmaster_repository::{RepositoryError, Result};

use crate::{
    entities::audit_seals::Model,
    page::{bound, direction},
    row,
    sql::Sql,
    store::Pg,
};

const TABLE: &str = "audit_seals";

/// The columns of [`Model`].
const COLUMNS: &str = "number, sealed_at, cluster, snapshot, transaction_id, row_count, newest_at, previous_hash, rows_hash, hash, pruned_at";

/// The hash of all that the row `a` of the trail says, in a text that no setting of the session changes. The old and the new
/// values are in it by their own hashes, since a JSON string has at most 268 MB. Functions and operators are named with their schema:
/// one of the same name in another could fit better and tell something else.
pub(crate) const ROW_HASH: &str = "pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.jsonb_build_array(a.id, a.entity_type, a.entity_id, \
        a.action, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(a.old_values::text, 'UTF8')), 'hex'), \
        pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(a.new_values::text, 'UTF8')), 'hex'), a.user_id, a.session_id, a.ip_address::text, \
        a.user_agent, (extract(epoch FROM a.timestamp) OPERATOR(pg_catalog.*) 1000000::numeric)::bigint, \
        a.metadata::text, a.transaction_id)::text, 'UTF8'))";

/// The number of the database cluster.
pub(crate) const CLUSTER: &str = "(SELECT system_identifier FROM pg_catalog.pg_control_system())";

/// The number of the oldest seal whose rows are not pruned, or one above all.
const OLDEST_UNPRUNED: &str = "coalesce((SELECT number FROM audit_seals WHERE pruned_at IS NULL ORDER BY number LIMIT 1), \
    9223372036854775807)";

impl<C: Executor> Pg<C> {
    /// Seals what is not sealed yet.
    ///
    /// The statement has one snapshot: it seals what it sees, and notes what that is. Only a row whose transaction was not over
    /// at the last seal can be unsealed, so an index finds these: a range, since a planner
    /// that knows neither end takes it for a small one. `now()` is the start of the transaction, which is before the
    /// snapshot.
    pub(crate) async fn seal_audit_logs(&self) -> Result<Option<AuditSeal>> {
        let sql = Sql::write(None)
            .cte("last AS MATERIALIZED (SELECT number, hash, cluster, snapshot FROM audit_seals ORDER BY number DESC LIMIT 1)")
            .cte("place AS MATERIALIZED (SELECT here.cluster, now() AS sealed_at, \
                pg_catalog.pg_current_snapshot()::text AS snapshot, coalesce(last.number, 0) + 1 AS number, \
                coalesce(last.hash, pg_catalog.decode(repeat('00', 32), 'hex')) AS previous_hash, \
                CASE WHEN last.cluster = here.cluster THEN pg_snapshot_xmin(last.snapshot::pg_snapshot)::text::bigint \
                     ELSE 0 END AS since, 9223372036854775807 AS until FROM (SELECT ")
            .text(CLUSTER)
            .text(" AS cluster) AS here LEFT JOIN last ON true)")
            .cte("fresh AS MATERIALIZED (SELECT a.id, a.timestamp, ")
            .text(ROW_HASH)
            .text(
                " AS row_hash FROM audit_logs a \
                  WHERE a.transaction_id BETWEEN (SELECT since FROM place) AND (SELECT until FROM place) \
                    AND NOT EXISTS (SELECT FROM audit_seal_rows r WHERE r.audit_id = a.id))",
            )
            .cte(
                "sum AS (SELECT count(*) AS row_count, max(timestamp) AS newest_at, \
                    pg_catalog.sha256(string_agg(row_hash, ''::bytea ORDER BY id)) AS rows_hash FROM fresh)",
            )
            .cte("seal AS (INSERT INTO audit_seals (number, sealed_at, cluster, snapshot, transaction_id, row_count, newest_at, \
                    previous_hash, rows_hash, hash) \
                SELECT number, sealed_at, cluster, snapshot, transaction_id, row_count, newest_at, previous_hash, rows_hash, ")
            .text(
                "pg_catalog.sha256(pg_catalog.convert_to(concat_ws(E'\\n', 'taskmaster audit seal 1', number, \
                    (extract(epoch FROM sealed_at) * 1000000)::bigint, cluster, snapshot, transaction_id, row_count, \
                    (extract(epoch FROM newest_at) * 1000000)::bigint, encode(previous_hash, 'hex'), \
                    encode(rows_hash, 'hex')), 'UTF8')) \
                  FROM place CROSS JOIN sum \
                       CROSS JOIN LATERAL (SELECT pg_catalog.pg_current_xact_id()::text::bigint AS transaction_id) AS own \
                 WHERE row_count > 0 \
                ON CONFLICT (number) DO NOTHING RETURNING ",
            )
            .text(COLUMNS)
            .text(")")
            .cte(
                "entries AS (INSERT INTO audit_seal_rows (seal_number, audit_id, row_hash) \
                    SELECT seal.number, fresh.id, fresh.row_hash FROM seal CROSS JOIN fresh)",
            )
            .text(" SELECT ")
            .text(COLUMNS)
            .text(" FROM seal");
        self.row("audit_log.seal", sql).await?.as_ref().map(seal).transpose()
    }

    /// A page of the seals.
    pub(crate) async fn audit_seals(&self, page: &PageRequest<AuditSealSort>) -> Result<Page<AuditSeal>> {
        let sql = Sql::read_primary("SELECT ").text(COLUMNS).text(" FROM audit_seals WHERE TRUE");
        let after = page.position()?.map(|(_, id)| page.sort.number(id));
        let sql = match page.direction {
            Direction::Ascending => sql.and("number > ", after),
            Direction::Descending => sql.and("number < ", after),
        };
        let sql = sql.text(" ORDER BY number").text(direction(page.direction));
        let rows = self.rows("audit_log.seals", sql.text(" LIMIT ").bind(i64::from(page.limit) + 1)).await?;
        let seals = rows.iter().map(seal).collect::<Result<Vec<_>>>()?;
        Ok(page.page(seals, |last| page.sort.key(last)))
    }

    /// Returns `true` if the rows of a seal are pruned.
    pub(crate) async fn is_pruned(&self, number: i64) -> Result<bool> {
        let sql =
            Sql::read_primary("SELECT pruned_at IS NOT NULL AS pruned FROM audit_seals WHERE number = ");
        self.row("audit_log.verify", sql.bind(number))
            .await?
            .map_or(Ok(false), |row| row::column(&row, "pruned"))
    }

    /// The oldest seal whose rows are not pruned.
    pub(crate) async fn oldest_unpruned_seal(&self) -> Result<Option<i64>> {
        let sql = Sql::read_primary(
            "SELECT number FROM audit_seals WHERE pruned_at IS NULL ORDER BY number LIMIT 1",
        );
        self.row("audit_log.verify", sql).await?.map(|row| row::column(&row, "number")).transpose()
    }

    /// How many rows pruning would delete: those that are left of pruned seals, and those of the seals that come next, up to
    /// the first one that has a row that is too young.
    pub(crate) async fn prunable_audit_logs(&self, before: DateTime<Utc>) -> Result<u64> {
        let sql = Sql::read_primary("SELECT (SELECT count(*) FROM audit_seal_rows WHERE seal_number < ")
            .text(OLDEST_UNPRUNED)
            .text(
                ") + (SELECT coalesce(sum(row_count), 0)::bigint FROM audit_seals WHERE pruned_at IS NULL AND number < \
                   coalesce((SELECT min(number) FROM audit_seals WHERE pruned_at IS NULL AND newest_at >= ",
            )
            .bind(bound(Some(before)))
            .text("), 9223372036854775807)) AS prunable");
        self.row("audit_log.prunable", sql).await?.map_or(Ok(0), |row| row::count(&row, "prunable"))
    }

    /// Deletes what is left of pruned seals; if that is not enough, marks more seals and deletes their rows. The mark has to be a
    /// statement of its own: the triggers that let rows go look for it.
    pub(crate) async fn prune_audit_logs(&self, before: DateTime<Utc>, limit: u32) -> Result<u64> {
        let limit = i64::from(limit);
        let left_over = self.delete_pruned(limit).await?;
        let room = limit - i64::try_from(left_over).unwrap_or(limit);
        if left_over > 0 && room <= 0 {
            return Ok(left_over);
        }
        while self.mark_prunable(before, room).await? > 0 {
            let gone = self.delete_pruned(room).await?;
            // None, where somebody has removed the rows of the seals that were marked: then the next ones are due.
            if gone > 0 {
                return Ok(left_over + gone);
            }
        }
        Ok(left_over)
    }

    /// Marks the oldest seals as pruned: as many as have `rows` rows together, and none that has a row that is too young, or
    /// comes after such a one.
    async fn mark_prunable(&self, before: DateTime<Utc>, rows: i64) -> Result<u64> {
        let sql = Sql::write(None)
            .cte(
                "oldest AS (SELECT number, newest_at, row_count FROM audit_seals WHERE pruned_at IS NULL \
                    ORDER BY number LIMIT 1000)",
            )
            .cte("ripe AS (SELECT number, bool_and(newest_at < ")
            .bind(bound(Some(before)))
            .text(
                ") OVER (ORDER BY number) AS all_old, sum(row_count) OVER (ORDER BY number) - row_count AS earlier_rows \
                  FROM oldest) \
                 UPDATE audit_seals SET pruned_at = now() WHERE pruned_at IS NULL AND number = ANY (ARRAY(\
                    SELECT number FROM ripe WHERE all_old AND earlier_rows < ",
            )
            .bind(rows)
            .text("))");
        self.execute("audit_log.prune", sql).await
    }

    /// Deletes at most `limit` rows of pruned seals, each before its entry: without that the row's trigger would not let it go.
    async fn delete_pruned(&self, limit: i64) -> Result<u64> {
        let sql = Sql::write(None)
            .cte("old AS MATERIALIZED (SELECT audit_id FROM audit_seal_rows WHERE seal_number < ")
            .text(OLDEST_UNPRUNED)
            .text(" ORDER BY seal_number, audit_id LIMIT ")
            .bind(limit)
            .text(")")
            .cte("gone AS (DELETE FROM audit_logs WHERE id = ANY (ARRAY(SELECT audit_id FROM old)) RETURNING id)")
            .text(
                " DELETE FROM audit_seal_rows WHERE audit_id = ANY (ARRAY(SELECT audit_id FROM old)) \
                   AND (SELECT count(*) FROM gone) >= 0",
            );
        self.execute("audit_log.prune", sql).await
    }
}

/// Reads a seal from a row that has [`COLUMNS`].
fn seal(row: &QueryResult) -> Result<AuditSeal> {
    let model: Model = row::entity(TABLE, row)?;
    let hash = |column: &str, bytes: &[u8]| {
        Sha256Hash::try_from(bytes).map_err(|error| RepositoryError::Inconsistent {
            table: TABLE,
            column: column.to_owned(),
            id: model.number.to_string(),
            detail: error.to_string(),
        })
    };
    Ok(AuditSeal {
        number: model.number,
        sealed_at: model.sealed_at.to_utc(),
        cluster: model.cluster,
        previous_hash: hash("previous_hash", &model.previous_hash)?,
        rows_hash: hash("rows_hash", &model.rows_hash)?,
        hash: hash("hash", &model.hash)?,
        snapshot: model.snapshot,
        transaction_id: model.transaction_id,
        row_count: model.row_count,
        newest_at: model.newest_at.to_utc(),
        pruned_at: model.pruned_at.map(|time| time.to_utc()),
    })
}
