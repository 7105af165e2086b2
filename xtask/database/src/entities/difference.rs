//! Differences between a generated file and what would be generated, in the words of a schema.

use std::collections::BTreeMap;

/// A field of an entity or a variant of an enum.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    /// Such as `column "title"`.
    noun: String,
    definition: String,
}

/// Each difference in one line: columns, relations and values first; where these are the same, the lines that differ.
pub(crate) fn lines(present: &str, wanted: &str) -> Vec<String> {
    let (entity, database) = (members(present), members(wanted));
    let mut differences = Vec::new();
    for (key, member) in &database {
        match entity.get(key) {
            None => differences.push(format!("the database has {} that the entity lacks", member.noun)),
            Some(present) if present != member => differences.push(format!(
                "{} is `{}` in the entity and `{}` by the database",
                member.noun, present.definition, member.definition
            )),
            Some(_) => {}
        }
    }
    for (key, member) in &entity {
        if !database.contains_key(key) {
            differences.push(format!("the entity has {} that the database lacks", member.noun));
        }
    }
    if differences.is_empty() { changed_lines(present, wanted) } else { differences }
}

fn changed_lines(present: &str, wanted: &str) -> Vec<String> {
    let lacks = |text: &str, line: &str| !line.is_empty() && !text.lines().any(|other| other == line);
    let more = wanted.lines().filter(|line| lacks(present, line));
    let less = present.lines().filter(|line| lacks(wanted, line));
    let differences: Vec<String> = more
        .map(|line| format!("the line `{}` is missing", line.trim()))
        .chain(less.map(|line| format!("the line `{}` is there no longer", line.trim())))
        .collect();
    if differences.is_empty() { vec!["its lines are in another order".to_owned()] } else { differences }
}

/// The members of all types in a generated file, by type and noun. Attributes come before their member.
fn members(text: &str) -> BTreeMap<(String, String), Member> {
    let mut members = BTreeMap::new();
    let mut owner = None;
    let mut attributes = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum ")) {
            owner = Some((name.trim_end_matches(" {").to_owned(), line.starts_with("pub struct ")));
            attributes.clear();
        } else if line == "}" {
            owner = None;
        } else if let Some((name, is_struct)) = &owner {
            let is_attribute = line.starts_with("#[")
                || attributes.matches(['(', '[']).count() > attributes.matches([')', ']']).count();
            if is_attribute {
                attributes.push_str(line);
                attributes.push(' ');
            } else if let Some(member) = member(name, *is_struct, line, &attributes) {
                members.insert((name.clone(), member.noun.clone()), member);
                attributes.clear();
            }
        }
    }
    members
}

fn member(owner: &str, is_struct: bool, line: &str, attributes: &str) -> Option<Member> {
    let line = line.trim_end_matches(',');
    let noun = if is_struct {
        let (name, rust) = line.strip_prefix("pub ")?.split_once(": ")?;
        let is_relation = ["HasOne<", "HasMany<", "BelongsTo<"].iter().any(|kind| rust.starts_with(kind));
        let name =
            attribute(attributes, "column_name").unwrap_or_else(|| name.trim_start_matches("r#").to_owned());
        format!("{} \"{name}\"", if is_relation { "relation" } else { "column" })
    } else {
        format!("value \"{}\" of {owner}", attribute(attributes, "string_value")?)
    };
    Some(Member { noun, definition: format!("{attributes}{line}") })
}

/// The text of an attribute, without its quotes.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let (_, rest) = attributes.split_once(&format!("{name} = \""))?;
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASKS: &str = r#"//! Generated
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub r#type: String,
    #[sea_orm(column_name = "User \"x\"")]
    pub user_x: Option<String>,
    #[sea_orm(
        belongs_to,
        from = "id"
    )]
    pub owner: BelongsTo<super::owner::Entity>,
}
"#;

    #[test]
    fn a_column_that_was_added_removed_or_changed_is_named() {
        let changed = TASKS
            .replace("pub r#type: String", "pub r#type: Option<String>")
            .replace("pub user_x: Option<String>,", "pub user_x: Option<String>,\n    pub estimate: i32,");
        assert_eq!(
            lines(TASKS, &changed),
            [
                r#"the database has column "estimate" that the entity lacks"#,
                r#"column "type" is `pub r#type: String` in the entity and `pub r#type: Option<String>` by the database"#,
            ]
        );
        let less = TASKS.replace(
            "    #[sea_orm(column_name = \"User \\\"x\\\"\")]\n    pub user_x: Option<String>,\n",
            "",
        );
        assert_eq!(lines(TASKS, &less), [r#"the entity has column "User "x"" that the database lacks"#]);
    }

    #[test]
    fn a_relation_and_a_label_of_an_enum_are_named() {
        let without = TASKS.replace("pub owner: BelongsTo<super::owner::Entity>,", "");
        assert_eq!(lines(&without, TASKS), [r#"the database has relation "owner" that the entity lacks"#]);
        let mood = "pub enum Mood {\n    #[sea_orm(string_value = \"so so\")]\n    SoSo,\n}\n";
        assert_eq!(
            lines("pub enum Mood {\n}\n", mood),
            [r#"the database has value "so so" of Mood that the entity lacks"#]
        );
    }

    #[test]
    fn other_differences_are_told_by_line() {
        assert_eq!(lines("pub mod a;\n", "pub mod a;\npub mod b;\n"), ["the line `pub mod b;` is missing"]);
        assert_eq!(lines("a\nb\n", "b\na\n"), ["its lines are in another order"]);
    }
}
