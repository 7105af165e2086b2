//! INSERT, UPDATE and DELETE.

use sqlparser::ast::{
    Assignment, AssignmentTarget, BinaryOperator, ConflictTarget, Delete, DoUpdate, Expr, FromTable, Insert,
    ObjectName, OnConflict, OnConflictAction, OnInsert, SelectItem, Statement, TableAliasWithoutColumns,
    TableFactor, TableObject, TableWithJoins, UnaryOperator, Update, UpdateTableFromKind,
};

use super::{
    Column, Columns, Refusal, Scope, Source, Verb, Walker, construct, names, none, query::alias_names,
};
use crate::Relation;

impl<'a> Walker<'a> {
    /// Checks a write and tells the names of what it returns.
    pub(super) fn write(&mut self, statement: &Statement, outer: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        match statement {
            Statement::Insert(insert) => self.insert(insert, outer),
            Statement::Update(update) => self.update(update, outer),
            Statement::Delete(delete) => self.delete(delete, outer),
            _ => construct("a statement of this kind"),
        }
    }

    fn insert(&mut self, insert: &Insert, outer: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        let Insert {
            insert_token: _,
            optimizer_hints,
            or,
            ignore,
            into,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        let is_foreign = !optimizer_hints.is_empty()
            || or.is_some()
            || *ignore
            || !*into
            || *overwrite
            || !assignments.is_empty()
            || partitioned.is_some()
            || !after_columns.is_empty()
            || *has_table_keyword
            || output.is_some()
            || *replace_into
            || priority.is_some()
            || insert_alias.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || multi_table_insert_type.is_some()
            || !multi_table_into_clauses.is_empty()
            || !multi_table_when_clauses.is_empty()
            || multi_table_else_clause.is_some();
        none(is_foreign, "an INSERT of another dialect")?;
        let TableObject::TableName(table) = table else { return construct("INSERT into what is no table") };

        let alias = match table_alias {
            Some(TableAliasWithoutColumns { explicit: _, alias }) => Some(names::name(alias)?),
            None => None,
        };
        let relation = self.written(table)?;
        let target = self.target(relation, alias, Verb::Insert)?;
        let columns = columns.iter().map(names::single).collect::<Result<Vec<_>, _>>()?;
        let is_default_values = source.is_none();
        if columns.is_empty() && !is_default_values {
            self.assign(relation, &all_columns(relation), Verb::Insert)?;
        } else {
            self.assign(relation, &columns, Verb::Insert)?;
        }
        if let Some(query) = source {
            self.query(query, outer)?;
        }
        let mut scope = Scope::within(outer);
        scope.sources.push(target);
        match on {
            None => {}
            Some(OnInsert::OnConflict(OnConflict { conflict_target, action })) => {
                arbiter(conflict_target.as_ref(), &scope)?;
                match action {
                    OnConflictAction::DoNothing => {}
                    OnConflictAction::DoUpdate(update) => self.do_update(update, relation, &scope)?,
                }
            }
            Some(_) => return construct("ON DUPLICATE KEY"),
        }
        self.returning(returning.as_deref(), &scope)
    }

    fn do_update(
        &mut self,
        update: &DoUpdate,
        relation: &'a Relation,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        let DoUpdate { assignments, selection } = update;
        let mut inner = Scope::within(scope);
        inner.sources.push(self.target(relation, Some("excluded".into()), Verb::Update)?);
        self.assignments(assignments, relation, &inner)?;
        selection.iter().try_for_each(|condition| self.expression(condition, &inner))
    }

    fn update(&mut self, update: &Update, outer: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        let Update {
            update_token: _,
            optimizer_hints,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        let is_foreign = !optimizer_hints.is_empty()
            || output.is_some()
            || or.is_some()
            || !order_by.is_empty()
            || limit.is_some();
        none(is_foreign, "an UPDATE of another dialect")?;
        let (relation, target) = self.written_factor(table, Verb::Update)?;
        let mut scope = Scope::within(outer);
        scope.sources.push(target);
        match from {
            Some(UpdateTableFromKind::AfterSet(tables)) => self.tables(tables, &mut scope)?,
            Some(UpdateTableFromKind::BeforeSet(_)) => return construct("FROM before SET"),
            None => {}
        }
        self.assignments(assignments, relation, &scope)?;
        self.condition(selection.as_ref(), relation, Verb::Update, &scope)?;
        self.returning(returning.as_deref(), &scope)
    }

    fn delete(&mut self, delete: &Delete, outer: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        let Delete {
            delete_token: _,
            optimizer_hints,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        let is_foreign = !optimizer_hints.is_empty()
            || !tables.is_empty()
            || output.is_some()
            || !order_by.is_empty()
            || limit.is_some();
        none(is_foreign, "a DELETE of another dialect")?;
        let FromTable::WithFromKeyword(from) = from else { return construct("DELETE without FROM") };
        let [from] = from.as_slice() else { return construct("DELETE from several tables") };
        let (relation, target) = self.written_factor(from, Verb::Delete)?;
        let mut scope = Scope::within(outer);
        scope.sources.push(target);
        self.tables(using.as_deref().unwrap_or_default(), &mut scope)?;
        self.condition(selection.as_ref(), relation, Verb::Delete, &scope)?;
        self.returning(returning.as_deref(), &scope)
    }

    fn tables(&mut self, tables: &[TableWithJoins], scope: &mut Scope<'_>) -> Result<(), Refusal> {
        tables.iter().try_for_each(|table| self.table_with_joins(table, scope))
    }

    fn written(&self, table: &ObjectName) -> Result<&'a Relation, Refusal> {
        let (schema, name) = names::qualified(table)?;
        self.relation(schema.as_deref(), &name)
    }

    fn written_factor(
        &mut self,
        table: &TableWithJoins,
        verb: Verb,
    ) -> Result<(&'a Relation, Source), Refusal> {
        let TableWithJoins { relation, joins } = table;
        none(!joins.is_empty(), "a write to a join")?;
        let TableFactor::Table {
            name,
            alias,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } = relation
        else {
            return construct("a write to what is no table");
        };
        let is_foreign = args.is_some()
            || !with_hints.is_empty()
            || version.is_some()
            || *with_ordinality
            || !partitions.is_empty()
            || json_path.is_some()
            || sample.is_some()
            || !index_hints.is_empty();
        none(is_foreign, "a write to a table with options")?;
        let alias = match alias {
            Some(alias) => {
                let (alias, renamed) = alias_names(alias)?;
                none(!renamed.is_empty(), "new names for the columns of a table that is written")?;
                Some(alias)
            }
            None => None,
        };
        let relation = self.written(name)?;
        let target = self.target(relation, alias, verb)?;
        Ok((relation, target))
    }

    fn assignments(
        &mut self,
        assignments: &[Assignment],
        relation: &Relation,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        for Assignment { target, value } in assignments {
            let columns = match target {
                AssignmentTarget::ColumnName(column) => vec![names::single(column)?],
                AssignmentTarget::Tuple(columns) => {
                    columns.iter().map(names::single).collect::<Result<_, _>>()?
                }
            };
            self.assign(relation, &columns, Verb::Update)?;
            match value {
                Expr::Tuple(values) => values.iter().try_for_each(|value| self.value(value, scope))?,
                value => self.value(value, scope)?,
            }
        }
        Ok(())
    }

    /// Returns `true` if these columns may be given values.
    fn assign(&self, relation: &Relation, columns: &[String], verb: Verb) -> Result<(), Refusal> {
        let table = self.catalog.name_of(relation);
        let nothing = Columns::Only(std::collections::BTreeSet::new());
        let allowed = self.policy.columns(&table, verb).unwrap_or(&nothing);
        for column in columns {
            if !relation.columns.iter().any(|known| known.name == *column) {
                return Err(Refusal::UnknownColumn { column: format!("{table}.{column}") });
            }
            if !allowed.contains(column) {
                return Err(Refusal::ColumnNotAllowed { table, column: column.clone(), verb });
            }
        }
        Ok(())
    }

    fn condition(
        &mut self,
        condition: Option<&Expr>,
        relation: &Relation,
        verb: Verb,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        let Some(condition) = condition else {
            return Err(Refusal::NoWhere { verb, table: self.catalog.name_of(relation) });
        };
        self.expression(condition, scope)?;
        if self.restricts(condition, scope)? {
            Ok(())
        } else {
            Err(Refusal::NoWhere { verb, table: self.catalog.name_of(relation) })
        }
    }

    /// Returns `true` if the condition can leave out a row, as far as its form tells. This is against mistakes: whether
    /// a condition is true of all rows that there are only the server knows.
    fn restricts(&mut self, condition: &Expr, scope: &Scope<'_>) -> Result<bool, Refusal> {
        let Some(target) = scope.target() else { return Ok(false) };
        let is_same_column =
            |left: &Expr, right: &Expr| match (column_of(left, target), column_of(right, target)) {
                (Some(left), Some(right)) => left.name == right.name,
                _ => false,
            };
        let is_nullable = |expr: &Expr| column_of(expr, target).is_none_or(|column| column.nullable);
        match condition {
            Expr::Nested(inner) => self.restricts(inner, scope),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                Ok(self.restricts(left, scope)? || self.restricts(right, scope)?)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Ok(self.restricts(left, scope)? && self.restricts(right, scope)?)
            }
            Expr::BinaryOp { left, op: _, right } if left == right || is_same_column(left, right) => {
                Ok(false)
            }
            Expr::IsNotNull(expr) if !is_nullable(expr) => Ok(false),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } if is_never_null(expr, &is_nullable) => Ok(false),
            other => {
                target.was_read.set(false);
                self.expression(other, scope)?;
                Ok(target.was_read.get())
            }
        }
    }

