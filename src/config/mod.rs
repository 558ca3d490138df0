//! Flags, and environment variables of the same names. Each room has a settings struct of its own; here they are
//! filled in. What reaches the operator's services is in `stores.rs`, what reaches an installation that runs in
//! `reach.rs`, who outside is told what in `recipients.rs`.

mod house;
mod keys;
mod notary;
mod reach;
mod recipients;
mod stores;

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use ipnet::IpNet;
use stage_http::{HttpSettings, Rate};
use url::{Host, Url};

use crate::{failure::Failure, server::Limits};
pub(crate) use house::{House, HouseArgs};
pub(crate) use keys::MasterKeyArgs;
pub(crate) use notary::NotaryArgs;
pub(crate) use reach::{OutputArgs, ReachArgs, Reached};
pub(crate) use recipients::{Outward, RecipientArgs};
pub(crate) use stores::{DatabaseArgs, StoresArgs};

#[derive(Args)]
pub(crate) struct UpArgs {
    /// The directory that holds all data: database, message queue, files, keys and logs. It is created where it is
    /// missing.
    #[arg(long, env = "STAGE_DATA_DIR", default_value = ".stage")]
    pub(crate) data_dir: PathBuf,
    /// The directory with PostgreSQL's programs (initdb, postgres), where the usual places are not right.
    #[arg(long, env = "STAGE_PG_BIN")]
    pub(crate) pg_bin: Option<PathBuf>,
    /// Prints one line of JSON when everything is ready, in place of the banner.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// What the HTTP server is told.
#[derive(Args)]
pub(crate) struct HttpArgs {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, env = "STAGE_LISTEN", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The address under which clients reach this server, where that is not the one it listens on, for instance
    /// `https://stage.example`. Needed where others than this machine can reach it, and https then, so that passwords
    /// and cookies are not sent in the open.
    #[arg(long, env = "STAGE_PUBLIC_URL")]
    pub(crate) public_url: Option<Url>,
    /// The address or network of a reverse proxy whose `X-Forwarded-For` is believed, for instance `10.0.0.0/8`; may be
    /// given several times, or once with commas. Used for limits alone and kept nowhere.
    #[arg(long, env = "STAGE_TRUSTED_PROXY", value_delimiter = ',', value_parser = network)]
    pub(crate) trusted_proxy: Vec<IpNet>,
    /// How many times in a row a client may try to log in.
    #[arg(long, env = "STAGE_LOG_IN_BURST", default_value = "10")]
    pub(crate) log_in_burst: NonZeroU32,
    /// After how many seconds a client that tried too often may try to log in once more.
    #[arg(long, env = "STAGE_LOG_IN_SECONDS", default_value_t = 6)]
    pub(crate) log_in_seconds: u64,
    /// How many times in a row a client may register an account.
    #[arg(long, env = "STAGE_REGISTRATION_BURST", default_value = "5")]
    pub(crate) registration_burst: NonZeroU32,
    /// After how many seconds a client that registered too often may register once more.
    #[arg(long, env = "STAGE_REGISTRATION_SECONDS", default_value_t = 60)]
    pub(crate) registration_seconds: u64,
    /// How many seconds a request may take.
    #[arg(long, env = "STAGE_REQUEST_SECONDS", default_value_t = 30)]
    pub(crate) request_seconds: u64,
    /// How large the body of a request may be, in bytes, but for uploads.
    #[arg(long, env = "STAGE_BODY_BYTES", default_value_t = 256 << 10)]
    pub(crate) body_bytes: usize,
    /// How many connections of clients are open at once; further ones wait.
    #[arg(long, env = "STAGE_CONNECTIONS", default_value_t = 10_000)]
    pub(crate) connections: usize,
    /// For how many seconds after SIGTERM clients are still let in while `/health/ready` says no, so that a load balancer
    /// turns elsewhere first. After that open requests have 10 seconds. Ctrl-C does without.
    #[arg(long, env = "STAGE_DRAIN_NOTICE_SECONDS", default_value_t = 3)]
    pub(crate) drain_notice_seconds: u64,
    /// How many megabytes of rendered pages are kept in memory.
    #[arg(long, env = "STAGE_CACHE_MEGABYTES", default_value_t = 64)]
    pub(crate) cache_megabytes: u64,
    /// A WebSub hub that readers may subscribe to feeds at, for instance `https://hub.example/`. Feeds name it; the
    /// workers tell it which changed, and need the same setting.
    #[arg(long, env = "STAGE_WEBSUB_HUB")]
    pub(crate) websub_hub: Option<Url>,
}

impl HttpArgs {
    /// Refuses an address for clients that would be a wrong or an unsafe one.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match &self.public_url {
            None if self.listen.ip().is_loopback() => Ok(()),
            None => Err(Failure::NoPublicUrl(self.listen)),
            Some(url) if url.scheme() == "https" && url.has_host() => Ok(()),
            Some(url) if url.scheme() == "http" && is_this_machine(url) => Ok(()),
            Some(_) => Err(Failure::UnsafePublicUrl),
        }
    }

    /// The address that clients use.
    pub(crate) fn base(&self, address: SocketAddr) -> Result<Url, Failure> {
        match &self.public_url {
            Some(url) => Ok(url.clone()),
            None => Url::parse(&format!("http://{address}")).map_err(Failure::PublicUrl),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            head_within: Duration::from_secs(15),
            connections: self.connections,
            notice: Duration::from_secs(self.drain_notice_seconds),
        }
    }

    pub(crate) fn settings(&self, base: Url) -> HttpSettings {
        let rate = |burst, seconds| Rate { burst, every: Duration::from_secs(seconds) };
        HttpSettings {
            trusted_proxies: self.trusted_proxy.clone(),
            log_in_rate: rate(self.log_in_burst, self.log_in_seconds),
            registration_rate: rate(self.registration_burst, self.registration_seconds),
            request_timeout: Duration::from_secs(self.request_seconds),
            body_bytes: self.body_bytes,
            cache_bytes: self.cache_megabytes << 20,
            websub_hub: self.websub_hub.clone(),
            ..HttpSettings::new(base)
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    net.ok_or_else(|| "neither an address nor a network such as 10.0.0.0/8".to_owned())
}

/// What the workers are told.
#[derive(Args)]
pub(crate) struct WorkArgs {
    /// Lets sources be fetched from private and loopback addresses. Meant for trying things out: with it, anybody
    /// who may link a source can make this machine ask others in its network.
    #[arg(
        long,
        env = "STAGE_ALLOW_PRIVATE_ADDRESSES",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        action = clap::ArgAction::Set
    )]
    pub(crate) allow_private_addresses: bool,
    #[command(flatten)]
    pub(crate) recipients: RecipientArgs,
    #[command(flatten)]
    pub(crate) notary: NotaryArgs,
}

