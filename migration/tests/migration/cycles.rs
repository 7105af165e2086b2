//! No task comes before itself, and none is part of itself, however many write at once.

use sea_orm_migration::sea_orm::sqlx::postgres::PgConnection;
use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe};
use taskmaster_embedded::TestDatabase;

use crate::database::{connect, migrated, refusal, refusal_of, run, value, wait_until};

/// The `number`th task's id.
fn id(number: usize) -> String {
    format!("'{number:08}-0000-7000-8000-000000000000'")
}

async fn with_tasks(number: usize) -> (TestDatabase, PgConnection) {
    let database = migrated().await;
    let mut connection = connect(&database).await;
    let sql = format!(
        "INSERT INTO tasks (id, title)
         SELECT (lpad(i::text, 8, '0') || '-0000-7000-8000-000000000000')::uuid, 't' || i FROM generate_series(0, {number} - 1) i"
    );
    run(&mut connection, &sql).await;
    (database, connection)
}

fn edge(parent: usize, child: usize, kind: &str) -> String {
    format!(
        "INSERT INTO task_dependencies (parent_task_id, child_task_id, dependency_type) VALUES ({}, {}, '{kind}')",
        id(parent),
        id(child)
    )
}

fn part_of(child: usize, parent: usize) -> String {
    format!("UPDATE tasks SET parent_task_id = {} WHERE id = {}", id(parent), id(child))
}

fn dependency_cycle() -> (String, String) {
    ("TM001".to_owned(), "task_dependencies_acyclic".to_owned())
}

fn parent_cycle() -> (String, String) {
    ("TM002".to_owned(), "tasks_parent_acyclic".to_owned())
}

#[tokio::test]
async fn an_edge_that_closes_a_cycle_of_any_length_is_refused() {
    let (_database, mut connection) = with_tasks(20).await;
    for task in 0..19 {
        run(&mut connection, &edge(task, task + 1, if task % 2 == 0 { "blocks" } else { "depends_on" }))
            .await;
    }
    for kind in ["blocks", "depends_on"] {
        assert_eq!(refusal(&mut connection, &edge(19, 0, kind)).await, dependency_cycle());
        assert_eq!(refusal(&mut connection, &edge(1, 0, kind)).await, dependency_cycle());
    }
    assert_eq!(
        refusal(&mut connection, &edge(3, 3, "blocks")).await,
        ("23514".to_owned(), "task_dependencies_no_self".to_owned())
    );
    let closes = |parent, child| format!("SELECT dependency_closes_cycle({}, {})", id(parent), id(child));
    assert!(value::<bool>(&mut connection, &closes(19, 0)).await);
    assert!(!value::<bool>(&mut connection, &closes(0, 19)).await);
}

#[tokio::test]
async fn the_refusal_names_both_tasks() {
    let (_database, mut connection) = with_tasks(2).await;
    run(&mut connection, &edge(0, 1, "blocks")).await;
    let error =
        sqlx::raw_sql(AssertSqlSafe(edge(1, 0, "blocks"))).execute(&mut connection).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(id(0).trim_matches('\'')) && text.contains(id(1).trim_matches('\'')), "{text}");
}

#[tokio::test]
async fn related_tasks_have_no_order() {
    let (_database, mut connection) = with_tasks(2).await;
    run(&mut connection, &edge(0, 1, "blocks")).await;
    run(&mut connection, &edge(1, 0, "related")).await;
    run(&mut connection, &edge(0, 1, "related")).await;
    let turn =
        "UPDATE task_dependencies SET dependency_type = 'depends_on' WHERE dependency_type = 'related'";
    assert_eq!(refusal(&mut connection, turn).await, dependency_cycle());
}

#[tokio::test]
async fn an_edge_can_be_turned_round_when_nothing_else_stands_against_it() {
    let (_database, mut connection) = with_tasks(3).await;
    run(&mut connection, &edge(0, 1, "blocks")).await;
    let turn = "UPDATE task_dependencies SET parent_task_id = child_task_id, child_task_id = parent_task_id";
    run(&mut connection, turn).await;
    run(&mut connection, &edge(0, 2, "blocks")).await;
    run(&mut connection, &edge(1, 2, "blocks")).await;
    run(&mut connection, &edge(2, 1, "related")).await;
    assert_eq!(
        refusal(
            &mut connection,
            &format!(
                "{turn} WHERE child_task_id = {} AND dependency_type = 'blocks' AND parent_task_id = {}",
                id(2),
                id(1)
            )
        )
        .await,
        dependency_cycle()
    );
}

#[tokio::test]
async fn a_cycle_within_one_statement_is_refused() {
    let (_database, mut connection) = with_tasks(2).await;
    let both = format!("{}, ({}, {}, 'blocks')", edge(0, 1, "blocks"), id(1), id(0));
    assert_eq!(refusal(&mut connection, &both).await, dependency_cycle());
    let both = format!(
        "INSERT INTO tasks (id, title, parent_task_id) VALUES ({0}, 'a', {1}), ({1}, 'b', {0})",
        id(10),
        id(11)
    );
    assert_eq!(refusal(&mut connection, &both).await, parent_cycle());
}

