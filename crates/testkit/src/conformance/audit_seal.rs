//! Seals of the audit trail. How they show tampering is tested where there is somebody who can tamper: on PostgreSQL.

use chrono::{DateTime, TimeDelta, Utc};
use taskmaster_models::{
    AuditAnchor, AuditFinding, AuditLogFilter, AuditSeal, AuditSealSort, AuditVerification, FaultCode,
    NewTask, PageRequest, Sha256Hash, clock,
};
use taskmaster_repository::{RepositoryError, Store};

use super::{expect, given, suite};

suite!(
    "audit_seal",
    an_empty_trail_has_nothing_to_seal,
    a_seal_holds_all_rows_that_are_there,
    seals_form_a_chain,
    seals_are_paged_by_their_number,
    what_is_written_after_a_seal_is_unsealed,
    a_unit_of_work_that_is_older_than_a_seal_is_no_finding,
    a_unit_of_work_cannot_seal,
    an_anchor_proves_the_chain_that_it_was_taken_from,
    an_anchor_of_another_chain_is_a_finding,
    an_anchor_that_cannot_be_one_is_refused_by_field,
    fault_26_pruning_takes_old_rows_and_leaves_their_seals,
    pruning_takes_no_row_of_a_seal_with_a_younger_one,
    rows_that_are_not_sealed_are_never_pruned,
    a_pruning_limit_out_of_range_is_refused,
);

async fn sealed(store: &dyn Store, titles: &[&str]) -> AuditSeal {
    let new: Vec<_> = titles.iter().map(|title| NewTask::new(*title)).collect();
    store.tasks().bulk_create(&new).await.unwrap();
    store.audit_logs().seal().await.unwrap().unwrap()
}

async fn verified(store: &dyn Store) -> AuditVerification {
    let verification = store.audit_logs().verify(None).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    verification
}

async fn an_empty_trail_has_nothing_to_seal(store: &dyn Store) {
    let logs = store.audit_logs();
    assert_eq!(logs.seal().await.unwrap(), None);
    assert_eq!(logs.anchor().await.unwrap(), None);
    assert_eq!(logs.seals(&PageRequest::default()).await.unwrap().items, []);
    assert_eq!(verified(store).await, AuditVerification::default());
    assert_eq!(logs.prunable(clock::latest()).await.unwrap(), 0);
    assert_eq!(logs.prune(clock::latest(), 10).await.unwrap(), 0);
}

async fn a_seal_holds_all_rows_that_are_there(store: &dyn Store) {
    let before = clock::now();
    let seal = sealed(store, &["A", "B", "C"]).await;
    let newest = store.audit_logs().recent_activity(1).await.unwrap().remove(0).log.timestamp;
    assert_eq!((seal.number, seal.row_count, seal.newest_at), (1, 3, newest));
    assert_eq!((seal.previous_hash, seal.pruned_at), (Sha256Hash::ZERO, None));
    assert_eq!(seal.hash, seal.expected_hash());
    assert!((seal.sealed_at - before).num_minutes().abs() < 10);
    assert_eq!(store.audit_logs().seal().await.unwrap(), None, "nothing is left");
    assert_eq!(store.audit_logs().anchor().await.unwrap(), Some(seal.anchor()));
    let expected =
        AuditVerification { seals: 1, rows: 3, last: Some(seal.anchor()), ..AuditVerification::default() };
    assert_eq!(verified(store).await, expected);
}

async fn seals_form_a_chain(store: &dyn Store) {
    let first = sealed(store, &["A"]).await;
    let second = sealed(store, &["B", "C"]).await;
    let third = sealed(store, &["D"]).await;
    assert_eq!([first.number, second.number, third.number], [1, 2, 3]);
    assert_eq!((second.previous_hash, third.previous_hash), (first.hash, second.hash));
    let verification = verified(store).await;
    assert_eq!((verification.seals, verification.rows, verification.unsealed), (3, 4, 0));
}

