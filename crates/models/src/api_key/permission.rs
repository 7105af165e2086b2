use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

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
/// ```
/// use taskmaster_models::Permission;
///
/// let held: Permission = "tasks:write".parse()?;
/// assert!(held.grants(&"tasks:create".parse()?));
/// assert!(!held.grants(&"tasks:read".parse()?));
/// assert!("tasks:fly".parse::<Permission>().is_err());
/// # Ok::<(), taskmaster_models::UnknownValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permission {
    /// The kind of thing; `None` for all kinds.
    resource: Option<String>,
    /// What may be done with it; `None` for everything.
    verb: Option<Verb>,
}

impl Permission {
    /// The most characters that the name of a kind of thing may have.
    pub const MAX_RESOURCE: usize = 50;

    /// Everything: `*`.
    #[must_use]
    pub const fn all() -> Self {
        Self { resource: None, verb: None }
    }

    /// One verb on everything.
    #[must_use]
    pub const fn verb(verb: Verb) -> Self {
        Self { resource: None, verb: Some(verb) }
    }

    /// Whether who holds this permission may do what `required` says.
    #[must_use]
    pub fn grants(&self, required: &Self) -> bool {
        let resource = self.resource.is_none() || self.resource == required.resource;
        let verb = match (self.verb, required.verb) {
            (None, _) | (Some(Verb::Write), Some(Verb::Create | Verb::Update | Verb::Delete)) => true,
            (held, required) => held == required,
        };
        resource && verb
    }

    /// Whether it is about all kinds of things at once.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        self.resource.is_none()
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.verb.map_or("*", Verb::as_str);
        match &self.resource {
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
        Ok(Self { resource, verb })
    }
}

fn is_resource(text: &str) -> bool {
    text.len() <= Permission::MAX_RESOURCE
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl TryFrom<String> for Permission {
    type Error = UnknownValue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.to_string()
    }
}
