//! The edges of the errors that can be stored.

use chrono::{DateTime, Utc};
use proptest::{
    option,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;
use taskmaster_models::{
    ErrorLogFilter, ErrorLogPatch, ErrorType, FaultCode, NewErrorLog, PageRequest, Severity, clock,
};
use taskmaster_repository::Store;

use super::{error_log::full_error, expect, given, suite};

suite!(
    "error_log_limits",
    texts_have_their_limits,
    times_have_their_limits,
    a_stack_trace_of_a_million_characters_comes_back_and_a_longer_one_is_refused,
    an_invalid_error_is_refused_with_every_fault,
    a_filter_that_no_row_can_meet_is_refused,
    what_validation_accepts_is_stored_and_what_it_refuses_is_not,
);

async fn texts_have_their_limits(store: &dyn Store) {
    for character in ["a", "ü", "😀"] {
        let text = |length| Some(character.repeat(length));
        let longest = NewErrorLog {
            error_code: text(100),
            workflow_id: text(255),
            user_id: text(255),
            session_id: text(255),
            ..given::new_error(character, 0)
        };
        let stored = store.error_logs().create(&longest).await.unwrap();
        assert_eq!((&stored.error_code, &stored.session_id), (&longest.error_code, &longest.session_id));
        let patch = ErrorLogPatch { error_code: Some(text(101)), ..ErrorLogPatch::default() };
        expect::fault(store.error_logs().update(stored.id, &patch).await, "error_code", FaultCode::TooLong);
        let patch = ErrorLogPatch { user_id: Some(text(256)), ..ErrorLogPatch::default() };
        expect::fault(store.error_logs().update(stored.id, &patch).await, "user_id", FaultCode::TooLong);
        assert_eq!(store.error_logs().find_by_id(stored.id).await.unwrap(), Some(stored));
    }
    // No-break spaces are more than blank, to Rust as to the database.
    given::error(store, "\u{a0}\u{2003}", 0).await;
}

async fn times_have_their_limits(store: &dyn Store) {
    for time in [clock::earliest(), clock::latest(), given::time("1969-12-31T23:59:59.999999Z")] {
        let new = NewErrorLog { created_at: time, resolved: true, resolved_at: Some(time), ..full_error() };
        let stored = store.error_logs().create(&new).await.unwrap();
        assert_eq!((stored.created_at, stored.updated_at, stored.resolved_at), (time, time, Some(time)));
    }
    let fine = given::time("2026-01-02T03:04:05.123456789Z");
    let new = NewErrorLog { created_at: fine, resolved_at: Some(fine), ..full_error() };
    let stored = store.error_logs().create(&new).await.unwrap();
    assert_eq!(stored.created_at, given::time("2026-01-02T03:04:05.123456Z"));
    assert_eq!(store.error_logs().find_by_id(new.id).await.unwrap(), Some(stored));
    for time in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let new = NewErrorLog { resolved_at: Some(time), ..full_error() };
        expect::fault(store.error_logs().create(&new).await, "resolved_at", FaultCode::OutOfRange);
    }
}

async fn a_stack_trace_of_a_million_characters_comes_back_and_a_longer_one_is_refused(store: &dyn Store) {
    let stack = |length: usize| Some("   0: app::f\n".chars().cycle().take(length).collect::<String>());
    let longest =
        NewErrorLog { stack_trace: stack(NewErrorLog::MAX_STACK_TRACE), ..given::new_error("x", 0) };
    let stored = store.error_logs().create(&longest).await.unwrap();
    assert!(stored.stack_trace == longest.stack_trace);
    for length in [NewErrorLog::MAX_STACK_TRACE + 1, 5_000_000] {
        let long = NewErrorLog { stack_trace: stack(length), ..given::new_error("x", 0) };
        expect::fault(store.error_logs().create(&long).await, "stack_trace", FaultCode::TooLong);
        assert_eq!(store.error_logs().find_by_id(long.id).await.unwrap(), None);
    }
    let message = (0..200_000).map(|n| format!("wörd{n} ")).collect::<Vec<_>>().concat();
    let wordy = given::new_error(&message, 0);
    assert!(store.error_logs().create(&wordy).await.unwrap().error_message == wordy.error_message);
}

