use stage_domain::{
    FieldError, Invalid, PostId, StageId, TopicId,
    post::{Post, PostCommand},
    stage::Stage,
};

use crate::{Actor, CommandError, Commands, Done, Missing, Request, Time, UseCase};

/// What a moderator does with a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderation {
    Hide,
    Show,
    Pin,
    Unpin,
    /// The person's own assignment; `None` gives the post back to the rules.
    Assign(Option<Vec<TopicId>>),
}

impl Commands {
    pub async fn moderate(
        &self,
        actor: Actor,
        stage: StageId,
        post: PostId,
        moderation: Moderation,
        request: Request,
    ) -> Result<Done, CommandError> {
        self.once(Some(actor.account), &request, post.0, |mut act| async move {
            let managed = self.stage_for(actor, stage, UseCase::ModeratePost, &mut act).await?;
            if let Moderation::Assign(Some(topics)) = &moderation {
                known(topics, &managed.aggregate)?;
            }
            let home = self.log.load::<Post>(post.0).await?.aggregate.home;
            if home.map(|home| home.stage_id) != Some(stage) {
                return Err(CommandError::NotFound(Missing::Post));
            }
            Ok(self.log.execute::<Post>(post.0, moderation.at(request.at), act).await?)
        })
        .await
    }
}

impl Moderation {
    fn at(self, at: Time) -> PostCommand {
        match self {
            Self::Hide => PostCommand::Hide { at },
            Self::Show => PostCommand::Show { at },
            Self::Pin => PostCommand::Pin { at },
            Self::Unpin => PostCommand::Unpin { at },
            Self::Assign(topics) => PostCommand::Assign { topics: topics.map(each_once), at },
        }
    }
}

fn each_once(mut topics: Vec<TopicId>) -> Vec<TopicId> {
    topics.sort_unstable();
    topics.dedup();
    topics
}

fn known(topics: &[TopicId], stage: &Stage) -> Result<(), Invalid> {
    let unknown = |(index, topic): (usize, &TopicId)| match stage.topic(*topic) {
        Some(_) => None,
        None => {
            Some(FieldError::new(format!("topics/{index}"), "no_such_topic", "must be a topic of this stage"))
        }
    };
    let faults: Vec<_> = topics.iter().enumerate().filter_map(unknown).collect();
    if faults.is_empty() { Ok(()) } else { Err(Invalid(faults)) }
}
