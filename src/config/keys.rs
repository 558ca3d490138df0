//! The master keys, from files or from the environment.

use std::{fs, path::PathBuf};

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use stage_store::{MasterKey, MasterKeys};

use crate::{failure::Failure, secret::Secret};

#[derive(Args, Clone)]
pub(crate) struct MasterKeyArgs {
    /// A file with the master key, 64 hex digits, that all personal data is sealed under. Keep a copy apart from the
    /// database's backups: without it they cannot be read.
    #[arg(long, env = "STAGE_MASTER_KEY_FILE", conflicts_with = "master_key")]
    master_key_file: Option<PathBuf>,
    /// The master key itself, where there is no file. Prefer the environment variable.
    #[arg(long, env = "STAGE_MASTER_KEY", hide_env_values = true)]
    master_key: Option<Secret>,
    /// A file with the other master key that is still or already good, while `stage keys rotate` replaces it.
    #[arg(long, env = "STAGE_OLD_MASTER_KEY_FILE", conflicts_with = "old_master_key")]
    old_master_key_file: Option<PathBuf>,
    /// The other master key itself, where there is no file. Prefer the environment variable.
    #[arg(long, env = "STAGE_OLD_MASTER_KEY", hide_env_values = true)]
    old_master_key: Option<Secret>,
}

impl MasterKeyArgs {
    /// The present key and, while keys are rotated, the other one. Files are read again when a key turns up that
    /// neither wrapped.
    pub(crate) fn keys(&self) -> Result<MasterKeys, Failure> {
        if self.master_key.is_none() && self.master_key_file.is_none() {
            return Err(Failure::NoMasterKey);
        }
        self.read()?;
        let args = self.clone();
        Ok(MasterKeys::new(move || args.read().map_err(|failure| failure.sentence())))
    }

    /// Whether the present key is given.
    pub(crate) fn given(&self) -> bool {
        self.master_key.is_some() || self.master_key_file.is_some()
    }

    pub(crate) fn has_old(&self) -> bool {
        self.old_master_key.is_some() || self.old_master_key_file.is_some()
    }

    fn read(&self) -> Result<Vec<MasterKey>, Failure> {
        let present = key(self.master_key.as_ref(), self.master_key_file.as_ref())?;
        let old = key(self.old_master_key.as_ref(), self.old_master_key_file.as_ref())?;
        Ok(present.into_iter().chain(old).collect())
    }
}

fn key(digits: Option<&Secret>, file: Option<&PathBuf>) -> Result<Option<MasterKey>, Failure> {
    let digits: SecretString = match (digits, file) {
        (Some(digits), _) => digits.clone().into_inner(),
        (None, Some(path)) => {
            let read = |source| Failure::DataDir { path: path.clone(), source };
            fs::read_to_string(path).map_err(read)?.into()
        }
        (None, None) => return Ok(None),
    };
    MasterKey::from_hex(digits.expose_secret().trim()).map(Some).map_err(Failure::MasterKey)
}
