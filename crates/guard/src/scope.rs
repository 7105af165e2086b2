//! What a name can mean at a place of a statement.
//!
//! Where PostgreSQL would choose between several meanings, all of them must be allowed: so the guard need not choose as PostgreSQL does.

use std::cell::Cell;

use super::{Refusal, Verb};

/// What each table has besides its columns. PostgreSQL takes these before a result of the same name, or a column of what is farther out.
const SYSTEM_COLUMNS: [&str; 6] = ["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// A column that a source of rows has.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) readable: bool,
    pub(super) nullable: bool,
}

impl Column {
    /// A column of a subquery or function: what went into it was checked there.
    fn computed(name: impl Into<String>) -> Self {
        Self { name: name.into(), readable: true, nullable: true }
    }
}

/// Something in FROM, or the table that is written.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The alias, or the table's own name.
    pub(super) name: Option<String>,
    /// What it is called in refusals.
    pub(super) table: String,
    pub(super) columns: Vec<Column>,
    /// Is `true` if it is the table that an UPDATE or DELETE is about.
    pub(super) is_target: bool,
    /// Is `true` if a column of it was read since this was last unset.
    pub(super) was_read: Cell<bool>,
}

impl Source {
    /// The rows of a subquery, a WITH query or a function.
    pub(super) fn computed(name: Option<String>, table: String, columns: Vec<String>) -> Self {
        let columns = columns.into_iter().map(Column::computed).collect();
        Self { name, table, columns, is_target: false, was_read: Cell::new(false) }
    }

    /// Refuses all columns together unless each may be read.
    pub(super) fn whole(&self) -> Result<(), Refusal> {
        match self.columns.iter().find(|column| !column.readable) {
            Some(column) => Err(self.secret(&column.name)),
            None => Ok(()),
        }
    }

    fn secret(&self, column: &str) -> Refusal {
        Refusal::ColumnNotAllowed { table: self.table.clone(), column: column.into(), verb: Verb::Select }
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn read(&self, name: &str) -> Result<bool, Refusal> {
        match self.column(name) {
            Some(column) if column.readable => Ok(true),
            Some(_) => Err(self.secret(name)),
            None => Ok(false),
        }
    }
}

/// A WITH query: its name and columns.
#[derive(Clone, Debug)]
pub(super) struct With {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// The names of one level of a statement, and of those around it.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    parent: Option<&'a Scope<'a>>,
    pub(super) sources: Vec<Source>,
    pub(super) with: Vec<With>,
    /// Names of the results, which ORDER BY and GROUP BY can use.
    pub(super) results: Vec<String>,
}

impl<'a> Scope<'a> {
    pub(super) fn within(parent: &'a Scope<'a>) -> Self {
        Self { parent: Some(parent), ..Self::default() }
    }

    fn levels(&self) -> impl Iterator<Item = &Scope<'a>> {
        std::iter::successors(Some(self), |scope| scope.parent)
    }

    /// With how much a name is compared.
    pub(super) fn width(&self) -> usize {
        let of = |level: &Scope<'_>| {
            1 + level.with.len() + level.sources.iter().map(|source| 1 + source.columns.len()).sum::<usize>()
        };
        self.results.len() + self.levels().map(of).sum::<usize>()
    }

    pub(super) fn with_query(&self, name: &str) -> Option<&With> {
        self.levels().find_map(|level| level.with.iter().rev().find(|with| with.name == name))
    }

    fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Source> {
        self.levels()
            .flat_map(|level| &level.sources)
            .filter(move |source| source.name.as_deref() == Some(name))
    }

    /// A name without qualifier: a column of anything around, a whole row, or a result.
    pub(super) fn read(&self, name: &str) -> Result<(), Refusal> {
        if SYSTEM_COLUMNS.contains(&name) {
            return Err(Refusal::UnknownColumn { column: name.into() });
        }
        let mut is_known = self.results.iter().any(|result| result == name);
        let mut is_found = false;
        for level in self.levels() {
            let is_hidden = is_found;
            for source in &level.sources {
                if source.read(name)? {
                    is_found = true;
                    source.was_read.set(source.was_read.get() || !is_hidden);
                }
            }
        }
        is_known |= is_found;
        for source in self.named(name) {
            source.whole()?;
            is_known = true;
        }
        if is_known { Ok(()) } else { Err(Refusal::UnknownColumn { column: name.into() }) }
    }

    /// A column by its qualifier. One that is not there would be a call: to PostgreSQL `t.f` is `f(t)` then.
    pub(super) fn read_of(&self, qualifier: &str, name: &str) -> Result<(), Refusal> {
        let unknown = || Refusal::UnknownColumn { column: format!("{qualifier}.{name}") };
        let mut is_known = false;
        for source in self.named(qualifier) {
            if !source.read(name)? {
                return Err(unknown());
            }
            source.was_read.set(source.was_read.get() || !is_known);
            is_known = true;
        }
        if is_known { Ok(()) } else { Err(unknown()) }
    }

    /// All columns of what has this name.
    pub(super) fn read_whole(&self, qualifier: &str) -> Result<Vec<String>, Refusal> {
        let mut columns = None;
        for source in self.named(qualifier) {
            source.whole()?;
            columns.get_or_insert_with(|| source.columns.iter().map(|column| column.name.clone()).collect());
        }
        columns.ok_or_else(|| Refusal::UnknownTable { table: qualifier.into() })
    }

    /// The table that an UPDATE or DELETE is about.
    pub(super) fn target(&self) -> Option<&Source> {
        self.levels().flat_map(|level| &level.sources).find(|source| source.is_target)
    }
}
