//! SELECT, VALUES, WITH, and what stands after them.

use sqlparser::ast::{
    Cte, Distinct, Expr, Fetch, GroupByExpr, LimitClause, LockClause, NamedWindowDefinition, NamedWindowExpr,
    Offset, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, OrderBySort, Parens, Query, Select,
    SelectFlavor, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier,
    TableAlias, TableAliasColumnDef, Values, WildcardAdditionalOptions, WindowFrame, WindowFrameBound,
    WindowSpec, With as WithClause,
};

use super::{MAX_RESULTS, NODE, Refusal, Scope, Verb, Walker, construct, function::whole_of, names, none};
use crate::scope::With;

impl Walker<'_> {
    /// Checks a query and tells the names of its results.
    pub(super) fn query(&mut self, query: &Query, outer: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        self.with_query(query, outer, None)
    }

    /// The query of a WITH, which can name itself in what stands after its UNION if it is recursive.
    fn with_query(
        &mut self,
        query: &Query,
        outer: &Scope<'_>,
        itself: Option<&With>,
    ) -> Result<Vec<String>, Refusal> {
        self.spend(NODE)?;
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        none(for_clause.is_some(), "FOR XML and FOR JSON")?;
        none(settings.is_some(), "SETTINGS")?;
        none(format_clause.is_some(), "FORMAT")?;
        none(!pipe_operators.is_empty(), "a pipe")?;

        let read_before = self.read.len();
        let mut scope = Scope::within(outer);
        if let Some(with) = with {
            self.with(with, &mut scope)?;
        }
        let results = self.body(body, &scope, order_by.as_ref(), itself)?;
        if let Some(clause) = limit_clause {
            self.limit(clause, &scope)?;
        }
        if let Some(Fetch { with_ties: _, percent, quantity }) = fetch {
            none(*percent, "FETCH PERCENT")?;
            if let Some(quantity) = quantity {
                self.expression(quantity, &scope)?;
            }
        }
        for lock in locks {
            let LockClause { lock_type: _, of, nonblock: _ } = lock;
            if let Some(of) = of {
                names::single(of)?;
            }
            self.lock(read_before)?;
        }
        Ok(results)
    }

    /// A lock is a write: it makes others wait. Which of the tables it is about does not matter here.
    fn lock(&mut self, read_before: usize) -> Result<(), Refusal> {
        none(self.read.len() == read_before, "a lock where no table is read")?;
        self.writes = true;
        for table in &self.read[read_before..] {
            if self.policy.columns(table, Verb::Update).is_none() {
                return Err(Refusal::TableNotAllowed { table: table.clone(), verb: Verb::Update });
            }
        }
        Ok(())
    }

    fn with(&mut self, with: &WithClause, scope: &mut Scope<'_>) -> Result<(), Refusal> {
        let WithClause { with_token: _, recursive, cte_tables } = with;
        for cte in cte_tables {
            let Cte { alias, query, from, materialized: _, closing_paren_token: _ } = cte;
            none(from.is_some(), "FROM after a WITH query")?;
            let (name, renamed) = alias_names(alias)?;
            self.spend(NODE + scope.width())?;
            let results = if *recursive {
                // A query that is written later hides in PostgreSQL what has its name, and does not here.
                none(self.catalog.find(None, &name).is_some(), "WITH RECURSIVE with the name of a table")?;
                none(
                    scope.with_query(&name).is_some(),
                    "WITH RECURSIVE with the name of another WITH query",
                )?;
                let itself = With { name: name.clone(), columns: renamed.clone() };
                self.with_query(query, scope, Some(&itself))?
            } else {
                self.query(query, scope)?
            };
            scope.with.push(With { name, columns: rename(results, renamed) });
        }
        Ok(())
    }

    fn limit(&mut self, clause: &LimitClause, scope: &Scope<'_>) -> Result<(), Refusal> {
        match clause {
            LimitClause::LimitOffset { limit, offset, limit_by } => {
                none(!limit_by.is_empty(), "LIMIT BY")?;
                if let Some(limit) = limit {
                    self.expression(limit, scope)?;
                }
                if let Some(Offset { value, rows: _ }) = offset {
                    self.expression(value, scope)?;
                }
                Ok(())
            }
            LimitClause::OffsetCommaLimit { .. } => construct("LIMIT with a comma"),
        }
    }

    /// ORDER BY belongs to the innermost of what it orders: there are the columns that it names.
    fn body(
        &mut self,
        body: &SetExpr,
        scope: &Scope<'_>,
        order: Option<&OrderBy>,
        itself: Option<&With>,
    ) -> Result<Vec<String>, Refusal> {
        self.spend(NODE)?;
        let results = match body {
            SetExpr::Select(select) => return self.select(select, scope, order),
            SetExpr::Query(query) => self.with_query(query, scope, itself)?,
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                none(matches!(op, SetOperator::Minus), "MINUS")?;
                match set_quantifier {
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None => {}
                    _ => return construct("BY NAME"),
                }
                let results = self.body(left, scope, None, None)?;
                let mut inner = Scope::within(scope);
                if let Some(With { name, columns }) = itself {
                    let columns = rename(results.clone(), columns.clone());
                    inner.with.push(With { name: name.clone(), columns });
                }
                self.body(right, &inner, None, None)?;
                results
            }
            SetExpr::Values(values) => self.values(values, scope)?,
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) => {
                none(order.is_some(), "ORDER BY of a write")?;
                self.write(statement, scope)?
            }
            SetExpr::Merge(_) => return Err(Refusal::VerbNotAllowed { verb: "MERGE".into() }),
            // The parser does not keep how the name was quoted.
            SetExpr::Table(_) => return construct("TABLE: say SELECT"),
        };
        if let Some(order) = order {
            let mut inner = Scope::within(scope);
            inner.results.clone_from(&results);
            self.order(order, &inner)?;
        }
        Ok(results)
    }

    fn values(&mut self, values: &Values, scope: &Scope<'_>) -> Result<Vec<String>, Refusal> {
        let Values { explicit_row, value_keyword, rows } = values;
        none(*explicit_row || *value_keyword, "VALUES of another dialect")?;
        let mut width = 0;
        for Parens { opening_token: _, content, closing_token: _ } in rows {
            width = width.max(content.len());
            for value in content {
                self.value(value, scope)?;
            }
        }
        Ok((1..=width).map(|number| format!("column{number}")).collect())
    }

    fn select(
        &mut self,
        select: &Select,
        outer: &Scope<'_>,
        order: Option<&OrderBy>,
    ) -> Result<Vec<String>, Refusal> {
        let Select {
            select_token: _,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        none(into.is_some(), "SELECT INTO")?;
        none(!optimizer_hints.is_empty(), "an optimizer hint")?;
        let is_foreign = select_modifiers.is_some()
            || top.is_some()
            || exclude.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || *flavor != SelectFlavor::Standard;
        none(is_foreign, "a clause that PostgreSQL's SELECT does not have")?;

        let mut scope = Scope::within(outer);
        for item in from {
            self.table_with_joins(item, &mut scope)?;
        }
        if let Some(condition) = selection {
            self.expression(condition, &scope)?;
        }
        let results = self.results(projection, &scope)?;
        for NamedWindowDefinition(window, definition) in named_window {
            names::name(window)?;
            match definition {
                NamedWindowExpr::NamedWindow(window) => drop(names::name(window)?),
                NamedWindowExpr::WindowSpec(spec) => self.window(spec, &scope)?,
            }
        }
        if let Some(condition) = having {
            self.expression(condition, &scope)?;
        }
        scope.results.clone_from(&results);
        match distinct {
            Some(Distinct::On(expressions)) => self.expressions(expressions, &scope)?,
            Some(Distinct::All | Distinct::Distinct) | None => {}
        }
        match group_by {
            GroupByExpr::Expressions(expressions, modifiers) => {
                none(!modifiers.is_empty(), "GROUP BY with a modifier")?;
                self.expressions(expressions, &scope)?;
            }
            GroupByExpr::All(_) => return construct("GROUP BY ALL"),
        }
        if let Some(order) = order {
            self.order(order, &scope)?;
        }
        Ok(results)
    }

    /// What a select list or RETURNING gives.
    pub(super) fn results(
        &mut self,
        items: &[SelectItem],
        scope: &Scope<'_>,
    ) -> Result<Vec<String>, Refusal> {
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, alias: _ } => {
                    self.expression(expr, scope)?;
                    results.push(names::of_result(item)?);
                }
                SelectItem::Wildcard(options) => {
                    plain_wildcard(options)?;
                    for source in &scope.sources {
                        source.whole()?;
                        results.extend(source.columns.iter().map(|column| column.name.clone()));
                    }
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(object),
                    options,
                ) => {
                    plain_wildcard(options)?;
                    results.extend(whole_of(object, scope)?);
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                    return construct("`.*` of an expression");
                }
                SelectItem::ExprWithAliases { .. } => return construct("several names for a result"),
            }
            none(results.len() > MAX_RESULTS, "more results than PostgreSQL gives")?;
        }
        self.spend(results.len())?;
        Ok(results)
    }

    pub(super) fn order(&mut self, order: &OrderBy, scope: &Scope<'_>) -> Result<(), Refusal> {
        let OrderBy { kind, interpolate } = order;
        none(interpolate.is_some(), "INTERPOLATE")?;
        match kind {
            OrderByKind::Expressions(expressions) => self.order_expressions(expressions, scope),
            OrderByKind::All(_) => construct("ORDER BY ALL"),
        }
    }

    pub(super) fn order_expressions(
        &mut self,
        expressions: &[OrderByExpr],
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        for OrderByExpr { expr, options, with_fill } in expressions {
            none(with_fill.is_some(), "WITH FILL")?;
            let OrderByOptions { sort, nulls_first: _ } = options;
            none(matches!(sort, Some(OrderBySort::Using(_))), "ORDER BY USING")?;
            self.expression(expr, scope)?;
        }
        Ok(())
    }

    pub(super) fn window(&mut self, window: &WindowSpec, scope: &Scope<'_>) -> Result<(), Refusal> {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = window;
        if let Some(window) = window_name {
            names::name(window)?;
        }
        self.expressions(partition_by, scope)?;
        self.order_expressions(order_by, scope)?;
        if let Some(WindowFrame { units: _, start_bound, end_bound }) = window_frame {
            for bound in [Some(start_bound), end_bound.as_ref()].into_iter().flatten() {
                match bound {
                    WindowFrameBound::CurrentRow => {}
                    WindowFrameBound::Preceding(rows) | WindowFrameBound::Following(rows) => {
                        if let Some(rows) = rows {
                            self.expression(rows, scope)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// A value in VALUES or SET, where `DEFAULT` may stand.
    pub(super) fn value(&mut self, value: &Expr, scope: &Scope<'_>) -> Result<(), Refusal> {
        match value {
            Expr::Identifier(ident)
                if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default") =>
            {
                Ok(())
            }
            _ => self.expression(value, scope),
        }
    }
}

fn plain_wildcard(options: &WildcardAdditionalOptions) -> Result<(), Refusal> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    let has_options = opt_ilike.is_some()
        || opt_exclude.is_some()
        || opt_except.is_some()
        || opt_replace.is_some()
        || opt_rename.is_some()
        || opt_alias.is_some();
    none(has_options, "`*` with options")
}

/// The alias, and the names that it gives to columns.
pub(super) fn alias_names(alias: &TableAlias) -> Result<(String, Vec<String>), Refusal> {
    let TableAlias { explicit: _, name, columns, at } = alias;
    none(at.is_some(), "AT in an alias")?;
    let renamed = columns.iter().map(|TableAliasColumnDef { name, data_type }| {
        data_type.iter().try_for_each(names::data_type)?;
        names::name(name)
    });
    Ok((names::name(name)?, renamed.collect::<Result<_, _>>()?))
}

/// The first columns get the new names, the others keep theirs.
pub(super) fn rename(mut columns: Vec<String>, renamed: Vec<String>) -> Vec<String> {
    let kept = columns.split_off(renamed.len().min(columns.len()));
    renamed.into_iter().chain(kept).collect()
}
