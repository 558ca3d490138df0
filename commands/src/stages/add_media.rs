//! Files that an organisation uploads for its stage, and reading them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use stage_domain::{
    MediaId, StageId,
    stage::{Stage, StageCommand},
};
use stage_store::{Act, Also, Appended, ExecuteError, Object, Receipt, StoreError};

use super::{owners::IN_USE, uploads};
use crate::{Actor, CommandError, Commands, Done, Missing, Request, Time, UseCase};

/// The largest file that is taken: 10 MiB.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Where a file lies in the object store.
pub(crate) fn object_key(media: MediaId) -> String {
    format!("media/{media}")
}

impl Commands {
    /// Takes a PNG, JPEG, GIF or WebP, told by its first bytes, of at most [`MAX_BYTES`]. `Done::id` is the file's.
    pub async fn add_media(
        &self,
        actor: Actor,
        stage: StageId,
        bytes: Bytes,
        request: Request,
    ) -> Result<Done, CommandError> {
        if bytes.len() > MAX_BYTES {
            return Err(CommandError::TooLarge { max_bytes: MAX_BYTES });
        }
        let content_type = picture_type(&bytes).ok_or(CommandError::UnsupportedMedia)?;
        let (media, at) = (MediaId(request.new_id), request.at);
        let command = StageCommand::AddMedia {
            media_id: media,
            content_type: content_type.to_owned(),
            bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
            at: request.at,
        };
        let object = Object { content_type: content_type.to_owned(), bytes };
        self.once(Some(actor.account), &request, media.0, |mut act| async move {
            self.stage_for(actor, stage, UseCase::AddMedia, &mut act).await?;
            self.put_then_append(at, stage, media, object, command, act).await
        })
        .await
    }

    /// The file first: an event never names a file that is not there.
    async fn put_then_append(
        &self,
        at: Time,
        stage: StageId,
        media: MediaId,
        object: Object,
        command: StageCommand,
        mut act: Act,
    ) -> Result<Receipt, CommandError> {
        act.also.push(Arc::new(Belongs { media, stage }));
        self.note_uploads(stage, &[media], at).await?;
        self.objects.put(&object_key(media), object).await?;
        match self.log.execute::<Stage>(stage.0, command, act).await {
            // Whether the event is there is not known, so the file stays. Where it is not, it is swept.
            Err(ExecuteError::Store(unknown @ (StoreError::Unavailable(_) | StoreError::Database(_)))) => {
                Err(unknown.into())
            }
            Err(refused) => {
                self.undo_upload(media).await?;
                Err(refused.into())
            }
            Ok(receipt) => Ok(receipt),
        }
    }

    /// An uploaded file of an open stage, for everybody; not while the data of all of the stage's owners is restricted.
    pub async fn media(&self, media: MediaId) -> Result<Object, CommandError> {
        let missing = CommandError::NotFound(Missing::Media);
        let sql = format!("SELECT EXISTS (SELECT FROM media s WHERE s.id = $1 AND {IN_USE})");
        let belongs: bool = sqlx::query_scalar(&sql).bind(media.0).fetch_one(self.log.pool()).await?;
        if !belongs {
            return Err(missing);
        }
        self.objects.get(&object_key(media)).await?.ok_or(missing)
    }
}

/// A file belongs to a stage.
pub(crate) struct Belongs {
    pub(crate) media: MediaId,
    pub(crate) stage: StageId,
}

#[async_trait]
impl Also for Belongs {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        uploads::named(tx, self.media).await?;
        sqlx::query("INSERT INTO media (id, stage_id) VALUES ($1, $2)")
            .bind(self.media.0)
            .bind(self.stage.0)
            .execute(tx)
            .await
            .map(drop)
    }
}

/// The media type of a picture by its first bytes (WHATWG MIME Sniffing, section 6.1).
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some("image/png"),
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', b'V', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::picture_type;

    #[test]
    fn a_file_is_told_by_its_first_bytes_and_not_by_what_it_is_called() {
        assert_eq!(picture_type(b"\x89PNG\r\n\x1a\n rest"), Some("image/png"));
        assert_eq!(picture_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(picture_type(b"<svg onload=alert(1)>"), None);
        assert_eq!(picture_type(b""), None);
    }
}
