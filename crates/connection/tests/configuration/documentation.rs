//! The example in the documentation.

use std::time::Duration;

use taskmaster_connection::config::RootCertificates;

use crate::{Directory, only};

#[test]
fn the_file_in_the_documentation_is_read_as_it_says() {
    let documentation = include_str!("../../../../docs/configuration.md");
    let (_, rest) = documentation.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let directory = Directory::new();
    let password = directory.file("password", "hunter2", 0o600);
    let file = directory.file("taskmaster.toml", &text.replace("/run/secrets/database", &password), 0o600);
    let config = only(&[]).file(file).load().unwrap();
    assert_eq!(config.hosts.len(), 2);
    assert_eq!((config.database.as_str(), config.user.as_str()), ("tasks", "task_service"));
    assert_eq!(config.tls.root_certificates, Some(RootCertificates::System));
    assert_eq!((config.pool.max, config.pool.acquire_timeout), (20, Duration::from_secs(5)));
    assert_eq!(config.timeouts.statement, Duration::from_secs(10));
}
