//! Verification of the audit trail: reads it to the models' verifier, a chunk at a time.

use std::collections::VecDeque;

use sea_orm::QueryResult;
use taskmaster_connection::Executor;
use taskmaster_models::{
    AuditAnchor, AuditLogId, AuditSealSort, AuditVerification, AuditVerifier, FoundRow, PageRequest,
    SealedRow, Sha256Hash, UnsealedRow,
};
use taskmaster_repository::{RepositoryError, Result};
use uuid::Uuid;

use crate::{
    audit_log::TABLE,
    audit_seal::{CLUSTER, ROW_HASH},
    row,
    sql::Sql,
    store::Pg,
};

/// How many rows are read at once. Of each only hashes and ids, so that it does not matter how large it is.
const CHUNK: i64 = 1000;

impl<C: Executor> Pg<C> {
    pub(crate) async fn verify_audit_logs(&self, anchor: Option<AuditAnchor>) -> Result<AuditVerification> {
        let mut verifier = AuditVerifier::new(self.cluster().await?, anchor);
        let mut last = 0;
        let mut request = PageRequest::new(AuditSealSort::Number).ascending().limit(500);
        loop {
            let page = self.audit_seals(&request).await?;
            last = page.items.last().map_or(last, |seal| seal.number);
            let mut rows = SealedRows::new(self, page.items.first().map_or(0, |seal| seal.number), last);
            for seal in page.items {
                let number = seal.number;
                verifier.open(seal);
                while let Some(row) = rows.next_of(number).await? {
                    verifier.row(&row);
                }
                // Retention may have taken them since the seal was read.
                let pruned = verifier.misses_rows() && self.is_pruned(number).await?;
                verifier.close(pruned);
            }
            if page.next.is_none() {
                break;
            }
            request = request.after(page.next);
        }
        self.verify_unsealed(&mut verifier, last).await?;
        Ok(verifier.finish(self.oldest_unpruned_seal().await?))
    }

    async fn cluster(&self) -> Result<i64> {
        let sql = Sql::read_primary("SELECT ").text(CLUSTER).text(" AS cluster");
        let row = self.row("audit_log.verify", sql).await?;
        row.map_or_else(
            || Err(RepositoryError::Backend { source: "the server has told nothing of itself".into() }),
            |row| row::column(&row, "cluster"),
        )
    }

    /// Reads the rows that no seal up to `last` knows. Those that a later seal knows are read, too: it was made meanwhile,
    /// or is not there any more.
    async fn verify_unsealed(&self, verifier: &mut AuditVerifier, last: i64) -> Result<()> {
        // From the very first id: a forger may choose any.
        let mut after = None;
        loop {
            let sql = Sql::read_primary(
                "SELECT a.id, a.transaction_id, a.timestamp, \
                    (SELECT r.seal_number FROM audit_seal_rows r WHERE r.audit_id = a.id \
                        AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.number = r.seal_number)) AS missing_seal \
                 FROM audit_logs a WHERE TRUE",
            );
            let sql = sql
                .and("a.id > ", after)
                .text(" AND NOT EXISTS (SELECT FROM audit_seal_rows r WHERE r.audit_id = a.id AND r.seal_number BETWEEN 1 AND ")
                .bind(last)
                .text(") ORDER BY a.id LIMIT ")
                .bind(CHUNK);
            let rows = self.rows("audit_log.verify", sql).await?;
            for row in &rows {
                let row = unsealed(row)?;
                after = Some(row.id.as_uuid());
                verifier.unsealed(&row);
            }
            if i64::try_from(rows.len()).is_ok_and(|count| count < CHUNK) {
                return Ok(());
            }
        }
    }
}

/// The rows of some seals, in order.
struct SealedRows<'a, C> {
    store: &'a Pg<C>,
    /// Where the next chunk begins.
    after: (i64, Uuid),
    last_seal: i64,
    read: VecDeque<(i64, SealedRow)>,
    at_end: bool,
}

impl<'a, C: Executor> SealedRows<'a, C> {
    fn new(store: &'a Pg<C>, first_seal: i64, last_seal: i64) -> Self {
        let after = (first_seal - 1, Uuid::max());
        Self { store, after, last_seal, read: VecDeque::new(), at_end: false }
    }

    /// The next row of this seal.
    async fn next_of(&mut self, seal: i64) -> Result<Option<SealedRow>> {
        loop {
            if self.read.is_empty() && !self.at_end {
                self.read_chunk().await?;
            }
            match self.read.front() {
                // Of a seal that is missing, which is found anyway.
                Some((number, _)) if *number < seal => drop(self.read.pop_front()),
                Some((number, _)) if *number == seal => return Ok(self.read.pop_front().map(|(_, row)| row)),
                _ => return Ok(None),
            }
        }
    }

    async fn read_chunk(&mut self) -> Result<()> {
        let sql = Sql::read_primary(
            "SELECT r.seal_number, r.audit_id, r.row_hash, a.transaction_id, a.timestamp, \
                CASE WHEN a.id IS NOT NULL THEN ",
        );
        let sql = sql
            .text(ROW_HASH)
            .text(
                " END AS found_hash FROM (SELECT seal_number, audit_id, row_hash FROM audit_seal_rows \
                   WHERE (seal_number, audit_id) > (",
            )
            .bind(self.after.0)
            .text(", ")
            .bind(self.after.1)
            .text(") AND seal_number <= ")
            .bind(self.last_seal)
            .text(" ORDER BY seal_number, audit_id LIMIT ")
            .bind(CHUNK)
            .text(") AS r LEFT JOIN audit_logs a ON a.id = r.audit_id ORDER BY r.seal_number, r.audit_id");
        let rows = self.store.rows("audit_log.verify", sql).await?;
        for row in &rows {
            let (number, row) = sealed(row)?;
            self.after = (number, row.id.as_uuid());
            self.read.push_back((number, row));
        }
        self.at_end = i64::try_from(rows.len()).is_ok_and(|count| count < CHUNK);
        Ok(())
    }
}

fn sealed(row: &QueryResult) -> Result<(i64, SealedRow)> {
    let id = row::column(row, "audit_id")?;
    let noted_hash = hash("audit_seal_rows", id, row::column::<Vec<u8>>(row, "row_hash")?.as_slice())?;
    let found = match row::column::<Option<Vec<u8>>>(row, "found_hash")? {
        Some(bytes) => Some(FoundRow {
            hash: hash(TABLE, id, &bytes)?,
            transaction_id: row::column(row, "transaction_id")?,
            timestamp: row::column(row, "timestamp")?,
        }),
        None => None,
    };
    Ok((row::column(row, "seal_number")?, SealedRow { id: AuditLogId::from_uuid(id), noted_hash, found }))
}

fn hash(table: &'static str, id: Uuid, bytes: &[u8]) -> Result<Sha256Hash> {
    Sha256Hash::try_from(bytes).map_err(|error| RepositoryError::Inconsistent {
        table,
        column: "row_hash".to_owned(),
        id: id.to_string(),
        detail: error.to_string(),
    })
}

fn unsealed(row: &QueryResult) -> Result<UnsealedRow> {
    Ok(UnsealedRow {
        id: AuditLogId::from_uuid(row::column(row, "id")?),
        transaction_id: row::column(row, "transaction_id")?,
        timestamp: row::column(row, "timestamp")?,
        missing_seal: row::column(row, "missing_seal")?,
    })
}
