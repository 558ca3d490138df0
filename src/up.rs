//! `stage up`: everything in one process, with services of its own.

use stage_store::{MasterKey, MasterKeys, proof::NotaryKey};
use tokio::net::TcpListener;

use crate::{
    banner,
    config::{Outward, UpArgs},
    data_dir::DataDir,
    failure::Failure,
    keys, secret, server,
    services::Services,
    stop::Stop,
    wiring::{Ending, Rooms, Stores, metrics},
};

/// Of the private server's 100; the rest is for an operator and for the other commands.
const CONNECTIONS: u32 = 60;

pub(crate) async fn run(args: UpArgs, stop: Stop) -> Result<(), Failure> {
    args.http.check()?;
    let data = DataDir::open(&args.data_dir)?;
    // Before anything else is started, so that a taken port is told at once.
    let listener = server::listen(args.http.listen).await?;
    let mut services = Services::none_yet()?;
    let ended = everything(&args, &data, &mut services, listener, &stop).await;
    services.end(&stop).await;
    ended
}

async fn everything(
    args: &UpArgs,
    data: &DataDir,
    services: &mut Services,
    listener: TcpListener,
    stop: &Stop,
) -> Result<(), Failure> {
    let rooms = tokio::select! {
        rooms = open(args, data, services) => rooms?,
        () = stop.gently.cancelled() => return Err(Failure::Interrupted),
    };
    let served = serve(args, data, &rooms, listener, stop).await;
    rooms.close(stop).await;
    served
}

async fn open(args: &UpArgs, data: &DataDir, services: &mut Services) -> Result<Rooms, Failure> {
    let master_keys = master_keys(data)?;
    let addresses = services.start(args, data).await?;
    let stores = Stores {
        postgres: addresses.postgres,
        connections: CONNECTIONS,
        nats: addresses.nats,
        objects: addresses.objects,
        master_keys,
    };
    Rooms::open(stores, true).await
}

async fn serve(
    args: &UpArgs,
    data: &DataDir,
    rooms: &Rooms,
    listener: TcpListener,
    stop: &Stop,
) -> Result<(), Failure> {
    let address = listener.local_addr().map_err(Failure::Http)?;
    let base = args.http.base(address)?;
    let outward = Outward {
        public_url: Some(base.clone()),
        folder: Some(data.dir("mail")?),
        websub_hub: args.http.websub_hub.clone(),
    };
    let ending = Ending::of(stop);
    let router = rooms.router(&args.http, base, &data.dir("journal")?, metrics()?, &ending)?;
    // Nobody else works on this data: what is still held is of a program that was killed.
    rooms.commands.release_polls().await?;
    rooms.work(&args.work, outward).await?;
    rooms.sign(args.work.notary.settings(Some(notary_key(data)?))?);
    banner::show(
        &format!("http://{address}"),
        data.path(),
        args.work.recipients.has_mail_server(),
        args.json,
    )
    .map_err(Failure::Http)?;
    server::serve(listener, router, args.http.limits(), &ending.closing, stop).await;
    Ok(())
}

/// Generated at the first start, and never again: without the old one, what it sealed is lost.
fn master_keys(data: &DataDir) -> Result<MasterKeys, Failure> {
    let path = data.secret_path(keys::PRESENT);
    if !path.exists() && data.join("postgres").exists() {
        return Err(Failure::MasterKeyMissing(path));
    }
    data.secret_or(keys::PRESENT, || MasterKey::generate().to_hex())?;
    keys::of_data_dir(data.path())
}

/// The name of the secret that the log is signed with.
pub(crate) const NOTARY_KEY: &str = "notary-key";

/// Generated at the first start, with a name for the log that no other has.
fn notary_key(data: &DataDir) -> Result<NotaryKey, Failure> {
    use secrecy::ExposeSecret as _;
    if let Some(text) = crate::data_dir::secret_of(data.path(), NOTARY_KEY)? {
        return NotaryKey::parse(&text).map_err(Failure::NotaryKey);
    }
    let name = format!("stage/{}", &secret::generate().expose_secret()[..16]);
    let key = crate::log::key::new(&name)?;
    data.secret_or(NOTARY_KEY, || key.to_text().clone())?;
    Ok(key)
}
