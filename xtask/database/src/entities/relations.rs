//! The relations between entities, made of foreign keys.

use std::collections::BTreeMap;

use heck::{ToSnakeCase, ToUpperCamelCase};

use crate::catalog::ForeignKey;
use crate::names::{Names, is_keyword};
use crate::plan::{Entity, have_one_type, in_words, inferred_variant};

#[derive(Debug)]
pub(crate) struct Relation {
    pub(crate) field: String,
    /// The target's module, none for the entity itself.
    pub(crate) module: Option<String>,
    /// The variant's name where it is not the one that SeaORM's macro gives.
    pub(crate) variant: Option<String>,
    pub(crate) kind: Kind,
    /// The target's table, by which the relations are sorted.
    pub(crate) table: String,
}

#[derive(Debug)]
pub(crate) enum Kind {
    BelongsTo { columns: Columns, is_optional: bool, on_update: &'static str, on_delete: &'static str },
    HasOne,
    HasMany,
}

#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The key's columns as the database names them.
    pub(crate) names: Vec<String>,
}

/// Gives each entity the relations of its foreign keys, and the way back where only one leads to it.
pub(crate) fn add(entities: &mut [Entity], left_out: &mut Vec<String>) {
    let mut found: Vec<Vec<(ForeignKey, usize)>> = Vec::new();
    for entity in entities.iter() {
        let mut targets = Vec::new();
        for key in &entity.table.foreign_keys {
            match target(entities, entity, key) {
                Ok(target) => targets.push((key.clone(), target)),
                Err(reason) => left_out.push(format!("{}: {reason}", in_words(&entity.table.name, key))),
            }
        }
        found.push(targets);
    }
    let added: Vec<Vec<Relation>> =
        (0..entities.len()).map(|index| relations_of(entities, &found, index)).collect();
    for (entity, relations) in entities.iter_mut().zip(added) {
        entity.relations = relations;
    }
}

/// The entity that a foreign key leads to.
fn target(entities: &[Entity], from: &Entity, key: &ForeignKey) -> Result<usize, &'static str> {
    if key.schema.is_some() {
        return Err("it leads to another schema");
    }
    let target = entities.iter().position(|entity| entity.table.name == key.table);
    let target = target.ok_or("it leads to a table without an entity")?;
    let to = &entities[target];
    for (column, to_column) in key.columns.iter().zip(&key.to) {
        match (from.field_of(column), to.field_of(to_column)) {
            (Some(a), Some(b)) if have_one_type(&a.column, &b.column) => {}
            (Some(_), Some(_)) => return Err("its columns have different types in Rust"),
            _ => return Err("it has a column that is left out"),
        }
    }
    Ok(target)
}

fn relations_of(entities: &[Entity], found: &[Vec<(ForeignKey, usize)>], index: usize) -> Vec<Relation> {
    let entity = &entities[index];
    let mut relations = Vec::new();
    let mut left = BTreeMap::<usize, usize>::new();
    for (_, target) in &found[index] {
        *left.entry(*target).or_default() += 1;
    }
    let several: Vec<usize> =
        left.iter().filter(|(_, count)| **count > 1).map(|(target, _)| *target).collect();
    for (key, target) in &found[index] {
        // Several keys to one table are numbered downwards, as SeaORM's generator does it.
        let number = several.contains(target).then(|| {
            let count = left.entry(*target).or_default();
            std::mem::replace(count, count.saturating_sub(1))
        });
        relations.push((belongs_to(entities, index, key, *target), number));
    }
    for (other, keys) in found.iter().enumerate() {
        let mut to_here = keys.iter().filter(|(_, target)| *target == index);
        let (Some((key, _)), None) = (to_here.next(), to_here.next()) else { continue };
        // SeaORM finds a relation by its target, so two of one pair of entities need names, and then have no way back.
        if other != index && !found[index].iter().any(|(_, target)| *target == other) {
            relations.push((way_back(&entities[other], key), None));
        }
    }
    relations.sort_by(|(a, _), (b, _)| a.table.cmp(&b.table));
    name(entity, &mut relations);
    relations.into_iter().map(|(relation, _)| relation).collect()
}

fn belongs_to(entities: &[Entity], index: usize, key: &ForeignKey, target: usize) -> Relation {
    let (entity, to) = (&entities[index], &entities[target]);
    let is_not_null = |name: &String| entity.field_of(name).is_some_and(|field| field.column.not_null);
    let columns = Columns {
        from: column_list(entity, &key.columns),
        to: column_list(to, &key.to),
        names: key.columns.clone(),
    };
    Relation {
        field: String::new(),
        module: (index != target).then(|| to.module.clone()),
        variant: None,
        kind: Kind::BelongsTo {
            columns,
            is_optional: !key.columns.iter().all(is_not_null),
            on_update: key.on_update,
            on_delete: key.on_delete,
        },
        table: to.table.name.clone(),
    }
}

fn way_back(other: &Entity, key: &ForeignKey) -> Relation {
    Relation {
        field: String::new(),
        module: Some(other.module.clone()),
        variant: None,
        kind: if other.table.is_unique(&key.columns) { Kind::HasOne } else { Kind::HasMany },
        table: other.table.name.clone(),
    }
}

/// Columns as the attributes `from` and `to` name them.
fn column_list(entity: &Entity, columns: &[String]) -> String {
    let names: Vec<String> = columns
        .iter()
        .filter_map(|column| entity.field_of(column))
        .map(|field| {
            let variant = field.name.to_upper_camel_case();
            let is_plain = variant.to_snake_case() == field.name && !is_keyword(&field.name);
            if is_plain { field.name.clone() } else { variant }
        })
        .collect();
    if names.len() == 1 { names.concat() } else { format!("({})", names.join(", ")) }
}

/// Names fields and variants, which must differ from each other and from the columns' fields.
fn name(entity: &Entity, relations: &mut [(Relation, Option<usize>)]) {
    let mut fields = Names::default();
    for field in &entity.fields {
        fields.reserve(&field.name);
    }
    let mut variants = Names::default();
    for (relation, number) in relations.iter() {
        if let (Some(module), None) = (&relation.module, number) {
            variants.reserve(&inferred_variant(module));
        }
    }
    for (relation, number) in relations.iter_mut() {
        let module = relation.module.as_ref().unwrap_or(&entity.module);
        let suffix = number.map(|number| format!("_{number}")).unwrap_or_default();
        relation.field = fields.given(format!("{module}{suffix}"));
        let number = number.map(|number| number.to_string()).unwrap_or_default();
        relation.variant = match &relation.module {
            None => {
                let variant = variants.given(format!("SelfRef{number}"));
                variants.reserve(&format!("{variant}Reverse"));
                Some(variant)
            }
            Some(module) if !number.is_empty() => {
                Some(variants.given(format!("{}{number}", inferred_variant(module))))
            }
            Some(_) => None,
        };
    }
}
