//! Calls of functions.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, ObjectName, Value, ValueWithSpan, WindowType,
};

use super::{Refusal, Scope, Walker, construct, names, none};
use crate::allowed;

impl Walker<'_> {
    pub(super) fn function(&mut self, function: &Function, scope: &Scope<'_>) -> Result<(), Refusal> {
        let Function { name, uses_odbc_syntax, parameters, args, within_group, filter, null_treatment, over } =
            function;
        none(*uses_odbc_syntax, "{fn …}")?;
        none(*parameters != FunctionArguments::None, "parameters before the arguments")?;
        none(null_treatment.is_some(), "IGNORE NULLS")?;
        match args {
            FunctionArguments::None => without_parentheses(name)?,
            FunctionArguments::Subquery(query) => {
                none(
                    !is_array(name),
                    "a subquery as the argument of a function: put it in parentheses of its own",
                )?;
                self.query(query, scope)?;
            }
            FunctionArguments::List(list) => {
                let name = if is_clock(name) { "now".into() } else { self.function_name(name)? };
                modest(&name, &list.args)?;
                self.arguments(list, &name, scope)?;
            }
        }
        self.order_expressions(within_group, scope)?;
        if let Some(condition) = filter {
            self.expression(condition, scope)?;
        }
        match over {
            Some(WindowType::WindowSpec(window)) => self.window(window, scope),
            Some(WindowType::NamedWindow(window)) => names::name(window).map(drop),
            None => Ok(()),
        }
    }

    /// The function's name, if it may be called.
    pub(super) fn function_name(&self, name: &ObjectName) -> Result<String, Refusal> {
        let parts = function_parts(name)?;
        let (schema, function) = match parts.as_slice() {
            [function] => (None, function),
            [schema, function] => (Some(schema.as_str()), function),
            _ => return construct("a name of more than two parts"),
        };
        let is_built_in =
            schema.is_none_or(|schema| schema == "pg_catalog") && allowed::is_function(function);
        let is_ours = schema.is_none_or(|schema| schema == self.catalog.schema())
            && !function.starts_with("pg_")
            && self.policy.functions.contains(function);
        if is_built_in || is_ours {
            Ok(function.clone())
        } else {
            Err(Refusal::FunctionNotAllowed { function: parts.join(".") })
        }
    }

    fn arguments(
        &mut self,
        list: &FunctionArgumentList,
        function: &str,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        let FunctionArgumentList { duplicate_treatment: _, args, clauses } = list;
        for arg in args {
            self.argument(arg, function, scope)?;
        }
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(expressions) => self.order_expressions(expressions, scope)?,
                _ => return construct("a clause in the arguments of a function"),
            }
        }
        Ok(())
    }

    pub(super) fn argument(
        &mut self,
        arg: &FunctionArg,
        function: &str,
        scope: &Scope<'_>,
    ) -> Result<(), Refusal> {
        let arg = match arg {
            FunctionArg::Named { name, arg, operator }
            | FunctionArg::ExprNamed { name: Expr::Identifier(name), arg, operator } => {
                none(*operator != FunctionArgOperator::RightArrow, "a named argument without `=>`")?;
                names::name(name)?;
                arg
            }
            FunctionArg::ExprNamed { .. } => return construct("an argument that is named by an expression"),
            FunctionArg::Unnamed(arg) => arg,
        };
        match arg {
            FunctionArgExpr::Expr(expr) => self.expression(expr, scope),
            FunctionArgExpr::QualifiedWildcard(object) => {
                self.spend(scope.width())?;
                whole_of(object, scope).map(drop)
            }
            FunctionArgExpr::Wildcard if function == "count" => Ok(()),
            FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => {
                construct("`*` as an argument")
            }
        }
    }
}

/// Refuses calls that make a great value of a short statement: the length must be there to be read.
pub(super) fn modest(function: &str, args: &[FunctionArg]) -> Result<(), Refusal> {
    let literal = |at: usize| match args.get(at) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan { value, span: _ })))) => {
            Some(value)
        }
        _ => None,
    };
    match function {
        "lpad" | "rpad" => {
            let is_modest = matches!(literal(1), Some(Value::Number(length, _)) if length.parse().is_ok_and(|length: u64| length <= allowed::MAX_LENGTH));
            none(!is_modest, "lpad and rpad to a length that is not a number of at most 10000")
        }
        "format" => {
            let is_modest =
                matches!(literal(0), Some(Value::SingleQuotedString(text)) if has_no_great_width(text));
            none(
                !is_modest,
                "format with a text that is not written out, or with a width of more than three digits",
            )
        }
        _ => Ok(()),
    }
}

fn has_no_great_width(format: &str) -> bool {
    format.split('%').skip(1).all(|specifier| {
        let end = specifier.find(|next: char| !next.is_ascii_digit() && !"$-*".contains(next));
        let width = &specifier[..end.unwrap_or(specifier.len())];
        !width.contains('*') && width.split(['$', '-']).all(|digits| digits.len() <= 3)
    })
}

/// `t.*`, which is all columns of `t`.
pub(super) fn whole_of(object: &ObjectName, scope: &Scope<'_>) -> Result<Vec<String>, Refusal> {
    let (schema, name) = names::qualified(object)?;
    none(schema.is_some(), "a qualified name before `.*`: use an alias")?;
    scope.read_whole(&name)
}

/// Names of functions may be words that are reserved elsewhere: `left(…)`.
fn function_parts(name: &ObjectName) -> Result<Vec<String>, Refusal> {
    let words = ["array", "any", "all", "some", "user", "current_user", "session_user", "left", "right"];
    if let [sqlparser::ast::ObjectNamePart::Identifier(ident)] = name.0.as_slice()
        && ident.quote_style.is_none()
        && words.iter().any(|word| ident.value.eq_ignore_ascii_case(word))
    {
        return Ok(vec![ident.value.to_ascii_lowercase()]);
    }
    names::parts(name)
}

fn unquoted(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [sqlparser::ast::ObjectNamePart::Identifier(ident)] if ident.quote_style.is_none() => {
            Some(ident.value.to_ascii_lowercase())
        }
        _ => None,
    }
}

fn is_clock(name: &ObjectName) -> bool {
    unquoted(name).is_some_and(|name| allowed::CLOCKS.contains(&name.as_str()))
}

fn is_array(name: &ObjectName) -> bool {
    unquoted(name).is_some_and(|name| name == "array")
}

fn without_parentheses(name: &ObjectName) -> Result<(), Refusal> {
    if is_clock(name) { Ok(()) } else { Err(Refusal::FunctionNotAllowed { function: name.to_string() }) }
}