    fn returning(&mut self, items: Option<&[SelectItem]>, scope: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        self.results(items.unwrap_or_default(), scope)
    }
}

fn arbiter(target: Option<&ConflictTarget>, scope: &Scope<'_>) -> Result<(), Refusal> {
    match target {
        Some(ConflictTarget::Columns(columns)) => {
            columns.iter().try_for_each(|column| scope.read(&names::name(column)?))
        }
        Some(ConflictTarget::OnConstraint(constraint)) => names::single(constraint).map(drop),
        None => Ok(()),
    }
}

fn all_columns(relation: &Relation) -> Vec<String> {
    relation.columns.iter().map(|column| column.name.clone()).collect()
}

/// `x IS NULL` of what never is.
fn is_never_null(expr: &Expr, is_nullable: &dyn Fn(&Expr) -> bool) -> bool {
    match expr {
        Expr::Nested(inner) => is_never_null(inner, is_nullable),
        Expr::IsNull(expr) => !is_nullable(expr),
        _ => false,
    }
}

/// A column of the table that is written.
fn column_of<'t>(expr: &Expr, target: &'t Source) -> Option<&'t Column> {
    let (table, column) = match expr {
        Expr::Nested(inner) => return column_of(inner, target),
        Expr::Identifier(column) => (None, column),
        Expr::CompoundIdentifier(idents) => match idents.as_slice() {
            [.., table, column] => (Some(names::name(table).ok()?), column),
            _ => return None,
        },
        _ => return None,
    };
    if table.is_some() && table != target.name {
        return None;
    }
    target.column(&names::name(column).ok()?)
}