async fn seals_are_paged_by_their_number(store: &dyn Store) {
    let mut made = Vec::new();
    for title in ["A", "B", "C", "D", "E"] {
        made.push(sealed(store, &[title]).await);
    }
    let ascending = PageRequest::new(AuditSealSort::Number).ascending().limit(2);
    let mut found = Vec::new();
    let mut request = ascending.clone();
    loop {
        let page = store.audit_logs().seals(&request).await.unwrap();
        assert!(page.items.len() <= 2);
        found.extend(page.items);
        if page.next.is_none() {
            break;
        }
        request = request.after(page.next);
    }
    assert_eq!(found, made);
    let newest = store.audit_logs().seals(&PageRequest::default().limit(1)).await.unwrap();
    assert_eq!(newest.items, made[4..]);
    let foreign = ascending.clone().after(newest.next);
    expect::fault(store.audit_logs().seals(&foreign).await, "after", FaultCode::BadCursor);
    expect::fault(store.audit_logs().seals(&ascending.limit(0)).await, "limit", FaultCode::OutOfRange);
}

async fn what_is_written_after_a_seal_is_unsealed(store: &dyn Store) {
    sealed(store, &["A"]).await;
    given::task(store, "B").await;
    let verification = verified(store).await;
    assert_eq!((verification.rows, verification.unsealed), (1, 1));
}

async fn a_unit_of_work_that_is_older_than_a_seal_is_no_finding(store: &dyn Store) {
    let uow = store.begin().await.unwrap();
    given::task(&*uow, "Begun before").await;
    sealed(store, &["Sealed meanwhile"]).await;
    given::task(&*uow, "Written after").await;
    sealed(store, &["Sealed again"]).await;
    uow.commit().await.unwrap();
    assert_eq!(verified(store).await.unsealed, 2);
    let seal = store.audit_logs().seal().await.unwrap().unwrap();
    assert_eq!(seal.row_count, 2);
    let verification = verified(store).await;
    assert_eq!((verification.rows, verification.unsealed), (4, 0));
}

async fn a_unit_of_work_cannot_seal(store: &dyn Store) {
    given::task(store, "Committed").await;
    let uow = store.begin().await.unwrap();
    let kept = given::task(&*uow, "Not yet").await;
    let refused = uow.audit_logs().seal().await;
    assert!(matches!(refused, Err(RepositoryError::Refused { .. })), "{refused:?}");
    assert!(uow.audit_logs().verify(None).await.unwrap().is_intact());
    uow.commit().await.unwrap();
    assert_eq!(store.tasks().find_by_id(kept.id).await.unwrap(), Some(kept));
    assert_eq!(store.audit_logs().seal().await.unwrap().unwrap().row_count, 2);
}

async fn an_anchor_proves_the_chain_that_it_was_taken_from(store: &dyn Store) {
    sealed(store, &["A"]).await;
    let kept = store.audit_logs().anchor().await.unwrap().unwrap().to_string();
    sealed(store, &["B"]).await;
    let anchor: AuditAnchor = kept.parse().unwrap();
    let verification = store.audit_logs().verify(Some(anchor)).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!(verification.last, store.audit_logs().anchor().await.unwrap());
}

async fn an_anchor_of_another_chain_is_a_finding(store: &dyn Store) {
    let seal = sealed(store, &["A"]).await;
    let hash = Sha256Hash::of("another chain");
    let other = AuditAnchor { hash, ..seal.anchor() };
    let later = AuditAnchor { number: 2, ..other };
    let elsewhere = AuditAnchor { sealed_at: seal.sealed_at + TimeDelta::seconds(1), ..seal.anchor() };
    for (anchor, found) in [(other, Some(seal.hash)), (later, None), (elsewhere, Some(seal.hash))] {
        let verification = store.audit_logs().verify(Some(anchor)).await.unwrap();
        let AuditAnchor { number, hash: anchored, .. } = anchor;
        assert_eq!(verification.findings, [AuditFinding::AnchorMismatch { number, anchored, found }]);
        assert!(!verification.is_intact());
    }
}

async fn an_anchor_that_cannot_be_one_is_refused_by_field(store: &dyn Store) {
    let anchor =
        AuditAnchor { number: 0, hash: Sha256Hash::ZERO, sealed_at: given::time("0000-12-31T23:59:59Z") };
    let expected =
        [("number".to_owned(), FaultCode::OutOfRange), ("sealed_at".to_owned(), FaultCode::OutOfRange)];
    assert_eq!(expect::faults(store.audit_logs().verify(Some(anchor)).await), expected);
}

