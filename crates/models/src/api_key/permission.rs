use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{UnknownValue, text_enum::text_enum};

text_enum! {
    /// What can be done with something.
    Verb, "verb of a permission" {
        /// Look at it.
        Read = "read",
        /// Create, update and delete it.
        Write = "write",
        /// Make a new one.
        Create = "create",
        /// Change it.
        Update = "update",
        /// Remove it.
        Delete = "delete",
        /// Have it done.
        Execute = "execute",
    }
}

/// What a key may do, and what a call requires. In text one of these forms:
///
/// | text | allows |
/// |---|---|
/// | `*` | everything |
/// | `read` | this verb on everything |
/// | `tasks:read` | this verb on this kind of thing |
/// | `tasks:*` | every verb on this kind of thing |
///
/// The verb `write` allows `create`, `update` and `delete`, too.
///
/// In the described system a permission was any text. Such as are none of these forms are kept and shown, but grant nothing; they
/// are read from rows and JSON only, and no write takes them.
///
/// ```
/// use taskmaster_models::Permission;
///
/// let held: Permission = "tasks:write".parse()?;
/// assert!(held.grants(&"tasks:create".parse()?));
/// assert!(!held.grants(&"tasks:read".parse()?));
/// assert!("tasks:fly".parse::<Permission>().is_err());
/// # Ok::<(), taskmaster_models::UnknownValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Permission(Meaning);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Meaning {
    Known {
        /// The kind of thing; `None` for all kinds.
        resource: Option<String>,
        /// What may be done with it; `None` for everything.
        verb: Option<Verb>,
    },
    /// Nobody knows what it allows.
    Unknown(String),
}

impl Permission {
    /// The most characters that the name of a kind of thing may have.
    pub const MAX_RESOURCE: usize = 50;

    /// Everything: `*`.
    #[must_use]
    pub const fn all() -> Self {
        Self(Meaning::Known { resource: None, verb: None })
    }

    /// One verb on everything.
    #[must_use]
    pub const fn verb(verb: Verb) -> Self {
        Self(Meaning::Known { resource: None, verb: Some(verb) })
    }

    /// What a stored text allows: nothing, if it has none of the forms.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self(Meaning::Unknown(text.to_owned())))
    }

    /// Whether it has one of the forms, and so may be given to a key.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        matches!(self.0, Meaning::Known { .. })
    }

    /// Whether who holds this permission may do what `required` says.
    #[must_use]
    pub fn grants(&self, required: &Self) -> bool {
        let Meaning::Known { resource, verb } = &self.0 else { return false };
        let Meaning::Known { resource: required_resource, verb: required_verb } = &required.0 else {
            // Only everything holds what nobody knows.
            return resource.is_none() && verb.is_none();
        };
        let verb = match (verb, required_verb) {
            (None, _) | (Some(Verb::Write), Some(Verb::Create | Verb::Update | Verb::Delete)) => true,
            (held, required) => held == required,
        };
        verb && (resource.is_none() || resource == required_resource)
    }

    /// Whether it is about all kinds of things at once.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        matches!(self.0, Meaning::Known { resource: None, .. })
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resource, verb) = match &self.0 {
            Meaning::Known { resource, verb } => (resource, verb.map_or("*", Verb::as_str)),
            Meaning::Unknown(text) => return f.write_str(text),
        };
        match resource {
            Some(resource) => write!(f, "{resource}:{verb}"),
            None => f.write_str(verb),
        }
    }
}

impl FromStr for Permission {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (resource, verb) = match text.split_once(':') {
            Some((resource, verb)) if is_resource(resource) => (Some(resource.to_owned()), verb),
            Some((resource, _)) => {
                return Err(UnknownValue {
                    kind: "kind of thing that permissions are about",
                    value: resource.chars().take(100).collect(),
                    expected: format!(
                        "lower-case letters, digits and _, a letter first, at most {} characters",
                        Self::MAX_RESOURCE
                    ),
                });
            }
            None => (None, text),
        };
        let verb = if verb == "*" { None } else { Some(verb.parse()?) };
        Ok(Self(Meaning::Known { resource, verb }))
    }
}

fn is_resource(text: &str) -> bool {
    text.len() <= Permission::MAX_RESOURCE
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// As [`Permission::stored`], so that every key can be read back; who gives an unknown one to a key is refused by its validation.
impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::stored(&text))
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.to_string()
    }
}
