use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

use crate::test_run::{Run, connect, drop_role, execute, on_own_thread};
use crate::{EmbeddedError, TestDatabase, url};

/// A user of one test's own, who can do what the groups may that he is a member of. He is dropped at the test's end, like the
/// [`TestDatabase`].
#[derive(Debug)]
pub struct TestLogin {
    run: Run,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Makes a user who is a member of these roles and nothing else. On the server of `DATABASE_URL` that needs `CREATEROLE`.
    ///
    /// # Errors
    ///
    /// When the server refuses a statement.
    pub async fn login(&self, roles: &[&str]) -> Result<TestLogin, EmbeddedError> {
        let run = Run::current()?;
        let name = run.new_name();
        // Whether a server asks for it is its own affair.
        let password = format!("{:016x}", RandomState::new().hash_one("password"));
        let url = url::with_user(&self.url(), &name, &password);
        let mut connection = connect(run.url).await?;
        let mut sql = format!(r#"CREATE ROLE "{name}" LOGIN PASSWORD '{password}'"#);
        for role in roles {
            write!(sql, r#"; GRANT "{role}" TO "{name}""#).expect("writing to a String cannot fail");
        }
        execute(&mut connection, "make a user for a test", sql).await?;
        Ok(TestLogin { run, name, url })
    }
}

impl TestLogin {
    /// The URL by which he connects to the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// His name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestLogin {
    fn drop(&mut self) {
        let (url, name) = (self.run.url, std::mem::take(&mut self.name));
        // As with a database: the server's end or the next run removes what is left.
        let _ = on_own_thread(async move {
            let mut connection = connect(url).await?;
            drop_role(&mut connection, &name).await
        })
        .join();
    }
}
