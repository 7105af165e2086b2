//! Names: of relations, columns and types, and those that PostgreSQL gives to results.

use sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType, ExactNumberInfo, Expr, Function, Ident, ObjectName,
    ObjectNamePart, SelectItem,
};

use super::{super::allowed, Refusal, construct};

/// A name as PostgreSQL folds it.
pub(super) fn name(ident: &Ident) -> Result<String, Refusal> {
    let Ident { value, quote_style, span: _ } = ident;
    match quote_style {
        Some('"') => Ok(value.clone()),
        Some(_) => construct("a name in quotes that are not double"),
        None => {
            let folded = value.to_ascii_lowercase();
            let is_word = folded.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && !folded.starts_with(|first: char| first.is_ascii_digit());
            if !is_word || allowed::is_reserved(&folded) {
                return construct("a reserved word where a name is expected");
            }
            Ok(folded)
        }
    }
}

pub(super) fn parts(object: &ObjectName) -> Result<Vec<String>, Refusal> {
    let ObjectName(parts) = object;
    parts
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => name(ident),
            ObjectNamePart::Function(_) => construct("a function in a name"),
        })
        .collect()
}

/// A name that must have no qualifier.
pub(super) fn single(object: &ObjectName) -> Result<String, Refusal> {
    let mut parts = parts(object)?;
    match (parts.pop(), parts.is_empty()) {
        (Some(name), true) => Ok(name),
        _ => construct("a qualified name here"),
    }
}

/// The schema, if it is said, and the name.
pub(super) fn qualified(object: &ObjectName) -> Result<(Option<String>, String), Refusal> {
    let mut parts = parts(object)?;
    match (parts.pop(), parts.pop(), parts.is_empty()) {
        (Some(name), schema, true) => Ok((schema, name)),
        _ => construct("a name of more than two parts"),
    }
}

/// What PostgreSQL calls a result without AS.
pub(super) fn of_result(item: &SelectItem) -> Result<String, Refusal> {
    match item {
        SelectItem::ExprWithAlias { expr: _, alias } => name(alias),
        SelectItem::UnnamedExpr(expr) => Ok(of_expression(expr).unwrap_or_else(|| "?column?".into())),
        _ => construct("a result of this kind"),
    }
}

fn of_expression(expr: &Expr) -> Option<String> {
    let fixed = |name: &str| Some(String::from(name));
    match expr {
        Expr::Identifier(ident) => name(ident).ok(),
        Expr::CompoundIdentifier(idents) => name(idents.last()?).ok(),
        Expr::CompoundFieldAccess { root, access_chain: _ } => of_expression(root),
        Expr::Nested(expr) | Expr::Collate { expr, collation: _ } => of_expression(expr),
        Expr::Cast { expr, data_type, .. } => of_expression(expr).or_else(|| match data_type {
            DataType::Custom(object, _) => parts(object).ok()?.pop(),
            DataType::Text => fixed("text"),
            DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => fixed("int4"),
            DataType::BigInt(_) | DataType::Int8(_) => fixed("int8"),
            DataType::Numeric(_) | DataType::Decimal(_) => fixed("numeric"),
            DataType::Bool | DataType::Boolean => fixed("bool"),
            DataType::Date => fixed("date"),
            DataType::JSONB => fixed("jsonb"),
            DataType::Uuid => fixed("uuid"),
            _ => None,
        }),
        Expr::Function(Function { name, .. }) => parts(name).ok()?.pop(),
        Expr::Case { else_result, .. } => else_result
            .as_deref()
            .filter(|result| is_column(result))
            .and_then(of_expression)
            .or_else(|| fixed("case")),
        Expr::Exists { .. } => fixed("exists"),
        Expr::Extract { .. } => fixed("extract"),
        Expr::AtTimeZone { .. } => fixed("timezone"),
        Expr::Position { .. } => fixed("position"),
        Expr::Substring { .. } => fixed("substring"),
        Expr::Overlay { .. } => fixed("overlay"),
        Expr::Trim { .. } => fixed("btrim"),
        Expr::Ceil { .. } => fixed("ceil"),
        Expr::Floor { .. } => fixed("floor"),
        Expr::Array(_) => fixed("array"),
        Expr::Tuple(_) => fixed("row"),
        Expr::Interval(_) => fixed("interval"),
        Expr::Value(value) if matches!(value.value, sqlparser::ast::Value::Boolean(_)) => fixed("bool"),
        _ => None,
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Function(_))
}

/// Types that hold data, and arrays of them.
pub(super) fn data_type(data_type: &DataType) -> Result<(), Refusal> {
    match data_type {
        // These are filled up to their length.
        DataType::Character(Some(CharacterLength::IntegerLength { length, unit: _ }))
        | DataType::Char(Some(CharacterLength::IntegerLength { length, unit: _ }))
        | DataType::Bit(Some(length))
            if *length > allowed::MAX_LENGTH =>
        {
            construct("a type with a length of more than 10000")
        }
        DataType::Character(_)
        | DataType::Char(_)
        | DataType::CharacterVarying(_)
        | DataType::CharVarying(_)
        | DataType::Varchar(_)
        | DataType::Uuid
        | DataType::Numeric(_)
        | DataType::Decimal(_)
        | DataType::Dec(_)
        | DataType::Float(ExactNumberInfo::None | ExactNumberInfo::Precision(_))
        | DataType::SmallInt(None)
        | DataType::Int2(None)
        | DataType::Int(None)
        | DataType::Int4(None)
        | DataType::Integer(None)
        | DataType::BigInt(None)
        | DataType::Int8(None)
        | DataType::Float4
        | DataType::Float8
        | DataType::Real
        | DataType::DoublePrecision
        | DataType::Bool
        | DataType::Boolean
        | DataType::Date
        | DataType::Time(..)
        | DataType::Timestamp(..)
        | DataType::Interval { .. }
        | DataType::JSON
        | DataType::JSONB
        | DataType::Text
        | DataType::Bytea
        | DataType::Bit(_)
        | DataType::BitVarying(_)
        | DataType::VarBit(_)
        | DataType::TsVector
        | DataType::TsQuery => Ok(()),
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) => self::data_type(element),
        DataType::Custom(object, modifiers) => {
            let mut parts = parts(object)?;
            let name = parts.pop().unwrap_or_default();
            let is_built_in = parts.is_empty() || parts == ["pg_catalog"];
            let is_plain = modifiers
                .iter()
                .all(|modifier| modifier.parse().is_ok_and(|length: u64| length <= allowed::MAX_LENGTH));
            if is_built_in && is_plain && allowed::is_type(&name) {
                Ok(())
            } else {
                Err(Refusal::TypeNotAllowed { name })
            }
        }
        // What stands after the name can be a text.
        other => {
            let name = other.to_string().to_ascii_lowercase();
            let end = name.find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
            Err(Refusal::TypeNotAllowed { name: name[..end.unwrap_or(name.len())].into() })
        }
    }
}
