//! Each kind of tampering, and what names it.

use taskmaster_models::{
    AddedReason, AuditAnchor, AuditFinding, AuditLogId, AuditSeal, AuditVerification, NewTask,
};
use taskmaster_repository::Repositories;

use super::Trail;

async fn found_after(sql: &str, expected: impl Fn(&Trail) -> Vec<AuditFinding>) {
    let trail = Trail::new().await;
    let before = trail.verify(None).await;
    assert!(before.is_intact(), "{before:?}");
    trail.tamper(sql).await;
    let after = trail.verify(None).await;
    assert_eq!(after.findings, expected(&trail), "{sql}");
    assert_eq!(after.finding_count, after.findings.len() as u64, "{sql}");
}

#[tokio::test]
async fn a_change_of_any_column_names_the_row() {
    for change in [
        "entity_type = 'task_context'",
        "entity_id = gen_random_uuid()",
        "action = 'delete'",
        "old_values = '{}'",
        "old_values = 'null'",
        "new_values = NULL",
        "new_values = new_values || '{\"title\": \"Another\"}'",
        "user_id = 'eve'",
        "user_id = ''",
        "session_id = 's'",
        "ip_address = '10.0.0.1'",
        "user_agent = 'curl'",
        "timestamp = timestamp + interval '1 microsecond'",
        "metadata = '{\"a\": 1}'",
        "transaction_id = transaction_id + 1",
    ] {
        let sql = format!("UPDATE audit_logs SET {change} WHERE id = $row");
        found_after(&sql, |trail| vec![AuditFinding::RowChanged { id: trail.rows[0], seal: 2 }]).await;
    }
}

#[tokio::test]
async fn a_row_under_another_id_is_one_removed_and_one_added() {
    let added = "ffffffff-0000-7000-8000-000000000000";
    found_after(&format!("UPDATE audit_logs SET id = '{added}' WHERE id = $row"), |trail| {
        let reason = AddedReason::TransactionWasOver;
        vec![
            AuditFinding::RowRemoved { id: trail.rows[0], seal: 2 },
            AuditFinding::RowAdded { id: added.parse().unwrap(), seal: 3, reason },
        ]
    })
    .await;
}

#[tokio::test]
async fn two_rows_that_changed_their_contents_are_both_named() {
    let swap = "UPDATE audit_logs a SET entity_id = b.entity_id, new_values = b.new_values FROM audit_logs b \
                WHERE a.id IN ($row, $other) AND b.id IN ($row, $other) AND a.id <> b.id";
    found_after(swap, |trail| {
        trail.rows[..2].iter().map(|id| AuditFinding::RowChanged { id: *id, seal: 2 }).collect()
    })
    .await;
}

#[tokio::test]
async fn a_removed_row_is_named() {
    found_after("DELETE FROM audit_logs WHERE id = $row", |trail| {
        vec![AuditFinding::RowRemoved { id: trail.rows[0], seal: 2 }]
    })
    .await;
    let with_entry =
        "DELETE FROM audit_logs WHERE id = $row; DELETE FROM audit_seal_rows WHERE audit_id = $row";
    found_after(with_entry, |_| vec![AuditFinding::RowsOfSealChanged { number: 2 }]).await;
}

#[tokio::test]
async fn an_added_row_is_named() {
    for id in ["ffffffff-0000-7000-8000-000000000000", "00000000-0000-0000-0000-000000000000"] {
        an_added_row_of_this_id_is_named(id.parse().unwrap()).await;
    }
}