/// A time between what was written before and what will be written after.
fn pause() -> DateTime<Utc> {
    // The clock has microseconds, and a database takes longer than one of them to answer.
    let now = clock::now();
    while clock::now() <= now + TimeDelta::milliseconds(2) {
        std::hint::spin_loop();
    }
    now + TimeDelta::milliseconds(1)
}

async fn fault_26_pruning_takes_old_rows_and_leaves_their_seals(store: &dyn Store) {
    let first = sealed(store, &["A", "B", "C"]).await;
    let second = sealed(store, &["D", "E"]).await;
    let then = pause();
    let third = sealed(store, &["F"]).await;
    let logs = store.audit_logs();
    assert_eq!(logs.prunable(then).await.unwrap(), 5);
    assert_eq!(logs.prunable(first.newest_at).await.unwrap(), 0, "that time itself is not before it");
    assert_eq!(logs.prune(first.newest_at, 10).await.unwrap(), 0);

    assert_eq!(logs.prune(then, 2).await.unwrap(), 2);
    assert_eq!(logs.prunable(then).await.unwrap(), 3);
    let partly = verified(store).await;
    assert_eq!((partly.pruned_seals, partly.pruned_through), (1, Some(first.newest_at)));
    assert_eq!(logs.prune(then, 2).await.unwrap(), 2);
    assert_eq!(logs.prune(then, 100_000).await.unwrap(), 1);
    assert_eq!(logs.prune(then, 100_000).await.unwrap(), 0);
    assert_eq!(logs.prunable(then).await.unwrap(), 0);

    assert_eq!(logs.count(&AuditLogFilter::default()).await.unwrap(), 1);
    let seals = logs.seals(&PageRequest::default().ascending()).await.unwrap().items;
    let marked: Vec<_> = seals.iter().map(|seal| seal.pruned_at.is_some()).collect();
    assert_eq!(marked, [true, true, false]);
    let unmarked = |seal: &AuditSeal| AuditSeal { pruned_at: None, ..seal.clone() };
    assert!(seals.iter().map(unmarked).eq([first.clone(), second.clone(), third]));
    let verification = store.audit_logs().verify(Some(first.anchor())).await.unwrap();
    assert!(verification.is_intact(), "{verification:?}");
    assert_eq!((verification.seals, verification.rows, verification.pruned_seals), (3, 1, 2));
    assert_eq!(verification.pruned_through, Some(second.newest_at));
}

async fn pruning_takes_no_row_of_a_seal_with_a_younger_one(store: &dyn Store) {
    given::task(store, "Old").await;
    let then = pause();
    given::task(store, "Young").await;
    store.audit_logs().seal().await.unwrap();
    assert_eq!(store.audit_logs().prunable(then).await.unwrap(), 0);
    assert_eq!(store.audit_logs().prune(then, 10).await.unwrap(), 0);
    assert_eq!(store.audit_logs().prune(clock::latest(), 10).await.unwrap(), 2);
}

async fn rows_that_are_not_sealed_are_never_pruned(store: &dyn Store) {
    sealed(store, &["Sealed"]).await;
    given::task(store, "Unsealed").await;
    assert_eq!(store.audit_logs().prunable(clock::latest()).await.unwrap(), 1);
    assert_eq!(store.audit_logs().prune(clock::latest(), 10).await.unwrap(), 1);
    assert_eq!(store.audit_logs().count(&AuditLogFilter::default()).await.unwrap(), 1);
    assert_eq!(verified(store).await.unsealed, 1);
    assert_eq!(store.audit_logs().seal().await.unwrap().unwrap().number, 2);
    verified(store).await;
}

async fn a_pruning_limit_out_of_range_is_refused(store: &dyn Store) {
    sealed(store, &["A"]).await;
    for limit in [0, 100_001] {
        let refused = store.audit_logs().prune(clock::latest(), limit).await;
        expect::fault(refused, "limit", FaultCode::OutOfRange);
    }
    assert_eq!(store.audit_logs().count(&AuditLogFilter::default()).await.unwrap(), 1);
}