#[tokio::test]
async fn a_task_is_no_part_of_itself_or_of_its_parts() {
    let (_database, mut connection) = with_tasks(4).await;
    for task in 0..3 {
        run(&mut connection, &part_of(task + 1, task)).await;
    }
    assert_eq!(refusal(&mut connection, &part_of(0, 3)).await, parent_cycle());
    assert_eq!(refusal(&mut connection, &part_of(1, 2)).await, parent_cycle());
    assert_eq!(
        refusal(&mut connection, &part_of(2, 2)).await,
        ("23514".to_owned(), "tasks_parent_check".to_owned())
    );
    run(&mut connection, &part_of(3, 0)).await;
    // Naming the parent that it has already is no change.
    run(&mut connection, &part_of(3, 0)).await;
}

#[tokio::test]
async fn of_two_opposite_edges_added_at_the_same_moment_exactly_one_wins() {
    const ROUNDS: usize = 1_000;
    let (database, mut one) = with_tasks(2 * ROUNDS).await;
    let mut other = connect(&database).await;
    for round in 0..ROUNDS {
        let (a, b) = (2 * round, 2 * round + 1);
        let results = tokio::join!(
            sqlx::raw_sql(AssertSqlSafe(edge(a, b, "blocks"))).execute(&mut one),
            sqlx::raw_sql(AssertSqlSafe(edge(b, a, "depends_on"))).execute(&mut other),
        );
        match results {
            (Ok(_), Err(error)) | (Err(error), Ok(_)) => assert_eq!(refusal_of(&error), dependency_cycle()),
            results => panic!("round {round}: {results:?}"),
        }
    }
    let edges: i64 = value(&mut one, "SELECT count(*) FROM task_dependencies").await;
    assert_eq!(edges, 1_000);
}

/// Runs `first` in a transaction and `second` in another connection, which must wait; commits the first, and returns how the
/// second was refused.
async fn second_after_first(first: &str, second: &str) -> (String, String) {
    let (database, mut one) = with_tasks(2).await;
    let mut two = connect(&database).await;
    let mut watcher = connect(&database).await;
    run(&mut two, "BEGIN; SELECT count(*) FROM tasks").await;
    run(&mut one, &format!("BEGIN; {first}")).await;

    let second = second.to_owned();
    let waiting = tokio::spawn(async move { refusal(&mut two, &second).await });
    wait_until(
        &mut watcher,
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                         WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted)",
    )
    .await;
    run(&mut one, "COMMIT").await;
    waiting.await.unwrap()
}

#[tokio::test]
async fn the_second_of_two_opposite_edges_waits_for_the_first_and_is_refused() {
    let refused = second_after_first(&edge(0, 1, "blocks"), &edge(1, 0, "blocks")).await;
    assert_eq!(refused, dependency_cycle());
}

#[tokio::test]
async fn the_second_of_two_opposite_parents_waits_for_the_first_and_is_refused() {
    let refused = second_after_first(&part_of(0, 1), &part_of(1, 0)).await;
    assert_eq!(refused, parent_cycle());
}

#[tokio::test]
async fn a_transaction_whose_snapshot_could_hide_a_cycle_is_refused() {
    let (_database, mut connection) = with_tasks(2).await;
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        let begin = format!("BEGIN ISOLATION LEVEL {level}");
        for sql in [edge(0, 1, "blocks"), part_of(0, 1)] {
            run(&mut connection, &begin).await;
            assert_eq!(refusal(&mut connection, &sql).await.0, "TM003");
            run(&mut connection, "ROLLBACK").await;
        }
        // What cannot close a cycle is free to go.
        let related = edge(0, 1, "related");
        let child = format!("INSERT INTO tasks (title, parent_task_id) VALUES ('t', {})", id(0));
        run(&mut connection, &format!("{begin}; {related}; {child}; ROLLBACK")).await;
    }
}

/// How many rows `sql` reads of `table` by reading it from end to end, as the statistics of its transaction count.
async fn rows_scanned(connection: &mut PgConnection, table: &str, sql: &str) -> i64 {
    let count = format!("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = '{table}'");
    run(connection, "BEGIN").await;
    let before: i64 = value(connection, &count).await;
    run(connection, sql).await;
    let after: i64 = value(connection, &count).await;
    run(connection, "ROLLBACK").await;
    after - before
}

#[tokio::test]
async fn the_walk_along_a_long_chain_reads_no_table_from_end_to_end() {
    let (_database, mut connection) = with_tasks(1_002).await;
    // Without the triggers, which would walk the chain once for each of its edges.
    let task = "(lpad($::text, 8, '0') || '-0000-7000-8000-000000000000')::uuid";
    let (parent, child) = (task.replace('$', "i"), task.replace('$', "(i + 1)"));
    run(
        &mut connection,
        &format!(
            "SET session_replication_role = replica;
             INSERT INTO task_dependencies (parent_task_id, child_task_id) SELECT {parent}, {child} FROM generate_series(0, 999) i;
             UPDATE tasks SET parent_task_id = p.parent FROM (SELECT {parent} AS parent, {child} AS child FROM generate_series(0, 999) i) p
              WHERE id = p.child;
             RESET session_replication_role;
             ANALYZE tasks, task_dependencies"
        ),
    )
    .await;
    // Both walks begin at one end of the chain and go to the other.
    let dependency = rows_scanned(&mut connection, "task_dependencies", &edge(1_001, 0, "blocks")).await;
    let parent = rows_scanned(&mut connection, "tasks", &part_of(1_001, 1_000)).await;
    assert_eq!((dependency, parent), (0, 0));
    assert_eq!(refusal(&mut connection, &edge(1_000, 0, "blocks")).await, dependency_cycle());
    assert_eq!(refusal(&mut connection, &part_of(0, 1_000)).await, parent_cycle());
}
