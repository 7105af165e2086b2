//! The walk through the tree of a statement.
//!
//! Nodes are taken apart without `..`, so that a field which a later version of the parser adds does not compile before somebody has thought about
//! it. A kind of node that is not named is refused.

mod expression;
mod from;
mod function;
mod names;
mod query;
mod write;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use sqlparser::ast::{Query, SetExpr, Statement};

use super::{
    Catalog, Columns, Policy, Refusal, Relation, RelationKind, Verb,
    lexer::{self, Tokens},
    parse,
    scope::{Column, Scope, Source},
    statement_tokens,
};

/// Views on views on views.
const MAX_VIEWS: usize = 8;

/// What the walk through one statement may cost, so that no statement keeps it busy: a node costs `NODE`, and each name as much as there are
/// columns that it is compared with. The longest honest statement costs about a third.
const BUDGET: usize = 4_000_000;
const NODE: usize = 10;

/// Tables, subqueries and functions in one statement.
const MAX_SOURCES: usize = 64;

/// The most results that PostgreSQL gives.
const MAX_RESULTS: usize = 1664;

pub(super) struct Walker<'a> {
    policy: &'a Policy,
    catalog: &'a Catalog,
    tables: BTreeSet<String>,
    /// The tables read so far, for locks that follow.
    read: Vec<String>,
    writes: bool,
    views: usize,
    /// The views that were checked, each with the tables that it reads.
    seen: BTreeMap<String, BTreeSet<String>>,
    sources: usize,
    budget: usize,
}

fn construct<T>(what: &'static str) -> Result<T, Refusal> {
    Err(Refusal::Construct { what })
}

/// Refuses what another dialect has here.
fn none(is_there: bool, what: &'static str) -> Result<(), Refusal> {
    if is_there { construct(what) } else { Ok(()) }
}

impl<'a> Walker<'a> {
    pub(super) fn new(policy: &'a Policy, catalog: &'a Catalog) -> Self {
        Self {
            policy,
            catalog,
            tables: BTreeSet::new(),
            read: Vec::new(),
            writes: false,
            views: 0,
            seen: BTreeMap::new(),
            sources: 0,
            budget: BUDGET,
        }
    }

    fn spend(&mut self, cost: usize) -> Result<(), Refusal> {
        self.budget = self.budget.checked_sub(cost).ok_or(Refusal::TooDeep)?;
        Ok(())
    }

    /// One more source of rows. Those in views are their owner's.
    fn count_source(&mut self) -> Result<(), Refusal> {
        self.sources += usize::from(self.views == 0);
        none(self.sources > MAX_SOURCES, "more than 64 tables, subqueries and functions in FROM")
    }

    /// The tables that were named, and whether anything is written.
    pub(super) fn findings(self) -> (BTreeSet<String>, bool) {
        (self.tables, self.writes)
    }

    /// Checks the statement and tells what it does.
    pub(super) fn statement(&mut self, statement: &Statement) -> Result<Verb, Refusal> {
        let outside = Scope::default();
        if let Statement::Query(query) = statement {
            self.query(query, &outside)?;
            return Ok(verb_of(query));
        }
        self.write(statement, &outside)?;
        Ok(match statement {
            Statement::Insert(_) => Verb::Insert,
            Statement::Update(_) => Verb::Update,
            _ => Verb::Delete,
        })
    }

    fn relation(&self, schema: Option<&str>, name: &str) -> Result<&'a Relation, Refusal> {
        self.catalog.find(schema, name).ok_or_else(|| Refusal::UnknownTable {
            table: schema.map_or_else(|| name.into(), |schema| format!("{schema}.{name}")),
        })
    }

    /// A table or view to read from.
    fn readable(&mut self, relation: &'a Relation, alias: Option<String>) -> Result<Source, Refusal> {
        let table = self.catalog.name_of(relation);
        self.tables.insert(table.clone());
        let rule = self.policy.columns(&table, Verb::Select);
        let everything = Columns::All;
        let columns = match (&relation.kind, rule) {
            (RelationKind::Table, None) => {
                return Err(Refusal::TableNotAllowed { table, verb: Verb::Select });
            }
            (RelationKind::Table, Some(columns)) => {
                self.read.push(table.clone());
                columns
            }
            (RelationKind::View { definition }, rule) => {
                self.view(&table, definition)?;
                if rule.is_none() && self.policy.tables.contains_key(&table) {
                    return Err(Refusal::TableNotAllowed { table, verb: Verb::Select });
                }
                rule.unwrap_or(&everything)
            }
        };
        Ok(source(relation, table, alias, columns))
    }

    /// A table to write to. Its columns can be read as far as the policy allows.
    fn target(
        &mut self,
        relation: &'a Relation,
        alias: Option<String>,
        verb: Verb,
    ) -> Result<Source, Refusal> {
        let table = self.catalog.name_of(relation);
        self.count_source()?;
        self.tables.insert(table.clone());
        self.writes = true;
        if !self.policy.knows(verb) {
            return Err(Refusal::VerbNotAllowed { verb: verb.to_string() });
        }
        if self.policy.columns(&table, verb).is_none() {
            return Err(Refusal::TableNotAllowed { table, verb });
        }
        if relation.kind != RelationKind::Table {
            return construct("writing to a view");
        }
        let nothing = Columns::Only(BTreeSet::new());
        let columns = self.policy.columns(&table, Verb::Select).unwrap_or(&nothing);
        Ok(Source { is_target: true, ..source(relation, table, alias, columns) })
    }

    /// What a view reads is checked as if it stood in the statement, once for each statement.
    fn view(&mut self, view: &str, definition: &str) -> Result<(), Refusal> {
        if let Some(read) = self.seen.get(view) {
            self.read.extend(read.iter().cloned());
            return Ok(());
        }
        let read_before = self.read.len();
        let because = |reason: Refusal| Refusal::View { view: view.into(), reason: Box::new(reason) };
        if self.views == MAX_VIEWS {
            return Err(because(Refusal::TooDeep));
        }
        self.views += 1;
        let Tokens { tokens, is_deep } = statement_tokens(definition).map_err(because)?;
        // What reads the statement may be on a small stack, and deep in it.
        if is_deep {
            return Err(because(Refusal::TooDeep));
        }
        let seen = match parse(&lexer::joined(&tokens)).map_err(because)? {
            Statement::Query(query) => self.query(&query, &Scope::default()).map(drop),
            _ => construct("a view that is not a query"),
        };
        self.views -= 1;
        seen.map_err(because)?;
        self.seen.insert(view.into(), self.read[read_before..].iter().cloned().collect());
        Ok(())
    }
}

fn verb_of(query: &Query) -> Verb {
    match &*query.body {
        SetExpr::Insert(_) => Verb::Insert,
        SetExpr::Update(_) => Verb::Update,
        SetExpr::Delete(_) => Verb::Delete,
        _ => Verb::Select,
    }
}

fn source(relation: &Relation, table: String, alias: Option<String>, readable: &Columns) -> Source {
    let columns = relation.columns.iter().map(|column| Column {
        name: column.name.clone(),
        readable: readable.contains(&column.name),
        nullable: column.nullable,
    });
    let name = alias.or_else(|| Some(relation.name.clone()));
    Source { name, table, columns: columns.collect(), is_target: false, was_read: Cell::new(false) }
}
