//! The catalog of the schema that the migrations make, from its dump.

use std::sync::LazyLock;

use taskmaster_guard::{Catalog, Column, Relation, RelationKind};

const DUMP: &str = include_str!("../../../../docs/schema.sql");

pub(crate) static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::new("public", tables().chain(views())));

fn statements(kind: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    DUMP.split(kind).skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once(' ')?;
        Some((name, rest.split_once(";\n")?.0))
    })
}

fn tables() -> impl Iterator<Item = Relation> {
    statements("\nCREATE TABLE public.").map(|(name, body)| {
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let lines = lines.filter(|line| line.starts_with(|first: char| first.is_lowercase() || first == '"'));
        let columns = lines.filter_map(|line| {
            let name = line.split(' ').next()?.trim_matches('"');
            Some(Column { name: name.into(), nullable: !line.contains(" NOT NULL") })
        });
        relation(name, RelationKind::Table, columns.collect())
    })
}

/// The results of the outermost SELECT: each line that ends in a comma, and the last one before FROM.
fn views() -> impl Iterator<Item = Relation> {
    statements("\nCREATE VIEW public.").map(|(name, body)| {
        let definition = body.strip_prefix("AS\n").expect("a view begins with AS");
        let lines: Vec<&str> = definition.lines().collect();
        let end =
            lines.iter().position(|line| line.starts_with("   FROM")).expect("a view reads from something");
        let ends = lines[..end].iter().enumerate().filter(|(at, line)| line.ends_with(',') || at + 1 == end);
        let columns = ends.map(|(_, line)| {
            let name =
                line.trim_end_matches(',').rsplit([' ', '.']).next().unwrap_or_default().trim_matches('"');
            Column { name: name.into(), nullable: true }
        });
        relation(name, RelationKind::View { definition: definition.into() }, columns.collect())
    })
}

fn relation(name: &str, kind: RelationKind, columns: Vec<Column>) -> Relation {
    Relation { schema: "public".into(), name: name.into(), kind, columns }
}

#[test]
fn the_dump_is_read_as_what_it_says() {
    let names: Vec<&str> = CATALOG.relations().iter().map(|relation| relation.name.as_str()).collect();
    assert_eq!(names.len(), 19, "{names:?}");
    let columns = |table: &str| -> Vec<&str> {
        let relation =
            CATALOG.relations().iter().find(|relation| relation.name == table).expect("it is there");
        relation.columns.iter().map(|column| column.name.as_str()).collect()
    };
    assert_eq!(
        columns("task_dependencies"),
        ["id", "parent_task_id", "child_task_id", "dependency_type", "created_at", "metadata"]
    );
    assert_eq!(
        columns("task_summary"),
        ["status", "task_count", "avg_complexity", "total_estimated_hours", "total_actual_hours"]
    );
    assert_eq!(columns("active_tasks").len(), 23);
    assert_eq!(columns("api_keys").len(), 22);
}
