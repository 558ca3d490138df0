//! Files on their way into the object store, which is in no transaction.
//!
//! A file is noted before it is written, and the note goes in the transaction of the event that names it. So a note that
//! stays is of a file that no event names, whatever broke off in between; and a file whose note was swept can't be named any
//! more, because naming it needs the note.

use chrono::TimeDelta;
use sqlx::PgConnection;
use stage_domain::{MediaId, StageId};
use uuid::Uuid;

use super::add_media::object_key;
use crate::{CommandError, Commands, Time};

/// How long a file may lie there before an event names it. An import names thousands in one transaction.
pub const UPLOAD_LIFE: TimeDelta = TimeDelta::days(1);

impl Commands {
    /// Notes files that are about to be written.
    pub(crate) async fn note_uploads(
        &self,
        stage: StageId,
        files: &[MediaId],
        at: Time,
    ) -> Result<(), CommandError> {
        // An import that is tried again brings the same files.
        sqlx::query(
            "INSERT INTO uploads (id, stage_id, begun_at) SELECT id, $2, $3 FROM UNNEST($1::uuid[]) AS new (id)
             ON CONFLICT (id) DO UPDATE SET begun_at = excluded.begun_at",
        )
        .bind(files.iter().map(|file| file.0).collect::<Vec<_>>())
        .bind(stage.0)
        .bind(at)
        .execute(self.log.pool())
        .await?;
        Ok(())
    }

    /// Deletes a file that no event will name.
    pub(crate) async fn undo_upload(&self, file: MediaId) -> Result<(), CommandError> {
        self.delete_upload("id = $1", file.0).await.map(drop)
    }

    /// Deletes what uploads to a closed stage left behind.
    pub(crate) async fn undo_uploads_to(&self, stage: StageId) -> Result<(), CommandError> {
        while self.delete_upload("stage_id = $1", stage.0).await? {}
        Ok(())
    }

    /// Deletes the files of uploads that came to nothing. Says how many.
    pub async fn sweep_uploads(&self, now: Time) -> Result<u64, CommandError> {
        let mut swept = 0;
        while self.delete_upload("begun_at <= $1", now - UPLOAD_LIFE).await? {
            swept += 1;
        }
        Ok(swept)
    }

    /// One of those that `which` says; `false` when there is none. The note is held until the file is gone: whoever would
    /// name the file waits, and then finds none.
    async fn delete_upload<T>(&self, which: &str, value: T) -> Result<bool, CommandError>
    where
        T: for<'q> sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + 'static,
    {
        let mut tx = self.log.pool().begin().await?;
        let sql = format!(
            "DELETE FROM uploads WHERE id = (
                 SELECT id FROM uploads WHERE {which} ORDER BY begun_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id"
        );
        let upload: Option<Uuid> = sqlx::query_scalar(&sql).bind(value).fetch_optional(&mut *tx).await?;
        let Some(upload) = upload else { return Ok(false) };
        self.objects.delete(&object_key(MediaId(upload))).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// An event names the file now. [`sqlx::Error::RowNotFound`] when the file was swept.
pub(super) async fn named(tx: &mut PgConnection, file: MediaId) -> Result<(), sqlx::Error> {
    let noted = sqlx::query("DELETE FROM uploads WHERE id = $1").bind(file.0).execute(tx).await?;
    match noted.rows_affected() {
        0 => Err(sqlx::Error::RowNotFound),
        _ => Ok(()),
    }
}