impl WorkArgs {
    pub(crate) fn connectors(&self) -> stage_connectors::Settings {
        stage_connectors::Settings {
            allow_private_addresses: self.allow_private_addresses,
            ..stage_connectors::Settings::default()
        }
    }
}

#[derive(Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) stores: StoresArgs,
    /// The directory on a local disk in which views wait until they are counted. Several servers on one machine may
    /// share it.
    #[arg(long, env = "STAGE_JOURNAL_DIR", default_value = "journal")]
    pub(crate) journal_dir: PathBuf,
    /// Prints one line of JSON when the server is ready.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) http: HttpArgs,
}

#[derive(Args)]
pub(crate) struct WorkerArgs {
    #[command(flatten)]
    pub(crate) stores: StoresArgs,
    /// The address on which `/health/live`, `/health/ready` and `/metrics` are answered, for instance `127.0.0.1:9464`;
    /// port 0 takes a free one. Off unless it is given, because any number of workers may run on a machine.
    #[arg(long, env = "STAGE_HEALTH_LISTEN")]
    pub(crate) health_listen: Option<SocketAddr>,
    /// Prints one line of JSON when the worker is ready.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) work: WorkArgs,
    /// The address under which people reach the servers, for instance `https://stage.example`: links in mails lead there, and
    /// feeds stand there.
    #[arg(long, env = "STAGE_PUBLIC_URL")]
    pub(crate) public_url: Option<Url>,
    /// A WebSub hub that is told which feeds changed, for instance `https://hub.example/`; the servers name it in feeds,
    /// and need the same setting. Needs `--public-url`.
    #[arg(long, env = "STAGE_WEBSUB_HUB")]
    pub(crate) websub_hub: Option<Url>,
}

#[derive(Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}
