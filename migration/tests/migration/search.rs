//! What full-text search finds, and that a text of any length and any shape can be stored.

use sea_orm_migration::sea_orm::sqlx;

use crate::database::{connect, migrated, run, value};

#[tokio::test]
async fn a_description_of_ten_megabytes_is_stored_audited_and_found() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let insert = "INSERT INTO tasks (title, description)";
    // Words that differ make a tsvector long: it holds 1 MB at most. A word with a hyphen is stored whole and in parts.
    run(
        &mut connection,
        &format!("{insert} SELECT 'ascii', string_agg('w' || i || '-x' || i, ' ') FROM generate_series(1, 700000) i"),
    )
    .await;
    run(
        &mut connection,
        &format!(
            "{insert} SELECT 'wide', string_agg(chr(131072 + i / 200) || '-' || chr(131072 + i % 200), ' ')
               FROM generate_series(1, 40000) i"
        ),
    )
    .await;
    run(
        &mut connection,
        &format!("{insert} SELECT 'paths', string_agg('é' || i || '.x/' || i, ' ') FROM generate_series(1, 40000) i"),
    )
    .await;
    run(&mut connection, &format!("{insert} VALUES ('long', repeat('x', 10000000))")).await;
    run(&mut connection, "UPDATE tasks SET description = description || ' end' WHERE title = 'long'").await;

    let longest: i32 = value(&mut connection, "SELECT max(octet_length(description)) FROM tasks").await;
    assert!(longest > 10_000_000);
    let kept: bool = value(
        &mut connection,
        "SELECT bool_and(t.description = a.new_values ->> 'description') FROM tasks t
           JOIN audit_logs a ON a.entity_id = t.id AND a.action = 'create' AND t.title <> 'long'",
    )
    .await;
    assert!(kept);
    let found: String = value(
        &mut connection,
        "SELECT title::text FROM tasks WHERE search @@ plainto_tsquery('english', 'w17')",
    )
    .await;
    assert_eq!(found, "ascii");
}

#[tokio::test]
async fn a_context_of_ten_megabytes_is_stored_and_found() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(
        &mut connection,
        "INSERT INTO tasks (title) VALUES ('t');
         INSERT INTO task_contexts (task_id, context_type, context_data)
         SELECT tasks.id, 'codebase', (SELECT jsonb_agg('wörd' || i) FROM generate_series(1, 800000) i) FROM tasks",
    )
    .await;
    let found: i64 = value(
        &mut connection,
        "SELECT count(*) FROM task_contexts WHERE search @@ plainto_tsquery('english', 'wörd17')",
    )
    .await;
    assert_eq!(found, 1);
}

#[tokio::test]
async fn a_text_without_blanks_is_stored_in_a_time_that_its_length_explains() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    run(&mut connection, "INSERT INTO tasks (title) VALUES ('t')").await;
    // Each of these makes the parser look ahead from every character; unbroken, each takes far longer than the guard allows.
    run(&mut connection, "SET statement_timeout = '5s'").await;
    for unit in ["a_", "~/", "a-1.", "1a@", "<!-- ", "é_"] {
        let text = format!("left(repeat('{unit}', 50000), 100000)");
        run(&mut connection, &format!("UPDATE tasks SET description = 'first ' || {text}")).await;
        run(
            &mut connection,
            &format!(
                "INSERT INTO task_contexts (task_id, context_type, context_data)
                 SELECT id, 'codebase', jsonb_build_array('first', {text}) FROM tasks"
            ),
        )
        .await;
    }
    let found: i64 = value(
        &mut connection,
        "SELECT count(*) FROM task_contexts c, tasks t, to_tsquery('english', 'first') q WHERE c.search @@ q AND t.search @@ q",
    )
    .await;
    assert_eq!(found, 6);
}

#[tokio::test]
async fn ordinary_texts_are_indexed_as_they_are() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    for text in [
        "Words, of which (some) stand in src/main.rs:12 or at https://example.com/a?b=c — <b>bold</b> &amp; ada@example.com",
        "tab\tand\nline\rand more: foo_bar well-known 1.5e3 ~/.config/x -7 naïve",
        "",
    ] {
        let same: bool = sqlx::query_scalar(
            "SELECT to_tsvector('english', searchable_text(text)) = to_tsvector('english', text)
               FROM (SELECT $1 || repeat(E'\\n' || repeat('ab ', 60) || $1, 50) AS text) t",
        )
        .bind(text)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(same, "{text}");
    }
    let cut: String = value(
        &mut connection,
        "SELECT concat_ws(' ', length(searchable_text(repeat('x', 1000000))), length(searchable_text(repeat('x', 199))), length(searchable_text(NULL)))",
    )
    .await;
    assert_eq!(cut, "100500 199 0");
}

#[tokio::test]
async fn the_longest_words_that_differ_fit_into_the_index_too() {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    // A compound is indexed whole and in parts; each part is 49 characters of 4 bytes, and no two are alike.
    run(
        &mut connection,
        "INSERT INTO tasks (title, description)
         SELECT 'wide', string_agg(repeat(chr(131072 + i), 49), '-') FROM generate_series(1, 2500) i",
    )
    .await;
    let words: i32 = value(&mut connection, "SELECT length(search) FROM tasks").await;
    assert!(words > 2_000, "{words}");
}
