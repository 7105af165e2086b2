//! Variables of the described system that have no effect.

/// A variable that means nothing here.
#[derive(Debug)]
pub(super) struct Retired {
    pub(super) variable: &'static str,
    /// Why, and what to do instead.
    pub(super) reason: &'static str,
    /// Is `true` if a caller who sets it counts on something that will not happen. Then it is refused; else it is
    /// passed over with a warning.
    pub(super) refused: bool,
}

const fn passed_over(variable: &'static str, reason: &'static str) -> Retired {
    Retired { variable, reason, refused: false }
}

const fn refused(variable: &'static str, reason: &'static str) -> Retired {
    Retired { variable, reason, refused: true }
}

const CLOUDFLARE: &str =
    "nothing here connects through Cloudflare yet, so nothing that it asks for would happen; unset it";

/// All of them.
pub(super) const RETIRED: &[Retired] = &[
    passed_over("DB_POOL_DESTROY_TIMEOUT", "connections are closed in the background; remove it"),
    passed_over("DB_POOL_REAP_INTERVAL", "idle connections go when their time is up; remove it"),
    passed_over("DB_POOL_CREATE_RETRY_INTERVAL", "connecting is retried by DB_RETRY_DELAY_MS; remove it"),
    passed_over("DB_HEALTH_CHECK_ENABLED", "health is told when it is asked for; remove it"),
    passed_over("DB_HEALTH_CHECK_INTERVAL", "health is told when it is asked for; remove it"),
    refused("DB_MIGRATIONS_TABLE", "the table of migrations is always schema_migrations; remove it"),
    refused("DB_MIGRATIONS_DIR", "give --folder to the program migrate"),
    refused("DB_AUDIT_ENABLED", "the audit trail is always on; remove it"),
    refused("DB_AUDIT_RETENTION_DAYS", "set RETENTION_AUDIT_LOGS=90days"),
    refused("CLOUDFLARE_PROXY_ENABLED", CLOUDFLARE),
    refused("CLOUDFLARE_PROXY_HOSTNAME", CLOUDFLARE),
    refused("CLOUDFLARE_ZONE_ID", CLOUDFLARE),
    refused("CLOUDFLARE_ACCOUNT_ID", CLOUDFLARE),
    refused("CLOUDFLARE_API_TOKEN", CLOUDFLARE),
    refused("CLOUDFLARE_ALLOWED_IPS", CLOUDFLARE),
    refused("CLOUDFLARE_ALLOWED_COUNTRIES", CLOUDFLARE),
    refused("DB_ALERT_EMAIL", "no alerts are sent from here; let your monitoring send them by the metrics"),
    refused("DB_ALERT_WEBHOOK", "no alerts are sent from here; let your monitoring send them by the metrics"),
    refused(
        "DB_ALERT_SLACK_WEBHOOK",
        "no alerts are sent from here; let your monitoring send them by the metrics",
    ),
];
