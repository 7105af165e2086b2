//! Searching. Stores may know more or less of a language, so the cases use plain, whole words.

use serde_json::json;
use taskmaster_models::{ContextType, FaultCode, NewTask, NewTaskContext, SearchRequest};
use taskmaster_repository::Store;

use super::{expect, given, suite};

suite!(
    "search",
    a_word_of_the_title_or_description_is_found,
    all_words_must_occur,
    operators_mean_what_they_do_in_a_search_box,
    the_title_outranks_the_description,
    equally_good_hits_come_newest_first,
    hits_can_be_limited_and_left_out,
    a_snippet_marks_the_find,
    a_changed_text_is_found_by_its_new_words,
    text_without_a_word_finds_nothing,
    a_text_as_long_as_can_be_is_no_error,
    fault_25_wildcards_are_no_wildcards,
    a_search_can_be_refused,
    contexts_are_found_by_fields_and_values,
    contexts_are_found_by_the_words_of_any_line,
    contexts_are_found_by_type,
    odd_texts_are_no_error_in_contexts,
);

async fn titles(store: &dyn Store, text: &str) -> Vec<String> {
    let hits = store.tasks().search(&SearchRequest::new(text)).await.unwrap();
    hits.into_iter().map(|hit| hit.item.title).collect()
}

async fn describe(store: &dyn Store, title: &str, description: &str, made: i64) {
    let new = NewTask { description: Some(description.to_owned()), ..given::new_task(title, made) };
    store.tasks().create(&new).await.unwrap();
}

async fn a_word_of_the_title_or_description_is_found(store: &dyn Store) {
    describe(store, "Paint the zebra", "with a xylophone", 1).await;
    describe(store, "Unlike", "the other", 2).await;
    assert_eq!(titles(store, "zebra").await, ["Paint the zebra"]);
    assert_eq!(titles(store, "ZEBRA").await, ["Paint the zebra"]);
    assert_eq!(titles(store, "xylophone").await, ["Paint the zebra"]);
    assert!(titles(store, "quagga").await.is_empty());
    let hits = store.tasks().search(&SearchRequest::new("zebra")).await.unwrap();
    assert_eq!(store.tasks().find_by_id(hits[0].item.id).await.unwrap().as_ref(), Some(&hits[0].item));
    assert!(hits[0].rank > 0.0);
}

async fn all_words_must_occur(store: &dyn Store) {
    describe(store, "zebra", "xylophone", 1).await;
    describe(store, "zebra alone", "", 2).await;
    assert_eq!(titles(store, "xylophone zebra").await, ["zebra"]);
}

async fn operators_mean_what_they_do_in_a_search_box(store: &dyn Store) {
    describe(store, "red zebra", "", 1).await;
    describe(store, "zebra red", "", 2).await;
    describe(store, "blue quagga", "", 3).await;
    assert_eq!(titles(store, "\"red zebra\"").await, ["red zebra"]);
    assert_eq!(titles(store, "zebra -blue").await.len(), 2);
    assert_eq!(titles(store, "quagga -blue").await.len(), 0);
    assert_eq!(titles(store, "quagga or zebra").await.len(), 3);
}

async fn the_title_outranks_the_description(store: &dyn Store) {
    describe(store, "In the title: zebra", "something else", 1).await;
    describe(store, "In the description", "a zebra", 2).await;
    assert_eq!(titles(store, "zebra").await, ["In the title: zebra", "In the description"]);
    let hits = store.tasks().search(&SearchRequest::new("zebra")).await.unwrap();
    assert!(hits[0].rank > hits[1].rank);
}

async fn equally_good_hits_come_newest_first(store: &dyn Store) {
    for (made, title) in [(2, "zebra two"), (3, "zebra three"), (1, "zebra one")] {
        describe(store, title, "", made).await;
    }
    assert_eq!(titles(store, "zebra").await, ["zebra three", "zebra two", "zebra one"]);
}

async fn hits_can_be_limited_and_left_out(store: &dyn Store) {
    for made in 0..5 {
        describe(store, &format!("zebra {made}"), "", made).await;
    }
    let request = SearchRequest::new("zebra").limit(2).offset(1);
    let hits = store.tasks().search(&request).await.unwrap();
    assert_eq!(hits.iter().map(|hit| &hit.item.title).collect::<Vec<_>>(), ["zebra 3", "zebra 2"]);
    let beyond = SearchRequest::new("zebra").offset(SearchRequest::MAX_OFFSET);
    assert_eq!(store.tasks().search(&beyond).await.unwrap(), []);
}

async fn a_snippet_marks_the_find(store: &dyn Store) {
    describe(store, "Paint animals", "such as the zebra of the zoo", 1).await;
    let hits = store.tasks().search(&SearchRequest::new("zebra")).await.unwrap();
    assert!(hits[0].snippet.contains("**zebra**"), "{}", hits[0].snippet);
}

async fn a_changed_text_is_found_by_its_new_words(store: &dyn Store) {
    let task = given::task(store, "zebra").await;
    let patch = taskmaster_models::TaskPatch { title: Some("quagga".to_owned()), ..Default::default() };
    store.tasks().update(task.id, &patch).await.unwrap();
    assert!(titles(store, "zebra").await.is_empty());
    assert_eq!(titles(store, "quagga").await, ["quagga"]);
    store.tasks().delete(task.id).await.unwrap();
    assert!(titles(store, "quagga").await.is_empty());
}

