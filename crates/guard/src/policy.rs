//! Who may do what: data, default deny.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

/// What a statement does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Read rows.
    Select,
    /// Add rows.
    Insert,
    /// Change rows, or lock them.
    Update,
    /// Remove rows.
    Delete,
}

impl Verb {
    /// All verbs.
    pub const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        })
    }
}

/// Which columns of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Columns {
    /// All that there are, now and later.
    All,
    /// All that there are, now and later, without these.
    Except(BTreeSet<String>),
    /// These only.
    #[serde(untagged)]
    Only(BTreeSet<String>),
}

impl Columns {
    /// Returns `true` if the column is one of them.
    #[must_use]
    pub fn contains(&self, column: &str) -> bool {
        match self {
            Self::All => true,
            Self::Except(columns) => !columns.contains(column),
            Self::Only(columns) => columns.contains(column),
        }
    }
}

/// What may be done with one table. What is not said is not allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableRule {
    /// The columns that may be read, in conditions, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Columns>,
    /// The columns that may be given a value in a new row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insert: Option<Columns>,
    /// The columns that may be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<Columns>,
    /// Is `true` if rows may be removed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub delete: bool,
}

impl TableRule {
    /// The columns for which `verb` is allowed; all of them for `DELETE`, which has none.
    #[must_use]
    pub fn columns(&self, verb: Verb) -> Option<&Columns> {
        match verb {
            Verb::Select => self.select.as_ref(),
            Verb::Insert => self.insert.as_ref(),
            Verb::Update => self.update.as_ref(),
            Verb::Delete => self.delete.then_some(&Columns::All),
        }
    }
}

/// What raw statements may do.
///
/// A view needs no rule of its own: it may be read if all that it reads may be. A rule for it can only narrow that. Nothing is written through views.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Functions of the schema that may be called, besides the built-in ones without effects.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub functions: BTreeSet<String>,
    /// The rules by name of table, with its schema if that is not the catalog's.
    pub tables: BTreeMap<String, TableRule>,
}

impl Policy {
    /// Every verb that is allowed for a table, with the columns.
    pub fn tables(&self) -> impl Iterator<Item = (&str, Verb, &Columns)> {
        self.tables.iter().flat_map(|(table, rule)| {
            Verb::ALL.into_iter().filter_map(move |verb| Some((table.as_str(), verb, rule.columns(verb)?)))
        })
    }

    pub(super) fn columns(&self, table: &str, verb: Verb) -> Option<&Columns> {
        self.tables.get(table)?.columns(verb)
    }

    pub(super) fn knows(&self, verb: Verb) -> bool {
        self.tables.values().any(|rule| rule.columns(verb).is_some())
    }
}

/// Policies by name, and who has which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicySet {
    /// Policies besides the ready-made [`Policy::readonly`], [`Policy::app`] and [`Policy::admin`]; one of the same name goes before these.
    pub policies: BTreeMap<String, Policy>,
    /// The policy's name by user, as the application names its users.
    pub users: BTreeMap<String, String>,
    /// The policy's name by role.
    pub roles: BTreeMap<String, String>,
}

impl PolicySet {
    /// The policy of a user who has a role: the user's own, else the role's; `None`, which is nothing at all, if there is neither, or no policy of that name.
    #[must_use]
    pub fn of(&self, user: Option<&str>, role: Option<&str>) -> Option<Policy> {
        let of_user = user.and_then(|user| self.users.get(user));
        let name = of_user.or_else(|| role.and_then(|role| self.roles.get(role)))?;
        self.named(name)
    }

    /// The policy of this name, ready-made ones included.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Policy> {
        self.policies.get(name).cloned().or_else(|| Policy::ready_made(name))
    }
}
