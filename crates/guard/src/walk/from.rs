//! What stands in FROM and USING.

use sqlparser::ast::{
    FunctionArg, Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableFunctionArgs,
    TableSample, TableSampleKind, TableSampleModifier, TableSampleQuantity, TableSampleSeed, TableWithJoins,
};

use super::{
    Refusal, Scope, Source, Walker, construct,
    function::modest,
    names, none,
    query::{alias_names, rename},
};
use crate::allowed;

impl Walker<'_> {
    /// Adds to the scope what the item of FROM brings, from left to right: what is LATERAL sees what is left of it.
    pub(super) fn table_with_joins(
        &mut self,
        item: &TableWithJoins,
        scope: &mut Scope<'_>,
    ) -> Result<(), Refusal> {
        let TableWithJoins { relation, joins } = item;
        self.factor(relation, scope)?;
        let mut constraints = Vec::with_capacity(joins.len());
        for Join { relation, global, join_operator } in joins {
            none(*global, "GLOBAL JOIN")?;
            self.factor(relation, scope)?;
            constraints.push(match join_operator {
                JoinOperator::Join(constraint)
                | JoinOperator::Inner(constraint)
                | JoinOperator::Left(constraint)
                | JoinOperator::LeftOuter(constraint)
                | JoinOperator::Right(constraint)
                | JoinOperator::RightOuter(constraint)
                | JoinOperator::FullOuter(constraint)
                | JoinOperator::CrossJoin(constraint) => constraint,
                _ => return construct("a join that PostgreSQL does not have"),
            });
        }
        for constraint in constraints {
            match constraint {
                JoinConstraint::On(condition) => self.expression(condition, scope)?,
                JoinConstraint::Using(columns) => {
                    for column in columns {
                        self.spend(scope.width())?;
                        scope.read(&names::single(column)?)?;
                    }
                }
                // Compares all columns that both sides have.
                JoinConstraint::Natural => scope.sources.iter().try_for_each(Source::whole)?,
                JoinConstraint::None => {}
            }
        }
        Ok(())
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<(), Refusal> {
        let source = match factor {
            TableFactor::Table {
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
            } => {
                let is_foreign = !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || !index_hints.is_empty();
                none(is_foreign, "a table with options of another dialect")?;
                if let Some(sample) = sample {
                    self.sample(sample, scope)?;
                }
                if let Some(TableFunctionArgs { args, settings }) = args {
                    none(settings.is_some(), "SETTINGS")?;
                    self.table_function(name, args, *with_ordinality, alias.as_ref(), scope)?
                } else {
                    none(*with_ordinality, "WITH ORDINALITY of a table")?;
                    self.table(name, alias.as_ref(), scope)?
                }
            }
            TableFactor::Function { lateral: _, name, args, with_ordinality, alias } => {
                self.table_function(name, args, *with_ordinality, alias.as_ref(), scope)?
            }
            TableFactor::UNNEST { alias, array_exprs, with_offset, with_offset_alias, with_ordinality } => {
                none(*with_offset || with_offset_alias.is_some(), "WITH OFFSET")?;
                self.expressions(array_exprs, scope)?;
                computed("unnest", None, *with_ordinality, alias.as_ref())?
            }
            TableFactor::Derived { lateral: _, subquery, alias, sample } => {
                none(sample.is_some(), "TABLESAMPLE of a subquery")?;
                let columns = self.query(subquery, scope)?;
                let (name, renamed) = match alias {
                    Some(alias) => {
                        let (name, renamed) = alias_names(alias)?;
                        (Some(name), renamed)
                    }
                    None => (None, Vec::new()),
                };
                Source::computed(name, "a subquery".into(), rename(columns, renamed))
            }
            TableFactor::NestedJoin { table_with_joins, alias } => {
                none(alias.is_some(), "an alias of a join")?;
                return self.table_with_joins(table_with_joins, scope);
            }
            _ => return construct("a source of rows that is no table, subquery or function"),
        };
        self.count_source()?;
        scope.sources.push(source);
        Ok(())
    }

    /// A table, a view, or a WITH query.
    fn table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        scope: &Scope<'_>,
    ) -> Result<Source, Refusal> {
        let (schema, name) = names::qualified(name)?;
        let alias = alias.map(alias_names).transpose()?;
        let (alias, renamed) = alias.map_or((None, Vec::new()), |(alias, renamed)| (Some(alias), renamed));
        if schema.is_none()
            && let Some(with) = scope.with_query(&name)
        {
            let table = format!("WITH query {name}");
            let columns = rename(with.columns.clone(), renamed);
            return Ok(Source::computed(Some(alias.unwrap_or(name)), table, columns));
        }
        let relation = self.relation(schema.as_deref(), &name)?;
        let source = self.readable(relation, alias)?;
        if renamed.is_empty() {
            return Ok(source);
        }
        // Which column gets which name would depend on their order: so none of them may be a secret.
        source.whole()?;
        let columns = source.columns.into_iter().map(|column| column.name).collect();
        Ok(Source::computed(source.name, source.table, rename(columns, renamed)))
    }

    fn table_function(
        &mut self,
        name: &ObjectName,
        args: &[FunctionArg],
        with_ordinality: bool,
        alias: Option<&TableAlias>,
        scope: &Scope<'_>,
    ) -> Result<Source, Refusal> {
        let function = self.function_name(name)?;
        for arg in args {
            self.argument(arg, &function, scope)?;
        }
        let gives_back = ["coalesce", "greatest", "least", "nullif"].contains(&function.as_str());
        none(gives_back, "coalesce, greatest, least and nullif in FROM")?;
        modest(&function, args)?;
        let columns = if self.policy.functions.contains(&function) {
            None
        } else if let Some(columns) = allowed::columns_of(&function) {
            Some(columns.iter().map(|&column| column.into()).collect())
        } else if allowed::gives_one_column(&function) {
            Some(vec![alias.map_or(Ok(function.clone()), |alias| names::name(&alias.name))?])
        } else {
            None
        };
        computed(&function, columns, with_ordinality, alias)
    }

    fn sample(&mut self, sample: &TableSampleKind, scope: &Scope<'_>) -> Result<(), Refusal> {
        let TableSampleKind::AfterTableAlias(sample) = sample else {
            return construct("TABLESAMPLE before the alias");
        };
        let TableSample { modifier, name: _, quantity, seed, bucket, offset } = &**sample;
        let is_foreign =
            *modifier != TableSampleModifier::TableSample || bucket.is_some() || offset.is_some();
        none(is_foreign, "a sample of another dialect")?;
        if let Some(TableSampleQuantity { parenthesized: _, value, unit }) = quantity {
            none(unit.is_some(), "a sample of another dialect")?;
            self.expression(value, scope)?;
        }
        if let Some(TableSampleSeed { modifier: _, value }) = seed {
            super::expression::literal(&value.value)?;
        }
        Ok(())
    }
}

/// The rows of a function. What their columns are called only the server knows if they are not said: then the alias alone can be read, and what
/// the statement itself calls them. `f.name` of another name could be the call `name(f)`.
fn computed(
    function: &str,
    columns: Option<Vec<String>>,
    with_ordinality: bool,
    alias: Option<&TableAlias>,
) -> Result<Source, Refusal> {
    let alias = alias.map(alias_names).transpose()?;
    let (name, renamed) =
        alias.map_or((function.to_owned(), Vec::new()), |(alias, renamed)| (alias, renamed));
    let ordinality = || String::from("ordinality");
    let columns = match columns {
        Some(mut columns) => {
            columns.extend(with_ordinality.then(ordinality));
            rename(columns, renamed)
        }
        // Another column is before it.
        None if renamed.len() <= 1 => renamed.into_iter().chain(with_ordinality.then(ordinality)).collect(),
        None => renamed,
    };
    Ok(Source::computed(Some(name), format!("function {function}"), columns))
}
