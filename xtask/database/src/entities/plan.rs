//! The entities that a schema gets, and what of it has none.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase;

use crate::catalog::{Column, ForeignKey, Schema, Table, UniqueKey};
use crate::names::{Names, is_keyword};
use crate::relations::{self, Relation};
use crate::types::Type;

/// Module of the enums, under the name that SeaORM's own generator gives it.
pub(crate) const ENUMS_MODULE: &str = "sea_orm_active_enums";

/// Columns that no entity of ours has: an entity's `Debug` shows all its fields, and a query of it fetches them.
const SECRET_COLUMNS: [(&str, &str); 2] = [("api_keys", "key_hash"), ("api_keys", "previous_key_hash")];

/// Tables that only the migration runner reads and writes.
const RUNNER_TABLES: [&str; 2] = ["schema_migrations", "seaql_migrations"];

/// The longest primary key that SeaORM has traits for.
const LONGEST_KEY: usize = 12;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) entities: Vec<Entity>,
    pub(crate) enums: Vec<ActiveEnum>,
    /// Each a line that names what has no entity, field or relation, and why.
    pub(crate) left_out: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) table: Table,
    pub(crate) module: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) relations: Vec<Relation>,
}

#[derive(Debug)]
pub(crate) struct Field {
    /// Not yet escaped as a keyword.
    pub(crate) name: String,
    pub(crate) column: Column,
    pub(crate) is_unique: bool,
    /// The keys of several columns that it is part of.
    pub(crate) unique_keys: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ActiveEnum {
    /// PostgreSQL's name.
    pub(crate) name: String,
    pub(crate) ident: String,
    /// Labels and variants.
    pub(crate) variants: Vec<(String, String)>,
}

impl Entity {
    pub(crate) fn field_of(&self, column: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.column.name == column)
    }
}

/// Plans the entities of the tables that are named, without names of all but the migration runner's own.
pub(crate) fn plan(schema: Schema, chosen: Option<&[String]>) -> Plan {
    let is_meant = |table: &Table| match chosen {
        Some(chosen) => chosen.contains(&table.name),
        None => !RUNNER_TABLES.contains(&table.name.as_str()),
    };
    let mut left_out = Vec::new();
    let has_our_tables = is_ours(&schema);
    let labels = schema.enums;
    let mut modules = Names::default();
    modules.reserve(ENUMS_MODULE);

    let mut entities = Vec::new();
    for mut table in schema.tables.into_iter().filter(is_meant) {
        let columns = std::mem::take(&mut table.columns);
        for mut column in columns {
            column.col_type = with_enums(column.col_type, &labels);
            match reason_against(&table.name, &column, has_our_tables) {
                Some(reason) => left_out.push(format!("column {}.{}: {reason}", table.name, column.name)),
                None => table.columns.push(column),
            }
        }
        if table.primary_key.is_empty() {
            table.primary_key = key_instead(&table).unwrap_or_default();
        }
        if let Some(reason) = reason_against_table(&table) {
            left_out.push(format!("{} {}: {reason}", table.noun(), table.name));
            continue;
        }
        let module = modules.module(&table.name);
        let fields = fields(&mut table);
        entities.push(Entity { table, module, fields, relations: Vec::new() });
    }
    let enums = enums(&entities, &labels);
    relations::add(&mut entities, &mut left_out);
    Plan { entities, enums, left_out }
}

/// Returns `true` if the migrations of this project made the schema, so that `api_keys` is theirs.
fn is_ours(schema: &Schema) -> bool {
    let has_all = |table: &Table, columns: &[&str]| columns.iter().all(|name| table.column(name).is_some());
    let has = |name: &str, columns: &[&str]| {
        schema.tables.iter().any(|table| table.name == name && has_all(table, columns))
    };
    has("schema_migrations", &["version", "checksum", "duration_ms"])
        && has("api_keys", &["key_hash", "key_prefix", "pepper_version"])
}

fn reason_against(table: &str, column: &Column, has_our_tables: bool) -> Option<String> {
    if has_our_tables && SECRET_COLUMNS.contains(&(table, column.name.as_str())) {
        Some("it holds a secret".to_owned())
    } else if column.generated {
        Some("PostgreSQL computes it, and an entity would write it".to_owned())
    } else if let Type::Unknown { spelled } = &column.col_type {
        Some(format!("SeaORM has nothing for its type, {spelled}"))
    } else {
        None
    }
}

fn reason_against_table(table: &Table) -> Option<String> {
    if table.primary_key.is_empty() {
        return Some("it has no primary key, and SeaORM has no entity without one".to_owned());
    }
    if table.primary_key.len() > LONGEST_KEY {
        return Some(format!("its primary key has more than the {LONGEST_KEY} columns that SeaORM can have"));
    }
    table.primary_key.iter().find_map(|name| match table.column(name) {
        None => Some(format!("its primary key has the column {name}, which is left out")),
        Some(column) if matches!(column.col_type, Type::Array(_)) => {
            Some(format!("its primary key has the array {name}, which SeaORM cannot have in a key"))
        }
        Some(_) => None,
    })
}

/// The columns that tell the rows of a table without a primary key apart.
fn key_instead(table: &Table) -> Option<Vec<String>> {
    let is_not_null = |name: &String| table.column(name).is_some_and(|column| column.not_null);
    let key = table.unique_keys.iter().find(|key| key.columns.iter().all(is_not_null))?;
    Some(key.columns.clone())
}

