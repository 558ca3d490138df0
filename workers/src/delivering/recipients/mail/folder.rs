use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use stage_connectors::outward::{Mail, SendError};
use stage_domain::AccountId;
use stage_projections::outbox::DELIVERY_LIFE;
use stage_store::{Log, StoreError};
use uuid::Uuid;

use super::Post;
use crate::Clock;

/// What a mail in the folder is bound to.
const PLACE: &str = "mail folder";

/// How long a file lies there that a crash left before it got its name.
const LEFTOVER_LIFE: TimeDelta = TimeDelta::days(1);

/// A folder in place of a mail server, for trying things out. Each mail is sealed under the key of the person whom it is
/// to, so that it is in the clear on no disk and nobody can read it after an erasure.
pub struct Folder {
    path: PathBuf,
    log: Log,
    clock: Clock,
}

/// A mail in the folder, as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The idempotency key of its delivery.
    pub id: Uuid,
    pub kind: String,
    pub account: AccountId,
    pub at: DateTime<Utc>,
    /// Base64.
    sealed: String,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Inside {
    to: String,
    subject: String,
    text: String,
}

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("the mail folder cannot be used")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a file in the mail folder is none of ours")]
    Foreign(#[source] serde_json::Error),
}

impl Folder {
    /// The folder exists and only its owner may enter it.
    #[must_use]
    pub fn new(path: PathBuf, log: Log, clock: Clock) -> Self {
        Self { path, log, clock }
    }

    /// What lies there, the oldest first.
    pub fn list(&self) -> Result<Vec<Kept>, FolderError> {
        let mut all = Vec::new();
        for path in files(&self.path, "json")? {
            all.push(serde_json::from_slice::<Kept>(&fs::read(path)?).map_err(FolderError::Foreign)?);
        }
        all.sort_by_key(|kept| (kept.at, kept.id));
        Ok(all)
    }

    /// A mail in the clear; `None` when its person was erased.
    pub async fn open(&self, kept: &Kept) -> Result<Option<Mail>, FolderError> {
        let sealed = BASE64_STANDARD.decode(&kept.sealed).map_err(|_| StoreError::Seal)?;
        let place = format!("{PLACE}/{}", kept.id);
        let opened = self.log.keyring().open_secret(self.log.pool(), kept.account, &place, &sealed).await?;
        let Some(opened) = opened else { return Ok(None) };
        let Inside { to, subject, text } = serde_json::from_slice(&opened).map_err(FolderError::Foreign)?;
        Ok(Some(Mail { key: kept.id.to_string(), to, subject, text, language: "" }))
    }

    async fn keep(&self, account: AccountId, kind: &str, mail: &Mail) -> Result<(), FolderError> {
        let inside = Inside { to: mail.to.clone(), subject: mail.subject.clone(), text: mail.text.clone() };
        let inside = serde_json::to_vec(&inside).map_err(FolderError::Foreign)?;
        let place = format!("{PLACE}/{}", mail.key);
        let sealed = self.log.keyring().seal_secret(self.log.pool(), account, &place, &inside).await?;
        // Erased just now: there is nobody to write to.
        let Some(sealed) = sealed else { return Ok(()) };
        let at = (self.clock)();
        let kept = Kept {
            id: mail.key.parse().map_err(|_| StoreError::Seal)?,
            kind: kind.to_owned(),
            account,
            at,
            sealed: BASE64_STANDARD.encode(sealed),
        };
        let bytes = serde_json::to_vec(&kept).map_err(FolderError::Foreign)?;
        // A mail that is sent again takes the place of the one before.
        let new = self.path.join(format!("{}.new", mail.key));
        let options = &mut fs::OpenOptions::new();
        let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&new)?;
        io::Write::write_all(&mut file, &bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.path.join(format!("{}.json", mail.key)))?;
        Ok(())
    }
}

#[async_trait]
impl Post for Folder {
    async fn post(&self, account: AccountId, kind: &'static str, mail: &Mail) -> Result<(), SendError> {
        let kept = self.keep(account, kind, mail).await;
        kept.map_err(|_| SendError::Later { code: "folder_not_usable", wait: None })
    }

    /// Mails live as long as the rows of their deliveries.
    fn sweep(&self, now: DateTime<Utc>) -> io::Result<()> {
        for path in files(&self.path, "json")? {
            unless_gone(sweep_mail(&path, now))?;
        }
        for path in files(&self.path, "new")? {
            unless_gone(sweep_leftover(&path, now))?;
        }
        Ok(())
    }
}

fn sweep_mail(path: &Path, now: DateTime<Utc>) -> io::Result<()> {
    let kept = serde_json::from_slice::<Kept>(&fs::read(path)?);
    match kept.is_ok_and(|kept| kept.at + DELIVERY_LIFE <= now) {
        true => fs::remove_file(path),
        false => Ok(()),
    }
}

fn sweep_leftover(path: &Path, now: DateTime<Utc>) -> io::Result<()> {
    let written = DateTime::<Utc>::from(fs::metadata(path)?.modified()?);
    match written + LEFTOVER_LIFE <= now {
        true => fs::remove_file(path),
        false => Ok(()),
    }
}

/// What is gone already was swept, or given its name, by somebody else.
fn unless_gone(swept: io::Result<()>) -> io::Result<()> {
    match swept {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        swept => swept,
    }
}

fn files(folder: &Path, end: &str) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let paths = paths.collect::<io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|its| its == end)).collect())
}