async fn an_added_row_of_this_id_is_named(id: AuditLogId) {
    let add = |columns: &str, values: &str| {
        format!(
            "INSERT INTO audit_logs (id, entity_type, entity_id, action, {columns}) \
             SELECT '{id}', 'task', gen_random_uuid(), 'create', {values}"
        )
    };
    let reason = AddedReason::TransactionWasOver;
    let old_time = add("timestamp", "(SELECT min(timestamp) FROM audit_logs)");
    found_after(&old_time, |_| vec![AuditFinding::RowBackdated { id, seal: 3 }]).await;
    let old_transaction = add("transaction_id", "(SELECT min(transaction_id) FROM audit_logs)");
    found_after(&old_transaction, |_| vec![AuditFinding::RowAdded { id, seal: 3, reason }]).await;

    // The same, when there was a seal since.
    let seal = async |sql: &str| {
        let trail = Trail::new().await;
        trail.tamper(sql).await;
        trail.store.audit_logs().seal().await.unwrap().unwrap();
        trail.verify(None).await.findings
    };
    assert_eq!(seal(&old_time).await, [AuditFinding::RowBackdated { id, seal: 3 }]);
    // The new seal may know the row or leave it out, by which other transactions of the server were going on meanwhile. So the seal
    // that contradicts it is the one before, or the new one.
    let found = seal(&old_transaction).await;
    let added = |seal| vec![AuditFinding::RowAdded { id, seal, reason }];
    assert!(found == added(3) || found == added(4), "{found:?}");
    let future = seal(&add("transaction_id", "1000000000000")).await;
    let reason = AddedReason::TransactionNotOver;
    assert_eq!(future, [AuditFinding::RowAdded { id, seal: 4, reason }]);
}

#[tokio::test]
async fn a_row_added_with_an_entry_in_an_old_seal_names_the_seal() {
    let sql = "INSERT INTO audit_logs (id, entity_type, entity_id, action, transaction_id) \
               SELECT 'ffffffff-0000-7000-8000-000000000000', 'task', gen_random_uuid(), 'create', transaction_id \
                 FROM audit_logs WHERE id = $row; \
               INSERT INTO audit_seal_rows SELECT 2, 'ffffffff-0000-7000-8000-000000000000', sha256('')";
    found_after(sql, |_| {
        let id = "ffffffff-0000-7000-8000-000000000000".parse().unwrap();
        vec![AuditFinding::RowChanged { id, seal: 2 }, AuditFinding::RowsOfSealChanged { number: 2 }]
    })
    .await;
}

#[tokio::test]
async fn a_changed_entry_is_told_from_a_changed_row() {
    found_after("UPDATE audit_seal_rows SET row_hash = sha256('') WHERE audit_id = $row", |trail| {
        vec![AuditFinding::EntryChanged { id: trail.rows[0], seal: 2 }]
    })
    .await;
    let both = "UPDATE audit_logs SET user_id = 'eve' WHERE id = $row; \
                UPDATE audit_seal_rows SET row_hash = (SELECT pg_catalog.sha256(convert_to(jsonb_build_array(id, \
                    entity_type, entity_id, action, encode(sha256(convert_to(old_values::text, 'UTF8')), 'hex'), \
                    encode(sha256(convert_to(new_values::text, 'UTF8')), 'hex'), user_id, session_id, \
                    ip_address::text, user_agent, (extract(epoch FROM timestamp) * 1000000)::bigint, metadata::text, \
                    transaction_id)::text, 'UTF8')) FROM audit_logs WHERE id = $row) WHERE audit_id = $row";
    found_after(both, |_| vec![AuditFinding::RowsOfSealChanged { number: 2 }]).await;
    let moved = "UPDATE audit_seal_rows SET seal_number = 1 WHERE audit_id = $row";
    found_after(moved, |_| [1, 2].map(|number| AuditFinding::RowsOfSealChanged { number }).to_vec()).await;
    let reason = AddedReason::TransactionWasOver;
    found_after("DELETE FROM audit_seal_rows WHERE audit_id = $row", |trail| {
        vec![
            AuditFinding::RowsOfSealChanged { number: 2 },
            AuditFinding::RowAdded { id: trail.rows[0], seal: 3, reason },
        ]
    })
    .await;
}

