//! Real services for tests. `scripts/with-services` starts a PostgreSQL and a NATS JetStream for one run of
//! the test suite; here each test gets its own database in it, cloned from a template that was migrated once.
#![allow(clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod database;
mod hub;
mod objects;
mod program;
mod slack;
mod smtp;

pub use database::{TestDatabase, database, empty_database};
pub use hub::{FakeHub, Told};
pub use objects::{TestObjects, objects};
pub use program::{Program, Refused, is_running};
pub use slack::{FakeSlack, SlackPost};
pub use smtp::{FakeSmtp, TakenMail};

/// The NATS server of this test run.
#[must_use]
pub fn nats_url() -> String {
    service("STAGE_TEST_NATS_URL")
}

/// The PostgreSQL server of this test run, as its superuser.
#[must_use]
pub fn postgres_url() -> String {
    service("STAGE_TEST_DATABASE_URL")
}

/// A name that no other test uses, for a stream, a subject or a database.
#[must_use]
pub fn unique(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}

fn service(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `make test`, or `scripts/with-services cargo test`")
    })
}
