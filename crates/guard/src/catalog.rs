//! What there is in the database, as far as the guard must know it.

/// The relations that a statement can name. The caller reads them from the server, for the search path under which the statement will run.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    schema: String,
    relations: Vec<Relation>,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, as `pg_class.relname` has it.
    pub name: String,
    /// What it is.
    pub kind: RelationKind,
    /// Its columns in the order of `pg_attribute.attnum`, without dropped and system columns.
    pub columns: Vec<Column>,
}

/// What a relation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelationKind {
    /// A table, or a partitioned one.
    Table,
    /// A view, or a materialized one, with its text as `pg_get_viewdef` gives it. What it reads is checked as if it stood in the statement.
    View {
        /// `pg_get_viewdef(oid)`.
        definition: String,
    },
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, as `pg_attribute.attname` has it.
    pub name: String,
    /// Is `true` if it can be NULL.
    pub nullable: bool,
}

impl Catalog {
    /// The catalog of one schema, whose relations need no qualifier. Relations of other schemas can be named with theirs, if they are here
    /// and the policy names them so.
    #[must_use]
    pub fn new(schema: impl Into<String>, relations: impl IntoIterator<Item = Relation>) -> Self {
        let mut relations: Vec<Relation> = relations.into_iter().collect();
        relations.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        Self { schema: schema.into(), relations }
    }

    /// The schema whose relations need no qualifier.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// All relations, by schema and name.
    #[must_use]
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// Returns `true` if anything here has the name: then a refusal that tells it tells nothing new.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.relations.iter().any(|relation| {
            relation.schema == name
                || relation.name == name
                || relation.columns.iter().any(|column| column.name == name)
        })
    }

    pub(super) fn find(&self, schema: Option<&str>, name: &str) -> Option<&Relation> {
        // PostgreSQL looks into pg_catalog before any schema of the search path.
        if schema.is_none() && name.starts_with("pg_") {
            return None;
        }
        let key = (schema.unwrap_or(&self.schema), name);
        let at = self
            .relations
            .binary_search_by(|relation| (relation.schema.as_str(), relation.name.as_str()).cmp(&key));
        at.ok().map(|at| &self.relations[at])
    }

    /// How policies and refusals name a relation: without its schema if that is the catalog's.
    pub(super) fn name_of(&self, relation: &Relation) -> String {
        if relation.schema == self.schema {
            relation.name.clone()
        } else {
            format!("{}.{}", relation.schema, relation.name)
        }
    }
}
