//! One archive with everything about an account (Art. 15 and 20 GDPR): a zip file, made while it is sent, so that
//! nothing of it is ever on a disk here.
//!
//! | entry | what |
//! |---|---|
//! | `stage-export.json` | the form of the archive, whose it is and when it was made |
//! | `account.json` | what is known about the person |
//! | `purposes.json` | what it is used for, on what ground, and who is told |
//! | `recipients.json` | which recipients were told something about the person, and when first and last |
//! | `sessions.json` | where the person is logged in |
//! | `second-factor.json` | whether a log-in asks for a code, since when, and how many recovery codes are left |
//! | `memberships.json` | the teams that the person belongs to or once did, and how that came about |
//! | `stages/<handle>/stage.json` | a stage: name, handle, topics, files |
//! | `stages/<handle>/posts.ndjson` | its posts, one a line |
//! | `stages/<handle>/sources.opml` | its sources, for any feed reader |
//! | `stages/<handle>/media/<id>.<ending>` | its files |
//! | `acts.ndjson` | what the person did in what belongs to others, such as a stage that they moderate: when, and what |
//! | `events.ndjson` | every event about all of this and each look of an auditor at the person's data, one a line, as the log has it, opened |
//!
//! A stage is in the archives of those who own it. No secret is in it: neither the password nor that of the second factor.
//!
//! Start with `archive.rs`, which writes them in this order.

mod archive;
mod memberships;
mod opml;
mod shapes;
mod writer;

use bytes::Bytes;
use futures::{Stream, stream};
use stage_domain::AccountId;
use tokio::sync::mpsc;

pub(crate) use archive::is_of;
pub use shapes::Disclosure;
pub(crate) use shapes::{EventLine, FORMAT, Manifest, VERSION};

use crate::{CommandError, Commands, Missing, Time};

/// Parts of an archive that wait for the reader.
const AHEAD: usize = 4;

impl Commands {
    /// The archive of this account, part by part. An error breaks it off, and what has arrived by then does not open.
    /// `told` is whom the outbox has told something about the person.
    pub async fn export_account(
        &self,
        account: AccountId,
        told: Vec<Disclosure>,
        now: Time,
    ) -> Result<impl Stream<Item = Result<Bytes, CommandError>> + use<>, CommandError> {
        let loaded = self.log.load::<stage_domain::account::Account>(account.0).await?;
        if !loaded.aggregate.is_open() {
            return Err(CommandError::NotFound(Missing::Account));
        }
        let (sender, receiver) = mpsc::channel(AHEAD);
        let commands = self.clone();
        let writing = tokio::spawn(async move {
            if let Err(error) = commands.write_archive(account, loaded, &told, now, &sender).await {
                let _ = sender.send(Err(error)).await;
            }
        });
        Ok(stream::unfold(Some((receiver, writing)), |still| async move {
            let (mut receiver, writing) = still?;
            match receiver.recv().await {
                Some(part) => Some((part, Some((receiver, writing)))),
                // Whoever writes may have come to grief without a word.
                None => writing.await.err().map(|_| (Err(CommandError::Archive), None)),
            }
        }))
    }
}