#[tokio::test]
async fn a_change_of_any_column_of_a_seal_names_the_seal() {
    for change in [
        "sealed_at = sealed_at - interval '1 hour'",
        "cluster = cluster + 1",
        "snapshot = '1:1:'",
        "snapshot = '1000000:1000000:'",
        "snapshot = 'nonsense'",
        "transaction_id = 1",
        "row_count = row_count + 1",
        "newest_at = newest_at + interval '1 hour'",
        "previous_hash = sha256('')",
        "hash = sha256('')",
    ] {
        let sql = format!("UPDATE audit_seals SET {change} WHERE number = 2");
        found_after(&sql, |_| vec![AuditFinding::SealChanged { number: 2 }]).await;
    }
    found_after("UPDATE audit_seals SET rows_hash = sha256('') WHERE number = 2", |_| {
        vec![AuditFinding::RowsOfSealChanged { number: 2 }, AuditFinding::SealChanged { number: 2 }]
    })
    .await;
}

#[tokio::test]
async fn a_missing_seal_is_named() {
    for number in [1, 2, 3] {
        let sql = format!("DELETE FROM audit_seals WHERE number = {number}");
        let trail = Trail::new().await;
        trail.tamper(&sql).await;
        let findings = trail.verify(None).await.findings;
        assert_eq!(findings, [AuditFinding::SealMissing { number }]);
    }
}

#[tokio::test]
async fn a_seal_that_retention_did_not_take_is_named() {
    let sql = "UPDATE audit_seals SET pruned_at = now() WHERE number = 2; \
               DELETE FROM audit_logs WHERE id IN (SELECT audit_id FROM audit_seal_rows WHERE seal_number = 2)";
    found_after(sql, |_| vec![AuditFinding::PrunedOutOfOrder { number: 2 }]).await;
}

#[tokio::test]
async fn what_a_chain_without_its_end_hides_an_anchor_finds() {
    let trail = Trail::new().await;
    let anchor = trail.store.audit_logs().anchor().await.unwrap().unwrap();
    trail
        .tamper("DELETE FROM audit_seal_rows WHERE seal_number = 3; DELETE FROM audit_seals WHERE number = 3")
        .await;
    assert!(trail.verify(None).await.is_intact(), "the trail itself looks like one that was sealed twice");
    let found = trail.verify(Some(anchor)).await.findings;
    let AuditAnchor { number, hash: anchored, .. } = anchor;
    assert_eq!(found, [AuditFinding::AnchorMismatch { number, anchored, found: None }]);
}

#[tokio::test]
async fn what_a_chain_made_anew_hides_an_anchor_finds() {
    let trail = Trail::new().await;
    let anchor = trail.store.audit_logs().anchor().await.unwrap().unwrap();
    trail
        .tamper(
            "UPDATE audit_logs SET user_id = 'eve' WHERE id = $row; TRUNCATE audit_seals, audit_seal_rows",
        )
        .await;
    trail.store.audit_logs().seal().await.unwrap().unwrap();
    assert!(trail.verify(None).await.is_intact());
    let found = trail.verify(Some(anchor)).await.findings;
    let AuditAnchor { number, hash: anchored, .. } = anchor;
    assert_eq!(found, [AuditFinding::AnchorMismatch { number, anchored, found: None }]);
}

#[tokio::test]
async fn a_seal_that_is_rewritten_with_its_hash_breaks_the_chain() {
    let trail = Trail::new().await;
    let anchor = trail.store.audit_logs().anchor().await.unwrap().unwrap();
    let rewrite = async |mut seal: AuditSeal| {
        seal.hash = seal.expected_hash();
        let AuditSeal { number, cluster, previous_hash, hash, .. } = seal;
        let sql = format!(
            "UPDATE audit_seals SET cluster = {cluster}, previous_hash = '\\x{previous_hash}', hash = '\\x{hash}' \
             WHERE number = {number}"
        );
        trail.tamper(&sql).await;
        seal
    };
    let [_, second, third] = trail.seals().await.try_into().unwrap();
    let second = rewrite(AuditSeal { cluster: 7, ..second }).await;
    assert_eq!(trail.verify(None).await.findings, [AuditFinding::SealChanged { number: 2 }]);
    let third = rewrite(AuditSeal { previous_hash: second.hash, ..third }).await;
    assert!(trail.verify(None).await.is_intact(), "this chain is as good as the first");
    let found = trail.verify(Some(anchor)).await.findings;
    let AuditAnchor { number, hash: anchored, .. } = anchor;
    assert_eq!(found, [AuditFinding::AnchorMismatch { number, anchored, found: Some(third.hash) }]);
}

