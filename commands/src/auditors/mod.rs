//! Auditors: who may read the log from outside, each with a token of their own.

mod add;
mod authenticate;
mod list;
mod revoke;

use sha2::{Digest, Sha256};
use sqlx::PgPool;
use stage_domain::AuditorId;

pub use add::NewAuditor;
pub use list::AuditorRow;

use crate::{CommandError, Commands};

/// What these use cases need: the database alone, so that they can be asked for without a master key.
#[derive(Clone)]
pub struct Auditors {
    pool: PgPool,
}

/// What an auditor's token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The log as it stands: personal values are sealed.
    Read,
    /// Personal values too. Each time is an event in the log.
    ReadPersonal,
}

impl Scope {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadPersonal => "read-personal",
        }
    }
}

/// Who holds an auditor's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auditor {
    pub id: AuditorId,
    personal: bool,
}

impl Auditor {
    /// Refuses what the token does not allow. Every auditor may read.
    pub fn must_have(&self, scope: Scope) -> Result<(), CommandError> {
        match self.scopes().contains(&scope) {
            true => Ok(()),
            false => Err(CommandError::Scope(scope)),
        }
    }

    #[must_use]
    pub fn scopes(&self) -> &'static [Scope] {
        scopes(self.personal)
    }
}

fn scopes(personal: bool) -> &'static [Scope] {
    if personal { &[Scope::Read, Scope::ReadPersonal] } else { &[Scope::Read] }
}

impl Auditors {
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

impl Commands {
    #[must_use]
    pub fn auditors(&self) -> Auditors {
        Auditors::new(self.log.pool().clone())
    }
}

/// What is kept of a token. It is random and long, so that a fast hash is enough.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
