//! Validation and the store agree.

use chrono::DateTime;
use proptest::{
    collection::vec,
    option,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use taskmaster_models::{NewTask, TaskStatus};
use taskmaster_repository::Store;

use super::{expect, suite};

suite!("validation", what_validation_accepts_is_stored_and_what_it_refuses_is_not);

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        20 => Just(Value::Null),
        20 => any::<bool>().prop_map(Value::from),
        20 => any::<i64>().prop_map(Value::from),
        20 => "\\PC{0,8}".prop_map(Value::from),
        1 => Just(json!("a\0b")),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[a-z\"\\\\é]{0,4}", inner), 0..4).prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// Tasks of which each field is fine most of the time.
fn any_task() -> impl Strategy<Value = NewTask> {
    let text = |max: usize| {
        prop_oneof![
            60 => "\\PC{1,40}",
            1 => "[ \\t\\n\\r\\u{b}\\u{c}\\u{a0}\\u{2003}]{0,3}",
            1 => Just("a\0b".to_owned()),
            1 => (max..max + 2).prop_map(|length| "é".repeat(length)),
        ]
    };
    let number = |fine: std::ops::RangeInclusive<i32>| prop_oneof![30 => fine, 1 => any::<i32>()];
    let hours = || {
        let amount = prop_oneof![30 => 0..100_000_000_i64, 1 => any::<i64>()];
        option::of(
            (amount, prop_oneof![30 => 0..=2_u32, 1 => 0..=6_u32])
                .prop_map(|(n, scale)| Decimal::new(n, scale)),
        )
    };
    let seconds = prop_oneof![40 => 0..4_000_000_000_i64, 1 => -70_000_000_000..300_000_000_000_i64];
    let times = vec(seconds.prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap()), 3);
    let status = prop::sample::select(TaskStatus::ALL);
    let texts = (text(255), option::of(text(255)), text(50), option::of(text(255)), vec(text(255), 0..3));
    let lists = (vec(any_json(), 0..3), vec(any_json(), 0..3), vec(any_json(), 0..3), any_json());
    (texts, status, number(0..=10), number(1..=10), lists, hours(), hours(), times).prop_map(
        |(texts, status, priority, complexity_score, lists, estimated_hours, actual_hours, times)| {
            let (title, description, task_type, assigned_to, tags) = texts;
            let (affected_files, requirements, acceptance_criteria, metadata) = lists;
            NewTask {
                description,
                task_type,
                status,
                priority,
                complexity_score,
                affected_files,
                requirements,
                acceptance_criteria,
                assigned_to,
                tags,
                estimated_hours,
                actual_hours,
                created_at: times[0],
                updated_at: times[1],
                completed_at: Some(times[2]),
                metadata: metadata.as_object().cloned().unwrap_or_default(),
                ..NewTask::new(title)
            }
        },
    )
}

async fn what_validation_accepts_is_stored_and_what_it_refuses_is_not(store: &dyn Store) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut stored, mut refused) = (0, 0);
    for _ in 0..300 {
        let new = any_task().new_tree(&mut runner).unwrap().current();
        let result = store.tasks().create(&new).await;
        let found = store.tasks().find_by_id(new.id).await.unwrap();
        if new.validate().is_valid() {
            let task = result.unwrap_or_else(|error| panic!("{error}: {new:?}"));
            assert_eq!((&task.title, &task.metadata, &task.tags), (&new.title, &new.metadata, &new.tags));
            assert_eq!(found, Some(task));
            stored += 1;
        } else {
            expect::faults(result);
            assert_eq!(found, None);
            refused += 1;
        }
    }
    assert!(stored > 50 && refused > 50, "{stored} stored, {refused} refused");
}
