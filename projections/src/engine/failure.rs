use stage_store::{Recorded, StoreError};

use crate::ProjectionError;

/// Whether the same batch may go another time: the database was away, full, or chose this transaction to
/// end a deadlock. Everything else would fail again.
#[must_use]
pub fn is_transient(error: &ProjectionError) -> bool {
    match error {
        ProjectionError::Unavailable(error) => is_transient_sql(error),
        ProjectionError::Store(StoreError::Unavailable(_) | StoreError::Objects(_)) => true,
        ProjectionError::Store(StoreError::Database(error)) => is_transient_sql(error),
        _ => false,
    }
}

fn is_transient_sql(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // Connection, rollback, resources, operator, system; a lock not free; a database that became a standby.
            ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                || code == "55P03"
                || code == "25006"
        }),
        _ => false,
    }
}

/// What an operator is told of an error. It holds names of types, tables and constraints, and no value: messages of
/// the database and of serde quote what they choke on.
#[must_use]
pub fn cause(error: &ProjectionError) -> String {
    match error {
        ProjectionError::Store(StoreError::Unreadable { source, .. }) => unreadable(source),
        ProjectionError::Store(StoreError::Database(error) | StoreError::Unavailable(error))
        | ProjectionError::Unavailable(error) => sql(error),
        ProjectionError::Poison { error, .. } => error.clone(),
        // These texts are ours, and quote nothing.
        other => other.to_string(),
    }
}

pub(super) fn describe(error: &ProjectionError, event: &Recorded) -> String {
    format!("{} version {}: {}", event.event_type, event.event_version, cause(error))
}

fn unreadable(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        // Fields have their names from the code.
        Some((field, _)) => format!("the field {field} is missing"),
        None => format!("{:?} error at line {}, column {}", error.classify(), error.line(), error.column()),
    }
}

fn sql(error: &sqlx::Error) -> String {
    let error = match error {
        sqlx::Error::Database(error) => error,
        sqlx::Error::Io(error) => return error.to_string(),
        sqlx::Error::PoolTimedOut => return "no connection was free".to_owned(),
        error if is_transient_sql(error) => return "the connection was lost".to_owned(),
        _ => return "a value does not fit its column".to_owned(),
    };
    let mut text = format!("SQLSTATE {}", error.code().unwrap_or_default());
    for (what, name) in [("constraint", error.constraint()), ("table", error.table())] {
        if let Some(name) = name {
            text.push_str(&format!(", {what} {name}"));
        }
    }
    text
}
