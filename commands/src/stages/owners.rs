//! Which stages an account has, and which closed ones still have files.

use async_trait::async_trait;
use sqlx::PgConnection;
use stage_domain::{AccountId, StageId, stage::Stage};
use stage_store::{Also, Appended};

use super::add_media::object_key;
use crate::{CommandError, Commands};

/// Whether something of the stage `s.stage_id` may be shown and fetched: not while all of its owners are restricted or being
/// erased. A closed stage has none.
pub(crate) const IN_USE: &str = "NOT coalesce((
    SELECT bool_and(EXISTS (SELECT FROM restrictions r WHERE r.account_id = m.account_id))
    FROM stage_members m WHERE m.stage_id = s.stage_id AND m.role = 'owner'), false)";

/// A stage was created.
pub(crate) struct Owned {
    pub(crate) stage: StageId,
    pub(crate) owner: AccountId,
}

#[async_trait]
impl Also for Owned {
    async fn write(&self, tx: &mut PgConnection, _: &Appended) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO stage_owners (stage_id, owner) VALUES ($1, $2)")
            .bind(self.stage.0)
            .bind(self.owner.0)
            .execute(tx)
            .await
            .map(drop)
    }
}

impl Commands {
    /// Deletes the files of a closed stage, then the note that it has some. Repeated, it does what is left.
    pub(crate) async fn delete_files(&self, stage: StageId) -> Result<(), CommandError> {
        let media = self.log.load::<Stage>(stage.0).await?.aggregate.media;
        for media in &media {
            self.objects.delete(&object_key(*media)).await?;
        }
        self.undo_uploads_to(stage).await?;
        // The count goes into the receipt of an erasure, if there is one.
        sqlx::query(
            "WITH done AS (DELETE FROM stage_owners WHERE stage_id = $1 AND closed_at IS NOT NULL RETURNING owner)
             UPDATE erasures SET stages = stages + 1, files = files + $2 FROM done WHERE account_id = done.owner",
        )
        .bind(stage.0)
        .bind(i32::try_from(media.len()).unwrap_or(i32::MAX))
        .execute(self.log.pool())
        .await?;
        Ok(())
    }
}
