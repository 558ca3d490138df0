//! The rooms, made of the services that they stand on.

use std::{path::Path, sync::Arc, time::Duration};

use async_nats::{Client, ConnectOptions, Event};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret as _;
use sqlx::{PgPool, postgres::PgConnectOptions};
use stage_commands::Commands;
use stage_connectors::Connectors;
use stage_projections::{Reads, outbox::Deliveries};
use stage_store::{Keyring, Log, MasterKeys, Objects, ObjectsSettings, Position};
use stage_workers::{rights::Notices, views::Journal};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use url::Url;

use crate::{
    config::{HttpArgs, Outward, WorkArgs},
    failure::Failure,
    probe::Services,
    services::nats::NatsAddress,
    sink::Sink,
    stop::Stop,
    wake,
};

/// What everything stands on.
pub(crate) struct Stores {
    pub(crate) postgres: PgConnectOptions,
    pub(crate) connections: u32,
    pub(crate) nats: NatsAddress,
    pub(crate) objects: ObjectsSettings,
    pub(crate) master_keys: MasterKeys,
}

/// The rooms, ready for routes and loops.
pub(crate) struct Rooms {
    pub(crate) pool: PgPool,
    pub(crate) nats: Client,
    pub(crate) objects: Objects,
    pub(crate) commands: Commands,
    pub(crate) reads: Reads,
    woken: watch::Receiver<Position>,
    stop: CancellationToken,
    loops: TaskTracker,
}

/// The steps of an end.
pub(crate) struct Ending {
    /// The program is about to end, and still answers.
    pub(crate) leaving: CancellationToken,
    /// Nobody is let in any more, so that answers without an end get one.
    pub(crate) closing: CancellationToken,
}

impl Ending {
    pub(crate) fn of(stop: &Stop) -> Self {
        Self { leaving: stop.gently.clone(), closing: CancellationToken::new() }
    }
}

pub(crate) async fn pool(options: PgConnectOptions, most: u32) -> Result<PgPool, Failure> {
    stage_store::pool::connect_with(options, most).await.map_err(Failure::Database)
}

/// How often NATS is asked whether it still answers. After two times without an answer it counts as gone, so that a server
/// that hangs is not called ready for minutes.
const NATS_ASKED_EVERY: Duration = Duration::from_secs(3);

/// NATS may come and go, also before the first connection: nothing of ours waits for it.
async fn nats(address: &NatsAddress) -> Result<Client, Failure> {
    let options =
        ConnectOptions::new().ping_interval(NATS_ASKED_EVERY).retry_on_initial_connect().event_callback(told);
    connect(options, address).await
}

/// For a command that needs NATS at once, or wants to know why it is not there.
pub(crate) async fn nats_now(address: &NatsAddress) -> Result<Client, Failure> {
    connect(ConnectOptions::new(), address).await
}

async fn connect(options: ConnectOptions, address: &NatsAddress) -> Result<Client, Failure> {
    let mut options = options.name("stage");
    if let Some((user, password)) = &address.login {
        options = options.user_and_password(user.clone(), password.expose_secret().into());
    }
    let servers: Vec<&str> = address.url.expose_secret().split(',').map(str::trim).collect();
    options.connect(servers).await.map_err(|error| Failure::Nats(error.into()))
}

async fn told(event: Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("NATS is gone; views wait in their journal"),
        other => tracing::debug!(event = %other, "NATS"),
    }
}

impl Rooms {
    pub(crate) async fn open(stores: Stores, migrate: bool) -> Result<Self, Failure> {
        let pool = pool(stores.postgres, stores.connections).await?;
        if migrate {
            stage_store::migrate(&pool).await?;
        } else if !stage_store::is_migrated(&pool).await? {
            return Err(Failure::NotMigrated);
        }
        let keyring = Keyring::open(&pool, stores.master_keys).await?;
        let nats = nats(&stores.nats).await?;
        let objects = Objects::connect(stores.objects).await?;
        let stop = CancellationToken::new();
        let loops = TaskTracker::new();
        let wake = wake::start(&nats, wake::SUBJECT, &loops, &stop);
        let log = Log::new(pool.clone(), keyring, wake.hint);
        Ok(Self {
            commands: Commands::new(log.clone(), objects.clone()),
            reads: Reads::new(log),
            pool,
            nats,
            objects,
            woken: wake.woken,
            stop,
            loops,
        })
    }

    /// The routes, and the loop that carries their views away.
    pub(crate) fn router(
        &self,
        args: &HttpArgs,
        base: Url,
        journal: &Path,
        metrics: PrometheusHandle,
        ending: &Ending,
    ) -> Result<axum::Router, Failure> {
        let settings = stage_workers::views::Settings::default();
        let failed = |source| Failure::DataDir { path: journal.to_owned(), source };
        let journal = Journal::open(journal, &settings, clock(), new_id()).map_err(failed)?;
        let journal = Arc::new(journal);
        let publish = stage_workers::views::publish::run(
            journal.clone(),
            self.pool.clone(),
            self.nats.clone(),
            settings,
            self.stop.clone(),
        );
        self.loops.spawn(publish);
        self.watch(ending);
        Ok(stage_http::router(stage_http::App {
            commands: self.commands.clone(),
            reads: self.reads.clone(),
            views: Arc::new(Sink(journal)),
            closing: ending.closing.clone(),
            probe: Arc::new(Services::of(self, ending.leaving.clone())),
            metrics,
            settings: args.settings(base),
        }))
    }