const WORDLESS: [&str; 16] =
    ["", " ", "%", "_", "'", "\"", "\"\"", "((", "!!", "?!", ":*", "&", "|", "\\", "<->", "';--"];

async fn text_without_a_word_finds_nothing(store: &dyn Store) {
    let task = given::task(store, "100% of a_b's ((c)) & \"d\" | e\\f <-> g!!").await;
    given::context(store, task.id, ContextType::Error, 0).await;
    for text in WORDLESS {
        assert!(titles(store, text).await.is_empty(), "{text:?}");
        let hits = store.task_contexts().search(&SearchRequest::new(text), None).await.unwrap();
        assert_eq!(hits, [], "{text:?}");
    }
}

async fn a_text_as_long_as_can_be_is_no_error(store: &dyn Store) {
    for text in ["a ", "-a ", "\"", "a_", "\"a b\" or "] {
        let text: String = text.chars().cycle().take(SearchRequest::MAX_TEXT).collect();
        assert!(titles(store, &text).await.is_empty(), "{text:?}");
    }
}

async fn fault_25_wildcards_are_no_wildcards(store: &dyn Store) {
    describe(store, "zebra", "xylophone", 1).await;
    for text in ["zeb%", "zebr_", "z*", "zeb:*", "(quagga", "zebra' or 'quagga", "quagga\\"] {
        let found = titles(store, text).await;
        // A store may read `zebra'` as the word before the sign.
        let expected = usize::from(text.starts_with("zebra"));
        assert_eq!(found.len(), expected, "{text:?}");
    }
}

async fn a_search_can_be_refused(store: &dyn Store) {
    for (request, field, code) in [
        (SearchRequest::new("a\0b"), "text", FaultCode::Nul),
        (SearchRequest::new("-".repeat(1001)), "text", FaultCode::TooLong),
        (SearchRequest::new("a").limit(0), "limit", FaultCode::OutOfRange),
        (SearchRequest::new("a").limit(1001), "limit", FaultCode::OutOfRange),
        (SearchRequest::new("a").offset(10_001), "offset", FaultCode::OutOfRange),
    ] {
        expect::fault(store.tasks().search(&request).await, field, code);
        expect::fault(store.task_contexts().search(&request, None).await, field, code);
    }
}

async fn contexts_are_found_by_fields_and_values(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let data = json!({"animal": {"kind": "zebra"}, "instruments": ["xylophone"]});
    let wanted = NewTaskContext::new(task.id, ContextType::Codebase, data);
    let wanted = store.task_contexts().create(&wanted).await.unwrap();
    given::context(store, task.id, ContextType::Codebase, 0).await;
    for text in ["zebra", "animal", "xylophone zebra"] {
        let hits = store.task_contexts().search(&SearchRequest::new(text), None).await.unwrap();
        assert_eq!(hits.len(), 1, "{text:?}");
        let found = &hits[0].item;
        assert_eq!(
            (&found.context, found.task_title.as_str(), found.task_status),
            (&wanted, "Known", task.status)
        );
    }
    let hits = store.task_contexts().search(&SearchRequest::new("zebra"), None).await.unwrap();
    assert!(hits[0].snippet.contains("**zebra**"), "{}", hits[0].snippet);
}

async fn contexts_are_found_by_the_words_of_any_line(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let text = "first line\nzebra crossing\tgiraffe\r\nlives \"quagga\" in C:\\new\\okapi \u{1}gnu";
    let wanted = NewTaskContext::new(task.id, ContextType::Codebase, json!({ "text": text }));
    store.task_contexts().create(&wanted).await.unwrap();
    for word in ["line", "zebra", "crossing", "giraffe", "lives", "quagga", "new", "okapi", "gnu"] {
        let hits = store.task_contexts().search(&SearchRequest::new(word), None).await.unwrap();
        assert_eq!(hits.len(), 1, "{word:?}");
    }
    let hits = store.task_contexts().search(&SearchRequest::new("zebra"), None).await.unwrap();
    assert!(hits[0].snippet.contains("**zebra** crossing"), "{}", hits[0].snippet);
}

async fn odd_texts_are_no_error_in_contexts(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    given::context(store, task.id, ContextType::Error, 0).await;
    let quotation_marks = "\"".repeat(1000);
    for text in [
        "",
        "\"",
        "((",
        "))",
        "- -",
        "or or",
        "a & | ! b",
        "\u{202e}x",
        "🦀",
        "%_\\",
        "' ; --",
        &quotation_marks,
    ] {
        let found = store.task_contexts().search(&SearchRequest::new(text), None).await;
        assert!(found.is_ok(), "{text:?}: {found:?}");
    }
}

async fn contexts_are_found_by_type(store: &dyn Store) {
    let task = given::task(store, "Known").await;
    let about = |context_type| NewTaskContext::new(task.id, context_type, json!({"animal": "zebra"}));
    let new = [about(ContextType::Error), about(ContextType::Codebase), about(ContextType::Error)];
    store.task_contexts().bulk_create(&new).await.unwrap();
    let count = async |context_type, limit| {
        let request = SearchRequest::new("zebra").limit(limit);
        store.task_contexts().search(&request, context_type).await.unwrap().len()
    };
    assert_eq!(count(None, 50).await, 3);
    assert_eq!(count(Some(ContextType::Error), 50).await, 2);
    assert_eq!(count(Some(ContextType::Error), 1).await, 1);
    assert_eq!(count(Some(ContextType::Workflow), 50).await, 0);
}
