//! `stage serve`: the HTTP server, against services that somebody else operates. Any number may run.

use crate::{
    banner,
    config::ServeArgs,
    failure::Failure,
    server,
    stop::Stop,
    wiring::{Ending, Rooms, metrics},
};

pub(crate) async fn run(args: ServeArgs, stop: Stop) -> Result<(), Failure> {
    args.http.check()?;
    let listener = server::listen(args.http.listen).await?;
    let address = listener.local_addr().map_err(Failure::Http)?;
    let stores = args.stores.stores()?;
    let rooms = tokio::select! {
        rooms = Rooms::open(stores, args.stores.migrate) => rooms?,
        () = stop.gently.cancelled() => return Err(Failure::Interrupted),
    };
    let ending = Ending::of(&stop);
    let served = async {
        let router =
            rooms.router(&args.http, args.http.base(address)?, &args.journal_dir, metrics()?, &ending)?;
        banner::ready(&format!("http://{address}"), args.json).map_err(Failure::Http)?;
        server::serve(listener, router, args.http.limits(), &ending.closing, &stop).await;
        Ok(())
    }
    .await;
    rooms.close(&stop).await;
    served
}
