//! Who may do what with a stage: one table, and the only place where it is asked.

use stage_domain::{
    AccountId, SourceId, StageId,
    source::Source,
    stage::{Role, Stage},
};
use stage_store::{Act, Loaded, OnlyIf};

use crate::{Actor, CommandError, Commands, Missing};

macro_rules! use_cases {
    ($($(#[$doc:meta])* $name:ident: $role:ident,)+) => {
        /// Something that a member of a stage's team may ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum UseCase {
            $($(#[$doc])* $name,)+
        }

        impl UseCase {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The least role that may.
            #[must_use]
            pub fn needs(self) -> Role {
                match self { $(Self::$name => Role::$role),+ }
            }
        }
    };
}

use_cases! {
    ReadStage: Moderator,
    ReadTeam: Moderator,
    /// Who did what, when.
    ReadHistory: Moderator,
    ListPosts: Moderator,
    ModeratePost: Moderator,
    /// To end one's own membership.
    Leave: Moderator,

    RenameStage: Editor,
    DefineTopic: Editor,
    PreviewTopic: Editor,
    ChangeTopic: Editor,
    RemoveTopic: Editor,
    LinkSource: Editor,
    ChangeSource: Editor,
    PollSource: Editor,
    UnlinkSource: Editor,
    AddMedia: Editor,

    /// To give it another handle, under which readers find it.
    MoveStage: Owner,
    CloseStage: Owner,
    /// To take what a post says out of the log, for good.
    RedactPost: Owner,
    Invite: Owner,
    ListInvitations: Owner,
    WithdrawInvitation: Owner,
    ChangeRole: Owner,
    RemoveMember: Owner,
}

impl Commands {
    /// The stage, when it is open and this person is a member who may. To a stranger it is as good as none. What is appended
    /// with `act` is appended only while that is so.
    pub(crate) async fn stage_for(
        &self,
        actor: Actor,
        stage: StageId,
        use_case: UseCase,
        act: &mut Act,
    ) -> Result<Loaded<Stage>, CommandError> {
        let loaded = self.log.load::<Stage>(stage.0).await?;
        allowed(&loaded.aggregate, actor.account, use_case)?;
        act.only_if = Some(while_member(actor.account, stage, use_case));
        Ok(loaded)
    }

    /// The source, when it is linked to this stage and this person may.
    pub(crate) async fn source_for(
        &self,
        actor: Actor,
        stage: StageId,
        source: SourceId,
        use_case: UseCase,
        act: &mut Act,
    ) -> Result<Loaded<Source>, CommandError> {
        self.stage_for(actor, stage, use_case, act).await?;
        let loaded = self.log.load::<Source>(source.0).await?;
        let linked = loaded.aggregate.is_linked() && loaded.aggregate.stage_id == Some(stage);
        if linked { Ok(loaded) } else { Err(CommandError::NotFound(Missing::Source)) }
    }

    /// The person's role, when they may; every query of the dashboard about one stage asks first.
    pub async fn may(&self, actor: Actor, stage: StageId, use_case: UseCase) -> Result<Role, CommandError> {
        let loaded = self.log.load::<Stage>(stage.0).await?;
        allowed(&loaded.aggregate, actor.account, use_case)
    }
}

/// The role of a member who may. Whoever is none is not told that there is a stage.
pub(crate) fn allowed(stage: &Stage, account: AccountId, use_case: UseCase) -> Result<Role, CommandError> {
    match stage.team.role(account).filter(|_| stage.is_open()) {
        None => Err(CommandError::NotFound(Missing::Stage)),
        Some(role) if role >= use_case.needs() => Ok(role),
        Some(_) => Err(CommandError::Role { needs: use_case.needs() }),
    }
}

/// Somebody who is removed from the team, or given a lower role, between being asked and the append appends nothing.
pub(crate) fn while_member(account: AccountId, stage: StageId, use_case: UseCase) -> OnlyIf {
    let may = Role::ALL.into_iter().filter(|role| *role >= use_case.needs());
    OnlyIf {
        sql: "EXISTS (SELECT FROM stage_members WHERE stage_id = $1 AND account_id = $2 AND role = ANY($3))",
        ids: [stage.0, account.0],
        names: may.map(Role::as_str).collect(),
    }
}
