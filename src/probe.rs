//! Whether what we stand on is there.

use std::time::Duration;

use async_nats::{Client, connection::State};
use sqlx::{Connection as _, PgPool};
use stage_store::Objects;

use crate::wiring::Rooms;

pub(crate) struct Services {
    pool: PgPool,
    nats: Client,
    objects: Objects,
}

impl Services {
    pub(crate) fn of(rooms: &Rooms) -> Self {
        Self { pool: rooms.pool.clone(), nats: rooms.nats.clone(), objects: rooms.objects.clone() }
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
}

#[async_trait::async_trait]
impl stage_http::Probe for Services {
    async fn ready(&self) -> Vec<(&'static str, Result<(), String>)> {
        let (database, objects) = tokio::join!(in_time(self.database()), in_time(self.object_store()));
        vec![("postgresql", database), ("nats", self.message_queue()), ("s3", objects)]
    }
}

async fn in_time(asked: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}
