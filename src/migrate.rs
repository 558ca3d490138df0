//! `stage migrate`.

use crate::{config::MigrateArgs, failure::Failure, wiring};

pub(crate) async fn run(args: MigrateArgs) -> Result<(), Failure> {
    let pool = wiring::pool(args.database.options()?, args.database.database_connections).await?;
    stage_store::migrate(&pool).await?;
    pool.close().await;
    tracing::info!("the database has the newest form");
    Ok(())
}
