//! The name and the effect of what a caller does on the database.

/// An operation of the program, as errors, logs and metrics name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The name, such as `task.create`. The part behind the first dot is `db.operation.name`.
    pub name: &'static str,
    /// The effect on the data.
    pub access: Access,
    /// The table, `db.collection.name`, if the operation is about one.
    pub collection: Option<&'static str>,
    /// Is `true` if the text of its statements binds all values, so that logs may show it as it is.
    pub binds_values: bool,
}

/// The effect of an operation on the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It reads. A replica may serve it, and it is retried when it fails.
    Read,
    /// It reads from the primary only, and is retried when it fails.
    ReadPrimary,
    /// It may write.
    Write,
}

impl Operation {
    /// A statement of unknown origin, by way of SeaORM's traits: its effect on the data and on the session is unknown.
    pub(crate) const UNNAMED: Self = Self::new("statement", Access::Write);

    /// Returns an operation about no table, whose text may hold values.
    #[must_use]
    pub const fn new(name: &'static str, access: Access) -> Self {
        Self { name, access, collection: None, binds_values: false }
    }

    /// Returns `true` if the statement came by way of SeaORM's traits.
    pub(crate) fn is_unnamed(self) -> bool {
        self.name == Self::UNNAMED.name
    }

    /// Returns this operation, or one of another name where it is unnamed.
    pub(crate) fn or_named(self, name: &'static str) -> Self {
        if self.is_unnamed() { Self { name, ..self } } else { self }
    }

    /// Returns the part of the name behind the first dot.
    pub(crate) fn method(self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, method)| method)
    }
}
