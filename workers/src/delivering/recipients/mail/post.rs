use std::io;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use stage_connectors::outward::{Mail, SendError, Smtp};
use stage_domain::AccountId;

/// Carries a mail to its reader.
#[async_trait]
pub trait Post: Send + Sync {
    /// `account` is whose data the mail holds.
    async fn post(&self, account: AccountId, kind: &'static str, mail: &Mail) -> Result<(), SendError>;

    /// Takes away what is kept here and has outlived its use.
    fn sweep(&self, _now: DateTime<Utc>) -> io::Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Post for Smtp {
    async fn post(&self, _: AccountId, _: &'static str, mail: &Mail) -> Result<(), SendError> {
        self.send(mail).await
    }
}
