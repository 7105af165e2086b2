//! The audit trail's seals: hashes, anchors, and the verifier where no database can take it.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test and names its line")]

use chrono::{DateTime, Utc};
use taskmaster_models::{
    AddedReason, AuditAnchor, AuditFinding, AuditLogId, AuditSeal, AuditVerification, AuditVerifier,
    FaultCode, FoundRow, SealedRow, Sha256Hash, UnsealedRow,
};

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
}

fn row_hash(n: u8) -> Sha256Hash {
    Sha256Hash::of([n])
}

/// A seal after another one, made at that second by transaction `second`, when all transactions before were over.
fn seal(previous: Option<&AuditSeal>, cluster: i64, second: i64, rows: &[u8]) -> AuditSeal {
    let mut seal = AuditSeal {
        number: previous.map_or(1, |seal| seal.number + 1),
        sealed_at: at(second),
        cluster,
        snapshot: format!("{second}:{second}:"),
        transaction_id: second,
        row_count: i64::try_from(rows.len()).unwrap(),
        newest_at: at(second - 1),
        previous_hash: previous.map_or(Sha256Hash::ZERO, |seal| seal.hash),
        rows_hash: Sha256Hash::of_all(rows.iter().map(|n| row_hash(*n))),
        hash: Sha256Hash::ZERO,
        pruned_at: None,
    };
    seal.hash = seal.expected_hash();
    seal
}

fn sealed(n: u8, transaction_id: i64) -> SealedRow {
    let found = FoundRow { hash: row_hash(n), transaction_id, timestamp: at(transaction_id) };
    SealedRow {
        id: AuditLogId::from_uuid(uuid::Uuid::from_u128(n.into())),
        noted_hash: row_hash(n),
        found: Some(found),
    }
}

fn read(verifier: &mut AuditVerifier, seal: &AuditSeal, rows: &[SealedRow]) {
    verifier.open(seal.clone());
    for row in rows {
        verifier.row(row);
    }
    verifier.close(false);
}

#[test]
fn the_hash_of_a_seal_is_that_of_its_documented_text() {
    let seal = seal(None, 7, 10, &[1]);
    let text = format!(
        "taskmaster audit seal 1\n1\n1767225610000000\n7\n10:10:\n10\n1\n1767225609000000\n{}\n{}",
        "0".repeat(64),
        Sha256Hash::of(row_hash(1).as_bytes())
    );
    assert_eq!(seal.hash, Sha256Hash::of(text));
}

#[test]
fn an_intact_chain_has_no_finding() {
    let first = seal(None, 7, 10, &[1, 2]);
    let second = seal(Some(&first), 7, 20, &[3]);
    let mut verifier = AuditVerifier::new(7, Some(first.anchor()));
    read(&mut verifier, &first, &[sealed(1, 3), sealed(2, 4)]);
    read(&mut verifier, &second, &[sealed(3, 12)]);
    let row =
        UnsealedRow { id: AuditLogId::new(), transaction_id: 25, timestamp: at(25), missing_seal: None };
    verifier.unsealed(&row);
    let expected = AuditVerification {
        seals: 2,
        rows: 3,
        unsealed: 1,
        oldest_unsealed: Some(at(25)),
        last: Some(second.anchor()),
        ..AuditVerification::default()
    };
    assert_eq!(verifier.finish(Some(1)), expected);
}

#[test]
fn transactions_of_different_clusters_are_not_compared() {
    let first = seal(None, 7, 100, &[1]);
    // Restored elsewhere, where the ids of transactions are smaller.
    let second = seal(Some(&first), 8, 50, &[2]);
    let mut verifier = AuditVerifier::new(8, None);
    read(&mut verifier, &first, &[sealed(1, 3)]);
    read(&mut verifier, &second, &[sealed(2, 40)]);
    assert!(verifier.finish(Some(1)).is_intact());
}

#[test]
fn what_a_forger_cannot_hide_is_named() {
    let first = seal(None, 7, 10, &[1]);
    let second = seal(Some(&first), 7, 20, &[2, 3]);
    let mut verifier = AuditVerifier::new(7, None);
    read(&mut verifier, &first, &[sealed(1, 3)]);
    let (added, early) = (sealed(2, 5), sealed(3, 21));
    read(&mut verifier, &second, &[added, early]);
    let id = AuditLogId::new();
    verifier.unsealed(&UnsealedRow { id, transaction_id: 30, timestamp: at(19), missing_seal: Some(3) });
    let reason = AddedReason::TransactionWasOver;
    let expected = [
        AuditFinding::RowAdded { id: added.id, seal: 1, reason },
        AuditFinding::RowAdded { id: early.id, seal: 2, reason: AddedReason::TransactionNotOver },
        AuditFinding::SealMissing { number: 3 },
        AuditFinding::RowBackdated { id, seal: 2 },
    ];
    assert_eq!(verifier.finish(Some(1)).findings, expected);
}

#[test]
fn a_seal_from_the_end_of_all_numbers_is_counted_and_not_listed() {
    let mut far = seal(None, 7, 10, &[1]);
    far.number = i64::MAX;
    let mut verifier = AuditVerifier::new(7, None);
    read(&mut verifier, &far, &[sealed(1, 3)]);
    let verification = verifier.finish(Some(1));
    assert_eq!(verification.findings.len(), AuditVerification::MAX_FINDINGS);
    assert!(verification.finding_count > 9_000_000_000_000_000_000);
}

#[test]
fn an_anchor_survives_its_text() {
    let anchor = seal(None, 7, 10, &[1]).anchor();
    assert_eq!(anchor.to_string().parse::<AuditAnchor>().unwrap(), anchor);
}

#[test]
fn a_malformed_anchor_is_refused_with_every_fault() {
    let faults = |text: &str| {
        let faults = text.parse::<AuditAnchor>().unwrap_err().faults;
        faults.into_iter().map(|fault| (fault.field, fault.code)).collect::<Vec<_>>()
    };
    let named = |faults: &[(&str, FaultCode)]| {
        faults.iter().map(|(field, code)| ((*field).to_owned(), *code)).collect::<Vec<_>>()
    };
    for text in ["", "[]", "7", "{"] {
        assert_eq!(faults(text), named(&[("anchor", FaultCode::WrongShape)]), "{text}");
    }
    let required = ["number", "hash", "sealed_at"].map(|field| (field, FaultCode::Required));
    assert_eq!(faults("{}"), named(&required));
    let all = r#"{"number": "1", "hash": "abc", "sealed_at": "yesterday", "extra": 1}"#;
    let shape = ["number", "hash", "sealed_at", "extra"].map(|field| (field, FaultCode::WrongShape));
    assert_eq!(faults(all), named(&shape));
    let hash = Sha256Hash::ZERO;
    let zero = format!(r#"{{"number": 0, "hash": "{hash}", "sealed_at": "2026-01-01T00:00:00.0000001Z"}}"#);
    assert_eq!(
        faults(&zero),
        named(&[("number", FaultCode::OutOfRange), ("sealed_at", FaultCode::TooPrecise)])
    );
}
