//! Whose signature counts.

use clap::Args;
use stage_store::proof::{NotaryKey, PublicKey};

use crate::{config::ReachArgs, data_dir, failure::Failure, up::NOTARY_KEY};

#[derive(Args)]
pub(crate) struct KeyArgs {
    /// The log's public key, NAME+HASH+KEY; several where the key was changed. Keep your own copy: who can change the log
    /// can also show another key. Without it, the key beside the data of `stage up` is taken.
    #[arg(long, env = "STAGE_NOTARY_PUBLIC_KEY", value_name = "KEY", value_delimiter = ',', value_parser = public)]
    public_key: Vec<PublicKey>,
}

fn public(text: &str) -> Result<PublicKey, String> {
    PublicKey::parse(text).map_err(|error| error.to_string())
}

impl KeyArgs {
    /// None where nobody said and no data directory tells.
    pub(super) fn keys(&self, reach: &ReachArgs) -> Result<Vec<PublicKey>, Failure> {
        let beside = match (self.public_key.as_slice(), reach.private()) {
            ([], Some(data)) => data_dir::secret_of(data, NOTARY_KEY)?,
            _ => None,
        };
        match beside {
            Some(text) => Ok(vec![NotaryKey::parse(&text).map_err(Failure::NotaryKey)?.public().clone()]),
            None => Ok(self.public_key.clone()),
        }
    }

    /// The same for what can't be done without.
    pub(super) fn some_keys(&self, reach: &ReachArgs) -> Result<Vec<PublicKey>, Failure> {
        match self.keys(reach)? {
            keys if keys.is_empty() => {
                // Where there is no log at all, a key would not help.
                reach.there()?;
                Err(Failure::NoPublicKey)
            }
            keys => Ok(keys),
        }
    }
}
