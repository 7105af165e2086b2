//! The handle for raw statements under a policy.

use std::{collections::BTreeSet, sync::Arc};

use taskmaster_connection::{Access, Database, Operation, deadline, statement::Query, until, within};
use taskmaster_guard::{CheckedStatement, Guard, Policy, PolicySet, Refusal};
use taskmaster_models::Actor;
use taskmaster_repository::RepositoryError;

use super::{
    catalog::{Catalogs, Known},
    error::{QueryError, from_query},
    param::{self, Param},
    refusals::{Refusals, Refused},
    rows::QueryRows,
    transaction::{Role, of_checked},
};
use crate::error::from_connection;

/// How many rows an answer has at most, unless the caller wants more.
const MAX_ROWS: usize = 10_000;

/// The raw statements of a program on one database: what the guard knows of its schema, and how many statements were
/// refused. It is cheap to clone, and all clones share both.
#[derive(Clone, Debug)]
pub struct RawStatements {
    database: Database,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    catalogs: Catalogs,
    refusals: Refusals,
}

/// The database for raw statements under a policy. It is cheap to clone.
///
/// ```no_run
/// # use taskmaster_postgres::{QueryError, RawStatements};
/// use taskmaster_guard::Policy;
///
/// # async fn example(raw: &RawStatements) -> Result<(), QueryError> {
/// let reports = raw.with_policy("readonly", Policy::readonly());
/// let rows = reports.query("SELECT title, priority FROM tasks WHERE status = $1", &["pending".into()]).await?;
/// for row in &rows {
///     let (title, priority): (String, i32) = (row.get("title")?, row.get("priority")?);
///     println!("{priority} {title}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GuardedDatabase {
    raw: RawStatements,
    /// `None` allows nothing at all.
    policy: Option<Arc<Policy>>,
    policy_name: Arc<str>,
    /// The actor as the JSON text that the function `set_actor` takes.
    actor: Option<Arc<str>>,
    role: Option<Role>,
    max_rows: usize,
}

impl RawStatements {
    /// Returns the raw statements on this database. A program makes one and keeps it.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, shared: Arc::default() }
    }

    /// Returns the database that it is on.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Returns a handle for raw statements under this policy. The audit trail records refusals under its name.
    #[must_use]
    pub fn with_policy(&self, name: &str, policy: Policy) -> GuardedDatabase {
        self.guarded(name, Some(policy))
    }

    /// Returns a handle for raw statements of a user, under the policy of the user or of the user's role. If neither
    /// has one, every statement is refused. The audit trail records refusals and writes as the user's.
    ///
    /// # Errors
    ///
    /// [`Invalid`](RepositoryError::Invalid) if this can be no user's name.
    pub fn as_user(
        &self,
        user: &str,
        role: Option<&str>,
        policies: &PolicySet,
    ) -> Result<GuardedDatabase, RepositoryError> {
        let name = policies.users.get(user).or_else(|| policies.roles.get(role?));
        let policy = policies.of(Some(user), role);
        self.guarded(name.map_or("none", |name| name), policy).acting_as(&Actor::user(user))
    }

    fn guarded(&self, name: &str, policy: Option<Policy>) -> GuardedDatabase {
        GuardedDatabase {
            raw: self.clone(),
            policy: policy.map(Arc::new),
            policy_name: name.into(),
            actor: None,
            role: None,
            max_rows: MAX_ROWS,
        }
    }
}

impl GuardedDatabase {
    /// The same, and the audit trail tells refusals and writes as this actor's.
    ///
    /// # Errors
    ///
    /// [`Invalid`](RepositoryError::Invalid) if the actor breaks the rules.
    pub fn acting_as(mut self, actor: &Actor) -> Result<Self, RepositoryError> {
        actor.validate().into_result()?;
        self.actor = Some(serde_json::json!(actor).to_string().into());
        Ok(self)
    }

    /// The same, and the server checks the rights of this role rather than those of the login, which must be a member of it.
    #[must_use]
    pub fn in_role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    /// The same with answers of at most this many rows; 10,000 if it is not said.
    #[must_use]
    pub fn with_max_rows(mut self, rows: usize) -> Self {
        self.max_rows = rows;
        self
    }