fn fields(table: &mut Table) -> Vec<Field> {
    let mut names = Names::default();
    let columns = std::mem::take(&mut table.columns);
    let mut fields: Vec<Field> = columns
        .into_iter()
        .map(|column| Field {
            name: names.field(&column.name),
            column,
            is_unique: false,
            unique_keys: Vec::new(),
        })
        .collect();
    let mut key_names = Names::default();
    for key in table.unique_keys.iter().filter(|key| key.columns != table.primary_key) {
        mark_unique(&mut fields, key, &mut key_names);
    }
    table.columns = fields.iter().map(|field| field.column.clone()).collect();
    fields
}

/// SeaORM makes a `find_by_…` of each key, which does not compile with a field that is named like a keyword.
fn mark_unique(fields: &mut [Field], key: &UniqueKey, names: &mut Names) {
    let is_usable =
        |column: &String| fields.iter().any(|field| field.column.name == *column && !is_keyword(&field.name));
    if !key.columns.iter().all(is_usable) {
        return;
    }
    let is_of_key = |field: &&mut Field| key.columns.contains(&field.column.name);
    if key.columns.len() == 1 {
        for field in fields.iter_mut().filter(is_of_key) {
            // A second index of the same column says nothing new.
            field.is_unique = field.is_unique || names.reserve(&field.name);
        }
    } else {
        let name = names.field(&key.name);
        fields.iter_mut().filter(is_of_key).for_each(|field| field.unique_keys.push(name.clone()));
    }
}

/// An enum whose labels no variants can be named for is read and written as text.
fn with_enums(col_type: Type, labels: &BTreeMap<String, Vec<String>>) -> Type {
    match col_type {
        Type::Enum(name) if !has_variants(labels.get(&name)) => {
            Type::Text { spelled: format!("\"{}\"", name.replace('"', "\"\"")) }
        }
        Type::Array(element) => match with_enums(*element, labels) {
            Type::Text { spelled } => Type::Unknown { spelled: format!("{spelled}[]") },
            element => Type::Array(Box::new(element)),
        },
        other => other,
    }
}

/// SeaORM's macro makes variants of its own from the labels. They must differ in more than case and punctuation, and
/// none may be `Self`.
fn has_variants(labels: Option<&Vec<String>>) -> bool {
    let plain = |label: &String| -> String {
        label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    labels.is_some_and(|labels| {
        let plain: BTreeSet<String> = labels.iter().map(plain).collect();
        !labels.is_empty() && plain.len() == labels.len() && !plain.contains("self")
    })
}

/// The enums that the entities have columns of.
fn enums(entities: &[Entity], labels: &BTreeMap<String, Vec<String>>) -> Vec<ActiveEnum> {
    let used: BTreeSet<&str> = entities
        .iter()
        .flat_map(|entity| &entity.fields)
        .filter_map(|field| match &field.column.col_type {
            Type::Enum(name) => Some(name.as_str()),
            Type::Array(element) => match &**element {
                Type::Enum(name) => Some(name.as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let mut idents = Names::default();
    // Names that the derives use without a path.
    for name in [
        "Option",
        "Result",
        "String",
        "Vec",
        "Box",
        "Ok",
        "Err",
        "Some",
        "None",
        "EnumIter",
        "DeriveActiveEnum",
    ] {
        idents.reserve(name);
    }
    let mut enums = Vec::new();
    for (name, labels) in labels.iter().filter(|(name, _)| used.contains(name.as_str())) {
        let ident = enum_ident(name, &mut idents);
        let mut variants = Names::default();
        let variants = labels.iter().map(|label| (label.clone(), variants.variant(label, "value"))).collect();
        enums.push(ActiveEnum { name: name.clone(), ident, variants });
    }
    enums
}

/// The derive makes two types more for each enum, named after it.
fn enum_ident(name: &str, idents: &mut Names) -> String {
    loop {
        let ident = idents.variant(name, "enum");
        let (plain, variant) = (format!("{ident}Enum"), format!("{ident}Variant"));
        if idents.reserve(&plain) && idents.reserve(&variant) {
            return ident;
        }
    }
}

/// Returns `true` if both columns hold the same Rust type.
pub(crate) fn have_one_type(from: &Column, to: &Column) -> bool {
    match (&from.col_type, &to.col_type) {
        (Type::Native { rust: a, .. }, Type::Native { rust: b, .. }) => a == b,
        (a, b) => a == b,
    }
}

/// The variant that SeaORM's macro names a relation to an entity by.
pub(crate) fn inferred_variant(module: &str) -> String {
    module.to_upper_camel_case()
}

/// A foreign key in words.
pub(crate) fn in_words(table: &str, key: &ForeignKey) -> String {
    let schema = key.schema.as_ref().map(|schema| format!("{schema}.")).unwrap_or_default();
    format!("relation {table}.{} → {schema}{}", key.columns.join(", "), key.table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enum_has_variants_unless_its_labels_are_too_much_alike() {
        let has =
            |labels: &[&str]| has_variants(Some(&labels.iter().map(|label| (*label).to_owned()).collect()));
        assert!(has(&["happy", "so so", "2nd best", "+"]));
        assert!(!has(&["a", "A"]));
        assert!(!has(&["in-review", "in review"]));
        assert!(!has(&["self"]));
        assert!(!has(&[]));
    }
}
