//! Expressions.

use sqlparser::ast::{
    AccessExpr, Array, BinaryOperator, CaseWhen, CastKind, CeilFloorKind, DateTimeField, Expr, ExtractSyntax,
    Ident, Interval, Subscript, TypedString, UnaryOperator, Value, ValueWithSpan,
};

use super::{NODE, Refusal, Scope, Walker, construct, names, none};

impl Walker<'_> {
    pub(super) fn expressions<'e>(
        &mut self,
        expressions: impl IntoIterator<Item = &'e Expr>,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        expressions.into_iter().try_for_each(|expression| self.expression(expression, scope))
    }

    pub(super) fn expression(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<(), Refusal> {
        self.spend(NODE)?;
        match expression {
            Expr::Identifier(ident) => {
                self.spend(scope.width())?;
                scope.read(&names::name(ident)?)
            }
            Expr::CompoundIdentifier(idents) => self.column(idents.iter(), scope),
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain, scope),
            Expr::Value(ValueWithSpan { value, span: _ }) => literal(value),
            Expr::TypedString(TypedString { data_type, value, uses_odbc_syntax }) => {
                none(*uses_odbc_syntax, "{d …}")?;
                names::data_type(data_type)?;
                literal(&value.value)
            }
            Expr::Nested(expr)
            | Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr)
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsNull(expr)
            | Expr::IsNotNull(expr)
            | Expr::IsUnknown(expr)
            | Expr::IsNotUnknown(expr) => self.expression(expr, scope),
            Expr::UnaryOp { op, expr } => {
                let is_known = matches!(
                    op,
                    UnaryOperator::Plus
                        | UnaryOperator::Minus
                        | UnaryOperator::Not
                        | UnaryOperator::BitwiseNot
                );
                none(!is_known, "an operator before its only operand")?;
                self.expression(expr, scope)
            }
            Expr::BinaryOp { left, op, right } => {
                operator(op)?;
                self.expressions([&**left, &**right], scope)
            }
            Expr::AnyOp { left, compare_op, right, is_some: _ } | Expr::AllOp { left, compare_op, right } => {
                operator(compare_op)?;
                self.expressions([&**left, &**right], scope)
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.expressions([&**left, &**right], scope)
            }
            Expr::InList { expr, list, negated: _ } => {
                self.expression(expr, scope)?;
                self.expressions(list, scope)
            }
            Expr::InSubquery { expr, subquery, negated: _ } => {
                self.expression(expr, scope)?;
                self.query(subquery, scope).map(drop)
            }
            Expr::Exists { subquery, negated: _ } | Expr::Subquery(subquery) => {
                self.query(subquery, scope).map(drop)
            }
            Expr::Between { expr, negated: _, low, high } => {
                self.expressions([&**expr, &**low, &**high], scope)
            }
            Expr::Like { negated: _, any, expr, pattern, escape_char }
            | Expr::ILike { negated: _, any, expr, pattern, escape_char } => {
                none(*any, "LIKE ANY without parentheses")?;
                self.expressions([&**expr, &**pattern], scope)?;
                self.expressions(escape_char.as_deref(), scope)
            }
            Expr::SimilarTo { negated: _, expr, pattern, escape_char } => {
                self.expressions([&**expr, &**pattern], scope)?;
                self.expressions(escape_char.as_deref(), scope)
            }
            Expr::Case { case_token: _, end_token: _, operand, conditions, else_result } => {
                self.expressions(operand.as_deref(), scope)?;
                for CaseWhen { condition, result } in conditions {
                    self.expressions([condition, result], scope)?;
                }
                self.expressions(else_result.as_deref(), scope)
            }
            Expr::Cast { kind, expr, data_type, format } => {
                let is_known = matches!(kind, CastKind::Cast | CastKind::DoubleColon) && format.is_none();
                none(!is_known, "a cast of another dialect")?;
                names::data_type(data_type)?;
                self.expression(expr, scope)
            }
            Expr::Function(function) => self.function(function, scope),
            Expr::Tuple(expressions) | Expr::Array(Array { elem: expressions, named: _ }) => {
                self.expressions(expressions, scope)
            }
            Expr::GroupingSets(sets) | Expr::Cube(sets) | Expr::Rollup(sets) => {
                self.expressions(sets.iter().flatten(), scope)
            }
            _ => self.special(expression, scope),
        }
    }

    /// What has a syntax of its own.
    fn special(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<(), Refusal> {
        match expression {
            Expr::AtTimeZone { timestamp, time_zone } => {
                self.expressions([&**timestamp, &**time_zone], scope)
            }
            Expr::Extract { field, syntax, expr } => {
                none(*syntax != ExtractSyntax::From, "EXTRACT with a comma")?;
                date_time_field(field)?;
                self.expression(expr, scope)
            }
            Expr::Interval(Interval {
                value,
                leading_field,
                leading_precision: _,
                last_field,
                fractional_seconds_precision: _,
            }) => {
                for field in [leading_field, last_field].into_iter().flatten() {
                    date_time_field(field)?;
                }
                match &**value {
                    Expr::Value(ValueWithSpan { value, span: _ }) => literal(value),
                    _ => construct("INTERVAL of what is no text: say make_interval"),
                }
            }
            Expr::Position { expr, r#in } => self.expressions([&**expr, &**r#in], scope),
            Expr::Substring { expr, substring_from, substring_for, special: _, shorthand: _ } => {
                self.expression(expr, scope)?;
                self.expressions(substring_from.as_deref().into_iter().chain(substring_for.as_deref()), scope)
            }
            Expr::Trim { trim_where: _, trim_what, expr, trim_characters } => {
                self.expression(expr, scope)?;
                self.expressions(trim_what.as_deref(), scope)?;
                self.expressions(trim_characters.iter().flatten(), scope)
            }
            Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                self.expressions([&**expr, &**overlay_what, &**overlay_from], scope)?;
                self.expressions(overlay_for.as_deref(), scope)
            }
            Expr::Ceil { expr, field } | Expr::Floor { expr, field } => {
                let is_plain = matches!(field, CeilFloorKind::DateTimeField(DateTimeField::NoDateTime));
                none(!is_plain, "CEIL and FLOOR with a field")?;
                self.expression(expr, scope)
            }
            // PostgreSQL looks collations up by name; they do nothing but order.
            Expr::Collate { expr, collation } => {
                names::qualified(collation)?;
                self.expression(expr, scope)
            }
            _ => construct("an expression of this kind"),
        }
    }

    /// `column`, `table.column`, `schema.table.column`.
    fn column<'i>(
        &mut self,
        idents: impl Iterator<Item = &'i Ident>,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        self.spend(scope.width())?;
        let parts = idents.map(names::name).collect::<Result<Vec<_>, _>>()?;
        match parts.as_slice() {
            [column] => scope.read(column),
            [table, column] => scope.read_of(table, column),
            [schema, table, column] if schema == self.catalog.schema() => scope.read_of(table, column),
            _ => Err(Refusal::UnknownColumn { column: parts.join(".") }),
        }
    }

    /// Elements of arrays and JSON. Fields of rows are refused: `(t).f` is a call of `f` if there is no such field.
    fn access(&mut self, root: &Expr, chain: &[AccessExpr], scope: &Scope<'_>) -> Result<(), Refusal> {
        let mut names = Vec::new();
        let mut chain = chain.iter().peekable();
        if let Expr::Identifier(ident) = root {
            names.push(ident);
            while let Some(AccessExpr::Dot(Expr::Identifier(ident))) = chain.peek() {
                names.push(ident);
                chain.next();
            }
            self.column(names.into_iter(), scope)?;
        } else {
            self.expression(root, scope)?;
        }
        for access in chain {
            match access {
                AccessExpr::Subscript(Subscript::Index { index }) => self.expression(index, scope)?,
                AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                    none(stride.is_some(), "a slice with a stride")?;
                    self.expressions(lower_bound.iter().chain(upper_bound), scope)?;
                }
                AccessExpr::Dot(_) => return construct("a field of a row, which can be a call"),
            }
        }
        Ok(())
    }
}

