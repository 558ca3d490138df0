//! The database of an installation that runs elsewhere, for commands that look at it from beside it.

use std::path::{Path, PathBuf};

use clap::Args;
use sqlx::{Connection as _, PgConnection, PgPool, postgres::PgConnectOptions};

use crate::{
    failure::Failure,
    secret::Secret,
    services::{OpenDir, postgres},
    wiring,
};

/// Which installation is meant: the one that `stage up` keeps in a data directory, or one whose services somebody
/// else operates.
#[derive(Args)]
pub(crate) struct ReachArgs {
    /// The database, for instance `postgres://user:password@host/stage`. As it may hold a password, prefer the
    /// environment variable. Without it, the database of the `stage up` that runs on --data-dir is meant.
    #[arg(long, env = "STAGE_DATABASE_URL", hide_env_values = true)]
    database_url: Option<Secret>,
    /// The data directory of a running `stage up`. Refused beside a database, as one of the two would be passed over.
    #[arg(long, env = "STAGE_DATA_DIR", default_value = ".stage", conflicts_with = "database_url")]
    pub(crate) data_dir: PathBuf,
}

/// The same for a command that tells something.
#[derive(Args)]
pub(crate) struct OutputArgs {
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

/// An open database.
pub(crate) struct Reached {
    pub(crate) pool: PgPool,
    /// The way to its socket, for connections that are opened later.
    _way: Option<OpenDir>,
}

impl ReachArgs {
    /// Opens the database with at most `connections` connections.
    pub(crate) async fn open(&self, connections: u32) -> Result<Reached, Failure> {
        let (options, way) = self.options()?;
        let pool = match wiring::pool(options, connections).await {
            Err(Failure::Database(sqlx::Error::Io(_))) if way.is_some() => {
                return Err(Failure::NotUp(self.data_dir.clone()));
            }
            opened => opened?,
        };
        Ok(Reached { pool, _way: way })
    }

    /// Connects once and waits for nobody, so that a failure says why.
    pub(crate) async fn try_once(&self) -> Result<(), Failure> {
        let (options, way) = self.options()?;
        match PgConnection::connect_with(&options).await {
            Ok(connection) => connection.close().await.map_err(Failure::Database),
            Err(sqlx::Error::Io(_)) if way.is_some() => Err(Failure::NotUp(self.data_dir.clone())),
            Err(error) => Err(Failure::Database(error)),
        }
    }

    /// Fails when the address is none, or there is nothing in the data directory.
    pub(crate) fn there(&self) -> Result<(), Failure> {
        self.options().map(drop)
    }

    /// The data directory, when no other database is named.
    pub(crate) fn private(&self) -> Option<&Path> {
        self.database_url.is_none().then_some(&*self.data_dir)
    }

    /// Which database is meant, without a secret.
    pub(crate) fn name(&self) -> Result<String, Failure> {
        let Some(url) = &self.database_url else {
            let path = self.data_dir.canonicalize();
            let failed = |source| Failure::DataDir { path: self.data_dir.clone(), source };
            return Ok(path.map_err(failed)?.display().to_string());
        };
        let options: PgConnectOptions = url.expose().parse().map_err(Failure::DatabaseUrl)?;
        let socket = options.get_socket().map(|path| path.display().to_string()).unwrap_or_default();
        let database = options.get_database().unwrap_or_default();
        Ok(format!("{}{socket}:{}/{database}", options.get_host(), options.get_port()))
    }

    fn options(&self) -> Result<(PgConnectOptions, Option<OpenDir>), Failure> {
        match &self.database_url {
            Some(url) => Ok((url.expose().parse().map_err(Failure::DatabaseUrl)?, None)),
            None => postgres::of(&self.data_dir).map(|(options, way)| (options, Some(way))),
        }
    }
}
