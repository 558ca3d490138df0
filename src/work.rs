//! `stage work`: the loops, against services that somebody else operates. Any number may run; where only one may do
//! a thing, they agree among themselves, and another takes over when that one dies.

use std::time::Duration;

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    banner,
    config::{Outward, WorkerArgs},
    failure::Failure,
    server::{self, Limits},
    stop::Stop,
    wiring::{Ending, Rooms, metrics},
};

pub(crate) async fn run(args: WorkerArgs, stop: Stop) -> Result<(), Failure> {
    let listener = match args.health_listen {
        Some(address) => Some(server::listen(address).await?),
        None => None,
    };
    let stores = args.stores.stores()?;
    let rooms = tokio::select! {
        rooms = Rooms::open(stores, args.stores.migrate) => rooms?,
        () = stop.gently.cancelled() => return Err(Failure::Interrupted),
    };
    let outward =
        Outward { public_url: args.public_url.clone(), folder: None, websub_hub: args.websub_hub.clone() };
    let mut desk = None;
    let working = async {
        desk = listener.map(|listener| Desk::open(listener, &rooms, &stop)).transpose()?;
        rooms.work(&args.work, outward).await?;
        rooms.sign(args.work.notary.settings(None)?);
        banner::working(desk.as_ref().map(|desk| desk.address.as_str()), args.json).map_err(Failure::Http)
    }
    .await;
    if working.is_ok() {
        stop.gently.cancelled().await;
    }
    rooms.close(&stop).await;
    if let Some(desk) = desk {
        desk.close().await;
    }
    working
}

/// Where whoever operates a worker asks how it is. It answers until everything else has ended.
struct Desk {
    address: String,
    stop: Stop,
    server: JoinHandle<()>,
}

impl Desk {
    fn open(listener: TcpListener, rooms: &Rooms, stop: &Stop) -> Result<Self, Failure> {
        let limits =
            Limits { head_within: Duration::from_secs(15), connections: 100, notice: Duration::ZERO };
        let address = format!("http://{}", listener.local_addr().map_err(Failure::Http)?);
        let router = rooms.operators(metrics()?, &Ending::of(stop));
        let stop = Stop { gently: CancellationToken::new(), ..stop.clone() };
        let ours = stop.clone();
        let server = tokio::spawn(async move {
            server::serve(listener, router, limits, &CancellationToken::new(), &ours).await;
        });
        Ok(Self { address, stop, server })
    }

    async fn close(self) {
        self.stop.gently.cancel();
        // One that panicked has ended too.
        let _ = self.server.await;
    }
}