async fn an_invalid_error_is_refused_with_every_fault(store: &dyn Store) {
    let bad = NewErrorLog {
        error_code: Some("c".repeat(101)),
        error_message: " \n".to_owned(),
        stack_trace: Some("s".repeat(5_000_000)),
        context: given::object(&json!({"a\0b": 1})),
        workflow_id: Some("a\0b".to_owned()),
        user_id: Some("u".repeat(256)),
        session_id: Some("s".repeat(256)),
        created_at: given::time("0000-12-31T23:59:59Z"),
        metadata: given::object(&json!({"a": ["\0"]})),
        ..full_error()
    };
    let expected = [
        ("error_code", FaultCode::TooLong),
        ("error_message", FaultCode::Required),
        ("stack_trace", FaultCode::TooLong),
        ("context", FaultCode::Nul),
        ("workflow_id", FaultCode::Nul),
        ("user_id", FaultCode::TooLong),
        ("session_id", FaultCode::TooLong),
        ("created_at", FaultCode::OutOfRange),
        ("metadata", FaultCode::Nul),
    ];
    let expected = expected.map(|(field, code)| (field.to_owned(), code));
    assert_eq!(expect::faults(store.error_logs().create(&bad).await), expected);
    assert_eq!(store.error_logs().count(&ErrorLogFilter::default()).await.unwrap(), 0);
}

async fn a_filter_that_no_row_can_meet_is_refused(store: &dyn Store) {
    let nul = || Some("a\0b".to_owned());
    for (filter, field) in [
        (ErrorLogFilter { workflow_id: nul(), ..ErrorLogFilter::default() }, "workflow_id"),
        (ErrorLogFilter { user_id: nul(), ..ErrorLogFilter::default() }, "user_id"),
    ] {
        let errors = store.error_logs();
        expect::fault(errors.find_by(&filter, &PageRequest::default()).await, field, FaultCode::Nul);
        expect::fault(errors.count(&filter).await, field, FaultCode::Nul);
        expect::fault(errors.groups(&filter, 10).await, field, FaultCode::Nul);
        expect::fault(errors.summary(&filter).await, field, FaultCode::Nul);
        expect::fault(errors.statistics(&filter).await, field, FaultCode::Nul);
    }
}

/// Errors of which each field is fine most of the time.
fn any_error() -> impl Strategy<Value = NewErrorLog> {
    let text = |max: usize| {
        prop_oneof![
            60 => "\\PC{1,40}",
            1 => "[ \\t\\n\\r\\u{b}\\u{c}\\u{a0}\\u{2003}]{0,3}",
            1 => Just("a\0b".to_owned()),
            1 => (max..max + 2).prop_map(|length| "é".repeat(length)),
        ]
    };
    let seconds = prop_oneof![40 => 0..4_000_000_000_i64, 1 => -70_000_000_000..300_000_000_000_i64];
    let time = seconds.prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap());
    let kind = (prop::sample::select(ErrorType::ALL), prop::sample::select(Severity::ALL), any::<bool>());
    let texts = (text(1000), option::of(text(1000)), option::of(text(100)), option::of(text(1000)));
    let names = (option::of(text(255)), option::of(text(255)), option::of(text(255)));
    (kind, texts, names, time.clone(), option::of(time), text(1000)).prop_map(
        |((error_type, severity, resolved), texts, names, created_at, resolved_at, word)| NewErrorLog {
            severity,
            resolved,
            stack_trace: texts.1,
            error_code: texts.2,
            resolution_notes: texts.3,
            workflow_id: names.0,
            user_id: names.1,
            session_id: names.2,
            created_at,
            resolved_at,
            context: given::object(&json!({"word": word})),
            ..NewErrorLog::new(error_type, texts.0)
        },
    )
}

async fn what_validation_accepts_is_stored_and_what_it_refuses_is_not(store: &dyn Store) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut stored, mut refused) = (0, 0);
    for _ in 0..200 {
        let new = any_error().new_tree(&mut runner).unwrap().current();
        let result = store.error_logs().create(&new).await;
        let found = store.error_logs().find_by_id(new.id).await.unwrap();
        if new.validate().is_valid() {
            let error = result.unwrap_or_else(|error| panic!("{error}: {new:?}"));
            assert_eq!((&error.error_message, &error.context), (&new.error_message, &new.context));
            assert_eq!(error.fingerprint, Some(new.fingerprint()));
            assert_eq!(found, Some(error));
            stored += 1;
        } else {
            expect::faults(result);
            assert_eq!(found, None);
            refused += 1;
        }
    }
    assert!(stored > 50 && refused > 20, "{stored} stored, {refused} refused");
}
