//! Whether what we stand on is there.

use std::time::Duration;

use async_nats::{Client, connection::State};
use metrics::gauge;
use sqlx::{Connection as _, PgPool};
use stage_http::Probe as _;
use stage_store::Objects;
use tokio_util::sync::CancellationToken;

use crate::wiring::Rooms;

/// How often the metrics are told.
const EVERY: Duration = Duration::from_secs(10);

pub(crate) struct Services {
    pool: PgPool,
    nats: Client,
    objects: Objects,
    /// Cancelled when the program is about to end.
    leaving: CancellationToken,
}

impl Services {
    pub(crate) fn of(rooms: &Rooms, leaving: CancellationToken) -> Self {
        Self { pool: rooms.pool.clone(), nats: rooms.nats.clone(), objects: rooms.objects.clone(), leaving }
    }

    async fn database(&self) -> Result<(), String> {
        let mut connection = self.pool.acquire().await.map_err(|error| error.to_string())?;
        connection.ping().await.map_err(|error| error.to_string())
    }

    async fn object_store(&self) -> Result<(), String> {
        self.objects.get("readiness").await.map(drop).map_err(|error| error.to_string())
    }

    fn message_queue(&self) -> Result<(), String> {
        match self.nats.connection_state() {
            State::Connected => Ok(()),
            _ => Err("not connected".to_owned()),
        }
    }

    /// Tells the metrics, until `stop`, so that an alert needs nobody who asks.
    pub(crate) async fn watch(self, stop: CancellationToken) {
        let version = env!("CARGO_PKG_VERSION");
        gauge!("stage_build_info", "version" => version).set(1.0);
        while !stop.is_cancelled() {
            for (component, state) in self.ready().await {
                let is = if state.is_ok() { 1.0 } else { 0.0 };
                gauge!("stage_component_ready", "component" => component).set(is);
            }
            let (open, idle) = (self.pool.size(), u32::try_from(self.pool.num_idle()).unwrap_or_default());
            gauge!("stage_database_connections", "state" => "idle").set(idle);
            gauge!("stage_database_connections", "state" => "used").set(open.saturating_sub(idle));
            let most = self.pool.options().get_max_connections();
            gauge!("stage_database_connections_most").set(most);
            let _ = tokio::time::timeout(EVERY, stop.cancelled()).await;
        }
    }
}

#[async_trait::async_trait]
impl stage_http::Probe for Services {
    async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        if self.leaving.is_cancelled() {
            return vec![("program", Err("is about to end".to_owned()))];
        }
        let (database, objects) = tokio::join!(in_time(self.database()), in_time(self.object_store()));
        vec![("postgresql", database), ("nats", self.message_queue()), ("s3", objects)]
    }
}

async fn in_time(asked: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}
