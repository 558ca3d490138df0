//! `stage work`: the loops, against services that somebody else operates. Any number may run; where only one may do
//! a thing, they agree among themselves, and another takes over when that one dies.

use crate::{
    config::{Outward, WorkerArgs},
    failure::Failure,
    stop::Stop,
    wiring::Rooms,
};

pub(crate) async fn run(args: WorkerArgs, stop: Stop) -> Result<(), Failure> {
    let stores = args.stores.stores()?;
    let rooms = tokio::select! {
        rooms = Rooms::open(stores, args.stores.migrate) => rooms?,
        () = stop.gently.cancelled() => return Err(Failure::Interrupted),
    };
    let outward = Outward { public_url: args.public_url.clone(), folder: None };
    let working = async {
        rooms.work(&args.work, outward).await?;
        rooms.sign(args.work.notary.settings(None)?);
        Ok(())
    }
    .await;
    if working.is_ok() {
        tracing::info!("working");
        stop.gently.cancelled().await;
    }
    rooms.close(&stop).await;
    working
}
