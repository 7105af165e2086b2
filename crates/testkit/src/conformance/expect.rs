//! What a case expects of a call that must fail.

use std::fmt::{Debug, Display};

use taskmaster_models::FaultCode;
use taskmaster_repository::{RepositoryError, Result};

/// The field and kind of each fault for which the call was refused as invalid.
#[track_caller]
pub(super) fn faults<T: Debug>(result: Result<T>) -> Vec<(String, FaultCode)> {
    match result {
        Err(RepositoryError::Invalid(error)) => {
            error.faults.into_iter().map(|fault| (fault.field, fault.code)).collect()
        }
        other => panic!("expected Invalid, got {other:?}"),
    }
}

/// Checks that the call was refused as invalid for one fault.
#[track_caller]
pub(super) fn fault<T: Debug>(result: Result<T>, field: &str, code: FaultCode) {
    assert_eq!(faults(result), [(field.to_owned(), code)]);
}

/// Checks that the call was refused because it contradicts what is stored.
#[track_caller]
pub(super) fn conflict<T: Debug>(result: Result<T>, expected: &str) {
    match result {
        Err(RepositoryError::Conflict { constraint, .. }) => assert_eq!(constraint, expected),
        other => panic!("expected Conflict, got {other:?}"),
    }
}

/// Checks that the call was refused because it refers to a row that is not there.
#[track_caller]
pub(super) fn reference<T: Debug>(result: Result<T>, expected: &str) {
    match result {
        Err(RepositoryError::Reference { constraint, .. }) => assert_eq!(constraint, expected),
        other => panic!("expected Reference, got {other:?}"),
    }
}

/// Checks that the row to be changed was not there.
#[track_caller]
pub(super) fn not_found<T: Debug>(result: Result<T>, expected: impl Display) {
    match result {
        Err(RepositoryError::NotFound { id, .. }) => assert_eq!(id, expected.to_string()),
        other => panic!("expected NotFound, got {other:?}"),
    }
}

/// Checks that the call was refused because the row has another version than the one that was demanded.
#[track_caller]
pub(super) fn stale<T: Debug>(result: Result<T>, demanded: i64, there: i64) {
    match result {
        Err(RepositoryError::Stale { expected, stored, .. }) => {
            assert_eq!((expected, stored), (demanded, there));
        }
        other => panic!("expected Stale, got {other:?}"),
    }
}
