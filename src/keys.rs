//! `stage keys`: the master key, and replacing it while everything runs.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use stage_store::{MasterKey, MasterKeys, Rotated};

use crate::{
    config::{MasterKeyArgs, ReachArgs},
    data_dir::{secret_of, secret_path, write_private},
    failure::Failure,
};

/// The names of the secrets in a data directory.
pub(crate) const PRESENT: &str = "master-key";
const NEXT: &str = "master-key.next";

#[derive(Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Wraps every key anew under another master key, while the program runs. Cut off, the same command goes on.
    ///
    /// In the data directory of `stage up` it makes the new key and puts it in the old one's place. Elsewhere, give the
    /// new key as --master-key-file and the old one as --old-master-key-file, here and before that to every
    /// `stage serve` and `stage work`. Afterwards the old one is of no use any more.
    Rotate {
        #[command(flatten)]
        keys: MasterKeyArgs,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reach: ReachArgs,
    },
}

pub(crate) async fn run(args: KeysArgs) -> Result<(), Failure> {
    let KeysCommand::Rotate { keys, json, reach } = args.command;
    let rotated = match reach.private() {
        // It would make one of its own, and not the one that was chosen.
        Some(_) if keys.given() || keys.has_old() => return Err(Failure::KeyOfDataDir),
        Some(data) => in_data_dir(data, &reach).await?,
        None if !keys.has_old() => return Err(Failure::NoOldMasterKey),
        None => Rotated::all(&reach.open(2).await?.pool, keys.keys()?, progress).await?,
    };
    let mut out = io::stdout().lock();
    match json {
        true => writeln!(
            out,
            "{}",
            serde_json::json!({"installation_keys": rotated.installation_keys, "subject_keys": rotated.subject_keys})
        ),
        false => writeln!(
            out,
            "Wrapped anew: {} keys of people and {} of the installation.",
            rotated.subject_keys, rotated.installation_keys
        ),
    }
    .map_err(Failure::Output)
}

/// The new key is on the disk before anything is wrapped by it, and takes the old one's place once everything is.
async fn in_data_dir(data: &Path, reach: &ReachArgs) -> Result<Rotated, Failure> {
    let _alone = alone(data)?;
    let next = secret_path(data, NEXT);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::DataDir { path, source }
    };
    if secret_of(data, NEXT)?.is_none() {
        write_private(&next, MasterKey::generate().to_hex().expose_secret()).map_err(failed(&next))?;
    }
    let keys = [read(data, NEXT)?, read(data, PRESENT)?].into_iter().flatten().collect::<Vec<_>>();
    let reached = reach.open(2).await?;
    let rotated = Rotated::all(&reached.pool, MasterKeys::new(move || Ok(keys.clone())), progress).await?;
    let present = secret_path(data, PRESENT);
    fs::rename(&next, &present).map_err(failed(&present))?;
    let dir = data.join("secrets");
    File::open(&dir).and_then(|opened| opened.sync_all()).map_err(failed(&dir))?;
    Ok(rotated)
}

/// Two rotations at once would each put a key of its own in place.
fn alone(data: &Path) -> Result<File, Failure> {
    let path = secret_path(data, "rotation");
    let failed = |source| Failure::DataDir { path: path.clone(), source };
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let lock = lock.map_err(failed)?;
    lock.try_lock().map_err(|_| Failure::Rotating)?;
    Ok(lock)
}

fn progress(rotated: Rotated) {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "\r{} keys", rotated.subject_keys + rotated.installation_keys);
    }
}

/// The master keys of a data directory: the present one first, then the one that a rotation puts in its place.
pub(crate) fn of_data_dir(data: &Path) -> Result<MasterKeys, Failure> {
    if read(data, PRESENT)?.is_none() {
        return Err(Failure::MasterKeyMissing(secret_path(data, PRESENT)));
    }
    let data = data.to_owned();
    Ok(MasterKeys::new(move || {
        // The next one first: while it takes the present one's place, it must not be missed in both.
        let next = read(&data, NEXT).map_err(|failure| failure.sentence())?;
        let present = read(&data, PRESENT).map_err(|failure| failure.sentence())?;
        Ok(present.into_iter().chain(next).collect())
    }))
}

fn read(data: &Path, name: &str) -> Result<Option<MasterKey>, Failure> {
    let Some(digits) = secret_of(data, name)? else { return Ok(None) };
    MasterKey::from_hex(digits.expose_secret()).map(Some).map_err(Failure::MasterKey)
}
