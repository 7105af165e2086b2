//! The Rust type of a column.

/// A column's type as the catalogs have it; of an array, `name`, `kind` and `schema` are its element's.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    /// PostgreSQL's letter, such as `b` for a base type and `e` for an enum.
    pub(crate) kind: String,
    pub(crate) schema: String,
    /// Length or precision and scale, or -1.
    pub(crate) modifier: i32,
    pub(crate) is_array: bool,
    pub(crate) spelled: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// A type that SeaORM reads and writes. `column_type` is what its macro cannot tell from the Rust type.
    Native { rust: &'static str, column_type: Option<String>, diagram: &'static str },
    /// An enum of the schema, by its name.
    Enum(String),
    /// An array of a native type or of an enum.
    Array(Box<Type>),
    /// A type without a Rust type, which is read and written as text. `spelled` is its name in a cast.
    Text { spelled: String },
    /// A composite type, or an array of what is read as text.
    Unknown { spelled: String },
}

impl Type {
    /// Chooses the type; `schema` is the one whose enums are generated.
    pub(crate) fn of(found: &Found, schema: &str) -> Self {
        let spelled = found.spelled.clone();
        let scalar = if found.kind == "e" && found.schema == schema {
            Some(Self::Enum(found.name.clone()))
        } else if found.schema == "pg_catalog" {
            Self::native(&found.name, found.modifier)
        } else {
            None
        };
        match scalar {
            Some(scalar) if found.is_array => Self::Array(Box::new(scalar.into_element())),
            Some(scalar) => scalar,
            None if !found.is_array && matches!(found.kind.as_str(), "b" | "r" | "m" | "e") => {
                Self::Text { spelled }
            }
            None => Self::Unknown { spelled },
        }
    }

    fn native(name: &str, modifier: i32) -> Option<Self> {
        let (rust, column_type, diagram) = match name {
            "bool" => ("bool", None, "bool"),
            "int2" => ("i16", None, "smallint"),
            "int4" => ("i32", None, "int"),
            "int8" => ("i64", None, "bigint"),
            "float4" => ("f32", Some("Float"), "float"),
            "float8" => ("f64", Some("Double"), "double"),
            "numeric" => {
                let column_type = precision(modifier).map(|(p, s)| format!("Decimal(Some(({p}, {s})))"));
                return Some(Self::Native { rust: "Decimal", column_type, diagram: "decimal" });
            }
            "text" => ("String", Some("Text"), "text"),
            "varchar" => ("String", None, "varchar"),
            "bpchar" => ("String", None, "char"),
            "bytea" => ("Vec<u8>", Some("VarBinary(StringLen::None)"), "blob"),
            "date" => ("Date", None, "date"),
            "time" => ("Time", None, "time"),
            "timestamp" => ("DateTime", None, "datetime"),
            "timestamptz" => ("DateTimeWithTimeZone", None, "timestamptz"),
            "uuid" => ("Uuid", None, "uuid"),
            "json" => ("Json", None, "json"),
            "jsonb" => ("Json", Some("JsonBinary"), "json"),
            "inet" => ("IpNetwork", None, "inet"),
            "cidr" => ("IpNetwork", Some("Cidr"), "cidr"),
            _ => return None,
        };
        Some(Self::Native { rust, column_type: column_type.map(str::to_owned), diagram })
    }

    /// The macro tells an array's column type from its elements' Rust type.
    fn into_element(self) -> Self {
        match self {
            Self::Native { rust, diagram, .. } => Self::Native { rust, column_type: None, diagram },
            other => other,
        }
    }

    /// Returns `true` if values are equal to themselves, which a float need not be.
    pub(crate) fn is_eq(&self) -> bool {
        match self {
            Self::Native { rust, .. } => !matches!(*rust, "f32" | "f64"),
            Self::Array(element) => element.is_eq(),
            _ => true,
        }
    }

    /// The word for it in the diagram.
    pub(crate) fn diagram(&self) -> &'static str {
        match self {
            Self::Native { diagram, .. } => diagram,
            Self::Enum(_) => "enum",
            Self::Array(_) => "array",
            Self::Text { .. } | Self::Unknown { .. } => "custom",
        }
    }
}

/// Precision and scale of a `numeric`, none without a precision or with a negative scale, which SeaORM cannot say.
fn precision(modifier: i32) -> Option<(i32, i32)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    (scale >= 0).then_some(((packed >> 16) & 0xffff, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_precision_of_a_numeric_is_unpacked_from_its_modifier() {
        assert_eq!(precision(((8 << 16) | 2) + 4), Some((8, 2)));
        assert_eq!(precision(-1), None);
        // numeric(3, -2), of PostgreSQL 15 and later
        assert_eq!(precision(((3 << 16) | 0x7fe) + 4), None);
    }
}
