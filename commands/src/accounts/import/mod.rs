//! Taking in an archive that [`Commands::export_account`] made, where the account is not there yet.
//!
//! The events come back as they were, sealed under a new key of the person, and marked as restored, so that nobody is told of
//! them once more. Everything else follows from them: claims, owners, teams, files, schedules, read models. Views, sessions,
//! the password, the second factor and the looks of auditors stay behind, and so do members of a team who have no account
//! here (`changes.rs`). The archive is read twice: first for what follows (`belongings.rs`), then for the events.

mod belongings;
mod changes;
mod lines;

use std::{
    io::{Read, Seek},
    sync::Arc,
};

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use stage_domain::{AccountId, Invalid, account::Account, stage::Stage};
use stage_store::{Act, Object, StoreError};
use uuid::Uuid;
use zip::ZipArchive;

use super::{
    export::{FORMAT, Manifest, VERSION},
    passwords,
    register::{Credentials, PLACE},
};
use crate::{CommandError, Commands, Request, stages::object_key};
use belongings::Belongings;

/// Events that are written at once.
const BATCH: usize = 500;
/// The largest file that an archive may hold, as when it was uploaded.
const LARGEST: u64 = crate::stages::MAX_BYTES as u64;

/// What was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedAccount {
    pub account: AccountId,
    pub events: usize,
    pub files: usize,
    /// Stages that another owner had brought along before.
    pub stages_left_out: usize,
    pub position: i64,
}

impl Commands {
    /// Takes the archive in, all or nothing. The person logs in with `password` from now on.
    pub async fn import_account(
        &self,
        archive: impl Read + Seek + Send,
        password: SecretString,
        request: Request,
    ) -> Result<ImportedAccount, CommandError> {
        passwords::check("password", &password).map_err(|fault| Invalid(vec![fault]))?;
        let mut archive = ZipArchive::new(archive).map_err(|_| not_an_archive())?;
        let account = manifest(&mut archive)?.account_id;
        // Before any file is written: those of an account that is here are its own.
        if self.log.load::<Account>(account.0).await?.version > 0 {
            return Err(is_here());
        }
        let mut belongings = Belongings::new(account);
        let mut stages_left_out = 0;
        for line in lines::of(&mut archive)? {
            let line = line?;
            if line.stream_type == "stage" && line.sequence == 1 && self.is_here(line.stream_id).await? {
                belongings.leave_out(line.stream_id);
                stages_left_out += 1;
            }
            belongings.on(&line)?;
        }
        belongings.complete()?;
        for (stage, files) in belongings.media_of_stages() {
            self.note_uploads(stage, files, request.at).await?;
        }
        let files = self.put_files(&mut archive, &belongings).await?;
        let written = self.restore_events(&mut archive, &belongings, password, &request).await;
        // Where it is known that nothing of it is here. Else the files may be those of an import beside this one.
        if let Err(CommandError::Taken { .. } | CommandError::Invalid(_)) = &written {
            for (_, files) in belongings.media_of_stages() {
                for file in files {
                    self.undo_upload(*file).await?;
                }
            }
        }
        let (events, position) = written?;
        Ok(ImportedAccount { account, events, files, stages_left_out, position })
    }

    async fn is_here(&self, stage: Uuid) -> Result<bool, CommandError> {
        Ok(self.log.load::<Stage>(stage).await?.version > 0)
    }

    /// The files first: an event never names a file that is not there.
    async fn put_files(
        &self,
        archive: &mut ZipArchive<impl Read + Seek>,
        belongings: &Belongings,
    ) -> Result<usize, CommandError> {
        let mut files = 0;
        for (media, content_type, name) in belongings.files() {
            let Some(bytes) = entry(archive, &name)? else { continue };
            let object = Object { content_type, bytes: Bytes::from(bytes) };
            self.objects.put(&object_key(media), object).await?;
            files += 1;
        }
        Ok(files)
    }

    async fn restore_events(
        &self,
        archive: &mut ZipArchive<impl Read + Seek>,
        belongings: &Belongings,
        password: SecretString,
        request: &Request,
    ) -> Result<(usize, i64), CommandError> {
        let account = belongings.account();
        let hash = self.passwords.hash(password).await?;
        let subject = self.log.keyring().new_subject(account)?;
        let sealed = subject.seal_secret(PLACE, hash.expose_secret().as_bytes())?;
        let mut act = Act { subject: Some(subject), claims: belongings.claims(), ..Act::default() };
        act.also.push(Arc::new(Credentials { account, sealed, at: request.at }));
        let absent = self.absent_members(belongings).await?;
        act.also.extend(belongings.rows(&absent, request.at));

        let mut restoration = self.log.restore(act).await.map_err(taken)?;
        let (mut events, mut batch) = (0, Vec::with_capacity(BATCH));
        for line in lines::of(archive)? {
            let line = line?;
            if belongings.is_left_out(&line) {
                continue;
            }
            batch.push(line.restored()?);
            if batch.len() == BATCH {
                events += batch.len();
                restoration.add(std::mem::take(&mut batch)).await.map_err(taken)?;
            }
        }
        batch.extend(changes::events(belongings, &absent, request.at)?);
        events += batch.len();
        restoration.add(batch).await.map_err(taken)?;
        let receipt = restoration.finish(belongings.account_as_it_was().version).await.map_err(taken)?;
        Ok((events, receipt.position))
    }
}

/// Whatever of it is there already.
fn taken(error: StoreError) -> CommandError {
    match error {
        StoreError::Conflict | StoreError::Duplicate(_) => is_here(),
        other => other.into(),
    }
}

fn is_here() -> CommandError {
    CommandError::Refused("the account of this archive is here already".to_owned())
}

fn not_an_archive() -> CommandError {
    Invalid::one("file", "not_an_archive", "must be an archive that an export wrote").into()
}

fn manifest(archive: &mut ZipArchive<impl Read + Seek>) -> Result<Manifest, CommandError> {
    let json = entry(archive, "stage-export.json")?.ok_or_else(not_an_archive)?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|_| not_an_archive())?;
    match manifest.format == FORMAT && manifest.version == VERSION {
        true => Ok(manifest),
        false => Err(not_an_archive()),
    }
}

/// A whole entry; `None` when there is none of this name.
fn entry(archive: &mut ZipArchive<impl Read + Seek>, name: &str) -> Result<Option<Vec<u8>>, CommandError> {
    let Ok(file) = archive.by_name(name) else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|_| not_an_archive())?;
    match read as u64 > LARGEST {
        true => Err(not_an_archive()),
        false => Ok(Some(bytes)),
    }
}
