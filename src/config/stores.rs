//! Services that somebody else operates. In all of these, prefer the environment variable for a secret: other users of
//! the machine can read a command line.

use std::str::FromStr as _;

use clap::Args;
use sqlx::postgres::PgConnectOptions;
use stage_store::ObjectsSettings;

use super::MasterKeyArgs;
use crate::{failure::Failure, secret::Secret, services::nats::NatsAddress, wiring::Stores};

#[derive(Args)]
pub(crate) struct DatabaseArgs {
    /// The database, for instance `postgres://user:password@host/stage`. As it may hold a password, prefer the
    /// environment variable.
    #[arg(long, env = "STAGE_DATABASE_URL", hide_env_values = true)]
    database_url: Secret,
    /// How many connections to the database this process opens at most.
    #[arg(long, env = "STAGE_DATABASE_CONNECTIONS", default_value_t = 20)]
    pub(crate) database_connections: u32,
}

impl DatabaseArgs {
    pub(crate) fn options(&self) -> Result<PgConnectOptions, Failure> {
        PgConnectOptions::from_str(self.database_url.expose()).map_err(Failure::DatabaseUrl)
    }
}

#[derive(Args)]
pub(crate) struct StoresArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Brings the database to the newest form first, as `stage migrate` does.
    #[arg(
        long,
        env = "STAGE_MIGRATE",
        num_args = 0..=1,
        default_missing_value = "true",
        default_value = "false",
        action = clap::ArgAction::Set
    )]
    pub(crate) migrate: bool,
    /// The NATS servers, with commas between them, for instance `nats://user:password@host:4222`
    /// or `tls://host`.
    #[arg(long, env = "STAGE_NATS_URL", hide_env_values = true)]
    nats_url: Secret,
    /// The address of the object store, for instance `https://s3.example`.
    #[arg(long, env = "STAGE_S3_ENDPOINT")]
    s3_endpoint: String,
    /// The region that requests to the object store are signed for.
    #[arg(long, env = "STAGE_S3_REGION", default_value = "us-east-1")]
    s3_region: String,
    /// The bucket for files; it is made where it is missing.
    #[arg(long, env = "STAGE_S3_BUCKET", default_value = "stage")]
    s3_bucket: String,
    /// The name of the key for the object store.
    #[arg(long, env = "STAGE_S3_ACCESS_KEY", hide_env_values = true)]
    s3_access_key: Secret,
    /// The key for the object store. Prefer the environment variable.
    #[arg(long, env = "STAGE_S3_SECRET_KEY", hide_env_values = true)]
    s3_secret_key: Secret,
    #[command(flatten)]
    master_keys: MasterKeyArgs,
}

impl StoresArgs {
    pub(crate) fn stores(&self) -> Result<Stores, Failure> {
        Ok(Stores {
            postgres: self.database.options()?,
            connections: self.database.database_connections,
            nats: NatsAddress { url: self.nats_url.clone().into_inner(), login: None },
            objects: ObjectsSettings {
                endpoint: self.s3_endpoint.clone(),
                region: self.s3_region.clone(),
                bucket: self.s3_bucket.clone(),
                access_key: self.s3_access_key.expose().to_owned(),
                secret_key: self.s3_secret_key.clone().into_inner(),
            },
            master_keys: self.master_keys.keys()?,
        })
    }
}
