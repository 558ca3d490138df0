//! The use cases of an installation that runs elsewhere, for commands that carry some out from beside it.

use std::sync::Arc;

use clap::Args;
use stage_commands::Commands;
use stage_store::{Hint, Keyring, Log, MasterKeys, Objects, ObjectsSettings, Position};

use super::{MasterKeyArgs, ReachArgs, reach::Reached};
use crate::{failure::Failure, keys, secret::Secret, services::s3};

/// Which installation is meant, with its master key and its files. For the one that `stage up` keeps, the data
/// directory is enough; a master key that is given all the same holds.
#[derive(Args)]
pub(crate) struct HouseArgs {
    #[command(flatten)]
    reach: ReachArgs,
    #[command(flatten)]
    keys: MasterKeyArgs,
    /// The address of the object store, for instance `https://s3.example`.
    #[arg(long, env = "STAGE_S3_ENDPOINT")]
    s3_endpoint: Option<String>,
    /// The region that requests to the object store are signed for.
    #[arg(long, env = "STAGE_S3_REGION", default_value = "us-east-1")]
    s3_region: String,
    /// The bucket for files.
    #[arg(long, env = "STAGE_S3_BUCKET", default_value = "stage")]
    s3_bucket: String,
    /// The name of the key for the object store.
    #[arg(long, env = "STAGE_S3_ACCESS_KEY", hide_env_values = true)]
    s3_access_key: Option<Secret>,
    /// The key for the object store. Prefer the environment variable.
    #[arg(long, env = "STAGE_S3_SECRET_KEY", hide_env_values = true)]
    s3_secret_key: Option<Secret>,
}

pub(crate) struct House {
    pub(crate) commands: Commands,
    _reached: Reached,
    _files: Option<s3::S3>,
}

/// Who follows the log looks for itself, a moment later.
struct Nobody;

impl Hint for Nobody {
    fn appended(&self, _: Position) {}
}

impl HouseArgs {
    /// For commands that touch no file.
    pub(crate) async fn open(&self) -> Result<House, Failure> {
        self.made_of(None, nowhere()).await
    }

    pub(crate) async fn open_with_files(&self) -> Result<House, Failure> {
        let (files, settings) = self.files().await?;
        self.made_of(files, settings).await
    }

    pub(crate) fn reach(&self) -> &ReachArgs {
        &self.reach
    }

    pub(crate) fn master_keys(&self) -> Result<MasterKeys, Failure> {
        match self.reach.private() {
            Some(data) if !self.keys.given() => keys::of_data_dir(data),
            _ => self.keys.keys(),
        }
    }

    /// How to reach the files, and the endpoint where it is one of ours, which ends when it is dropped.
    pub(crate) async fn files(&self) -> Result<(Option<s3::S3>, ObjectsSettings), Failure> {
        match self.reach.private() {
            Some(data) => s3::beside(data).await.map(|(files, settings)| (Some(files), settings)),
            None => Ok((None, self.objects()?)),
        }
    }

    async fn made_of(&self, files: Option<s3::S3>, settings: ObjectsSettings) -> Result<House, Failure> {
        let reached = self.reach.open(4).await?;
        let keyring = Keyring::open(&reached.pool, self.master_keys()?).await?;
        let log = Log::new(reached.pool.clone(), keyring, Arc::new(Nobody));
        let commands = Commands::new(log, Objects::of(settings));
        Ok(House { commands, _reached: reached, _files: files })
    }

    fn objects(&self) -> Result<ObjectsSettings, Failure> {
        let (Some(endpoint), Some(access), Some(secret)) =
            (&self.s3_endpoint, &self.s3_access_key, &self.s3_secret_key)
        else {
            return Err(Failure::NoObjects);
        };
        Ok(ObjectsSettings {
            endpoint: endpoint.clone(),
            region: self.s3_region.clone(),
            bucket: self.s3_bucket.clone(),
            access_key: access.expose().to_owned(),
            secret_key: secret.clone().into_inner(),
        })
    }
}

/// Nobody listens on this port (RFC 863 gave it to a service that answers nothing).
fn nowhere() -> ObjectsSettings {
    ObjectsSettings {
        endpoint: "http://127.0.0.1:9".to_owned(),
        region: "none".to_owned(),
        bucket: "none".to_owned(),
        access_key: String::new(),
        secret_key: String::new().into(),
    }
}
