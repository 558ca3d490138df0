use std::{fs, path::PathBuf, time::Duration};

use clap::Args;
use stage_store::proof::{NotaryKey, PublicKey};
use stage_workers::notary::Settings;

use crate::{failure::Failure, secret::Secret};

/// What signs the log.
#[derive(Args)]
pub(crate) struct NotaryArgs {
    /// A file with the key that checkpoints of the log are signed with, as `stage log key` makes it. Without it `stage
    /// work` signs nothing; `stage up` makes its own.
    #[arg(long, env = "STAGE_NOTARY_KEY_FILE", conflicts_with = "notary_key")]
    notary_key_file: Option<PathBuf>,
    /// The key itself, where there is no file. Prefer the environment variable.
    #[arg(long, env = "STAGE_NOTARY_KEY", hide_env_values = true)]
    notary_key: Option<Secret>,
    /// Public keys of those that signed earlier checkpoints, where the key was changed; with commas between them.
    #[arg(long, env = "STAGE_NOTARY_FORMER_KEYS", value_delimiter = ',', value_parser = public)]
    notary_former_keys: Vec<PublicKey>,
    /// How many seconds lie between two checkpoints at least, while there is something to sign.
    #[arg(long, env = "STAGE_NOTARY_SECONDS", default_value_t = 5)]
    notary_seconds: u64,
}

fn public(text: &str) -> Result<PublicKey, String> {
    PublicKey::parse(text).map_err(|error| error.to_string())
}

impl NotaryArgs {
    /// What to sign with: the key that was given, or else `own`. `None`: nothing is signed.
    pub(crate) fn settings(&self, own: Option<NotaryKey>) -> Result<Option<Settings>, Failure> {
        let text = match (&self.notary_key, &self.notary_key_file) {
            (Some(key), _) => Some(key.clone().into_inner()),
            (None, Some(path)) => {
                let failed = |source| Failure::DataDir { path: path.clone(), source };
                Some(fs::read_to_string(path).map_err(failed)?.into())
            }
            (None, None) => None,
        };
        let given = text.map(|text| NotaryKey::parse(&text).map_err(Failure::NotaryKey)).transpose()?;
        Ok(given.or(own).map(|key| Settings {
            key,
            former: self.notary_former_keys.clone(),
            every: Duration::from_secs(self.notary_seconds),
        }))
    }
}
