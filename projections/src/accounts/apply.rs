use async_trait::async_trait;
use sqlx::PgConnection;
use stage_store::Recorded;

use super::{row::AccountRow, store};
use crate::{
    ProjectionError,
    engine::{Projection, Rebuild},
    rows::{self, Rows},
};

/// The projection `accounts`.
pub struct Accounts;

#[async_trait]
impl Projection for Accounts {
    fn name(&self) -> &'static str {
        "accounts"
    }

    fn version(&self) -> i32 {
        1
    }

    async fn apply(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), ProjectionError> {
        let events: Vec<_> = batch.iter().filter(|event| event.stream_type == "account").collect();
        let mut accounts: Rows<AccountRow> =
            rows::load(tx, events.iter().map(|event| event.stream_id)).await?;
        for event in events {
            let row = accounts.entry(event.stream_id).or_default();
            *row = AccountRow::after(row.take(), event)?;
        }
        store::store(tx, accounts).await
    }

    fn rebuild(&self) -> Rebuild {
        Rebuild::Shared { passes: &[&["account"]] }
    }
}