    /// The routes of a program that has none but for whoever operates it.
    pub(crate) fn operators(&self, metrics: PrometheusHandle, ending: &Ending) -> axum::Router {
        self.watch(ending);
        stage_http::operators(Arc::new(Services::of(self, ending.leaving.clone())), metrics)
    }

    /// The loops that tell the metrics what is to be known of the whole installation.
    fn watch(&self, ending: &Ending) {
        let projections = stage_workers::projecting::watch(self.pool.clone(), clock(), self.stop.clone());
        self.loops.spawn(projections);
        self.loops.spawn(stage_workers::notary::watch(self.pool.clone(), clock(), self.stop.clone()));
        self.loops.spawn(Services::of(self, ending.leaving.clone()).watch(self.stop.clone()));
    }

    /// The loops that may run in any number of processes at once.
    pub(crate) async fn work(&self, args: &WorkArgs, outward: Outward) -> Result<(), Failure> {
        let connectors = Connectors::new(args.connectors()).map_err(Failure::Connectors)?;
        let hub = outward.hub()?;
        let recipients = args.recipients.recipients(&self.commands, outward, &clock())?;
        stage_workers::delivering::set_up(&self.pool, &recipients).await?;
        if let Some((hub, public_url)) = hub {
            self.loops.spawn(stage_workers::websub::run(
                self.pool.clone(),
                hub,
                public_url,
                stage_workers::websub::Settings::default(),
                self.stop.clone(),
            ));
        }
        self.loops.spawn(stage_workers::projecting::run_all(
            self.reads.log.clone(),
            self.woken.clone(),
            self.stop.clone(),
        ));
        self.loops.spawn(stage_workers::views::count::run(
            self.pool.clone(),
            self.nats.clone(),
            stage_workers::views::Settings::default(),
            self.stop.clone(),
        ));
        let notices = Notices::new(&self.reads.log);
        self.loops.spawn(stage_workers::rights::run(
            self.commands.clone(),
            Arc::new(notices),
            clock(),
            self.stop.clone(),
        ));
        self.loops.spawn(stage_workers::delivering::run(
            self.reads.log.clone(),
            recipients.clone(),
            stage_workers::delivering::Settings::default(),
            self.woken.clone(),
            clock(),
            self.stop.clone(),
        ));
        self.loops.spawn(stage_workers::sweeping::run(
            self.commands.clone(),
            Deliveries::new(self.pool.clone()),
            recipients,
            clock(),
            self.stop.clone(),
        ));
        self.loops.spawn(stage_workers::polling::run(
            self.commands.clone(),
            Arc::new(connectors),
            stage_workers::polling::Settings::default(),
            clock(),
            self.stop.clone(),
        ));
        Ok(())
    }

    /// The loop that signs the log. It too may run in any number of processes.
    pub(crate) fn sign(&self, notary: Option<stage_workers::notary::Settings>) {
        let Some(settings) = notary else {
            tracing::warn!("the log is not signed by this process: give it a key with --notary-key-file");
            return;
        };
        self.loops.spawn(stage_workers::notary::run(
            self.pool.clone(),
            settings,
            self.woken.clone(),
            clock(),
            self.stop.clone(),
        ));
    }

    /// Ends the loops; what they have not finished is taken up again at the next start.
    pub(crate) async fn close(self, stop: &Stop) {
        const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
        self.stop.cancel();
        self.loops.close();
        if stop.grant(PATIENCE, self.loops.wait()).await.is_none() {
            tracing::warn!(loops = self.loops.len(), "loops were cut, because they did not end in time");
        }
        stop.grant(PATIENCE, self.pool.close()).await;
    }
}

/// Counters of the alerts and the dashboard. They are there from the start, so that the first time is seen as one more.
const COUNTERS: [&str; 10] = [
    "stage_append_conflicts_total",
    "stage_append_retries_total",
    "stage_events_appended_total",
    "stage_http_panics_total",
    "stage_posts_imported_total",
    "stage_posts_revised_total",
    "stage_views_counted_total",
    "stage_views_journaled_total",
    "stage_views_not_kept_total",
    "stage_views_published_total",
];

/// Where `/metrics` gets its numbers from. Once in a process.
pub(crate) fn metrics() -> Result<PrometheusHandle, Failure> {
    const UPKEEP: std::time::Duration = std::time::Duration::from_secs(5);
    let handle =
        PrometheusBuilder::new().install_recorder().map_err(|error| Failure::Metrics(error.into()))?;
    for counter in COUNTERS {
        metrics::counter!(counter).increment(0);
    }
    let kept = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            kept.run_upkeep();
        }
    });
    Ok(handle)
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where the time comes from")]
fn clock() -> stage_workers::Clock {
    Arc::new(chrono::Utc::now)
}

#[allow(clippy::disallowed_methods, reason = "the edge of the program, where ids come from")]
fn new_id() -> stage_workers::views::NewId {
    Arc::new(uuid::Uuid::now_v7)
}
