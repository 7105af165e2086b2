//! Searching errors. Stores may know more or less of a language, so the cases use plain, whole words.

use taskmaster_models::{ErrorLogFilter, FaultCode, NewErrorLog, PageRequest, SearchRequest};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "error_log_search",
    a_word_of_the_message_or_code_is_found,
    operators_mean_what_they_do_in_a_search_box,
    the_code_outranks_the_message,
    equally_good_hits_come_newest_first,
    fault_25_wildcards_are_no_wildcards,
    text_without_a_word_finds_nothing,
    odd_texts_are_no_error,
    a_search_can_be_refused,
    a_deleted_error_is_not_found,
);

async fn messages(store: &dyn Store, text: &str) -> Vec<String> {
    let hits = store.error_logs().search(&SearchRequest::new(text)).await.unwrap();
    hits.into_iter().map(|hit| hit.item.error_message).collect()
}

async fn coded(store: &dyn Store, code: &str, message: &str, happened: i64) {
    let new = NewErrorLog { error_code: Some(code.to_owned()), ..given::new_error(message, happened) };
    store.error_logs().create(&new).await.unwrap();
}

async fn a_word_of_the_message_or_code_is_found(store: &dyn Store) {
    coded(store, "xylophone", "the zebra is gone", 1).await;
    given::error(store, "something else", 2).await;
    assert_eq!(messages(store, "ZEBRA").await, ["the zebra is gone"]);
    assert_eq!(messages(store, "xylophone zebra").await, ["the zebra is gone"]);
    assert!(messages(store, "quagga").await.is_empty());
    let hits = store.error_logs().search(&SearchRequest::new("zebra")).await.unwrap();
    assert!(hits[0].snippet.contains("**zebra**"), "{}", hits[0].snippet);
    assert!(hits[0].rank > 0.0);
    let stored = store.error_logs().find_by_id(hits[0].item.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&hits[0].item));
}

async fn operators_mean_what_they_do_in_a_search_box(store: &dyn Store) {
    for (happened, message) in [(1, "red zebra"), (2, "zebra red"), (3, "blue quagga")] {
        given::error(store, message, happened).await;
    }
    assert_eq!(messages(store, "\"red zebra\"").await, ["red zebra"]);
    assert_eq!(messages(store, "zebra -blue").await.len(), 2);
    assert_eq!(messages(store, "quagga -blue").await.len(), 0);
    assert_eq!(messages(store, "quagga or zebra").await.len(), 3);
}

async fn the_code_outranks_the_message(store: &dyn Store) {
    coded(store, "zebra", "in the code", 1).await;
    coded(store, "other", "in the message: zebra", 2).await;
    assert_eq!(messages(store, "zebra").await, ["in the code", "in the message: zebra"]);
}

async fn equally_good_hits_come_newest_first(store: &dyn Store) {
    for happened in [2, 3, 1, 0] {
        given::error(store, &format!("zebra {happened}"), happened).await;
    }
    assert_eq!(messages(store, "zebra").await, ["zebra 3", "zebra 2", "zebra 1", "zebra 0"]);
    let request = SearchRequest::new("zebra").limit(2).offset(1);
    let hits = store.error_logs().search(&request).await.unwrap();
    let found: Vec<_> = hits.iter().map(|hit| hit.item.error_message.as_str()).collect();
    assert_eq!(found, ["zebra 2", "zebra 1"]);
}

async fn fault_25_wildcards_are_no_wildcards(store: &dyn Store) {
    coded(store, "xylophone", "zebra", 1).await;
    for text in ["zeb%", "zebr_", "z*", "zeb:*", "%", "_", "xyl%"] {
        assert!(messages(store, text).await.is_empty(), "{text:?}");
    }
}

async fn text_without_a_word_finds_nothing(store: &dyn Store) {
    given::error(store, "100% of a_b's ((c)) & \"d\" | e\\f <-> g!!", 0).await;
    for text in ["", " ", "%", "'", "\"", "((", "!!", ":*", "&", "|", "\\", "<->", "';--"] {
        assert!(messages(store, text).await.is_empty(), "{text:?}");
    }
    let longest: String = "a_".chars().cycle().take(SearchRequest::MAX_TEXT).collect();
    assert!(messages(store, &longest).await.is_empty());
}

async fn odd_texts_are_no_error(store: &dyn Store) {
    coded(store, "\u{202e}🦀", "zebra (\"or\") - [it] 🦀", 0).await;
    let quotation_marks = "\"".repeat(1000);
    for text in [
        "((",
        "))",
        "- -",
        "or or",
        "or",
        "a & | ! b",
        "\u{202e}x",
        "🦀",
        "%_\\",
        "' ; --",
        "[zebra",
        "\"zebra",
        "-\"",
        &quotation_marks,
    ] {
        let found = store.error_logs().search(&SearchRequest::new(text)).await;
        assert!(found.is_ok(), "{text:?}: {found:?}");
    }
}

async fn a_search_can_be_refused(store: &dyn Store) {
    for (request, field, code) in [
        (SearchRequest::new("a\0b"), "text", FaultCode::Nul),
        (SearchRequest::new("-".repeat(1001)), "text", FaultCode::TooLong),
        (SearchRequest::new("a").limit(0), "limit", FaultCode::OutOfRange),
        (SearchRequest::new("a").offset(10_001), "offset", FaultCode::OutOfRange),
    ] {
        expect::fault(store.error_logs().search(&request).await, field, code);
    }
}

async fn a_deleted_error_is_not_found(store: &dyn Store) {
    let error = given::error(store, "zebra", 0).await;
    assert_eq!(messages(store, "zebra").await.len(), 1);
    store.error_logs().delete(error.id).await.unwrap();
    assert!(messages(store, "zebra").await.is_empty());
    let left = store.error_logs().find_by(&ErrorLogFilter::default(), &PageRequest::default()).await;
    assert_eq!(left.unwrap().items, []);
}