pub(super) fn literal(value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Number(_, false)
        | Value::SingleQuotedString(_)
        | Value::EscapedStringLiteral(_)
        | Value::Boolean(_)
        | Value::Null => Ok(()),
        Value::Placeholder(name) if name.starts_with('$') => Ok(()),
        _ => construct("a literal of this kind: bind it as a parameter"),
    }
}

/// PostgreSQL's own operators. One that is named by OPERATOR(…) can be anybody's.
fn operator(operator: &BinaryOperator) -> Result<(), Refusal> {
    match operator {
        BinaryOperator::Plus
        | BinaryOperator::Minus
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Modulo
        | BinaryOperator::StringConcat
        | BinaryOperator::Gt
        | BinaryOperator::Lt
        | BinaryOperator::GtEq
        | BinaryOperator::LtEq
        | BinaryOperator::Eq
        | BinaryOperator::NotEq
        | BinaryOperator::And
        | BinaryOperator::Or
        | BinaryOperator::BitwiseOr
        | BinaryOperator::BitwiseAnd
        | BinaryOperator::PGBitwiseXor
        | BinaryOperator::PGBitwiseShiftLeft
        | BinaryOperator::PGBitwiseShiftRight
        | BinaryOperator::PGExp
        | BinaryOperator::PGOverlap
        | BinaryOperator::PGRegexMatch
        | BinaryOperator::PGRegexIMatch
        | BinaryOperator::PGRegexNotMatch
        | BinaryOperator::PGRegexNotIMatch
        | BinaryOperator::PGLikeMatch
        | BinaryOperator::PGILikeMatch
        | BinaryOperator::PGNotLikeMatch
        | BinaryOperator::PGNotILikeMatch
        | BinaryOperator::PGStartsWith
        | BinaryOperator::Arrow
        | BinaryOperator::LongArrow
        | BinaryOperator::HashArrow
        | BinaryOperator::HashLongArrow
        | BinaryOperator::AtAt
        | BinaryOperator::AtArrow
        | BinaryOperator::ArrowAt
        | BinaryOperator::HashMinus
        | BinaryOperator::AtQuestion
        | BinaryOperator::Question
        | BinaryOperator::QuestionAnd
        | BinaryOperator::QuestionPipe
        | BinaryOperator::Overlaps => Ok(()),
        _ => construct("an operator that is not one of PostgreSQL's usual ones"),
    }
}

fn date_time_field(field: &DateTimeField) -> Result<(), Refusal> {
    match field {
        DateTimeField::Custom(_) | DateTimeField::Week(Some(_)) => {
            construct("a field of a date that is not known")
        }
        _ => Ok(()),
    }
}