#[tokio::test]
async fn findings_beyond_the_first_thousand_are_counted() {
    let trail = Trail::new().await;
    let new: Vec<_> = (0..2500).map(|n| NewTask::new(format!("Task {n}"))).collect();
    trail.store.tasks().bulk_create(&new).await.unwrap();
    trail.store.audit_logs().seal().await.unwrap();
    trail.tamper("UPDATE audit_logs SET user_id = 'eve'").await;
    let verification = trail.verify(None).await;
    assert_eq!(verification.findings.len(), AuditVerification::MAX_FINDINGS);
    // The unsealed row of before is sealed now.
    assert_eq!((verification.finding_count, verification.rows), (2510, 2510));
}

#[tokio::test]
async fn a_row_with_an_entry_of_no_seal_at_all_is_named() {
    for number in [0, -1, i64::MIN] {
        let sql = format!(
            "INSERT INTO audit_logs (id, entity_type, entity_id, action, timestamp, transaction_id) \
             SELECT 'ffffffff-0000-7000-8000-000000000000', 'task', gen_random_uuid(), 'delete', now() - interval '30 days', 5; \
             INSERT INTO audit_seal_rows SELECT {number}, 'ffffffff-0000-7000-8000-000000000000', sha256('')"
        );
        let id = "ffffffff-0000-7000-8000-000000000000".parse().unwrap();
        let reason = AddedReason::TransactionWasOver;
        found_after(&sql, |_| {
            vec![AuditFinding::SealMissing { number }, AuditFinding::RowAdded { id, seal: 3, reason }]
        })
        .await;
    }
}

#[tokio::test]
async fn a_seal_before_the_first_one_is_named() {
    let trail = Trail::new().await;
    trail
        .tamper(
            "ALTER TABLE audit_seals DROP CONSTRAINT audit_seals_number_check; \
             INSERT INTO audit_seals SELECT 0, sealed_at, cluster, snapshot, transaction_id, row_count, newest_at, previous_hash, \
                rows_hash, hash, NULL FROM audit_seals WHERE number = 1",
        )
        .await;
    let findings = trail.verify(None).await.findings;
    assert!(findings.contains(&AuditFinding::SealChanged { number: 0 }), "{findings:?}");
}

#[tokio::test]
async fn a_row_hidden_in_a_pruned_seal_is_named_if_it_is_younger_and_counted_if_not() {
    let hide = |timestamp: &str| {
        format!(
            "UPDATE audit_seals SET pruned_at = now() WHERE number = 1; \
             INSERT INTO audit_logs (id, entity_type, entity_id, action, timestamp, transaction_id) \
             SELECT 'ffffffff-0000-7000-8000-000000000000', 'task', gen_random_uuid(), 'delete', {timestamp}, 5; \
             INSERT INTO audit_seal_rows SELECT 1, 'ffffffff-0000-7000-8000-000000000000', sha256('')"
        )
    };
    let trail = Trail::new().await;
    trail.tamper(&hide("clock_timestamp()")).await;
    let found = trail.verify(None).await;
    let id = "ffffffff-0000-7000-8000-000000000000".parse().unwrap();
    let reason = AddedReason::YoungerThanSeal;
    assert!(found.findings.contains(&AuditFinding::RowAdded { id, seal: 1, reason }), "{found:?}");
    assert!(found.findings.contains(&AuditFinding::RowsOfSealChanged { number: 1 }), "{found:?}");
    assert_eq!(found.left_over, 4);

    let trail = Trail::new().await;
    trail.tamper(&hide("now() - interval '30 days'")).await;
    let found = trail.verify(None).await;
    assert!(found.findings.contains(&AuditFinding::RowsOfSealChanged { number: 1 }), "{found:?}");
}
