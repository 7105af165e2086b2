//! Meanings of SQLSTATEs: whether a failure passes by itself, and what to do about it.

/// A concurrent transaction got in the way: `serialization_failure` and `deadlock_detected`.
pub(crate) const SERIALIZATION: [&str; 2] = ["40001", "40P01"];

/// A prepared statement is gone or out of date: `invalid_sql_statement_name` and `feature_not_supported`.
pub(crate) const OUTDATED: [&str; 2] = ["26000", "0A000"];

/// A limit of the server was reached: `lock_not_available` and `query_canceled`.
pub(crate) const TIMEOUT: [&str; 2] = ["55P03", "57014"];

/// `query_canceled`.
pub(crate) const QUERY_CANCELED: &str = "57014";

/// `read_only_sql_transaction`.
pub(crate) const READ_ONLY: &str = "25006";

/// `too_many_connections`.
pub(crate) const TOO_MANY_CONNECTIONS: &str = "53300";

/// `undefined_table`.
pub(crate) const UNDEFINED_TABLE: &str = "42P01";

/// `protocol_violation`, which is all that a pooler says, whatever keeps it from serving.
pub(crate) const PROTOCOL_VIOLATION: &str = "08P01";

/// `invalid_authorization_specification`: `pg_hba.conf` has no line for such a connection.
pub(crate) const NO_HBA_LINE: &str = "28000";

/// Returns `true` if another connection may fare better.
pub(crate) fn is_transient(sqlstate: &str) -> bool {
    sqlstate.starts_with("08")
        || matches!(sqlstate, "25P03" | "53300" | "57P01" | "57P02" | "57P03" | "57P05")
}

/// Returns what to do about a state that passes by itself.
pub(crate) fn transient_hint(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "53300" => "the server has no connection slot left; use a smaller pool or raise max_connections",
        "53100" | "53200" | "53400" => "the server has run out of a resource",
        "57P01" | "57P02" | "57P03" => "the server is starting or stopping; try again",
        "25P03" | "57P05" => "the connection was idle for too long; try again",
        "08000" | "08001" | "08003" | "08004" | "08006" => "the connection broke; try again",
        _ => return None,
    })
}

/// Returns what to do about a state that lasts until a person acts.
pub(crate) fn permanent_hint(sqlstate: &str) -> Option<&'static str> {
    Some(match sqlstate {
        "28000" | "28P01" => "check the user and the password",
        "3D000" => "create the database, or name another one",
        "25006" => "it takes no writes; connect to the primary server",
        "42501" => "the user lacks a right; grant it, or connect as another user",
        _ => return None,
    })
}