    /// Runs one statement with values for `$1`, `$2`, ….
    ///
    /// One that writes is kept if it succeeds; what has to be done together belongs into a unit of work. One that reads runs in a
    /// transaction that is read-only, and is tried again if the connection breaks.
    ///
    /// # Errors
    ///
    /// [`QueryError::Refused`] and [`QueryError::NoPolicy`] if the statement is not sent, which leave a row in the audit trail; any
    /// other if it has failed, and nothing of it was kept then, unless [`QueryError::Database`] says otherwise.
    pub async fn query(&self, sql: &str, params: &[Param]) -> Result<QueryRows, QueryError> {
        let limit = self.raw.database.config().timeouts.call;
        // In a box, since each future around it would be larger by as much again.
        let answered = Box::pin(self.checked_and_run(sql, params));
        if limit.is_zero() { answered.await } else { within(limit, answered).await }
    }

    async fn checked_and_run(&self, sql: &str, params: &[Param]) -> Result<QueryRows, QueryError> {
        let (checked, known) = match Box::pin(self.check(sql)).await {
            Err(error) => {
                if let Some(kind) = error.refusal_kind() {
                    self.record_refusal(sql, kind, &error).await;
                }
                return Err(error);
            }
            Ok(checked) => checked,
        };
        let expected = usize::from(checked.parameters());
        if params.len() != expected {
            return Err(QueryError::Parameters { expected, given: params.len() });
        }
        let access = if checked.writes() { Access::Write } else { Access::Read };
        let transaction = of_checked(&known.schema, checked.writes(), self.role, self.actor.as_ref());
        let query = Query::guarded(
            Operation::new("raw.query", access),
            checked.text(),
            param::arguments(params)?,
            transaction.map_err(|error| from_connection("statement", error))?,
            self.max_rows,
        );
        let output = self.raw.database.run(query).await;
        output.map(QueryRows::new).map_err(|error| {
            let error = from_query(error, self.max_rows);
            if matches!(error, QueryError::Statement { .. }) {
                // What it names may have changed under the guard's eyes.
                known.doubt();
            }
            error
        })
    }

    async fn check(&self, sql: &str) -> Result<(CheckedStatement, Arc<Known>), QueryError> {
        let Some(policy) = &self.policy else { return Err(QueryError::NoPolicy) };
        let others = schemas(policy);
        let known = self.known(&others, None).await?;
        let refusal = match Guard::default().check(sql, policy, &known.catalog) {
            Ok(checked) => return Ok((checked, known)),
            Err(refusal) if is_of_the_unknown(&refusal) => refusal,
            Err(refusal) => return Err(QueryError::Refused(refusal)),
        };
        let newer = self.known(&others, Some(&known)).await?;
        if Arc::ptr_eq(&newer, &known) {
            return Err(QueryError::Refused(refusal));
        }
        let checked = Guard::default().check(sql, policy, &newer.catalog).map_err(QueryError::Refused)?;
        Ok((checked, newer))
    }

    /// What there is in the database, waited for no longer than a call may take.
    async fn known(
        &self,
        others: &BTreeSet<String>,
        outdated: Option<&Arc<Known>>,
    ) -> Result<Arc<Known>, RepositoryError> {
        let deadline = deadline(self.raw.database.config().timeouts.call);
        let known = Box::pin(self.raw.shared.catalogs.get(&self.raw.database, others, outdated));
        let known = until(deadline, known).await;
        known.unwrap_or_else(|elapsed| Err(RepositoryError::Timeout { source: Box::new(elapsed) }))
    }

    async fn record_refusal(&self, sql: &str, kind: &'static str, reason: &QueryError) {
        let refused = Refused { sql, kind, reason, policy: &self.policy_name, actor: self.actor.as_deref() };
        self.raw.shared.refusals.record(&self.raw.database, refused).await;
    }
}

/// The schemas that a policy names besides its own.
fn schemas(policy: &Policy) -> BTreeSet<String> {
    let qualified = policy.tables.keys().filter_map(|table| table.split_once('.'));
    qualified.map(|(schema, _)| schema.to_owned()).collect()
}

/// Returns `true` if the statement names what may have been added since the catalog was read.
fn is_of_the_unknown(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::UnknownTable { .. } | Refusal::UnknownColumn { .. } => true,
        Refusal::View { reason, .. } => is_of_the_unknown(reason),
        _ => false,
    }
}
