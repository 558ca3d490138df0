//! Who may do what: today a stage has one owner, who may do everything with it.

use stage_domain::{SourceId, StageId, source::Source, stage::Stage};
use stage_store::Loaded;

use crate::{Actor, CommandError, Commands, Missing};

impl Commands {
    /// The stage, when it is open and this person's. Somebody else's stage is as good as none.
    pub(crate) async fn own_stage(
        &self,
        actor: Actor,
        stage: StageId,
    ) -> Result<Loaded<Stage>, CommandError> {
        let loaded = self.log.load::<Stage>(stage.0).await?;
        let own = loaded.aggregate.is_open() && loaded.aggregate.owner == Some(actor.account);
        if own { Ok(loaded) } else { Err(CommandError::NotFound(Missing::Stage)) }
    }

    /// The source, when it is linked to this stage of this person.
    pub(crate) async fn own_source(
        &self,
        actor: Actor,
        stage: StageId,
        source: SourceId,
    ) -> Result<Loaded<Source>, CommandError> {
        self.own_stage(actor, stage).await?;
        let loaded = self.log.load::<Source>(source.0).await?;
        let own = loaded.aggregate.is_linked() && loaded.aggregate.stage_id == Some(stage);
        if own { Ok(loaded) } else { Err(CommandError::NotFound(Missing::Source)) }
    }

    /// Whether this person may see and change this stage; every query of the dashboard about one stage asks first.
    pub async fn may_manage(&self, actor: Actor, stage: StageId) -> Result<(), CommandError> {
        self.own_stage(actor, stage).await.map(drop)
    }
}
