//! Rust names for whatever a table, a column or a label is called.

use std::collections::BTreeSet;

use heck::{ToSnakeCase, ToUpperCamelCase};
use unicode_ident::{is_xid_continue, is_xid_start};

/// Keywords that may be a name when written as `r#type`.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Keywords that are never a name.
const PATH_WORDS: [&str; 3] = ["crate", "self", "super"];

/// Names that are given already, compared in the way that SeaORM's macros make variants of them.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// A field for a column or a relation.
    pub(crate) fn field(&mut self, name: &str) -> String {
        let field = snake(name, "column", |_| true);
        self.given(field)
    }

    /// A module for a table, which becomes a file: the compiler takes only ASCII there.
    pub(crate) fn module(&mut self, name: &str) -> String {
        let module = snake(name, "table", |c| c.is_ascii());
        let module = if is_keyword(&module) { format!("{module}_table") } else { module };
        self.given(module)
    }

    /// An enum's or a variant's name.
    pub(crate) fn variant(&mut self, name: &str, prefix: &str) -> String {
        let variant = snake(name, prefix, |_| true).to_upper_camel_case();
        let variant = if variant == "Self" { "SelfVariant".to_owned() } else { variant };
        self.given(variant)
    }

    /// Keeps a name from being given.
    pub(crate) fn reserve(&mut self, name: &str) -> bool {
        self.0.insert(name.to_upper_camel_case())
    }

    /// A name that is one already, numbered when it is taken.
    pub(crate) fn given(&mut self, name: String) -> String {
        if self.reserve(&name) {
            return name;
        }
        let is_snake = name == name.to_snake_case();
        let numbered = (2..).map(|n| if is_snake { format!("{name}_{n}") } else { format!("{name}{n}") });
        numbered.into_iter().find(|name| self.reserve(name)).unwrap_or_default()
    }
}

fn snake(name: &str, prefix: &str, allows: impl Fn(char) -> bool) -> String {
    let is_fit = |c: char| is_xid_continue(c) && allows(c);
    let words: String = name.chars().map(|c| if is_fit(c) { c } else { ' ' }).collect();
    let snake = words.to_snake_case();
    if PATH_WORDS.contains(&snake.as_str()) {
        format!("{snake}_{prefix}")
    } else if snake.is_empty() {
        format!("{prefix}_1")
    } else if snake.starts_with(is_xid_start) {
        snake
    } else {
        format!("{prefix}_{snake}")
    }
}

pub(crate) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// A field as Rust text has it.
pub(crate) fn escaped(field: &str) -> String {
    if is_keyword(field) { format!("r#{field}") } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_gets_a_field_that_rust_takes() {
        let mut names = Names::default();
        for (column, field) in [
            ("title", "title"),
            ("type", "type"),
            ("User Name", "user_name"),
            ("userName", "user_name_2"),
            ("self", "self_column"),
            ("2fa", "column_2fa"),
            ("%", "column_1"),
            ("größe²", "größe"),
        ] {
            assert_eq!(names.field(column), field, "{column}");
        }
        assert_eq!(escaped("type"), "r#type");
    }

    #[test]
    fn every_table_gets_a_module_whose_file_is_not_the_index() {
        let mut names = Names::default();
        for (table, module) in [
            ("mod", "mod_table"),
            ("type", "type_table"),
            ("Order Lines", "order_lines"),
            ("order_lines", "order_lines_2"),
            ("名前", "table_1"),
            ("crate", "crate_table"),
        ] {
            assert_eq!(names.module(table), module, "{table}");
        }
    }

    #[test]
    fn every_label_gets_a_variant() {
        let mut names = Names::default();
        for (label, variant) in [
            ("in review", "InReview"),
            ("", "Value1"),
            ("1st", "Value1st"),
            ("self", "SelfValue"),
            ("+", "Value12"),
        ] {
            assert_eq!(names.variant(label, "value"), variant, "{label}");
        }
    }
}
